package formats

import (
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

func byName(t *testing.T, name string) *format {
	t.Helper()
	all := withMistral()
	for i := range all {
		if all[i].name == name {
			return &all[i]
		}
	}
	t.Fatal("no format " + name)
	return nil
}

const geminiLoop = `{"contents":[{"role":"user","parts":[{"text":"go"}]},
	{"role":"model","parts":[{"functionCall":{"name":"f","args":{}}}]},
	{"role":"user","parts":[{"functionResponse":{"name":"f","response":RESULT}}]}]}`

// TestWrappedResults: what SDKs put around a result for Google is no part of it.
func TestWrappedResults(t *testing.T) {
	gemini, chat := byName(t, "gemini"), byName(t, "openai.chat")
	for _, c := range []struct{ response, content string }{
		{`{"output":"done"}`, `"done"`},
		{`{"result":"done"}`, `"done"`},
		{`{"output":{"a":1}}`, `"{\"a\":1}"`},
		{`{"output":7,"unit":"m"}`, `"{\"output\":7,\"unit\":\"m\"}"`},
		{`{"temperature":7}`, `"{\"temperature\":7}"`},
	} {
		body := strings.Replace(geminiLoop, "RESULT", c.response, 1)
		asked := gemini.decode(t, []byte(body), false)
		sent, _ := chat.encode(t, asked)
		if got := wire.Get(lastOf(wire.Get(sent, "messages")), "content"); string(got) != c.content {
			t.Errorf("%s is told as %s", c.response, got)
		}
		again, _ := gemini.encode(t, asked)
		if !sameJSON(t, again, []byte(body)) {
			t.Errorf("%s goes back to Google as %s", c.response, again)
		}
	}
	asked := chat.decode(t, []byte(chatLoop(`"done"`)), false)
	sent, _ := gemini.encode(t, asked)
	part := lastOf(wire.Get(lastOf(wire.Get(sent, "contents")), "parts"))
	if got := wire.Get(part, "functionResponse", "response"); string(got) != `{"result":"done"}` {
		t.Errorf("a text is told to Google as %s", got)
	}
}

func lastOf(list llm.JSON) (last llm.JSON) {
	items := wire.Items(list)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		last = v
	}
	return last
}

func chatLoop(content string) string {
	return `{"messages":[{"role":"user","content":"go"},{"role":"assistant","content":null,"tool_calls":[
	{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c1","content":` + content + `}]}`
}

// TestShownResults: a tool's images reach a chat that takes text of tools only,
// behind all results and before what the user says.
func TestShownResults(t *testing.T) {
	body := `{"max_tokens":9,"messages":[{"role":"user","content":"go"},{"role":"assistant","content":[
		{"type":"tool_use","id":"a","name":"f","input":{}},{"type":"tool_use","id":"b","name":"f","input":{}}]},
		{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"text","text":"seen"},
		{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]},
		{"type":"tool_result","tool_use_id":"b","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"BBBB"}}]},
		{"type":"text","text":"and?"}]}]}`
	sent, notes := byName(t, "openai.chat").encode(t, byName(t, "anthropic.messages").decode(t, []byte(body), false))
	want := `[{"role":"tool","tool_call_id":"a","content":"seen"},{"role":"tool","tool_call_id":"b","content":"The result is shown below."},
		{"role":"user","content":[{"type":"text","text":"Shown by the tool call a:"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},
		{"type":"text","text":"Shown by the tool call b:"},{"type":"image_url","image_url":{"url":"data:image/png;base64,BBBB"}}]},
		{"role":"user","content":"and?"}]`
	list := value(t, wire.Get(sent, "messages")).([]any)
	if got := canonical(mustJSON(t, list[2:])); got != canonical([]byte(want)) {
		t.Errorf("got\n%s\nwant\n%s", got, canonical([]byte(want)))
	}
	if len(notes) != 2 || !notes[0].Changed || notes[0].Field != "messages[2].parts[0].result" {
		t.Errorf("noted %v", notes)
	}
}

// TestChoiceOfOllama: Ollama's API has no choice among tools.
func TestChoiceOfOllama(t *testing.T) {
	const tools = `{"messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":`
	for choice, noted := range map[string]bool{`"auto"`: false, `"required"`: true, `{"type":"function","function":{"name":"f"}}`: true} {
		sent, notes := byName(t, "ollama.chat").encode(t, byName(t, "openai.chat").decode(t, []byte(tools+choice+"}"), false))
		if wire.Get(sent, "tool_choice") != nil || (len(notes) > 0) != noted || noted && notes[0].Field != "choice" {
			t.Errorf("%s: sent %s, noted %v", choice, sent, notes)
		}
	}
}

// TestToolsOfOthers: a tool that only its maker has is noted by its name.
func TestToolsOfOthers(t *testing.T) {
	const body = `{"input":"hi","tools":[{"type":"function","name":"shell","parameters":{"type":"object","properties":{}},"strict":false},
		{"type":"web_search","external_web_access":false},{"type":"namespace","name":"mcp__files","description":"d","tools":[{"type":"function","name":"read"}]},
		{"type":"local_shell"},{"type":"namespace"},{}],"tool_choice":{"type":"web_search"}}`
	all := withMistral()
	for i := range all {
		b := &all[i]
		if b.client.Format() == llm.OpenAIResponses {
			continue
		}
		_, notes := b.encode(t, byName(t, "openai.responses").decode(t, []byte(body), false))
		var fields []string
		for _, n := range notes {
			fields = append(fields, n.Field)
		}
		for _, want := range []string{"tools[1] (web_search)", "tools[2] (mcp__files)", "tools[3] (local_shell)", "tools[4] (namespace)", "tools[5]"} {
			if !strings.Contains(strings.Join(fields, "\n")+"\n", want+"\n") {
				t.Errorf("%s: no note of %s in %q", b.name, want, fields)
			}
		}
	}
}
