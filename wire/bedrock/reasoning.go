package bedrock

import (
	"encoding/base64"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// openRedacted reads thoughts that may not be seen: bytes in base64, or what
// sealRedacted made of another format's.
func openRedacted(v llm.JSON) llm.Part {
	p := llm.Part{Kind: llm.Redacted, Signature: v, SignedBy: own}
	text, err := base64.StdEncoding.DecodeString(wire.Text(v))
	if err != nil || len(text) == 0 || text[0] != '-' {
		return p
	}
	if rest, proofs := wire.OpenID(string(text)); rest == "" && len(proofs) == 1 {
		p.Signature, p.SignedBy = proofs[0].Signature, proofs[0].By
	}
	return p
}

// signature is the signature of a part as we write it. In an answer that of
// another format is sealed: clients send reasoningContent back as it came, but
// must not be able to pass it for Bedrock's.
func (b *blocks) signature(p *llm.Part) (llm.JSON, bool) {
	switch {
	case p.SignedBy == own || p.Signature == nil:
		return p.Signature, p.SignedBy == own || p.Extra.From == own || b.answer
	case !b.answer:
		return nil, false
	}
	sealed := wire.SealID("", []wire.Proof{{By: p.SignedBy, Kind: p.Kind, Signature: p.Signature}})
	if p.Kind == llm.Redacted {
		sealed = base64.StdEncoding.EncodeToString([]byte(sealed))
	}
	return wire.Quote(sealed), true
}

// reasoning writes a thought. A question carries only those that Bedrock made:
// models refuse thoughts that they cannot verify.
func (b *blocks) reasoning(p *llm.Part) bool {
	signature, ok := b.signature(p)
	if !ok || p.Kind == llm.Redacted && signature == nil {
		return false
	}
	o := b.begin()
	o.name("reasoningContent")
	b.w.Object()
	if p.Kind == llm.Redacted {
		b.w.Member("redactedContent", signature)
	} else {
		b.w.Name("reasoningText")
		b.reasoningText(p.Text, signature)
	}
	b.w.EndObject()
	o.rest(&p.Extra)
	o.end()
	return true
}

func (b *blocks) reasoningText(text, signature llm.JSON) {
	if text == nil {
		text = llm.JSON(`""`)
	}
	b.w.Object()
	b.w.Member("text", text)
	b.w.Member("signature", signature)
	b.w.EndObject()
}
