package relay

import (
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/wire"
)

// caller is what every format of callers has.
type caller interface {
	Format() llm.Format
	EncodeError(dst []byte, e *llm.Error) []byte
}

// caller is the format that callers speak; nil is none.
func (t *Target) caller() caller {
	switch {
	case t.embeds() && t.s.Embed != nil:
		return t.s.Embed
	case !t.embeds() && t.s.Client != nil:
		return t.s.Client
	}
	return nil
}

// caller is the format of the question.
func (c *call) caller() caller {
	if c.rank != nil {
		return c.rank.client
	}
	return c.t.caller()
}

// speaker is what every format of providers has.
type speaker interface {
	Format() llm.Format
	DecodeError(status int, header func(name string) string, body []byte) *llm.Error
}

// speaker is the format that is spoken at the place.
func (p *place) speaker() speaker {
	switch {
	case p.embed != nil:
		return p.embed
	case p.rerank != nil:
		return p.rerank
	}
	return p.format
}

// embeds tells whether vectors are asked for.
func (t *Target) embeds() bool { return t.s.RouteType == provider.Embeddings }

// understandEmbed reads the question into the canonical model.
func (c *call) understandEmbed(ex *flow.Exchange) error {
	c.vectors = llm.EmbedRequest{}
	// Vectors do not come in events, whatever was asked.
	c.stream, c.ai.Streaming = false, false
	if err := c.t.s.Embed.DecodeRequest(&c.vectors, c.arrived(ex)); err != nil {
		return badQuestion(err)
	}
	return nil
}

// putEmbed writes the question in the provider's format.
func (c *call) putEmbed(ex *flow.Exchange, attempt int) error {
	ex.Out.Method = "POST"
	c.forget(ex)
	return c.send(ex, attempt, func(dst []byte) ([]byte, error) {
		q := c.vectors
		q.Model = c.target.model
		if n := c.t.s.Model.Options.EmbeddingsDimensions; n != nil {
			q.Dimensions = appendInt(*n)
		}
		return c.place().embed.EncodeRequest(dst, &q, &c.x.notes)
	})
}

// receiveEmbed turns the provider's answer into the caller's format.
func (c *call) receiveEmbed(ex *flow.Exchange, r *flow.Reply) error {
	whole, err := c.plain(ex, r)
	if err != nil {
		return err
	}
	var a llm.EmbedResponse
	err = wire.ReadEmbed(c.place().embed, &a, &c.vectors, r.Header.Get, whole)
	if err := c.undecoded(err); err != nil {
		return err
	}
	c.completeEmbed(ex, &a)
	if h, ok := c.t.s.Embed.(wire.EmbedHeaded); ok {
		h.Head(&a, r.Header.Set)
	}
	c.scrap = c.t.s.Embed.EncodeResponse(c.scrap[:0], &a, &c.vectors)
	c.answer(r)
	return nil
}

// completeEmbed fills what the provider left out, and takes what the log needs.
func (c *call) completeEmbed(ex *flow.Exchange, a *llm.EmbedResponse) {
	if a.ID == "" {
		a.ID = ex.ID
	}
	if a.Model == "" {
		a.Model = c.target.model
	}
	c.ai.ResponseModel = a.Model
	c.takeUsage(&a.Usage)
	c.finish()
	if a.Usage.Prompt < 0 {
		a.Usage = c.ai.Usage
	}
}

// embedWords counts the words of the inputs; a token counts one.
func (c *call) embedWords() int64 {
	n := 0
	for i := range c.vectors.Inputs {
		in := &c.vectors.Inputs[i]
		n += countWords(in.Text, 0) + countWords(in.Tokens, 0)
	}
	return int64(n)
}
