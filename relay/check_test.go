package relay

import (
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/provider"
)

const (
	hello  = `{"messages":[{"role":"user","content":"Hello"}]}`
	noText = "request body doesn't contain valid prompts"
	noName = "model parameter not found in request, nor in gateway configuration"
	twice  = "request matches multiple LLM request formats"
)

// set makes a change of settings.
func set(routeType, model string) func(*Settings) {
	return func(s *Settings) { s.RouteType, s.Model.Name = routeType, model }
}

// TestRefusals are the refusals of the contract in their order.
func TestRefusals(t *testing.T) {
	const chat, text, vectors, responses = provider.Chat, provider.Completions, provider.Embeddings, provider.Responses
	for _, tt := range []struct {
		name, routeType, model, body string
		want                         string
	}{
		{"c: no body", chat, "m", ``, noText},
		{"c: not JSON", chat, "m", `{`, noText},
		{"c: a scalar", chat, "m", `"hi"`, noText},
		{"c: trailing data", chat, "m", hello + `x`, noText},
		{"c: nothing in it", chat, "m", `{}`, noText},
		{"c: messages empty", chat, "m", `{"messages":[]}`, noText},
		{"c: messages null", chat, "m", `{"messages":null}`, noText},
		{"c: messages an object", chat, "m", `{"messages":{"a":1}}`, noText},
		{"c: prompt null", text, "m", `{"prompt":null}`, noText},
		{"c: prompt a number", text, "m", `{"prompt":1}`, noText},
		{"c: prompt an empty list", text, "m", `{"prompt":[]}`, noText},
		{"c: prompt a list, for chat", chat, "m", `{"prompt":["a"]}`, noText},
		{"c before e", chat, "m", `{"model":"x"}`, noText},
		{"c before f", chat, "", `{}`, noText},
		{"d: the caller's name", chat, "", `{"model":"x",` + hello[1:], ""},
		{"e: the same name", chat, "m", `{"model":"m",` + hello[1:], ""},
		{"e: the same, escaped", chat, "m", `{"model":"\u006d",` + hello[1:], ""},
		{"e: null", chat, "m", `{"model":null,` + hello[1:], ""},
		{"e: empty", chat, "m", `{"model":"",` + hello[1:], ""},
		{"e: a number", chat, "m", `{"model":7,` + hello[1:], ""},
		{"e: another", chat, "m", `{"model":"x",` + hello[1:], "cannot use own model - must be: m"},
		{"e before g", chat, "m", `{"model":"x","prompt":"a",` + hello[1:], "cannot use own model - must be: m"},
		{"e: preserve", provider.Preserve, "m", `{"model":"x"}`, "cannot use own model - must be: m"},
		{"e: embeddings", vectors, "m", `{"model":"x","input":"a"}`, "cannot use own model - must be: m"},
		{"f: no name", chat, "", hello, noName},
		{"f: null", chat, "", `{"model":null,` + hello[1:], noName},
		{"f: a number", chat, "", `{"model":7,` + hello[1:], noName},
		{"f: empty", chat, "", `{"model":"",` + hello[1:], noName},
		{"f before g", chat, "", `{"prompt":"a",` + hello[1:], noName},
		{"f: embeddings", vectors, "", `{"input":"a"}`, noName},
		{"f: preserve", provider.Preserve, "", `{"a":1}`, ""},
		{"g: both", chat, "m", `{"prompt":"a",` + hello[1:], twice},
		{"g: both", text, "m", `{"prompt":"a",` + hello[1:], twice},
		{"g: both, with a list", text, "m", `{"prompt":["a"],` + hello[1:], twice},
		{"g: a prompt to chat", chat, "m", `{"prompt":"a"}`, "[llm/v1/completions] message format is not compatible with [llm/v1/chat] route type"},
		{"g: messages to completions", text, "m", hello, "[llm/v1/chat] message format is not compatible with [llm/v1/completions] route type"},
		{"g: messages to embeddings", vectors, "m", hello, "[llm/v1/chat] message format is not compatible with [llm/v1/embeddings] route type"},
		{"g: a prompt to embeddings", vectors, "m", `{"prompt":"a"}`, "[llm/v1/completions] message format is not compatible with [llm/v1/embeddings] route type"},
		{"g: nothing to embeddings", vectors, "m", `{"a":1}`, "request format not recognised"},
		{"g: a prompt to responses", responses, "m", `{"prompt":"a"}`, "[llm/v1/completions] message format is not compatible with [llm/v1/responses] route type"},
		{"g: messages to responses", responses, "m", hello, "[llm/v1/chat] message format is not compatible with [llm/v1/responses] route type"},
		{"responses", responses, "m", `{"input":"a"}`, ""},
		{"responses without a body", responses, "m", ``, ""},
		{"completions", text, "m", `{"prompt":"a"}`, ""},
		{"completions with a list", text, "m", `{"prompt":["a"]}`, ""},
		{"embeddings of tokens", vectors, "m", `{"input":[1,2]}`, ""},
		{"embeddings not JSON", vectors, "m", `{`, "request body is not a valid JSON object"},
		{"preserve not JSON", provider.Preserve, "", `{`, ""},
		{"preserve not JSON with a name", provider.Preserve, "m", `{`, "request body is not a valid JSON object"},
	} {
		ex := asking(tt.body)
		err := calling(target(t, set(tt.routeType, tt.model)), ex)
		if got := message(err); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
		if f := fault.As(err); err != nil && (f.Status() != 400 || f.Shape != fault.AI) {
			t.Errorf("%s: status %d, shape %d", tt.name, f.Status(), f.Shape)
		}
		if ex.AI == nil || ex.Call == nil {
			t.Errorf("%s: the log knows nothing of the call", tt.name)
		}
	}
}

func TestAmbiguousBody(t *testing.T) {
	ex := asking(`{"model":"m","model":"x","messages":[{"content":"a"}]}`)
	got := message(calling(target(t, nil), ex))
	if !strings.HasPrefix(got, "request body is ambiguous: ") {
		t.Errorf("got %q", got)
	}
}

func TestContentType(t *testing.T) {
	for contentType, want := range map[string]string{
		"": "", "application/json": "", "Application/JSON; charset=utf-8": "", "application/vnd.x+json": "",
		"text/plain": noText, "multipart/form-data; boundary=x": noText, "application/jsonx": noText,
	} {
		var fields []string
		if contentType != "" {
			fields = []string{"Content-Type: " + contentType}
		}
		if got := message(calling(target(t, set(provider.Chat, "m")), asking(hello, fields...))); got != want {
			t.Errorf("%q: got %q, want %q", contentType, got, want)
		}
	}
}

func TestBodyLimit(t *testing.T) {
	limited := target(t, func(s *Settings) {
		s.Model.Name, s.MaxBody, s.MaxBodyField = "m", int64(len(hello)), "config.max_request_body_size"
	})
	if err := calling(limited, asking(hello)); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	err := calling(limited, asking(hello+" "))
	if f := fault.As(err); f.Status() != 413 || f.Message != "request body is larger than config.max_request_body_size allows" {
		t.Errorf("beyond the limit: %v", err)
	}
}

func TestStreaming(t *testing.T) {
	const denied = "response streaming is not enabled for this LLM"
	for _, tt := range []struct {
		allow     Streaming
		routeType string
		flag      string
		stream    bool
		want      string
	}{
		{Allow, provider.Chat, ``, false, ""},
		{Allow, provider.Chat, `false`, false, ""},
		{Allow, provider.Chat, `null`, false, ""},
		{Allow, provider.Chat, `true`, true, ""},
		{Allow, provider.Chat, `"yes"`, true, ""},
		{Allow, provider.Chat, `0`, true, ""}, // true to Lua
		{Always, provider.Chat, ``, true, ""},
		{Always, provider.Chat, `false`, true, ""},
		{Always, provider.Embeddings, ``, false, ""},
		{Deny, provider.Chat, `true`, false, denied},
		{Deny, provider.Chat, `false`, false, ""},
		{Deny, provider.Preserve, `true`, false, denied},
	} {
		body := `{"model":"m","input":"a",` + hello[1:]
		if tt.flag != "" {
			body = `{"stream":` + tt.flag + `,` + body[1:]
		}
		ex := asking(body)
		err := calling(target(t, func(s *Settings) { s.RouteType, s.Streaming = tt.routeType, tt.allow }), ex)
		if got := message(err); got != tt.want {
			t.Errorf("%s %s: got %q, want %q", tt.allow, tt.flag, got, tt.want)
		}
		if err == nil && ex.AI.Streaming != tt.stream {
			t.Errorf("%s %s: streaming is %t", tt.allow, tt.flag, ex.AI.Streaming)
		}
	}
}

// TestCallerModelDoesNotStay: what one caller chose is nothing to the next.
func TestCallerModelDoesNotStay(t *testing.T) {
	tg := target(t, nil)
	ex := asking(`{"model":"x",` + hello[1:])
	if err := calling(tg, ex); err != nil || ex.AI.RequestModel != "x" {
		t.Fatalf("first: %v, %q", err, ex.AI.RequestModel)
	}
	ex.Finish()
	if got := message(calling(tg, asking(hello))); got != noName {
		t.Errorf("second: got %q", got)
	}
}

func TestManyModelsAreForgotten(t *testing.T) {
	tg := target(t, nil)
	for i := range 3 * maxModels {
		name := strings.Repeat("m", i+1)
		ex := asking(`{"model":"` + name + `",` + hello[1:])
		if err := calling(tg, ex); err != nil {
			t.Fatal(err)
		}
		ex.Finish()
		if len(tg.models) > maxModels {
			t.Fatalf("%d models are remembered", len(tg.models))
		}
	}
}

func TestAcceptsGzip(t *testing.T) {
	for value, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "br, gzip;q=0.5": true, "x-gzip": true, "gzipped": false,
		"xgzip": false, "xgzip, gzip": true, "identity": false,
	} {
		if got := acceptsGzip(flow.Header{{Name: "accept-encoding", Value: value}}); got != want {
			t.Errorf("%q: got %t, want %t", value, got, want)
		}
	}
}
