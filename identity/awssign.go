package identity

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sluice-gateway/sluice/header"
)

// The fields that make up a signature; whatever the caller sent under these
// names was for somebody else.
var signature = [...]string{"X-Amz-Date", "X-Amz-Security-Token", "Authorization"}

// sign puts a signature on r. Signed are method, path, query, body, Host,
// Content-Type and the fields that begin with X-Amz-: what nobody adds or
// changes on the way.
//
// The canonical path is the path as sent, escaped once more: that is the rule
// for every service but S3, and it is why an ARN in a path, escaped by the
// caller, is signed with %25 in it.
func (a *AWS) sign(ctx context.Context, creds aws.Credentials, r *Request) error {
	for _, name := range signature {
		r.Header.Del(name)
	}
	r.Header.Del("X-Amz-Content-Sha256")
	path := r.Path
	if path == "" {
		path = "/"
	}
	// Opaque is taken as it is, and without a scheme the signer leaves the port
	// in Host: both have to be signed as they are sent.
	req := &http.Request{
		Method: r.Method, Host: r.Host, Header: signedFields(*r.Header),
		URL: &url.URL{Host: r.Host, Opaque: "//" + r.Host + path, RawQuery: withoutPresigned(r.Query)},
	}
	sum := sha256.Sum256(r.Body)
	if err := a.signer.SignHTTP(ctx, creds, req, hex.EncodeToString(sum[:]), a.o.Service, a.o.Region, a.o.Clock.Now()); err != nil {
		return errors.New("the request cannot be signed")
	}
	for _, name := range signature {
		if value := req.Header.Get(name); value != "" {
			r.Header.Set(name, value)
		}
	}
	r.Query = req.URL.RawQuery
	return nil
}

func signedFields(h header.Header) http.Header {
	out := make(http.Header, 4)
	for _, f := range h {
		if header.Equal(f.Name, "Content-Type") || amz(f.Name) {
			out.Add(f.Name, f.Value)
		}
	}
	return out
}

func amz(name string) bool { return len(name) >= 6 && header.Equal(name[:6], "X-Amz-") }

// withoutPresigned leaves out what a presigned URL carries in its query: AWS
// refuses a request that is signed in two ways.
func withoutPresigned(query string) string {
	if query == "" {
		return ""
	}
	kept := make([]string, 0, 8)
	for arg := range strings.SplitSeq(query, "&") {
		if !amz(arg) {
			kept = append(kept, arg)
		}
	}
	return strings.Join(kept, "&")
}
