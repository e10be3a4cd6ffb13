package route

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/header"
)

// routes makes entries from routes, with ids that rise in their order.
func routes(list ...config.Route) []Entry {
	out := make([]Entry, len(list))
	for i := range list {
		r := &list[i]
		if r.ID == "" {
			r.ID = fmt.Sprintf("%08x-0000-4000-8000-000000000000", i+1)
		}
		out[i] = Entry{Route: r}
	}
	return out
}

func build(tb testing.TB, entries []Entry) *Table {
	tb.Helper()
	table, err := Build(entries)
	if err != nil {
		tb.Fatal(err)
	}
	return table
}

// Order is tried both ways round, so that ids cannot decide by chance.
func TestWhoWins(t *testing.T) {
	t.Parallel()
	hs := func(n int) map[string][]string {
		h := map[string][]string{}
		for i := range n {
			h[fmt.Sprintf("h%d", i)] = []string{"v"}
		}
		return h
	}
	cases := []struct {
		name          string
		winner, loser config.Route
	}{
		{"longer prefix", config.Route{Paths: []string{"/a/b"}}, config.Route{Paths: []string{"/a"}}},
		{"regex beats any prefix", config.Route{Paths: []string{`~/a/\w`}}, config.Route{Paths: []string{"/a/b/c"}}},
		{
			"higher regex_priority",
			config.Route{Paths: []string{`~/a`}, RegexPriority: 2},
			config.Route{Paths: []string{`~/a/b`}, RegexPriority: 1},
		},
		{
			"large regex_priority stays below the regex bit",
			config.Route{Paths: []string{`~/a`}, RegexPriority: 1<<31 - 1},
			config.Route{Paths: []string{`~/a/b`}, RegexPriority: 1<<31 - 2},
		},
		{
			"negative regex_priority is low",
			config.Route{Paths: []string{`~/a`}},
			config.Route{Paths: []string{`~/a/b`}, RegexPriority: -1},
		},
		{
			"regex_priority of a prefix counts for nothing",
			config.Route{Paths: []string{"/a/b"}},
			config.Route{Paths: []string{"/a"}, RegexPriority: 100},
		},
		{
			"more attributes",
			config.Route{Hosts: []string{"a.com"}, Paths: []string{"/"}},
			config.Route{Paths: []string{"/a/b/c"}},
		},
		{
			"more attributes beat a regex",
			config.Route{Methods: []string{"GET"}, Paths: []string{"/"}},
			config.Route{Paths: []string{`~/a/b/c`}, RegexPriority: 9},
		},
		{"plain host", config.Route{Hosts: []string{"a.com"}}, config.Route{Hosts: []string{"*.com"}}},
		{
			"one wildcard costs the whole route the plain bit",
			config.Route{Hosts: []string{"a.com", "b.com"}},
			config.Route{Hosts: []string{"a.com", "*.b.com"}},
		},
		{
			"plain hosts beat headers",
			config.Route{Hosts: []string{"a.com"}, Paths: []string{"/"}},
			config.Route{Headers: hs(2), Paths: []string{"/a"}},
		},
		{"more headers", config.Route{Headers: hs(2)}, config.Route{Headers: hs(1)}},
		{
			"headers beat a regex",
			config.Route{Headers: hs(2), Paths: []string{"/"}},
			config.Route{Headers: hs(1), Paths: []string{`~/a`}},
		},
		{
			"a group of paths by itself",
			config.Route{Paths: []string{"/a/b"}},
			config.Route{Paths: []string{"/a", "/somewhere/else"}},
		},
		{"higher id", config.Route{Meta: config.Meta{ID: "b"}, Paths: []string{"/a"}}, config.Route{Meta: config.Meta{ID: "a"}, Paths: []string{"/a"}}},
		{"ids have no case", config.Route{Meta: config.Meta{ID: "b"}, Paths: []string{"/a"}}, config.Route{Meta: config.Meta{ID: "A"}, Paths: []string{"/a"}}},
	}
	q := &Query{Method: "GET", Host: "a.com", Path: "/a/b/c"}
	for i := range 2 {
		q.Header.Add(fmt.Sprintf("H%d", i), "V")
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if m, ok := build(t, routes(c.winner, c.loser)).Match(q); !ok || m.Index != 0 {
				t.Errorf("first: got %v %d", ok, m.Index)
			}
			if m, ok := build(t, routes(c.loser, c.winner)).Match(q); !ok || m.Index != 1 {
				t.Errorf("second: got %v %d", ok, m.Index)
			}
		})
	}
}

func TestPriorityBits(t *testing.T) {
	t.Parallel()
	many := map[string][]string{}
	for i := range 300 {
		many[strconv.Itoa(i)] = []string{"v"}
	}
	cases := []struct {
		name  string
		route config.Route
		want  uint64
	}{
		{"prefix", config.Route{Paths: []string{"/abc"}}, 1<<61 | 4},
		{"regex", config.Route{Paths: []string{"~/abc"}, RegexPriority: 5}, 1<<61 | 1<<51 | 1<<50 | 5<<19},
		{"host", config.Route{Hosts: []string{"a"}}, 1<<61 | 1<<60},
		{"host with port", config.Route{Hosts: []string{"a:1"}}, 1<<61 | 1<<60},
		{"wildcard", config.Route{Hosts: []string{"a", "*.b"}}, 1 << 61},
		{"headers", config.Route{Headers: many}, 1<<61 | 255<<52},
		{"long path", config.Route{Paths: []string{strings.Repeat("/", 1<<20)}}, 1<<61 | 1<<19 - 1},
		{
			"everything",
			config.Route{
				Methods: []string{"GET"}, Hosts: []string{"a"}, Paths: []string{"/"}, SNIs: []string{"a"},
				Headers: map[string][]string{"h": {"v"}}, Sources: []config.Address{{IP: "::1"}}, Destinations: []config.Address{{IP: "::1"}},
			},
			7<<61 | 1<<60 | 1<<52 | 1,
		},
	}
	for _, c := range cases {
		if got := priority(&c.route, c.route.Paths); got != c.want {
			t.Errorf("%s: got %x, want %x", c.name, got, c.want)
		}
	}
}

func TestVariants(t *testing.T) {
	t.Parallel()
	const id = "0855B320-0dd2-547d-891d-601e9b38647f"
	cases := []struct {
		paths []string
		want  string
	}{
		{nil, "[[]]"},
		{[]string{"/a"}, "[[/a]]"},
		{[]string{"/a", "/b"}, "[[/a /b]]"},
		{[]string{"~/a", "~/bbb"}, "[[~/a ~/bbb]]"},
		{[]string{"/a", "~/x", "/bb", "/c", "~/yy"}, "[[/a /c] [~/x ~/yy] [/bb]]"},
	}
	for _, c := range cases {
		r := &config.Route{Meta: config.Meta{ID: id}, Paths: c.paths}
		got := variants(r)
		paths := make([][]string, len(got))
		for i, v := range got {
			paths[i] = v.paths
			want := strings.ToLower(id)
			if len(got) > 1 {
				want = cloneID(id, i+1)
			}
			if v.id != want {
				t.Errorf("%q: group %d has id %s, want %s", c.paths, i, v.id, want)
			}
		}
		if fmt.Sprint(paths) != c.want {
			t.Errorf("%q: got %v, want %s", c.paths, paths, c.want)
		}
	}
}

// The wanted value is what any other maker of version 5 UUIDs gives.
func TestCloneID(t *testing.T) {
	t.Parallel()
	got := cloneID("0855b320-0dd2-547d-891d-601e9b38647f", 2)
	if want := "52ce2067-906b-567a-a2f6-e85f5049aa3b"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Two groups that tie with another route are decided by the ids of the clones,
// whatever the id of the route.
func TestCloneIDsDecideTies(t *testing.T) {
	t.Parallel()
	for n := range 20 {
		a := config.Route{Paths: []string{"/a", "/other"}}
		b := config.Route{Paths: []string{"/a", "/another"}}
		a.ID, b.ID = fmt.Sprintf("a%d", n), fmt.Sprintf("b%d", n)
		want := 0
		if cloneID(b.ID, 1) > cloneID(a.ID, 1) {
			want = 1
		}
		if m, _ := build(t, routes(a, b)).Match(&Query{Path: "/a"}); m.Index != want {
			t.Errorf("%d: got %d, want %d", n, m.Index, want)
		}
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	h := func(fields ...string) header.Header {
		var out header.Header
		for i := 0; i < len(fields); i += 2 {
			out.Add(fields[i], fields[i+1])
		}
		return out
	}
	host := func(v ...string) config.Route { return config.Route{Hosts: v} }
	path := func(v ...string) config.Route { return config.Route{Paths: v} }
	method := func(v ...string) config.Route { return config.Route{Methods: v} }
	proto := func(v ...string) config.Route { return config.Route{Protocols: v} }
	sni := func(v ...string) config.Route { return config.Route{SNIs: v} }
	head := func(name string, v ...string) config.Route {
		return config.Route{Headers: map[string][]string{name: v}}
	}
	cases := []struct {
		name  string
		route config.Route
		q     Query
		want  bool
	}{
		{"no conditions", config.Route{}, Query{}, true},

		{"host", host("a.com"), Query{Host: "a.com"}, true},
		{"host in capitals", host("a.com"), Query{Host: "A.cOm"}, true},
		{"route host in capitals", host("A.com"), Query{Host: "a.com"}, true},
		{"host with port", host("a.com"), Query{Host: "a.com:8000"}, true},
		{"host with empty port", host("a.com"), Query{Host: "a.com:"}, true},
		{"host with silly port", host("a.com"), Query{Host: "a.com:x"}, false},
		{"host with signed port", host("a.com"), Query{Host: "a.com:+80"}, false},
		{"host with impossible port", host("a.com"), Query{Host: "a.com:65536"}, false},
		{"other host", host("a.com"), Query{Host: "xa.com"}, false},
		{"no host", host("a.com"), Query{}, false},
		{"no host for a wildcard", host("*.com", "a.*", "*"), Query{}, false},
		{"one of the hosts", host("a.com", "b.com"), Query{Host: "b.com"}, true},
		{"trailing dot", host("a.com"), Query{Host: "a.com."}, true},
		{"trailing dot and port", host("a.com"), Query{Host: "a.com.:80"}, true},
		{"trailing dot in the route", host("a.com."), Query{Host: "a.com"}, true},
		{"left wildcard", host("*.a.com"), Query{Host: "x.a.com"}, true},
		{"left wildcard, two labels", host("*.a.com"), Query{Host: "x.y.a.com"}, true},
		{"left wildcard, capitals", host("*.A.com"), Query{Host: "X.a.COM"}, true},
		{"left wildcard is not the name itself", host("*.a.com"), Query{Host: "a.com"}, false},
		{"left wildcard is not half a label", host("*.a.com"), Query{Host: "xa.com"}, false},
		{"left wildcard, trailing dot", host("*.a.com"), Query{Host: "x.a.com."}, true},
		{"right wildcard", host("a.*"), Query{Host: "a.com"}, true},
		{"right wildcard, two labels", host("a.*"), Query{Host: "a.co.uk"}, true},
		{"right wildcard is not half a label", host("a.*"), Query{Host: "ab.com"}, false},
		{"right wildcard is not inside", host("a.*"), Query{Host: "x.a.com"}, false},
		{"star alone", host("*"), Query{Host: "a"}, true},
		{"star in a label", host("*a.com"), Query{Host: "xa.com"}, true},
		{"port", host("a.com:80"), Query{Host: "a.com:80"}, true},
		{"other port", host("a.com:80"), Query{Host: "a.com:81"}, false},
		{"port of the listener", host("a.com:8000"), Query{Host: "a.com", ListenerPort: 8000}, true},
		{"other port of the listener", host("a.com:8000"), Query{Host: "a.com", ListenerPort: 80}, false},
		{"host header before listener", host("a.com:80"), Query{Host: "a.com:80", ListenerPort: 8000}, true},
		{"port and left wildcard", host("*.a.com:80"), Query{Host: "x.a.com:80"}, true},
		{"other port and left wildcard", host("*.a.com:80"), Query{Host: "x.a.com:81"}, false},
		{"port and right wildcard", host("a.*:80"), Query{Host: "a.com:80"}, true},
		{"IPv6", host("[::1]"), Query{Host: "[::1]:8000"}, true},
		{"IPv6 without brackets", host("::1"), Query{Host: "[::1]"}, true},
		{"IPv6 port", host("[::1]:80"), Query{Host: "[::1]:80"}, true},
		{"IPv6 other port", host("[::1]:80"), Query{Host: "[::1]:81"}, false},
		{"IPv6 rubbish", host("[::1]"), Query{Host: "[::1]x"}, false},
		{"IPv6 open", host("[::1]"), Query{Host: "[::1"}, false},

		{"prefix", path("/route"), Query{Path: "/route/x"}, true},
		{"prefix within a segment", path("/route"), Query{Path: "/routereq"}, true},
		{"prefix itself", path("/route"), Query{Path: "/route"}, true},
		{"prefix with slash", path("/route/"), Query{Path: "/route"}, false},
		{"prefix with query", path("/route"), Query{Path: "/route?x"}, true},
		{"prefix in the query", path("/a/b"), Query{Path: "/a?/b"}, false},
		{"prefix has case", path("/route"), Query{Path: "/Route"}, false},
		{"prefix after normalization", path("/a/b"), Query{Path: "/x/..//%61/./b"}, true},
		{"prefix above root", path("/a"), Query{Path: "/../%2e%2e/a"}, true},
		{"encoded slash is no slash", path("/a/b"), Query{Path: "/a%2fb"}, false},
		{"encoded slash in the route", path("/a%2Fb"), Query{Path: "/a%2fb"}, true},
		{"other encoding", path("/é"), Query{Path: "/%c3%a9"}, true},
		{"regex", path(`~/a/\d+`), Query{Path: "/a/12"}, true},
		{"regex is not anchored at the end", path(`~/a/\d+`), Query{Path: "/a/12x"}, true},
		{"regex with its own end", path(`~/a/\d+$`), Query{Path: "/a/12x"}, false},
		{"regex is anchored at the start", path(`~/b`), Query{Path: "/a/b"}, false},
		{"every alternative is anchored", path(`~/x|/b`), Query{Path: "/a/b"}, false},
		{"second alternative", path(`~/x|/b`), Query{Path: "/b"}, true},
		{"regex has case", path(`~/a`), Query{Path: "/A"}, false},
		{"regex without case", path(`~/(?i)a`), Query{Path: "/A"}, true},
		{"regex on bytes", path("~/\xef\xbf\xbd"), Query{Path: "/%ff"}, true},
		{"regex on the decoded path", path(`~/a b`), Query{Path: "/a%20b"}, true},

		{"method", method("GET", "POST"), Query{Method: "POST"}, true},
		{"method has case", method("GET"), Query{Method: "get"}, false},
		{"other method", method("GET"), Query{Method: "HEAD"}, false},

		{"header", head("X-A", "v"), Query{Header: h("x-a", "v")}, true},
		{"header value has no case", head("x-a", "Value"), Query{Header: h("X-A", "vALUE")}, true},
		{"header missing", head("x-a", "v"), Query{Header: h("x-b", "v")}, false},
		{"header with another value", head("x-a", "v"), Query{Header: h("x-a", "w")}, false},
		{"header is whole", head("x-a", "v"), Query{Header: h("x-a", "v, w")}, false},
		{"any listed value", head("x-a", "v", "w"), Query{Header: h("x-a", "w")}, true},
		{"any sent value", head("x-a", "w"), Query{Header: h("x-a", "v", "x-a", "w")}, true},
		{"header regex", head("x-a", "~*^v[0-9]"), Query{Header: h("x-a", "V1")}, true},
		{"header regex is not anchored", head("x-a", "~*v[0-9]"), Query{Header: h("x-a", "xxV1xx")}, true},
		{"header regex in capitals", head("x-a", "~*VAL"), Query{Header: h("x-a", "value")}, true},
		{"header regex among values", head("x-a", "x", "~*^v"), Query{Header: h("x-a", "vv")}, true},
		{"header regex fails", head("x-a", "~*^v$"), Query{Header: h("x-a", "vv")}, false},
		{"header without values", head("x-a"), Query{}, true},

		{"http", proto("http"), Query{Scheme: "http"}, true},
		{"http over TLS", proto("http"), Query{TLS: true}, false},
		{"https over TLS", proto("https"), Query{TLS: true}, true},
		{"https by scheme", proto("http"), Query{Scheme: "https"}, false},
		{"plain request on an https route", proto("https"), Query{Scheme: "http"}, true},
		{"both, plain", proto("http", "https"), Query{}, true},
		{"both, TLS", proto("http", "https"), Query{TLS: true}, true},
		{"grpc", proto("grpc"), Query{}, true},
		{"grpc over TLS", proto("grpc"), Query{TLS: true}, false},
		{"grpcs over TLS", proto("grpcs"), Query{TLS: true}, true},
		{"plain request on a grpcs route", proto("grpcs"), Query{}, true},
		{"wss", proto("wss"), Query{TLS: true}, true},
		{"ws over TLS", proto("ws"), Query{TLS: true}, false},
		{"stream route", proto("tcp", "tls"), Query{TLS: true}, false},

		{"sni", sni("a.com"), Query{TLS: true, SNI: "a.com"}, true},
		{"sni has no case", sni("A.com"), Query{TLS: true, SNI: "a.COM"}, true},
		{"other sni", sni("a.com"), Query{TLS: true, SNI: "b.com"}, false},
		{"no sni", sni("a.com"), Query{TLS: true}, false},
		{"sni of a plain request", sni("a.com"), Query{}, true},
		{"sni with wildcard", sni("*.a.com"), Query{TLS: true, SNI: "x.a.com"}, true},
		{"sni with right wildcard", sni("a.*"), Query{TLS: true, SNI: "a.org"}, true},
		{"sni trailing dot", sni("a.com."), Query{TLS: true, SNI: "a.com"}, true},

		{"all attributes", config.Route{Methods: []string{"GET"}, Hosts: []string{"a"}}, Query{Method: "GET", Host: "a"}, true},
		{"one attribute fails", config.Route{Methods: []string{"GET"}, Hosts: []string{"a"}}, Query{Method: "PUT", Host: "a"}, false},
	}
	for _, c := range cases {
		if _, ok := build(t, routes(c.route)).Match(&c.q); ok != c.want {
			t.Errorf("%s: got %v", c.name, ok)
		}
	}
}

func TestCaptures(t *testing.T) {
	t.Parallel()
	m := matchOne(t, `~/users/(?<id>\d+)/(x)?(.)`, "/users/42/y/z")
	if m.Prefix != "/users/42/y" || m.Captures() != 3 {
		t.Errorf("got prefix %s, %d captures", m.Prefix, m.Captures())
	}
	cases := []struct {
		n    int
		want string
		ok   bool
		name string
	}{
		{-1, "", false, ""},
		{0, "/users/42/y", true, ""},
		{1, "42", true, "id"},
		{2, "", false, ""},
		{3, "y", true, ""},
		{4, "", false, ""},
	}
	for _, c := range cases {
		if got, ok := m.Capture(c.n); got != c.want || ok != c.ok {
			t.Errorf("%d: got %q %v", c.n, got, ok)
		}
		if got := m.CaptureName(c.n); got != c.name {
			t.Errorf("%d: got name %q, want %q", c.n, got, c.name)
		}
	}
	if got, ok := m.CaptureNamed("id"); got != "42" || !ok {
		t.Errorf("id: got %q %v", got, ok)
	}
	if _, ok := m.CaptureNamed("nobody"); ok {
		t.Error("nobody: got a capture")
	}
	plain := matchOne(t, "/a", "/a")
	if _, ok := plain.CaptureNamed("id"); ok || plain.Captures() != 0 || plain.CaptureName(1) != "" {
		t.Error("a prefix route has captures")
	}
}

// Among the regular expressions of one route the first that matches counts.
func TestFirstRegexOfARouteCounts(t *testing.T) {
	t.Parallel()
	table := build(t, routes(config.Route{Paths: []string{`~/nope`, `~/a`, `~/a/b`}}))
	if m, _ := table.Match(&Query{Path: "/a/b/c"}); m.Prefix != "/a" {
		t.Errorf("got %s, want /a", m.Prefix)
	}
}

func TestBuildReportsEveryBrokenRegex(t *testing.T) {
	t.Parallel()
	_, err := Build(routes(
		config.Route{Name: "first", Paths: []string{"~/(", "/ok", "~/[z-a]", "~/a)|(?:b"}},
		config.Route{Name: "second", Headers: map[string][]string{"x": {"~*("}}},
		config.Route{Meta: config.Meta{ID: "no-name"}, Paths: []string{"~/(?=x)"}},
	))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"route first: path ~/(: invalid regex", "route first: path ~/[z-a]: invalid regex", "route first: path ~/a)|(?:b: invalid regex",
		"route second: header x: invalid regex", "route no-name: path ~/(?=x): invalid regex",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\ndoes not say %q", err, want)
		}
	}
}

func TestBuildFromTakesOverPatterns(t *testing.T) {
	t.Parallel()
	first := build(t, routes(
		config.Route{Paths: []string{"~/a", "~/b"}, Headers: map[string][]string{"x": {"~*/a"}}},
		config.Route{Paths: []string{"~/gone"}},
	))
	second, err := BuildFrom(first, routes(config.Route{Paths: []string{"~/b", "~/c"}}))
	if err != nil {
		t.Fatal(err)
	}
	b := patternKey{true, "/b"}
	if second.patterns[b] == nil || second.patterns[b] != first.patterns[b] {
		t.Error("/b was compiled again")
	}
	if len(first.patterns) != 4 || len(second.patterns) != 2 {
		t.Errorf("the tables hold %d and %d patterns", len(first.patterns), len(second.patterns))
	}
}

func TestEmptyTable(t *testing.T) {
	t.Parallel()
	table := build(t, nil)
	if _, ok := table.Match(&Query{Path: "/", Host: "a.com"}); ok || table.Len() != 0 {
		t.Error("an empty table found something")
	}
}

func TestLiterals(t *testing.T) {
	t.Parallel()
	cases := []struct{ path, prefix, longest string }{
		{`~/users/(?<id>\d+)`, "/users/", "/users/"},
		{`~/users`, "/users", "/users"},
		{`~/\w+/users/\d`, "/", "/users/"},
		{`~/a|/b`, "/", "/"},
		{`~/(?i)abc`, "/", "/"},
		{`~/é+`, "/", "/"},
		{`~/éa$`, "/éa", "/éa"},
		{"~/a\uFFFDbcd", "/a", "/a"},
		{`~/abc?d`, "/ab", "/ab"},
		{`~(?:/a)*`, "", ""},
		{`~^/a`, "", "/a"},
		{`~`, "", ""},
	}
	for _, c := range cases {
		b := builder{patterns: patternCache{}}
		p, err := b.pathPattern(c.path)
		if err != nil {
			t.Fatal(err)
		}
		if p.literal != c.prefix || p.inner != c.longest {
			t.Errorf("%s: got %q %q, want %q %q", c.path, p.literal, p.inner, c.prefix, c.longest)
		}
	}
}
