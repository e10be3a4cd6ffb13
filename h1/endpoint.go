package h1

import "crypto/tls"

// Endpoint says where a connection goes. Endpoints with equal Addr, Key and
// Proxy share connections (cleartext and TLS never do). An Endpoint must not
// change while in use; it may be shared by any number of goroutines.
type Endpoint struct {
	// Addr is "ip:port", or "host:port" for a dialer or proxy that resolves.
	Addr string
	// TLS is nil for cleartext. Otherwise it is complete: ServerName, RootCAs,
	// Certificates and verification are the caller's business. NextProtos may
	// be empty or name http/1.1; another negotiated protocol is an error.
	// DynamicRecordSizingDisabled is worth setting: large prompts then take
	// records of 16 KiB instead of many small ones.
	TLS *tls.Config
	// Key names the TLS identity (SNI, CAs, client certificate, verification)
	// for the pool: connections are shared only under the same Key.
	Key string
	// Proxy is the forward proxy on the way, nil for none.
	Proxy *Proxy
}

// Proxy is a forward proxy reached in cleartext. Cleartext targets are asked
// for in absolute form (RFC 9112 section 3.2.2) with the request's Host as
// authority; TLS targets go through a CONNECT tunnel to the endpoint's Addr.
type Proxy struct {
	// Addr is "host:port" of the proxy.
	Addr string
	// Authorization is the value of Proxy-Authorization, "" for none.
	Authorization string
}

// poolKey is what connections are shared by.
type poolKey struct {
	addr, key string
	tls       bool
	proxy     Proxy
}

func keyOf(ep *Endpoint) poolKey {
	k := poolKey{addr: ep.Addr, key: ep.Key, tls: ep.TLS != nil}
	if ep.Proxy != nil {
		k.proxy = *ep.Proxy
	}
	return k
}

// absolute tells whether requests go to a proxy in absolute form.
func (ep *Endpoint) absolute() bool { return ep.Proxy != nil && ep.TLS == nil }
