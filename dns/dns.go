// Package dns turns host names into addresses: a stub resolver with a cache,
// so that a request never waits for a name that was known a moment ago.
//
// It follows the gateway's dns_* settings: the order of record types, search
// domains, the hosts file, and records served stale while one refresh runs.
// It chooses no address among several; that is the business of package
// balance. It must not read the environment and opens no file but the two it
// is given.
package dns

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/sluice-gateway/sluice/clock"
)

// Type is the type of the records that an answer was made of.
type Type uint16

// The types.
const (
	A     = Type(dnsmessage.TypeA)
	AAAA  = Type(dnsmessage.TypeAAAA)
	SRV   = Type(dnsmessage.TypeSRV)
	CNAME = Type(dnsmessage.TypeCNAME)

	// last stands for the type that had success before.
	last Type = 0
)

// String is the name as in dns_order.
func (t Type) String() string {
	switch t {
	case A:
		return "A"
	case AAAA:
		return "AAAA"
	case SRV:
		return "SRV"
	case CNAME:
		return "CNAME"
	case last:
		return "LAST"
	}
	return "TYPE" + strconv.Itoa(int(t))
}

// Address is one place that a name leads to.
type Address struct {
	IP netip.Addr
	// Port of an SRV record; 0 when the record names none.
	Port uint16
	// Weight of an SRV record, at least 1; 0 for other records.
	Weight uint16
	// Priority of an SRV record.
	Priority uint16
	// Share is among how many addresses the weight of one SRV record is
	// divided: its target's own. 0 for other records.
	Share uint16
	// Target is the name in the SRV record; "" for other records.
	Target string
}

// Answer is what a name resolves to. It is shared: nobody may change it.
type Answer struct {
	// Addresses, never empty, sorted: an answer that says the same as the
	// one before shares its slice. Of SRV records only those of the best
	// priority are listed.
	Addresses []Address
	// Type of the records that were found.
	Type Type
	// Expires is when the answer should be asked for again; zero is never.
	Expires time.Time
}

// Same tells whether two answers came of the same records.
func (a Answer) Same(b Answer) bool {
	return len(a.Addresses) == len(b.Addresses) && a.Type == b.Type &&
		(len(a.Addresses) == 0 || &a.Addresses[0] == &b.Addresses[0])
}

// Options are the settings of a Resolver. The zero value of each takes the
// default; for the TTLs a negative value is none at all.
type Options struct {
	// Servers as "ip:port" or "ip". Empty takes those of the resolv.conf.
	Servers []string
	// ResolvConf is the text of a resolv.conf; ResolvConfFile is where to
	// read it when there is no text. Servers, search, ndots, timeout,
	// attempts and rotate are taken from it unless set here.
	ResolvConf     string
	ResolvConfFile string
	// HostsFile is read once, in New.
	HostsFile string
	// Search domains; nil takes those of the resolv.conf.
	Search []string
	// Ndots is how many dots make a name be tried as it is first; default 1.
	Ndots int
	// Order of the record types; default LAST, SRV, A, CNAME.
	Order []string
	// ValidTTL replaces the TTL of all records; 0 honours them.
	ValidTTL time.Duration
	// StaleTTL is how long an old answer is served while it is refreshed;
	// default one hour.
	StaleTTL time.Duration
	// NotFoundTTL is how long it is remembered that a name does not exist;
	// default 30 s.
	NotFoundTTL time.Duration
	// ErrorTTL is how long a failure is remembered; default 1 s.
	ErrorTTL time.Duration
	// CacheSize is how many names are remembered; default 10000.
	CacheSize int
	// Timeout of one try at one server; default 2 s.
	Timeout time.Duration
	// Attempts are the tries for one question, over all servers; default 5.
	Attempts int
	// Clock decides what has expired; default the machine's.
	Clock clock.Clock
	// Dial connects to a server; network is "udp" or "tcp". A connection
	// for udp must receive from that server only.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Log gets warnings about the configuration and failed refreshes; nil
	// is silence.
	Log *slog.Logger
}

func orDefault[T int | time.Duration](v, def T) T {
	if v == 0 {
		return def
	}
	return max(v, 0)
}

func (o Options) withDefaults() Options {
	o.StaleTTL = orDefault(o.StaleTTL, time.Hour)
	o.NotFoundTTL = orDefault(o.NotFoundTTL, 30*time.Second)
	o.ErrorTTL = orDefault(o.ErrorTTL, time.Second)
	o.CacheSize = max(orDefault(o.CacheSize, 10000), 1)
	if o.Ndots <= 0 {
		o.Ndots = 1
	}
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Second
	}
	if o.Attempts <= 0 {
		o.Attempts = 5
	}
	if o.Clock == nil {
		o.Clock = clock.System()
	}
	if o.Dial == nil {
		var d net.Dialer
		o.Dial = d.DialContext
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}
