package wire

import (
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
)

// AppendError appends an error in the shape of OpenAI's APIs.
//
// Source: https://platform.openai.com/docs/guides/error-codes
func AppendError(dst []byte, e *llm.Error) []byte {
	w := Writer{Buf: dst}
	w.Object()
	w.Name("error")
	w.Error(e)
	w.EndObject()
	return w.Buf
}

// AppendPlainError appends an error that is a mere message, as Ollama and the
// tasks of Hugging Face have it.
//
// Source: https://docs.ollama.com/api/errors
func AppendPlainError(dst []byte, e *llm.Error) []byte {
	w := Writer{Buf: dst}
	w.Object()
	w.Name("error")
	w.String(e.Message)
	w.EndObject()
	return w.Buf
}

// Error appends what stands below error in OpenAI's shape.
func (w *Writer) Error(e *llm.Error) {
	w.Object()
	w.Name("message")
	w.String(e.Message)
	w.Name("type")
	w.String(errorType(e))
	w.Name("param")
	w.OrNull(e.Param)
	w.Name("code")
	w.OrNull(e.Code)
	w.EndObject()
}

// OrNull appends a string, or null in place of an empty one.
func (w *Writer) OrNull(s string) {
	if s == "" {
		w.Raw(nil)
		return
	}
	w.String(s)
}

func errorType(e *llm.Error) string {
	switch {
	case e.Type != "":
		return e.Type
	case e.Status == 401:
		return "authentication_error"
	case e.Status == 403:
		return "permission_error"
	case e.Status == 404:
		return "not_found_error"
	case e.Status == 429:
		return "rate_limit_error"
	case e.Status >= 500:
		return "server_error"
	}
	return "invalid_request_error"
}

// maxPlainError bounds what is told of an error that is no JSON.
const maxPlainError = 2000

// ReadError reads an error in the shape of any vendor: {"error":{…}} and
// {"error":"…"}, message or detail at the top, Google's list, and what AWS
// tells in the header.
func ReadError(status int, header func(name string) string, body []byte) *llm.Error {
	e := &llm.Error{Status: status, RetryAfter: -1}
	if header != nil {
		readErrorHeader(e, header)
	}
	if jsonscan.Valid(body) == nil {
		items := Items(body)
		if first, ok := items.Next(); ok {
			body = first
		}
		fill(&e.Message, body) // some send nothing but a text
		inner := Get(body, "error")
		readErrorFields(e, inner)
		readErrorFields(e, body)
		if e.Message == "" {
			e.Message = firstText(inner)
		}
	} else if plain := strings.TrimSpace(string(body[:min(len(body), maxPlainError)])); !strings.HasPrefix(plain, "<") {
		e.Message = strings.ToValidUTF8(plain, "")
	}
	if e.Message == "" {
		e.Message = "the provider answered with status " + strconv.Itoa(status)
	}
	return e
}

// firstText is a text, or the first of a list of them.
func firstText(v llm.JSON) string {
	items := Items(v)
	if first, ok := items.Next(); ok {
		v = first
	}
	return Text(v)
}

func readErrorHeader(e *llm.Error, header func(name string) string) {
	if n, err := strconv.Atoi(strings.TrimSpace(header("Retry-After"))); err == nil && n >= 0 {
		e.RetryAfter = n
	}
	kind, _, _ := strings.Cut(header("X-Amzn-Errortype"), ":")
	e.Type = kind
	if e.RequestID = header("X-Amzn-Requestid"); e.RequestID == "" {
		e.RequestID = header("X-Request-Id")
	}
}

func readErrorFields(e *llm.Error, v llm.JSON) {
	for f := NewFields(v); f.Next(); {
		switch f.Name() {
		case "message", "Message", "detail", "error_description":
			fill(&e.Message, f.Value())
		case "type", "error_type", "status", "__type":
			if !Equal(f.Value(), "error") {
				fill(&e.Type, f.Value())
			}
		case "code":
			fill(&e.Code, f.Value())
		case "param":
			fill(&e.Param, f.Value())
		case "request_id":
			fill(&e.RequestID, f.Value())
		}
	}
}

// fill sets a text that is empty still, from a string or a number.
func fill(dst *string, v llm.JSON) {
	switch {
	case *dst != "":
	case IsString(v):
		*dst = Text(v)
	case IsNumber(v), IsArray(v) && len(v) <= maxPlainError:
		*dst = string(v)
	}
}
