package openaicompletions

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// DecodeError implements wire.Provider.
//
// Source: https://platform.openai.com/docs/guides/error-codes
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
		inner := wire.Get(body, "error")
		if !wire.IsObject(inner) {
			inner = body // servers that leave the envelope away
		}
		e.Type, e.Param = wire.Text(wire.Get(inner, "type")), wire.Text(wire.Get(inner, "param"))
		e.Code = code(wire.Get(inner, "code"))
		e.Message = words(inner, body)
	}
	if e.Message == "" {
		e.Message = string(bytes.TrimSpace(body))
	}
	if e.Message == "" {
		e.Message = "status " + strconv.Itoa(status) + " without a reason"
	}
	return e
}

// code is a word, or a number with some servers.
func code(v llm.JSON) string {
	if wire.IsNumber(v) {
		return string(v)
	}
	return wire.Text(v)
}

func words(inner, body llm.JSON) string {
	for _, v := range [...]llm.JSON{
		wire.Get(inner, "message"), wire.Get(body, "error"), wire.Get(body, "message"), wire.Get(body, "detail"),
	} {
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
	w.Object()
	w.Name("message")
	w.String(e.Message)
	w.Name("type")
	w.String(errorType(e.Status))
	w.Name("param")
	orNullText(&w, e.Param)
	w.Name("code")
	orNullText(&w, e.Code)
	w.EndObject()
	w.EndObject()
	return w.Buf
}

func orNullText(w *wire.Writer, s string) {
	if s == "" {
		w.Raw(nil)
		return
	}
	w.String(s)
}

func errorType(status int) string {
	switch {
	case status == 401:
		return "authentication_error"
	case status == 403:
		return "permission_error"
	case status == 429:
		return "rate_limit_error"
	case status >= 400 && status < 500:
		return "invalid_request_error"
	}
	return "server_error"
}
