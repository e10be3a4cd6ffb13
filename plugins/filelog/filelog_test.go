package filelog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/plugins/filelog"
	"github.com/sluice-gateway/sluice/telemetry"
)

type house struct {
	*plugin.Deps
	clock *clock.Manual
	log   *lockedBuffer
}

func newHouse() *house {
	h := &house{clock: clock.NewManual(time.Unix(1e9, 0)), log: &lockedBuffer{}}
	h.Deps = &plugin.Deps{
		Clock: h.clock, Log: slog.New(slog.NewTextHandler(h.log, nil)),
		Long: &plugin.LongLived{}, Metrics: telemetry.NewRegistry(),
	}
	return h
}

// build makes an instance from a configuration, as the engine does.
func (h *house) build(t *testing.T, cfg map[string]any) plugin.Hooks {
	t.Helper()
	d := filelog.Definition()
	c, problems := d.Config.Decode(cfg)
	if problems != nil {
		t.Fatal(problems)
	}
	hooks, err := d.Build(c, h.Deps)
	if err != nil {
		t.Fatal(err)
	}
	return hooks
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func exchange(id string) *flow.Exchange {
	return &flow.Exchange{Ctx: context.Background(), ID: id, Outcome: flow.Outcome{Status: 200}}
}

func lines(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return ids(t, string(data))
}

// ids of the entries in whole lines.
func ids(t *testing.T, data string) []string {
	t.Helper()
	var out []string
	for line := range strings.Lines(data) {
		var e struct{ Request struct{ ID string } }
		if err := json.Unmarshal([]byte(line), &e); err != nil || line[len(line)-1] != '\n' {
			t.Fatalf("not a line of JSON: %q", line)
		}
		out = append(out, e.Request.ID)
	}
	return out
}

func closeAll(t *testing.T, hooks ...plugin.Hooks) {
	t.Helper()
	for _, h := range hooks {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestInstancesShareAFile(t *testing.T) {
	h := newHouse()
	path := filepath.Join(t.TempDir(), "a.log")
	one, two := h.build(t, map[string]any{"path": path}), h.build(t, map[string]any{"path": path})
	one.Log(exchange("1"))
	two.Log(exchange("2"))
	closeAll(t, one)
	two.Log(exchange("3"))
	closeAll(t, two)
	if got := fmt.Sprint(lines(t, path)); got != "[1 2 3]" {
		t.Errorf("got %s", got)
	}
	if info, _ := os.Stat(path); info.Mode().Perm()&^0o644 != 0 {
		t.Errorf("mode %v", info.Mode())
	}
}

// TestTime: after a rest a line is written at once, those that follow soon are
// gathered. A pipe tells when lines are written.
func TestTime(t *testing.T) {
	h := newHouse()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	in := h.build(t, map[string]any{"path": path})
	pipe, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	for _, want := range [][]string{{"1"}, {"2", "3", "4"}, {"5"}} {
		for _, id := range want {
			in.Log(exchange(id))
		}
		if len(want) > 1 {
			h.clock.Advance(10 * time.Millisecond)
		}
		if got := arrived(t, pipe); !slices.Equal(got, want) {
			t.Errorf("written are %v, want %v", got, want)
		}
		if len(want) > 1 {
			h.clock.Advance(10 * time.Millisecond)
		}
	}
	closeAll(t, in)
}

// arrived are the ids of the lines of one write to a pipe.
func arrived(t *testing.T, pipe io.Reader) []string {
	t.Helper()
	buf := make([]byte, 64<<10)
	n, err := pipe.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return ids(t, string(buf[:n]))
}

// TestManyLines: nothing is lost or torn however far the writer falls behind.
func TestManyLines(t *testing.T) {
	h := newHouse()
	path := filepath.Join(t.TempDir(), "a.log")
	in := h.build(t, map[string]any{"path": path})
	want := map[string]int{}
	var wg sync.WaitGroup
	for caller := range 4 {
		for i := range 150 {
			want[fmt.Sprintf("%d-%d", caller, i)]++
		}
		wg.Go(func() {
			for i := range 150 {
				ex := exchange(fmt.Sprintf("%d-%d", caller, i))
				ex.In.Target = "/" + strings.Repeat("x", i*70%3000)
				in.Log(ex)
			}
		})
	}
	wg.Wait()
	in.Log(big())
	want["big"]++
	closeAll(t, in)
	got := map[string]int{}
	for _, id := range lines(t, path) {
		got[id]++
	}
	if !maps.Equal(got, want) {
		t.Errorf("%d lines are written, want %d", len(got), len(want))
	}
}

func TestReopen(t *testing.T) {
	tests := []struct {
		reopen        bool
		moved, remade string
	}{
		{false, "[1 2]", "none"},
		{true, "[1]", "[2]"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.reopen), func(t *testing.T) {
			h := newHouse()
			path := filepath.Join(t.TempDir(), "a.log")
			in := h.build(t, map[string]any{"path": path, "reopen": tt.reopen})
			in.Log(exchange("1"))
			in.Log(big()) // is written at once
			waitFor(t, path)
			if err := os.Rename(path, path+".old"); err != nil {
				t.Fatal(err)
			}
			in.Log(exchange("2"))
			closeAll(t, in)
			remade := "none"
			if _, err := os.Stat(path); err == nil {
				remade = fmt.Sprint(lines(t, path))
			}
			moved := strings.Replace(fmt.Sprint(lines(t, path+".old")), " big", "", 1)
			if moved != tt.moved || remade != tt.remade {
				t.Errorf("moved %s, remade %s; want %s and %s", moved, remade, tt.moved, tt.remade)
			}
		})
	}
}

// big is an exchange whose line does not wait.
func big() *flow.Exchange {
	ex := exchange("big")
	ex.In.Target = "/" + strings.Repeat("x", 70<<10)
	return ex
}

// waitFor waits until something was written.
func waitFor(t *testing.T, path string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if info, err := os.Stat(path); err == nil && info.Size() > 70<<10 {
			return
		}
	}
	t.Fatal("nothing is written")
}

func TestFailures(t *testing.T) {
	dir := t.TempDir()
	for name, path := range map[string]string{"a directory": dir, "no directory": filepath.Join(dir, "none", "a.log")} {
		t.Run(name, func(t *testing.T) {
			h := newHouse()
			in := h.build(t, map[string]any{"path": path})
			in.Log(exchange("1"))
			closeAll(t, in)
			if !strings.Contains(h.log.String(), "failed to open the file: ") {
				t.Errorf("the log says %q", h.log)
			}
			var page strings.Builder
			_ = h.Metrics.WriteText(&page)
			if want := fmt.Sprintf("sluice_file_log_dropped_total{path=%q} 1\n", path); !strings.Contains(page.String(), want) {
				t.Errorf("the page says\n%s", page.String())
			}
		})
	}
}

func TestDropsWhatFindsNoRoom(t *testing.T) {
	h := newHouse()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	pipe, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	in := h.build(t, map[string]any{"path": path})
	for range 400 { // nobody reads: far more than is kept
		in.Log(big())
	}
	_ = pipe.Close() // the last reader has gone: the writer is let go
	closeAll(t, in)
	if !strings.Contains(h.log.String(), "lines were dropped") {
		t.Errorf("the log says %q", h.log)
	}
}

func TestUnused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	closeAll(t, newHouse().build(t, map[string]any{"path": path}))
	if _, err := os.Stat(path); err == nil {
		t.Error("a file was made for nothing")
	}
}

func TestConfig(t *testing.T) {
	tests := []struct {
		cfg  map[string]any
		want string
	}{
		{map[string]any{}, "schema violation (path: required field missing)"},
		{map[string]any{"path": "x"}, "schema violation (path: not a valid filename)"},
		{map[string]any{"path": " /x"}, "schema violation (path: not a valid filename)"},
		{map[string]any{"path": "/x\t"}, "schema violation (path: not a valid filename)"},
		{map[string]any{"path": "/x*y"}, "schema violation (path: not a valid filename)"},
		{map[string]any{"path": "/x`y"}, "schema violation (path: not a valid filename)"},
		{map[string]any{"path": "/x y"}, ""},
		{map[string]any{"path": "/x", "custom_fields_by_lua": map[string]any{}}, ""},
	}
	for _, tt := range tests {
		got := ""
		if _, err := filelog.Definition().Config.Decode(tt.cfg); err != nil {
			got = err.Error()
		}
		if tt.want != "" && got != tt.want || tt.want == "" && strings.Contains(got, "path") {
			t.Errorf("%v: %s, want %s", tt.cfg, got, tt.want)
		}
	}
	_, err := filelog.Definition().Config.Decode(map[string]any{"path": "/x", "custom_fields_by_lua": map[string]any{"a": "return 1"}})
	if err == nil || !strings.Contains(err.Error(), "custom_fields_by_lua") {
		t.Errorf("Lua is let pass: %v", err)
	}
}

func BenchmarkLog(b *testing.B) {
	h := newHouse()
	h.Clock = clock.System()
	d := filelog.Definition()
	in, err := d.Build(&filelog.Config{Path: filepath.Join(b.TempDir(), "a.log")}, h.Deps)
	if err != nil {
		b.Fatal(err)
	}
	ex := exchange("0123456789abcdef0123456789abcdef")
	ex.In.Method, ex.In.Target, ex.In.Path, ex.In.Host, ex.In.Scheme = "POST", "/v1/chat/completions", "/v1/chat/completions", "127.0.0.1:8000", "http"
	for _, name := range []string{"Accept", "Accept-Encoding", "Content-Type", "User-Agent", "Authorization", "X-Request-Id"} {
		ex.In.Header.Add(name, "some value of usual length")
	}
	ex.Reply = ex.NewReply(200)
	for _, name := range []string{"Content-Type", "Content-Length", "Date", "Server", "Via", "X-Kong-Request-Id", "X-Kong-Upstream-Latency", "X-Kong-Proxy-Latency"} {
		ex.Reply.Header.Add(name, "some value of usual length")
	}
	ex.Attempts = []flow.Attempt{{IP: "127.0.0.1", Port: 9000, Status: 200}}
	ex.Route, ex.Service = &config.Route{Name: "route"}, &config.Service{Name: "service"}
	b.ReportAllocs()
	for b.Loop() {
		in.Log(ex)
	}
	_ = in.Close()
}
