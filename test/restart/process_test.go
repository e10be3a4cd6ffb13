package restart

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sluice-gateway/sluice/app"
	"github.com/sluice-gateway/sluice/settings"
)

// TestMain is a gateway too, in a process of this binary.
func TestMain(m *testing.M) {
	conf := os.Getenv("RESTART_GATEWAY")
	if conf == "" {
		os.Exit(m.Run())
	}
	if err := gateway(conf); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// gateway runs one, says where, and stops by SIGTERM.
func gateway(conf string) error {
	s, _, err := settings.Load(settings.Source{File: conf})
	if err != nil {
		return err
	}
	a, err := app.New(context.Background(), app.Options{
		Settings: s, Version: "test", Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), LookupEnv: os.LookupEnv,
	})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		<-a.Ready()
		fmt.Println(a.ProxyAddrs()[0], a.AdminAddrs()[0], a.StatusAddrs()[0])
	}()
	return a.Run(ctx)
}

// node is a gateway's process.
type node struct {
	cmd                  *exec.Cmd
	proxy, admin, status string
	log                  *strings.Builder // complete once it has ended
	ended                bool
}

// start starts a gateway that has prefix, with further lines of kong.conf.
func start(t *testing.T, prefix string, conf ...string) *node {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kong.conf")
	text := "proxy_listen = 127.0.0.1:0\nadmin_listen = 127.0.0.1:0\nstatus_listen = 127.0.0.1:0\nprefix = " + prefix + "\n" + strings.Join(conf, "\n")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	n := &node{cmd: exec.Command(exe), log: &strings.Builder{}}
	n.cmd.Env, n.cmd.Stderr = append(os.Environ(), "RESTART_GATEWAY="+file), n.log
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.end(syscall.SIGKILL) })
	line, err := bufio.NewReader(out).ReadString('\n')
	addrs := strings.Fields(line)
	if err != nil || len(addrs) != 3 {
		n.end(syscall.SIGKILL)
		t.Fatalf("it does not start: %v\n%s", err, n.log)
	}
	n.proxy, n.admin, n.status = "http://"+addrs[0], "http://"+addrs[1], "http://"+addrs[2]
	return n
}

// end ends the process with a signal, and gives what it has logged.
func (n *node) end(sig os.Signal) string {
	if !n.ended {
		n.ended = true
		_ = n.cmd.Process.Signal(sig)
		_ = n.cmd.Wait() // killed is an error
	}
	return n.log.String()
}

// get asks for a page; the status is 0 when there was no whole answer.
func get(url string) (status int, body string) {
	resp, err := http.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	return whole(resp)
}

// post posts a configuration.
func (n *node) post(text string) (status int, body string) {
	resp, err := http.Post(n.admin+"/config", "application/json", strings.NewReader(text))
	if err != nil {
		return 0, err.Error()
	}
	return whole(resp)
}

func whole(resp *http.Response) (status int, body string) {
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(b)
}
