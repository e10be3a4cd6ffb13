package openaicompletions

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// DecodeRequest implements wire.Client.
func (Client) DecodeRequest(r *llm.Request, q wire.Question) error {
	f, err := q.Open()
	if err != nil {
		return wire.AsInvalid(err)
	}
	r.Extra.From = own
	for f.Next() {
		if !take(r, f.Name(), f.Value()) {
			f.Keep(&r.Extra, own)
		}
	}
	if r.Prompt == nil {
		return &wire.Invalid{Field: "prompt", Message: "must be a string or an array"}
	}
	return nil
}

// take takes a member that the model has a place for in the spelling at hand.
func take(r *llm.Request, name string, v llm.JSON) bool {
	s := &r.Sampling
	switch name {
	case "model":
		r.Model = wire.Text(v)
		return r.Model != ""
	case "prompt":
		if !wire.IsString(v) && !wire.IsArray(v) {
			return false
		}
		r.Prompt = v
		return true
	case "suffix":
		return takeText(&r.Suffix, v)
	case "user":
		return takeText(&r.User, v)
	case "stream":
		r.Stream = wire.IsTrue(v)
		return r.Stream
	case "stream_options":
		return takeOptions(r, v)
	case "stop":
		return takeStops(s, v)
	case "logprobs":
		if !takeNumber(&s.TopLogprobs, v) {
			return false
		}
		s.Logprobs = llm.JSON("true")
		return true
	case "logit_bias":
		if !wire.IsObject(v) {
			return false
		}
		s.LogitBias = v
		return true
	}
	into := sampling(s, name)
	return into != nil && takeNumber(into, v)
}

// sampling is the place of a number. The last three are not OpenAI's, but of
// servers that speak its format.
func sampling(s *llm.Sampling, name string) *llm.JSON {
	switch name {
	case "max_tokens":
		return &s.MaxTokens
	case "temperature":
		return &s.Temperature
	case "top_p":
		return &s.TopP
	case "n":
		return &s.N
	case "frequency_penalty":
		return &s.FrequencyPenalty
	case "presence_penalty":
		return &s.PresencePenalty
	case "seed":
		return &s.Seed
	case "top_k":
		return &s.TopK
	case "min_p":
		return &s.MinP
	case "repetition_penalty":
		return &s.RepeatPenalty
	}
	return nil
}

// takeOptions takes {"include_usage":true}; with anything else the object is
// kept as well.
func takeOptions(r *llm.Request, v llm.JSON) bool {
	r.IncludeUsage = wire.IsTrue(wire.Get(v, "include_usage"))
	n := 0
	for f := wire.NewFields(v); f.Next(); {
		n++
	}
	return r.IncludeUsage && n == 1
}

// takeStops takes a list; a single sequence is taken and kept as well.
func takeStops(s *llm.Sampling, v llm.JSON) bool {
	if wire.IsString(v) {
		s.Stop = []llm.JSON{v}
		return false
	}
	list, ok := wire.Stops(v)
	s.Stop = list
	return ok
}

func takeText(into *llm.JSON, v llm.JSON) bool {
	if !wire.IsString(v) || wire.EmptyText(v) {
		return false
	}
	*into = v
	return true
}

func takeNumber(into *llm.JSON, v llm.JSON) bool {
	if !wire.IsNumber(v) {
		return false
	}
	*into = v
	return true
}

// EncodeRequest implements wire.Provider.
func (Provider) EncodeRequest(dst []byte, r *llm.Request, notes *wire.Notes) ([]byte, error) {
	switch {
	case len(r.Messages) > 0:
		return dst, &wire.Invalid{Field: "messages", Message: "cannot be put as a text to complete"}
	case r.Prompt == nil:
		return dst, &wire.Invalid{Field: "prompt", Message: "is missing"}
	}
	w := wire.Writer{Buf: dst}
	e := requestEncoder{w: &w, r: r, notes: notes, ours: r.Extra.From == own}
	n := wire.Begin(&w, &r.Extra, own)
	n.Text("model", r.Model)
	n.Member("prompt", r.Prompt)
	n.Member("suffix", r.Suffix)
	e.sampling(&n)
	e.stops(&n)
	e.stream(&n)
	n.Member("user", r.User)
	n.End()
	e.drops()
	return w.Buf, nil
}

// requestEncoder writes one question.
type requestEncoder struct {
	w     *wire.Writer
	r     *llm.Request
	notes *wire.Notes
	ours  bool // the question came in this format
}

func (e *requestEncoder) drop(there bool, field string) {
	if there {
		e.notes.Drop(field)
	}
}

func (e *requestEncoder) sampling(n *wire.Node) {
	s := &e.r.Sampling
	for _, name := range [...]string{
		"max_tokens", "temperature", "top_p", "n", "frequency_penalty", "presence_penalty", "seed",
	} {
		n.Member(name, *sampling(s, name))
	}
	for _, name := range [...]string{"top_k", "min_p", "repetition_penalty"} {
		if e.ours {
			n.Member(name, *sampling(s, name))
		} else {
			e.notes.Lose("sampling."+name, *sampling(s, name))
		}
	}
	n.Member("logit_bias", s.LogitBias)
	switch {
	case s.TopLogprobs != nil && (s.Logprobs == nil || wire.IsTrue(s.Logprobs)):
		n.Member("logprobs", s.TopLogprobs)
	case wire.IsTrue(s.Logprobs):
		n.Member("logprobs", llm.JSON("0"))
	}
}

func (e *requestEncoder) stops(n *wire.Node) {
	stop := e.r.Sampling.Stop
	single := e.r.Extra.Get(own, "stop")
	if len(stop) == 0 || (len(stop) == 1 && string(single) == string(stop[0])) {
		return
	}
	n.Name("stop")
	e.w.Array()
	for _, s := range stop {
		e.w.Raw(s)
	}
	e.w.EndArray()
}

func (e *requestEncoder) stream(n *wire.Node) {
	if e.r.Stream {
		n.Member("stream", llm.JSON("true"))
	}
	said := e.r.Extra.Get(own, "stream_options")
	if said != nil && wire.IsTrue(wire.Get(said, "include_usage")) == e.r.IncludeUsage {
		return
	}
	if !e.r.IncludeUsage || (!e.r.Stream && !e.ours) {
		return
	}
	rest := llm.Extra{From: own}
	for f := wire.NewFields(said); f.Next(); {
		f.Keep(&rest, own)
	}
	n.Name("stream_options")
	o := wire.Begin(e.w, &rest, own)
	o.Member("include_usage", llm.JSON("true"))
	o.End()
}

// drops notes what a completion has no place for.
func (e *requestEncoder) drops() {
	r, t, o := e.r, &e.r.Reasoning, &e.r.Output
	e.drop(len(r.Tools) > 0, "tools")
	e.drop(wire.Confines(&r.Choice), "choice")
	e.notes.Lose("parallel", r.Parallel)
	e.drop(wire.Thinks(t), "reasoning")
	e.drop(o.Kind == llm.OutputJSON || o.Kind == llm.OutputSchema || o.Verbosity != "", "output")
	e.notes.Lose("service_tier", r.ServiceTier)
	e.notes.Lose("metadata", r.Metadata)
	if e.ours {
		return
	}
	for i := range r.Extra.Members {
		e.notes.Lose(r.Extra.Members[i].Name, r.Extra.Members[i].Value)
	}
}
