package config

import (
	"maps"
	"slices"

	"github.com/sluice-gateway/sluice/schema"
)

// deckKeys are top-level keys that decK knows and the gateway does not.
var deckKeys = map[string]bool{"_info": true, "_workspace": true, "_konnect": true, "_plugin_configs": true}

// deckInfo is what decK's keys say about all entities.
type deckInfo struct {
	tags     []any                     // _info.select_tags
	defaults map[string]map[string]any // _info.defaults, by singular name
	configs  map[string]map[string]any // _plugin_configs
}

// readDeck reads decK's keys. Those that only steer decK itself (lookup tags,
// _konnect) are let pass.
func (l *loader) readDeck(root map[string]any) {
	if ws, ok := root["_workspace"]; ok && ws != nil && ws != "default" {
		l.errs.Field("_workspace").Fail("workspaces other than default are not supported yet: leave it out")
	}
	if info := l.deckRecord(&l.errs, root, "_info"); info != nil {
		at := l.errs.Field("_info")
		if tags, ok := info["select_tags"].([]any); ok {
			l.deck.tags = tags
		} else if info["select_tags"] != nil {
			at.Field("select_tags").Fail("expected an array")
		}
		l.deck.defaults = l.deckRecords(at, info, "defaults")
	}
	l.deck.configs = l.deckRecords(&l.errs, root, "_plugin_configs")
}

func (l *loader) deckRecord(at *schema.Errors, m map[string]any, name string) map[string]any {
	v, ok := m[name].(map[string]any)
	if !ok && m[name] != nil {
		at.Field(name).Fail("expected a record")
	}
	return v
}

func (l *loader) deckRecords(at *schema.Errors, m map[string]any, name string) map[string]map[string]any {
	all := l.deckRecord(at, m, name)
	out := make(map[string]map[string]any, len(all))
	for key := range all {
		if v := l.deckRecord(at.Field(name), all, key); v != nil {
			out[key] = v
		}
	}
	return out
}

// deckMember tells whether decK knows a member of an entity that is neither a
// field nor a nested collection.
func deckMember(c *Collection, name string) bool {
	switch c.Name {
	case "plugins":
		return name == "_config"
	case "consumers":
		return name == "groups"
	case "consumer_groups":
		return name == "consumers"
	}
	return false
}

// amend gives an entity the defaults, tags and shared config that decK
// would have written into it.
func (d *deckInfo) amend(it *item) {
	if below := d.defaults[it.coll.Singular]; below != nil {
		it.raw = mergeUnder(it.raw, below)
	}
	if _, ok := it.coll.Record.Field("tags"); ok && len(d.tags) > 0 {
		if tags, isList := it.raw["tags"].([]any); isList || it.raw["tags"] == nil {
			it.raw = with(it.raw, "tags", slices.Concat(tags, d.tags))
		}
	}
	if it.coll.Name == "plugins" && it.raw["_config"] != nil {
		d.sharedConfig(it)
	}
}

// sharedConfig puts the entry of _plugin_configs that _config names under the
// plugin's own config.
func (d *deckInfo) sharedConfig(it *item) {
	name, ok := it.raw["_config"].(string)
	shared, found := d.configs[name]
	switch {
	case !ok:
		it.fail("_config", "expected a string")
	case !found:
		it.fail("_config", "no such entry in '_plugin_configs': "+name)
	default:
		own, _ := it.raw["config"].(map[string]any)
		it.raw = with(it.raw, "config", mergeUnder(own, shared))
	}
}

// mergeUnder is m with what it lacks taken from below, at every depth.
func mergeUnder(m, below map[string]any) map[string]any {
	out := make(map[string]any, len(m)+len(below))
	maps.Copy(out, below)
	for k, v := range m {
		over, isMap := v.(map[string]any)
		under, both := out[k].(map[string]any)
		if isMap && both {
			v = mergeUnder(over, under)
		}
		out[k] = v
	}
	return out
}

// deckMembers reads the memberships that decK nests in consumers and groups.
func (d *decoder) deckMembers(it *item) {
	if !d.l.o.File {
		return
	}
	members := collectionByName["consumer_group_consumers"]
	var key, field string
	switch it.coll.Name {
	case "consumers":
		key, field = "groups", "consumer"
	case "consumer_groups":
		key, field = "consumers", "consumer_group"
	default:
		return
	}
	f, _ := members.Record.Field(field)
	d.nested(members, key, it, f)
}
