package cohere_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/cohere"
)

func clients() []wire.Client { return []wire.Client{cohere.V2Client{}, cohere.V1Client{}} }

func providers() []wire.Provider {
	return []wire.Provider{cohere.V2Provider{}, cohere.V1Provider{}, cohere.Generate{}}
}

// FuzzRequest: what is accepted comes out as it went in, or at least as
// something that stays what it is; every version can put it, or says why not.
func FuzzRequest(f *testing.F) {
	for _, q := range append(append([]string(nil), v2Questions...), v1Questions...) {
		f.Add([]byte(q))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for i, c := range clients() {
			var r llm.Request
			if err := c.DecodeRequest(&r, wire.Question{Body: body}); err != nil {
				continue
			}
			for _, p := range providers() {
				out, err := p.EncodeRequest(nil, &r, &wire.Notes{})
				if err == nil && !json.Valid(out) {
					t.Fatalf("%s: %s became %s", p.Format(), body, out)
				}
			}
			stays(t, c, providers()[i], &r)
		}
	})
}

func stays(t *testing.T, c wire.Client, p wire.Provider, r *llm.Request) {
	t.Helper()
	first, err := p.EncodeRequest(nil, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.EncodeRequest(nil, asked(t, c, string(first)), nil)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "written again", again, first)
}

// FuzzResponse: an error or an answer; an answer can be told in each version.
func FuzzResponse(f *testing.F) {
	for _, a := range append(append([]string(nil), v2Answers...), v1Answers...) {
		f.Add([]byte(a))
	}
	f.Add([]byte(`{"generations":[{"text":"A","finish_reason":"COMPLETE"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for i, p := range providers() {
			p.DecodeError(500, nil, body)
			var a llm.Response
			if err := p.DecodeResponse(&a, body); err != nil {
				continue
			}
			for k, c := range clients() {
				out := c.EncodeResponse(nil, &a, nil)
				if !json.Valid(out) {
					t.Fatalf("%s: %s became %s", c.Format(), body, out)
				}
				if i == k && a.Extra.From == p.Format() {
					same(t, "told again", c.EncodeResponse(nil, answered(t, p, string(out)), nil), out)
				}
			}
		}
	})
}

// FuzzStream: what can be read can be told in each version, and read again as
// the same.
func FuzzStream(f *testing.F) {
	f.Add([]byte(v2Stream))
	f.Add([]byte(v1Stream))
	f.Fuzz(func(t *testing.T, stream []byte) {
		for i, p := range providers() {
			events, err := heard(p.NewStream(), string(stream))
			if err != nil {
				continue
			}
			for k, c := range clients() {
				out := told(c.NewStream(nil), events)
				again, err := heard(providers()[k].NewStream(), out)
				if err != nil {
					t.Fatalf("%v: %s became %s", err, stream, out)
				}
				if i == k && len(events) > 1 && show(again) != show(events) {
					t.Errorf("%s\nat first:\n%s\nagain:\n%s", out, show(events), show(again))
				}
			}
		}
	})
}

// FuzzStreamOrder puts messages in any order.
func FuzzStreamOrder(f *testing.F) {
	v2, v1 := messages(v2Stream), messages(v1Stream)
	v2 = append(v2, messages(`{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"image","x":1}}}}
{"type":"content-delta","index":1,"delta":{"message":{"content":{"thinking":"x"}}}}
{"type":"citation-start","delta":{"message":{"citations":{"start":1}}}}
{"type":"tool-call-start","index":1,"delta":{"message":{"tool_calls":{"function":{"arguments":"{"}}}}}
{"type":"debug","prompt":"x"}`)...)
	v1 = append(v1, messages(`{"event_type":"text-generation","text":"A"}
{"event_type":"tool-calls-chunk","tool_call_delta":{"index":1,"name":"h","parameters":"{"}}
{"event_type":"stream-end","response":{"text":"A","tool_calls":[{"name":"f","parameters":null}]}}`)...)
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13})
	f.Fuzz(func(t *testing.T, picks []byte) {
		for i, all := range [][]wire.Message{v2, v1} {
			var events []llm.Event
			var err error
			d := providers()[i].NewStream()
			for _, pick := range picks[:min(len(picks), 64)] {
				if events, err = d.Decode(events, all[int(pick)%len(all)]); err != nil {
					t.Fatal(err)
				}
			}
			if _, err = d.End(nil); err != nil {
				continue
			}
			for k, c := range clients() {
				out := told(c.NewStream(nil), events)
				again, err := heard(providers()[k].NewStream(), out)
				if err != nil {
					t.Fatalf("%v in %s", err, out)
				}
				if i == k && show(again) != show(events) {
					t.Errorf("%s\nat first:\n%s\nagain:\n%s", out, show(events), show(again))
				}
			}
		}
	})
}
