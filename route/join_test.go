package route

import (
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/config"
)

// joinCases: kept is the upstream path with strip_path off, cut with it on.
// Without a route path the route matches by host.
var joinCases = []struct{ service, route, request, kept, cut string }{
	{"/", "/", "/", "/", "/"},
	{"/", "/", "/route", "/route", "/route"},
	{"/", "/", "/route/", "/route/", "/route/"},
	{"/", "/", "/route/req", "/route/req", "/route/req"},
	{"/", "/", "/routereq", "/routereq", "/routereq"},
	{"/", "/route", "/route", "/route", "/"},
	{"/", "/route", "/route/", "/route/", "/"},
	{"/", "/route", "/routereq", "/routereq", "/req"},
	{"/", "/route", "/route/req", "/route/req", "/req"},
	{"/", "/route", "/route/req/", "/route/req/", "/req/"},
	{"/", "/route/", "/route/", "/route/", "/"},
	{"/", "/route/", "/route/req", "/route/req", "/req"},
	{"/", "", "/", "/", "/"},
	{"/", "", "/route", "/route", "/route"},
	{"/", "", "/route/", "/route/", "/route/"},

	{"/srv", "/", "/", "/srv", "/srv"},
	{"/srv", "/", "/route", "/srv/route", "/srv/route"},
	{"/srv", "/", "/route/", "/srv/route/", "/srv/route/"},
	{"/srv", "/", "/routereq", "/srv/routereq", "/srv/routereq"},
	{"/srv", "/", "/route/req", "/srv/route/req", "/srv/route/req"},
	{"/srv", "/route", "/route", "/srv/route", "/srv"},
	{"/srv", "/route", "/route/", "/srv/route/", "/srv/"},
	{"/srv", "/route", "/routereq", "/srv/routereq", "/srv/req"},
	{"/srv", "/route", "/route/req", "/srv/route/req", "/srv/req"},
	{"/srv", "/route/", "/route/", "/srv/route/", "/srv/"},
	{"/srv", "/route/", "/route/req", "/srv/route/req", "/srv/req"},
	{"/srv", "", "/", "/srv", "/srv"},
	{"/srv", "", "/route", "/srv/route", "/srv/route"},
	{"/srv", "", "/route/", "/srv/route/", "/srv/route/"},

	{"/srv/", "/", "/", "/srv/", "/srv/"},
	{"/srv/", "/", "/route", "/srv/route", "/srv/route"},
	{"/srv/", "/", "/route/", "/srv/route/", "/srv/route/"},
	{"/srv/", "/", "/routereq", "/srv/routereq", "/srv/routereq"},
	{"/srv/", "/", "/route/req", "/srv/route/req", "/srv/route/req"},
	{"/srv/", "/route", "/route", "/srv/route", "/srv"},
	{"/srv/", "/route", "/route/", "/srv/route/", "/srv/"},
	{"/srv/", "/route", "/routereq", "/srv/routereq", "/srv/req"},
	{"/srv/", "/route", "/route/req", "/srv/route/req", "/srv/req"},
	{"/srv/", "/route/", "/route/", "/srv/route/", "/srv/"},
	{"/srv/", "/route/", "/route/req", "/srv/route/req", "/srv/req"},
	{"/srv/", "", "/", "/srv/", "/srv/"},
	{"/srv/", "", "/route", "/srv/route", "/srv/route"},
	{"/srv/", "", "/route/", "/srv/route/", "/srv/route/"},

	{"/srv/", "/rou", "/rou", "/srv/rou", "/srv"},
	{"/srv", "/rou", "/roureq", "/srv/roureq", "/srv/req"},
	{"/service", "/route", "/route%2E%2E/req", "/service/route../req", "/service/req"},
	{"/service", "/route", "/route../req", "/service/route../req", "/service/req"},
	{"/service", "/route", "/route./req", "/service/route./req", "/service/req"},
	{"/service", "/route", "/route%2E/req", "/service/route./req", "/service/req"},
	{"/service", "/route", "/route..", "/service/route..", "/service"},
	{"/service", "/route", "/route.", "/service/route.", "/service"},
	{"/service", "/route", "/route...", "/service/route...", "/service/..."},
	{"/", "/route", "/route../req", "/route../req", "/req"},

	{"/srv", `~/v\d`, "/v1/x", "/srv/v1/x", "/srv/x"},
	{"/srv", `~/v\d/(?<name>\w+)`, "/v1/abc/x", "/srv/v1/abc/x", "/srv/x"},
	{"/srv", `~/v\d/?$`, "/v1/", "/srv/v1/", "/srv/"},
	{"/", `~/v\d`, "/v1", "/v1", "/"},

	{"/", "/", "/a%2fb%20c", "/a%2Fb%20c", "/a%2Fb%20c"},
	{"/s p", "/a", "/a/%C3%A9\\\"", "/s%20p/a/%C3%A9%5C%22", "/s%20p/%C3%A9%5C%22"},
	{"", "/a", "/a/b", "/a/b", "/b"},
}

func TestUpstreamPath(t *testing.T) {
	t.Parallel()
	for _, c := range joinCases {
		m := matchOne(t, c.route, c.request)
		if got := UpstreamPath(c.service, &m, false); got != c.kept {
			t.Errorf("%s %s %s kept: got %s, want %s", c.service, c.route, c.request, got, c.kept)
		}
		if got := UpstreamPath(c.service, &m, true); got != c.cut {
			t.Errorf("%s %s %s cut: got %s, want %s", c.service, c.route, c.request, got, c.cut)
		}
	}
}

// matchOne runs a request against one route, by path or, without, by host.
func matchOne(t *testing.T, path, request string) Match {
	t.Helper()
	r := &config.Route{Hosts: []string{"x"}}
	if path != "" {
		r.Paths = []string{path}
	}
	table, err := Build([]Entry{{Route: r}})
	if err != nil {
		t.Fatal(err)
	}
	m, ok := table.Match(&Query{Host: "x", Path: request})
	if !ok {
		t.Fatalf("%s does not match %s", request, path)
	}
	return m
}

func TestEscapeLeavesOnlyForwardableCharacters(t *testing.T) {
	t.Parallel()
	const kept = "!#$&'()*+,/:;=?@[]-_.~%azAZ09"
	if got := Escape(kept); got != kept {
		t.Errorf("got %s, want %s", got, kept)
	}
	for c := range 256 {
		in := string([]byte{byte(c)})
		if got := Escape(in); (got != in) == strings.Contains(kept+alphanumeric, in) {
			t.Errorf("%q: got %q", in, got)
		}
	}
	if got, want := Escape("/\x00 \r\nÿ\xff"), "/%00%20%0D%0A%C3%BF%FF"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestForwardedPrefix(t *testing.T) {
	t.Parallel()
	cases := []struct {
		route, request string
		strip          bool
		want           string
	}{
		{"/a", "/a/b", true, "/a"},
		{"/a", "/a/b", false, ""},
		{"/", "/a/b", true, ""},
		{"", "/a/b", true, ""},
		{`~/a/\w+`, "/a/bc/d", true, "/a/bc"},
		{`~/[^x]+`, "/a%0D%0Ab", true, "/a%0D%0Ab"},
	}
	for _, c := range cases {
		m := matchOne(t, c.route, c.request)
		if got := ForwardedPrefix(&m, c.strip); got != c.want {
			t.Errorf("%s %s %v: got %q, want %q", c.route, c.request, c.strip, got, c.want)
		}
	}
}
