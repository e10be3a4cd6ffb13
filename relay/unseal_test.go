package relay

import (
	"runtime"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/provider/anthropic"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/openaichat"
)

// asSent is a question of an OpenAI caller as the target's provider gets it.
func asSent(tb testing.TB, body string, change func(*Settings)) string {
	tb.Helper()
	ex := asking(body)
	if err := put(target(tb, func(s *Settings) {
		s.Model.Name = "m"
		if strings.HasPrefix(body, `{"model":"m","input"`) {
			s.RouteType = provider.Responses
		}
		if change != nil {
			change(s)
		}
	}), ex); err != nil {
		tb.Fatal(err)
	}
	defer ex.Call.Release()
	return sent(ex)
}

// TestUnsealed: what was sealed for another model is taken out of questions that
// pass, and nothing that only looks like it.
func TestUnsealed(t *testing.T) {
	id := wire.SealID("c", []wire.Proof{{By: llm.Anthropic, Kind: llm.Thinking, Signature: llm.JSON(`"s"`), Text: llm.JSON(`"t"`)}})
	long := wire.SealID("c", []wire.Proof{{By: llm.Anthropic, Kind: llm.Redacted, Signature: wire.Quote(strings.Repeat("what proves a thought ", 9))}})
	if !strings.Contains(id, "-sealed-") || !strings.Contains(long, "-sealed-z") {
		t.Fatal(id, long)
	}
	reasoning := `{"type":"reasoning","encrypted_content":"` + id + `"}`
	for _, tt := range []struct{ name, body, want string }{
		{"call and result", `"messages":[{"role":"assistant","tool_calls":[{"id":"` + id + `"},{"id":"` + long + `"}]},{"role":"tool","tool_call_id":"` + id + `"}]`, `"messages":[{"role":"assistant","tool_calls":[{"id":"c"},{"id":"c"}]},{"role":"tool","tool_call_id":"c"}]`},
		{"the result only", `"messages":[{"tool_calls":[{"id":"c"}]},{"tool_call_id":"` + id + `"}]`, `"messages":[{"tool_calls":[{"id":"c"}]},{"tool_call_id":"c"}]`},
		{"cut short", `"messages":[{"tool_call_id":"` + id[:len(id)-3] + `"}]`, ""},
		{"in a text", `"messages":[{"role":"user","content":"` + id + `","name":"` + id + `"}]`, ""},
		{"in an argument", `"messages":[{"tool_calls":[{"id":"x-sealed-","function":{"arguments":"{\"id\":\"` + id + `\"}","id":"` + id + `"}}]}]`, ""},
		{"in a call in a call", `"messages":[{"tool_calls":[{"tool_calls":[{"id":"` + id + `"}]}]}]`, ""},
		{"no list", `"messages":[{"tool_calls":{"id":"` + id + `"},"id":["` + id + `"]},7,null]`, ""},
		{"items", `"input":[{"call_id":"` + id + `","id":"fc"}, {"type":"function_call_output","call_id":"` + id + `"}]`, `"input":[{"call_id":"c","id":"fc"}, {"type":"function_call_output","call_id":"c"}]`},
		{"thoughts", `"input":[` + reasoning + ` ,{"role":"user"}, ` + reasoning + `,` + reasoning + `,{"encrypted_content":"own"} , ` + reasoning + `]`, `"input":[{"role":"user"}, {"encrypted_content":"own"} ]`},
		{"only thoughts", `"input":[ ` + reasoning + `,` + reasoning + ` ]`, `"input":[  ]`},
		{"a text as input", `"input":"` + id + `"`, ""},
	} {
		if tt.want == "" {
			tt.want = tt.body
		}
		got := strings.Replace(asSent(t, `{"model":"m",`+tt.body+`}`, nil), `,"stream":false}`, "}", 1)
		if want := `{"model":"m",` + tt.want + `}`; got != want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, want)
		}
	}
}

// TestManySealed: a question full of what is sealed, or looks like it, costs
// time and memory by its length. These would take minutes, and gigabytes.
func TestManySealed(t *testing.T) {
	list := func(n int, item string) string { return strings.TrimSuffix(strings.Repeat(item+",", n), ",") }
	id := wire.SealID("", []wire.Proof{{Kind: llm.Thinking, Signature: llm.JSON(`""`)}})
	for _, tt := range []struct {
		name, body string
		change     func(*Settings)
		want       string
	}{
		{"thoughts", `{"model":"m","input":[` + list(400_000, `{"encrypted_content":"`+id+`"}`) + `]}`, nil, `{"model":"m","input":[]`},
		{"forged", `{"model":"m","messages":[` + list(40_000, `{"id":"-sealed-zAAAA"}`) + `]}`, nil, `{"model":"m","messages":[{"id":"-sealed-zAAAA"},`},
		{"calls of one turn", `{"model":"m","messages":[{"role":"user","content":"q"},{"role":"assistant","tool_calls":[` + list(50_000, `{"id":"`+id+`","function":{"name":"f"}}`) + `]}]}`, func(s *Settings) {
			s.Provider, s.Client = anthropic.New(), openaichat.Client{}
		}, `{"model":"m",`},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := asSent(t, tt.body, tt.change)
		runtime.ReadMemStats(&after)
		if !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: sent %.200s", tt.name, got)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 512<<20 {
			t.Errorf("%s: %d MB for %d bytes", tt.name, took>>20, len(tt.body))
		}
	}
}
