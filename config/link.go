package config

import (
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/schema"
)

// index finds items by the names and ids they can be referred to by.
type index struct {
	byKey map[string]*item
	byID  map[string]*item
}

// linker is the second stage of loading: what entities are to each other.
type linker struct {
	*loader
	index  map[*Collection]*index
	broken bool // the first stage found something wrong
}

// link finds duplicates, resolves references, and checks what depends on
// both.
func (l *loader) link() {
	k := &linker{loader: l, index: make(map[*Collection]*index, len(collections)), broken: !l.errs.Empty()}
	sets := 0
	for c, n := range l.counts() {
		k.index[c] = &index{byKey: make(map[string]*item, n), byID: make(map[string]*item, n)}
		if c.Unique != nil {
			sets += n
		}
	}
	for _, it := range l.items {
		k.register(it)
	}
	for _, it := range l.items {
		k.resolve(it)
	}
	if !l.errs.Empty() {
		return
	}
	k.uniqueFields()
	k.uniqueSets(sets)
	k.protocols()
	k.authorities()
}

func (l *loader) counts() map[*Collection]int {
	counts := make(map[*Collection]int, len(collections))
	for _, it := range l.items {
		counts[it.coll]++
	}
	return counts
}

func violation(c *Collection, key, value string) string {
	return "uniqueness violation: '" + c.Name + "' entity with " + key + " set to '" + value + "' already declared"
}

// fail notes a problem with an item as a whole or with one of its fields.
func (k *linker) fail(it *item, field, msg string) {
	path := it.path()
	if field != "" {
		path += "." + field
	}
	k.problems = append(k.problems, Problem{Path: path, Message: msg})
	it.linkErrs = append(it.linkErrs, linkError{field, msg})
}

func (k *linker) register(it *item) {
	ix := k.index[it.coll]
	if key := it.endpointValue(); key != "" {
		if ix.byKey[key] != nil {
			msg := violation(it.coll, it.coll.EndpointKey, it.shown(key))
			k.node(it).Fail(msg)
			k.fail(it, "", msg)
			return
		}
		ix.byKey[key] = it
	}
	if it.id == "" {
		return
	}
	if ix.byID[it.id] != nil {
		msg := violation(it.coll, "primary key", it.id)
		k.node(it).Fail(msg)
		k.fail(it, "", msg)
		return
	}
	ix.byID[it.id] = it
}

// endpointValue is the name an item can be addressed by, or "".
func (it *item) endpointValue() string {
	switch e := it.entity.(type) {
	case *Service:
		return e.Name
	case *Route:
		return e.Name
	case *Plugin:
		return e.InstanceName
	case *Consumer:
		return e.Username
	case *KeyAuthCredential:
		return e.Key.Reveal()
	case *Upstream:
		return e.Name
	case *ConsumerGroup:
		return e.Name
	case *SNI:
		return e.Name
	case *Vault:
		return e.Prefix
	}
	return ""
}

// secretKey tells whether the endpoint key must not show in messages.
func (it *item) secretKey() bool {
	_, ok := it.entity.(*KeyAuthCredential)
	return ok
}

// shown is a value of the endpoint key for a message.
func (it *item) shown(key string) string {
	if it.secretKey() {
		return schema.Mask
	}
	return key
}

// find looks a reference up: by name first, then by id.
func (k *linker) find(collection, key string) *item {
	ix := k.index[collectionByName[collection]]
	if ix == nil {
		return nil
	}
	if it := ix.byKey[key]; it != nil {
		return it
	}
	if it := ix.byID[key]; it != nil {
		return it
	}
	return ix.byID[strings.ToLower(key)]
}

// target is what a reference points to. One written as {id: …} means the id.
func (k *linker) target(r reference) *item {
	key, isText := r.value.(string)
	if !isText {
		m := r.value.(map[string]any)
		key, _ = refKey(r.field, m)
		if ix := k.index[collectionByName[r.field.Reference]]; ix != nil && m["id"] != nil {
			return ix.byID[strings.ToLower(key)]
		}
	}
	return k.find(r.field.Reference, key)
}

func (k *linker) resolve(it *item) {
	if it.parent != nil {
		setForeign(it.entity, it.parentField, it.parent.id)
	}
	for _, r := range it.refs {
		if target := k.target(r); target != nil {
			setForeign(it.entity, r.field, target.id)
			continue
		}
		if k.broken && k.written(r) {
			continue
		}
		shown, isText := r.value.(string)
		if !isText {
			shown = string(schema.AppendJSON(nil, r.value))
		}
		k.dangling(it, r.field.Name, shown, r.field.Reference)
	}
}

// dangling reports a reference to nothing, under the name, id or place of the
// entity that holds it.
func (k *linker) dangling(it *item, field, value, collection string) {
	msg := "invalid reference '" + field + ": " + value + "' (no such entry in '" + collection + "')"
	k.fail(it, field, msg)
	list := k.errs.Field(it.coll.Name)
	at := it.endpointValue()
	if it.named() && (at == "" || it.secretKey()) {
		at = it.id
	}
	if at == "" {
		list = list.Index(it.index)
	} else {
		list = list.Field(at)
	}
	list.Index(list.Len()).Fail(msg)
}

// named tells whether the item's id is its own, not made of its place.
func (it *item) named() bool {
	if id, ok := it.raw["id"].(string); ok && id != "" {
		return true
	}
	_, ok := it.identityKey()
	return ok
}

// setForeign stores an id, without reflection where there are many.
func setForeign(e any, f *schema.Field, id string) {
	ref := &Foreign{ID: id}
	switch e := e.(type) {
	case *Route:
		e.Service = ref
		return
	case *Plugin:
		switch f.Name {
		case "route":
			e.Route = ref
		case "service":
			e.Service = ref
		case "consumer":
			e.Consumer = ref
		case "consumer_group":
			e.ConsumerGroup = ref
		}
		return
	}
	f.SetForeign(e, id)
}

// uniqueFields finds equal values of unique fields that are no names.
func (k *linker) uniqueFields() {
	for _, c := range collections {
		for _, f := range c.uniques {
			seen := map[string]bool{}
			for _, it := range k.items {
				if it.coll != c {
					continue
				}
				v := f.Text(it.entity)
				if v != "" && seen[v] {
					k.another(it, f.Name, v)
				}
				seen[v] = true
			}
		}
	}
}

// another reports a value of a unique field used twice, under the name of the
// second entity.
func (k *linker) another(it *item, field, value string) {
	msg := violation(it.coll, field, value)
	at := it.endpointValue()
	if at == "" {
		at = it.id
	}
	k.errs.Field(it.coll.Name).Field(at).Fail(msg)
	k.fail(it, field, msg)
}

// uniqueSets finds entities that are equal in all fields of their unique set,
// such as two instances of a plugin for the same route. n is how many there
// are to look at.
func (k *linker) uniqueSets(n int) {
	type key struct {
		coll  *Collection
		parts [5]string
	}
	seen := make(map[key]bool, n)
	for _, it := range k.items {
		if it.coll.Unique == nil {
			continue
		}
		kk := key{coll: it.coll, parts: it.uniqueParts()}
		if seen[kk] {
			msg := violation(it.coll, strings.Join(it.coll.Unique, ", "),
				strings.Join(kk.parts[:len(it.coll.Unique)], ", "))
			k.node(it).Fail(msg)
			k.fail(it, "", msg)
		}
		seen[kk] = true
	}
}

func (it *item) uniqueParts() [5]string {
	switch e := it.entity.(type) {
	case *Plugin:
		return [5]string{e.Name, e.Route.id(), e.Service.id(), e.Consumer.id(), e.ConsumerGroup.id()}
	case *Target:
		return [5]string{e.Upstream.ID, e.Target}
	case *ACL:
		return [5]string{e.Consumer.ID, e.Group}
	}
	return [5]string{}
}

func (f *Foreign) id() string {
	if f == nil {
		return ""
	}
	return f.ID
}

// protocols: a plugin that can never run where it is attached is a mistake.
func (k *linker) protocols() {
	routes := k.index[collectionByName["routes"]]
	var byService map[string][]*Route
	for _, it := range k.items {
		p, ok := it.entity.(*Plugin)
		if !ok {
			continue
		}
		switch {
		case p.Route != nil:
			r := routes.byID[p.Route.ID].entity.(*Route)
			if !overlap(p.Protocols, r.Protocols) {
				k.wrongProtocols(it, "must match the associated route's protocols")
			}
		case p.Service != nil:
			if byService == nil {
				byService = k.routesByService()
			}
			own := byService[p.Service.ID]
			if len(own) > 0 && !slices.ContainsFunc(own, func(r *Route) bool { return overlap(p.Protocols, r.Protocols) }) {
				k.wrongProtocols(it, "must match the protocols of at least one route pointing to this Plugin's service")
			}
		}
	}
}

func (k *linker) wrongProtocols(it *item, msg string) {
	k.node(it).Field("protocols").Fail(msg)
	k.fail(it, "protocols", msg)
}

func (k *linker) routesByService() map[string][]*Route {
	m := map[string][]*Route{}
	for _, it := range k.items {
		if r, ok := it.entity.(*Route); ok && r.Service != nil {
			m[r.Service.ID] = append(m[r.Service.ID], r)
		}
	}
	return m
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// authorities: the CA certificates a service names must be there.
func (k *linker) authorities() {
	for _, it := range k.items {
		s, ok := it.entity.(*Service)
		if !ok {
			continue
		}
		for _, id := range s.CACertificates {
			if k.find("ca_certificates", id) == nil {
				k.dangling(it, "ca_certificates", id, "ca_certificates")
			}
		}
	}
}
