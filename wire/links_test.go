package wire_test

import (
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// write writes a document with short and long values, of which the last is
// taken back.
func write(w *wire.Writer) {
	long := llm.JSON(`"` + strings.Repeat("long \\n ", 500) + `"`)
	w.Object()
	w.Member("a", llm.JSON(`"short"`))
	w.Name("b")
	w.Array()
	for range 300 {
		w.Raw(long)
	}
	w.EndArray()
	at := len(w.Buf)
	w.Member("c", long)
	w.Cut(at)
	w.Member("d", llm.JSON("1"))
	w.EndObject()
}

// TestLinks: a document around its links is valid JSON, and with them it is what
// is written without.
func TestLinks(t *testing.T) {
	var links wire.Links
	var edits jsonscan.Edits
	var plain wire.Writer
	write(&plain)
	for range 2 { // the room is used again
		links.Reset()
		edits.Reset()
		linked := wire.Writer{Links: &links}
		write(&linked)
		if err := jsonscan.NoDuplicates(linked.Buf); err != nil {
			t.Fatal(err)
		}
		for _, l := range links.List() {
			edits.Splice(l.At, l.End(), l.Value)
		}
		if got := edits.Append(nil, linked.Buf); string(got) != string(plain.Buf) {
			t.Errorf("%d bytes, want %d", len(got), len(plain.Buf))
		}
		if n := len(links.List()); n == 0 || n >= 300 {
			t.Errorf("%d links", n)
		}
	}
}
