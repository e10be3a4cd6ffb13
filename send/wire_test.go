package send

import (
	"maps"
	"reflect"
	"sort"
	"testing"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/header"
)

// own are the fields that every request gets.
var own = map[string]string{
	"X-Real-IP": "10.0.0.9", "X-Forwarded-For": "10.0.0.9", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "caller.test",
	"X-Forwarded-Port": "8000", "X-Forwarded-Path": "/p", "X-Kong-Request-Id": "id-1", "Via": "1.1 sluice/test",
}

// TestWire: what becomes of the fields of a request on the way upstream.
func TestWire(t *testing.T) {
	trusting := func(ex *flow.Exchange) {
		ex.In.Trusted, ex.In.ClientIP = true, "1.2.3.4"
	}
	for _, tt := range []struct {
		name   string
		fields []string
		change func(*flow.Exchange)
		want   map[string]string // beside own; "-" is absent
	}{
		{"nothing", nil, nil, nil},
		{"forwarded untouched", []string{"Authorization: a", "Cookie: b", "Proxy-Authorization: c", "x_under_score: d", "X-Empty: "}, nil, map[string]string{"Authorization": "a", "Cookie": "b", "Proxy-Authorization": "c", "x_under_score": "d", "X-Empty": ""}},
		{"hop by hop", []string{"Connection: keep-alive", "Keep-Alive: 5", "Proxy: x", "Proxy-Connection: y", "Transfer-Encoding: chunked", "Content-Length: 9", "Trailer: T", "Upgrade: h2c", "Host: h", "Expect: 100-continue"}, nil, nil},
		{"listed in Connection", []string{"Connection: close, X-One , x-two", "X-One: 1", "X-Two: 2", "X-Three: 3"}, nil, map[string]string{"X-Three": "3"}},
		{"listed in a second Connection", []string{"Connection: close", "Connection: X-One", "X-One: 1"}, nil, nil},
		{"ours cannot be listed away", []string{"Connection: X-Forwarded-For, X-Real-IP, Via, X-Kong-Request-Id"}, nil, nil},
		{"a plugin's cannot be listed away", []string{"Connection: X-Consumer-ID, Authorization, X-Anonymous-Consumer", "Authorization: caller", "X-Consumer-ID: 7", "X-Anonymous-Consumer: true"}, func(ex *flow.Exchange) {
			ex.Out.Header.Set("Authorization", "gateway")
			ex.Out.Header.Set("X-Consumer-ID", "7")
			ex.Out.Header.Set("X-Anonymous-Consumer", "true")
		}, map[string]string{"X-Consumer-ID": "7", "X-Anonymous-Consumer": "true", "Authorization": "gateway"}},
		{"trailers", []string{"TE: gzip, Trailers;q=0.5"}, nil, map[string]string{"TE": "trailers"}},
		{"other transfer codings", []string{"TE: gzip"}, nil, nil},
		{"forged", []string{"X-Real-IP: 6.6.6.6", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil", "X-Forwarded-Port: 1", "X-Forwarded-Path: /evil", "X-Forwarded-Prefix: /evil", "X-Kong-Request-Id: forged"}, nil, nil},
		{"X-Forwarded-For grows", []string{"X-Forwarded-For: 6.6.6.6", "x-forwarded-for: 7.7.7.7"}, nil, map[string]string{"X-Forwarded-For": "6.6.6.6, 7.7.7.7, 10.0.0.9"}},
		{"trusted", []string{"X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https", "X-Forwarded-Host: front", "X-Forwarded-Port: 443", "X-Forwarded-Path: /front", "X-Forwarded-Prefix: /pre"}, trusting, map[string]string{
			"X-Real-IP": "1.2.3.4", "X-Forwarded-For": "1.2.3.4, 10.0.0.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "front",
			"X-Forwarded-Port": "443", "X-Forwarded-Path": "/front", "X-Forwarded-Prefix": "/pre",
		}},
		{"trusted, and says nothing", nil, trusting, map[string]string{"X-Real-IP": "1.2.3.4", "X-Forwarded-For": "1.2.3.4"}},
		{"prefix", nil, func(ex *flow.Exchange) { ex.Prefix = "/api" }, map[string]string{"X-Forwarded-Prefix": "/api"}},
		{"the prefix is all", nil, func(ex *flow.Exchange) { ex.Prefix = "/" }, nil},
		{"Via grows", []string{"Via: 1.0 a", "via: 2 b"}, nil, map[string]string{"Via": "1.0 a, 2 b, 1.1 sluice/test"}},
		{"HTTP/2", nil, func(ex *flow.Exchange) { ex.In.Major, ex.In.Proto = 2, "HTTP/2.0" }, map[string]string{"Via": "2 sluice/test"}},
		{"HTTP/1.0", nil, func(ex *flow.Exchange) { ex.In.Proto = "HTTP/1.0" }, map[string]string{"Via": "1.0 sluice/test"}},
		{"no host", nil, func(ex *flow.Exchange) { ex.In.Host = "" }, map[string]string{"X-Forwarded-Host": "-"}},
	} {
		ex := asking("GET", "", tt.fields...)
		if tt.change != nil {
			tt.change(ex)
		}
		s := sender(t)
		s.wire(ex)
		first := append(header.Header(nil), ex.Out.Wire...)
		if s.wire(ex); !reflect.DeepEqual(first, ex.Out.Wire) { // a second attempt
			t.Errorf("%s: then %v, first %v", tt.name, ex.Out.Wire, first)
		}
		want := map[string]string{}
		maps.Copy(want, own)
		for name, v := range tt.want {
			if want[name] = v; v == "-" {
				delete(want, name)
			}
		}
		if got := asMap(t, first); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %v\nwant %v", tt.name, got, want)
		}
	}
}

// asMap is a header without names that occur twice.
func asMap(t *testing.T, h header.Header) map[string]string {
	t.Helper()
	m := map[string]string{}
	for _, f := range h {
		if _, twice := m[f.Name]; twice {
			t.Errorf("%s occurs twice", f.Name)
		}
		m[f.Name] = f.Value
	}
	return m
}

// TestRequestIDOff: without the setting the caller's own id is passed on.
func TestRequestIDOff(t *testing.T) {
	ex := asking("GET", "", "X-Kong-Request-Id: mine")
	New(Options{Via: "v"}).wire(ex)
	if got := ex.Out.Wire.Values("X-Kong-Request-Id"); len(got) != 1 || got[0] != "mine" {
		t.Errorf("got %q", got)
	}
}

// TestAnswerHeader is what of an answer's head is passed on.
func TestAnswerHeader(t *testing.T) {
	var in header.Header
	for _, name := range []string{
		"X-Hop", "Keep-Alive", "Transfer-Encoding", "Content-Length", "Upgrade", "Trailer", "Proxy-Connection", "Content-Type", "set-cookie", "Set-Cookie", "TE",
	} {
		in.Add(name, "v")
	}
	in.Add("Connection", "close, X-Hop")
	for _, tt := range []struct {
		upgrade, trailers bool
		want              []string
	}{
		{false, false, []string{"Content-Type", "Set-Cookie", "TE", "set-cookie"}},
		{true, false, []string{"Content-Type", "Set-Cookie", "TE", "Upgrade", "set-cookie"}},
		{false, true, []string{"Content-Type", "Set-Cookie", "TE", "Trailer", "set-cookie"}},
	} {
		var got []string
		for _, f := range copyHeader(nil, in, tt.upgrade, tt.trailers) {
			got = append(got, f.Name)
		}
		sort.Strings(got)
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("upgrade %t, trailers %t: got %q", tt.upgrade, tt.trailers, got)
		}
	}
}

func TestStripPort(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "a": "a", "a:80": "a", "a:": "a", "1.2.3.4:5": "1.2.3.4", "[::1]": "[::1]", "[::1]:80": "[::1]", "::1": "::1", "fe80::1:2": "fe80::1:2",
	} {
		if got := StripPort(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestHostPort(t *testing.T) {
	for _, tt := range []struct {
		host   string
		port   int
		scheme string
		want   string
	}{
		{"a", 80, "http", "a"},
		{"a", 443, "https", "a"},
		{"a", 80, "https", "a:80"},
		{"a", 443, "http", "a:443"},
		{"a", 80, "grpc", "a"},
		{"a", 443, "grpcs", "a"},
		{"::1", 80, "http", "[::1]"},
		{"::1", 81, "http", "[::1]:81"},
		{"[::1]", 81, "http", "[::1]:81"},
	} {
		if got := HostPort(tt.host, tt.port, tt.scheme); got != tt.want {
			t.Errorf("%+v: got %q", tt, got)
		}
	}
}

// TestHostHeader: what a plugin set, then the upstream's, then the peer's.
func TestHostHeader(t *testing.T) {
	peer := peerAt("127.0.0.1:8080")
	for _, tt := range []struct{ out, header, addr, want string }{
		{"", "", "up", "127.0.0.1:8080"}, {"", "own", "up", "own"}, {"", "own", "elsewhere", "127.0.0.1:8080"}, {"kept", "own", "up", "kept"},
	} {
		ex := asking("GET", "")
		ex.Out.Host, ex.Out.Addr = tt.out, tt.addr
		if got := hostHeader(ex, &Upstream{Host: "up", HostHeader: tt.header}, peer); got != tt.want {
			t.Errorf("%+v: got %q", tt, got)
		}
	}
}

// TestEndpoints: one per server name, and no more than are remembered.
func TestEndpoints(t *testing.T) {
	l := reaching(nil).Link
	peer := peerAt("127.0.0.1:8443")
	a, b, plain := l.Endpoint(true, peer, "a:8443"), l.Endpoint(true, peer, "b"), l.Endpoint(false, peer, "a")
	if a == b || a.Key == b.Key || a.TLS.ServerName != "a" || plain.TLS != nil || l.Endpoint(true, peer, "a") != a {
		t.Errorf("a %+v, b %+v, plain %+v", a, b, plain)
	}
	if ip := l.Endpoint(true, peer, "127.0.0.1"); ip.TLS.ServerName != "" {
		t.Errorf("server name of an address: %q", ip.TLS.ServerName)
	}
	for i := range maxEndpoints + 10 {
		l.Endpoint(true, peer, "h"+string(rune('a'+i%26))+string(rune('a'+i/26%26))+string(rune('a'+i/676)))
	}
	if n := len(l.known); n > maxEndpoints {
		t.Errorf("%d endpoints are remembered", n)
	}
}
