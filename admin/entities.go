package admin

import (
	"net/http"

	"github.com/sluice-gateway/sluice/config"
)

// Entities are read and written in a later version. Until then their paths
// are known: a write is told that there is no database, as the contract has
// it for declarative configurations, and a read is told where to look.

// paths are the names of collections in paths, where they are not those in
// documents. Memberships have no path of their own.
var paths = map[string]string{"keyauth_credentials": "key-auths", "consumer_group_consumers": ""}

// nestedPaths are the names below a parent, where they differ again.
var nestedPaths = map[string]string{"keyauth_credentials": "key-auth"}

func pathOf(c *config.Collection) string {
	if p, differs := paths[c.Name]; differs {
		return p
	}
	return c.Name
}

func nestedPathOf(c *config.Collection) string {
	if p, differs := nestedPaths[c.Name]; differs {
		return p
	}
	return pathOf(c)
}

func (f *front) entityEndpoints() []endpoint {
	var list []endpoint
	for _, c := range config.Collections() {
		if p := pathOf(c); p != "" {
			list = append(list, collectionEndpoints("/"+p, c)...)
		}
		for _, field := range c.Record.Fields {
			parent, ok := config.CollectionOf(field.Reference)
			if !ok || nestedPathOf(c) == "" {
				continue
			}
			base := "/" + pathOf(parent) + "/{" + parent.Name + "}/" + nestedPathOf(c)
			list = append(list, collectionEndpoints(base, c)...)
		}
	}
	groups, _ := config.CollectionOf("consumer_groups")
	consumers, _ := config.CollectionOf("consumers")
	list = append(list, collectionEndpoints("/consumer_groups/{consumer_groups}/consumers", consumers)...)
	return append(list, collectionEndpoints("/consumers/{consumers}/consumer_groups", groups)...)
}

// collectionEndpoints are a collection and its entities below base.
func collectionEndpoints(base string, c *config.Collection) []endpoint {
	read := func(*request) answer {
		return message(http.StatusNotImplemented, "reading '"+c.Name+"' is not supported yet: GET /config shows the whole configuration")
	}
	write := func(verb string) handler {
		return func(*request) answer { return unsupported(verb, c.Name) }
	}
	// Kong names the part after the collection; below a parent of the same
	// kind that would be one name for two things.
	return []endpoint{
		{base, methods{http.MethodGet: read, http.MethodPost: write("create")}},
		{base + "/{" + c.Name + "}", methods{
			http.MethodGet: read, http.MethodPatch: write("update"),
			http.MethodPut: write("create or update"), http.MethodDelete: write("remove"),
		}},
	}
}
