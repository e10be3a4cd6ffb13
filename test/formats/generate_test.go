package formats

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// maker makes questions and answers: the same ones of the same seed.
type maker struct {
	*rand.Rand
	// signer is the format whose model's thoughts are told.
	signer llm.Format
	calls  int
	texts  int
}

func newMaker(seed uint64, signer llm.Format) *maker {
	return &maker{Rand: rand.New(rand.NewPCG(seed, 17)), signer: signer}
}

// one tells whether something of the probability 1/n happens.
func (m *maker) one(n int) bool { return m.IntN(n) == 0 }

func pick[T any](m *maker, from ...T) T { return from[m.IntN(len(from))] }

// text is a text that says something; no two are alike.
func (m *maker) text() llm.JSON {
	m.texts++
	s := pick(m, "What is the weather in Paris?", "你好,世界。今天天气怎么样?", "👩‍👩‍👧‍👦 family 🇫🇷", "line one\nline two\ttab",
		"quote \" and \\ and /slash", "control \u0001 and \u2028 separator", "<script>&amp;</script>", "{\"not\": \"arguments\"}",
		strings.Repeat("lorem ipsum ", 30))
	return wire.Quote(s + " #" + strconv.Itoa(m.texts))
}

func (m *maker) number(from ...string) llm.JSON { return llm.JSON(pick(m, from...)) }

// some is a value in one of three cases, and none else.
func some(m *maker, v llm.JSON) llm.JSON {
	if m.one(3) {
		return v
	}
	return nil
}

// request makes a question of no format in particular.
func (m *maker) request() *llm.Request {
	r := &llm.Request{Model: "model", Stream: m.one(2)}
	r.IncludeUsage = r.Stream
	m.tools(r)
	m.conversation(r)
	m.sampling(&r.Sampling)
	m.output(&r.Output)
	m.reasoning(&r.Reasoning)
	r.User, r.ServiceTier = some(m, llm.JSON(`"user-7"`)), some(m, m.number(`"auto"`, `"default"`, `"flex"`, `"priority"`))
	r.Metadata = some(m, llm.JSON(`{"team":"blue"}`))
	return r
}

func (m *maker) conversation(r *llm.Request) {
	for range m.IntN(3) {
		r.Messages = append(r.Messages, m.instruction())
	}
	turns := 1 + m.IntN(3)
	for i := range turns {
		r.Messages = append(r.Messages, m.user())
		if i+1 < turns || m.one(4) {
			m.assistant(r)
		}
	}
	if last := &r.Messages[len(r.Messages)-1]; last.Role == llm.Assistant {
		r.Messages = append(r.Messages, m.user())
	}
}

func (m *maker) instruction() llm.Message {
	msg := llm.Message{Role: pick(m, llm.System, llm.Developer), Parts: []llm.Part{{Text: m.text()}}, Plain: true}
	if m.one(3) {
		msg.Plain = false
		msg.Parts = append(msg.Parts, llm.Part{Text: m.text(), Cache: m.cache()})
	}
	return msg
}

func (m *maker) cache() *llm.Cache {
	if !m.one(4) {
		return nil
	}
	return &llm.Cache{TTL: pick(m, "", "5m", "1h")}
}

func (m *maker) user() llm.Message {
	msg := llm.Message{Role: llm.User, Parts: []llm.Part{{Text: m.text()}}}
	if m.one(2) {
		msg.Plain = true
		return msg
	}
	for range m.IntN(3) {
		msg.Parts = append(msg.Parts, m.piece())
	}
	msg.Parts[m.IntN(len(msg.Parts))].Cache = m.cache()
	msg.Name = some(m, llm.JSON(`"Alice"`))
	return msg
}

// piece is a text or a medium.
func (m *maker) piece() llm.Part {
	switch m.IntN(6) {
	case 0:
		p := llm.Part{Kind: llm.Image, Media: &llm.Media{MIME: "image/png", Detail: pick(m, "", "high", "low")}}
		if p.Media.Data = m.data("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"); m.one(2) {
			p.Media.MIME, p.Media.Data = "image/jpeg", m.data("\xff\xd8\xff\xe0")
		}
		return p
	case 1:
		return llm.Part{Kind: llm.Image, Media: &llm.Media{URL: wire.Quote(fmt.Sprintf("https://example.com/%d.png", m.IntN(100)))}}
	case 2:
		return llm.Part{Kind: llm.Document, Media: &llm.Media{MIME: "application/pdf", Data: m.data("%PDF-1.7"), Name: llm.JSON(`"report.pdf"`)}}
	case 3:
		return llm.Part{Kind: llm.Document, Media: &llm.Media{MIME: "text/plain", Text: m.text(), Title: llm.JSON(`"notes"`)}}
	case 4:
		kind := pick(m, "audio/wav", "audio/mp3")
		begin := map[string]string{"audio/wav": "RIFF", "audio/mp3": "ID3"}[kind]
		return llm.Part{Kind: llm.Audio, Media: &llm.Media{MIME: kind, Data: m.data(begin)}}
	}
	return llm.Part{Text: m.text()}
}

func (m *maker) data(begin string) []byte {
	raw := append([]byte(begin), m.noise(1+m.IntN(40))...)
	return []byte(base64.StdEncoding.EncodeToString(raw))
}

// noise is something that cannot be compressed.
func (m *maker) noise(n int) []byte {
	raw := make([]byte, n)
	for i := range raw {
		raw[i] = byte(m.IntN(256))
	}
	return raw
}

// assistant adds what the model said, and the results of the tools it called.
func (m *maker) assistant(r *llm.Request) {
	msg := llm.Message{Role: llm.Assistant}
	if m.one(3) {
		msg.Parts = append(msg.Parts, m.thought())
	}
	calls := 0
	if len(r.Tools) > 0 && m.one(2) {
		calls = 1 + m.IntN(3)
	}
	if calls > 0 && m.one(2) || calls == 0 && !m.one(4) {
		msg.Parts = append(msg.Parts, llm.Part{Text: m.text()})
	} else if calls == 0 {
		msg.Parts = append(msg.Parts, llm.Part{Kind: llm.Refusal, Text: m.text()})
	}
	var results []llm.Part
	for range calls {
		call := m.call(&r.Tools[m.IntN(len(r.Tools))])
		msg.Parts = append(msg.Parts, call)
		results = append(results, m.result(call.Call))
	}
	msg.Plain = len(msg.Parts) == 1 && msg.Parts[0].Kind == llm.Text
	r.Messages = append(r.Messages, msg)
	for i := range results {
		r.Messages = append(r.Messages, llm.Message{Role: llm.ToolRole, Parts: results[i : i+1]})
	}
}

// signs are the formats whose thoughts have signatures.
func signs(f llm.Format) bool {
	switch f {
	case llm.Anthropic, llm.BedrockConverse, llm.OpenAIResponses:
		return true
	}
	return false
}

func (m *maker) thought() llm.Part {
	p := llm.Part{Kind: llm.Thinking, Text: m.text()}
	if signs(m.signer) {
		p.Signature, p.SignedBy = wire.Quote(string(m.data("sig"))), m.signer
		if m.one(4) {
			p.Kind, p.Text = llm.Redacted, nil
		}
	}
	return p
}

func (m *maker) call(t *llm.Tool) llm.Part {
	m.calls++
	c := &llm.Call{ID: fmt.Sprintf("call_%d_%d", m.calls, m.IntN(1e6)), Name: t.Name}
	c.Args = []byte(pick(m, `{}`, ``, `{"city":"Paris","days":3}`, `{"city":"北京","nested":{"list":[1,2.50,{"x":null}],"on":true}}`, `{"q":"a \"quoted\" \\ thing\n"}`))
	p := llm.Part{Kind: llm.ToolCall, Call: c}
	if m.signer == llm.Gemini && m.one(2) {
		p.Signature, p.SignedBy = wire.Quote(string(m.data("sig"))), m.signer
	}
	return p
}

func (m *maker) result(c *llm.Call) llm.Part {
	res := &llm.Result{ID: c.ID, Name: c.Name, Failed: m.one(5)}
	switch m.IntN(5) {
	case 0:
		res.Value = llm.JSON(pick(m, `{"temperature":21.5,"wind":[1,2]}`, `{"ok":true}`))
	case 1:
		res.Parts = []llm.Part{{Text: m.text()}, {Text: m.text()}}
	case 2:
		res.Parts = []llm.Part{{Text: llm.JSON(`"{\"rows\":[1,2,3]}"`)}}
		res.Plain = true
	default:
		res.Parts, res.Plain = []llm.Part{{Text: m.text()}}, true
	}
	return llm.Part{Kind: llm.ToolResult, Result: res}
}

func (m *maker) schema() llm.JSON {
	return llm.JSON(pick(m,
		`{"type":"object","properties":{}}`,
		`{"type":"object","properties":{"city":{"type":"string","description":"the \"city\""},"days":{"type":"integer","minimum":1}},"required":["city"]}`,
		`{"type":"object","properties":{"where":{"$ref":"#/$defs/place"}},"$defs":{"place":{"type":"object","properties":{"lat":{"type":"number"},"kind":{"enum":["a","b"]}}}}}`,
		`{"type":"object","properties":{"v":{"anyOf":[{"type":"string"},{"type":"null"}]},"w":{"type":["integer","null"]},"l":{"type":"array","items":{"type":"object","properties":{"x":{"const":1}},"additionalProperties":false}}}}`,
	))
}

func (m *maker) tools(r *llm.Request) {
	for i := range m.IntN(4) {
		t := llm.Tool{Name: fmt.Sprintf("tool_%d", i), Schema: m.schema(), Description: some(m, m.text()), Strict: some(m, m.number("true", "false"))}
		if m.one(6) {
			t.Schema = nil
		}
		t.Cache = m.cache()
		r.Tools = append(r.Tools, t)
	}
	if len(r.Tools) == 0 || m.one(3) {
		return
	}
	r.Choice.Mode = pick(m, llm.ChoiceAuto, llm.ChoiceNone, llm.ChoiceAny, llm.ChoiceNamed)
	if r.Choice.Mode == llm.ChoiceNamed {
		r.Choice.Name = r.Tools[0].Name
	} else if r.Choice.Mode != llm.ChoiceNone && m.one(4) {
		r.Choice.Allowed = []string{r.Tools[0].Name}
	}
	r.Parallel = some(m, m.number("true", "false"))
}

func (m *maker) sampling(s *llm.Sampling) {
	*s = llm.Sampling{
		MaxTokens: some(m, m.number("1", "256", "20000")), Temperature: some(m, m.number("0", "0.7", "1", "1.5")), TopP: some(m, m.number("0.9", "1")),
		TopK: some(m, m.number("5", "40")), MinP: some(m, m.number("0.05")), FrequencyPenalty: some(m, m.number("0.5", "-1")),
		PresencePenalty: some(m, m.number("0.25")), RepeatPenalty: some(m, m.number("1.1")), Seed: some(m, m.number("42", "9007199254740993")),
		LogitBias: some(m, llm.JSON(`{"50256":-100}`)),
	}
	if m.one(4) {
		s.N = m.number("1", "2")
	}
	if m.one(4) {
		s.Logprobs, s.TopLogprobs = llm.JSON("true"), some(m, llm.JSON("3"))
	}
	for i := range m.IntN(4) * m.IntN(2) {
		s.Stop = append(s.Stop, llm.JSON([]string{`"STOP"`, `"\n\n"`, `"终"`}[i]))
	}
}

func (m *maker) output(o *llm.Output) {
	switch m.IntN(5) {
	case 0:
		o.Kind = llm.OutputText
	case 1:
		o.Kind = llm.OutputJSON
	case 2:
		*o = llm.Output{Kind: llm.OutputSchema, Name: "answer", Schema: m.schema(), Strict: some(m, llm.JSON("true")), Description: some(m, m.text())}
	}
	if m.one(5) {
		o.Verbosity = pick(m, "low", "high")
	}
}

func (m *maker) reasoning(r *llm.Reasoning) {
	switch m.IntN(6) {
	case 0:
		r.Effort, r.Off = "none", true
	case 1:
		r.Effort, r.On = pick(m, "minimal", "low", "medium", "high", "xhigh"), true
	case 2:
		r.Budget, r.On = m.number("1024", "5000", "16000"), true
	case 3:
		r.On = true
	}
}
