package sse

import (
	"bytes"
	"strings"
	"testing"
)

func chatEvents(n int, lineEnd string) []byte {
	one := `data: {"id":"chatcmpl-9xyz","object":"chat.completion.chunk","created":1718000000,"model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}]}` + lineEnd + lineEnd
	return []byte(strings.Repeat(one, n))
}

func BenchmarkPush(b *testing.B) {
	lf := chatEvents(20, "\n")
	for _, c := range []struct {
		name   string
		chunks [][]byte
	}{
		{"one", [][]byte{chatEvents(1, "\n")}},
		{"lf", [][]byte{lf}},
		{"crlf", [][]byte{chatEvents(20, "\r\n")}},
		{"cut", [][]byte{lf[:2000], lf[2000:]}},
		{"long", [][]byte{append([]byte("data: "), bytes.Repeat([]byte("x"), 16<<10)...), []byte("\n\n")}},
	} {
		b.Run(c.name, func(b *testing.B) {
			n := 0
			for _, chunk := range c.chunks {
				n += len(chunk)
			}
			b.SetBytes(int64(n))
			b.ReportAllocs()
			var s Splitter
			for b.Loop() {
				for _, chunk := range c.chunks {
					if _, err := s.Push(chunk); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func BenchmarkCursor(b *testing.B) {
	frame := chatEvents(20, "\n")
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	var c Cursor
	for b.Loop() {
		c.Reset(frame)
		for {
			if _, ok := c.Next(); !ok {
				break
			}
		}
	}
}

func BenchmarkAppendData(b *testing.B) {
	data := chatEvents(1, "")[6:]
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	var dst []byte
	for b.Loop() {
		dst = AppendEvent(dst[:0], "message", data)
	}
}
