package mistral

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// DecodeRequest implements wire.Client.
func (Client) DecodeRequest(r *llm.Request, q wire.Question) error {
	f, err := q.Open()
	if err != nil {
		return err
	}
	r.Extra.From, r.IncludeUsage = own, true
	for f.Next() {
		if err := member(r, &f); err != nil {
			return err
		}
	}
	if r.Messages == nil {
		return &wire.Invalid{Field: "messages", Message: "is required"}
	}
	return nil
}

// member reads one member of a question.
func member(r *llm.Request, f *wire.Fields) error {
	v := f.Value()
	if f.Name() == "messages" {
		return readMessages(r, v)
	}
	if wire.IsNull(v) {
		f.Keep(&r.Extra, own)
		return nil
	}
	switch f.Name() {
	case "model":
		takeText(&r.Model, f, &r.Extra)
	case "stream":
		if r.Stream = wire.IsTrue(v); !r.Stream {
			f.Keep(&r.Extra, own)
		}
	case "tools":
		if readTools(r, v); len(r.Tools) == 0 {
			f.Keep(&r.Extra, own)
		}
	case "tool_choice":
		r.Choice = readChoice(v)
	case "response_format":
		readOutput(r, f)
	case "reasoning_effort":
		readEffort(r, f)
	case "prompt_mode":
		// With the prompt for reasoning the model thinks.
		r.Reasoning.On = r.Reasoning.On || wire.Equal(v, "reasoning")
		wire.Mark(&r.Extra, own, "prompt_mode", v)
	case "stop":
		readStop(r, f)
	default:
		value(r, f)
	}
	return nil
}

// value reads a member that is one value.
func value(r *llm.Request, f *wire.Fields) {
	dst := place(r, f.Name())
	if dst == nil {
		f.Keep(&r.Extra, own)
		return
	}
	*dst = f.Value()
}

// place is where the value of a member goes, nil if the model has none.
func place(r *llm.Request, name string) *llm.JSON {
	s := &r.Sampling
	switch name {
	case "max_tokens":
		return &s.MaxTokens
	case "temperature":
		return &s.Temperature
	case "top_p":
		return &s.TopP
	case "random_seed":
		return &s.Seed
	case "frequency_penalty":
		return &s.FrequencyPenalty
	case "presence_penalty":
		return &s.PresencePenalty
	case "n":
		return &s.N
	case "parallel_tool_calls":
		return &r.Parallel
	case "metadata":
		return &r.Metadata
	case "service_tier":
		return &r.ServiceTier
	}
	return nil
}

// takeText takes a text; what is none, or empty, is kept as it is.
func takeText(dst *string, f *wire.Fields, x *llm.Extra) {
	if *dst = wire.Text(f.Value()); *dst == "" {
		f.Keep(x, own)
	}
}

func readStop(r *llm.Request, f *wire.Fields) {
	v := f.Value()
	if wire.IsString(v) {
		r.Sampling.Stop = []llm.JSON{v}
		wire.Mark(&r.Extra, own, "stop", nil)
		return
	}
	list, ok := wire.Stops(v)
	if r.Sampling.Stop = list; !ok {
		f.Keep(&r.Extra, own)
	}
}

func readEffort(r *llm.Request, f *wire.Fields) {
	to := &r.Reasoning
	if takeText(&to.Effort, f, &r.Extra); to.Effort == "" {
		return
	}
	to.Off = to.Effort == "none"
	to.On = to.On || !to.Off
}

func readOutput(r *llm.Request, f *wire.Fields) {
	o := &r.Output
	kind := wire.Text(wire.Get(f.Value(), "type"))
	for i, name := range outputs {
		if name == kind && name != "" {
			o.Kind = llm.OutputKind(i)
		}
	}
	if o.Kind == llm.OutputUnsaid {
		f.Keep(&r.Extra, own)
		return
	}
	o.Extra.From = own
	for in := wire.NewFields(f.Value()); in.Next(); {
		switch {
		case in.Name() == "type":
		case in.Name() == "json_schema" && wire.IsObject(in.Value()):
			readSchema(o, in.Value())
		default:
			in.Keep(&o.Extra, own)
		}
	}
}

func readSchema(o *llm.Output, v llm.JSON) {
	wire.Mark(&o.Extra, own, "json_schema", nil)
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "name":
			if o.Name = wire.Text(f.Value()); o.Name == "" {
				wire.Mark(&o.Extra, own, "schema name", f.Value())
			}
		case "description":
			o.Description = f.Value()
		case "schema":
			o.Schema = f.Value()
		case "strict":
			o.Strict = f.Value()
		default:
			wire.Mark(&o.Extra, own, "schema."+f.Name(), f.Value())
		}
	}
}

func readTools(r *llm.Request, v llm.JSON) {
	items := wire.Items(v)
	for t, ok := items.Next(); ok; t, ok = items.Next() {
		r.Tools = append(r.Tools, readTool(t))
	}
}

// readTool reads a function; other tools are the service's own.
func readTool(v llm.JSON) llm.Tool {
	t := llm.Tool{Extra: llm.Extra{From: own}, Inner: llm.Extra{From: own}}
	kind, inner := "", llm.JSON(nil)
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "type":
			if kind = wire.Text(f.Value()); kind != "function" {
				f.Keep(&t.Extra, own)
			}
		case "function":
			inner = f.Value()
		default:
			f.Keep(&t.Extra, own)
		}
	}
	if kind != "" && kind != "function" || wire.Text(wire.Get(inner, "name")) == "" {
		return llm.Tool{Name: kind, Raw: v, From: own}
	}
	if kind == "" {
		wire.Mark(&t.Extra, own, "no type", nil)
	}
	readFunction(&t, inner)
	return t
}

func readFunction(t *llm.Tool, v llm.JSON) {
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "name":
			t.Name = wire.Text(f.Value())
		case "description":
			t.Description = f.Value()
		case "parameters":
			t.Schema = f.Value()
		case "strict":
			t.Strict = f.Value()
		default:
			f.Keep(&t.Inner, own)
		}
	}
}

// readChoice reads tool_choice; its spelling is kept.
func readChoice(v llm.JSON) llm.ToolChoice {
	c := llm.ToolChoice{Raw: v, From: own}
	switch wire.Text(v) {
	case "auto":
		c.Mode = llm.ChoiceAuto
	case "none":
		c.Mode = llm.ChoiceNone
	case "any", "required":
		c.Mode = llm.ChoiceAny
	}
	if name := wire.Text(wire.Get(v, "function", "name")); name != "" {
		c.Mode, c.Name = llm.ChoiceNamed, name
	}
	return c
}
