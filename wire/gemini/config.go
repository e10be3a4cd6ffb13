package gemini

import (
	"bytes"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// takeConfig reads a generationConfig. What the model has no place for
// (responseModalities, speechConfig, imageConfig, mediaResolution, ...) is about
// the output, and stays with it.
// Source: https://ai.google.dev/api/generate-content#generationconfig.
func (d *requestDecoder) takeConfig(v llm.JSON) bool {
	if !wire.IsObject(v) || members(v) == 0 || d.r.Output.Extra.From != "" {
		return false
	}
	c := configDecoder{r: d.r}
	d.r.Output.Extra.From = own
	walk(v, &d.r.Output.Extra, c.member)
	c.mode.read(&d.r.Output)
	return true
}

type configDecoder struct {
	r    *llm.Request
	mode outputMode
}

func (c *configDecoder) member(name string, v llm.JSON) bool {
	if field := numberField(&c.r.Sampling, name); field != nil {
		return put(field, v, wire.IsNumber(v))
	}
	switch name {
	case "stopSequences":
		return c.stop(v)
	case "responseLogprobs":
		return put(&c.r.Sampling.Logprobs, v, wire.IsTrue(v) || string(v) == "false")
	case "responseMimeType":
		return put(&c.mode.mime, v, wire.IsString(v))
	case "responseSchema":
		return put(&c.mode.schema, v, wire.IsObject(v))
	case "responseJsonSchema":
		return put(&c.mode.jsonSchema, v, wire.IsObject(v))
	case "thinkingConfig":
		return c.thinking(v)
	}
	return false
}

// numberField is the place of a number in the model.
func numberField(s *llm.Sampling, name string) *llm.JSON {
	switch name {
	case "maxOutputTokens":
		return &s.MaxTokens
	case "temperature":
		return &s.Temperature
	case "topP":
		return &s.TopP
	case "topK":
		return &s.TopK
	case "frequencyPenalty":
		return &s.FrequencyPenalty
	case "presencePenalty":
		return &s.PresencePenalty
	case "seed":
		return &s.Seed
	case "candidateCount":
		return &s.N
	case "logprobs":
		return &s.TopLogprobs
	}
	return nil
}

func (c *configDecoder) stop(v llm.JSON) bool {
	if c.r.Sampling.Stop != nil {
		return false
	}
	items := wire.Items(v)
	var stop []llm.JSON
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		if !wire.IsString(item) {
			return false
		}
		stop = append(stop, item)
	}
	c.r.Sampling.Stop = stop
	return stop != nil
}

func (c *configDecoder) thinking(v llm.JSON) bool {
	if !wire.IsObject(v) || form(&c.r.Output.Extra, formThinking) != nil {
		return false
	}
	c.r.Reasoning = reasoning(v)
	setForm(&c.r.Output.Extra, formThinking, v)
	return true
}

// reasoning reads a thinkingConfig. A budget of 0 is no thinking, -1 leaves it
// to the model.
// Source: https://ai.google.dev/gemini-api/docs/thinking.
func reasoning(v llm.JSON) llm.Reasoning {
	var r llm.Reasoning
	budget := member(v, "thinkingBudget")
	n, ok := wire.Int(budget)
	switch {
	case !ok:
	case n == 0:
		r.Off, r.Budget = true, budget
	case n < 0:
		r.On = true
	default:
		r.On, r.Budget = true, budget
	}
	switch level := strings.ToLower(wire.Text(member(v, "thinkingLevel"))); level {
	case "minimal", "low", "medium", "high":
		r.Effort, r.On = level, true
	}
	r.Show = wire.IsTrue(member(v, "includeThoughts"))
	return r
}

func sameReasoning(a, b *llm.Reasoning) bool {
	return a.Effort == b.Effort && a.Off == b.Off && a.On == b.On && a.Show == b.Show &&
		a.Summary == b.Summary && bytes.Equal(a.Budget, b.Budget)
}

// outputMode are the members that tell what the answer shall look like.
type outputMode struct {
	mime, schema, jsonSchema llm.JSON
}

// read fills in the output. The members stay in its Form: a mime type and a
// schema can be told in more ways than the model knows.
func (m *outputMode) read(o *llm.Output) {
	for _, was := range []llm.Member{
		{Name: formMIME, Value: m.mime},
		{Name: formOpenAPI, Value: m.schema},
		{Name: formJSONSchema, Value: m.jsonSchema},
	} {
		if was.Value != nil {
			setForm(&o.Extra, was.Name, was.Value)
		}
	}
	o.Kind, o.Schema = m.meaning()
}

func (m *outputMode) meaning() (llm.OutputKind, llm.JSON) {
	switch {
	case m.jsonSchema != nil:
		return llm.OutputSchema, m.jsonSchema
	case m.schema != nil && !wire.Equal(m.mime, "text/x.enum"):
		return llm.OutputSchema, jsonSchema(m.schema)
	case wire.Equal(m.mime, "application/json"):
		return llm.OutputJSON, nil
	case wire.Equal(m.mime, "text/plain"):
		return llm.OutputText, nil
	}
	return llm.OutputUnsaid, nil
}

// outputForm are the members as they were, if they still mean the same.
func outputForm(o *llm.Output) (outputMode, bool) {
	m := outputMode{
		mime:       form(&o.Extra, formMIME),
		schema:     form(&o.Extra, formOpenAPI),
		jsonSchema: form(&o.Extra, formJSONSchema),
	}
	kind, schema := m.meaning()
	return m, o.Extra.From == own && kind == o.Kind && bytes.Equal(schema, o.Schema)
}
