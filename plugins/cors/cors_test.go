package cors

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/schema"
)

const (
	methods = "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT"

	originField = "Origin"
	askMethod   = "Access-Control-Request-Method: GET"
)

func hooks(t *testing.T, settings map[string]any) plugin.Hooks {
	t.Helper()
	d := Definition()
	cfg, problems := d.Config.Decode(settings)
	if !problems.Empty() {
		t.Fatal(problems)
	}
	h, err := d.Build(cfg, &plugin.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func exchange(method string, lines ...string) *flow.Exchange {
	ex := &flow.Exchange{}
	ex.In.Method = method
	ex.In.Header = fields(lines...)
	return ex
}

func fields(lines ...string) flow.Header {
	var h flow.Header
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		h.Add(name, value)
	}
	return h
}

// answer runs the hooks as the chain does and returns the header that the
// caller gets. upstream is what an answer has before.
func answer(t *testing.T, h plugin.Hooks, ex *flow.Exchange, upstream ...string) (flow.Header, bool) {
	t.Helper()
	r, err := h.Access(ex)
	if err != nil {
		t.Fatal(err)
	}
	answered := r != nil
	if answered {
		if r.Status != 200 || r.Length != 0 || r.Stream != nil {
			t.Errorf("preflight: got %+v", r)
		}
	} else {
		r = &flow.Reply{Status: 200, Header: fields(upstream...)}
	}
	if err := h.Head(ex, r); err != nil {
		t.Fatal(err)
	}
	return r.Header, answered
}

func list(origins ...any) map[string]any { return map[string]any{"origins": origins} }

func with(m map[string]any, more map[string]any) map[string]any {
	maps.Copy(m, more)
	return m
}

func TestAnswers(t *testing.T) {
	credentials := map[string]any{"credentials": true}
	several := []any{"http://a.test", "http://b.test"}
	tests := []struct {
		name     string
		settings map[string]any
		request  []string
		upstream []string
		want     []string
	}{
		{"all", nil, []string{"Origin: http://x.test"}, nil, []string{"Access-Control-Allow-Origin: *"}},
		{"all, no origin", nil, nil, nil, []string{"Access-Control-Allow-Origin: *"}},
		{"star", list("*"), []string{"Origin: http://x.test"}, nil, []string{"Access-Control-Allow-Origin: *"}},
		{"star replaces", list("*"), nil, []string{"access-control-allow-origin: http://u.test"}, []string{"access-control-allow-origin: *"}},
		{
			"star among several", list("http://a.test", "*"),
			[]string{"Origin: http://x.test"},
			nil,
			[]string{"Access-Control-Allow-Origin: *", "Vary: Origin"},
		},
		{"star among several, no origin", list("http://a.test", "*"), nil, nil, []string{"Vary: Origin"}},
		{
			"one plain", list("http://a.test"),
			[]string{"Origin: http://x.test"},
			nil,
			[]string{"Access-Control-Allow-Origin: http://a.test", "Vary: Origin"},
		},
		{
			"one plain, no origin", list("http://a.test/"), nil, nil,
			[]string{"Access-Control-Allow-Origin: http://a.test/", "Vary: Origin"},
		},
		{
			"several, match", list(several...),
			[]string{"Origin: http://b.test:80"},
			nil,
			[]string{"Access-Control-Allow-Origin: http://b.test", "Vary: Origin"},
		},
		{
			"several, no match", list(several...),
			[]string{"Origin: http://c.test"},
			[]string{"Access-Control-Allow-Origin: *", "Vary: Accept-Encoding"},
			[]string{"Vary: Accept-Encoding", "Vary: Origin"},
		},
		{"several, no origin", list(several...), nil, nil, []string{"Vary: Origin"}},
		{"several, empty origin", list(several...), []string{"Origin: "}, nil, []string{"Vary: Origin"}},
		{"vary is there", list(several...), nil, []string{"vary: origin"}, []string{"vary: origin"}},
		{
			"credentials and all", with(map[string]any{}, credentials),
			[]string{"Origin: http://x.test:80"},
			nil,
			[]string{"Access-Control-Allow-Origin: http://x.test:80", "Vary: Origin", "Access-Control-Allow-Credentials: true"},
		},
		{"credentials and all, no origin", with(map[string]any{}, credentials), nil, nil, []string{"Access-Control-Allow-Origin: *"}},
		{
			"credentials and star among several", with(list("http://a.test", "*"), credentials),
			[]string{"Origin: http://x.test"},
			nil,
			[]string{"Access-Control-Allow-Origin: http://x.test", "Vary: Origin", "Access-Control-Allow-Credentials: true"},
		},
		{
			"credentials, no match", with(list(several...), credentials),
			[]string{"Origin: http://x.test"},
			nil,
			[]string{"Vary: Origin", "Access-Control-Allow-Credentials: true"},
		},
		{
			"credentials, one plain, no origin", with(list("http://a.test"), credentials), nil, nil,
			[]string{"Access-Control-Allow-Origin: http://a.test", "Vary: Origin", "Access-Control-Allow-Credentials: true"},
		},
		{
			"exposed",
			map[string]any{"exposed_headers": []any{"a", "b"}, "headers": []any{"c"}, "max_age": int64(23)},
			nil, nil,
			[]string{"Access-Control-Allow-Origin: *", "Access-Control-Expose-Headers: a,b"},
		},
		{"no origin, not wanted", map[string]any{"allow_origin_absent": false, "credentials": true}, nil, []string{"x: y"}, []string{"x: y"}},
		{"empty origin, not wanted", map[string]any{"allow_origin_absent": false}, []string{"Origin: "}, nil, nil},
		{"origin, absent not wanted", map[string]any{"allow_origin_absent": false}, []string{"Origin: null"}, nil, []string{"Access-Control-Allow-Origin: *"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, answered := answer(t, hooks(t, tt.settings), exchange("GET", tt.request...), tt.upstream...)
			if answered || !slices.Equal(got, fields(tt.want...)) {
				t.Errorf("got %v (answered: %v), want %v", got, answered, tt.want)
			}
		})
	}
}

func TestPreflight(t *testing.T) {
	ask := []string{"Origin: http://a.test", askMethod}
	tests := []struct {
		name     string
		settings map[string]any
		request  []string
		answered bool
		want     []string
	}{
		{"defaults", nil, ask, true, []string{"Access-Control-Allow-Origin: *", "Access-Control-Allow-Methods: " + methods}},
		{
			"asks for headers", nil, append(ask, "Access-Control-Request-Headers: x-a, x-b"), true,
			[]string{"Access-Control-Allow-Origin: *", "Access-Control-Allow-Headers: x-a, x-b", "Access-Control-Allow-Methods: " + methods},
		},
		{
			"everything",
			map[string]any{
				"origins": []any{"example.test"}, "methods": []any{"GET", "PUT"}, "headers": []any{"origin", "type"},
				"exposed_headers": []any{"x"}, "max_age": int64(23), "credentials": true, "private_network": true,
			},
			append(ask, "Access-Control-Request-Private-Network: true", "Access-Control-Request-Headers: other"), true,
			[]string{
				"Access-Control-Allow-Origin: example.test", "Vary: Origin", "Access-Control-Allow-Credentials: true",
				"Access-Control-Allow-Headers: origin,type", "Access-Control-Allow-Methods: GET,PUT",
				"Access-Control-Max-Age: 23", "Access-Control-Allow-Private-Network: true",
			},
		},
		{
			"private network not asked for",
			map[string]any{"private_network": true},
			ask, true,
			[]string{"Access-Control-Allow-Origin: *", "Access-Control-Allow-Methods: " + methods},
		},
		{"no match", list("http://x.test", "http://y.test"), ask, true, []string{"Vary: Origin", "Access-Control-Allow-Methods: " + methods}},
		{"fraction", map[string]any{"max_age": 1.5, "methods": []any{}}, ask, true, []string{
			"Access-Control-Allow-Origin: *", "Access-Control-Allow-Methods: ", "Access-Control-Max-Age: 1.5",
		}},
		{"left to the upstream", map[string]any{"preflight_continue": true}, ask, false, nil},
		{"no method asked for", nil, ask[:1], false, []string{"Access-Control-Allow-Origin: *"}},
		{"no origin", nil, ask[1:], false, []string{"Access-Control-Allow-Origin: *"}},
		{"empty origin", nil, []string{"Origin: ", askMethod}, false, []string{"Access-Control-Allow-Origin: *"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, answered := answer(t, hooks(t, tt.settings), exchange("OPTIONS", tt.request...))
			if answered != tt.answered || !slices.Equal(got, fields(tt.want...)) {
				t.Errorf("got %v (answered: %v), want %v", got, answered, tt.want)
			}
		})
	}
}

// A preflight that never came to the access phase, such as one without a
// route, gets the headers of any answer.
func TestPreflightWithoutAccess(t *testing.T) {
	h := hooks(t, nil)
	r := &flow.Reply{Status: 404}
	if err := h.Head(exchange("OPTIONS", "Origin: http://a.test", askMethod), r); err != nil {
		t.Fatal(err)
	}
	if want := fields("Access-Control-Allow-Origin: *"); !slices.Equal(r.Header, want) {
		t.Errorf("got %v, want %v", r.Header, want)
	}
}

func TestOrigins(t *testing.T) {
	hosts := []string{
		"http://evil.test", "http://foo.test", "http://foo.test.evil.test", "http://something.foo.test",
		"http://evilfoo.test", "http://foo.test:80", "http://foo.test:8000", "https://foo.test:8000",
		"http://foo.test:90", "http://foobtest", "https://bar.test:1234", "https://foo.test:443", "foo.test", "null",
	}
	tests := []struct {
		origins []any
		want    string // what is allowed of the above, normalized
	}{
		{[]any{`foo\.test`}, "http://foo.test http://foo.test http://foo.test:8000 https://foo.test:8000 http://foo.test:90 https://foo.test foo.test"},
		{[]any{`^foo\.test$`}, "http://foo.test http://foo.test http://foo.test:8000 https://foo.test:8000 http://foo.test:90 https://foo.test foo.test"},
		{[]any{`(.*[./])?foo\.test:8000`}, "http://foo.test:8000 https://foo.test:8000"},
		{[]any{`https://(.*[.])?foo\.test:8000`}, "https://foo.test:8000"},
		{[]any{`(.*[./])?foo\.test`}, "http://foo.test http://something.foo.test http://foo.test http://foo.test:8000 https://foo.test:8000 http://foo.test:90 https://foo.test foo.test"},
		{[]any{`http://evil\.test|http://foo\.test`}, "http://evil.test http://foo.test http://foo.test"},
		{[]any{"foo.test", "null"}, "foo.test null"},
		{[]any{"http://foo.test:80", "https://bar.test:1234/"}, "http://foo.test http://foo.test https://bar.test:1234"},
		{[]any{"https://foo.test", `bar\.test`}, "https://bar.test:1234 https://foo.test"},
	}
	for _, tt := range tests {
		h := hooks(t, list(tt.origins...))
		var got []string
		for _, host := range hosts {
			header, _ := answer(t, h, exchange("GET", originField+": "+host))
			if v := header.Get("Access-Control-Allow-Origin"); v != "" {
				got = append(got, v)
			}
		}
		if got := strings.Join(got, " "); got != tt.want {
			t.Errorf("%v:\n got %s\nwant %s", tt.origins, got, tt.want)
		}
	}
}

func TestParseOrigin(t *testing.T) {
	tests := []struct {
		in   string
		want parsed
	}{
		{"http://a.test", parsed{"http://a.test", "a.test"}},
		{"http://a.test:80", parsed{"http://a.test", "a.test"}},
		{"http://a.test:", parsed{"http://a.test", "a.test"}},
		{"http://a.test:443", parsed{"http://a.test:443", "a.test"}},
		{"https://a.test:443/x?y", parsed{"https://a.test", "a.test"}},
		{"https://u:p@a.test", parsed{"https://a.test", "a.test"}},
		{"http://[::1]:80", parsed{"http://[::1]", "::1"}},
		{"http://[::1]:8080", parsed{"http://[::1]:8080", "::1"}},
		{"http://[::1]", parsed{"http://[::1]", "::1"}},
		{"//a.test", parsed{"a.test", "a.test"}},
		{"a.test:8000", parsed{"a.test:8000", "a.test:8000"}},
		{"null", parsed{"null", "null"}},
		{"http://", parsed{"http://", "http://"}},
		{"", parsed{}},
	}
	for _, tt := range tests {
		if got := parseOrigin(tt.in); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestConfig(t *testing.T) {
	tests := []struct {
		settings map[string]any
		want     []schema.Problem
	}{
		{list("*"), nil},
		{list("http://my-site.test", `.*\.my(?:-other)?-site(?:\.com|\.net)`, "*"), nil},
		{list("invalid_**regex"), []schema.Problem{{Path: "origins[0]", Message: "'invalid_**regex' is not a valid regex"}}},
		{list("*", "a)("), []schema.Problem{{Path: "origins[1]", Message: "'a)(' is not a valid regex"}}},
		{map[string]any{"methods": []any{"FETCH"}}, []schema.Problem{{
			Path:    "methods[0]",
			Message: "expected one of: GET, HEAD, PUT, PATCH, POST, DELETE, OPTIONS, TRACE, CONNECT",
		}}},
	}
	for _, tt := range tests {
		_, problems := Definition().Config.Decode(tt.settings)
		if got := problems.Problems(); !slices.Equal(got, tt.want) {
			t.Errorf("%v: got %v, want %v", tt.settings, got, tt.want)
		}
	}
}
