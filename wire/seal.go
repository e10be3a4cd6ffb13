package wire

import (
	"encoding/base64"
	"strings"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
)

// Some providers want back, with the call of a tool, what proves the thoughts
// that led to it. Clients of a format that has no place for such a proof drop
// it, but every client sends a call's id back as it came. So there the proofs
// travel in the id, and nothing needs to be remembered in between.

const seal = "-sealed-"

// Proof is what has to come back with a call.
type Proof struct {
	By llm.Format
	// Kind is ToolCall for the call's own signature, Thinking or Redacted for
	// that of a part before it.
	Kind llm.Kind
	// Signature; a JSON string.
	Signature llm.JSON
}

// SealID puts proofs into the id of a call, in letters, digits, - and _.
func SealID(id string, proofs []Proof) string {
	if len(proofs) == 0 {
		return id
	}
	var w Writer
	w.Array()
	for _, p := range proofs {
		w.String(string(p.By))
		w.Int(int64(p.Kind))
		w.Raw(p.Signature)
	}
	w.EndArray()
	return id + seal + base64.RawURLEncoding.EncodeToString(w.Buf)
}

// OpenID gives the id of a call as its provider made it, and the proofs that
// were in it. What only looks like a sealed id is left as it is.
func OpenID(id string) (string, []Proof) {
	i := strings.LastIndex(id, seal)
	if i < 0 {
		return id, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(id[i+len(seal):])
	if err != nil || !IsArray(raw) || jsonscan.Valid(raw) != nil {
		return id, nil
	}
	var proofs []Proof
	items := Items(raw)
	for {
		by, ok := items.Next()
		if !ok {
			break
		}
		kind, _ := items.Next()
		signature, _ := items.Next()
		n, isNumber := Int(kind)
		if !IsString(by) || !isNumber || !provable(n) || !IsString(signature) {
			return id, nil
		}
		proofs = append(proofs, Proof{By: llm.Format(Text(by)), Kind: llm.Kind(n), Signature: signature})
	}
	return id[:i], proofs
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
