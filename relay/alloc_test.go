//go:build !race

package relay

import (
	"io"
	"testing"

	"github.com/sluice-gateway/sluice/flow"
)

// endless gives the same frames over and over.
type endless struct {
	frames [][]byte
	n      int
}

func (e *endless) Next() (flow.Frame, error) {
	if len(e.frames) == 0 {
		return flow.Frame{}, io.EOF
	}
	f := e.frames[e.n%len(e.frames)]
	e.n++
	return flow.Frame{Data: f}, nil
}

func (e *endless) Close() error { return nil }

// TestAllocFrame: a frame of a stream costs nothing in the steady state, also
// where usage is hidden or the frame is cut.
func TestAllocFrame(t *testing.T) {
	const word = `data: {"id":"1","model":"m-1","choices":[{"index":0,"delta":{"content":"word "}}],"usage":null}` + "\n\n"
	for _, tt := range []struct {
		name, contentType string
		hide              bool
		frames            []string
	}{
		{"whole", "text/event-stream", false, []string{word}},
		{"several", "text/event-stream", false, []string{word + word + word}},
		{"cut", "text/event-stream", false, []string{word[:40], word[40:]}},
		{"hidden", "text/event-stream", true, []string{word}},
		{"lines", "application/x-ndjson", false, []string{`{"a":1}` + "\n"}},
	} {
		src := &endless{}
		for _, f := range tt.frames {
			src.frames = append(src.frames, []byte(f))
		}
		m := meterOf(t, target(t, nil), tt.hide, tt.contentType, src)
		next := func() {
			if _, err := m.Next(); err != nil {
				t.Fatal(err)
			}
		}
		for range 50 {
			next()
		}
		if n := testing.AllocsPerRun(200, next); n != 0 {
			t.Errorf("%s: %v allocations for a frame", tt.name, n)
		}
	}
}

// TestAllocCall: a plain question and its answer.
func TestAllocCall(t *testing.T) {
	tg := target(t, nil)
	ask, reply := []byte(`{"model":"m",`+hello[1:]), []byte(hi)
	ex := asking("")
	r := answer(200, "application/json", nil)
	w := &endless{frames: [][]byte{reply}}
	n := testing.AllocsPerRun(200, func() {
		ex.Body.Replace(ask)
		r.Length, r.Stream = -1, &once{w: w}
		if calling(tg, ex) != nil || ex.Call.Prepare(ex, 0) != nil || ex.Call.Receive(ex, r) != nil {
			t.Fatal("an error")
		}
		ex.Call.Release()
	})
	// The stream of the test, and the name of the model.
	if n > 2 {
		t.Errorf("%v allocations, want 2", n)
	}
}

type once struct {
	w    *endless
	done bool
}

func (o *once) Next() (flow.Frame, error) {
	if o.done {
		return flow.Frame{}, io.EOF
	}
	o.done = true
	return o.w.Next()
}

func (o *once) Close() error { return nil }
