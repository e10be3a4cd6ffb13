package relay

import (
	"bytes"
	"strconv"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/wire/sse"
)

// maxPayload bounds what of a stream is kept for the log.
const maxPayload = 4 << 20

// keep notes the events of a stream for the log, as the provider sent them.
func (m *meter) keep(frame []byte) {
	body := &m.c.ai.ResponseBody
	if len(*body)+len(frame) <= maxPayload {
		*body = append(*body, frame...)
	}
}

// compose makes one answer of the events that were kept: what the provider
// would have sent without streaming, as far as a log needs it.
func (c *call) compose() {
	if !c.ai.LogPayloads || len(c.ai.ResponseBody) == 0 || c.t.s.RouteType == provider.Preserve {
		return
	}
	a := composed{completion: c.t.s.RouteType == provider.Completions}
	cur := sse.NewCursor(c.ai.ResponseBody)
	for ev, ok := cur.Next(); ok; ev, ok = cur.Next() {
		a.add(ev.Data)
	}
	if a.whole != nil {
		c.ai.ResponseBody = a.whole
		return
	}
	c.ai.ResponseBody = a.append(nil, c.ai.ResponseModel, &c.ai.Usage)
}

// composed is an answer in the making.
type composed struct {
	completion bool
	id, finish []byte // as JSON
	created    []byte
	text       []byte
	whole      []byte // the answer itself, where the last event has it
}

var chunkKeys = jsonscan.NewKeys("id", "created", "choices", "type", "response")

func (a *composed) add(data []byte) {
	var s [5]jsonscan.Span
	if len(data) == 0 || data[0] != '{' || chunkKeys.Object(data, s[:]) != nil {
		return
	}
	if jsonscan.EqualString(s[3].Of(data), "response.completed") {
		a.whole = bytes.Clone(s[4].Of(data))
		return
	}
	if a.id == nil && s[0].Present() {
		a.id, a.created = bytes.Clone(s[0].Of(data)), bytes.Clone(s[1].Of(data))
	}
	choices := s[2].Of(data)
	if jsonscan.KindOf(choices) != jsonscan.Array {
		return
	}
	e := jsonscan.NewElements(choices)
	if first, ok := e.Next(); ok && jsonscan.KindOf(first) == jsonscan.Object {
		a.addChoice(first)
	}
}

func (a *composed) addChoice(choice []byte) {
	raw := jsonscan.Find(choice, "text").Of(choice)
	if !a.completion {
		raw = jsonscan.Find(choice, "delta", "content").Of(choice)
	}
	if jsonscan.KindOf(raw) == jsonscan.String {
		a.text, _ = jsonscan.AppendUnquote(a.text, raw)
	}
	if f := jsonscan.Find(choice, "finish_reason").Of(choice); jsonscan.KindOf(f) == jsonscan.String {
		a.finish = bytes.Clone(f)
	}
}

func (a *composed) append(dst []byte, model string, u *llm.Usage) []byte {
	dst = append(dst, `{"choices":[{"finish_reason":`...)
	dst = append(dst, orNull(a.finish)...)
	if a.completion {
		dst = append(dst, `,"index":0,"text":`...)
		dst = append(jsonscan.AppendQuote(dst, a.text), `}],"created":`...)
	} else {
		dst = append(dst, `,"index":0,"message":{"content":`...)
		dst = append(jsonscan.AppendQuote(dst, a.text), `,"role":"assistant"}}],"created":`...)
	}
	dst = append(append(dst, orNull(a.created)...), `,"id":`...)
	dst = append(append(dst, orNull(a.id)...), `,"model":`...)
	dst = append(jsonscan.AppendQuote(dst, model), `,"object":"`...)
	if a.completion {
		dst = append(dst, `text_completion`...)
	} else {
		dst = append(dst, `chat.completion`...)
	}
	dst = append(dst, `","usage":{"completion_tokens":`...)
	dst = append(strconv.AppendInt(dst, u.Completion, 10), `,"prompt_tokens":`...)
	dst = append(strconv.AppendInt(dst, u.Prompt, 10), `,"total_tokens":`...)
	return append(strconv.AppendInt(dst, u.Total, 10), "}}"...)
}

func orNull(raw []byte) []byte {
	if len(raw) == 0 {
		return []byte("null")
	}
	return raw
}
