//go:build !race

package fit_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/cohere"
	"github.com/sluice-gateway/sluice/wire/fit"
)

// What is here does much work in one goroutine. The race detector finds nothing
// in it, and takes ten times as long.

// TestBulkHostile is what FuzzQuestion does, of schemas that are made to hurt.
func TestBulkHostile(t *testing.T) {
	for what, schema := range hostile() {
		t.Run(what, func(t *testing.T) {
			for _, v := range vendors {
				keeps(t, v.to, v.model, llm.JSON(schema), "get.weather", 20)
			}
		})
	}
}

// grower makes schemas by chance, the same ones each time.
type grower struct{ *rand.Rand }

func (g grower) pick(list ...string) string { return list[g.IntN(len(list))] }

func (g grower) schema(depth int) string {
	if depth == 0 || g.IntN(8) == 0 {
		return g.pick(`{}`, `true`, `{"type":"string","maxLength":3}`, `{"$ref":"#/$defs/a"}`, `{"$ref":"#/$defs/b","description":"d"}`, `{"$ref":"#"}`,
			`{"type":"null"}`, `{"enum":[1,{"a":1}]}`, `{"type":["array","null"]}`, `{"$ref":"#/properties/a%20b"}`)
	}
	var members []string
	add := func(name, value string) { members = append(members, `"`+name+`":`+value) }
	for _, name := range []string{"allOf", "anyOf", "oneOf"} {
		if g.IntN(5) == 0 {
			add(name, "["+g.schema(depth-1)+","+g.schema(depth-1)+"]")
		}
	}
	for _, name := range []string{"items", "not", "additionalProperties", "if"} {
		if g.IntN(9) == 0 {
			add(name, g.schema(depth-1))
		}
	}
	if g.IntN(3) > 0 {
		add("properties", `{"a b":`+g.schema(depth-1)+`,"c":`+g.schema(depth-1)+"}")
		add("required", g.pick(`[]`, `["c"]`, `["a b","c"]`))
	}
	if g.IntN(2) == 0 {
		add("type", g.pick(`"object"`, `"object"`, `"array"`, `["object","null"]`))
	}
	if g.IntN(6) == 0 {
		add("$ref", g.pick(`"#/$defs/a"`, `"#/$defs/b"`, `"#"`))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// TestBulkGrown is what FuzzQuestion does, of schemas grown by chance.
func TestBulkGrown(t *testing.T) {
	g := grower{rand.New(rand.NewPCG(1, 2))}
	for range 40 {
		root := g.schema(3)
		if root == "true" {
			continue
		}
		schema := strings.TrimSuffix(root, "}")
		if schema != "{" {
			schema += ","
		}
		schema += `"$defs":{"a":` + g.schema(2) + `,"b":` + g.schema(2) + `}}`
		for _, v := range vendors {
			keeps(t, v.to, v.model, llm.JSON(schema), "get.weather", 9)
		}
	}
}

// TestBulkBounds: a schema that means far more than it says stays small, and
// what comes out is JSON.
func TestBulkBounds(t *testing.T) {
	var doubled, chain, deep strings.Builder
	for i := range 60 {
		fmt.Fprintf(&doubled, `"d%d":{"type":"object","properties":{"a":{"$ref":"#/$defs/d%d"},"b":{"$ref":"#/$defs/d%d"}}},`, i, i+1, i+1)
	}
	for i := range 5000 {
		fmt.Fprintf(&chain, `"d%d":{"$ref":"#/$defs/d%d"},`, i, i+1)
	}
	deep.WriteString(strings.Repeat(`{"type":"object","properties":{"a":`, 120) + `{"$ref":"#/x/y"}` + strings.Repeat("}}", 120))
	unions := strings.Repeat(`{"anyOf":[`, 120) + `{"$ref":"#"}` + strings.Repeat(`]}`, 120)
	pointers := `{"type":"object","properties":{`
	for i := range 3000 {
		pointers += fmt.Sprintf(`"p%d":{"$ref":"#/properties/p%d"},`, i, i+1)
	}
	for name, schema := range map[string]string{
		"doubled":  `{"type":"object","properties":{"x":{"$ref":"#/$defs/d0"}},"$defs":{` + doubled.String() + `"d60":{}}}`,
		"chain":    `{"type":"object","properties":{"x":{"$ref":"#/$defs/d0"}},"$defs":{` + chain.String() + `"d5000":{}}}`,
		"deep":     deep.String(),
		"unions":   unions,
		"pointers": pointers + `"end":{}}}`,
		"itself":   `{"$ref":"#"}`,
		"around":   `{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}`,
		"odd":      `{"type":"object","properties":[],"required":{},"anyOf":{},"$defs":[],"items":[1,"x"],"enum":3,"$ref":7}`,
	} {
		for _, to := range []wire.Provider{openai, claude, google, aws, command, cohere.V1Provider{}} {
			for _, model := range []string{"", "amazon.nova-lite", "claude"} {
				r := &llm.Request{Model: model, Tools: []llm.Tool{{Name: "t", Schema: llm.JSON(schema), Strict: llm.JSON("true")}}}
				r.Output = llm.Output{Kind: llm.OutputSchema, Schema: llm.JSON(schema)}
				new(fit.Fit).Question(r, to, new(wire.Notes))
				for _, out := range []llm.JSON{r.Tools[0].Schema, r.Output.Schema} {
					if err := jsonscan.NoDuplicates(out); err != nil || len(out) > len(schema)+1<<20 {
						t.Errorf("%s for %s: %d bytes, %v: %.300s", name, to.Format(), len(out), err, out)
					}
				}
			}
		}
	}
}
