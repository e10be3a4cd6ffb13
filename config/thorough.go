package config

// linkBroken looks for duplicates and references to nothing in a document
// whose entities are not all right.
func (l *loader) linkBroken() {
	first := l.errs.Problems()
	l.link()
	l.problems = append(first, l.problems...)
}

// written tells whether the entity that a reference names stands in the
// document although it cannot be found by its name: something is wrong with it,
// which has been said.
func (k *linker) written(r reference) bool {
	key, isText := r.value.(string)
	if m, isMap := r.value.(map[string]any); !isText && isMap {
		key, _ = refKey(r.field, m)
	}
	c := collectionByName[r.field.Reference]
	for _, it := range k.items {
		if it.coll == c && (it.raw["id"] == key || c.EndpointKey != "" && it.raw[c.EndpointKey] == key) {
			return true
		}
	}
	return false
}
