package anthropic

import (
	"bytes"
	"slices"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// usage gathers what is told of usage. A stream tells it in pieces: counts are
// running totals, so a later one takes the place of an earlier.
type usage struct {
	members []llm.Member
	// final: the count of output tokens is more than the placeholder that a
	// stream begins with.
	final bool
	// later: the beginning is over, so the placeholder is of no use any more.
	later bool
}

// maxUsageMembers bounds what a stream can make us remember.
const maxUsageMembers = 64

// add takes what an object tells, and tells whether it was one. The members
// refer to its bytes.
func (u *usage) add(object llm.JSON) bool {
	if !wire.IsObject(object) {
		return false
	}
	f := wire.NewFields(object)
	for f.Next() {
		u.put(f.Name(), f.Value())
	}
	return true
}

func (u *usage) put(name string, v llm.JSON) {
	for i := range u.members {
		if m := &u.members[i]; m.Name == name {
			// Null is no news of something that was told.
			if !wire.IsNull(v) {
				m.Value = v
			}
			return
		}
	}
	if len(u.members) < maxUsageMembers {
		u.members = append(u.members, llm.Member{Name: name, Value: v})
	}
}

// own makes the members independent of the bytes they were read from.
func (u *usage) own() {
	for i := range u.members {
		m := &u.members[i]
		m.Name, m.Value = string([]byte(m.Name)), bytes.Clone(m.Value)
	}
}

// counts are those of one object; -1 is unknown.
type counts struct {
	input, output, read, write int64
}

func (c counts) prompt() int64 {
	if c.input < 0 {
		return -1
	}
	return c.input + max(c.read, 0) + max(c.write, 0)
}

// count reads a number of tokens that is one.
func count(v llm.JSON) (int64, bool) {
	const most = 1 << 40
	n, ok := wire.Int(v)
	return n, ok && n >= 0 && n <= most
}

// take reads one of the four counts.
func (c *counts) take(name string, v llm.JSON) bool {
	n, ok := count(v)
	if !ok {
		return false
	}
	switch name {
	case "input_tokens":
		c.input = n
	case "output_tokens":
		c.output = n
	case "cache_read_input_tokens":
		c.read = n
	case "cache_creation_input_tokens":
		c.write = n
	default:
		return false
	}
	return true
}

// canonical is what was told in the terms of the model. What has more to it
// than the model can hold is kept as well.
func (u *usage) canonical() llm.Usage {
	c := counts{-1, -1, -1, -1}
	out, details := llm.NoUsage(), llm.NoDetails()
	out.Extra = llm.Extra{From: own}
	sums, summed := u.iterations()
	for _, m := range u.members {
		if m.Name == "service_tier" && wire.IsString(m.Value) {
			out.ServiceTier = wire.Text(m.Value)
			continue
		}
		placeholder := m.Name == "output_tokens" && !u.final
		if placeholder && u.later {
			continue
		}
		if !placeholder && c.take(m.Name, m.Value) && !summed {
			continue
		}
		readDetails(&details, m)
		out.Extra.Members = append(out.Extra.Members, m)
	}
	if summed {
		c = sums
	}
	out.Prompt, out.Completion = c.prompt(), c.output
	if out.Prompt >= 0 && out.Completion >= 0 {
		out.Total = out.Prompt + out.Completion
	}
	details.CachedPrompt, details.CacheWrite = c.read, c.write
	if details != llm.NoDetails() {
		out.Details = &details
	}
	return out
}

func readDetails(d *llm.UsageDetails, m llm.Member) {
	switch m.Name {
	case "cache_creation":
		if n, ok := count(wire.Get(m.Value, "ephemeral_1h_input_tokens")); ok {
			d.CacheWriteHour = n
		}
	case "output_tokens_details":
		if n, ok := count(wire.Get(m.Value, "thinking_tokens")); ok {
			d.Reasoning = n
		}
	}
}

// iterations sums what the steps of an answer cost. Some of them, such as
// compactions, are not in the counts beside them,
// https://platform.claude.com/docs/en/build-with-claude/compaction.
func (u *usage) iterations() (counts, bool) {
	i := slices.IndexFunc(u.members, func(m llm.Member) bool { return m.Name == "iterations" })
	if i < 0 || !u.final || wire.Len(u.members[i].Value) == 0 {
		return counts{}, false
	}
	sum := counts{}
	items := wire.Items(u.members[i].Value)
	for v, ok := items.Next(); ok; v, ok = items.Next() {
		c := counts{-1, -1, -1, -1}
		f := wire.NewFields(v)
		for f.Next() {
			c.take(f.Name(), f.Value())
		}
		if c.input < 0 || c.output < 0 {
			return counts{}, false
		}
		sum.input += c.input
		sum.output += c.output
		sum.read += max(c.read, 0)
		sum.write += max(c.write, 0)
	}
	return sum, true
}

// writeUsage writes an object of usage. SDKs want to find the counts of input
// and output in it, known or not.
func writeUsage(w *wire.Writer, u *llm.Usage) {
	o := newObject(w, &u.Extra)
	uw := usageWriter{&o, u.Extra.From == own}
	d := llm.NoDetails()
	if u.Details != nil {
		d = *u.Details
	}
	input := u.Prompt - max(d.CachedPrompt, 0) - max(d.CacheWrite, 0)
	if u.Prompt >= 0 {
		input = max(input, 0)
	}
	uw.required("input_tokens", input)
	uw.count("cache_creation_input_tokens", d.CacheWrite)
	uw.count("cache_read_input_tokens", d.CachedPrompt)
	uw.lifetimes(&d)
	uw.required("output_tokens", u.Completion)
	if !uw.told("output_tokens_details") && d.Reasoning >= 0 {
		o.name("output_tokens_details")
		w.Object()
		w.IntMember("thinking_tokens", d.Reasoning)
		w.EndObject()
	}
	if tier := tierName(u.ServiceTier, uw.own); tier != "" {
		o.text("service_tier", tier)
	}
	o.end()
}

type usageWriter struct {
	*object
	own bool
}

// told tells whether the provider's own spelling stands ready.
func (uw usageWriter) told(name string) bool { return uw.kept(name) != nil }

// whole tells whether all counts were kept, as those that are sums are.
func (uw usageWriter) whole() bool {
	_, ok := count(uw.kept("input_tokens"))
	return ok
}

func (uw usageWriter) count(name string, n int64) {
	if n >= 0 && !uw.told(name) && !uw.whole() {
		uw.int(name, n)
	}
}

func (uw usageWriter) required(name string, n int64) {
	if n < 0 && !uw.own {
		n = 0
	}
	uw.count(name, n)
}

func (uw usageWriter) lifetimes(d *llm.UsageDetails) {
	if uw.told("cache_creation") || d.CacheWriteHour < 0 || d.CacheWrite < d.CacheWriteHour {
		return
	}
	uw.name("cache_creation")
	uw.w.Object()
	uw.w.IntMember("ephemeral_5m_input_tokens", d.CacheWrite-d.CacheWriteHour)
	uw.w.IntMember("ephemeral_1h_input_tokens", d.CacheWriteHour)
	uw.w.EndObject()
}

// tierName is a service tier in the words of the API.
func tierName(tier string, mine bool) string {
	switch {
	case mine, tier == "standard", tier == "priority", tier == "batch":
		return tier
	case tier == "default":
		return "standard"
	}
	return ""
}
