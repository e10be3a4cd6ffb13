package gemini

import (
	"encoding/base64"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// What proves the thoughts of another provider's model comes back to us in the
// thoughtSignature of the call: Google asks its clients to send that back, and
// its libraries do. They take it for bytes and may write the base64 anew, in
// another alphabet or without padding.
// Source: https://ai.google.dev/gemini-api/docs/thought-signatures.

const sealed = "sluice"

// seal makes a signature of proofs; a JSON string.
func seal(proofs []wire.Proof) llm.JSON {
	text := wire.SealID(sealed, proofs)
	return wire.Quote(base64.StdEncoding.EncodeToString([]byte(text)))
}

// openSeal finds the proofs in a signature.
func openSeal(signature llm.JSON) []wire.Proof {
	text := strings.TrimRight(wire.Text(signature), "=")
	text = strings.NewReplacer("-", "+", "_", "/").Replace(text)
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	id, proofs := wire.OpenID(string(raw))
	if id != sealed {
		return nil
	}
	return proofs
}

// unseal gives a part the proof of another format that its signature holds, and
// tells those of the thoughts before it.
func unseal(p *llm.Part) (thoughts []wire.Proof) {
	if p.Signature == nil {
		return nil
	}
	proofs := openSeal(p.Signature)
	if proofs == nil {
		return nil
	}
	p.Signature, p.SignedBy = nil, ""
	return wire.GiveBack(p, proofs)
}
