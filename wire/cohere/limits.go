package cohere

import "github.com/sluice-gateway/sluice/wire/fit"

// subset is what schemas of answers, and of strict tools, may have.
//
// https://docs.cohere.com/docs/structured-outputs#unsupported-schema-features
var subset = fit.Schemas{
	Object: true, Properties: true, SomeRequired: true,
	Refused: []string{
		"anyOf", "allOf", "oneOf", "not", "minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength",
		"uniqueItems", "additionalProperties",
	},
	Formats:  []string{"date-time", "uuid", "date", "time"},
	Patterns: []string{"^", "$", "?=", "?!"},
}

var (
	v2Limits = fit.Limits{Tools: &fit.Schemas{Object: true}, Strict: &subset, Output: &subset}
	// v1Limits: names "contain only the characters a-z, A-Z, 0-9, _ and must not
	// begin with a digit". What describes arguments there has no references.
	v1Limits = fit.Limits{
		Names: &fit.Names{Letter: true}, Tools: &fit.Schemas{Inline: true}, Output: &subset,
	}
)

// Limits implements fit.Limited.
func (V2Provider) Limits(string) *fit.Limits { return &v2Limits }

// Limits implements fit.Limited.
func (V1Provider) Limits(string) *fit.Limits { return &v1Limits }
