package logentry

import (
	"crypto/tls"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/internal/percent"
)

func (w *Writer) appendRequest(dst []byte, ex *flow.Exchange) []byte {
	in := &ex.In
	dst = member(dst, `{"id":`, ex.ID)
	dst = member(dst, `,"method":`, in.Method)
	uri := uriOf(ex)
	dst = member(dst, `,"uri":`, uri)
	dst = append(dst, `,"url":"`...)
	dst = text(dst, in.Scheme)
	dst = append(dst, "://"...)
	dst = text(dst, hostOnly(in.Host))
	dst = append(dst, ':')
	dst = strconv.AppendInt(dst, int64(in.Port), 10)
	dst = text(dst, uri)
	dst = appendQuery(append(dst, `","querystring":`...), withoutKeys(ex, in.Query))
	dst = number(dst, `,"size":`, int64(in.Size)+bodySize(ex))
	dst = w.appendRequestHeaders(append(dst, `,"headers":`...), ex)
	if in.TLS != nil {
		dst = appendTLS(append(dst, `,"tls":`...), in.TLS)
	}
	return append(dst, '}')
}

// bodySize is what the caller announced; of a body of unknown length, what
// came.
func bodySize(ex *flow.Exchange) int64 {
	if ex.In.Length >= 0 {
		return ex.In.Length
	}
	return ex.Body.Received()
}

// RequestSize is the size of the request: line, head and body.
func RequestSize(ex *flow.Exchange) int64 { return int64(ex.In.Size) + bodySize(ex) }

// uriOf is path and query as received. A target in absolute form is reduced to
// them.
func uriOf(ex *flow.Exchange) string {
	in := &ex.In
	uri := in.Target
	if !strings.HasPrefix(uri, "/") && in.Path != "" {
		uri = in.Path
		if in.Query != "" || in.HasQuery {
			uri += "?" + in.Query
		}
	}
	return Target(ex, uri)
}

// hostOnly is a host without its port.
func hostOnly(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && i > strings.LastIndexByte(host, ']') {
		host = host[:i]
	}
	if host == "" {
		return "kong" // what the original's server calls itself
	}
	return host
}

// maxItems bounds the arguments and fields of one entry, as in the original.
const maxItems = 100

// argument is one part of the query.
type argument struct {
	name, value string
	flag        bool // there was no "="
	written     bool
}

// appendQuery writes the query as an object: an argument that is repeated
// becomes an array, one without "=" becomes true.
func appendQuery(dst []byte, query string) []byte {
	if query == "" {
		return append(dst, "{}"...)
	}
	var few [12]argument
	args := few[:0]
	for len(query) > 0 && len(args) < maxItems {
		var part string
		part, query, _ = strings.Cut(query, "&")
		name, value, valued := strings.Cut(part, "=")
		if name = strings.ToValidUTF8(percent.Form(name), "\ufffd"); name != "" {
			args = append(args, argument{name: name, value: percent.Form(value), flag: !valued})
		}
	}
	open := byte('{')
	for i := range args {
		if args[i].written {
			continue
		}
		dst = quote(append(dst, open), args[i].name)
		dst = appendArgument(append(dst, ':'), args[i:])
		open = ','
	}
	if open == '{' {
		dst = append(dst, '{')
	}
	return append(dst, '}')
}

// appendArgument writes the value, or values, of the first of args.
func appendArgument(dst []byte, args []argument) []byte {
	name, n, start := args[0].name, 0, len(dst)
	for i := range args {
		if args[i].name != name {
			continue
		}
		if n++; n > 1 {
			dst = append(dst, ',')
		}
		args[i].written = true
		if args[i].flag {
			dst = append(dst, "true"...)
		} else {
			dst = quote(dst, args[i].value)
		}
	}
	return asArray(dst, start, n)
}

// asArray puts brackets around dst[start:] when it has several values.
func asArray(dst []byte, start, n int) []byte {
	if n < 2 {
		return dst
	}
	dst = append(dst, 0, ']')
	copy(dst[start+1:], dst[start:len(dst)-2])
	dst[start], dst[len(dst)-1] = '[', ']'
	return dst
}

// appendRequestHeaders writes what the caller sent, as the plugins left it. A
// call to a model shows the caller's own fields only, without those that
// plugins took out: what was added may be the provider's credentials.
func (w *Writer) appendRequestHeaders(dst []byte, ex *flow.Exchange) []byte {
	dst = member(dst, `{"host":`, ex.In.Host)
	from := fields{list: ex.In.Header, names: &w.names, request: ex}
	switch {
	case len(ex.Out.Header) == 0: // nothing was to go upstream
	case toModel(ex):
		from.kept = ex.Out.Header
	default:
		from.list = ex.Out.Header
	}
	return append(from.append(dst), '}')
}

func appendTLS(dst []byte, s *tls.ConnectionState) []byte {
	dst = member(dst, `{"version":`, versionName(s.Version))
	dst = member(dst, `,"cipher":`, cipherName(s.CipherSuite))
	verify := "NONE"
	switch {
	case len(s.VerifiedChains) > 0:
		verify = "SUCCESS"
	case len(s.PeerCertificates) > 0:
		verify = "FAILED:unable to verify the first certificate"
	}
	return append(member(dst, `,"client_verify":`, verify), '}')
}

func versionName(v uint16) string {
	switch v {
	case tls.VersionTLS10:
		return "TLSv1"
	case tls.VersionTLS11:
		return "TLSv1.1"
	case tls.VersionTLS12:
		return "TLSv1.2"
	}
	return "TLSv1.3"
}

// cipherName is the name OpenSSL has for a cipher suite, which is what readers
// of the entry know.
func cipherName(id uint16) string {
	name := tls.CipherSuiteName(id)
	rest, old := strings.CutPrefix(name, "TLS_")
	if !old || !strings.Contains(rest, "_WITH_") {
		return name // TLS 1.3: both call it the same
	}
	exchange, cipher, _ := strings.Cut(rest, "_WITH_")
	cipher = strings.NewReplacer("AES_128", "AES128", "AES_256", "AES256", "_CBC", "", "CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305",
		"3DES_EDE", "DES-CBC3").Replace(cipher)
	if exchange != "RSA" {
		cipher = exchange + "_" + cipher
	}
	return strings.ReplaceAll(cipher, "_", "-")
}
