package identity

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/smithy-go"
	"golang.org/x/oauth2"
)

// unknown is what the SDK of AWS calls an error that the answer does not name.
const unknown = "UnknownError"

// problem says what an error is about in words that hold no secret. Libraries
// put bodies of answers, outputs of programs and canonical requests into their
// errors, so only what is known to be harmless is taken over, and the error
// itself is not wrapped.
func (a *attempt) problem(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return errors.New(p.Error())
	}
	if _, ok := errors.AsType[*processcreds.ProviderError](err); ok {
		return errors.New("credential_process failed, or its output is not what AWS documents")
	}
	status, failed := a.last()
	if r, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return refused(status, r.Body)
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok && status != 0 && isCode(api.ErrorCode()) && api.ErrorCode() != unknown {
		return fmt.Errorf("the endpoint answered with status %d %s", status, api.ErrorCode())
	}
	switch {
	case failed != nil:
		return unreached(failed)
	case status == http.StatusOK:
		return errors.New("the answer of the endpoint cannot be used")
	case status != 0:
		return fmt.Errorf("the endpoint answered with status %d", status)
	default:
		return fmt.Errorf("failed with %T, whose text may hold secrets and is left out", innermost(err))
	}
}

// unreached tells of a request without an answer.
func unreached(err error) error {
	if c, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return errors.New("no answer from the endpoint: " + c.Error())
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return errors.New("no answer from the endpoint: " + op.Error())
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("no answer from the endpoint: it closed the connection")
	}
	return errors.New("no answer from the endpoint")
}

func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
