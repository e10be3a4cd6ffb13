package route

import (
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/header"
)

// hostKind is how a pattern compares.
type hostKind uint8

const (
	exactHost hostKind = iota
	suffixHost
	prefixHost
)

// hostPattern is a host or a server name of a route. Port 0 is any port.
type hostPattern struct {
	kind hostKind
	text string
	port int
}

// newHostPattern reads a value of hosts, which may carry a port.
func newHostPattern(value string) hostPattern {
	host, port := splitHost(value)
	p := newNamePattern(host)
	p.port = port
	return p
}

// newNamePattern reads a name that has no port.
func newNamePattern(value string) hostPattern {
	name := plainHost(value)
	if rest, ok := strings.CutPrefix(name, "*"); ok {
		return hostPattern{kind: suffixHost, text: rest}
	}
	if rest, ok := strings.CutSuffix(name, "*"); ok {
		return hostPattern{kind: prefixHost, text: rest}
	}
	return hostPattern{kind: exactHost, text: name}
}

// matches compares with a host as plainHost makes it. No pattern matches a
// missing host.
func (p *hostPattern) matches(host string, port int) bool {
	if host == "" || p.port != 0 && p.port != port {
		return false
	}
	switch p.kind {
	case suffixHost:
		return strings.HasSuffix(host, p.text)
	case prefixHost:
		return strings.HasPrefix(host, p.text)
	case exactHost:
	}
	return host == p.text
}

// splitHost takes the port off a host. What does not end in a port between 1
// and 65535 is all host; a bare IPv6 address has no port. The brackets of an
// IPv6 address are removed.
func splitHost(value string) (host string, port int) {
	if strings.HasPrefix(value, "[") {
		return splitBrackets(value)
	}
	at := strings.LastIndexByte(value, ':')
	if at < 0 || strings.IndexByte(value, ':') != at {
		return value, 0
	}
	port, ok := parsePort(value[at+1:])
	if !ok {
		return value, 0
	}
	return value[:at], port
}

func splitBrackets(value string) (host string, port int) {
	end := strings.IndexByte(value, ']')
	if end < 0 {
		return value, 0
	}
	rest := value[end+1:]
	if rest == "" {
		return value[1:end], 0
	}
	port, ok := parsePort(strings.TrimPrefix(rest, ":"))
	if rest[0] != ':' || !ok {
		return value, 0
	}
	return value[1:end], port
}

// parsePort: an empty port is the default one, as in any URI.
func parsePort(s string) (int, bool) {
	if s == "" {
		return 0, true
	}
	if s[0] < '0' || s[0] > '9' {
		return 0, false
	}
	port, err := strconv.ParseUint(s, 10, 16)
	return int(port), err == nil && port > 0
}

// plainHost is a host in lower case without the dot of a fully qualified name.
func plainHost(host string) string {
	if len(host) > 1 && host[len(host)-1] == '.' {
		host = host[:len(host)-1]
	}
	return header.Lower(host)
}
