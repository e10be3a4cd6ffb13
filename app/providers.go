package app

import (
	"maps"
	"slices"

	"github.com/sluice-gateway/sluice/provider"
)

// abilities are the providers of this binary and what they can do, for the
// Admin API.
func abilities() []any {
	all := Providers()
	out := make([]any, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		a := provider.Abilities[name]
		routes := make([]any, len(a.Routes))
		for i, r := range a.Routes {
			routes[i] = r
		}
		out = append(out, map[string]any{
			"name": name, "route_types": routes, "stream": a.Stream, "tools": a.Tools, "images": a.Images,
			"documents": a.Documents, "reasoning": a.Reasoning, "schema": a.Schema, "rerank": a.Rerank,
		})
	}
	return out
}
