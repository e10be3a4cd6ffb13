package config

import (
	"crypto/md5" //nolint:gosec // the contract's hash of a configuration is MD5
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/sluice-gateway/sluice/schema"
)

// EmptyHash is the hash of no configuration at all.
const EmptyHash = "00000000000000000000000000000000"

// TextHash is the hash of a configuration: the MD5 of its text, in hex.
func TextHash(text []byte) string {
	if len(text) == 0 {
		return EmptyHash
	}
	sum := md5.Sum(text) //nolint:gosec // tells configurations apart, guards nothing
	return hex.EncodeToString(sum[:])
}

// Hash is a hash of what an entity says: equal when two entities configure
// the same, whenever they were made. It is stable across processes.
func Hash(e any) [16]byte {
	var stack [1024]byte
	sum := sha256.Sum256(schema.AppendContent(stack[:0], e))
	return [16]byte(sum[:16])
}

// Encode is the document as a tree of plain values, as GET /config shows it:
// flat collections with ids, times and nulls, references by id, empty
// collections left out. Secrets are masked unless reveal.
func (d *Document) Encode(reveal bool) map[string]any {
	out := map[string]any{"_format_version": "3.0", "_transform": false}
	for _, c := range collections {
		entities := d.Of(c)
		if len(entities) == 0 {
			continue
		}
		list := make([]any, len(entities))
		for i, e := range entities {
			m := schema.Encode(e, reveal).(map[string]any)
			for _, f := range c.foreign {
				if ref, ok := m[f.Name].(map[string]any); ok {
					m[f.Name] = ref["id"]
				}
			}
			list[i] = m
		}
		out[c.Name] = list
	}
	return out
}

// YAML is Encode as YAML text.
func (d *Document) YAML(reveal bool) []byte {
	text, err := yaml.Dump(d.Encode(reveal), yaml.WithLineWidth(-1), yaml.WithQuotePreference(yaml.QuoteDouble))
	if err != nil {
		panic("config: plain values do not encode: " + err.Error())
	}
	return text
}

// Entities is the body of a successful POST /config: collection → id →
// entity. Certificates carry the names of their SNIs.
func (d *Document) Entities(reveal bool) map[string]any {
	out := map[string]any{}
	names := map[string][]any{}
	for _, s := range d.SNIs {
		names[s.Certificate.ID] = append(names[s.Certificate.ID], s.Name)
	}
	for _, c := range collections {
		byID := map[string]any{}
		for _, e := range d.Of(c) {
			m := schema.Encode(e, reveal).(map[string]any)
			if cert, ok := e.(*Certificate); ok {
				m["snis"] = sortedTexts(names[cert.ID])
			}
			byID[keyOf(e)] = m
		}
		if len(byID) > 0 {
			out[c.Name] = byID
		}
	}
	return out
}

func sortedTexts(list []any) []any {
	if list == nil {
		return []any{}
	}
	slices.SortFunc(list, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	return list
}

// keyOf is the primary key of an entity as one text.
func keyOf(e any) string {
	if m, ok := e.(*ConsumerGroupMember); ok {
		return m.ConsumerGroup.ID + ":" + m.Consumer.ID
	}
	return MetaOf(e).ID
}
