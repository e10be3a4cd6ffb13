package llm

// Response is a whole answer.
type Response struct {
	ID    string
	Model string
	// Created in seconds since 1970; 0 is unknown.
	Created int64
	Choices []Choice
	Usage   Usage
	Extra   Extra
}

// Choice is one of the answers that were asked for.
type Choice struct {
	Index int
	// Role is Assistant.
	Parts  []Part
	Finish Finish
	// Reason is the finish as the provider spells it.
	Reason string
	// StopSequence that ended the answer; a JSON string.
	StopSequence JSON
	// Logprobs in the shape of OpenAI; a JSON object.
	Logprobs JSON
	Extra    Extra
	// Inner are the members of the message, where the format has one.
	Inner Extra
}

// Finish is why an answer ended.
type Finish uint8

// The reasons.
const (
	Unfinished    Finish = iota // it has not, or nobody said
	FinishStop                  // it was complete, or met a stop sequence
	FinishLength                // a limit of tokens
	FinishTools                 // tools are to be called
	FinishFilter                // content was held back
	FinishRefusal               // the model would not
	FinishPause                 // to be continued by another request
	FinishError                 // the provider broke
)

// EventKind is what an event tells.
type EventKind uint8

// The kinds of events. A stream is EventStart, then the parts, of each choice
// in order, with EventPart before the first EventDelta of a part and
// EventPartEnd after the last; then EventFinish of each choice; EventUsage
// wherever the provider tells it; and EventEnd last.
const (
	// EventStart tells ID, Model and Created. It comes once, first.
	EventStart EventKind = iota
	// EventPart begins the part Index of Choice: Part has what is known of it.
	EventPart
	// EventDelta goes on with it: Text is a piece, as a JSON string, of the
	// part's text, or of the text of a call's arguments.
	EventDelta
	// EventSign gives the part's signature, in Text; Part.SignedBy is whose.
	EventSign
	// EventCite adds Citation to the part.
	EventCite
	// EventPartEnd ends the part.
	EventPartEnd
	// EventFinish ends the choice: Finish, Reason and StopSequence.
	EventFinish
	// EventUsage replaces what was told of usage.
	EventUsage
	// EventLogprobs adds Text, a JSON object of OpenAI's shape, to the choice.
	EventLogprobs
	// EventError ends the stream: Err.
	EventError
	// EventEnd is the end.
	EventEnd
	// EventOther is something that only its own format knows: Name, and Text
	// as a JSON value.
	EventOther
)

// Event is one step of a streamed answer. Its bytes hold until the decoder
// that made it is called again.
type Event struct {
	Kind    EventKind
	Choice  int
	Index   int // of the part in its choice, from 0
	ID      string
	Model   string
	Created int64
	Part    Part
	Text    JSON
	// Citation of an EventCite.
	Citation     Citation
	Finish       Finish
	Reason       string
	StopSequence JSON
	Usage        Usage
	Err          *Error
	Name         string
	// Extra of the provider's event, for its own format.
	Extra Extra
}

// Error is what a provider answered in place of an answer.
type Error struct {
	// Status is the HTTP status it came with, or would have.
	Status int
	// Type and Code as the provider spells them; empty is unknown.
	Type string
	Code string
	// Param is the field that it is about.
	Param string
	// Message for the caller.
	Message string
	// RetryAfter in seconds; -1 is unknown.
	RetryAfter int
	// RequestID at the provider.
	RequestID string
}

// Error implements error.
func (e *Error) Error() string { return e.Message }
