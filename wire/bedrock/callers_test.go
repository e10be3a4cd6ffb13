package bedrock_test

import (
	"encoding/base64"
	"reflect"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/bedrock"
)

// caller is what callers of InvokeModel speak who sent a body to a model.
func caller(model, body string) wire.Client {
	return bedrock.Callers{}.For(wire.Question{Path: "/ai/model/" + model + "/invoke", Body: []byte(body)})
}

// shown shows a conversation.
func shown(r *llm.Request) string {
	var out []string
	for _, m := range r.Messages {
		role := [...]string{"user", "model", "system", "developer", "tool"}[m.Role]
		for _, p := range m.Parts {
			out = append(out, role+": "+wire.Text(p.Text))
		}
	}
	return strings.Join(out, "|")
}

func TestProseQuestions(t *testing.T) {
	for _, c := range []struct{ model, body, want string }{
		{"amazon.titan-text-express-v1", `{"inputText":"What is it?","textGenerationConfig":{"maxTokenCount":9,"temperature":0.5,"topP":1,"stopSequences":["|"]}}`, "user: What is it?"},
		{"amazon.titan-text-lite-v1", `{"inputText":"Be brief.\nUser: Hi\nBot: Hello\nUser: Who?\nBot:"}`, "system: Be brief.|user: Hi|model: Hello|user: Who?"},
		{"us.meta.llama3-1-8b-instruct-v1:0", `{"prompt":"<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n","max_gen_len":9,"temperature":0.5,"top_p":0.9}`, "system: S|user: Hi"},
		{"meta.llama2-13b-chat-v1", `{"prompt":"<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nU1 [/INST] A1 </s><s>[INST] U2 [/INST]","max_gen_len":9}`, "system: S|user: U1|model: A1|user: U2"},
		{"meta.llama4-scout-17b-instruct-v1:0", `{"prompt":"<|begin_of_text|><|header_start|>user<|header_end|>\n\nHi<|eot|><|header_start|>assistant<|header_end|>\n\n"}`, "user: Hi"},
		{"mistral.mistral-7b-instruct-v0:2", `{"prompt":"<s>[INST] What is it? [/INST]","max_tokens":9,"temperature":0.5,"top_p":0.9,"top_k":50,"stop":["x"]}`, "user: What is it?"},
		{"mistral.mistral-7b-instruct-v0:2", `{"prompt":"<s>[INST] A [/INST] B</s>[INST] C [/INST]"}`, "user: A|model: B|user: C"},
		{"cohere.command-text-v14", `{"prompt":"Write.","max_tokens":9,"temperature":0.5,"p":0.9,"k":4,"stop_sequences":["x"],"num_generations":2,"return_likelihoods":"NONE"}`, "user: Write."},
		{"anthropic.claude-v2:1", `{"prompt":"\n\nHuman: Hi\n\nAssistant: Hello\n\nHuman: Who?\n\nAssistant:","max_tokens_to_sample":9,"temperature":0.5,"top_k":4,"top_p":1,"stop_sequences":["\n\nHuman:"]}`, "user: Hi|model: Hello|user: Who?"},
		// What is spelled in another way is all said by the user.
		{"meta.llama3-8b-instruct-v1:0", `{"prompt":"<|begin_of_text|>no marks"}`, "user: <|begin_of_text|>no marks"},
		{"mistral.mistral-7b-instruct-v0:2", `{"prompt":"<s>[INST] begun [/INST] and"}`, "user: <s>[INST] begun [/INST] and"},
		{"amazon.titan-text-lite-v1", `{"inputText":"\n\nUser: odd"}`, "user: \n\nUser: odd"},
	} {
		var r llm.Request
		if err := caller(c.model, c.body).DecodeRequest(&r, wire.Question{Path: "/model/" + c.model + "/invoke", Body: []byte(c.body)}); err != nil {
			t.Errorf("%s: %v", c.model, err)
			continue
		}
		if got := shown(&r); got != c.want || r.Model != c.model || r.Stream {
			t.Errorf("%s, stream %v: %q, want %q", r.Model, r.Stream, got, c.want)
		}
		// To Bedrock it goes as it came, also when it is written anew.
		var n wire.Notes
		out, err := invoke.EncodeRequest(nil, &r, &n)
		if err != nil {
			t.Errorf("%s: %v", c.model, err)
			continue
		}
		if c.model == "amazon.titan-text-lite-v1" { // the object is always there
			c.body = c.body[:len(c.body)-1] + `,"textGenerationConfig":{}}`
		}
		if strings.HasPrefix(c.model, "anthropic") == strings.Contains(c.body, "max_tokens_to_sample") {
			sameJSON(t, c.model, out, []byte(c.body))
		}
		if len(n.List()) > 0 {
			t.Errorf("%s: notes %s", c.model, noted(n.List()))
		}
	}
}

func TestProseParameters(t *testing.T) {
	for _, c := range []struct{ model, body, want string }{
		{"amazon.titan-text-lite-v1", `{"inputText":"q","textGenerationConfig":{"maxTokenCount":1,"temperature":2,"topP":3,"stopSequences":["x"]}}`, `1 2 3 - ["x"] -`},
		{"meta.llama3-8b-instruct-v1:0", `{"prompt":"q","max_gen_len":1,"temperature":2,"top_p":3}`, `1 2 3 - [] -`},
		{"mistral.mistral-7b-instruct-v0:2", `{"prompt":"q","max_tokens":1,"temperature":2,"top_p":3,"top_k":4,"stop":["x"]}`, `1 2 3 4 ["x"] -`},
		{"cohere.command-text-v14", `{"prompt":"q","max_tokens":1,"temperature":2,"p":3,"k":4,"stop_sequences":["x"],"num_generations":5}`, `1 2 3 4 ["x"] 5`},
		{"anthropic.claude-instant-v1", `{"prompt":"q","max_tokens_to_sample":1,"temperature":2,"top_p":3,"top_k":4,"stop_sequences":["x"]}`, `1 2 3 4 ["x"] -`},
		{"amazon.nova-lite-v1:0", `{"schemaVersion":"messages-v1","messages":[],"inferenceConfig":{"maxTokens":1,"temperature":2,"topP":3,"topK":4,"stopSequences":["x"]}}`, `1 2 3 4 ["x"] -`},
		{"amazon.nova-lite-v1:0", `{"messages":[],"inferenceConfig":{"max_new_tokens":1,"temperature":2,"top_p":3,"top_k":4}}`, `1 2 3 4 [] -`},
	} {
		var r llm.Request
		if err := caller(c.model, c.body).DecodeRequest(&r, wire.Question{Path: "/model/" + c.model + "/invoke-with-response-stream", Body: []byte(c.body)}); err != nil {
			t.Errorf("%s: %v", c.model, err)
			continue
		}
		var got []string
		s := &r.Sampling
		for _, v := range []llm.JSON{s.MaxTokens, s.Temperature, s.TopP, s.TopK, list(s.Stop), s.N} {
			if v == nil {
				v = llm.JSON("-")
			}
			got = append(got, string(v))
		}
		if strings.Join(got, " ") != c.want || !r.Stream || len(r.Extra.Members) > 0 {
			t.Errorf("%s: %s, want %s; kept %v", c.model, got, c.want, r.Extra.Members)
		}
	}
}

func list(values []llm.JSON) llm.JSON {
	var w wire.Writer
	w.Array()
	for _, v := range values {
		w.Raw(v)
	}
	w.EndArray()
	return w.Buf
}

func TestProseRefused(t *testing.T) {
	for _, c := range []struct{ model, body, want string }{
		{"amazon.titan-text-lite-v1", `{"inputText":7}`, "inputText: must be a string"},
		{"amazon.titan-text-lite-v1", `{"inputText":"q","textGenerationConfig":[]}`, "textGenerationConfig: must be an object"},
		{"amazon.titan-text-lite-v1", `{"inputText":"q","textGenerationConfig":{"topP":"x"}}`, "topP: must be a number"},
		{"meta.llama3-8b-instruct-v1:0", `{"max_gen_len":9}`, "prompt: must be a string"},
		{"meta.llama3-8b-instruct-v1:0", `{"prompt":"q","max_gen_len":"x"}`, "max_gen_len: must be a number"},
		{"cohere.command-text-v14", `{"prompt":"q","stop_sequences":[1]}`, "stop_sequences: must be an array of strings"},
		{"mistral.mistral-7b-instruct-v0:2", `{"prompt":"q","prompt":"r"}`, "duplicate member"},
	} {
		err := caller(c.model, c.body).DecodeRequest(&llm.Request{}, wire.Question{Path: "/model/" + c.model + "/invoke", Body: []byte(c.body)})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.body, err, c.want)
		}
	}
}

// A family is found by the model's name; a name that says nothing leaves it to
// the body; what cannot be read is refused.
func TestFamilies(t *testing.T) {
	for _, c := range []struct{ model, body, want string }{
		{"eu.amazon.nova-lite-v1:0", `{"messages":[]}`, ""},
		{"arn:aws:bedrock:us-east-1:1:inference-profile/us.meta.llama3-1-8b-instruct-v1:0", `{"prompt":"q"}`, ""},
		{"arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aapplication-inference-profile%2Fabc", `{"prompt":"q","max_gen_len":5}`, ""},
		{"gpt-4.1", `{"inputText":"q"}`, ""},
		{"gpt-4.1", `{"schemaVersion":"messages-v1","messages":[]}`, ""},
		{"gpt-4.1", `{"prompt":"q","max_tokens_to_sample":5}`, ""},
		{"gpt-4.1", `{"prompt":"q"}`, "gpt-4.1"},
		{"amazon.titan-embed-text-v2:0", `{"inputText":"q"}`, "amazon.titan-embed-text-v2:0"},
		{"amazon.nova-canvas-v1:0", `{"taskType":"TEXT_IMAGE"}`, "amazon.nova-canvas-v1:0"},
		{"amazon.nova-2-multimodal-embeddings-v1:0", `{"taskType":"x"}`, "amazon.nova-2-multimodal-embeddings-v1:0"},
		{"ai21.jamba-1-5-mini-v1:0", `{"messages":[]}`, "ai21.jamba-1-5-mini-v1:0"},
		{"us.stability.sd3-v1:0", `{"prompt":"q"}`, "us.stability.sd3-v1:0"},
		{"anthropic.claude-3-haiku-20240307-v1:0", `{"messages":[]}`, "anthropic.claude-3-haiku"}, // none was given
	} {
		var r llm.Request
		err := caller(c.model, c.body).DecodeRequest(&r, wire.Question{Path: "/model/" + c.model + "/invoke", Body: []byte(c.body)})
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s %s: %v", c.model, c.body, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), "'"+c.want) || !strings.Contains(err.Error(), "amazon.nova, amazon.titan-text, meta.llama")):
			t.Errorf("%s %s: %v", c.model, c.body, err)
		}
	}
}

// A text in very many turns is not read into them: that would take far more memory
// than the text.
func TestProseTurnsAreBounded(t *testing.T) {
	for turns, want := range map[int]int{4000: 4000, 100_000: 1} {
		body := `{"inputText":"` + strings.Repeat(`User: a\n`, turns) + `Bot:"}`
		var r llm.Request
		err := caller("amazon.titan-text-lite-v1", body).DecodeRequest(&r, wire.Question{Path: "/model/amazon.titan-text-lite-v1/invoke", Body: []byte(body)})
		if err != nil || len(r.Messages) != want {
			t.Errorf("%d turns: %d messages, %v", turns, len(r.Messages), err)
		}
	}
}

// Where a question is as a whole unreadable that is said, whichever the family.
func TestUnreadable(t *testing.T) {
	for _, model := range []string{"gpt-4.1", "amazon.titan-text-lite-v1", "stability.sd3-v1:0"} {
		for body, want := range map[string]string{
			`{"a":1,"a":2}`: "duplicate", `{"a":`: "unexpected end", `[]`: "must be a JSON object", `{"a":"\ud800"}`: "lone surrogate", "{\"a\":\"\xff\"}": "UTF-8",
		} {
			err := caller(model, body).DecodeRequest(&llm.Request{}, wire.Question{Path: "/model/" + model + "/invoke", Body: []byte(body)})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s %s: %v, want %q", model, body, err, want)
			}
		}
	}
}

var families = map[string]string{
	"amazon.titan-text-lite-v1":        `{"inputText":"q"}`,
	"amazon.nova-lite-v1:0":            `{"messages":[{"role":"user","content":[{"text":"q"}]}]}`,
	"meta.llama3-8b-instruct-v1:0":     `{"prompt":"q"}`,
	"mistral.mistral-7b-instruct-v0:2": `{"prompt":"q"}`,
	"cohere.command-text-v14":          `{"prompt":"q"}`,
	"anthropic.claude-v2":              `{"prompt":"q"}`,
}

func TestProseAnswers(t *testing.T) {
	a := llm.Response{
		ID: "id-1", Model: "m",
		Choices: []llm.Choice{{Parts: []llm.Part{{Kind: llm.Thinking, Text: llm.JSON(`"hm"`)}, text("The "), text("sum.")}, Finish: llm.FinishLength}},
		Usage:   llm.Usage{Prompt: 30, Completion: 7, Total: 37},
	}
	for model, want := range map[string]string{
		"amazon.titan-text-lite-v1":        `{"inputTextTokenCount":30,"results":[{"tokenCount":7,"outputText":"The sum.","completionReason":"LENGTH"}]}`,
		"meta.llama3-8b-instruct-v1:0":     `{"generation":"The sum.","prompt_token_count":30,"generation_token_count":7,"stop_reason":"length"}`,
		"mistral.mistral-7b-instruct-v0:2": `{"outputs":[{"text":"The sum.","stop_reason":"length"}]}`,
		"cohere.command-text-v14":          `{"id":"id-1","generations":[{"id":"id-1","text":"The sum.","finish_reason":"MAX_TOKENS"}]}`,
		"anthropic.claude-v2":              `{"type":"completion","completion":"The sum.","stop_reason":"max_tokens","stop":null}`,
	} {
		sameJSON(t, model, caller(model, families[model]).EncodeResponse(nil, &a, &llm.Request{}), []byte(want))
	}
	head := map[string]string{}
	caller("amazon.titan-text-lite-v1", `{}`).(wire.Headed).Head(&a, func(name, v string) { head[name] = v })
	if !reflect.DeepEqual(head, map[string]string{"X-Amzn-Bedrock-Input-Token-Count": "30", "X-Amzn-Bedrock-Output-Token-Count": "7"}) {
		t.Error(head)
	}
}

var streamed = []llm.Event{
	{Kind: llm.EventStart, ID: "id-1", Model: "m"},
	{Kind: llm.EventPart, Part: llm.Part{Kind: llm.Thinking}},
	{Kind: llm.EventDelta, Text: llm.JSON(`"hm"`)},
	{Kind: llm.EventPartEnd},
	{Kind: llm.EventPart, Index: 1},
	{Kind: llm.EventDelta, Index: 1, Text: llm.JSON(`"The "`)},
	{Kind: llm.EventDelta, Index: 1, Text: llm.JSON(`"sum."`)},
	{Kind: llm.EventPartEnd, Index: 1},
	{Kind: llm.EventFinish, Finish: llm.FinishStop},
	{Kind: llm.EventUsage, Usage: llm.Usage{Prompt: 30, Completion: 7, Total: 37}},
	{Kind: llm.EventEnd},
}

// documents are the documents in the chunks of a stream.
func documents(t testing.TB, raw []byte) []string {
	t.Helper()
	var out []string
	for _, m := range messages(t, raw) {
		doc, err := base64.StdEncoding.DecodeString(wire.Text(wire.Get(m.Data, "bytes")))
		if m.Name != "chunk" || err != nil {
			t.Fatalf("%s %s", m.Name, m.Data)
		}
		out = append(out, string(doc))
	}
	return out
}

func encoded(c wire.Client, list []llm.Event) []byte {
	e := c.NewStream(&llm.Request{})
	var out []byte
	for i := range list {
		out = e.Encode(out, &list[i])
	}
	return out
}

func TestProseStreams(t *testing.T) {
	const counts = `"amazon-bedrock-invocationMetrics":{"inputTokenCount":30,"outputTokenCount":7,"invocationLatency":0,"firstByteLatency":0}`
	for model, want := range map[string][]string{
		"amazon.titan-text-lite-v1": {
			`{"outputText":"The ","index":0,"totalOutputTextTokenCount":null,"completionReason":null,"inputTextTokenCount":null}`,
			`{"outputText":"sum.","index":0,"totalOutputTextTokenCount":null,"completionReason":null,"inputTextTokenCount":null}`,
			`{"outputText":"","index":0,"totalOutputTextTokenCount":7,"completionReason":"FINISH","inputTextTokenCount":30,` + counts + `}`,
		},
		"meta.llama3-8b-instruct-v1:0": {
			`{"generation":"The ","prompt_token_count":null,"generation_token_count":null,"stop_reason":null}`,
			`{"generation":"sum.","prompt_token_count":null,"generation_token_count":null,"stop_reason":null}`,
			`{"generation":"","prompt_token_count":30,"generation_token_count":7,"stop_reason":"stop",` + counts + `}`,
		},
		"mistral.mistral-7b-instruct-v0:2": {
			`{"outputs":[{"text":"The ","stop_reason":null}]}`, `{"outputs":[{"text":"sum.","stop_reason":null}]}`,
			`{"outputs":[{"text":"","stop_reason":"stop"}],` + counts + `}`,
		},
		"cohere.command-text-v14": {
			`{"index":0,"is_finished":false,"text":"The "}`, `{"index":0,"is_finished":false,"text":"sum."}`,
			`{"index":0,"is_finished":true,"text":"","finish_reason":"COMPLETE",` + counts + `}`,
		},
		"anthropic.claude-v2": {
			`{"type":"completion","completion":"The ","stop_reason":null,"stop":null}`, `{"type":"completion","completion":"sum.","stop_reason":null,"stop":null}`,
			`{"type":"completion","completion":"","stop_reason":"stop_sequence","stop":null,` + counts + `}`,
		},
		"amazon.nova-lite-v1:0": {
			`{"messageStart":{"role":"assistant"}}`,
			`{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"hm"}}}}`, `{"contentBlockStop":{"contentBlockIndex":0}}`,
			`{"contentBlockDelta":{"contentBlockIndex":1,"delta":{"text":"The "}}}`, `{"contentBlockDelta":{"contentBlockIndex":1,"delta":{"text":"sum."}}}`,
			`{"contentBlockStop":{"contentBlockIndex":1}}`, `{"messageStop":{"stopReason":"end_turn"}}`,
			`{"metadata":{"usage":{"inputTokens":30,"outputTokens":7,"totalTokens":37},"metrics":{"latencyMs":0}},` + counts + `}`,
		},
	} {
		c := caller(model, families[model])
		got := documents(t, encoded(c, streamed))
		if len(got) != len(want) {
			t.Errorf("%s: %q", model, got)
			continue
		}
		for i := range got {
			sameJSON(t, model, []byte(got[i]), []byte(want[i]))
		}
		broken := encoded(c, []llm.Event{streamed[0], {Kind: llm.EventError, Err: &llm.Error{Status: 429, Message: "slow down"}}, {Kind: llm.EventEnd}})
		all := messages(t, broken)
		if last := all[len(all)-1]; last.Name != "throttlingException" || string(last.Data) != `{"message":"slow down"}` {
			t.Errorf("%s: %s %s", model, last.Name, last.Data)
		}
	}
}

// An error in a stream is one of those that AWS's clients know there.
func TestStreamExceptions(t *testing.T) {
	for _, tt := range []struct {
		err  *llm.Error
		want string
	}{
		{&llm.Error{Status: 429}, "throttlingException"},
		{&llm.Error{Status: 400}, "validationException"},
		{&llm.Error{Status: 403}, "validationException"},
		{&llm.Error{Status: 404, Type: "model_not_found"}, "validationException"},
		{&llm.Error{Status: 408}, "modelTimeoutException"},
		{&llm.Error{Status: 424}, "modelStreamErrorException"},
		{&llm.Error{Status: 500}, "internalServerException"},
		{&llm.Error{Status: 502}, "internalServerException"},
		{&llm.Error{Status: 503}, "serviceUnavailableException"},
		{&llm.Error{Type: "ModelTimeoutException"}, "modelTimeoutException"},
		{&llm.Error{}, "internalServerException"},
		{nil, "internalServerException"},
	} {
		for model, body := range families {
			for _, list := range [][]llm.Event{{{Kind: llm.EventError, Err: tt.err}}, {streamed[0], {Kind: llm.EventError, Err: tt.err}, streamed[len(streamed)-1]}} {
				all := messages(t, encoded(caller(model, body), list))
				if len(all) == 0 || all[len(all)-1].Name != tt.want || !strings.HasPrefix(string(all[len(all)-1].Data), `{"message":"`) {
					t.Errorf("%s: %+v: %+v, want %s", model, tt.err, all, tt.want)
				}
			}
		}
	}
}

// What is read of a question is written again, whatever the family, and then
// stays as it is.
func FuzzCallers(f *testing.F) {
	for model, body := range families {
		f.Add(model, []byte(body))
	}
	f.Add("meta.llama2-13b-chat-v1", []byte(`{"prompt":"<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nU1 [/INST] A1 </s><s>[INST] U2 [/INST]","images":["x"]}`))
	f.Add("amazon.titan-text-lite-v1", []byte(`{"inputText":"S\nUser: a\nBot:","textGenerationConfig":{"topP":1,"x":{}},"y":1}`))
	f.Add("amazon.nova-lite-v1:0", []byte(`{"system":[{"text":"s"}],"messages":[{"role":"user","content":[{"text":"q"}]}],"inferenceConfig":{"top_k":4,"x":1},"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{}}}}]}}`))
	f.Fuzz(func(t *testing.T, model string, body []byte) {
		q := wire.Question{Path: "/model/" + model + "/invoke", Body: body}
		c := bedrock.Callers{}.For(q)
		if c.Format() != llm.BedrockInvoke {
			return
		}
		var r, again llm.Request
		if c.DecodeRequest(&r, q) != nil {
			return
		}
		out, err := invoke.EncodeRequest(nil, &r, nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, body)
		}
		q.Body = out
		if err := c.DecodeRequest(&again, q); err != nil {
			t.Fatalf("%v\n%s\n%s", err, body, out)
		}
		twice, err := invoke.EncodeRequest(nil, &again, nil)
		if err != nil || !reflect.DeepEqual(value(t, out), value(t, twice)) {
			t.Errorf("%v\n%s\n%s", err, out, twice)
		}
		if shown(&r) != shown(&again) {
			t.Errorf("%q\n%q", shown(&r), shown(&again))
		}
	})
}

// What a family tells of an answer is read as what was told.
func FuzzTold(f *testing.F) {
	f.Add("The ", "sum.", uint8(1))
	f.Add("", "\n\u2028\"", uint8(2))
	f.Fuzz(func(t *testing.T, one, two string, finish uint8) {
		list := []llm.Event{
			{Kind: llm.EventStart},
			{Kind: llm.EventPart},
			{Kind: llm.EventDelta, Text: wire.Quote(one)},
			{Kind: llm.EventDelta, Text: wire.Quote(two)},
			{Kind: llm.EventPartEnd},
			{Kind: llm.EventFinish, Finish: llm.FinishStop + llm.Finish(finish%2)},
			{Kind: llm.EventUsage, Usage: llm.Usage{Prompt: 3, Completion: 4, Total: 7}},
			{Kind: llm.EventEnd},
		}
		for model, body := range families {
			d, said, finished := invoke.NewStream(), "", llm.Unfinished
			take := func(got []llm.Event, err error) {
				if err != nil {
					t.Fatalf("%s: %v", model, err)
				}
				for i := range got {
					switch ev := &got[i]; ev.Kind {
					case llm.EventDelta:
						said += wire.Text(ev.Text)
					case llm.EventFinish:
						finished = ev.Finish
					case llm.EventUsage:
						if ev.Usage.Prompt != 3 || ev.Usage.Completion != 4 {
							t.Errorf("%s: usage %+v", model, ev.Usage)
						}
					}
				}
			}
			for _, m := range messages(t, encoded(caller(model, body), list)) {
				take(d.Decode(nil, m))
			}
			take(d.End(nil))
			if want := wire.Text(wire.Quote(one)) + wire.Text(wire.Quote(two)); said != want || finished != list[5].Finish {
				t.Errorf("%s: %q and %d, want %q and %d", model, said, finished, want, list[5].Finish)
			}
		}
	})
}
