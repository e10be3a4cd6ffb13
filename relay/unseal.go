package relay

import (
	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/wire"
)

// unseal takes out of a question that passes what was sealed in it: the model may
// have been another vendor's in the turn before. Ids of calls become those that it
// gave, and items of thoughts that it has proven are left out.
func (c *call) unseal(e *jsonscan.Edits) {
	list := c.spans[keyMessages]
	if !list.Present() {
		list = c.spans[keyInput]
	}
	if !list.Present() || !wire.HoldsSealedID(list.Of(c.body)) {
		return
	}
	items := jsonscan.NewElements(list.Of(c.body))
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		at := items.Span().Shift(list.Start)
		if wire.IsSealed(wire.Text(wire.Get(item, "encrypted_content"))) {
			e.Delete(at)
			continue
		}
		unsealIDs(e, item, at.Start)
	}
}

// unsealIDs opens the ids in an object that begins at a place of the body, and
// those of the calls in it.
func unsealIDs(e *jsonscan.Edits, object []byte, at int) {
	members := jsonscan.NewMembers(object)
	for name, v, ok := members.Next(); ok; name, v, ok = members.Next() {
		span := members.Span().Shift(at)
		if jsonscan.EqualString(name, "tool_calls") {
			calls := jsonscan.NewElements(v)
			for call, some := calls.Next(); some; call, some = calls.Next() {
				unsealID(e, call, calls.Span().Shift(span.Start).Start)
			}
			continue
		}
		unsealMember(e, name, v, span)
	}
}

// unsealID opens the id of an object that begins at a place of the body.
func unsealID(e *jsonscan.Edits, object []byte, at int) {
	members := jsonscan.NewMembers(object)
	for name, v, ok := members.Next(); ok; name, v, ok = members.Next() {
		unsealMember(e, name, v, members.Span().Shift(at))
	}
}

// unsealMember opens an id, if the member is one.
func unsealMember(e *jsonscan.Edits, name, v []byte, span jsonscan.Span) {
	switch wire.Text(name) {
	case "id", "call_id", "tool_call_id":
		given := wire.Text(v)
		if bare, _ := wire.OpenID(given); bare != given {
			e.Replace(span, jsonscan.AppendQuote(nil, bare))
		}
	}
}
