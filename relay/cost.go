package relay

import (
	"sort"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/provider"
)

// price is what tokens of a target cost; unset prices make everything free.
type price struct {
	set                            bool
	in, out, cacheRead, cacheWrite float64
	windows                        []window
	tiers                          []provider.ServiceTierFactor
}

type window struct {
	above   int64
	in, out float64
}

func newPrice(o *provider.Options) price {
	p := price{set: o.InputCost != nil && o.OutputCost != nil}
	if !p.set {
		return p
	}
	p.in, p.out = *o.InputCost, *o.OutputCost
	p.cacheRead, p.cacheWrite = p.in, p.in
	if o.CacheReadCost != nil {
		p.cacheRead = *o.CacheReadCost
	}
	if o.CacheWriteCost != nil {
		p.cacheWrite = *o.CacheWriteCost
	}
	for _, f := range o.ContextWindowFactor {
		n, err := strconv.ParseInt(f.Above, 10, 64)
		if err == nil {
			p.windows = append(p.windows, window{n, f.InputFactor, f.OutputFactor})
		}
	}
	sort.Slice(p.windows, func(i, j int) bool { return p.windows[i].above > p.windows[j].above })
	p.tiers = append(p.tiers, o.ServiceTierFactor...)
	sort.SliceStable(p.tiers, func(i, j int) bool { return len(p.tiers[i].Tier) > len(p.tiers[j].Tier) })
	return p
}

// of is the cost of an answer: cached prompt tokens at their own price, then
// the factor of the context window passed, then that of the service tier.
func (p *price) of(u *llm.Usage) float64 {
	if !p.set {
		return 0
	}
	var read, write int64
	if u.Details != nil {
		read = min(max(u.Details.CachedPrompt, 0), u.Prompt)
		write = min(max(u.Details.CacheWrite, 0), u.Prompt-read)
	}
	in := float64(u.Prompt-read-write)*p.in + float64(read)*p.cacheRead + float64(write)*p.cacheWrite
	out := float64(u.Completion) * p.out
	for _, w := range p.windows {
		if u.Prompt > w.above {
			in, out = in*w.in, out*w.out
			break
		}
	}
	return (in + out) * p.tier(u.ServiceTier) / 1e6
}

func (p *price) tier(name string) float64 {
	name = strings.ToLower(name)
	for _, t := range p.tiers {
		word := strings.ToLower(t.Tier)
		if name != "" && (strings.Contains(name, word) || word == "priority" && name == "fast") {
			return t.Factor
		}
	}
	return 1
}
