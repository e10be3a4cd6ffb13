package listen

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// Listen binds the address. A literal IPv4 or IPv6 address takes its own
// family only, so that 0.0.0.0 and [::] can have the same port, as they have
// in files for Kong.
func (a Address) Listen(ctx context.Context) (net.Listener, error) {
	ln, err := new(net.ListenConfig).Listen(ctx, a.network(), a.String())
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return nil, fmt.Errorf("listen on %s: %w", a, op.Err) // without the address again
	}
	return ln, err
}

func (a Address) network() string {
	ip := net.ParseIP(a.Host)
	switch {
	case ip == nil || a.BothFamilies:
		return "tcp"
	case ip.To4() != nil:
		return "tcp4"
	}
	return "tcp6"
}

// Overlaps tells whether two addresses cannot be bound together.
func (a Address) Overlaps(b Address) bool {
	if a.Port != b.Port || a.Port == 0 {
		return false
	}
	if a.Host == b.Host || a.everywhere() || b.everywhere() {
		return true
	}
	ipA, ipB := a.ip(), b.ip()
	if ipA == nil || ipB == nil || (ipA.To4() == nil) != (ipB.To4() == nil) {
		return false
	}
	return ipA.Equal(ipB) || ipA.IsUnspecified() || ipB.IsUnspecified()
}

// everywhere is every address of both families.
func (a Address) everywhere() bool { return a.Host == "" || a.BothFamilies && a.ip().IsUnspecified() }

// ip is nil for a name other than localhost.
func (a Address) ip() net.IP {
	if a.Host == "localhost" {
		return net.IPv4(127, 0, 0, 1)
	}
	return net.ParseIP(a.Host)
}
