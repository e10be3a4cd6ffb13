package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/test/harness"
)

// TestMain makes processes of this binary too: a gateway, and an upstream that
// can be killed.
func TestMain(m *testing.M) {
	switch os.Getenv("TEST_PROCESS") {
	case "gateway":
		main()
	case "upstream":
		upstream(os.Args[1])
	default:
		os.Exit(m.Run())
	}
}

// upstream answers until it is killed.
func upstream(addr string) {
	var ln net.Listener
	err := harness.Again(func() (bool, error) { // the address may be in use for a moment
		var err error
		ln, err = net.Listen("tcp", addr)
		return err == nil, nil
	})
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(os.Stderr, "listens on", ln.Addr())
	panic(http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "alive")
	})))
}

// child is a process of the test.
type child struct {
	*exec.Cmd
	mu    sync.Mutex // guards said
	said  strings.Builder
	ended chan struct{}
}

func begin(t *testing.T, role string, args ...string) *child {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{Cmd: exec.Command(exe, args...), ended: make(chan struct{})}
	c.Env = append(os.Environ(), "TEST_PROCESS="+role)
	out, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			c.mu.Lock()
			c.said.WriteString(lines.Text() + "\n")
			c.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		_ = c.Process.Kill()
		<-c.ended
		_ = c.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", role, c.said.String())
		}
	})
	return c
}

// hears waits until a process has said so for the nth time, and returns what
// the expression's group holds.
func (c *child) hears(t *testing.T, n int, expression string) string {
	t.Helper()
	re := regexp.MustCompile(expression)
	group := ""
	err := harness.Again(func() (bool, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		found := re.FindAllStringSubmatch(c.said.String(), -1)
		if len(found) < n {
			return false, nil
		}
		group = found[n-1][len(found[n-1])-1]
		return true, nil
	})
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return group
}

// crowd asks over and over, and counts what it is told.
type crowd struct {
	url      string
	stop     chan struct{}
	wg       sync.WaitGroup
	mu       sync.Mutex // guards all below
	statuses map[int]int
	bad      error
}

func gather(n int, url string) *crowd {
	c := &crowd{url: url, stop: make(chan struct{}), statuses: map[int]int{}}
	for i := range n {
		method := [...]string{http.MethodGet, http.MethodPost}[i%2]
		c.wg.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for c.ask(client, method) {
			}
		})
	}
	return c
}

func (c *crowd) ask(client *http.Client, method string) bool {
	select {
	case <-c.stop:
		return false
	default:
	}
	ctx, cancel := context.WithTimeout(context.Background(), harness.Deadline)
	defer cancel()
	status, body := 0, []byte(nil)
	req, err := http.NewRequestWithContext(ctx, method, c.url, strings.NewReader("a body"))
	if err == nil {
		var resp *http.Response
		if resp, err = client.Do(req); err == nil {
			status = resp.StatusCode
			body, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.statuses[status]++
	whole := status == 200 && string(body) == "alive" || status == 502 && strings.Contains(string(body), "invalid response was received")
	if c.bad == nil && (err != nil || !whole) {
		c.bad = fmt.Errorf("%s: status %d, %q, %w", method, status, body, err)
	}
	return true
}

// count is how many answers of a status there have been.
func (c *crowd) count(status int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.statuses[status]
}

// more waits for further answers of a status, more than are under way.
func (c *crowd) more(t *testing.T, status int) {
	t.Helper()
	before := c.count(status)
	if err := harness.Again(func() (bool, error) { return c.count(status) > before+8, nil }); err != nil {
		t.Fatalf("status %d: %v", status, err)
	}
}

func (c *crowd) end() error {
	close(c.stop)
	c.wg.Wait()
	return c.bad
}

const document = `_format_version: "3.0"
services:
- {name: web, url: "http://$UPSTREAM", retries: 2, routes: [{name: web, paths: [/web]}]}
routes:
- {name: version, paths: [/version], plugins: [{name: request-termination, config: {message: $VERSION}}]}
plugins:
- {name: prometheus, config: {status_code_metrics: true}}
`

// running is a gateway of its own process, with the file of its configuration.
type running struct {
	*child
	file, proxy, admin, status string
}

func launch(t *testing.T, upstream string) *running {
	t.Helper()
	g := &running{file: write(t, "kong.yml", text(upstream, "first"))}
	conf := write(t, "kong.conf", "proxy_listen = 127.0.0.1:0\nadmin_listen = 127.0.0.1:0\nstatus_listen = 127.0.0.1:0\n"+
		"log_level = info\nnginx_worker_processes = 2\ndeclarative_config = "+g.file+"\n")
	g.child = begin(t, "gateway", "start", "-c", conf)
	g.proxy = "http://" + g.hears(t, 1, `msg=listening api=proxy address=(\S+)`)
	g.admin = "http://" + g.hears(t, 1, `msg=listening api=admin address=(\S+)`)
	g.status = "http://" + g.hears(t, 1, `msg=listening api=status address=(\S+)`)
	return g
}

func text(upstream, version string) string {
	return strings.NewReplacer("$UPSTREAM", upstream, "$VERSION", version).Replace(document)
}

// reload writes the file, and waits until it has been read: with a signal, or
// without one because it has changed.
func (g *running) reload(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(g.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := g.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
}

func (g *running) runs(t *testing.T, version string) {
	t.Helper()
	err := harness.Again(func() (bool, error) {
		_, body := call(t, g.proxy+"/version", "")
		return strings.Contains(body, `"`+version+`"`), nil
	})
	if err != nil {
		t.Fatalf("version %s: %v", version, err)
	}
}

func (g *running) post(t *testing.T, text string, want int) {
	t.Helper()
	resp, err := http.Post(g.admin+"/config", "text/yaml", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != want {
		t.Fatalf("POST /config: %d, want %d: %s", resp.StatusCode, want, body)
	}
}

// counted is how many answers were counted.
func (g *running) counted(t *testing.T, labels string) int {
	t.Helper()
	_, page := call(t, g.status+"/metrics", "")
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, `kong_http_requests_total{service="web",`) && strings.Contains(line, labels) {
			n, err := strconv.Atoi(strings.TrimSpace(line[strings.LastIndexByte(line, ' ')+1:]))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	return 0
}

// TestReloadsAndAKill: configurations come by the Admin API, by signal and by
// themselves while callers ask and the upstream is killed. Callers get its
// answers or, while it is dead, a proper 502; what is no configuration changes
// nothing.
func TestReloadsAndAKill(t *testing.T) {
	web := begin(t, "upstream", "127.0.0.1:0")
	addr := web.hears(t, 1, `listens on (\S+)`)
	g := launch(t, addr)
	g.runs(t, "first")
	c := gather(4, g.proxy+"/web")
	round := func(n int) {
		for i := range n {
			g.post(t, text(addr, fmt.Sprint("posted", i)), http.StatusCreated)
			g.runs(t, fmt.Sprint("posted", i))
			g.reload(t, text(addr, fmt.Sprint("read", i)))
			g.runs(t, fmt.Sprint("read", i))
		}
	}
	round(3)
	c.more(t, 200)
	if n := c.count(502); n > 0 {
		t.Errorf("%d answers 502 before anything broke", n)
	}

	if err := web.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	c.more(t, 502)
	round(2)
	web = begin(t, "upstream", addr)
	web.hears(t, 1, `listens on`)
	c.more(t, 200)
	dead := c.count(502)
	round(2)

	// The file becomes garbage: by signal, and again without one.
	g.reload(t, "{{{\x00 no configuration")
	g.hears(t, 1, `the configuration was not reloaded; the old one goes on|the changed configuration was not applied; the old one goes on`)
	g.post(t, "{{{ no configuration", http.StatusBadRequest)
	g.post(t, text(addr, "x")+"upstreams: [{}]\n", http.StatusBadRequest)
	if err := os.Remove(g.file); err != nil {
		t.Fatal(err)
	}
	if err := g.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	g.hears(t, 1, `the old one goes on.*no such file or directory`)
	g.runs(t, "read1")
	c.more(t, 200)
	g.reload(t, text(addr, "mended"))
	g.runs(t, "mended")
	c.more(t, 200)

	if err := c.end(); err != nil {
		t.Error(err)
	}
	if n := c.count(502); n != dead {
		t.Errorf("%d answers 502 after the upstream had come back", n-dead)
	}
	for labels, want := range map[string]int{`code="200",source="service"`: c.count(200), `code="502",source="kong"`: c.count(502)} {
		err := harness.Again(func() (bool, error) { return g.counted(t, labels) == want, nil })
		if err != nil {
			t.Errorf("%s: %d were counted, callers had %d", labels, g.counted(t, labels), want)
		}
	}
	if err := g.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-g.ended:
	case <-time.After(harness.Deadline):
		t.Fatal("it does not end")
	}
	if err := g.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}
