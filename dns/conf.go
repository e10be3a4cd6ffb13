package dns

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxConf bounds what is read of a file.
const maxConf = 4 << 20

// resolvConf is what a resolv.conf says.
type resolvConf struct {
	servers  []string
	search   []string
	ndots    int
	timeout  time.Duration
	attempts int
	rotate   bool
}

// lines calls f with the fields of each line that is no comment.
func lines(text string, f func(fields []string)) {
	s := bufio.NewScanner(strings.NewReader(text))
	s.Buffer(nil, maxConf)
	for s.Scan() {
		line := s.Text()
		if i := strings.IndexAny(line, "#;"); i >= 0 {
			line = line[:i]
		}
		if fields := strings.Fields(line); len(fields) > 0 {
			f(fields)
		}
	}
}

func parseResolvConf(text string) resolvConf {
	var c resolvConf
	lines(text, func(f []string) {
		switch f[0] {
		case "nameserver":
			if len(f) > 1 {
				c.servers = append(c.servers, f[1])
			}
		case "domain", "search":
			// As in libc, the last of these lines counts.
			c.search = f[1:]
		case "options":
			for _, o := range f[1:] {
				c.option(o)
			}
		}
	})
	return c
}

func (c *resolvConf) option(o string) {
	name, value, _ := strings.Cut(o, ":")
	n, err := strconv.Atoi(value)
	switch {
	case name == "rotate":
		c.rotate = true
	case err != nil || n < 0:
	case name == "ndots":
		c.ndots = min(n, 15)
	case name == "timeout":
		c.timeout = time.Duration(min(n, 30)) * time.Second
	case name == "attempts":
		c.attempts = min(n, 10)
	}
}

// hostEntry is what the hosts file says of a name.
type hostEntry struct{ v4, v6 netip.Addr }

// hostTable is a hosts file, by name in lower case.
type hostTable map[string]hostEntry

// add notes the first address of each family.
func (t hostTable) add(name string, ip netip.Addr) {
	name = strings.ToLower(name)
	e := t[name]
	switch {
	case ip.Is4() && !e.v4.IsValid():
		e.v4 = ip
	case ip.Is6() && !e.v6.IsValid():
		e.v6 = ip
	}
	t[name] = e
}

// parseHosts reads a hosts file. localhost is always defined (RFC 6761, 6.3).
func parseHosts(text string) hostTable {
	hosts := hostTable{}
	lines(text, func(f []string) {
		ip, err := netip.ParseAddr(f[0])
		if err != nil {
			return
		}
		for _, name := range f[1:] {
			hosts.add(name, ip)
		}
	})
	if _, ok := hosts["localhost"]; !ok {
		hosts["localhost"] = hostEntry{
			v4: netip.AddrFrom4([4]byte{127, 0, 0, 1}), v6: netip.IPv6Loopback(),
		}
	}
	return hosts
}

// merge completes the options with a resolv.conf and gives whether to rotate.
func (o *Options) merge() bool {
	text := o.ResolvConf
	if text == "" {
		text = readConf(o.ResolvConfFile, o.Log)
	}
	c := parseResolvConf(text)
	if len(o.Servers) == 0 {
		o.Servers = c.servers
	}
	if o.Search == nil {
		o.Search = c.search
	}
	if o.Ndots == 0 {
		o.Ndots = c.ndots
	}
	if o.Timeout == 0 {
		o.Timeout = c.timeout
	}
	if o.Attempts == 0 {
		o.Attempts = c.attempts
	}
	return c.rotate
}

// readConf reads a file; one that is missing is as good as empty.
func readConf(path string, log *slog.Logger) string {
	if path == "" {
		return ""
	}
	f, err := os.Open(path) //nolint:gosec // the settings name the file
	if err != nil {
		log.Warn("dns: cannot read file", slog.String("path", path), slog.Any("error", err))
		return ""
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxConf))
	if err != nil {
		log.Warn("dns: cannot read file", slog.String("path", path), slog.Any("error", err))
	}
	return string(text)
}

// serverAddrs normalizes the list to "ip:port"; what is no address is left out.
func serverAddrs(servers []string, log *slog.Logger) []string {
	var out []string
	for _, s := range servers {
		if ap, err := netip.ParseAddrPort(s); err == nil {
			out = append(out, ap.String())
		} else if ip, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
			out = append(out, net.JoinHostPort(ip.String(), "53"))
		} else {
			log.Warn("dns: not the address of a server", slog.String("server", s))
		}
	}
	if len(out) == 0 {
		log.Warn("dns: no server configured, using 127.0.0.1")
		out = append(out, "127.0.0.1:53")
	}
	return out
}

// searchDomains drops the root and the dots around names.
func searchDomains(domains []string) []string {
	var out []string
	for _, d := range domains {
		if d = strings.ToLower(strings.Trim(d, ".")); d != "" {
			out = append(out, d)
		}
	}
	return out
}

// typeOrder reads dns_order.
func typeOrder(names []string, log *slog.Logger) []Type {
	var out []Type
	for _, n := range names {
		t, ok := typeByName(n)
		if !ok {
			log.Warn("dns: unknown record type in the order", slog.String("type", n))
			continue
		}
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	if len(out) == 0 {
		return []Type{last, SRV, A, CNAME}
	}
	return out
}

func typeByName(name string) (Type, bool) {
	for _, t := range []Type{last, SRV, A, AAAA, CNAME} {
		if strings.EqualFold(strings.TrimSpace(name), t.String()) {
			return t, true
		}
	}
	return 0, false
}
