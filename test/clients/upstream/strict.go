package upstream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// decode reads a body whose members must all be known and stand there once.
func decode(r *http.Request, into any) ([]byte, *failure) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, invalid(400, "", "the body could not be read: %v", err)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if err := once(d); err != nil {
		return nil, invalid(400, "", "We could not parse the JSON body of your request: %v", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, invalid(400, "", "We could not parse the JSON body of your request: something follows it")
	}
	d = json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return nil, invalid(400, "", "Unrecognized request argument supplied: %v", err)
	}
	return body, nil
}

// once reads a JSON value and refuses a member that stands there twice, which
// an edit in the wrong place would leave behind.
func once(d *json.Decoder) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for d.More() {
		if open == '{' {
			name, err := d.Token()
			if err != nil {
				return err
			}
			if seen[name.(string)] {
				return fmt.Errorf("member %q stands there twice", name)
			}
			seen[name.(string)] = true
		}
		if err := once(d); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// content is the text of a string or of a list of parts. Kinds are the types
// of parts that may stand there.
func content(raw json.RawMessage, param string, kinds ...string) (string, *failure) {
	if len(raw) == 0 || string(raw) == "null" {
		return "", nil
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text, nil
	}
	var parts []map[string]any
	if err := json.Unmarshal(raw, &parts); err != nil || len(parts) == 0 {
		return "", invalid(400, param, "Invalid type for '%s': expected a string or a list of parts.", param)
	}
	var texts []string
	for i, p := range parts {
		kind, _ := p["type"].(string)
		if !slices.Contains(kinds, kind) {
			return "", invalid(400, param, "Invalid value: '%s' at %s[%d]. Supported values are: %s.", kind, param, i, strings.Join(kinds, ", "))
		}
		if t, ok := p["text"].(string); ok {
			texts = append(texts, t)
		}
	}
	return strings.Join(texts, " "), nil
}

func checkModel(name string) *failure {
	if name == "" {
		return invalid(400, "", "you must provide a model parameter")
	}
	if !slices.Contains(Models, name) {
		f := invalid(404, "", "The model `%s` does not exist or you do not have access to it.", name)
		f.Code = "model_not_found"
		return f
	}
	return nil
}

// reasoning tells the models that take no max_tokens and no temperature.
func reasoning(model string) bool { return strings.HasPrefix(model, "gpt-5") }
