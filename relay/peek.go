package relay

import (
	"bytes"
	"errors"
	"io"

	"github.com/sluice-gateway/sluice/flow"
)

// peek reads the answer to a streamed question until it is clear whether it is
// one JSON object or several: until the second begins, or there is none. What
// was read is in the call's buffer; whole tells that it is all there is.
func (c *call) peek(r *flow.Reply) (document, whole bool, err error) {
	c.scrap = c.scrap[:0]
	blank := 0 // so much of the beginning is white space
	g := newGleaner(nil, false)
	for {
		f, err := r.Stream.Next()
		if errors.Is(err, io.EOF) {
			return true, true, nil
		}
		if err != nil {
			return false, false, err
		}
		c.scrap = append(c.scrap, f.Data...)
		g.push(f.Data)
		begin := bytes.TrimLeft(c.scrap[blank:], " \t\r\n\ufeff")
		blank = len(c.scrap) - len(begin)
		if !bytes.HasPrefix(mark, begin) && (begin[0] != '{' || g.ended > 1 || g.ended == 1 && g.depth > 0) {
			return false, false, nil
		}
		if int64(len(c.scrap)) > c.t.s.CollectLimit {
			return true, false, nil
		}
	}
}

// prepended is a stream of which the beginning was read before.
type prepended struct {
	flow.Stream
	head []byte
}

func (p *prepended) Next() (flow.Frame, error) {
	if len(p.head) == 0 {
		return p.Stream.Next()
	}
	f := flow.Frame{Data: p.head}
	p.head = nil
	return f, nil
}
