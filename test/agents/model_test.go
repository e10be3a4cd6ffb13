package agents

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// What the model has the agent do.
const (
	fileName = "hello.txt"
	content  = "Hello from the other side."
	farewell = "The file is written and read."
	thought  = "A file is asked for,\nso I write it."
)

// tool is one that the agent offers.
type tool struct {
	Name   string
	Schema json.RawMessage // of the arguments
}

// turn is a question, as far as the script cares.
type turn struct {
	tools   []tool
	results []string // what tools have said so far, in their order
	stream  bool
}

// answer is what the model does next: a call of a tool, or else a text.
type answer struct {
	id         string
	text       string
	name, args string
	usage      usage
}

// usage is what an answer is counted as; no two are alike.
type usage struct{ prompt, completion int }

// refusal is an error of the vendor.
type refusal struct {
	status  int
	message string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d: %s", r.status, r.message) }

func bad(format string, args ...any) error { return &refusal{400, fmt.Sprintf(format, args...)} }

// vendor is a format that the scripted model speaks.
type vendor interface {
	// read takes a question apart, and refuses what the vendor would.
	read(r *http.Request, body []byte) (*turn, error)
	// write answers.
	write(w *writer, a *answer, stream bool)
	// refuse answers with an error.
	refuse(w *writer, r *refusal)
}

// model is a scripted model: it has a file written with the first tool that
// can, then read again with a command, then says farewell.
type model struct {
	vendor vendor
	dir    string // where the agent works
	key    string // what the gateway knows it by
	forbid string // the key of the gateway's own callers
	trace  string // folder for what was asked, empty for none

	mu       sync.Mutex // guards all below
	answers  []*answer
	refusals []string
}

func serve(t *testing.T, m *model) (url string) {
	t.Helper()
	s := httptest.NewServer(m)
	t.Cleanup(s.Close)
	return s.URL
}

func (m *model) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = m.check(r, body)
	}
	var q *turn
	if err == nil {
		q, err = m.vendor.read(r, body)
	}
	var a *answer
	if err == nil {
		a, err = m.decide(q)
	}
	m.keep(body)
	if err != nil {
		m.refuse(w, r, err)
		return
	}
	m.vendor.write(&writer{w}, a, q.stream)
}

// check looks at what every vendor looks at.
func (m *model) check(r *http.Request, body []byte) error {
	for name, values := range r.Header {
		if strings.Contains(strings.Join(values, " "), m.forbid) {
			return bad("the caller's own key has come in %s", name)
		}
	}
	if !strings.Contains(r.Header.Get("Authorization")+r.Header.Get("X-Api-Key")+r.Header.Get("X-Goog-Api-Key"), m.key) {
		return &refusal{401, "the key is missing"}
	}
	if !json.Valid(body) {
		return bad("the body is not JSON: %.200q", body)
	}
	return nil
}

func (m *model) refuse(w http.ResponseWriter, r *http.Request, err error) {
	no, ok := err.(*refusal)
	if !ok {
		no = &refusal{400, err.Error()}
	}
	m.mu.Lock()
	m.refusals = append(m.refusals, r.Method+" "+r.URL.Path+": "+no.Error())
	m.mu.Unlock()
	m.vendor.refuse(&writer{w}, no)
}

// decide is the script.
func (m *model) decide(q *turn) (*answer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.answers) + 1
	a := &answer{id: fmt.Sprintf("id%d", n), usage: usage{1000 + n, 50 + n}}
	switch write, run := writing(q.tools), running(q.tools); {
	case run == nil && write == nil, len(q.results) > 1: // also titles and the like
		a.text = farewell
	case len(q.results) == 0 && write != nil:
		a.name, a.args = write.Name, write.write(filepath.Join(m.dir, fileName), content)
	case len(q.results) == 0:
		a.name, a.args = run.Name, run.run("printf %s '"+content+"' > "+fileName)
	case run != nil:
		a.name, a.args = run.Name, run.run("cat "+fileName)
	default:
		a.text = farewell
	}
	if n := len(q.results); n > 1 && !strings.Contains(q.results[n-1], content) {
		return nil, bad("the command has not printed the file: %q", q.results)
	}
	m.answers = append(m.answers, a)
	return a, nil
}

// keep writes a question down for whoever looks for a fault.
func (m *model) keep(body []byte) {
	if m.trace == "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	file := filepath.Join(m.trace, fmt.Sprintf("question-%d-%d.json", len(m.answers), len(m.refusals)))
	_ = os.WriteFile(file, body, 0o600)
}

// told are the counts that were given away, and the refusals.
func (m *model) told() (counts []usage, refusals []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.answers {
		counts = append(counts, a.usage)
	}
	return counts, slices.Clone(m.refusals)
}

// writer sends what vendors send.
type writer struct{ http.ResponseWriter }

func (w *writer) json(status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (w *writer) event(name string, v any) {
	w.Header().Set("Content-Type", "text/event-stream")
	if name != "" {
		_, _ = fmt.Fprintf(w, "event: %s\n", name)
	}
	data, ok := v.(string)
	if !ok {
		b, _ := json.Marshal(v)
		data = string(b)
	}
	_, _ = fmt.Fprintf(w, "data: %s\n\n", data)
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

// obj is shorter than its name.
type obj = map[string]any
