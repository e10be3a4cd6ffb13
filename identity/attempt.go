package identity

import (
	"context"
	"io"
	"net/http"
	"sync"
)

// maxAnswer bounds an answer of a token endpoint.
const maxAnswer = 1 << 20

// attempt is one try to obtain a credential: it makes the requests of our own
// code and of libraries and remembers how the last one ended. It follows no
// redirect, which could carry a secret elsewhere, and cuts long answers off:
// both as a transport, since libraries make clients of their own from it.
type attempt struct {
	ctx    context.Context
	client http.Client
	next   http.RoundTripper

	mu sync.Mutex // guards what follows: a library may leave a request behind
	// status of the last answer; err when there was none.
	status int
	err    error
}

func (d *Deps) attempt(ctx context.Context) *attempt {
	a := &attempt{ctx: ctx, client: *d.Client, next: d.Client.Transport}
	if a.next == nil {
		a.next = usual
	}
	a.client.Transport = a
	return a
}

// RoundTrip implements http.RoundTripper. Some libraries send requests without
// the context they were given: those end with the attempt.
func (a *attempt) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Context().Done() == nil {
		r = r.WithContext(a.ctx)
	}
	resp, err := a.next.RoundTrip(r)
	if err != nil {
		a.note(0, err)
		return nil, err
	}
	a.note(resp.StatusCode, nil)
	resp.Header.Del("Location") // without it a redirect is an answer like any other
	resp.Body = bounded{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	return resp, nil
}

type bounded struct {
	io.Reader
	io.Closer
}

func (a *attempt) note(status int, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status, a.err = status, err
}

// last is how the last request ended: a status, an error, or neither when
// there was none.
func (a *attempt) last() (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.status, a.err
}
