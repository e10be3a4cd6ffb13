package bedrock

import (
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// asker writes one question in the words of a model.
type asker struct {
	w wire.Writer
	r *llm.Request
	n *wire.Notes
	// own: the question came in the model's own words.
	own bool
	// tools: the model is told them.
	tools bool
}

// params are what a model calls the fields of llm.Sampling; an empty name is a
// field that it does not have.
type params struct {
	limit, temperature, topP, topK, stop, seed, n, frequency, presence string
}

func (e *asker) sampling(o *object, p params) {
	s := &e.r.Sampling
	var stop llm.JSON
	if len(s.Stop) > 0 {
		stop = array(s.Stop)
	}
	for _, f := range []struct {
		field, name string
		value       llm.JSON
	}{
		{"max_tokens", p.limit, s.MaxTokens},
		{"temperature", p.temperature, s.Temperature},
		{"top_p", p.topP, s.TopP},
		{"top_k", p.topK, s.TopK},
		{"stop", p.stop, stop},
		{"seed", p.seed, s.Seed},
		{"n", p.n, s.N},
		{"frequency_penalty", p.frequency, s.FrequencyPenalty},
		{"presence_penalty", p.presence, s.PresencePenalty},
		{"min_p", "", s.MinP},
		{"repeat_penalty", "", s.RepeatPenalty},
		{"logit_bias", "", s.LogitBias},
		{"logprobs", "", s.Logprobs},
		{"top_logprobs", "", s.TopLogprobs},
	} {
		switch {
		case f.value == nil:
		case f.name == "":
			e.n.Lose("sampling."+f.field, f.value)
		default:
			o.member(f.name, f.value)
		}
	}
}

func array(values []llm.JSON) llm.JSON {
	var w wire.Writer
	w.Array()
	for _, v := range values {
		w.Raw(v)
	}
	w.EndArray()
	return w.Buf
}

// unsaid notes what no model of these is told.
func (e *asker) unsaid() {
	if !e.tools && len(e.r.Tools) > 0 {
		e.n.Drop("tools")
	}
	for _, f := range []struct {
		name  string
		value llm.JSON
	}{{"suffix", e.r.Suffix}, {"parallel", e.r.Parallel}, {"user", e.r.User}} {
		e.n.Lose(f.name, f.value)
	}
	e.beside()
}

// beside notes what has no place in the body of a model.
func (e *asker) beside() {
	r := &e.r.Reasoning
	if wire.Thinks(r) {
		e.n.Drop("reasoning")
	}
	if e.r.Output.Kind > llm.OutputText {
		e.n.Drop("output")
	}
	e.n.LoseText("output.verbosity", e.r.Output.Verbosity)
	e.n.Lose("metadata", e.r.Metadata)
	e.n.Lose("service_tier", e.r.ServiceTier)
	if e.own {
		return
	}
	for i := range e.r.Extra.Members {
		e.n.Lose(e.r.Extra.Members[i].Name, e.r.Extra.Members[i].Value)
	}
}

// words are the texts of a message as one; what is no text is noted.
func (e *asker) words(index int) llm.JSON {
	var texts []llm.JSON
	for j := range e.r.Messages[index].Parts {
		switch p := &e.r.Messages[index].Parts[j]; p.Kind {
		case llm.Text, llm.Refusal:
			if !blank(p.Text) {
				texts = append(texts, p.Text)
			}
		case llm.ToolCall, llm.ToolResult:
			if !e.tools {
				e.drop(index, j)
			}
		case llm.Image, llm.Audio, llm.Video, llm.Document, llm.Thinking, llm.Redacted, llm.Opaque:
			e.drop(index, j)
		}
	}
	if len(texts) == 0 {
		return nil
	}
	return wire.Join("\n", texts...)
}

func (e *asker) drop(index, part int) {
	e.n.Drop("messages[" + strconv.Itoa(index) + "].parts[" + strconv.Itoa(part) + "]")
}

// turns are the marks that a model has learned for who speaks.
type turns struct {
	start              string // of all
	system, afterWords string // around the instructions
	user, afterUser    string
	model, afterModel  string
	// answer stands where the model shall go on.
	answer string
	// inUser: the instructions are part of what the user says first. Otherwise
	// they come before it.
	inUser bool
}

// prompt writes a conversation as one text: as it came, if it came as one.
func (e *asker) prompt(t turns) llm.JSON { //nolint:gocritic // once a question
	if v, ok := wire.Marked(&e.r.Extra, invokeFormat, promptForm); ok && e.own {
		return v
	}
	if e.r.Prompt != nil && len(e.r.Messages) == 0 {
		return onePrompt(e.r.Prompt)
	}
	parts := []llm.JSON{wire.Quote(t.start)}
	add := func(before string, text llm.JSON, after string) {
		parts = append(parts, wire.Quote(before), text, wire.Quote(after))
	}
	system := e.instructions()
	if system != nil && !t.inUser {
		add(t.system, system, t.afterWords)
		system = nil
	}
	for i := range e.r.Messages {
		m := &e.r.Messages[i]
		if isSystem(m) {
			continue
		}
		text := e.words(i)
		switch {
		case text == nil:
		case m.Role == llm.Assistant:
			add(t.model, text, t.afterModel)
		case system != nil:
			add(t.user+t.system, system, t.afterWords)
			parts = append(parts, text, wire.Quote(t.afterUser))
			system = nil
		default:
			add(t.user, text, t.afterUser)
		}
	}
	parts = append(parts, wire.Quote(t.answer))
	return wire.Join("", parts...)
}

func (e *asker) instructions() llm.JSON {
	var texts []llm.JSON
	for i := range e.r.Messages {
		if !isSystem(&e.r.Messages[i]) {
			continue
		}
		if text := e.words(i); text != nil {
			texts = append(texts, text)
		}
	}
	if texts == nil {
		return nil
	}
	return wire.Join("\n", texts...)
}

// titan: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html
func (e *asker) titan(o *object) {
	o.member("inputText", e.prompt(titanTurns))
	o.name("textGenerationConfig")
	in := begin(&e.w)
	e.sampling(&in, titanParams)
	if e.own {
		in.restOf(e.r.Extra.Get(invokeFormat, "textGenerationConfig"))
	}
	in.end()
}

var (
	titanTurns  = turns{afterWords: "\n", user: "User: ", afterUser: "\n", model: "Bot: ", afterModel: "\n", answer: "Bot:"}
	titanParams = params{limit: "maxTokenCount", temperature: "temperature", topP: "topP", stop: "stopSequences"}
)

// llama: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html
func (e *asker) llama(o *object) {
	o.member("prompt", e.prompt(llamaTurns(e.r.Model)))
	e.sampling(o, llamaParams)
}

var llamaParams = params{limit: "max_gen_len", temperature: "temperature", topP: "top_p"}

func llamaTurns(model string) turns {
	switch {
	case strings.Contains(model, "llama2"):
		return llama2Turns
	case strings.Contains(model, "llama4"):
		return llama4Turns
	}
	return llama3Turns
}

var (
	llama2Turns = turns{
		system: "<<SYS>>\n", afterWords: "\n<</SYS>>\n\n", user: "<s>[INST] ", afterUser: " [/INST]", model: " ", afterModel: " </s>", inUser: true,
	}
	llama3Turns = headed("<|start_header_id|>", "<|end_header_id|>\n\n", "<|eot_id|>")
	llama4Turns = headed("<|header_start|>", "<|header_end|>\n\n", "<|eot|>")
)

func headed(start, end, eot string) turns {
	return turns{
		start:  "<|begin_of_text|>",
		system: start + "system" + end, afterWords: eot,
		user: start + "user" + end, afterUser: eot,
		model: start + "assistant" + end, afterModel: eot,
		answer: start + "assistant" + end,
	}
}

// mistral: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-text-completion.html
func (e *asker) mistral(o *object) {
	o.member("prompt", e.prompt(mistralTurns))
	e.sampling(o, mistralParams)
}

var (
	mistralTurns  = turns{start: "<s>", afterWords: "\n\n", user: "[INST] ", afterUser: " [/INST]", model: " ", afterModel: "</s>", inUser: true}
	mistralParams = params{limit: "max_tokens", temperature: "temperature", topP: "top_p", topK: "top_k", stop: "stop"}
)

// command: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-cohere-command.html
func (e *asker) command(o *object) {
	o.member("prompt", e.spoken(commandTurns))
	e.sampling(o, commandParams)
	if e.r.Stream {
		o.member("stream", llm.JSON("true"))
	}
}

var (
	commandTurns  = speakers("User: ", "Chatbot: ")
	commandParams = params{limit: "max_tokens", temperature: "temperature", topP: "p", topK: "k", stop: "stop_sequences", n: "num_generations"}
)

// speakers are the turns of models that know no marks.
func speakers(user, model string) turns {
	return turns{afterWords: "\n", user: user, afterUser: "\n", model: model, afterModel: "\n", answer: strings.TrimSpace(model)}
}

// jurassic: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-jurassic2.html
func (e *asker) jurassic(o *object) {
	o.member("prompt", e.spoken(speakers("User: ", "Assistant: ")))
	e.sampling(o, params{limit: "maxTokens", temperature: "temperature", topP: "topP", stop: "stopSequences", n: "numResults"})
}

// spoken is a conversation for models that know no marks; a single question is
// only what the user says.
func (e *asker) spoken(t turns) llm.JSON { //nolint:gocritic // once a question
	if !e.own && len(e.r.Messages) == 1 && e.r.Messages[0].Role == llm.User {
		if text := e.words(0); text != nil {
			return text
		}
	}
	return e.prompt(t)
}

// defaultSample is what a Claude of old is allowed to say, which it must be told.
const defaultSample = "4096"

// claudeText: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-text-completion.html
func (e *asker) claudeText(o *object) {
	prompt := e.prompt(claudeTurns)
	if e.r.Prompt != nil && len(e.r.Messages) == 0 && !strings.Contains(wire.Text(prompt), "\n\nHuman:") {
		prompt = wire.Join("", wire.Quote("\n\nHuman: "), prompt, wire.Quote("\n\nAssistant:"))
	}
	o.member("prompt", prompt)
	e.sampling(o, claudeParams)
	if !o.has("max_tokens_to_sample") {
		o.member("max_tokens_to_sample", llm.JSON(defaultSample))
	}
}

var (
	claudeTurns  = turns{user: "\n\nHuman: ", model: "\n\nAssistant: ", answer: "\n\nAssistant:"}
	claudeParams = params{limit: "max_tokens_to_sample", temperature: "temperature", topP: "top_p", topK: "top_k", stop: "stop_sequences"}
)

// commandR: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-cohere-command-r-plus.html
func (e *asker) commandR(o *object) {
	if len(e.r.Messages) == 0 {
		o.member("message", onePrompt(e.r.Prompt))
	}
	var said []string
	var texts []llm.JSON
	for i := range e.r.Messages {
		m := &e.r.Messages[i]
		if isSystem(m) {
			continue
		}
		if text := e.words(i); text != nil {
			role := "USER"
			if m.Role == llm.Assistant {
				role = "CHATBOT"
			}
			said, texts = append(said, role), append(texts, text)
		}
	}
	if last := len(texts) - 1; last >= 0 {
		o.member("message", texts[last])
		e.history(o, said[:last], texts[:last])
	}
	o.member("preamble", e.instructions())
	e.sampling(o, params{
		limit: "max_tokens", temperature: "temperature", topP: "p", topK: "k", stop: "stop_sequences", seed: "seed",
		frequency: "frequency_penalty", presence: "presence_penalty",
	})
}

func (e *asker) history(o *object, roles []string, texts []llm.JSON) {
	if len(texts) == 0 {
		return
	}
	o.name("chat_history")
	e.w.Array()
	for i := range texts {
		e.w.Object()
		e.w.StringMember("role", roles[i])
		e.w.Member("message", texts[i])
		e.w.EndObject()
	}
	e.w.EndArray()
}

// mistralChat: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-chat-completion.html
func (e *asker) mistralChat(o *object) {
	e.tools = true
	e.chat(o, "any")
	e.sampling(o, params{limit: "max_tokens", temperature: "temperature", topP: "top_p"})
}

// jamba: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-jamba.html
func (e *asker) jamba(o *object) {
	e.tools = true
	e.chat(o, "required")
	e.sampling(o, params{
		limit: "max_tokens", temperature: "temperature", topP: "top_p", stop: "stop", n: "n",
		frequency: "frequency_penalty", presence: "presence_penalty",
	})
}
