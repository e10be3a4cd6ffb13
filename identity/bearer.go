package identity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-gateway/sluice/internal/jsonv2"
)

// unknownLifetime is taken for a token whose answer does not say how long it
// lives.
const unknownLifetime = 5 * time.Minute

// maxCredential bounds what goes into a header field of every request.
const maxCredential = 32 << 10

// bearer authorizes with a token.
type bearer struct {
	// lease holds the complete value of the header field.
	lease *lease[string]
}

// Authorize implements Source.
func (b *bearer) Authorize(ctx context.Context, r *Request) error {
	value, err := b.lease.get(ctx)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", value)
	return nil
}

// Refused implements Source.
func (b *bearer) Refused() { b.lease.refused() }

// Close ends a fetch that is under way. Tokens at hand stay usable until they
// expire.
func (b *bearer) Close() { b.lease.close() }

// token is the answer of a token endpoint. A zero expires is unknown.
type token struct {
	text    string
	expires time.Time
}

// field is the value of the Authorization header field. A token is foreign
// text: one that could end a header line is refused.
func (t token) field(now time.Time) (string, time.Time, error) {
	if !plain(t.text) {
		return "", time.Time{}, errors.New("the answer holds no usable token")
	}
	if t.expires.IsZero() {
		t.expires = now.Add(unknownLifetime)
	}
	return "Bearer " + t.text, t.expires, nil
}

// plain tells whether s is not empty, and what a header field can carry: all of
// it is visible ASCII, and there is not too much.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= maxCredential
}

// ask sends a request to a token endpoint and reads its answer, at the time now.
func (a *attempt) ask(req *http.Request, now time.Time) (token, error) {
	resp, err := a.client.Do(req)
	if err != nil {
		return token{}, a.problem(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return token{}, errors.New("the answer of the endpoint broke off")
	}
	if resp.StatusCode != http.StatusOK {
		return token{}, refused(resp.StatusCode, body)
	}
	return readToken(resp.StatusCode, body, now)
}

// post is a request with a form.
func post(ctx context.Context, address string, form url.Values) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, errors.New("the address of the token endpoint is not a URL")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req, nil
}

// get is a request with one further header field.
func get(ctx context.Context, address, name, value string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, errors.New("the address of the token endpoint is not a URL")
	}
	req.Header.Set(name, value)
	return req, nil
}

// readToken reads an answer of RFC 6749, section 5.1. Azure's metadata
// services write expires_in as a string, or have only expires_on.
func readToken(status int, body []byte, now time.Time) (token, error) {
	answer, err := object(body)
	if err != nil {
		return token{}, err
	}
	text, _ := answer["access_token"].(string)
	if text == "" {
		return token{}, fmt.Errorf("%w and no token", refused(status, body))
	}
	t := token{text: text}
	if s, ok := seconds(answer["expires_in"]); ok {
		t.expires = now.Add(s)
	} else if s, ok := seconds(answer["expires_on"]); ok {
		t.expires = time.Unix(0, 0).Add(s)
	}
	return t, nil
}

func object(body []byte) (map[string]any, error) {
	v, err := jsonv2.Parse(body)
	if answer, ok := v.(map[string]any); err == nil && ok {
		return answer, nil
	}
	return nil, errors.New("the answer is not a JSON object")
}

// seconds reads a number of seconds up to a few hundred years.
func seconds(v any) (time.Duration, bool) {
	var n int64
	switch t := v.(type) {
	case int64:
		n = t
	case float64:
		n = int64(max(-1, min(t, 1e10)))
	case string:
		parsed, err := strconv.ParseInt(t, 10, 64)
		if err != nil {
			return 0, false
		}
		n = parsed
	default:
		return 0, false
	}
	return time.Duration(max(-1, min(n, 9e9))) * time.Second, true
}

// refused says what an endpoint refused with: the status and the codes that
// OAuth and Entra define, nothing else of a body that may repeat secrets.
func refused(status int, body []byte) error {
	text := fmt.Sprintf("the endpoint answered with status %d", status)
	answer, err := object(body)
	if err != nil {
		return errors.New(text)
	}
	if code, _ := answer["error"].(string); isCode(code) {
		text += " " + code
	}
	about, _ := answer["error_description"].(string)
	if number, found := strings.CutPrefix(about, "AADSTS"); found {
		digits := len(number) - len(strings.TrimLeft(number, "0123456789"))
		text += " AADSTS" + number[:min(digits, 10)]
	}
	return errors.New(text)
}

// isCode tells whether s looks like the name of an error: letters, with
// underscores or dots. Keys and tokens have digits.
func isCode(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if (c < 'a' || c > 'z') && s[i] != '_' && s[i] != '.' {
			return false
		}
	}
	return s != "" && len(s) <= 40
}
