package fit

// Limits that more than one format has.

// OpenAI are those of OpenAI's own API, in chat and in responses.
//
// https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
// and what its errors say of functions, such as "array schema missing items".
var OpenAI = Limits{
	Names: &Names{Max: 64, Signs: "-"},
	Tools: &Schemas{
		Object: true, Properties: true, NotRoot: []string{"anyOf", "oneOf", "allOf", "enum", "const", "not"}, Items: true,
	},
	Strict: &openAIStrict, StrictOutput: &openAIStrict,
}

var openAIStrict = Schemas{
	Object: true, NotRoot: []string{"anyOf"}, Lone: true, Closed: true, AllRequired: true, Items: true,
	Sizes: &Sizes{Properties: 5000, Depth: 10, Names: 120_000, Values: 1000, Many: 250, ManyLength: 15_000},
	Refused: []string{
		"allOf", "oneOf", "not", "if", "then", "else", "default", "dependentRequired", "dependentSchemas", "dependencies",
		"patternProperties", "propertyNames", "minProperties", "maxProperties", "unevaluatedProperties",
		"prefixItems", "contains", "minContains", "maxContains", "uniqueItems", "unevaluatedItems",
	},
	Formats: []string{"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"},
}

// ClaudeTools are schemas of the tools of Anthropic's models, wherever they
// are served.
//
// https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview
var ClaudeTools = Schemas{Object: true, NotRoot: []string{"anyOf", "oneOf", "allOf"}}

// Compiled are schemas that Anthropic, and Bedrock for all its models, make a
// grammar of: those of answers, and of strict tools.
//
// https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations
// https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html
var Compiled = Schemas{
	Cycles: NoCycles, Closed: true, FewItems: true, SimpleEnums: true, PlainAllOf: true,
	Refused: []string{
		"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
		"maxItems", "uniqueItems", "prefixItems", "additionalItems", "contains", "minContains", "maxContains", "unevaluatedItems",
		"patternProperties", "propertyNames", "minProperties", "maxProperties", "unevaluatedProperties",
		"dependentRequired", "dependentSchemas", "dependencies", "oneOf", "not", "if", "then", "else",
	},
	Formats:  []string{"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"},
	Patterns: []string{`(?=`, `(?!`, `(?<`, `\b`, `\B`, `\1`},
}

// ClaudeProperties are the names of the arguments of such tools: "Property keys
// should match pattern '^[a-zA-Z0-9_.-]{1,64}$'", as the errors say of the
// properties of input_schema, but not of those within them.
var ClaudeProperties = Names{Max: 64, Signs: ".-"}
