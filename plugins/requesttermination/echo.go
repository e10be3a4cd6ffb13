package requesttermination

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"os"
	"strings"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/header"
	"github.com/sluice-gateway/sluice/internal/jsonv2"
	"github.com/sluice-gateway/sluice/schema"
)

// maxEcho bounds the request body that an echo shows, in bytes. Of a larger
// one it shows nothing.
const maxEcho = 1 << 20

// copyOf is the answer of an echo. It is made for people who look for an
// error, not for speed.
func (t *termination) copyOf(ex *flow.Exchange) []byte {
	m := map[string]any{
		"kong": map[string]any{
			"node_id": t.node.ID, "hostname": t.node.Hostname, "worker_pid": int64(os.Getpid()),
		},
		"request": requestOf(ex),
	}
	if t.message != "" {
		m["message"] = t.message
	}
	if ex.Route != nil {
		m["matched_route"] = entityOf(ex.Route)
	}
	if ex.Service != nil {
		m["matched_service"] = entityOf(ex.Service)
	}
	return schema.AppendJSON(nil, m)
}

func requestOf(ex *flow.Exchange) map[string]any {
	in := &ex.In
	m := map[string]any{
		"scheme": in.Scheme, "host": hostOf(in.Host), "port": int64(in.Port),
		"method": in.Method, "path": in.Path,
		"headers": fieldsOf(ex), "query": argsOf(ex.Out.Query),
		"uri_captures": capturesOf(ex.Captures),
	}
	if ex.Body.Length > maxEcho {
		return m
	}
	raw, err := ex.Body.Bytes(maxEcho)
	if err != nil {
		return m
	}
	m["raw_body"] = string(raw)
	if body := bodyOf(in.Header.Get("Content-Type"), raw); body != nil {
		m["body"] = body
	}
	return m
}

// hostOf is the host without port, in lower case.
func hostOf(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.Contains(host[i:], "]") {
		host = host[:i]
	}
	return strings.ToLower(host)
}

// fieldsOf shows the header as the upstream would have got it.
func fieldsOf(ex *flow.Exchange) map[string]any {
	m := map[string]any{}
	if ex.In.Host != "" {
		m["host"] = ex.In.Host
	}
	for _, f := range ex.Out.Header {
		collect(m, header.Lower(f.Name), f.Value)
	}
	return m
}

// collect makes a list of values that come several times under one name.
func collect(m map[string]any, name string, value any) {
	switch have := m[name].(type) {
	case nil:
		m[name] = value
	case []any:
		m[name] = append(have, value)
	default:
		m[name] = []any{have, value}
	}
}

func capturesOf(c flow.Captures) map[string]any {
	named, unnamed := map[string]any{}, []any{}
	for i, v := range c.Values {
		unnamed = append(unnamed, v)
		if i < len(c.Names) && c.Names[i] != "" {
			named[c.Names[i]] = v
		}
	}
	return map[string]any{"named": named, "unnamed": unnamed}
}

// entityOf shows an entity without its unset fields.
func entityOf[E config.Route | config.Service](e *E) any {
	m, ok := schema.Encode(e, false).(map[string]any)
	if !ok {
		return nil
	}
	for name, v := range m {
		if v == nil {
			delete(m, name)
		}
	}
	return m
}

// bodyOf is the body as values, nil when it is of no kind that has some.
func bodyOf(contentType string, raw []byte) any {
	mediaType, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil
	}
	switch mediaType {
	case "application/x-www-form-urlencoded":
		return argsOf(string(raw))
	case "application/json":
		if v, err := jsonv2.Parse(raw); err == nil {
			return v
		}
	case "multipart/form-data":
		return partsOf(raw, params["boundary"])
	}
	return nil
}

// partsOf shows the parts up to the first that is malformed.
func partsOf(raw []byte, boundary string) map[string]any {
	m := map[string]any{}
	r := multipart.NewReader(bytes.NewReader(raw), boundary)
	for {
		p, err := r.NextRawPart()
		if err != nil {
			return m
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return m
		}
		collect(m, p.FormName(), string(content))
	}
}
