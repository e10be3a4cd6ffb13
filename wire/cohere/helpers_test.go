package cohere_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// same fails unless got and want are the same JSON value.
func same(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if !equal(t, got, want) {
		t.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
}

func equal(t testing.TB, a, b []byte) bool {
	t.Helper()
	return reflect.DeepEqual(value(t, a), value(t, b))
}

func value(t testing.TB, raw []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return v
}

// asked decodes a question.
func asked(t testing.TB, c wire.Client, body string) *llm.Request {
	t.Helper()
	var r llm.Request
	if err := c.DecodeRequest(&r, wire.Question{Body: []byte(body)}); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return &r
}

// put encodes a question and gives the notes as texts.
func put(t testing.TB, p wire.Provider, r *llm.Request) (body []byte, notes []string) {
	t.Helper()
	var n wire.Notes
	body, err := p.EncodeRequest(nil, r, &n)
	if err != nil {
		t.Fatal(err)
	}
	for _, note := range n.List() {
		if note.Changed {
			notes = append(notes, note.Field+": "+note.How)
		} else {
			notes = append(notes, note.Field)
		}
	}
	return body, notes
}

// answered decodes an answer.
func answered(t testing.TB, p wire.Provider, body string) *llm.Response {
	t.Helper()
	var a llm.Response
	if err := p.DecodeResponse(&a, []byte(body)); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return &a
}

// messages takes a stream out of its frames: events, or lines.
func messages(stream string) []wire.Message {
	var all []wire.Message
	name := ""
	for line := range strings.Lines(stream) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "event:"):
			name = strings.TrimSpace(line[len("event:"):])
		case strings.HasPrefix(line, "data:"):
			all = append(all, wire.Message{Name: name, Data: []byte(strings.TrimSpace(line[len("data:"):]))})
		case line == "":
			name = ""
		case strings.HasPrefix(line, "{"):
			all = append(all, wire.Message{Data: []byte(line)})
		}
	}
	return all
}

// heard decodes a stream; its events keep.
func heard(d wire.StreamDecoder, stream string) ([]llm.Event, error) {
	var all []llm.Event
	for _, m := range messages(stream) {
		events, err := d.Decode(nil, m)
		all = append(all, events...)
		if err != nil {
			return all, err
		}
	}
	events, err := d.End(nil)
	return append(all, events...), err
}

// told encodes a stream.
func told(e wire.StreamEncoder, events []llm.Event) string {
	var out []byte
	for i := range events {
		out = e.Encode(out, &events[i])
	}
	return string(out)
}

// show is a stream's events, one a line, for comparing.
func show(events []llm.Event) string {
	var b strings.Builder
	for i := range events {
		raw, err := json.Marshal(shown(&events[i]))
		if err != nil {
			raw = []byte(err.Error())
		}
		fmt.Fprintf(&b, "%s\n", raw)
	}
	return b.String()
}

// shown makes raw JSON of an event readable: white space between tokens does
// not count.
func shown(ev *llm.Event) any {
	v := reflect.ValueOf(ev).Elem()
	return plainly(v)
}

func plainly(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return plainly(v.Elem())
	case reflect.Struct:
		m := map[string]any{}
		for i := range v.NumField() {
			if !v.Field(i).IsZero() {
				m[v.Type().Field(i).Name] = plainly(v.Field(i))
			}
		}
		return m
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return jsonOr(v.Bytes())
		}
		list := []any{}
		for i := range v.Len() {
			list = append(list, plainly(v.Index(i)))
		}
		return list
	default:
		return v.Interface()
	}
}

func jsonOr(raw []byte) any {
	var v any
	if json.Unmarshal(raw, &v) == nil {
		return v
	}
	return string(raw)
}
