package provider

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/schema"
)

// own is what only some providers read of a record, by provider: fields, or
// what the names of several begin with. What is in nobody's list all read.
var own = map[string][]string{
	"anthropic": {"model.options.anthropic_version", topK},
	"azure":     {"auth.azure_", "model.options.azure_"},
	"bedrock": {
		"auth.aws_", "model.options.bedrock.", "model.options.cohere.embedding_input_type", topK,
	},
	"cohere":            {"model.options.cohere.", topK},
	"dashscope":         {"model.options.dashscope.", topK},
	"databricks":        {"model.options.databricks."},
	"gemini":            {"auth.gcp_", "model.options.gemini.", topK},
	"huggingface":       {"model.options.huggingface.", topK},
	"llama2":            {"model.options.llama2_format", topK},
	"mistral":           {"model.options.mistral_format", topK},
	"ollama":            {topK},
	"openai-compatible": {topK},
	"openrouter":        {topK},
	"perplexity":        {topK},
	"together":          {topK},
	"vllm":              {topK},
}

const (
	maxTokens   = "model.options.max_tokens"
	temperature = "model.options.temperature"
	topP        = "model.options.top_p"
	topK        = "model.options.top_k"
)

// readers are the providers that have a field among their own.
func readers(field string) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(own)) {
		if named(own[name], field) {
			list = append(list, name)
		}
	}
	return list
}

// named tells whether a field is in a list, by its name or by how that begins.
func named(list []string, field string) bool {
	return slices.ContainsFunc(list, func(name string) bool { return strings.HasPrefix(field, name) })
}

// routed are the route types that fields count for; others count for all.
var routed = []struct {
	fields []string
	routes []string
}{
	{[]string{maxTokens, temperature, topP, topK}, []string{Chat, Completions, Responses}},
	{[]string{
		"model.options.embeddings_dimensions", "model.options.cohere.embedding_input_type", "model.options.bedrock.embeddings_normalize",
	}, []string{Embeddings}},
	{[]string{"model.options.bedrock.invoke_model", "model.options.bedrock.performance_config_latency"}, []string{Chat, Completions, Responses}},
	{[]string{"model.options.huggingface."}, []string{Completions, Embeddings}},
}

// idle are fields that other fields leave without effect.
var idle = []struct {
	fields []string
	when   func(r *Record) bool
	why    string
}{
	{
		[]string{"auth.gcp_"},
		func(r *Record) bool { return !r.Auth.GCPUseServiceAccount },
		"no effect without auth.gcp_use_service_account",
	},
	{
		[]string{"auth.azure_"},
		func(r *Record) bool { return !r.Auth.AzureUseManagedIdentity },
		"no effect without auth.azure_use_managed_identity",
	},
	{
		[]string{"auth.aws_", "model.options.bedrock.aws_assume_role_arn", "model.options.bedrock.aws_role_session_name", "model.options.bedrock.aws_sts_endpoint_url"},
		func(r *Record) bool { return r.Auth.HeaderName != "" },
		"no effect beside auth.header_name: the header is the credential, and nothing is signed",
	},
	{
		[]string{"model.options.bedrock.aws_role_session_name"},
		func(r *Record) bool { return r.Model.Options.Bedrock.AWSAssumeRoleARN == "" },
		"no effect without model.options.bedrock.aws_assume_role_arn",
	},
	{
		[]string{"model.options.gemini.endpoint_id"},
		func(r *Record) bool { return r.Model.Options.Gemini.ProjectID == "" },
		"no effect without model.options.gemini.project_id",
	},
	{
		[]string{"auth.allow_override"},
		func(r *Record) bool { return r.Auth.HeaderName == "" && r.Auth.ParamName == "" },
		"no effect without auth.header_name or auth.param_name: there is nothing to override",
	},
	{
		[]string{"auth.param_name"},
		func(r *Record) bool { return r.RouteType == Preserve && r.Auth.ParamLocation == "body" },
		"no effect: bodies pass unchanged with route_type preserve; use param_location query, or a header",
	},
	{
		[]string{"model.options.upstream_path"},
		func(r *Record) bool { return r.RouteType != Preserve && r.Model.Options.UpstreamURL != "" },
		"no effect beside model.options.upstream_url, which has the path",
	},
	{
		[]string{topK},
		passes,
		"no effect with llm_format openai: OpenAI's API has no such parameter, and it is taken out",
	},
}

// alike are the providers that speak OpenAI's API, and know more parameters.
var alike = []string{"dashscope", "openai-compatible", "openrouter", "perplexity", "together", "vllm"}

// passes tells whether callers and provider both speak OpenAI's API.
func passes(r *Record) bool {
	o := &r.Model.Options
	if r.LLMFormat != "openai" {
		return false
	}
	switch p := r.Model.Provider; p {
	case "huggingface":
		return r.RouteType == Chat
	case "llama2":
		return o.Llama2Format == "openai"
	case "mistral":
		return o.MistralFormat == "openai"
	default:
		return slices.Contains(alike, p)
	}
}

// hottest is the highest temperature that a provider takes, where its
// documentation names one below the 5 that can be configured.
var hottest = map[string]float64{
	"anthropic": 1, "azure": 2, "bedrock": 1, "cerebras": 1.5, "dashscope": 2, "databricks": 2, "deepseek": 2, "gemini": 2, "groq": 2,
	"mistral": 1.5, "openai": 2, "openrouter": 2, "perplexity": 2, "xai": 2,
}

// Warnings lists what of a record does nothing, or hardly what was meant. The
// record must be right.
func (r *Record) Warnings() []schema.Problem {
	var list []schema.Problem
	add := func(prefix string, v any) {
		for _, name := range schema.Changed(v) {
			if why := r.odd(prefix + name); why != "" {
				list = append(list, schema.Problem{Path: prefix + name, Message: why})
			}
		}
	}
	add("auth.", r.Auth)
	add("model.options.", &r.Model.Options)
	return list
}

// odd says what is odd about a field that is set, "" for nothing.
func (r *Record) odd(field string) string {
	if who := readers(field); who != nil && !slices.Contains(who, r.Model.Provider) {
		return "no effect with provider " + r.Model.Provider + ": it is for " + strings.Join(who, ", ")
	}
	for _, rule := range routed {
		if named(rule.fields, field) && !slices.Contains(rule.routes, r.RouteType) {
			return "no effect with route_type " + r.RouteType + ": it is for " + strings.Join(rule.routes, ", ")
		}
	}
	for _, rule := range idle {
		if named(rule.fields, field) && rule.when(r) {
			return rule.why
		}
	}
	return r.extreme(field)
}

// extreme finds numbers that the provider will refuse, or take for others.
func (r *Record) extreme(field string) string {
	o := &r.Model.Options
	switch field {
	case maxTokens:
		if n := *o.MaxTokens; n < r.least() || n == 0 {
			return strconv.Itoa(n) + " is no length of an answer, and providers refuse it: leave it out for no limit"
		}
	case temperature:
		most, known := hottest[r.Model.Provider]
		// With invoke_model it is the models' makers who say.
		if known && !o.Bedrock.InvokeModel && *o.Temperature > most {
			return "provider " + r.Model.Provider + " takes 0 to " + strconv.FormatFloat(most, 'g', -1, 64)
		}
	}
	return ""
}

// least is the lowest limit of an answer. In Ollama's API -1 is none, and -2 is
// what fits into the context.
func (r *Record) least() int {
	format := r.Model.Provider
	switch format {
	case "llama2":
		format = r.Model.Options.Llama2Format
	case "mistral":
		format = r.Model.Options.MistralFormat
	}
	if format == "ollama" {
		return -2
	}
	return 1
}
