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
		{"an unresolved reference", "a.yml", `{_format_version: "3.0", consumers: [{username: a, keyauth_credentials: [{key: "{vault://env/not-there}"}]}]}`, 0, []string{"a.yml is valid", "warning: a key is not usable", "; consumer: a; "}},
		{
			"an unresolved reference of a plugin", "a.yml",
			`{_format_version: "3.0", routes: [{name: r, paths: [/], plugins: [{name: ai-proxy, config: {route_type: llm/v1/chat, model: {provider: openai}, auth: {header_name: Authorization, header_value: "{vault://env/not-there}"}}}]}]}`,
			0,
			[]string{"; plugin: ai-proxy; of: route r; field: config.auth.header_value; "},
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

func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}
