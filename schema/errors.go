package schema

import (
	"slices"
	"strings"
)

// Errors is a tree of everything that is wrong with a value. A node is a
// message, or has fields (with messages about the whole in Entity), or has
// items by place. The zero value is "nothing wrong"; so is nil.
type Errors struct {
	msg    string
	entity []string
	fields map[string]*Errors
	items  map[int]*Errors
}

// entityKey is where messages about a whole record are shown.
const entityKey = "@entity"

// Message makes a node that is just a message.
func Message(msg string) *Errors { return &Errors{msg: msg} }

// Empty tells whether nothing is wrong.
func (e *Errors) Empty() bool {
	if e == nil {
		return true
	}
	if e.msg != "" || len(e.entity) > 0 {
		return false
	}
	for _, c := range e.fields {
		if !c.Empty() {
			return false
		}
	}
	for _, c := range e.items {
		if !c.Empty() {
			return false
		}
	}
	return true
}

// Err is e as an error, nil when nothing is wrong.
func (e *Errors) Err() error {
	if e.Empty() {
		return nil
	}
	return e
}

// Error implements error with the message of a schema violation.
func (e *Errors) Error() string { return e.Violation() }

// Fail says what is wrong with the value itself. The first message stays.
func (e *Errors) Fail(msg string) {
	if e.msg == "" {
		e.msg = msg
	}
}

// Entity says what is wrong with the record as a whole. A message is kept
// once.
func (e *Errors) Entity(msg string) {
	if !slices.Contains(e.entity, msg) {
		e.entity = append(e.entity, msg)
	}
}

// Field is the node of a member, made when it is not there yet.
func (e *Errors) Field(name string) *Errors {
	c := e.fields[name]
	if c == nil {
		c = &Errors{}
		e.attach(name, c)
	}
	return c
}

// Index is the node of an element, counted from 0.
func (e *Errors) Index(i int) *Errors {
	c := e.items[i]
	if c == nil {
		c = &Errors{}
		e.attachAt(i, c)
	}
	return c
}

// Lookup is the node of a member, nil when there is none.
func (e *Errors) Lookup(name string) *Errors {
	if e == nil {
		return nil
	}
	return e.fields[name]
}

// LookupIndex is the node of an element, nil when there is none.
func (e *Errors) LookupIndex(i int) *Errors {
	if e == nil {
		return nil
	}
	return e.items[i]
}

// At is the node below a dotted path of members, such as "model.options".
func (e *Errors) At(path string) *Errors {
	for name := range strings.SplitSeq(path, ".") {
		e = e.Field(name)
	}
	return e
}

// Has tells whether something is wrong at or below a dotted path.
func (e *Errors) Has(path string) bool {
	for name := range strings.SplitSeq(path, ".") {
		if e == nil {
			return false
		}
		if e.msg != "" {
			return true
		}
		e = e.fields[name]
	}
	return !e.Empty()
}

// Len is the number of elements up to the last one with something wrong.
func (e *Errors) Len() int {
	n := 0
	for i, c := range e.items {
		if i >= n && !c.Empty() {
			n = i + 1
		}
	}
	return n
}

func (e *Errors) attach(name string, c *Errors) {
	if e.fields == nil {
		e.fields = make(map[string]*Errors)
	}
	e.fields[name] = c
}

func (e *Errors) attachAt(i int, c *Errors) {
	if e.items == nil {
		e.items = make(map[int]*Errors)
	}
	e.items[i] = c
}

// Merge takes over everything that is wrong in other.
func (e *Errors) Merge(other *Errors) {
	if other.Empty() {
		return
	}
	e.Fail(other.msg)
	for _, m := range other.entity {
		e.Entity(m)
	}
	for name, c := range other.fields {
		e.Field(name).Merge(c)
	}
	for i, c := range other.items {
		e.Index(i).Merge(c)
	}
}

// names lists the members with something wrong, sorted.
func (e *Errors) names() []string {
	out := make([]string, 0, len(e.fields))
	for name, c := range e.fields {
		if !c.Empty() {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// places lists the elements with something wrong, in order.
func (e *Errors) places() []int {
	out := make([]int, 0, len(e.items))
	for i, c := range e.items {
		if !c.Empty() {
			out = append(out, i)
		}
	}
	slices.Sort(out)
	return out
}

// Lift moves the messages about the whole record child to e itself, where
// pick says so: some name their fields from there.
func (e *Errors) Lift(child string, pick func(msg string) bool) {
	c := e.fields[child]
	if c == nil {
		return
	}
	kept := c.entity[:0]
	for _, m := range c.entity {
		if pick(m) {
			e.Entity(m)
			continue
		}
		kept = append(kept, m)
	}
	c.entity = kept
}
