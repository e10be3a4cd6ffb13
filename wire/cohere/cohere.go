// Package cohere translates between the canonical conversation and the bodies
// of Cohere's API: chat in its second and first version, and the generation
// of texts that came before it.
//
// Formats are pure: they must not know networks, clocks, loggers or
// configuration, nor any other format.
package cohere

import (
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// V2Client is chat in the second version of the API, as callers speak it.
//
// https://docs.cohere.com/reference/chat
type V2Client struct{}

// V2Provider is chat in the second version of the API, as providers speak it.
type V2Provider struct{}

// V1Client is chat in the first version of the API, as callers speak it.
//
// https://docs.cohere.com/v1/reference/chat
type V1Client struct{}

// V1Provider is chat in the first version of the API, as providers speak it. Its
// zero value is Cohere's own.
type V1Provider struct{ hosted bool }

// HostedV1 is chat in the first version of the API, as other hosts speak it: the
// model and whether to stream are said in the path, and answers have no format.
//
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-cohere-command-r-plus.html
func HostedV1() V1Provider { return V1Provider{hosted: true} }

// Generate goes on with a text, in the first version of the API, as providers
// speak it.
//
// https://docs.cohere.com/v1/reference/generate
type Generate struct{}

var (
	_ wire.Client   = V2Client{}
	_ wire.Provider = V2Provider{}
	_ wire.Client   = V1Client{}
	_ wire.Provider = V1Provider{}
	_ wire.Provider = Generate{}
)

// Format implements wire.Client.
func (V2Client) Format() llm.Format { return llm.CohereV2 }

// Format implements wire.Provider.
func (V2Provider) Format() llm.Format { return llm.CohereV2 }

// Format implements wire.Client.
func (V1Client) Format() llm.Format { return llm.CohereV1 }

// Format implements wire.Provider.
func (V1Provider) Format() llm.Format { return llm.CohereV1 }

// Format implements wire.Provider.
func (Generate) Format() llm.Format { return llm.CohereGenerate }

// finishOf is what a reason to end means; ok is false if the API knows none
// of that name. The first version has no word of its own for calls.
func finishOf(reason string, calls bool) (f llm.Finish, ok bool) {
	switch reason {
	case "COMPLETE":
		if calls {
			return llm.FinishTools, true
		}
		return llm.FinishStop, true
	case "STOP_SEQUENCE", "USER_CANCEL":
		return llm.FinishStop, true
	case "TOOL_CALL":
		return llm.FinishTools, true
	case "MAX_TOKENS", "ERROR_LIMIT":
		return llm.FinishLength, true
	case "ERROR_TOXIC":
		return llm.FinishFilter, true
	case "ERROR", "TIMEOUT":
		return llm.FinishError, true
	case "":
		return llm.Unfinished, true
	}
	return llm.FinishStop, false
}

// ending is how an answer ended, for the encoders.
type ending struct {
	finish llm.Finish
	reason string
	stop   llm.JSON
	calls  bool
	// mine: a provider of the same format said so.
	mine bool
}

// word is the reason in the spelling of a version; empty where it was unsaid.
// The provider's own spelling is kept if it means the same.
func (e ending) word(own llm.Format) string {
	f, ok := finishOf(e.reason, e.calls)
	if f == llm.FinishTools && own == llm.CohereV2 && e.reason != "TOOL_CALL" {
		ok = false // the first version says COMPLETE
	}
	if f == e.finish && (e.mine || ok && e.reason != "") {
		return e.reason
	}
	switch e.finish {
	case llm.FinishLength:
		return "MAX_TOKENS"
	case llm.FinishTools:
		if own == llm.CohereV2 {
			return "TOOL_CALL"
		}
	case llm.FinishFilter:
		if own == llm.CohereV1 {
			return "ERROR_TOXIC"
		}
		return "ERROR"
	case llm.FinishError:
		return "ERROR"
	case llm.FinishStop:
		if e.stop != nil {
			return "STOP_SEQUENCE"
		}
	case llm.Unfinished, llm.FinishRefusal, llm.FinishPause:
	}
	return "COMPLETE"
}

// DecodeError reads {"message": …} and what proxies answer in its place.
//
// https://docs.cohere.com/reference/errors
func (V2Provider) DecodeError(status int, header func(string) string, body []byte) *llm.Error {
	return decodeError(status, header, body)
}

// DecodeError is as in V2Provider.
func (V1Provider) DecodeError(status int, header func(string) string, body []byte) *llm.Error {
	return decodeError(status, header, body)
}

// DecodeError is as in V2Provider.
func (Generate) DecodeError(status int, header func(string) string, body []byte) *llm.Error {
	return decodeError(status, header, body)
}

// EncodeError appends {"message": …}, with the id of the request if there is
// one.
func (V2Client) EncodeError(dst []byte, e *llm.Error) []byte { return encodeError(dst, e) }

// EncodeError is as in V2Client.
func (V1Client) EncodeError(dst []byte, e *llm.Error) []byte { return encodeError(dst, e) }

func decodeError(status int, header func(string) string, body []byte) *llm.Error {
	e := &llm.Error{Status: status, RetryAfter: -1}
	if header != nil {
		if n, err := strconv.Atoi(header("Retry-After")); err == nil && n >= 0 {
			e.RetryAfter = n
		}
	}
	if jsonscan.Valid(body) == nil && wire.IsObject(body) {
		explain(e, body)
	} else {
		e.Message = brief(body)
	}
	if e.Message == "" {
		e.Message = "the provider answered with status " + strconv.Itoa(status)
	}
	return e
}

// explain reads the members that errors are told in, by Cohere and by those
// who host its models.
func explain(e *llm.Error, object []byte) {
	f := wire.NewFields(object)
	for f.Next() {
		text := wire.Text(f.Value())
		switch f.Name() {
		case "message", "detail", "err":
			e.Message = firstOf(e.Message, text)
		case "error":
			e.Message = firstOf(e.Message, text, wire.Text(wire.Get(f.Value(), "message")))
		case "id", "request_id":
			e.RequestID = firstOf(e.RequestID, text)
		case "type", "error_type":
			e.Type = firstOf(e.Type, text)
		case "code":
			e.Code = text
		}
	}
}

func appendFloat(f float64) llm.JSON { return strconv.AppendFloat(nil, f, 'g', -1, 64) }

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// maxBrief bounds what is told of a body that is no JSON.
const maxBrief = 500

func brief(body []byte) string {
	return strings.ToValidUTF8(string(body[:min(len(body), maxBrief)]), "")
}

func encodeError(dst []byte, e *llm.Error) []byte {
	w := wire.Writer{Buf: dst}
	w.Object()
	w.StringMember("id", e.RequestID)
	w.Name("message")
	w.String(e.Message)
	w.EndObject()
	return w.Buf
}
