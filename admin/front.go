package admin

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// front is what stands before the handlers of an API: who may come in, which
// requests make sense, and the headers of every answer.
type front struct {
	o     *Options
	table *table
	// guarded is the Admin API: credentials, rules for browsers, latency.
	guarded bool
}

// request is a request on its way to a handler.
type request struct {
	*http.Request
	// params are the parts of the path that the pattern names.
	params map[string]string
	// raw is the body, read whole for the methods that have one.
	raw []byte
}

// handler answers a request.
type handler func(q *request) answer

// ServeHTTP implements http.Handler.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := f.o.Clock.Now()
	a := f.answer(w, r)
	f.cors(w.Header(), r)
	f.send(w, r, a, begun)
}

// answer finds the answer to r; a crash becomes a 500.
func (f *front) answer(w http.ResponseWriter, r *http.Request) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			f.o.Log.Error("an Admin API handler crashed", slog.String("path", r.URL.Path),
				slog.String("panic", fmt.Sprint(p)), slog.String("stack", string(debug.Stack())))
			a = unexpected()
		}
	}()
	if bad := impossible(r); bad != nil {
		return *bad
	}
	if why := f.misaddressed(r); why != "" {
		return message(http.StatusForbidden, why)
	}
	if f.guarded && r.Method != http.MethodOptions && !f.o.Auth.allows(r) {
		return message(http.StatusUnauthorized, "Invalid RBAC credentials")
	}
	if !safe(r.Method) && !f.mayWrite(r) {
		return message(http.StatusForbidden, "requests of web pages from other origins are not allowed")
	}
	m, params, found := f.table.find(r.URL.EscapedPath())
	if !found {
		return message(http.StatusNotFound, "Not found")
	}
	return f.dispatch(w, &request{Request: r, params: params}, m)
}

// impossible answers what nginx lets pass to no handler.
func impossible(r *http.Request) *answer {
	var a answer
	switch {
	case r.Method == http.MethodTrace || r.Method == http.MethodConnect:
		a = message(http.StatusMethodNotAllowed, "Method not allowed")
	case r.RequestURI == "*":
		a = message(http.StatusBadRequest, "Bad request")
	default:
		return nil
	}
	return &a
}

// dispatch checks method and content type, reads the body and runs the
// handler.
func (f *front) dispatch(w http.ResponseWriter, q *request, m methods) answer {
	if len(q.Header.Values("Content-Type")) > 1 {
		return text(http.StatusBadRequest, "Multiple Content-Type headers not allowed")
	}
	if q.Method == http.MethodOptions {
		return m.options(q.Header.Get("Access-Control-Request-Headers"))
	}
	if hasBody(q.Method) && !q.acceptable() {
		return answer{status: http.StatusUnsupportedMediaType}
	}
	h := m[q.Method]
	if h == nil && q.Method == http.MethodHead {
		h = m[http.MethodGet]
	}
	if h == nil {
		return message(http.StatusMethodNotAllowed, "Method not allowed")
	}
	if hasBody(q.Method) {
		if bad := q.read(w, f.o.MaxBody); bad != nil {
			return *bad
		}
	}
	return h(q)
}

// send writes the answer with the headers that all answers have.
func (f *front) send(w http.ResponseWriter, r *http.Request, a answer, begun time.Time) {
	err := a.write(w, r.Method == http.MethodHead, func() {
		if f.o.Agent != "" {
			w.Header().Set("Server", f.o.Agent)
		}
		if f.guarded && f.o.Latency {
			w.Header().Set("X-Kong-Admin-Latency", ms(f.o.Clock.Now().Sub(begun)))
		}
	})
	if err != nil {
		f.o.Log.Debug("an Admin API answer was cut short", slog.String("path", r.URL.Path), slog.Any("error", err))
	}
}

func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

func hasBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// methods are the handlers of one path.
type methods map[string]handler

// options answers OPTIONS.
func (m methods) options(wanted string) answer {
	names := []string{http.MethodOptions}
	for name := range m {
		names = append(names, name)
	}
	if m[http.MethodGet] != nil {
		names = append(names, http.MethodHead)
	}
	slices.Sort(names)
	list := strings.Join(names, ", ")
	if wanted == "" {
		wanted = "Content-Type"
	}
	return answer{status: http.StatusNoContent}.
		with("Allow", list).
		with("Access-Control-Allow-Methods", list).
		with("Access-Control-Allow-Headers", wanted)
}
