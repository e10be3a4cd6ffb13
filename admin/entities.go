package admin

import (
	"net/http"

	"github.com/sluice-gateway/sluice/config"
)

// Entities are read and written in a later version. Until then their paths
// are known: a write is told that there is no database, as the contract has
// it for declarative configurations, and a read is told where to look.

// pathOf is a collection's name in paths, "" when it has no path of its own:
// memberships, and targets, which live below their upstream only.
func pathOf(c *config.Collection) string {
	switch c.Name {
	case "keyauth_credentials":
		return "key-auths"
	case "consumer_group_consumers", "targets":
		return ""
	}
	return c.Name
}

// nestedPathOf is its name below a parent.
func nestedPathOf(c *config.Collection) string {
	switch c.Name {
	case "keyauth_credentials":
		return "key-auth"
	case "consumer_group_consumers":
		return ""
	}
	return c.Name
}

func (f *front) entityEndpoints() []endpoint {
	var list []endpoint
	for _, c := range config.Collections() {
		if p := pathOf(c); p != "" {
			list = append(list, collectionEndpoints("/"+p, c)...)
		}
		list = append(list, relatedEndpoints(c)...)
	}
	groups, _ := config.CollectionOf("consumer_groups")
	consumers, _ := config.CollectionOf("consumers")
	list = append(list, collectionEndpoints("/consumer_groups/{consumer_groups}/consumers", consumers)...)
	return append(list, collectionEndpoints("/consumers/{consumers}/consumer_groups", groups)...)
}

// relatedEndpoints are the collection below each of its parents, and the
// parents below its entities.
func relatedEndpoints(c *config.Collection) []endpoint {
	var list []endpoint
	done := map[string]bool{}
	for _, field := range c.Record.Fields {
		parent, ok := config.CollectionOf(field.Reference)
		if !ok || nestedPathOf(c) == "" {
			continue
		}
		if !done[parent.Name] {
			done[parent.Name] = true
			list = append(list, collectionEndpoints("/"+pathOf(parent)+"/{"+parent.Name+"}/"+nestedPathOf(c), c)...)
		}
		if p := pathOf(c); p != "" && c.Name != "snis" {
			list = append(list, endpoint{"/" + p + "/{" + c.Name + "}/" + field.Name, methods{
				http.MethodGet: readLater(parent), http.MethodPatch: refuse("update", parent),
				http.MethodPut: refuse("create or update", parent),
			}})
		}
	}
	return list
}

// collectionEndpoints are a collection and its entities below base.
func collectionEndpoints(base string, c *config.Collection) []endpoint {
	return []endpoint{
		{base, methods{http.MethodGet: readLater(c), http.MethodPost: refuse("create", c)}},
		{base + "/{" + c.Name + "}", methods{
			http.MethodGet: readLater(c), http.MethodPatch: refuse("update", c),
			http.MethodPut: refuse("create or update", c), http.MethodDelete: refuse("remove", c),
		}},
	}
}

func readLater(c *config.Collection) handler {
	return func(*request) answer {
		return message(http.StatusNotImplemented,
			"reading '"+c.Name+"' entities is not supported yet: GET /config shows the whole configuration")
	}
}

func refuse(verb string, c *config.Collection) handler {
	return func(*request) answer { return unsupported(verb, c.Name) }
}
