//go:build !race

package formats

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/fit"
	"github.com/sluice-gateway/sluice/wire/openaichat"
	"github.com/sluice-gateway/sluice/wire/openairesponses"
)

// What is here does much work in one goroutine. The race detector finds nothing
// in it, and takes ten times as long.

// TestBulkPairs: a question that goes from one format into another says the same
// but for what is noted, and can be put in the first one again.
func TestBulkPairs(t *testing.T) {
	both(t, func(t *testing.T, a, b *format) {
		t.Helper()
		for seed := range uint64(seeds) {
			x := newMaker(seed, a.words()).request()
			body, _ := a.encode(t, x)
			asked := a.decode(t, body, x.Stream)
			sent, notes := b.encode(t, asked)
			got := b.decode(t, sent, x.Stream)
			for _, d := range b.differences(got, asked, notes) {
				t.Errorf("seed %d: %s", seed, d)
			}
			for _, n := range notes {
				if !field.MatchString(n.Field) {
					t.Errorf("seed %d: the note %s is of no field", seed, n.Field)
				}
			}
			if t.Failed() {
				t.Fatalf("noted %v\nasked %.3000s\nsent  %.3000s", notes, body, sent)
			}
			a.encode(t, got)
		}
	})
}

// TestBulkCrowds: an answer in too many parts is refused before anything is made of
// it, and refusing takes no memory. The largest that is not refused, told in
// events of another format, takes less than 24 times 16 MiB from the heap in
// all, much of that at different times, and however long its texts are.
func TestBulkCrowds(t *testing.T) {
	const size, limit = 16 << 20, 24
	for _, c := range crowds() {
		for _, element := range c.elements {
			values, most := 1, 1<<15
			for _, sign := range []string{",", "{", "["} {
				values += strings.Count(element, sign)
			}
			if strings.HasSuffix(c.name, "probabilities") {
				values, most = 1, 1<<19 // brackets
			}
			if strings.Contains(element, `"input":`) || strings.Contains(element, `"parameters":`) {
				values-- // what is in arguments does not count
			}
			crowded := c.fill(element, most/values+1, 1<<17)
			if spent := allocated(func() {
				if err := wire.Bounded(crowded); !errors.Is(err, wire.ErrParts) {
					t.Errorf("%s: %s: %v", c.name, element, err)
				}
			}); spent > 1<<16 {
				t.Errorf("%s: %s: %d bytes to refuse them", c.name, element, spent)
			}
			doc := c.fill(element, (most-100)/values, 0)
			if err := wire.Bounded(doc); err != nil {
				t.Fatalf("%s: %s: %v", c.name, element, err)
			}
			for _, to := range []wire.Client{openairesponses.Client{}, openaichat.Client{}} {
				if to.Format() == c.provider.Format() {
					continue
				}
				if spent := allocated(func() { retell(c.provider, to, doc) }); spent > limit*size {
					t.Errorf("%s: %s told in %s takes %d MiB", c.name, element, to.Format(), spent>>20)
				}
				break
			}
		}
	}
}

// TestBulkLoops: two turns of a loop of tools, of every client with every
// provider. What proves the thoughts comes back to its provider unchanged, on
// the same nodes, and the results belong to the calls.
func TestBulkLoops(t *testing.T) {
	pairs(t, withMistral(), func(t *testing.T, a, b *format) {
		t.Helper()
		for seed := range uint64(20) {
			m := newMaker(seed, b.words())
			answer := m.calling()
			var fromProvider llm.Response
			body := b.client.EncodeResponse(nil, answer, b.answered(t, false))
			if err := b.provider.DecodeResponse(&fromProvider, body); err != nil {
				t.Fatal(err)
			}
			ids := !lost[a.words()].ids && !lost[b.words()].ids && b.words() != llm.Mistral // which wants ids of its own kind
			want := proofs(fromProvider.Choices[0].Parts, ids)
			asked := a.answered(t, false)
			plain := a.client.EncodeResponse(nil, &fromProvider, asked)
			a.checkLoop(t, b, fmt.Sprintf("seed %d, plain", seed), plain, want, ids)
			// Libraries make the same of events as they get without.
			streamed := a.whole(t, through(t, a, b, m.events(answer), a.answered(t, true), new(fit.Fit)), asked)
			a.checkLoop(t, b, fmt.Sprintf("seed %d, streamed", seed), streamed, want, ids)
			if t.Failed() {
				return
			}
		}
	})
}

// TestBulkLongProofs: signatures of 64 KB come back, with a long text that is sealed
// and with a longer one that only the client can bring.
func TestBulkLongProofs(t *testing.T) {
	pairs(t, withMistral(), func(t *testing.T, a, b *format) {
		t.Helper()
		if b.name != "anthropic.messages" {
			return
		}
		for _, size := range []int{60 << 10, 100 << 10} {
			m := newMaker(3, b.words())
			answer := m.calling()
			parts := answer.Choices[0].Parts
			answer.Choices[0].Parts = append(parts[:1], slices.DeleteFunc(parts[1:], func(p llm.Part) bool { return p.Signature != nil })...)
			thought := &parts[0]
			thought.Text = wire.Quote(strings.Repeat("All work and no play. ", size/22))
			thought.Signature = wire.Quote(base64.StdEncoding.EncodeToString(m.noise(48 << 10)))
			var got llm.Response
			if err := b.provider.DecodeResponse(&got, b.client.EncodeResponse(nil, answer, b.answered(t, false))); err != nil {
				t.Fatal(err)
			}
			want := proofs(got.Choices[0].Parts, false)
			first, before := a.encode(t, a.answered(t, false))
			plain := a.client.EncodeResponse(nil, &got, a.answered(t, false))
			if size > 64<<10 && (a.words() == llm.OpenAIChat || a.words() == llm.CohereV1 || a.name == "bedrock.invoke/mistral") {
				continue // these clients drop the thoughts
			}
			if a.checkBack(t, b, "long, plain", sendBack(t, a.words(), first, plain), before, want, false); size > 64<<10 {
				continue // what came in pieces cannot be told apart
			}
			streamed := a.whole(t, through(t, a, b, m.events(answer), a.answered(t, true), new(fit.Fit)), a.answered(t, false))
			a.checkBack(t, b, "long, streamed", sendBack(t, a.words(), first, streamed), before, want, false)
		}
	})
}
