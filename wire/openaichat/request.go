package openaichat

import (
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// DecodeRequest implements wire.Client.
func (Client) DecodeRequest(r *llm.Request, q wire.Question) error {
	f, err := q.Open()
	if err != nil {
		return err
	}
	r.Extra.From = own
	for f.Next() {
		if err := member(r, &f); err != nil {
			return err
		}
	}
	if r.Messages == nil {
		wire.Mark(&r.Extra, own, "no messages", nil)
	}
	return nil
}

// member reads one member of a question.
func member(r *llm.Request, f *wire.Fields) error {
	v := f.Value()
	if wire.IsNull(v) {
		f.Keep(&r.Extra, own)
		return nil
	}
	switch f.Name() {
	case "model":
		r.Model = wire.Text(v)
	case "messages":
		return readMessages(r, f.Items())
	case "stream":
		r.Stream = wire.IsTrue(v)
		if !r.Stream {
			wire.Mark(&r.Extra, own, "stream", nil)
		}
	case "stream_options":
		r.IncludeUsage = wire.IsTrue(wire.Get(v, "include_usage"))
		wire.Mark(&r.Extra, own, "stream_options", v)
	case "tools":
		readTools(r, v)
	case "functions":
		readFunctions(r, v)
	case "tool_choice":
		r.Choice = readChoice(v)
	case "function_call":
		r.Choice = readFunctionCall(v)
		wire.Mark(&r.Extra, own, "function_call", nil)
	case "response_format":
		readOutput(&r.Output, v)
	case "verbosity":
		r.Output.Verbosity = wire.Text(v)
	case "reasoning_effort":
		readEffort(&r.Reasoning, v)
	default:
		sampling(r, f)
	}
	return nil
}

// sampling reads the members that are one value.
func sampling(r *llm.Request, f *wire.Fields) {
	v := f.Value()
	if f.Name() == "stop" {
		readStop(r, v)
		return
	}
	dst := numbers(r, f.Name())
	if dst == nil || *dst != nil {
		f.Keep(&r.Extra, own)
		return
	}
	*dst = v
	if f.Name() == "max_completion_tokens" {
		wire.Mark(&r.Extra, own, "max_completion_tokens", nil)
	}
}

// numbers is where the value of a member goes, nil if it has no place.
func numbers(r *llm.Request, name string) *llm.JSON {
	s := &r.Sampling
	switch name {
	case "max_tokens", "max_completion_tokens":
		return &s.MaxTokens
	case "temperature":
		return &s.Temperature
	case "top_p":
		return &s.TopP
	case "top_k":
		return &s.TopK
	case "min_p":
		return &s.MinP
	case "frequency_penalty":
		return &s.FrequencyPenalty
	case "presence_penalty":
		return &s.PresencePenalty
	case "repetition_penalty":
		return &s.RepeatPenalty
	case "seed":
		return &s.Seed
	case "n":
		return &s.N
	case "logit_bias":
		return &s.LogitBias
	case "logprobs":
		return &s.Logprobs
	case "top_logprobs":
		return &s.TopLogprobs
	case "parallel_tool_calls":
		return &r.Parallel
	case "user":
		return &r.User
	case "service_tier":
		return &r.ServiceTier
	case "metadata":
		return &r.Metadata
	}
	return nil
}

func readStop(r *llm.Request, v llm.JSON) {
	if wire.IsString(v) {
		r.Sampling.Stop = append(r.Sampling.Stop, v)
		wire.Mark(&r.Extra, own, "stop", nil)
		return
	}
	items := wire.Items(v)
	for s, ok := items.Next(); ok; s, ok = items.Next() {
		if wire.IsString(s) {
			r.Sampling.Stop = append(r.Sampling.Stop, s)
		}
	}
	if len(r.Sampling.Stop) == 0 {
		r.Extra.Members = append(r.Extra.Members, llm.Member{Name: "stop", Value: v})
	}
}

func readEffort(to *llm.Reasoning, v llm.JSON) {
	to.Effort = wire.Text(v)
	to.Off = to.Effort == "none"
	to.On = !to.Off && to.Effort != ""
}

func readOutput(o *llm.Output, v llm.JSON) {
	o.Extra.From = own
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "type":
			o.Kind = outputKind(wire.Text(f.Value()))
			if o.Kind == llm.OutputUnsaid {
				f.Keep(&o.Extra, own)
			}
		case "json_schema":
			readSchema(o, f.Value())
		default:
			f.Keep(&o.Extra, own)
		}
	}
}

func outputKind(name string) llm.OutputKind {
	switch name {
	case "text":
		return llm.OutputText
	case "json_object":
		return llm.OutputJSON
	case "json_schema":
		return llm.OutputSchema
	}
	return llm.OutputUnsaid
}

func readSchema(o *llm.Output, v llm.JSON) {
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "name":
			o.Name = wire.Text(f.Value())
		case "description":
			o.Description = f.Value()
		case "schema":
			o.Schema = f.Value()
		case "strict":
			o.Strict = f.Value()
		default:
			wire.Mark(&o.Extra, own, f.Name(), f.Value())
		}
	}
}

// field is the path of an element.
func field(list string, i int, rest string) string { return list + "[" + strconv.Itoa(i) + "]" + rest }
