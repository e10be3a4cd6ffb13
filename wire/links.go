package wire

import "github.com/sluice-gateway/sluice/llm"

// Linker is a Provider that can write a question without copying the long
// values in it.
type Linker interface {
	Provider
	// WriteRequest is EncodeRequest to a Writer. After an error nothing of it
	// counts.
	WriteRequest(w *Writer, r *llm.Request, n *Notes) error
}

// Links are the long values that a Writer did not copy. Where one belongs, its
// Buf has an empty string, so that it is valid JSON by itself. Values are kept,
// so they must not change as long as the links are in use.
type Links struct {
	list []Link
}

// Link is a value and the place in Buf of the empty string for it.
type Link struct {
	At    int
	Value llm.JSON
}

const (
	// linkWorth is how long a value must be: short ones are copied faster.
	linkWorth = 1 << 10
	// maxLinks is how many there are at most in one document; the others are
	// copied.
	maxLinks = 256
)

// placeholder stands for a linked value.
const placeholder = `""`

// End is where the placeholder of the link ends.
func (l *Link) End() int { return l.At + len(placeholder) }

// List is what was linked, in the order of the places.
func (l *Links) List() []Link { return l.list }

// Reset forgets the values and keeps the room for the next.
func (l *Links) Reset() {
	clear(l.list)
	l.list = l.list[:0]
}

// takes tells whether a value is linked.
func (l *Links) takes(v llm.JSON) bool {
	return l != nil && len(v) >= linkWorth && len(l.list) < maxLinks
}

// Cut takes back what was written from n on.
func (w *Writer) Cut(n int) {
	w.Buf = w.Buf[:n]
	if w.Links == nil {
		return
	}
	list := w.Links.list
	for len(list) > 0 && list[len(list)-1].At >= n {
		list[len(list)-1] = Link{}
		list = list[:len(list)-1]
	}
	w.Links.list = list
}
