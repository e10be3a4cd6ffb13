// Package bedrock is Amazon Bedrock, by its Converse API, and by InvokeModel
// for embeddings, for callers who speak it, and where the configuration says so.
//
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
package bedrock

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/sluice-gateway/sluice/identity"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/anthropic"
	"github.com/sluice-gateway/sluice/wire/bedrock"
	"github.com/sluice-gateway/sluice/wire/bedrockembed"
	"github.com/sluice-gateway/sluice/wire/cohere"
	"github.com/sluice-gateway/sluice/wire/cohereembed"
	"github.com/sluice-gateway/sluice/wire/mistral"
	"github.com/sluice-gateway/sluice/wire/rerank"
)

// New returns the provider.
func New(lookupEnv func(string) (string, bool)) provider.Provider { return service{lookupEnv} }

type service struct {
	lookupEnv func(string) (string, bool)
}

func (service) Name() string { return "bedrock" }

// The wording is part of what callers see.
var errRegion = errors.New("AWS region not specified anywhere")

var errModel = errors.New("a model must be named, and not climb")

// Endpoint implements provider.Provider.
func (s service) Endpoint(o *provider.Operation) (provider.Endpoint, error) {
	e := provider.Endpoint{Format: bedrock.Provider{}}
	switch o.RouteType {
	case provider.Chat, provider.Completions:
	case provider.Embeddings:
		e = provider.Endpoint{Embed: embed(o)}
	case provider.Rerank:
		e = provider.Endpoint{Rerank: rerank.Bedrock{}}
	default:
		return e, provider.ErrNoOperation
	}
	if o.Model == "." || strings.Contains(o.Model, "..") {
		return e, errModel
	}
	region := s.region(o.Options)
	if strings.Trim(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return e, fmt.Errorf("aws_region %q is not the name of a region", region)
	}
	if region == "" && o.Options.UpstreamURL == "" {
		return e, errRegion
	}
	e.Location = provider.Location{Scheme: "https", Host: "bedrock-runtime." + region + ".amazonaws.com", Port: 443}
	// As the SDKs write it: an ARN is full of colons.
	e.Location.Path = "/model/" + strings.ReplaceAll(url.PathEscape(o.Model), ":", "%3A")
	e.Below = true
	switch {
	case o.RouteType == provider.Embeddings, o.RouteType == provider.Rerank:
		e.Location.Path += "/invoke"
		return e, nil
	case o.Options.Bedrock.InvokeModel, o.Caller == llm.BedrockInvoke:
		invoke(&e, o)
		return e, nil
	}
	e.Location.Path += "/converse"
	if o.Stream {
		e.Location.Path += "-stream"
	}
	if latency := o.Options.Bedrock.PerformanceConfigLatency; latency != "" {
		w := wire.Writer{}
		w.Object()
		w.StringMember("latency", latency)
		w.EndObject()
		e.Body = []llm.Member{{Name: "performanceConfig", Value: w.Buf}}
	}
	return e, nil
}

// embed is the format of a model's family.
func embed(o *provider.Operation) wire.EmbedProvider {
	if strings.Contains(o.Model, "cohere.embed") {
		return bedrockembed.Hosted{EmbedProvider: cohereembed.Provider{
			First: true, Sized: strings.Contains(o.Model, "cohere.embed-v4"), InputType: o.Options.Cohere.EmbeddingInputType,
		}}
	}
	return bedrockembed.Provider{Normalize: o.Options.Bedrock.EmbeddingsNormalize}
}

// invoke speaks to the model in its maker's own format.
func invoke(e *provider.Endpoint, o *provider.Operation) {
	e.Location.Path += "/invoke"
	if o.Stream {
		e.Location.Path += "-with-response-stream"
	}
	e.Format = bedrock.Invoke{}
	if latency := o.Options.Bedrock.PerformanceConfigLatency; latency != "" {
		e.Header.Set("X-Amzn-Bedrock-PerformanceConfig-Latency", latency)
	}
	if o.RouteType != provider.Completions || messages(o) {
		e.Format = bedrock.Invoke{
			Claude: anthropic.Hosted(anthropic.BedrockVersion).Provider, CommandR: cohere.HostedV1(), Mistral: mistral.Hosted(),
		}
	}
}

// messages tells whether the model takes Anthropic's Messages. The old ones take
// a text to go on with, too.
func messages(o *provider.Operation) bool {
	old := strings.Contains(o.Model, "anthropic.claude-v") || strings.Contains(o.Model, "anthropic.claude-instant")
	return strings.Contains(o.Model, "anthropic.claude") && (o.RouteType != provider.Completions || !old)
}

// region of the configuration, else of the environment.
func (s service) region(o *provider.Options) string {
	if o.Bedrock.AWSRegion != "" {
		return o.Bedrock.AWSRegion
	}
	for _, name := range [...]string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if v, ok := s.lookupEnv(name); ok && v != "" {
			return v
		}
	}
	return ""
}

// Identity implements provider.Provider: a signature. With a header configured
// that is the credential, an API key of Bedrock's say.
func (s service) Identity(a *provider.Auth, m *provider.Model, env identity.Deps) (identity.Source, error) {
	if a.HeaderName != "" {
		return nil, nil //nolint:nilnil // the key is in the header
	}
	b := &m.Options.Bedrock
	return identity.NewAWS(identity.AWSOptions{
		Deps: env, Service: "bedrock", Region: s.region(&m.Options),
		AccessKeyID: a.AWSAccessKeyID.Reveal(), SecretAccessKey: a.AWSSecretAccessKey.Reveal(),
		RoleARN: b.AWSAssumeRoleARN, RoleSessionName: b.AWSRoleSessionName, STSEndpoint: b.AWSSTSEndpointURL,
	})
}
