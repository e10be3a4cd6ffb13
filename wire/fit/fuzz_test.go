package fit_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/internal/conform"
	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/bedrock"
	"github.com/sluice-gateway/sluice/wire/cohere"
	"github.com/sluice-gateway/sluice/wire/fit"
	"github.com/sluice-gateway/sluice/wire/mistral"
	"github.com/sluice-gateway/sluice/wire/ollama"
)

// vendors are all that limit anything, with models for which they differ.
var vendors = []struct {
	to    wire.Provider
	model string
}{
	{openai, "gpt"},
	{claude, "claude"},
	{google, "gemini"},
	{aws, "us.anthropic.claude-sonnet-4"},
	{aws, "amazon.nova-pro-v1:0"},
	{aws, "meta.llama3"},
	{command, "command-a"},
	{cohere.V1Provider{}, "command-r"},
	{mistral.Provider{}, "mistral"},
	{ollama.Provider{}, "llama"},
	{bedrock.Invoke{}, "amazon.nova-pro-v1:0"},
	{bedrock.Invoke{}, "anthropic.claude-3-5-sonnet"},
}

// puzzle is a question with a schema, in all places that have one, and a call
// with all arguments that the schema names.
func puzzle(schema llm.JSON, name, model string) *llm.Request {
	var w wire.Writer
	w.Object()
	for f := wire.NewFields(wire.Get(schema, "properties")); f.Next(); {
		w.Quoted(f.Name())
		w.String(f.Name())
	}
	w.EndObject()
	r := asked([]string{name, "other"}, name)
	r.Model = model
	r.Tools[0].Schema, r.Tools[0].Strict, r.Tools[1].Schema = schema, llm.JSON("true"), llm.JSON(`{"type":"object","properties":{}}`)
	r.Messages[0].Parts[0].Call.Args = w.Buf
	r.Output = llm.Output{Kind: llm.OutputSchema, Name: name, Schema: schema, Strict: llm.JSON("true")}
	return r
}

// keeps holds what fit promises of one question: what is sent is JSON of
// bounded size, in which nothing is left that would be changed; what has no
// note is as it was; and what comes back has the caller's names, in whatever
// pieces.
func keeps(t *testing.T, to wire.Provider, model string, schema llm.JSON, name string, cut int) {
	t.Helper()
	what := fmt.Sprintf("%s %s: %.200s", to.Format(), model, schema)
	was := puzzle(schema, name, model)
	r := *was
	var f fit.Fit
	var n wire.Notes
	f.Question(&r, to, &n)
	for field, got := range map[string]llm.JSON{"tools[0].schema": r.Tools[0].Schema, "output.schema": r.Output.Schema} {
		if err := jsonscan.NoDuplicates(got); err != nil || len(got) > 8*len(schema)+256<<10 {
			t.Fatalf("%s: %d bytes, %v: %.300s", what, len(got), err, got)
		}
		if !bytes.Equal(got, schema) && !valid(got) && valid(schema) {
			t.Fatalf("%s: no schema any more: %s", what, got)
		}
		if n.Changed(field) == bytes.Equal(got, schema) {
			t.Fatalf("%s: noted %v\n%s", what, n.List(), got)
		}
	}
	again := r
	var more wire.Notes
	if new(fit.Fit).Question(&again, to, &more); len(more.List()) > 0 {
		t.Fatalf("%s: what is sent is not taken: %v\n%s\n%s", what, more.List(), r.Tools[0].Schema, r.Output.Schema)
	}
	comesBack(t, what, &f, was.Messages[0].Parts[0].Call, r.Messages[0].Parts[0].Call, cut)
}

// valid tells whether a text is a JSON schema with all that it refers to.
func valid(schema llm.JSON) bool {
	if len(schema) > 16<<10 {
		return true
	}
	_, err := conform.Compile(schema)
	return err == nil || errors.Is(err, conform.ErrBeyond)
}

func comesBack(t *testing.T, what string, f *fit.Fit, own, sent *llm.Call, cut int) {
	t.Helper()
	whole := *sent
	if f.Call(&whole); whole.Name != own.Name || string(whole.Args) != string(own.Args) {
		t.Fatalf("%s: %s %s was sent as %s %s and comes back as %s %s", what, own.Name, own.Args, sent.Name, sent.Args, whole.Name, whole.Args)
	}
	begun := llm.Event{Kind: llm.EventPart, Part: llm.Part{Kind: llm.ToolCall, Call: &llm.Call{Name: sent.Name}}}
	f.Event(&begun)
	args := string(sent.Args)
	cut = min(max(cut, 0), len(args))
	got := ""
	for _, piece := range []string{args[:cut], args[cut:]} {
		ev := llm.Event{Kind: llm.EventDelta, Text: wire.Quote(piece)}
		f.Event(&ev)
		got += wire.Text(ev.Text)
	}
	if before := f.Event(&llm.Event{Kind: llm.EventPartEnd}); before != nil {
		got += wire.Text(before.Text)
	}
	if begun.Part.Call.Name != own.Name || got != string(own.Args) && strings.ToValidUTF8(args[:cut], "") == args[:cut] {
		t.Fatalf("%s: %s in two pieces at %d comes back as %s", what, args, cut, got)
	}
}

func FuzzQuestion(f *testing.F) {
	for _, c := range tools {
		f.Add([]byte(c.schema), "get.weather", 7)
	}
	for _, schema := range hostile() {
		if len(schema) < 2000 {
			f.Add([]byte(schema), "", 3)
		}
	}
	f.Fuzz(func(t *testing.T, schema []byte, name string, cut int) {
		if wire.Check(schema) != nil || len(schema) > 20<<10 || strings.ToValidUTF8(name, "") != name {
			return
		}
		for _, v := range vendors {
			keeps(t, v.to, v.model, schema, name, cut)
		}
	})
}
