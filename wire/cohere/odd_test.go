package cohere_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// odd calls try with a document for each of its values, in which that value
// is another, and for each member, without it.
func odd(t *testing.T, document string, try func(t *testing.T, body []byte)) {
	t.Helper()
	root := value(t, []byte(document))
	attempt := func() {
		body, err := json.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		try(t, body)
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, old := range v {
				for _, other := range []any{nil, "", "x", 1, true, []any{}, map[string]any{}, []any{1}, map[string]any{"x": 1}} {
					v[name] = other
					attempt()
				}
				delete(v, name)
				attempt()
				v[name] = old
				walk(old)
			}
			v["unknown"] = 1
			attempt()
			delete(v, "unknown")
		case []any:
			for i, old := range v {
				for _, other := range []any{nil, "x", 1, []any{}, map[string]any{}} {
					v[i] = other
					attempt()
				}
				v[i] = old
				walk(old)
			}
		}
	}
	walk(root)
}

func TestOddQuestionsComeOutAsTheyWentIn(t *testing.T) {
	for i, questions := range [][]string{v2Questions, v1Questions} {
		for _, q := range questions {
			odd(t, q, func(t *testing.T, body []byte) {
				t.Helper()
				var r llm.Request
				if clients()[i].DecodeRequest(&r, wire.Question{Body: body}) == nil {
					out, _ := put(t, providers()[i], &r)
					same(t, string(body), out, body)
				}
			})
		}
	}
}

func TestOddAnswersComeOutAsTheyWentIn(t *testing.T) {
	for i, answers := range [][]string{v2Answers, v1Answers} {
		for _, a := range answers {
			odd(t, a, func(t *testing.T, body []byte) {
				t.Helper()
				var a llm.Response
				if providers()[i].DecodeResponse(&a, body) == nil {
					same(t, string(body), clients()[i].EncodeResponse(nil, &a, nil), body)
				}
			})
		}
	}
}
