package gemini_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/gemini"
)

var (
	client   gemini.Client
	provider gemini.Provider
)

// value is JSON as a value, for comparing.
func value(t testing.TB, body []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("no JSON: %v\n%s", err, body)
	}
	return v
}

func sameJSON(t testing.TB, got, want []byte) {
	t.Helper()
	if !reflect.DeepEqual(value(t, got), value(t, want)) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func question(body string) wire.Question {
	return wire.Question{Path: "/v1beta/models/gemini-2.5-flash:generateContent", Body: []byte(body)}
}

func decodeRequest(t testing.TB, body string) *llm.Request {
	t.Helper()
	r := &llm.Request{}
	if err := client.DecodeRequest(r, question(body)); err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	return r
}

// encodeRequest gives the body and the notes, one a line.
func encodeRequest(t testing.TB, r *llm.Request) (body []byte, notes string) {
	t.Helper()
	var n wire.Notes
	body, err := provider.EncodeRequest(nil, r, &n)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, note := range n.List() {
		line := note.Field
		if note.Changed {
			line += ": " + note.How
		}
		lines = append(lines, line)
	}
	return body, strings.Join(lines, "\n")
}

func decodeResponse(t testing.TB, body string) *llm.Response {
	t.Helper()
	a := &llm.Response{}
	if err := provider.DecodeResponse(a, []byte(body)); err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	return a
}

// messages takes a stream out of its frames.
func messages(t testing.TB, stream []byte) [][]byte {
	t.Helper()
	if s := bytes.TrimSpace(stream); len(s) > 0 && s[0] == '[' {
		var list []json.RawMessage
		if err := json.Unmarshal(s, &list); err != nil {
			t.Fatalf("no array: %v\n%s", err, s)
		}
		var out [][]byte
		for _, m := range list {
			out = append(out, m)
		}
		return out
	}
	var out [][]byte
	for line := range strings.SplitSeq(strings.ReplaceAll(string(stream), "\r\n", "\n"), "\n") {
		if data, ok := strings.CutPrefix(line, "data:"); ok {
			out = append(out, []byte(data))
		}
	}
	return out
}

// events decodes messages; each event is a line that holds all of it.
func decodeStream(list [][]byte) ([]llm.Event, error) {
	d := provider.NewStream()
	var all []llm.Event
	for _, m := range list {
		events, err := d.Decode(nil, wire.Message{Data: m})
		all = append(all, events...)
		if err != nil {
			return all, err
		}
	}
	events, err := d.End(nil)
	return append(all, events...), err
}

func encodeStream(events []llm.Event, r *llm.Request) []byte {
	e := client.NewStream(r)
	var out []byte
	for i := range events {
		out = e.Encode(out, &events[i])
	}
	return out
}

// joined makes one of deltas that follow each other: where they are cut means
// nothing.
func joined(events []llm.Event) []llm.Event {
	var out []llm.Event
	for _, ev := range events {
		if n := len(out) - 1; ev.Kind == llm.EventDelta && n >= 0 && out[n].Kind == llm.EventDelta &&
			out[n].Choice == ev.Choice && out[n].Index == ev.Index {
			out[n].Text = wire.Join("", out[n].Text, ev.Text)
			continue
		}
		out = append(out, ev)
	}
	return out
}

func lines(events []llm.Event) []string {
	var out []string
	for _, ev := range joined(events) {
		b, err := json.Marshal(ev)
		if err != nil {
			panic(err)
		}
		out = append(out, string(b))
	}
	return out
}

// short tells what events say, one a line.
func short(events []llm.Event) string {
	var b strings.Builder
	for _, ev := range events {
		at := fmt.Sprintf("%d.%d", ev.Choice, ev.Index)
		switch ev.Kind {
		case llm.EventStart:
			fmt.Fprintln(&b, "start", ev.ID, ev.Model)
		case llm.EventPart:
			fmt.Fprint(&b, "part ", at, " ", ev.Part.Kind)
			if c := ev.Part.Call; c != nil {
				fmt.Fprint(&b, " ", c.ID, " ", c.Name)
			}
			if sig := ev.Part.Signature; sig != nil {
				fmt.Fprint(&b, " ", string(sig), " ", ev.Part.SignedBy)
			}
			fmt.Fprintln(&b)
		case llm.EventDelta:
			fmt.Fprintln(&b, "delta", at, string(ev.Text))
		case llm.EventSign:
			fmt.Fprintln(&b, "sign", at, string(ev.Text), ev.Part.SignedBy)
		case llm.EventCite:
			fmt.Fprintln(&b, "cite", at, string(ev.Citation.URL), ev.Citation.Start, ev.Citation.End)
		case llm.EventPartEnd:
			fmt.Fprintln(&b, "end", at)
		case llm.EventFinish:
			fmt.Fprintln(&b, "finish", ev.Choice, ev.Finish, ev.Reason)
		case llm.EventUsage:
			fmt.Fprintln(&b, "usage", ev.Usage.Prompt, ev.Usage.Completion, ev.Usage.Total)
		case llm.EventLogprobs:
			fmt.Fprintln(&b, "logprobs", ev.Choice, string(ev.Text))
		case llm.EventError:
			fmt.Fprintln(&b, "error", ev.Err.Status, ev.Err.Message)
		case llm.EventOther:
			fmt.Fprintln(&b, "other", ev.Name, string(ev.Text))
		case llm.EventEnd:
			fmt.Fprintln(&b, "over")
		}
	}
	return b.String()
}

func want(t testing.TB, got, want string) {
	t.Helper()
	if strings.TrimSpace(got) != strings.TrimSpace(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
