package provider

import (
	"net/url"
	"strings"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
)

// HasTemplate tells whether s holds a placeholder $(source.key).
func HasTemplate(s string) bool {
	i := strings.Index(s, "$(")
	return i >= 0 && strings.IndexByte(s[i:], ')') > 0
}

// texts are the fields that may hold placeholders: all that are texts.
func (m *Model) texts() []*string {
	o := &m.Options
	return []*string{
		&m.Name, &o.UpstreamURL, &o.UpstreamPath, &o.AnthropicVersion,
		&o.AzureInstance, &o.AzureDeploymentID, &o.AzureAPIVersion,
		&o.Gemini.APIEndpoint, &o.Gemini.ProjectID, &o.Gemini.LocationID,
		&o.Bedrock.AWSRegion, &o.Bedrock.PerformanceConfigLatency, &o.Databricks.WorkspaceInstanceID,
	}
}

// Dynamic tells whether a model record depends on the request.
func (m *Model) Dynamic() bool {
	for _, s := range m.texts() {
		if HasTemplate(*s) {
			return true
		}
	}
	return false
}

// Resolve returns a copy of the model with the placeholders replaced. The
// provider is never a template. Errors are faults for the caller.
func (m *Model) Resolve(ex *flow.Exchange) (*Model, error) {
	out := *m
	for _, s := range out.texts() {
		v, err := Expand(ex, *s)
		if err != nil {
			return nil, err
		}
		*s = v
	}
	return &out, nil
}

// Expand replaces the placeholders $(headers.x), $(uri_captures.x) and
// $(query_params.x) in s.
func Expand(ex *flow.Exchange, s string) (string, error) {
	if !HasTemplate(s) {
		return s, nil
	}
	var out strings.Builder
	rest := s
	for {
		i := strings.Index(rest, "$(")
		j := -1
		if i >= 0 {
			j = strings.IndexByte(rest[i:], ')')
		}
		if j < 0 {
			out.WriteString(rest)
			return out.String(), nil
		}
		v, err := lookup(ex, rest[i+2:i+j], s)
		if err != nil {
			return "", err
		}
		out.WriteString(rest[:i])
		out.WriteString(v)
		rest = rest[i+j+1:]
	}
}

func lookup(ex *flow.Exchange, expr, whole string) (string, error) {
	source, key, ok := strings.Cut(expr, ".")
	if !ok || strings.Contains(key, ".") || source == "" || key == "" {
		return "", bad("cannot parse expression for field '" + whole + "'")
	}
	value, found := "", false
	switch source {
	case "headers":
		value, found = ex.In.Header.Get(key), ex.In.Header.Has(key)
		if !found {
			dashed := strings.ReplaceAll(key, "_", "-")
			value, found = ex.In.Header.Get(dashed), ex.In.Header.Has(dashed)
		}
	case "uri_captures":
		value, found = ex.Captures.Get(key)
	case "query_params":
		q, err := url.ParseQuery(ex.In.Query)
		found = err == nil && q.Has(key)
		value = q.Get(key)
	default:
		return "", bad("source '" + source + "' is not supported")
	}
	if !found {
		return "", bad(source + " key " + key + " was not provided")
	}
	return value, nil
}

func bad(msg string) error {
	return &fault.Error{Kind: fault.Invalid, Shape: fault.AI, Message: msg}
}
