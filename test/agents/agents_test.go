// Package agents lets real coding agents do a small task through a whole
// gateway, before a scripted model of another format than theirs: it has them
// write a file with one of their own tools, read it with a command, and end.
//
// The agents are programs of others, installed by run.sh. Nothing here leaves
// the machine: they find the gateway on loopback, and a home of their own.
//
//	make test-agents
package agents

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is what an agent has for the whole task.
const patience = 2 * time.Minute

func TestAgents(t *testing.T) {
	installed := os.Getenv("AGENTS")
	if installed == "" {
		t.Skip("AGENTS does not say where the agents are: make test-agents")
	}
	for _, a := range agents {
		for _, model := range a.models {
			t.Run(a.name+"/"+model, func(t *testing.T) { try(t, installed, a, model) })
		}
	}
}

func try(t *testing.T, installed string, a *agent, name string) {
	t.Helper()
	program := filepath.Join(installed, a.program)
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("%s is not installed, see run.sh: %v", a.name, err)
	}
	dir, home := t.TempDir(), t.TempDir()
	key := "caller-" + rand.Text()
	m := &model{vendor: vendors[name].vendor, dir: dir, key: "provider-" + rand.Text(), forbid: key, trace: trace(t)}
	g := startGateway(t, a.format, vendors[name], serve(t, m), m.key)
	s := &setting{url: g.url, key: key, home: home}
	out, err := run(t, program, dir, a.setUp(t, s), s)
	if trace(t) != "" {
		_ = os.WriteFile(filepath.Join(trace(t), "out"), []byte(out), 0o600)
	}
	if err != nil {
		t.Errorf("%s ended with: %v", a.name, err)
	}
	if !strings.Contains(out, farewell) {
		t.Errorf("%s did not hand the model's last words on", a.name)
	}
	if text, err := os.ReadFile(filepath.Join(dir, fileName)); string(text) != content {
		t.Errorf("the file holds %q: %v", text, err)
	}
	counts, refusals := m.told()
	if len(refusals) > 0 {
		t.Errorf("the model refused:\n%s", strings.Join(refusals, "\n"))
	}
	g.check(t, counts)
	if t.Failed() {
		t.Logf("%s said:\n%s", a.name, out)
	}
}

// trace is a folder for what was asked, if TRACE names one.
func trace(t *testing.T) string {
	t.Helper()
	if os.Getenv("TRACE") == "" {
		return ""
	}
	dir := filepath.Join(os.Getenv("TRACE"), t.Name())
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// run runs an agent, and ends all that it has started.
func run(t *testing.T, program, dir string, args []string, s *setting) (out string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c := exec.CommandContext(ctx, program, args...)
	c.Dir = dir
	c.Env = append([]string{
		"HOME=" + s.home, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + s.home, "SHELL=/bin/bash", "TERM=dumb", "NO_COLOR=1",
		"XDG_CONFIG_HOME=" + s.home + "/.config", "XDG_DATA_HOME=" + s.home + "/.local/share",
		"XDG_CACHE_HOME=" + s.home + "/.cache", "XDG_STATE_HOME=" + s.home + "/.local/state",
		// What is not meant for the gateway finds nobody.
		"HTTP_PROXY=http://127.0.0.1:1", "HTTPS_PROXY=http://127.0.0.1:1", "NO_PROXY=127.0.0.1",
	}, s.env...)
	var b strings.Builder
	c.Stdout, c.Stderr = &b, &b
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	end := func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.Cancel, c.WaitDelay = end, 5*time.Second
	started := time.Now()
	err = c.Run()
	if c.Process != nil {
		_ = end()
	}
	t.Logf("%.1f s", time.Since(started).Seconds())
	if ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return b.String(), err
}

// check holds the gateway's log against what the model has counted.
func (g *gateway) check(t *testing.T, counts []usage) {
	t.Helper()
	var logged []usage
	for _, e := range g.entries(t) {
		what := fmt.Sprintf("%s %s: %d", e.Request.Method, e.Request.URI, e.Response.Status)
		t.Log(what, e.Usage())
		switch {
		case e.Response.Status >= 400 || e.Response.Status < 200:
			t.Errorf("an error was answered: %s", what)
		case e.AI.Proxy.Usage.Estimated:
			t.Errorf("the usage is estimated: %s", what)
		default:
			logged = append(logged, e.Usage())
		}
	}
	less := func(a, b usage) int { return a.prompt - b.prompt }
	slices.SortFunc(logged, less)
	if !slices.Equal(logged, counts) {
		t.Errorf("the log has the usage %v, the model gave %v", logged, counts)
	}
}
