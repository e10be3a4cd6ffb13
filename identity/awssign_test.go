package identity_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/header"
	"github.com/sluice-gateway/sluice/identity"
)

// The key of AWS's signature version 4 test suite.
const (
	suiteID     = "AKIDEXAMPLE"
	suiteSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	suiteToken  = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)

// signer signs with static keys at a moment.
func signer(t testing.TB, service, token string, at time.Time) *identity.AWS {
	t.Helper()
	s, err := identity.NewAWS(identity.AWSOptions{
		Deps:    identity.Deps{Clock: clock.NewManual(at)},
		Service: service, Region: "us-east-1", AccessKeyID: suiteID, SecretAccessKey: suiteSecret, SessionToken: token,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// TestSuite: the vectors of AWS's test suite that a gateway can meet. The
// values are published; signed computes them a second time.
func TestSuite(t *testing.T) {
	at := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	const unreserved = "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	for _, tt := range []struct {
		name, method, path, query, kind, token, body string
		fields, want                                 string
	}{
		{"get-vanilla", "GET", "/", "", "", "", "", "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-vanilla, no path", "GET", "", "", "", "", "", "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-vanilla-query-order-key-case", "GET", "/", "Param2=value2&Param1=value1", "", "", "", "host;x-amz-date", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
		{"get-vanilla-utf8-query", "GET", "/", "%E1%88%B4=bar", "", "", "", "host;x-amz-date", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
		{"get-unreserved", "GET", unreserved, "", "", "", "", "host;x-amz-date", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
		{"post-vanilla", "POST", "/", "", "", "", "", "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
		{"post-x-www-form-urlencoded", "POST", "/", "", "application/x-www-form-urlencoded", "", "Param1=value1", "content-type;host;x-amz-date", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
		{"post-sts-header-before", "POST", "/", "", "", suiteToken, "", "host;x-amz-date;x-amz-security-token", "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := header.Header{}
			if tt.kind != "" {
				h.Add("content-type", tt.kind)
			}
			r := &identity.Request{Method: tt.method, Scheme: "https", Host: "example.amazonaws.com", Path: tt.path, Query: tt.query, Header: &h, Body: []byte(tt.body)}
			if err := signer(t, "service", tt.token, at).Authorize(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			want := "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=" + tt.fields + ", Signature=" + tt.want
			if got := h.Get("Authorization"); got != want || h.Get("X-Amz-Date") != "20150830T123600Z" || h.Get("X-Amz-Security-Token") != tt.token {
				t.Errorf("got  %s\nwant %s\n%v", got, want, h)
			}
			if got := signed(r, suiteSecret); got != tt.want {
				t.Errorf("computed again: %s", got)
			}
		})
	}
}

// TestBedrock: paths are signed as they are sent, escaped once more; a port in
// Host is signed. The values were computed from AWS's description with another
// program.
func TestBedrock(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const host = "bedrock-runtime.us-east-1.amazonaws.com"
	for _, tt := range []struct{ host, path, body, want string }{
		{host, "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123/converse", `{"messages":[]}`, "96f3ce92a91a28041d47394ed28a66b81cda801188399ec78e1f2560e9eca8bb"},
		{host, "/model/anthropic.claude-3-haiku-20240307-v1:0/converse-stream", "{}", "1235c71b2932ad701a3b623886440828c35239c50014c363497712f8f4b7d6c5"},
		{host + ":443", "/model/m/invoke", "", "dabc2065cd349a45ce3535cd8984f04f3e2f41b52a56eea5e32634a056c2b04f"},
	} {
		r := &identity.Request{Method: "POST", Scheme: "https", Host: tt.host, Path: tt.path, Header: &header.Header{{Name: "Content-Type", Value: "application/json"}}, Body: []byte(tt.body)}
		if err := signer(t, "bedrock", "", at).Authorize(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if got := r.Header.Get("Authorization"); !strings.HasSuffix(got, "SignedHeaders=content-type;host;x-amz-date, Signature="+tt.want) {
			t.Errorf("%s: %s", tt.path, got)
		}
		if r.Path != tt.path || r.Host != tt.host || signed(r, suiteSecret) != tt.want {
			t.Errorf("%s: now %s%s", tt.path, r.Host, r.Path)
		}
	}
}

// TestForeignSignature: nothing of the caller's own signature is left, other
// fields stay, and those of AWS are signed with.
func TestForeignSignature(t *testing.T) {
	r := &identity.Request{
		Method: "POST", Scheme: "https", Host: "h.example", Path: "/a%2Fb", Query: "x-amz-signature=1&b=2+3&X-Amz-Credential=k&a&X-Amz-Security-Token=t",
		Header: &header.Header{
			{Name: "accept", Value: "*/*"},
			{Name: "authorization", Value: "AWS4-HMAC-SHA256 caller"},
			{Name: "AUTHORIZATION", Value: "Bearer caller"},
			{Name: "x-amz-date", Value: "20000101T000000Z"},
			{Name: "x-amz-security-token", Value: "caller"},
			{Name: "x-amz-content-sha256", Value: "caller"},
			{Name: "x-amz-target", Value: " a   b "},
			{Name: "X-Amz-Target", Value: "c"},
			{Name: "x-amzn-trace-id", Value: "Root=1"},
		},
	}
	if err := signer(t, "bedrock", "", time.Now()).Authorize(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	names := ""
	for _, f := range *r.Header {
		names += f.Name + " "
		if strings.Contains(f.Value, "caller") {
			t.Errorf("left: %v", f)
		}
	}
	if want := "accept x-amz-target X-Amz-Target x-amzn-trace-id X-Amz-Date Authorization "; names != want {
		t.Errorf("fields %q, want %q", names, want)
	}
	if r.Query != "a=&b=2%203" {
		t.Errorf("query %q", r.Query)
	}
	if got := r.Header.Get("Authorization"); !strings.HasSuffix(got, "SignedHeaders=host;x-amz-date;x-amz-target, Signature="+signed(r, suiteSecret)) {
		t.Errorf("%s, want signature %s", got, signed(r, suiteSecret))
	}
	if r.Path != "/a%2Fb" {
		t.Errorf("path %q", r.Path)
	}
}

// signed computes the signature of a request from what is sent, by the
// description in the IAM user guide.
func signed(r *identity.Request, secret string) string {
	date := r.Header.Get("X-Amz-Date")
	auth := r.Header.Get("Authorization")
	_, after, _ := strings.Cut(auth, "SignedHeaders=")
	names, _, _ := strings.Cut(after, ",")
	_, after, _ = strings.Cut(auth, "/")
	scope, _, _ := strings.Cut(after, ",")
	lines := ""
	for name := range strings.SplitSeq(names, ";") {
		values := r.Header.Values(name)
		if name == "host" {
			values = []string{r.Host}
		}
		for i, v := range values {
			values[i] = strings.Join(strings.FieldsFunc(v, func(r rune) bool { return r == ' ' }), " ")
		}
		lines += name + ":" + strings.Join(values, ",") + "\n"
	}
	path := r.Path
	if path == "" {
		path = "/"
	}
	body := sha256.Sum256(r.Body)
	canonical := strings.Join([]string{r.Method, escaped(path, "/"), sortedQuery(r.Query), lines, names, hex.EncodeToString(body[:])}, "\n")
	sum := sha256.Sum256([]byte(canonical))
	key := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	return hex.EncodeToString(mac(key, "AWS4-HMAC-SHA256\n"+date+"\n"+scope+"\n"+hex.EncodeToString(sum[:])))
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func sortedQuery(query string) string {
	if query == "" {
		return ""
	}
	args := [][2]string{}
	for arg := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(arg, "=")
		name, _ = url.PathUnescape(name)
		value, _ = url.PathUnescape(value)
		args = append(args, [2]string{escaped(name, ""), escaped(value, "")})
	}
	slices.SortFunc(args, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	out := []string{}
	for _, a := range args {
		out = append(out, a[0]+"="+a[1])
	}
	return strings.Join(out, "&")
}

func escaped(s, safe string) string {
	const digits = "0123456789ABCDEF"
	out := ""
	for i := range len(s) {
		c := s[i]
		if l := c | 0x20; l >= 'a' && l <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("-._~"+safe, c) >= 0 {
			out += string(rune(c))
			continue
		}
		out += "%" + string(digits[c>>4]) + string(digits[c&15])
	}
	return out
}

// oddSpace is white space that no field of a request for AWS has around it: the
// signer trims it, and the server does not.
func oddSpace(r rune) bool { return unicode.IsSpace(r) && r != ' ' }

// FuzzSign: whatever is signed, a server that computes the signature of what
// was sent finds the same.
func FuzzSign(f *testing.F) {
	f.Add("POST", "/model/a%3Ab/converse", "a=1&b=%20", "application/json", "v", []byte("{}"))
	f.Add("GET", "", "x-amz-date=1&+=+&%zz&;&a=b=c&&", "", "  a  b ", []byte(nil))
	f.Add("GET", "//a/../b", "", "é", "", []byte(nil))
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Fuzz(func(t *testing.T, method, path, query, kind, value string, body []byte) {
		if path != "" && path[0] != '/' || strings.ContainsAny(path, "?#") || strings.ContainsFunc(kind+value, oddSpace) {
			t.Skip("not a request")
		}
		r := &identity.Request{Method: method, Scheme: "https", Host: "h.example", Path: path, Query: query, Body: body, Header: &header.Header{
			{Name: "Content-Type", Value: kind}, {Name: "X-Amz-Thing", Value: value}, {Name: "Other", Value: value},
		}}
		if err := signer(t, "bedrock", "token", at).Authorize(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if got := r.Header.Get("Authorization"); !strings.HasSuffix(got, "Signature="+signed(r, suiteSecret)) {
			t.Errorf("%q %q %q: %s", method, path, r.Query, got)
		}
		again := *r
		if err := signer(t, "bedrock", "token", at).Authorize(t.Context(), &again); err != nil || again.Query != r.Query || len(*again.Header) != len(*r.Header) {
			t.Errorf("signed again: %q became %q, %v", r.Query, again.Query, err)
		}
	})
}
