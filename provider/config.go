// Package provider is the contract of an LLM service: where it is, who asks,
// and the configuration records that every AI plugin shares.
//
// A provider sends nothing itself and reads no answers; package relay does.
// Providers (the sub-folders) must not know plugins or each other.
package provider

import "github.com/sluice-gateway/sluice/schema"

// Auth is how the gateway proves itself to a provider.
type Auth struct {
	// HeaderName is the header that carries the credential, e.g. Authorization.
	HeaderName string `json:"header_name" ref:"true"`
	// HeaderValue is its complete value, with a prefix such as "Bearer ".
	HeaderValue schema.Secret `json:"header_value" ref:"true" secret:"true"`
	// ParamName is the query argument or body member that carries the
	// credential.
	ParamName string `json:"param_name" ref:"true"`
	// ParamValue is its value.
	ParamValue schema.Secret `json:"param_value" ref:"true" secret:"true"`
	// ParamLocation is where the parameter goes: query or body.
	ParamLocation string `json:"param_location" enum:"query,body"`
	// AllowOverride lets a header or parameter of the same name sent by the
	// caller win over the configured one.
	AllowOverride bool `json:"allow_override" default:"false"`

	// GCPUseServiceAccount mints Google tokens.
	GCPUseServiceAccount bool `json:"gcp_use_service_account" default:"false"`
	// GCPServiceAccountJSON is the key of a service account.
	GCPServiceAccountJSON schema.Secret `json:"gcp_service_account_json" ref:"true" secret:"true"`
	// GCPMetadataURL is an alternative metadata server.
	GCPMetadataURL string `json:"gcp_metadata_url" ref:"true"`
	// GCPOAuthTokenURL is an alternative token endpoint.
	GCPOAuthTokenURL string `json:"gcp_oauth_token_url" ref:"true"`
	// AWSAccessKeyID is a static AWS key.
	AWSAccessKeyID schema.Secret `json:"aws_access_key_id" ref:"true" secret:"true"`
	// AWSSecretAccessKey belongs to AWSAccessKeyID.
	AWSSecretAccessKey schema.Secret `json:"aws_secret_access_key" ref:"true" secret:"true"`
	// AzureUseManagedIdentity takes an Entra token instead of a key.
	AzureUseManagedIdentity bool `json:"azure_use_managed_identity" default:"false"`
	// AzureClientID is a user-assigned identity or application.
	AzureClientID string `json:"azure_client_id" ref:"true"`
	// AzureClientSecret is the application's secret.
	AzureClientSecret schema.Secret `json:"azure_client_secret" ref:"true" secret:"true"`
	// AzureTenantID is the tenant.
	AzureTenantID string `json:"azure_tenant_id" ref:"true"`
}

// Logging is what of a conversation goes into log entries.
type Logging struct {
	// LogStatistics writes models, tokens, cost and latency to log entries
	// and AI metrics.
	LogStatistics bool `json:"log_statistics" default:"false"`
	// LogPayloads also writes the bodies of request and answer. Mind that
	// prompts can hold personal data.
	LogPayloads bool `json:"log_payloads" default:"false"`
}

// Model is a model at a provider.
type Model struct {
	// Provider of the model.
	Provider string `json:"provider" required:"true" enum:"anthropic,azure,bedrock,cerebras,cohere,dashscope,databricks,deepseek,gemini,groq,huggingface,llama2,mistral,ollama,openai,openai-compatible,openrouter,perplexity,together,vllm,xai"`
	// Name of the model at the provider. Without one the caller chooses.
	// May hold templates: $(headers.x), $(uri_captures.x), $(query_params.x).
	Name string `json:"name"`
	// ModelAlias is the name callers use for the model; ai-proxy-advanced only.
	ModelAlias string `json:"model_alias" refuse:"aliases come with ai-proxy-advanced, which this version does not have"`
	// Options of the model.
	Options Options `json:"options"`
}

// Options tune a model and say where it is.
type Options struct {
	// MaxTokens bounds the answer; it wins over the caller's value.
	MaxTokens *int `json:"max_tokens"`
	// Temperature of sampling, 0 to 5; it wins over the caller's value.
	Temperature *float64 `json:"temperature" between:"0,5"`
	// TopP of nucleus sampling, 0 to 1; it wins over the caller's value.
	TopP *float64 `json:"top_p" between:"0,1"`
	// TopK of sampling, 0 to 500. OpenAI has no such parameter; it is not sent there.
	TopK *int `json:"top_k" between:"0,500"`
	// InputCost is the price of a million prompt tokens.
	InputCost *float64 `json:"input_cost" gt:"0"`
	// OutputCost is the price of a million completion tokens.
	OutputCost *float64 `json:"output_cost" gt:"0"`
	// CacheReadCost is the price of a million prompt tokens read from the
	// provider's cache; without it they cost InputCost.
	CacheReadCost *float64 `json:"cache_read_cost" gt:"0"`
	// CacheWriteCost is the price of a million prompt tokens written to the
	// provider's cache; without it they cost InputCost.
	CacheWriteCost *float64 `json:"cache_write_cost" gt:"0"`
	// CacheWriteCostList has prices by the cache's time to live.
	CacheWriteCostList []CacheWriteCost `json:"cache_write_cost_list"`
	// ContextWindowFactor raises prices above a number of input tokens.
	ContextWindowFactor []ContextWindowFactor `json:"context_window_factor"`
	// ServiceTierFactor multiplies the cost by the provider's service tier.
	ServiceTierFactor []ServiceTierFactor `json:"service_tier_factor"`
	// UpstreamURL is where requests go instead of the provider's address,
	// path included. May hold templates.
	UpstreamURL string `json:"upstream_url"`
	// UpstreamPath replaces the path of the operation. Deprecated: use
	// UpstreamURL. May hold templates.
	UpstreamPath string `json:"upstream_path"`
	// EmbeddingsDimensions is the size of the vectors to ask for; it wins over
	// the caller's value.
	EmbeddingsDimensions *int `json:"embeddings_dimensions" between:"1,1000000"`
	// AskUsage makes the gateway ask the provider for the usage of streamed
	// answers (stream_options.include_usage) and hide it again from callers
	// who did not ask. Turn it off for a server that refuses the member.
	AskUsage bool `json:"ask_usage" default:"true"`

	// AnthropicVersion is the version of the API, such as 2023-06-01; provider
	// anthropic needs it.
	AnthropicVersion string `json:"anthropic_version"`
	// AzureInstance is the name of the Azure OpenAI resource; it is the first
	// part of the host name.
	AzureInstance string `json:"azure_instance"`
	// AzureDeploymentID is the deployment of the model.
	AzureDeploymentID string `json:"azure_deployment_id"`
	// AzureAPIVersion is the version of the API, unless the caller's query
	// names one.
	AzureAPIVersion string `json:"azure_api_version" default:"2023-05-15"`
	// Llama2Format is what the server of provider llama2 speaks.
	Llama2Format string `json:"llama2_format" enum:"raw,openai,ollama"`
	// MistralFormat is what the server of provider mistral speaks.
	MistralFormat string `json:"mistral_format" enum:"openai,ollama"`
	// Gemini holds the options of Vertex AI; without them gemini is the public
	// API.
	Gemini Gemini `json:"gemini"`
	// Bedrock holds the options of provider bedrock.
	Bedrock Bedrock `json:"bedrock"`
	// HuggingFace holds the options of provider huggingface.
	HuggingFace HuggingFace `json:"huggingface"`
	// Cohere holds the options of provider cohere.
	Cohere Cohere `json:"cohere"`
	// DashScope holds the options of provider dashscope.
	DashScope DashScope `json:"dashscope"`
	// Databricks holds the options of provider databricks.
	Databricks Databricks `json:"databricks"`
}

// Gemini are the options of Vertex AI. The first three come together.
type Gemini struct {
	// APIEndpoint is the host, such as us-central1-aiplatform.googleapis.com.
	APIEndpoint string `json:"api_endpoint"`
	// ProjectID of the Google Cloud project.
	ProjectID string `json:"project_id"`
	// LocationID is the region, or global.
	LocationID string `json:"location_id"`
	// EndpointID of a model that was tuned, or deployed from the Model Garden.
	EndpointID string `json:"endpoint_id"`
}

// Bedrock are the options of provider bedrock.
type Bedrock struct {
	// AWSRegion; without it AWS_REGION or AWS_DEFAULT_REGION of the
	// environment counts.
	AWSRegion string `json:"aws_region"`
	// AWSAssumeRoleARN is a role to take on.
	AWSAssumeRoleARN string `json:"aws_assume_role_arn"`
	// AWSRoleSessionName names the session of the role.
	AWSRoleSessionName string `json:"aws_role_session_name"`
	// AWSSTSEndpointURL is another address of the token service.
	AWSSTSEndpointURL string `json:"aws_sts_endpoint_url"`
	// BatchBucketPrefix is where batches are kept.
	BatchBucketPrefix string `json:"batch_bucket_prefix" refuse:"batches are not in this version"`
	// BatchRoleARN is the role that batches run by.
	BatchRoleARN string `json:"batch_role_arn" refuse:"batches are not in this version"`
	// EmbeddingsNormalize asks for vectors of length one. Only Titan Text
	// Embeddings V2 knows it; other models do as they always do.
	EmbeddingsNormalize bool `json:"embeddings_normalize" default:"false"`
	// InvokeModel speaks to models in their makers' own formats, by
	// InvokeModel in place of Converse. Sluice's own field.
	InvokeModel bool `json:"invoke_model" default:"false"`
	// PerformanceConfigLatency: standard or optimized.
	PerformanceConfigLatency string `json:"performance_config_latency"`
	// VideoOutputS3URI is where videos go.
	VideoOutputS3URI string `json:"video_output_s3_uri" refuse:"videos are not in this version"`
}

// HuggingFace are the options of provider huggingface.
type HuggingFace struct {
	// UseCache lets the service answer from its cache.
	UseCache *bool `json:"use_cache"`
	// WaitForModel waits until the service has loaded the model.
	WaitForModel *bool `json:"wait_for_model"`
}

// Cohere are the options of provider cohere.
type Cohere struct {
	// EmbeddingInputType is what vectors are for, unless the caller says it in
	// input_type. Models of Cohere on Bedrock are told it, too.
	EmbeddingInputType string `json:"embedding_input_type" default:"classification" enum:"classification,clustering,image,search_document,search_query"`
	// WaitForModel waits until the service has loaded the model.
	WaitForModel *bool `json:"wait_for_model" refuse:"the service has no such parameter"`
}

// DashScope are the options of provider dashscope.
type DashScope struct {
	// International uses the service outside of mainland China.
	International bool `json:"international" default:"true"`
}

// Databricks are the options of provider databricks.
type Databricks struct {
	// WorkspaceInstanceID is the first part of the workspace's host name.
	WorkspaceInstanceID string `json:"workspace_instance_id"`
}

// CacheWriteCost is a price of cache writes.
type CacheWriteCost struct {
	// TTL of the cache entry.
	TTL string `json:"ttl" required:"true"`
	// Cost of a million tokens.
	Cost float64 `json:"cost" required:"true"`
}

// ContextWindowFactor multiplies prices beyond a size of the prompt.
type ContextWindowFactor struct {
	// Above is the number of input tokens, in digits.
	Above string `json:"above" required:"true"`
	// InputFactor multiplies the price of input.
	InputFactor float64 `json:"input_factor" required:"true"`
	// OutputFactor multiplies the price of output.
	OutputFactor float64 `json:"output_factor" required:"true"`
}

// ServiceTierFactor multiplies the cost of a service tier.
type ServiceTierFactor struct {
	// Tier is a word in the tier's name; case does not matter, the longest
	// matching entry counts.
	Tier string `json:"tier" required:"true" len:"1,"`
	// Factor multiplies the whole cost.
	Factor float64 `json:"factor" required:"true"`
}
