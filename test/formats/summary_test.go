package formats

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// fact is something that a question says, by the field that notes name it by.
type fact struct {
	value string
	// places that a note may name in place of the field.
	places []string
}

// summary is what a question says, however it is spelled: fields by name.
type summary map[string]*fact

func (s summary) say(field, value string, places ...string) {
	if value == "" {
		return
	}
	f := s[field]
	if f == nil {
		f = &fact{}
		s[field] = f
	}
	f.value += value
	f.places = append(f.places, places...)
}

// squeeze leaves out white space: formats differ in what they put between texts
// that were apart.
func squeeze(text string) string { return strings.Join(strings.Fields(text), "") }

// plainText is the text of a JSON string without white space.
func plainText(v llm.JSON) string {
	var s string
	_ = json.Unmarshal(v, &s)
	return squeeze(s)
}

// canonical is JSON in one spelling, and any other text as it is.
func canonical(v []byte) string {
	parsed, err := parse(bytes.TrimSpace(v))
	if err != nil {
		return string(v)
	}
	out, _ := json.Marshal(parsed)
	return string(out)
}

// summarize tells what r says to a provider of the format: what proves thoughts
// to others says nothing.
func summarize(r *llm.Request, to llm.Format) summary {
	s := summary{}
	c := conversation{s: s, ids: map[string]int{}, turn: -1, to: to}
	for i := range r.Messages {
		c.message(i, &r.Messages[i])
	}
	s.say("messages", strings.Join(c.roles, " "), c.places...)
	for i := range r.Tools {
		s.tool(i, &r.Tools[i])
	}
	s.choice(r)
	s.sampling(&r.Sampling)
	s.output(&r.Output)
	s.reasoning(&r.Reasoning)
	s.say("user", string(r.User))
	s.tier(wire.Text(r.ServiceTier))
	if r.Metadata != nil {
		s.say("metadata", canonical(r.Metadata))
	}
	s.say("stream", fmt.Sprint(r.Stream))
	return s
}

// tier of the service: auto is what nothing means, and so is the usual one,
// which has several names.
func (s summary) tier(name string) {
	switch name {
	case "auto", "default", "standard", "standard_only":
	default:
		s.say("service_tier", name)
	}
}

// conversation goes through the messages.
type conversation struct {
	to     llm.Format
	s      summary
	roles  []string
	places []string
	turn   int
	ids    map[string]int // of calls: their number
	called int
}

func (c *conversation) message(i int, m *llm.Message) {
	for j := range m.Parts {
		p := &m.Parts[j]
		place := fmt.Sprintf("messages[%d].parts[%d]", i, j)
		if c.empty(p) {
			continue
		}
		if m.Role == llm.System || m.Role == llm.Developer {
			c.s.say("instructions", plainText(p.Text), place)
			c.cache(p, "instructions ", place)
			continue
		}
		c.speak(m, p)
		c.part(p, place)
	}
	if m.Name != nil {
		c.s.say(fmt.Sprintf("turn %d name", c.turn), plainText(m.Name), fmt.Sprintf("messages[%d].name", i))
	}
}

func (c *conversation) empty(p *llm.Part) bool {
	switch p.Kind {
	case llm.Text:
		return plainText(p.Text) == ""
	case llm.Thinking, llm.Redacted:
		return plainText(p.Text) == "" && c.proof(p) == ""
	}
	return false
}

// placeholder is what Google takes where there is no signature.
const placeholder = `"skip_thought_signature_validator"`

// proof is a signature that the provider can read. What stands in for one where
// there is none is none.
func (c *conversation) proof(p *llm.Part) string {
	if p.SignedBy != c.to || string(p.Signature) == placeholder {
		return ""
	}
	return string(p.Signature)
}

// speak goes to the turn of the speaker: those of the same one are one turn.
func (c *conversation) speak(m *llm.Message, p *llm.Part) {
	role := "user"
	switch {
	case m.Role == llm.Assistant:
		role = "assistant"
	case p.Kind == llm.ToolResult:
		role = "tool"
	}
	if len(c.roles) == 0 || c.roles[len(c.roles)-1] != role {
		c.roles = append(c.roles, role)
		c.turn++
	}
}

func (c *conversation) part(p *llm.Part, place string) {
	at := fmt.Sprintf("turn %d ", c.turn)
	switch p.Kind {
	case llm.Text:
		c.s.say(at+"text", plainText(p.Text), place)
	case llm.Refusal:
		c.s.say(at+"refusal", plainText(p.Text), place)
	case llm.Thinking, llm.Redacted:
		c.s.say(at+"thinking", fmt.Sprintf("<%s %s>", plainText(p.Text), c.proof(p)), place)
	case llm.Image, llm.Audio, llm.Video, llm.Document:
		c.media(at, p, place)
	case llm.ToolCall:
		c.call(at, p, place)
	case llm.ToolResult:
		c.result(at, p, place)
	case llm.Opaque:
		c.s.say(at+"opaque", canonical(p.Raw), place)
	}
	c.cache(p, at, place)
}

func (c *conversation) cache(p *llm.Part, at, place string) {
	if p.Cache != nil {
		c.s.say(at+"cache", fmt.Sprintf("<%s>", p.Cache.TTL), place+".cache", "cache", place)
	}
}

func (c *conversation) media(at string, p *llm.Part, place string) {
	m := p.Media
	kind := [...]string{llm.Image: "image", llm.Audio: "audio", llm.Video: "video", llm.Document: "document"}[p.Kind]
	mime := m.MIME
	if m.URL != nil && p.Kind == llm.Image {
		mime = "" // a guess by the name
	}
	if mime == "audio/mp3" {
		mime = "audio/mpeg"
	}
	c.s.say(at+kind, fmt.Sprintf("<%s %s %s %s %s>", mime, m.Data, m.URL, plainText(m.File), plainText(m.Text)), place, place+".media", place+".mime")
	if m.Detail != "" && m.Detail != "auto" {
		c.s.say(at+"detail", m.Detail, place, place+".detail", place+".media.detail")
	}
	title := m.Name
	if title == nil {
		title = m.Title
	}
	if p.Kind == llm.Document {
		name, _, _ := strings.Cut(plainText(title), ".") // the rest is told by the type
		c.s.say(at+"name", name, place, place+".name", place+".title", place+".media.name")
	}
}

func (c *conversation) call(at string, p *llm.Part, place string) {
	c.called++
	c.ids[p.Call.ID] = c.called
	args := p.Call.Args
	if len(bytes.TrimSpace(args)) == 0 {
		args = []byte("{}")
	}
	c.s.say(at+"calls", fmt.Sprintf("<%s %s>", p.Call.Name, canonical(args)), place, place+".args", place+".call.args")
	c.s.say(at+"signature", c.proof(p), place, place+".signature")
}

func (c *conversation) result(at string, p *llm.Part, place string) {
	res := p.Result
	n, known := c.ids[res.ID]
	if !known {
		n = -1
	}
	c.s.say(at+"answers", fmt.Sprintf("<to %d>", n))
	c.s.say(at+"results", fmt.Sprintf("<%d %s>", n, content(res)), place, place+".result", place+".content")
	if res.Failed {
		c.s.say(at+"failed", fmt.Sprintf("<%d>", n), place, place+".failed", place+".result.failed")
	}
}

// content is a result, as JSON if it is that.
func content(res *llm.Result) string {
	if res.Value != nil {
		return squeeze(unwrap(res.Value))
	}
	text := ""
	for i := range res.Parts {
		p := &res.Parts[i]
		var s string
		switch {
		case p.Kind == llm.Text:
			_ = json.Unmarshal(p.Text, &s)
		case p.Media != nil && p.Media.Text != nil:
			_ = json.Unmarshal(p.Media.Text, &s)
		default:
			s = fmt.Sprintf("<part %d>", p.Kind)
		}
		text += s
	}
	return squeeze(unwrap([]byte(text)))
}

// unwrap takes a result out of what is put around it where the format wants an
// object, or a list of them.
func unwrap(v []byte) string {
	parsed, err := parse(bytes.TrimSpace(v))
	if err != nil {
		return string(v)
	}
	if list, ok := parsed.([]any); ok && len(list) == 1 {
		return unwrapped(list[0])
	}
	if object, ok := parsed.(map[string]any); ok && len(object) == 1 {
		for _, name := range []string{"result", "output", "error", "content"} {
			if inner := object[name]; inner != nil {
				return unwrapped(inner)
			}
		}
	}
	if text, ok := parsed.(string); ok {
		return unwrap([]byte(text))
	}
	out, _ := json.Marshal(parsed)
	return string(out)
}

func unwrapped(v any) string {
	out, _ := json.Marshal(v)
	return unwrap(out)
}

func (s summary) tool(i int, t *llm.Tool) {
	place := fmt.Sprintf("tools[%d]", i)
	all := []string{place, "tools", "choice", "choice.allowed"} // nobody may call them
	s.say("tools", "<"+t.Name+">", all...)
	s.say(place+".description", plainText(t.Description), all...)
	schema := canonical(t.Schema)
	if schema == `{"properties":{},"type":"object"}` || schema == `{"type":"object"}` {
		schema = "" // what no schema means
	}
	s.say(place+".schema", schema, append(all, place+".parameters")...)
	if wire.IsTrue(t.Strict) {
		s.say(place+".strict", "true", append(all, "tools.strict")...)
	}
	if t.Cache != nil {
		s.say(place+".cache", "<"+t.Cache.TTL+">", append(all, "cache")...)
	}
}

func (s summary) choice(r *llm.Request) {
	c := r.Choice
	if len(r.Tools) == 0 {
		return
	}
	if c.Mode == llm.ChoiceAny && len(c.Allowed) == 1 {
		c = llm.ToolChoice{Mode: llm.ChoiceNamed, Name: c.Allowed[0]}
	}
	if c.Mode == llm.ChoiceNamed && len(r.Tools) == 1 {
		c = llm.ToolChoice{Mode: llm.ChoiceAny}
	}
	// Auto is what nothing means.
	if c.Mode != llm.ChoiceUnsaid && c.Mode != llm.ChoiceAuto {
		s.say("choice", fmt.Sprintf("<%d %s>", c.Mode, c.Name), "tools", "choice.allowed")
	}
	if len(c.Allowed) > 0 && !onlyTools(r.Tools, c.Allowed) {
		s.say("choice.allowed", strings.Join(c.Allowed, " "), "choice", "tools", "tools[0]", "tools[1]", "tools[2]")
	}
}

func onlyTools(tools []llm.Tool, names []string) bool {
	return !slices.ContainsFunc(tools, func(t llm.Tool) bool { return !slices.Contains(names, t.Name) })
}

func (s summary) sampling(v *llm.Sampling) {
	for name, value := range map[string]llm.JSON{
		"max_tokens": v.MaxTokens, "temperature": v.Temperature, "top_p": v.TopP, "top_k": v.TopK, "min_p": v.MinP,
		"frequency_penalty": v.FrequencyPenalty, "presence_penalty": v.PresencePenalty, "repeat_penalty": v.RepeatPenalty,
		"seed": v.Seed, "logit_bias": v.LogitBias, "logprobs": v.Logprobs, "top_logprobs": v.TopLogprobs,
	} {
		s.say("sampling."+name, string(value), name)
	}
	if string(v.N) != "1" {
		s.say("sampling.n", string(v.N))
	}
	for _, stop := range v.Stop {
		s.say("sampling.stop", canonical(stop))
	}
}

func (s summary) output(o *llm.Output) {
	switch o.Kind {
	case llm.OutputUnsaid, llm.OutputText:
	case llm.OutputJSON:
		s.say("output.kind", "json", "output")
	case llm.OutputSchema:
		s.say("output.kind", "schema", "output")
		s.say("output.schema", canonical(o.Schema), "output")
		s.say("output.name", o.Name, "output")
		s.say("output.description", plainText(o.Description), "output")
		if wire.IsTrue(o.Strict) {
			s.say("output.strict", "true", "output")
		}
	}
	s.say("output.verbosity", o.Verbosity, "output")
}

// reasoning is told by its class, off or on: some measure it in words, some in
// tokens.
func (s summary) reasoning(r *llm.Reasoning) {
	budget, counted := wire.Int(r.Budget)
	off := r.Off || r.Effort == "none" || counted && budget == 0
	on := !off && (r.On || r.Effort != "" || counted)
	switch {
	case off:
		s.say("reasoning", "off", "reasoning.off", "reasoning.effort", "reasoning.budget")
	case on:
		s.say("reasoning", "on", "reasoning.on", "reasoning.effort", "reasoning.budget")
	}
}

// differences are what got and want differ in and no note names. silent are
// facts that the format tells by saying nothing, or by a default of its own:
// one with its value, "new" and one that only the format tells, "no" and a label
// that it has no place for.
func differences(got, want summary, notes []wire.Note, silent []string) []string {
	named := map[string]bool{}
	for _, n := range notes {
		named[spelled(n.Field)] = true
	}
	fields := map[string]bool{}
	for f := range got {
		fields[f] = true
	}
	for f := range want {
		fields[f] = true
	}
	var out []string
	for f := range fields {
		if got[f].show() == want[f].show() || noted(named, f, want[f]) {
			continue
		}
		said := num.ReplaceAllString(f, "N")
		if !silently(silent, said, got[f], want[f]) {
			out = append(out, fmt.Sprintf("%s\n\tgot  %s\n\twant %s", f, got[f].show(), want[f].show()))
		}
	}
	slices.Sort(out)
	return out
}

func silently(silent []string, said string, got, want *fact) bool {
	return slices.Contains(silent, said+"="+want.show()) ||
		want == nil && slices.Contains(silent, "new "+said) || got == nil && slices.Contains(silent, "no "+said)
}

var (
	num   = regexp.MustCompile(`\d+`)
	index = regexp.MustCompile(`\[\d+\]`)
)

func (f *fact) show() string {
	if f == nil {
		return "nothing"
	}
	return f.value
}

func noted(named map[string]bool, field string, want *fact) bool {
	if named[spelled(field)] || named[spelled(index.ReplaceAllString(field, ""))] {
		return true
	}
	if want == nil {
		return false
	}
	return slices.ContainsFunc(want.places, func(place string) bool {
		message, _, _ := strings.Cut(place, ".")
		return named[spelled(place)] || named[spelled(message)]
	})
}

// spelled makes the spellings of a field's path one.
func spelled(field string) string {
	return strings.ReplaceAll(strings.ToLower(field), "_", "")
}
