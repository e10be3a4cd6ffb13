package main

import (
	"github.com/sluice-gateway/sluice/llm"
)

// questionRow adds one field to a question.
type questionRow struct {
	field, what string
	set         func(r *llm.Request)
}

func questionRows() []questionRow {
	rows := samplingRows()
	rows = append(rows, messageRows()...)
	rows = append(rows, toolRows()...)
	return append(rows, shapeRows()...)
}

func samplingRows() []questionRow {
	number := llm.JSON("1")
	return []questionRow{
		{"sampling.max_tokens", "", func(r *llm.Request) { r.Sampling.MaxTokens = llm.JSON("100") }},
		{"sampling.temperature", "", func(r *llm.Request) { r.Sampling.Temperature = number }},
		{"sampling.temperature", "above 1", func(r *llm.Request) { r.Sampling.Temperature = llm.JSON("1.5") }},
		{"sampling.top_p", "", func(r *llm.Request) { r.Sampling.TopP = number }},
		{"sampling.top_k", "", func(r *llm.Request) { r.Sampling.TopK = number }},
		{"sampling.min_p", "", func(r *llm.Request) { r.Sampling.MinP = number }},
		{"sampling.frequency_penalty", "", func(r *llm.Request) { r.Sampling.FrequencyPenalty = number }},
		{"sampling.presence_penalty", "", func(r *llm.Request) { r.Sampling.PresencePenalty = number }},
		{"sampling.repeat_penalty", "", func(r *llm.Request) { r.Sampling.RepeatPenalty = number }},
		{"sampling.seed", "", func(r *llm.Request) { r.Sampling.Seed = number }},
		{"sampling.n", "above 1", func(r *llm.Request) { r.Sampling.N = llm.JSON("2") }},
		{"sampling.stop", "", func(r *llm.Request) { r.Sampling.Stop = []llm.JSON{llm.JSON(`"END"`)} }},
		{"sampling.logit_bias", "", func(r *llm.Request) { r.Sampling.LogitBias = llm.JSON(`{"1":1}`) }},
		{"sampling.logprobs", "", func(r *llm.Request) { r.Sampling.Logprobs = llm.JSON("true") }},
		{"sampling.top_logprobs", "", func(r *llm.Request) { r.Sampling.Logprobs, r.Sampling.TopLogprobs = llm.JSON("true"), number }},
	}
}

// with adds a part to the message of the user.
func with(p llm.Part) func(r *llm.Request) {
	return func(r *llm.Request) {
		m := &r.Messages[0]
		m.Plain, m.Parts = false, append(m.Parts, p)
	}
}

// before puts a message before that of the user.
func before(m llm.Message) func(r *llm.Request) {
	return func(r *llm.Request) {
		if m.Role == llm.Assistant {
			r.Messages = append(plainest("").Messages, append([]llm.Message{m}, r.Messages...)...)
			return
		}
		r.Messages = append([]llm.Message{m}, r.Messages...)
	}
}

func textMessage(role llm.Role) llm.Message {
	return llm.Message{Role: role, Parts: []llm.Part{{Text: llm.JSON(`"text"`)}}, Plain: true}
}

func messageRows() []questionRow {
	medium := func(k llm.Kind, m llm.Media) func(r *llm.Request) { return with(llm.Part{Kind: k, Media: &m}) }
	said := func(p llm.Part) func(r *llm.Request) {
		return before(llm.Message{Role: llm.Assistant, Parts: []llm.Part{{Text: llm.JSON(`"text"`)}, p}})
	}
	url := llm.JSON(`"https://example.com/a.png"`)
	return []questionRow{
		{"messages", "of the system", before(textMessage(llm.System))},
		{"messages", "of the developer", before(textMessage(llm.Developer))},
		{"messages.name", "", func(r *llm.Request) { r.Messages[0].Name = llm.JSON(`"Alice"`) }},
		{"parts", "image, data", medium(llm.Image, llm.Media{MIME: "image/png", Data: []byte("iVBORw0KGgo=")})},
		{"parts", "image, URL", medium(llm.Image, llm.Media{URL: url})},
		{"parts.detail", "of an image", medium(llm.Image, llm.Media{MIME: "image/png", Data: []byte("iVBORw0KGgo="), Detail: "high"})},
		{"parts", "audio, data", medium(llm.Audio, llm.Media{MIME: "audio/wav", Data: []byte("UklGRg==")})},
		{"parts", "video, data", medium(llm.Video, llm.Media{MIME: "video/mp4", Data: []byte("AAAA")})},
		{"parts", "document, PDF", medium(llm.Document, llm.Media{MIME: "application/pdf", Data: []byte("JVBERi0=")})},
		{"parts.name", "of a document", medium(llm.Document, llm.Media{MIME: "application/pdf", Data: []byte("JVBERi0="), Name: llm.JSON(`"a.pdf"`)})},
		{"parts", "document, text", medium(llm.Document, llm.Media{MIME: "text/plain", Text: llm.JSON(`"text"`)})},
		{"parts", "document, URL", medium(llm.Document, llm.Media{MIME: "application/pdf", URL: llm.JSON(`"https://example.com/a.pdf"`)})},
		{"parts.cache", "", with(llm.Part{Text: llm.JSON(`"text"`), Cache: &llm.Cache{}})},
		{"parts.citations", "", said(llm.Part{Text: llm.JSON(`"text"`), Citations: []llm.Citation{{URL: url, Start: -1, End: -1}}})},
		{"parts", "thinking of another vendor", said(llm.Part{Kind: llm.Thinking, Text: llm.JSON(`"text"`), Signature: llm.JSON(`"sig"`), SignedBy: foreign})},
		{"parts", "refusal", said(llm.Part{Kind: llm.Refusal, Text: llm.JSON(`"text"`)})},
	}
}

func aTool() llm.Tool {
	return llm.Tool{Name: "look", Description: llm.JSON(`"Looks."`), Schema: llm.JSON(`{"type":"object","properties":{"a":{"type":"string"}}}`)}
}

// tool adds a tool, and another that set changes.
func tool(set func(r *llm.Request, t *llm.Tool)) func(r *llm.Request) {
	return func(r *llm.Request) {
		other := aTool()
		other.Name = "other"
		r.Tools = []llm.Tool{other, aTool()}
		set(r, &r.Tools[1])
	}
}

// called adds a call and its result, which set changes.
func called(set func(c *llm.Part, res *llm.Result)) func(r *llm.Request) {
	return func(r *llm.Request) {
		r.Tools = []llm.Tool{aTool()}
		c := llm.Part{Kind: llm.ToolCall, Call: &llm.Call{ID: "call_1", Name: "look", Args: []byte(`{"a":"b"}`)}}
		res := &llm.Result{ID: "call_1", Name: "look", Parts: []llm.Part{{Text: llm.JSON(`"text"`)}}, Plain: true}
		set(&c, res)
		r.Messages = append(r.Messages, llm.Message{Role: llm.Assistant, Parts: []llm.Part{c}},
			llm.Message{Role: llm.ToolRole, Parts: []llm.Part{{Kind: llm.ToolResult, Result: res}}})
	}
}

func toolRows() []questionRow {
	mode := func(c llm.ToolChoice) func(r *llm.Request) {
		return tool(func(r *llm.Request, _ *llm.Tool) { r.Choice = c })
	}
	return []questionRow{
		{"tools", "with a nested schema", tool(func(_ *llm.Request, t *llm.Tool) {
			t.Schema = llm.JSON(`{"type":"object","properties":{"a":{"$ref":"#/$defs/b"}},"$defs":{"b":{"anyOf":[{"type":"string"},{"type":"null"}]}}}`)
		})},
		{"tools.strict", "", tool(func(_ *llm.Request, t *llm.Tool) { t.Strict = llm.JSON("true") })},
		{"tools.custom", "", tool(func(_ *llm.Request, t *llm.Tool) { t.Custom, t.Schema = true, nil })},
		{"tools.cache", "", tool(func(_ *llm.Request, t *llm.Tool) { t.Cache = &llm.Cache{} })},
		{"tools", "of another provider's own", tool(func(_ *llm.Request, t *llm.Tool) {
			*t = llm.Tool{Name: "search", Raw: llm.JSON(`{"type":"search"}`), From: foreign}
		})},
		{"choice", "auto", mode(llm.ToolChoice{Mode: llm.ChoiceAuto})},
		{"choice", "none", mode(llm.ToolChoice{Mode: llm.ChoiceNone})},
		{"choice", "any", mode(llm.ToolChoice{Mode: llm.ChoiceAny})},
		{"choice", "one by name", mode(llm.ToolChoice{Mode: llm.ChoiceNamed, Name: "look"})},
		{"choice.allowed", "", mode(llm.ToolChoice{Mode: llm.ChoiceAuto, Allowed: []string{"look"}})},
		{"parallel", "false", tool(func(r *llm.Request, _ *llm.Tool) { r.Parallel = llm.JSON("false") })},
		{"parts", "call and result", called(func(*llm.Part, *llm.Result) {})},
		{"parts.result.failed", "", called(func(_ *llm.Part, res *llm.Result) { res.Failed = true })},
		{"parts.result", "with an image", called(func(_ *llm.Part, res *llm.Result) {
			res.Plain, res.Parts = false, append(res.Parts, llm.Part{Kind: llm.Image, Media: &llm.Media{MIME: "image/png", Data: []byte("iVBORw0KGgo=")}})
		})},
	}
}

func shapeRows() []questionRow {
	return []questionRow{
		{"output", "JSON", func(r *llm.Request) { r.Output.Kind = llm.OutputJSON }},
		{"output", "of a schema", func(r *llm.Request) { r.Output = llm.Output{Kind: llm.OutputSchema, Schema: aTool().Schema} }},
		{"output.name", "of a schema", func(r *llm.Request) {
			r.Output = llm.Output{Kind: llm.OutputSchema, Schema: aTool().Schema, Name: "answer"}
		}},
		{"output.verbosity", "", func(r *llm.Request) { r.Output.Verbosity = "low" }},
		{"reasoning.effort", "", func(r *llm.Request) { r.Reasoning = llm.Reasoning{On: true, Effort: "high"} }},
		{"reasoning.budget", "", func(r *llm.Request) { r.Reasoning = llm.Reasoning{On: true, Budget: llm.JSON("4096")} }},
		{"reasoning.off", "", func(r *llm.Request) { r.Reasoning = llm.Reasoning{Off: true, Effort: "none"} }},
		{"user", "", func(r *llm.Request) { r.User = llm.JSON(`"user-1"`) }},
		{"service_tier", "flex", func(r *llm.Request) { r.ServiceTier = llm.JSON(`"flex"`) }},
		{"metadata", "", func(r *llm.Request) { r.Metadata = llm.JSON(`{"a":"b"}`) }},
		{"prompt", "of a completion", func(r *llm.Request) { r.Messages, r.Prompt = nil, llm.JSON(`"Once"`) }},
	}
}

// answerRow adds one thing to an answer, which has what before puts there, and
// finds it again: "" is that it is not there.
type answerRow struct {
	what        string
	before, set func(a *llm.Response)
	told        func(a *llm.Response) string
	// sealed: it may be there all the same.
	sealed bool
}

func parts(list ...llm.Part) func(a *llm.Response) {
	return func(a *llm.Response) { a.Choices[0].Parts = append(a.Choices[0].Parts, list...) }
}

// has tells whether there is a part of the kind with the text, or a text.
func has(k llm.Kind, text string) func(a *llm.Response) string {
	return func(a *llm.Response) string {
		for i := range a.Choices[0].Parts {
			switch p := &a.Choices[0].Parts[i]; {
			case p.Kind == k && (p.Call != nil || p.Media != nil || string(p.Text) == text):
				return "kept"
			case p.Kind == llm.Opaque && k == llm.Image: // an item of its own
				return "kept"
			case p.Kind == llm.Text && k != llm.Text && string(p.Text) == text:
				return "changed: text"
			}
		}
		return ""
	}
}

func answerRows() []answerRow {
	nothing := func(*llm.Response) {}
	text := parts(llm.Part{Text: llm.JSON(`"The text."`)})
	call := llm.Part{Kind: llm.ToolCall, Call: &llm.Call{ID: "call_1", Name: "look", Args: []byte(`{"a":"b"}`)}}
	signed := func(p llm.Part) llm.Part {
		p.Signature, p.SignedBy = llm.JSON(`"c2ln"`), foreign
		return p
	}
	thought := llm.Part{Kind: llm.Thinking, Text: llm.JSON(`"Hm."`)}
	never := func(*llm.Response) string { return "" }
	rows := []answerRow{
		{"text", nothing, text, has(llm.Text, `"The text."`), false},
		{"refusal", nothing, parts(llm.Part{Kind: llm.Refusal, Text: llm.JSON(`"No."`)}), has(llm.Refusal, `"No."`), false},
		{"thinking", text, func(a *llm.Response) { a.Choices[0].Parts = append([]llm.Part{thought}, a.Choices[0].Parts...) }, has(llm.Thinking, `"Hm."`), false},
		{"signature of thinking, before a call", parts(thought, call), func(a *llm.Response) { a.Choices[0].Parts[0] = signed(thought) }, never, true},
		{"redacted thinking, before a call", parts(call), func(a *llm.Response) {
			a.Choices[0].Parts = []llm.Part{signed(llm.Part{Kind: llm.Redacted}), call}
		}, never, true},
		{"call", nothing, parts(call), has(llm.ToolCall, ""), false},
		{"signature of a call", parts(call), func(a *llm.Response) { a.Choices[0].Parts[0] = signed(call) }, never, true},
		{
			"image", text, parts(llm.Part{Kind: llm.Image, Media: &llm.Media{MIME: "image/png", Data: []byte("iVBORw0KGgo=")}}),
			has(llm.Image, ""), false,
		},
		{"citation of a web page", nothing, parts(llm.Part{Text: llm.JSON(`"The text."`), Citations: []llm.Citation{
			{URL: llm.JSON(`"https://example.com"`), Title: llm.JSON(`"Title"`), Start: 0, End: 3},
		}}), cited, false},
		{"logprobs", text, func(a *llm.Response) {
			a.Choices[0].Logprobs = llm.JSON(`{"content":[{"token":"The","logprob":-0.5,"bytes":null,"top_logprobs":[]}]}`)
		}, func(a *llm.Response) string { return kept(a.Choices[0].Logprobs != nil) }, false},
		{"second choice", text, func(a *llm.Response) {
			a.Choices = append(a.Choices, llm.Choice{Index: 1, Parts: a.Choices[0].Parts, Finish: llm.FinishStop})
		}, func(a *llm.Response) string { return kept(len(a.Choices) == 2) }, false},
	}
	return append(append(rows, finishRows(text)...), usageRows(text)...)
}

func kept(is bool) string {
	if is {
		return "kept"
	}
	return ""
}

func cited(a *llm.Response) string {
	for i := range a.Choices[0].Parts {
		for _, c := range a.Choices[0].Parts[i].Citations {
			if c.URL != nil {
				return "kept"
			}
		}
	}
	return ""
}

func finishRows(text func(a *llm.Response)) []answerRow {
	names := [...]string{
		llm.Unfinished: "nothing", llm.FinishStop: "stop", llm.FinishLength: "length", llm.FinishTools: "tools",
		llm.FinishFilter: "filter", llm.FinishRefusal: "refusal", llm.FinishPause: "pause", llm.FinishError: "error",
	}
	var rows []answerRow
	for _, f := range []llm.Finish{llm.FinishStop, llm.FinishLength, llm.FinishFilter, llm.FinishRefusal, llm.FinishPause} {
		rows = append(rows, answerRow{"finish: " + names[f], text, func(a *llm.Response) { a.Choices[0].Finish = f }, func(a *llm.Response) string {
			if got := a.Choices[0].Finish; got != f {
				return "changed: " + names[got]
			}
			return "kept"
		}, false})
	}
	return rows
}

func usageRows(text func(a *llm.Response)) []answerRow {
	told := func(what string, of func(d *llm.UsageDetails) *int64) answerRow {
		return answerRow{"usage: " + what, text, func(a *llm.Response) {
			d := llm.NoDetails()
			a.Usage = llm.Usage{Prompt: 10, Completion: 5, Total: 15, Details: &d}
			*of(&d) = 3
		}, func(a *llm.Response) string {
			return kept(a.Usage.Details != nil && *of(a.Usage.Details) == 3)
		}, false}
	}
	return []answerRow{
		{
			"usage: prompt and completion", text, func(a *llm.Response) { a.Usage.Prompt, a.Usage.Completion, a.Usage.Total = 10, 5, 15 },
			func(a *llm.Response) string { return kept(a.Usage.Prompt == 10 && a.Usage.Completion == 5) }, false,
		},
		told("read from a cache", func(d *llm.UsageDetails) *int64 { return &d.CachedPrompt }),
		told("written to a cache", func(d *llm.UsageDetails) *int64 { return &d.CacheWrite }),
		told("thinking", func(d *llm.UsageDetails) *int64 { return &d.Reasoning }),
	}
}
