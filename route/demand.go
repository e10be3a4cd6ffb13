package route

import (
	"net/http"
	"strings"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/header"
)

// protocolSet is the protocols of a route.
type protocolSet uint8

const (
	plainHTTP protocolSet = 1 << iota
	secureHTTP
	plainGRPC
	secureGRPC
)

// newProtocolSet: WebSocket protocols count as the HTTP they begin with. No
// protocols at all is the default, http and https.
func newProtocolSet(names []string) protocolSet {
	var set protocolSet
	for _, name := range names {
		switch name {
		case "http", "ws":
			set |= plainHTTP
		case "https", "wss":
			set |= secureHTTP
		case "grpc":
			set |= plainGRPC
		case "grpcs":
			set |= secureGRPC
		}
	}
	if set == 0 {
		return plainHTTP | secureHTTP
	}
	return set
}

// isStream tells whether a route with these protocols routes connections.
func isStream(names []string) bool {
	for _, name := range names {
		switch name {
		case "tcp", "tls", "udp", "tls_passthrough":
			return true
		}
	}
	return false
}

// serves tells whether the route takes part for requests over TLS or not. A
// route that wants TLS also takes plain requests, to tell them so.
func (s protocolSet) serves(tls bool) bool {
	return !tls || s&(secureHTTP|secureGRPC) != 0
}

// Demand is what a matched route asks for before a request may pass.
type Demand uint8

// The demands. The zero value lets the request pass.
const (
	Nothing Demand = iota
	// WantsTLS: a plain request on a route for https only.
	WantsTLS
	// WantsHTTP2: gRPC over HTTP/1.x.
	WantsHTTP2
	// WantsGRPC: not a gRPC request, but a gRPC route.
	WantsGRPC
	// WantsSecureGRPC: plain gRPC on a route for grpcs only.
	WantsSecureGRPC
)

// Manner is how a request came, as far as a route may object to it.
type Manner struct {
	// Secure tells that the request came over TLS, or that a trusted peer
	// says so in X-Forwarded-Proto.
	Secure bool
	// HTTP2 tells the version.
	HTTP2 bool
	// ContentType of the request.
	ContentType string
}

// Demand tells what the route misses in a request.
func (m *Match) Demand(how Manner) Demand {
	set := m.protocols
	if !how.Secure && set&secureHTTP != 0 && set&plainHTTP == 0 {
		return WantsTLS
	}
	if set&(plainGRPC|secureGRPC) == 0 {
		return Nothing
	}
	switch {
	case !isGRPC(how.ContentType):
		return WantsGRPC
	case !how.HTTP2:
		return WantsHTTP2
	case !how.Secure && set&plainGRPC == 0:
		return WantsSecureGRPC
	}
	return Nothing
}

func isGRPC(contentType string) bool {
	const grpc = "application/grpc"
	return len(contentType) >= len(grpc) && strings.EqualFold(contentType[:len(grpc)], grpc)
}

// Answer is what a request gets whose route has a demand.
type Answer struct {
	Status int
	// Message is empty when the answer has no body.
	Message string
	Header  header.Header
}

// Answer makes the answer to a demand, which must not be Nothing. host is the
// (forwarded) host the caller used, uri the raw path and query; both are for
// redirects only.
func (d Demand) Answer(r *config.Route, host, uri string) Answer {
	switch d {
	case WantsTLS:
		return tlsAnswer(r.HTTPSRedirectStatusCode, host, uri)
	case WantsHTTP2:
		return Answer{http.StatusUpgradeRequired, "Please use HTTP2 protocol", upgrade("HTTP/2")}
	case WantsGRPC:
		return Answer{http.StatusUnsupportedMediaType, "Non-gRPC request matched gRPC route", nil}
	case WantsSecureGRPC, Nothing:
	}
	return Answer{http.StatusOK, "", header.Header{
		{Name: "Content-Type", Value: "application/grpc"},
		{Name: "grpc-status", Value: "1"},
		{Name: "grpc-message", Value: "gRPC request matched gRPCs route"},
	}}
}

func tlsAnswer(status int, host, uri string) Answer {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		location := "https://" + withoutPort(host) + uri
		return Answer{status, "", header.Header{{Name: "Location", Value: location}}}
	}
	return Answer{http.StatusUpgradeRequired, "Please use HTTPS protocol", upgrade("TLS/1.2, HTTP/1.1")}
}

// withoutPort keeps the brackets of an IPv6 address.
func withoutPort(host string) string {
	plain, _ := splitHost(host)
	if strings.HasPrefix(host, "[") && !strings.HasPrefix(plain, "[") {
		return "[" + plain + "]"
	}
	return plain
}

func upgrade(to string) header.Header {
	return header.Header{{Name: "Connection", Value: "Upgrade"}, {Name: "Upgrade", Value: to}}
}
