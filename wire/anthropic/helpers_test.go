package anthropic_test

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

// sameJSON fails unless both are the same JSON value.
func sameJSON(tb testing.TB, got, want []byte) {
	tb.Helper()
	if diff := jsonDiff(value(tb, want), value(tb, got), "$"); diff != "" {
		tb.Errorf("%s\n got  %s\n want %s", diff, got, want)
	}
}

func value(tb testing.TB, raw []byte) any {
	tb.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		tb.Fatalf("%v in %s", err, raw)
	}
	return v
}

func jsonDiff(want, got any, at string) string {
	w, isObject := want.(map[string]any)
	g, alsoObject := got.(map[string]any)
	if isObject && alsoObject {
		for k := range w {
			if _, ok := g[k]; !ok {
				return at + "." + k + " is missing"
			}
			if d := jsonDiff(w[k], g[k], at+"."+k); d != "" {
				return d
			}
		}
		for k := range g {
			if _, ok := w[k]; !ok {
				return at + "." + k + " is too much"
			}
		}
		return ""
	}
	wl, isList := want.([]any)
	gl, alsoList := got.([]any)
	if isList && alsoList && len(wl) == len(gl) {
		for i := range wl {
			if d := jsonDiff(wl[i], gl[i], fmt.Sprintf("%s[%d]", at, i)); d != "" {
				return d
			}
		}
		return ""
	}
	if !reflect.DeepEqual(want, got) {
		return fmt.Sprintf("%s is %v, want %v", at, got, want)
	}
	return ""
}

// messages takes server-sent events out of their frames.
func messages(stream []byte) []wire.Message {
	var list []wire.Message
	text := strings.ReplaceAll(string(stream), "\r\n", "\n")
	for frame := range strings.SplitSeq(text, "\n\n") {
		var m wire.Message
		var data []string
		for line := range strings.SplitSeq(frame, "\n") {
			name, rest, _ := strings.Cut(line, ":")
			rest = strings.TrimPrefix(rest, " ")
			switch name {
			case "event":
				m.Name = rest
			case "data":
				data = append(data, rest)
			}
		}
		if data != nil {
			m.Data = []byte(strings.Join(data, "\n"))
			list = append(list, m)
		}
	}
	return list
}

// feed decodes messages. Each is handed over in memory that is spoilt
// afterwards, so an event that refers to it later than it may is found out.
func feed(d wire.StreamDecoder, list []wire.Message) ([]llm.Event, error) {
	var all []llm.Event
	for _, m := range list {
		data := bytes.Clone(m.Data)
		events, err := d.Decode(nil, wire.Message{Name: m.Name, Data: data})
		all = append(all, keep(events)...)
		for i := range data {
			data[i] = '!'
		}
		if err != nil {
			return all, err
		}
	}
	events, err := d.End(nil)
	return append(all, keep(events)...), err
}

// keep copies events.
func keep(events []llm.Event) []llm.Event {
	kept := make([]llm.Event, len(events))
	for i := range events {
		kept[i] = deepCopy(reflect.ValueOf(events[i])).Interface().(llm.Event)
	}
	return kept
}

func deepCopy(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		out.SetString(strings.Clone(v.String()))
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(deepCopy(v.Elem()))
		}
	case reflect.Slice:
		if !v.IsNil() {
			out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
			for i := range v.Len() {
				out.Index(i).Set(deepCopy(v.Index(i)))
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			out.Field(i).Set(deepCopy(v.Field(i)))
		}
	default:
		out.Set(v)
	}
	return out
}

// relay writes events as a stream, each from memory that is spoilt afterwards.
func relay(enc wire.StreamEncoder, events []llm.Event) []byte {
	var out []byte
	for _, ev := range keep(events) {
		out = enc.Encode(out, &ev)
		spoil(reflect.ValueOf(&ev).Elem())
	}
	return out
}

func spoil(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			spoil(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			if v.Index(i).Kind() == reflect.Uint8 {
				v.Index(i).SetUint('!')
				continue
			}
			spoil(v.Index(i))
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			spoil(field)
		}
	}
}

func sameEvents(tb testing.TB, got, want []llm.Event) {
	tb.Helper()
	for i := range min(len(got), len(want)) {
		if !reflect.DeepEqual(got[i], want[i]) {
			tb.Errorf("event %d:\n got  %s\n want %s", i, show(got[i]), show(want[i]))
			return
		}
	}
	if len(got) != len(want) {
		tb.Errorf("%d events, want %d", len(got), len(want))
	}
}

func show(v any) string {
	s := fmt.Sprintf("%+v", readable(reflect.ValueOf(v)))
	return s[:min(len(s), 2000)]
}

// readable leaves out what is zero and makes texts of bytes.
func readable(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return readable(v.Elem())
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return string(v.Bytes())
		}
		var list []any
		for i := range v.Len() {
			list = append(list, readable(v.Index(i)))
		}
		return list
	case reflect.Struct:
		m := map[string]any{}
		for field, value := range v.Fields() {
			if !value.IsZero() {
				m[field.Name] = readable(value)
			}
		}
		return m
	}
	return v.Interface()
}

func notes(n *wire.Notes) []string {
	var list []string
	for _, note := range n.List() {
		if note.Changed {
			list = append(list, note.Field+"~")
			continue
		}
		list = append(list, note.Field)
	}
	return list
}
