package send

import (
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/header"
)

// wire writes the header that goes upstream: what the caller and the plugins
// set, without hop-by-hop fields, with the forwarding fields.
func (s *Sender) wire(ex *flow.Exchange) {
	in, out := &ex.In, &ex.Out
	w := out.Wire[:0]
	forwarded := forwardedFor(out.Header)
	via, te := "", false
	for _, f := range out.Header {
		switch classify(f.Name) {
		case keep:
			w = append(w, f)
		case viaField:
			via = join(via, f.Value)
		case teField:
			te = te || strings.Contains(strings.ToLower(f.Value), "trailers")
		case drop, forwarding:
		case requestID:
			if s.o.RequestID == "" {
				w = append(w, f)
			}
		}
	}
	if te {
		w = append(w, header.Field{Name: "TE", Value: "trailers"})
	}
	w = appendForwarding(w, ex, forwarded)
	if s.o.RequestID != "" {
		w = append(w, header.Field{Name: s.o.RequestID, Value: ex.ID})
	}
	w = append(w, header.Field{Name: "Via", Value: s.viaValue(in, via)})
	out.Wire = w
}

// Begin copies the caller's fields to the request that goes upstream, but for
// those that the caller lists in Connection. It runs before plugins add theirs:
// nobody can list away what they set.
func Begin(out *flow.Outgoing, in *flow.Request) {
	out.Header = out.Header[:0]
	listed := connectionNames(in.Header)
	for _, f := range in.Header {
		if listed == "" || classify(f.Name) != keep || !listsName(listed, f.Name) {
			out.Header = append(out.Header, f)
		}
	}
}

func (s *Sender) viaValue(in *flow.Request, seen string) string {
	own := s.via11
	if in.Proto == "HTTP/1.0" {
		own = "1.0 " + s.o.Via
	}
	if in.Major == 2 {
		own = s.via20
	}
	if seen == "" {
		return own
	}
	return seen + ", " + own
}

// appendForwarding adds X-Real-IP and the X-Forwarded fields. Those of an
// untrusted peer have been dropped.
func appendForwarding(w header.Header, ex *flow.Exchange, forwardedFor string) header.Header {
	in := &ex.In
	if forwardedFor == "" {
		forwardedFor = in.ClientIP
	} else {
		forwardedFor += ", " + in.Peer
	}
	w = append(
		w,
		header.Field{Name: "X-Real-IP", Value: in.ClientIP},
		header.Field{Name: "X-Forwarded-For", Value: forwardedFor},
		header.Field{Name: "X-Forwarded-Proto", Value: trusted(in, "X-Forwarded-Proto", in.Scheme)},
		header.Field{Name: "X-Forwarded-Port", Value: trusted(in, "X-Forwarded-Port", in.PortText)},
		header.Field{Name: "X-Forwarded-Path", Value: trusted(in, "X-Forwarded-Path", in.Path)},
	)
	if host := trusted(in, "X-Forwarded-Host", StripPort(in.Host)); host != "" {
		w = append(w, header.Field{Name: "X-Forwarded-Host", Value: host})
	}
	if prefix := trusted(in, "X-Forwarded-Prefix", ex.Prefix); prefix != "" && prefix != "/" {
		w = append(w, header.Field{Name: "X-Forwarded-Prefix", Value: prefix})
	}
	return w
}

func trusted(in *flow.Request, name, own string) string {
	if in.Trusted {
		if v := in.Header.Get(name); v != "" {
			return v
		}
	}
	return own
}

func forwardedFor(h header.Header) string {
	seen := ""
	for i := range h {
		if header.Equal(h[i].Name, "X-Forwarded-For") {
			seen = join(seen, h[i].Value)
		}
	}
	return seen
}

func join(list, value string) string {
	if list == "" {
		return value
	}
	return list + ", " + value
}

type class uint8

const (
	keep class = iota
	drop
	forwarding
	viaField
	teField
	requestID
)

// classify sorts request fields. It looks at the length first, since most
// names match nothing here.
func classify(name string) class {
	switch len(name) {
	case 2:
		return is(name, "TE", teField)
	case 3:
		return is(name, "Via", viaField)
	case 4:
		return is(name, "Host", drop)
	case 5:
		return is(name, "Proxy", drop)
	case 6:
		return is(name, "Expect", drop) // the caller's was answered here
	case 7:
		if header.Equal(name, "Upgrade") || header.Equal(name, "Trailer") {
			return drop
		}
	case 9:
		return is(name, "X-Real-IP", forwarding)
	case 10:
		if header.Equal(name, "Connection") || header.Equal(name, "Keep-Alive") {
			return drop
		}
	case 14:
		return is(name, "Content-Length", drop)
	case 15:
		return is(name, "X-Forwarded-For", forwarding)
	case 16:
		if header.Equal(name, "Proxy-Connection") {
			return drop
		}
		return forwardingName(name)
	case 17:
		if header.Equal(name, "Transfer-Encoding") {
			return drop
		}
		if header.Equal(name, "X-Kong-Request-Id") {
			return requestID
		}
		return is(name, "X-Forwarded-Proto", forwarding)
	case 18:
		return is(name, "X-Forwarded-Prefix", forwarding)
	}
	return keep
}

func forwardingName(name string) class {
	for _, n := range [...]string{"X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Path"} {
		if header.Equal(name, n) {
			return forwarding
		}
	}
	return keep
}

func is(name, want string, c class) class {
	if header.Equal(name, want) {
		return c
	}
	return keep
}

// connectionNames returns the Connection fields that name other fields.
func connectionNames(h header.Header) string {
	names := ""
	for i := range h {
		if !header.Equal(h[i].Name, "Connection") {
			continue
		}
		switch v := h[i].Value; {
		case v == "", strings.EqualFold(v, "keep-alive"), strings.EqualFold(v, "close"), strings.EqualFold(v, "upgrade"):
		default:
			names = join(names, v)
		}
	}
	return names
}

func listsName(list, name string) bool {
	for entry := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(strings.TrimSpace(entry), name) {
			return true
		}
	}
	return false
}

// StripPort removes the port of a host as it stands in a Host header.
func StripPort(host string) string {
	i := strings.LastIndexByte(host, ':')
	if i < 0 || strings.IndexByte(host[i:], ']') >= 0 {
		return host
	}
	if strings.IndexByte(host, ':') != i && host[0] != '[' {
		return host // an IPv6 address without brackets
	}
	return host[:i]
}

// HostPort is host with port, which is left out when it is the scheme's own.
func HostPort(host string, port int, scheme string) string {
	if strings.IndexByte(host, ':') >= 0 && host[0] != '[' {
		host = "[" + host + "]"
	}
	switch scheme {
	case "http", "grpc":
		if port == 80 {
			return host
		}
	case "https", "grpcs":
		if port == 443 {
			return host
		}
	}
	return host + ":" + strconv.Itoa(port)
}
