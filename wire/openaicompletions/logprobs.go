package openaicompletions

import (
	"unicode/utf8"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Completions tell the probabilities of tokens in parallel lists, conversations
// in a list of objects, and the model has the latter.

// modern makes objects of parallel lists.
func modern(old llm.JSON) llm.JSON {
	if !wire.IsArray(wire.Get(old, "tokens")) {
		return nil
	}
	tokens := wire.Items(wire.Get(old, "tokens"))
	values := wire.Items(wire.Get(old, "token_logprobs"))
	tops := wire.Items(wire.Get(old, "top_logprobs"))
	var w wire.Writer
	w.Object()
	w.Name("content")
	w.Array()
	for token, ok := tokens.Next(); ok; token, ok = tokens.Next() {
		value, _ := values.Next()
		top, _ := tops.Next()
		w.Object()
		writeToken(&w, token, value)
		w.Name("top_logprobs")
		w.Array()
		for f := wire.NewFields(top); f.Next(); {
			w.Object()
			writeToken(&w, wire.Quote(f.Name()), f.Value())
			w.EndObject()
		}
		w.EndArray()
		w.EndObject()
	}
	w.EndArray()
	w.EndObject()
	return w.Buf
}

func writeToken(w *wire.Writer, token, value llm.JSON) {
	w.Name("token")
	w.Raw(token)
	w.Name("logprob")
	w.Raw(value)
	w.Name("bytes")
	w.Raw(nil)
}

// maxTop bounds the alternatives of a token: providers have 20 at most.
const maxTop = 20

// legacy makes parallel lists of objects.
func legacy(w *wire.Writer, logprobs llm.JSON) {
	content := wire.Get(logprobs, "content")
	w.Object()
	for _, list := range [...]struct{ name, member string }{
		{"tokens", "token"}, {"token_logprobs", "logprob"},
	} {
		w.Name(list.name)
		w.Array()
		items := wire.Items(content)
		for t, ok := items.Next(); ok; t, ok = items.Next() {
			w.Raw(wire.Get(t, list.member))
		}
		w.EndArray()
	}
	w.Name("top_logprobs")
	w.Array()
	items := wire.Items(content)
	for t, ok := items.Next(); ok; t, ok = items.Next() {
		writeTop(w, wire.Get(t, "top_logprobs"))
	}
	w.EndArray()
	writeOffsets(w, content)
	w.EndObject()
}

// writeTop writes the alternatives of one token, each once.
func writeTop(w *wire.Writer, list llm.JSON) {
	var seen []string
	w.Object()
	items := wire.Items(list)
	for t, ok := items.Next(); ok && len(seen) < maxTop; t, ok = items.Next() {
		token, again := wire.Text(wire.Get(t, "token")), false
		for _, s := range seen {
			again = again || s == token
		}
		if again {
			continue
		}
		seen = append(seen, token)
		w.Extra(&llm.Extra{From: own, Members: []llm.Member{{Name: token, Value: orNull(wire.Get(t, "logprob"))}}}, own)
	}
	w.EndObject()
}

func orNull(v llm.JSON) llm.JSON {
	if v == nil {
		return llm.JSON("null")
	}
	return v
}

func writeOffsets(w *wire.Writer, content llm.JSON) {
	w.Name("text_offset")
	w.Array()
	offset := 0
	items := wire.Items(content)
	for t, ok := items.Next(); ok; t, ok = items.Next() {
		w.Int(int64(offset))
		offset += utf8.RuneCount(wire.TextBytes(wire.Get(t, "token")))
	}
	w.EndArray()
}
