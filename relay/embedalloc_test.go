//go:build !race

package relay

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/wire/openaiembed"
)

// TestAllocEmbed: an answer of a megabyte in as many pieces as can be is
// refused, and takes twelve megabytes at most until then.
func TestAllocEmbed(t *testing.T) {
	const size = 1 << 20
	for i := range embedders {
		s := &embedders[i]
		for _, piece := range []string{`[]`, `0`, `{"a":0}`} {
			for name, body := range map[string]string{
				"vectors":  s.before + strings.Repeat(s.left+piece+s.right+",", size/(len(piece)+1)/(1+len(s.left+s.right))) + s.left + piece + s.right + s.after,
				"elements": s.before + strings.Repeat(piece+",", size/(len(piece)+1)) + piece + s.after,
				"within":   s.of("[" + strings.Repeat(piece+",", size/(len(piece)+1)) + "{}]"),
			} {
				refuses(t, s, name+" of "+piece, body)
			}
		}
		var members bytes.Buffer
		for i := range size / 16 {
			fmt.Fprintf(&members, `"%x":0,`, i)
		}
		refuses(t, s, "members", s.of("[1]", `{`+members.String()+`"x":0}`))
		refuses(t, s, "members besides", `{`+members.String()+`"x":0}`)
	}
}

// refuses fails unless an answer is refused, and costs little to be.
func refuses(t *testing.T, s *embedder, name, body string) {
	t.Helper()
	const limit = 12 << 20
	ex := asking(`{"input":["a","b"]}`)
	if err := put(embedding(t, s.p, openaiembed.Client{}, s.change), ex); err != nil {
		t.Fatal(err)
	}
	c := ex.Call.(*call)
	c.x.whole = make([]byte, 0, len(body))
	r := answer(200, "application/json", cutAt([]byte(body), 1<<20))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := c.Receive(ex, r)
	runtime.ReadMemStats(&after)
	if made := after.TotalAlloc - before.TotalAlloc; err == nil || made > limit {
		t.Errorf("%s: %s: %d MiB were made of it, %v", s.name, name, made>>20, err)
	}
}
