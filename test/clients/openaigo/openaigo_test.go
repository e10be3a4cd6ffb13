// Package openaigo drives the gateway with OpenAI's Go client. Run it by
// ../run.sh, which starts what it needs.
package openaigo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
	"github.com/openai/openai-go/v3/shared"

	"github.com/sluice-gateway/sluice/test/clients/upstream"
)

const (
	chatModel     = "gpt-4o-mini"
	instructModel = "gpt-3.5-turbo-instruct"
	embedModel    = "text-embedding-3-small"
	cities        = "What is the weather in Oslo and Rome?"
)

func client(t *testing.T) openai.Client {
	t.Helper()
	return openai.NewClient(
		option.WithBaseURL(need(t, "GATEWAY_URL")), option.WithAPIKey(need(t, "GATEWAY_KEY")), option.WithMaxRetries(0),
	)
}

func need(t *testing.T, name string) string {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		t.Fatalf("%s is not set: run ../run.sh", name)
	}
	return v
}

// tokens are the counts of a log entry, or what one expects of it.
type tokens struct {
	Prompt     int64 `json:"prompt_tokens"`
	Completion int64 `json:"completion_tokens"`
	Total      int64 `json:"total_tokens"`
	Estimated  bool  `json:"estimated"`
}

func counted(prompt, completion int64) tokens {
	return tokens{Prompt: prompt, Completion: completion, Total: prompt + completion}
}

// logged waits for the log entry of an answer.
func logged(t *testing.T, resp *http.Response) tokens {
	t.Helper()
	id := resp.Header.Get("X-Kong-Request-Id")
	for range 100 {
		if found, ok := find(t, id); ok {
			return found
		}
		time.Sleep(30 * time.Millisecond)
	}
	t.Fatalf("no log entry of request %s", id)
	return tokens{}
}

func find(t *testing.T, id string) (tokens, bool) {
	t.Helper()
	f, err := os.Open(need(t, "GATEWAY_LOG"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return tokens{}, false
		}
		var entry struct {
			Request struct{ ID string }
			AI      struct{ Proxy struct{ Usage tokens } }
		}
		if err := json.Unmarshal(line, &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Request.ID == id {
			return entry.AI.Proxy.Usage, true
		}
	}
}

// canceled waits until the model service has noticed that its caller left.
func canceled(t *testing.T, id string) {
	t.Helper()
	var ex upstream.Exchange
	for range 100 {
		resp, err := http.Get(need(t, "CONTROL_URL") + "/exchanges/" + id)
		if err != nil {
			t.Fatal(err)
		}
		err = json.NewDecoder(resp.Body).Decode(&ex)
		_ = resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if ex.Canceled {
			return
		}
		time.Sleep(30 * time.Millisecond)
	}
	t.Errorf("%s goes on though its caller has left", id)
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func ask(text string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model: chatModel, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(text)},
	}
}

func schema() map[string]any {
	return map[string]any{
		"type": "object", "properties": map[string]any{"city": map[string]string{"type": "string"}},
		"required": []string{"city"}, "additionalProperties": false,
	}
}

func withTools(p openai.ChatCompletionNewParams) openai.ChatCompletionNewParams {
	p.Tools = []openai.ChatCompletionToolUnionParam{
		openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: "get_weather", Parameters: schema()}),
	}
	return p
}

func TestChat(t *testing.T) {
	c := client(t)
	var resp *http.Response
	got, err := c.Chat.Completions.New(t.Context(), ask("hello there"), option.WithResponseInto(&resp))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "text", got.Choices[0].Message.Content, "You said: hello there")
	equal(t, "finish reason", got.Choices[0].FinishReason, "stop")
	equal(t, "usage", got.Usage.TotalTokens, 6)
	equal(t, "logged", logged(t, resp), counted(2, 4))
}

func TestChatStreamed(t *testing.T) {
	c := client(t)
	var resp *http.Response
	stream := c.Chat.Completions.NewStreaming(t.Context(), ask("hello there"), option.WithResponseInto(&resp))
	var deltas []string
	var acc openai.ChatCompletionAccumulator
	for stream.Next() {
		chunk := stream.Current()
		acc.AddChunk(chunk)
		if chunk.JSON.Usage.Valid() {
			t.Errorf("usage %s, though nobody asked", chunk.JSON.Usage.Raw())
		}
		deltas = append(deltas, chunk.Choices[0].Delta.Content)
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	if want := []string{"", "You", " said:", " hello", " there", ""}; !slices.Equal(deltas, want) {
		t.Errorf("deltas = %q, want %q", deltas, want)
	}
	equal(t, "finish reason", acc.Choices[0].FinishReason, "stop")
	equal(t, "logged", logged(t, resp), counted(2, 4))
}

func TestChatStreamedWithUsage(t *testing.T) {
	c := client(t)
	p := ask("hello")
	p.StreamOptions.IncludeUsage = openai.Bool(true)
	stream := c.Chat.Completions.NewStreaming(t.Context(), p)
	var acc openai.ChatCompletionAccumulator
	for stream.Next() {
		acc.AddChunk(stream.Current())
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	equal(t, "usage", acc.Usage.TotalTokens, 4)
}

func TestChatTools(t *testing.T) {
	c := client(t)
	p := withTools(ask(cities))
	first, err := c.Chat.Completions.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	message := first.Choices[0].Message
	equal(t, "finish reason", first.Choices[0].FinishReason, "tool_calls")
	if len(message.ToolCalls) != 2 {
		t.Fatalf("%d tool calls, want 2", len(message.ToolCalls))
	}
	equal(t, "arguments", message.ToolCalls[1].Function.Arguments, `{"city":"Rome"}`)
	p.Messages = append(p.Messages, message.ToParam())
	for _, call := range message.ToolCalls {
		p.Messages = append(p.Messages, openai.ToolMessage("sun", call.ID))
	}
	second, err := c.Chat.Completions.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "text", second.Choices[0].Message.Content, "The tools said: sun; sun")
}

func TestChatToolsStreamed(t *testing.T) {
	c := client(t)
	stream := c.Chat.Completions.NewStreaming(t.Context(), withTools(ask(cities)))
	var acc openai.ChatCompletionAccumulator
	var finished []string
	for stream.Next() {
		acc.AddChunk(stream.Current())
		if call, ok := acc.JustFinishedToolCall(); ok {
			finished = append(finished, call.Arguments)
		}
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	if want := []string{`{"city":"Oslo"}`, `{"city":"Rome"}`}; !slices.Equal(finished, want) {
		t.Errorf("calls = %q, want %q", finished, want)
	}
}

func TestChatCanceled(t *testing.T) {
	c := client(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var resp *http.Response
	stream := c.Chat.Completions.NewStreaming(ctx, ask("forever"), option.WithResponseInto(&resp))
	var id string
	for stream.Next() {
		id = stream.Current().ID
		cancel()
	}
	if !errors.Is(stream.Err(), context.Canceled) {
		t.Errorf("error = %v", stream.Err())
	}
	canceled(t, id)
	if !logged(t, resp).Estimated {
		t.Error("the tokens that were seen are not marked as an estimate")
	}
}

func TestChatErrors(t *testing.T) {
	c := client(t)
	for _, tt := range []struct {
		text, typ, code string
		status          int
	}{
		{"error: 400", "invalid_request_error", "", 400},
		{"error: 401", "invalid_request_error", "invalid_api_key", 401},
		{"error: 429", "requests", "rate_limit_exceeded", 429},
		{"error: 500", "server_error", "", 500},
	} {
		t.Run(tt.text, func(t *testing.T) {
			_, plain := c.Chat.Completions.New(t.Context(), ask(tt.text))
			stream := c.Chat.Completions.NewStreaming(t.Context(), ask(tt.text))
			for stream.Next() {
				t.Error("a stream that has failed goes on")
			}
			for _, err := range []error{plain, stream.Err()} {
				var e *openai.Error
				if !errors.As(err, &e) {
					t.Fatalf("error = %v", err)
				}
				equal(t, "status", e.StatusCode, tt.status)
				equal(t, "type", e.Type, tt.typ)
				equal(t, "code", e.Code, tt.code)
				if !strings.Contains(e.Message, "scripted failure") {
					t.Errorf("message = %q", e.Message)
				}
				if tt.status == 429 {
					equal(t, "retry-after", e.Response.Header.Get("Retry-After"), "7")
				}
			}
		})
	}
}

func TestRetry(t *testing.T) {
	c := client(t)
	got, err := c.Chat.Completions.New(t.Context(), ask("error-once: 429 go"), option.WithMaxRetries(1))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "text", got.Choices[0].Message.Content, "It works again.")
}

func TestStreamCutOff(t *testing.T) {
	c := client(t)
	stream := c.Chat.Completions.NewStreaming(t.Context(), ask("break"))
	for stream.Next() {
	}
	if err := stream.Err(); err == nil || !strings.Contains(err.Error(), "ended early") {
		t.Errorf("error = %v", err)
	}
}

func TestForeignKey(t *testing.T) {
	c := client(t)
	_, err := c.Chat.Completions.New(t.Context(), ask("hi"), option.WithAPIKey("sk-stranger"))
	var e *openai.Error
	if !errors.As(err, &e) || e.StatusCode != http.StatusUnauthorized {
		t.Errorf("error = %v", err)
	}
}

func TestCompletions(t *testing.T) {
	c := client(t)
	p := openai.CompletionNewParams{
		Model: instructModel, Prompt: openai.CompletionNewParamsPromptUnion{OfString: openai.String("hello there")},
	}
	got, err := c.Completions.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "text", got.Choices[0].Text, "You said: hello there")
	equal(t, "usage", got.Usage.TotalTokens, 6)
	var resp *http.Response
	stream := c.Completions.NewStreaming(t.Context(), p, option.WithResponseInto(&resp))
	var text strings.Builder
	for stream.Next() {
		text.WriteString(stream.Current().Choices[0].Text)
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	equal(t, "streamed text", text.String(), "You said: hello there")
	equal(t, "logged", logged(t, resp), counted(2, 4))
}

func TestEmbeddings(t *testing.T) {
	c := client(t)
	var resp *http.Response
	got, err := c.Embeddings.New(t.Context(), openai.EmbeddingNewParams{
		Model: embedModel, Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"one", "two words"}},
		Dimensions: openai.Int(4),
	}, option.WithResponseInto(&resp))
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range []string{"one", "two words"} {
		for j, want := range upstream.Vector(text, 4) {
			equal(t, "element", got.Data[i].Embedding[j], float64(want))
		}
	}
	equal(t, "usage", got.Usage.PromptTokens, 3)
	equal(t, "logged", logged(t, resp), counted(3, 0))
}

func question(text string) responses.ResponseNewParams {
	return responses.ResponseNewParams{
		Model: chatModel, Input: responses.ResponseNewParamsInputUnion{OfString: openai.String(text)},
	}
}

func TestResponses(t *testing.T) {
	c := client(t)
	var resp *http.Response
	got, err := c.Responses.New(t.Context(), question("hello there"), option.WithResponseInto(&resp))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "text", got.OutputText(), "You said: hello there")
	equal(t, "status", got.Status, responses.ResponseStatusCompleted)
	equal(t, "usage", got.Usage.TotalTokens, 6)
	equal(t, "logged", logged(t, resp), counted(2, 4))
	again, err := c.Responses.Get(t.Context(), got.ID, responses.ResponseGetParams{})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "text of the stored answer", again.OutputText(), "You said: hello there")
	if err := c.Responses.Delete(t.Context(), got.ID); err != nil {
		t.Error(err)
	}
}

func TestResponsesTools(t *testing.T) {
	c := client(t)
	p := question(cities)
	p.Tools = []responses.ToolUnionParam{responses.ToolParamOfFunction("get_weather", schema(), true)}
	first, err := c.Responses.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	var outputs responses.ResponseInputParam
	for _, item := range first.Output {
		call := item.AsFunctionCall()
		output := responses.ResponseInputItemParamOfFunctionCallOutput("sun")
		output.OfFunctionCallOutput.CallID = openai.String(call.CallID)
		outputs = append(outputs, output)
	}
	p.PreviousResponseID = openai.String(first.ID)
	p.Input = responses.ResponseNewParamsInputUnion{OfInputItemList: outputs}
	second, err := c.Responses.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "text", second.OutputText(), "The tools said: sun; sun")
}

func TestResponsesStreamed(t *testing.T) {
	c := client(t)
	var resp *http.Response
	stream := c.Responses.NewStreaming(t.Context(), question("hello"), option.WithResponseInto(&resp))
	var text strings.Builder
	var total int64
	for stream.Next() {
		switch e := stream.Current().AsAny().(type) {
		case responses.ResponseTextDeltaEvent:
			text.WriteString(e.Delta)
		case responses.ResponseCompletedEvent:
			total = e.Response.Usage.TotalTokens
		}
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	equal(t, "text", text.String(), "You said: hello")
	equal(t, "usage", total, 4)
	equal(t, "logged", logged(t, resp), counted(1, 3))
}

func TestModels(t *testing.T) {
	c := client(t)
	var ids []string
	pages := c.Models.ListAutoPaging(t.Context())
	for pages.Next() {
		ids = append(ids, pages.Current().ID)
	}
	if err := pages.Err(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(ids, upstream.Models) {
		t.Errorf("models = %q", ids)
	}
	one, err := c.Models.Get(t.Context(), chatModel)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "model", one.ID, chatModel)
}
