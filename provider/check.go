package provider

import (
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/schema"
)

// Record is what the configurations of all AI plugins have of a model.
type Record struct {
	RouteType string
	LLMFormat string
	Auth      *Auth `json:"auth"`
	Model     *Model
	Logging   *Logging
}

// CheckRecord holds the fields of a record against each other.
func CheckRecord(e *schema.Errors, r *Record) {
	auth, model := r.Auth, r.Model
	e.AllOrNone(r, "auth.header_name", "auth.header_value")
	e.AllOrNone(r, "auth.param_name", "auth.param_value", "auth.param_location")
	if u := model.Options.UpstreamURL; u != "" && !HasTemplate(u) {
		if _, err := ParseLocation(u); err != nil {
			e.At("model.options.upstream_url").Fail(err.Error())
		}
	}
	if strings.ContainsAny(auth.HeaderName+auth.HeaderValue.Reveal(), "\r\n\x00") {
		e.At("auth.header_value").Fail("must be one line, or no request could carry it")
	}
	if model.Options.Bedrock.InvokeModel && model.Options.Bedrock.PerformanceConfigLatency != "" {
		e.At("model.options.bedrock.performance_config_latency").Fail("is of the Converse API; leave out invoke_model")
	}
	checkAddress(e, r)
	checkNeeds(e, model)
	checkAbility(e, r)
	if r.RouteType == Embeddings && model.Provider == "llama2" && model.Options.Llama2Format == "raw" {
		e.At("route_type").Fail("the raw format of llama2 has no embeddings")
	}
	switch model.Provider {
	case "gemini":
		e.At("model.options.gemini").AllOrNone(&model.Options.Gemini, "api_endpoint", "project_id", "location_id")
		checkOverride(e, auth)
	case "bedrock":
		checkOverride(e, auth)
		if HasTemplate(model.Options.Bedrock.AWSRegion) {
			e.At("model.options.bedrock.aws_region").Fail("must not be a template: signatures are made for one region")
		}
	}
	if model.Provider == "anthropic" && r.RouteType == Completions && r.Logging.LogStatistics {
		e.Entity("anthropic does not support statistics when route_type is llm/v1/completions")
	}
}

func checkOverride(e *schema.Errors, auth *Auth) {
	if auth.AllowOverride {
		e.At("auth.allow_override").Fail("value must be false")
		e.Entity("bedrock and gemini only support auth.allow_override = false")
	}
}

// need is an option that a provider cannot do without.
type need struct {
	field string
	has   func(o *Options) bool
}

var needs = map[string][]need{
	"anthropic": {{"anthropic_version", func(o *Options) bool { return o.AnthropicVersion != "" }}},
	"azure": {
		{"azure_instance", func(o *Options) bool { return o.AzureInstance != "" || o.UpstreamURL != "" }},
		{"azure_api_version", func(o *Options) bool { return o.AzureAPIVersion != "" }},
		{"azure_deployment_id", func(o *Options) bool { return o.AzureDeploymentID != "" || o.UpstreamURL != "" }},
	},
	"llama2":     {{"llama2_format", func(o *Options) bool { return o.Llama2Format != "" }}},
	"mistral":    {{"mistral_format", func(o *Options) bool { return o.MistralFormat != "" }}},
	"databricks": {{"databricks.workspace_instance_id", func(o *Options) bool { return o.Databricks.WorkspaceInstanceID != "" || o.UpstreamURL != "" }}},
}

// hosted are the providers that have no address of their own.
var hosted = []string{"llama2", "ollama", "openai-compatible", "vllm"}

func checkNeeds(e *schema.Errors, m *Model) {
	if slices.Contains(hosted, m.Provider) && m.Options.UpstreamURL == "" {
		e.Entity("must set 'model.options.upstream_url' for self-hosted providers/models")
	}
	for _, n := range needs[m.Provider] {
		if !n.has(&m.Options) {
			e.Entity("must set 'model.options." + n.field + "' for " + m.Provider + " provider")
		}
	}
}

// checkAbility refuses what a provider cannot do in this version.
func checkAbility(e *schema.Errors, r *Record) {
	name := r.Model.Provider
	if _, ok := Abilities[name]; !ok || r.RouteType == "" || Has(name, r.RouteType) {
		return
	}
	// What a chat can answer it does.
	if (r.RouteType == Completions || r.RouteType == Responses) && Has(name, Chat) {
		return
	}
	e.At("route_type").Fail("not supported by this version for provider " + r.Model.Provider + ": " + r.RouteType)
}
