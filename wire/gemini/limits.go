package gemini

import "github.com/sluice-gateway/sluice/wire/fit"

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
var limits = fit.Limits{
	Names:  &fit.Names{Max: 64, Signs: ".-", Letter: true},
	Tools:  &fit.Schemas{Object: true, Lone: true, Cycles: fit.OptionalCycles},
	Output: &fit.Schemas{Lone: true, Cycles: fit.OptionalCycles},
}

// Limits implements fit.Limited.
func (Provider) Limits(string) *fit.Limits { return &limits }
