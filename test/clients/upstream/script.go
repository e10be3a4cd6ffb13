package upstream

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// question is a request in any of the formats, as far as the script cares.
type question struct {
	last     string   // the text of the last message, of a user
	results  []string // the outputs of tools that end the conversation
	tools    []string // names of the tools on offer
	must     bool     // a tool has to be called
	parallel bool
	words    int // of all that was said
}

// reply is what the model does.
type reply struct {
	text  string
	calls []toolCall
	usage usage
	// How a stream goes wrong; plain answers take no notice.
	forever, breaks, inBand bool
}

type toolCall struct{ id, name, arguments string }

type usage struct{ prompt, completion int }

var (
	cities = regexp.MustCompile(`(?i)weather in (.+?)\?`)
	status = regexp.MustCompile(`^error(-once)?: (\d{3})`)
)

// decide is the script:
//
//	reply: TEXT            says TEXT
//	error: STATUS …        fails with STATUS
//	error-once: STATUS …   fails with STATUS the first time
//	forever                a stream that does not end
//	break                  a stream that is cut off
//	stream-error           a stream that ends in an error event
//	… weather in A and B?  calls the first tool for each city, if there are tools
//
// The outputs of tools are summed up, and anything else is repeated.
func (s *Server) decide(q question) (reply, *failure) {
	var r reply
	switch m := cities.FindStringSubmatch(q.last); {
	case len(q.results) > 0:
		r.text = "The tools said: " + strings.Join(q.results, "; ")
	case len(q.tools) > 0 && m != nil:
		r.calls = weather(q, m[1])
	case q.must:
		r.calls = []toolCall{{"call_1", q.tools[0], "{}"}}
	case strings.HasPrefix(q.last, "reply: "):
		r.text = strings.TrimPrefix(q.last, "reply: ")
	case status.MatchString(q.last):
		if f := s.scripted(q.last); f != nil {
			return r, f
		}
		r.text = "It works again."
	default:
		r.text = "You said: " + q.last
		r.forever, r.breaks, r.inBand = q.last == "forever", q.last == "break", q.last == "stream-error"
	}
	r.usage = usage{prompt: q.words, completion: countWords(r.text)}
	for _, c := range r.calls {
		r.usage.completion += len(c.arguments)
	}
	return r, nil
}

func weather(q question, list string) []toolCall {
	var out []toolCall
	for i, city := range strings.Split(list, " and ") {
		args, _ := json.Marshal(map[string]string{"city": city})
		out = append(out, toolCall{"call_" + strconv.Itoa(i+1), q.tools[0], string(args)})
		if !q.parallel {
			break
		}
	}
	return out
}

func (s *Server) scripted(text string) *failure {
	m := status.FindStringSubmatch(text)
	if m[1] != "" {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.failed[text] {
			return nil
		}
		s.failed[text] = true
	}
	code, _ := strconv.Atoi(m[2])
	f := invalid(code, "", "scripted failure %d", code)
	switch code {
	case http.StatusUnauthorized:
		f.Code = "invalid_api_key"
	case http.StatusTooManyRequests:
		f.Type, f.Code = "requests", "rate_limit_exceeded"
	case http.StatusInternalServerError:
		f.Type = "server_error"
	}
	return f
}

// pieces cuts a text into deltas: words with the blank before them.
func pieces(text string) []string {
	return regexp.MustCompile(`\s*\S+|\s+$`).FindAllString(text, -1)
}

func countWords(s string) int { return len(strings.Fields(s)) }

// failure is an error in OpenAI's shape.
type failure struct {
	status  int
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    any     `json:"code"`
}

func invalid(status int, param, format string, args ...any) *failure {
	f := &failure{status: status, Message: fmt.Sprintf(format, args...), Type: "invalid_request_error"}
	if param != "" {
		f.Param = &param
	}
	return f
}

func (f *failure) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	if f.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "7")
		w.Header().Set("Retry-After-Ms", "20") // the SDKs obey this one first
	}
	w.WriteHeader(f.status)
	_ = json.NewEncoder(w).Encode(map[string]*failure{"error": f})
}
