package llm

// Request is a question to a model.
type Request struct {
	// Model as the caller named it.
	Model string
	// Stream: the answer shall come in events.
	Stream bool
	// IncludeUsage: the caller wants to be told the usage at the end of a
	// stream. Formats that always tell it set it.
	IncludeUsage bool
	// Messages in order. Instructions are messages of the roles System and
	// Developer, wherever the format keeps them.
	Messages []Message
	// Prompt of a completion, a text to go on with; then there are no messages.
	// A JSON string, or an array where the format has more than one.
	Prompt JSON
	// Suffix that shall follow the completion; a JSON string.
	Suffix JSON
	Tools  []Tool
	// Choice among the tools.
	Choice ToolChoice
	// Parallel is whether several tools may be called at once; JSON true or
	// false.
	Parallel  JSON
	Sampling  Sampling
	Reasoning Reasoning
	Output    Output
	// User is who asks, as the caller calls them; a JSON string.
	User JSON
	// ServiceTier asked for; a JSON string.
	ServiceTier JSON
	// Metadata to keep with the exchange; a JSON object of strings.
	Metadata JSON
	Extra    Extra
}

// Sampling is how the answer is drawn. All are JSON numbers, but for Stop
// (JSON strings), LogitBias (an object) and Logprobs (true or false).
type Sampling struct {
	MaxTokens        JSON
	Temperature      JSON
	TopP             JSON
	TopK             JSON
	MinP             JSON
	FrequencyPenalty JSON
	PresencePenalty  JSON
	RepeatPenalty    JSON
	Seed             JSON
	N                JSON
	Stop             []JSON
	LogitBias        JSON
	Logprobs         JSON
	TopLogprobs      JSON
}

// Reasoning is how much the model shall think before it answers.
type Reasoning struct {
	// Effort: none, minimal, low, medium, high, xhigh, max; empty is unsaid.
	Effort string
	// Budget of tokens; a JSON number.
	Budget JSON
	// Off: no thinking at all. On: thinking, by a budget, an effort or the
	// model's own measure.
	Off, On bool
	// Show: the thoughts, or a summary of them, shall be told.
	Show bool
	// Summary is how: auto, concise, detailed; empty is unsaid.
	Summary string
}

// OutputKind is what the answer shall look like.
type OutputKind uint8

// The kinds of output.
const (
	OutputUnsaid OutputKind = iota
	OutputText
	OutputJSON   // any JSON object
	OutputSchema // JSON of a schema
)

// Output is what the answer shall look like.
type Output struct {
	Kind        OutputKind
	Name        string
	Description JSON // a JSON string
	Schema      JSON // a JSON schema
	Strict      JSON // true or false
	Verbosity   string
	Extra       Extra
}

// Role is who speaks.
type Role uint8

// The roles.
const (
	User Role = iota
	Assistant
	System
	Developer
	// ToolRole speaks for a tool: its parts are results.
	ToolRole
)

// Message is one turn.
type Message struct {
	Role Role
	// Name of the speaker, where there are several; a JSON string.
	Name  JSON
	Parts []Part
	// Plain: the format had one text in place of a list of parts.
	Plain bool
	Extra Extra
}

// Kind is what a part is.
type Kind uint8

// The kinds of parts.
const (
	// Text is in Part.Text.
	Text Kind = iota
	// Image, Audio, Video and Document are in Part.Media.
	Image
	Audio
	Video
	Document
	// ToolCall is in Part.Call, ToolResult in Part.Result.
	ToolCall
	ToolResult
	// Thinking is what the model thought: Part.Text, and the Signature that
	// proves it; Redacted is the same where only the Signature may be seen.
	Thinking
	Redacted
	// Refusal is why the model does not answer: Part.Text.
	Refusal
	// Opaque is known to its own format only: the node as it was, in Part.Raw.
	Opaque
)

// Part is a piece of a message.
type Part struct {
	Kind   Kind
	Text   JSON // a JSON string
	Media  *Media
	Call   *Call
	Result *Result
	// Signature must come back unchanged with the part; a JSON string.
	// SignedBy is whose it is: other formats leave it out.
	Signature JSON
	SignedBy  Format
	// Cache: the prompt up to here is worth keeping.
	Cache *Cache
	// Citations that a text rests on.
	Citations []Citation
	// Raw is an Opaque part, whole.
	Raw   JSON
	Extra Extra
}

// Media is a picture, a sound, a film or a document. One of Data, URL, File
// and Text says where it is.
type Media struct {
	// MIME type; empty is unknown. A format that has only a name for it
	// (png, mp3) is translated.
	MIME string
	// Data in base64, without quotes.
	Data []byte
	// URL of it; a JSON string. File is its id at the provider, a JSON string.
	URL  JSON
	File JSON
	// Text of a document that is nothing but text; a JSON string.
	Text JSON
	// Name of the file, Title and Context of a document; JSON strings.
	Name    JSON
	Title   JSON
	Context JSON
	// Detail of a picture that is wanted: low, high, auto.
	Detail string
	Extra  Extra // of the object within the part that holds the media
}

// Call is a tool that the model wants to have called.
type Call struct {
	ID   string
	Name string
	// Args is the text of the arguments: a JSON object, or, cut short by a
	// limit, the beginning of one. Of a Custom tool it is any text.
	Args   []byte
	Custom bool
	Extra  Extra // of the object within the call that holds name and arguments
}

// Result is what a tool gave.
type Result struct {
	// ID of the call, Name of the tool where the format tells it.
	ID   string
	Name string
	// Parts of the result. Value is a result that is JSON rather than parts.
	Parts []Part
	Value JSON
	// Plain: as in Message.
	Plain  bool
	Failed bool
	Custom bool
}

// Cache marks the end of a piece of the prompt that is worth keeping.
type Cache struct {
	TTL   string // such as 5m or 1h; empty is the provider's
	Extra Extra
}

// Citation says where a text has something from.
type Citation struct {
	// URL, Title and Quote (the text cited); JSON strings.
	URL   JSON
	Title JSON
	Quote JSON
	// Start and End of what rests on it, in characters of the part's text; -1
	// is unknown.
	Start, End int
	// Raw is the citation in the format it comes from.
	Raw  JSON
	From Format
}

// Tool is what the model may call.
type Tool struct {
	Name        string
	Description JSON // a JSON string
	// Schema of the arguments; a JSON schema, nil for none.
	Schema JSON
	Strict JSON // true or false
	// Custom: takes any text in place of arguments.
	Custom bool
	Cache  *Cache
	// Raw is a tool of the provider's own (a web search, say), whole, in the
	// format From; the other fields are empty then, but for Name.
	Raw   JSON
	From  Format
	Extra Extra
	// Inner are the members of the object within the tool, where the format
	// has one (function, toolSpec).
	Inner Extra
}

// ChoiceMode is how free the model is in calling tools.
type ChoiceMode uint8

// The modes.
const (
	ChoiceUnsaid ChoiceMode = iota
	ChoiceAuto
	ChoiceNone
	ChoiceAny   // some tool must be called
	ChoiceNamed // this one must be called
)

// ToolChoice is how free the model is in calling tools.
type ToolChoice struct {
	Mode ChoiceMode
	// Name of the tool to call; Allowed are those it is confined to.
	Name    string
	Allowed []string
	// Raw is a choice that only the format From knows.
	Raw  JSON
	From Format
}
