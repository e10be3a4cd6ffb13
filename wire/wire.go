// Package wire is the contract of a format: how the bodies of a vendor's API
// become the canonical conversation (package llm), and how it becomes theirs.
//
// A format that callers speak is a Client, one that providers speak a
// Provider; most are both. The sub-folders hold one vendor each. Formats are
// pure: no network, no clock, no logger, no configuration. They must not know
// each other, nor who uses them.
package wire

import (
	"errors"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
)

// Client is a format as the caller's side of a gateway speaks it.
type Client interface {
	Format() llm.Format
	// DecodeRequest reads a question into r, which is empty. Errors are
	// *Invalid: the caller's mistake.
	DecodeRequest(r *llm.Request, q Question) error
	// EncodeResponse appends the answer to r.
	EncodeResponse(dst []byte, a *llm.Response, r *llm.Request) []byte
	// NewStream begins the answer to r in events.
	NewStream(r *llm.Request) StreamEncoder
	// EncodeError appends an error body.
	EncodeError(dst []byte, e *llm.Error) []byte
}

// Twofold is a Client of callers who have two formats to ask in. Its own
// methods are those of the first.
type Twofold interface {
	Client
	// Second is the other format.
	Second() llm.Format
	// For is how a question, a JSON object, is read and answered.
	For(q Question) Client
}

// Headed is a Client whose questions and answers say something in the head, too.
type Headed interface {
	Client
	// Field reads a field of the head of a question that goes on in another
	// format. What r has no place for is noted.
	Field(r *llm.Request, name, value string, n *Notes)
	// Head sets fields for an answer; a is nil before a stream.
	Head(a *llm.Response, set func(name, value string))
}

// Counting is a Provider whose answers have their usage in the head, too.
type Counting interface {
	Provider
	// Count fills what the body did not tell.
	Count(u *llm.Usage, header func(name string) string)
}

// Question is a request as it arrived. Formats that have the model or the
// operation in the path find it there.
type Question struct {
	// Path without query, as sent. Query is undecoded.
	Path, Query string
	Body        []byte
	// Index of Body, if it was checked already: see Open.
	Index *jsonscan.Index
	// Header gives the first value of a field; nil is no header at all.
	Header func(name string) string
}

// StreamEncoder writes events in the caller's format, framed as its clients
// expect them.
type StreamEncoder interface {
	// ContentType of the stream.
	ContentType() string
	// Encode appends what ev means to dst; that may be nothing. EventError and
	// EventEnd end the stream.
	Encode(dst []byte, ev *llm.Event) []byte
}

// Provider is a format as the provider's side of a gateway speaks it.
type Provider interface {
	Format() llm.Format
	// EncodeRequest appends the body of the question. What the format cannot
	// express is noted in n. Errors are *Invalid: a question that the format
	// cannot put at all.
	EncodeRequest(dst []byte, r *llm.Request, n *Notes) ([]byte, error)
	// DecodeResponse reads an answer with status 200 into a, which is empty;
	// the bytes of a refer to body. An answer that is an error in disguise
	// gives an *llm.Error, one that cannot be read any other error.
	DecodeResponse(a *llm.Response, body []byte) error
	// NewStream begins to read an answer in events.
	NewStream() StreamDecoder
	// DecodeError reads the body of another status. It understands what it
	// can and never fails.
	DecodeError(status int, header func(name string) string, body []byte) *llm.Error
}

// MaxChoices is how many choices a whole answer may have; no service gives as
// many. One of a few bytes takes a hundred times that in memory. Decoders read
// one more at most, by which Read knows.
const MaxChoices = 1024

// Message is an event of a provider's stream, out of its frame: the type that
// the frame gives it, if any, and its payload.
type Message struct {
	Name string
	Data []byte
}

// StreamDecoder reads the messages of one stream in order.
type StreamDecoder interface {
	// Decode appends what m tells to dst. The events hold until the next call.
	// Errors mean that the stream cannot be read any further.
	Decode(dst []llm.Event, m Message) ([]llm.Event, error)
	// End is called when the provider's bytes have ended; it appends what is
	// left to tell, EventEnd at last. Errors mean that the end came too early.
	End(dst []llm.Event) ([]llm.Event, error)
}

// Invalid is a question that cannot be put as it is.
type Invalid struct {
	// Field by its path in the caller's spelling, such as messages[2].role.
	Field   string
	Message string
}

// Error implements error.
func (e *Invalid) Error() string {
	if e.Field == "" {
		return e.Message
	}
	return e.Field + ": " + e.Message
}

// AsInvalid makes what is wrong with a body the caller's mistake; nil stays nil.
func AsInvalid(err error) error {
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*Invalid](err); ok {
		return known
	}
	return &Invalid{Message: err.Error()}
}

// Notes are the fields of a question that a provider's format cannot express,
// or not as they were.
type Notes struct {
	list []Note
}

// Note is one of them.
type Note struct {
	// Field by its path in the canonical model's terms: temperature,
	// messages[2].parts[0].citations, tools[1].schema.
	Field string
	// What became of it: Dropped, or Changed in a way that How tells.
	Changed bool
	How     string
}

// Drop notes a field that is left out.
func (n *Notes) Drop(field string) {
	if n != nil {
		n.add(Note{Field: field})
	}
}

// Change notes a field that is sent as something near to it.
func (n *Notes) Change(field, how string) {
	if n != nil {
		n.add(Note{Field: field, Changed: true, How: how})
	}
}

// maxNotes bounds what one question can make us remember.
const maxNotes = 1024

func (n *Notes) add(note Note) {
	for i := range n.list {
		if n.list[i].Field == note.Field {
			return
		}
	}
	if len(n.list) < maxNotes {
		n.list = append(n.list, note)
	}
}

// Changed tells whether it was noted that a field was changed. Where there is
// no room for more notes, it may have been.
func (n *Notes) Changed(field string) bool {
	if len(n.list) >= maxNotes {
		return true
	}
	for i := range n.list {
		if n.list[i].Changed && n.list[i].Field == field {
			return true
		}
	}
	return false
}

// List is what was noted, in order, each field once.
func (n *Notes) List() []Note { return n.list }

// Reset forgets everything.
func (n *Notes) Reset() { n.list = n.list[:0] }
