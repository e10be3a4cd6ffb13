package openairesponses

import (
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// DecodeRequest reads the body of a create request
// (https://platform.openai.com/docs/api-reference/responses/create).
func (Client) DecodeRequest(r *llm.Request, q wire.Question) error {
	f, err := q.Open()
	if err != nil {
		return invalid("", err)
	}
	r.Extra.From = own
	r.IncludeUsage = true
	var instructions, input, tools llm.JSON
	for f.Next() {
		switch v := f.Value(); f.Name() {
		case "instructions":
			instructions = v
		case "input":
			input = v
		case "tools":
			tools = v
		default:
			if !decodeOption(r, f.Name(), v) {
				f.Keep(&r.Extra, own)
			}
		}
	}
	if !decodeInstructions(r, instructions) {
		keep(&r.Extra, "instructions", instructions)
	}
	if err := decodeInput(r, input); err != nil {
		return err
	}
	return decodeTools(r, tools)
}

func invalid(field string, err error) error {
	if bad, ok := err.(*wire.Invalid); ok { //nolint:errorlint // Check gives it as it is
		return bad
	}
	return &wire.Invalid{Field: field, Message: err.Error()}
}

// decodeOption reads one option; false means that it has to be kept as it is.
func decodeOption(r *llm.Request, name string, v llm.JSON) bool {
	if to := stringOption(r, name); to != nil {
		*to = clean(v)
		return *to != nil
	}
	if to := numberOption(r, name); to != nil {
		if wire.IsNumber(v) {
			*to = v
		}
		return *to != nil
	}
	switch name {
	case "model":
		r.Model = wire.Text(v)
		return r.Model != ""
	case "stream":
		r.Stream = wire.IsTrue(v)
		return r.Stream
	case "parallel_tool_calls":
		if isBool(v) {
			r.Parallel = v
		}
		return r.Parallel != nil
	case "metadata":
		if wire.IsObject(v) {
			r.Metadata = v
		}
		return r.Metadata != nil
	case "reasoning":
		return decodeReasoning(&r.Reasoning, v)
	case "text":
		return decodeText(&r.Output, v)
	case "tool_choice":
		return decodeChoice(&r.Choice, v)
	case "include":
		if hasString(v, includeLogprobs) {
			r.Sampling.Logprobs = llm.JSON("true")
		}
	}
	return false
}

const (
	includeLogprobs  = "message.output_text.logprobs"
	includeEncrypted = "reasoning.encrypted_content"
)

func stringOption(r *llm.Request, name string) *llm.JSON {
	switch name {
	case "user":
		return &r.User
	case "service_tier":
		return &r.ServiceTier
	}
	return nil
}

func numberOption(r *llm.Request, name string) *llm.JSON {
	switch name {
	case "max_output_tokens":
		return &r.Sampling.MaxTokens
	case "temperature":
		return &r.Sampling.Temperature
	case "top_p":
		return &r.Sampling.TopP
	case "top_logprobs":
		return &r.Sampling.TopLogprobs
	}
	return nil
}

func isBool(v llm.JSON) bool { return string(v) == "true" || string(v) == "false" }

func hasString(array llm.JSON, s string) bool {
	items := wire.Items(array)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		if wire.Equal(v, s) {
			return true
		}
	}
	return false
}

// decodeReasoning reports whether the object has nothing that the model has no
// place for.
func decodeReasoning(to *llm.Reasoning, v llm.JSON) bool {
	whole, some := true, false
	for f := wire.NewFields(v); f.Next(); {
		text := wire.Text(f.Value())
		switch {
		case text != "" && f.Name() == "effort":
			to.Effort, some = text, true
			to.Off, to.On = text == "none", text != "none"
		case text != "" && f.Name() == "summary":
			to.Summary, to.Show, some = text, true, true
		default:
			whole = false
		}
	}
	return whole && some
}

// decodeText reads the member text, as decodeReasoning.
func decodeText(to *llm.Output, v llm.JSON) bool {
	whole, some := true, false
	for f := wire.NewFields(v); f.Next(); {
		switch f.Name() {
		case "format":
			if !decodeFormat(to, f.Value()) {
				whole = false
			}
			some = true
		case "verbosity":
			to.Verbosity = wire.Text(f.Value())
			whole, some = whole && to.Verbosity != "", true
		default:
			whole = false
		}
	}
	return whole && some
}

func decodeFormat(to *llm.Output, v llm.JSON) bool {
	switch wire.Text(wire.Get(v, "type")) {
	case "text":
		to.Kind = llm.OutputText
	case "json_object":
		to.Kind = llm.OutputJSON
	case "json_schema":
		to.Kind = llm.OutputSchema
	default:
		return false
	}
	to.Extra.From = own
	for f := wire.NewFields(v); f.Next(); {
		switch n, v := f.Name(), f.Value(); {
		case n == "type":
		case n == "name" && wire.Text(v) != "":
			to.Name = wire.Text(v)
		case n == "description" && wire.IsString(v):
			to.Description = v
		case n == "schema" && wire.IsObject(v):
			to.Schema = v
		case n == "strict" && isBool(v):
			to.Strict = v
		default:
			f.Keep(&to.Extra, own)
		}
	}
	return true
}

// decodeInstructions puts the system's text first. Its part is marked by
// Extra.From, so that it does not become an item of the input.
func decodeInstructions(r *llm.Request, v llm.JSON) bool {
	if !wire.IsString(v) {
		return v == nil
	}
	r.Messages = append(r.Messages, plainMessage(llm.System, v, own))
	return true
}

func plainMessage(role llm.Role, text llm.JSON, mark llm.Format) llm.Message {
	part := llm.Part{Kind: llm.Text, Text: text, Extra: llm.Extra{From: mark}}
	return llm.Message{Role: role, Plain: true, Parts: []llm.Part{part}}
}

func decodeInput(r *llm.Request, v llm.JSON) error {
	if wire.IsString(v) {
		r.Messages = append(r.Messages, plainMessage(llm.User, v, own))
		return nil
	}
	if v == nil {
		return nil
	}
	if !wire.IsArray(v) && !wire.IsNull(v) {
		return &wire.Invalid{Field: "input", Message: "must be a string or an array of items"}
	}
	d := input{r: r}
	items := wire.Items(v)
	n := 0
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		if !wire.IsObject(item) {
			return &wire.Invalid{Field: "input[" + strconv.Itoa(n) + "]", Message: "must be an object"}
		}
		d.item(item)
		n++
	}
	if n == 0 {
		keep(&r.Extra, "input", v)
	}
	return nil
}
