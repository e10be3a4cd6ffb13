package gemini

import "github.com/sluice-gateway/sluice/wire"

// limits: "Must start with a letter or an underscore. Must be a-z, A-Z, 0-9, or
// contain underscores, dots and dashes, with a maximum length of 64." Colons,
// which one of the two services takes, are not among them.
//
// Of schemas: "Cyclic references … may only be used within non-required
// properties", "If $ref is set on a sub-schema, no other properties, except for
// than those starting as a $, may be set". What else is not known is ignored,
// see schema.go.
//
// https://ai.google.dev/api/caching#FunctionDeclaration
// https://ai.google.dev/api/generate-content#generationconfig
var limits = wire.Limits{
	Names:  &wire.NameLimits{Max: 64, Signs: ".-", Letter: true},
	Tools:  &wire.SchemaLimits{Object: true, Lone: true, Cycles: wire.OptionalCycles},
	Output: &wire.SchemaLimits{Lone: true, Cycles: wire.OptionalCycles},
}

// Limits implements wire.Limited.
func (Provider) Limits(string) *wire.Limits { return &limits }
