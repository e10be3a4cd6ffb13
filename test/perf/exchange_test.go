//go:build !race

package perf

import (
	"bytes"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/test/harness"
)

// The budgets. They may fall; a change that lets one rise says why.
const (
	plainBudget = 15  // allocations for a question and its answer
	frameBudget = 0.1 // allocations for a frame of a stream
)

const config = `
_format_version: "3.0"
plugins:
- name: prometheus
  config: {per_consumer: true, status_code_metrics: true, ai_metrics: true, latency_metrics: true, bandwidth_metrics: true}
- name: file-log
  config: {path: "$LOG"}
consumers:
- username: ann
  keyauth_credentials: [{key: the-key}]
services:
- name: models
  url: http://localhost
  routes:
  - name: chat
    paths: [/chat]
    plugins:
    - name: key-auth
      config: {key_names: [apikey], hide_credentials: true}
    - name: ai-proxy
      config:
        route_type: llm/v1/chat
        logging: {log_statistics: true}
        auth: {header_name: Authorization, header_value: Bearer sk-1}
        model: {provider: openai, name: gpt-4o-mini, options: {max_tokens: 256, input_cost: 10, output_cost: 10, upstream_url: "http://$UPSTREAM/v1/chat/completions"}}
`

const answer = `{"id":"chatcmpl-1","object":"chat.completion","created":1718000000,"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"message":{"role":"assistant","content":"Hello! How can I help you today?"},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":10,"total_tokens":19,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}},"service_tier":"default","system_fingerprint":"fp_1"}`

const event = `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1718000000,"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}],"usage":null}` + "\n\n"

// peer is one end of the exchange on a bare socket. Once it is warm it
// allocates nothing.
type peer struct {
	net.Conn
	buf  []byte
	have int
}

// until reads until what was read holds mark, and tells where it begins.
func (p *peer) until(mark []byte) (int, error) {
	for {
		if i := bytes.Index(p.buf[:p.have], mark); i >= 0 {
			return i, nil
		}
		n, err := p.Read(p.buf[p.have:])
		p.have += n
		if err != nil {
			return 0, err
		}
	}
}

func (p *peer) drop(n int) {
	copy(p.buf, p.buf[n:p.have])
	p.have -= n
}

var (
	headEnd    = []byte("\r\n\r\n")
	lengthName = []byte("Content-Length: ")
	lastChunk  = []byte("\r\n0\r\n\r\n")
	eventEnd   = []byte(`"usage":null`)
	hiddenEnd  = []byte(`"finish_reason":null}]}`)
	statusOK   = []byte("HTTP/1.1 200 ")
)

// message reads a head and the body that it announces.
func (p *peer) message() error {
	end, err := p.until(headEnd)
	if err != nil {
		return err
	}
	length := 0
	if i := bytes.Index(p.buf[:end], lengthName); i >= 0 {
		for _, c := range p.buf[i+len(lengthName) : end] {
			if c < '0' || c > '9' {
				break
			}
			length = 10*length + int(c-'0')
		}
	}
	for p.have < end+len(headEnd)+length {
		n, err := p.Read(p.buf[p.have:])
		p.have += n
		if err != nil {
			return err
		}
	}
	p.drop(end + len(headEnd) + length)
	return nil
}

// upstream answers every question on every connection.
type upstream struct {
	net.Listener
	plain []byte
	// events of a stream: each is written when the caller has the one before.
	events int
	turn   chan struct{}
}

func newUpstream(t *testing.T) *upstream {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := &upstream{Listener: ln, turn: make(chan struct{})}
	u.plain = []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nx-request-id: 1\r\nContent-Length: " + strconv.Itoa(len(answer)) + "\r\n\r\n" + answer)
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go u.serve(&peer{Conn: c, buf: make([]byte, 64<<10)})
		}
	}()
	return u
}

func (u *upstream) serve(p *peer) {
	defer p.Close()
	chunk := []byte(strconv.FormatInt(int64(len(event)), 16) + "\r\n" + event + "\r\n")
	head := []byte("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
	for p.message() == nil {
		if u.events == 0 {
			if _, err := p.Write(u.plain); err != nil {
				return
			}
			continue
		}
		_, _ = p.Write(head)
		for range u.events {
			if _, err := p.Write(chunk); err != nil {
				return
			}
			<-u.turn
		}
		if _, err := p.Write([]byte("0\r\n\r\n")); err != nil {
			return
		}
	}
}

// gateway starts one before u and connects a caller.
func gateway(t *testing.T, u *upstream) *peer {
	t.Helper()
	dir := t.TempDir()
	text := strings.NewReplacer("$LOG", filepath.Join(dir, "access.log"), "$UPSTREAM", u.Addr().String()).Replace(config)
	g, err := harness.Start(harness.GatewayOptions{Dir: dir, Config: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := net.Dial("tcp", g.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &peer{Conn: c, buf: make([]byte, 64<<10)}
}

func question(body string) []byte {
	return []byte("POST /chat HTTP/1.1\r\nHost: gateway.test\r\nUser-Agent: test/1\r\nAccept: application/json\r\nContent-Type: application/json\r\n" +
		"apikey: the-key\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
}

// least runs f over and over and returns the least number of allocations of
// the whole process during one run.
func least(t *testing.T, rounds int, f func()) uint64 {
	t.Helper()
	best := ^uint64(0)
	var before, after runtime.MemStats
	for range rounds {
		runtime.GC()
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		best = min(best, after.Mallocs-before.Mallocs)
	}
	return best
}

// TestAllocPlain: caller, gateway and model in one process; caller and model
// allocate nothing.
func TestAllocPlain(t *testing.T) {
	const requests = 1000
	caller := gateway(t, newUpstream(t))
	ask := question(`{"messages":[{"role":"system","content":"You are helpful."},{"role":"user","content":"Hello!"}],"temperature":0.7}`)
	round := func() {
		for range requests {
			if _, err := caller.Write(ask); err != nil {
				t.Fatal(err)
			}
			if _, err := caller.until(headEnd); err != nil || !bytes.HasPrefix(caller.buf, statusOK) {
				t.Fatalf("%q, %v", caller.buf[:caller.have], err)
			}
			if err := caller.message(); err != nil {
				t.Fatal(err)
			}
		}
	}
	round()
	got := float64(least(t, 5, round)) / requests
	t.Logf("%.1f allocations for an exchange", got)
	if got > plainBudget {
		t.Errorf("%.1f allocations for an exchange, the budget is %d", got, plainBudget)
	}
}

// TestAllocFrame compares long streams with short ones: what a frame costs is
// the difference. Each frame is one write and one read; the caller has it
// before the next is written.
func TestAllocFrame(t *testing.T) {
	const short, long = 20, 2020
	for _, tt := range []struct {
		name, options string
		end           []byte
	}{
		{"passed on", `,"stream_options":{"include_usage":true}`, eventEnd},
		{"with hidden usage", ``, hiddenEnd},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u := newUpstream(t)
			caller := gateway(t, u)
			ask := question(`{"messages":[{"role":"user","content":"Hello!"}],"stream":true` + tt.options + `}`)
			run := func(n int) func() {
				return func() { listen(t, caller, u, ask, n, tt.end) }
			}
			run(short)()
			few := least(t, 5, run(short))
			many := least(t, 5, run(long))
			got := (float64(many) - float64(few)) / (long - short)
			t.Logf("%.3f allocations for a frame, %d for a stream of %d", got, few, short)
			if got > frameBudget {
				t.Errorf("%.3f allocations for a frame, the budget is %v", got, frameBudget)
			}
		})
	}
}

// listen asks for a stream of n events and reads it.
func listen(t *testing.T, caller *peer, u *upstream, ask []byte, n int, end []byte) {
	t.Helper()
	u.events = n
	if _, err := caller.Write(ask); err != nil {
		t.Fatal(err)
	}
	if i, err := caller.until(headEnd); err != nil || !bytes.HasPrefix(caller.buf, statusOK) {
		t.Fatalf("%q, %v", caller.buf[:i], err)
	} else {
		caller.drop(i + 2)
	}
	for range n {
		i, err := caller.until(end)
		if err != nil {
			t.Fatal(err)
		}
		caller.drop(i + len(end))
		u.turn <- struct{}{}
	}
	i, err := caller.until(lastChunk)
	if err != nil && err != io.EOF {
		t.Fatal(err)
	}
	caller.drop(i + len(lastChunk))
}
