package main

import "github.com/sluice-gateway/sluice/llm"

// quoted is a text as a JSON string.
func quoted(s string) llm.JSON { return llm.JSON(`"` + s + `"`) }

// everything is a question with every field of the canonical model, of no
// format. A test wants a new field to be added here.
func everything() *llm.Request {
	schema := llm.JSON(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}`)
	return &llm.Request{
		Model: "m", Stream: true, IncludeUsage: true,
		Messages: conversation(),
		Tools: []llm.Tool{
			{Name: "weather", Description: quoted("The weather."), Schema: schema, Strict: llm.JSON("true"), Cache: &llm.Cache{TTL: "1h"}},
			{Name: "shell", Description: quoted("Any text."), Custom: true},
		},
		Choice:   llm.ToolChoice{Mode: llm.ChoiceAuto, Allowed: []string{"weather"}},
		Parallel: llm.JSON("false"),
		Sampling: llm.Sampling{
			MaxTokens: llm.JSON("4096"), Temperature: llm.JSON("0.5"), TopP: llm.JSON("0.9"), TopK: llm.JSON("40"), MinP: llm.JSON("0.1"),
			FrequencyPenalty: llm.JSON("0.1"), PresencePenalty: llm.JSON("0.1"), RepeatPenalty: llm.JSON("1.1"),
			Seed: llm.JSON("7"), N: llm.JSON("2"), Stop: []llm.JSON{quoted("END")}, LogitBias: llm.JSON(`{"50256":-100}`),
			Logprobs: llm.JSON("true"), TopLogprobs: llm.JSON("2"),
		},
		Reasoning: llm.Reasoning{Effort: "high", Budget: llm.JSON("2048"), On: true, Show: true, Summary: "auto"},
		Output: llm.Output{
			Kind: llm.OutputSchema, Name: "answer", Description: quoted("The answer."), Schema: schema, Strict: llm.JSON("true"), Verbosity: "low",
		},
		User: quoted("u1"), ServiceTier: quoted("auto"), Metadata: llm.JSON(`{"k":"v"}`),
	}
}

func conversation() []llm.Message {
	return []llm.Message{
		{Role: llm.System, Parts: []llm.Part{{Text: quoted("Be brief."), Cache: &llm.Cache{TTL: "5m"}}}},
		{Role: llm.Developer, Parts: []llm.Part{{Text: quoted("Answer in English.")}}},
		{Role: llm.User, Name: quoted("ann"), Parts: shown()},
		{Role: llm.Assistant, Parts: []llm.Part{
			{Kind: llm.Thinking, Text: quoted("Let me see."), Signature: quoted("c2ln"), SignedBy: "other"},
			{Kind: llm.Redacted, Text: quoted(""), Signature: quoted("c2ln"), SignedBy: "other"},
			{Text: quoted("I look."), Citations: []llm.Citation{
				{URL: quoted("https://a.example"), Title: quoted("A"), Quote: quoted("q"), Start: 0, End: 1, From: "other"},
			}},
			{Kind: llm.ToolCall, Call: &llm.Call{ID: "call_1", Name: "weather", Args: []byte(`{"city":"Oslo"}`)}},
			{Kind: llm.ToolCall, Call: &llm.Call{ID: "call_2", Name: "shell", Args: []byte("ls"), Custom: true}},
		}},
		{Role: llm.ToolRole, Parts: []llm.Part{
			{Kind: llm.ToolResult, Result: &llm.Result{ID: "call_1", Name: "weather", Failed: true, Parts: []llm.Part{
				{Text: quoted("rain")}, picture("image/png"),
			}}},
			{Kind: llm.ToolResult, Result: &llm.Result{ID: "call_2", Name: "shell", Custom: true, Value: llm.JSON(`{"files":[]}`)}},
		}},
		{Role: llm.Assistant, Parts: []llm.Part{{Kind: llm.Refusal, Text: quoted("No.")}}},
		{Role: llm.User, Plain: true, Parts: []llm.Part{{Text: quoted("And now?")}}},
	}
}

func picture(mime string) llm.Part {
	return llm.Part{Kind: llm.Image, Media: &llm.Media{MIME: mime, Data: []byte("iVBORw0KGgo="), Detail: "high"}}
}

// shown is what a user can show.
func shown() []llm.Part {
	return []llm.Part{
		{Text: quoted("What is it?")},
		picture("image/png"),
		{Kind: llm.Image, Media: &llm.Media{URL: quoted("https://a.example/p.png")}},
		{Kind: llm.Image, Media: &llm.Media{File: quoted("file-1")}},
		{Kind: llm.Audio, Media: &llm.Media{MIME: "audio/wav", Data: []byte("UklGRg==")}},
		{Kind: llm.Video, Media: &llm.Media{MIME: "video/mp4", Data: []byte("AAAA")}},
		{Kind: llm.Document, Media: &llm.Media{
			MIME: "application/pdf", Data: []byte("JVBERi0="), Name: quoted("a.pdf"), Title: quoted("A"), Context: quoted("c"),
		}},
		{Kind: llm.Document, Media: &llm.Media{MIME: "text/plain", Text: quoted("words"), Name: quoted("a.txt")}},
	}
}
