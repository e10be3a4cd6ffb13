// Package balance is the contract of choosing where an attempt goes: among the
// targets of an upstream, or the addresses of a plain host.
//
// A Balancer orders peers and never retries; package send walks. The
// algorithms are in the folders below, one each. balance opens no connection
// and must not know plugins or formats.
package balance

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/dns"
	"github.com/sluice-gateway/sluice/flow"
)

// Peer is one address a request can go to. It is shared and never changes; the
// same address of the same target keeps its Peer over changes, so that a
// pointer can be the key of counters.
type Peer struct {
	// Host is the name for the Host header and the TLS server name, without
	// port: the upstream's host_header, else the SRV target's name when the
	// upstream has use_srv_name, else the name as configured. Only a
	// host_header may carry a port of its own.
	Host string
	// IP without brackets.
	IP   string
	Port int
	// Addr is IP and Port for dialing.
	Addr string
	// TargetID is the id of the target entity; "" for a plain host.
	TargetID string
}

// Result is how an attempt at a peer went.
type Result struct {
	// Status of the answer; 0 when none came.
	Status int
	// Err is why there was no answer, or why it broke off.
	Err error
	// Took is the time from choosing the peer to the head of the answer.
	Took time.Duration
}

// Balancer chooses peers. All methods may be called concurrently.
type Balancer interface {
	// Next gives the peer for an attempt of an exchange, counted from 0. It
	// may wait for names to be resolved, as long as ex.Ctx allows, but only
	// when there is no peer to be had otherwise. Errors are ErrNoPeer, for
	// a plain host those of dns, or that of the context.
	Next(ex *flow.Exchange, attempt int) (*Peer, error)
	// Done is called once for every peer that Next gave, when the attempt
	// is over: failed, or its answer sent.
	Done(ex *flow.Exchange, p *Peer, r Result)
	// Close ends work in the background and waits for it. Exchanges that
	// still hold the balancer may go on calling Next and Done.
	Close() error
}

// Updater is a Balancer whose targets can be replaced while it runs.
type Updater interface {
	Balancer
	// Update takes a new state of the upstream and its targets. Peers that
	// stay keep their state.
	Update(c Config)
	// Targets lists all targets, also those that get nothing.
	Targets() []TargetState
}

// Config is an upstream with its targets. Nobody may change it.
type Config struct {
	Upstream *config.Upstream
	Targets  []*config.Target
}

// Deps are what a Balancer of an upstream works with.
type Deps struct {
	Resolver Resolver
	// Clock decides when names are looked at again; nil is the machine's.
	Clock clock.Clock
	// Seed of the shuffling. Gateways side by side should differ in it, so
	// that they do not visit the targets in step.
	Seed uint64
	// Health tells which peers may be used; nil takes all.
	Health Health
	// Log is nil for silence.
	Log *slog.Logger
}

// Resolver finds addresses; *dns.Resolver is one.
type Resolver interface {
	// Resolve gives an old answer rather than wait.
	Resolve(ctx context.Context, host string) (dns.Answer, error)
	// Fresh waits rather than give an old answer.
	Fresh(ctx context.Context, host string) (dns.Answer, error)
}

// Health knows which peers are down. Available is called for every choice: it
// must be fast and may be called concurrently.
type Health interface {
	Available(p *Peer) bool
}

// TargetState is a target as it stands.
type TargetState struct {
	Target *config.Target
	// Host and Port as configured.
	Host string
	Port int
	// Type of the records that gave the addresses; 0 for an IP or before
	// the name was resolved.
	Type dns.Type
	// Err is why the name has no addresses.
	Err error
	// Addresses, with the weight each has by itself.
	Addresses []AddressState
}

// AddressState is one address of a target.
type AddressState struct {
	Peer   *Peer
	Weight int
}

// ErrNoPeer says that no target can take the request.
var ErrNoPeer = errors.New("failure to get a peer from the ring-balancer")

// DefaultPort is the port of a target that names none.
const DefaultPort = 8000

// SplitTarget takes a target apart: host[:port], IP[:port] or [v6]:port. An
// IPv6 address comes without brackets.
func SplitTarget(target string) (host string, port int) {
	if ip, err := netip.ParseAddr(strings.Trim(target, "[]")); err == nil {
		return ip.String(), DefaultPort
	}
	host = target
	if i := strings.LastIndexByte(target, ':'); i >= 0 {
		if n, err := strconv.ParseUint(target[i+1:], 10, 16); err == nil {
			host, port = target[:i], int(n)
		}
	}
	if port == 0 {
		port = DefaultPort
	}
	return strings.Trim(host, "[]"), port
}

// NewPeer makes a peer of an address. The port of an SRV record wins over the
// given one.
func NewPeer(host string, a dns.Address, port int, targetID string) *Peer {
	if a.Port != 0 {
		port = int(a.Port)
	}
	ip := a.IP.Unmap()
	return &Peer{
		Host: host, IP: ip.String(), Port: port, TargetID: targetID,
		Addr: netip.AddrPortFrom(ip, uint16(port)).String(),
	}
}
