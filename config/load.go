package config

import (
	"crypto/rand"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-gateway/sluice/schema"
)

// PluginSchema is what loading has to know of a plugin.
type PluginSchema struct {
	// Record is the schema of the plugin's config; the entity's Config will
	// be a pointer to the record's type.
	Record *schema.Record
	// Protocols is the default of the entity's protocols; nil is grpc, grpcs,
	// http, https.
	Protocols []string
	// NoRoute, NoService, NoConsumer and NoConsumerGroup say to what an
	// instance may not be limited.
	NoRoute, NoService, NoConsumer, NoConsumerGroup bool
}

// Options are what loading asks for.
type Options struct {
	// Plugin finds the schema of a plugin that is there; nil knows none. It is
	// called by several goroutines at once.
	Plugin func(name string) (PluginSchema, bool)
	// Vaults resolve the references of a document, so that those that lead
	// nowhere are warned of; nil does without.
	Vaults func(d *Document) *Vaults
	// Now is the time for created_at, updated_at and expired certificates;
	// nil is the clock.
	Now func() time.Time
	// NewID makes random version 4 UUIDs; nil makes them.
	NewID func() string
	// File is set for files from disk: keys that only decK knows are
	// honoured. Without it they are unknown fields.
	File bool
	// Thorough goes on with the checks between entities when some entity is
	// wrong by itself: DocumentError.Problems then has what can be found of
	// both stages. It is for checks on the command line.
	Thorough bool
	// Restored is set for a document that ran before and was kept as Encode
	// gives it: the times of changes stay, and certificates of CAs that have
	// expired since then do not keep the rest from running.
	Restored bool
}

func (o *Options) fill() {
	if o.Plugin == nil {
		o.Plugin = func(string) (PluginSchema, bool) { return PluginSchema{}, false }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = NewID
	}
}

// NewID makes a random version 4 UUID.
func NewID() string {
	var u uuidBytes
	_, _ = rand.Read(u[:]) // never fails
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return u.String()
}

// Load makes a document of a tree of plain values, as Parse gives it. The tree
// is not changed. A document that is not valid gives a *DocumentError with all
// that is wrong; the checks between entities run once each entity is right.
func Load(tree any, o Options) (*Document, error) {
	o.fill()
	root, ok := tree.(map[string]any)
	if !ok {
		return nil, ParseFailed("expected an object")
	}
	l := &loader{o: o, doc: &Document{}, now: o.Now(), twins: map[uuidBytes]int{}}
	l.document(root)
	if l.errs.Empty() {
		l.link()
	} else if o.Thorough {
		l.linkBroken()
	}
	if !l.errs.Empty() {
		return nil, &DocumentError{errs: &l.errs, items: l.items, problems: l.problems}
	}
	l.finish()
	return l.doc, nil
}

// loader is one run of Load.
type loader struct {
	o    Options
	doc  *Document
	now  time.Time
	errs schema.Errors
	// problems replace errs where a message's place in errs is not where it
	// stands in the document.
	problems []Problem
	items    []*item
	deck     deckInfo
	old      bool // format 1.1 or 2.1
	twins    map[uuidBytes]int
	scratch  []byte
}

// item is an entity on its way from the tree to the document.
type item struct {
	coll        *Collection
	raw         map[string]any
	entity      any // nil when it is no record at all
	errs        *schema.Errors
	nested      [][]item
	id          string
	parent      *item
	parentField *schema.Field // the field that points to parent
	key         string        // the key of the list it stands in
	index       int           // and its place there
	refs        []reference
	linkErrs    []linkError
}

// reference is a foreign field still to be resolved.
type reference struct {
	field *schema.Field
	value any
}

// linkError is a problem with an item that became known when it met others.
type linkError struct {
	field, message string // field "" is the item itself
}

// node is the item's place in the tree of errors, made if need be.
func (l *loader) node(it *item) *schema.Errors {
	at := &l.errs
	if it.parent != nil {
		at = l.node(it.parent)
	}
	return at.Field(it.key).Index(it.index)
}

// path is the item's place in the document.
func (it *item) path() string {
	p := it.key + "[" + strconv.Itoa(it.index) + "]"
	if it.parent != nil {
		return it.parent.path() + "." + p
	}
	return p
}

func (l *loader) document(root map[string]any) {
	l.header(root)
	for _, c := range collections {
		if v, there := root[c.Name]; there {
			l.list(c, v)
		}
	}
	for name, v := range root {
		if _, known := collectionByName[name]; !known {
			l.topKey(name, v)
		}
	}
}

// formats are the versions there are; Kong lists them in this order.
var formats = []string{"1.1", "2.1", "3.0"}

func (l *loader) header(root map[string]any) {
	switch v := root["_format_version"].(type) {
	case nil:
		l.errs.Field("_format_version").Fail(schema.MsgRequired)
	case string:
		if !slices.Contains(formats, v) {
			l.errs.Field("_format_version").Fail("expected one of: " + strings.Join(formats, ", "))
		}
		l.old = v != "3.0"
	default:
		l.errs.Field("_format_version").Fail("expected a string")
	}
	if l.o.File {
		l.readDeck(root)
	}
}

// topKey deals with a key of the document that is no collection.
func (l *loader) topKey(name string, v any) {
	at := func(msg string) { l.errs.Field(name).Fail(msg) }
	switch name {
	case "_format_version":
	case "_transform":
		if _, ok := v.(bool); !ok && v != nil {
			at("expected a boolean")
		}
	case "_comment", "_ignore":
		if msg := checkAside(name, v); msg != "" {
			at(msg)
		}
	case "workspaces":
		l.workspaces(v)
	default:
		sentence, known := refuseCollection(name)
		switch {
		case known && !emptyList(v):
			at(sentence)
		case !known && (!l.o.File || !deckKeys[name]):
			at(schema.MsgUnknown)
		}
	}
}

// checkAside checks the keys that any entity may have for remarks.
func checkAside(name string, v any) string {
	if v == nil {
		return ""
	}
	if _, isText := v.(string); name == "_comment" && !isText {
		return "expected a string"
	}
	if _, isList := v.([]any); name == "_ignore" && !isList {
		return "expected an array"
	}
	return ""
}

func emptyList(v any) bool {
	list, isList := v.([]any)
	m, isMap := v.(map[string]any)
	return v == nil || isList && len(list) == 0 || isMap && len(m) == 0
}

// workspaces accepts the one there is.
func (l *loader) workspaces(v any) {
	list, ok := v.([]any)
	if !ok && v != nil {
		l.errs.Field("workspaces").Fail("expected an array")
		return
	}
	for i, w := range list {
		m, isMap := w.(map[string]any)
		if !isMap || m["name"] != "default" {
			l.errs.Field("workspaces").Index(i).Fail("workspaces other than default are not supported yet: leave it out")
		}
	}
}

// list decodes the entities of one list of the document.
func (l *loader) list(c *Collection, v any) {
	list, ok := v.([]any)
	if !ok {
		if !emptyList(v) {
			l.errs.Field(c.Name).Fail("expected an array")
		}
		return
	}
	block := l.decodeAll(c, list)
	for i := range block {
		l.take(&block[i])
	}
}

// take adds a decoded item and those nested in it to the document.
func (l *loader) take(it *item) {
	if it.entity != nil {
		l.items = append(l.items, it)
		l.o.chooseKey(it.entity)
		l.identify(it)
	}
	if !it.errs.Empty() {
		l.node(it).Merge(it.errs)
	}
	for _, block := range it.nested {
		for i := range block {
			l.take(&block[i])
		}
	}
}

// finish puts the items into the document.
func (l *loader) finish() {
	now := float64(l.now.Unix())
	fine := float64(l.now.UnixMilli()) / 1000
	for _, it := range l.items {
		if m := MetaOf(it.entity); m != nil {
			t := now
			if it.coll.Name == "targets" {
				t = fine
			}
			if m.CreatedAt == 0 {
				m.CreatedAt = t
			}
			if !l.o.Restored || m.UpdatedAt == 0 {
				m.UpdatedAt = t
			}
		}
		l.doc.add(it.coll, it.entity)
	}
	l.doc.members()
	l.doc.Warnings = append(warnings(l.items), l.unresolved()...)
}

// members drops memberships that were declared twice, from either side.
func (d *Document) members() {
	seen := make(map[ConsumerGroupMember]bool, len(d.ConsumerGroupMembers))
	d.ConsumerGroupMembers = slices.DeleteFunc(d.ConsumerGroupMembers, func(m *ConsumerGroupMember) bool {
		twice := seen[*m]
		seen[*m] = true
		return twice
	})
}
