package main

import (
	"crypto/tls"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/test/harness"
)

// adminAt is the address of the Admin API of a gateway.
func adminAt(t *testing.T, g gateway) string {
	t.Helper()
	return g.(interface{ AdminAddrs() []net.Addr }).AdminAddrs()[0].String()
}

func authority(t *testing.T) *harness.Authority {
	t.Helper()
	a, err := harness.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func issue(t *testing.T, a *harness.Authority) *tls.Certificate {
	t.Helper()
	pair, err := a.Issue("client.example")
	if err != nil {
		t.Fatal(err)
	}
	return &pair.TLS
}

// ask makes a request in TLS, with a certificate if there is one; "refused"
// is a handshake that fails.
func ask(t *testing.T, url, token string, cert *tls.Certificate) string {
	t.Helper()
	cfg := &tls.Config{InsecureSkipVerify: true}
	if cert != nil {
		cfg.Certificates = []tls.Certificate{*cert}
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: cfg, DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Kong-Admin-Token", token)
	resp, err := client.Do(req)
	if err != nil {
		return "refused"
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.Status[:3]
}

// Client certificates guard the Admin API and the Status API.
func TestClientCertificates(t *testing.T) {
	ca := authority(t)
	good, foreign := issue(t, ca), issue(t, authority(t))
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, []byte(ca.PEM), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name                   string
		environ                []string
		with, without, another string // what those with a certificate, without, with a foreign one get
		token                  string // and those with the token only
	}{
		{"wanted", []string{"VERIFY_CLIENT=on"}, "200", "refused", "refused", "refused"},
		{"wanted, PEM in the setting", []string{"VERIFY_CLIENT=on", "CLIENT_CERTIFICATE=" + ca.PEM}, "200", "refused", "refused", "refused"},
		{"taken", []string{"VERIFY_CLIENT=optional"}, "200", "401", "refused", "401"},
		{"taken for the token", []string{"VERIFY_CLIENT=optional", "TOKEN=t"}, "200", "401", "refused", "200"},
		{"besides the token", []string{"VERIFY_CLIENT=optional", "TOKEN=t", "AUTH=token"}, "401", "401", "refused", "200"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			environ := []string{"SLUICE_ADMIN_LISTEN=127.0.0.1:0 ssl", "KONG_NGINX_ADMIN_SSL_CLIENT_CERTIFICATE=" + file}
			for _, e := range tc.environ {
				name, value, _ := strings.Cut(e, "=")
				key := map[string]string{
					"VERIFY_CLIENT": "KONG_NGINX_ADMIN_SSL_VERIFY_CLIENT", "CLIENT_CERTIFICATE": "KONG_NGINX_ADMIN_SSL_CLIENT_CERTIFICATE",
					"TOKEN": "SLUICE_ADMIN_TOKEN", "AUTH": "SLUICE_ADMIN_AUTH",
				}[name]
				environ = append(environ, key+"="+value)
			}
			w := newWorld(t, environ...)
			g, _, stop := w.running(t, "start")
			defer stop()
			url := "https://" + adminAt(t, g) + "/status"
			for _, q := range []struct {
				who, want, token string
				cert             *tls.Certificate
			}{
				{"with a certificate", tc.with, "", good},
				{"without", tc.without, "", nil},
				{"with a foreign one", tc.another, "", foreign},
				{"with the token", tc.token, "t", nil},
			} {
				if got := ask(t, url, q.token, q.cert); got != q.want {
					t.Errorf("%s: %s, want %s", q.who, got, q.want)
				}
			}
		})
	}
	w := newWorld(t, "SLUICE_STATUS_LISTEN=127.0.0.1:0 ssl", "KONG_NGINX_STATUS_SSL_VERIFY_CLIENT=on", "KONG_NGINX_STATUS_SSL_CLIENT_CERTIFICATE="+file)
	g, _, stop := w.running(t, "start")
	defer stop()
	url := "https://" + g.StatusAddrs()[0].String() + "/status"
	if with, without := ask(t, url, "", good), ask(t, url, "", nil); with != "200" || without != "refused" {
		t.Errorf("Status API: with a certificate %s, without %s", with, without)
	}
}

// A chain that is longer than allowed is refused.
func TestClientCertificateDepth(t *testing.T) {
	root := authority(t)
	below, err := root.Below()
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(below.PEM))
	leaf := issue(t, below)
	leaf.Certificate = append(leaf.Certificate, block.Bytes)
	for depth, want := range map[string]string{"0": "refused", "1": "200"} {
		w := newWorld(t, "SLUICE_ADMIN_LISTEN=127.0.0.1:0 ssl", "KONG_NGINX_ADMIN_SSL_VERIFY_CLIENT=on",
			"KONG_NGINX_ADMIN_SSL_CLIENT_CERTIFICATE="+root.PEM, "KONG_NGINX_ADMIN_SSL_VERIFY_DEPTH="+depth)
		g, _, stop := w.running(t, "start")
		if got := ask(t, "https://"+adminAt(t, g)+"/status", "", leaf); got != want {
			t.Errorf("depth %s: %s, want %s", depth, got, want)
		}
		stop()
	}
}

// Only pages of admin_gui_url may read answers and write.
func TestAdminGUIURL(t *testing.T) {
	w := newWorld(t, "KONG_ADMIN_GUI_URL=https://manager.example:443/, http://localhost:8002", "SLUICE_ADMIN_LISTEN=127.0.0.1:0")
	g, _, stop := w.running(t, "start")
	defer stop()
	for _, tc := range []struct {
		origin, allowed string
		status          int
	}{
		{"https://manager.example", "https://manager.example", 400},
		{"http://localhost:8002", "http://localhost:8002", 400},
		{"http://127.0.0.1:8002", "https://manager.example", 403},
		{"https://evil.example", "https://manager.example", 403},
		{"", "https://manager.example", 400},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+adminAt(t, g)+"/config", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if tc.origin != "" {
			req.Header.Set("Origin", tc.origin)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Access-Control-Allow-Origin"); got != tc.allowed || resp.StatusCode != tc.status {
			t.Errorf("%q: allowed %q, status %d; want %q, %d", tc.origin, got, resp.StatusCode, tc.allowed, tc.status)
		}
	}
}
