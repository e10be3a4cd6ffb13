package provider

import (
	"net/url"
	"slices"
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
		&m.Name, &o.UpstreamPath, &o.AnthropicVersion, &o.AzureDeploymentID, &o.AzureAPIVersion,
		&o.Gemini.ProjectID, &o.Gemini.LocationID, &o.Gemini.EndpointID, &o.Bedrock.AWSRegion, &o.Bedrock.PerformanceConfigLatency,
	}
}

// hosts are those that begin with a host, labels those that are names in one.
func (m *Model) hosts() []*string {
	return []*string{&m.Options.UpstreamURL, &m.Options.Gemini.APIEndpoint}
}

func (m *Model) labels() []*string {
	return []*string{&m.Options.AzureInstance, &m.Options.Databricks.WorkspaceInstanceID}
}

// Dynamic tells whether a model record depends on the request.
func (m *Model) Dynamic() bool {
	for _, s := range slices.Concat(m.texts(), m.hosts(), m.labels()) {
		if HasTemplate(*s) {
			return true
		}
	}
	return false
}

// Resolve returns a copy of the model with the placeholders replaced. The
// provider is never a template. What comes out empty is refused, but for a path:
// without a name, a project or a host, the question would go where nobody
// configured it to. Errors are faults for the caller.
func (m *Model) Resolve(ex *flow.Exchange) (*Model, error) {
	out := *m
	for _, kind := range []struct {
		fields []*string
		expand func(*flow.Exchange, string) (string, error)
	}{{out.texts(), Expand}, {out.hosts(), expandHost}, {out.labels(), expandLabel}} {
		for _, s := range kind.fields {
			v, err := kind.expand(ex, *s)
			if err != nil {
				return nil, err
			}
			if v == "" && *s != "" && s != &out.Options.UpstreamPath {
				return nil, bad("nothing is left of field '" + *s + "': its placeholder has an empty value")
			}
			*s = v
		}
	}
	return &out, nil
}

// Expand replaces the placeholders $(headers.x), $(uri_captures.x) and
// $(query_params.x) in s.
func Expand(ex *flow.Exchange, s string) (string, error) { return expand(ex, s, anything) }

// expandLabel is Expand for what becomes a part of a host's name.
func expandLabel(ex *flow.Exchange, s string) (string, error) { return expand(ex, s, label) }

// expand refuses values that check does.
func expand(ex *flow.Exchange, s string, check func(string) bool) (string, error) {
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
		if !check(v) {
			return "", bad("value of " + rest[i+2:i+j] + " cannot be a part of a host name")
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
