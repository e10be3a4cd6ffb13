package formats

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
)

type object = map[string]any

// sendBack is the second question of a loop of tools as the vendor's library
// sends it: the first one, the assistant's turn as it was answered, and what
// the tools gave.
func sendBack(t testing.TB, f llm.Format, question, answer []byte) []byte {
	t.Helper()
	q, a := value(t, question).(object), value(t, answer).(object)
	backs[f](q, a)
	body, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

var backs = map[llm.Format]func(q, a object){
	llm.OpenAIChat:      backChat,
	llm.OpenAIResponses: backResponses,
	llm.Anthropic:       backAnthropic,
	llm.Gemini:          backGemini,
	llm.BedrockConverse: backBedrock,
	llm.CohereV2:        backCohere,
	llm.CohereV1:        backCohere1,
	llm.OllamaChat:      backOllama,
	llm.Mistral:         backChat,
}

func appendTo(q object, name string, more ...any) {
	list, _ := q[name].([]any)
	q[name] = append(list, more...)
}

// only are the members of an object that a library knows.
func only(v any, names ...string) object {
	out := object{}
	for _, name := range names {
		if member, ok := v.(object)[name]; ok {
			out[name] = member
		}
	}
	return out
}

func list(v any) []any { l, _ := v.([]any); return l }

func backChat(q, a object) {
	m := only(list(a["choices"])[0].(object)["message"], "role", "content", "tool_calls")
	appendTo(q, "messages", m)
	for _, c := range list(m["tool_calls"]) {
		appendTo(q, "messages", object{"role": "tool", "tool_call_id": c.(object)["id"], "content": "done"})
	}
}

func backResponses(q, a object) {
	appendTo(q, "input", list(a["output"])...)
	for _, item := range list(a["output"]) {
		if o := item.(object); o["type"] == "function_call" {
			appendTo(q, "input", object{"type": "function_call_output", "call_id": o["call_id"], "output": "done"})
		}
	}
}

func backAnthropic(q, a object) {
	var results []any
	for _, block := range list(a["content"]) {
		if o := block.(object); o["type"] == "tool_use" {
			results = append(results, object{"type": "tool_result", "tool_use_id": o["id"], "content": "done"})
		}
	}
	appendTo(q, "messages", object{"role": "assistant", "content": a["content"]}, object{"role": "user", "content": results})
}

func backGemini(q, a object) {
	content := list(a["candidates"])[0].(object)["content"].(object)
	var results []any
	for _, part := range list(content["parts"]) {
		if c, ok := part.(object)["functionCall"].(object); ok {
			res := only(c, "id", "name")
			res["response"] = object{"result": "done"}
			results = append(results, object{"functionResponse": res})
		}
	}
	appendTo(q, "contents", content, object{"role": "user", "parts": results})
}

func backBedrock(q, a object) {
	m := a["output"].(object)["message"].(object)
	var results []any
	for _, block := range list(m["content"]) {
		if u, ok := block.(object)["toolUse"].(object); ok {
			results = append(results, object{"toolResult": object{"toolUseId": u["toolUseId"], "content": []any{object{"text": "done"}}}})
		}
	}
	appendTo(q, "messages", m, object{"role": "user", "content": results})
}

func backCohere(q, a object) {
	m := only(a["message"], "role", "content", "tool_plan", "tool_calls")
	appendTo(q, "messages", m)
	for _, c := range list(m["tool_calls"]) {
		appendTo(q, "messages", object{"role": "tool", "tool_call_id": c.(object)["id"], "content": "done"})
	}
}

func backCohere1(q, a object) {
	appendTo(q, "chat_history", object{"role": "USER", "message": q["message"]},
		object{"role": "CHATBOT", "message": a["text"], "tool_calls": a["tool_calls"]})
	q["message"] = ""
	for _, c := range list(a["tool_calls"]) {
		appendTo(q, "tool_results", object{"call": c, "outputs": []any{object{"output": "done"}}})
	}
}

func backOllama(q, a object) {
	m := only(a["message"], "role", "content", "thinking", "tool_calls")
	appendTo(q, "messages", m)
	for _, c := range list(m["tool_calls"]) {
		o := c.(object)
		appendTo(q, "messages", object{"role": "tool", "tool_call_id": o["id"], "tool_name": o["function"].(object)["name"], "content": "done"})
	}
}

// forgets are the clients that may drop the thoughts of a turn, by what is left
// of it then. Those of the other formats must send thoughts back.
var forgets = map[llm.Format]func(q object){
	llm.OpenAIResponses: func(q object) {
		q["input"] = slices.DeleteFunc(list(q["input"]), func(item any) bool { return item.(object)["type"] == "reasoning" })
	},
	llm.Gemini: func(q object) {
		for _, c := range list(q["contents"]) {
			content := c.(object)
			content["parts"] = slices.DeleteFunc(list(content["parts"]), func(part any) bool { return part.(object)["thought"] == true })
		}
	},
	llm.CohereV2: forgetChunks,
	llm.Mistral:  forgetChunks,
	llm.OllamaChat: func(q object) {
		for _, m := range list(q["messages"]) {
			delete(m.(object), "thinking")
		}
	},
}

func forgetChunks(q object) {
	for _, m := range list(q["messages"]) {
		message := m.(object)
		if chunks, ok := message["content"].([]any); ok {
			message["content"] = slices.DeleteFunc(chunks, func(c any) bool { return c.(object)["type"] == "thinking" })
		}
	}
}

func forgotten(t testing.TB, question []byte, forget func(q object)) []byte {
	t.Helper()
	q := value(t, question).(object)
	forget(q)
	return mustJSON(t, q)
}
