package wire

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"io"
	"strings"
	"sync"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
)

// Some providers want back, with the call of a tool, what proves the thoughts
// that led to it. Clients of a format that has no place for such a proof drop
// it, but every client sends a call's id back as it came. So there the proofs
// travel in the id, and nothing needs to be remembered in between.

const seal = "-sealed-"

// Some formats hide a seal in base64, at a place where it always shows as this.
const hidden = "LXNlYWxlZC"

// MayHoldSeal tells whether a body may have something sealed in it.
func MayHoldSeal(body []byte) bool {
	return HoldsSealedID(body) || bytes.Contains(body, []byte(hidden))
}

// HoldsSealedID is MayHoldSeal for formats that hide nothing in base64.
func HoldsSealedID(body []byte) bool { return bytes.Contains(body, []byte(seal)) }

// Proof is what has to come back with a call.
type Proof struct {
	By llm.Format
	// Kind is ToolCall for the call's own signature, Thinking or Redacted for
	// that of a part before it.
	Kind llm.Kind
	// Signature; a JSON string.
	Signature llm.JSON
	// Text of the thoughts, a JSON string: some providers want it unchanged
	// beside its signature. nil where the client sends it back by itself.
	Text llm.JSON
}

const (
	// maxSealed is how long thoughts may be that travel in an id; of longer
	// ones, and of those beyond maxTexts in all, only the signature does.
	maxSealed = 64 << 10
	maxTexts  = 4 * maxSealed
	// maxOpened bounds what an id can be inflated to, and maxRatio by how much:
	// a body can be full of ids.
	maxOpened = 512 << 10
	maxRatio  = 20
	// minProof is how many letters an id has at least for a proof in it: what
	// is made of one takes much more.
	minProof = 16
)

// The letter after the seal tells how the proofs are written.
const (
	plainSeal    = 'p'
	deflatedSeal = 'z'
)

// SealID puts proofs into the id of a call, in letters, digits, - and _.
func SealID(id string, proofs []Proof) string {
	if len(proofs) == 0 {
		return id
	}
	text := writeProofs(proofs)
	form, small := byte(plainSeal), deflate(text)
	if len(small) < len(text) && len(text) <= inflatable(len(small)) && len(proofs) <= countable(base64.RawURLEncoding.EncodedLen(len(small))) {
		form, text = deflatedSeal, small
	}
	return id + seal + string(form) + base64.RawURLEncoding.EncodeToString(text)
}

func writeProofs(proofs []Proof) []byte {
	var w Writer
	room := maxTexts
	w.Array()
	for _, p := range proofs {
		w.String(string(p.By))
		w.Int(int64(p.Kind))
		w.Raw(p.Signature)
		if len(p.Text) > min(maxSealed, room) {
			p.Text = nil
		}
		w.Raw(p.Text)
		room -= len(p.Text)
	}
	w.EndArray()
	return w.Buf
}

// inflatable is how long n bytes may become, countable how many proofs there
// may be in n letters.
func inflatable(n int) int { return min(maxOpened, maxRatio*n+1024) }
func countable(n int) int  { return 1 + n/minProof }

// deflaters are used again: one takes a megabyte.
var deflaters = sync.Pool{New: func() any {
	z, _ := flate.NewWriter(io.Discard, flate.BestSpeed) // fails for an unknown level only
	return z
}}

func deflate(b []byte) []byte {
	var out bytes.Buffer
	z := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(z)
	z.Reset(&out)
	if _, err := z.Write(b); err != nil || z.Close() != nil {
		return b
	}
	return out.Bytes()
}

// inflaters are used again, too: one takes more than most ids do, and a body can
// be full of ids.
var inflaters = sync.Pool{New: func() any { return flate.NewReader(bytes.NewReader(nil)) }}

// inflate undoes deflate. What is longer than thoughts can be is cut off.
func inflate(b []byte) ([]byte, error) {
	z := inflaters.Get().(io.Reader)
	defer inflaters.Put(z)
	if err := z.(flate.Resetter).Reset(bytes.NewReader(b), nil); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(z, int64(inflatable(len(b)))))
}

// IsSealed tells whether there is something sealed in an id.
func IsSealed(id string) bool {
	bare, _ := OpenID(id)
	return bare != id
}

// OpenID gives the id of a call as its provider made it, and the proofs that
// were in it. What only looks like a sealed id is left as it is.
func OpenID(id string) (string, []Proof) {
	i := strings.LastIndex(id, seal)
	if i < 0 || len(id) == i+len(seal) {
		return id, nil
	}
	form, letters := id[i+len(seal)], id[i+len(seal)+1:]
	raw, err := base64.RawURLEncoding.DecodeString(letters)
	if err == nil && form == deflatedSeal {
		raw, err = inflate(raw)
	}
	if err != nil || !IsArray(raw) || jsonscan.Valid(raw) != nil {
		return id, nil
	}
	proofs, ok := readProofs(raw, countable(len(letters)))
	if !ok {
		return id, nil
	}
	return id[:i], proofs
}

// readProofs reads a list of proofs, limit at most.
func readProofs(raw []byte, limit int) (proofs []Proof, ok bool) {
	items := Items(raw)
	for {
		by, some := items.Next()
		if !some {
			return proofs, true
		}
		kind, _ := items.Next()
		signature, _ := items.Next()
		text, _ := items.Next()
		n, isNumber := Int(kind)
		if !IsString(by) || !isNumber || !provable(n) || !IsString(signature) || !IsString(text) && !IsNull(text) || len(proofs) == limit {
			return nil, false
		}
		proofs = append(proofs, Proof{By: llm.Format(Text(by)), Kind: llm.Kind(n), Signature: signature, Text: Null(text)})
	}
}

// provable tells whether there are proofs of a kind. Anyone can make an id: a
// part of another kind would lack what it consists of.
func provable(kind int64) bool {
	switch kind {
	case int64(llm.ToolCall), int64(llm.Thinking), int64(llm.Redacted):
		return true
	}
	return false
}
