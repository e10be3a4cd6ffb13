package send

import (
	"crypto/tls"
	"net/netip"
	"sync"

	"github.com/sluice-gateway/sluice/balance"
	"github.com/sluice-gateway/sluice/h1"
)

// Link makes the endpoints of a service's peers. Its TLS settings are fixed;
// the server name follows the Host of the request.
type Link struct {
	// base is cloned for each server name.
	base *tls.Config
	// key names everything of base that distinguishes connections.
	key string

	mu    sync.RWMutex // guards known
	known map[endpointKey]*h1.Endpoint
}

type endpointKey struct {
	addr, sni string
	tls       bool
}

// maxEndpoints bounds what a Link remembers; hosts may come from callers.
const maxEndpoints = 4096

// NewLink makes a Link. key must differ where base does: verification, CAs,
// client certificate.
func NewLink(base *tls.Config, key string) *Link {
	return &Link{base: base, key: key, known: map[endpointKey]*h1.Endpoint{}}
}

// Endpoint of a peer. host is the Host header, which without its port is the
// server name of the handshake unless it is an address.
func (l *Link) Endpoint(encrypted bool, peer *balance.Peer, host string) *h1.Endpoint {
	k := endpointKey{addr: peer.Addr, tls: encrypted}
	if encrypted {
		k.sni = StripPort(host)
	}
	l.mu.RLock()
	ep := l.known[k]
	l.mu.RUnlock()
	if ep != nil {
		return ep
	}
	ep = l.make(k)
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.known) >= maxEndpoints {
		clear(l.known)
	}
	l.known[k] = ep
	return ep
}

func (l *Link) make(k endpointKey) *h1.Endpoint {
	ep := &h1.Endpoint{Addr: k.addr}
	if !k.tls {
		return ep
	}
	cfg := l.base.Clone()
	if _, err := netip.ParseAddr(k.sni); err != nil {
		cfg.ServerName = k.sni
	} else if !cfg.InsecureSkipVerify {
		cfg.ServerName = k.sni // verified against the address; crypto/tls sends no name for it
	}
	ep.TLS = cfg
	ep.Key = l.key + "|" + k.sni
	return ep
}
