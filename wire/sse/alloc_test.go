//go:build !race

package sse

import "testing"

func TestSteadyStateAllocatesNothing(t *testing.T) {
	whole := chatEvents(5, "\n")
	several := []byte("event: x\ndata: a\ndata: b\n\n")
	out := make([]byte, 0, 4096)
	var s Splitter
	var c Cursor
	for _, tt := range []struct {
		name string
		run  func()
	}{
		{"whole events", func() { _, _ = s.Push(whole) }},
		{"cut events", func() { _, _ = s.Push(whole[:300]); _, _ = s.Push(whole[300:]) }},
		{"cursor", func() {
			for c.Reset(whole); ; {
				if _, ok := c.Next(); !ok {
					return
				}
			}
		}},
		{"several data lines", func() { c.Reset(several); c.Next() }},
		{"append", func() { out = AppendEvent(out[:0], "message", whole[:100]) }},
	} {
		if n := testing.AllocsPerRun(100, tt.run); n != 0 {
			t.Errorf("%s: %v allocations", tt.name, n)
		}
	}
}
