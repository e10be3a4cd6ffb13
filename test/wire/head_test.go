package wire

import (
	"slices"
	"strings"
	"testing"
)

// TestRequestLines: method, target and version (RFC 9112 section 3).
func TestRequestLines(t *testing.T) {
	s := newStage(t)
	for name, tt := range map[string]struct {
		line     string
		statuses []int
		want     string // what an upstream sees
	}{
		"usual":                    {"GET /a?b=c HTTP/1.1", []int{200}, "GET /a?b=c"},
		"a method of one's own":    {"FROB-1 /a HTTP/1.1", []int{200, 405, 501}, "FROB-1 /a"},
		"a method in lower case":   {"get /a HTTP/1.1", []int{200, 400, 405, 501}, "get /a"},
		"a later version":          {"GET /a HTTP/1.2", []int{200, 505}, "GET /a"},
		"an encoded target":        {"GET /a%20b%2Fc HTTP/1.1", []int{200}, "GET /a%20b%2Fc"},
		"an empty query":           {"GET /a? HTTP/1.1", []int{200}, "GET /a?"},
		"a long target":            {"GET /" + strings.Repeat("a", 7000) + " HTTP/1.1", []int{200}, "GET /" + strings.Repeat("a", 7000)},
		"no version":               {"GET /a", []int{400}, ""},
		"no target":                {"GET HTTP/1.1", []int{400}, ""},
		"nothing":                  {"HELO", []int{400}, ""},
		"no method":                {"/a HTTP/1.1", []int{400}, ""},
		"a space before it":        {" GET /a HTTP/1.1", []int{400}, ""},
		"a space behind it":        {"GET /a HTTP/1.1 ", []int{400}, ""},
		"a fourth word":            {"GET /a HTTP/1.1 b", []int{400}, ""},
		"a space in the target":    {"GET /a b HTTP/1.1", []int{400}, ""},
		"two spaces":               {"GET  /a HTTP/1.1", []int{400}, ""},
		"a tabulator in between":   {"GET␉/a HTTP/1.1", []int{400}, ""},
		"no token":                 {"G(T /a HTTP/1.1", []int{400}, ""},
		"a zero in the target":     {"GET /a␀b HTTP/1.1", []int{400}, ""},
		"a tabulator in it":        {"GET /a␉b HTTP/1.1", []int{400}, ""},
		"a bare CR in it":          {"GET /a␍b HTTP/1.1", []int{400}, ""},
		"no slash":                 {"GET a HTTP/1.1", []int{400}, ""},
		"another protocol":         {"GET /a HTTQ/1.1", []int{400}, ""},
		"the protocol in small":    {"GET /a http/1.1", []int{400}, ""},
		"a version without a dot":  {"GET /a HTTP/11", []int{400, 505}, ""},
		"a version of one digit":   {"GET /a HTTP/1", []int{400, 505}, ""},
		"a version of many digits": {"GET /a HTTP/1.10", []int{400, 505}, ""},
		"a version of letters":     {"GET /a HTTP/a.b", []int{400, 505}, ""},
		"version 0":                {"GET /a HTTP/0.9", []int{400, 505}, ""},
		"version 2":                {"GET /a HTTP/2.0", []int{400, 505}, ""},
		"version 3":                {"GET /a HTTP/3.0", []int{400, 505}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.check(t, tt.line+"\nHost: a\n\n", false, tt.statuses...)
			if a.StatusCode == 200 && a.body != tt.want {
				t.Errorf("the upstream saw %q, want %q", a.body, tt.want)
			}
		})
	}
}

// TestFields: names, colons and values (RFC 9112 section 5). X-Note comes back
// as the upstream got it.
func TestFields(t *testing.T) {
	s := newStage(t)
	for name, tt := range map[string]struct {
		fields   string
		statuses []int
		note     string
	}{
		"usual":                       {"X-Note: a b\n", []int{200}, "a b"},
		"no space":                    {"X-Note:a b\n", []int{200}, "a b"},
		"spaces around the value":     {"X-Note: ␉ a b ␉ \n", []int{200}, "a b"},
		"an empty value":              {"X-Note:\n", []int{200}, ""},
		"a colon in the value":        {"X-Note: a:b\n", []int{200}, "a:b"},
		"twice":                       {"X-Note: a\nX-Note: b\n", []int{200}, "a|b"},
		"letters of another script":   {"X-Note: \u00e4\u00f6\n", []int{200, 400}, "\u00e4\u00f6"},
		"a name with an underscore":   {"X_Note: a\n", []int{200, 400}, ""},
		"many":                        {strings.Repeat("X-Other: a\n", 100), []int{200}, ""},
		"a long one":                  {"X-Note: " + strings.Repeat("a", 7000) + "\n", []int{200}, strings.Repeat("a", 7000)},
		"a space before the colon":    {"X-Note : a\n", []int{400}, ""},
		"a tabulator before it":       {"X-Note␉: a\n", []int{400}, ""},
		"a space before the name":     {" X-Note: a\n", []int{400}, ""},
		"a space in the name":         {"X Note: a\n", []int{400}, ""},
		"no name":                     {": a\n", []int{400}, ""},
		"no colon":                    {"X-Note\n", []int{400}, ""},
		"no token":                    {"X(Note): a\n", []int{400}, ""},
		"a name of another script":    {"X-N\u00f6te: a\n", []int{400}, ""},
		"a zero in the name":          {"X-No␀te: a\n", []int{400}, ""},
		"a zero in the value":         {"X-Note: a␀b\n", []int{400}, ""},
		"a bare CR in the value":      {"X-Note: a␍b\n", []int{400, 200}, "a b"},
		"a bare CR before the end":    {"X-Note: a␍\n", []int{400, 200}, "a"},
		"a field behind a bare CR":    {"X-Note: a␍Content-Length: 5\n", []int{400, 200}, "a Content-Length: 5"},
		"a folded value":              {"X-Note: a\n b\n", []int{400, 200}, "a b"},
		"a folded value, tabulator":   {"X-Note: a\n␉b\n", []int{400, 200}, "a b"},
		"a fold before the first one": {"\u0020\nX-Note: a\n", []int{400}, ""},
		"a field in a fold":           {"X-Note: a\n Content-Length: 5\n", []int{400, 200}, "a Content-Length: 5"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.check(t, "GET /a HTTP/1.1\nHost: a\n"+tt.fields+"\n", false, tt.statuses...)
			if note := a.Header.Get("X-Note"); a.StatusCode == 200 && note != tt.note {
				t.Errorf("the upstream saw %q, want %q", note, tt.note)
			}
			first := s.check(t, "GET /a HTTP/1.1\n"+tt.fields+"Host: a\n\n", false, tt.statuses...)
			if note := first.Header.Get("X-Note"); first.StatusCode == 200 && note != tt.note {
				t.Errorf("before the others: the upstream saw %q, want %q", note, tt.note)
			}
		})
	}
}

// TestBareLF: a server may take a bare LF for the end of a line of the head, or
// refuse it; what it may not is to do both.
func TestBareLF(t *testing.T) {
	s := newStage(t)
	for name, text := range map[string]string{
		"everywhere":          "GET /a HTTP/1.1␊Host: a␊␊",
		"in the first line":   "GET /a HTTP/1.1␊Host: a\n\n",
		"in a field":          "GET /a HTTP/1.1\nHost: a␊X-Note: b\n\n",
		"in the last line":    "GET /a HTTP/1.1\nHost: a\n␊",
		"before a length":     "POST /a HTTP/1.1\nHost: a\nX: b␊Content-Length: 3\n\nabc",
		"before the blank":    "POST /a HTTP/1.1\nHost: a\nContent-Length: 3␊\nabc",
		"two, before the end": "POST /a HTTP/1.1\nHost: a\nContent-Length: 3␊␊abc",
	} {
		t.Run(name, func(t *testing.T) { s.check(t, text, false, 200, 400) })
	}
}

// TestHosts: a request of HTTP/1.1 names one host, wherever it does (RFC 9112
// section 3.2).
func TestHosts(t *testing.T) {
	s := newStage(t)
	for name, tt := range map[string]struct {
		text     string
		statuses []int
		want     string
	}{
		"a route's own":               {"GET /a HTTP/1.1\nHost: shop.example\n\n", []int{200}, "GET /shop/a"},
		"in capitals":                 {"GET /a HTTP/1.1\nHost: SHOP.Example\n\n", []int{200}, "GET /shop/a"},
		"with a port":                 {"GET /a HTTP/1.1\nHost: shop.example:8000\n\n", []int{200}, "GET /shop/a"},
		"an address":                  {"GET /a HTTP/1.1\nHost: [::1]:8000\n\n", []int{200}, "GET /a"},
		"none":                        {"GET /a HTTP/1.1\n\n", []int{400}, ""},
		"none with a length":          {"POST /a HTTP/1.1\nContent-Length: 3\n\nabc", []int{400}, ""},
		"two":                         {"GET /a HTTP/1.1\nHost: a\nHost: shop.example\n\n", []int{400}, ""},
		"the same twice":              {"GET /a HTTP/1.1\nHost: a\nHost: a\n\n", []int{400}, ""},
		"two, one behind a space":     {"GET /a HTTP/1.1\nHost: a\nHost : shop.example\n\n", []int{400}, ""},
		"an empty one":                {"GET /a HTTP/1.1\nHost:\n\n", []int{200, 400}, "GET /a"},
		"a space in it":               {"GET /a HTTP/1.1\nHost: a b\n\n", []int{400}, ""},
		"a path in it":                {"GET /a HTTP/1.1\nHost: a/shop.example\n\n", []int{400}, ""},
		"a user in it":                {"GET /a HTTP/1.1\nHost: b@shop.example\n\n", []int{400}, ""},
		"a query in it":               {"GET /a HTTP/1.1\nHost: a?b\n\n", []int{400}, ""},
		"none in HTTP/1.0":            {"GET /a HTTP/1.0\nConnection: keep-alive\n\n", []int{200}, "GET /a"},
		"in the target":               {"GET http://shop.example/a HTTP/1.1\nHost: shop.example\n\n", []int{200}, "GET /shop/a"},
		"in the target and another":   {"GET http://shop.example/a HTTP/1.1\nHost: a\n\n", []int{200, 400}, "GET /shop/a"},
		"another in the target":       {"GET http://a/a HTTP/1.1\nHost: shop.example\n\n", []int{200, 400}, "GET /a"},
		"in the target alone":         {"GET http://shop.example/a HTTP/1.1\n\n", []int{400}, ""},
		"in the target without path":  {"GET http://shop.example HTTP/1.1\nHost: shop.example\n\n", []int{200}, "GET /shop"},
		"in the target with a query":  {"GET http://shop.example?b HTTP/1.1\nHost: shop.example\n\n", []int{200}, "GET /shop?b"},
		"in the target with a user":   {"GET http://b@shop.example/a HTTP/1.1\nHost: shop.example\n\n", []int{200, 400}, "GET /shop/a"},
		"everything, for OPTIONS":     {"OPTIONS * HTTP/1.1\nHost: a\n\n", []int{200, 204, 400, 404, 405}, ""},
		"a trace":                     {"TRACE /a HTTP/1.1\nHost: a\n\n", []int{405}, ""},
		"listed among the connection": {"GET /a HTTP/1.1\nHost: shop.example\nConnection: Host\n\n", []int{200, 400}, "GET /shop/a"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.check(t, tt.text, false, tt.statuses...)
			if a.StatusCode == 200 && tt.want != "" && a.body != tt.want {
				t.Errorf("the upstream saw %q, want %q", a.body, tt.want)
			}
		})
	}
}

// TestTunnels: there are none.
func TestTunnels(t *testing.T) {
	s := newStage(t)
	for _, text := range []string{
		"CONNECT shop.example:443 HTTP/1.1\nHost: shop.example:443\n\n",
		"CONNECT " + s.Addr() + " HTTP/1.1\nHost: " + s.Addr() + "\n\n",
		"CONNECT /a HTTP/1.1\nHost: a\n\n",
	} {
		l := s.dial(t, s.Addr())
		l.say(t, text+last)
		all := l.answers(t, "CONNECT")
		if len(all) == 0 || !slices.Contains([]int{400, 404, 405, 501}, all[0].StatusCode) {
			t.Errorf("%q: %s", text, show(all))
		}
		for _, saw := range s.take() {
			if saw != "GET /last" {
				t.Errorf("%q: the upstream saw %q", text, saw)
			}
		}
	}
}

// TestLargeHeads: what a head may hold is bounded.
func TestLargeHeads(t *testing.T) {
	s := newStage(t)
	many := strings.Repeat("X-Other: "+strings.Repeat("a", 100)+"\n", 600)
	for name, text := range map[string]string{
		"a target":          "GET /" + strings.Repeat("a", 60<<10) + " HTTP/1.1\nHost: a\n\n",
		"a method":          strings.Repeat("A", 60<<10) + " / HTTP/1.1\nHost: a\n\n",
		"a field":           "GET /a HTTP/1.1\nHost: a\nX-Note: " + strings.Repeat("a", 60<<10) + "\n\n",
		"a name of a field": "GET /a HTTP/1.1\nHost: a\n" + strings.Repeat("A", 60<<10) + ": a\n\n",
		"many fields":       "GET /a HTTP/1.1\nHost: a\n" + many + "\n",
	} {
		t.Run(name, func(t *testing.T) { s.check(t, text, false, 400, 414, 431) })
	}
}
