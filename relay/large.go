package relay

import (
	"compress/gzip"
	"io"
	"iter"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/jsonscan"
)

// large passes on an answer that is too large to be held, and gleans from it
// on the way what the log needs.
type large struct {
	flow.Stream
	c     *call
	ex    *flow.Exchange
	head  []byte // what was read of it before; nil once that is on its way
	json  bool   // by its type; nothing else has text
	coded coding
	size  int
	glean gleaner
	unzip *unzipper // only of a compressed answer
	done  bool
}

func newLarge(c *call, ex *flow.Exchange, r *flow.Reply, coded coding) *large {
	l := &large{
		Stream: r.Stream, c: c, ex: ex, head: c.scrap, coded: coded,
		json: jsonType(r.Header.Get("Content-Type")), glean: newGleaner(c.t.surface.whole, true),
	}
	if l.json && coded == codingGzip {
		l.unzip = unzipTo(l.glean.push)
	}
	return l
}

func (l *large) Next() (flow.Frame, error) {
	if l.head != nil {
		return flow.Frame{Data: l.begin()}, nil
	}
	f, err := l.Stream.Next()
	if err != nil {
		l.end()
		return f, err
	}
	l.look(f.Data)
	return f, nil
}

func (l *large) Close() error {
	l.end()
	return l.Stream.Close()
}

func (l *large) begin() []byte {
	head := l.head
	l.head = nil
	l.look(head)
	return head
}

func (l *large) look(b []byte) {
	l.size += len(b)
	switch {
	case !l.json:
	case l.coded == codingNone:
		l.glean.push(b)
	case l.coded == codingGzip:
		l.unzip.push(b)
	}
}

// end accounts for the answer.
func (l *large) end() {
	if l.done {
		return
	}
	l.done = true
	l.c.ai.LatencyMS = since(l.ex)
	if l.head != nil {
		l.begin()
	}
	unread := l.json && l.coded == codingForeign
	if l.unzip != nil {
		unread = l.unzip.close() != nil
	}
	l.c.meter.text = max(l.glean.letters, 0)
	if unread {
		// What compression saves is about what an answer has beside its text.
		l.c.meter.text = l.size
	}
	l.take()
	l.c.finish()
}

// take reads the members that were gleaned.
func (l *large) take() {
	ai, found := &l.c.ai, &l.glean.found
	for i, raw := range found {
		if jsonscan.Valid(raw) != nil {
			found[i] = nil
		}
	}
	readUsage(&ai.Usage, &l.c.room, found[gleanedUsage])
	ai.ResponseModel = l.c.t.lastModel.text(found[gleanedModel])
	ai.Usage.ServiceTier = l.c.t.lastTier.text(found[gleanedTier])
}

// unzipper inflates what is pushed into it, piece by piece. The inflater wants
// to pull, so it is a coroutine that runs only within push and close.
type unzipper struct {
	in      []byte
	resume  func() (struct{}, bool)
	stop    func()
	stopped bool
	err     error
}

// unzipTo gives what it inflates to out. It must be closed.
func unzipTo(out func([]byte)) *unzipper {
	u := &unzipper{}
	u.resume, u.stop = iter.Pull(func(yield func(struct{}) bool) {
		if err := u.run(yield, out); !u.stopped {
			u.err = err
		}
	})
	return u
}

func (u *unzipper) run(yield func(struct{}) bool, out func([]byte)) error {
	z, err := gzip.NewReader(waiting{u, yield})
	if err != nil {
		return err
	}
	buf := make([]byte, 8<<10)
	for {
		n, err := z.Read(buf)
		out(buf[:n])
		if err != nil {
			return err
		}
	}
}

// waiting gives the inflater what was pushed, and leaves it when it wants more.
type waiting struct {
	u     *unzipper
	yield func(struct{}) bool
}

func (w waiting) Read(p []byte) (int, error) {
	for len(w.u.in) == 0 {
		if !w.yield(struct{}{}) {
			return 0, io.EOF
		}
	}
	n := copy(p, w.u.in)
	w.u.in = w.u.in[n:]
	return n, nil
}

func (u *unzipper) push(b []byte) {
	u.in = b
	u.resume()
}

// close ends the inflating. The error is why it ended before.
func (u *unzipper) close() error {
	u.stopped = true
	u.stop()
	return u.err
}
