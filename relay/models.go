package relay

import (
	"net/url"
	"strings"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/wire"
)

// Models answers a question for the models that there are with those that the
// target may use, in the shape of the callers' format; nil when the request
// asks something else.
func (t *Target) Models(ex *flow.Exchange) *flow.Reply {
	if ex.In.Method != "GET" || t.s.RouteType == provider.Preserve || ex.Body.Length > 0 {
		return nil
	}
	of := t.format()
	list, one, asks := modelsPath(of, ex.In.Path)
	if !asks {
		return nil
	}
	name, err := provider.Expand(ex, t.s.Model.Name)
	if err != nil {
		name = ""
	}
	w := wire.Writer{}
	status := 200
	switch {
	case list:
		shapes[of].list(&w, name, t.s.Provider.Name())
	case name != "" && one == name:
		shapes[of].one(&w, name, t.s.Provider.Name())
	default:
		status = 404
		w.Buf = t.notFound(one)
	}
	r := ex.NewReply(status)
	r.Header.Set("Content-Type", "application/json")
	r.SetBody(w.Buf)
	return r
}

// format is what the callers' models are listed in.
func (t *Target) format() llm.Format {
	if t.s.Client == nil {
		return llm.OpenAIChat
	}
	f := t.s.Client.Format()
	if _, ok := shapes[f]; !ok {
		return llm.OpenAIChat
	}
	return f
}

func (t *Target) notFound(name string) []byte {
	e := &llm.Error{Status: 404, Message: "the model " + name + " is not to be had on this route", RetryAfter: -1}
	if t.s.Client != nil {
		return t.s.Client.EncodeError(nil, e)
	}
	w := wire.Writer{}
	w.Object()
	w.Name("error")
	w.Object()
	w.StringMember("message", e.Message)
	w.EndObject()
	w.EndObject()
	return w.Buf
}

// modelsPath tells whether a path asks for all models, or for one.
func modelsPath(f llm.Format, path string) (list bool, one string, asks bool) {
	const segment = "/models"
	path = strings.TrimSuffix(path, "/")
	switch {
	case f == llm.OllamaChat:
		return true, "", strings.HasSuffix(path, "/api/tags")
	case f == llm.BedrockConverse:
		return true, "", strings.HasSuffix(path, "/foundation-models")
	case strings.HasSuffix(path, segment):
		return true, "", true
	}
	i := strings.LastIndex(path, segment+"/")
	if i < 0 || f == llm.Gemini && strings.Contains(path[i:], ":") { // an operation
		return false, "", false
	}
	one, err := url.PathUnescape(path[i+len(segment)+1:])
	return false, one, err == nil
}

// shape is how a format lists models.
type shape struct {
	list, one func(w *wire.Writer, name, owner string)
}

var shapes = map[llm.Format]shape{
	llm.OpenAIChat:      {listOf("data", openAIModel, "object", "list"), openAIModel},
	llm.Anthropic:       {anthropicModels, anthropicModel},
	llm.Gemini:          {listOf("models", geminiModel, "", ""), geminiModel},
	llm.CohereV2:        {listOf("models", cohereModel, "", ""), cohereModel},
	llm.Mistral:         {listOf("data", openAIModel, "object", "list"), openAIModel},
	llm.OllamaChat:      {listOf("models", ollamaModel, "", ""), ollamaModel},
	llm.BedrockConverse: {listOf("modelSummaries", bedrockModel, "", ""), bedrockModel},
}

// listOf writes an object with the models in a member, perhaps after another.
func listOf(member string, one func(w *wire.Writer, name, owner string), name, value string) func(*wire.Writer, string, string) {
	return func(w *wire.Writer, model, owner string) {
		w.Object()
		if name != "" {
			w.StringMember(name, value)
		}
		w.Name(member)
		w.Array()
		if model != "" {
			one(w, model, owner)
		}
		w.EndArray()
		w.EndObject()
	}
}

// https://platform.openai.com/docs/api-reference/models
func openAIModel(w *wire.Writer, name, owner string) {
	w.Object()
	w.StringMember("id", name)
	w.StringMember("object", "model")
	w.IntMember("created", 0)
	w.StringMember("owned_by", owner)
	w.EndObject()
}

// https://platform.claude.com/docs/en/api/models-list
func anthropicModels(w *wire.Writer, name, owner string) {
	w.Object()
	w.Name("data")
	w.Array()
	if name != "" {
		anthropicModel(w, name, owner)
	}
	w.EndArray()
	w.BoolMember("has_more", false)
	for _, member := range [...]string{"first_id", "last_id"} {
		w.Name(member)
		if name == "" {
			w.Raw(nil)
		} else {
			w.String(name)
		}
	}
	w.EndObject()
}

func anthropicModel(w *wire.Writer, name, _ string) {
	w.Object()
	w.StringMember("type", "model")
	w.StringMember("id", name)
	w.StringMember("display_name", name)
	w.StringMember("created_at", "1970-01-01T00:00:00Z")
	w.EndObject()
}

// https://ai.google.dev/api/models
func geminiModel(w *wire.Writer, name, _ string) {
	w.Object()
	w.StringMember("name", "models/"+name)
	w.StringMember("displayName", name)
	w.Name("supportedGenerationMethods")
	w.Array()
	w.String("generateContent")
	w.String("countTokens")
	w.EndArray()
	w.EndObject()
}

// https://docs.cohere.com/reference/list-models
func cohereModel(w *wire.Writer, name, _ string) {
	w.Object()
	w.StringMember("name", name)
	w.Name("endpoints")
	w.Array()
	w.String("chat")
	w.EndArray()
	w.EndObject()
}

// https://github.com/ollama/ollama/blob/main/docs/api.md#list-local-models
func ollamaModel(w *wire.Writer, name, _ string) {
	w.Object()
	w.StringMember("name", name)
	w.StringMember("model", name)
	w.StringMember("modified_at", "1970-01-01T00:00:00Z")
	w.IntMember("size", 0)
	w.Name("digest")
	w.String("")
	w.Name("details")
	w.Object()
	w.EndObject()
	w.EndObject()
}

// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListFoundationModels.html
func bedrockModel(w *wire.Writer, name, owner string) {
	w.Object()
	w.StringMember("modelId", name)
	w.StringMember("modelName", name)
	w.StringMember("providerName", owner)
	w.BoolMember("responseStreamingSupported", true)
	w.EndObject()
}
