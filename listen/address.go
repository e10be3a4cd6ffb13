package listen

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Address is one entry of proxy_listen, admin_listen or status_listen.
type Address struct {
	Host      string
	Port      int
	TLS       bool
	HTTP2     bool
	ReusePort bool
	// BothFamilies lets an IPv6 address serve IPv4 too: ipv6only=off.
	BothFamilies bool
}

// String is host:port.
func (a Address) String() string { return net.JoinHostPort(a.Host, strconv.Itoa(a.Port)) }

// Loopback tells whether only this machine reaches the address.
func (a Address) Loopback() bool {
	if a.Host == "localhost" {
		return true
	}
	ip := net.ParseIP(a.Host)
	return ip != nil && ip.IsLoopback()
}

// ParseAddresses reads a listener setting: a comma-separated list of
// "host:port flag …", or "off".
func ParseAddresses(key, value string) ([]Address, error) {
	if strings.TrimSpace(value) == "off" {
		return nil, nil
	}
	var out []Address
	for entry := range strings.SplitSeq(value, ",") {
		words := strings.Fields(entry)
		if len(words) == 0 {
			continue
		}
		a, err := parseAddress(words)
		if err != nil {
			return nil, fmt.Errorf("%s: %q: %w", key, strings.TrimSpace(entry), err)
		}
		out = append(out, a)
	}
	return out, nil
}

func parseAddress(words []string) (Address, error) {
	host, port, err := net.SplitHostPort(words[0])
	if err != nil {
		return Address{}, errors.New("must be host:port followed by flags")
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 0 || n > 65535 {
		return Address{}, fmt.Errorf("port %q must be a number from 0 to 65535", port)
	}
	a := Address{Host: host, Port: n}
	for _, flag := range words[1:] {
		switch {
		case flag == "ssl":
			a.TLS = true
		case flag == "http2":
			a.HTTP2 = true
		case flag == "ipv6only=off":
			a.BothFamilies = strings.Contains(host, ":")
		case flag == "reuseport", flag == "deferred", flag == "bind", strings.HasPrefix(flag, "backlog="),
			strings.HasPrefix(flag, "ipv6only="), strings.HasPrefix(flag, "so_keepalive="):
			// Tuning of nginx's sockets; ours need none.
		default:
			return Address{}, fmt.Errorf("flag %q is not supported", flag)
		}
	}
	return a, nil
}
