package wire_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

func TestOpenID(t *testing.T) {
	sealed := wire.SealID("call_1", []wire.Proof{
		{By: llm.Anthropic, Kind: llm.Thinking, Signature: llm.JSON(`"a"`)},
		{By: llm.Gemini, Kind: llm.ToolCall, Signature: llm.JSON(`"b"`)},
	})
	id, proofs := wire.OpenID(sealed)
	if id != "call_1" || len(proofs) != 2 || string(proofs[1].Signature) != `"b"` {
		t.Errorf("got %q and %v", id, proofs)
	}
}

// What is sealed can be opened, whatever it is.
func TestSealsOpen(t *testing.T) {
	signature := wire.Quote("s" + strings.Repeat("x", 64<<10))
	thought := func(text string) wire.Proof {
		return wire.Proof{By: llm.Anthropic, Kind: llm.Thinking, Signature: llm.JSON(`"s"`), Text: wire.Quote(text)}
	}
	many := make([]wire.Proof, 5000)
	for i := range many {
		many[i] = thought("")
	}
	for name, proofs := range map[string][]wire.Proof{
		"repetitive": {thought(strings.Repeat("again ", 10000))},
		"many":       many,
		"long":       slices.Repeat([]wire.Proof{thought(strings.Repeat("long ", 12000))}, 20),
		"signature":  {{By: llm.Anthropic, Kind: llm.Redacted, Signature: signature}},
	} {
		id, opened := wire.OpenID(wire.SealID("call_1", proofs))
		if id != "call_1" || len(opened) != len(proofs) || string(opened[0].Signature) != string(proofs[0].Signature) {
			t.Errorf("%s: %d of %d proofs, id %.50s", name, len(opened), len(proofs), id)
		}
	}
}

// An id makes no more proofs than it is long.
func TestOpenIDBounded(t *testing.T) {
	var small bytes.Buffer
	z, _ := flate.NewWriter(&small, flate.BestCompression)
	_, _ = z.Write([]byte("[" + strings.TrimSuffix(strings.Repeat(`"",8,"",null,`, 1000), ",") + "]"))
	_ = z.Close()
	forged := "call_1-sealed-z" + base64.RawURLEncoding.EncodeToString(small.Bytes())
	if id, proofs := wire.OpenID(forged); id != forged || proofs != nil {
		t.Errorf("%d letters make %d proofs", len(forged), len(proofs))
	}
}

func TestRestore(t *testing.T) {
	js := func(s string) llm.JSON { return llm.JSON(s) }
	text := llm.Part{Text: js(`"so"`)}
	thought := func(text, signature string) llm.Part {
		p := llm.Part{Kind: llm.Thinking, Text: js(text)}
		if signature != "" {
			p.Signature, p.SignedBy = js(signature), llm.Anthropic
		}
		return p
	}
	proof := func(text, signature string) wire.Proof {
		return wire.Proof{By: llm.Anthropic, Kind: llm.Thinking, Text: js(text), Signature: js(signature)}
	}
	call := llm.Part{Kind: llm.ToolCall, Call: &llm.Call{}}
	for _, c := range []struct {
		name   string
		said   []llm.Part
		proofs []wire.Proof
		want   []llm.Part
	}{
		{"dropped", []llm.Part{text}, []wire.Proof{proof(`"a"`, `"s"`)}, []llm.Part{thought(`"a"`, `"s"`), text}},
		{"sent back", []llm.Part{thought(`"a"`, ""), text}, []wire.Proof{proof(`"a"`, `"s"`)}, []llm.Part{thought(`"a"`, `"s"`), text}},
		{"in pieces", []llm.Part{thought(`"a"`, ""), thought(`"b"`, "")}, []wire.Proof{proof(`"ab"`, `"s"`)}, []llm.Part{thought(`"ab"`, `"s"`)}},
		{"too long", []llm.Part{thought(`"a"`, "")}, []wire.Proof{proof("", `"s"`)}, []llm.Part{thought(`"a"`, `"s"`)}},
		{
			"too long, joined with others",
			[]llm.Part{thought(`"abc"`, "")},
			[]wire.Proof{proof(`"a"`, `"1"`), proof("", `"2"`), proof(`"c"`, `"3"`)},
			[]llm.Part{thought(`"a"`, `"1"`), thought(`"b"`, `"2"`), thought(`"c"`, `"3"`)},
		},
		{
			"too long, dropped",
			[]llm.Part{text},
			[]wire.Proof{proof("", `"1"`), proof("", `"2"`)},
			[]llm.Part{thought(`""`, `"1"`), thought(`""`, `"2"`), text},
		},
		{"with a proof of its own", []llm.Part{thought(`"a"`, `"s"`)}, []wire.Proof{proof(`"a"`, `"s"`)}, []llm.Part{thought(`"a"`, `"s"`)}},
		{"between calls", []llm.Part{thought(`"a"`, ""), call, text}, []wire.Proof{proof(`"b"`, `"s"`)}, []llm.Part{thought(`"a"`, ""), call, thought(`"b"`, `"s"`), text}},
	} {
		for i := range c.proofs {
			if len(c.proofs[i].Text) == 0 {
				c.proofs[i].Text = nil
			}
		}
		if got := wire.Restore(c.said, c.proofs); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", c.name, got, c.want)
		}
	}
}

func TestOpenIDForged(t *testing.T) {
	list := []string{`{}`, `[`, `["a"]`, `["a",7]`, `["a",7,1]`, `["a","7","s"]`, `["a",1e99,"s"]`, `["a",-1,"s"]`, `["a",99,"s"]`}
	for kind := llm.Text; kind <= llm.Opaque; kind++ {
		switch kind {
		case llm.ToolCall, llm.Thinking, llm.Redacted:
		default:
			list = append(list, `["a",`+strconv.Itoa(int(kind))+`,"s"]`)
		}
	}
	for _, proofs := range list {
		forged := "call_1-sealed-" + base64.RawURLEncoding.EncodeToString([]byte(proofs))
		if id, got := wire.OpenID(forged); id != forged || got != nil {
			t.Errorf("%s: got %q and %v, want the id as it is", proofs, id, got)
		}
	}
}

// What is opened holds no more proofs than the id is long, and is opened to the
// same when it is sealed again.
func FuzzOpenID(f *testing.F) {
	for _, proofs := range [][]wire.Proof{
		{{By: llm.Anthropic, Kind: llm.Thinking, Signature: llm.JSON(`"a"`), Text: llm.JSON(`"hm"`)}, {By: llm.Gemini, Kind: llm.ToolCall, Signature: llm.JSON(`"b"`)}},
		{{By: llm.BedrockConverse, Kind: llm.Redacted, Signature: llm.JSON(`"` + strings.Repeat("ab", 500) + `"`)}},
	} {
		f.Add(wire.SealID("call_1", proofs))
	}
	f.Add("call_1-sealed-pW10")
	f.Fuzz(func(t *testing.T, id string) {
		bare, proofs := wire.OpenID(id)
		if len(proofs) == 0 {
			return
		}
		if !strings.HasPrefix(id, bare+"-sealed-") || len(proofs) > 1+len(id)/16 {
			t.Fatalf("%q was opened to %q, %d proofs", id, bare, len(proofs))
		}
		again, more := wire.OpenID(wire.SealID(bare, proofs))
		if again != bare || len(more) != len(proofs) {
			t.Fatalf("%q and %d proofs became %q and %d", bare, len(proofs), again, len(more))
		}
		for i := range more {
			if more[i].By != proofs[i].By || more[i].Kind != proofs[i].Kind || string(more[i].Signature) != string(proofs[i].Signature) {
				t.Errorf("%q: proof %d was %+v, and is %+v", id, i, proofs[i], more[i])
			}
		}
	})
}
