package route

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/config"
)

// The oracle is the contract written down naively: every variant of every
// route, in order, with nothing prepared but the order.

type oracleVariant struct {
	entry    int
	route    *config.Route
	paths    []string
	id       string
	priority uint64
}

type oracle []oracleVariant

func newOracle(entries []Entry) oracle {
	var o oracle
	for i, e := range entries {
		if isStream(e.Route.Protocols) {
			continue
		}
		for _, v := range variants(e.Route) {
			o = append(o, oracleVariant{i, e.Route, v.paths, v.id, priority(e.Route, v.paths)})
		}
	}
	slices.SortStableFunc(o, func(a, b oracleVariant) int {
		switch {
		case a.priority > b.priority, a.priority == b.priority && a.id > b.id:
			return -1
		case a.priority == b.priority && a.id == b.id:
			return 0
		}
		return 1
	})
	return o
}

func (o oracle) match(q *Query) (index int, prefix string, ok bool) {
	for _, v := range o {
		if !oracleAdmits(v.route, q) {
			continue
		}
		if len(v.paths) == 0 {
			return v.entry, "", true
		}
		for _, p := range v.paths {
			if prefix, ok := oraclePath(p, Normalize(q.Path)); ok {
				return v.entry, prefix, true
			}
		}
	}
	return 0, "", false
}

func oraclePath(p, path string) (string, bool) {
	expr, isExpr := strings.CutPrefix(p, "~")
	if !isExpr {
		return p, strings.HasPrefix(path, p)
	}
	loc := regexp.MustCompile("^(?:" + expr + ")").FindStringIndex(path)
	if loc == nil {
		return "", false
	}
	return path[:loc[1]], true
}

func oracleAdmits(r *config.Route, q *Query) bool {
	secure := slices.ContainsFunc(r.Protocols, func(p string) bool { return strings.HasSuffix(p, "s") })
	if q.TLS && !secure && len(r.Protocols) > 0 {
		return false
	}
	if r.Methods != nil && !slices.Contains(r.Methods, q.Method) {
		return false
	}
	if r.Hosts != nil && !slices.ContainsFunc(r.Hosts, func(h string) bool { return oracleHost(h, q) }) {
		return false
	}
	if r.SNIs != nil && q.TLS && !slices.ContainsFunc(r.SNIs, func(s string) bool { return oracleName(s, q.SNI) }) {
		return false
	}
	for name, values := range r.Headers {
		if !oracleHeader(name, values, q) {
			return false
		}
	}
	return true
}

func oracleHost(pattern string, q *Query) bool {
	host, port := q.Host, strconv.Itoa(q.ListenerPort)
	if at := strings.IndexByte(host, ':'); at >= 0 {
		host, port = host[:at], host[at+1:]
	}
	name, wantPort, hasPort := strings.Cut(pattern, ":")
	return (!hasPort || wantPort == port) && oracleName(name, host)
}

func oracleName(pattern, name string) bool {
	pattern = strings.TrimSuffix(strings.ToLower(pattern), ".")
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if name == "" {
		return false
	}
	if strings.HasPrefix(pattern, "*") {
		return strings.HasSuffix(name, pattern[1:])
	}
	if strings.HasSuffix(pattern, "*") {
		return strings.HasPrefix(name, pattern[:len(pattern)-1])
	}
	return pattern == name
}

func oracleHeader(name string, values []string, q *Query) bool {
	for _, got := range q.Header.Values(name) {
		for _, want := range values {
			want, got := strings.ToLower(want), strings.ToLower(got)
			if expr, ok := strings.CutPrefix(want, "~*"); ok && regexp.MustCompile(expr).MatchString(got) {
				return true
			}
			if want == got {
				return true
			}
		}
	}
	return len(values) == 0
}
