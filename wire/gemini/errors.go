package gemini

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// maxMessage bounds what of a body that is no error of Google's is told.
const maxMessage = 2000

// DecodeError implements wire.Provider. An error is google.rpc.Status in an
// object; where the answer would have been an array, in an array.
// Source: https://cloud.google.com/apis/design/errors.
func (Provider) DecodeError(status int, header func(name string) string, body []byte) *llm.Error {
	if jsonscan.Valid(body) == nil {
		items := wire.Items(body)
		if first, ok := items.Next(); ok {
			body = first
		}
		if wire.IsObject(body) {
			return readError(status, header, body)
		}
	}
	e := &llm.Error{Status: status, RetryAfter: retryAfter(header)}
	e.Message = plainMessage(status, body)
	return e
}

func plainMessage(status int, body []byte) string {
	text := body
	if wire.IsString(body) && jsonscan.Valid(body) == nil {
		text = wire.TextBytes(bytes.TrimSpace(body))
	}
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return "the provider answered with status " + strconv.Itoa(status)
	}
	return strings.ToValidUTF8(string(text[:min(len(text), maxMessage)]), "")
}

// readError reads an object that is an error.
func readError(status int, header func(name string) string, body []byte) *llm.Error {
	v := member(body, "error")
	e := &llm.Error{Status: status, RetryAfter: retryAfter(header)}
	e.Message, e.Type = wire.Text(member(v, "message")), wire.Text(member(v, "status"))
	if n, ok := wire.Int(member(v, "code")); ok && e.Status == 0 && n >= 100 && n < 600 {
		e.Status = int(n)
	}
	if e.Status == 0 {
		e.Status = statusOf(e.Type)
	}
	details := wire.Items(member(v, "details"))
	for detail, ok := details.Next(); ok; detail, ok = details.Next() {
		readDetail(e, detail)
	}
	switch {
	case e.Message != "":
	case wire.IsString(v) && !wire.EmptyText(v):
		e.Message = wire.Text(v)
	case wire.Text(member(body, "message")) != "":
		e.Message = wire.Text(member(body, "message"))
	default:
		e.Message = plainMessage(e.Status, body)
	}
	return e
}

// readDetail reads one of the details, which its type tells apart.
// Source: https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto.
func readDetail(e *llm.Error, v llm.JSON) {
	kind := wire.Text(member(v, "@type"))
	switch kind[strings.LastIndexByte(kind, '.')+1:] {
	case "RetryInfo":
		if after := delay(wire.Text(member(v, "retryDelay"))); after >= 0 && e.RetryAfter < 0 {
			e.RetryAfter = after
		}
	case "ErrorInfo":
		e.Code = wire.Text(member(v, "reason"))
	case "RequestInfo":
		e.RequestID = wire.Text(member(v, "requestId"))
	case "BadRequest":
		violations := wire.Items(member(v, "fieldViolations"))
		if first, ok := violations.Next(); ok {
			e.Param = wire.Text(member(first, "field"))
		}
	}
}

// delay reads a duration such as 48.9s, in whole seconds upwards; -1 is unknown.
func delay(s string) int {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return -1
	}
	return int(math.Ceil(d.Seconds()))
}

func retryAfter(header func(name string) string) int {
	if header == nil {
		return -1
	}
	n, err := strconv.Atoi(strings.TrimSpace(header("retry-after")))
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// codes are the canonical codes by HTTP status, the usual one first.
// Source: https://cloud.google.com/apis/design/errors#handling_errors.
var codes = []struct {
	status int
	name   string
}{
	{400, "INVALID_ARGUMENT"},
	{400, "FAILED_PRECONDITION"},
	{400, "OUT_OF_RANGE"},
	{401, "UNAUTHENTICATED"},
	{403, "PERMISSION_DENIED"},
	{404, "NOT_FOUND"},
	{409, "ABORTED"},
	{409, "ALREADY_EXISTS"},
	{429, "RESOURCE_EXHAUSTED"},
	{499, "CANCELLED"},
	{500, "INTERNAL"},
	{500, "UNKNOWN"},
	{500, "DATA_LOSS"},
	{501, "UNIMPLEMENTED"},
	{502, "UNAVAILABLE"},
	{503, "UNAVAILABLE"},
	{504, "DEADLINE_EXCEEDED"},
}

func statusOf(name string) int {
	for _, c := range codes {
		if c.name == name && c.status != 502 { // a gateway's own, and the second for its name
			return c.status
		}
	}
	return 500
}

// codeOf is the canonical code: the provider's, if it is one.
func codeOf(e *llm.Error) string {
	for _, c := range codes {
		if c.name == e.Type {
			return c.name
		}
	}
	for _, c := range codes {
		if c.status == e.Status {
			return c.name
		}
	}
	if e.Status >= 400 && e.Status < 500 {
		return "INVALID_ARGUMENT"
	}
	return "UNKNOWN"
}

// EncodeError implements wire.Client.
func (Client) EncodeError(dst []byte, e *llm.Error) []byte {
	w := wire.Writer{Buf: dst}
	writeError(&w, e)
	return w.Buf
}

func writeError(w *wire.Writer, e *llm.Error) {
	status := e.Status
	if status == 0 {
		status = statusOf(e.Type)
	}
	w.Object()
	w.Name("error")
	w.Object()
	w.IntMember("code", int64(status))
	w.Name("message")
	w.String(e.Message)
	w.StringMember("status", codeOf(&llm.Error{Status: status, Type: e.Type}))
	if e.Code != "" || e.RetryAfter >= 0 {
		writeDetails(w, e)
	}
	w.EndObject()
	w.EndObject()
}

func writeDetails(w *wire.Writer, e *llm.Error) {
	w.Name("details")
	w.Array()
	if e.Code != "" {
		w.Object()
		w.StringMember("@type", "type.googleapis.com/google.rpc.ErrorInfo")
		w.StringMember("reason", e.Code)
		w.EndObject()
	}
	if e.RetryAfter >= 0 {
		w.Object()
		w.StringMember("@type", "type.googleapis.com/google.rpc.RetryInfo")
		w.StringMember("retryDelay", strconv.Itoa(e.RetryAfter)+"s")
		w.EndObject()
	}
	w.EndArray()
}
