package wire

import (
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
)

// Prove adds what a part of an answer must come back with, unless own signed it:
// clients of that format send it back by themselves. Thoughts go with it, for
// most clients drop them.
func Prove(list []Proof, p *llm.Part, own llm.Format) []Proof {
	if !IsString(p.Signature) || p.SignedBy == "" || p.SignedBy == own || !provable(int64(p.Kind)) {
		return list
	}
	proof := Proof{By: p.SignedBy, Kind: p.Kind, Signature: p.Signature}
	if p.Kind == llm.Thinking {
		proof.Text = orNone(p.Text)
	}
	return append(list, proof)
}

// SealedIDs gives calls, asked for in order, their ids with the proofs of what
// stands between them and the calls before, see Prove.
func SealedIDs(parts []llm.Part, own llm.Format) func(i int) string {
	from := 0
	return func(i int) string {
		var proofs []Proof
		for ; from <= i; from++ {
			proofs = Prove(proofs, &parts[from], own)
		}
		return SealID(parts[i].Call.ID, proofs)
	}
}

// orNone is a text, empty if there is none.
func orNone(text llm.JSON) llm.JSON {
	if !IsString(text) {
		return llm.JSON(`""`)
	}
	return text
}

// Sealer gathers the proofs of a streamed answer until a call takes them along.
type Sealer struct {
	// Own is the format of the callers.
	Own    llm.Format
	proofs []Proof
	size   int
	// open is the part at hand.
	open llm.Part
}

// maxGathered bounds what is kept of one answer's proofs, proofSize is what one
// takes beside its texts.
const (
	maxGathered = 4 << 20
	proofSize   = 128
)

// Part begins a part. Its bytes are copied.
func (s *Sealer) Part(p *llm.Part) {
	s.close()
	s.open = llm.Part{Kind: p.Kind, SignedBy: p.SignedBy, Signature: slices.Clone(p.Signature)}
	s.Tell(p.Text)
}

// Tell goes on with a thought; too long a one is not kept.
func (s *Sealer) Tell(piece llm.JSON) {
	if s.open.Kind != llm.Thinking || !IsString(piece) || len(s.open.Text) > maxSealed {
		return
	}
	text := s.open.Text
	if text == nil {
		text = append(text, '"')
	} else {
		text = text[:len(text)-1]
	}
	s.open.Text = append(append(text, piece[1:len(piece)-1]...), '"')
}

// Sign gives the part at hand its signature; by is whose, if that is known now
// only. A call cannot get one any more: its id has been told.
func (s *Sealer) Sign(signature llm.JSON, by llm.Format) {
	if s.open.Kind == llm.ToolCall {
		return
	}
	s.open.Signature = slices.Clone(signature)
	if by != "" {
		s.open.SignedBy = by
	}
}

func (s *Sealer) close() {
	p := s.open
	s.open = llm.Part{}
	if p.Kind == llm.ToolCall || s.size+proofSize+len(p.Signature) > maxGathered {
		return
	}
	n := len(s.proofs)
	if s.proofs = Prove(s.proofs, &p, s.Own); len(s.proofs) == n {
		return
	}
	if proof := &s.proofs[n]; s.size+len(proof.Text) > maxGathered {
		proof.Text = nil
	}
	s.size += proofSize + len(p.Signature) + len(s.proofs[n].Text)
}

// Take gives all proofs, the call's own among them, to a call that is told now.
func (s *Sealer) Take(call *llm.Part) []Proof { return Prove(s.Thoughts(), call, s.Own) }

// Thoughts gives the proofs of what came before it to a call that is told later,
// with its own then.
func (s *Sealer) Thoughts() []Proof {
	s.close()
	proofs := s.proofs
	s.proofs, s.size = nil, 0
	return proofs
}

// Unseal opens the id of a call. Its own proof it gets back; those of the
// thoughts before it are returned.
func Unseal(call *llm.Part) (thoughts []Proof) {
	var proofs []Proof
	call.Call.ID, proofs = OpenID(call.Call.ID)
	return GiveBack(call, proofs)
}

// GiveBack gives a call its own of the proofs that came with it; those of the
// thoughts before it are returned.
func GiveBack(call *llm.Part, proofs []Proof) (thoughts []Proof) {
	for _, p := range proofs {
		if p.Kind == llm.ToolCall {
			call.Signature, call.SignedBy = p.Signature, p.By
		} else {
			thoughts = append(thoughts, p)
		}
	}
	return thoughts
}

// AppendCall adds a call to what an assistant has said before it, and gives back
// to the turn what travelled in the call's id.
func AppendCall(parts []llm.Part, call llm.Part) []llm.Part { //nolint:gocritic // a copy is what the list gets
	return append(Restore(parts, Unseal(&call)), call)
}

// Restore puts thoughts that came with a call to where they were: before all that
// was said since the call before it. They take the place of those without a
// proof there, unless the client has sent back proofs of its own. As with append,
// parts is not to be used any more: a turn can have many calls.
func Restore(parts []llm.Part, thoughts []Proof) []llm.Part {
	if len(thoughts) == 0 {
		return parts
	}
	from := len(parts)
	for from > 0 && parts[from-1].Kind != llm.ToolCall {
		from--
	}
	said := parts[from:]
	if slices.ContainsFunc(said, isProven) {
		return parts
	}
	said = slices.Clone(said)
	out := append(parts[:from], restored(said, thoughts)...)
	for i := range said {
		if said[i].Kind != llm.Thinking {
			out = append(out, said[i])
		}
	}
	return out
}

func isProven(p llm.Part) bool { //nolint:gocritic // as slices want it
	return (p.Kind == llm.Thinking || p.Kind == llm.Redacted) && p.Signature != nil
}

// restored are thoughts made of proofs. Those that were too long to be sealed
// have the text that the client sent back.
func restored(said []llm.Part, proofs []Proof) []llm.Part {
	out := make([]llm.Part, 0, len(proofs)+len(said))
	var without []int
	for i, p := range proofs {
		thought := llm.Part{Kind: p.Kind, Text: p.Text, Signature: p.Signature, SignedBy: p.By}
		if p.Kind == llm.Thinking && p.Text == nil {
			without = append(without, i)
			thought.Text = llm.JSON(`""`)
		}
		out = append(out, thought)
	}
	if len(without) > 0 {
		for i, text := range unsealed(said, proofs, without) {
			out[without[i]].Text = text
		}
	}
	return out
}

// unsealed are the texts of the proofs that came without, in order: those among
// the thoughts said that no other proof has. A single one may be joined with
// those of the others.
func unsealed(said []llm.Part, proofs []Proof, without []int) []llm.JSON {
	sealed := map[string]bool{"": true}
	for _, p := range proofs {
		sealed[Text(p.Text)] = true
	}
	var rest []llm.JSON
	for i := range said {
		if p := &said[i]; p.Kind == llm.Thinking && len(rest) < len(without) && !sealed[Text(p.Text)] {
			rest = append(rest, p.Text)
		}
	}
	if len(rest) < len(without) || len(without) > 1 {
		return rest
	}
	text := strings.TrimPrefix(Text(rest[0]), joined(proofs[:without[0]]))
	return []llm.JSON{Quote(strings.TrimSuffix(text, joined(proofs[without[0]+1:])))}
}

func joined(proofs []Proof) string {
	texts := make([]llm.JSON, 0, len(proofs))
	for _, p := range proofs {
		texts = append(texts, p.Text)
	}
	return Text(Join("", texts...))
}

// ThoughtsLacking is what notes say of a question whose model shall not think,
// see LacksThoughts.
const ThoughtsLacking = "left out: the calls that were answered came without their thoughts"

// LacksThoughts tells whether a model that own asks is to go on from calls of tools
// whose thoughts did not come back. Claude does not think then: the API refuses a
// budget.
func LacksThoughts(messages []llm.Message, own llm.Format) bool {
	for i := len(messages) - 1; i >= 0; i-- {
		m := &messages[i]
		if m.Role == llm.Assistant && slices.ContainsFunc(m.Parts, isCall) && !slices.ContainsFunc(m.Parts, isProvenBy(own)) {
			return true
		}
		if m.Role == llm.User && !OnlyResults(m.Parts) {
			return false
		}
	}
	return false
}

// Moved tells whether there are thoughts in a question that another than own has
// proven: the model was changed since.
func Moved(messages []llm.Message, own llm.Format) bool {
	for i := range messages {
		for j := range messages[i].Parts {
			if p := &messages[i].Parts[j]; p.SignedBy != own && isProven(*p) {
				return true
			}
		}
	}
	return false
}

func isCall(p llm.Part) bool { return p.Kind == llm.ToolCall } //nolint:gocritic // as slices want it

func isProvenBy(own llm.Format) func(p llm.Part) bool {
	return func(p llm.Part) bool { return p.SignedBy == own && isProven(p) } //nolint:gocritic // as slices want it
}

// OnlyResults tells whether a turn is nothing but results of tools.
func OnlyResults(parts []llm.Part) bool {
	for i := range parts {
		if parts[i].Kind != llm.ToolResult {
			return false
		}
	}
	return len(parts) > 0
}
