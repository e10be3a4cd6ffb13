//go:build !race

package jsonscan

import "testing"

func TestThePathAllocatesNothing(t *testing.T) {
	keys := NewKeys("model", "stream", "stream_options", "messages")
	body := chatBody(10 << 10)
	quoted := AppendQuote(nil, body)
	model, user := []byte(`"gpt-4o"`), []byte(`"u1"`)
	buf := make([]byte, 0, 64<<10)
	var spans [4]Span
	if err := keys.Object(body, spans[:]); err != nil {
		t.Fatal(err)
	}
	places := spans
	var e Edits
	var parts [16][]byte
	for _, tt := range []struct {
		name string
		run  func()
	}{
		{"Object", func() { _ = keys.Object(body, spans[:]) }},
		{"Nested", func() { _ = keys.Nested(body, spans[:]) }},
		{"Valid", func() { _ = Valid(body) }},
		{"Find", func() { Find(body, "stream_options", "include_usage") }},
		{"walk", func() {
			for c := NewElements(places[3].Of(body)); ; {
				v, ok := c.Next()
				if !ok {
					return
				}
				for m := NewMembers(v); ; {
					name, _, ok := m.Next()
					if !ok || EqualString(name, "role") {
						break
					}
				}
			}
		}},
		{"edits", func() {
			e.Reset()
			e.Set(places[0], "model", model)
			e.Delete(places[2])
			e.Set(Span{}, "user", user)
			e.InsertFirst("a", user)
			e.Segments(parts[:0], body)
			e.Len(body)
		}},
		{"unquote", func() { buf, _ = AppendUnquote(buf[:0], quoted) }},
		{"quote", func() { buf = AppendQuote(buf[:0], body) }},
		{"lengths and comparisons", func() { UnquotedLen(quoted); EqualString([]byte(`"\u0061"`), "a") }},
		{"numbers", func() { Int([]byte("12")); Int([]byte("12.0")); Float([]byte("0.7")) }},
	} {
		if n := testing.AllocsPerRun(100, tt.run); n != 0 {
			t.Errorf("%s: %v allocations", tt.name, n)
		}
	}
}
