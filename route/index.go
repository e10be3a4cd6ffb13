package route

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// index leads from host and path to the few ways worth trying. It never has to
// be right about a way that does not match, only complete about those that do.
type index struct {
	exact  map[string]*pathSet
	suffix map[string]*pathSet
	prefix map[string]*pathSet
	// rest holds ways without hosts, and those whose hosts fit no other key.
	rest *pathSet
}

// pathSet is a sorted set of path prefixes. The prefixes of a path that are in
// the set are found from the greatest key not above the path, by following up.
type pathSet struct {
	keys  []string
	nodes []pathNode
	refs  []ref
}

// pathNode belongs to the key of the same place.
type pathNode struct {
	// up is the place of the longest other key that this one begins with.
	up int
	// best is the first way here or further up.
	best int
	// from and to delimit the refs of the node, in ascending order.
	from, to int
}

// ref is a way, and the host pattern that the index has not checked yet.
type ref struct {
	way  int
	host *hostPattern
}

// hit is the best way so far.
type hit struct {
	way    int
	groups []int
}

// none comes after every way.
const none = math.MaxInt

func (x *index) search(ways []way, rq *request) hit {
	h := hit{way: none}
	x.rest.search(ways, rq, &h)
	if rq.host == "" {
		return h
	}
	if set := x.exact[rq.host]; set != nil {
		set.search(ways, rq, &h)
	}
	if len(x.suffix) == 0 && len(x.prefix) == 0 {
		return h
	}
	for i := range len(rq.host) {
		if rq.host[i] != '.' {
			continue
		}
		if set := x.suffix[rq.host[i:]]; set != nil {
			set.search(ways, rq, &h)
		}
		if set := x.prefix[rq.host[:i+1]]; set != nil {
			set.search(ways, rq, &h)
		}
	}
	return h
}

// search improves h by the ways of the set.
func (s *pathSet) search(ways []way, rq *request, h *hit) {
	for n := s.find(rq.path); n >= 0; n = s.nodes[n].up {
		node := &s.nodes[n]
		if node.best >= h.way {
			return
		}
		for i := node.from; i < node.to; i++ {
			r := &s.refs[i]
			if r.way >= h.way {
				break
			}
			if groups, ok := r.admits(&ways[r.way], rq); ok {
				h.way, h.groups = r.way, groups
				break
			}
		}
	}
}

// find returns the place of the longest key that path begins with, or -1.
func (s *pathSet) find(path string) int {
	lo, hi := 0, len(s.keys)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if s.keys[mid] <= path {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	n := lo - 1
	for n >= 0 && !strings.HasPrefix(path, s.keys[n]) {
		n = s.nodes[n].up
	}
	return n
}

// admits runs what the index has not proven; the regular expression is last.
func (r *ref) admits(w *way, rq *request) ([]int, bool) {
	if r.host != nil && !r.host.matches(rq.host, rq.port) {
		return nil, false
	}
	if !w.rule.admits(rq) {
		return nil, false
	}
	if w.pattern == nil {
		return nil, true
	}
	groups := w.pattern.find(rq.path)
	return groups, groups != nil
}

// filing is a ref on its way into a pathSet.
type filing struct {
	key string
	ref ref
}

// filer collects filings by host.
type filer struct {
	exact, suffix, prefix map[string][]filing
	rest                  []filing
}

func newFiler() *filer {
	return &filer{exact: map[string][]filing{}, suffix: map[string][]filing{}, prefix: map[string][]filing{}}
}

// file puts a way under each of its hosts.
func (f *filer) file(n int, w *way) {
	key := w.path
	if w.pattern != nil {
		key = w.pattern.literal
	}
	if len(w.rule.hosts) == 0 {
		f.rest = append(f.rest, filing{key, ref{way: n}})
		return
	}
	for i := range w.rule.hosts {
		host := &w.rule.hosts[i]
		ff := filing{key, ref{way: n}}
		if host.port != 0 {
			ff.ref.host = host
		}
		switch {
		case host.kind == exactHost:
			f.exact[host.text] = append(f.exact[host.text], ff)
		case host.kind == suffixHost && strings.HasPrefix(host.text, "."):
			f.suffix[host.text] = append(f.suffix[host.text], ff)
		case host.kind == prefixHost && strings.HasSuffix(host.text, "."):
			f.prefix[host.text] = append(f.prefix[host.text], ff)
		default:
			f.rest = append(f.rest, filing{key, ref{n, host}})
		}
	}
}

func (f *filer) index() index {
	return index{
		exact:  pathSets(f.exact),
		suffix: pathSets(f.suffix),
		prefix: pathSets(f.prefix),
		rest:   newPathSet(f.rest),
	}
}

func pathSets(filings map[string][]filing) map[string]*pathSet {
	out := make(map[string]*pathSet, len(filings))
	for host, list := range filings {
		out[host] = newPathSet(list)
	}
	return out
}

func newPathSet(list []filing) *pathSet {
	slices.SortFunc(list, func(a, b filing) int {
		if c := strings.Compare(a.key, b.key); c != 0 {
			return c
		}
		return cmp.Compare(a.ref.way, b.ref.way)
	})
	s := &pathSet{refs: make([]ref, 0, len(list))}
	for _, f := range list {
		at := len(s.refs)
		if last := len(s.keys) - 1; last < 0 || s.keys[last] != f.key {
			s.push(f.key, f.ref.way, at)
		}
		s.refs = append(s.refs, f.ref)
		s.nodes[len(s.nodes)-1].to = at + 1
	}
	return s
}

// push adds the next key in order; first is its first way.
func (s *pathSet) push(key string, first, at int) {
	up := len(s.keys) - 1
	for up >= 0 && !strings.HasPrefix(key, s.keys[up]) {
		up = s.nodes[up].up
	}
	best := first
	if up >= 0 {
		best = min(best, s.nodes[up].best)
	}
	s.keys = append(s.keys, key)
	s.nodes = append(s.nodes, pathNode{up: up, best: best, from: at, to: at})
}
