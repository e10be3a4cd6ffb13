package correlationid

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/plugin"
)

const uuid = `[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`

func newDeps() *plugin.Deps {
	return &plugin.Deps{Long: &plugin.LongLived{}, Clock: clock.NewManual(time.UnixMilli(1_700_000_000_042))}
}

func hooks(tb testing.TB, deps *plugin.Deps, settings map[string]any) plugin.Hooks {
	tb.Helper()
	d := Definition()
	cfg, problems := d.Config.Decode(settings)
	if !problems.Empty() {
		tb.Fatal(problems)
	}
	h, err := d.Build(cfg, deps)
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

func exchange(header ...flow.Header) *flow.Exchange {
	ex := &flow.Exchange{}
	ex.In.Addr, ex.In.Port, ex.In.Conn, ex.In.ConnRequests = "127.0.0.1", 8000, 5, 2
	for _, h := range header {
		ex.In.Header = append(ex.In.Header, h...)
	}
	ex.Out.Header = append(ex.Out.Header, ex.In.Header...)
	return ex
}

// id is what the log shows.
func id(ex *flow.Exchange) string {
	for _, f := range ex.LogFields() {
		if s, ok := f.Value.(string); ok && f.Path == "correlation_id" {
			return s
		}
	}
	return ""
}

func TestGenerators(t *testing.T) {
	tests := []struct{ generator, want string }{
		{"uuid", uuid},
		{"uuid#counter", uuid + "#1"},
		{"", uuid + "#1"},
		{"tracker", `127\.0\.0\.1-8000-` + strconv.Itoa(os.Getpid()) + `-5-2-1700000000\.042`},
	}
	for _, tt := range tests {
		settings := map[string]any{}
		if tt.generator != "" {
			settings["generator"] = tt.generator
		}
		ex := exchange()
		if _, err := hooks(t, newDeps(), settings).Access(ex); err != nil {
			t.Fatal(err)
		}
		got := ex.Out.Header.Get("Kong-Request-ID")
		if !regexp.MustCompile(`\A` + tt.want + `\z`).MatchString(got) {
			t.Errorf("%q: got %q, want %s", tt.generator, got, tt.want)
		}
		if id(ex) != got {
			t.Errorf("%q: the log has %q, the upstream %q", tt.generator, id(ex), got)
		}
	}
}

func TestUUIDsDiffer(t *testing.T) {
	if a, b := newUUID(), newUUID(); a == b {
		t.Errorf("got %q twice", a)
	}
}

// The counter is one for all instances, and goes on over a reload.
func TestCounterIsShared(t *testing.T) {
	deps := newDeps()
	first := hooks(t, deps, map[string]any{})
	var prefix string
	next := func(h plugin.Hooks, want string) {
		t.Helper()
		ex := exchange()
		if _, err := h.Access(ex); err != nil {
			t.Fatal(err)
		}
		got, n, _ := strings.Cut(id(ex), "#")
		if prefix == "" {
			prefix = got
		}
		if got != prefix || n != want {
			t.Errorf("got %s#%s, want %s#%s", got, n, prefix, want)
		}
	}
	next(first, "1")
	second := hooks(t, deps, map[string]any{"header_name": "X-Other"})
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	next(second, "2")
	next(hooks(t, deps, map[string]any{}), "3")
}

func TestKeepsWhatTheCallerSent(t *testing.T) {
	tests := []struct {
		sent string
		kept bool
	}{
		{"mine", true}, {"", false}, {"   ", false}, {"\t", false},
	}
	for _, tt := range tests {
		ex := exchange(flow.Header{{Name: "kong-request-id", Value: tt.sent}})
		h := hooks(t, newDeps(), map[string]any{"echo_downstream": true})
		if _, err := h.Access(ex); err != nil {
			t.Fatal(err)
		}
		if kept := id(ex) == tt.sent; kept != tt.kept || id(ex) == "" {
			t.Errorf("%q: got %q", tt.sent, id(ex))
		}
		if got := ex.Out.Header; len(got) != 1 || got[0].Value != id(ex) {
			t.Errorf("%q: upstream gets %v", tt.sent, got)
		}
		r := &flow.Reply{Header: flow.Header{{Name: "Kong-Request-ID", Value: "the upstream's"}}}
		if err := h.Head(ex, r); err != nil {
			t.Fatal(err)
		}
		if got := r.Header; len(got) != 1 || got[0].Value != id(ex) {
			t.Errorf("%q: caller gets %v", tt.sent, got)
		}
	}
}

func TestEcho(t *testing.T) {
	if hooks(t, newDeps(), map[string]any{}).Head != nil {
		t.Error("echoes unasked")
	}
	// Without an access phase, as on a 404.
	h := hooks(t, newDeps(), map[string]any{"echo_downstream": true, "header_name": "X-Id"})
	for _, sent := range []string{"", "mine"} {
		ex := exchange(flow.Header{{Name: "x-id", Value: sent}})
		r := &flow.Reply{Status: 404}
		if err := h.Head(ex, r); err != nil {
			t.Fatal(err)
		}
		got := r.Header.Get("X-Id")
		if sent == "" && !regexp.MustCompile(uuid+"#1").MatchString(got) || sent != "" && got != sent {
			t.Errorf("%q: got %q", sent, got)
		}
		if id(ex) != "" {
			t.Errorf("logged %q", id(ex))
		}
	}
}

func TestConfig(t *testing.T) {
	d := Definition()
	if _, problems := d.Config.Decode(map[string]any{"generator": "other"}); !problems.Has("generator") {
		t.Error("accepts an unknown generator")
	}
	for _, name := range []string{"X Id", "X:Id", "X\r\nId", "é"} {
		cfg, problems := d.Config.Decode(map[string]any{"header_name": name})
		if !problems.Empty() {
			continue
		}
		if _, err := d.Build(cfg, newDeps()); err == nil {
			t.Errorf("builds with header %q", name)
		}
	}
}
