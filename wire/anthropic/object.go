package anthropic

import (
	"slices"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// object writes one JSON object: first what the model knows, at last what the
// node held beside it. A member that the model wrote takes the place of the
// kept one of its name, so no name occurs twice.
type object struct {
	w     *wire.Writer
	extra []llm.Member
	taken []string
}

func newObject(w *wire.Writer, x *llm.Extra) object {
	w.Object()
	o := object{w: w}
	if x.From == own {
		o.extra = x.Members
		if len(x.Form) > 0 {
			o.extra = slices.Concat(x.Members, x.Form)
		}
	}
	return o
}

// take lets the kept member of a name be left out.
func (o *object) take(name string) {
	if len(o.extra) > 0 {
		o.taken = append(o.taken, name)
	}
}

// name begins a member.
func (o *object) name(name string) {
	o.take(name)
	o.w.Name(name)
}

func (o *object) raw(name string, v llm.JSON) {
	if v != nil {
		o.name(name)
		o.w.Raw(v)
	}
}

func (o *object) text(name, s string) {
	o.name(name)
	o.w.String(s)
}

func (o *object) int(name string, n int64) {
	o.name(name)
	o.w.Int(n)
}

// kept is what the node held under a name; nil is nothing, or null.
func (o *object) kept(name string) llm.JSON {
	for i := range o.extra {
		if o.extra[i].Name == name {
			return wire.Null(o.extra[i].Value)
		}
	}
	return nil
}

// end writes what was kept, and ends the object.
func (o *object) end() {
	for i := range o.extra {
		if !slices.Contains(o.taken, o.extra[i].Name) {
			o.w.Extra(&llm.Extra{From: own, Members: o.extra[i : i+1]}, own)
		}
	}
	o.w.EndObject()
}

// known walks on to the next member that can mean something. The type was read
// before; null says nothing, but is kept.
func known(f *wire.Fields, x *llm.Extra) bool {
	for f.Next() {
		switch {
		case f.Name() == "type":
		case wire.IsNull(f.Value()):
			f.Keep(x, own)
		default:
			return true
		}
	}
	return false
}
