package config

import (
	"crypto/sha1" //nolint:gosec // version 5 UUIDs are defined on SHA-1
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/schema"
)

// entitiesNamespace is the namespace of the collections' namespaces.
var entitiesNamespace = mustUUID("fd02801f-0957-4a15-a55a-c8d9606f30b5")

type uuidBytes [16]byte

func mustUUID(s string) (u uuidBytes) {
	if _, err := hex.Decode(u[:], []byte(strings.ReplaceAll(s, "-", ""))); err != nil {
		panic("config: not a UUID: " + s)
	}
	return u
}

// uuid5 is a name-based UUID (RFC 9562, version 5).
func uuid5(namespace uuidBytes, name string) (u uuidBytes) {
	var stack [128]byte
	sum := sha1.Sum(append(append(stack[:0], namespace[:]...), name...)) //nolint:gosec // version 5 UUIDs are defined on SHA-1
	copy(u[:], sum[:])
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	return u
}

// String writes the UUID with hyphens, in lower case.
func (u uuidBytes) String() string {
	var b [36]byte
	hex.Encode(b[0:8], u[0:4])
	hex.Encode(b[9:13], u[4:6])
	hex.Encode(b[14:18], u[6:8])
	hex.Encode(b[19:23], u[8:10])
	hex.Encode(b[24:36], u[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// namespaces of the collections.
var namespaces = func() map[string]uuidBytes {
	m := make(map[string]uuidBytes, len(collections))
	for _, c := range collections {
		m[c.Name] = uuid5(entitiesNamespace, c.Name)
	}
	return m
}()

// identify gives the item an id when it was written without one.
func (l *loader) identify(it *item) {
	meta := MetaOf(it.entity)
	if meta == nil {
		return
	}
	if meta.ID != "" {
		meta.ID = strings.ToLower(meta.ID)
		it.id = meta.ID
		return
	}
	if key, ok := it.identityKey(); ok {
		meta.ID = uuid5(namespaces[it.coll.Name], key).String()
	} else {
		meta.ID = l.placeID(it)
	}
	it.id = meta.ID
}

// identityKey is the text the contract makes the id of, when there is one.
func (it *item) identityKey() (string, bool) {
	if it.coll.CacheKey == nil {
		if it.coll.EndpointKey == "" {
			return "", false
		}
		key, ok := it.raw[it.coll.EndpointKey].(string)
		return key, ok
	}
	// The second part is the workspace: none is named in a file.
	var b strings.Builder
	b.WriteString(it.coll.Name + ":*")
	for _, name := range it.coll.CacheKey {
		part, ok := it.keyPart(name)
		if !ok {
			return "", false
		}
		b.WriteByte(':')
		b.WriteString(part)
	}
	// Kong's key of a plugin predates consumer groups; without this part the
	// same plugin in two groups would be one.
	if it.coll.Name == "plugins" {
		if group, _ := it.keyPart("consumer_group"); group != "" {
			b.WriteByte(':')
			b.WriteString(group)
		}
	}
	return b.String(), true
}

func (it *item) keyPart(name string) (part string, ok bool) {
	if it.parentField != nil && it.parentField.Name == name {
		return it.parent.id, true
	}
	switch v := it.raw[name].(type) {
	case string:
		return v, true
	case map[string]any:
		for _, key := range []string{"id", "name", "username"} {
			if s, isText := v[key].(string); isText {
				return s, true
			}
		}
	}
	f, known := it.coll.Record.Field(name)
	return "", known && !f.Required && f.Auto == ""
}

// placeID makes an id of parent and content.
func (l *loader) placeID(it *item) string {
	b := l.scratch[:0]
	if it.parent != nil {
		b = append(b, it.parent.id...)
	}
	for _, r := range it.refs {
		b = append(append(b, 0), r.field.Name...)
		b = append(schema.AppendJSON(append(b, '='), r.value), 0)
	}
	b = schema.AppendContent(append(b, '|'), it.entity)
	l.scratch = b
	u := uuid5(namespaces[it.coll.Name], string(b))
	if n := l.twins[u]; n > 0 {
		l.twins[u]++
		return uuid5(u, strconv.Itoa(n)).String()
	}
	l.twins[u] = 1
	return u.String()
}
