//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// gateway is the process that is measured.
type gateway struct {
	*exec.Cmd
	proxy  [4]byte
	port   int
	status string
	said   bytes.Buffer
}

const document = `_format_version: "3.0"
services:
- name: llm
  url: http://localhost
  routes:
  - name: chat
    paths: [/chat]
    plugins:
    - name: ai-proxy
      config:
        route_type: llm/v1/chat
        model: {provider: openai, name: gpt-4o-mini, options: {upstream_url: "http://127.0.0.1:%d/v1/chat/completions"}}
`

func build(dir string) (string, error) {
	file := filepath.Join(dir, "sluice")
	cmd := exec.CommandContext(context.Background(), "go", "build", "-o", file, "github.com/sluice-gateway/sluice/cmd/sluice") //nolint:gosec // a folder of our own
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return file, nil
}

// launch starts a gateway before a provider.
func launch(dir string, provider int) (*gateway, error) {
	ports, err := free(2)
	if err != nil {
		return nil, err
	}
	file, conf := filepath.Join(dir, "kong.yml"), filepath.Join(dir, "kong.conf")
	text := fmt.Sprintf("prefix = %s\nproxy_listen = 127.0.0.1:%d\nadmin_listen = off\nstatus_listen = 127.0.0.1:%d\ndeclarative_config = %s\n",
		dir, ports[0], ports[1], file)
	err = errors.Join(os.WriteFile(file, fmt.Appendf(nil, document, provider), 0o600), os.WriteFile(conf, []byte(text), 0o600))
	if err != nil {
		return nil, err
	}
	g := &gateway{proxy: [4]byte{127, 0, 0, 1}, port: ports[0], status: "http://127.0.0.1:" + strconv.Itoa(ports[1])}
	g.Cmd = exec.CommandContext(context.Background(), *binary, "start", "-c", conf) //nolint:gosec // the binary is the user's choice
	g.Stderr = &g.said
	return g, g.Start()
}

// free finds ports that nobody uses.
func free(n int) (ports []int, err error) {
	for range n {
		ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = ln.Close() }()
		ports = append(ports, ln.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// stop ends the gateway at once: what it would still do is not measured.
func (g *gateway) stop() error {
	if err := g.Process.Signal(syscall.SIGKILL); err != nil {
		return fmt.Errorf("%w: %s", err, g.said.String())
	}
	_ = g.Wait()
	return nil
}

// page reads a page of the Status API.
func (g *gateway) page(path string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.status+path, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, resp.Status)
	}
	return string(body), err
}

var (
	activeLine = regexp.MustCompile(`(?m)^kong_nginx_connections_total\{.*state="active"\} (\S+)`)
	heapLine   = regexp.MustCompile(`(?m)^kong_memory_workers_lua_vms_bytes\{.*\} (\S+)`)
)

// active is how many connections the gateway holds to callers.
func (g *gateway) active() (int, error) {
	n, err := g.metric(activeLine)
	return int(n), err
}

// heap is what lives on its heap, touched or not.
func (g *gateway) heap() (int64, error) {
	n, err := g.metric(heapLine)
	return int64(n), err
}

func (g *gateway) metric(line *regexp.Regexp) (float64, error) {
	page, err := g.page("/metrics")
	if err != nil {
		return 0, err
	}
	m := line.FindStringSubmatch(page)
	if m == nil {
		return 0, fmt.Errorf("no line of the metrics is %s", line)
	}
	return strconv.ParseFloat(m[1], 64)
}

// resident is how much memory the process has in use, now and at its peak.
func (g *gateway) resident() (now, peak int64, err error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(g.Process.Pid) + "/status")
	if err != nil {
		return 0, 0, fmt.Errorf("%w: %s", err, g.said.String())
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		n, _ := strconv.ParseInt(f[1], 10, 64)
		switch f[0] {
		case "VmRSS:":
			now = n << 10
		case "VmHWM:":
			peak = n << 10
		}
	}
	return now, peak, nil
}
