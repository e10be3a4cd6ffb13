package corpus

import (
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const embedConfiguration = `
_format_version: "3.0"
services:
- name: llm
  url: http://127.0.0.1:1/
  routes:
  - name: bedrock
    paths: [/model]
    strip_path: false
    plugins:
    - name: ai-proxy
      config:
        route_type: llm/v1/embeddings
        llm_format: bedrock
        auth: {aws_access_key_id: AKID, aws_secret_access_key: SECRET, allow_override: false}
        model: {provider: bedrock, options: {bedrock: {aws_region: us-east-1}, upstream_url: UPSTREAM}}
  - name: huggingface
    paths: [/hf-inference, /api]
    strip_path: false
    plugins:
    - name: ai-proxy
      config:
        route_type: llm/v1/embeddings
        llm_format: huggingface
        model: {provider: huggingface, options: {upstream_url: UPSTREAM}}
`

// TestCorpusEmbed plays recorded questions for vectors with a caller who speaks
// Bedrock's InvokeModel, or Hugging Face's task, in front of a provider who does:
// nothing is lost on the way, or added.
func TestCorpusEmbed(t *testing.T) {
	dir := folder(t)
	p := &player{}
	upstream := httptest.NewServer(p)
	t.Cleanup(upstream.Close)
	g := runGateway(t, strings.ReplaceAll(embedConfiguration, "UPSTREAM", upstream.URL))
	passed := 0
	for _, x := range vectors(t, dir) {
		t.Run(x.ID, func(t *testing.T) {
			p.mu.Lock()
			p.x = x
			p.mu.Unlock()
			status, header, body := g.invoke(t, x)
			if otherTask(x) {
				if status != 400 || !strings.Contains(string(body), `{"error":"inputs: must be a text or a list of texts"}`) {
					t.Errorf("status %d: %.200s", status, body)
				}
				return
			}
			passed++
			if status != x.Response.Status || !reflect.DeepEqual(value(t, body), value(t, x.answer)) {
				t.Errorf("status %d, recorded %d: %s", status, x.Response.Status, difference(body, x.answer))
			}
			if count := "x-amzn-bedrock-input-token-count"; header.Get(count) != x.Response.Headers[count] {
				t.Errorf("counted %q, recorded %q", header.Get(count), x.Response.Headers[count])
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			got, want := value(t, p.body).(map[string]any), value(t, x.Request.Body).(map[string]any)
			if delete(want, "model"); !reflect.DeepEqual(got, want) { // it is in the path
				t.Errorf("the upstream received another body: %s", p.body)
			}
		})
	}
	t.Logf("%d passed", passed)
}

// vectors are the recorded questions for vectors of both.
func vectors(t *testing.T, dir string) []*exchange {
	t.Helper()
	var all []*exchange
	for _, pattern := range []string{"bedrock/bedrock.invoke.*.json", "huggingface/huggingface.hf-feature_extraction.*.json"} {
		files, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			x := readRecording(t, file)
			if x.Request.Recorded && (x.API != "bedrock.invoke" || strings.Contains(x.Request.Path, "embed")) {
				all = append(all, x)
			}
		}
	}
	if len(all) == 0 {
		t.Fatal("no recordings")
	}
	return all
}

// otherTask tells the tasks that compare or classify, which the same servers do.
func otherTask(x *exchange) bool {
	m, err := object(x.Request.Body)
	_, data := m["inputs"].(map[string]any)
	return err == nil && data
}

func value(t *testing.T, data []byte) any {
	t.Helper()
	m, err := object([]byte(`{"value":` + string(data) + `}`))
	if err != nil {
		t.Fatalf("%v in %.200s", err, data)
	}
	return m["value"]
}
