package corpus

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

const rerankConfiguration = `
_format_version: "3.0"
plugins:
- name: file-log
  config: {path: "LOG"}
services:
- name: cohere
  url: http://127.0.0.1:1/
  routes:
  - name: cohere
    paths: [/]
    plugins:
    - name: ai-proxy
      config:
        route_type: llm/v1/chat
        llm_format: cohere
        max_request_body_size: 0
        logging: {log_statistics: true}
        auth: {header_name: Authorization, header_value: Bearer k}
        model: {provider: cohere, options: {upstream_url: UPSTREAM}}
`

// TestCorpusRerank plays recorded rankings with a caller of the same API in
// front: question and answer pass byte for byte, and what was billed is logged.
func TestCorpusRerank(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(folder(t), "cohere", "*rerank*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings", err)
	}
	p := &player{}
	upstream := httptest.NewServer(p)
	t.Cleanup(upstream.Close)
	log := filepath.Join(t.TempDir(), "entries.log")
	g := runGateway(t, strings.NewReplacer("UPSTREAM", upstream.URL, "LOG", log).Replace(rerankConfiguration))
	g.log = log
	all := map[string]*exchange{}
	for _, file := range files {
		x := readRecording(t, file)
		all[x.ID] = x
		t.Run(x.ID, func(t *testing.T) {
			p.mu.Lock()
			p.x = x
			p.mu.Unlock()
			x.passes(t, p, g)
		})
	}
	for id, e := range g.stop(t) {
		all[id].isBilled(t, e)
	}
}

func (x *exchange) passes(t *testing.T, p *player, g *gateway) {
	t.Helper()
	status, header, body := g.invoke(t, x)
	if status != x.Response.Status || !bytes.Equal(body, x.answer) {
		t.Errorf("status %d, recorded %d: %s", status, x.Response.Status, difference(body, x.answer))
	}
	if want := "cohere/" + x.Model; header.Get("X-Kong-Llm-Model") != want {
		t.Errorf("X-Kong-LLM-Model is %q, want %q", header.Get("X-Kong-Llm-Model"), want)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.path != x.Request.Path || !bytes.Equal(p.body, x.Request.Body) {
		t.Errorf("the upstream was asked at %s: %s", p.path, difference(p.body, x.Request.Body))
	}
}

// isBilled: searches, as recorded, and no tokens.
func (x *exchange) isBilled(t *testing.T, e *entry) {
	t.Helper()
	var answer struct {
		Meta struct {
			BilledUnits struct {
				SearchUnits json.Number `json:"search_units"`
			} `json:"billed_units"`
		}
	}
	if err := json.Unmarshal(x.answer, &answer); err != nil {
		t.Fatal(err)
	}
	if u := e.AI.Proxy.Usage; u["search_units"] != answer.Meta.BilledUnits.SearchUnits || u["prompt_tokens"] != nil || u["estimated"] != nil {
		t.Errorf("%s: logged %v, recorded %+v", x.ID, u, answer.Meta)
	}
}
