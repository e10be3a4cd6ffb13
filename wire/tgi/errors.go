package tgi

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// DecodeError implements wire.Provider.
func (Provider) DecodeError(status int, header func(name string) string, body []byte) *llm.Error {
	e := decodeError(status, body)
	if header != nil {
		e.RequestID = header("x-request-id")
		if s, err := strconv.Atoi(strings.TrimSpace(header("retry-after"))); err == nil && s >= 0 {
			e.RetryAfter = s
		}
	}
	return e
}

func decodeError(status int, body []byte) *llm.Error {
	e := &llm.Error{Status: status, RetryAfter: -1}
	if wire.IsObject(body) && jsonscan.Valid(body) == nil {
		e.Message = message(body)
		e.Type = wire.Text(wire.Get(body, "error_type"))
	}
	if e.Message == "" {
		e.Message = string(bytes.TrimSpace(body)) // what reads the JSON answers in plain text
	}
	if e.Message == "" {
		e.Message = "status " + strconv.Itoa(status) + " without a reason"
	}
	return e
}

// message finds the words in {"error":"…"}, in a list of them, and in what
// OpenAI's shape has in its place.
func message(body []byte) string {
	e := wire.Get(body, "error")
	if wire.IsArray(e) {
		items := wire.Items(e)
		e, _ = items.Next()
	}
	for _, v := range [...]llm.JSON{e, wire.Get(e, "message"), wire.Get(body, "message"), wire.Get(body, "detail")} {
		if s := wire.Text(v); s != "" {
			return s
		}
	}
	return ""
}

// EncodeError implements wire.Client.
func (Client) EncodeError(dst []byte, e *llm.Error) []byte {
	w := wire.Writer{Buf: dst}
	w.Object()
	w.Name("error")
	w.String(e.Message)
	w.Name("error_type")
	w.String(errorType(e.Status))
	w.EndObject()
	return w.Buf
}

func errorType(status int) string {
	switch {
	case status == 429 || status == 503:
		return "overloaded"
	case status == 401 || status == 403:
		return "authentication"
	case status >= 400 && status < 500 && status != 424:
		return "validation"
	}
	return "generation"
}
