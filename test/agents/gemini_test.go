package agents

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
)

// gemini is Google's API: https://ai.google.dev/api/generate-content
type gemini struct{}

// schema is what Google takes as parameters; it refuses every other word.
type schema struct {
	Type             string             `json:"type"`
	Format           string             `json:"format"`
	Title            string             `json:"title"`
	Description      string             `json:"description"`
	Nullable         bool               `json:"nullable"`
	Enum             []string           `json:"enum"`
	Items            *schema            `json:"items"`
	MinItems         json.RawMessage    `json:"minItems"`
	MaxItems         json.RawMessage    `json:"maxItems"`
	MinLength        json.RawMessage    `json:"minLength"`
	MaxLength        json.RawMessage    `json:"maxLength"`
	Pattern          string             `json:"pattern"`
	Minimum          *float64           `json:"minimum"`
	Maximum          *float64           `json:"maximum"`
	Default          json.RawMessage    `json:"default"`
	Example          json.RawMessage    `json:"example"`
	Properties       map[string]*schema `json:"properties"`
	PropertyOrdering []string           `json:"propertyOrdering"`
	Required         []string           `json:"required"`
	AnyOf            []*schema          `json:"anyOf"`
}

type function struct {
	Name       string
	Parameters json.RawMessage
	JSONSchema json.RawMessage `json:"parametersJsonSchema"`
}

type part struct {
	Text             *string
	Thought          bool
	ThoughtSignature string
	FunctionCall     *struct {
		ID, Name string
		Args     json.RawMessage
	}
	FunctionResponse *struct {
		ID, Name string
		Response json.RawMessage
	}
}

func (gemini) read(r *http.Request, body []byte) (*turn, error) {
	err := known(body, "contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "safetySettings",
		"cachedContent", "labels")
	if err != nil {
		return nil, err
	}
	t := &turn{stream: strings.HasSuffix(r.URL.Path, ":streamGenerateContent")}
	if !t.stream && !strings.HasSuffix(r.URL.Path, ":generateContent") || t.stream && r.URL.RawQuery != "alt=sse" {
		return nil, &refusal{404, "no such URL"}
	}
	var q struct {
		Contents []struct {
			Role  string
			Parts []part
		}
		Tools []struct {
			FunctionDeclarations []function
		}
	}
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, bad("%v", err)
	}
	for _, list := range q.Tools {
		for i, f := range list.FunctionDeclarations {
			s, err := f.schema()
			if err != nil {
				return nil, bad("function_declarations[%d] (%s): %v", i, f.Name, err)
			}
			t.tools = append(t.tools, tool{f.Name, s})
		}
	}
	if len(q.Contents) == 0 {
		return nil, bad("contents is not specified")
	}
	var calls []string
	for i, c := range q.Contents {
		switch c.Role {
		case "user":
			err = t.user(c.Parts, calls)
			calls = nil
		case "model":
			calls, err = calledIn(c.Parts)
		default:
			err = bad("role %q", c.Role)
		}
		if err != nil || len(c.Parts) == 0 {
			return nil, bad("contents[%d] of %d parts: %v", i, len(c.Parts), err)
		}
	}
	return t, nil
}

// schema checks the schema of a function.
func (f *function) schema() (json.RawMessage, error) {
	if !toolName.MatchString(f.Name) || len(f.Parameters) > 0 && len(f.JSONSchema) > 0 {
		return nil, bad("name %q, or two schemas", f.Name)
	}
	if len(f.JSONSchema) > 0 || len(f.Parameters) == 0 {
		return f.JSONSchema, nil
	}
	d := json.NewDecoder(bytes.NewReader(f.Parameters))
	d.DisallowUnknownFields()
	return f.Parameters, d.Decode(new(schema))
}

func (t *turn) user(parts []part, calls []string) error {
	n := 0
	for _, p := range parts {
		if p.FunctionResponse == nil {
			if p.Text == nil {
				return bad("a part holds nothing that is known")
			}
			continue
		}
		if n >= len(calls) || p.FunctionResponse.Name != calls[n] {
			return bad("response of %q after calls of %v", p.FunctionResponse.Name, calls)
		}
		n++
		t.results = append(t.results, string(p.FunctionResponse.Response))
	}
	if n != len(calls) {
		return bad("%d function responses for %d calls", n, len(calls))
	}
	return nil
}

func calledIn(parts []part) (calls []string, err error) {
	for _, p := range parts {
		if p.FunctionCall == nil {
			continue
		}
		if len(calls) == 0 && p.ThoughtSignature != signature {
			return nil, bad("Function call is missing a thought_signature: %q", p.ThoughtSignature)
		}
		calls = append(calls, p.FunctionCall.Name)
	}
	return calls, nil
}

func (gemini) write(w *writer, a *answer, stream bool) {
	send := func(u usage, finish string, parts ...obj) {
		candidate := obj{"content": obj{"role": "model", "parts": parts}, "index": 0}
		if finish != "" {
			candidate["finishReason"] = finish
		}
		v := obj{
			"candidates": []obj{candidate}, "modelVersion": "scripted", "responseId": a.id,
			"usageMetadata": obj{
				"promptTokenCount": u.prompt, "candidatesTokenCount": u.completion, "totalTokenCount": u.prompt + u.completion,
			},
		}
		if stream {
			w.event("", v)
		} else {
			w.json(200, v)
		}
	}
	if a.name != "" {
		call := obj{"functionCall": obj{"name": a.name, "args": json.RawMessage(a.args)}, "thoughtSignature": signature}
		send(a.usage, "STOP", call)
		return
	}
	if stream {
		send(usage{a.usage.prompt, 1}, "", obj{"text": a.text[:5]})
		send(a.usage, "STOP", obj{"text": a.text[5:]})
		return
	}
	send(a.usage, "STOP", obj{"text": a.text})
}

func (gemini) refuse(w *writer, r *refusal) {
	w.json(r.status, obj{"error": obj{"code": r.status, "message": r.message, "status": "INVALID_ARGUMENT"}})
}
