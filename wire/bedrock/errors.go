package bedrock

import (
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// kinds are the errors of the API, the first of a status being what an error of
// that status is called.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_Errors
var kinds = []struct {
	status int
	kind   string
}{
	{400, "ValidationException"},
	{400, "ServiceQuotaExceededException"},
	{403, "AccessDeniedException"},
	{403, "ExpiredTokenException"},
	{403, "UnrecognizedClientException"},
	{403, "InvalidSignatureException"},
	{404, "ResourceNotFoundException"},
	{404, "UnknownOperationException"},
	{408, modelTimeout},
	{409, "ConflictException"},
	{424, "ModelErrorException"},
	{424, "ModelStreamErrorException"},
	{429, "ThrottlingException"},
	{429, "ModelNotReadyException"},
	{500, "InternalServerException"},
	{503, "ServiceUnavailableException"},
}

const modelTimeout = "ModelTimeoutException"

// maxMessage bounds what is taken from a body that is no JSON.
const maxMessage = 2000

// DecodeError implements wire.Provider. The kind is in a header, with an address
// after it, or in the body.
func (Provider) DecodeError(status int, header func(string) string, body []byte) *llm.Error {
	kind, message := "", ""
	if jsonscan.Valid(body) == nil {
		kind = wire.Text(first(body, "__type", "code"))
		message = wire.Text(first(body, "message", "Message", "errorMessage"))
	} else {
		message = plain(body)
	}
	if header == nil {
		return newError(status, kind, message)
	}
	if k := header("X-Amzn-Errortype"); k != "" {
		kind = k
	}
	e := newError(status, kind, message)
	e.RequestID = header("X-Amzn-Requestid")
	if n, err := strconv.Atoi(strings.TrimSpace(header("Retry-After"))); err == nil && n >= 0 {
		e.RetryAfter = n
	}
	return e
}

// plain is a body that is no JSON as a message, in part if it is long.
func plain(body []byte) string {
	return strings.ToValidUTF8(strings.TrimSpace(string(body[:min(len(body), maxMessage)])), "")
}

// newError makes an error of a kind as it was spelled: perhaps with a name space
// before it and an address behind. A status of 0 is that of the kind.
func newError(status int, kind, message string) *llm.Error {
	kind, _, _ = strings.Cut(kind, ":")
	kind = kind[strings.LastIndexByte(kind, '#')+1:]
	if kind != "" {
		kind = strings.ToUpper(kind[:1]) + kind[1:]
	}
	if status == 0 {
		status = statusOf(kind)
	}
	if message == "" {
		message = kind
	}
	if message == "" {
		message = "Bedrock answered with status " + strconv.Itoa(status)
	}
	return &llm.Error{Status: status, Type: kind, Message: message, RetryAfter: -1}
}

func statusOf(kind string) int {
	for _, k := range kinds {
		if k.kind == kind {
			return k.status
		}
	}
	return 500
}

// kindOf is what Bedrock calls an error: by its own name, if it is one of
// Bedrock's, else by its status.
func kindOf(e *llm.Error) string {
	for _, k := range kinds {
		if k.kind == e.Type {
			return k.kind
		}
	}
	for _, k := range kinds {
		if k.status == e.Status || e.Status == 401 && k.status == 403 {
			return k.kind
		}
	}
	if e.Status >= 400 && e.Status < 500 {
		return "ValidationException"
	}
	return "InternalServerException"
}

// EncodeError implements wire.Client. The kind is in the body too, where SDKs
// look for it when the header is not there.
func (Client) EncodeError(dst []byte, e *llm.Error) []byte {
	w := wire.Writer{Buf: dst}
	w.Object()
	w.StringMember("__type", kindOf(e))
	w.Name("message")
	w.String(e.Message)
	w.EndObject()
	return w.Buf
}
