package relay

import (
	"testing"

	"github.com/sluice-gateway/sluice/llm"
)

func TestComposed(t *testing.T) {
	a := composed{}
	for _, data := range []string{
		`{"id":"c1","created":7,"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}`,
		`{"id":"c1","created":7,"choices":[{"index":0,"delta":{"content":"Hel"}}]}`,
		`{"id":"c1","created":7,"choices":[{"index":0,"delta":{"content":"lo\n"},"finish_reason":"stop"}]}`,
		`{"id":"c1","created":7,"choices":[],"usage":{}}`,
		`[DONE]`,
		`{broken`,
	} {
		a.add([]byte(data))
	}
	got := string(a.append(nil, "m-1", &llm.Usage{Prompt: 3, Completion: 2, Total: 5}))
	want := `{"choices":[{"finish_reason":"stop","index":0,"message":{"content":"Hello\n","role":"assistant"}}],` +
		`"created":7,"id":"c1","model":"m-1","object":"chat.completion",` +
		`"usage":{"completion_tokens":2,"prompt_tokens":3,"total_tokens":5}}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestComposedOfTheLastEvent(t *testing.T) {
	a := composed{}
	a.add([]byte(`{"type":"response.completed","response":{"id":"r"}}`))
	if got := string(a.whole); got != `{"id":"r"}` {
		t.Errorf("got %s", got)
	}
}
