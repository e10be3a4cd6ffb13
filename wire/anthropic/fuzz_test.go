package anthropic_test

import (
	"reflect"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/anthropic"
)

// FuzzRequest: a question that is understood goes out as JSON that is
// understood in the same way, whatever it held.
func FuzzRequest(f *testing.F) {
	for _, v := range requests {
		f.Add([]byte(v.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, api := range []anthropic.Messages{anthropic.New(), anthropic.Hosted(anthropic.VertexVersion)} {
			var r llm.Request
			if err := api.Client.DecodeRequest(&r, wire.Question{Path: "/models/m:rawPredict", Body: body}); err != nil {
				if _, ok := err.(*wire.Invalid); !ok || err.Error() == "" {
					t.Fatalf("error %T %v", err, err)
				}
				return
			}
			once := encode(t, api, &r)
			var again llm.Request
			if err := api.Client.DecodeRequest(&again, wire.Question{Path: "/models/m:rawPredict", Body: once}); err != nil {
				t.Fatalf("%v in %s", err, once)
			}
			sameJSON(t, encode(t, api, &again), once)
			// As the question of another format: nothing of it is our own.
			r.Extra.From = "other"
			encode(t, api, &r)
			if out, err := (anthropic.Text{}).EncodeRequest(nil, &r, nil); err == nil {
				wellFormed(t, out)
			}
		}
	})
}

func encode(tb testing.TB, api anthropic.Messages, r *llm.Request) []byte {
	tb.Helper()
	var n wire.Notes
	out, err := api.Provider.EncodeRequest(nil, r, &n)
	if err != nil {
		tb.Fatal(err)
	}
	wellFormed(tb, out)
	return out
}

func wellFormed(tb testing.TB, out []byte) {
	tb.Helper()
	if err := wire.Check(out); err != nil {
		tb.Fatalf("%v in %s", err, out)
	}
}

// FuzzResponse is FuzzRequest for plain answers and errors.
func FuzzResponse(f *testing.F) {
	for _, v := range answers {
		f.Add([]byte(v))
	}
	for _, v := range errorBodies {
		f.Add([]byte(v.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		api := anthropic.New()
		if e := api.Provider.DecodeError(500, nil, body); e.Message == "" {
			t.Error("an error without message")
		}
		_ = (anthropic.Text{}).DecodeResponse(&llm.Response{}, body)
		var a llm.Response
		if err := api.Provider.DecodeResponse(&a, body); err != nil {
			return
		}
		once := api.Client.EncodeResponse(nil, &a, nil)
		wellFormed(t, once)
		var again llm.Response
		if err := api.Provider.DecodeResponse(&again, once); err != nil {
			t.Fatalf("%v in %s", err, once)
		}
		sameJSON(t, api.Client.EncodeResponse(nil, &again, nil), once)
	})
}

// FuzzStream: what a stream tells is what it tells when it was passed on.
func FuzzStream(f *testing.F) {
	for _, v := range streams {
		f.Add([]byte(v))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		api := anthropic.New()
		events, err := feed(api.Provider.NewStream(), messages(stream))
		if err == nil {
			checkOrder(t, events)
		} else {
			broken := &llm.Error{Status: 500, Type: "api_error", Message: "broken off"}
			events = append(events, llm.Event{Kind: llm.EventError, Err: broken})
		}
		passed := relay(api.Client.NewStream(nil), events)
		for _, m := range messages(passed) {
			wellFormed(t, m.Data)
		}
		again, _ := feed(api.Provider.NewStream(), messages(passed))
		if got, want := transcript(again), transcript(events); !reflect.DeepEqual(got, want) {
			t.Errorf("got  %s\nwant %s\nin %s", show(got), show(want), passed)
		}
		_, _ = feed(anthropic.Text{}.NewStream(), messages(stream))
	})
}

// told is what a stream says in all.
type told struct {
	ID, Model, Error string
	Parts            []toldPart
	Finish           llm.Finish
	Reason           string
	Stop             string
	Ended            bool
	Prompt, Answer   int64
}

type toldPart struct {
	Kind                   llm.Kind
	Text, Sign, Call, Rest string
	Cites                  int
	Ended                  bool
}

func transcript(events []llm.Event) told {
	out := told{}
	for _, ev := range events {
		var p *toldPart
		if ev.Index < len(out.Parts) {
			p = &out.Parts[ev.Index]
		}
		switch ev.Kind {
		case llm.EventStart:
			out.ID, out.Model = ev.ID, ev.Model
		case llm.EventPart:
			part := toldPart{Kind: ev.Part.Kind, Text: wire.Text(ev.Part.Text), Sign: wire.Text(ev.Part.Signature), Rest: string(ev.Part.Raw)}
			if c := ev.Part.Call; c != nil {
				part.Call = c.ID + " " + c.Name
			}
			out.Parts = append(out.Parts, part)
		case llm.EventDelta:
			p.Text += string(ev.Text[1 : len(ev.Text)-1])
		case llm.EventSign:
			p.Sign += wire.Text(ev.Text)
		case llm.EventCite:
			p.Cites++
		case llm.EventPartEnd:
			p.Ended = true
		case llm.EventFinish:
			out.Finish, out.Reason, out.Stop = ev.Finish, ev.Reason, string(ev.StopSequence)
		case llm.EventUsage:
			out.Prompt, out.Answer = max(ev.Usage.Prompt, 0), max(ev.Usage.Completion, 0)
		case llm.EventError:
			out.Error = ev.Err.Message
		case llm.EventEnd:
			out.Ended = true
		}
	}
	// What comes before the end may wait for it, or be a placeholder.
	if !out.Ended {
		out.Answer, out.Finish, out.Reason, out.Stop = 0, llm.Unfinished, "", ""
	}
	return out
}
