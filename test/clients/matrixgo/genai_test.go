package matrixgo

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/genai"
)

type genaiTalk struct {
	client   *genai.Client
	model    string
	contents []*genai.Content
	calls    []*genai.FunctionCall
}

func TestGenAI(t *testing.T) {
	matrix(t, &adapter{
		name: "google.golang.org/genai", format: "gemini", stop: "STOP", toolStop: "STOP",
		begin: func(t *testing.T, url, key, model string) talk {
			t.Helper()
			client, err := genai.NewClient(t.Context(), &genai.ClientConfig{
				APIKey: key, Backend: genai.BackendGeminiAPI, HTTPOptions: genai.HTTPOptions{BaseURL: url},
			})
			if err != nil {
				t.Fatal(err)
			}
			return &genaiTalk{client: client, model: model}
		},
		status: func(err error) (int, string) {
			if e, ok := errors.AsType[genai.APIError](err); ok {
				return e.Code, e.Message
			}
			return 0, ""
		},
	})
}

func (c *genaiTalk) say(text string) {
	c.contents = append(c.contents, genai.NewContentFromText(text, genai.RoleUser))
}

func (c *genaiTalk) results(outputs []string) {
	content := &genai.Content{Role: genai.RoleUser}
	for i, out := range outputs {
		part := genai.NewPartFromFunctionResponse(c.calls[i].Name, map[string]any{"output": out})
		part.FunctionResponse.ID = c.calls[i].ID
		content.Parts = append(content.Parts, part)
	}
	c.contents = append(c.contents, content)
}

func (c *genaiTalk) next(ctx context.Context, stream, tools bool) (answer, error) {
	config := &genai.GenerateContentConfig{SystemInstruction: genai.NewContentFromText(system, genai.RoleUser)}
	if tools {
		city := &genai.Schema{Type: genai.TypeString, Description: "Where"}
		config.Tools = []*genai.Tool{{FunctionDeclarations: []*genai.FunctionDeclaration{{
			Name: toolName, Description: toolDescription,
			Parameters: &genai.Schema{
				Type: genai.TypeObject, Properties: map[string]*genai.Schema{"city": city}, Required: []string{"city"},
			},
		}}}}
	}
	turn := &genai.Content{Role: genai.RoleModel}
	var out answer
	if !stream {
		r, err := c.client.Models.GenerateContent(ctx, c.model, c.contents, config)
		if err != nil {
			return out, err
		}
		c.add(&out, turn, r)
	} else {
		for r, err := range c.client.Models.GenerateContentStream(ctx, c.model, c.contents, config) {
			if err != nil {
				return out, err
			}
			c.add(&out, turn, r)
		}
	}
	c.contents = append(c.contents, turn)
	return out, nil
}

// add adds what one answer, or piece of an answer, says.
func (c *genaiTalk) add(out *answer, turn *genai.Content, r *genai.GenerateContentResponse) {
	if u := r.UsageMetadata; u != nil {
		out.usage = [2]int64{int64(u.PromptTokenCount), int64(u.CandidatesTokenCount)}
	}
	for _, candidate := range r.Candidates {
		if candidate.FinishReason != "" {
			out.finish = string(candidate.FinishReason)
		}
		if candidate.Content == nil {
			continue
		}
		turn.Parts = append(turn.Parts, candidate.Content.Parts...)
		for _, p := range candidate.Content.Parts {
			if p.Text != "" && !p.Thought {
				out.text += p.Text
				out.deltas++
			}
			if p.FunctionCall != nil {
				city, _ := p.FunctionCall.Args["city"].(string)
				out.ids, out.cities = append(out.ids, p.FunctionCall.ID), append(out.cities, city)
				c.calls = append(c.calls, p.FunctionCall)
			}
		}
	}
}
