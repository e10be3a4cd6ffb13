// Package fit makes the names and JSON schemas of a question acceptable to the
// API that it goes to, and gives the caller its own names back. Each format
// says what its vendor refuses, as Limits; here is how it is avoided.
//
// What is changed is noted, and nothing is changed that was not refused. It
// must not know a format, nor read or write one; whether an answer keeps to
// the caller's own schema is not told here.
package fit

import (
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Limited is a wire.Provider whose API refuses names and schemas that others take.
type Limited interface {
	// Limits of the API for a model; they are not written to.
	Limits(model string) *Limits
}

// Limits are what an API refuses, as its vendor documents it. What is nil is
// not limited.
type Limits struct {
	// Names of tools, and of the schema of an answer.
	Names *Names
	// Properties are the names of the arguments of tools.
	Properties *Names
	// Tools are the schemas of tools, Output is that of an answer.
	Tools, Output *Schemas
	// Strict are the schemas of tools that are kept to, StrictOutput is that of
	// an answer. A schema that goes beyond is not adapted: it is sent without
	// the promise.
	Strict, StrictOutput *Schemas
}

// Fit makes a question acceptable to an API, and undoes in the answer what the
// caller must not see. The zero Fit undoes nothing.
type Fit struct {
	own        map[string]string  // names of tools as the caller has them, by what was sent
	properties map[string]string  // those of their arguments
	open       map[place]*undoing // the calls of a stream that are under way
	budget     budget
}

// Question changes what p refuses of r, and notes it. What r refers to is left
// as it is.
func (f *Fit) Question(r *llm.Request, p wire.Provider, n *wire.Notes) {
	*f = Fit{}
	limited, ok := p.(Limited)
	if !ok {
		return
	}
	l := limited.Limits(r.Model)
	f.budget = budgetOf(r)
	f.tools(r, l, n)
	fitOutput(r, l, &f.budget, n)
	f.names(r, l.Names, n)
}

// ToolMember is how notes name something of a tool, such as its schema.
func ToolMember(i int, member string) string {
	return "tools[" + strconv.Itoa(i) + "]." + member
}

// Fields of an answer's shape, as notes name them.
const (
	outputName   = "output.name"
	OutputSchema = "output.schema"
	OutputStrict = "output.strict"
)

// unkept is in place of strict: true.
var unkept = llm.JSON("false")

// beyond tells what becomes of a strict schema.
const beyond = "false: the schema has what strict ones must not have"

func (f *Fit) tools(r *llm.Request, l *Limits, n *wire.Notes) {
	p := properties{limits: l.Properties}
	cloned := false
	for i := range r.Tools {
		t := &r.Tools[i]
		if t.Raw != nil || t.Custom || t.Schema == nil {
			continue
		}
		schema, how := l.Tools.fit(t.Schema, &f.budget)
		if !p.fine(schema) {
			schema, how = p.tool(r, t.Name, schema), and(how, howNamed)
		}
		if how != "" {
			n.Change(ToolMember(i, "schema"), how)
		}
		loose := wire.IsTrue(t.Strict) && !l.Strict.takes(schema, &f.budget)
		if loose {
			n.Change(ToolMember(i, "strict"), beyond)
		}
		if how == "" && !loose {
			continue
		}
		if !cloned {
			r.Tools, cloned = append([]llm.Tool(nil), r.Tools...), true
		}
		if r.Tools[i].Schema = schema; loose {
			r.Tools[i].Strict = unkept
		}
	}
	p.calls(r)
	f.properties = p.own
}

func and(how, more string) string {
	if how == "" {
		return more
	}
	return how + ", " + more
}

func fitOutput(r *llm.Request, l *Limits, b *budget, n *wire.Notes) {
	o := &r.Output
	if o.Kind != llm.OutputSchema || o.Schema == nil {
		return
	}
	var how string
	if o.Schema, how = l.Output.fit(o.Schema, b); how != "" {
		n.Change(OutputSchema, how)
	}
	if wire.IsTrue(o.Strict) && !l.StrictOutput.takes(o.Schema, b) {
		o.Strict = unkept
		n.Change(OutputStrict, beyond)
	}
}
