package ollama

import (
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// DecodeError implements wire.Provider.
//
// Source: https://docs.ollama.com/api/errors
func (p Provider) DecodeError(status int, header func(name string) string, body []byte) *llm.Error {
	e := &llm.Error{Status: status, RetryAfter: -1}
	if header != nil {
		e.RequestID = header("x-request-id")
		if s, err := strconv.Atoi(strings.TrimSpace(header("retry-after"))); err == nil && s >= 0 {
			e.RetryAfter = s
		}
	}
	e.Message = errorText(body)
	if e.Message == "" {
		e.Message = "status " + strconv.Itoa(status) + " without a reason"
	}
	return e
}

// errorText finds the words in {"error":"…"}, in what gateways put in its
// place, and in a body that is no JSON at all.
func errorText(body []byte) string {
	if !wire.IsObject(body) || jsonscan.Valid(body) != nil {
		return string(trim(body))
	}
	for _, path := range [...][]string{{"error"}, {"error", "message"}, {"message"}, {"detail"}} {
		if s := wire.Text(wire.Get(body, path...)); s != "" {
			return s
		}
	}
	return string(trim(body))
}

// failure is what the member error of an answer says, empty for nothing.
func failure(v llm.JSON) string {
	switch {
	case wire.IsString(v):
		return wire.Text(v)
	case wire.IsObject(v):
		return errorText(v)
	case wire.IsNull(v):
		return ""
	}
	return string(v)
}

// EncodeError implements wire.Client.
func (Client) EncodeError(dst []byte, e *llm.Error) []byte { return wire.AppendPlainError(dst, e) }
