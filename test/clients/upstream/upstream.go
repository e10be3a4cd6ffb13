// Package upstream is a scripted model service that speaks OpenAI's API as
// strictly as OpenAI does: it refuses members it does not know, a conversation
// that does not hold together, and any credential but the gateway's.
//
// What it answers follows from the question alone (see decide), so that a test
// can be read without its counterpart. It must know nothing of the gateway.
package upstream

import (
	"compress/gzip"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Server answers for the models that Models lists. Use New.
type Server struct {
	key    string
	forbid string
	mux    *http.ServeMux

	mu        sync.Mutex // guards all below
	exchanges map[string]*Exchange
	responses map[string]map[string]any // stored answers of the Responses API
	failed    map[string]bool           // scripts of error-once that have failed
}

// Exchange is what was seen of one request, for tests to look at.
type Exchange struct {
	ID       string          `json:"id"`
	Path     string          `json:"path"`
	Header   http.Header     `json:"header"`
	Body     json.RawMessage `json:"body"`
	Canceled bool            `json:"canceled"` // the caller left before the end
	Ended    bool            `json:"ended"`
	// Written is when the last event before the end went out, Left when the
	// end was noticed; both in milliseconds since 1970.
	Written int64 `json:"written"`
	Left    int64 `json:"left"`
}

// Models is what the models list holds.
var Models = []string{"gpt-4o-mini", "gpt-5-mini", "gpt-3.5-turbo-instruct", "text-embedding-3-small"}

// New makes a server that accepts one key. A request in which forbidden, the
// key of the gateway's own callers, stands anywhere is refused.
func New(key, forbidden string) *Server {
	s := &Server{
		key: key, forbid: forbidden, mux: http.NewServeMux(),
		exchanges: map[string]*Exchange{}, responses: map[string]map[string]any{}, failed: map[string]bool{},
	}
	s.mux.HandleFunc("POST /v1/chat/completions", s.chat)
	s.mux.HandleFunc("POST /v1/completions", s.completions)
	s.mux.HandleFunc("POST /v1/embeddings", s.embeddings)
	s.mux.HandleFunc("POST /v1/responses", s.createResponse)
	s.mux.HandleFunc("GET /v1/responses/{id}", s.getResponse)
	s.mux.HandleFunc("DELETE /v1/responses/{id}", s.deleteResponse)
	s.mux.HandleFunc("GET /v1/models", s.listModels)
	s.mux.HandleFunc("GET /v1/models/{id}", s.getModel)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		invalid(404, "", "Invalid URL (%s %s)", r.Method, r.URL.Path).write(w)
	})
	return s
}

// ServeHTTP answers as the model service.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f := s.checkHead(r); f != nil {
		f.write(w)
		return
	}
	w.Header().Set("Openai-Version", "2020-10-01")
	w.Header().Set("X-Ratelimit-Remaining-Requests", "9999")
	s.mux.ServeHTTP(w, r)
}

// Control lets tests look at exchanges: GET /exchanges/{id}.
func (s *Server) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /exchanges/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		ex := s.exchanges[r.PathValue("id")]
		if ex == nil {
			http.NotFound(w, r)
			return
		}
		writeJSON(w, ex)
	})
	return mux
}

// checkHead holds the head of a request against what OpenAI takes.
func (s *Server) checkHead(r *http.Request) *failure {
	if f := s.checkForbidden(r); f != nil {
		return f
	}
	auth := r.Header.Values("Authorization")
	if len(auth) != 1 || auth[0] != "Bearer "+s.key {
		f := invalid(401, "", "Incorrect API key provided: %s", strings.Join(auth, ", "))
		f.Code = "invalid_api_key"
		return f
	}
	if r.Method == http.MethodPost && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return invalid(400, "", "you must provide a JSON body, not %q", r.Header.Get("Content-Type"))
	}
	return nil
}

// checkForbidden refuses what holds the caller's key.
func (s *Server) checkForbidden(r *http.Request) *failure {
	for name, values := range r.Header {
		for _, v := range values {
			if strings.Contains(v, s.forbid) {
				return invalid(400, "", "the caller's own key has reached the provider in %s", name)
			}
		}
	}
	if strings.Contains(r.URL.RawQuery, s.forbid) {
		return invalid(400, "", "the caller's own key has reached the provider in the query")
	}
	return nil
}

// begin records an exchange.
func (s *Server) begin(id string, r *http.Request, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.exchanges[id] = &Exchange{ID: id, Path: r.URL.RequestURI(), Header: r.Header, Body: body}
}

func (s *Server) update(id string, f func(*Exchange)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.exchanges[id])
}

// answer sends a whole answer, compressed when the caller takes that, as
// OpenAI does.
func answer(w http.ResponseWriter, r *http.Request, v any) {
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		writeJSON(w, v)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	_ = json.NewEncoder(z).Encode(v)
	_ = z.Close()
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// events is an open stream of server-sent events.
type events struct {
	s  *Server
	id string
	w  http.ResponseWriter
	r  *http.Request
}

func (s *Server) stream(id string, w http.ResponseWriter, r *http.Request) *events {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	return &events{s, id, w, r}
}

// send writes one event and flushes it. name may be empty.
func (e *events) send(name string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	e.raw(name, string(data))
}

func (e *events) raw(name, data string) {
	if name != "" {
		_, _ = e.w.Write([]byte("event: " + name + "\n"))
	}
	_, _ = e.w.Write([]byte("data: " + data + "\n\n"))
	_ = http.NewResponseController(e.w).Flush()
	e.s.update(e.id, func(ex *Exchange) { ex.Written = time.Now().UnixMilli() })
}

// pause waits between deltas that never end; false means the caller has left.
func (e *events) pause() bool {
	select {
	case <-e.r.Context().Done():
		return false
	case <-time.After(10 * time.Millisecond):
		return true
	}
}

func (e *events) end() {
	canceled := e.r.Context().Err() != nil
	e.s.update(e.id, func(ex *Exchange) {
		ex.Ended, ex.Canceled, ex.Left = true, canceled, time.Now().UnixMilli()
	})
}
