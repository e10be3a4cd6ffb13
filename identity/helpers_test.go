package identity_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/header"
	"github.com/sluice-gateway/sluice/identity"
)

// cloud plays all token endpoints. It is a transport, so that every address
// leads to it.
type cloud struct {
	mu     sync.Mutex // guards what follows
	handle http.HandlerFunc
	asked  []asked
}

type asked struct {
	method, url string
	header      http.Header
	body        string
}

func newCloud(handle http.HandlerFunc) *cloud { return &cloud{handle: handle} }

// answers is a cloud that always says the same.
func answers(status int, body string) *cloud {
	return newCloud(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

func (c *cloud) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	r.Method = cmp.Or(r.Method, http.MethodGet)
	c.mu.Lock()
	handle := c.handle
	c.asked = append(c.asked, asked{r.Method, r.URL.String(), r.Header.Clone(), string(body)})
	c.mu.Unlock()
	w := httptest.NewRecorder()
	handle(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func (c *cloud) become(handle http.HandlerFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.handle = handle
}

// requests were made so far.
func (c *cloud) requests() []asked {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]asked(nil), c.asked...)
}

// hang answers nothing until the request is given up.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// says answers with a body.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// house is an environment with a clock to turn.
func house(c *cloud, env map[string]string) (identity.Deps, *clock.Manual, *logbook) {
	now := clock.NewManual(time.Now().Truncate(time.Second))
	log := &logbook{}
	return identity.Deps{
		Clock: now, Client: &http.Client{Transport: c}, Log: slog.New(slog.NewTextHandler(log, nil)),
		LookupEnv: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
	}, now, log
}

type logbook struct {
	mu   sync.Mutex // guards text
	text strings.Builder
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// authorize asks for the Authorization of a small request.
func authorize(ctx context.Context, s identity.Source) (string, error) {
	r := question()
	err := s.Authorize(ctx, r)
	return r.Header.Get("Authorization"), err
}

func question() *identity.Request {
	return &identity.Request{Method: "POST", Scheme: "https", Host: "model.example", Path: "/chat", Header: &header.Header{
		{Name: "authorization", Value: "Bearer caller"}, {Name: "Content-Type", Value: "application/json"},
	}, Body: []byte("{}")}
}

// hides fails when err or log shows one of the secrets.
func hides(t *testing.T, err error, log *logbook, secrets ...string) {
	t.Helper()
	text := fmt.Sprintf("%v %+v %#v", err, err, err) + log.String()
	for _, s := range secrets {
		if s != "" && strings.Contains(text, s) {
			t.Errorf("the secret %q is shown: %s", s, text)
		}
	}
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
