package bedrock

import (
	"errors"
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

var (
	errClaude = errors.New("bedrock: the answer is one of Anthropic's Messages")
	errReply  = errors.New("bedrock: the answer is of no known family of models")
)

const metrics = "amazon-bedrock-invocationMetrics"

// reply is what a model said, or a piece of it, in the words common to all.
type reply struct {
	text   llm.JSON
	calls  []llm.Part
	reason string
	// stop is the stop sequence that was met.
	stop  llm.JSON
	index int
}

// replies are what a body holds, whichever family it is of; known is false if it
// is of none.
func replies(body []byte) (list []reply, known bool) {
	for _, read := range []func([]byte) []reply{titanReply, llamaReply, commandReply, mistralReply, chatReply, jurassicReply, claudeReply, commandRReply} {
		if list = read(body); list != nil {
			return list, true
		}
	}
	return nil, false
}

// each calls read for the elements of a member; nil if it is no array.
func each(body []byte, name string, read func(v llm.JSON) reply) []reply {
	list := wire.Get(body, name)
	if !wire.IsArray(list) {
		return nil
	}
	out := []reply{}
	items := wire.Items(list)
	for v, ok := items.Next(); ok && len(out) <= wire.MaxChoices; v, ok = items.Next() {
		r := read(v)
		if r.index == 0 {
			r.index = len(out)
		}
		out = append(out, r)
	}
	return out
}

func said(v llm.JSON) llm.JSON {
	if wire.IsString(v) {
		return v
	}
	return nil
}

func titanReply(body []byte) []reply {
	if text := wire.Get(body, "outputText"); text != nil {
		return []reply{{text: said(text), reason: wire.Text(wire.Get(body, "completionReason")), index: indexOf(body)}}
	}
	return each(body, "results", func(v llm.JSON) reply {
		return reply{text: said(wire.Get(v, "outputText")), reason: wire.Text(wire.Get(v, "completionReason"))}
	})
}

func indexOf(v llm.JSON) int {
	n, ok := wire.Int(wire.Get(v, "index"))
	if !ok || n < 0 || n >= maxChoices {
		return 0
	}
	return int(n)
}

func llamaReply(body []byte) []reply {
	text := wire.Get(body, "generation")
	if text == nil {
		return nil
	}
	return []reply{{text: said(text), reason: wire.Text(wire.Get(body, "stop_reason"))}}
}

func commandReply(body []byte) []reply {
	if done := wire.Get(body, "is_finished"); done != nil && wire.Get(body, "event_type") == nil {
		return []reply{{text: said(wire.Get(body, "text")), reason: wire.Text(wire.Get(body, "finish_reason")), index: indexOf(body)}}
	}
	return each(body, "generations", func(v llm.JSON) reply {
		return reply{text: said(wire.Get(v, "text")), reason: wire.Text(wire.Get(v, "finish_reason"))}
	})
}

func mistralReply(body []byte) []reply {
	return each(body, "outputs", func(v llm.JSON) reply {
		return reply{text: said(wire.Get(v, "text")), reason: wire.Text(wire.Get(v, "stop_reason"))}
	})
}

// chatReply is Mistral's and AI21's, which is shaped like OpenAI's.
func chatReply(body []byte) []reply {
	return each(body, "choices", func(v llm.JSON) reply {
		message := first(v, "message", "delta")
		r := reply{
			text: said(wire.Get(message, "content")), index: indexOf(v),
			reason: wire.Text(first(v, "finish_reason", "stop_reason")),
		}
		items := wire.Items(wire.Get(message, "tool_calls"))
		for c, ok := items.Next(); ok; c, ok = items.Next() {
			r.calls = append(r.calls, chatCall(c))
		}
		return r
	})
}

func chatCall(v llm.JSON) llm.Part {
	c := &llm.Call{ID: wire.Text(wire.Get(v, "id")), Name: wire.Text(wire.Get(v, "function", "name"))}
	if args := wire.Get(v, "function", "arguments"); wire.IsString(args) {
		c.Args = wire.TextBytes(args)
	} else if wire.IsObject(args) {
		c.Args = args
	}
	return llm.Part{Kind: llm.ToolCall, Call: c}
}

func jurassicReply(body []byte) []reply {
	return each(body, "completions", func(v llm.JSON) reply {
		return reply{text: said(wire.Get(v, "data", "text")), reason: wire.Text(wire.Get(v, "finishReason", "reason"))}
	})
}

func claudeReply(body []byte) []reply {
	text := wire.Get(body, "completion")
	if text == nil {
		return nil
	}
	return []reply{{text: said(text), reason: wire.Text(wire.Get(body, "stop_reason")), stop: wire.Null(wire.Get(body, "stop"))}}
}

func commandRReply(body []byte) []reply {
	if wire.Get(body, "event_type") == nil && wire.Get(body, "generation_id") == nil && wire.Get(body, "chat_history") == nil {
		return nil
	}
	r := reply{text: said(wire.Get(body, "text")), reason: wire.Text(first(body, "finish_reason"))}
	if end := wire.Get(body, "response"); end != nil {
		r.reason = wire.Text(wire.Get(end, "finish_reason"))
	}
	return []reply{r}
}

// finishes are the reasons of all families.
var finishes = []struct {
	reason string
	finish llm.Finish
}{
	{"LENGTH", llm.FinishLength},
	{"length", llm.FinishLength},
	{"max_tokens", llm.FinishLength},
	{"MAX_TOKENS", llm.FinishLength},
	{"CONTENT_FILTERED", llm.FinishFilter},
	{"content_filtered", llm.FinishFilter},
	{"ERROR_TOXIC", llm.FinishFilter},
	{"ERROR", llm.FinishError},
	{"ERROR_LIMIT", llm.FinishLength},
	{"error", llm.FinishError},
	{"RAG_QUERY_WHEN_RAG_DISABLED", llm.FinishFilter},
	{"tool_calls", llm.FinishTools},
	{"tool_use", llm.FinishTools},
}

func (r *reply) finish() llm.Finish {
	if r.reason == "" {
		return llm.Unfinished
	}
	for _, f := range finishes {
		if f.reason == r.reason {
			return f.finish
		}
	}
	return llm.FinishStop
}

// DecodeResponse implements wire.Provider. Some families tell their counts only
// in headers, which a body does not have.
func (v Invoke) DecodeResponse(a *llm.Response, body []byte) error {
	if wire.Check(body) != nil {
		return errUnreadable
	}
	if m := v.answers(body); m != nil {
		return m.DecodeResponse(a, body)
	}
	if wire.Get(body, "output", "message") != nil {
		return Provider{}.DecodeResponse(a, body)
	}
	list, known := replies(body)
	if !known {
		return unknownReply(body)
	}
	a.ID = idOf(body)
	a.Usage = replyUsage(body)
	for i := range list {
		a.Choices = append(a.Choices, list[i].choice(a.ID))
	}
	return nil
}

// answers is whose format an answer, or an event of one, is in; nil if it is none
// of the makers'.
func (v Invoke) answers(body []byte) wire.Provider {
	switch {
	case wire.IsString(wire.Get(body, "type")):
		return v.Claude
	case wire.IsString(wire.Get(body, "event_type")), commandRReply(body) != nil && wire.Get(body, "generations") == nil:
		return v.CommandR
	}
	return nil
}

func unknownReply(body []byte) error {
	if wire.Get(body, "type") != nil {
		return errClaude
	}
	if e := disguised(body); e != nil {
		return e
	}
	return errReply
}

func idOf(body []byte) string {
	id := first(body, "id", "response_id", "generation_id")
	if n, ok := wire.Int(id); ok {
		return strconv.FormatInt(n, 10)
	}
	return wire.Text(id)
}

func (r *reply) choice(id string) llm.Choice {
	c := llm.Choice{Index: r.index, Finish: r.finish(), Reason: r.reason, StopSequence: r.stop}
	if r.text != nil && (len(r.calls) == 0 || !wire.EmptyText(r.text)) {
		c.Parts = append(c.Parts, llm.Part{Kind: llm.Text, Text: r.text})
	}
	for i := range r.calls {
		if call := r.calls[i].Call; call.ID == "" {
			call.ID = callName(id, i)
		}
		c.Parts = append(c.Parts, r.calls[i])
	}
	return c
}

// callName makes up the id of a call that came without.
func callName(id string, n int) string { return "call_" + id + "_" + strconv.Itoa(n) }

// replyUsage reads the counts, wherever a family or Bedrock tells them.
func replyUsage(body []byte) llm.Usage {
	u := llm.NoUsage()
	if m := wire.Get(body, metrics); m != nil {
		return metricsUsage(m)
	}
	if in := wire.Get(body, "usage"); in != nil {
		u.Prompt, u.Completion = tokens(wire.Get(in, "prompt_tokens")), tokens(wire.Get(in, "completion_tokens"))
		if n := tokens(wire.Get(in, promptDetails, cachedTokens)); n >= 0 {
			d := llm.NoDetails()
			d.CachedPrompt = n
			u.Details = &d
		}
	} else {
		u.Prompt = tokens(first(body, "inputTextTokenCount", "prompt_token_count"))
		u.Completion = tokens(first(body, "totalOutputTextTokenCount", "generation_token_count"))
	}
	if results := wire.Get(body, "results"); results != nil {
		u.Completion = sum(results, "tokenCount")
	}
	if list := wire.Get(body, "completions"); list != nil && wire.Get(body, "prompt", "tokens") != nil {
		u.Prompt, u.Completion = int64(wire.Len(wire.Get(body, "prompt", "tokens"))), 0
		items := wire.Items(list)
		for v, ok := items.Next(); ok; v, ok = items.Next() {
			u.Completion += int64(wire.Len(wire.Get(v, "data", "tokens")))
		}
	}
	return totalled(u)
}

// maxTokens keeps sums far from where they overflow.
const maxTokens = 1 << 48

func sum(array llm.JSON, name string) int64 {
	total := int64(-1)
	items := wire.Items(array)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		if n := tokens(wire.Get(v, name)); n >= 0 && total < maxTokens {
			total = max(total, 0) + n
		}
	}
	return total
}

func totalled(u llm.Usage) llm.Usage {
	if u.Prompt >= 0 && u.Completion >= 0 {
		u.Total = u.Prompt + u.Completion
	}
	return u
}

// metricsUsage reads what Bedrock counted, which stands at the end of a stream.
func metricsUsage(m llm.JSON) llm.Usage {
	u := llm.NoUsage()
	u.Prompt, u.Completion = tokens(wire.Get(m, "inputTokenCount")), tokens(wire.Get(m, "outputTokenCount"))
	d := llm.NoDetails()
	d.CachedPrompt = tokens(wire.Get(m, cacheReadCount))
	d.CacheWrite = tokens(wire.Get(m, cacheWriteCount))
	if d != llm.NoDetails() {
		u.Details = &d
	}
	if u.Prompt >= 0 {
		u.Prompt += max(d.CachedPrompt, 0) + max(d.CacheWrite, 0)
	}
	return totalled(u)
}
