package gemini_test

import (
	"bytes"
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

func FuzzRequest(f *testing.F) {
	for _, c := range roundTrips {
		f.Add([]byte(c.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		q := wire.Question{Path: "/v1beta/models/gemini-3-pro:streamGenerateContent", Body: body}
		r := &llm.Request{}
		if client.DecodeRequest(r, q) != nil {
			return
		}
		var n wire.Notes
		again, err := provider.EncodeRequest(nil, r, &n)
		if err != nil {
			t.Fatal(err)
		}
		if wire.Check(body) == nil {
			sameJSON(t, again, body)
		}
		second := &llm.Request{}
		q.Body = again
		if err := client.DecodeRequest(second, q); err != nil {
			t.Fatalf("%v\n%s", err, again)
		}
	})
}

func FuzzForeign(f *testing.F) {
	for _, c := range roundTrips {
		f.Add([]byte(c.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := &llm.Request{}
		if client.DecodeRequest(r, wire.Question{Body: body}) != nil {
			return
		}
		disown(reflect.ValueOf(r).Elem())
		r.Model = "gemini-3-pro"
		var n wire.Notes
		b, err := provider.EncodeRequest(nil, r, &n)
		if err != nil {
			t.Fatal(err)
		}
		if err := wire.Check(b); err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
	})
}

// disown makes everything another format's.
func disown(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			disown(field)
		}
	case reflect.Slice:
		for i := range v.Len() {
			disown(v.Index(i))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			disown(v.Elem())
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[llm.Format]() && v.String() == string(llm.Gemini) {
			v.SetString("elsewhere")
		}
	}
}

func FuzzResponse(f *testing.F) {
	for _, c := range answers {
		f.Add([]byte(c.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		provider.DecodeError(500, nil, body)
		a := &llm.Response{}
		if provider.DecodeResponse(a, body) != nil {
			return
		}
		again := client.EncodeResponse(nil, a, nil)
		sameJSON(t, again, body)
		disown(reflect.ValueOf(a).Elem())
		if b := client.EncodeResponse(nil, a, nil); wire.Check(b) != nil {
			t.Fatalf("%s", b)
		}
	})
}

// byChoice brings what is told of each choice together: which of them goes on
// first says nothing.
func byChoice(told string) string {
	lines := strings.Split(told, "\n")
	choice := func(line string) int {
		words := append(strings.Fields(line), "", "")
		head, _, _ := strings.Cut(words[1], ".")
		n, err := strconv.Atoi(head)
		if err != nil {
			return -1
		}
		return n
	}
	slices.SortStableFunc(lines, func(a, b string) int { return cmp.Compare(choice(a), choice(b)) })
	return strings.Join(lines, "\n")
}

func FuzzStream(f *testing.F) {
	f.Add([]byte(streamed))
	f.Add([]byte(pieces))
	f.Fuzz(func(t *testing.T, stream []byte) {
		list := bytes.Split(stream, []byte("\n"))
		events, err := decodeStream(list)
		if err != nil {
			return
		}
		again, err := decodeStream(messages(t, encodeStream(events, nil)))
		if err != nil {
			if events[len(events)-1].Kind == llm.EventError {
				return // it is not among the data
			}
			t.Fatalf("%v\n%s", err, encodeStream(events, nil))
		}
		got, want := byChoice(short(joined(ours(again)))), byChoice(short(joined(ours(events))))
		// Arguments told in pieces can come to no object, as where a path is
		// told twice. They go on as a text.
		if got != want && strings.Count(got, "_raw") == strings.Count(want, "_raw") {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		second, err := decodeStream(messages(t, encodeStream(again, arrayRequest(t))))
		if err != nil || !slices.Equal(lines(second), lines(again)) {
			t.Errorf("%v\ngot\n%s\nwant\n%s", err, short(second), short(again))
		}
	})
}

// ours leaves out what only the API knows: a call that came in pieces is
// written whole, so that such a member may come before it.
func ours(events []llm.Event) []llm.Event {
	var out []llm.Event
	for _, ev := range events {
		if ev.Kind != llm.EventOther {
			out = append(out, ev)
		}
	}
	return out
}
