package openaichat

import (
	"errors"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Answers of which nothing can be made. The wording is part of what callers
// see.
var (
	errUnreadable = errors.New("failed to decode llm/v1/chat response")
	errNoChoices  = errors.New("'choices' not in llm/v1/chat response")
)

// DecodeResponse implements wire.Provider.
func (*Provider) DecodeResponse(a *llm.Response, body []byte) error {
	if wire.Check(body) != nil {
		return errUnreadable
	}
	a.Extra.From, a.Usage = own, llm.NoUsage()
	found := false
	for f := wire.NewFields(body); f.Next(); {
		v := f.Value()
		switch f.Name() {
		case "id":
			takeText(&a.ID, &f, &a.Extra)
		case "model":
			takeText(&a.Model, &f, &a.Extra)
		case "object":
			if !wire.Equal(v, "chat.completion") {
				f.Keep(&a.Extra, own)
			}
		case "created":
			takeTime(&a.Created, &f, &a.Extra)
		case "choices":
			found = wire.IsArray(v)
			readChoices(a, v)
		case "usage":
			readUsage(&a.Usage, v)
		case "error":
			if wire.Null(v) != nil {
				return wire.ReadError(200, nil, body)
			}
			f.Keep(&a.Extra, own)
		default:
			f.Keep(&a.Extra, own)
		}
	}
	a.Usage.ServiceTier = wire.Text(a.Extra.Get(own, "service_tier"))
	if !found {
		return errNoChoices
	}
	return nil
}

// takeText takes a text; what is none is kept as it is.
func takeText(dst *string, f *wire.Fields, x *llm.Extra) {
	if *dst = wire.Text(f.Value()); *dst == "" {
		f.Keep(x, own)
	}
}

func takeTime(dst *int64, f *wire.Fields, x *llm.Extra) {
	n, ok := wire.Int(f.Value())
	if !ok || n <= 0 || string(f.Value()) != string(appendInt(n)) {
		f.Keep(x, own)
		return
	}
	*dst = n
}

func readChoices(a *llm.Response, v llm.JSON) {
	items := wire.Items(v)
	for raw, ok := items.Next(); ok && len(a.Choices) <= wire.MaxChoices; raw, ok = items.Next() {
		a.Choices = append(a.Choices, readAnswer(raw))
	}
}

func readAnswer(raw llm.JSON) llm.Choice {
	c := llm.Choice{Extra: llm.Extra{From: own}, Inner: llm.Extra{From: own}}
	indexed := false
	for f := wire.NewFields(raw); f.Next(); {
		v := f.Value()
		switch f.Name() {
		case "index":
			n, ok := wire.Int(v)
			c.Index, indexed = int(n), ok
		case "message":
			c.Parts = readSaid(&c, v)
		case "finish_reason":
			c.Reason = wire.Text(v)
			if c.Reason == "" {
				f.Keep(&c.Extra, own)
			}
		case "logprobs":
			if c.Logprobs = wire.Null(v); c.Logprobs == nil {
				f.Keep(&c.Extra, own)
			}
		default:
			f.Keep(&c.Extra, own)
		}
	}
	if !indexed {
		wire.Mark(&c.Extra, own, "no index", nil)
	}
	c.Finish = finish(c.Reason, hasCalls(c.Parts))
	return c
}

// readSaid reads the message of an answer.
func readSaid(c *llm.Choice, v llm.JSON) []llm.Part {
	var s speech
	var annotations llm.JSON
	for f := wire.NewFields(v); f.Next(); {
		switch {
		case f.Name() == "role" && wire.Equal(f.Value(), "assistant"):
		case f.Name() == "annotations":
			f.Keep(&c.Inner, own)
			annotations = f.Value()
		default:
			s.take(&f, &c.Inner)
		}
	}
	if s.plain {
		wire.Mark(&c.Inner, own, "plain", nil)
	}
	parts := s.parts()
	readAnnotations(parts, annotations)
	return parts
}

func hasCalls(parts []llm.Part) bool {
	for i := range parts {
		if parts[i].Kind == llm.ToolCall {
			return true
		}
	}
	return false
}

// finish knows the spellings of many services.
func finish(reason string, calls bool) llm.Finish {
	switch reason {
	case "":
		return llm.Unfinished
	case "length", "max_tokens", "model_length":
		return llm.FinishLength
	case "tool_calls", "function_call", "tool_use":
		return llm.FinishTools
	case "content_filter", "safety":
		return llm.FinishFilter
	case "refusal":
		return llm.FinishRefusal
	case "error":
		return llm.FinishError
	}
	if calls { // some say stop all the same
		return llm.FinishTools
	}
	return llm.FinishStop
}

// reasons are the spellings of the API.
var reasons = [...]string{
	llm.Unfinished: "", llm.FinishStop: "stop", llm.FinishLength: "length", llm.FinishTools: "tool_calls",
	llm.FinishFilter: "content_filter", llm.FinishRefusal: "content_filter", llm.FinishPause: "stop", llm.FinishError: "error",
}

// readAnnotations gives the answer's text what it rests on.
func readAnnotations(parts []llm.Part, v llm.JSON) {
	for i := range parts {
		if p := &parts[i]; p.Kind == llm.Text {
			p.Citations = citations(v)
			return
		}
	}
}

func citations(v llm.JSON) []llm.Citation {
	var out []llm.Citation
	items := wire.Items(v)
	for a, ok := items.Next(); ok; a, ok = items.Next() {
		out = append(out, citation(a))
	}
	return out
}

func citation(a llm.JSON) llm.Citation {
	c := llm.Citation{Raw: a, From: own, Start: -1, End: -1}
	u := wire.Get(a, "url_citation")
	c.URL, c.Title, c.Quote = wire.Get(u, "url"), wire.Get(u, "title"), wire.Null(wire.Get(u, "content"))
	if n, ok := wire.Int(wire.Get(u, "start_index")); ok {
		c.Start = int(n)
	}
	if n, ok := wire.Int(wire.Get(u, "end_index")); ok {
		c.End = int(n)
	}
	return c
}
