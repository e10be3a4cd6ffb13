package matrixgo

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
)

type anthropicTalk struct {
	client   anthropic.Client
	model    string
	messages []anthropic.MessageParam
	ids      []string
}

func TestAnthropic(t *testing.T) {
	matrix(t, &adapter{
		name: "anthropic-sdk-go", format: "anthropic", stop: "end_turn", toolStop: "tool_use",
		begin: func(_ *testing.T, url, key, model string) talk {
			return &anthropicTalk{model: model, client: anthropic.NewClient(
				option.WithBaseURL(url), option.WithAPIKey(key), option.WithMaxRetries(0),
			)}
		},
		status: func(err error) (int, string) {
			if e, ok := errors.AsType[*anthropic.Error](err); ok {
				return e.StatusCode, e.Error()
			}
			return 0, ""
		},
	})
}

func (c *anthropicTalk) say(text string) {
	c.messages = append(c.messages, anthropic.NewUserMessage(anthropic.NewTextBlock(text)))
}

func (c *anthropicTalk) results(outputs []string) {
	var blocks []anthropic.ContentBlockParamUnion
	for i, out := range outputs {
		blocks = append(blocks, anthropic.NewToolResultBlock(c.ids[i], out, false))
	}
	c.messages = append(c.messages, anthropic.NewUserMessage(blocks...))
}

func (c *anthropicTalk) next(ctx context.Context, stream, tools bool) (answer, error) {
	params := anthropic.MessageNewParams{
		Model: c.model, MaxTokens: 500, Messages: c.messages, System: []anthropic.TextBlockParam{{Text: system}},
	}
	if tools {
		tool := anthropic.ToolUnionParamOfTool(anthropic.ToolInputSchemaParam{Properties: properties(), Required: []string{"city"}}, toolName)
		tool.OfTool.Description = anthropic.String(toolDescription)
		params.Tools = []anthropic.ToolUnionParam{tool}
	}
	var out answer
	var m anthropic.Message
	if stream {
		s := c.client.Messages.NewStreaming(ctx, params)
		for s.Next() {
			if s.Current().Delta.Text != "" {
				out.deltas++
			}
			if err := m.Accumulate(s.Current()); err != nil {
				return out, err
			}
		}
		if err := s.Err(); err != nil {
			return out, err
		}
	} else {
		whole, err := c.client.Messages.New(ctx, params)
		if err != nil {
			return out, err
		}
		m = *whole
	}
	c.messages = append(c.messages, m.ToParam())
	out.finish, out.usage = string(m.StopReason), [2]int64{m.Usage.InputTokens, m.Usage.OutputTokens}
	for _, b := range m.Content {
		out.text += b.Text
		if b.Type != "tool_use" {
			continue
		}
		var in struct{ City string }
		if err := json.Unmarshal(b.Input, &in); err != nil {
			return out, err
		}
		out.ids, out.cities = append(out.ids, b.ID), append(out.cities, in.City)
	}
	c.ids = out.ids
	return out, nil
}
