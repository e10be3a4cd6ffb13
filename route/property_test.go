package route

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/header"
)

// The pools are small, so that random routes and requests meet often.
var (
	somePaths = []string{
		"/", "/a", "/b", "/a/", "/a/b", "/a/b/", "/a/b/c", "/ab", "/abc", "/a%2Fb", "/é",
		`~/a`, `~/a/\d+`, `~/a/(?<x>[a-z]+)/c`, `~/(a|b)`, `~/b$`, `~/(?i)AB`, `~/\w`, `~/a|/b/c`, "~/\uFFFD", `~/a/b?`, `~/\w/(?:b/)?c`, `~/[^/]*\x{fffd}`,
	}
	someTargets = []string{
		"/", "/a", "/b", "/a/", "/a/b", "/a/b/c", "/abc", "/a/1", "/a/1/c", "/a/x/c", "/AB", "/b/c", "/a%2fb",
		"/%C3%A9x", "/a/../b", "/%2e%2e/a//b", "/\xff", "/c", "*", "", "http://h.a.com/a/b?x",
	}
	someHosts     = []string{"a.com", "b.com", "*.a.com", "*.com", "a.*", "h.a.*", "a.com:8000", "*.com:80", "a.*:8000", "A.Com.", "*.a.com."}
	askedHosts    = []string{"", "a.com", "A.COM", "a.com:8000", "b.com.", "h.a.com", "x.h.a.com:80", "a.org", "h.a.org:8000", ".com", "com"}
	someMethods   = []string{"GET", "POST", "PUT"}
	someValues    = []string{"x", "Y", "~*^z", "~*Q+"}
	askedValues   = []string{"x", "X", "y", "zz", "aqq", ""}
	someSNIs      = []string{"a.com", "*.a.com", "a.*", "b.com."}
	askedSNIs     = []string{"", "a.com", "h.a.com", "B.com", "a.org."}
	someProtocols = [][]string{nil, {"http", "https"}, {"http"}, {"https"}, {"grpc"}, {"grpcs"}, {"grpc", "grpcs"}, {"tcp"}}
)

// source picks numbers; a random generator or the bytes of a fuzzer.
type source interface{ IntN(n int) int }

func pick[T any](s source, from []T) T { return from[s.IntN(len(from))] }

// some picks up to n of a pool, and mostly none.
func some(s source, from []string, n int) []string {
	var out []string
	if s.IntN(3) > 0 {
		return nil
	}
	for range 1 + s.IntN(n) {
		out = append(out, pick(s, from))
	}
	return out
}

func randomEntries(s source, n int) []Entry {
	out := make([]Entry, n)
	for i := range out {
		r := &config.Route{
			Protocols: []string{"http", "https"}, RegexPriority: s.IntN(4) - 1,
			Methods: some(s, someMethods, 2), Hosts: some(s, someHosts, 3), SNIs: some(s, someSNIs, 2),
		}
		r.ID = fmt.Sprintf("%08x-0000-4000-8000-000000000000", s.IntN(1<<16))
		if s.IntN(4) == 0 {
			r.Protocols = pick(s, someProtocols)
		}
		for range s.IntN(5) {
			r.Paths = append(r.Paths, pick(s, somePaths))
		}
		if values := some(s, someValues, 2); values != nil {
			r.Headers = map[string][]string{"X-Model": values}
		}
		out[i] = Entry{Route: r}
	}
	return out
}

func randomQuery(s source) *Query {
	q := &Query{
		Method: pick(s, someMethods), Host: pick(s, askedHosts), Path: pick(s, someTargets),
		TLS: s.IntN(2) == 0, ListenerPort: 80 * s.IntN(2),
	}
	if q.TLS {
		q.SNI = pick(s, askedSNIs)
	}
	for range s.IntN(3) {
		q.Header.Add("x-model", pick(s, askedValues))
	}
	return q
}

func compare(t *testing.T, table *Table, o oracle, q *Query) (found bool) {
	t.Helper()
	m, ok := table.Match(q)
	index, prefix, want := o.match(q)
	if ok != want || ok && (m.Index != index || m.Prefix != prefix || m.Path != Normalize(q.Path)) {
		t.Fatalf("%+v: got %v route %d prefix %q path %q, want %v route %d prefix %q",
			*q, ok, m.Index, m.Prefix, m.Path, want, index, prefix)
	}
	return ok
}

func TestMatchIsTheNaiveWalk(t *testing.T) {
	t.Parallel()
	found, asked := 0, 0
	for seed := range uint64(400) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		entries := randomEntries(rnd, 1+rnd.IntN(40))
		table, err := Build(entries)
		if err != nil {
			t.Fatal(err)
		}
		o := newOracle(entries)
		for range 60 {
			asked++
			if compare(t, table, o, randomQuery(rnd)) {
				found++
			}
		}
	}
	if found < asked/4 || found == asked {
		t.Errorf("%d of %d requests found a route: the pools are no good", found, asked)
	}
}

// Many prefixes of prefixes, which is where the index does its work.
func TestMatchOfManyPrefixes(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(7, 7))
	letters := []string{"/", "a", "b"}
	word := func(n int) string {
		var w strings.Builder
		for range rnd.IntN(n) {
			w.WriteString(pick(rnd, letters))
		}
		return Normalize(w.String())
	}
	entries := make([]Entry, 500)
	for i := range entries {
		r := &config.Route{Paths: []string{word(9)}}
		r.ID = fmt.Sprintf("%08x-0000-4000-8000-000000000000", rnd.Uint32())
		if rnd.IntN(2) == 0 {
			r.Headers = map[string][]string{"x": {pick(rnd, letters)}}
		}
		entries[i] = Entry{Route: r}
	}
	table, err := Build(entries)
	if err != nil {
		t.Fatal(err)
	}
	o := newOracle(entries)
	for range 5000 {
		compare(t, table, o, &Query{Path: word(14), Header: header.Header{{Name: "X", Value: pick(rnd, letters)}}})
	}
}
