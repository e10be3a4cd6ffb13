package relay

import (
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/wire/anthropic"
)

// forAnthropic is a target whose callers speak Anthropic's format.
func forAnthropic(t *testing.T) *Target {
	t.Helper()
	return target(t, func(s *Settings) { s.Client = anthropic.Client{} })
}

func asksAnthropic(stream string) *flow.Exchange {
	ex := asking(`{"model":"m","max_tokens":9,"stream":` + stream + `,"messages":[{"role":"user","content":"hi"}]}`)
	ex.In.Path = "/v1/messages"
	return ex
}

// TestCallsHaveIDsAndAnEnd: a provider may leave out why a whole answer ended
// and what its calls are called; callers cannot do without.
func TestCallsHaveIDsAndAnEnd(t *testing.T) {
	const call = `"tool_calls":[{"type":"function","index":0,"function":{"name":"f","arguments":"{}"}},` +
		`{"type":"function","index":1,"function":{"name":"g","arguments":"{}"}}]`
	plain := answer(200, "application/json", cutAt([]byte(`{"choices":[{"index":0,"message":{"role":"assistant",`+call+`}}]}`)))
	stream := answer(200, "text/event-stream", cutAt([]byte(`data: {"id":"x","choices":[{"index":0,"delta":{`+call+"}}]}\n\ndata: [DONE]\n\n")))
	for asked, r := range map[string]*flow.Reply{"false": plain, "true": stream} {
		if err := received(t, forAnthropic(t), asksAnthropic(asked), r); err != nil {
			t.Fatal(err)
		}
		got := read(t, r.Stream)
		for _, want := range []string{`"id":"call_id_1"`, `"id":"call_id_2"`, `"stop_reason":"tool_use"`} {
			if !strings.Contains(got, want) {
				t.Errorf("stream %s: no %s in %s", asked, want, got)
			}
		}
	}
}

func TestWholeAnswerHasEnded(t *testing.T) {
	r := answer(200, "application/json", cutAt([]byte(`{"choices":[{"index":0,"message":{"role":"assistant","content":"a"}}]}`)))
	if err := received(t, forAnthropic(t), asksAnthropic("false"), r); err != nil {
		t.Fatal(err)
	}
	if got := read(t, r.Stream); !strings.Contains(got, `"stop_reason":"end_turn"`) {
		t.Errorf("got %s", got)
	}
}
