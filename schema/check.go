package schema

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Check tells what is wrong with a text, "" when nothing is.
type Check func(s string) string

// numberChecks are the upper ends of checks that integers may name.
var numberChecks = map[string]float64{"port": 65535, "timeout": 2147483646}

// checks are the checks every type may name in its tags.
var checks = map[string]Check{
	"uuid":                    checkUUID,
	"utf8_name":               checkName,
	"tag":                     checkTag,
	"host":                    checkHost,
	"host_with_optional_port": checkHostPort,
	"wildcard_host":           checkWildcardHost,
	"path":                    checkPath,
	"header_name":             checkHeaderName,
	"cookie_name":             checkCookieName,
	"method":                  checkMethod,
	"url":                     checkURL,
	"ip":                      checkIP,
	"cidr":                    checkCIDR,
	"ip_or_cidr":              checkIPOrCIDR,
	"regex":                   checkRegex,
	"lower":                   checkLower,
}

// Checks lists the names that a check or keys tag may give.
func Checks() []string {
	names := make([]string, 0, len(checks))
	for name := range checks {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// IsReference tells whether s as a whole is a vault reference.
func IsReference(s string) bool {
	return strings.HasPrefix(s, "{vault://") && strings.HasSuffix(s, "}")
}

// absentVaults are the kinds of vaults in the contract that no reference can
// be resolved with yet.
var absentVaults = []string{"aws", "azure", "conjur", "fs", "gcp", "hcv", "konnect"}

// checkReference refuses a reference to a kind of vault that is not there: it
// would always be empty. A name that is nobody's is let pass, since a vault's
// content may be missing too.
func checkReference(s string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(s, "{vault://"), "/")
	if slices.Contains(absentVaults, name) {
		return "vault '" + name + "' is not installed: this version has env only"
	}
	return ""
}

// IsUUID tells whether s is a UUID, in any case.
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			if !isHex(s[i]) {
				return false
			}
		}
	}
	return true
}

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isAlnum(c byte) bool { return isAlpha(c) || isDigit(c) }
func isHex(c byte) bool   { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// all tells whether every byte of s passes.
func all(s string, ok func(c byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

func invalid(s string) string { return "invalid value: " + s }

func checkUUID(s string) string {
	if IsUUID(s) {
		return ""
	}
	return "expected a valid UUID"
}

func checkName(s string) string {
	ok := all(s, func(c byte) bool {
		return isAlnum(c) || c >= 0x80 || c == '.' || c == '-' || c == '_' || c == '~'
	})
	if ok && utf8.ValidString(s) {
		return ""
	}
	return "invalid value '" + s + "': the only accepted ascii characters are alphanumerics or ., -, _, and ~"
}

func checkTag(s string) string {
	ok := all(s, func(c byte) bool {
		return c >= ' ' && c != ',' && c != '/' && c != 0x7f
	})
	if ok && utf8.ValidString(s) {
		return ""
	}
	return "invalid tag '" + s + "': expected printable ascii (except `,` and `/`) or valid utf-8 sequences"
}

// Address is what stands before an optional port.
type Address struct {
	// Host is a name or an IP address; IPv6 without brackets.
	Host string
	// IP is the address, when Host is one.
	IP netip.Addr
	// Port is 0 when there is none; HasPort tells it from port 0.
	Port    int
	HasPort bool
}

// ParseAddress reads host, host:port, IPv4[:port], IPv6 and [IPv6][:port].
func ParseAddress(s string) (a Address, ok bool) {
	host, port := s, ""
	switch {
	case strings.HasPrefix(s, "["):
		var rest string
		host, rest, ok = strings.Cut(s[1:], "]")
		if !ok || rest != "" && rest[0] != ':' {
			return a, false
		}
		a.HasPort, port = rest != "", strings.TrimPrefix(rest, ":")
	case strings.Count(s, ":") == 1:
		host, port, a.HasPort = strings.Cut(s, ":")
	}
	a.Host = host
	if a.HasPort {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return a, false
		}
		a.Port = int(n)
	}
	ip, err := netip.ParseAddr(host)
	if err == nil && ip.Zone() == "" {
		a.IP = ip
		return a, s[0] != '[' || ip.Is6()
	}
	return a, s != "" && s[0] != '[' && validHostname(host)
}

func validHostname(s string) bool {
	if s == "" || !all(s, func(c byte) bool { return isAlnum(c) || c == '-' || c == '.' || c == '_' }) {
		return false
	}
	if all(s, func(c byte) bool { return isDigit(c) || c == '.' }) {
		// Digits and dots only: meant as an IPv4 address, and not a valid one.
		return !strings.Contains(s, ".")
	}
	for l := range strings.SplitSeq(strings.TrimSuffix(s, "."), ".") {
		if l == "" || strings.HasSuffix(l, "-") {
			return false
		}
	}
	return true
}

func checkHost(s string) string {
	a, ok := ParseAddress(s)
	if !ok {
		return invalid(s)
	}
	if a.HasPort {
		return "must not have a port"
	}
	return ""
}

func checkHostPort(s string) string {
	if _, ok := ParseAddress(s); !ok {
		return invalid(s)
	}
	return ""
}

func checkWildcardHost(s string) string {
	stars := strings.Count(s, "*")
	switch {
	case stars > 1:
		return "only one wildcard must be specified"
	case stars == 1 && !strings.HasPrefix(s, "*.") && !strings.HasSuffix(s, ".*"):
		return "wildcard must be leftmost or rightmost character"
	}
	a, ok := ParseAddress(strings.Replace(s, "*", "w", 1))
	switch {
	case !ok:
		return invalid(s)
	case a.IP.IsValid():
		return "must not be an IP"
	case a.HasPort:
		return "must not have a port"
	}
	return ""
}

// isPathByte: RFC 3986 unreserved, sub-delims, ":", "@", "/" and "%".
func isPathByte(c byte) bool {
	return isAlnum(c) || strings.IndexByte("-._~!$&'()*+,;=:@/%", c) >= 0
}

func checkPath(s string) string {
	switch {
	case !strings.HasPrefix(s, "/"):
		return "should start with: /"
	case strings.Contains(s, "//"):
		return "must not have empty segments"
	}
	return CheckPathText(s)
}

// CheckPathText checks the characters and the percent-encoding of a path.
func CheckPathText(s string) string {
	if !all(s, isPathByte) {
		return "invalid path: '" + s + "' (characters outside of the reserved list of RFC 3986 found)"
	}
	for i := range len(s) {
		if s[i] != '%' {
			continue
		}
		if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
			return "invalid url-encoded value: '" + s[i:min(i+3, len(s))] + "'"
		}
	}
	return ""
}

func checkHeaderName(s string) string {
	if s != "" && all(s, func(c byte) bool { return isAlnum(c) || c == '-' || c == '_' }) {
		return ""
	}
	return "bad header name '" + s + "', allowed characters are A-Z, a-z, 0-9, '_', and '-'"
}

// checkCookieName: the token characters of RFC 2616.
func checkCookieName(s string) string {
	ok := s != "" && all(s, func(c byte) bool {
		return isAlnum(c) || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
	})
	if ok {
		return ""
	}
	return "bad cookie name '" + s + "', allowed characters are A-Z, a-z, 0-9, '_', and '-'"
}

func checkMethod(s string) string {
	if s != "" && all(s, func(c byte) bool { return c >= 'A' && c <= 'Z' }) {
		return ""
	}
	return invalid(s)
}

func checkLower(s string) string {
	if strings.ToLower(s) == s {
		return ""
	}
	return invalid(s)
}

func checkURL(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || scheme == "" {
		return "missing host in url"
	}
	host, _, _ := strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host, "?")
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	if host == "" {
		return "missing host in url"
	}
	if _, ok := ParseAddress(host); !ok {
		return invalid(s)
	}
	return ""
}

func checkIP(s string) string {
	if _, err := netip.ParseAddr(s); err != nil {
		return "not an ip address: " + s
	}
	return ""
}

func checkCIDR(s string) string {
	if _, err := netip.ParsePrefix(s); err != nil {
		return "invalid cidr range: '" + s + "'"
	}
	return ""
}

func checkIPOrCIDR(s string) string {
	if _, err := netip.ParseAddr(s); err == nil {
		return ""
	}
	if _, err := netip.ParsePrefix(s); err == nil {
		return ""
	}
	return "invalid ip or cidr range: '" + s + "'"
}

func checkRegex(s string) string {
	if _, err := regexp.Compile(s); err != nil {
		return "not a valid regex: " + s
	}
	return ""
}

// CheckText runs a named check on s.
func CheckText(name, s string) string {
	c, ok := checks[name]
	if !ok {
		panic("schema: no check is called " + name)
	}
	return c(s)
}
