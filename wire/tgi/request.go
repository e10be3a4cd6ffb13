package tgi

import (
	"strings"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// DecodeRequest implements wire.Client. A question to /generate_stream is
// answered in a stream, one to another path if it says so.
func (Client) DecodeRequest(r *llm.Request, q wire.Question) error {
	f, err := q.Open()
	if err != nil {
		return wire.AsInvalid(err)
	}
	r.Extra.From = own
	r.IncludeUsage = true
	for f.Next() {
		if !take(r, f.Name(), f.Value()) {
			f.Keep(&r.Extra, own)
		}
	}
	if strings.HasSuffix(q.Path, "/generate_stream") {
		r.Stream = true
	}
	if r.Prompt == nil {
		return &wire.Invalid{Field: "inputs", Message: "must be a string"}
	}
	return nil
}

func take(r *llm.Request, name string, v llm.JSON) bool {
	switch name {
	case "model":
		r.Model = wire.Text(v)
		return r.Model != ""
	case "inputs":
		if !wire.IsString(v) && !texts(v) {
			return false
		}
		r.Prompt = v
		return true
	case "stream":
		r.Stream = wire.IsTrue(v)
		return r.Stream
	case "parameters":
		return parameters(r, v)
	}
	return false
}

// texts tells whether v is a list of strings that is not empty, as the task
// endpoint takes it.
func texts(v llm.JSON) bool {
	items, n := wire.Items(v), 0
	for s, ok := items.Next(); ok; s, ok = items.Next() {
		if !wire.IsString(s) {
			return false
		}
		n++
	}
	return n > 0
}

// parameters takes what the model holds; the others stay together in the extra.
func parameters(r *llm.Request, v llm.JSON) bool {
	if !wire.IsObject(v) {
		return false
	}
	var rest llm.Extra
	some := false
	f := wire.NewFields(v)
	for f.Next() {
		some = true
		if !parameter(r, f.Name(), f.Value()) {
			f.Keep(&rest, own)
		}
	}
	if some && len(rest.Members) == 0 {
		return true
	}
	var w wire.Writer
	n := wire.Begin(&w, &rest, own)
	n.End()
	r.Extra.Members = append(r.Extra.Members, llm.Member{Name: "parameters", Value: w.Buf})
	return true
}

func parameter(r *llm.Request, name string, v llm.JSON) bool {
	switch name {
	case "stop":
		return stops(&r.Sampling, v)
	case "grammar":
		return grammar(&r.Output, v)
	case "top_n_tokens":
		if !wire.IsNumber(v) {
			return false
		}
		r.Sampling.Logprobs, r.Sampling.TopLogprobs = llm.JSON("true"), v
		return true
	}
	into := sampling(&r.Sampling, name)
	if into == nil || !wire.IsNumber(v) {
		return false
	}
	*into = v
	return true
}

// sampling is the place of a number.
func sampling(s *llm.Sampling, name string) *llm.JSON {
	switch name {
	case "max_new_tokens":
		return &s.MaxTokens
	case "temperature":
		return &s.Temperature
	case "top_p":
		return &s.TopP
	case "top_k":
		return &s.TopK
	case "frequency_penalty":
		return &s.FrequencyPenalty
	case "repetition_penalty":
		return &s.RepeatPenalty
	case "seed":
		return &s.Seed
	}
	return nil
}

func stops(s *llm.Sampling, v llm.JSON) bool {
	if !texts(v) {
		return false
	}
	items := wire.Items(v)
	for e, ok := items.Next(); ok; e, ok = items.Next() {
		s.Stop = append(s.Stop, e)
	}
	return true
}

// grammar takes {"type":"json","value":<schema>} and nothing else.
func grammar(o *llm.Output, v llm.JSON) bool {
	schema, n := wire.Get(v, "value"), 0
	for f := wire.NewFields(v); f.Next(); {
		n++
	}
	if n != 2 || !wire.Equal(wire.Get(v, "type"), "json") || !wire.IsObject(schema) {
		return false
	}
	o.Kind, o.Schema = llm.OutputSchema, schema
	return true
}

// EncodeRequest implements wire.Provider. Whether to stream stands in the body
// too, for the endpoints that have one path for both.
func (Provider) EncodeRequest(dst []byte, r *llm.Request, notes *wire.Notes) ([]byte, error) {
	e := requestEncoder{w: &wire.Writer{Buf: dst}, r: r, notes: notes, ours: r.Extra.From == own}
	inputs, err := e.inputs()
	if err != nil {
		return dst, err
	}
	n := wire.Begin(e.w, &r.Extra, own)
	n.Text("model", r.Model)
	n.Member("inputs", inputs)
	e.parameters(&n)
	if r.Stream {
		n.Member("stream", llm.JSON("true"))
	}
	n.End()
	e.drops()
	return e.w.Buf, nil
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

func (e *requestEncoder) inputs() (llm.JSON, error) {
	prompt := e.r.Prompt
	switch {
	case len(e.r.Messages) > 0:
		return nil, &wire.Invalid{Field: "messages", Message: "cannot be put as a text to complete"}
	case prompt == nil:
		return nil, &wire.Invalid{Field: "prompt", Message: "is missing"}
	case wire.IsString(prompt) || e.ours:
		return prompt, nil
	}
	if !texts(prompt) || wire.Len(prompt) != 1 {
		return nil, &wire.Invalid{Field: "prompt", Message: "must be one text"}
	}
	items := wire.Items(prompt)
	text, _ := items.Next()
	return text, nil
}

// parameters writes how to answer. Questions of other formats want to be told
// why an answer ended and what it cost, and not to read their prompt again.
func (e *requestEncoder) parameters(n *wire.Node) {
	rest := llm.Extra{From: own}
	if said := e.r.Extra.Get(own, "parameters"); said != nil {
		if !wire.IsObject(said) && !e.some() {
			return
		}
		for f := wire.NewFields(said); f.Next(); {
			f.Keep(&rest, own)
		}
	} else if e.ours && !e.some() {
		return
	}
	n.Name("parameters")
	p := wire.Begin(e.w, &rest, own)
	e.numbers(&p)
	e.stops(&p)
	e.grammar(&p)
	if !e.ours {
		p.Member("details", llm.JSON("true"))
		p.Member("return_full_text", e.echo())
	}
	p.End()
}

// some tells whether there is any parameter that the model holds.
func (e *requestEncoder) some() bool {
	s := &e.r.Sampling
	some := len(s.Stop) > 0 || e.r.Output.Kind == llm.OutputSchema || s.TopLogprobs != nil
	for _, name := range numbers() {
		some = some || *sampling(s, name) != nil
	}
	return some
}

func numbers() [7]string {
	return [7]string{
		"max_new_tokens", "temperature", "top_p", "top_k", "frequency_penalty", "repetition_penalty", "seed",
	}
}

// numbers leaves out what stands for the model's own measure with others, and
// is refused here: a temperature of nothing, all of the probability.
func (e *requestEncoder) numbers(p *wire.Node) {
	s := &e.r.Sampling
	for _, name := range numbers() {
		v := *sampling(s, name)
		if f, ok := jsonscan.Float(v); ok && !e.ours {
			if name == "temperature" && f == 0 {
				p.Member("do_sample", llm.JSON("false"))
				e.notes.Change("sampling.temperature", "told as no sampling")
				continue
			}
			if name == "top_p" && f >= 1 {
				continue
			}
		}
		p.Member(name, v)
	}
	switch {
	case s.TopLogprobs != nil && !e.ours && string(s.TopLogprobs) == "0", s.TopLogprobs == nil && wire.IsTrue(s.Logprobs):
		p.Member("top_n_tokens", llm.JSON("1"))
	default:
		p.Member("top_n_tokens", s.TopLogprobs)
	}
}

func (e *requestEncoder) stops(p *wire.Node) {
	if len(e.r.Sampling.Stop) == 0 {
		return
	}
	p.Name("stop")
	e.w.Array()
	for _, s := range e.r.Sampling.Stop {
		e.w.Raw(s)
	}
	e.w.EndArray()
}

func (e *requestEncoder) grammar(p *wire.Node) {
	o := &e.r.Output
	schema := o.Schema
	switch o.Kind {
	case llm.OutputUnsaid, llm.OutputText:
		return
	case llm.OutputJSON:
		schema = llm.JSON(`{"type":"object"}`)
		e.notes.Change("output", "told as a schema of any object")
	case llm.OutputSchema:
	}
	if schema == nil {
		schema = llm.JSON(`{}`)
	}
	p.Name("grammar")
	e.w.Object()
	e.w.StringMember("type", "json")
	e.w.Member("value", schema)
	e.w.EndObject()
	e.notes.Lose("output.description", o.Description)
	e.notes.Lose("output.strict", o.Strict)
}

// echo tells whether the answer shall repeat the prompt, as OpenAI calls it.
func (e *requestEncoder) echo() llm.JSON {
	if wire.IsTrue(e.r.Extra.Get(llm.OpenAICompletions, "echo")) {
		return llm.JSON("true")
	}
	return llm.JSON("false")
}

// drops notes what has no place here.
func (e *requestEncoder) drops() {
	r, s, t := e.r, &e.r.Sampling, &e.r.Reasoning
	e.notes.Lose("suffix", r.Suffix)
	e.drop(len(r.Tools) > 0, "tools")
	e.drop(wire.Confines(&r.Choice), "choice")
	e.notes.Lose("parallel", r.Parallel)
	e.drop(wire.Thinks(t), "reasoning")
	e.notes.LoseText("output.verbosity", r.Output.Verbosity)
	e.notes.Lose("sampling.n", s.N)
	e.notes.Lose("sampling.min_p", s.MinP)
	e.notes.Lose("sampling.presence_penalty", s.PresencePenalty)
	e.notes.Lose("sampling.logit_bias", s.LogitBias)
	e.notes.Lose("user", r.User)
	e.notes.Lose("service_tier", r.ServiceTier)
	e.notes.Lose("metadata", r.Metadata)
	if e.ours {
		return
	}
	for i := range r.Extra.Members {
		if r.Extra.From == llm.OpenAICompletions && r.Extra.Members[i].Name == "echo" {
			continue
		}
		e.notes.Lose(r.Extra.Members[i].Name, r.Extra.Members[i].Value)
	}
}
