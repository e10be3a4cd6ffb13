package corpus

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
)

const invokeConfiguration = `
_format_version: "3.0"
services:
- name: bedrock
  url: http://127.0.0.1:1/
  routes:
  - name: bedrock
    paths: [/model]
    strip_path: false
    plugins:
    - name: ai-proxy
      config:
        route_type: llm/v1/chat
        llm_format: bedrock
        max_request_body_size: 0
        logging: {log_statistics: true}
        auth: {aws_access_key_id: AKID, aws_secret_access_key: SECRET, allow_override: false}
        model: {provider: bedrock, options: {bedrock: {aws_region: us-east-1}, upstream_url: UPSTREAM}}
`

// player answers as the recording at hand does, and remembers what it got.
type player struct {
	mu   sync.Mutex
	x    *exchange
	path string
	body []byte
}

func (p *player) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.path, p.body = r.URL.EscapedPath(), nil
	p.body, _ = io.ReadAll(r.Body)
	for name, value := range p.x.Response.Headers {
		if !strings.EqualFold(name, "Content-Length") && !strings.EqualFold(name, "Transfer-Encoding") && !strings.EqualFold(name, "Connection") {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(p.x.Response.Status)
	_, _ = w.Write(p.x.answer)
}

// unreadable are families that callers are not served in.
var unreadable = []string{"ai21.", "embed", "rerank", "/model/unknown/", "/model/does-not-exist/", "image", "canvas"}

// TestCorpusInvoke plays recorded calls of InvokeModel with a caller who speaks it in
// front: question and answer pass as they are.
func TestCorpusInvoke(t *testing.T) {
	dir := folder(t)
	files, err := filepath.Glob(filepath.Join(dir, "bedrock", "bedrock.invoke.*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings", err)
	}
	p := &player{}
	upstream := httptest.NewServer(p)
	t.Cleanup(upstream.Close)
	g := runGateway(t, strings.ReplaceAll(invokeConfiguration, "UPSTREAM", upstream.URL))
	passed, refused := 0, 0
	for _, file := range files {
		x := readRecording(t, file)
		if !x.Request.Recorded || string(x.Request.Body) == "null" {
			continue
		}
		t.Run(x.ID, func(t *testing.T) {
			p.mu.Lock()
			p.x = x
			p.mu.Unlock()
			status, header, body := g.invoke(t, x)
			if foreign(x.Request.Path) {
				refused++
				if status != 400 || !bytes.Contains(body, []byte("is not understood; use Converse, or one of: anthropic.claude")) {
					t.Errorf("status %d: %.200s", status, body)
				}
				return
			}
			passed++
			x.check(t, p, status, header, body)
		})
	}
	t.Logf("%d passed, %d refused", passed, refused)
}

func (g *gateway) invoke(t *testing.T, x *exchange) (status int, header http.Header, body []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+x.Request.Path, bytes.NewReader(x.Request.Body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Replay-Id", x.ID)
	resp, err := g.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, body
}

func (x *exchange) check(t *testing.T, p *player, status int, header http.Header, body []byte) {
	t.Helper()
	if status != x.Response.Status || !bytes.Equal(body, x.answer) {
		t.Errorf("status %d, recorded %d: %s", status, x.Response.Status, difference(body, x.answer))
	}
	for name, value := range x.Response.Headers {
		if strings.HasPrefix(strings.ToLower(name), "x-amzn-bedrock") && header.Get(name) != value {
			t.Errorf("%s is %q, recorded %q", name, header.Get(name), value)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	got, err := object(p.body)
	want, bad := object(x.Request.Body)
	if err := errors.Join(err, bad); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the upstream received another body: %v %s", err, p.body)
	}
	if strings.ReplaceAll(x.Request.Path, ":", "%3A") != p.path {
		t.Errorf("the upstream was asked at %s, recorded %s", p.path, x.Request.Path)
	}
}

func foreign(path string) bool {
	for _, name := range unreadable {
		if strings.Contains(path, name) {
			return true
		}
	}
	return false
}
