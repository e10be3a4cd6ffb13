package translate

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	anthropicwire "github.com/sluice-gateway/sluice/wire/anthropic"
	bedrockwire "github.com/sluice-gateway/sluice/wire/bedrock"
	coherewire "github.com/sluice-gateway/sluice/wire/cohere"
	geminiwire "github.com/sluice-gateway/sluice/wire/gemini"
	mistralwire "github.com/sluice-gateway/sluice/wire/mistral"
	ollamawire "github.com/sluice-gateway/sluice/wire/ollama"
	"github.com/sluice-gateway/sluice/wire/openaichat"
	"github.com/sluice-gateway/sluice/wire/tgi"
)

// asked read the recorded questions, so that they can be put in another
// format.
var asked = map[string]wire.Client{
	"openai.chat":            openaichat.Client{},
	"anthropic.messages":     anthropicwire.Client{},
	"gemini.generateContent": geminiwire.Client{},
	"bedrock.converse":       bedrockwire.Client{},
	"cohere.v2.chat":         coherewire.V2Client{},
	"cohere.v1.chat":         coherewire.V1Client{},
	"mistral.chat":           mistralwire.Client{},
	"tgi.generate":           tgi.Client{},
	"ollama.generate":        ollamawire.Client{},
	"bedrock.invoke":         anthropicwire.Client{}, // of the models that have it
	"ollama.chat":            ollamawire.Client{},
}

// question is a request of a caller.
type question struct {
	model   string
	stream  bool // the answer shall come in events
	address string
	body    []byte
	texts   []string // what is said, and the names of tools
	made    bool     // nobody recorded it, or it cannot be put
	// showsThoughts: those of the model are wanted. Callers of Gemini's format
	// who do not ask for them get none.
	showsThoughts bool
}

// ask puts the recorded question in the format of another caller, or a small
// one in its place.
func ask(x *exchange, f *format, stream bool) question {
	q := question{model: x.model(), stream: stream}
	body, err := recordedQuestion(x, f, &q)
	if err != nil {
		q.made, q.texts = true, []string{unknown}
		body = f.smallest(q.model, stream)
	}
	q.body, q.address = body, f.address(q.model, stream)
	q.showsThoughts = f != callers["gemini"] && !f.texts
	if m, err := decode(body); err == nil && m.get("generationConfig", "thinkingConfig")["includeThoughts"] == true {
		q.showsThoughts = true
	}
	return q
}

func recordedQuestion(x *exchange, f *format, q *question) ([]byte, error) {
	if !x.Request.Recorded || asked[x.API] == nil {
		return nil, fmt.Errorf("not recorded")
	}
	var r llm.Request
	err := asked[x.API].DecodeRequest(&r, wire.Question{Path: x.Request.Path, Query: x.Request.Query, Body: x.Request.Body, Header: noHeader})
	if err != nil {
		return nil, err
	}
	if r.Model != "" && !strings.Contains(r.Model, "..") {
		q.model = r.Model
	}
	r.Model, r.Stream, r.IncludeUsage = q.model, q.stream, true
	recorded, err := decode(x.Request.Body)
	if err != nil {
		return nil, err
	}
	q.texts = apis[x.API].texts(recorded)
	return f.codec.EncodeRequest(nil, &r, nil)
}

func noHeader(string) string { return "" }

// stringsOf are all texts and numbers in a value.
func stringsOf(v any) []string {
	switch v := v.(type) {
	case string:
		out := []string{v}
		if m, err := decode([]byte(v)); err == nil { // results of tools are JSON within a text
			out = append(out, stringsOf(map[string]any(m))...)
		}
		return out
	case json.Number:
		return []string{v.String()}
	case []any:
		var out []string
		for _, item := range v {
			out = append(out, stringsOf(item)...)
		}
		return out
	case map[string]any:
		var out []string
		for _, item := range v {
			out = append(out, stringsOf(item)...)
		}
		return out
	}
	return nil
}
