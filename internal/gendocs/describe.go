package main

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/schema"
)

// row is a field as a table shows it.
type row struct {
	// path of the field below its record: queue.max_batch_size, targets[].port.
	path  string
	field *schema.Field
	doc   string
}

// rows lists the fields of a record at every depth, in their order.
func (c *comments) rows(r *schema.Record) ([]row, error) {
	var out []row
	err := c.addRows(&out, r, "", nil)
	return out, err
}

func (c *comments) addRows(out *[]row, r *schema.Record, prefix string, open []reflect.Type) error {
	if slices.Contains(open, r.Type) {
		return nil // a record within itself is described once
	}
	docs, err := c.ofFields(r.Type)
	if err != nil {
		return err
	}
	for _, f := range r.Fields {
		if docs[f.Name] == "" {
			return fmt.Errorf("%s: the field %s has no comment", r.Type, f.Name)
		}
		path := prefix + f.Name
		*out = append(*out, row{path: path, field: f, doc: docs[f.Name]})
		if f.Refuse != "" {
			continue // what is below it cannot be used either
		}
		inner, suffix := nested(f)
		if inner == nil {
			continue
		}
		if err := c.addRows(out, inner, path+suffix+".", append(open, r.Type)); err != nil {
			return err
		}
	}
	return nil
}

// nested is the record inside a field, and how its members are reached.
func nested(f *schema.Field) (r *schema.Record, suffix string) {
	for ; f != nil; f = f.Elem {
		switch f.Kind {
		case schema.RecordKind:
			return f.Record, suffix
		case schema.Array, schema.Set:
			suffix += "[]"
		case schema.Map:
			suffix += ".*"
		case schema.String, schema.Number, schema.Integer, schema.Boolean, schema.Foreign, schema.Any:
			return nil, ""
		}
	}
	return nil, ""
}

// typeOf is the type of a field in words.
func typeOf(f *schema.Field) string {
	switch f.Kind {
	case schema.Array, schema.Set:
		return f.Kind.String() + " of " + plural(typeOf(f.Elem))
	case schema.Map:
		if f.Elem.Kind == schema.Any {
			return "map"
		}
		return "map to " + plural(typeOf(f.Elem))
	case schema.Foreign:
		return "reference to " + f.Reference
	case schema.Any:
		return "record"
	case schema.String, schema.Number, schema.Integer, schema.Boolean, schema.RecordKind:
	}
	return f.Kind.String()
}

func plural(kind string) string {
	first, rest, more := strings.Cut(kind, " ")
	if more {
		return first + "s " + rest
	}
	return kind + "s"
}

// defaultOf is the value of an absent field as it would be written.
func defaultOf(f *schema.Field) string {
	switch {
	case f.Default != nil:
		return code(string(schema.AppendJSON(nil, f.Default)))
	case f.Required && f.Auto == "":
		return "required"
	case f.Auto == "uuid" || f.Auto == "random" || f.Auto == "created" || f.Auto == "updated":
		return "made"
	}
	return ""
}

// rules are the constraints of a field in words.
func rules(f *schema.Field) (string, error) {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if f.Unique {
		add("unique")
	}
	if f.Kind == schema.Array || f.Kind == schema.Set || f.Kind == schema.Map {
		if s := count(f.ItemsMin, f.ItemsMax, "elements"); s != "" {
			add("%s", s)
		}
	}
	if f.Keys != "" {
		s, err := checkText(f.Keys)
		if err != nil {
			return "", err
		}
		add("names: %s", s)
	}
	if err := limits(scalar(f), add); err != nil {
		return "", err
	}
	return strings.Join(out, "; "), nil
}

// scalar is what stands at the bottom of lists and maps.
func scalar(f *schema.Field) *schema.Field {
	for f.Elem != nil {
		f = f.Elem
	}
	return f
}

func limits(f *schema.Field, add func(format string, args ...any)) error {
	if len(f.Enum) > 0 {
		add("one of %s", codes(f.Enum))
	}
	if len(f.Not) > 0 {
		add("not %s", codes(f.Not))
	}
	if f.Between != nil {
		add("%s to %s", number(f.Between[0]), number(f.Between[1]))
	}
	if f.Gt != nil {
		add("more than %s", number(*f.Gt))
	}
	if f.Kind == schema.String && (f.LenMin > 1 || f.LenMax > 0) {
		add("%s", count(f.LenMin, f.LenMax, "characters"))
	}
	if f.Check != "" {
		s, err := checkText(f.Check)
		if err != nil {
			return err
		}
		add("%s", s)
	}
	if f.Ref {
		add("may be a vault reference")
	}
	if f.Secret {
		add("secret")
	}
	return nil
}

func count(lowest, highest int, what string) string {
	switch {
	case lowest > 0 && highest > 0:
		return fmt.Sprintf("%d to %d %s", lowest, highest, what)
	case highest > 0:
		return fmt.Sprintf("at most %d %s", highest, what)
	case lowest > 0:
		return fmt.Sprintf("at least %d of the %s", lowest, what)
	}
	return ""
}

// checkTexts say what the named checks accept.
var checkTexts = map[string]string{
	"uuid":                    "a UUID",
	"utf8_name":               "letters, digits, `.`, `-`, `_`, `~`, or any beyond ASCII",
	"tag":                     "no `,` and no `/`",
	"host":                    "a host name or IP address without port",
	"host_with_optional_port": "a host, with or without port",
	"wildcard_host":           "a host name, `*` allowed as the first or last label",
	"path":                    "begins with `/`, no empty segments",
	"header_name":             "the name of a header: letters, digits, `-`, `_`",
	"cookie_name":             "the name of a cookie",
	"method":                  "upper-case letters",
	"url":                     "a URL with scheme and host",
	"ip":                      "an IP address",
	"cidr":                    "a CIDR range",
	"ip_or_cidr":              "an IP address or CIDR range",
	"regex":                   "a regular expression (RE2)",
	"lower":                   "lower-case letters",
	"port":                    "a port",
	"timeout":                 "milliseconds",
	"route_host":              "a host with an optional port, `*` allowed as the first or last label",
	"route_path":              "`/prefix`, normalized, or `~/regex` (RE2)",
	"match_header":            "the name of a header other than `host`",
	"upstream_name":           "a host name, no IP address and no port",
	"target":                  "a host name or IP address, with or without port",
	"certificate":             "PEM",
	"private_key":             "PEM",
	"sni_name":                "a host name, `*` allowed as the first or last label, or `*` alone",
	"vault_prefix":            "lower-case letters, digits and `-`, not the name of a kind of vault",
	"origin":                  "an origin, `*`, or a regular expression (RE2)",
	"file_name":               "two characters or more, no blank at either end, none of `*`, `&`, `%`, `\\` and backtick",
}

func checkText(name string) (string, error) {
	s, ok := checkTexts[name]
	if !ok {
		return "", fmt.Errorf("no words for the check %q: add them to checkTexts", name)
	}
	return s, nil
}

func number(n float64) string {
	if n == math.Trunc(n) {
		return strconv.FormatFloat(n, 'f', 0, 64)
	}
	return strconv.FormatFloat(n, 'g', -1, 64)
}

func code(s string) string {
	if strings.Contains(s, "`") {
		return "`` " + s + " ``"
	}
	return "`" + s + "`"
}

func codes(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = code(s)
	}
	return strings.Join(out, ", ")
}
