package corpus

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"sync"
)

// replay is one way through the gateway of an exchange.
type replay struct {
	id  string
	x   *exchange
	ask bool // the gateway asks for usage
	cut cut

	mu       sync.Mutex // guards got
	got      received
	status   int  // what the caller got
	hidden   bool // something of the recording was to be hidden, and was
	problems []string
}

// shortStream is how long a stream may be to be sent byte by byte.
const shortStream = 6 << 10

// plan lists the replays: streams in every cut, and those of a format whose
// usage must be asked for also with the gateway asking, and once more from a
// caller who does not ask where the recorded one did: what the upstream plays
// is then just what it said when it was asked.
func plan(exchanges []*exchange) []*replay {
	var all []*replay
	add := func(x *exchange, ask bool, c cut) {
		all = append(all, &replay{id: fmt.Sprintf("%s.%d", x.ID, len(all)), x: x, ask: ask, cut: c})
	}
	for _, x := range exchanges {
		if !x.Streaming {
			add(x, true, whole)
			continue
		}
		cuts := []cut{whole, events, odd}
		if len(x.answer) <= shortStream {
			cuts = append(cuts, bytes1)
		}
		for _, c := range cuts {
			add(x, false, c)
			if x.hasStreamOptions() {
				add(x, true, c)
			}
			if x.asksUsage() {
				add(x.unasked(), true, c)
			}
		}
	}
	return all
}

// fail notes a problem.
func (r *replay) fail(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

// run sends the request and checks the answer and what the upstream received.
func (r *replay) run(g *gateway) {
	x := r.x
	req, err := http.NewRequest(http.MethodPost, g.url+routePath(x.API, r.ask, x.named()), bytes.NewReader(x.question))
	if err != nil {
		r.fail("%v", err)
		return
	}
	req.Header.Set("Content-Type", "application/json")
	for name, value := range x.Request.Headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("X-Replay-Id", r.id)
	if !x.named() {
		req.Header.Set("X-Replay-Model", x.model())
	}
	resp, err := g.client.Do(req)
	if err != nil {
		r.fail("%v", err)
		return
	}
	defer resp.Body.Close()
	r.status = resp.StatusCode
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.fail("the answer broke off: %v", err)
	}
	r.checkAnswer(resp, body)
	r.checkQuestion()
}

// checkAnswer holds what the caller got against the recording. The upstream
// plays the bytes of the corpus, so the caller gets these bytes whatever the
// fidelity of the recording.
func (r *replay) checkAnswer(resp *http.Response, body []byte) {
	if resp.StatusCode != r.x.Response.Status {
		r.fail("status %d, recorded %d: %.200s", resp.StatusCode, r.x.Response.Status, body)
		return
	}
	want := r.x.answer
	if r.hides() {
		want = withoutUsage(want)
	}
	if !bytes.Equal(body, want) {
		r.fail("the answer differs: %s", difference(body, want))
	}
	r.hidden = len(body) < len(r.x.answer)
	r.checkHeader(resp)
}

// checkHeader wants every recorded header, but for what the contract changes:
// cookies go, a stream has the type of a stream.
func (r *replay) checkHeader(resp *http.Response) {
	for name, value := range r.x.Response.Headers {
		switch strings.ToLower(name) {
		case "set-cookie":
			continue
		case "content-type":
			if r.x.Streaming {
				value = "text/event-stream"
			}
		case "server", "via":
			// The gateway adds its own word to these.
			continue
		}
		if got := resp.Header.Get(name); got != strings.TrimSpace(value) {
			r.fail("header %s = %q, recorded %q", name, got, value)
		}
	}
	if model := r.x.model(); resp.StatusCode == http.StatusOK && resp.Header.Get("X-Kong-Llm-Model") != "openai/"+model {
		r.fail("X-Kong-LLM-Model = %q, want openai/%s", resp.Header.Get("X-Kong-Llm-Model"), model)
	}
}

// hides tells whether the gateway asked for usage that the caller did not ask
// for, and so hides it.
func (r *replay) hides() bool {
	return r.ask && r.x.Streaming && r.x.hasStreamOptions() && r.streams() && !r.x.asksUsage()
}

// streams tells whether the request is one for a stream.
func (r *replay) streams() bool { return r.x.fields["stream"] == true }

// checkQuestion holds what the upstream received against the recorded request
// with the edits of the contract.
func (r *replay) checkQuestion() {
	r.mu.Lock()
	got := r.got
	r.mu.Unlock()
	if got.times != 1 || got.err != nil {
		r.fail("the upstream was asked %d times (%v)", got.times, got.err)
		return
	}
	body, err := object(got.body)
	if err != nil {
		r.fail("the upstream received no JSON object: %v", err)
		return
	}
	if want := r.edited(); !reflect.DeepEqual(body, want) {
		r.fail("the upstream received another body: %s", difference(got.body, encode(want)))
	}
	for name, value := range r.x.Request.Headers {
		if !strings.EqualFold(name, "Connection") && got.header.Get(name) != value {
			r.fail("the upstream received %s = %q, recorded %q", name, got.header.Get(name), value)
		}
	}
	if got.method != r.x.Request.Method || got.header.Get("Accept-Encoding") != "identity" {
		r.fail("the upstream received method %s, Accept-Encoding %q", got.method, got.header.Get("Accept-Encoding"))
	}
}

// edited is the recorded request as the contract has it sent: the model of the
// route, the stream flag explicit where a model generates, usage asked for,
// no top_k.
func (r *replay) edited() map[string]any {
	want := maps.Clone(r.x.fields)
	delete(want, "top_k")
	if !r.x.named() {
		want["model"] = r.x.model()
	}
	if !r.x.hasStreamOptions() {
		return want
	}
	want["stream"] = r.streams()
	if r.ask && r.streams() {
		options := map[string]any{}
		recorded, _ := want["stream_options"].(map[string]any)
		maps.Copy(options, recorded)
		options["include_usage"] = true
		want["stream_options"] = options
	}
	return want
}

// difference shows where two texts part.
func difference(got, want []byte) string {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	window := func(b []byte) []byte { return b[max(0, i-40):min(len(b), i+160)] }
	return fmt.Sprintf("at byte %d of %d (want %d)\n\t got  %q\n\t want %q", i, len(got), len(want), window(got), window(want))
}
