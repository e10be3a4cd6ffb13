//go:build !race

package route

import (
	"strings"
	"testing"
)

func TestMatchDoesNotAllocate(t *testing.T) {
	for _, c := range tables {
		table := build(t, c.entries())
		want := 0.0
		if strings.Contains(c.name, "regex") {
			want = 1 // the groups
		}
		if got := testing.AllocsPerRun(100, func() { table.Match(&c.q) }); got > want {
			t.Errorf("%s: %v allocations", c.name, got)
		}
	}
}

func TestPathsDoNotAllocate(t *testing.T) {
	cases := []struct {
		name string
		run  func()
	}{
		{"normalized", func() { Normalize("/a/b%2Fc/.x/..y?z") }},
		{"kept", func() { UpstreamPath("/", &Match{Path: "/a/b", Prefix: "/a"}, false) }},
		{"cut to nothing but a slash", func() { UpstreamPath("/", &Match{Path: "/a/b", Prefix: "/"}, true) }},
		{"cut", func() { UpstreamPath("/", &Match{Path: "/a/b", Prefix: "/a"}, true) }},
		{"cut at a slash", func() { UpstreamPath("", &Match{Path: "/a/b", Prefix: "/a/"}, true) }},
		{"without paths", func() { UpstreamPath("", &Match{Path: "/a/b"}, true) }},
		{"service alone", func() { UpstreamPath("/srv", &Match{Path: "/a", Prefix: "/a"}, true) }},
	}
	for _, c := range cases {
		if got := testing.AllocsPerRun(100, c.run); got != 0 {
			t.Errorf("%s: %v allocations", c.name, got)
		}
	}
}
