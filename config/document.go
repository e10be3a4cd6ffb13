package config

import (
	"reflect"
	"slices"

	"github.com/sluice-gateway/sluice/schema"
)

// DefaultWorkspaceID is the id of the only workspace, called default.
const DefaultWorkspaceID = "0dc6f45b-8f8d-40d2-a504-473544ee190b"

// Problem is one thing that is wrong, or odd, with its place.
type Problem = schema.Problem

// Document is a desired state: flat lists of entities in the order of their
// declaration, every reference resolved to an id. It and its entities must
// not be changed once loaded.
type Document struct {
	Services             []*Service
	Routes               []*Route
	Consumers            []*Consumer
	ConsumerGroups       []*ConsumerGroup
	ConsumerGroupMembers []*ConsumerGroupMember
	Plugins              []*Plugin
	Upstreams            []*Upstream
	Targets              []*Target
	Certificates         []*Certificate
	SNIs                 []*SNI
	CACertificates       []*CACertificate
	Vaults               []*Vault
	KeyAuthCredentials   []*KeyAuthCredential
	ACLs                 []*ACL

	// Warnings are about what is legal and yet does nothing, or hardly what was
	// meant.
	Warnings []Problem
}

// Collection describes one list of entities.
type Collection struct {
	// Name is the key in documents, e.g. services.
	Name string
	// Singular is the entity's name in flattened errors, e.g. service.
	Singular string
	// EndpointKey is the unique field an entity can be addressed by, "" when
	// there is only the id.
	EndpointKey string
	// CacheKey are the fields that make an entity's identity where it is not
	// the endpoint key; see IDs in the package's documentation.
	CacheKey []string
	// Unique are fields that together must differ from entity to entity.
	Unique []string
	// Record is the schema of the entity.
	Record *schema.Record

	foreign  []*schema.Field
	children []child
	uniques  []*schema.Field // unique fields other than the endpoint key
	list     func(d *Document) reflect.Value
	newAny   func() any
}

// child is a collection that may be nested in another one.
type child struct {
	coll  *Collection
	field *schema.Field
}

// collections in the order in which documents are read and written.
var collections = makeCollections()

var collectionByName = func() map[string]*Collection {
	m := make(map[string]*Collection, len(collections))
	for _, c := range collections {
		m[c.Name] = c
	}
	return m
}()

// Collections lists all collections in the order of documents.
func Collections() []*Collection { return slices.Clone(collections) }

// CollectionOf finds a collection by its name in documents.
func CollectionOf(name string) (*Collection, bool) {
	c, ok := collectionByName[name]
	return c, ok
}

func makeCollections() []*Collection {
	all := []*Collection{
		collection[CACertificate]("ca_certificates", "ca_certificate", "", func(d *Document) any { return &d.CACertificates }),
		collection[Certificate]("certificates", "certificate", "", func(d *Document) any { return &d.Certificates }),
		collection[SNI]("snis", "sni", "name", func(d *Document) any { return &d.SNIs }),
		collection[Vault]("vaults", "vault", "prefix", func(d *Document) any { return &d.Vaults }),
		collection[Upstream]("upstreams", "upstream", "name", func(d *Document) any { return &d.Upstreams }),
		collection[Target]("targets", "target", "", func(d *Document) any { return &d.Targets }),
		collection[Service]("services", "service", "name", func(d *Document) any { return &d.Services }),
		collection[Route]("routes", "route", "name", func(d *Document) any { return &d.Routes }),
		collection[Consumer]("consumers", "consumer", "username", func(d *Document) any { return &d.Consumers }),
		collection[ConsumerGroup]("consumer_groups", "consumer_group", "name", func(d *Document) any { return &d.ConsumerGroups }),
		collection[ConsumerGroupMember]("consumer_group_consumers", "consumer_group_consumer", "",
			func(d *Document) any { return &d.ConsumerGroupMembers }),
		collection[KeyAuthCredential]("keyauth_credentials", "keyauth_credential", "key",
			func(d *Document) any { return &d.KeyAuthCredentials }),
		collection[ACL]("acls", "acl", "", func(d *Document) any { return &d.ACLs }),
		collection[Plugin]("plugins", "plugin", "instance_name", func(d *Document) any { return &d.Plugins }),
	}
	identities(all)
	for _, parent := range all {
		for _, c := range all {
			for _, f := range c.foreign {
				if f.Reference == parent.Name {
					parent.children = append(parent.children, child{c, f})
				}
			}
		}
	}
	return all
}

// identities notes what makes an entity the same entity where it is more than
// a name.
func identities(all []*Collection) {
	for _, c := range all {
		switch c.Name {
		case "plugins":
			c.CacheKey = []string{"name", "route", "service", "consumer"}
			c.Unique = []string{"name", "route", "service", "consumer", "consumer_group"}
		case "targets":
			c.CacheKey = []string{"upstream", "target"}
			c.Unique = c.CacheKey
		case "acls":
			c.CacheKey = []string{"consumer", "group"}
			c.Unique = c.CacheKey
		case "vaults":
			c.CacheKey = []string{"prefix"}
		case "keyauth_credentials":
			c.CacheKey = []string{"key"}
		}
	}
}

func collection[T any](name, singular, endpointKey string, list func(d *Document) any) *Collection {
	c := &Collection{Name: name, Singular: singular, EndpointKey: endpointKey, Record: schema.For[T]()}
	c.newAny = func() any { return new(T) }
	c.list = func(d *Document) reflect.Value { return reflect.ValueOf(list(d)).Elem() }
	for _, f := range c.Record.Fields {
		if f.Kind == schema.Foreign {
			c.foreign = append(c.foreign, f)
		}
		if f.Unique && f.Name != endpointKey {
			c.uniques = append(c.uniques, f)
		}
	}
	return c
}

// entity is what all entities with an id can do.
type entity interface{ base() *Meta }

func (m *Meta) base() *Meta { return m }

// MetaOf gives the common part of an entity, nil for memberships.
func MetaOf(e any) *Meta {
	if m, ok := e.(entity); ok {
		return m.base()
	}
	return nil
}

// Of lists the entities of a collection, as pointers.
func (d *Document) Of(c *Collection) []any {
	list := c.list(d)
	out := make([]any, list.Len())
	for i := range out {
		out[i] = list.Index(i).Interface()
	}
	return out
}

// add appends an entity, a pointer, to its list.
func (d *Document) add(c *Collection, e any) {
	switch e := e.(type) {
	case *Service:
		d.Services = append(d.Services, e)
	case *Route:
		d.Routes = append(d.Routes, e)
	case *Plugin:
		d.Plugins = append(d.Plugins, e)
	default:
		list := c.list(d)
		list.Set(reflect.Append(list, reflect.ValueOf(e)))
	}
}

// Empty tells whether there is no entity at all.
func (d *Document) Empty() bool {
	return !slices.ContainsFunc(collections, func(c *Collection) bool { return c.list(d).Len() > 0 })
}

// notYet are collections of the contract that are not supported yet.
var notYet = map[string]string{ //nolint:gosec // names of collections, no secrets
	"basicauth_credentials":      "basic-auth",
	"jwt_secrets":                "jwt",
	"hmacauth_credentials":       "hmac-auth",
	"oauth2_credentials":         "oauth2",
	"oauth2_tokens":              "oauth2",
	"oauth2_authorization_codes": "oauth2",
	"mtls_auth_credentials":      "mtls-auth",
	"keys":                       "",
	"key_sets":                   "",
	"partials":                   "",
	"filter_chains":              "",
	"licenses":                   "",
	"rbac_roles":                 "",
	"rbac_endpoint_permissions":  "",
	"custom_plugins":             "",
	"degraphql_routes":           "",
}

// refuseCollection is the sentence for a collection that is not supported.
func refuseCollection(name string) (string, bool) {
	plugin, known := notYet[name]
	switch {
	case !known:
		return "", false
	case plugin != "":
		return "'" + name + "' are not supported yet (they belong to the plugin " + plugin + "): leave them out", true
	}
	return "'" + name + "' are not supported yet: leave them out", true
}
