//go:build !race

package flow

import (
	"io"
	"testing"

	"github.com/sluice-gateway/sluice/jsonscan"
)

// again gives the same bytes once per reset.
type again struct {
	data []byte
	rest []byte
}

func (a *again) Read(p []byte) (int, error) {
	if len(a.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

func (a *again) Abort() {}

// TestAllocBody: reading, editing and sending a body costs nothing once the
// exchange has been used.
func TestAllocBody(t *testing.T) {
	value := []byte(`"x"`)
	for _, size := range []int{20, 1500, 30 << 10} {
		src := &again{data: append([]byte(`{"a":"`), make([]byte, size)...)}
		for i := range src.data[6:] {
			src.data[6+i] = 'x'
		}
		src.data = append(src.data, `"}`...)
		var ex Exchange
		segments := make([][]byte, 0, 8)
		use := func() {
			src.rest = src.data
			ex.Body.Open(src, int64(len(src.data)))
			raw, err := ex.Body.Bytes(1 << 20)
			if err != nil {
				t.Fatal(err)
			}
			ex.Body.Edits().Set(jsonscan.Find(raw, "a"), "a", value)
			ex.Body.Edits().InsertLast("b", value)
			if s, n := ex.Body.Segments(segments[:0]); len(s) == 0 || n != 17 {
				t.Fatalf("%d segments, %d bytes", len(s), n)
			}
			ex.Finish()
			ex.Reset()
		}
		use()
		if n := testing.AllocsPerRun(200, use); n != 0 {
			t.Errorf("%d bytes: %v allocations", size, n)
		}
	}
}

// TestAllocExchange: an exchange that is used again keeps its memory.
func TestAllocExchange(t *testing.T) {
	var ex Exchange
	body := []byte("x")
	use := func() {
		for range 20 {
			ex.In.Header.Add("Name", "value")
			ex.Out.Header.Add("Name", "value")
		}
		ex.Attempts = append(ex.Attempts, Attempt{})
		r := ex.NewReply(200)
		r.Header.Add("Name", "value")
		r.SetBody(body)
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		ex.Finish()
		ex.Reset()
	}
	use()
	if n := testing.AllocsPerRun(200, use); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
