package openaichat_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// What is accepted is written again as the same value.
func FuzzRequest(f *testing.F) {
	f.Add([]byte(`{"model":"m","messages":[{"role":"user","content":"hi"}]}`))
	f.Add([]byte(`{"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":[{"type":"text","text":"x"}]}],"stop":"x","tools":[{"type":"function","function":{"name":"f"}}]}`))
	f.Add([]byte(`{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},"bare",{"type":"input_audio","input_audio":{"data":"AA","format":"wav"}}]}],"tool_choice":{"type":"function","function":{"name":"f"}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var r llm.Request
		if client.DecodeRequest(&r, wire.Question{Body: body}) != nil {
			return
		}
		var n wire.Notes
		once, err := service.EncodeRequest(nil, &r, &n)
		if err != nil {
			return
		}
		var r2 llm.Request
		if err := client.DecodeRequest(&r2, wire.Question{Body: once}); err != nil {
			t.Fatalf("wrote what it does not read: %v\n%s\n%s", err, body, once)
		}
		twice, err := service.EncodeRequest(nil, &r2, &n)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%v\nonce  %s\ntwice %s", err, once, twice)
		}
	})
}

func FuzzResponse(f *testing.F) {
	f.Add([]byte(`{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi","refusal":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`))
	f.Add([]byte(`{"choices":[{"message":{"reasoning_details":[{"type":"reasoning.text","text":"a","signature":"s"}],"tool_calls":[{"function":{"name":"f","arguments":{}}}]}}]}`))
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
	f.Add([]byte("data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"hi\"}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"))
	f.Add([]byte("data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}},{\"index\":1,\"function\":{\"name\":\"g\"}}]}}]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\ndata: [DONE]\n\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		first, err := events(stream)
		if err != nil {
			return
		}
		second, err := events(encode(&llm.Request{IncludeUsage: true}, first))
		if len(first) > 0 && first[len(first)-1].Kind == llm.EventError {
			return
		}
		if err != nil {
			t.Fatalf("wrote what it does not read: %v\n%s", err, stream)
		}
		a, b := tell(first), tell(second)
		a.Usage, b.Usage = llm.Usage{}, llm.Usage{} // what is unknown is written as zero
		a.ID, b.ID, a.Model, b.Model = "", "", "", ""
		if !reflect.DeepEqual(a.Parts, b.Parts) {
			t.Fatalf("read  %+v\nagain %+v", a, b)
		}
	})
}
