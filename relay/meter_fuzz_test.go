package relay

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire/sse"
)

// metered is what came out of a meter.
type metered struct {
	out       string
	usage     llm.Usage
	model     string
	err       string
	estimated int
	reader    framing
	last      error
}

// meterOf puts a meter over a stream, as if usage had been asked for or not.
func meterOf(tb testing.TB, t *Target, hide bool, contentType string, src flow.Stream) *meter {
	tb.Helper()
	ask := `{"model":"m","messages":[{"role":"user","content":"a b c"}],"stream":true`
	if !hide {
		ask += `,"stream_options":{"include_usage":true}`
	}
	ex := asking(ask + "}")
	if err := calling(t, ex); err != nil {
		tb.Fatal(err)
	}
	if err := ex.Call.Prepare(ex, 0); err != nil {
		tb.Fatal(err)
	}
	r := answer(200, contentType, src)
	if err := ex.Call.Receive(ex, r); err != nil {
		tb.Fatal(err)
	}
	return r.Stream.(*meter)
}

func run(tb testing.TB, t *Target, hide bool, contentType string, src flow.Stream, limit int) metered {
	tb.Helper()
	m := meterOf(tb, t, hide, contentType, src)
	var got metered
	for {
		f, err := m.Next()
		if err != nil {
			got.last = err
			break
		}
		if len(f.Data) == 0 {
			tb.Fatal("an empty frame")
		}
		got.out += string(f.Data)
		if held := m.split.Pending() + len(m.cutter.line) + len(m.held); limit > 0 && held > limit {
			tb.Fatalf("%d bytes of an unfinished event are kept, the limit is %d", held, limit)
		}
	}
	if _, err := m.Next(); !errors.Is(err, got.last) {
		tb.Fatalf("after the end (%v): %v", got.last, err)
	}
	ai := m.c.ai
	got.usage, got.model, got.err = ai.Usage, ai.ResponseModel, ai.Error
	got.estimated, got.reader = m.text, m.reader
	return got
}

var streamTypes = []string{"text/event-stream", "", "application/stream+json", "application/x-ndjson; charset=utf-8", "text/html"}

var meterSeeds = []string{
	"data: {\"model\":\"m-1\",\"choices\":[{\"delta\":{\"content\":\"Hi \\\"you\\\"\"}}],\"usage\":null}\n\n" +
		"data: {\"model\":\"m-1\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\ndata: [DONE]\n\n",
	"\ufeffevent: a\r\nid: 1\r\ndata: {\"usage\" : null , \"choices\":[1]}\r\n\r\n: comment\r\n\r\ndata: {\"choices\":[{\"text\":\"x\"}],\"usage\":{\"prompt_tokens\":1}}\r\n\r\n",
	"data: {\"choices\":\ndata: [],\"usage\":{\"completion_tokens\":9.0}}\n\n",
	"data: {\"choices\":[1],\ndata: \"usage\":null}\n\n",
	"{\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n{\"usage\":{\"input_tokens\":1},\"choices\":[]}\n",
	" \n\n{\"usage\":null}\n\r\n{\"a\":1}",
	"event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"model\":\"r\",\"service_tier\":\"flex\",\"usage\":{\"input_tokens\":7,\"output_tokens\":8}}}\n\n",
	"data: {\"error\":{\"message\":\"no\"}}\n\n",
	"data: {\"x_groq\":{\"usage\":{\"prompt_tokens\":4}},\"usage\":null}\n\n",
	"data: {\"content\":\"broken\n\ndata: {\"content\":\"more\"}\n\n",
	"data: {\"us\\u0061ge\":null}\n\ndata: {\"usage\":null}\n\n",
	"data: {\"choices\":[],\"usage\":{},\"service_tier\":\"priority\"}",
	"\n\n\ndata: x\n\n", "data: a\n\n\ufeffdata: {\"usage\":null}\n\n", "\xef\xbb\xbf{\"a\":1}\n", "[1,2]", "<html>", "",
}

func seedMeter(f *testing.F) {
	f.Helper()
	for i, s := range meterSeeds {
		f.Add([]byte(s), []byte{byte(i + 1), 3}, i%2 == 0, byte(i))
	}
}

// FuzzMeter: however a stream is cut, the caller gets the same bytes and the
// log the same figures; and nothing but hidden usage is ever taken out.
func FuzzMeter(f *testing.F) {
	seedMeter(f)
	t := target(f, nil)
	f.Fuzz(func(tt *testing.T, data, cuts []byte, hide bool, kind byte) {
		contentType := streamTypes[int(kind)%len(streamTypes)]
		whole := run(tt, t, hide, contentType, cutAt(data), 0)
		for _, sizes := range [][]int{{1}, sizesOf(cuts)} {
			got := run(tt, t, hide, contentType, cutAt(data, sizes...), 0)
			if hide && mixed(data) {
				checkPassed(tt, data, got, hide)
				got.out = whole.out
			}
			if !reflect.DeepEqual(got, whole) { //nolint:govet // errors made twice are equal in what they hold
				tt.Fatalf("cut into pieces of %v:\n got %+v\nwant %+v", sizes, got, whole)
			}
		}
		checkPassed(tt, data, whole, hide)
	})
}

// mixed tells of line ends that are not all of one kind: where the blank line
// of a hidden event ends is then a matter of what has come so far.
func mixed(data []byte) bool {
	pairs := bytes.Count(data, []byte("\r\n"))
	lone := bytes.Count(data, []byte("\r")) - pairs
	return lone > 0 && bytes.Contains(data, []byte("\n"))
}

func sizesOf(cuts []byte) []int {
	var sizes []int
	for _, c := range cuts {
		sizes = append(sizes, int(c))
	}
	return sizes
}

// checkPassed holds the output against the input.
func checkPassed(tb testing.TB, data []byte, got metered, hide bool) {
	tb.Helper()
	if !errors.Is(got.last, io.EOF) {
		tb.Fatalf("ended with %v", got.last)
	}
	switch got.reader {
	case refuse:
		if len(data) > 0 && !strings.Contains(got.out, `"error"`) {
			tb.Fatalf("a stream of no known kind gave %q", got.out)
		}
	case sniff, events:
		if !hide && got.out != string(data) {
			tb.Fatalf("not byte for byte:\n got %q\nwant %q", got.out, data)
		}
		if hide {
			checkHidden(tb, string(data), got.out)
		}
	case lines:
		if !strings.HasSuffix(got.out, "data: [DONE]\n\n") {
			tb.Fatalf("no end: %q", got.out)
		}
	}
}

// checkHidden walks over the events of input and output side by side.
func checkHidden(tb testing.TB, in, out string) {
	tb.Helper()
	was, is := sse.NewCursor([]byte(in)), sse.NewCursor([]byte(out))
	same := true
	for ev, ok := next(&was); ok; ev, ok = next(&was) {
		member, drop := hidden(ev.Data)
		same = same && !member && !drop
		if drop {
			continue
		}
		left, ok := next(&is)
		switch {
		case !ok:
			tb.Fatalf("event %q is missing in %q", ev.Raw, out)
		case !bytes.Equal(ev.Name, left.Name) || !bytes.Equal(ev.ID, left.ID),
			!member && !bytes.Equal(ev.Data, left.Data), member && !sameWithout(ev.Data, left.Data):
			tb.Fatalf("event %q became %q", ev.Raw, left.Raw)
		}
	}
	if left, more := next(&is); more {
		tb.Fatalf("event %q was not in the input", left.Raw)
	}
	if same && in != out {
		tb.Fatalf("nothing to hide, and yet %q became %q", in, out)
	}
}

// next is the next event with data.
func next(c *sse.Cursor) (sse.Event, bool) {
	for {
		if ev, ok := c.Next(); !ok || ev.HasData {
			return ev, ok
		}
	}
}

// hidden tells what of an event must not be seen: a null member, or all.
func hidden(data []byte) (member, drop bool) {
	var s [answerCount]jsonscan.Span
	var m map[string]json.RawMessage
	if !bytes.Contains(data, []byte(`"usage"`)) || answerKeys.Object(data, s[:]) != nil || json.Unmarshal(data, &m) != nil {
		return false, false
	}
	usage, ok := m["usage"]
	if !ok {
		return false, false
	}
	if string(usage) == "null" {
		return true, false
	}
	var choices []any
	return false, json.Unmarshal(m["choices"], &choices) == nil && choices != nil && len(choices) == 0
}

func sameWithout(was, is []byte) bool {
	var a, b map[string]any
	if json.Unmarshal(was, &a) != nil || json.Unmarshal(is, &b) != nil {
		return false
	}
	delete(a, "usage")
	return reflect.DeepEqual(a, b)
}

// FuzzMeterBroken: whatever came before, a source that fails gives one error
// and then the end; and no more than the limit is kept of an event.
func FuzzMeterBroken(f *testing.F) {
	seedMeter(f)
	const limit = 48
	t := target(f, func(s *Settings) { s.EventMaxBytes = limit })
	f.Fuzz(func(tt *testing.T, data, cuts []byte, hide bool, kind byte) {
		contentType := streamTypes[int(kind)%len(streamTypes)]
		src := cutAt(data, sizesOf(cuts)...)
		src.end = errBroken
		got := run(tt, t, hide, contentType, src, limit)
		if src.closed == 0 {
			tt.Error("the source was not closed")
		}
		errs := strings.Count(got.out, `"code":"stream_interrupted"`) + strings.Count(got.out, `{"error": true,`)
		errs -= strings.Count(string(data), `"code":"stream_interrupted"`) + strings.Count(string(data), `{"error": true,`)
		switch {
		case errors.Is(got.last, io.EOF) && errs > 1, errors.Is(got.last, io.EOF) && errs == 0 && !bytes.Contains(data, []byte("error")):
			tt.Fatalf("%d error events: %q", errs, got.out)
		case !errors.Is(got.last, io.EOF) && got.out != "":
			tt.Fatalf("%v after %q had gone out", got.last, got.out)
		case got.reader == lines && strings.Contains(got.out, "[DONE]") && !bytes.Contains(data, []byte("[DONE]")):
			tt.Fatalf("a broken stream says it is done: %q", got.out)
		}
	})
}

var errBroken = errors.New("the connection broke")

// FuzzReadUsage holds readUsage against a full decoder.
func FuzzReadUsage(f *testing.F) {
	for _, s := range []string{
		`{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"prompt_tokens_details":{"cached_tokens":1}}`,
		`{"input_tokens":5,"output_tokens":6.0,"input_tokens_details":{"cached_tokens":-1},"prompt_cache_hit_tokens":-7}`,
		`{"prompt_tokens":-1,"input_tokens":"x"}`, `null`, `{`, `{"completion_tokens_details":{"reasoning_tokens":1e3}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		u := llm.NoUsage()
		readUsage(&u, new(llm.UsageDetails), raw)
		for _, n := range counts(&u) {
			if n < -1 {
				t.Fatalf("%q: a count of %d in %+v", raw, n, u)
			}
		}
		var full map[string]any
		if jsonscan.NoDuplicates(raw) != nil || json.Unmarshal(raw, &full) != nil {
			return
		}
		if want := firstCount(full, "prompt_tokens", "input_tokens"); u.Prompt != want {
			t.Errorf("%s: prompt = %d, want %d", raw, u.Prompt, want)
		}
		if want := firstCount(full, "completion_tokens", "output_tokens"); u.Completion != want {
			t.Errorf("%s: completion = %d, want %d", raw, u.Completion, want)
		}
	})
}

func counts(u *llm.Usage) []int64 {
	out := []int64{u.Prompt, u.Completion, u.Total}
	if d := u.Details; d != nil {
		out = append(out, d.CachedPrompt, d.CacheWrite, d.AudioPrompt, d.Reasoning, d.AudioCompletion, d.AcceptedPrediction, d.RejectedPrediction)
	}
	return out
}

// firstCount is the first of names that can be a count.
func firstCount(m map[string]any, names ...string) int64 {
	for _, name := range names {
		if v, ok := m[name].(float64); ok && v >= 0 && v < maxCount && v == float64(int64(v)) {
			return int64(v)
		}
	}
	return -1
}
