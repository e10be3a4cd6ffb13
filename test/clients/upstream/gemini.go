package upstream

import (
	"encoding/json"
	"net/http"
	"strings"
)

// GeminiModel is the model of Google's service.
const GeminiModel = "gemini-2.5-flash"

type geminiRequest struct {
	Contents          []geminiContent `json:"contents"`
	SystemInstruction *geminiContent  `json:"systemInstruction"`
	Tools             []struct {
		FunctionDeclarations []geminiFunction `json:"functionDeclarations"`
	} `json:"tools"`
	ToolConfig *struct {
		FunctionCallingConfig struct {
			Mode                 string   `json:"mode"`
			AllowedFunctionNames []string `json:"allowedFunctionNames"`
		} `json:"functionCallingConfig"`
	} `json:"toolConfig"`
	GenerationConfig *struct {
		Temperature      *float64 `json:"temperature"`
		TopP             *float64 `json:"topP"`
		TopK             *float64 `json:"topK"`
		MaxOutputTokens  *int     `json:"maxOutputTokens"`
		StopSequences    []string `json:"stopSequences"`
		CandidateCount   *int     `json:"candidateCount"`
		Seed             *int     `json:"seed"`
		ResponseMimeType string   `json:"responseMimeType"`
		ThinkingConfig   *struct {
			ThinkingBudget  *int `json:"thinkingBudget"`
			IncludeThoughts bool `json:"includeThoughts"`
		} `json:"thinkingConfig"`
	} `json:"generationConfig"`
	SafetySettings []any `json:"safetySettings"`
}

type geminiFunction struct {
	Name                 string          `json:"name"`
	Description          string          `json:"description"`
	Parameters           *geminiSchema   `json:"parameters"`
	ParametersJSONSchema json.RawMessage `json:"parametersJsonSchema"`
}

// geminiSchema is what Google knows of schemas: it refuses every other word.
type geminiSchema struct {
	Type        string                   `json:"type"`
	Format      string                   `json:"format"`
	Title       string                   `json:"title"`
	Description string                   `json:"description"`
	Nullable    bool                     `json:"nullable"`
	Enum        []string                 `json:"enum"`
	Items       *geminiSchema            `json:"items"`
	Properties  map[string]*geminiSchema `json:"properties"`
	Required    []string                 `json:"required"`
	AnyOf       []*geminiSchema          `json:"anyOf"`
}

type geminiContent struct {
	Role  string       `json:"role"`
	Parts []geminiPart `json:"parts"`
}

type geminiPart struct {
	Text             *string     `json:"text,omitempty"`
	Thought          bool        `json:"thought,omitempty"`
	ThoughtSignature string      `json:"thoughtSignature,omitempty"`
	FunctionCall     *geminiCall `json:"functionCall,omitempty"`
	FunctionResponse *struct {
		ID       string          `json:"id"`
		Name     string          `json:"name"`
		Response json.RawMessage `json:"response"`
	} `json:"functionResponse,omitempty"`
}

type geminiCall struct {
	ID   string          `json:"id,omitempty"`
	Name string          `json:"name"`
	Args json.RawMessage `json:"args"`
}

func (s *Server) gemini() http.Handler {
	v := &vendor{s: s, model: GeminiModel, header: "X-Goog-Api-Key", shape: func(w http.ResponseWriter, f *failure) {
		w.WriteHeader(f.status)
		status := map[int]string{401: "UNAUTHENTICATED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL"}[f.status]
		if status == "" {
			status = "INVALID_ARGUMENT"
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"error": map[string]any{"code": f.status, "message": f.Message, "status": status},
		})
	}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1beta/models/{operation}", handle(v, v.generate))
	mux.HandleFunc("/", v.notFound)
	return mux
}

func (v *vendor) generate(w http.ResponseWriter, r *http.Request, req *geminiRequest) *failure {
	model, method, _ := strings.Cut(r.PathValue("operation"), ":")
	if f := v.checkModel(model); f != nil {
		return f
	}
	query := r.URL.Query()
	if method == "streamGenerateContent" && query.Get("alt") == "sse" {
		query.Del("alt")
	} else if method != "generateContent" {
		return invalid(404, "", "method %q with query %q is not known", method, r.URL.RawQuery)
	}
	for name := range query {
		return invalid(400, "", "Invalid JSON payload received. Unknown name %q: Cannot bind query parameter.", name)
	}
	q, f := req.question()
	if f != nil {
		return f
	}
	a, f := v.s.decide(q)
	if f != nil {
		return f
	}
	if method == "generateContent" {
		writeJSON(w, geminiAnswer(geminiParts(a), "STOP", &a.usage))
		return nil
	}
	streamGemini(w, a)
	return nil
}

func (req *geminiRequest) question() (question, *failure) {
	q := question{parallel: true}
	for _, t := range req.Tools {
		for i, f := range t.FunctionDeclarations {
			if !toolName.MatchString(f.Name) || f.Parameters != nil && len(f.ParametersJSONSchema) > 0 {
				return q, invalid(400, "", "* GenerateContentRequest.tools[0].function_declarations[%d]: %q", i, f.Name)
			}
			q.tools = append(q.tools, f.Name)
		}
	}
	if c := req.ToolConfig; c != nil {
		q.must = c.FunctionCallingConfig.Mode == "ANY"
	}
	if s := req.SystemInstruction; s != nil {
		for _, p := range s.Parts {
			if p.Text == nil {
				return q, invalid(400, "", "system instructions are text")
			}
			q.words += countWords(*p.Text)
		}
	}
	return q, req.read(&q)
}

func (req *geminiRequest) read(q *question) *failure {
	if len(req.Contents) == 0 {
		return invalid(400, "", "* GenerateContentRequest.contents: contents is not specified")
	}
	var calls []geminiCall
	for i, c := range req.Contents {
		var f *failure
		switch {
		case len(c.Parts) == 0:
			f = invalid(400, "", "* GenerateContentRequest.contents[%d].parts: contents.parts must not be empty.", i)
		case c.Role == "user" || c.Role == "" && len(req.Contents) == 1:
			f = readGeminiUser(q, calls, c.Parts, i)
			calls = nil
		case c.Role == "model" && len(calls) == 0:
			calls, f = readGeminiModel(q, c.Parts, i)
		default:
			f = invalid(400, "", "Please use a valid role: user, model; not %q after %d calls", c.Role, len(calls))
		}
		if f != nil {
			return f
		}
	}
	if len(calls) > 0 {
		return invalid(400, "", "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.")
	}
	return nil
}

func readGeminiUser(q *question, calls []geminiCall, parts []geminiPart, i int) *failure {
	q.results = nil
	n := 0
	for j, p := range parts {
		switch {
		case p.Text != nil && p.FunctionResponse == nil && p.FunctionCall == nil:
			q.last = *p.Text
			q.words += countWords(*p.Text)
		case p.FunctionResponse == nil || !object(p.FunctionResponse.Response):
			return invalid(400, "", "* GenerateContentRequest.contents[%d].parts[%d].data: required oneof field 'data' must have one initialized field", i, j)
		case n >= len(calls) || p.FunctionResponse.Name != calls[n].Name || p.FunctionResponse.ID != calls[n].ID:
			return invalid(400, "", "contents[%d].parts[%d]: function response %q of %q has no function call %+v", i, j, p.FunctionResponse.ID, p.FunctionResponse.Name, calls)
		default:
			n++
			text := geminiOutput(p.FunctionResponse.Response)
			q.results = append(q.results, text)
			q.words += countWords(text)
		}
	}
	if n != len(calls) {
		return invalid(400, "", "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.")
	}
	return nil
}

// geminiOutput is a response's output, or result, if it has nothing else.
func geminiOutput(raw json.RawMessage) string {
	var m map[string]any
	_ = json.Unmarshal(raw, &m)
	for _, name := range []string{"output", "result"} {
		if s, ok := m[name].(string); ok && len(m) == 1 {
			return s
		}
	}
	return string(raw)
}

func readGeminiModel(q *question, parts []geminiPart, i int) ([]geminiCall, *failure) {
	var calls []geminiCall
	for j, p := range parts {
		switch {
		case p.FunctionCall != nil && p.Text == nil:
			if len(calls) == 0 && p.ThoughtSignature != proof(p.FunctionCall.Name, p.FunctionCall.Args) {
				return nil, invalid(400, "", "Function call is missing a thought_signature in functionCall parts, or it is wrong: position %d, %q", j, p.ThoughtSignature)
			}
			if len(calls) > 0 && p.ThoughtSignature != "" {
				return nil, invalid(400, "", "Thought signature is not valid: position %d, %q", j, p.ThoughtSignature)
			}
			calls = append(calls, *p.FunctionCall)
		case p.Text != nil && p.ThoughtSignature == "":
			q.words += countWords(*p.Text)
		default:
			return nil, invalid(400, "", "* GenerateContentRequest.contents[%d].parts[%d]: not something that the model has said", i, j)
		}
	}
	return calls, nil
}

func geminiParts(a reply) []geminiPart {
	var out []geminiPart
	if a.text != "" {
		out = append(out, geminiPart{Text: &a.text})
	}
	for i, c := range a.calls {
		p := geminiPart{FunctionCall: &geminiCall{Name: c.name, Args: c.value()}}
		if i == 0 {
			p.ThoughtSignature = proof(c.name, c.value())
		}
		out = append(out, p)
	}
	return out
}

func geminiAnswer(parts []geminiPart, finish string, u *usage) map[string]any {
	candidate := map[string]any{"content": map[string]any{"role": "model", "parts": parts}, "index": 0}
	if finish != "" {
		candidate["finishReason"] = finish
	}
	return map[string]any{
		"candidates": []any{candidate}, "modelVersion": GeminiModel, "responseId": "resp-of-google",
		"usageMetadata": map[string]any{
			"promptTokenCount": u.prompt, "candidatesTokenCount": u.completion, "totalTokenCount": u.prompt + u.completion,
			"promptTokensDetails": []any{map[string]any{"modality": "TEXT", "tokenCount": u.prompt}},
		},
	}
}

// streamGemini sends text in pieces and each call whole, as Google does.
func streamGemini(w http.ResponseWriter, a reply) {
	w.Header().Set("Content-Type", "text/event-stream")
	send := func(v any) {
		data, _ := json.Marshal(v)
		_, _ = w.Write([]byte("data: " + string(data) + "\r\n\r\n"))
		_ = http.NewResponseController(w).Flush()
	}
	words := 0
	var list []geminiPart
	for _, p := range pieces(a.text) {
		list = append(list, geminiPart{Text: &p})
	}
	list = append(list, geminiParts(reply{calls: a.calls})...)
	for i, p := range list {
		words++
		finish, u := "", usage{a.usage.prompt, words}
		if i == len(list)-1 {
			finish, u = "STOP", a.usage
		}
		send(geminiAnswer([]geminiPart{p}, finish, &u))
	}
}
