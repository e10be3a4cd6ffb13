package jsonscan

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// chatBody makes a request of about n bytes as the SDKs send it: messages
// first, model and stream after them, and text with what text has in it.
func chatBody(n int) []byte {
	turns := []string{
		`Summarise the document below.\nKeep to the \"facts\", in at most ten sentences, and name your sources.\n`,
		`func main() {\n\tfmt.Println(\"Grüße aus Zürich\")\n\tif err := run(); err != nil { os.Exit(1) }\n}\n`,
		`The quarterly report says that revenue grew by 4.2 % to 1,234 million; see https://example.com/q3?id=7\u0026lang=en for more. `,
		`Nobody expected the café to close, yet on Monday the owner hung a sign in the window, and that was that. `,
		`- first point: cheap\n- second point: quick\n- third point: \u003cb\u003ebold\u003c/b\u003e and 東京 too\n`,
	}
	var b strings.Builder
	b.WriteString(`{"messages":[{"role":"system","content":"You are a careful assistant."}`)
	for i := 0; b.Len() < n-120; i++ {
		role := "user"
		if i&1 == 1 {
			role = "assistant"
		}
		fmt.Fprintf(&b, `,{"role":"%s","content":"`, role)
		for j, stop := i, min(b.Len()+2400, n-120); b.Len() < stop; j++ {
			b.WriteString(turns[j%len(turns)])
		}
		b.WriteString(`"}`)
	}
	b.WriteString(`],"model":"gpt-4o-mini","max_tokens":1024,"temperature":0.7,"stream":true,"stream_options":{"include_usage":true}}`)
	return []byte(b.String())
}

var sizes = []int{1 << 10, 10 << 10, 100 << 10}

func BenchmarkObject(b *testing.B) {
	keys := NewKeys("model", "stream", "stream_options", "messages", "max_tokens")
	for _, n := range sizes {
		body := chatBody(n)
		b.Run(fmt.Sprintf("%dKB", n>>10), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			var spans [8]Span
			for b.Loop() {
				if err := keys.Object(body, spans[:]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// prompt makes n bytes of one long string whose escapes and foreign letters
// come at irregular places, so that no branch on them can be foretold.
func prompt(n int) string {
	words := strings.Fields(`the of and then when if model request token answer budget latency please summarise ` +
		`10% b, main() } return path/to/file.go café naïve \"quoted\" \u003cb\u003etotal\u003c/b\u003e \n \n \n`)
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(words[r.IntN(len(words))])
		b.WriteByte(' ')
	}
	return b.String()
}

func BenchmarkText(b *testing.B) {
	for _, c := range []struct{ name, part string }{
		{"prompt", prompt(100 << 10)},
		{"ascii", "the quick brown fox jumps over the lazy dog. "},
		{"english", `the quick \"brown\" fox jumps over the lazy dog, and nobody knows why it would.\n`},
		{"chinese", "敏捷的棕色狐狸跳过了懒狗。"},
		{"russian", "быстрая лиса прыгает через ленивую собаку "},
		{"escapes", `\n\"\u00e9\t`},
		{"code units", `\u654f\u6377\u7684\u68d5\u8272\ud55c, `},
		{"surrogates", `a smile \ud83d\ude00 now and then, `},
	} {
		body := []byte(`{"a":"` + strings.Repeat(c.part, max(1, 100<<10/len(c.part))) + `"}`)
		keys := NewKeys("a")
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			var spans [1]Span
			for b.Loop() {
				if err := keys.Object(body, spans[:]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkNested(b *testing.B) {
	keys := NewKeys("model", "stream")
	body := chatBody(100 << 10)
	b.SetBytes(int64(len(body)))
	var spans [2]Span
	for b.Loop() {
		_ = keys.Nested(body, spans[:])
	}
}

func BenchmarkEdits(b *testing.B) {
	keys := NewKeys("model", "stream", "stream_options")
	body := chatBody(1 << 10)
	var spans [3]Span
	if err := keys.Object(body, spans[:]); err != nil {
		b.Fatal(err)
	}
	var e Edits
	var parts [16][]byte
	model, user := []byte(`"gpt-4o"`), []byte(`"u1"`)
	b.ReportAllocs()
	for b.Loop() {
		e.Reset()
		e.Set(spans[0], "model", model)
		e.Delete(spans[2])
		e.Set(Span{}, "user", user)
		if len(e.Segments(parts[:0], body)) == 0 {
			b.Fatal("no parts")
		}
	}
}

func BenchmarkUnquote(b *testing.B) {
	raw := Find(chatBody(10<<10), "messages").Of(chatBody(10 << 10))
	quoted := AppendQuote(nil, raw)
	b.SetBytes(int64(len(quoted)))
	b.ReportAllocs()
	var dst []byte
	for b.Loop() {
		dst, _ = AppendUnquote(dst[:0], quoted)
	}
	if !bytes.Equal(dst, raw) {
		b.Fatal("changed")
	}
}
