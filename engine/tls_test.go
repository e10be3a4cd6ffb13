package engine

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/balance"
	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/send"
)

// signer is a certificate that can sign others.
type signer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	// chain are the certificates from this one up, without the root.
	chain [][]byte
	pem   string
	keyed string // the key in PEM
}

// issue makes a certificate; without an issuer it is a root.
func (s *signer) issue(tb testing.TB, ca bool, names ...string) *signer {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: names[0]}, IsCA: ca, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if ca {
		t.KeyUsage |= x509.KeyUsageCertSign
	}
	for _, n := range names {
		if u, err := url.Parse(n); err == nil && u.Scheme != "" {
			t.URIs = append(t.URIs, u)
		} else {
			t.DNSNames = append(t.DNSNames, n)
		}
	}
	out := &signer{key: key}
	parent, with := t, key
	if s != nil {
		parent, with = s.cert, s.key
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, &key.PublicKey, with)
	if err != nil {
		tb.Fatal(err)
	}
	if out.cert, err = x509.ParseCertificate(der); err != nil {
		tb.Fatal(err)
	}
	if s != nil {
		out.chain = append([][]byte{der}, s.chain...)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	out.pem = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	out.keyed = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	return out
}

func (s *signer) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(s.cert)
	return p
}

// handshake connects a link to a server that shows a certificate. It tells
// what the client thought of it and whom the server saw.
func handshake(tb testing.TB, l *send.Link, host string, server *signer) (client string, err error) {
	tb.Helper()
	a, b := connected(tb)
	defer a.Close()
	defer b.Close()
	srv := tls.Server(b, &tls.Config{
		Certificates: []tls.Certificate{{Certificate: server.chain, PrivateKey: server.key}}, ClientAuth: tls.RequestClientCert,
		SessionTicketsDisabled: true,
	})
	done := make(chan string, 1)
	go func() {
		seen := ""
		if srv.Handshake() == nil {
			if certs := srv.ConnectionState().PeerCertificates; len(certs) > 0 {
				seen = certs[0].Subject.CommonName
			}
		}
		_ = b.Close()
		done <- seen
	}()
	ep := l.Endpoint(true, &balance.Peer{Addr: "127.0.0.1:1"}, host)
	err = tls.Client(a, ep.TLS).Handshake()
	if err != nil {
		_ = a.Close()
	}
	return <-done, err
}

// connected are the two ends of a connection.
func connected(tb testing.TB) (a, b net.Conn) {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer ln.Close()
	if a, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		tb.Fatal(err)
	}
	if b, err = ln.Accept(); err != nil {
		tb.Fatal(err)
	}
	return a, b
}

// TestUpstreamTLS is what the contract says of TLS to upstreams.
func TestUpstreamTLS(t *testing.T) {
	var none *signer
	root := none.issue(t, true, "root")
	other := none.issue(t, true, "other root")
	middle := root.issue(t, true, "middle")
	lower := middle.issue(t, true, "lower")
	direct := root.issue(t, false, "up.test", "spiffe://up")
	behind1, behind2 := middle.issue(t, false, "up.test"), lower.issue(t, false, "up.test")
	on, off := true, false
	depth := func(n int) *int { return &n }
	for _, tt := range []struct {
		name     string
		defaults TLSDefaults
		verify   *bool
		depth    *int
		sans     *config.TLSSANs
		host     string
		server   *signer
		bad      string // what the error says; "" is none
	}{
		{"not asked for", TLSDefaults{Roots: other.pool()}, nil, nil, nil, "x.test", direct, ""},
		{"by the setting", TLSDefaults{Roots: other.pool(), Verify: true, Depth: 1}, nil, nil, nil, "up.test", direct, "unknown authority"},
		{"the service says no", TLSDefaults{Roots: other.pool(), Verify: true, Depth: 1}, &off, nil, nil, "up.test", direct, ""},
		{"the service says yes", TLSDefaults{Roots: other.pool(), Depth: 1}, &on, nil, nil, "up.test", direct, "unknown authority"},
		{"good", TLSDefaults{Roots: root.pool(), Depth: 1}, &on, nil, nil, "up.test:8443", direct, ""},
		{"another name", TLSDefaults{Roots: root.pool(), Depth: 1}, &on, nil, nil, "x.test", direct, "not x.test"},
		{"one in between", TLSDefaults{Roots: root.pool(), Depth: 1}, &on, nil, nil, "up.test", behind1, ""},
		{"two in between", TLSDefaults{Roots: root.pool(), Depth: 1}, &on, nil, nil, "up.test", behind2, "longer than tls_verify_depth"},
		{"two are allowed", TLSDefaults{Roots: root.pool(), Depth: 1}, &on, depth(2), nil, "up.test", behind2, ""},
		{"none is allowed", TLSDefaults{Roots: root.pool(), Depth: 1}, &on, depth(0), nil, "up.test", behind1, "longer than tls_verify_depth"},
		{"none is needed", TLSDefaults{Roots: root.pool(), Depth: 1}, &on, depth(0), nil, "up.test", direct, ""},
		{"the depth of the settings", TLSDefaults{Roots: root.pool(), Depth: 2}, &on, nil, nil, "up.test", behind2, ""},
		{"a further name", TLSDefaults{Roots: root.pool(), Depth: 1}, &on, nil, &config.TLSSANs{DNSNames: []string{"up.test"}}, "x.test", direct, ""},
		{"a further URI", TLSDefaults{Roots: root.pool(), Depth: 1}, &on, nil, &config.TLSSANs{URIs: []string{"spiffe://up"}}, "x.test", direct, ""},
		{"further names, none fits", TLSDefaults{Roots: root.pool(), Depth: 1}, &on, nil, &config.TLSSANs{DNSNames: []string{"y.test"}, URIs: []string{"spiffe://y"}}, "x.test", direct, "none of the names in tls_sans"},
		{"further names, another authority", TLSDefaults{Roots: other.pool(), Depth: 1}, &on, nil, &config.TLSSANs{DNSNames: []string{"up.test"}}, "up.test", direct, "unknown authority"},
		{"further names, too deep", TLSDefaults{Roots: root.pool(), Depth: 1}, &on, nil, &config.TLSSANs{DNSNames: []string{"up.test"}}, "up.test", behind2, "longer than tls_verify_depth"},
	} {
		f := newFixture(t)
		f.o.TLS = tt.defaults
		doc := f.doc(t, twoRoutes)
		s := *doc.Services[0]
		s.TLSVerify, s.TLSVerifyDepth, s.TLSSANs = tt.verify, tt.depth, tt.sans
		doc.Services[0] = &s
		if err := f.Apply(doc); err != nil {
			t.Fatal(err)
		}
		_, err := handshake(t, f.Current().services[s.ID].upstream.Link, tt.host, tt.server)
		switch {
		case tt.bad == "" && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.bad != "" && (err == nil || !strings.Contains(err.Error(), tt.bad)):
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.bad)
		}
		f.Close()
	}
}

// TestModelsAreVerified: connections that carry the gateway's credential are
// verified unless the service says no.
func TestModelsAreVerified(t *testing.T) {
	var none *signer
	root, other := none.issue(t, true, "root"), none.issue(t, true, "other")
	server := root.issue(t, false, "up.test")
	on, off := true, false
	for _, tt := range []struct {
		verify *bool
		good   bool
	}{{nil, false}, {&on, false}, {&off, true}} {
		f := newFixture(t)
		f.o.TLS = TLSDefaults{Roots: other.pool(), Depth: 1}
		doc := f.doc(t, twoRoutes)
		s := *doc.Services[0]
		s.TLSVerify = tt.verify
		doc.Services[0] = &s
		if err := f.Apply(doc); err != nil {
			t.Fatal(err)
		}
		if _, err := handshake(t, f.Current().services[s.ID].upstream.ModelLink, "up.test", server); (err == nil) != tt.good {
			t.Errorf("verify %v: %v", tt.verify, err)
		}
		f.Close()
	}
}

// entities writes a document with certificates.
func entities(tb testing.TB, m map[string]any) string {
	tb.Helper()
	m["_format_version"] = "3.0"
	b, err := json.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

type object = map[string]any

const (
	certID = "11111111-1111-4111-8111-111111111111"
	caID   = "22222222-2222-4222-8222-222222222222"
)

func TestClientCertificate(t *testing.T) {
	var none *signer
	root := none.issue(t, true, "root")
	mine, ups, server := root.issue(t, false, "mine"), root.issue(t, false, "of the upstream"), root.issue(t, false, "up.test")
	own := &tls.Certificate{Certificate: root.issue(t, false, "default").chain}
	defaults := root.issue(t, false, "default")
	own.Certificate, own.PrivateKey = defaults.chain, defaults.key
	const upID = "33333333-3333-4333-8333-333333333333"
	for _, tt := range []struct {
		service, upstream, setting bool
		want                       string
	}{{false, false, false, ""}, {false, false, true, "default"}, {false, true, true, "of the upstream"}, {true, true, true, "mine"}} {
		f := newFixture(t)
		if tt.setting {
			f.o.TLS.ClientCertificate = own
		}
		service, upstream := object{"name": "s", "host": "up", "protocol": "https"}, object{"name": "up"}
		if tt.service {
			service["client_certificate"] = certID
		}
		if tt.upstream {
			upstream["client_certificate"] = upID
		}
		f.apply(t, entities(t, object{
			"certificates": []object{{"id": certID, "cert": mine.pem, "key": mine.keyed}, {"id": upID, "cert": ups.pem, "key": ups.keyed}},
			"services":     []object{service}, "upstreams": []object{upstream},
		}))
		for _, s := range f.Current().services {
			if got, err := handshake(t, s.upstream.Link, "up.test", server); err != nil || got != tt.want {
				t.Errorf("%+v: got %q, %v", tt, got, err)
			}
		}
		f.Close()
	}
}

// TestAuthorityChanges: another certificate under the same id counts at once.
func TestAuthorityChanges(t *testing.T) {
	var none *signer
	root, other := none.issue(t, true, "root"), none.issue(t, true, "other")
	server := root.issue(t, false, "up.test")
	f := newFixture(t)
	defer f.Close()
	for _, tt := range []struct {
		ca   *signer
		good bool
	}{{other, false}, {root, true}, {other, false}} {
		f.apply(t, entities(t, object{
			"ca_certificates": []object{{"id": caID, "cert": tt.ca.pem}},
			"services":        []object{{"name": "s", "host": "h", "protocol": "https", "tls_verify": true, "ca_certificates": []string{caID}}},
		}))
		for _, s := range f.Current().services {
			if _, err := handshake(t, s.upstream.Link, "up.test", server); (err == nil) != tt.good {
				t.Errorf("authority %s: %v", tt.ca.cert.Subject.CommonName, err)
			}
		}
	}
}

// TestCertificateByName is the order of the contract.
func TestCertificateByName(t *testing.T) {
	var none *signer
	root := none.issue(t, true, "root")
	var certs []object
	for i, names := range [][]string{{"a.example.com"}, {"*.example.com"}, {"b.*"}, {"*.com"}, {"*"}, {"example.com"}} {
		c := root.issue(t, false, names[0])
		id := certID[:35] + string(rune('0'+i))
		certs = append(certs, object{"id": id, "cert": c.pem, "key": c.keyed, "snis": []object{{"name": names[0]}}})
	}
	f := newFixture(t)
	defer f.Close()
	f.apply(t, entities(t, object{"certificates": certs}))
	for name, want := range map[string]string{
		"a.example.com": "a.example.com", "A.Example.COM": "a.example.com", "a.example.com.": "a.example.com",
		"c.example.com": "*.example.com", "b.example.com": "*.example.com", "b.example": "b.*",
		"x.a.example.com": "*", "example.com": "example.com", "other.com": "*", "": "*", "x": "*",
	} {
		got := f.Current().Certificate(hello(name))
		if got == nil {
			t.Errorf("%q: none", name)
			continue
		}
		leaf, err := x509.ParseCertificate(got.Certificate[0])
		if err != nil || leaf.Subject.CommonName != want {
			t.Errorf("%q: got %q, want %q (%v)", name, leaf.Subject.CommonName, want, err)
		}
	}
	f.apply(t, entities(t, object{}))
	if got := f.Current().Certificate(hello("a.example.com")); got != nil {
		t.Error("a certificate that is gone is shown")
	}
}

func hello(name string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{
		ServerName: name, SupportedVersions: []uint16{tls.VersionTLS13}, SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256},
		SupportedCurves: []tls.CurveID{tls.CurveP256}, CipherSuites: []uint16{tls.TLS_AES_128_GCM_SHA256},
	}
}
