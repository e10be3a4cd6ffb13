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

// unseal gives a part with what its signature holds of other formats.
func unseal(p *llm.Part) []llm.Part {
	proofs := openSeal(p.Signature)
	if proofs == nil {
		return []llm.Part{*p}
	}
	p.Signature, p.SignedBy = nil, ""
	var out []llm.Part
	for _, proof := range proofs {
		if proof.Kind == llm.ToolCall {
			p.Signature, p.SignedBy = proof.Signature, proof.By
			continue
		}
		text := proof.Text
		if text == nil {
			text = llm.JSON(`""`)
		}
		out = append(out, llm.Part{Kind: proof.Kind, Text: text, Signature: proof.Signature, SignedBy: proof.By})
	}
	return append(out, *p)
}

// attachProofs gives thoughts that came back as texts the proofs that came back
// with the call after them, where there is one for each.
func attachProofs(parts []llm.Part) []llm.Part {
	out := parts[:0:0]
	for i := 0; i < len(parts); {
		thoughts := run(parts[i:], isThought)
		proofs := run(parts[i+thoughts:], isProof)
		switch {
		case thoughts+proofs == 0:
			out = append(out, parts[i])
			i++
			continue
		case thoughts == thinking(parts[i+thoughts:i+thoughts+proofs]):
			out = append(out, merge(parts[i:i+thoughts], parts[i+thoughts:i+thoughts+proofs])...)
		default:
			out = append(out, parts[i:i+thoughts+proofs]...)
		}
		i += thoughts + proofs
	}
	return out
}

func run(parts []llm.Part, is func(p *llm.Part) bool) int {
	n := 0
	for n < len(parts) && is(&parts[n]) {
		n++
	}
	return n
}

func isThought(p *llm.Part) bool { return p.Kind == llm.Thinking && p.Signature == nil }

func isProof(p *llm.Part) bool {
	return (p.Kind == llm.Thinking || p.Kind == llm.Redacted) && p.Signature != nil && p.SignedBy != own
}

func thinking(proofs []llm.Part) int {
	n := 0
	for i := range proofs {
		if proofs[i].Kind == llm.Thinking {
			n++
		}
	}
	return n
}

// merge puts the texts of thoughts into their proofs.
func merge(thoughts, proofs []llm.Part) []llm.Part {
	n := 0
	for i := range proofs {
		if proofs[i].Kind == llm.Thinking {
			proofs[i].Text, proofs[i].Extra = thoughts[n].Text, thoughts[n].Extra
			n++
		}
	}
	return proofs
}
