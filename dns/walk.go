package dns

import (
	"cmp"
	"context"
	"errors"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/sluice-gateway/sluice/internal/guard"
)

// Bounds of one resolution, whatever the servers say.
const (
	maxQueries   = 100
	maxAliases   = 16
	maxTargets   = 256  // of an SRV answer
	maxAddresses = 1024 // of an answer
)

var (
	errTooMany = errors.New("too many queries for one name")
	errAliases = errors.New("too many aliases")
	errItself  = errors.New("recursion detected")
)

// found is the outcome of a resolution.
type found struct {
	addrs []Address
	typ   Type
	ttl   time.Duration
	// partial means that some target of an SRV record failed: what is
	// missing should be asked for again soon.
	partial bool
}

// walk is one resolution on its way through search domains and types.
type walk struct {
	r       *Resolver
	ctx     context.Context
	queries int
	aliases int // CNAME records that were asked for by themselves
	// broken means that a server could not be reached. It ends the walk: an
	// answer of another type might be the wrong one.
	broken bool
	// failed means that some server answered with a failure.
	failed bool
}

// resolve tries the types in order, each with all candidates for the name, as
// the original does. A final dot makes the name complete. What servers sent is
// read here: a panic is a failure.
func (w *walk) resolve(host string, before Type) (f found, err error) {
	defer guard.Recover(&err)
	name, complete := strings.CutSuffix(host, ".")
	candidates := []string{name}
	if !complete {
		candidates = w.r.candidates(name)
	}
	return w.any(candidates, w.r.types(before))
}

// candidates are the names to try for one that is not complete.
func (r *Resolver) candidates(name string) []string {
	out := make([]string, 0, len(r.search)+1)
	asIs := strings.Count(name, ".") >= r.opts.Ndots
	if asIs {
		out = append(out, name)
	}
	for _, d := range r.search {
		out = append(out, name+"."+d)
	}
	if !asIs {
		out = append(out, name)
	}
	return out
}

// types is the order with LAST filled in; before is the type that had success.
func (r *Resolver) types(before Type) []Type {
	out := make([]Type, 0, len(r.order))
	for _, t := range r.order {
		if t == last {
			t = before
		}
		if t != last && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

func (w *walk) any(names []string, types []Type) (found, error) {
	var err error = &Error{Kind: Empty}
	for _, t := range types {
		for _, name := range names {
			var f found
			if f, err = w.one(name, t); err == nil || w.broken {
				return f, err
			}
		}
	}
	return found{}, err
}

// one looks for one type of one name.
func (w *walk) one(name string, typ Type) (found, error) {
	if ip, ok := w.r.hosts.address(name, typ); ok {
		return found{addrs: []Address{{IP: ip}}, typ: typ, ttl: math.MaxInt64}, nil
	}
	h, err := w.lookup(name, typ)
	if err != nil {
		return found{}, err
	}
	switch typ {
	case SRV:
		return w.services(name, h)
	case CNAME:
		if w.aliases++; w.aliases > maxAliases {
			w.broken = true
			return found{}, &Error{Kind: Failed, Cause: errAliases}
		}
		f, err := w.any([]string{h.records[0].target}, w.r.types(last))
		f.ttl = min(f.ttl, h.ttl)
		return f, err
	case A, AAAA, last:
	}
	f := h.addresses()
	f.typ = typ
	return f, nil
}

// hit is the records of one type, behind aliases perhaps.
type hit struct {
	records []record
	extra   []record
	ttl     time.Duration
}

// lookup asks for one type of a name and follows the aliases in the answers.
func (w *walk) lookup(name string, typ Type) (hit, error) {
	h := hit{ttl: math.MaxInt64}
	for range maxAliases {
		rep, err := w.ask(question{name: name, typ: typ})
		if err != nil {
			return h, err
		}
		end, err := h.chase(rep.answers, name, typ)
		if err != nil {
			w.failed = true
			return h, &Error{Kind: Failed, Cause: err}
		}
		if len(h.records) > 0 {
			h.extra = rep.extra
			return h, nil
		}
		if end == name {
			return h, &Error{Kind: Empty}
		}
		name = end
	}
	w.failed = true
	return h, &Error{Kind: Failed, Cause: errAliases}
}

// ask puts a question and makes errors of the codes of replies.
func (w *walk) ask(q question) (reply, error) {
	if w.queries++; w.queries > maxQueries {
		w.broken = true
		return reply{}, &Error{Kind: Failed, Cause: errTooMany}
	}
	rep, err := w.r.ask(w.ctx, q)
	if err != nil {
		w.broken = !IsAbsent(err)
		return reply{}, err
	}
	if rep.rcode == dnsmessage.RCodeSuccess {
		return rep, nil
	}
	if rep.rcode == dnsmessage.RCodeNameError {
		return rep, &Error{Kind: NotFound}
	}
	w.failed = true
	return rep, &Error{Kind: Failed, Cause: errors.New(rep.rcode.String())}
}

// chase collects the records of a type, going through the aliases of one
// answer, and gives the name where they end.
func (h *hit) chase(answers []record, name string, typ Type) (string, error) {
	for range maxAliases {
		alias := -1
		for i, rec := range answers {
			if rec.name != name {
				continue
			}
			if rec.typ == typ {
				h.records = append(h.records, rec)
				h.limit(rec.ttl)
				continue
			}
			if rec.typ == CNAME {
				alias = i
			}
		}
		if len(h.records) > 0 || alias < 0 {
			return name, nil
		}
		h.limit(answers[alias].ttl)
		name = answers[alias].target
	}
	return "", errAliases
}

// addresses are those of A or AAAA records.
func (h *hit) addresses() found {
	f := found{ttl: h.ttl}
	for _, rec := range h.records {
		f.addrs = append(f.addrs, Address{IP: rec.ip})
	}
	return f.sorted()
}

func (h *hit) limit(ttl uint32) { h.ttl = min(h.ttl, time.Duration(ttl)*time.Second) }

// services finds the addresses of the targets of SRV records. Only those of
// the best priority take part.
func (w *walk) services(name string, h hit) (found, error) {
	// Some cluster DNS makes an SRV record for each name that points to the
	// name itself; then the next type is to be tried.
	if !slices.ContainsFunc(h.records, func(r record) bool { return r.target != name }) {
		return found{}, &Error{Kind: Empty, Cause: errItself}
	}
	best := slices.MinFunc(h.records, func(a, b record) int {
		return cmp.Compare(a.srv.Priority, b.srv.Priority)
	}).srv.Priority
	f := found{typ: SRV, ttl: h.ttl}
	var firstErr error = &Error{Kind: Empty}
	for _, rec := range h.records[:min(len(h.records), maxTargets)] {
		if rec.srv.Priority != best || rec.target == "" {
			continue
		}
		t, err := w.target(rec.target, h.extra)
		if err != nil {
			firstErr = err
			f.partial = f.partial || !IsAbsent(err)
			continue
		}
		f.add(rec, t)
	}
	if len(f.addrs) == 0 {
		return found{}, firstErr
	}
	return f.sorted(), nil
}

// add puts the addresses of one SRV record's target on the list.
func (f *found) add(rec record, t found) {
	f.ttl = min(f.ttl, t.ttl)
	for _, a := range t.addrs {
		f.addrs = append(f.addrs, Address{
			IP: a.IP, Port: rec.srv.Port, Weight: max(rec.srv.Weight, 1),
			Priority: rec.srv.Priority, Share: uint16(min(len(t.addrs), maxAddresses)), Target: rec.target,
		})
	}
}

// target finds the addresses of an SRV record's target: an IP, a name of the
// hosts file, what came along with the records, or by asking.
func (w *walk) target(name string, extra []record) (found, error) {
	if ip, err := netip.ParseAddr(name); err == nil {
		return found{addrs: []Address{{IP: ip}}, ttl: math.MaxInt64}, nil
	}
	types := w.r.addressTypes()
	for _, t := range types {
		h := hit{ttl: math.MaxInt64}
		if _, err := h.chase(extra, name, t); err == nil && len(h.records) > 0 {
			return h.addresses(), nil
		}
	}
	if w.broken {
		return found{}, &Error{Kind: Failed}
	}
	return w.any([]string{name}, types)
}

// addressTypes are the types of the order that hold addresses.
func (r *Resolver) addressTypes() []Type {
	var out []Type
	for _, t := range r.order {
		if t == A || t == AAAA {
			out = append(out, t)
		}
	}
	if len(out) == 0 {
		out = append(out, A)
	}
	return out
}

// sorted puts the addresses in an order that does not depend on the server's,
// each once, and not too many.
func (f found) sorted() found {
	slices.SortFunc(f.addrs, func(a, b Address) int {
		return cmp.Or(cmp.Compare(a.Target, b.Target), a.IP.Compare(b.IP), cmp.Compare(a.Port, b.Port))
	})
	f.addrs = slices.CompactFunc(f.addrs, func(a, b Address) bool {
		return a.IP == b.IP && a.Port == b.Port && a.Target == b.Target
	})
	f.addrs = f.addrs[:min(len(f.addrs), maxAddresses)]
	return f
}
