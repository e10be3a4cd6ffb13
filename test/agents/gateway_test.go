package agents

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"text/template"

	"github.com/sluice-gateway/sluice/test/harness"
)

// configuration is one route of the agent's format to the model.
var configuration = template.Must(template.New("kong.yml").Parse(`
_format_version: "3.0"
services:
- name: model
  url: http://127.0.0.1:1/
  routes:
  - name: agent
    paths: [/llm]
    plugins:
    - name: ai-proxy
      config:
        route_type: {{.Format.RouteType}}
        llm_format: {{.Format.Name}}
        max_request_body_size: 0
        auth: {header_name: {{.Place.Header}}, header_value: "{{.Place.Scheme}}{{.Key}}"}
        logging: {log_statistics: true}
        model:
          provider: {{.Place.Provider}}
          options:
            upstream_url: {{.URL}}{{.Place.Path}}
            {{.Place.Options}}
plugins:
- name: file-log
  config: {path: "{{.Log}}"}
`))

// format is what an agent speaks.
type format struct{ Name, RouteType string }

var (
	speaksAnthropic = format{"anthropic", "llm/v1/chat"}
	speaksOpenAI    = format{"openai", "llm/v1/chat"}
	speaksResponses = format{"openai", "llm/v1/responses"}
	speaksGemini    = format{"gemini", "llm/v1/chat"}
)

// place is how the gateway reaches a model.
type place struct {
	vendor                                  vendor
	Provider, Header, Scheme, Path, Options string
}

var vendors = map[string]place{
	"openai":    {openAI{}, "openai", "Authorization", "Bearer ", "/v1/chat/completions", ""},
	"anthropic": {anthropic{}, "anthropic", "x-api-key", "", "/v1/messages", `anthropic_version: "2023-06-01"`},
	"gemini":    {gemini{}, "gemini", "x-goog-api-key", "", "", ""},
}

type gateway struct {
	*harness.Gateway
	url, log string
}

func startGateway(t *testing.T, f format, p place, url, key string) *gateway {
	t.Helper()
	dir := t.TempDir()
	log := filepath.Join(dir, "entries.log")
	var doc bytes.Buffer
	err := configuration.Execute(&doc, map[string]any{"Format": f, "Place": p, "URL": url, "Key": key, "Log": log})
	if err != nil {
		t.Fatal(err)
	}
	g, err := harness.Start(harness.GatewayOptions{Dir: dir, Config: doc.Bytes()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return &gateway{g, "http://" + g.Addr() + "/llm", log}
}

// entry is what is needed of a log entry.
type entry struct {
	Request  struct{ Method, URI string }
	Response struct{ Status int }
	AI       struct {
		Proxy struct {
			Usage struct {
				Prompt     int `json:"prompt_tokens"`
				Completion int `json:"completion_tokens"`
				Estimated  bool
			}
		}
	}
}

// Usage is what the entry counts.
func (e *entry) Usage() usage {
	u := &e.AI.Proxy.Usage
	return usage{u.Prompt, u.Completion}
}

// entries stops the gateway, which writes what it still has, and reads its log.
func (g *gateway) entries(t *testing.T) (all []*entry) {
	t.Helper()
	if err := g.Close(); err != nil {
		t.Errorf("the gateway ended with: %v", err)
	}
	text, err := os.ReadFile(g.log)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		e := new(entry)
		if err := json.Unmarshal(line, e); err != nil {
			t.Fatalf("log entry %q: %v", line, err)
		}
		all = append(all, e)
	}
	return all
}
