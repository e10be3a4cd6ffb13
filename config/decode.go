package config

import (
	"maps"

	"github.com/sluice-gateway/sluice/schema"
)

// decoder decodes entities, each with what is nested in it. What it finds
// wrong stays with the item, so that several decoders can work on one
// document.
type decoder struct {
	l      *loader // is only read
	cur    *item   // the item being decoded
	schema schema.Decoder
}

func (l *loader) newDecoder() *decoder {
	d := &decoder{l: l}
	d.schema.Options = schema.Options{Extra: d.extra, Foreign: d.foreign}
	return d
}

// decodeRun is how many entities a decoder takes at a time.
const decodeRun = 64

// decodeAll decodes a list of the document.
func (l *loader) decodeAll(c *Collection, list []any) []item {
	block := make([]item, len(list))
	each((len(list)+decodeRun-1)/decodeRun, func(run int) {
		d := l.newDecoder()
		for i := run * decodeRun; i < min(len(list), (run+1)*decodeRun); i++ {
			block[i] = item{coll: c, key: c.Name, index: i}
			d.item(&block[i], list[i])
		}
	})
	return block
}

// nested decodes a list that stands in an entity. key is what it is called
// there.
func (d *decoder) nested(c *Collection, key string, parent *item, field *schema.Field) {
	v, there := parent.raw[key]
	list, ok := v.([]any)
	if !ok {
		if there && !emptyList(v) {
			parent.fail(key, "expected an array")
		}
		return
	}
	block := make([]item, len(list))
	for i, e := range list {
		block[i] = item{coll: c, parent: parent, parentField: field, key: key, index: i}
		d.item(&block[i], e)
	}
	parent.nested = append(parent.nested, block)
}

// fail notes what is wrong with a member, or with the item itself.
func (it *item) fail(member, msg string) {
	if it.errs == nil {
		it.errs = &schema.Errors{}
	}
	at := it.errs
	if member != "" {
		at = at.Field(member)
	}
	at.Fail(msg)
}

// merge takes over problems with the item.
func (it *item) merge(errs *schema.Errors) {
	if errs.Empty() {
		return
	}
	if it.errs == nil {
		it.errs = errs
		return
	}
	it.errs.Merge(errs)
}

// item decodes one entity and what is nested in it.
func (d *decoder) item(it *item, value any) {
	var ok bool
	if it.raw, ok = asEntity(it.coll, it.key, value); !ok {
		it.fail("", "expected a record")
		return
	}
	d.amend(it)
	it.entity = it.coll.newAny()
	d.cur = it
	it.merge(d.schema.Decode(it.raw, it.entity))
	it.merge(d.complete(it.entity, it.raw))
	for i := range it.coll.children {
		ch := &it.coll.children[i]
		d.nested(ch.coll, ch.coll.Name, it, ch.field)
	}
	d.deckMembers(it)
}

// asEntity gives the fields of an entity; some may be written as a name.
func asEntity(c *Collection, key string, e any) (map[string]any, bool) {
	m, isMap := e.(map[string]any)
	name, isText := e.(string)
	switch {
	case c.Name == "snis" && isText:
		return map[string]any{"name": name}, true
	case key == "groups":
		return map[string]any{"consumer_group": e}, isMap || isText
	case key == "consumers" && c.Name == "consumer_group_consumers":
		return map[string]any{"consumer": e}, isMap || isText
	}
	return m, isMap
}

// amend changes what the item says before it is decoded: paths of old
// formats, decK's defaults.
func (d *decoder) amend(it *item) {
	if d.l.old && it.coll.Name == "routes" {
		it.raw = migrateRoute(it.raw)
	}
	if d.l.o.File {
		d.l.deck.amend(it)
	}
}

func migrateRoute(raw map[string]any) map[string]any {
	paths, ok := raw["paths"].([]any)
	if !ok {
		return raw
	}
	out := make([]any, len(paths))
	for i, p := range paths {
		if s, isText := p.(string); isText {
			p = migratePath(s)
		}
		out[i] = p
	}
	return with(raw, "paths", out)
}

// with is a copy of m with one member changed.
func with(m map[string]any, name string, v any) map[string]any {
	out := make(map[string]any, len(m)+1)
	maps.Copy(out, m)
	out[name] = v
	return out
}

// extra is asked about members of the current item that are no fields.
func (d *decoder) extra(name string, v any) bool {
	it := d.cur
	switch name {
	case "_comment", "_ignore":
		if msg := checkAside(name, v); msg != "" {
			it.fail(name, msg)
		}
		return true
	}
	for _, ch := range it.coll.children {
		if ch.coll.Name == name {
			return true
		}
	}
	if sentence, known := refuseCollection(name); known {
		if !emptyList(v) {
			it.fail(name, sentence)
		}
		return true
	}
	return d.l.o.File && deckMember(it.coll, name)
}

// pending stands in a foreign field until its reference is resolved.
const pending = "?"

// foreign notes the references of the current item.
func (d *decoder) foreign(f *schema.Field, v any) (id string, e *schema.Errors) {
	it := d.cur
	if it.parentField == f {
		if v != nil {
			return "", schema.Message(schema.MsgNull)
		}
		return pending, nil
	}
	switch t := v.(type) {
	case nil:
		if f.Required {
			e = schema.Message(schema.MsgRequired)
		}
		return "", e
	case string:
		if t == "" {
			return "", schema.Message("length must be at least 1")
		}
	case map[string]any:
		if _, ok := refKey(f, t); !ok {
			e = &schema.Errors{}
			e.Field("id").Fail(schema.MsgRequired)
			return "", e
		}
	default:
		return "", schema.Message("expected a string")
	}
	it.refs = append(it.refs, reference{f, v})
	return pending, nil
}

// refKey is the text in a reference written as an object.
func refKey(f *schema.Field, m map[string]any) (string, bool) {
	if id, ok := m["id"].(string); ok && id != "" {
		return id, true
	}
	if c := collectionByName[f.Reference]; c.EndpointKey != "" {
		if name, ok := m[c.EndpointKey].(string); ok && name != "" {
			return name, true
		}
	}
	return "", false
}
