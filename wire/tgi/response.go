package tgi

import (
	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// unreadable is an answer that is none.
type unreadable string

// Error implements error.
func (u unreadable) Error() string { return string(u) }

const (
	undecodable unreadable = "Failed to decode response"
	shapeless   unreadable = "Invalid response format"
)

// list in the extra of an answer tells that it was one of a list.
const list = "[]"

// DecodeResponse implements wire.Provider. The answer is an object, a list of
// them, or choices as OpenAI has them.
func (Provider) DecodeResponse(a *llm.Response, body []byte) error {
	if wire.IsArray(body) {
		return decodeList(a, body)
	}
	if wire.Check(body) != nil {
		return undecodable
	}
	a.Usage, a.Extra.From = llm.NoUsage(), own
	if wire.Get(body, "generated_text") != nil {
		return decodeAnswer(a, body)
	}
	if choices := wire.Get(body, "choices"); wire.Len(choices) > 0 {
		return decodeChoices(a, body, choices)
	}
	return disguised(body)
}

// disguised tells which error an answer without text is.
func disguised(body []byte) error {
	for _, name := range [...]string{"error", "message", "detail"} {
		if wire.Null(wire.Get(body, name)) != nil {
			e := wire.ReadError(500, nil, body)
			e.Message = "API error: " + e.Message
			return e
		}
	}
	return shapeless
}

func decodeList(a *llm.Response, body []byte) error {
	// Check takes objects only.
	wrapped := append(append([]byte(`{"":`), body...), '}')
	if jsonscan.Valid(body) != nil || wire.Check(wrapped) != nil {
		return undecodable
	}
	a.Usage = llm.NoUsage()
	a.Extra = llm.Extra{From: own, Members: []llm.Member{{Name: list, Value: llm.JSON("true")}}}
	items := wire.Items(body)
	for raw, ok := items.Next(); ok && len(a.Choices) <= wire.MaxChoices; raw, ok = items.Next() {
		if wire.Get(raw, "generated_text") == nil {
			return disguised(raw)
		}
		if err := decodeAnswer(a, raw); err != nil {
			return err
		}
	}
	if len(a.Choices) == 0 {
		return shapeless
	}
	return nil
}

func decodeAnswer(a *llm.Response, raw llm.JSON) error {
	c := llm.Choice{Index: len(a.Choices), Finish: llm.FinishStop}
	c.Extra.From = own
	f := wire.NewFields(raw)
	for f.Next() {
		v := f.Value()
		if f.Name() == "generated_text" {
			if !wire.IsString(v) {
				return shapeless
			}
			c.Parts = append(c.Parts, llm.Part{Kind: llm.Text, Text: v})
			continue
		}
		if f.Name() == "details" {
			decodeDetails(a, &c, v)
		}
		f.Keep(&c.Extra, own)
	}
	a.Choices = append(a.Choices, c)
	return nil
}

// decodeDetails reads how an answer came about.
func decodeDetails(a *llm.Response, c *llm.Choice, details llm.JSON) {
	c.Reason = wire.Text(wire.Get(details, "finish_reason"))
	c.Finish = finishOf(c.Reason)
	c.Logprobs = logprobs(wire.Get(details, "tokens"), wire.Get(details, "top_tokens"))
	u := usage(details)
	a.Usage.Prompt = sum(a.Usage.Prompt, u.Prompt)
	a.Usage.Completion = sum(a.Usage.Completion, u.Completion)
	a.Usage.Total = sum(a.Usage.Total, u.Total)
}

func sum(a, b int64) int64 {
	if a < 0 {
		return b
	}
	return a + max(b, 0)
}

// usage counts the tokens. Those of the prompt are told in a stream, or listed
// where they were asked for.
func usage(details llm.JSON) llm.Usage {
	u := llm.NoUsage()
	u.Prompt = counted(wire.Get(details, "input_length"))
	u.Completion = counted(wire.Get(details, "generated_tokens"))
	if n := wire.Len(wire.Get(details, "prefill")); u.Prompt < 0 && n > 0 {
		u.Prompt = int64(n)
	}
	if u.Prompt >= 0 && u.Completion >= 0 {
		u.Total = u.Prompt + u.Completion
	}
	return u
}

// maxCount keeps sums of counts in range.
const maxCount = 1 << 53

func counted(v llm.JSON) int64 {
	if n, ok := wire.Int(v); ok && n >= 0 && n <= maxCount {
		return n
	}
	return -1
}

// logprobs makes objects of OpenAI's shape of the tokens. They come with every
// detail, so only those count that were asked for with their alternatives.
func logprobs(tokens, tops llm.JSON) llm.JSON {
	if wire.Len(tops) == 0 || wire.Len(tokens) == 0 {
		return nil
	}
	var w wire.Writer
	w.Object()
	w.Name("content")
	w.Array()
	top := wire.Items(tops)
	items := wire.Items(tokens)
	for t, ok := items.Next(); ok; t, ok = items.Next() {
		alternatives, _ := top.Next()
		writeLogprob(&w, t, alternatives)
	}
	w.EndArray()
	w.EndObject()
	return w.Buf
}

func writeLogprob(w *wire.Writer, token, tops llm.JSON) {
	w.Object()
	writeToken(w, token)
	w.Name("top_logprobs")
	w.Array()
	items := wire.Items(tops)
	for t, ok := items.Next(); ok; t, ok = items.Next() {
		w.Object()
		writeToken(w, t)
		w.EndObject()
	}
	w.EndArray()
	w.EndObject()
}

func writeToken(w *wire.Writer, t llm.JSON) {
	w.Name("token")
	w.Raw(wire.Get(t, "text"))
	w.Name("logprob")
	w.Raw(wire.Get(t, "logprob"))
	w.Name("bytes")
	w.Raw(nil)
}

// decodeChoices reads an answer of servers that speak OpenAI's shape.
func decodeChoices(a *llm.Response, body, choices llm.JSON) error {
	a.ID, a.Model = wire.Text(wire.Get(body, "id")), wire.Text(wire.Get(body, "model"))
	a.Created = max(counted(wire.Get(body, "created")), 0)
	u := wire.Get(body, "usage")
	a.Usage.Prompt = counted(wire.Get(u, "prompt_tokens"))
	a.Usage.Completion = counted(wire.Get(u, "completion_tokens"))
	a.Usage.Total = counted(wire.Get(u, "total_tokens"))
	items := wire.Items(choices)
	for raw, ok := items.Next(); ok && len(a.Choices) <= wire.MaxChoices; raw, ok = items.Next() {
		text := wire.Get(raw, "text")
		if !wire.IsString(text) {
			text = wire.Get(raw, "message", "content")
		}
		if !wire.IsString(text) {
			return shapeless
		}
		reason := wire.Text(wire.Get(raw, "finish_reason"))
		a.Choices = append(a.Choices, llm.Choice{
			Index: len(a.Choices), Finish: finishOf(reason), Reason: reason,
			Parts: []llm.Part{{Kind: llm.Text, Text: text}}, Extra: llm.Extra{From: own},
		})
	}
	return nil
}

// EncodeResponse implements wire.Client. One answer is an object, several are
// a list, and so is one that came in a list.
func (Client) EncodeResponse(dst []byte, a *llm.Response, r *llm.Request) []byte {
	w := wire.Writer{Buf: dst}
	if len(a.Choices) == 1 && a.Extra.Get(own, list) == nil {
		writeAnswer(&w, &a.Choices[0], &a.Usage, wantsDetails(r))
		return w.Buf
	}
	w.Array()
	for i := range a.Choices {
		u := llm.NoUsage()
		if len(a.Choices) == 1 {
			u = a.Usage
		}
		writeAnswer(&w, &a.Choices[i], &u, wantsDetails(r))
	}
	w.EndArray()
	return w.Buf
}

// wantsDetails tells whether the caller asked for details.
func wantsDetails(r *llm.Request) bool {
	if r == nil {
		return false
	}
	p := r.Extra.Get(own, "parameters")
	return wire.IsTrue(wire.Get(p, "details")) || r.Sampling.TopLogprobs != nil
}

func writeAnswer(w *wire.Writer, c *llm.Choice, u *llm.Usage, details bool) {
	n := wire.Begin(w, &c.Extra, own)
	n.Member("generated_text", spoken(c.Parts))
	if details && c.Extra.From != own {
		n.Name("details")
		writeDetails(w, reasonOf(c.Finish, c.Reason, c.StopSequence), u, c.Logprobs)
	}
	n.End()
}

// writeDetails writes details, as far as others tell them. Tokens have no
// numbers with them.
func writeDetails(w *wire.Writer, reason string, u *llm.Usage, logprobs llm.JSON) {
	w.Object()
	w.StringMember("finish_reason", reason)
	w.IntMember("generated_tokens", max(u.Completion, 0))
	w.Name("seed")
	w.Raw(nil)
	w.Name("prefill")
	w.Array()
	w.EndArray()
	w.Name("tokens")
	w.Array()
	items := wire.Items(wire.Get(logprobs, "content"))
	for t, ok := items.Next(); ok; t, ok = items.Next() {
		writeText(w, wire.Get(t, "token"), wire.Get(t, "logprob"), false)
	}
	w.EndArray()
	writeAllTops(w, logprobs)
	w.EndObject()
}

// writeAllTops writes the alternatives of each token, if they are known.
func writeAllTops(w *wire.Writer, logprobs llm.JSON) {
	if logprobs == nil {
		return
	}
	w.Name("top_tokens")
	w.Array()
	items := wire.Items(wire.Get(logprobs, "content"))
	for t, ok := items.Next(); ok; t, ok = items.Next() {
		writeTops(w, t)
	}
	w.EndArray()
}

func writeTops(w *wire.Writer, t llm.JSON) {
	w.Array()
	items := wire.Items(wire.Get(t, "top_logprobs"))
	for a, ok := items.Next(); ok; a, ok = items.Next() {
		writeText(w, wire.Get(a, "token"), wire.Get(a, "logprob"), false)
	}
	w.EndArray()
}

// writeText writes a token.
func writeText(w *wire.Writer, text, logprob llm.JSON, special bool) {
	w.Object()
	w.IntMember("id", 0)
	w.Member("text", text)
	w.Name("logprob")
	w.Raw(logprob)
	w.BoolMember("special", special)
	w.EndObject()
}

// spoken is what is said to the caller; there is no place for thoughts.
func spoken(parts []llm.Part) llm.JSON {
	var all []llm.JSON
	for i := range parts {
		if k := parts[i].Kind; k == llm.Text || k == llm.Refusal {
			all = append(all, parts[i].Text)
		}
	}
	return wire.Join("", all...)
}
