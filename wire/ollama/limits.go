package ollama

import "github.com/sluice-gateway/sluice/wire/fit"

// limits: the server reads parameters into a struct with a text as type and
// objects as properties, and refuses others: "cannot unmarshal array into Go
// struct field .tools.function.parameters.type of type string". A property has
// no member there for a reference, so one would be lost on the way to the model,
// as are all keywords but type, anyOf, items, description, enum, properties and
// required. A schema of an answer goes to the grammar as it is.
//
// https://github.com/ollama/ollama/blob/main/api/types.go (ToolFunctionParameters)
var limits = fit.Limits{Tools: &fit.Schemas{Object: true, Inline: true, Objects: true}}

// Limits implements fit.Limited.
func (Provider) Limits(string) *fit.Limits { return &limits }
