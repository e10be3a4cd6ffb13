package openairesponses_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

func FuzzRequest(f *testing.F) {
	f.Add(`{"model":"m","instructions":"i","input":[{"role":"user","content":"x"},{"type":"reasoning","id":"r","summary":[{"type":"summary_text","text":"t"}],"encrypted_content":"e"},{"type":"function_call","call_id":"c","name":"n","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":[{"type":"input_text","text":"x"}]}],"tools":[{"type":"function","name":"n","parameters":{}}],"tool_choice":{"type":"function","name":"n"}}`)
	f.Add(`{"input":[{"role":"assistant","content":[{"type":"output_text","text":"x","annotations":[]}]},{"type":"item_reference","id":"x"}],"text":{"format":{"type":"json_schema"}},"reasoning":{"effort":"low"}}`)
	f.Add(`{"input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,QQ=="},{"type":"input_file","file_data":"x","filename":"a.pdf"},{"type":"input_audio","input_audio":{"data":"x","format":"mp3"}}]}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		r := &llm.Request{}
		err := client.DecodeRequest(r, wire.Question{Body: []byte(body)})
		if err != nil {
			if _, ok := err.(*wire.Invalid); !ok {
				t.Fatalf("%T", err)
			}
			return
		}
		again, err := provider.EncodeRequest(nil, r, nil)
		if err != nil {
			t.Fatal(err)
		}
		second := &llm.Request{}
		if err := client.DecodeRequest(second, wire.Question{Body: again}); err != nil {
			t.Fatalf("%v in %s", err, again)
		}
		third, err := provider.EncodeRequest(nil, second, nil)
		if err != nil {
			t.Fatal(err)
		}
		sameJSON(t, third, again)
	})
}

func FuzzResponse(f *testing.F) {
	f.Add(`{"id":"r","status":"completed","model":"m","created_at":1,"output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"x","annotations":[],"logprobs":[{}]}]},{"type":"function_call","call_id":"c","name":"n","arguments":"{}"}],"usage":{"input_tokens":1,"input_tokens_details":{"cached_tokens":1}},"output_text":"x"}`)
	f.Add(`{"output":[{"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"x"}]},{"type":"x"}],"status":"incomplete","incomplete_details":{"reason":"content_filter"}}`)
	f.Fuzz(func(t *testing.T, body string) {
		a := &llm.Response{}
		if err := provider.DecodeResponse(a, []byte(body)); err != nil {
			return
		}
		again := client.EncodeResponse(nil, a, nil)
		second := &llm.Response{}
		if err := provider.DecodeResponse(second, again); err != nil {
			t.Fatalf("%v in %s", err, again)
		}
		sameJSON(t, client.EncodeResponse(nil, second, nil), again)
	})
}

func FuzzStream(f *testing.F) {
	f.Add(created + "\n" + `{"type":"response.output_item.added","output_index":0,"item":{"type":"message","role":"assistant","content":[]}}` + "\n" +
		`{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"a"}` + "\n" + completed)
	f.Add(`{"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","summary":[{"type":"summary_text","text":"a"},{"text":"b"}],"content":[{"text":"c"}],"encrypted_content":"E"}}` + "\n" + completed)
	f.Add(`{"type":"response.reasoning_text.delta","delta":"a"}` + "\n" + `{"type":"response.reasoning_summary_text.delta","delta":"b"}` + "\n" + `{"type":"x"}` + "\n" + completed)
	f.Add(`{"type":"error","code":"c","message":"m"}`)
	f.Fuzz(func(t *testing.T, body string) {
		evs, err := quick(lines(strings.Split(body, "\n")...))
		if err != nil {
			return
		}
		again, err := quick(messages(encodeStream(evs, nil)))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := told(again), told(evs); !reflect.DeepEqual(got, want) {
			t.Errorf("\n got %v\nwant %v", got, want)
		}
	})
}

// told is what the events come to: texts, calls, signatures and the end.
func told(list []llm.Event) map[int][4]string {
	out := map[int][4]string{}
	for i := range list {
		ev := &list[i]
		p := out[ev.Index]
		switch ev.Kind {
		case llm.EventPart:
			p[0] = string(rune('A' + ev.Part.Kind))
			if ev.Part.Call != nil {
				p[0] += ev.Part.Call.ID + "/" + ev.Part.Call.Name
			}
		case llm.EventDelta:
			p[1] += wire.Text(ev.Text)
		case llm.EventSign:
			p[2] = wire.Text(ev.Text)
		case llm.EventCite:
			p[3] += "c"
		case llm.EventFinish:
			out[-1] = [4]string{ev.Reason, string(rune('0' + ev.Finish))}
			continue
		case llm.EventError:
			out[-2] = [4]string{ev.Err.Message, ev.Err.Code}
			continue
		case llm.EventUsage:
			out[-3] = [4]string{string(rune(ev.Usage.Total))}
			continue
		default:
			continue
		}
		out[ev.Index] = p
	}
	return out
}
