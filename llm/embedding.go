package llm

// The formats of embeddings and of rankings.
const (
	OpenAIEmbeddings  Format = "openai.embeddings"
	MistralEmbeddings Format = "mistral.embeddings"
	GeminiEmbed       Format = "gemini.embedContent"
	VertexPredict     Format = "vertex.predict"
	CohereEmbedV1     Format = "cohere.v1.embed"
	CohereEmbedV2     Format = "cohere.v2.embed"
	BedrockEmbed      Format = "bedrock.embed"
	OllamaEmbed       Format = "ollama.embed"
	HFFeatures        Format = "hf.feature_extraction"
	// Rerank is the shape of Jina, Voyage and those who followed them.
	Rerank          Format = "rerank"
	CohereRerankV1  Format = "cohere.v1.rerank"
	CohereRerankV2  Format = "cohere.v2.rerank"
	DashScopeRerank Format = "dashscope.rerank"
	BedrockRerank   Format = "bedrock.rerank"
)

// EmbedRequest asks for the vectors of some inputs.
type EmbedRequest struct {
	// Model as the caller named it.
	Model  string
	Inputs []EmbedInput
	// Plain: the format had one input in place of a list.
	Plain bool
	// Dimensions of the vectors; a JSON number.
	Dimensions JSON
	Purpose    Purpose
	Encoding   Encoding
	// User is who asks, as the caller calls them; a JSON string.
	User JSON
	// Extra.From is always set by decoders.
	Extra Extra
}

// EmbedInput is what one vector is asked of: Text or Tokens. Both are nil for
// what only the format From can express.
type EmbedInput struct {
	Text   JSON // a JSON string
	Tokens JSON // a JSON array of numbers
	// Title of the document that the text is of; a JSON string.
	Title JSON
	// Raw is the input as the format From has it; nil if there is no more to it.
	Raw  JSON
	From Format
	// Beside are what From says of this input alone, and the model of none.
	Beside []Member
}

// Purpose is what vectors are for.
type Purpose uint8

// The purposes.
const (
	PurposeUnsaid Purpose = iota
	PurposeQuery
	PurposeDocument
	PurposeClassification
	PurposeClustering
	PurposeSimilarity
	PurposeQuestion // a question that documents answer
	PurposeFact     // a claim to be verified
	PurposeCode     // a query for code
)

// Encoding is how vectors are written.
type Encoding uint8

// The encodings.
const (
	EncodingUnsaid Encoding = iota
	EncodingFloat           // an array of numbers
	EncodingBase64          // 32-bit floats, little-endian, in base64
)

// EmbedResponse are the vectors, in the order of the inputs.
type EmbedResponse struct {
	ID      string
	Model   string
	Vectors []Vector
	Usage   Usage
	Extra   Extra
}

// Vector is one of them.
type Vector struct {
	// Value is an array of numbers; where base64 was asked for, it may be a JSON
	// string of it.
	Value JSON
	// Opaque is why only the format it came from can tell the vector: "is of
	// whole numbers". There is no Value then.
	Opaque string
	Extra  Extra
}

// RerankRequest asks how well documents answer a query.
type RerankRequest struct {
	Model     string
	Query     JSON // a JSON string
	Documents []JSON
	// Fields are the members of documents that are objects which count, in
	// order; a JSON array of strings.
	Fields JSON
	// TopN is how many results are wanted; a JSON number.
	TopN JSON
	// ReturnDocuments: results shall hold their documents; true or false.
	ReturnDocuments JSON
	// Extra.From is always set by decoders.
	Extra Extra
}

// RerankResponse are the documents by relevance, in the provider's order.
type RerankResponse struct {
	ID      string
	Model   string
	Results []Ranked
	Usage   Usage
}

// Ranked is a document's rank.
type Ranked struct {
	// Index of the document in the question.
	Index int
	// Score is a JSON number.
	Score JSON
}
