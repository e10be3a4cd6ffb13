package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/anthropic"
	"github.com/sluice-gateway/sluice/wire/bedrock"
	"github.com/sluice-gateway/sluice/wire/cohere"
	"github.com/sluice-gateway/sluice/wire/gemini"
	"github.com/sluice-gateway/sluice/wire/ollama"
	"github.com/sluice-gateway/sluice/wire/openaichat"
	"github.com/sluice-gateway/sluice/wire/openairesponses"
)

// spoken is a format that is spoken on both sides, and a model that takes most
// of what it has.
type spoken struct {
	client   wire.Client
	provider wire.Provider
	model    string
}

func spokenFormats() []spoken {
	return []spoken{
		{openaichat.Client{}, openaichat.New(openaichat.Dialect{}), "gpt-5"},
		{openairesponses.Client{}, openairesponses.Provider{}, "gpt-5"},
		{anthropic.Client{}, anthropic.Provider{}, "claude-sonnet-4-5"},
		{gemini.Client{}, gemini.Provider{}, "gemini-2.5-flash"},
		{bedrock.Client{}, bedrock.Provider{}, "anthropic.claude-sonnet-4-5-20250929-v1:0"},
		{cohere.V2Client{}, cohere.V2Provider{}, "command-a-03-2025"},
		{cohere.V1Client{}, cohere.V1Provider{}, "command-r"},
		{ollama.Client{}, ollama.Provider{}, "llama3.2"},
	}
}

// foreign signs what another vendor's model thought.
const foreign llm.Format = "another"

// translationPage tells what becomes of what is asked and answered, by asking
// and answering: each row is a question, or an answer, that has one thing more
// than the plainest.
func translationPage() (string, error) {
	var b strings.Builder
	b.WriteString(mark)
	b.WriteString("# Translation\n\nWhat a translation keeps of a question and of an answer. A question or an answer that goes on in the " +
		"format that it came in loses nothing; of any other, what stands here. *kept* is sent on in the words of the other format; " +
		"*dropped* is left out; *changed* is sent as something near to it. The option `translation` of [ai-proxy](plugins/ai-proxy.md) says what happens with a question of which something is dropped or changed.\n")
	if err := questions(&b); err != nil {
		return "", err
	}
	if err := answers(&b); err != nil {
		return "", err
	}
	return b.String(), nil
}

func head(b *strings.Builder, first string) {
	cells, rule := []string{first}, "|---|"
	for _, f := range spokenFormats() {
		cells = append(cells, code(string(f.client.Format())))
		rule += "---|"
	}
	line(b, cells...)
	b.WriteString(rule + "\n")
}

func questions(b *strings.Builder) error {
	b.WriteString("\n## Questions\n\nTo a provider of the format, asked for the models ")
	var models []string
	for _, f := range spokenFormats() {
		models = append(models, f.model)
	}
	b.WriteString(codes(slices.Compact(models)) + ". Other models may take more or less.\n\n")
	head(b, "Field")
	for _, row := range questionRows() {
		cells := []string{code(row.field)}
		if row.what != "" {
			cells[0] += " " + row.what
		}
		for _, f := range spokenFormats() {
			cell, err := asked(&f, row.set)
			if err != nil {
				return fmt.Errorf("%s to %s: %w", row.field, f.provider.Format(), err)
			}
			cells = append(cells, cell)
		}
		line(b, cells...)
	}
	return nil
}

// plainest is a question without anything special.
func plainest(model string) *llm.Request {
	return &llm.Request{Model: model, Messages: []llm.Message{{Parts: []llm.Part{{Text: llm.JSON(`"Hello"`)}}, Plain: true}}}
}

// asked is what becomes of what set adds to a question.
func asked(f *spoken, set func(r *llm.Request)) (string, error) {
	r := plainest(f.model)
	set(r)
	var n wire.Notes
	if _, err := f.provider.EncodeRequest(nil, r, &n); err != nil {
		return "", err
	}
	var changed []string
	dropped := false
	for _, note := range n.List() {
		if note.Changed {
			changed = append(changed, note.How)
		} else {
			dropped = true
		}
	}
	switch {
	case len(changed) > 0:
		return "changed: " + strings.Join(slices.Compact(changed), "; "), nil
	case dropped:
		return "dropped", nil
	}
	return "kept", nil
}

func answers(b *strings.Builder) error {
	b.WriteString("\n## Answers\n\nTo a caller of the format. *sealed* is something that only its provider can read, and has to get back: " +
		"it travels in the id of a call, or in a signature, and comes back from there.\n\n")
	head(b, "Part")
	for _, row := range answerRows() {
		cells := []string{row.what}
		for _, f := range spokenFormats() {
			cell, err := answered(&f, &row)
			if err != nil {
				return fmt.Errorf("%s to %s: %w", row.what, f.client.Format(), err)
			}
			cells = append(cells, cell)
		}
		line(b, cells...)
	}
	return nil
}

// answered is what becomes of what a row adds to an answer.
func answered(f *spoken, row *answerRow) (string, error) {
	r := plainest(f.model)
	r.IncludeUsage, r.Sampling.Logprobs = true, llm.JSON("true")
	r.Reasoning = llm.Reasoning{On: true, Show: true}
	a, without := &llm.Response{ID: "id", Model: f.model, Usage: llm.NoUsage()}, &llm.Response{ID: "id", Model: f.model, Usage: llm.NoUsage()}
	for _, x := range []*llm.Response{a, without} {
		x.Choices = []llm.Choice{{Finish: llm.FinishStop}}
		row.before(x)
	}
	row.set(a)
	body := f.client.EncodeResponse(nil, a, r)
	var got llm.Response
	if err := f.provider.DecodeResponse(&got, body); err != nil {
		return "", err
	}
	switch said := row.told(&got); {
	case said != "":
		return said, nil
	case row.sealed && string(body) != string(f.client.EncodeResponse(nil, without, r)):
		return "sealed", nil
	}
	return "dropped", nil
}
