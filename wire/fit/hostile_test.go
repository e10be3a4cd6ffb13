package fit_test

import (
	"fmt"
	"strings"
)

// hostile are schemas that are made to hurt, by what is bad about them.
func hostile() map[string]string {
	within := func(format string, n int, end string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i, i+1)
		}
		return b.String() + end
	}
	list := map[string]string{
		"union cycle":        `{"type":"object","properties":{"a":{"anyOf":[{"$ref":"#/$defs/a"},{"type":"null"}]}},"$defs":{"a":{"oneOf":[{"$ref":"#/$defs/b"},{"type":"string"}]},"b":{"allOf":[{"$ref":"#/$defs/a"}]}}}`,
		"required cycle":     `{"type":"object","required":["a"],"properties":{"a":{"$ref":"#"}}}`,
		"ref to ref":         `{"type":"object","properties":{"a":{"$ref":"#/$defs/a"}},"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/c"},"c":{"type":"integer","minimum":3}}}`,
		"ref into ref":       `{"type":"object","properties":{"a":{"$ref":"#/$defs/a/properties/x"}},"$defs":{"a":{"properties":{"x":{"$ref":"#/$defs/a"}}}}}`,
		"ref itself":         `{"$ref":"#"}`,
		"ref beside":         `{"type":"object","properties":{"a":{"$ref":"#/$defs/a","maxLength":3,"anyOf":[{"minLength":1}]}},"$defs":{"a":{"type":"string"}}}`,
		"refs around":        `{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}`,
		"root ref union":     `{"$ref":"#/$defs/u","$defs":{"u":{"anyOf":[{"type":"object","properties":{"a b":{}}},{"$ref":"#/$defs/u"}]}}}`,
		"escaped":            `{"type":"object","properties":{"a":{"$ref":"#/$defs/a~1b"},"b":{"$ref":"#/$defs/c%25d"},"c":{"$ref":"#/$defs/e~0f"},"d":{"$ref":"#/$defs/g%20h"}},"$defs":{"a/b":{"type":"string"},"c%d":{"type":"integer"},"e~f":{"type":"null"},"g h":{"type":"boolean"}}}`,
		"anchor":             `{"type":"object","properties":{"a":{"$ref":"#here"}},"$defs":{"a":{"$anchor":"here","type":"string"}}}`,
		"dynamic":            `{"$dynamicAnchor":"node","type":"object","properties":{"in":{"$dynamicRef":"#node"}}}`,
		"remote":             `{"type":"object","properties":{"a":{"$ref":"https://example.com/a.json#/x"},"b":{"$ref":"file:///etc/passwd"},"c":{"$ref":"other.json"}}}`,
		"id":                 `{"$id":"https://example.com/root","$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{"a":{"$ref":"/a"}},"$defs":{"a":{"$id":"/a","type":"string"}}}`,
		"booleans":           `{"type":"object","properties":{"a":true,"b":false,"c":{"items":true},"d":{"anyOf":[true,false]}},"additionalProperties":true}`,
		"odd names":          `{"type":"object","properties":{"$ref":{"type":"string"},"properties":{"type":"object","properties":{"type":{}}},"type":{},"__proto__":{},"required":{},"$defs":{},"":{}},"required":["$ref","","properties"]}`,
		"ref as data":        `{"type":"object","properties":{"a":{"const":{"$ref":"#/nowhere"},"default":{"$ref":7},"enum":[{"$ref":"#/x"},{"properties":1}]}}}`,
		"mixed enum":         `{"type":"object","properties":{"a":{"enum":[1,"x",null,true,[1],{"a":1},1e400]},"b":{"const":[{}]}}}`,
		"patterns":           `{"type":"object","properties":{"a":{"pattern":"(a+)+$"},"b":{"pattern":"(?=x)(?<!y)\\b\\1"},"c":{"pattern":7}},"patternProperties":{"^(a*)*$":{}}}`,
		"odd types":          `{"type":"object","properties":[],"required":{},"anyOf":{},"$defs":[],"items":[1,"x"],"enum":3,"$ref":7,"additionalProperties":"x","format":{},"minItems":"2"}`,
		"odd types within":   `{"type":"object","properties":{"a":{"type":7,"properties":[1],"required":["a",7],"minItems":2.5,"items":[]},"b":null,"c":[{}],"d":"x"}}`,
		"null":               `{"type":null,"properties":null,"required":null,"$defs":null}`,
		"empty unions":       `{"anyOf":[],"oneOf":[],"allOf":[],"properties":{"a":{"anyOf":[],"oneOf":[{}]}}}`,
		"both unions":        `{"type":"object","properties":{"a":{"anyOf":[{"type":"string"}],"oneOf":[{"type":"string"},{"type":"null"}]}}}`,
		"oneOf beside anyOf": `{"type":"object","properties":{"a":{"oneOf":[{"type":"string"}],"anyOf":[{"type":"null"},{"maxLength":2}],"$ref":"#/$defs/x"}},"$defs":{"x":{}}}`,
		"dependencies":       `{"type":"object","properties":{"a b":{},"c d":{}},"dependentRequired":{"a b":["c d"]},"dependentSchemas":{"c d":{"properties":{"a b":{"const":1}},"required":["a b"]}},"dependencies":{"a b":["c d"]},"if":{"required":["a b"]},"then":{"properties":{"e f":{}}},"not":{"required":["e f"]}}`,
		"names of names":     `{"type":"object","properties":{"a b":{"type":"object","properties":{"a b":{"$ref":"#/properties/a%20b"}}},"c":{"$ref":"#/properties/a%20b/properties/a%20b"},"self":{"$ref":"#"}},"required":["a b"]}`,
		"unicode names":      `{"type":"object","properties":{"天気":{},"天氣":{},"é":{},"e\u0301":{},"A":{},"a":{},"\ud83d\ude00":{},"` + strings.Repeat("x", 65) + `":{},"` + strings.Repeat("x", 66) + `":{},"\u0000":{},"\"\\":{}}}`,
		"long enum":          `{"type":"object","properties":{"a":{"enum":[` + within(`"v%d_%d",`, 5000, `""`) + `]}}}`,
		"many":               `{"type":"object","properties":{` + within(`"p %d%d":{"type":"string"},`, 5000, `"q":{}`) + `}}`,
		"deep":               strings.Repeat(`{"type":"object","properties":{"a b":`, 100) + `{"$ref":"#"}` + strings.Repeat("}}", 100),
		"deep unions":        strings.Repeat(`{"anyOf":[`, 100) + `{"$ref":"#"}` + strings.Repeat(`]}`, 100),
		"doubled":            `{"type":"object","properties":{"x":{"$ref":"#/$defs/d0"}},"$defs":{` + within(`"d%d":{"type":"object","properties":{"a":{"$ref":"#/$defs/d%[2]d"},"b":{"$ref":"#/$defs/d%[2]d"}}},`, 40, `"d40":{}`) + `}}`,
		"doubled unions":     `{"$ref":"#/$defs/d0","$defs":{` + within(`"d%d":{"anyOf":[{"$ref":"#/$defs/d%[2]d"},{"$ref":"#/$defs/d%[2]d"}]},`, 40, `"d40":{"type":"object","properties":{"a":{}}}`) + `}}`,
		"doubled allOf":      `{"type":"object","properties":{"x":{"$ref":"#/$defs/d0"}},"$defs":{` + within(`"d%d":{"allOf":[{"$ref":"#/$defs/d%[2]d"},{"$ref":"#/$defs/d%[2]d"}]},`, 40, `"d40":{}`) + `}}`,
		"chain":              `{"type":"object","properties":{"x":{"$ref":"#/$defs/d0"}},"$defs":{` + within(`"d%d":{"$ref":"#/$defs/d%d"},`, 1000, `"d1000":{}`) + `}}`,
		"pointers":           `{"type":"object","properties":{` + within(`"p%d":{"$ref":"#/properties/p%d"},`, 1000, `"p1000":{}`) + `}}`,
		"allOf of objects":   `{"type":"object","allOf":[{"$ref":"#/$defs/base"},{"properties":{"b":{"type":"string"}},"required":["b"]}],"$defs":{"base":{"type":"object","properties":{"a":{"type":"string"},"c":{"$ref":"#/$defs/base"}},"required":["a"]}}}`,
		"allOf round":        `{"type":"object","properties":{"x":{"allOf":[{"$ref":"#/$defs/b"}]}},"$defs":{"b":{"type":"object","allOf":[{"$ref":"#/$defs/b"}],"properties":{"x":{"allOf":[{"$ref":"#/$defs/b"}]}}}}}`,
		"beside ref":         `{"type":"object","properties":{"x":{"$ref":"#/$defs/b","properties":{"n":{"minimum":3}}}},"$defs":{"b":{"type":"object","properties":{"m":{"type":"string"}},"required":["m"]}}}`,
		"root pointers":      `{"anyOf":[{"type":"object","properties":{"a":{"type":"string"}}},{"type":"object","properties":{"b":{"$ref":"#/anyOf/0/properties/a"}}}]}`,
		"draft 4":            `{"type":"object","properties":{"a":{"type":"integer","minimum":0,"exclusiveMinimum":true,"maximum":9,"exclusiveMaximum":false},"b":{"type":"array","items":[{"type":"string"},{"type":"integer"}],"additionalItems":false},"c":{"type":"array"}}}`,
		"everything closed":  `{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"type":["object","null"],"properties":{"b":{"type":"string"}}}}}`,
	}
	return list
}
