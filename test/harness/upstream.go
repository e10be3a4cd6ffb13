package harness

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
	"sync"
)

// Upstream is a server that plays answers and remembers what it was asked.
// Over HTTP/1.1 it has every byte in its hand; HTTP/2 is net/http's.
type Upstream struct {
	answers []*Answer
	ln      net.Listener
	h2      *http.Server
	wg      sync.WaitGroup
	stopped chan struct{}

	watch
	requests []*Request
	conns    []net.Conn
	gates    map[string]chan struct{}
	bad      []string // what went wrong on our side
}

// Request is what an upstream received.
type Request struct {
	// Text is head and body, with plain line ends and without chunks.
	Text string
	// Whole tells that the body has come to its end.
	Whole bool
	// Gone tells that the caller's connection has ended since.
	Gone bool
}

// UpstreamOptions say how an upstream is reached.
type UpstreamOptions struct {
	TLS   *tls.Config
	HTTP2 bool
}

// NewUpstream starts an upstream that plays the answers one after another,
// the last one for all further requests.
func NewUpstream(o UpstreamOptions, answers ...*Answer) (*Upstream, error) {
	ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	u := &Upstream{answers: answers, ln: ln, stopped: make(chan struct{}), gates: map[string]chan struct{}{}}
	if o.HTTP2 {
		u.serveHTTP2(o.TLS)
		return u, nil
	}
	if o.TLS != nil {
		u.ln = tls.NewListener(ln, o.TLS)
	}
	u.wg.Go(u.accept)
	return u, nil
}

// Addr is host:port.
func (u *Upstream) Addr() string { return u.ln.Addr().String() }

// Close ends the upstream and all its connections.
func (u *Upstream) Close() {
	close(u.stopped)
	_ = u.ln.Close()
	if u.h2 != nil {
		_ = u.h2.Close()
	}
	u.update(func() {
		for _, c := range u.conns {
			_ = c.Close()
		}
	})
	u.wg.Wait()
}

// Release lets %wait name go on, now and from then on.
func (u *Upstream) Release(name string) { u.update(func() { close(u.gate(name)) }) }

// gate is called under the lock.
func (u *Upstream) gate(name string) chan struct{} {
	if u.gates[name] == nil {
		u.gates[name] = make(chan struct{})
	}
	return u.gates[name]
}

// Await waits until n requests have come, the last of them whole if so asked.
func (u *Upstream) Await(n int, whole bool) error {
	return u.until(strconv.Itoa(n)+" requests", func() bool {
		return len(u.requests) >= n && (!whole || u.requests[len(u.requests)-1].Whole)
	})
}

// AwaitGone waits until the connection of the last request has ended from the
// other side.
func (u *Upstream) AwaitGone() error {
	return u.until("the connection to end", func() bool {
		return len(u.requests) > 0 && u.requests[len(u.requests)-1].Gone
	})
}

// Requests are those so far, and Conns the number of connections.
func (u *Upstream) Requests() (requests []Request, conns int) {
	u.update(func() {
		for _, r := range u.requests {
			requests = append(requests, *r)
		}
		conns = len(u.conns)
	})
	return requests, conns
}

func (u *Upstream) accept() {
	for {
		c, err := u.ln.Accept()
		if err != nil {
			return
		}
		u.update(func() { u.conns = append(u.conns, c) })
		u.wg.Go(func() {
			defer func() { _ = c.Close() }()
			u.serve(c)
		})
	}
}

// serve answers the requests of a connection.
func (u *Upstream) serve(c net.Conn) {
	br := bufio.NewReaderSize(c, 64<<10)
	for {
		head, err := readHead(br)
		if err != nil {
			return
		}
		req, answer := u.record(head)
		p := &player{u: u, req: req, head: head, c: c, br: br, gone: make(chan struct{})}
		if !answer.late && !p.body() {
			return
		}
		again := p.play(answer)
		if !again {
			_ = c.Close()
		}
		if p.watching {
			<-p.gone // the reader is ours again
		}
		if !again || !p.watching {
			return
		}
	}
}

// record notes a request that begins and picks its answer.
func (u *Upstream) record(head string) (*Request, *Answer) {
	req := &Request{Text: head}
	var answer *Answer
	u.update(func() {
		answer = u.answers[min(len(u.requests), len(u.answers)-1)]
		u.requests = append(u.requests, req)
	})
	return req, answer
}

func readHead(br *bufio.Reader) (string, error) {
	var head strings.Builder
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			return "", err
		}
		line = strings.TrimRight(line, "\r\n")
		head.WriteString(line + "\n")
		if line == "" {
			return head.String(), nil
		}
	}
}

func readBody(br *bufio.Reader, head string) ([]byte, error) {
	length := 0
	for line := range strings.SplitSeq(head, "\n") {
		name, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimSpace(value); strings.ToLower(name) {
		case "transfer-encoding":
			body, err := io.ReadAll(httputil.NewChunkedReader(br))
			if err != nil {
				return body, err
			}
			_, err = readHead(br) // trailers
			return body, err
		case "content-length":
			length, _ = strconv.Atoi(value)
		}
	}
	body := make([]byte, length)
	n, err := io.ReadFull(br, body)
	return body[:n], err
}

// player plays an answer on a connection.
type player struct {
	u    *Upstream
	req  *Request
	head string
	c    net.Conn
	br   *bufio.Reader
	// gone is closed when the connection has ended or another request has come.
	// It is watched for once the body has been read.
	gone     chan struct{}
	watching bool
	framing  framing
	trailers []byte
}

// body takes the request's body in, and watches the connection from then on.
// It tells whether the body came to its end.
func (p *player) body() bool {
	body, err := readBody(p.br, p.head)
	p.u.update(func() {
		p.req.Text, p.req.Whole = p.head+string(body), err == nil
		p.req.Gone = err != nil
	})
	if err != nil {
		return false
	}
	p.watching = true
	p.u.wg.Go(func() {
		if _, err := p.br.Peek(1); err != nil {
			p.u.update(func() { p.req.Gone = true })
		}
		close(p.gone)
	})
	return true
}

// play tells whether the connection can be used again.
func (p *player) play(a *Answer) bool {
	for _, s := range a.before {
		if !p.step(s) {
			return false
		}
	}
	if a.headed {
		p.write(head(a))
		p.framing = a.framing
	}
	for _, s := range a.steps {
		if !p.step(s) {
			return false
		}
	}
	if p.framing == chunked {
		p.write([]byte("0\r\n" + string(p.trailers) + "\r\n"))
	}
	return !a.closes()
}

func head(a *Answer) []byte {
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 " + strconv.Itoa(a.status) + " " + a.reason + "\r\n")
	for _, f := range a.fields {
		b.WriteString(f.name + ": " + f.value + "\r\n")
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// closes tells an answer that ends with its connection.
func (a *Answer) closes() bool {
	for _, f := range a.fields {
		if strings.EqualFold(f.name, "Connection") && strings.EqualFold(f.value, "close") {
			return true
		}
	}
	return !a.headed
}

func (p *player) step(s step) bool {
	switch s.do {
	case text:
		p.piece(s.data)
	case fill:
		p.fill(s)
	case wait:
		return p.wait(string(s.data))
	case hang:
		select {
		case <-p.gone:
		case <-p.u.stopped:
		}
		return false
	case body:
		return p.body()
	case trailer:
		p.trailers = append(p.trailers, string(s.data)+"\r\n"...)
	case echo:
		<-p.gone
		_, _ = io.Copy(p.c, p.br)
		p.u.update(func() { p.req.Gone = true })
		return false
	case end:
		return false
	case reset:
		p.reset()
		return false
	}
	return true
}

func (p *player) reset() {
	c := p.c
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	_ = c.(*net.TCPConn).SetLinger(0)
	_ = c.Close()
}

func (p *player) wait(name string) bool {
	var open chan struct{}
	p.u.update(func() { open = p.u.gate(name) })
	select {
	case <-open:
		return true
	case <-p.gone:
	case <-p.u.stopped:
	}
	return false
}

// fill writes n bytes of a filler.
func (p *player) fill(s step) {
	block := bytes.Repeat(s.data, max(1, 32<<10/len(s.data)))
	for left := s.n; left > 0; {
		n := min(left, len(block))
		p.piece(block[:n])
		left -= n
	}
}

func (p *player) piece(data []byte) {
	if p.framing == chunked {
		data = append(append([]byte(strconv.FormatInt(int64(len(data)), 16)+"\r\n"), data...), "\r\n"...)
	}
	p.write(data)
}

// write may fail when the other side has gone; that shows elsewhere.
func (p *player) write(data []byte) { _, _ = p.c.Write(data) }

// connOf is the connection of an HTTP/2 request.
type connOf struct{}

// serveHTTP2 plays over HTTP/2, in cleartext without cfg.
func (u *Upstream) serveHTTP2(cfg *tls.Config) {
	u.h2 = &http.Server{
		Handler: http.HandlerFunc(u.handle), ReadHeaderTimeout: Deadline, Protocols: new(http.Protocols), TLSConfig: cfg,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connOf{}, c) },
		ErrorLog:    log.New(io.Discard, "", 0), // connections end here as the test wants
	}
	u.h2.Protocols.SetHTTP2(true)
	u.h2.Protocols.SetUnencryptedHTTP2(true)
	u.wg.Go(func() {
		var err error
		if cfg != nil {
			err = u.h2.ServeTLS(u.ln, "", "")
		} else {
			err = u.h2.Serve(u.ln)
		}
		if !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			u.update(func() { u.bad = append(u.bad, err.Error()) })
		}
	})
}

func (u *Upstream) handle(w http.ResponseWriter, r *http.Request) {
	var head strings.Builder
	head.WriteString(r.Method + " " + r.RequestURI + " " + r.Proto + "\nHost: " + r.Host + "\n")
	_ = r.Header.WriteSubset(&head, nil)
	req, a := u.record(strings.ReplaceAll(head.String(), "\r\n", "\n") + "\n")
	p := &http2Player{u: u, req: req, w: w, r: r}
	if !a.late {
		p.body()
	}
	for _, s := range a.before {
		p.step(s)
	}
	if !a.headed {
		panic(http.ErrAbortHandler)
	}
	for _, f := range a.fields {
		if f.name != "Transfer-Encoding" {
			w.Header().Add(f.name, f.value)
		}
	}
	w.WriteHeader(a.status)
	p.headed = true
	for _, s := range a.steps {
		p.step(s)
	}
}

// http2Player plays an answer on a stream of HTTP/2.
type http2Player struct {
	u      *Upstream
	req    *Request
	w      http.ResponseWriter
	r      *http.Request
	headed bool
}

func (p *http2Player) body() {
	body, err := io.ReadAll(p.r.Body)
	p.u.update(func() { p.req.Text, p.req.Whole = p.req.Text+string(body), err == nil })
	if err != nil {
		p.end()
	}
}

// end leaves an answer whose caller has gone.
func (p *http2Player) end() {
	p.u.update(func() { p.req.Gone = true })
	panic(http.ErrAbortHandler)
}

func (p *http2Player) step(s step) {
	switch s.do {
	case text:
		_, _ = p.w.Write(s.data)
		_ = http.NewResponseController(p.w).Flush()
	case wait:
		var open chan struct{}
		p.u.update(func() { open = p.u.gate(string(s.data)) })
		p.await(open)
	case hang:
		if p.headed {
			_ = http.NewResponseController(p.w).Flush()
		}
		p.await(nil)
	case body:
		p.body()
	case trailer:
		name, value, _ := strings.Cut(string(s.data), ": ")
		p.w.Header().Set(http.TrailerPrefix+name, value)
	case end: // the whole connection
		_ = p.r.Context().Value(connOf{}).(net.Conn).Close()
		panic(http.ErrAbortHandler)
	case reset, fill, echo: // the stream alone
		panic(http.ErrAbortHandler)
	}
}

// await waits for a gate, and ends the answer when the caller goes.
func (p *http2Player) await(open chan struct{}) {
	select {
	case <-open:
	case <-p.r.Context().Done():
		p.end()
	case <-p.u.stopped:
		panic(http.ErrAbortHandler)
	}
}
