package upstream

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// vendor is one of the services beside OpenAI's that follow the same script.
type vendor struct {
	s     *Server
	model string
	// header has to hold the key, with scheme before it. Every other vendor's is
	// refused.
	header, scheme string
	shape          func(w http.ResponseWriter, f *failure)
}

// credentials are the headers that one vendor or another has its key in.
var credentials = []string{"Authorization", "X-Api-Key", "X-Goog-Api-Key", "Api-Key"}

// Vendors are the services by the name of the gateway's provider. They speak
// their APIs as strictly as OpenAI's is spoken here.
func (s *Server) Vendors() map[string]http.Handler {
	return map[string]http.Handler{
		"openai":    s,
		"anthropic": s.anthropic(),
		"gemini":    s.gemini(),
		"bedrock":   s.bedrock(),
		"cohere":    s.cohere(),
		"ollama":    s.ollama(),

		"openai-compatible": s.jina(),
	}
}

// handle reads a request into the type T and lets answer answer it.
func handle[T any](v *vendor, answer func(w http.ResponseWriter, r *http.Request, req *T) *failure) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f := v.checkHead(r)
		req := new(T)
		if f == nil {
			_, f = decode(r, req)
		}
		if f == nil {
			f = answer(w, r, req)
		}
		if f != nil {
			v.fail(w, f)
		}
	}
}

func (v *vendor) fail(w http.ResponseWriter, f *failure) {
	w.Header().Set("Content-Type", "application/json")
	if f.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "7")
	}
	v.shape(w, f)
}

func (v *vendor) notFound(w http.ResponseWriter, r *http.Request) {
	v.fail(w, invalid(404, "", "there is no %s %s", r.Method, r.URL.Path))
}

func (v *vendor) checkHead(r *http.Request) *failure {
	if f := v.s.checkForbidden(r); f != nil {
		return f
	}
	for _, name := range credentials {
		switch values := r.Header.Values(name); {
		case name != v.header && len(values) > 0:
			return invalid(400, "", "a credential of another vendor has come in %s", name)
		case name == v.header && v.scheme == signed && len(values) == 1:
			if !strings.HasPrefix(values[0], signed+" Credential="+AccessKey+"/") {
				return invalid(403, "", "The security token included in the request is invalid: %s", values[0])
			}
		case name == v.header && !slices.Equal(values, []string{v.scheme + v.s.key}):
			return invalid(401, "", "invalid key in %s: %s", name, strings.Join(values, ", "))
		}
	}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return invalid(400, "", "the content type is %q", r.Header.Get("Content-Type"))
	}
	return nil
}

func (v *vendor) checkModel(name string) *failure {
	if name != v.model {
		return invalid(404, "model", "there is no model %q here", name)
	}
	return nil
}

// proof is the signature of the thoughts that lead to a call. It is what it is,
// so that nothing needs to be remembered; of the characters of base64 it has
// those that are likely to be spoilt.
func proof(name string, arguments []byte) string {
	var v any
	if err := json.Unmarshal(arguments, &v); err != nil {
		return "no arguments"
	}
	plain, _ := json.Marshal(v)
	sum := sha256.Sum256(append([]byte(name), plain...))
	return "Er+/" + base64.StdEncoding.EncodeToString(sum[:])
}

const thought = "The user asks for the weather,\nso I call the tool."

// answered are the calls of a turn of the model, until each has its result.
type answered struct {
	ids, names map[string]bool
	count      int
}

func (a *answered) call(id, name string) {
	if a.ids == nil {
		a.ids, a.names = map[string]bool{}, map[string]bool{}
	}
	a.ids[id], a.names[name] = true, true
	a.count++
}

var plainID = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

// object tells whether raw is a JSON object.
func object(raw json.RawMessage) bool {
	return len(bytes.TrimSpace(raw)) > 1 && bytes.TrimSpace(raw)[0] == '{'
}

// arguments are those of a call as a JSON value.
func (c toolCall) value() json.RawMessage { return json.RawMessage(c.arguments) }

func at(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// halves cuts arguments in two, as a stream does.
func halves(s string) []string { return []string{s[:len(s)/2], s[len(s)/2:]} }
