package admin

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/schema"
)

// The rules of the transport, as the contract has them.
func TestTransport(t *testing.T) {
	const notFound, notAllowed = `{"message":"Not found"}`, `{"message":"Method not allowed"}`
	h := New(options(&stubEngine{}))
	for _, c := range []struct {
		name   string
		call   call
		status int
		body   string
	}{
		{"unknown path", call{method: "GET", path: "/nope"}, 404, notFound},
		{"unknown path, write", call{method: "POST", path: "/nope"}, 404, notFound},
		{"empty segment", call{method: "GET", path: "//status"}, 404, notFound},
		{"bad escape", call{method: "GET", path: "/schemas/%2e%2e"}, 404, `{"message":"No entity named '..'"}`},
		{"wrong method", call{method: "DELETE", path: "/"}, 405, notAllowed},
		{"wrong method, with body", call{method: "PUT", path: "/config", kind: "application/json", body: "{}"}, 405, notAllowed},
		{"trailing slash", call{method: "GET", path: "/plugins/enabled/"}, 200, `{"enabled_plugins":["noop","solo"]}`},
		{"foreign type", call{method: "POST", path: "/schemas/services/validate", kind: "text/plain", body: "x"}, 415, ""},
		{"YAML elsewhere", call{method: "POST", path: "/schemas/services/validate", kind: "text/yaml", body: "x"}, 415, ""},
		{"no type, body", call{method: "POST", path: "/config", body: "x"}, 415, ""},
		{"no type, no body", call{method: "POST", path: "/config"}, 400, `{"message":"expected a declarative configuration"}`},
		{"bad JSON", call{method: "POST", path: "/schemas/services/validate", kind: "application/json", body: "{"}, 400, `{"message":"Cannot parse JSON body"}`},
		{"bad JSON config", call{method: "POST", path: "/config", kind: "application/json", body: "{"}, 400, `{"message":"Cannot parse JSON body"}`},
		{"JSON scalar", call{method: "POST", path: "/schemas/services/validate", kind: "application/json", body: "1"}, 400, `{"message":"Cannot parse JSON body"}`},
		{"bad multipart", call{method: "POST", path: "/config", kind: "multipart/form-data", body: "x"}, 400, `{"message":"Cannot parse multipart body"}`},
		{"robots", call{method: "GET", path: "/robots.txt"}, 200, "User-agent: *\nDisallow: /"},
		{"dns", call{method: "GET", path: "/status/dns"}, 501, `{"message":"not implemented with the legacy DNS client"}`},
		{"metrics", call{method: "GET", path: "/metrics"}, 200, "kong_up 1\n"},
		{
			"entities, read",
			call{method: "GET", path: "/services"},
			501,
			`{"message":"reading 'services' entities is not supported yet: GET /config shows the whole configuration"}`,
		},
		{
			"entities, write",
			call{method: "POST", path: "/services", kind: "application/json", body: "{}"},
			405,
			`{"code":12,"message":"cannot create 'services' entities when not using a database","name":"operation unsupported"}`,
		},
		{
			"entity, put",
			call{method: "PUT", path: "/consumers/a/key-auth/b", kind: "application/json", body: "{}"},
			405,
			`{"code":12,"message":"cannot create or update 'keyauth_credentials' entities when not using a database","name":"operation unsupported"}`,
		},
		{
			"entity, delete",
			call{method: "DELETE", path: "/routes/r"},
			405,
			`{"code":12,"message":"cannot remove 'routes' entities when not using a database","name":"operation unsupported"}`,
		},
		{"verb a path never has", call{method: "PATCH", path: "/services"}, 405, notAllowed},
		{"credential of a later version", call{method: "GET", path: "/jwts"}, 404, notFound},
	} {
		t.Run(c.name, func(t *testing.T) { want(t, c.call.do(h), c.status, c.body) })
	}
}

func TestHead(t *testing.T) {
	h := New(options(&stubEngine{}))
	get, head := call{method: "GET", path: "/config"}.do(h), call{method: "HEAD", path: "/config"}.do(h)
	if head.Code != 200 || head.Body.Len() != 0 || head.Header().Get("Content-Length") != get.Header().Get("Content-Length") {
		t.Errorf("%d %q %v", head.Code, head.Body, head.Header())
	}
	if w := (call{method: "HEAD", path: "/metrics"}).do(h); w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("metrics: %d %q", w.Code, w.Body)
	}
}

func TestRepeatedContentType(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/config", strings.NewReader("{}"))
	r.Header["Content-Type"] = []string{"application/json", "text/yaml"}
	w := httptest.NewRecorder()
	New(options(&stubEngine{})).ServeHTTP(w, r)
	want(t, w, 400, "Multiple Content-Type headers not allowed")
}

func TestOptions(t *testing.T) {
	h := New(options(&stubEngine{}))
	w := call{method: "OPTIONS", path: "/services/x"}.do(h)
	const all = "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"
	if w.Code != 204 || w.Header().Get("Allow") != all || w.Header().Get("Access-Control-Allow-Methods") != all ||
		w.Header().Get("Access-Control-Allow-Headers") != "Content-Type" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	w = call{method: "OPTIONS", path: "/config", header: map[string]string{"Access-Control-Request-Headers": "x-a"}}.do(h)
	if w.Header().Get("Allow") != "GET, HEAD, OPTIONS, POST" || w.Header().Get("Access-Control-Allow-Headers") != "x-a" {
		t.Errorf("%v", w.Header())
	}
	if w := (call{method: "OPTIONS", path: "/nope"}).do(h); w.Code != 404 {
		t.Error(w.Code)
	}
}

// What nginx answers before Kong is asked.
func TestImpossibleRequests(t *testing.T) {
	const notAllowed = `{"message":"Method not allowed"}`
	o := options(&stubEngine{})
	for _, c := range []struct {
		method, target string
		status         int
		body           string
	}{
		{"OPTIONS", "*", 400, `{"message":"Bad request"}`},
		{"TRACE", "/nope", 405, notAllowed},
		{"CONNECT", "127.0.0.1:80", 405, notAllowed},
		{"GET", "http://127.0.0.1:8001/robots.txt", 200, "User-agent: *\nDisallow: /"},
	} {
		w := httptest.NewRecorder()
		New(o).ServeHTTP(w, httptest.NewRequest(c.method, c.target, http.NoBody))
		want(t, w, c.status, c.body)
		if w.Header().Get("Server") == "" {
			t.Errorf("%s %s: no Server", c.method, c.target)
		}
	}
}

func TestResponseHeaders(t *testing.T) {
	o := options(&stubEngine{})
	w := call{method: "GET", path: "/nope"}.do(New(o))
	for name, value := range map[string]string{
		"Server": "sluice/0.1.0", "X-Kong-Admin-Latency": "0", "Content-Type": "application/json; charset=utf-8",
		"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "true",
	} {
		if got := w.Header().Get(name); got != value {
			t.Errorf("%s: got %q, want %q", name, got, value)
		}
	}
	if got := (call{method: "GET", path: "/metrics"}).do(New(o)).Header(); got.Get("Content-Type") != "text/plain; charset=UTF-8" ||
		got.Get("Server") == "" {
		t.Error(got)
	}
	o.Agent, o.Latency = "", false
	if w := (call{method: "GET", path: "/"}).do(New(o)); w.Header().Get("Server")+w.Header().Get("X-Kong-Admin-Latency") != "" {
		t.Error(w.Header())
	}
}

func TestCrash(t *testing.T) {
	o := options(&stubEngine{})
	o.Settings = func() map[string]any { panic("boom") }
	want(t, call{method: "GET", path: "/"}.do(New(o)), 500, `{"message":"An unexpected error occurred"}`)
	o.Metrics = func(io.Writer) error { return errors.New("boom") }
	want(t, call{method: "GET", path: "/metrics"}.do(New(o)), 500, `{"message":"An unexpected error occurred"}`)
}

func TestBodyLimits(t *testing.T) {
	o := options(&stubEngine{})
	o.MaxBody = 10
	h := New(o)
	want(t, call{method: "POST", path: "/config", kind: "text/yaml", body: strings.Repeat("x", 11)}.do(h), 413, `{"message":"Payload too large"}`)
	r := httptest.NewRequest(http.MethodPost, "/config", errReader{os.ErrDeadlineExceeded})
	r.Header.Set("Content-Type", "text/yaml")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	want(t, w, 408, `{"message":"Request timeout"}`)
}

// The Status API takes a word, whatever the Admin API may be sent.
func TestStatusBodyLimit(t *testing.T) {
	o := options(&stubEngine{})
	o.MaxBody = 0
	long := call{method: "POST", path: "/status/ready", kind: "application/json", body: `{"status":"` + strings.Repeat("x", 64<<10) + `"}`}
	want(t, long.do(NewStatus(o)), 413, `{"message":"Payload too large"}`)
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

func TestAuth(t *testing.T) {
	o := options(&stubEngine{})
	o.Auth = Auth{Tokens: []schema.Secret{"", "first", "second"}}
	h := New(o)
	for _, c := range []struct {
		name   string
		header map[string]string
		status int
	}{
		{"none", nil, 401},
		{"empty", map[string]string{"Kong-Admin-Token": ""}, 401},
		{"wrong", map[string]string{"Kong-Admin-Token": "firs"}, 401},
		{"first", map[string]string{"Kong-Admin-Token": "first"}, 200},
		{"second", map[string]string{"Kong-Admin-Token": "second"}, 200},
		{"bearer", map[string]string{"Authorization": "bearer second"}, 200},
		{"basic", map[string]string{"Authorization": "Basic second"}, 401},
		{"empty bearer", map[string]string{"Authorization": "Bearer "}, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, path := range []string{"/", "/nope"} {
				w := call{method: "GET", path: path, header: c.header}.do(h)
				if c.status == 401 {
					want(t, w, 401, `{"message":"Invalid RBAC credentials"}`)
				} else if w.Code == 401 {
					t.Errorf("%s: refused", path)
				}
			}
		})
	}
	if w := (call{method: "OPTIONS", path: "/"}).do(h); w.Code != 204 {
		t.Error("a browser's preflight carries no token:", w.Code)
	}
	if w := (call{method: "GET", path: "/status"}).do(NewStatus(o)); w.Code != 200 {
		t.Error("the Status API is open:", w.Code)
	}
}

func TestClientCertificates(t *testing.T) {
	verified := &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{{}}}}
	for _, c := range []struct {
		name string
		auth Auth
		tls  *tls.ConnectionState
		ok   bool
	}{
		{"verified", Auth{ClientCertificates: true}, verified, true},
		{"none shown", Auth{ClientCertificates: true}, &tls.ConnectionState{}, false},
		{"plain loopback listener", Auth{ClientCertificates: true}, nil, true},
		{"instead of the token", Auth{ClientCertificates: true, Tokens: []schema.Secret{"x"}}, verified, true},
		{"token asked, none", Auth{ClientCertificates: true, Tokens: []schema.Secret{"x"}}, nil, false},
		{"not meant to count", Auth{Tokens: []schema.Secret{"x"}}, verified, false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.TLS = c.tls
		if got := c.auth.allows(r); got != c.ok {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestCheckBinds(t *testing.T) {
	token, mtls := Auth{Tokens: []schema.Secret{"x"}}, Auth{ClientCertificates: true}
	for _, c := range []struct {
		name string
		bind Bind
		auth Auth
		ok   bool
	}{
		{"loopback", Bind{Loopback: true}, Auth{}, true},
		{"open", Bind{Address: "0.0.0.0:8001"}, Auth{}, false},
		{"empty token", Bind{}, Auth{Tokens: []schema.Secret{""}}, false},
		{"token", Bind{}, token, true},
		{"mTLS", Bind{TLS: true}, mtls, true},
		{"mTLS, plain listener", Bind{}, mtls, false},
	} {
		if err := CheckBinds([]Bind{c.bind}, c.auth); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		} else if err != nil && (!strings.Contains(err.Error(), c.bind.Address) || !strings.Contains(err.Error(), "admin_auth = off")) {
			t.Error(err)
		}
	}
}

func TestOrigins(t *testing.T) {
	token := Auth{Tokens: []schema.Secret{"x"}}
	for _, c := range []struct {
		name, origin, host string
		origins            []string
		auth               Auth
		allow              string
		write              bool
	}{
		{"no browser", "", "127.0.0.1:8001", nil, Auth{}, "*", true},
		{"local page", "http://localhost:8002", "127.0.0.1:8001", nil, Auth{}, "http://localhost:8002", true},
		{"page of the same host", "http://gw:8002", "gw:8001", nil, Auth{}, "http://gw:8002", true},
		{"strange page", "https://evil.example", "127.0.0.1:8001", nil, Auth{}, "", false},
		{"sandboxed page", "null", "127.0.0.1:8001", nil, Auth{}, "", false},
		{"local page, remote API", "http://localhost", "gw:8001", nil, Auth{}, "", false},
		{"strange page, token", "https://ui.example", "gw:8001", nil, token, "https://ui.example", true},
		{"listed", "https://ui", "gw:8001", []string{"https://a", "https://ui"}, Auth{}, "https://ui", true},
		{"not listed", "https://x", "gw:8001", []string{"https://a", "https://ui"}, Auth{}, "https://a", false},
		{"listed, no browser", "", "gw:8001", []string{"https://a"}, Auth{}, "https://a", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := options(&stubEngine{})
			o.Origins, o.Auth = c.origins, c.auth
			r := httptest.NewRequest(http.MethodPost, "/schemas/nope/validate", nil)
			r.Host = c.host
			r.Header.Set("Kong-Admin-Token", "x")
			if c.origin != "" {
				r.Header.Set("Origin", c.origin)
			}
			w := httptest.NewRecorder()
			New(o).ServeHTTP(w, r)
			if got := w.Header().Get("Access-Control-Allow-Origin"); got != c.allow {
				t.Errorf("allowed %q, want %q", got, c.allow)
			}
			if (w.Code != http.StatusForbidden) != c.write {
				t.Errorf("write: %d", w.Code)
			}
		})
	}
}
