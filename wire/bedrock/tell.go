package bedrock

import (
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// orNull appends a member that is null where there is nothing to say.
func orNull(w *wire.Writer, name, s string) {
	w.Name(name)
	w.OrNull(s)
}

// countOrNull is orNull for a count of tokens.
func countOrNull(w *wire.Writer, name string, n int64) {
	w.Name(name)
	if n < 0 {
		w.Raw(nil)
		return
	}
	w.Int(n)
}

// tellTitan: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html
func tellTitan(w *wire.Writer, t *telling) {
	w.Object()
	if !t.whole {
		s := &t.said[0]
		w.Member("outputText", s.text)
		w.IntMember("index", int64(s.index))
		prompt, completion := t.atEnd(s)
		countOrNull(w, "totalOutputTextTokenCount", completion)
		orNull(w, "completionReason", s.reason)
		countOrNull(w, "inputTextTokenCount", prompt)
		w.EndObject()
		return
	}
	w.IntMember("inputTextTokenCount", max(t.usage.Prompt, 0))
	w.Name("results")
	w.Array()
	for i := range t.said {
		w.Object()
		w.IntMember("tokenCount", max(t.usage.Completion, 0))
		w.Member("outputText", t.said[i].text)
		w.StringMember("completionReason", t.said[i].reason)
		w.EndObject()
	}
	w.EndArray()
	w.EndObject()
}

// atEnd are the counts, which are told with the last piece.
func (t *telling) atEnd(s *told) (prompt, completion int64) {
	if s.reason == "" {
		return -1, -1
	}
	return t.usage.Prompt, t.usage.Completion
}

// tellLlama: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html
func tellLlama(w *wire.Writer, t *telling) {
	s := &t.said[0]
	w.Object()
	w.Member("generation", s.text)
	prompt, completion := t.atEnd(s)
	countOrNull(w, "prompt_token_count", prompt)
	countOrNull(w, "generation_token_count", completion)
	orNull(w, "stop_reason", s.reason)
	w.EndObject()
}

// tellMistral: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-text-completion.html
func tellMistral(w *wire.Writer, t *telling) {
	w.Object()
	w.Name("outputs")
	w.Array()
	for i := range t.said {
		w.Object()
		w.Member("text", t.said[i].text)
		orNull(w, "stop_reason", t.said[i].reason)
		w.EndObject()
	}
	w.EndArray()
	w.EndObject()
}

// tellCommand: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-cohere-command.html
func tellCommand(w *wire.Writer, t *telling) {
	w.Object()
	if t.whole {
		w.StringMember("id", t.id)
		w.Name("generations")
		w.Array()
		for i := range t.said {
			w.Object()
			w.StringMember("id", t.id)
			w.Member("text", t.said[i].text)
			w.StringMember("finish_reason", t.said[i].reason)
			w.EndObject()
		}
		w.EndArray()
		w.EndObject()
		return
	}
	s := &t.said[0]
	w.IntMember("index", int64(s.index))
	w.BoolMember("is_finished", s.reason != "")
	w.Member("text", s.text)
	w.StringMember("finish_reason", s.reason)
	w.EndObject()
}

// tellClaude: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-text-completion.html
func tellClaude(w *wire.Writer, t *telling) {
	s := &t.said[0]
	w.Object()
	w.StringMember("type", "completion")
	w.Member("completion", s.text)
	orNull(w, "stop_reason", s.reason)
	w.Name("stop")
	w.Raw(s.stop)
	w.EndObject()
}

// novaClient is the format of Nova's models: Converse's, almost.
// https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html
type novaClient struct{ Client }

// Format is llm.BedrockInvoke.
func (novaClient) Format() llm.Format { return invokeFormat }

// DecodeRequest implements wire.Client.
func (c novaClient) DecodeRequest(r *llm.Request, q wire.Question) error {
	if err := c.Client.DecodeRequest(r, q); err != nil {
		return err
	}
	members := r.Extra.Members[:0]
	for _, m := range r.Extra.Members {
		switch m.Name {
		case "schemaVersion": // there is one
		case "inferenceConfig":
			if v := novaInference(&r.Sampling, m.Value); v != nil {
				members = append(members, llm.Member{Name: m.Name, Value: v})
			}
		default:
			members = append(members, m)
		}
	}
	r.Extra.From, r.Extra.Members = invokeFormat, members
	markDialect(r, novaDialect)
	return nil
}

// novaInference takes what Converse has not, in the old spelling too, out of the
// parameters that Converse left; nil is nothing left.
func novaInference(s *llm.Sampling, v llm.JSON) llm.JSON {
	var kept llm.Extra
	for f := wire.NewFields(v); f.Next(); {
		var to *llm.JSON
		switch f.Name() {
		case "topK", "top_k":
			to = &s.TopK
		case "max_new_tokens":
			to = &s.MaxTokens
		case "top_p":
			to = &s.TopP
		}
		if to == nil || *to != nil || !wire.IsNumber(f.Value()) {
			f.Keep(&kept, own)
			continue
		}
		*to = f.Value()
	}
	if kept.Members == nil {
		return nil
	}
	w := wire.Writer{}
	w.Object()
	w.Extra(&kept, own)
	w.EndObject()
	return w.Buf
}

// NewStream implements wire.Client.
func (novaClient) NewStream(*llm.Request) wire.StreamEncoder {
	s := newStream()
	s.lines = true
	return s
}
