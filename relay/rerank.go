package relay

import (
	"errors"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/wire"
)

// ranking is a question for a ranking, on a route for chats.
type ranking struct {
	client   wire.RerankClient // the format of the question
	question llm.RerankRequest
}

// ranker is the format of rankings that a path asks for, by its number; -1 if
// it asks for something else.
func (t *Target) ranker(path string) int {
	for i, client := range t.s.Rerank {
		if client.Asks(path) {
			return i
		}
	}
	return -1
}

// locateRanks works out where questions for rankings go: nowhere if the
// provider has none.
func (t *Target) locateRanks(r *resolved, m *provider.Model) error {
	r.ranks = make([]place, len(t.s.Rerank))
	for i, client := range t.s.Rerank {
		err := t.settlePlace(&r.ranks[i], &provider.Operation{
			RouteType: provider.Rerank, Model: r.model, Options: &m.Options, Caller: client.Format(),
		}, m)
		if err != nil && !errors.Is(err, provider.ErrNoOperation) {
			return err
		}
	}
	return nil
}

// checkRank is checkNative for a ranking.
func (c *call) checkRank(ex *flow.Exchange, client int) error {
	c.rank = &ranking{client: c.t.s.Rerank[client]}
	if err := c.rank.client.DecodeRequest(&c.rank.question, c.arrived(ex)); err != nil {
		return badQuestion(err)
	}
	if err := c.settleModel(c.rank.question.Model); err != nil {
		return err
	}
	at := c.target.ranks[client]
	if at.rerank == nil {
		return invalid("not supported by this version for provider " + c.t.s.Provider.Name() + ": rerank")
	}
	c.target.places = places{at, at}
	c.x.same = at.rerank.Format() == c.rank.client.Format()
	return nil
}

// putRank writes the question in the provider's format. One in the caller's
// goes out as it came, but for the model.
func (c *call) putRank(ex *flow.Exchange, attempt int) error {
	ex.Out.Method = "POST"
	c.forget(ex)
	if !c.x.same {
		return c.send(ex, attempt, func(dst []byte) ([]byte, error) {
			q := c.rank.question
			q.Model = c.target.model
			return c.place().rerank.EncodeRequest(dst, &q, &c.x.notes)
		})
	}
	c.addMembers(ex, c.body)
	if !jsonscan.EqualString(c.value(keyModel), c.target.model) {
		ex.Body.Edits().Set(c.spans[keyModel], "model", c.target.quoted)
	}
	return nil
}

// receiveRank turns the provider's answer into the caller's format. One that
// is in it passes as it is.
func (c *call) receiveRank(ex *flow.Exchange, r *flow.Reply) error {
	whole, err := c.plain(ex, r)
	if err != nil {
		return err
	}
	var a llm.RerankResponse
	err = c.place().rerank.DecodeResponse(&a, &c.rank.question, whole)
	if err := c.undecoded(err); err != nil {
		return err
	}
	c.ai.ResponseModel = a.Model
	c.takeUsage(&a.Usage)
	c.finish()
	if c.x.same {
		c.keepAnswer(whole)
		r.SetBody(whole)
		return nil
	}
	if a.ID == "" {
		a.ID = ex.ID
	}
	c.scrap = c.rank.client.EncodeResponse(c.scrap[:0], &a, &c.rank.question)
	c.answer(r)
	return nil
}

// finishRank completes the usage of a ranking. What the provider did not count
// stays unknown: it is paid by the search then, not by the token.
func (c *call) finishRank() {
	u := &c.ai.Usage
	if u.Prompt < 0 {
		return
	}
	u.Completion = max(u.Completion, 0)
	if u.Total < 0 {
		u.Total = u.Prompt + u.Completion
	}
	c.ai.Cost = c.t.price.of(u)
}
