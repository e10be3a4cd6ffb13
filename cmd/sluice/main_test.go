package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/sluice-gateway/sluice/internal/journal"
)

// world is a process with everything around it made up.
type world struct {
	process
	out, log journal.Buffer
	signals  chan chan<- os.Signal
	serving  chan gateway
}

func newWorld(t *testing.T, environ ...string) *world {
	t.Helper()
	w := &world{signals: make(chan chan<- os.Signal, 1), serving: make(chan gateway, 1)}
	w.process = process{
		stdin: strings.NewReader(""), stdout: &w.out, stderr: &w.log,
		environ: append([]string{
			"SLUICE_PROXY_LISTEN=127.0.0.1:0", "SLUICE_ADMIN_LISTEN=127.0.0.1:0", "SLUICE_STATUS_LISTEN=127.0.0.1:0",
			"OLLAMA_HOST=127.0.0.1:1", "SLUICE_PREFIX=" + t.TempDir(),
		}, environ...),
		notify: func(c chan<- os.Signal) func() {
			w.signals <- c
			return func() {}
		},
		ready: func(g gateway) { w.serving <- g },
	}
	return w
}

// running starts a command and waits until it serves. stop ends it and gives
// the exit code.
func (w *world) running(t *testing.T, args ...string) (g gateway, signal chan<- os.Signal, stop func() int) {
	t.Helper()
	code := make(chan int, 1)
	go func() { code <- w.run(args) }()
	select {
	case g = <-w.serving:
	case c := <-code:
		t.Fatalf("exit code %d: %s", c, w.log.String())
	}
	signal = <-w.signals
	return g, signal, func() int {
		signal <- syscall.SIGTERM
		return <-code
	}
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// call makes a request; a body makes it a POST.
func call(t *testing.T, url, body string) (int, string) {
	t.Helper()
	return callAs(t, url, body, "")
}

// callAs is call with a version of Anthropic's API, as its SDK has it.
func callAs(t *testing.T, url, body, version string) (int, string) {
	t.Helper()
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer of-the-caller")
	if version != "" {
		req.Header.Set("Anthropic-Version", version)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

const (
	goodFile = `{_format_version: "3.0", routes: [{name: r, paths: [/r], plugins: [{name: request-termination, config: {status_code: 418}}]}]}`
	badFile  = `{_format_version: "3.0", services: [{name: a, port: 99999, routes: [{paths: [x]}]}]}`
)

func TestExitCodes(t *testing.T) {
	good, bad := write(t, "good.yml", goodFile), write(t, "bad.yml", badFile)
	later := write(t, "later.yml", `{_format_version: "3.0", plugins: [{name: jwt}]}`)
	for _, tc := range []struct {
		args     []string
		code     int
		out, log string
	}{
		{nil, 2, "", "Usage: sluice COMMAND"},
		{[]string{"help"}, 0, "Exit codes:", ""},
		{[]string{"--help"}, 0, "quickstart  ", ""},
		{[]string{"help", "start"}, 0, "Usage: sluice start", ""},
		{[]string{"help", "fly"}, 2, "", `Error: there is no command "fly"`},
		{[]string{"fly"}, 2, "", `Error: there is no command "fly"`},
		{[]string{"start", "-h"}, 0, "Usage: sluice start", ""},
		{[]string{"check", "--help"}, 0, "Usage: sluice check", ""},
		{[]string{"quickstart", "-h"}, 0, "Usage: sluice quickstart", ""},
		{[]string{"version", "-h"}, 0, "Usage: sluice version", ""},
		{[]string{"start", "--no-such"}, 2, "", "Error: flag provided but not defined: -no-such\nsluice start -h"},
		{[]string{"start", "more"}, 2, "", `"more" is one argument too many`},
		{[]string{"check"}, 2, "", "an argument is missing"},
		{[]string{"version"}, 0, "sluice ", ""},
		{[]string{"--version"}, 0, "sluice ", ""},
		{[]string{"version", "-a"}, 0, "ai-proxy", ""},
		{[]string{"check", good}, 0, "good.yml is valid\n", ""},
		{[]string{"check", bad}, 1, "services[0].host: required field missing\nservices[0].port: value should be between 0 and 65535\nservices[0].routes[0].paths[0]: ", ""},
		{[]string{"check", good, bad}, 1, "3 problems in ", ""},
		{[]string{"check", good + ".gone"}, 1, "1 problem in ", ""},
		{[]string{"start", "--declarative", bad}, 1, "", "Error: error parsing declarative config file " + bad},
		{[]string{"start", "--declarative", later}, 1, "", "\njwt is not in this version, which has acl, "},
		{[]string{"start", "-c", good + ".gone"}, 1, "", "Error: settings: "},
	} {
		w := newWorld(t)
		if code := w.run(tc.args); code != tc.code {
			t.Errorf("%v: exit code %d, want %d", tc.args, code, tc.code)
		}
		if !strings.Contains(w.out.String(), tc.out) || tc.out == "" && w.out.String() != "" {
			t.Errorf("%v: out %q, want %q", tc.args, w.out.String(), tc.out)
		}
		if !strings.Contains(w.log.String(), tc.log) || tc.log == "" && w.log.String() != "" {
			t.Errorf("%v: log %q, want %q", tc.args, w.log.String(), tc.log)
		}
	}
}

func TestCheck(t *testing.T) {
	bad := write(t, "bad.yml", badFile)
	for _, tc := range []struct {
		name, file, text string
		code             int
		want             []string
	}{
		{
			"settings", "kong.conf", "log_level = loud\nrole = data_plane\npg_host = x\n", 1,
			[]string{"warning: some settings have no effect; not applicable: pg_host", "log_level (", "role (", "2 problems in "},
		},
		{"settings by content", "settings", "# c\nlog_level = loud\n", 1, []string{"log_level (", "1 problem in "}},
		{"an unknown plugin", "kong.conf", "plugins = bundled, nope\n", 1, []string{`plugins: "nope" is not in this version`}},
		{"with the declarative file", "kong.conf", "declarative_config = " + bad + "\n", 1, []string{bad + ": services[0].host", "3 problems in "}},
		{
			"the settings count for the declarative file", "kong.conf", "plugins = key-auth\ndeclarative_config = " + write(t, "good.yml", goodFile) + "\n", 1,
			[]string{"good.yml: routes[0].plugins[0].name: plugin 'request-termination' not enabled; add it to the 'plugins' configuration property\n"},
		},
		{"a declarative file that is gone", "kong.conf", "declarative_config = /nowhere.yml\n", 1, []string{"declarative_config: open /nowhere.yml: no such file"}},
		{"a certificate that is gone", "kong.conf", "ssl_cert = /nowhere.pem\nssl_cert_key = /nowhere.key\n", 1, []string{"ssl_cert: open /nowhere.pem: no such file"}},
		{"a template that is gone", "kong.conf", "error_template_json = /nowhere\n", 1, []string{"error_template_json: open /nowhere: no such file"}},
		{
			"a plugin of a later version", "a.yml", `{_format_version: "3.0", plugins: [{name: jwt}]}`, 1,
			[]string{"plugins[0].name: plugin 'jwt' not enabled; add it to the 'plugins' configuration property (jwt is not in this version, which has acl, ai-proxy, "},
		},
		{
			"a plugin for a group", "a.yml", `{_format_version: "3.0", consumer_groups: [{name: g, plugins: [{name: key-auth}]}]}`, 1,
			[]string{"consumer_groups[0].plugins[0].consumer_group: value must be null (the plugin cannot be limited to a consumer group, "},
		},
		{
			"both stages at once", "a.yml",
			`{_format_version: "3.0", services: [{name: s, port: 99999}, {name: t, host: h}, {name: t, host: h}], routes: [{name: r, paths: [/], service: s}, {name: q, paths: [/], service: nope}]}`, 1,
			[]string{
				"services[0].port: ", "services[2]: uniqueness violation: 'services' entity with name set to 't'",
				"routes[1].service: invalid reference 'service: nope' (no such entry in 'services')", "4 problems in ",
			},
		},
		{"declarative by content", "kong", badFile, 1, []string{"services[0].host", "3 problems in "}},
		{"not YAML", "a.yml", "a: [", 1, []string{"1 problem in "}},
		{"an unresolved reference", "a.yml", `{_format_version: "3.0", consumers: [{username: a, keyauth_credentials: [{key: "{vault://env/not-there}"}]}]}`, 0, []string{
			"a.yml is valid, with 1 warning\n",
			"warning: consumers[0].keyauth_credentials[0].key: empty, since its reference cannot be resolved: reference {vault://env/not-there}: environment variable NOT_THERE is not set\n",
		}},
		{
			"what moves on a terminal", "a.yml",
			`{_format_version: "3.0", consumers: [{username: a, keyauth_credentials: [{key: "{vault://env/not/x\e[2J\r\nb}"}]}]}`, 0,
			[]string{"warning: consumers[0].keyauth_credentials[0].key: empty, since its reference cannot be resolved: reference {vault://env/not/x [2J b}: environment variable NOT is not set\n"},
		},
		{
			"the same in a problem", "a.yml", `{_format_version: "3.0", routes: [{paths: [/], service: "a\e[2J\u202eb\u009b"}]}`, 1,
			[]string{"routes[0].service: invalid reference 'service: a [2J b ' (no such entry"},
		},
		{
			"an unresolved reference of a plugin", "a.yml",
			`{_format_version: "3.0", routes: [{name: r, paths: [/], plugins: [{name: ai-proxy, config: {route_type: llm/v1/chat, model: {provider: openai}, auth: {header_name: Authorization, header_value: "{vault://env/not-there}"}}}]}]}`,
			0,
			[]string{"warning: routes[0].plugins[0].config.auth.header_value: empty, since"},
		},
		{
			"a vault that is not there", "a.yml",
			`{_format_version: "3.0", consumers: [{username: a, keyauth_credentials: [{key: "{vault://aws/k}"}]}]}`,
			1,
			[]string{"consumers[0].keyauth_credentials[0].key: vault 'aws' is not installed"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			if code := w.run([]string{"check", write(t, tc.file, tc.text)}); code != tc.code {
				t.Errorf("exit code %d, want %d", code, tc.code)
			}
			for _, want := range tc.want {
				if !strings.Contains(w.out.String(), want) {
					t.Errorf("no %q in %s", want, w.out.String())
				}
			}
		})
	}
}

// oddFile is legal, and has three things that do nothing.
const oddFile = `{_format_version: "3.0", routes: [
	{name: r, paths: [/], path_handling: v1, plugins: [{name: ai-proxy, config: {route_type: llm/v1/chat, auth: {aws_access_key_id: a}, model: {provider: openai, name: m, options: {max_tokens: -5}}}}]},
]}`

// Warnings are apart from problems, and count with --strict only.
func TestCheckWarnings(t *testing.T) {
	odd := write(t, "odd.yml", oddFile)
	warnings := []string{
		"warning: routes[0].path_handling: v1 has no effect with router_flavor = traditional_compatible\n",
		"warning: routes[0].plugins[0].config.auth.aws_access_key_id: no effect with provider openai: it is for bedrock\n",
		"warning: routes[0].plugins[0].config.model.options.max_tokens: -5 is no length of an answer, and providers refuse it: leave it out for no limit\n",
	}
	both := write(t, "both.yml", strings.Replace(oddFile, "routes:", "services: [{name: s}], routes:", 1))
	conf := write(t, "kong.conf", "declarative_config = "+odd+"\n")
	for _, tc := range []struct {
		name string
		args []string
		code int
		want string // after the warnings
	}{
		{"legal", []string{odd}, 0, odd + " is valid, with 3 warnings\n"},
		{"strict", []string{"--strict", odd}, 1, "3 warnings in " + odd + "\n"},
		{"strict without any", []string{"-strict", write(t, "good.yml", goodFile)}, 0, ""},
		{"beside problems", []string{both}, 1, "services[0].host: required field missing\n1 problem in " + both + "\n"},
		{"by settings", []string{conf}, 0, conf + " is valid, with 3 warnings\n"},
	} {
		w := newWorld(t)
		if code := w.run(append([]string{"check"}, tc.args...)); code != tc.code {
			t.Errorf("%s: exit code %d, want %d", tc.name, code, tc.code)
		}
		if tc.want == "" {
			continue
		}
		out := strings.ReplaceAll(w.out.String(), "warning: "+odd+": ", "warning: ")
		if want := strings.Join(warnings, "") + tc.want; out != want {
			t.Errorf("%s: got\n%swant\n%s", tc.name, out, want)
		}
	}
}

func TestStart(t *testing.T) {
	file := write(t, "kong.yml", goodFile)
	w := newWorld(t, "KONG_DECLARATIVE_CONFIG_STRING={}", "KONG_PG_HOST=x")
	g, signal, stop := w.running(t, "start", "--declarative", file)
	url := "http://" + g.ProxyAddrs()[0].String()
	if code, _ := call(t, url+"/r", ""); code != 418 {
		t.Errorf("status %d", code)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(goodFile, "418", "451", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	signal <- syscall.SIGHUP
	signal <- syscall.SIGHUP // has been taken once the first reload is over
	for len(signal) > 0 {
		call(t, url, "")
	}
	if code, _ := call(t, url+"/r", ""); code != 451 {
		t.Errorf("status %d after a reload", code)
	}
	if code := stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, w.log.String())
	}
	for _, want := range []string{`not_applicable=pg_host`, `msg=listening api=proxy`, `tls=false`, `signal=terminated`} {
		if !strings.Contains(w.log.String(), want) {
			t.Errorf("no %s in %s", want, w.log.String())
		}
	}
}

func TestLogOfARun(t *testing.T) {
	w := newWorld(t, "SLUICE_LOG_FORMAT=json")
	_, _, stop := w.running(t, "start")
	stop()
	for _, want := range []string{`"quit_timeout":"10s"`, `"msg":"stopped","cut":0`, `"msg":"there is no configuration, so every request is a 404`} {
		if !strings.Contains(w.log.String(), want) {
			t.Errorf("no %s in %s", want, w.log.String())
		}
	}
}

func TestPortTaken(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	w := newWorld(t, "SLUICE_PROXY_LISTEN="+ln.Addr().String())
	if code := w.run([]string{"start"}); code != 1 || !strings.Contains(w.log.String(), "Error: proxy_listen: listen on "+ln.Addr().String()+": bind: address already in use: stop the other program, or choose another port with SLUICE_PROXY_LISTEN\n") {
		t.Errorf("exit code %d: %s", code, w.log.String())
	}
}

// Nothing is written for a gateway that cannot start.
func TestQuickstartPortTaken(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	dir := t.TempDir()
	w := newWorld(t, "SLUICE_DEMO_LISTEN="+ln.Addr().String())
	code := w.run([]string{"quickstart", "--yes", "--dir", dir})
	if code != 1 || !strings.Contains(w.log.String(), "choose another port with SLUICE_DEMO_LISTEN") || strings.Contains(w.log.String(), "SLUICE_PROXY") {
		t.Errorf("exit code %d: %s", code, w.log.String())
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("files %v, %v", files, err)
	}
}

// stuck is a gateway that does not end.
type stuck struct{ gateway }

func (stuck) Run(context.Context) error    { select {} }
func (stuck) Ready() <-chan struct{}       { return nil }
func (stuck) Reload(context.Context) error { return nil }

func TestSecondSignal(t *testing.T) {
	w := newWorld(t)
	w.ready = nil
	ended := make(chan error, 1)
	go func() { ended <- w.serve(stuck{}, slog.New(slog.DiscardHandler), nil) }()
	signal := <-w.signals
	signal <- syscall.SIGTERM
	signal <- syscall.SIGINT
	if err := <-ended; !errors.Is(err, errStopped) {
		t.Errorf("got %v", err)
	}
}

func TestQuickstartDemo(t *testing.T) {
	w := newWorld(t, "SLUICE_DEMO_LISTEN="+freeAddress(t))
	dir := t.TempDir()
	g, _, stop := w.running(t, "quickstart", "--yes", "--dir", dir)
	base := "http://" + g.ProxyAddrs()[0].String() + "/demo/v1"
	for _, tc := range []struct{ path, body, want string }{
		{"/chat/completions", `{"model":"demo","messages":[{"role":"user","content":"Hello!"}]}`, "You said: Hello!"},
		{"/chat/completions", `{"model":"demo","stream":true,"messages":[{"role":"user","content":"Hello!"}]}`, "data: [DONE]"},
		{"/completions", `{"model":"demo","prompt":"Hello!"}`, "You said: Hello!"},
		{"/embeddings", `{"model":"demo","input":"Hello!"}`, `"embedding":[`},
		{"/responses", `{"model":"demo","input":"Hello!"}`, "You said: Hello!"},
		{"/responses", `{"model":"demo","stream":true,"input":"Hello!"}`, "response.completed"},
		{"/models", "", `"id":"demo"`},
		{"/models/demo", "", `"id":"demo"`},
	} {
		if code, body := call(t, base+tc.path, tc.body); code != 200 || !strings.Contains(body, tc.want) {
			t.Errorf("%s %s: status %d, %s", tc.path, tc.body, code, body)
		}
	}
	if !strings.Contains(w.out.String(), "base URL for SDKs: "+base+"\n") {
		t.Errorf("said %s", w.out.String())
	}
	if code := stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, w.log.String())
	}
	check := newWorld(t)
	if code := check.run([]string{"check", filepath.Join(dir, "sluice.yml")}); code != 0 {
		t.Errorf("check: %s", check.out.String())
	}
}

// The file that was written is kept, here with another address for OpenAI,
// and the key arrives with it.
func TestQuickstartKey(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"choices":[],"saw":"`+r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+`"}`)
	}))
	defer upstream.Close()
	dir := t.TempDir()
	w := newWorld(t, "OPENAI_API_KEY=sk-real")
	_, _, stop := w.running(t, "quickstart", "--yes", "--dir", dir)
	stop()
	file := filepath.Join(dir, "sluice.yml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), "https://api.openai.com", upstream.URL)), 0o600); err != nil {
		t.Fatal(err)
	}
	again := newWorld(t)
	g, _, stop := again.running(t, "quickstart", "--dir", dir)
	base := "http://" + g.ProxyAddrs()[0].String() + "/openai/v1"
	for _, tc := range []struct{ path, body, want string }{
		{"/chat/completions", `{"model":"m","messages":[{"role":"user","content":"Hi"}]}`, "POST /v1/chat/completions Bearer sk-real"},
		{"/embeddings", `{"model":"m","input":"Hi"}`, "POST /v1/embeddings Bearer sk-real"},
		{"/responses", `{"model":"m","input":"Hi"}`, "POST /v1/responses Bearer sk-real"},
		{"/responses/r1", "", "GET /v1/responses/r1 Bearer sk-real"},
		{"/models", "", "GET /v1/models Bearer sk-real"},
		{"/models/org/m", "", "GET /v1/models/org/m Bearer sk-real"},
	} {
		if code, body := call(t, base+tc.path, tc.body); code != 200 || !strings.Contains(body, tc.want) {
			t.Errorf("%s: status %d, %s", tc.path, code, body)
		}
	}
	if code := stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, again.log.String())
	}
	for _, shown := range []*world{w, again} {
		if strings.Contains(shown.out.String()+shown.log.String(), "sk-real") {
			t.Error("the key is shown")
		}
	}
}

// everyKey is an environment in which quickstart finds every provider.
var everyKey = []string{
	"OPENAI_API_KEY=sk-real", "ANTHROPIC_API_KEY=sk-real", "GEMINI_API_KEY=sk-real", "MISTRAL_API_KEY=sk-real", "COHERE_API_KEY=sk-real",
	"XAI_API_KEY=sk-real", "DEEPSEEK_API_KEY=sk-real", "GROQ_API_KEY=sk-real", "OPENROUTER_API_KEY=sk-real", "TOGETHER_API_KEY=sk-real",
	"PERPLEXITY_API_KEY=sk-real", "CEREBRAS_API_KEY=sk-real", "DASHSCOPE_API_KEY=sk-real", "HF_TOKEN=sk-real",
	"AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=sk-real", "AWS_REGION=us-east-1",
}

// elsewhere points every route of a declarative file to another address; the
// paths of the providers become /<provider>.
func elsewhere(t *testing.T, text, address string) string {
	t.Helper()
	blocks := strings.Split(text, "    - name: ai-proxy\n")
	place := regexp.MustCompile(`upstream_url: https://[^/\n]+`)
	model := regexp.MustCompile(`          provider: (.*)\n(          name: .*\n)?(          options:\n)?`)
	for i, b := range blocks {
		if place.MatchString(b) {
			blocks[i] = place.ReplaceAllString(b, "upstream_url: "+address)
			continue
		}
		blocks[i] = model.ReplaceAllString(b, "          provider: $1\n$2          options:\n            upstream_url: "+address+"/$1\n")
	}
	return strings.Join(blocks, "    - name: ai-proxy\n")
}

// answers of the providers, by how the paths of their questions end.
var vendorAnswers = map[string]string{
	"/v1/messages":  `{"id":"m","type":"message","role":"assistant","model":"c","content":[{"type":"text","text":"hi from anthropic"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}}`,
	"/anthropic":    `{"id":"m","type":"message","role":"assistant","model":"c","content":[{"type":"text","text":"hi from anthropic"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}}`,
	"/count_tokens": `{"input_tokens":7}`,
	"/gemini":       `{"candidates":[{"content":{"role":"model","parts":[{"text":"hi from gemini"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2,"totalTokenCount":3}}`,
	"/cohere":       `{"id":"c","finish_reason":"COMPLETE","message":{"role":"assistant","content":[{"type":"text","text":"hi from cohere"}]},"usage":{"tokens":{"input_tokens":1,"output_tokens":2}}}`,
	"/bedrock":      `{"output":{"message":{"role":"assistant","content":[{"text":"hi from bedrock"}]}},"stopReason":"end_turn","usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3}}`,
	"/mistral":      `{"id":"x","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi from mistral"},"finish_reason":"stop"}]}`,
}

// Every provider is to be had by OpenAI's SDK, and by its own.
func TestQuickstartVendors(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if h := r.Header; !strings.Contains(h.Get("Authorization")+h.Get("X-Api-Key")+h.Get("X-Goog-Api-Key"), "sk-real") && h.Get("X-Amz-Date") == "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		for end, answer := range vendorAnswers {
			if strings.HasSuffix(r.URL.Path, end) {
				_, _ = io.WriteString(w, answer)
				return
			}
		}
		_, _ = io.WriteString(w, `{"saw":"`+r.Method+" "+r.URL.Path+" "+r.Header.Get("Anthropic-Version")+`"}`)
	}))
	defer upstream.Close()
	dir := t.TempDir()
	w := newWorld(t, everyKey...)
	_, _, stop := w.running(t, "quickstart", "--yes", "--dir", dir)
	stop()
	file := filepath.Join(dir, "sluice.yml")
	check := newWorld(t)
	if code := check.run([]string{"check", file}); code != 0 {
		t.Fatalf("check: %s", check.out.String())
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(elsewhere(t, string(text), upstream.URL)), 0o600); err != nil {
		t.Fatal(err)
	}
	again := newWorld(t, "AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=sk-real")
	g, _, stop := again.running(t, "quickstart", "--yes", "--dir", dir)
	const chat = `{"model":"m","messages":[{"role":"user","content":"Hi"}]}`
	for _, tc := range []struct{ path, mark, body, want string }{
		{"/anthropic/v1/chat/completions", "", chat, `"content":"hi from anthropic"`},
		{"/anthropic/v1/responses", "", `{"model":"m","input":"Hi"}`, `"text":"hi from anthropic"`},
		{"/anthropic/v1/models", "", "", `"object":"list","data":[{"id":"claude`},
		{"/anthropic/v1/models", "2024-01-01", "", "GET /v1/models 2023-06-01"},
		{"/anthropic/v1/models/claude-x", "2024-01-01", "", "GET /v1/models/claude-x 2023-06-01"},
		{"/anthropic/v1/messages", "2023-06-01", `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}`, `"type":"message"`},
		{"/anthropic/v1/messages/count_tokens", "2023-06-01", `{"model":"m","messages":[{"role":"user","content":"Hi"}]}`, `"input_tokens":7`},
		{"/gemini/v1/chat/completions", "", chat, `"content":"hi from gemini"`},
		{"/gemini/v1/completions", "", `{"model":"m","prompt":"Hi"}`, `"text":"hi from gemini"`},
		{"/gemini/v1/models", "", "", `"object":"list","data":[{"id":"gemini`},
		{"/gemini/v1beta/models", "", "", "GET /v1beta/models "},
		{"/gemini/v1beta/models/gemini-x", "", "", "GET /v1beta/models/gemini-x "},
		{"/gemini/v1beta/models/gemini-x:generateContent", "", `{"contents":[{"role":"user","parts":[{"text":"Hi"}]}]}`, `"candidates":[`},
		{"/mistral/v1/chat/completions", "", chat, "hi from mistral"},
		{"/mistral/v1/models", "", "", "GET /v1/models "},
		{"/cohere/v1/chat/completions", "", chat, `"content":"hi from cohere"`},
		{"/cohere/v1/models", "", "", `"object":"list","data":[{"id":"command`},
		{"/cohere/v2/chat", "", chat, `"finish_reason":"COMPLETE"`},
		{"/bedrock/v1/chat/completions", "", chat, `"content":"hi from bedrock"`},
		{"/bedrock/v1/models", "", "", `"id":"us.amazon.`},
		{"/bedrock/model/amazon.nova-lite-v1%3A0/converse", "", `{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}`, `"stopReason":"end_turn"`},
		{"/groq/v1/models", "", "", "GET /openai/v1/models "},
		{"/openrouter/v1/models/a/b", "", "", "GET /api/v1/models/a/b "},
		{"/dashscope/v1/models", "", "", "GET /compatible-mode/v1/models "},
		{"/together/v1/models", "", "", `"object":"list"`},
		{"/together/v1/embeddings", "", `{"model":"m","input":"Hi"}`, "POST /together "},
	} {
		if code, body := callAs(t, "http://"+g.ProxyAddrs()[0].String()+tc.path, tc.body, tc.mark); code != 200 || !strings.Contains(body, tc.want) {
			t.Errorf("%s: status %d, %s", tc.path, code, body)
		}
	}
	if code := stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, again.log.String())
	}
	for _, shown := range []*world{w, again, check} {
		if strings.Contains(shown.out.String()+shown.log.String(), "sk-real") {
			t.Error("a key is shown")
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}
