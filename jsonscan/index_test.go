package jsonscan

import (
	"bytes"
	"strings"
	"testing"
)

// FuzzIndex: a walk from an index sees what a walk over the bytes sees, and
// what the index refuses NoDuplicates refuses.
func FuzzIndex(f *testing.F) {
	seed(f)
	f.Add([]byte(`{"a":[{"x":"` + strings.Repeat("y", 70) + `"},{"y":[` + strings.Repeat("1,", 40) + `2]},3],"b":"` + strings.Repeat(`\"`, 50) + `"} `))
	f.Add([]byte(strings.Repeat("[", 100) + `{"` + strings.Repeat("k", 70) + `":{}}` + strings.Repeat("]", 100)))
	var x Index
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := x.Scan(data); err != nil {
			if x.Data() != nil || NoDuplicates(data) == nil {
				t.Fatalf("refused: %v", err)
			}
			return
		}
		switch KindOf(data) {
		case Object:
			sameMembers(t, x.Members(), NewMembers(data))
		case Array:
			holder := append(append([]byte(`{"a":`), data...), '}')
			if x.Scan(holder) == nil { // else one level too deep
				sameMembers(t, x.Members(), NewMembers(holder))
			}
		}
	})
}

func sameMembers(t *testing.T, got, want Members) {
	t.Helper()
	for {
		a, v, more := got.Next()
		b, w, ok := want.Next()
		if more != ok || !bytes.Equal(a, b) || !bytes.Equal(v, w) || got.Span() != want.Span() {
			t.Fatalf("%s:%s at %v, want %s:%s at %v", a, v, got.Span(), b, w, want.Span())
		}
		switch {
		case !ok:
			return
		case KindOf(v) == Object && len(a)%3 > 0: // others are passed by
			sameMembers(t, got.Members(), NewMembers(w))
		case KindOf(v) == Array:
			sameElements(t, got.Elements(), NewElements(w))
		}
	}
}

func sameElements(t *testing.T, got, want Elements) {
	t.Helper()
	for i := 0; ; i++ {
		v, more := got.Next()
		w, ok := want.Next()
		if more != ok || !bytes.Equal(v, w) || got.Span() != want.Span() {
			t.Fatalf("%s at %v, want %s at %v", v, got.Span(), w, want.Span())
		}
		switch {
		case !ok:
			return
		case KindOf(v) == Object:
			sameMembers(t, got.Members(), NewMembers(w))
		case KindOf(v) == Array && i%3 < 2:
			sameElements(t, got.Elements(), NewElements(w))
		}
	}
}

// TestIndexIsBounded: a document of nothing but containers that are worth
// remembering is remembered up to the limit, and read all the same.
func TestIndexIsBounded(t *testing.T) {
	one := strings.Repeat("[", 300) + strings.Repeat("]", 300)
	doc := []byte(`{"a":[` + strings.Repeat(one+",", 400) + `1],"b":2}`)
	var x Index
	if err := x.Scan(doc); err != nil {
		t.Fatal(err)
	}
	if len(x.long) != maxLong {
		t.Errorf("%d values remembered", len(x.long))
	}
	sameMembers(t, x.Members(), NewMembers(doc))
	spans := make([]Span, 2)
	if err := NewKeys("a", "b").Indexed(&x, spans); err != nil || string(spans[1].Of(doc)) != "2" {
		t.Errorf("%v, %v", spans, err)
	}
	x.Reset()
	if cap(x.long) != 0 {
		t.Errorf("room for %d values is kept", cap(x.long))
	}
}
