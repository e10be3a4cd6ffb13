package route

import (
	"crypto/sha1" //nolint:gosec // version 5 UUIDs are defined on SHA-1
	"encoding/hex"
	"math"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/config"
)

// The fields of a priority, from the highest bit down.
const (
	weightShift   = 61
	plainHostsBit = 1 << 60
	headersShift  = 52
	regexBit      = 1 << 51
	regexShift    = 19
	maxHeaders    = 255
	maxPathLength = 1<<regexShift - 1
)

// priority of a route as far as it consists of the given paths, which are all
// regular expressions or all of one length.
func priority(r *config.Route, paths []string) uint64 {
	p := weight(r) << weightShift
	if plainHosts(r.Hosts) {
		p |= plainHostsBit
	}
	p |= uint64(min(len(r.Headers), maxHeaders)) << headersShift
	switch {
	case len(paths) == 0:
	case isRegex(paths[0]):
		p |= regexBit | uint64(regexRank(r.RegexPriority))<<regexShift
	default:
		p |= uint64(min(len(paths[0]), maxPathLength))
	}
	return p
}

// weight is the number of attributes that are set.
func weight(r *config.Route) uint64 {
	sizes := [...]int{
		len(r.Methods), len(r.Hosts), len(r.Headers), len(r.SNIs),
		len(r.Paths), len(r.Sources), len(r.Destinations),
	}
	n := uint64(0)
	for _, size := range sizes {
		if size > 0 {
			n++
		}
	}
	return n
}

func plainHosts(hosts []string) bool {
	for _, h := range hosts {
		if strings.Contains(h, "*") {
			return false
		}
	}
	return len(hosts) > 0
}

// regexRank turns a regex_priority into an unsigned number of the same order.
// Cutting it to 32 bits, as the original does, would put negative priorities
// above all others.
func regexRank(p int) uint32 {
	p = min(max(p, math.MinInt32), math.MaxInt32)
	return uint32(int32(p)) ^ 1<<31 // the range was cut above, and the sign bit is meant to move
}

// variant is a route with one group of its paths, under an id of its own.
type variant struct {
	id    string
	paths []string
}

// variants splits a route by its paths: all regular expressions are one group,
// prefixes are grouped by length. Groups are numbered as they first appear.
func variants(r *config.Route) []variant {
	id := strings.ToLower(r.ID)
	if len(r.Paths) < 2 {
		return []variant{{id, r.Paths}}
	}
	var out []variant
	seen := map[int]int{}
	for _, p := range r.Paths {
		key := len(p)
		if isRegex(p) {
			key = -1
		}
		at, ok := seen[key]
		if !ok {
			at = len(out)
			seen[key] = at
			out = append(out, variant{})
		}
		out[at].paths = append(out[at].paths, p)
	}
	if len(out) == 1 {
		out[0].id = id
		return out
	}
	for i := range out {
		out[i].id = cloneID(r.ID, i+1)
	}
	return out
}

// cloneNamespace is 7f145bf9-0dce-4f91-98eb-debbce4b9f6b.
var cloneNamespace = [16]byte{
	0x7f, 0x14, 0x5b, 0xf9, 0x0d, 0xce, 0x4f, 0x91,
	0x98, 0xeb, 0xde, 0xbb, 0xce, 0x4b, 0x9f, 0x6b,
}

// cloneID is the version 5 UUID of the nth group of a route.
func cloneID(id string, n int) string {
	name := append(cloneNamespace[:], id...)
	name = append(name, '#')
	name = strconv.AppendInt(name, int64(n), 10)
	sum := sha1.Sum(name) //nolint:gosec // version 5 UUIDs are defined on SHA-1
	sum[6] = sum[6]&0x0f | 0x50
	sum[8] = sum[8]&0x3f | 0x80
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
