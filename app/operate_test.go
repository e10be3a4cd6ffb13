package app_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/app"
	"github.com/sluice-gateway/sluice/internal/journal"
)

// run starts a gateway; it stops with the test.
func run(t *testing.T, o app.Options) *app.App {
	t.Helper()
	a, err := app.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	<-a.Ready()
	return a
}

func TestAdminAnswersToItsNames(t *testing.T) {
	for _, tc := range []struct {
		name, conf string
		want       int
	}{
		{"loopback", "admin_listen = 127.0.0.1:0", http.StatusForbidden},
		{"open to others", "admin_listen = 0.0.0.0:0\nadmin_auth = off", http.StatusOK},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := run(t, options(t, tc.conf))
			port := a.AdminAddrs()[0].(*net.TCPAddr).Port
			if got := statusOf(t, port, "evil.example"); got != tc.want {
				t.Errorf("status %d, want %d", got, tc.want)
			}
			if got := statusOf(t, port, "localhost"); got != http.StatusOK {
				t.Errorf("localhost: status %d", got)
			}
		})
	}
}

// statusOf asks the port of this machine for / under the name host.
func statusOf(t *testing.T, port int, host string) int {
	t.Helper()
	addr := (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}).String()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// TestLogOfFailures: who reads the log finds out which request failed, on the
// way to whom, and what to change.
func TestLogOfFailures(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer silent.Close()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=x")
		_, _ = io.WriteString(w, "<html>")
	}))
	defer page.Close()
	config := fmt.Sprintf(`{"_format_version":"3.0","services":[
		{"name":"s-refusing","url":"http://127.0.0.1:1","retries":1,"routes":[{"name":"r-refusing","paths":["/refusing"]}]},
		{"name":"s-silent","url":%q,"retries":0,"read_timeout":30,"routes":[{"name":"r-silent","paths":["/silent"]}]}],
		"routes":[{"name":"r-page","paths":["/page"],"plugins":[{"name":"ai-proxy","config":{
			"route_type":"llm/v1/chat","model":{"provider":"openai","name":"m","options":{"upstream_url":%q}}}}]}]}`,
		silent.URL, page.URL+"/v1")
	log := &journal.Buffer{}
	o := options(t, "")
	o.Settings.DeclarativeConfigString = config
	o.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	// The lines are complete once the gateway has stopped.
	t.Run("requests", func(t *testing.T) {
		url := "http://" + run(t, o).ProxyAddrs()[0].String()
		for _, path := range []string{"/refusing", "/silent"} {
			ask(t, http.MethodGet, url+path, "")
		}
		ask(t, http.MethodPost, url+"/page", `{"messages":[{"role":"user","content":"x"}]}`)
	})
	const id = `request_id=[0-9a-f]{32}`
	for _, want := range []string{
		`level=WARN msg="attempt failed, trying again" ` + id + ` attempt="1 of 2" upstream=127.0.0.1:1 peer=127.0.0.1:1 error=`,
		`level=ERROR msg="request failed" ` + id + ` method=GET path=/refusing route=r-refusing service=s-refusing status=502 upstream=127.0.0.1:1 peer=127.0.0.1:1 error=`,
		`level=DEBUG msg=request ` + id + ` method=GET path=/refusing route=r-refusing service=s-refusing status=502 took=\S+s`,
		`route=r-silent service=s-silent status=504 upstream=\S+ peer=\S+ timeout="read_timeout 30 ms" error=`,
		`path=/page route=r-page status=500 upstream=\S+ peer=\S+ content_type="text/html; charset=x" error=.*failed to decode`,
	} {
		if !regexp.MustCompile(want).MatchString(log.String()) {
			t.Errorf("no %s in\n%s", want, log)
		}
	}
}

// TestPortMaps: upstreams hear of the port that callers see.
func TestPortMaps(t *testing.T) {
	ports := make(chan string, 1)
	upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { ports <- r.Header.Get("X-Forwarded-Port") }))
	defer upstream.Close()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	o := options(t, fmt.Sprintf("proxy_listen = 127.0.0.1:%d\nport_maps = 80:%d, 443:1", port, port))
	o.Settings.DeclarativeConfigString = fmt.Sprintf(
		`{"_format_version":"3.0","services":[{"name":"s","url":%q,"routes":[{"name":"r","paths":["/"]}]}]}`, upstream.URL)
	ask(t, http.MethodGet, "http://"+run(t, o).ProxyAddrs()[0].String(), "")
	if got := <-ports; got != "80" {
		t.Errorf("X-Forwarded-Port %s, want 80", got)
	}
}

// TestAccessLogFolder: logs/access.log, the default of Kong, needs no folder
// made by hand.
func TestAccessLogFolder(t *testing.T) {
	prefix := filepath.Join(t.TempDir(), "new")
	t.Run("requests", func(t *testing.T) {
		a := run(t, options(t, "prefix = "+prefix+"\nproxy_access_log = logs/access.log"))
		ask(t, http.MethodGet, "http://"+a.ProxyAddrs()[0].String()+"/x", "")
	})
	if text, err := os.ReadFile(filepath.Join(prefix, "logs", "access.log")); err != nil || !strings.Contains(string(text), `"GET /x HTTP/1.1" 404`) {
		t.Errorf("%v: %s", err, text)
	}
}

// TestCutExchangesAreCounted: whoever stops a gateway reads how many requests
// it did not wait for.
func TestCutExchangesAreCounted(t *testing.T) {
	entered := make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	}))
	defer upstream.Close()
	log := &journal.Buffer{}
	o := options(t, "quit_timeout = 0")
	o.Log = slog.New(slog.NewTextHandler(log, nil))
	o.Settings.DeclarativeConfigString = fmt.Sprintf(
		`{"_format_version":"3.0","services":[{"name":"s","url":%q,"routes":[{"name":"r","paths":["/"]}]}]}`, upstream.URL)
	asked := make(chan struct{})
	t.Run("stop", func(t *testing.T) {
		url := "http://" + run(t, o).ProxyAddrs()[0].String()
		go func() {
			defer close(asked)
			if resp, err := http.Get(url); err == nil {
				_ = resp.Body.Close()
			}
		}()
		<-entered
	})
	<-asked
	if !strings.Contains(log.String(), "msg=stopped cut=1\n") {
		t.Errorf("got %s", log)
	}
}

// ask makes a request and reads the whole answer.
func ask(t *testing.T, method, url, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Error(err)
	}
}

// TestFailedReload: the log has the places of sluice check, the metrics tell
// that the file is not what runs.
func TestFailedReload(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "kong.yml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const good = `{"_format_version":"3.0","plugins":[{"name":"prometheus"}]}`
	write(good)
	log := &journal.Buffer{}
	o := options(t, "declarative_config = "+file)
	o.Log = slog.New(slog.NewTextHandler(log, nil))
	o.LookupEnv = func(name string) (string, bool) {
		if name == "DECK_BROKEN" {
			panic("broken")
		}
		return "", false
	}
	a := run(t, o)
	const successful = "\nsluice_config_last_reload_successful "
	wantMetric(t, a, successful+"1\n")
	wantMetric(t, a, "\nsluice_config_last_reload_success_timestamp_seconds ")

	write(`{"_format_version":"3.0","services":[{"name":"a","port":99999}]}`)
	err := a.Reload(t.Context())
	if err == nil {
		t.Fatal("a bad file was taken")
	}
	app.LogReload(o.Log, err)
	wantMetric(t, a, successful+"0\n")
	for _, want := range []string{
		`msg="the configuration was not reloaded; the old one goes on" source=` + file + ` problems=2`,
		`field=services[0].host problem="required field missing"`,
		`field=services[0].port problem="value should be between 0 and 65535"`,
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %s in\n%s", want, log)
		}
	}

	write(good + "${{ env \"DECK_BROKEN\" }}")
	if err := a.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "panic: broken") {
		t.Errorf("a file that breaks the reading of it: %v", err)
	}
	wantMetric(t, a, successful+"0\n")

	write(good + " ")
	if err := a.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantMetric(t, a, successful+"1\n")
}

func wantMetric(t *testing.T, a *app.App, want string) {
	t.Helper()
	var page strings.Builder
	if err := a.WriteMetrics(&page); err != nil || !strings.Contains(page.String(), want) {
		t.Errorf("%v: no %q in\n%s", err, want, page.String())
	}
}

// TestMissingFile: a file that stays away is told once, and what runs stays.
func TestMissingFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "kong.yml")
	if err := os.WriteFile(file, []byte(`{"_format_version":"3.0"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	log := make(said, 10)
	o := options(t, "declarative_config = "+file)
	o.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	run(t, o)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if got := <-log; !strings.Contains(got, "the declarative file cannot be read") || !strings.Contains(got, file) {
		t.Errorf("got %s", got)
	}
}

// said hands on each line of a log.
type said chan string

func (s said) Write(p []byte) (int, error) {
	s <- string(p)
	return len(p), nil
}
