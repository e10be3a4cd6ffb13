package matrixgo

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
	"github.com/openai/openai-go/v3/shared"
)

func openAI(url, key string) openai.Client {
	return openai.NewClient(option.WithBaseURL(url+"/v1"), option.WithAPIKey(key), option.WithMaxRetries(0))
}

func openAIStatus(err error) (int, string) {
	if e, ok := errors.AsType[*openai.Error](err); ok {
		return e.StatusCode, e.Message
	}
	return 0, ""
}

func schema() map[string]any {
	return map[string]any{"type": "object", "properties": properties(), "required": []string{"city"}}
}

func cityOf(arguments string) (string, error) {
	var in struct{ City string }
	err := json.Unmarshal([]byte(arguments), &in)
	return in.City, err
}

type chatTalk struct {
	client   openai.Client
	model    string
	messages []openai.ChatCompletionMessageParamUnion
	ids      []string
}

func TestOpenAIChat(t *testing.T) {
	matrix(t, &adapter{
		name: "openai-go", format: "openai", stop: "stop", toolStop: "tool_calls", status: openAIStatus,
		begin: func(_ *testing.T, url, key, model string) talk {
			return &chatTalk{
				client: openAI(url, key), model: model,
				messages: []openai.ChatCompletionMessageParamUnion{openai.SystemMessage(system)},
			}
		},
	})
}

func (c *chatTalk) say(text string) { c.messages = append(c.messages, openai.UserMessage(text)) }

func (c *chatTalk) results(outputs []string) {
	for i, out := range outputs {
		c.messages = append(c.messages, openai.ToolMessage(out, c.ids[i]))
	}
}

func (c *chatTalk) next(ctx context.Context, stream, tools bool) (answer, error) {
	params := openai.ChatCompletionNewParams{Model: c.model, Messages: c.messages}
	if tools {
		params.Tools = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
			Name: toolName, Description: openai.String(toolDescription), Parameters: schema(),
		})}
	}
	var out answer
	whole, err := c.ask(ctx, params, stream, &out)
	if err != nil {
		return out, err
	}
	choice := whole.Choices[0]
	c.messages = append(c.messages, choice.Message.ToParam())
	out.text, out.finish = choice.Message.Content, choice.FinishReason
	out.usage = [2]int64{whole.Usage.PromptTokens, whole.Usage.CompletionTokens}
	for _, call := range choice.Message.ToolCalls {
		city, err := cityOf(call.Function.Arguments)
		if err != nil {
			return out, err
		}
		out.ids, out.cities = append(out.ids, call.ID), append(out.cities, city)
	}
	c.ids = out.ids
	return out, nil
}

func (c *chatTalk) ask(ctx context.Context, params openai.ChatCompletionNewParams, stream bool, out *answer) (*openai.ChatCompletion, error) {
	if !stream {
		return c.client.Chat.Completions.New(ctx, params)
	}
	params.StreamOptions.IncludeUsage = openai.Bool(true)
	s := c.client.Chat.Completions.NewStreaming(ctx, params)
	var acc openai.ChatCompletionAccumulator
	for s.Next() {
		chunk := s.Current()
		acc.AddChunk(chunk)
		if len(chunk.Choices) > 0 && chunk.Choices[0].Delta.Content != "" {
			out.deltas++
		}
	}
	return &acc.ChatCompletion, s.Err()
}

type responsesTalk struct {
	client openai.Client
	model  string
	input  []any // items as they came, and ours
	ids    []string
}

func TestOpenAIResponses(t *testing.T) {
	matrix(t, &adapter{
		name: "openai-go", format: "responses", stop: "completed", toolStop: "completed", status: openAIStatus,
		begin: func(_ *testing.T, url, key, model string) talk {
			return &responsesTalk{client: openAI(url, key), model: model}
		},
	})
}

func (c *responsesTalk) say(text string) {
	c.input = append(c.input, responses.ResponseInputItemParamOfMessage(text, responses.EasyInputMessageRoleUser))
}

func (c *responsesTalk) results(outputs []string) {
	for i, out := range outputs {
		item := responses.ResponseInputItemParamOfFunctionCallOutput(out)
		item.OfFunctionCallOutput.CallID = openai.String(c.ids[i])
		c.input = append(c.input, item)
	}
}

func (c *responsesTalk) next(ctx context.Context, stream, tools bool) (answer, error) {
	params := responses.ResponseNewParams{Model: c.model, Instructions: openai.String(system), Store: openai.Bool(false)}
	if tools {
		tool := responses.ToolParamOfFunction(toolName, schema(), false)
		tool.OfFunction.Description = openai.String(toolDescription)
		params.Tools = []responses.ToolUnionParam{tool}
	}
	params.SetExtraFields(map[string]any{"input": c.input})
	var out answer
	r, err := c.ask(ctx, params, stream, &out)
	if err != nil {
		return out, err
	}
	out.text, out.finish = r.OutputText(), string(r.Status)
	out.usage = [2]int64{r.Usage.InputTokens, r.Usage.OutputTokens}
	for _, item := range r.Output {
		c.input = append(c.input, json.RawMessage(item.RawJSON()))
		if item.Type != "function_call" {
			continue
		}
		city, err := cityOf(item.AsFunctionCall().Arguments)
		if err != nil {
			return out, err
		}
		out.ids, out.cities = append(out.ids, item.CallID), append(out.cities, city)
	}
	c.ids = out.ids
	return out, nil
}

func (c *responsesTalk) ask(ctx context.Context, params responses.ResponseNewParams, stream bool, out *answer) (*responses.Response, error) {
	if !stream {
		return c.client.Responses.New(ctx, params)
	}
	s := c.client.Responses.NewStreaming(ctx, params)
	var whole responses.Response
	for s.Next() {
		switch ev := s.Current(); ev.Type {
		case "response.output_text.delta":
			out.deltas++
		case "response.completed":
			whole = ev.Response
		}
	}
	return &whole, s.Err()
}
