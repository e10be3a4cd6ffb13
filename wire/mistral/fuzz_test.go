package mistral_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// What is accepted is written again as something that reads the same.
func FuzzRequest(f *testing.F) {
	f.Add([]byte(`{"model":"m","messages":[{"role":"user","content":"hi"}],"stop":"x","random_seed":1,"prompt_mode":"reasoning","response_format":{"type":"json_schema","json_schema":{"name":"a"}}}`))
	f.Add([]byte(`{"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"t"}]}],"tool_calls":[{"id":"a","function":{"name":"f","arguments":{}}}]},{"role":"tool","tool_call_id":"a","content":[{"type":"text","text":"x"}]}],"tools":[{"function":{"name":"f"}}],"tool_choice":"any"}`))
	f.Add([]byte(`{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},"bare",{"type":"input_audio","input_audio":"AA"},{"type":"document_url","document_url":"u","document_name":"n"}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var r, r2 llm.Request
		if client.DecodeRequest(&r, wire.Question{Body: body}) != nil {
			return
		}
		once, err := service.EncodeRequest(nil, &r, &wire.Notes{})
		if err != nil {
			t.Fatal(err)
		}
		if err := client.DecodeRequest(&r2, wire.Question{Body: once}); err != nil {
			t.Fatalf("wrote what it does not read: %v\n%s\n%s", err, body, once)
		}
		twice, err := service.EncodeRequest(nil, &r2, &wire.Notes{})
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%v\nonce  %s\ntwice %s", err, once, twice)
		}
	})
}

func FuzzResponse(f *testing.F) {
	f.Add([]byte(`{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi","tool_calls":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`))
	f.Add([]byte(`{"choices":[{"message":{"reasoning":"a","content":[{"type":"thinking","thinking":[]},{"type":"reference"}],"tool_calls":[{"index":1,"function":{"name":"f","arguments":{}}}]}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var a, b llm.Response
		if service.DecodeResponse(&a, body) != nil {
			return
		}
		once := client.EncodeResponse(nil, &a, &llm.Request{})
		if err := service.DecodeResponse(&b, once); err != nil {
			t.Fatalf("wrote what it does not read: %v\n%s\n%s", err, body, once)
		}
		if twice := client.EncodeResponse(nil, &b, &llm.Request{}); !bytes.Equal(once, twice) {
			t.Fatalf("once  %s\ntwice %s", once, twice)
		}
	})
}

func FuzzStream(f *testing.F) {
	f.Add(sse(delta(`{"role":"assistant","content":""}`, ""), delta(`{"content":[{"type":"thinking","thinking":[{"type":"text","text":"t"},{}],"signature":"s"}]}`, ""), stopped, "[DONE]"))
	f.Add(sse(delta(`{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{"}},{"index":3,"function":{"name":"g","arguments":{}}}]}`, ""), delta(`{"content":"a"}`, `,"logprobs":{}`), "[DONE]"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		first, err := events(stream)
		if err != nil {
			return
		}
		second, err := events(encode(first))
		if err != nil {
			t.Fatalf("wrote what it does not read: %v\n%s", err, stream)
		}
		a, b := tell(first), tell(second)
		if !reflect.DeepEqual(a.Parts, b.Parts) || a.Failed != b.Failed {
			t.Fatalf("read  %+v\nagain %+v", a, b)
		}
	})
}
