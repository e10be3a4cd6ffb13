package wire

import "github.com/sluice-gateway/sluice/llm"

// RerankClient is a format of rankings as callers speak it.
type RerankClient interface {
	Format() llm.Format
	// Asks tells whether a path, without query, is one of such questions.
	Asks(path string) bool
	// DecodeRequest reads a question into r, which is empty. Errors are
	// *Invalid: the caller's mistake.
	DecodeRequest(r *llm.RerankRequest, q Question) error
	// EncodeResponse appends the answer to r.
	EncodeResponse(dst []byte, a *llm.RerankResponse, r *llm.RerankRequest) []byte
	// EncodeError appends an error body.
	EncodeError(dst []byte, e *llm.Error) []byte
}

// RerankProvider is a format of rankings as providers speak it.
type RerankProvider interface {
	Format() llm.Format
	// EncodeRequest appends the body of the question. What the format cannot
	// express is noted in n. Errors are *Invalid: a question that the format
	// cannot put at all.
	EncodeRequest(dst []byte, r *llm.RerankRequest, n *Notes) ([]byte, error)
	// DecodeResponse reads an answer to r with status 200 into a, which is
	// empty; the bytes of a refer to body. Every result is of a document of r,
	// and each document has one at most. Errors are as in Provider.
	DecodeResponse(a *llm.RerankResponse, r *llm.RerankRequest, body []byte) error
	// DecodeError reads the body of another status, as in Provider.
	DecodeError(status int, header func(name string) string, body []byte) *llm.Error
}
