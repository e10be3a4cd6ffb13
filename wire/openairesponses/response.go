package openairesponses

import (
	"errors"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

var errOutput = errors.New("the response has no output")

// head is a response object but for its output: the members that the model
// knows, and in extra the others.
type head struct {
	id, model string
	created   int64
	status    string
	reason    string // why it is incomplete
	details   llm.JSON
	failure   llm.JSON
	usage     llm.JSON
	output    llm.JSON
	extra     llm.Extra
}

func decodeHead(v llm.JSON) head {
	h := head{extra: llm.Extra{From: own}}
	for f := wire.NewFields(v); f.Next(); {
		if !h.member(f.Name(), f.Value()) {
			f.Keep(&h.extra, own)
		}
	}
	h.reason = wire.Text(wire.Get(h.details, "reason"))
	if h.details != nil && (h.status != statusIncomplete || h.reason == "" || without(h.details, "reason") != nil) {
		keep(&h.extra, "incomplete_details", h.details)
	}
	return h
}

func (h *head) member(name string, v llm.JSON) bool {
	switch name {
	case "id":
		h.id = wire.Text(v)
		return h.id != ""
	case "model":
		h.model = wire.Text(v)
		return h.model != ""
	case "created_at":
		h.created, _ = wire.Int(v)
		return h.created != 0
	case "status":
		h.status = wire.Text(v)
		return h.status != ""
	case "output":
		h.output = v
		return wire.IsArray(v)
	case "usage":
		if wire.IsObject(v) {
			h.usage = v
		}
		return h.usage != nil
	case "error":
		h.failure = wire.Null(v)
	case "incomplete_details":
		h.details = v
		return true
	}
	return false
}

// DecodeResponse reads a response object
// (https://platform.openai.com/docs/api-reference/responses/object).
func (Provider) DecodeResponse(a *llm.Response, body []byte) error {
	if err := wire.Check(body); err != nil {
		return err
	}
	h := decodeHead(body)
	if h.failure != nil && (h.status == statusFailed || h.output == nil) {
		return inBand(body)
	}
	if !wire.IsArray(h.output) || !allObjects(h.output) {
		return errOutput
	}
	a.ID, a.Model, a.Created, a.Extra = h.id, h.model, h.created, h.extra
	a.Usage = llm.NoUsage()
	if h.usage != nil {
		a.Usage = decodeUsage(h.usage)
	}
	parts, tools := outputParts(h.output)
	c := llm.Choice{Parts: parts, Logprobs: logprobsOf(parts)}
	c.Finish, c.Reason = h.finish(tools)
	a.Choices = []llm.Choice{c}
	return nil
}

// outputParts reads the items of an answer, and reports whether there are
// calls among them.
func outputParts(output llm.JSON) (parts []llm.Part, tools bool) {
	items := wire.Items(output)
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		parts = outputItem(parts, item)
		tools = tools || parts[len(parts)-1].Kind == llm.ToolCall
	}
	return parts, tools
}

func outputItem(dst []llm.Part, item llm.JSON) []llm.Part {
	switch wire.Text(wire.Get(item, "type")) {
	case typeMessage:
		content := wire.Get(item, "content")
		if wire.Len(content) > 0 && allObjects(content) && wire.Equal(wire.Get(item, "role"), "assistant") {
			return messageParts(dst, item)
		}
	case typeReasoning:
		if p, ok := reasoningPart(item); ok {
			return append(dst, p)
		}
	case typeCall, typeCustom:
		if p, ok := callPart(item); ok {
			return append(dst, p)
		}
	}
	return append(dst, opaque(item))
}

// logprobsOf gathers those of the texts, in the shape of chat completions.
func logprobsOf(parts []llm.Part) llm.JSON {
	var w wire.Writer
	for i := range parts {
		list := parts[i].Extra.Get(own, "logprobs")
		if wire.Len(list) == 0 {
			continue
		}
		if w.Buf == nil {
			w.Object()
			w.Name("content")
			w.Array()
		}
		elements(&w, list)
	}
	if w.Buf == nil {
		return nil
	}
	w.EndArray()
	w.EndObject()
	return w.Buf
}

// elements writes those of an array into the array that is open.
func elements(w *wire.Writer, array llm.JSON) {
	items := wire.Items(array)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		w.Raw(v)
	}
}
