package openaichat_test

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/openaichat"
)

// The bytes of an event hold until the next one is made; a proof is told later,
// in the id of the call that it leads to.
func TestProofOutlivesItsEvent(t *testing.T) {
	signature := `"c2lnbmF0dXJl"`
	want := wire.SealID("c1", []wire.Proof{{By: llm.Anthropic, Kind: llm.Thinking, Signature: llm.JSON(signature), Text: llm.JSON(`""`)}})
	for name, events := range map[string][]llm.Event{
		"with the part": {
			{Kind: llm.EventPart, Part: llm.Part{Kind: llm.Thinking, Signature: llm.JSON(signature), SignedBy: llm.Anthropic}},
		},
		"after the part": {
			{Kind: llm.EventPart, Part: llm.Part{Kind: llm.Thinking}},
			{Kind: llm.EventSign, Text: llm.JSON(signature), Part: llm.Part{SignedBy: llm.Anthropic}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openaichat.Client{}.NewStream(&llm.Request{})
			out := s.Encode(nil, &llm.Event{Kind: llm.EventStart, ID: "r"})
			for i := range events {
				out = s.Encode(out, &events[i])
				clear(events[i].Text)
				clear(events[i].Part.Signature)
			}
			call := llm.Part{Kind: llm.ToolCall, Call: &llm.Call{ID: "c1", Name: "f"}}
			out = s.Encode(out, &llm.Event{Kind: llm.EventPart, Index: 1, Part: call})
			if !bytes.Contains(out, []byte(`"id":"`+want+`"`)) {
				t.Errorf("no call %s in\n%s", want, out)
			}
		})
	}
}

// A call is told once its name has come, with what was said of it before.
func TestNameComesLater(t *testing.T) {
	chunk := func(calls string) string {
		return `{"id":"r","choices":[{"index":0,"delta":{"tool_calls":[` + calls + `]}}]}`
	}
	for _, tt := range []struct {
		name   string
		chunks []string
		want   string
	}{
		{"with the beginning", []string{`{"index":0,"id":"c","function":{"name":"f","arguments":""}}`, `{"index":0,"function":{"arguments":"{}"}}`}, "c f {}"},
		{"after the id", []string{`{"index":0,"id":"c","function":{"arguments":""}}`, `{"index":0,"function":{"name":"f","arguments":"{}"}}`}, "c f {}"},
		{"after arguments", []string{`{"index":0,"id":"c","function":{"arguments":"{\"a\":"}}`, `{"index":0,"function":{"name":"f","arguments":"1}"}}`}, `c f {"a":1}`},
		{"again and again", []string{`{"index":0,"id":"c","function":{"name":"f","arguments":"{"}}`, `{"index":0,"function":{"name":"f","arguments":"}"}}`}, "c f {}"},
		{"a custom tool's", []string{`{"index":0,"id":"c"}`, `{"index":0,"type":"custom","custom":{"name":"f","input":"x"}}`}, "c f x custom"},
		{"never", []string{`{"index":0,"id":"c","function":{"arguments":"{}"}}`}, "c  {}"},
		{"of two", []string{`{"index":0,"id":"c"},{"index":1,"id":"d","function":{"name":"g","arguments":"{}"}}`, `{"index":0,"function":{"name":"f","arguments":"{}"}}`}, "d g {}, c f {}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dec := service.NewStream()
			var got []*llm.Call
			at := map[int]*llm.Call{}
			for _, calls := range append(tt.chunks, "") {
				data := []byte(chunk(calls))
				if calls == "" {
					data = []byte("[DONE]")
				}
				events, err := dec.Decode(nil, wire.Message{Data: data})
				if err != nil {
					t.Fatal(err)
				}
				for i := range events {
					switch ev := &events[i]; ev.Kind {
					case llm.EventPart:
						c := *ev.Part.Call
						c.ID, c.Name = strings.Clone(c.ID), strings.Clone(c.Name)
						at[ev.Index] = &c
						got = append(got, &c)
					case llm.EventDelta:
						at[ev.Index].Args = append(at[ev.Index].Args, wire.TextBytes(ev.Text)...)
					default:
					}
				}
				clear(data)
			}
			var told []string
			for _, c := range got {
				text := c.ID + " " + c.Name + " " + string(c.Args)
				if c.Custom {
					text += " custom"
				}
				told = append(told, text)
			}
			if text := strings.Join(told, ", "); text != tt.want {
				t.Errorf("got %s, want %s", text, tt.want)
			}
		})
	}
}

// Whatever a service sends, little of it waits for names.
func TestWaitingIsBounded(t *testing.T) {
	const piece, calls = 60 << 10, 200
	long := strings.Repeat("x", piece)
	for name, call := range map[string]string{
		"arguments": `"id":"c","function":{"arguments":"` + long + `"}`,
		"ids":       `"id":"` + long + `"`,
		"proofs":    `"extra_content":{"google":{"thought_signature":"` + long + `"}}`,
	} {
		dec := service.NewStream()
		told := 0
		for i := range calls {
			chunk := `{"id":"r","choices":[{"index":` + strconv.Itoa(i%50) + `,"delta":{"tool_calls":[{"index":` + strconv.Itoa(i) + `,` + call + `}]}}]}`
			events, err := dec.Decode(nil, wire.Message{Data: []byte(chunk)})
			if err != nil {
				t.Fatal(err)
			}
			for i := range events {
				if events[i].Kind == llm.EventPart {
					told++
				}
			}
		}
		if kept := (calls - told) * piece; told == calls || kept > 1<<20 {
			t.Errorf("%s: %d bytes wait, %d calls were told", name, kept, told)
		}
	}
}

// A proof that came with a call before its name is told with it.
func TestProofBeforeName(t *testing.T) {
	const proof = `"extra_content":{"google":{"thought_signature":"p"}}`
	for _, pieces := range [][2]string{
		{`"id":"c",` + proof, `"function":{"name":"f"}`},
		{`"id":"c"`, `"function":{"name":"f"},` + proof},
	} {
		dec := service.NewStream()
		var got llm.Part
		for _, piece := range pieces {
			data := []byte(`{"id":"r","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,` + piece + `}]}}]}`)
			events, err := dec.Decode(nil, wire.Message{Data: data})
			if err != nil {
				t.Fatal(err)
			}
			for i := range events {
				if events[i].Kind == llm.EventPart {
					got = events[i].Part
					got.Signature = bytes.Clone(got.Signature)
				}
			}
			clear(data)
		}
		if string(got.Signature) != `"p"` || got.SignedBy != llm.Gemini || got.Call.ID != "c" || got.Call.Name != "f" {
			t.Errorf("%q: got %+v of %+v", pieces, got, got.Call)
		}
	}
}
