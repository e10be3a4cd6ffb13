// Package gemini is Google's Gemini: the public API, and Vertex AI when the
// configuration names a project. Models of Anthropic and Mistral on Vertex are
// here too.
//
// https://ai.google.dev/api and
// https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference
package gemini

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/identity"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/anthropic"
	"github.com/sluice-gateway/sluice/wire/gemini"
	"github.com/sluice-gateway/sluice/wire/geminiembed"
	"github.com/sluice-gateway/sluice/wire/mistral"
)

// New returns the provider.
func New() provider.Provider { return service{} }

type service struct{}

func (service) Name() string { return "gemini" }

var errModel = errors.New("a model must be named, without slashes and dots that climb")

var errProject = errors.New("gemini.project_id, gemini.location_id and gemini.endpoint_id must not climb")

// Endpoint implements provider.Provider.
func (service) Endpoint(o *provider.Operation) (provider.Endpoint, error) {
	e := provider.Endpoint{Format: gemini.Provider{}, Below: true}
	switch o.RouteType {
	case provider.Chat, provider.Completions:
	case provider.Embeddings:
		e = provider.Endpoint{Embed: geminiembed.Batch{}, Below: true}
	default:
		return e, provider.ErrNoOperation
	}
	model := strings.TrimPrefix(o.Model, "models/")
	if strings.Contains(model, "..") || strings.ContainsAny(model, "/\\%?#") {
		return e, errModel
	}
	if o.Options.Gemini.ProjectID == "" {
		e.Location = provider.Location{Scheme: "https", Host: "generativelanguage.googleapis.com", Port: 443}
		e.Location.Path = "/v1beta/models/" + url.PathEscape(model) + operation(&e, o)
		return e, nil
	}
	return vertex(e, o, model)
}

// operation is the end of a path; a stream shall come as server-sent events.
func operation(e *provider.Endpoint, o *provider.Operation) string {
	switch {
	case o.RouteType == provider.Embeddings:
		return ":batchEmbedContents"
	case !o.Stream:
		return ":generateContent"
	}
	e.Query = "alt=sse"
	return ":streamGenerateContent"
}

// vertex is where a model is in a project, by who made it.
func vertex(e provider.Endpoint, o *provider.Operation, model string) (provider.Endpoint, error) {
	g := &o.Options.Gemini
	if climbs(g.ProjectID) || climbs(g.LocationID) || climbs(g.EndpointID) {
		return e, errProject
	}
	loc, err := provider.ParseLocation("https://" + g.APIEndpoint)
	if err != nil {
		return e, fmt.Errorf("gemini.api_endpoint: %w", err)
	}
	e.Location = loc
	at := published(g, model)
	if o.RouteType == provider.Embeddings {
		e.Location.Path = at("google") + vectors(&e, model)
		return e, nil
	}
	switch {
	case strings.HasPrefix(model, "claude"):
		e.Format = anthropic.Hosted(anthropic.VertexVersion).Provider
		e.Location.Path = at("anthropic") + predict(o)
	case isMistral(model):
		e.Format, e.Body = mistral.Provider{}, unversioned(model)
		e.Location.Path = at("mistralai") + predict(o)
	default:
		e.Location.Path = at("google") + operation(&e, o)
	}
	return e, nil
}

// published is the path of a model by who published it: of the endpoint that it
// was deployed to, if there is one of our own.
//
// https://cloud.google.com/vertex-ai/generative-ai/docs/models/gemini-use-supervised-tuning
func published(g *provider.Gemini, model string) func(publisher string) string {
	project := "/v1/projects/" + url.PathEscape(g.ProjectID) + "/locations/" + url.PathEscape(g.LocationID)
	return func(publisher string) string {
		if g.EndpointID != "" {
			return project + "/endpoints/" + url.PathEscape(g.EndpointID)
		}
		return project + "/publishers/" + publisher + "/models/" + url.PathEscape(model)
	}
}

// predict is the end of a path to a model that others made.
func predict(o *provider.Operation) string {
	if o.Stream {
		return ":streamRawPredict"
	}
	return ":rawPredict"
}

// isMistral tells the models of Mistral.
//
// https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/mistral
func isMistral(model string) bool {
	return slices.ContainsFunc([]string{"mistral", "codestral", "ministral", "mixtral", "magistral", "devstral"}, func(name string) bool {
		return strings.HasPrefix(model, name)
	})
}

// unversioned is the model as bodies name it: without the version, if the path
// has it behind an @.
func unversioned(model string) []llm.Member {
	name, _, versioned := strings.Cut(model, "@")
	if !versioned {
		return nil
	}
	return []llm.Member{{Name: "model", Value: wire.Quote(name)}}
}

// climbs tells the segments of a path that name another one. What they are made
// of may come from the request.
func climbs(segment string) bool { return segment == "." || segment == ".." }

// vectors is the end of a path: all but the first of Gemini's models for
// embeddings have an operation that takes one input.
//
// https://docs.cloud.google.com/vertex-ai/generative-ai/docs/embeddings/get-text-embeddings
func vectors(e *provider.Endpoint, model string) string {
	if strings.HasPrefix(model, "gemini-embedding-") && model != "gemini-embedding-001" {
		e.Embed = geminiembed.Single{}
		return ":embedContent"
	}
	e.Embed = geminiembed.Predict{}
	return ":predict"
}

// Identity implements provider.Provider: a service account, or that of the
// machine.
func (service) Identity(a *provider.Auth, _ *provider.Model, env identity.Deps) (identity.Source, error) {
	if !a.GCPUseServiceAccount {
		return nil, nil //nolint:nilnil // the key is in a parameter or a header
	}
	return identity.NewGoogle(identity.GoogleOptions{
		Deps: env, JSON: a.GCPServiceAccountJSON.Reveal(), MetadataURL: a.GCPMetadataURL, TokenURL: a.GCPOAuthTokenURL,
	})
}
