package relay

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/provider/anthropic"
	"github.com/sluice-gateway/sluice/provider/compatible"
	"github.com/sluice-gateway/sluice/provider/gemini"
	"github.com/sluice-gateway/sluice/wire"
	wireanthropic "github.com/sluice-gateway/sluice/wire/anthropic"
	"github.com/sluice-gateway/sluice/wire/cohereembed"
	wiregemini "github.com/sluice-gateway/sluice/wire/gemini"
	"github.com/sluice-gateway/sluice/wire/openaichat"
)

const (
	claudeAnswer = `{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[{"type":"text","text":"Hi!"}],` +
		`"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":10,"output_tokens":3}}`
	claudeStream = `event: message_start
data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[],"usage":{"input_tokens":10,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"!"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}

event: message_stop
data: {"type":"message_stop"}

`
)

// claude is a target at Anthropic for callers of OpenAI's chat, changed by
// change.
func claude(tb testing.TB, change func(*Settings)) *Target {
	tb.Helper()
	return target(tb, func(s *Settings) {
		s.Provider, s.Client = anthropic.New(), openaichat.Client{}
		s.Model.Name, s.Model.Options.AnthropicVersion = "claude-x", "2023-06-01"
		s.Auth = provider.Auth{HeaderName: "x-api-key", HeaderValue: "sk-own"}
		if change != nil {
			change(s)
		}
	})
}

// translated is an exchange whose question has been written for its provider.
func translated(t *testing.T, tg *Target, body string, fields ...string) *flow.Exchange {
	t.Helper()
	ex := asking(body, fields...)
	if err := calling(tg, ex); err != nil {
		t.Fatal(err)
	}
	if err := ex.Call.Prepare(ex, 0); err != nil {
		t.Fatal(err)
	}
	return ex
}

func TestTranslatedQuestion(t *testing.T) {
	ex := translated(t, claude(t, func(s *Settings) { n := 99; s.Model.Options.MaxTokens = &n }),
		`{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hello"}],"max_tokens":5,"seed":1}`,
		"Authorization: Bearer caller", "OpenAI-Beta: x", "X-Other: kept")
	want := `{"model":"claude-x","system":"Be brief.","messages":[{"role":"user","content":"Hello"}],"max_tokens":99,"stream":false}`
	if got := sent(ex); !sameJSON(t, got, want) {
		t.Errorf("sent %s\nwant %s", got, want)
	}
	if got := ex.Out.Scheme + "://" + ex.Out.Host + ex.Out.URI(); got != "https://api.anthropic.com/v1/messages" {
		t.Errorf("sent to %s", got)
	}
	for name, want := range map[string]string{
		"Authorization": "", "OpenAI-Beta": "", "X-Other": "kept", "anthropic-version": "2023-06-01", "x-api-key": "sk-own",
		"Content-Type": "application/json", "Accept-Encoding": "identity",
	} {
		if got := ex.Out.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	compact := func(s string) []string {
		var out []string
		for f := wire.NewFields([]byte(s)); f.Next(); {
			out = append(out, f.Name()+"="+string(f.Value()))
		}
		return out
	}
	x, y := compact(a), compact(b)
	seen := map[string]int{}
	for _, m := range x {
		seen[m]++
	}
	for _, m := range y {
		seen[m]--
	}
	for _, n := range seen {
		if n != 0 {
			return false
		}
	}
	return len(x) > 0
}

// TestTranslatedLongQuestion: a long text goes out whole, at every attempt, and
// into the log, though it is not copied.
func TestTranslatedLongQuestion(t *testing.T) {
	long := strings.Repeat(`say \"hi\" `, 1000)
	ex := translated(t, claude(t, func(s *Settings) { s.Logging.LogPayloads = true }),
		`{"messages":[{"role":"system","content":"`+long+`"},{"role":"user","content":[{"type":"text","text":"`+long+`"},{"type":"text","text":"short"}]}]}`)
	want := `{"model":"claude-x","stream":false,"max_tokens":16384,"system":"` + long + `","messages":[{"role":"user","content":[` +
		`{"type":"text","text":"` + long + `"},{"type":"text","text":"short"}]}]}`
	for attempt := range 2 {
		if attempt > 0 {
			if err := ex.Call.Prepare(ex, attempt); err != nil {
				t.Fatal(err)
			}
		}
		if got := sent(ex); got != want {
			t.Errorf("attempt %d sent %s", attempt, got)
		}
	}
	if got := string(ex.AI.RequestBody); got != want {
		t.Errorf("logged %s", got)
	}
}

func TestTranslatedAnswer(t *testing.T) {
	ex := translated(t, claude(t, nil), hello)
	r := answer(200, "application/json", flow.Whole([]byte(claudeAnswer)))
	if err := ex.Call.Receive(ex, r); err != nil {
		t.Fatal(err)
	}
	got := read(t, r.Stream)
	for _, want := range []string{`"id":"msg_1"`, `"object":"chat.completion"`, `"content":"Hi!"`, `"finish_reason":"stop"`, `"prompt_tokens":10,"completion_tokens":3,"total_tokens":13`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	if u := ex.AI.Usage; u.Prompt != 10 || u.Completion != 3 || u.Estimated || ex.AI.ResponseModel != "claude-x" {
		t.Errorf("counted %+v of %s", u, ex.AI.ResponseModel)
	}
	if got := r.Header.Get("X-Kong-LLM-Model"); got != "anthropic/claude-x" {
		t.Errorf("X-Kong-LLM-Model: %q", got)
	}
}

// The stream says the same however it is cut.
func TestTranslatedStream(t *testing.T) {
	for _, size := range []int{1, 7, 100, len(claudeStream)} {
		ex := translated(t, claude(t, nil), `{"stream":true,"stream_options":{"include_usage":true},`+hello[1:])
		r := answer(200, "text/event-stream", cutAt([]byte(claudeStream), size))
		if err := ex.Call.Receive(ex, r); err != nil {
			t.Fatal(err)
		}
		got := read(t, r.Stream)
		for _, want := range []string{`"content":"Hi"`, `"content":"!"`, `"finish_reason":"stop"`, `"completion_tokens":3`, "data: [DONE]\n\n"} {
			if strings.Count(got, want) != 1 {
				t.Errorf("size %d: not one %s in %s", size, want, got)
			}
		}
		if u := ex.AI.Usage; u.Prompt != 10 || u.Completion != 3 || !ex.AI.Streaming {
			t.Errorf("size %d: counted %+v", size, u)
		}
	}
}

func TestTranslatedStreamBreaks(t *testing.T) {
	half := claudeStream[:strings.Index(claudeStream, "event: content_block_stop")]
	for name, tt := range map[string]struct{ stream, want string }{
		"cut":      {half, "stream_interrupted"},
		"garbage":  {half + "data: {nonsense\n\n", "stream_interrupted"},
		"an error": {half + "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n", "Overloaded"},
	} {
		ex := translated(t, claude(t, nil), `{"stream":true,`+hello[1:])
		r := answer(200, "text/event-stream", cutAt([]byte(tt.stream), 200))
		if err := ex.Call.Receive(ex, r); err != nil {
			t.Fatal(err)
		}
		got := read(t, r.Stream)
		if !strings.Contains(got, `"content":"Hi"`) || !strings.Contains(got, `data: {"error":`) || !strings.Contains(got, tt.want) || strings.Contains(got, "[DONE]") {
			t.Errorf("%s: got %s", name, got)
		}
		if ex.AI.Error == "" || ex.AI.Usage.Completion <= 0 {
			t.Errorf("%s: noted %+v", name, ex.AI)
		}
	}
}

// Before the first event another answer is possible.
func TestTranslatedStreamBreaksAtOnce(t *testing.T) {
	ex := translated(t, claude(t, nil), `{"stream":true,`+hello[1:])
	r := answer(200, "text/event-stream", cutAt([]byte("data: {nonsense\n\n"), 100))
	if err := ex.Call.Receive(ex, r); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Stream.Next(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("got %v, want an error", err)
	}
}

// A provider that answers a streamed question with a document is told in
// events.
func TestUnrolled(t *testing.T) {
	ex := translated(t, claude(t, nil), `{"stream":true,`+hello[1:])
	r := answer(200, "application/json", flow.Whole([]byte(claudeAnswer)))
	if err := ex.Call.Receive(ex, r); err != nil {
		t.Fatal(err)
	}
	if got := read(t, r.Stream); !strings.Contains(got, `"content":"Hi!"`) || !strings.HasSuffix(got, "data: [DONE]\n\n") {
		t.Errorf("got %s", got)
	}
}

func TestTranslatedErrors(t *testing.T) {
	ex := translated(t, claude(t, nil), hello)
	r := answer(429, "application/json", flow.Whole([]byte(`{"type":"error","error":{"type":"rate_limit_error","message":"Slow down"}}`)))
	r.Header.Set("Retry-After", "7")
	if err := ex.Call.Receive(ex, r); err != nil {
		t.Fatal(err)
	}
	if got := read(t, r.Stream); !strings.HasPrefix(got, `{"error":{"message":"Slow down"`) || r.Status != 429 || r.Header.Get("Retry-After") != "7" {
		t.Errorf("%d %s", r.Status, got)
	}
	for body, want := range map[string]string{
		`{"type":"message"`:                          "transformation failed from type anthropic://llm/v1/chat",
		`{"type":"error","error":{"message":"No."}}`: "No.",
	} {
		ex := translated(t, claude(t, nil), hello)
		err := ex.Call.Receive(ex, answer(200, "application/json", flow.Whole([]byte(body))))
		if got := message(err); !strings.Contains(got, want) {
			t.Errorf("%s: got %q", body, got)
		}
	}
}

func TestTranslations(t *testing.T) {
	lossy := `{"seed":1,` + hello[1:]
	ex := asking(lossy)
	if err := calling(claude(t, func(s *Settings) { s.Translation = Strict }), ex); err != nil {
		t.Fatal(err)
	}
	if got := message(ex.Call.Prepare(ex, 0)); got != "anthropic cannot express: sampling.seed" {
		t.Errorf("strict: %q", got)
	}
	for how, want := range map[Translation]string{Adapt: "dropped: sampling.seed", Drop: ""} {
		ex := translated(t, claude(t, func(s *Settings) { s.Translation = how }), lossy)
		r := answer(200, "application/json", flow.Whole([]byte(claudeAnswer)))
		if err := ex.Call.Receive(ex, r); err != nil {
			t.Fatal(err)
		}
		if got := r.Header.Get(TranslationHeader); got != want {
			t.Errorf("%s: %q", how, got)
		}
	}
}

// Callers of a native format are told errors in it, and what passes unchanged
// is counted.
func TestNative(t *testing.T) {
	native := func(t *testing.T) *Target {
		t.Helper()
		return claude(t, func(s *Settings) { s.Client = wireanthropic.Client{} })
	}
	question := `{"max_tokens":9, "messages":[{"role":"user","content":"Hello"}], "model":"claude-x"}`
	ex := translated(t, native(t), question)
	if got := sent(ex); got != question {
		t.Errorf("sent %s", got)
	}
	r := answer(200, "application/json", flow.Whole([]byte(claudeAnswer)))
	if err := ex.Call.Receive(ex, r); err != nil {
		t.Fatal(err)
	}
	if got := read(t, r.Stream); got != claudeAnswer || ex.AI.Usage.Prompt != 10 || ex.AI.Usage.Completion != 3 {
		t.Errorf("got %s, counted %+v", got, ex.AI.Usage)
	}
	ex = translated(t, native(t), `{"stream":true,`+question[1:])
	r = answer(200, "text/event-stream", cutAt([]byte(claudeStream), 50))
	if err := ex.Call.Receive(ex, r); err != nil {
		t.Fatal(err)
	}
	if got := read(t, r.Stream); got != claudeStream || ex.AI.Usage.Prompt != 10 || ex.AI.Usage.Completion != 3 {
		t.Errorf("got %s, counted %+v", got, ex.AI.Usage)
	}
	ex = asking(`{"model":"other","max_tokens":1,"messages":[]}`)
	err := calling(native(t), ex)
	f := fault.As(err)
	if body := string(ex.Call.(flow.Voice).Fault(f)); f.Status() != 400 || !strings.HasPrefix(body, `{"type":"error","error":{"type":"invalid_request_error"`) {
		t.Errorf("%d %s", f.Status(), body)
	}
}

func TestModelsAndCounts(t *testing.T) {
	ask := func(tg *Target, method, path, body string) (*flow.Reply, error) {
		ex := asking(body)
		ex.In.Method, ex.In.Path = method, path
		return tg.Call(ex)
	}
	native := claude(t, func(s *Settings) { s.Client, s.Provider = wireanthropic.Client{}, target(t, nil).s.Provider })
	for _, tt := range []struct {
		tg                 *Target
		method, path, body string
		status             int
		want               string
	}{
		{claude(t, nil), "GET", "/ai/v1/models", "", 200, `{"object":"list","data":[{"id":"claude-x","object":"model","created":0,"owned_by":"anthropic"}]}`},
		{claude(t, nil), "GET", "/v1/models/claude-x", "", 200, `{"id":"claude-x","object":"model","created":0,"owned_by":"anthropic"}`},
		{claude(t, nil), "GET", "/v1/models/other", "", 404, `{"error":{"message":"the model other is not to be had on this route"`},
		{native, "GET", "/v1/models", "", 200, `{"data":[{"type":"model","id":"claude-x"`},
		{native, "POST", "/v1/messages/count_tokens", `{"model":"claude-x","messages":[{"role":"user","content":"Hello you"}]}`, 200, `{"input_tokens":7}`},
	} {
		r, err := ask(tt.tg, tt.method, tt.path, tt.body)
		if err != nil || r == nil {
			t.Errorf("%s: %v, %v", tt.path, r, err)
			continue
		}
		if got := read(t, r.Stream); r.Status != tt.status || !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %d %s", tt.path, r.Status, got)
		}
	}
}

// Messages come out of their frames the same, however the stream is cut.
func FuzzFrames(f *testing.F) {
	f.Add("text/event-stream", []byte(claudeStream), uint8(3))
	f.Add("application/x-ndjson", []byte("{\"a\":1}\n{\"b\":\"x\\\"\"}\n"), uint8(1))
	f.Add("application/json", []byte(`[{"a":[1,{}]},`+"\n"+`{"b":"]}"}]`), uint8(2))
	f.Fuzz(func(t *testing.T, contentType string, stream []byte, size uint8) {
		run := func(size int) (all [][]byte, err error) {
			fr := newFramer(contentType, 1<<16, func(m wire.Message) error {
				all = append(all, bytes.Clone(m.Data))
				return nil
			})
			for rest := stream; len(rest) > 0 && err == nil; {
				n := min(size, len(rest))
				err = fr.push(rest[:n])
				rest = rest[n:]
			}
			if err == nil {
				err = fr.end()
			}
			return all, err
		}
		whole, err1 := run(len(stream) + 1)
		pieces, err2 := run(int(size%50) + 1)
		if (err1 == nil) != (err2 == nil) || len(whole) != len(pieces) && err1 == nil {
			t.Fatalf("whole: %q, %v\npieces: %q, %v", whole, err1, pieces, err2)
		}
		for i := range min(len(whole), len(pieces)) {
			if !bytes.Equal(whole[i], pieces[i]) {
				t.Fatalf("message %d: %q, %q", i, whole[i], pieces[i])
			}
		}
	})
}

// A model can decide which format is spoken where it is.
func TestModelDecidesFormat(t *testing.T) {
	vertex := target(t, func(s *Settings) {
		s.Provider, s.Client = gemini.New(), wiregemini.Client{}
		s.Model.Provider = "gemini"
		s.Model.Options.Gemini = provider.Gemini{APIEndpoint: "e.example", ProjectID: "p", LocationID: "l"}
	})
	ask := func(path string) *flow.Exchange {
		ex := asking(`{"contents":[{"parts":[{"text":"Hi"}]}],"messages":[]}`)
		ex.In.Path = path
		if err := calling(vertex, ex); err != nil {
			t.Fatal(err)
		}
		return ex
	}
	for model, want := range map[string]string{"gemini-x": `"contents"`, "claude-x": `"anthropic_version"`} {
		ex := ask("/v1beta/models/" + model + ":generateContent")
		if err := ex.Call.Prepare(ex, 0); err != nil {
			t.Fatal(err)
		}
		if got := sent(ex); !strings.Contains(got, want) {
			t.Errorf("%s: sent %s, want %s in it", model, got, want)
		}
	}
}

func TestCountOfStreamedRoute(t *testing.T) {
	tg := target(t, func(s *Settings) {
		s.Provider, s.Client, s.Streaming = gemini.New(), wiregemini.Client{}, Always
		s.Model.Provider = "gemini"
	})
	ex := asking(`{"contents":[{"parts":[{"text":"Hi"}]}]}`)
	ex.In.Path = "/v1beta/models/gemini-x:countTokens"
	if err := calling(tg, ex); err != nil {
		t.Fatal(err)
	}
	if err := ex.Call.Prepare(ex, 0); err != nil {
		t.Fatal(err)
	}
	if want := "/v1beta/models/gemini-x:countTokens"; ex.Out.Path != want {
		t.Errorf("counts at %s, want %s", ex.Out.Path, want)
	}
}

func TestLongModelNames(t *testing.T) {
	tg := target(t, nil)
	ask := func(n int) error {
		return calling(tg, asking(`{"model":"`+strings.Repeat("m", n)+`","messages":[{"role":"user","content":"Hi"}]}`))
	}
	if err := ask(2048); err != nil {
		t.Errorf("the length of an ARN: %v", err)
	}
	if len(tg.models) != 0 {
		t.Errorf("%d long names are remembered", len(tg.models))
	}
	if err := ask(8192); err == nil {
		t.Error("a name of 8 KiB is taken")
	}
}

func TestLoggedPayloadHasNoCredential(t *testing.T) {
	logged := func(change func(*Settings)) string {
		tg := claude(t, func(s *Settings) {
			s.Auth = provider.Auth{ParamName: "key", ParamValue: "sk-own", ParamLocation: "body"}
			s.Logging.LogPayloads = true
			if change != nil {
				change(s)
			}
		})
		ex := translated(t, tg, `{"messages":[{"role":"user","content":"Hello"}]}`)
		if !strings.Contains(sent(ex), "sk-own") {
			t.Errorf("sent %s without the key", sent(ex))
		}
		return string(ex.AI.RequestBody)
	}
	plain := func(s *Settings) { s.Provider, s.Client = compatible.All()[0], nil; s.Model.Provider = "openai" }
	for _, got := range []string{logged(nil), logged(plain)} {
		if strings.Contains(got, "sk-own") || !strings.Contains(got, "Hello") {
			t.Errorf("logged %s", got)
		}
	}
}

// TestTranslatedAnswerBreaks: a provider that breaks off is a 502; a caller
// that left is none of its faults.
func TestTranslatedAnswerBreaks(t *testing.T) {
	vectors := func(s *Settings) { s.RouteType, s.Client, s.Embed = provider.Embeddings, nil, cohereembed.Client{} }
	for name, tt := range map[string]struct {
		target   *Target
		question string
	}{
		"whole":     {claude(t, nil), hello},
		"in events": {claude(t, nil), `{"stream":true,` + hello[1:]},
		"vectors":   {target(t, vectors), `{"model":"m","texts":["a"],"input_type":"search_query"}`},
	} {
		for _, left := range []bool{false, true} {
			ex := translated(t, tt.target, tt.question)
			leave := cancelable(ex)
			s := cutAt([]byte(claudeAnswer), 100)
			s.chunks, s.end = s.chunks[:1], errors.New("the connection broke")
			if left {
				leave()
			}
			err := ex.Call.Receive(ex, answer(200, "application/json", s))
			want := map[bool]fault.Kind{false: fault.BadUpstream, true: fault.Canceled}[left]
			if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != want {
				t.Errorf("%s, left %t: %v, want status %d", name, left, err, want.Status())
			}
			leave()
		}
	}
}

// TestAnswersInTooManyParts are refused with an error of their own, whole or
// in one event of a stream.
func TestAnswersInTooManyParts(t *testing.T) {
	parts := strings.Repeat(`{"type":"text","text":""},`, 1<<14) + `{}`
	choices := `{"choices":[` + strings.Repeat(`{},`, 1100) + `{}]}`
	for _, stream := range []string{"", `"stream":true,`} {
		for _, tt := range []struct {
			target *Target
			answer string
		}{
			{claude(t, nil), `{"content":[` + parts + `]}`},
			{target(t, func(s *Settings) { s.Client = wireanthropic.Client{} }), choices},
		} {
			ex := translated(t, tt.target, "{"+stream+`"model":"claude-x","max_tokens":9,`+hello[1:])
			err := ex.Call.Receive(ex, answer(200, "application/json", flow.Whole([]byte(tt.answer))))
			if got := message(err); !strings.HasSuffix(got, "/chat: the answer is in too many parts") {
				t.Errorf("got %q", got)
			}
		}
	}
	ex := translated(t, claude(t, nil), `{"stream":true,`+hello[1:])
	event := `{"type":"message_start","message":{"content":[` + parts + `]}}`
	r := answer(200, "text/event-stream", flow.Whole([]byte("event: message_start\ndata: "+event+"\n\n")))
	if err := ex.Call.Receive(ex, r); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Stream.Next(); !errors.Is(err, wire.ErrParts) {
		t.Errorf("in a stream: %v", err)
	}
}
