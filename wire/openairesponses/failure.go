package openairesponses

import (
	"net/http"
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// DecodeError reads the body of a failed request
// (https://platform.openai.com/docs/guides/error-codes) in the spellings of
// the services that copy the API.
func (Provider) DecodeError(status int, header func(name string) string, body []byte) *llm.Error {
	return wire.ReadError(status, header, body)
}

// EncodeError writes an error body.
func (Client) EncodeError(dst []byte, e *llm.Error) []byte {
	w := wire.Writer{Buf: dst}
	w.Object()
	w.Name("error")
	w.Object()
	w.Name("message")
	w.String(message(e))
	w.Name("type")
	w.String(errorType(e))
	w.Name("param")
	w.OrNull(e.Param)
	w.Name("code")
	w.OrNull(e.Code)
	w.EndObject()
	w.EndObject()
	return w.Buf
}

func message(e *llm.Error) string {
	if e.Message == "" {
		return "the provider failed"
	}
	return e.Message
}

// errorTypes are those that clients of the API know.
var errorTypes = [...]string{
	"invalid_request_error", "authentication_error", "permission_error", "not_found_error", "rate_limit_error",
	"rate_limit_exceeded", "insufficient_quota", "tokens", "requests", "server_error", "api_error", "image_generation_user_error",
}

func errorType(e *llm.Error) string {
	if slices.Contains(errorTypes[:], e.Type) {
		return e.Type
	}
	switch {
	case e.Status == http.StatusUnauthorized:
		return "authentication_error"
	case e.Status == http.StatusForbidden:
		return "permission_error"
	case e.Status == http.StatusNotFound:
		return "not_found_error"
	case e.Status == http.StatusTooManyRequests:
		return "rate_limit_error"
	case e.Status >= 400 && e.Status < 500:
		return "invalid_request_error"
	}
	return "server_error"
}

// errorStatus is what an error that came with status 200 would have had.
func errorStatus(code string) int {
	switch {
	case code == "rate_limit_exceeded" || code == "insufficient_quota":
		return http.StatusTooManyRequests
	case code == "invalid_prompt" || code == "context_length_exceeded" || strings.Contains(code, "image"):
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}

// inBand is the error that an answer or an event of status 200 holds.
func inBand(v llm.JSON) *llm.Error {
	e := wire.ReadError(http.StatusOK, nil, v)
	e.Status = errorStatus(e.Code)
	return e
}
