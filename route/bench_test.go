package route

import (
	"fmt"
	"testing"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/header"
)

// manyRoutes makes n routes that differ in what one makes of their number.
func manyRoutes(n int, one func(r *config.Route, i int)) []Entry {
	list := make([]config.Route, n)
	for i := range list {
		list[i].Protocols = []string{"http", "https"}
		one(&list[i], i)
	}
	return routes(list...)
}

func prefixRoutes() []Entry {
	return manyRoutes(10000, func(r *config.Route, i int) { r.Paths = []string{fmt.Sprintf("/api/v1/service-%05d", i)} })
}

func hostRoutes() []Entry {
	return manyRoutes(10000, func(r *config.Route, i int) {
		r.Hosts, r.Paths = []string{fmt.Sprintf("service-%05d.example.com", i)}, []string{"/v1"}
	})
}

func wildcardRoutes() []Entry {
	return manyRoutes(10000, func(r *config.Route, i int) { r.Hosts = []string{fmt.Sprintf("*.service-%05d.example.com", i)} })
}

func regexRoutes() []Entry {
	return manyRoutes(1000, func(r *config.Route, i int) { r.Paths = []string{fmt.Sprintf(`~/service-%04d/(?<id>\d+)$`, i)} })
}

func suffixRegexRoutes() []Entry {
	return manyRoutes(1000, func(r *config.Route, i int) { r.Paths = []string{fmt.Sprintf(`~/[a-z]+/service-%04d$`, i)} })
}

func headerRoutes() []Entry {
	return manyRoutes(1000, func(r *config.Route, i int) {
		r.Paths, r.Headers = []string{"/v1"}, map[string][]string{"x-model": {fmt.Sprintf("model-%04d", i)}}
	})
}

var tables = []struct {
	name    string
	entries func() []Entry
	q       Query
}{
	{"10000 prefixes", prefixRoutes, Query{Host: "gateway.example.com:8000", Path: "/api/v1/service-04711/chat/completions"}},
	{"10000 hosts", hostRoutes, Query{Host: "service-04711.example.com:8000", Path: "/v1/chat/completions"}},
	{"10000 wildcards", wildcardRoutes, Query{Host: "eu.service-04711.example.com", Path: "/v1/chat/completions"}},
	{"1000 regexes", regexRoutes, Query{Host: "gateway.example.com", Path: "/service-0471/12"}},
	{"1000 regexes without prefix", suffixRegexRoutes, Query{Host: "gateway.example.com", Path: "/abc/service-0471"}},
	{"1000 headers", headerRoutes, Query{Path: "/v1/chat", Header: header.Header{
		{Name: "Accept", Value: "*/*"}, {Name: "X-Model", Value: "model-0471"},
	}}},
}

func BenchmarkMatch(b *testing.B) {
	for _, c := range tables {
		table := build(b, c.entries())
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := table.Match(&c.q); !ok {
					b.Fatal("no match")
				}
			}
		})
	}
}

func BenchmarkBuild(b *testing.B) {
	for _, c := range tables {
		entries := c.entries()
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				build(b, entries)
			}
		})
		b.Run(c.name+" again", func(b *testing.B) {
			prev := build(b, entries)
			for b.Loop() {
				if _, err := BuildFrom(prev, entries); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkNormalize(b *testing.B) {
	for _, raw := range []string{"/api/v1/service-04711/chat/completions", "/api//v1/%7Ex/../chat"} {
		b.Run(raw, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Normalize(raw)
			}
		})
	}
}
