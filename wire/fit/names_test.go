package fit_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/fit"
)

// limited is a provider that does nothing but limit.
type limited struct {
	wire.Provider
	limits fit.Limits
}

func (l limited) Limits(string) *fit.Limits { return &l.limits }

func names(most int, signs string, letter bool) limited {
	return limited{limits: fit.Limits{Names: &fit.Names{Max: most, Signs: signs, Letter: letter}}}
}

// asked is a question with tools, calls and results of the names.
func asked(tools []string, calls ...string) *llm.Request {
	r := &llm.Request{}
	for _, name := range tools {
		r.Tools = append(r.Tools, llm.Tool{Name: name})
	}
	for _, name := range calls {
		r.Messages = append(r.Messages,
			llm.Message{Role: llm.Assistant, Parts: []llm.Part{{Kind: llm.ToolCall, Call: &llm.Call{ID: "1", Name: name}}}},
			llm.Message{Role: llm.ToolRole, Parts: []llm.Part{{Kind: llm.ToolResult, Result: &llm.Result{ID: "1", Name: name}}}})
	}
	return r
}

func TestNames(t *testing.T) {
	long := strings.Repeat("long_", 40)
	for _, c := range []struct {
		name  string
		to    limited
		match string
	}{
		{"get.weather", names(64, "-", false), `^get_weather_[0-9a-f]{10}$`},
		{long, names(64, "-", false), `^(long_)+[a-z]*_[0-9a-f]{10}$`},
		{"天気 予報", names(64, "-", false), `^_[0-9a-f]{10}$`},
		{"3d", names(64, ".-", true), `^_d_[0-9a-f]{10}$`},
		{"a-b", names(0, "", true), `^a_b_[0-9a-f]{10}$`},
		{"ok-name", names(64, "-", false), `^ok-name$`},
		{"-first", names(64, "-", false), `^-first$`},
		{"a\x00b\xff", names(64, "-", false), `^a_b_[0-9a-f]{10}$`},
	} {
		r := asked([]string{c.name}, c.name)
		r.Choice = llm.ToolChoice{Mode: llm.ChoiceNamed, Name: c.name, Allowed: []string{c.name}}
		question := *r
		var f fit.Fit
		var n wire.Notes
		f.Question(&question, c.to, &n)
		sent := question.Tools[0].Name
		if !regexp.MustCompile(c.match).MatchString(sent) || len(sent) > 64 {
			t.Errorf("%q is sent as %q", c.name, sent)
		}
		for what, name := range map[string]string{
			"choice": question.Choice.Name, "allowed": question.Choice.Allowed[0],
			"call": question.Messages[0].Parts[0].Call.Name, "result": question.Messages[1].Parts[0].Result.Name,
		} {
			if name != sent {
				t.Errorf("%q: the %s is %q, the tool %q", c.name, what, name, sent)
			}
		}
		if r.Tools[0].Name != c.name || r.Messages[0].Parts[0].Call.Name != c.name || r.Choice.Allowed[0] != c.name {
			t.Errorf("%q: the caller's question was written to", c.name)
		}
		back := llm.Call{Name: sent}
		if f.Call(&back); back.Name != c.name {
			t.Errorf("%q comes back as %q", c.name, back.Name)
		}
		if n.Changed("tools[0].name") != (sent != c.name) || len(n.List()) > 1 {
			t.Errorf("%q: noted %v", c.name, n.List())
		}
	}
}

// TestNamesDiffer: names that look alike when cleaned, and one that is what
// another is sent as, stay apart, and the same question has the same names.
func TestNamesDiffer(t *testing.T) {
	send := func(tools ...string) ([]string, *fit.Fit) {
		r := asked(tools)
		f, n := new(fit.Fit), new(wire.Notes)
		f.Question(r, names(64, "-", false), n)
		var sent []string
		for i := range r.Tools {
			sent = append(sent, r.Tools[i].Name)
		}
		return sent, f
	}
	first, _ := send("a.b")
	tools := []string{"a.b", "a/b", "a b", first[0], "a_b"}
	sent, f := send(tools...)
	again, _ := send(tools...)
	if fmt.Sprint(sent) != fmt.Sprint(again) {
		t.Errorf("%q, then %q", sent, again)
	}
	seen := map[string]bool{}
	for i, name := range sent {
		c := llm.Call{Name: name}
		if f.Call(&c); seen[name] || c.Name != tools[i] {
			t.Errorf("%q is sent as %q and comes back as %q", tools[i], name, c.Name)
		}
		seen[name] = true
	}
	if alone, _ := send("a/b"); alone[0] != sent[1] {
		t.Errorf("a/b is %s alone and %s among others", alone[0], sent[1])
	}
}

// TestOwnNames: what the provider does not run for the caller keeps its name.
func TestOwnNames(t *testing.T) {
	r := asked([]string{"web.search", "fine"})
	r.Tools[0].Raw = llm.JSON(`{"type":"web"}`)
	var n wire.Notes
	new(fit.Fit).Question(r, names(64, "-", false), &n)
	if r.Tools[0].Name != "web.search" || len(n.List()) > 0 {
		t.Errorf("sent as %q, noted %v", r.Tools[0].Name, n.List())
	}
	r = asked(nil, "gone.now", "gone.now")
	new(fit.Fit).Question(r, names(64, "-", false), &n)
	if got := fmt.Sprint(n.List()); !strings.HasPrefix(got, "[{messages[0].parts[0].name true sent as gone_now_") || len(n.List()) != 1 {
		t.Errorf("noted %s", got)
	}
}

func TestFineNamesCostNothing(t *testing.T) {
	r := asked([]string{"a", "b-c", "d_e"}, "a", "b-c")
	r.Tools[0].Schema = llm.JSON(`{"type":"object","properties":{"a":{"$comment":"anyOf"}}}`)
	to := &limited{limits: fit.Limits{Names: &fit.Names{Max: 64}, Tools: &fit.ClaudeTools}}
	to.limits.Names.Signs = "-"
	var f fit.Fit
	var n wire.Notes
	var p wire.Provider = constant{&to.limits}
	if got := testing.AllocsPerRun(100, func() { f.Question(r, p, &n) }); got > 0 {
		t.Errorf("%v allocations", got)
	}
}

type constant struct{ limits *fit.Limits }

func (constant) Format() llm.Format { return "" }

func (constant) EncodeRequest([]byte, *llm.Request, *wire.Notes) ([]byte, error) { return nil, nil }

func (constant) DecodeResponse(*llm.Response, []byte) error { return nil }

func (constant) NewStream() wire.StreamDecoder { return nil }

func (constant) DecodeError(int, func(string) string, []byte) *llm.Error { return nil }

func (c constant) Limits(string) *fit.Limits { return c.limits }
