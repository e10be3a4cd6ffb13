package bedrock

import (
	"strconv"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// DecodeRequest implements wire.Client. Model and operation are in the path.
func (Client) DecodeRequest(r *llm.Request, q wire.Question) error {
	f, err := q.Open()
	if err != nil {
		return wire.AsInvalid(err)
	}
	model, operation := wire.ModelOnBedrock(q.Path)
	if err := checkOperation(q.Path); err != nil {
		return err
	}
	r.Model, r.Stream = model, operation == "converse-stream"
	r.IncludeUsage = true
	r.Extra.From = own
	var system []llm.Part
	for f.Next() {
		switch name, value := f.Name(), f.Value(); name {
		case "system":
			system = readBlocks(value)
			if system == nil {
				f.Keep(&r.Extra, own)
			}
		case "messages":
			if err := readMessages(r, value); err != nil {
				return err
			}
		default:
			if !readOption(r, name, value) {
				f.Keep(&r.Extra, own)
			}
		}
	}
	if system != nil {
		first := llm.Message{Role: llm.System, Parts: system, Extra: llm.Extra{From: own}}
		r.Messages = append([]llm.Message{first}, r.Messages...)
	}
	return nil
}

// readOption reads a member beside the conversation; false leaves it to Extra.
func readOption(r *llm.Request, name string, v llm.JSON) bool {
	switch name {
	case "inferenceConfig":
		return readInference(r, v)
	case "toolConfig":
		return readTools(r, v)
	case "outputConfig":
		return readOutput(r, v)
	case "requestMetadata":
		r.Metadata = v
		return wire.IsObject(v)
	case "serviceTier":
		name, tier, ok := single(v)
		if ok = ok && name == "type" && wire.IsString(tier); ok {
			r.ServiceTier = tier
		}
		return ok
	case modelFields:
		f := readFields(v)
		r.Reasoning, r.Sampling.TopK = f.reasoning, f.topK
		if f.whole {
			wire.Mark(&r.Extra, own, modelFields, v)
		}
		return f.whole
	}
	return false
}

func readMessages(r *llm.Request, v llm.JSON) error {
	if !wire.IsArray(v) {
		return &wire.Invalid{Field: "messages", Message: "must be an array"}
	}
	items := wire.Items(v)
	for m, ok := items.Next(); ok; m, ok = items.Next() {
		message, err := readMessage(m)
		if err != nil {
			err.Field = "messages[" + strconv.Itoa(len(r.Messages)) + "]" + err.Field
			return err
		}
		r.Messages = append(r.Messages, message)
	}
	return nil
}

func readMessage(v llm.JSON) (m llm.Message, _ *wire.Invalid) {
	if !wire.IsObject(v) {
		return m, &wire.Invalid{Message: "must be an object"}
	}
	m.Extra.From = own
	role, content := "", false
	f := wire.NewFields(v)
	for f.Next() {
		switch f.Name() {
		case "role":
			role = wire.Text(f.Value())
		case "content":
			content = wire.IsArray(f.Value())
			m.Parts = readBlocks(f.Value())
		default:
			f.Keep(&m.Extra, own)
		}
	}
	switch {
	case !content:
		return m, &wire.Invalid{Field: ".content", Message: "must be an array of content blocks"}
	case role == "assistant":
		m.Role = llm.Assistant
	case role != "user":
		return m, &wire.Invalid{Field: ".role", Message: "must be user or assistant"}
	case onlyResults(m.Parts):
		m.Role = llm.ToolRole
	}
	return m, nil
}

func onlyResults(parts []llm.Part) bool {
	for i := range parts {
		if parts[i].Kind != llm.ToolResult {
			return false
		}
	}
	return len(parts) > 0
}

func readInference(r *llm.Request, v llm.JSON) bool {
	if !wire.IsObject(v) {
		return false
	}
	s := &r.Sampling
	var kept llm.Extra
	empty := true
	f := wire.NewFields(v)
	for f.Next() {
		empty = false
		switch name, value := f.Name(), f.Value(); {
		case name == "maxTokens" && wire.IsNumber(value):
			s.MaxTokens = value
		case name == "temperature" && wire.IsNumber(value):
			s.Temperature = value
		case name == "topP" && wire.IsNumber(value):
			s.TopP = value
		case name == "stopSequences" && readStop(s, value):
		default:
			f.Keep(&kept, own)
		}
	}
	if empty || len(kept.Members) > 0 {
		nest(&r.Extra, "inferenceConfig", &kept)
	}
	return true
}

func readStop(s *llm.Sampling, v llm.JSON) bool {
	list, ok := wire.Stops(v)
	if ok {
		s.Stop = list
	}
	return ok
}

func readTools(r *llm.Request, v llm.JSON) bool {
	if !wire.IsObject(v) {
		return false
	}
	var kept llm.Extra
	f := wire.NewFields(v)
	for f.Next() {
		switch name, value := f.Name(), f.Value(); {
		case name == "tools" && wire.Len(value) > 0:
			readToolList(r, value)
		case name == "toolChoice" && wire.IsObject(value):
			r.Choice = readChoice(value)
		default:
			f.Keep(&kept, own)
		}
	}
	if len(kept.Members) > 0 || r.Tools == nil && r.Choice.Mode == llm.ChoiceUnsaid {
		nest(&r.Extra, "toolConfig", &kept)
	}
	return true
}

func readToolList(r *llm.Request, array llm.JSON) {
	items := wire.Items(array)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		last := len(r.Tools) - 1
		if c := readCache(v); c != nil && last >= 0 && r.Tools[last].Cache == nil {
			r.Tools[last].Cache = c
			continue
		}
		r.Tools = append(r.Tools, readTool(v))
	}
}

// readTool reads a tool. What is no toolSpec, or one that we do not know in
// full, is one of Bedrock's own.
func readTool(v llm.JSON) llm.Tool {
	kind, value, ok := single(v)
	raw := llm.Tool{Raw: v, From: own, Name: wire.Text(wire.Get(value, "name"))}
	if !ok || kind != "toolSpec" || !wire.IsObject(value) {
		return raw
	}
	t := llm.Tool{Name: raw.Name, Extra: llm.Extra{From: own}}
	f := wire.NewFields(value)
	for f.Next() {
		switch name, value := f.Name(), f.Value(); {
		case name == "name" && wire.IsString(value):
		case name == "description" && wire.IsString(value) && !wire.EmptyText(value):
			t.Description = value
		case name == "strict" && (wire.IsTrue(value) || string(value) == "false"):
			t.Strict = value
		case name == "inputSchema":
			kind, schema, one := single(value)
			if !one || kind != "json" {
				return raw
			}
			t.Schema = schema
		default:
			f.Keep(&t.Inner, own)
		}
	}
	if t.Schema == nil || t.Name == "" {
		return raw
	}
	return t
}

// readChoice reads a tool choice; one with more to it is kept as it is.
func readChoice(v llm.JSON) llm.ToolChoice {
	kind, value, ok := single(v)
	c := llm.ToolChoice{}
	plain := ok && string(value) == "{}"
	switch kind {
	case "auto":
		c.Mode = llm.ChoiceAuto
	case "any":
		c.Mode = llm.ChoiceAny
	case "tool":
		c.Mode, c.Name = llm.ChoiceNamed, wire.Text(wire.Get(value, "name"))
		_, _, one := single(value)
		plain = ok && one && c.Name != ""
	}
	if !plain || c.Mode == llm.ChoiceUnsaid {
		c.Raw, c.From = v, own
	}
	return c
}

// readOutput reads a wish for JSON of a schema, which is spelled as a text. What
// is anything else or more stays in Extra.
func readOutput(r *llm.Request, v llm.JSON) bool {
	kind, format, one := single(v)
	if !one || kind != "textFormat" {
		return false
	}
	structure := wire.Get(format, "structure")
	_, spec, two := single(structure)
	if !two || !wire.Equal(wire.Get(format, "type"), "json_schema") || count(format) != 2 {
		return false
	}
	out := llm.Output{Kind: llm.OutputSchema}
	f := wire.NewFields(spec)
	for f.Next() {
		switch name, value := f.Name(), f.Value(); {
		case name == "name" && wire.Text(value) != "":
			out.Name = wire.Text(value)
		case name == "description" && wire.IsString(value):
			out.Description = value
		case name == "schema" && wire.IsString(value):
			out.Schema = wire.TextBytes(value)
		default:
			return false
		}
	}
	if !wire.IsObject(out.Schema) || jsonscan.Valid(out.Schema) != nil {
		return false
	}
	r.Output = out
	return true
}

func count(object llm.JSON) int {
	n := 0
	f := wire.NewFields(object)
	for f.Next() {
		n++
	}
	return n
}
