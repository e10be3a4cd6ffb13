//go:build !race

package relay

import (
	"io"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/flow"
)

func BenchmarkTranslate(b *testing.B) {
	long := `{"messages":[{"role":"user","content":"` + strings.Repeat("word ", 200) + `"}]}`
	for _, tt := range []struct {
		name string
		tg   *Target
		body string
	}{
		{"same", target(b, func(s *Settings) { s.Model.Name = "m" }), hi},
		{"anthropic", claude(b, nil), claudeAnswer},
	} {
		b.Run(tt.name, func(b *testing.B) {
			ex := asking("")
			r := answer(200, "application/json", nil)
			w := &endless{frames: [][]byte{[]byte(tt.body)}}
			b.ReportAllocs()
			for b.Loop() {
				ex.Body.Replace([]byte(long))
				r.Length, r.Stream = -1, &once{w: w}
				if calling(tt.tg, ex) != nil || ex.Call.Prepare(ex, 0) != nil || ex.Call.Receive(ex, r) != nil {
					b.Fatal("an error")
				}
				ex.Call.Release()
			}
		})
	}
}

func BenchmarkTranslateStream(b *testing.B) {
	events := strings.SplitAfter(claudeStream, "\n\n")
	delta := events[2]
	var frames [][]byte
	for _, ev := range append(append([]string{events[0], events[1]}, repeat(delta, 100)...), events[4:]...) {
		frames = append(frames, []byte(ev))
	}
	tg := claude(b, nil)
	ask := []byte(`{"stream":true,` + hello[1:])
	ex := asking("")
	b.ReportAllocs()
	for b.Loop() {
		ex.Body.Replace(ask)
		r := answer(200, "text/event-stream", &framed{frames: frames})
		if calling(tg, ex) != nil || ex.Call.Prepare(ex, 0) != nil || ex.Call.Receive(ex, r) != nil {
			b.Fatal("an error")
		}
		for {
			if _, err := r.Stream.Next(); err != nil {
				break
			}
		}
		ex.Call.Release()
	}
}

func repeat(s string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = s
	}
	return out
}

type framed struct{ frames [][]byte }

func (f *framed) Next() (flow.Frame, error) {
	if len(f.frames) == 0 {
		return flow.Frame{}, io.EOF
	}
	data := f.frames[0]
	f.frames = f.frames[1:]
	return flow.Frame{Data: data}, nil
}

func (f *framed) Close() error { return nil }
