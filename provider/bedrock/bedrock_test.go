package bedrock_test

import (
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/provider/bedrock"
)

func TestEndpoint(t *testing.T) {
	p := bedrock.New(func(name string) (string, bool) { return "eu-west-1", name == "AWS_DEFAULT_REGION" })
	for _, tt := range []struct {
		op     provider.Operation
		region string
		invoke bool
		want   string
		format llm.Format
	}{
		{provider.Operation{RouteType: provider.Chat, Model: "amazon.nova-lite-v1:0"}, "us-east-1", false, "https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.nova-lite-v1%3A0/converse", llm.BedrockConverse},
		{provider.Operation{RouteType: provider.Chat, Model: "m", Stream: true}, "", false, "https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/converse-stream", llm.BedrockConverse},
		{provider.Operation{RouteType: provider.Chat, Model: "arn:aws:bedrock:us-east-1:000000000000:inference-profile/x"}, "us-east-1", false, "https://bedrock-runtime.us-east-1.amazonaws.com/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A000000000000%3Ainference-profile%2Fx/converse", llm.BedrockConverse},
		{provider.Operation{RouteType: provider.Chat, Model: "meta.llama3", Stream: true}, "us-east-1", true, "https://bedrock-runtime.us-east-1.amazonaws.com/model/meta.llama3/invoke-with-response-stream", llm.BedrockInvoke},
		{provider.Operation{RouteType: provider.Chat, Model: "us.anthropic.claude-x"}, "us-east-1", true, "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.anthropic.claude-x/invoke", llm.BedrockInvoke},
		{provider.Operation{RouteType: provider.Chat, Model: "us.anthropic.claude-x", Caller: llm.BedrockInvoke}, "us-east-1", false, "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.anthropic.claude-x/invoke", llm.BedrockInvoke},
		{provider.Operation{RouteType: provider.Chat, Model: "us.anthropic.claude-x", Caller: llm.BedrockConverse}, "us-east-1", false, "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.anthropic.claude-x/converse", llm.BedrockConverse},
	} {
		tt.op.Options = &provider.Options{Bedrock: provider.Bedrock{AWSRegion: tt.region, InvokeModel: tt.invoke}}
		e, err := p.Endpoint(&tt.op)
		if err != nil {
			t.Errorf("%s: %v", tt.op.Model, err)
			continue
		}
		if got := e.Location.Scheme + "://" + e.Location.Authority() + e.Location.Path; got != tt.want || e.Format.Format() != tt.format {
			t.Errorf("got %s in %s, want %s in %s", got, e.Format.Format(), tt.want, tt.format)
		}
	}
}

func TestRefused(t *testing.T) {
	nowhere := bedrock.New(func(string) (string, bool) { return "", false })
	for name, o := range map[string]provider.Operation{
		"no region":             {RouteType: provider.Chat, Model: "m", Options: &provider.Options{}},
		"a region that is none": {RouteType: provider.Chat, Model: "m", Options: &provider.Options{Bedrock: provider.Bedrock{AWSRegion: "evil.example/"}}},
		"a model that climbs":   {RouteType: provider.Chat, Model: "../m", Options: &provider.Options{Bedrock: provider.Bedrock{AWSRegion: "us-east-1"}}},
		"files":                 {RouteType: "llm/v1/files", Model: "m", Options: &provider.Options{Bedrock: provider.Bedrock{AWSRegion: "us-east-1"}}},
	} {
		if _, err := nowhere.Endpoint(&o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
