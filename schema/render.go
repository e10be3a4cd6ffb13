package schema

import (
	"fmt"
	"strconv"
	"strings"
)

// Problem is one thing that is wrong, with its place.
type Problem struct {
	// Path such as routes[2].plugins[0].config.window; "" is the whole.
	Path string
	// Message says what is wrong there.
	Message string
}

// String is "path: message".
func (p Problem) String() string {
	if p.Path == "" {
		return p.Message
	}
	return p.Path + ": " + p.Message
}

// Value is the tree as plain values, for the member "fields" of an error
// body: positional arrays with nil in the gaps, messages about the whole
// under "@entity". An empty tree is an empty object.
func (e *Errors) Value() any {
	if e.Empty() {
		return map[string]any{}
	}
	if e.msg != "" {
		return e.msg
	}
	names, places := e.names(), e.places()
	if len(places) > 0 && len(names) == 0 && len(e.entity) == 0 {
		list := make([]any, places[len(places)-1]+1)
		for _, i := range places {
			list[i] = e.items[i].Value()
		}
		return list
	}
	m := make(map[string]any, len(names)+len(places)+1)
	for _, i := range places {
		m[strconv.Itoa(i+1)] = e.items[i].Value()
	}
	for _, name := range names {
		m[name] = e.fields[name].Value()
	}
	if len(e.entity) > 0 {
		m[entityKey] = entityValue(e.entity)
	}
	return m
}

func entityValue(msgs []string) []any {
	list := make([]any, len(msgs))
	for i, m := range msgs {
		list[i] = m
	}
	return list
}

// Table is the tree in Kong's table notation, on one line and without
// spaces: {services={{host="required field missing"}}}.
func (e *Errors) Table() string {
	if e.Empty() {
		return "{}"
	}
	var t table
	t.node(e, "")
	return t.String()
}

// pretty is the table notation over several lines.
func (e *Errors) pretty() string {
	t := table{space: "  "}
	t.node(e, "")
	return t.String()
}

// table writes Lua tables; with a space it breaks lines and indents.
type table struct {
	strings.Builder
	space string
}

func (t *table) node(e *Errors, indent string) {
	if e.msg != "" {
		t.WriteString(luaQuote(e.msg))
		return
	}
	l := t.list(indent)
	places := e.places()
	run := 0
	for run < len(places) && places[run] == run {
		l.entry("")
		t.node(e.items[places[run]], l.inner)
		run++
	}
	if len(e.entity) > 0 {
		l.entry(`["` + entityKey + `"]`)
		t.messages(e.entity, l.inner)
	}
	for _, name := range e.names() {
		l.entry(luaKey(name))
		t.node(e.fields[name], l.inner)
	}
	for _, i := range places[run:] {
		l.entry("[" + strconv.Itoa(i+1) + "]")
		t.node(e.items[i], l.inner)
	}
	l.end()
}

func (t *table) messages(msgs []string, indent string) {
	l := t.list(indent)
	for _, m := range msgs {
		l.entry("")
		t.WriteString(luaQuote(m))
	}
	l.end()
}

type luaList struct {
	t             *table
	indent, inner string
	n             int
}

func (t *table) list(indent string) *luaList {
	t.WriteByte('{')
	return &luaList{t: t, indent: indent, inner: indent + t.space}
}

func (l *luaList) entry(key string) {
	if l.n > 0 {
		l.t.WriteByte(',')
	}
	l.n++
	l.newline(l.inner)
	if key == "" {
		return
	}
	l.t.WriteString(key)
	if l.t.space == "" {
		l.t.WriteByte('=')
	} else {
		l.t.WriteString(" = ")
	}
}

func (l *luaList) newline(indent string) {
	if l.t.space != "" {
		l.t.WriteByte('\n')
		l.t.WriteString(indent)
	}
}

func (l *luaList) end() {
	l.newline(l.indent)
	l.t.WriteByte('}')
}

func luaKey(name string) string {
	if isLuaName(name) {
		return name
	}
	return "[" + luaQuote(name) + "]"
}

func isLuaName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && !isAlpha(c) && (i == 0 || !isDigit(c)) {
			return false
		}
	}
	switch s {
	case "", "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
		"local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while":
		return false
	}
	return true
}

// luaQuote is how Lua's %q and Penlight write a string: long brackets for a
// text of several lines, else double quotes.
func luaQuote(s string) string {
	if strings.Contains(s, "\n") && !strings.Contains(s, "\r") {
		level := ""
		for strings.Contains(s+"]", "]"+level+"]") || strings.Contains(s, "["+level+"[") {
			level += "="
		}
		if s[0] == '\n' {
			s = "\n" + s
		}
		return "[" + level + "[" + s + "]" + level + "]"
	}
	return `"` + luaEscape.Replace(s) + `"`
}

var luaEscape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", `\r`, "\x00", `\0`)

// Violation is the message of a schema violation: "schema violation (host:
// required field missing)" or "2 schema violations (…; …)", messages about
// the whole first, then fields by name.
func (e *Errors) Violation() string {
	parts := e.violations()
	if len(parts) == 1 {
		return "schema violation (" + parts[0] + ")"
	}
	return fmt.Sprintf("%d schema violations (%s)", len(parts), strings.Join(parts, "; "))
}

func (e *Errors) violations() []string {
	if e.Empty() {
		return nil
	}
	if e.msg != "" {
		return []string{e.msg}
	}
	parts := append([]string(nil), e.entity...)
	e.each(func(key string, c *Errors) {
		if c.msg != "" {
			parts = append(parts, key+": "+c.msg)
			return
		}
		if len(c.entity) > 0 {
			parts = append(parts, key+"."+entityKey+": "+(&Errors{items: messageItems(c.entity)}).pretty())
		}
		c.each(func(sub string, d *Errors) {
			if d.msg != "" {
				parts = append(parts, key+"."+sub+": "+d.msg)
				return
			}
			parts = append(parts, key+"."+sub+": "+d.pretty())
		})
	})
	return parts
}

// each visits the children: elements first, counted from 1, then members.
func (e *Errors) each(visit func(key string, c *Errors)) {
	for _, i := range e.places() {
		visit(strconv.Itoa(i+1), e.items[i])
	}
	for _, name := range e.names() {
		visit(name, e.fields[name])
	}
}

func messageItems(msgs []string) map[int]*Errors {
	items := make(map[int]*Errors, len(msgs))
	for i, m := range msgs {
		items[i] = Message(m)
	}
	return items
}

// Problems lists everything that is wrong with its path, elements counted
// from 0 as in code: routes[2].plugins[0].config.window.
func (e *Errors) Problems() []Problem {
	var list []Problem
	e.walk("", indexed, func(path string, msg string, _ bool) {
		list = append(list, Problem{Path: path, Message: msg})
	})
	return list
}

// Leaves visits every message with a dotted path in which elements are
// counted from 1, as flattened errors name them; whole tells that the message
// is about the record at path.
func (e *Errors) Leaves(visit func(path, msg string, whole bool)) { e.walk("", counted, visit) }

// indexed is the path of an element of path, counted from 0 as in code.
func indexed(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// counted is the path of an element of path, counted from 1.
func counted(path string, i int) string { return dotted(path, strconv.Itoa(i+1)) }

// dotted is the path of a member of path.
func dotted(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// walk visits every message; element makes the path of an element, whole tells
// that the message is about the record at path.
func (e *Errors) walk(path string, element func(path string, i int) string, visit func(path, msg string, whole bool)) {
	if e.Empty() {
		return
	}
	if e.msg != "" {
		visit(path, e.msg, false)
		return
	}
	for _, m := range e.entity {
		visit(path, m, true)
	}
	for _, i := range e.places() {
		e.items[i].walk(element(path, i), element, visit)
	}
	for _, name := range e.names() {
		e.fields[name].walk(dotted(path, name), element, visit)
	}
}

// Indented is the list that stops a start:
//
//	in 'services':
//	  - in entry 1 of 'services':
//	    in 'host': required field missing
func (e *Errors) Indented() string {
	var lines []string
	e.indented("", "", &lines)
	return strings.Join(lines, "\n")
}

func (e *Errors) indented(name, indent string, lines *[]string) {
	if len(e.entity) > 0 {
		*lines = append(*lines, indent+"in '"+entityKey+"':")
		for i, m := range e.entity {
			*lines = append(*lines, fmt.Sprintf("%s  - in entry %d of '%s': %s", indent, i+1, entityKey, m))
		}
	}
	for _, i := range e.places() {
		e.items[i].indentedAs(fmt.Sprintf("%s- in entry %d of '%s':", indent, i+1, name), strconv.Itoa(i+1), indent, lines)
	}
	for _, field := range e.names() {
		e.fields[field].indentedAs(indent+"in '"+field+"':", field, indent, lines)
	}
}

func (e *Errors) indentedAs(head, name, indent string, lines *[]string) {
	if e.msg != "" {
		*lines = append(*lines, head+" "+e.msg)
		return
	}
	*lines = append(*lines, head)
	e.indented(name, indent+"  ", lines)
}
