// Package demo is the built-in demo model: a small server on loopback that
// speaks OpenAI's API and answers by saying what it is and what it was asked.
// The same question always gets the same answer.
//
// It is there so that the gateway can be tried without a key. The gateway
// reaches it like any provider, by provider openai and upstream_url; nothing
// else may depend on it, and it must not depend on the gateway.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/sluice-gateway/sluice/internal/jsonv2"
	"github.com/sluice-gateway/sluice/schema"
)

// Model is the model's name.
const Model = "demo"

// Limits of the demo model.
const (
	maxBody   = 4 << 20
	maxInputs = 256  // of one embeddings request
	maxEcho   = 1000 // characters of the question that are repeated
)

// created is the time in all answers: they shall be the same each time.
const created = 1735689600

// Server is the demo model on its own port.
type Server struct {
	ln  net.Listener
	srv *http.Server
}

// Open binds a loopback address such as "127.0.0.1:8009"; port 0 takes any
// that is free. Nothing is served before Run.
func Open(addr string) (*Server, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("demo model: listen on %s: %w", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("demo model: listen on %s: only loopback addresses are allowed", addr)
	}
	ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return nil, fmt.Errorf("demo model: listen on %s: %w", addr, op.Err)
	}
	if err != nil {
		return nil, fmt.Errorf("demo model: %w", err)
	}
	return &Server{ln: ln, srv: &http.Server{
		Handler:           Handler(wordPause),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10,
	}}, nil
}

// Addr is the bound address.
func (s *Server) Addr() net.Addr { return s.ln.Addr() }

// Run serves until ctx ends, and then lets running answers end for a moment.
func (s *Server) Run(ctx context.Context) error {
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if s.srv.Shutdown(grace) != nil {
			_ = s.srv.Close()
		}
	})
	err := s.srv.Serve(s.ln)
	if !stop() {
		<-stopped // Serve returns before the last answers are out
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("demo model: %w", err)
	}
	return nil
}

// Close releases the port of a server that was not run.
func (s *Server) Close() error { return s.ln.Close() }

// wordPause stands between the words of a stream, so that it can be seen to be
// one.
const wordPause = 25 * time.Millisecond

// Handler answers /v1/chat/completions, /v1/completions, /v1/responses,
// /v1/embeddings and /v1/models. The words of streams come with a pause
// between them.
func Handler(pause time.Duration) http.Handler {
	mux := http.NewServeMux()
	speak := func(answer func(w *speaker, q object)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			question(func(w http.ResponseWriter, q object) { answer(&speaker{w, r.Context(), pause}, q) })(w, r)
		}
	}
	mux.HandleFunc("POST /v1/chat/completions", speak(chat))
	mux.HandleFunc("POST /v1/completions", speak(completions))
	mux.HandleFunc("POST /v1/responses", speak(responses))
	mux.HandleFunc("POST /v1/embeddings", question(embeddings))
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, object{"object": "list", "data": []any{modelObject()}})
	})
	mux.HandleFunc("GET /v1/models/{id}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") != Model {
			noModel(w)
			return
		}
		writeJSON(w, http.StatusOK, modelObject())
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, "The demo model has no "+r.Method+" "+r.URL.Path+".")
	})
	return mux
}

// object is a JSON object.
type object = map[string]any

func modelObject() object {
	return object{"id": Model, "object": "model", "created": created, "owned_by": "sluice"}
}

// question reads the request's JSON object and leaves it to answer.
func question(answer func(w http.ResponseWriter, q object)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			fail(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("The demo model reads at most %d bytes.", maxBody))
			return
		}
		if err != nil {
			return // the caller has gone
		}
		v, err := jsonv2.Parse(body)
		q, isObject := v.(object)
		if err != nil || !isObject {
			fail(w, http.StatusBadRequest, "The request body must be a JSON object.")
			return
		}
		if name, named := q["model"].(string); named && name != "" && name != Model {
			noModel(w)
			return
		}
		answer(w, q)
	}
}

func noModel(w http.ResponseWriter) {
	fail(w, http.StatusNotFound, "The demo model's only model is 'demo'.")
}

// speaker is the caller of a question that can be answered word by word.
type speaker struct {
	http.ResponseWriter
	ctx   context.Context
	pause time.Duration
}

// breathe waits before the next word; false when the caller has gone.
func (s *speaker) breathe() bool {
	if s.pause <= 0 {
		return s.ctx.Err() == nil
	}
	select {
	case <-time.After(s.pause):
		return true
	case <-s.ctx.Done():
		return false
	}
}

// Unwrap lets the stream flush.
func (s *speaker) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// fail answers with an error in OpenAI's shape.
func fail(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, object{"error": object{
		"message": message, "type": "invalid_request_error", "param": nil, "code": nil,
	}})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(schema.AppendJSON(nil, v), '\n'))
}

// events writes a stream of server-sent events, one write and one flush each.
type events struct {
	w   http.ResponseWriter
	out *http.ResponseController
	buf []byte
}

func stream(w http.ResponseWriter) *events {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	return &events{w: w, out: http.NewResponseController(w)}
}

// send writes an event; name "" leaves the line event: out.
func (e *events) send(name string, v any) {
	e.buf = e.buf[:0]
	if name != "" {
		e.buf = append(append(append(e.buf, "event: "...), name...), '\n')
	}
	e.buf = append(schema.AppendJSON(append(e.buf, "data: "...), v), "\n\n"...)
	e.write()
}

func (e *events) done() {
	e.buf = append(e.buf[:0], "data: [DONE]\n\n"...)
	e.write()
}

// write ignores errors: a caller who has gone ends the request by himself, and
// answers are short.
func (e *events) write() {
	_, _ = e.w.Write(e.buf)
	_ = e.out.Flush()
}

// words splits a text into pieces of one word with the space before it. Each
// counts as a token.
func words(text string) []string {
	var out []string
	for len(text) > 0 {
		i := strings.IndexByte(text[1:], ' ')
		if i < 0 {
			return append(out, text)
		}
		out = append(out, text[:i+1])
		text = text[i+1:]
	}
	return out
}

// tokens counts the words of a question.
func tokens(text string) int { return len(strings.Fields(text)) }
