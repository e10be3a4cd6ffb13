package ollama_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/ollama"
)

// FuzzRequest: what is taken comes out as JSON that reads the same again.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		chatRequest, generateRequest,
		`{"model":"m","messages":[{"role":"tool","content":"x","tool_call_id":"a-sealed-WyJhIiw2LCJzIl0"}]}`,
		`{"model":"","stream":null,"options":{"stop":"x","num_predict":-1},"messages":[{},{"role":"owl"}]}`,
		`{"prompt":"p","system":"s","images":["iVBORw0KGgo=","data:image/png;base64,AA"],"stream":0}`,
	} {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, body string, generate bool) {
		client, provider := ollama.Client{Generate: generate}, ollama.Provider{Generate: generate}
		var first, second llm.Request
		if err := client.DecodeRequest(&first, wire.Question{Body: []byte(body)}); err != nil {
			if _, ok := errors.AsType[*wire.Invalid](err); !ok {
				t.Fatalf("%T", err)
			}
			return
		}
		out, err := provider.EncodeRequest(nil, &first, nil)
		if err != nil {
			t.Fatalf("%v for %s", err, body)
		}
		if jsonscan.NoDuplicates(out) != nil {
			t.Fatalf("%s\nbecame %s", body, out)
		}
		if err := client.DecodeRequest(&second, wire.Question{Body: out}); err != nil {
			t.Fatalf("%v for %s", err, out)
		}
		again, err := provider.EncodeRequest(nil, &second, nil)
		if err != nil || string(again) != string(out) {
			t.Fatalf("%v\n%s\nbecame %s\nthen   %s", err, body, out, again)
		}
	})
}

// FuzzResponse: what is taken comes out as JSON that reads the same again.
func FuzzResponse(f *testing.F) {
	f.Add(chatAnswer, false)
	f.Add(generateAnswer, true)
	f.Add(`{"error":"x"}`, true)
	f.Add(`{"message":{"tool_calls":[{"function":{"arguments":"{}"}}]},"done":null,"created_at":5}`, false)
	f.Fuzz(func(t *testing.T, body string, generate bool) {
		client, provider := ollama.Client{Generate: generate}, ollama.Provider{Generate: generate}
		if e := provider.DecodeError(500, nil, []byte(body)); e.Message == "" {
			t.Fatal("an error without words")
		}
		var first, second llm.Response
		if provider.DecodeResponse(&first, []byte(body)) != nil {
			return
		}
		out := client.EncodeResponse(nil, &first, &llm.Request{})
		if err := provider.DecodeResponse(&second, out); err != nil {
			t.Fatalf("%v: %s\nbecame %s", err, body, out)
		}
		if again := client.EncodeResponse(nil, &second, &llm.Request{}); string(again) != string(out) {
			t.Fatalf("%s\nbecame %s\nthen   %s", body, out, again)
		}
	})
}

// FuzzStream: what is read comes out as a stream that tells the same.
func FuzzStream(f *testing.F) {
	f.Add(chatStream, false)
	f.Add(generateStream, true)
	f.Add("{\"message\":{\"thinking\":\"a\",\"images\":[\"b\"]},\"logprobs\":[]}\n{\"error\":{\"message\":\"x\"}}", false)
	f.Fuzz(func(t *testing.T, raw string, generate bool) {
		first, err := events(generate, raw)
		broken := slices.ContainsFunc(first, func(ev llm.Event) bool { return ev.Kind == llm.EventError })
		if err != nil || broken { // what was begun but said nothing is not told
			return
		}
		out := stream(generate, first)
		again, err := events(generate, out)
		if err != nil {
			t.Fatalf("%v: %s\nbecame %s", err, raw, out)
		}
		if !reflect.DeepEqual(steps(first), steps(again)) {
			t.Fatalf("%s\nbecame %s\n%v\n%v", raw, out, steps(first), steps(again))
		}
	})
}

// steps are the kinds and texts of events.
func steps(evs []llm.Event) (out []string) {
	for _, ev := range evs {
		out = append(out, string(rune('a'+ev.Kind))+wire.Text(ev.Text)+ev.Reason)
	}
	return out
}
