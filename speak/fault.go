// Package speak writes faults to the caller, in the shape the caller expects:
// the gateway's negotiated templates, the plain table, or the error object of
// an AI format.
//
// It decides no status and no message: those come with the fault. It is the
// only place that knows what an error body looks like.
package speak

import (
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/jsonscan"
)

// Speaker renders faults with the gateway's settings.
type Speaker struct {
	// DefaultType is error_default_type, for requests that say nothing.
	DefaultType string
	// Templates replace the built-in ones; a template has two %s: message
	// and request id. Empty strings keep the built-in template.
	Templates Templates
}

// Templates are error_template_html, _json, _xml and _plain.
type Templates struct {
	HTML, JSON, XML, Plain string
}

const (
	typeJSON  = "application/json; charset=utf-8"
	typePlain = "text/plain; charset=utf-8"
	typeXML   = "application/xml; charset=utf-8"
	typeHTML  = "text/html; charset=utf-8"
)

// Fault turns an error into the answer to ex. The reply is the exchange's own.
func (s *Speaker) Fault(ex *flow.Exchange, err error) *flow.Reply {
	f := fault.As(err)
	r := ex.NewReply(f.Status())
	r.Header = append(r.Header, f.Header...)
	if ex.In.Major == 2 && ex.In.GRPC() {
		grpcFault(r, f)
		return r
	}
	contentType, body := s.render(ex, f)
	if body == nil {
		r.Length = 0
		return r
	}
	r.Header.Set("Content-Type", contentType)
	r.SetBody(body)
	return r
}

func (s *Speaker) render(ex *flow.Exchange, f *fault.Error) (contentType string, body []byte) {
	if v, ok := ex.Call.(flow.Voice); ok && f.Shape != fault.Empty {
		if body := v.Fault(f); body != nil {
			return typeJSON, body
		}
	}
	switch f.Shape {
	case fault.Empty:
		return "", nil
	case fault.Exit:
		return typeJSON, table(message(f))
	case fault.AI:
		b := append([]byte(`{"error":{"message":`), quote(message(f))...)
		return typeJSON, append(b, "}}"...)
	case fault.Negotiated:
		contentType = Negotiate(ex.In.Header.Get("Accept"), typeJSON)
	case fault.Server:
		contentType = s.serverType(&ex.In)
	}
	return contentType, s.template(contentType, message(f), ex.ID)
}

func table(msg string) []byte {
	b := append([]byte(`{"message":`), quote(msg)...)
	return append(b, '}')
}

func message(f *fault.Error) string {
	if f.Message != "" {
		return f.Message
	}
	return StatusMessage(f.Status())
}

// serverType is Negotiate for errors of the server level: without Accept the
// request's own type decides, then the setting.
func (s *Speaker) serverType(in *flow.Request) string {
	fallback := Negotiate(s.DefaultType, typePlain)
	if in.Header.Has("Accept") {
		return Negotiate(in.Header.Get("Accept"), typeJSON)
	}
	if ct := in.Header.Get("Content-Type"); ct != "" {
		return Negotiate(ct, fallback)
	}
	return fallback
}

// Negotiate picks the content type of an error from an Accept header: the
// entry with the highest q, the first of equals; fallback where none is known.
func Negotiate(accept, fallback string) string {
	best, bestQ := fallback, -1.0
	for entry := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(entry, ";")
		q := quality(params)
		if q > bestQ {
			if t, ok := known(strings.ToLower(strings.TrimSpace(name))); ok {
				best, bestQ = t, q
			} else {
				best, bestQ = fallback, q
			}
		}
	}
	return best
}

func known(mediaType string) (string, bool) {
	switch mediaType {
	case "application/json", "application/*":
		return typeJSON, true
	case "text/plain", "text/*":
		return typePlain, true
	case "text/html":
		return typeHTML, true
	case "application/xml":
		return typeXML, true
	}
	return "", false
}

func quality(params string) float64 {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if name == "q" || name == "Q" {
			if q, err := strconv.ParseFloat(value, 64); err == nil {
				return q
			}
		}
	}
	return 1
}

func (s *Speaker) template(contentType, msg, id string) []byte {
	switch contentType {
	case typePlain:
		return fill(s.Templates.Plain, "%s\nrequest_id: %s\n", msg, id)
	case typeXML:
		return fill(s.Templates.XML, xmlTemplate, escapeMarkup(msg), id)
	case typeHTML:
		return fill(s.Templates.HTML, htmlTemplate, escapeMarkup(msg), id)
	}
	quoted := string(quote(msg))
	return fill(s.Templates.JSON, jsonTemplate, quoted[1:len(quoted)-1], id)
}

const (
	jsonTemplate = "{\n  \"message\":\"%s\",\n  \"request_id\":\"%s\"\n}"
	xmlTemplate  = `<?xml version="1.0" encoding="UTF-8"?>
<error>
  <message>%s</message>
  <requestid>%s</requestid>
</error>
`
	htmlTemplate = `<!doctype html>
<html>
  <head>
    <meta charset="utf-8">
    <title>Error</title>
  </head>
  <body>
    <h1>Error</h1>
    <p>%s.</p>
    <p>request_id: %s</p>
  </body>
</html>
`
)

// fill puts message and id into the two places of a template.
func fill(custom, builtin, msg, id string) []byte {
	t := builtin
	if custom != "" {
		t = custom
	}
	first, rest, one := strings.Cut(t, "%s")
	if !one {
		return []byte(t)
	}
	mid, last, two := strings.Cut(rest, "%s")
	out := make([]byte, 0, len(t)+len(msg)+len(id))
	out = append(append(append(out, first...), msg...), mid...)
	if two {
		out = append(out, id...)
	}
	return append(out, last...)
}

var markup = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")

func escapeMarkup(s string) string { return markup.Replace(s) }

func quote(s string) []byte { return jsonscan.AppendQuote(nil, s) }

// grpcFault gives a gRPC caller status and message in its own terms.
func grpcFault(r *flow.Reply, f *fault.Error) {
	code := GRPCStatus(f.Status())
	msg := message(f)
	if f.Shape == fault.Negotiated {
		msg = grpcNames[code]
	}
	r.Header.Set("Content-Type", "application/grpc")
	r.Header.Set("grpc-status", strconv.Itoa(code))
	r.Header.Set("grpc-message", grpcEscape(msg))
	r.Length = 0
}

var grpcNames = map[int]string{
	0: "OK", 1: "Canceled", 2: "Unknown", 3: "InvalidArgument", 4: "DeadlineExceeded", 5: "NotFound",
	6: "AlreadyExists", 7: "PermissionDenied", 8: "ResourceExhausted", 12: "Unimplemented",
	13: "Internal", 14: "Unavailable", 16: "Unauthenticated",
}

// GRPCStatus is the gRPC code for an HTTP status.
func GRPCStatus(status int) int {
	switch status {
	case 400:
		return 3
	case 401:
		return 16
	case 403:
		return 7
	case 404:
		return 5
	case 409:
		return 6
	case 429:
		return 8
	case 499:
		return 1
	case 501:
		return 12
	case 503:
		return 14
	case 504:
		return 4
	}
	switch status / 100 {
	case 2:
		return 0
	case 4:
		return 3
	case 5:
		return 13
	}
	return 2
}

// grpcEscape percent-encodes what a grpc-message may not hold.
func grpcEscape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '%' {
			b.WriteString("%" + strings.ToUpper(strconv.FormatUint(uint64(c)|0x100, 16)[1:]))
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
