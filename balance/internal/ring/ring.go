// Package ring lays weights out on a wheel that is walked in turn, so that a
// whole turn visits every member in proportion to its weight.
//
// It knows only numbers: who the members are, and where the wheel stands, is
// its users' business.
package ring

import "math/rand/v2"

// Limit is the largest wheel that is made for weights that have no small
// common measure: any two weights of targets still fit exactly.
const Limit = 1 << 17

// maxMeasure bounds the common multiple that Shares works with.
const maxMeasure = 5040

// Ring is a wheel. It never changes.
type Ring struct {
	slots  []uint32
	scaled bool
}

// New makes a wheel with weight/gcd entries for each member; a weight of 0 has
// none. A wheel that would have more than Limit entries is scaled down to
// about as many: proportions are then right to one part in the entries of a
// member, and every member with a weight keeps at least one. rnd shuffles the
// wheel; nil leaves it in order.
func New(weights []uint64, rnd *rand.Rand) Ring {
	divisor, total := uint64(0), uint64(0)
	for _, w := range weights {
		divisor = gcd(divisor, w)
		total += w
	}
	if total == 0 {
		return Ring{}
	}
	r := Ring{scaled: total/divisor > Limit}
	count := func(w uint64) uint64 { return w / divisor }
	if r.scaled {
		count = func(w uint64) uint64 { return scale(w, total) }
	}
	for i, w := range weights {
		for range count(w) {
			r.slots = append(r.slots, uint32(i))
		}
	}
	if rnd != nil {
		rnd.Shuffle(len(r.slots), func(i, j int) { r.slots[i], r.slots[j] = r.slots[j], r.slots[i] })
	}
	return r
}

// scale rounds a weight to its part of Limit, at least 1.
func scale(w, total uint64) uint64 {
	if w == 0 {
		return 0
	}
	return max(uint64(float64(w)/float64(total)*Limit+0.5), 1)
}

// Len is the number of entries; 0 when no member has a weight.
func (r *Ring) Len() int { return len(r.slots) }

// Scaled tells whether proportions are only approximate.
func (r *Ring) Scaled() bool { return r.scaled }

// At gives the member at a place; places beyond the end wrap around. The ring
// must not be empty.
func (r *Ring) At(n uint64) int { return int(r.slots[n%uint64(len(r.slots))]) }

// Shares makes whole weights of n weights of which each may be divided among a
// number of members: of(i) gives the weight of i and among how many it is
// divided. The results are exact unless the counts have no common multiple of
// some thousands.
func Shares(n int, of func(i int) (weight, share uint64)) []uint64 {
	measure := uint64(1)
	for i := range n {
		if w, share := of(i); w > 0 {
			measure = min(measure/gcd(measure, share)*share, maxMeasure)
		}
	}
	out := make([]uint64, n)
	for i := range n {
		if w, share := of(i); w > 0 {
			out[i] = max((w*measure+share/2)/share, 1)
		}
	}
	return out
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
