// Package schema makes configuration out of Go structs: one walk over a
// struct type gives a Record, and from the record come strict decoding with
// defaults and all problems at once, encoding, the schema JSON of the Admin
// API, masking of secrets and the resolving of vault references.
//
// It is a tool: it must not know any entity or plugin. What it knows of a
// struct stands in the struct's tags:
//
//	json:"name"         the field's name; fields without it are not configuration.
//	                    An embedded struct without a name is flattened.
//	default:"x"         value when absent or null: text, number, true; for lists
//	                    a,b,c; for anything nested a JSON text. default:"" on a
//	                    list or map is the empty one.
//	required:"true"     may not stay null: "required field missing"
//	enum:"a,b"          strings or integers: "expected one of: a, b"
//	not:"a,b"           "must not be one of: a, b"
//	between:"0,65535"   "value should be between 0 and 65535"
//	gt:"0"              "value must be greater than 0"
//	len:"1,128"         length of a string, either side may be missing; without
//	                    the tag a string must not be empty
//	items:"1,"          number of elements of a list or map
//	set:"true"          a list without duplicates; later ones are dropped
//	check:"host"        a named check (see Checks) or one of the type's own
//	                    (see Checker)
//	keys:"header_name"  the check for the keys of a map
//	unique:"true"       no two entities may share the value (the caller checks)
//	foreign:"services"  refers to another entity; the type is a struct with an
//	                    id, or a pointer to one
//	ref:"true"          may hold {vault://…}; such a value skips all checks
//	secret:"true"       masked on output; the type Secret implies it
//	auto:"uuid"         filled in by the caller: uuid, created, updated, random
//	integer:"true"      a float64 field that takes whole numbers only
//	numbers:"a,b"       on an embedded struct: its integer fields a and b take
//	                    fractions here
//	type:"record"       the type that a field of type any shows and asks for
//	refuse:"sentence"   known to the contract, not supported yet: any value
//	                    other than null and the default is an error, made of
//	                    the sentence
//	doc:"sentence"      the description in the schema JSON
//
// enum, not, between, gt, len, check and ref on a list or map apply to its
// elements or values. A blank field `_ struct{}` with shorthand:"url,string"
// declares a write-only member that the type's Prepare turns into others.
//
// How Go types show: string is null when "" (unless its tags allow the empty
// string); a nil pointer, list or map is null; a struct by value is a record
// that is always there, with its defaults; a pointer to a struct is a record
// that may be null. Defaults hold at every depth, also in elements of lists
// and values of maps.
//
// A type may have methods: Prepare (rewrite the input before it is decoded),
// Validate (checks across fields), Checks (named checks of its own),
// EntityChecks (how those look in the schema JSON). Decoded values are shared
// by everyone and must not be changed.
package schema
