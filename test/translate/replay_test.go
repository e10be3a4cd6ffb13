package translate

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// replay is one way through the gateway of an exchange.
type replay struct {
	id     string
	x      *exchange
	caller string // by llm_format
	cut    cut
	q      question

	mu       sync.Mutex // guards got
	got      received
	problems []string
}

// shortStream is how long a stream may be to be sent byte by byte.
const shortStream = 6 << 10

// plan lists the replays: for each exchange callers of every other format, and
// streams in every cut. A plain answer goes to callers who want a stream too:
// not every provider can.
func plan(exchanges []*exchange) []*replay {
	var all []*replay
	for _, x := range exchanges {
		for _, name := range slices.Sorted(maps.Keys(callers)) {
			if name == apis[x.API].same || !reaches(x, callers[name]) || *caller != "" && name != *caller {
				continue
			}
			add := func(q question, c cut) {
				all = append(all, &replay{id: fmt.Sprintf("%s.%d", x.ID, len(all)), x: x, caller: name, cut: c, q: q})
			}
			q := ask(x, callers[name], x.Streaming)
			for _, c := range cuts(x) {
				add(q, c)
			}
			if !x.Streaming && strings.HasPrefix(x.contentType(), "application/json") {
				add(ask(x, callers[name], true), unasked)
			}
		}
	}
	return all
}

// reaches tells whether an answer can be one to callers of a format.
func reaches(x *exchange, f *format) bool {
	w := apis[x.API].ways[f.routeType]
	if w == nil || !strings.HasPrefix(x.model(), w.models) || f.texts && x.told.calls() {
		return false
	}
	if f.texts && !f.choices && len(x.told.choices) > 1 { // the tokens of each are not known
		return false
	}
	return x.API != "bedrock.invoke" || invoked(x, f)
}

func cuts(x *exchange) []cut {
	switch {
	case !x.Streaming:
		return []cut{whole}
	case len(x.answer) > shortStream:
		return []cut{whole, events, odd}
	}
	return []cut{whole, events, odd, bytes1}
}

// fail notes a problem.
func (r *replay) fail(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

// run sends the question and checks the answer and what the upstream received.
func (r *replay) run(g *gateway) {
	req, err := http.NewRequest(http.MethodPost, g.url+r.q.address, bytes.NewReader(r.q.body))
	if err != nil {
		r.fail("%v", err)
		return
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Replay-Id", r.id)
	req.Header.Set("X-Replay-Route", routeName(r.x.API, r.caller))
	resp, err := g.client.Do(req)
	if err != nil {
		r.fail("%v", err)
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.fail("the answer broke off: %v", err)
	}
	r.checkAnswer(resp, body)
	r.checkQuestion()
}

// checkAnswer reads what the caller got and holds it against the recording.
func (r *replay) checkAnswer(resp *http.Response, body []byte) {
	f, want := callers[r.caller], r.x.told
	if resp.StatusCode != http.StatusOK {
		r.checkRefusal(resp.StatusCode, body)
		return
	}
	framing, contentType := "document", f.document
	if r.q.stream {
		framing, contentType = f.framing, f.events
	}
	mediaType, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	if mediaType != contentType {
		r.fail("the content type is %q", resp.Header.Get("Content-Type"))
	}
	frames, err := split(framing, body)
	if err != nil {
		r.fail("the answer cannot be taken apart: %v", err)
		return
	}
	got, err := tell(f.read, frames, r.q.stream)
	if err != nil {
		r.fail("the answer cannot be read: %v", err)
		return
	}
	r.compare(f, got, want)
	r.checkForm(f, frames, got)
}

// checkRefusal: an answer that is an error in disguise may become one that is
// not.
func (r *replay) checkRefusal(status int, body []byte) {
	if r.x.told.failed == "" || status < 400 {
		r.fail("status %d: %.300s", status, body)
		return
	}
	if !r.x.told.broken && !strings.Contains(string(body), r.x.told.failed) {
		r.fail("the error is not told: %.300s", body)
	}
}

// compare holds what was told to the caller against what the provider said.
func (r *replay) compare(f *format, got, want *told) {
	if got.failed != "" && want.failed == "" && want.choice(0).finish == "error" && f.means("failed", "error") {
		return
	}
	if (got.failed == "") != (want.failed == "") || !want.broken && got.failed != want.failed {
		r.fail("the error is %q, recorded %q", got.failed, want.failed)
	}
	for _, n := range want.numbers() {
		if n > 0 && !f.choices {
			break
		}
		r.compareChoice(f, n, got.choice(int64(n)), want.choices[n], want.failed != "")
	}
	if want.failed != "" {
		return
	}
	if want.prompt >= 0 && !f.counts && got.prompt != want.prompt {
		r.fail("usage: prompt %d, recorded %d", got.prompt, want.prompt)
	}
	if want.completion >= 0 && got.completion != want.completion {
		r.fail("usage: completion %d, recorded %d", got.completion, want.completion)
	}
}

func (r *replay) compareChoice(f *format, n int, got, want *choice, failed bool) {
	if got.text != want.text {
		r.fail("choice %d: the text %s", n, difference(got.text, want.text))
	}
	if got.thoughts != want.thoughts && (got.thoughts != "" || r.q.showsThoughts) {
		r.fail("choice %d: the thoughts %s", n, difference(got.thoughts, want.thoughts))
	}
	if failed {
		return
	}
	if g, w := got.callList(), want.callList(); g != w {
		r.fail("choice %d: the calls %s", n, difference(g, w))
	}
	if !f.means(got.class(), want.class()) {
		r.fail("choice %d: finish %q (%s), recorded %q (%s)", n, got.class(), got.reason, want.class(), want.reason)
	}
}

func (r *replay) checkForm(f *format, frames []frame, got *told) {
	p := newForm(frames, r.q.stream, got.failed != "")
	p.counted = r.x.told.prompt >= 0 || r.x.told.completion >= 0
	if len(p.documents) == 0 {
		r.fail("an empty answer")
		return
	}
	f.check(p)
	r.problems = append(r.problems, p.problems...)
	if !f.ids {
		return
	}
	if err := checkIDs(got); err != nil {
		r.fail("%v", err)
	}
	for n, c := range got.choices {
		if want := r.x.told.choices[n]; len(c.calls) > 0 && !f.means("stop", "tools") && c.finish == "stop" && want != nil && want.finish != "error" {
			r.fail("choice %d calls tools, but the finish is %s", n, c.reason)
		}
	}
}

// checkQuestion holds what the upstream received against what was asked.
func (r *replay) checkQuestion() {
	r.mu.Lock()
	got := r.got
	r.mu.Unlock()
	if got.times != 1 || got.err != nil {
		r.fail("the upstream was asked %d times: %v", got.times, got.err)
		return
	}
	body, err := decode(got.body)
	if err != nil {
		r.fail("the upstream received no object: %v", err)
		return
	}
	if name := body.text("model"); name != r.q.model && !apis[r.x.API].ways[callers[r.caller].routeType].inPath {
		r.fail("the upstream received model %q, asked was %q", name, r.q.model)
	}
	all := stringsOf(map[string]any(body))
	for _, text := range r.q.texts {
		if !slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, text) }) {
			r.fail("this of the question has not reached the upstream: %.100q", text)
		}
	}
}

// difference shows where two texts part.
func difference(got, want string) string {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	window := func(s string) string { return s[max(0, i-40):min(len(s), i+100)] }
	return fmt.Sprintf("at byte %d of %d (recorded %d): got %q, want %q", i, len(got), len(want), window(got), window(want))
}
