package translate

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"
)

// invokeFinish are the finish reasons of the models that have a format of
// their own at InvokeModel.
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html
var invokeFinish = map[string]string{
	"stop": "stop", "stop_sequence": "stop", "endoftext": "stop", "FINISH": "stop", "COMPLETE": "stop", "FINISHED": "stop",
	"length": "length", "max_tokens": "length", "LENGTH": "length", "MAX_TOKENS": "length", "CONTENT_FILTERED": "filter",
}

// readInvoke reads answers of InvokeModel, which are those of the model's
// maker. In a stream they stand in chunks.
func readInvoke(t *told, name string, m object) {
	if name == "chunk" {
		data, err := base64.StdEncoding.DecodeString(m.text("bytes"))
		if err != nil {
			t.fail(err.Error())
			return
		}
		if m, err = decode(data); err != nil {
			t.fail(err.Error())
			return
		}
	}
	makers(m)(t, m)
	metrics := m.get("amazon-bedrock-invocationMetrics")
	if t.prompt < 0 || t.completion < 0 { // else the maker has counted
		t.usage(metrics.count("inputTokenCount"), metrics.count("outputTokenCount"))
	}
}

// makers tells whose answer it is by its members.
func makers(m object) func(t *told, m object) {
	for _, k := range slices.Sorted(maps.Keys(shapes)) {
		if _, has := m[k]; has {
			return shapes[k]
		}
	}
	return func(*told, object) {}
}

var shapes = map[string]func(t *told, m object){
	"completion":        claudeText,
	"type":              func(t *told, m object) { readAnthropic(t, "", m) },
	"output":            novaMessage,
	"messageStart":      novaEvent,
	"contentBlockStart": novaEvent, "contentBlockDelta": novaEvent, "messageStop": novaEvent, "metadata": novaEvent,
	"generation":  llama,
	"results":     titan,
	"outputText":  titanPiece,
	"generations": command,
	"event_type":  func(t *told, m object) { readCohereV1(t, "", m) },
	"response_id": func(t *told, m object) { readCohereV1(t, "", m) },
	"outputs":     mistralText,
	"choices":     func(t *told, m object) { readOpenAI(t, "", m) },
	"completions": jurassic,
}

func claudeText(t *told, m object) {
	c := t.choice(0)
	c.text += m.text("completion")
	c.ended(invokeFinish, m.text("stop_reason"))
}

func novaMessage(t *told, m object) {
	readBedrock(t, "", m)
	t.novaUsage(m.get("usage"))
}

func novaEvent(t *told, m object) {
	for name := range m {
		readBedrock(t, name, m.get(name))
	}
	if u := m.get("metadata", "usage"); u != nil {
		t.novaUsage(u)
	}
}

func (t *told) novaUsage(u object) {
	t.usage(plus(u.count("inputTokens"), u.count("cacheReadInputTokenCount"), u.count("cacheWriteInputTokenCount")), u.count("outputTokens"))
}

func llama(t *told, m object) {
	c := t.choice(0)
	c.text += m.text("generation")
	c.ended(invokeFinish, m.text("stop_reason"))
	t.usage(m.count("prompt_token_count"), m.count("generation_token_count"))
}

func titan(t *told, m object) {
	for _, r := range m.list("results") {
		c := t.choice(0)
		c.text += r.text("outputText")
		c.ended(invokeFinish, r.text("completionReason"))
		t.usage(m.count("inputTextTokenCount"), r.count("tokenCount"))
	}
}

func titanPiece(t *told, m object) {
	c := t.choice(0)
	c.text += m.text("outputText")
	c.ended(invokeFinish, m.text("completionReason"))
	t.usage(m.count("inputTextTokenCount"), m.count("totalOutputTextTokenCount"))
}

func command(t *told, m object) {
	for i, g := range m.list("generations") {
		c := t.choice(int64(i))
		c.text += g.text("text")
		c.ended(invokeFinish, g.text("finish_reason"))
	}
}

func mistralText(t *told, m object) {
	for i, o := range m.list("outputs") {
		c := t.choice(int64(i))
		c.text += o.text("text")
		c.ended(invokeFinish, o.text("stop_reason"))
	}
}

func jurassic(t *told, m object) {
	for i, o := range m.list("completions") {
		c := t.choice(int64(i))
		c.text += o.get("data").text("text")
		c.ended(invokeFinish, o.get("finishReason").text("reason"))
	}
}

// invoked tells whether the gateway asks for such an answer: of a chat Claude's
// models are asked for messages, and the old ones for texts only where a text
// shall be gone on with.
func invoked(x *exchange, f *format) bool {
	if strings.Contains(string(x.answer), `"embeddings"`) || strings.Contains(string(x.answer), "relevance_score") {
		return false
	}
	old := strings.Contains(x.model(), "claude-v2") || strings.Contains(x.model(), "claude-instant")
	if !old {
		return true
	}
	q, _ := decode(x.Request.Body)
	return q.has("prompt") == (f.routeType == completions)
}
