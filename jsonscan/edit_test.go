package jsonscan

import (
	"bytes"
	"errors"
	"testing"
)

// spansOf returns the places of the members a to e of doc's top level, by name.
func spansOf(t *testing.T, doc string) map[string]Span {
	t.Helper()
	k := NewKeys("a", "b", "c", "d", "e")
	spans := make([]Span, k.Len())
	if err := k.Object([]byte(doc), spans); err != nil {
		t.Fatal(err)
	}
	out := map[string]Span{}
	for i, s := range spans {
		out[k.Name(i)] = s
	}
	return out
}

func apply(t *testing.T, e *Edits, doc string) string {
	t.Helper()
	data := []byte(doc)
	got := e.Append(nil, data)
	if joined := bytes.Join(e.Segments(nil, data), nil); !bytes.Equal(joined, got) {
		t.Errorf("Segments give %s, Append gives %s", joined, got)
	}
	if n := e.Len(data); n != len(got) {
		t.Errorf("Len is %d, want %d", n, len(got))
	}
	return string(got)
}

func TestEdits(t *testing.T) {
	v, w := []byte(`"v"`), []byte(`[1]`)
	type spans = map[string]Span
	for _, tt := range []struct {
		name, doc string
		edit      func(e *Edits, s spans)
		want      string
	}{
		{"nothing", `{"a":1}`, func(*Edits, spans) {}, `{"a":1}`},
		{"replace", `{"a":1,"b":2}`, func(e *Edits, s spans) { e.Replace(s["a"], v) }, `{"a":"v","b":2}`},
		{"set what is there", `{"a":1,"b":2}`, func(e *Edits, s spans) { e.Set(s["b"], "b", v) }, `{"a":1,"b":"v"}`},
		{"set what is not", `{"a":1}`, func(e *Edits, s spans) { e.Set(s["b"], "b", v) }, `{"a":1,"b":"v"}`},
		{"set twice", `{"a":1}`, func(e *Edits, s spans) {
			e.Set(s["a"], "a", v)
			e.Set(s["b"], "b", v)
			e.Set(s["a"], "a", w)
			e.Set(s["b"], "b", w)
		}, `{"a":[1],"b":[1]}`},
		{"delete first", `{"a":1, "b":2,"c":3}`, func(e *Edits, s spans) { e.Delete(s["a"]) }, `{"b":2,"c":3}`},
		{"delete middle", `{"a":1, "b":2, "c":3}`, func(e *Edits, s spans) { e.Delete(s["b"]) }, `{"a":1, "c":3}`},
		{"delete last", `{"a":1, "b":2 }`, func(e *Edits, s spans) { e.Delete(s["b"]) }, `{"a":1 }`},
		{"delete only", `{ "a":1 }`, func(e *Edits, s spans) { e.Delete(s["a"]) }, `{  }`},
		{"delete all", `{"a":1,"b":2,"c":3}`, func(e *Edits, s spans) { e.Delete(s["c"]); e.Delete(s["a"]); e.Delete(s["b"]) }, `{}`},
		{"delete the last two", `{"a":1,"b":2,"c":3}`, func(e *Edits, s spans) { e.Delete(s["b"]); e.Delete(s["c"]) }, `{"a":1}`},
		{"delete first and last", `{"a":1,"b":2,"c":3}`, func(e *Edits, s spans) { e.Delete(s["a"]); e.Delete(s["c"]) }, `{"b":2}`},
		{"delete twice", `{"a":1,"b":2}`, func(e *Edits, s spans) { e.Delete(s["a"]); e.Delete(s["a"]) }, `{"b":2}`},
		{"set then delete", `{"a":1,"b":2}`, func(e *Edits, s spans) { e.Set(s["a"], "a", v); e.Delete(s["a"]) }, `{"b":2}`},
		{"delete then set", `{"a":1,"b":2}`, func(e *Edits, s spans) { e.Delete(s["a"]); e.Set(s["a"], "a", v) }, `{"a":"v","b":2}`},
		{"delete the only one and append", `{"a":1}`, func(e *Edits, s spans) { e.Delete(s["a"]); e.InsertLast("b", v) }, `{"b":"v"}`},
		{"delete the last and append", `{"a":1,"b":2}`, func(e *Edits, s spans) { e.Delete(s["b"]); e.InsertLast("c", v) }, `{"a":1,"c":"v"}`},
		{"delete all, insert at both ends", `{ "a":1 , "b":2 }`, func(e *Edits, s spans) {
			e.InsertLast("d", w)
			e.Delete(s["b"])
			e.Delete(s["a"])
			e.InsertFirst("c", v)
			e.InsertFirst("e", v)
		}, `{"c":"v","e":"v", "d":[1] }`},
		{"insert into nothing", `{}`, func(e *Edits, _ spans) { e.InsertFirst("a", v) }, `{"a":"v"}`},
		{"append to nothing", " { \n} ", func(e *Edits, _ spans) { e.InsertLast("a", v); e.InsertLast("b", w) }, " {\"a\":\"v\",\"b\":[1] \n} "},
		{"both into nothing", `{}`, func(e *Edits, _ spans) { e.InsertLast("b", v); e.InsertFirst("a", v) }, `{"a":"v","b":"v"}`},
		{"insert first", `{ "a":1}`, func(e *Edits, _ spans) { e.InsertFirst("b", v); e.InsertFirst("c", w) }, `{"b":"v","c":[1], "a":1}`},
		{"append", "{\"a\":1\n}\n", func(e *Edits, _ spans) { e.InsertLast("b", v); e.InsertLast("c", w) }, "{\"a\":1,\"b\":\"v\",\"c\":[1]\n}\n"},
		{"insert, delete first", `{"a":1,"b":2}`, func(e *Edits, s spans) { e.InsertFirst("c", v); e.Delete(s["a"]) }, `{"c":"v","b":2}`},
		{"name to escape", `{}`, func(e *Edits, _ spans) { e.InsertFirst("a\"\n", v) }, `{"a\"\n":"v"}`},
		{"append to an inner object", `{"a":{"x":1},"b":2}`, func(e *Edits, s spans) { e.InsertLastIn(s["a"], "y", v) }, `{"a":{"x":1,"y":"v"},"b":2}`},
		{"set in an inner object", `{"a":{},"b":2}`, func(e *Edits, s spans) { e.SetIn(s["a"], Span{}, "y", v); e.SetIn(s["a"], Span{}, "y", w) }, `{"a":{"y":[1]},"b":2}`},
		{"empty an inner object", `{"a":{"x":1},"b":2}`, func(e *Edits, s spans) {
			e.Delete(Span{6, 10, 11})
			e.InsertFirstIn(s["a"], "y", v)
			e.InsertLast("c", v)
		}, `{"a":{"y":"v"},"b":2,"c":"v"}`},
		{"array", `{"a":[1,2]}`, func(e *Edits, s spans) { e.PrependElement(s["a"], v); e.AppendElement(s["a"], w) }, `{"a":["v",1,2,[1]]}`},
		{"empty array", `{"a":[]}`, func(e *Edits, s spans) { e.AppendElement(s["a"], w); e.PrependElement(s["a"], v) }, `{"a":["v",[1]]}`},
		{"delete an element", `{"a":[1,2]}`, func(e *Edits, _ spans) { e.Delete(Span{8, 8, 9}) }, `{"a":[1]}`},
		{"splice", `{"a":"bcd"}`, func(e *Edits, _ spans) { e.Splice(7, 8, []byte("XY")) }, `{"a":"bXYd"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var e Edits
			tt.edit(&e, spansOf(t, tt.doc))
			if err := e.Check([]byte(tt.doc)); err != nil {
				t.Fatal(err)
			}
			if err := Valid(e.Append(nil, []byte(tt.doc))); err != nil {
				t.Errorf("the result is not JSON: %v", err)
			}
			if got := apply(t, &e, tt.doc); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			e.Reset()
			if got := apply(t, &e, tt.doc); got != tt.doc || !e.Empty() {
				t.Errorf("after Reset: %s", got)
			}
		})
	}
}

func TestEditsThatDoNotFit(t *testing.T) {
	doc := `{"a":{"b":1},"c":2}`
	s := spansOf(t, doc)
	inner := Span{6, 10, 11}
	v := []byte("0")
	for name, edit := range map[string]func(e *Edits){
		"same place twice":              func(e *Edits) { e.Replace(s["c"], v); e.Replace(s["c"], v) },
		"inside a replaced value":       func(e *Edits) { e.Replace(s["a"], v); e.Replace(inner, v) },
		"inside a deleted member":       func(e *Edits) { e.Replace(inner, v); e.Delete(s["a"]) },
		"delete in a deleted member":    func(e *Edits) { e.Delete(inner); e.Delete(s["a"]) },
		"insert into a replaced object": func(e *Edits) { e.InsertLastIn(s["a"], "x", v); e.Replace(s["a"], v) },
		"insert into a number":          func(e *Edits) { e.InsertLastIn(s["c"], "x", v) },
		"element into an object":        func(e *Edits) { e.AppendElement(s["a"], v) },
		"beyond the end":                func(e *Edits) { e.Splice(5, 100, v) },
		"backwards":                     func(e *Edits) { e.Splice(5, 4, v) },
		"negative":                      func(e *Edits) { e.Splice(-1, 4, v) },
		"delete what is absent":         func(e *Edits) { e.Delete(Span{}) },
		"delete what is no member":      func(e *Edits) { e.Delete(Span{2, 3, 4}) },
		"delete the document":           func(e *Edits) { e.Delete(Span{0, 0, len(doc)}) },
	} {
		t.Run(name, func(t *testing.T) {
			var e Edits
			edit(&e)
			if err := e.Check([]byte(doc)); !errors.Is(err, ErrEdits) {
				t.Errorf("Check: %v", err)
			}
			if got := e.Append([]byte("x"), []byte(doc)); string(got) != "x" {
				t.Errorf("Append: %s", got)
			}
			if got := e.Segments(nil, []byte(doc)); len(got) != 0 {
				t.Errorf("Segments: %s", got)
			}
			if n := e.Len([]byte(doc)); n != 0 {
				t.Errorf("Len: %d", n)
			}
		})
	}
}
