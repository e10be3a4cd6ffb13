package anthropic

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// EncodeError implements wire.Client.
func (Client) EncodeError(dst []byte, e *llm.Error) []byte {
	w := wire.Writer{Buf: dst}
	writeError(&w, e)
	return w.Buf
}

func writeError(w *wire.Writer, e *llm.Error) {
	w.Object()
	w.StringMember("type", "error")
	w.Name("error")
	w.Object()
	w.StringMember("type", errorType(e))
	w.Name("message")
	w.String(e.Message)
	w.EndObject()
	w.StringMember("request_id", e.RequestID)
	w.EndObject()
}

// errorTypes are those of https://platform.claude.com/docs/en/api/errors with
// their statuses.
var errorTypes = [...]struct {
	name   string
	status int
}{
	{"invalid_request_error", 400},
	{"authentication_error", 401},
	{"billing_error", 402},
	{"permission_error", 403},
	{"not_found_error", 404},
	{"request_too_large", 413},
	{"rate_limit_error", 429},
	{"api_error", 500},
	{"timeout_error", 504},
	{"overloaded_error", 529},
}

// errorType is the type of an error: its own, where it is one of the API's, or
// that of its status.
func errorType(e *llm.Error) string {
	for _, t := range errorTypes {
		if t.name == e.Type {
			return t.name
		}
	}
	for _, t := range errorTypes {
		if t.status == e.Status {
			return t.name
		}
	}
	if e.Status >= 400 && e.Status < 500 {
		return "invalid_request_error"
	}
	return "api_error"
}

func statusOf(kind string) int {
	for _, t := range errorTypes {
		if t.name == kind {
			return t.status
		}
	}
	return 500
}

// inBand reads an error that stands where an answer should.
func inBand(body llm.JSON) (*llm.Error, bool) {
	inner := wire.Null(wire.Get(body, "error"))
	if inner == nil {
		return nil, false
	}
	e := &llm.Error{RetryAfter: -1}
	readError(e, body)
	e.Status = statusOf(e.Type)
	if n, ok := wire.Int(wire.Get(inner, "code")); ok && n >= 400 && n < 600 {
		e.Status = int(n)
	}
	return e, true
}

// DecodeError implements wire.Provider. Beside the API's own errors it
// understands those of the clouds that host it.
func (Provider) DecodeError(status int, header func(name string) string, body []byte) *llm.Error {
	return decodeError(status, header, body)
}

func decodeError(status int, header func(name string) string, body []byte) *llm.Error {
	e := &llm.Error{Status: status, RetryAfter: -1}
	body = bytes.TrimSpace(body)
	if jsonscan.Valid(body) == nil {
		readError(e, body)
	} else if len(body) > 0 && body[0] != '<' {
		e.Message = excerpt(body)
	}
	if header != nil {
		readHeader(e, header)
	}
	if e.Message == "" {
		e.Message = "status " + strconv.Itoa(status)
	}
	return e
}

// readError reads an error in JSON: Anthropic's, Google's (alone or in an
// array), Amazon's, or one that is nothing but a text.
func readError(e *llm.Error, body llm.JSON) {
	if wire.IsArray(body) {
		items := wire.Items(body)
		body, _ = items.Next()
	}
	inner := wire.Null(wire.Get(body, "error"))
	if inner == nil {
		inner = body
	}
	if wire.IsString(inner) {
		e.Message = wire.Text(inner)
	}
	e.RequestID = wire.Text(wire.Get(body, "request_id"))
	e.Type = firstText(inner, "type", "status", "__type")
	e.Message += firstText(inner, "message", "Message", "detail")
	if code := wire.Get(inner, "code"); wire.IsString(code) {
		e.Code = wire.Text(code)
	} else if wire.IsNumber(code) {
		e.Code = string(code)
	}
}

func firstText(object llm.JSON, names ...string) string {
	for _, name := range names {
		if s := wire.Text(wire.Get(object, name)); s != "" {
			return s
		}
	}
	return ""
}

func readHeader(e *llm.Error, header func(name string) string) {
	if n, err := strconv.ParseUint(strings.TrimSpace(header("Retry-After")), 10, 31); err == nil {
		e.RetryAfter = int(n)
	}
	for _, name := range []string{"Request-Id", "X-Amzn-Requestid"} {
		if e.RequestID == "" {
			e.RequestID = header(name)
		}
	}
	if e.Type == "" {
		kind, _, _ := strings.Cut(header("X-Amzn-Errortype"), ":")
		e.Type = kind
	}
}

// excerpt is the beginning of a text that is no JSON, enough to say what it is.
func excerpt(body []byte) string {
	const most = 1000
	return strings.ToValidUTF8(string(body[:min(len(body), most)]), "\uFFFD")
}
