package listen

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/sluice-gateway/sluice/flow"
)

// Trust says which peers are believed about the caller's address.
type Trust struct {
	nets      []netip.Prefix
	header    string
	recursive bool
}

// NewTrust reads trusted_ips, real_ip_header and real_ip_recursive.
func NewTrust(ips []string, realIPHeader string, recursive bool) (*Trust, error) {
	t := &Trust{header: realIPHeader, recursive: recursive}
	for _, s := range ips {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, aerr := netip.ParseAddr(s)
			if aerr != nil {
				return nil, fmt.Errorf("trusted_ips: %q is neither an address nor a CIDR", s)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		t.nets = append(t.nets, p)
	}
	return t, nil
}

func (t *Trust) trusts(ip string) bool {
	if len(t.nets) == 0 {
		return false
	}
	if ip == "unix:" {
		return true
	}
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	for _, n := range t.nets {
		if n.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}

// resolve sets ClientIP and Trusted.
func (t *Trust) resolve(in *flow.Request) {
	in.ClientIP = in.Peer
	if !t.trusts(in.Peer) {
		return
	}
	in.Trusted = true
	values := strings.Join(in.Header.Values(t.header), ",")
	if ip := t.pick(values); ip != "" {
		in.ClientIP = ip
	}
}

// pick walks a list of addresses from the right: the last one, or with
// recursion the last that is not trusted itself.
func (t *Trust) pick(list string) string {
	found := ""
	for list != "" {
		i := strings.LastIndexByte(list, ',')
		entry := strings.TrimSpace(list[i+1:])
		list = list[:max(i, 0)]
		a, err := netip.ParseAddr(strings.Trim(entry, "[]"))
		if err != nil {
			return found
		}
		found = a.String()
		if !t.recursive || !t.trusts(found) {
			return found
		}
	}
	return found
}
