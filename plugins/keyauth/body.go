package keyauth

import (
	"errors"
	"strings"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/jsonscan"
)

// maxBody bounds what is read of a caller who is not known yet, in bytes.
const maxBody = 1 << 20

// form is a kind of body that can hold a key.
type form uint8

const (
	noForm form = iota
	urlencoded
	jsonObject
	multipart
)

// formOf tells the kind of a body from its media type. Parameters and suffixes
// do not matter, as in Kong.
func formOf(contentType string) form {
	for i, prefix := range [...]string{"application/x-www-form-urlencoded", "application/json", "multipart/form-data"} {
		if len(contentType) >= len(prefix) && strings.EqualFold(contentType[:len(prefix)], prefix) {
			return form(i + 1)
		}
	}
	return noForm
}

// inBody finds a field of the body. A body of another kind, a malformed one or
// one that is announced as too large holds none.
func inBody(ex *flow.Exchange, name string) (string, outcome, error) {
	ct := ex.Out.Header.Get("Content-Type")
	kind := formOf(ct)
	if kind == noForm {
		return "", absent, nil
	}
	body, err := readBody(ex)
	if err != nil || len(body) == 0 {
		return "", absent, err
	}
	switch kind {
	case urlencoded:
		key, st := inArgs(body, name)
		return key, st, nil
	case jsonObject:
		key, st := inJSON(body, name)
		return key, st, nil
	case multipart:
		key, st := inParts(body, boundary(ct), name)
		return key, st, nil
	case noForm:
	}
	return "", absent, nil
}

// readBody returns nil for a body that is announced as too large: nothing of
// it is read then, so that it can still be sent on.
func readBody(ex *flow.Exchange) ([]byte, error) {
	if ex.Body.Length > maxBody {
		return nil, nil
	}
	body, err := ex.Body.Bytes(maxBody)
	switch {
	case errors.Is(err, flow.ErrTooLarge):
		return nil, &fault.Error{Kind: fault.TooLarge, Message: "Payload too large", By: "plugin/key-auth"}
	case err != nil:
		return nil, &fault.Error{Kind: fault.Canceled, By: "plugin/key-auth", Cause: err}
	}
	return body, nil
}

// inJSON finds a member of an object. A list or an object in its place counts
// as several values.
func inJSON(body []byte, name string) (string, outcome) {
	if jsonscan.KindOf(body) != jsonscan.Object || jsonscan.Valid(body) != nil {
		return "", absent
	}
	var raw []byte
	m := jsonscan.NewMembers(body)
	for {
		n, v, ok := m.Next()
		if !ok {
			break
		}
		if !jsonscan.EqualString(n, name) {
			continue
		}
		if raw != nil {
			return "", repeated
		}
		raw = v
	}
	switch jsonscan.KindOf(raw) {
	case jsonscan.String:
		if key, err := jsonscan.Unquote(raw); err == nil {
			return key, text
		}
	case jsonscan.Array, jsonscan.Object:
		return "", repeated
	case jsonscan.Invalid:
		return "", absent
	case jsonscan.Null, jsonscan.Bool, jsonscan.Number:
	}
	return "", other
}

// stripBody takes the field out of the body. The result replaces the body, so
// that no later plugin works on the one with the key.
func stripBody(ex *flow.Exchange, name string) error {
	ct := ex.Out.Header.Get("Content-Type")
	kind := formOf(ct)
	if kind == noForm {
		return nil
	}
	body, err := readBody(ex)
	if err != nil {
		return err
	}
	if !ex.Body.Edits().Empty() {
		body = ex.Body.Edited()
	}
	switch kind {
	case urlencoded:
		if out, removed := withoutArg(body, name); removed {
			ex.Body.Replace([]byte(out))
		}
	case jsonObject:
		stripJSON(ex, body, name)
	case multipart:
		if out, removed := withoutParts(body, boundary(ct), name); removed {
			ex.Body.Replace(out)
		}
	case noForm:
	}
	return nil
}

func stripJSON(ex *flow.Exchange, body []byte, name string) {
	if jsonscan.KindOf(body) != jsonscan.Object || jsonscan.Valid(body) != nil {
		return
	}
	var edits jsonscan.Edits
	m := jsonscan.NewMembers(body)
	for {
		n, _, ok := m.Next()
		if !ok {
			break
		}
		if jsonscan.EqualString(n, name) {
			edits.Delete(m.Span())
		}
	}
	if !edits.Empty() {
		ex.Body.Replace(edits.Append(nil, body))
	}
}
