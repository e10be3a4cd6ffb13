package provider_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/provider"
)

// TestExpand: templates in paths and options.
func TestExpand(t *testing.T) {
	ex := &flow.Exchange{}
	ex.In.Header.Add("X-Model", "gpt")
	ex.In.Header.Add("x-empty", "")
	ex.In.Header.Add("under_score", "u")
	ex.In.Query = "a=1&b=x%20y&c"
	ex.Captures = flow.Captures{Names: []string{"model"}, Values: []string{"m1"}}
	for _, tt := range []struct{ in, want, err string }{
		{"plain", "plain", ""},
		{"", "", ""},
		{"$(headers.x-model)", "gpt", ""},
		{"$(headers.X-Model)", "gpt", ""},
		{"$(headers.x_model)", "gpt", ""},
		{"$(headers.under_score)", "u", ""},
		{"$(headers.x-empty)", "", ""},
		{"$(uri_captures.model)", "m1", ""},
		{"$(query_params.b)", "x y", ""},
		{"$(query_params.c)", "", ""},
		{"a-$(uri_captures.model)-b-$(query_params.a)-c", "a-m1-b-1-c", ""},
		{"$(uri_captures.model", "$(uri_captures.model", ""},
		{"x) $(query_params.a)", "x) 1", ""},
		{"$(headers.none)", "", "headers key none was not provided"},
		{"$(uri_captures.uri_cap_key_2)", "", "uri_captures key uri_cap_key_2 was not provided"},
		{"$(query_params.z)", "", "query_params key z was not provided"},
		{"p-$(headers)", "", "cannot parse expression for field 'p-$(headers)'"},
		{"$(a.b.c)", "", "cannot parse expression for field '$(a.b.c)'"},
		{"$(.b)", "", "cannot parse expression for field '$(.b)'"},
		{"$(headers.)", "", "cannot parse expression for field '$(headers.)'"},
		{"$()", "", "cannot parse expression for field '$()'"},
		{"$(cookies.a)", "", "source 'cookies' is not supported"},
	} {
		got, err := provider.Expand(ex, tt.in)
		f, _ := errors.AsType[*fault.Error](err)
		switch {
		case tt.err == "" && (err != nil || got != tt.want):
			t.Errorf("%q: got %q, %v", tt.in, got, err)
		case tt.err != "" && (f == nil || f.Message != tt.err || f.Status() != 400 || f.Shape != fault.AI):
			t.Errorf("%q: got %v, want %q", tt.in, err, tt.err)
		}
	}
}

func TestResolveLeavesTheConfiguration(t *testing.T) {
	ex := &flow.Exchange{}
	ex.In.Header.Add("m", "one")
	m := provider.Model{Name: "$(headers.m)"}
	m.Options.UpstreamURL = "http://$(headers.m)"
	if !m.Dynamic() {
		t.Error("it is not dynamic")
	}
	got, err := m.Resolve(ex)
	if err != nil || got.Name != "one" || got.Options.UpstreamURL != "http://one" {
		t.Errorf("got %+v, %v", got, err)
	}
	if m.Name != "$(headers.m)" || m.Options.UpstreamURL != "http://$(headers.m)" {
		t.Errorf("the configuration is now %+v", m)
	}
}

// An empty value must not lead a question to another model, project or host
// than those that are configured.
func TestResolvedToNothing(t *testing.T) {
	const empty = "$(headers.x-empty)"
	ex := &flow.Exchange{}
	ex.In.Header.Add("x-empty", "")
	for field, set := range map[string]func(m *provider.Model){
		"name":         func(m *provider.Model) { m.Name = empty },
		"project_id":   func(m *provider.Model) { m.Options.Gemini.ProjectID = empty },
		"endpoint_id":  func(m *provider.Model) { m.Options.Gemini.EndpointID = empty },
		"upstream_url": func(m *provider.Model) { m.Options.UpstreamURL = empty },
	} {
		m := provider.Model{Name: "m"}
		set(&m)
		_, err := m.Resolve(ex)
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Status() != 400 || !strings.Contains(f.Message, empty) {
			t.Errorf("%s: %v", field, err)
		}
	}
	m := provider.Model{Name: "m", Options: provider.Options{UpstreamPath: empty, AnthropicVersion: "a" + empty}}
	if got, err := m.Resolve(ex); err != nil || got.Options.UpstreamPath != "" || got.Options.AnthropicVersion != "a" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestParseLocation(t *testing.T) {
	type location = provider.Location
	for raw, want := range map[string]location{
		"http://a":             {Scheme: "http", Host: "a", Port: 80, Path: "/"},
		"https://a/":           {Scheme: "https", Host: "a", Port: 443, Path: "/"},
		"https://a:8443//b/c":  {Scheme: "https", Host: "a", Port: 8443, Path: "/b/c"},
		"http://[::1]:81/b?c=": {Scheme: "http", Host: "::1", Port: 81, Path: "/b", Query: "c="},
		"http://a/b%2fc%20d":   {Scheme: "http", Host: "a", Port: 80, Path: "/b%2fc%20d"},
		"ftp://a":              {}, "a": {}, "http://": {}, "http://a:0": {}, "http://a:99999": {}, "http://a:x": {}, "http:///b": {}, "http://a b": {},
	} {
		got, err := provider.ParseLocation(raw)
		if (err != nil) != (want == location{}) || err == nil && got != want {
			t.Errorf("%q: got %+v, %v", raw, got, err)
		}
	}
}

func TestAuthority(t *testing.T) {
	for want, l := range map[string]provider.Location{
		"a": {Scheme: "http", Host: "a", Port: 80}, "a:80": {Scheme: "https", Host: "a", Port: 80}, "b": {Scheme: "https", Host: "b", Port: 443},
		"[::1]": {Scheme: "http", Host: "::1", Port: 80}, "[::1]:81": {Scheme: "http", Host: "::1", Port: 81},
	} {
		if got := l.Authority(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestOneSlash(t *testing.T) {
	for in, want := range map[string]string{"": "/", "/": "/", "//": "/", "a": "/a", "/a": "/a", "//a//b": "/a//b"} {
		if got := provider.OneSlash(in); got != want {
			t.Errorf("%q: got %q", in, got)
		}
	}
}
