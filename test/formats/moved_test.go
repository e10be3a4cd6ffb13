package formats

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// turned is the second question of a loop that began with a provider of the
// format b, and the first part of what that answered.
func (f *format) turned(t *testing.T, b *format) (body []byte, thought llm.Part) {
	t.Helper()
	m := newMaker(1, b.words())
	answer := m.calling()
	answer.Choices[0].Parts[0].Text = llm.JSON(`"a thought to be told"`)
	var got llm.Response
	if err := b.provider.DecodeResponse(&got, b.client.EncodeResponse(nil, answer, b.answered(t, false))); err != nil {
		t.Fatal(err)
	}
	first, _ := f.encode(t, f.answered(t, false))
	plain := f.client.EncodeResponse(nil, &got, f.answered(t, false))
	return sendBack(t, f.words(), first, plain), got.Choices[0].Parts[0]
}

// vendor is who verifies proofs of a format.
func (f *format) vendor() string {
	name, _, _ := strings.Cut(string(f.words()), ".")
	return name
}

// TestMoved: a loop that goes on with another vendor's model. What proves
// thoughts to the one before is not sent; the thoughts are told as a text, or it
// is noted that they are not.
func TestMoved(t *testing.T) {
	all := withMistral()
	for i := range all {
		for j := range all {
			if b := &all[j]; signs(b.words()) {
				t.Run(all[i].name+" after "+b.name, func(t *testing.T) { all[i].checkMoved(t, b, all) })
			}
		}
	}
}

func (f *format) checkMoved(t *testing.T, b *format, all []format) {
	t.Helper()
	body, thought := f.turned(t, b)
	for k := range all {
		c := &all[k]
		if c.vendor() == b.vendor() {
			continue
		}
		sent, notes := c.encode(t, f.decode(t, body, false))
		if bytes.Contains(sent, []byte(wire.Text(thought.Signature))) || wire.MayHoldSeal(sent) {
			t.Errorf("to %s: the proof is sent: %s", c.name, sent)
		}
		if len(notes) == 0 && f.words() != llm.CohereV1 && !bytes.Contains(sent, []byte("a thought to be told")) {
			t.Errorf("to %s: the thought is lost: %s", c.name, sent)
		}
		if got := summarize(c.decode(t, sent, false), c.words())["turn 2 answers"].show(); got != "<to 1><to 2>" {
			t.Errorf("to %s: the results are %s: %s", c.name, got, sent)
		}
	}
}

// TestIDsDropped: Ollama's library for Python drops the ids of calls, and with
// them what is sealed there. The loop goes on without the thoughts: a model that
// would refuse that is not asked to think.
func TestIDsDropped(t *testing.T) {
	all := withMistral()
	var f *format
	for i := range all {
		if all[i].words() == llm.OllamaChat {
			f = &all[i]
		}
	}
	for i := range all {
		b := &all[i]
		t.Run(b.name, func(t *testing.T) {
			body, _ := f.turned(t, b)
			q := value(t, body).(object)
			q["think"] = true
			for _, m := range list(q["messages"]) {
				delete(m.(object), "tool_call_id")
				for _, c := range list(m.(object)["tool_calls"]) {
					delete(c.(object), "id")
				}
			}
			again := f.decode(t, mustJSON(t, q), false)
			sent, _ := b.encode(t, again)
			s := summarize(b.decode(t, sent, false), b.words())
			if got := s["turn 2 answers"].show(); got != "<to 1><to 2>" {
				t.Errorf("the results are %s: %s", got, sent)
			}
			if claude := strings.Contains(b.model, "claude"); claude && bytes.Contains(sent, []byte("budget_tokens")) {
				t.Errorf("it is asked to think: %s", sent)
			}
		})
	}
}

// TestTampered: an id that was changed on its way is sent as it is, the same for
// the call and its result, and nothing of it is taken for a proof.
func TestTampered(t *testing.T) {
	pairs(t, withMistral(), func(t *testing.T, a, b *format) {
		t.Helper()
		if !signs(b.words()) || a.vendor() == b.vendor() {
			return
		}
		body, _ := a.turned(t, b)
		for _, change := range [][2]string{{"-sealed-p", "-sealed-z"}, {"-sealed-z", "-sealed-p"}, {"-sealed-pW", "-sealed-p!"}} {
			forged := bytes.ReplaceAll(body, []byte(change[0]), []byte(change[1]))
			if bytes.Equal(forged, body) {
				continue
			}
			sent, _ := b.encode(t, a.decode(t, forged, false))
			if !json.Valid(sent) {
				t.Fatalf("%s", sent)
			}
			if got := summarize(b.decode(t, sent, false), b.words())["turn 2 answers"].show(); got != "<to 1><to 2>" {
				t.Errorf("the results are %s: %s", got, sent)
			}
		}
	})
}
