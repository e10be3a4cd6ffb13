package relay

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/h1"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/provider"
)

const (
	hi      = `{"id":"1","model":"m-1", "choices":[{"message":{"content":"Hi."}}],"usage":{"prompt_tokens":25,"completion_tokens":12,"total_tokens":37}}`
	noUsage = `{"model":"m-1","choices":[{"message":{"content":"The answer to 1 + 1 is 2."}}]}`
)

// received asks tg and gives it the reply.
func received(t *testing.T, tg *Target, ex *flow.Exchange, r *flow.Reply) error {
	t.Helper()
	return prepared(t, tg, ex).Call.Receive(ex, r)
}

// cancelable lets the caller of ex go away.
func cancelable(ex *flow.Exchange) context.CancelFunc {
	ctx, cancel := context.WithCancel(ex.Ctx)
	ex.Ctx = ctx
	return cancel
}

func zipped(s string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.Bytes()
}

// stored is gzip that compresses nothing.
func stored(b []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.NoCompression)
	for len(b) > 0 {
		n := min(100, len(b))
		_, _ = z.Write(b[:n])
		_ = z.Flush()
		b = b[n:]
	}
	_ = z.Close()
	return out.Bytes()
}

func unzipped(t *testing.T, s string) string {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(s))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// asked is a question with a model of the caller's.
func asked(fields ...string) *flow.Exchange { return asking(`{"model":"m",`+hello[1:], fields...) }

func TestPlainAnswer(t *testing.T) {
	for _, compressed := range []bool{false, true} {
		for _, takes := range []bool{false, true} {
			ex := asked()
			if takes {
				ex = asked("Accept-Encoding: gzip")
			}
			r := answer(200, "application/json", cutAt([]byte(hi), 7))
			if compressed {
				r = answer(200, "application/json", cutAt(zipped(hi), 7))
				r.Header.Set("Content-Encoding", "gzip")
			}
			r.Header.Set("Set-Cookie", "a=b")
			if err := received(t, target(t, nil), ex, r); err != nil {
				t.Fatal(err)
			}
			body := read(t, r.Stream)
			if int64(len(body)) != r.Length {
				t.Errorf("%d bytes are announced, %d sent", r.Length, len(body))
			}
			if still := r.Header.Has("Content-Encoding"); still != (compressed && takes) {
				t.Errorf("compressed %t, takes it %t: Content-Encoding is there: %t", compressed, takes, still)
			} else if still {
				body = unzipped(t, body)
			}
			if body != hi {
				t.Errorf("body %q", body)
			}
			want := llm.Usage{Prompt: 25, Completion: 12, Total: 37}
			if !reflect.DeepEqual(ex.AI.Usage, want) || ex.AI.ResponseModel != "m-1" {
				t.Errorf("usage %+v, model %q", ex.AI.Usage, ex.AI.ResponseModel)
			}
			if r.Header.Get("X-Kong-LLM-Model") != "openai/m" || r.Header.Has("Set-Cookie") {
				t.Errorf("header %v", r.Header)
			}
		}
	}
}

// TestUnusableAnswers are the texts of the contract.
func TestUnusableAnswers(t *testing.T) {
	const failed = "transformation failed from type openai://"
	for _, tt := range []struct{ routeType, body, want string }{
		{provider.Chat, `{}`, failed + "llm/v1/chat: 'choices' not in llm/v1/chat response"},
		{provider.Chat, `<html>`, failed + "llm/v1/chat: failed to decode llm/v1/chat response"},
		{provider.Chat, ``, failed + "llm/v1/chat: failed to decode llm/v1/chat response"},
		{provider.Chat, `{"choices":[`, failed + "llm/v1/chat: failed to decode llm/v1/chat response"},
		{provider.Completions, `{"a":1}`, failed + "llm/v1/completions: 'choices' not in llm/v1/completions response"},
		{provider.Embeddings, `<html>`, ""},
		{provider.Responses, `{}`, ""},
		{provider.Preserve, `garbage`, ""},
	} {
		ex := asking(`{"model":"m","input":"a"}`)
		switch tt.routeType {
		case provider.Chat:
			ex = asked()
		case provider.Completions:
			ex = asking(`{"model":"m","prompt":"a"}`)
		}
		err := received(t, target(t, set(tt.routeType, "")), ex, answer(200, "application/json", cutAt([]byte(tt.body))))
		if got := message(err); got != tt.want {
			t.Errorf("%s %s: got %q, want %q", tt.routeType, tt.body, got, tt.want)
		}
		if f := fault.As(err); err != nil && (f.Status() != 500 || f.Shape != fault.AI || f.Header.Get("X-Kong-LLM-Model") != "openai/m") {
			t.Errorf("%s: %d, %v", tt.body, f.Status(), f.Header)
		}
	}
}

func TestGarbageInGzip(t *testing.T) {
	for name, body := range map[string][]byte{"no gzip": []byte("x"), "cut": zipped(hi)[:40], "garbage": zipped("<html>"), "a bomb": zipped(strings.Repeat(" ", 1<<16))} {
		r := answer(200, "application/json", cutAt(body))
		r.Header.Set("Content-Encoding", "gzip")
		tg := target(t, func(s *Settings) { s.CollectLimit = 1 << 12 })
		err := received(t, tg, asked("Accept-Encoding: gzip"), r)
		if got := message(err); !strings.Contains(got, "failed to decode llm/v1/chat response") {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// TestErrorsPass: what the provider refuses reaches the caller as it is.
func TestErrorsPass(t *testing.T) {
	const body = `<h1>No</h1>`
	for _, stream := range []string{"true", "false"} {
		for _, takes := range []string{"gzip", "identity"} {
			ex := asking(`{"model":"m","stream":`+stream+`,`+hello[1:], "Accept-Encoding: "+takes)
			r := answer(401, "text/html", cutAt(zipped(body), 5))
			r.Header.Set("Content-Encoding", "gzip")
			if err := received(t, target(t, nil), ex, r); err != nil {
				t.Fatal(err)
			}
			got := read(t, r.Stream)
			if takes == "gzip" {
				got = unzipped(t, got)
			}
			if got != body || r.Header.Get("Content-Type") != "text/html" || r.Header.Has("X-Kong-LLM-Model") {
				t.Errorf("stream %s, %s: %q, %v", stream, takes, got, r.Header)
			}
			if u := ex.AI.Usage; u.Prompt != 0 || u.Completion != 0 || u.Total != 0 || u.Estimated {
				t.Errorf("usage %+v", u)
			}
		}
	}
}

// TestNoAnswer: a question that was sent counts, also when no answer comes.
func TestNoAnswer(t *testing.T) {
	failed := func(cause error) flow.Attempt {
		return flow.Attempt{State: "failed", Err: &fault.Error{Kind: fault.Timeout, Cause: cause}}
	}
	refused, silent := failed(&h1.Error{Err: errBroken}), failed(&h1.Error{Err: errBroken, Sent: true, Timeout: true})
	left := flow.Attempt{Err: &fault.Error{Kind: fault.Canceled}}
	for _, tt := range []struct {
		name     string
		attempts []flow.Attempt
		want     llm.Usage
	}{
		{"not sent", nil, llm.Usage{}},
		{"refused", []flow.Attempt{refused, refused}, llm.Usage{}},
		{"silent", []flow.Attempt{silent}, llm.Usage{Prompt: 5, Total: 5, Estimated: true}},
		{"silent, then refused", []flow.Attempt{silent, refused}, llm.Usage{Prompt: 5, Total: 5, Estimated: true}},
		{"the caller left", []flow.Attempt{left}, llm.Usage{Prompt: 5, Total: 5, Estimated: true}},
	} {
		ex := prepared(t, target(t, nil), asking(`{"model":"m","messages":[{"content":"one two three four five"}]}`))
		ex.Attempts = tt.attempts
		ex.Call.(flow.Settler).Settle(ex)
		if !reflect.DeepEqual(ex.AI.Usage, tt.want) {
			t.Errorf("%s: got %+v, want %+v", tt.name, ex.AI.Usage, tt.want)
		}
	}
}

// TestSettledByItsAnswer: an answer that came says itself what it cost.
func TestSettledByItsAnswer(t *testing.T) {
	for status, want := range map[int]llm.Usage{200: {Prompt: 25, Completion: 12, Total: 37}, 500: {}} {
		ex := asked()
		if err := received(t, target(t, nil), ex, answer(status, "application/json", cutAt([]byte(hi)))); err != nil {
			t.Fatal(err)
		}
		ex.Attempts = []flow.Attempt{{Err: &fault.Error{Kind: fault.Canceled}}}
		ex.Call.(flow.Settler).Settle(ex)
		if !reflect.DeepEqual(ex.AI.Usage, want) {
			t.Errorf("status %d: got %+v, want %+v", status, ex.AI.Usage, want)
		}
	}
}

func TestModelHeader(t *testing.T) {
	for _, tt := range []struct {
		on    bool
		debug string
		want  string
	}{{true, "", "openai/m"}, {false, "", ""}, {false, "Kong-Debug: 0", "openai/m"}} {
		ex := asked()
		if tt.debug != "" {
			ex = asked(tt.debug)
		}
		r := answer(200, "application/json", cutAt([]byte(hi)))
		if err := received(t, target(t, func(s *Settings) { s.ModelHeader = tt.on }), ex, r); err != nil {
			t.Fatal(err)
		}
		if got := r.Header.Get("X-Kong-LLM-Model"); got != tt.want {
			t.Errorf("%+v: got %q", tt, got)
		}
	}
}

func TestEstimates(t *testing.T) {
	for _, tt := range []struct {
		name, routeType, body string
		stream                bool
		answer                string
		want                  llm.Usage
	}{
		{"chat", provider.Chat, `{"model":"m","messages":[{"content":"one two three"}]}`, false, noUsage, llm.Usage{Prompt: 3, Completion: 7, Total: 10, Estimated: true}},
		{"stream: ten words and 25 letters", provider.Chat, `{"model":"m","stream":true,"messages":[{"content":"1 2 3 4 5 6"},{"content":"7 8 9 10"}]}`, true, "data: " + noUsage + "\n\ndata: [DONE]\n\n", llm.Usage{Prompt: 18, Completion: 7, Total: 25, Estimated: true}},
		{"half up", provider.Chat, `{"model":"m","stream":true,"messages":[{"content":"1 2 3"}]}`, true, "data: [DONE]\n\n", llm.Usage{Prompt: 5, Completion: 0, Total: 5, Estimated: true}},
		{"half a usage", provider.Chat, `{"model":"m","messages":[{"content":"a"}]}`, false, `{"choices":[],"usage":{"prompt_tokens":4,"total_tokens":90}}`, llm.Usage{Prompt: 4, Completion: 0, Total: 4, Estimated: true}},
		{"spread over lines", provider.Chat, `{"model":"m","messages":[{"content":"a"}]}`, false, "{\n  \"choices\" : [ {\n \"message\" : {\n \"content\" :\t\"12345678\"}}]}", llm.Usage{Prompt: 1, Completion: 2, Total: 3, Estimated: true}},
		{"responses", provider.Responses, `{"model":"m","input":"a"}`, false, `{"output":[{"content":[{"type":"output_text","text":"12345678"}]}],"text":{"format":{"type":"text"}}}`, llm.Usage{Prompt: 1, Completion: 2, Total: 3, Estimated: true}},
		{"preserve", provider.Preserve, `{"model":"m","messages":[{"content":"a"}]}`, false, `{"choices":[{"message":{"content":"12345678"}}]}`, llm.Usage{Prompt: 1, Completion: 2, Total: 3, Estimated: true}},
		{"embeddings", provider.Embeddings, `{"model":"m","input":["a b","c"]}`, false, `{"data":[]}`, llm.Usage{Prompt: 3, Completion: 0, Total: 3, Estimated: true}},
		{"embeddings with usage", provider.Embeddings, `{"model":"m","input":"a"}`, false, `{"usage":{"prompt_tokens":8,"total_tokens":8}}`, llm.Usage{Prompt: 8, Completion: 0, Total: 8}},
		{"a stored answer", provider.Responses, ``, false, `{"usage":{"input_tokens":8,"output_tokens":9}}`, llm.Usage{}},
	} {
		ex := asking(tt.body)
		contentType := "application/json"
		if tt.stream {
			contentType = "text/event-stream"
		}
		r := answer(200, contentType, cutAt([]byte(tt.answer)))
		if err := received(t, target(t, set(tt.routeType, "")), ex, r); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		read(t, r.Stream)
		if !reflect.DeepEqual(ex.AI.Usage, tt.want) {
			t.Errorf("%s: got %+v, want %+v", tt.name, ex.AI.Usage, tt.want)
		}
	}
}

// TestUnknownCoding: an answer that cannot be read counts by its size.
func TestUnknownCoding(t *testing.T) {
	ex := asking(`{"model":"m","input":"a"}`)
	r := answer(200, "application/json", cutAt([]byte("\x1b\x00 not to be read")))
	r.Header.Set("Content-Encoding", "br")
	if err := received(t, target(t, set(provider.Responses, "")), ex, r); err != nil {
		t.Fatal(err)
	}
	if want := (llm.Usage{Prompt: 1, Completion: 5, Total: 6, Estimated: true}); !reflect.DeepEqual(ex.AI.Usage, want) {
		t.Errorf("got %+v, want %+v", ex.AI.Usage, want)
	}
}

// TestStreamUsage: whatever spelling usage comes in, it is counted.
func TestStreamUsage(t *testing.T) {
	for _, tt := range []struct {
		name, stream string
		usage        llm.Usage
		model        string
	}{
		{"chat", `{"model":"a","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}`, llm.Usage{Prompt: 3, Completion: 2, Total: 5}, "a"},
		{"responses", `{"type":"response.completed","response":{"model":"b","service_tier":"flex","usage":{"input_tokens":7,"output_tokens":8,"total_tokens":15}}}`, llm.Usage{Prompt: 7, Completion: 8, Total: 15, ServiceTier: "flex"}, "b"},
		{"groq", `{"model":"c","x_groq":{"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}}`, llm.Usage{Prompt: 3, Completion: 4, Total: 7}, "c"},
		{"tier", `{"model":"d","service_tier":"priority","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}`, llm.Usage{Prompt: 1, Completion: 1, Total: 2, ServiceTier: "priority"}, "d"},
	} {
		m := meterOf(t, target(t, nil), false, "text/event-stream", cutAt([]byte("data:  "+tt.stream+"\n\n")))
		read(t, m)
		if !reflect.DeepEqual(m.c.ai.Usage, tt.usage) || m.c.ai.ResponseModel != tt.model {
			t.Errorf("%s: got %+v, %q", tt.name, m.c.ai.Usage, m.c.ai.ResponseModel)
		}
	}
}

// TestTotalsNeverWrap: a provider cannot make a count negative.
func TestTotalsNeverWrap(t *testing.T) {
	const most = "9223372036854775807"
	ex := asked()
	r := answer(200, "application/json", cutAt([]byte(`{"choices":[],"usage":{"prompt_tokens":`+most+`,"completion_tokens":`+most+`}}`)))
	if err := received(t, target(t, nil), ex, r); err != nil {
		t.Fatal(err)
	}
	if ex.AI.Usage.Total < ex.AI.Usage.Prompt {
		t.Errorf("got %+v", ex.AI.Usage)
	}
}

// little makes everything beyond 1 KiB a large answer.
func little(s *Settings) { s.CollectLimit = 1 << 10 }

// largeAnswer passes body as it is through a target for which it is large.
func largeAnswer(t *testing.T, ex *flow.Exchange, change func(*Settings), r *flow.Reply) string {
	t.Helper()
	tg := target(t, func(s *Settings) {
		little(s)
		change(s)
	})
	if err := received(t, tg, ex, r); err != nil {
		t.Fatal(err)
	}
	return read(t, r.Stream)
}

// TestLargeAnswer: what does not fit is passed on as it comes, and its usage
// is found all the same.
func TestLargeAnswer(t *testing.T) {
	text := `{"message":{"content":"\"usage\":{} ` + strings.Repeat("x", 50000) + `"}}`
	const usage = `"usage":{"prompt_tokens":25,"completion_tokens":12},"service_tier":"flex","model":"m-1"`
	for name, body := range map[string]string{
		"at its end":   `{"choices":[` + text + `],` + usage + `}`,
		"at its begin": `{` + usage + `,"choices":[` + text + `]}`,
	} {
		for _, size := range []int{1000, 20000, 100000} {
			ex := asked()
			r := answer(200, "application/json", cutAt([]byte(body), size))
			r.Length = int64(len(body))
			if got := largeAnswer(t, ex, func(*Settings) {}, r); got != body {
				t.Errorf("%s, pieces of %d: the body differs", name, size)
			}
			want := llm.Usage{Prompt: 25, Completion: 12, Total: 37, ServiceTier: "flex"}
			if !reflect.DeepEqual(ex.AI.Usage, want) || ex.AI.ResponseModel != "m-1" {
				t.Errorf("%s, pieces of %d: usage %+v, model %q", name, size, ex.AI.Usage, ex.AI.ResponseModel)
			}
		}
	}
}

// TestLargeAnswerWithoutUsage: what was generated is estimated from its text,
// or by its size where that cannot be read.
func TestLargeAnswerWithoutUsage(t *testing.T) {
	noise, random := make([]byte, 6000), rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = 'a' + byte(random.IntN(26))
	}
	chat := `{"choices":[{"message":{"content" : "` + string(noise) + `"}}],"x":"` + string(noise) + `"}`
	responses := `{"output":[{"content":[{"type":"output_text","text":"` + string(noise) + `"}]}]}`
	for _, tt := range []struct {
		name, routeType, coding, contentType string
		body                                 []byte
		want                                 int
	}{
		{"chat", provider.Chat, "", "application/json", []byte(chat), 6000},
		{"as it says itself", provider.Chat, "identity", "application/json", []byte(chat), 6000},
		{"compressed", provider.Chat, "gzip", "application/json", zipped(chat), 6000},
		{"compressed, cut off", provider.Chat, "gzip", "application/json", zipped(chat)[:len(zipped(chat))-8], 6000},
		{"another coding", provider.Chat, "br", "application/json", []byte(chat), len(chat)},
		{"not compressed at all", provider.Chat, "gzip", "application/json", []byte(chat), len(chat)},
		{"responses", provider.Responses, "", "application/json", []byte(responses), 6000},
		{"preserve", provider.Preserve, "", "application/json", []byte(chat), 6000},
		{"no JSON", provider.Preserve, "", "audio/mpeg", []byte(chat), 0},
		{"no JSON, compressed", provider.Preserve, "gzip", "audio/mpeg", zipped(chat), 0},
		{"embeddings", provider.Embeddings, "", "application/json", []byte(chat), 0},
	} {
		ex := asking(`{"model":"m","input":"a","messages":[{"content":"a"}]}`, "Accept-Encoding: gzip")
		if tt.routeType == provider.Embeddings || tt.routeType == provider.Responses {
			ex = asking(`{"model":"m","input":"a"}`, "Accept-Encoding: gzip")
		}
		r := answer(200, tt.contentType, cutAt(tt.body, 700))
		if tt.coding != "" {
			r.Header.Set("Content-Encoding", tt.coding)
		}
		got := largeAnswer(t, ex, func(s *Settings) { s.RouteType = tt.routeType }, r)
		if got != string(tt.body) || r.Header.Get("Content-Encoding") != tt.coding {
			t.Errorf("%s: the body, or its coding, differs", tt.name)
		}
		if u := ex.AI.Usage; u.Completion != int64(tt.want+3)/4 || !u.Estimated {
			t.Errorf("%s: usage %+v, want %d", tt.name, u, (tt.want+3)/4)
		}
	}
}

// TestLargeAnswerLeft: usage is settled also when nobody reads to the end.
func TestLargeAnswerLeft(t *testing.T) {
	for _, begun := range []bool{true, false} {
		for _, coding := range []string{"identity", "gzip"} {
			body := []byte(`{"choices":[{"message":{"content":"` + strings.Repeat("x", 5000) + `"}}]}`)
			if coding == "gzip" {
				body = stored(body)
			}
			ex, src := asked("Accept-Encoding: gzip"), cutAt(body, 500)
			r := answer(200, "application/json", src)
			r.Header.Set("Content-Encoding", coding)
			if err := received(t, target(t, little), ex, r); err != nil {
				t.Fatal(err)
			}
			if begun {
				if _, err := r.Stream.Next(); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				if err := r.Stream.Close(); err != nil || src.closed == 0 {
					t.Errorf("closed %d times: %v", src.closed, err)
				}
			}
			if u := ex.AI.Usage; u.Prompt != 1 || !u.Estimated || u.Completion < 200 || u.Completion > 400 {
				t.Errorf("begun %t, %s: usage %+v", begun, coding, u)
			}
		}
	}
}

func TestAnswerBreaksOff(t *testing.T) {
	for _, gone := range []bool{false, true} {
		ex := asked()
		cancel := cancelable(ex)
		if gone {
			cancel()
		}
		src := cutAt([]byte(hi[:20]))
		src.end = errBroken
		err := received(t, target(t, nil), ex, answer(200, "application/json", src))
		want := map[bool]int{false: 502, true: 499}[gone]
		if f := fault.As(err); f.Status() != want || !errors.Is(err, errBroken) {
			t.Errorf("caller gone %t: %v", gone, err)
		}
		cancel()
	}
}

// TestStreamInGzip: a stream that comes compressed goes out plain.
func TestStreamInGzip(t *testing.T) {
	const stream = "data: {\"choices\":[1]}\n\ndata: [DONE]\n\n"
	ex := asking(`{"model":"m","stream":true,`+hello[1:], "Accept-Encoding: gzip")
	r := answer(200, "text/event-stream; charset=utf-8", cutAt(zipped(stream), 3))
	r.Header.Set("Content-Encoding", "gzip")
	r.Length = 99
	if err := received(t, target(t, nil), ex, r); err != nil {
		t.Fatal(err)
	}
	if got := read(t, r.Stream); got != stream {
		t.Errorf("got %q", got)
	}
	if r.Header.Has("Content-Encoding") || r.Length != -1 || !r.Events || r.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("header %v, length %d", r.Header, r.Length)
	}
}

func TestPayloads(t *testing.T) {
	tg := target(t, func(s *Settings) { s.Logging.LogPayloads = true })
	ex := asked()
	if err := received(t, tg, ex, answer(200, "application/json", cutAt([]byte(hi)))); err != nil {
		t.Fatal(err)
	}
	if string(ex.AI.ResponseBody) != hi || string(ex.AI.RequestBody) != `{"model":"m",`+hello[1:len(hello)-1]+`,"stream":false}` {
		t.Errorf("request %s, response %s", ex.AI.RequestBody, ex.AI.ResponseBody)
	}
}

// TestCallerLeaves: nothing is written to who is not there.
func TestCallerLeaves(t *testing.T) {
	src := cutAt([]byte("data: a\n\n"))
	src.end = context.Canceled
	m := meterOf(t, target(t, nil), false, "text/event-stream", src)
	ctx, cancel := context.WithCancel(context.Background())
	m.ex.Ctx = ctx
	if _, err := m.Next(); err != nil {
		t.Fatal(err)
	}
	cancel()
	for range 2 {
		if f, err := m.Next(); err == nil || len(f.Data) > 0 {
			t.Errorf("got %q, %v", f.Data, err)
		}
	}
	if !m.over || src.closed == 0 {
		t.Errorf("counted %t, closed %d", m.over, src.closed)
	}
}

// TestStreamClosedEarly: usage is settled also when nobody reads to the end.
func TestStreamClosedEarly(t *testing.T) {
	src := cutAt([]byte("data: {\"choices\":[{\"delta\":{\"content\":\"12345678\"}}]}\n\n"))
	m := meterOf(t, target(t, nil), false, "text/event-stream", src)
	if _, err := m.Next(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if u := m.c.ai.Usage; u.Completion != 2 || u.Prompt != 5 || !u.Estimated || src.closed == 0 {
		t.Errorf("usage %+v, closed %d", u, src.closed)
	}
}
