package bedrock_test

import (
	"testing"

	"github.com/sluice-gateway/sluice/llm"
)

func TestCorpus(t *testing.T) {
	requests, answers, streams, errs := 0, 0, 0, 0
	for _, x := range corpus(t, "bedrock.converse") {
		t.Run(x.ID, func(t *testing.T) {
			if x.Request.Recorded && string(x.Request.Body) != "null" {
				requests++
				corpusRequest(t, &x)
			}
			switch {
			case x.Response.Status != 200:
				errs++
				e := provider.DecodeError(x.Response.Status, x.header, x.body())
				if e.Message == "" || e.Status != x.Response.Status {
					t.Errorf("%+v", e)
				}
			case x.Response.StreamFile != "":
				streams++
				corpusStream(t, &x)
			default:
				answers++
				corpusAnswer(t, &x)
			}
		})
	}
	t.Logf("%d requests, %d answers, %d streams, %d errors", requests, answers, streams, errs)
}

func corpusRequest(t *testing.T, x *exchange) {
	t.Helper()
	r := decodeRequest(t, x.Request.Path, string(x.Request.Body))
	if r.Model == "" || r.Stream != (x.Streaming || x.Request.Path[len(x.Request.Path)-7:] == "-stream") {
		t.Errorf("model %q, stream %v of %s", r.Model, r.Stream, x.Request.Path)
	}
	got, notes := encodeRequest(t, r)
	sameJSON(t, "request", []byte(got), x.Request.Body)
	if len(notes) > 0 {
		t.Errorf("notes: %s", noted(notes))
	}
}

func corpusAnswer(t *testing.T, x *exchange) {
	t.Helper()
	var a llm.Response
	if err := provider.DecodeResponse(&a, x.body()); err != nil {
		t.Fatal(err)
	}
	sameJSON(t, "answer", client.EncodeResponse(nil, &a, &llm.Request{}), x.body())
	if u := a.Usage; u.Prompt < 0 || u.Completion < 0 || u.Total != u.Prompt+u.Completion {
		t.Errorf("usage %+v", u)
	}
}

func corpusStream(t *testing.T, x *exchange) {
	t.Helper()
	list := x.stream(t)
	want, err := events(list)
	if err != nil {
		t.Fatal(err)
	}
	again := stream(want)
	got, err := events(messages(t, again))
	if err != nil {
		t.Fatal(err)
	}
	sameEvents(t, "stream", got, want)
	checkOrder(t, want)
}

// checkOrder looks for what llm.EventKind promises.
func checkOrder(t testing.TB, list []llm.Event) {
	t.Helper()
	open := map[int]bool{}
	next := 0
	for i, ev := range list {
		if (ev.Kind == llm.EventStart) != (i == 0) || (ev.Kind == llm.EventEnd) != (i == len(list)-1) {
			t.Errorf("event %d is of kind %d", i, ev.Kind)
		}
		switch ev.Kind {
		case llm.EventPart:
			if ev.Index != next {
				t.Errorf("part %d, want %d", ev.Index, next)
			}
			open[ev.Index] = true
			next++
		case llm.EventDelta, llm.EventSign, llm.EventCite:
			if !open[ev.Index] {
				t.Errorf("delta of part %d, which is not open", ev.Index)
			}
		case llm.EventPartEnd:
			delete(open, ev.Index)
		case llm.EventFinish:
			if len(open) > 0 {
				t.Errorf("parts are open at the end: %v", open)
			}
		}
	}
}
