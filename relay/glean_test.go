package relay

import (
	"bytes"
	"testing"

	"github.com/sluice-gateway/sluice/jsonscan"
)

// gleaned is what a gleaner finds in data cut into pieces.
func gleaned(data []byte, sizes ...int) gleaner {
	g := newGleaner([][]byte{[]byte("content"), []byte("text")}, true)
	for _, piece := range cutAt(data, sizes...).chunks {
		g.push(piece)
	}
	return g
}

var gleanSeeds = []string{
	`{"usage":{"prompt_tokens":1,"x":{"y":[]}},"model":"m\"1","choices":[{"message":{"content":"abc\u00e9\n","usage":{},"model":"x"}}],"service_tier":"flex"}`,
	`{ "content" : "a" , "content":["content","text"],"text":1,"x":"y","a\"text":"no","text"
		: "bc"}`,
	`{"model":null,"usage":null,"usage":{"a":"}"}}`, `["usage",{"usage":{}}]`, `{"model":"a"}{"model":"b"}`, `}}]"`, `{"content":"open`, `{"usage":{`, ``,
}

func TestGlean(t *testing.T) {
	for i, want := range []struct {
		letters            int
		usage, model, tier string
	}{
		{6, `{"prompt_tokens":1,"x":{"y":[]}}`, `"m\"1"`, `"flex"`},
		{3, "", "", ""},
		{0, `{"a":"}"}`, "", ""},
		{0, "", "", ""},
		{0, "", `"b"`, ""},
	} {
		for _, size := range []int{1, 3, 1000} {
			g := gleaned([]byte(gleanSeeds[i]), size)
			if g.letters != want.letters || string(g.found[gleanedUsage]) != want.usage || string(g.found[gleanedModel]) != want.model || string(g.found[gleanedTier]) != want.tier {
				t.Errorf("%s, in pieces of %d: got %d letters, %q", gleanSeeds[i], size, g.letters, g.found)
			}
		}
	}
}

// TestGleanIsBounded: what claims to be usage, or a name, is not held whatever
// its size.
func TestGleanIsBounded(t *testing.T) {
	long := bytes.Repeat([]byte("x"), 1<<20)
	g := gleaned(bytes.Join([][]byte{[]byte(`{"`), []byte(`":1,"usage":{"`), []byte(`":1},"model":"m"}`)}, long), 1000)
	if cap(g.name) > 1<<10 || cap(g.found[gleanedUsage]) > 2*maxGleaned || string(g.found[gleanedModel]) != `"m"` {
		t.Errorf("name %d, usage %d, model %q", cap(g.name), cap(g.found[gleanedUsage]), g.found[gleanedModel])
	}
}

// FuzzGlean: however an answer is cut, the same is found in it; and in JSON it
// is what a look at the whole finds.
func FuzzGlean(f *testing.F) {
	for _, s := range gleanSeeds {
		f.Add([]byte(s), []byte{2, 3})
	}
	f.Fuzz(func(t *testing.T, data, cuts []byte) {
		whole := gleaned(data)
		for _, sizes := range [][]int{{1}, sizesOf(cuts)} {
			got := gleaned(data, sizes...)
			if got.letters != whole.letters || string(bytes.Join(got.found[:], []byte("|"))) != string(bytes.Join(whole.found[:], []byte("|"))) {
				t.Fatalf("cut into %v: %d letters, %q; whole: %d, %q", sizes, got.letters, got.found, whole.letters, whole.found)
			}
		}
		if jsonscan.NoDuplicates(data) != nil || bytes.Contains(data, []byte(`\`)) {
			return
		}
		if want := lettersIn(data); whole.letters != want {
			t.Errorf("%s: %d letters, want %d", data, whole.letters, want)
		}
		if jsonscan.KindOf(data) != jsonscan.Object || len(data) > maxGleaned {
			return
		}
		for i, kind := range [...]jsonscan.Kind{jsonscan.Object, jsonscan.String, jsonscan.String} {
			want := jsonscan.Find(data, gleanedNames[i]).Of(data)
			if jsonscan.KindOf(want) != kind {
				want = nil
			}
			if !bytes.Equal(whole.found[i], want) {
				t.Errorf("%s: %s is %q, want %q", data, gleanedNames[i], whole.found[i], want)
			}
		}
	})
}

// lettersIn adds up the text in valid JSON.
func lettersIn(raw []byte) int {
	n := 0
	switch jsonscan.KindOf(raw) {
	case jsonscan.Object:
		m := jsonscan.NewMembers(raw)
		for name, v, ok := m.Next(); ok; name, v, ok = m.Next() {
			isText := jsonscan.EqualString(name, "content") || jsonscan.EqualString(name, "text")
			if isText && jsonscan.KindOf(v) == jsonscan.String {
				n += len(v) - 2
			}
			n += lettersIn(v)
		}
	case jsonscan.Array:
		e := jsonscan.NewElements(raw)
		for v, ok := e.Next(); ok; v, ok = e.Next() {
			n += lettersIn(v)
		}
	case jsonscan.String, jsonscan.Number, jsonscan.Bool, jsonscan.Null, jsonscan.Invalid:
	}
	return n
}

func BenchmarkGlean(b *testing.B) {
	for name, data := range map[string][]byte{
		"text":    append([]byte(`{"choices":[{"message":{"content":"`), bytes.Repeat([]byte("some words "), 1<<16)...),
		"numbers": append([]byte(`{"data":[{"embedding":[`), bytes.Repeat([]byte("-0.012345678,"), 1<<16)...),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				g := newGleaner([][]byte{[]byte("content")}, true)
				g.push(data)
			}
		})
	}
}
