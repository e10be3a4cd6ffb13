package openairesponses_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/openairesponses"
)

var (
	client   = openairesponses.Client{}
	provider = openairesponses.Provider{}
)

// value is a JSON text for comparing.
func value(t testing.TB, text []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v in %.200s", err, text)
	}
	return v
}

func sameJSON(t testing.TB, got, want []byte) {
	t.Helper()
	if g, w := value(t, got), value(t, want); !reflect.DeepEqual(g, w) {
		t.Errorf("%s\n got %.6000s\nwant %.6000s", difference("", g, w), got, want)
	}
}

// difference tells where two values differ first.
func difference(path string, a, b any) string {
	switch x := a.(type) {
	case map[string]any:
		if y, ok := b.(map[string]any); ok {
			for k := range x {
				if _, ok := y[k]; !ok {
					return path + "." + k + " is too much"
				}
				if !reflect.DeepEqual(x[k], y[k]) {
					return difference(path+"."+k, x[k], y[k])
				}
			}
			for k := range y {
				if _, ok := x[k]; !ok {
					return path + "." + k + " is missing"
				}
			}
		}
	case []any:
		if y, ok := b.([]any); ok {
			for i := range min(len(x), len(y)) {
				if !reflect.DeepEqual(x[i], y[i]) {
					return difference(path+"[]", x[i], y[i])
				}
			}
			return path + " has another length"
		}
	}
	return path + " differs"
}

func decode(t testing.TB, body string) *llm.Request {
	t.Helper()
	r := &llm.Request{}
	if err := client.DecodeRequest(r, wire.Question{Body: []byte(body)}); err != nil {
		t.Fatal(err)
	}
	return r
}

func encode(t testing.TB, r *llm.Request) (body []byte, notes []wire.Note) {
	t.Helper()
	var n wire.Notes
	body, err := provider.EncodeRequest(nil, r, &n)
	if err != nil {
		t.Fatal(err)
	}
	return body, n.List()
}

func noteNames(notes []wire.Note) []string {
	var names []string
	for _, n := range notes {
		names = append(names, n.Field)
	}
	return names
}

func answer(t testing.TB, body string) *llm.Response {
	t.Helper()
	a := &llm.Response{}
	if err := provider.DecodeResponse(a, []byte(body)); err != nil {
		t.Fatal(err)
	}
	return a
}

// messages takes a stream of server-sent events apart.
func messages(stream string) []wire.Message {
	var out []wire.Message
	stream = strings.ReplaceAll(stream, "\r\n", "\n")
	for frame := range strings.SplitSeq(stream, "\n\n") {
		m := wire.Message{}
		some := false
		for line := range strings.SplitSeq(frame, "\n") {
			name, v, _ := strings.Cut(line, ":")
			v = strings.TrimPrefix(v, " ")
			switch name {
			case "event":
				m.Name = v
			case "data":
				m.Data = append(m.Data, v...)
				some = true
			}
		}
		if some {
			out = append(out, m)
		}
	}
	return out
}

// events decodes a stream; the events are copies.
func events(list []wire.Message) ([]llm.Event, error) {
	d := provider.NewStream()
	var out []llm.Event
	for _, m := range list {
		data := bytes.Clone(m.Data)
		got, err := d.Decode(nil, wire.Message{Name: m.Name, Data: data})
		if err != nil {
			return out, err
		}
		for i := range got {
			out = append(out, copied(got[i]))
		}
		clear(data)
	}
	got, err := d.End(nil)
	return append(out, got...), err
}

// quick is events without copies.
func quick(list []wire.Message) (out []llm.Event, err error) {
	d := provider.NewStream()
	for _, m := range list {
		if out, err = d.Decode(out, m); err != nil {
			return out, err
		}
	}
	return d.End(out)
}

// copied is an event whose bytes hold for ever, in a shape that can be
// compared.
func copied(ev llm.Event) llm.Event {
	text, err := json.Marshal(flat(reflect.ValueOf(ev)))
	if err != nil {
		panic(err)
	}
	var out llm.Event
	if err := json.Unmarshal(text, &out); err != nil {
		panic(err)
	}
	return out
}

// flat makes JSON values comparable: their bytes become those of the
// canonical spelling.
func flat(v reflect.Value) any {
	if v.Type() == reflect.TypeFor[llm.JSON]() {
		if v.IsNil() {
			return nil
		}
		var x any
		if err := json.Unmarshal(v.Bytes(), &x); err != nil {
			return "not JSON: " + string(v.Bytes())
		}
		b, _ := json.Marshal(x)
		return b
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return flat(v.Elem())
	case reflect.Struct:
		out := map[string]any{}
		for i := range v.NumField() {
			out[v.Type().Field(i).Name] = flat(v.Field(i))
		}
		return out
	case reflect.Slice:
		if v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 {
			return v.Interface()
		}
		out := make([]any, v.Len())
		for i := range out {
			out[i] = flat(v.Index(i))
		}
		return out
	}
	return v.Interface()
}

func encodeStream(list []llm.Event, r *llm.Request) string {
	e := client.NewStream(r)
	var out []byte
	for i := range list {
		out = e.Encode(out, &list[i])
	}
	return string(out)
}

func show(ev llm.Event) string {
	b, _ := json.Marshal(printable(reflect.ValueOf(ev)))
	return string(b)
}

func printable(v reflect.Value) any {
	if v.Type() == reflect.TypeFor[llm.JSON]() {
		return string(v.Bytes())
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return printable(v.Elem())
	case reflect.Struct:
		out := map[string]any{}
		for i := range v.NumField() {
			if f := v.Field(i); !f.IsZero() {
				out[v.Type().Field(i).Name] = printable(f)
			}
		}
		return out
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return string(v.Bytes())
		}
		out := make([]any, v.Len())
		for i := range out {
			out[i] = printable(v.Index(i))
		}
		return out
	}
	return v.Interface()
}

func sameEvents(t testing.TB, got, want []llm.Event) {
	t.Helper()
	for i := range min(len(got), len(want)) {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("event %d\n got %.3000s\nwant %.3000s", i, show(got[i]), show(want[i]))
			return
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d events, want %d", len(got), len(want))
	}
}

// steps is what a list of events tells, in short.
func steps(list []llm.Event) string {
	names := [...]string{"start", "part", "delta", "sign", "cite", "end", "finish", "usage", "logprobs", "error", "END", "other"}
	var out []string
	for i := range list {
		s := names[list[i].Kind]
		switch list[i].Kind {
		case llm.EventPart, llm.EventPartEnd, llm.EventDelta, llm.EventSign, llm.EventCite:
			s += string(rune('0' + list[i].Index))
		}
		if list[i].Kind == llm.EventDelta {
			s += "=" + wire.Text(list[i].Text)
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
