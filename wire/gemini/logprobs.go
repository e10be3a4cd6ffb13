package gemini

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Google lists the chosen tokens and, beside them, the likeliest ones of each
// step; the model has the shape of OpenAI, where each step holds its own.
// Source: https://ai.google.dev/api/generate-content#LogprobsResult.

// logprobs reads a logprobsResult.
func logprobs(v llm.JSON) llm.JSON {
	chosen := wire.Items(member(v, "chosenCandidates"))
	top := wire.Items(member(v, "topCandidates"))
	var w wire.Writer
	w.Object()
	w.Name("content")
	w.Array()
	for token, ok := chosen.Next(); ok; token, ok = chosen.Next() {
		w.Object()
		tokenMembers(&w, token)
		w.Name("top_logprobs")
		w.Array()
		step, _ := top.Next()
		likely := wire.Items(member(step, "candidates"))
		for other, ok := likely.Next(); ok; other, ok = likely.Next() {
			w.Object()
			tokenMembers(&w, other)
			w.EndObject()
		}
		w.EndArray()
		w.EndObject()
	}
	w.EndArray()
	w.EndObject()
	return w.Buf
}

// tokenMembers writes a token of Google's. A probability of 1 is left out.
func tokenMembers(w *wire.Writer, token llm.JSON) {
	probability := member(token, "logProbability")
	if !wire.IsNumber(probability) {
		probability = llm.JSON("0")
	}
	w.Member("token", text(member(token, "token")))
	w.Member("logprob", probability)
	w.Name("bytes")
	w.Raw(nil)
}

// writeLogprobs writes a logprobsResult.
func writeLogprobs(o *node, v llm.JSON) {
	content := wire.Get(v, "content")
	if !wire.IsArray(content) {
		return
	}
	in := o.inner("logprobsResult", nil)
	in.name("chosenCandidates")
	in.w.Array()
	items := wire.Items(content)
	some := false
	for step, ok := items.Next(); ok; step, ok = items.Next() {
		writeToken(in.w, step)
		some = some || wire.Len(wire.Get(step, "top_logprobs")) > 0
	}
	in.w.EndArray()
	if some {
		in.name("topCandidates")
		writeTop(in.w, content)
	}
	in.end()
}

func writeTop(w *wire.Writer, content llm.JSON) {
	w.Array()
	items := wire.Items(content)
	for step, ok := items.Next(); ok; step, ok = items.Next() {
		w.Object()
		w.Name("candidates")
		w.Array()
		likely := wire.Items(wire.Get(step, "top_logprobs"))
		for token, ok := likely.Next(); ok; token, ok = likely.Next() {
			writeToken(w, token)
		}
		w.EndArray()
		w.EndObject()
	}
	w.EndArray()
}

func writeToken(w *wire.Writer, token llm.JSON) {
	w.Object()
	w.Member("token", text(wire.Get(token, "token")))
	w.Member("logProbability", wire.Get(token, "logprob"))
	w.EndObject()
}
