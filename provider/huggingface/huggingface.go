// Package huggingface is Hugging Face's inference router, its task endpoints,
// and servers of its own inference software.
//
// https://huggingface.co/docs/inference-providers
package huggingface

import (
	"net/url"
	"strings"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/hfembed"
	"github.com/sluice-gateway/sluice/wire/openaichat"
	"github.com/sluice-gateway/sluice/wire/tgi"
)

// New returns the provider.
func New() provider.Provider { return service{} }

type service struct{ provider.Keyed }

func (service) Name() string { return "huggingface" }

// chat is appended to upstream_url, too.
const chat = "/v1/chat/completions"

// Endpoint implements provider.Provider.
func (service) Endpoint(o *provider.Operation) (provider.Endpoint, error) {
	e := provider.Endpoint{Location: provider.Location{Scheme: "https", Host: "router.huggingface.co", Port: 443}}
	switch o.RouteType {
	case provider.Chat:
		e.Location.Path, e.Suffix = chat, chat
		e.Format = openaichat.New(openaichat.Dialect{TopK: true, NoDeveloper: true})
	case provider.Completions:
		path, err := model(o.Model)
		if err != nil {
			return e, err
		}
		e.Location.Path, e.Format = "/hf-inference/models/"+path, tgi.Provider{}
		e.Body = options(&o.Options.HuggingFace)
	case provider.Embeddings:
		path, err := model(o.Model)
		if err != nil {
			return e, err
		}
		e.Location.Path, e.Embed = "/hf-inference/models/"+path+"/pipeline/feature-extraction", hfembed.Provider{}
		e.Body = options(&o.Options.HuggingFace)
	case provider.Preserve:
	default:
		return e, provider.ErrNoOperation
	}
	return e, nil
}

// model is the path of a model, whose name may have one slash.
func model(name string) (string, error) {
	if strings.Contains(name, "..") {
		return "", &fault.Error{Kind: fault.Invalid, Shape: fault.AI, Message: "Could not parse the Hugging Face model endponit"}
	}
	owner, rest, ok := strings.Cut(name, "/")
	if !ok {
		return url.PathEscape(name), nil
	}
	return url.PathEscape(owner) + "/" + url.PathEscape(rest), nil
}

// options of a task endpoint.
func options(h *provider.HuggingFace) []llm.Member {
	if h.UseCache == nil && h.WaitForModel == nil {
		return nil
	}
	w := wire.Writer{}
	w.Object()
	if h.UseCache != nil {
		w.BoolMember("use_cache", *h.UseCache)
	}
	if h.WaitForModel != nil {
		w.BoolMember("wait_for_model", *h.WaitForModel)
	}
	w.EndObject()
	return []llm.Member{{Name: "options", Value: w.Buf}}
}
