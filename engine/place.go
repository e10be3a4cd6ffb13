package engine

import (
	"strings"

	"github.com/sluice-gateway/sluice/config"
)

// placeOf says where a plugin is attached, for messages: "route chat",
// "service openai, consumer bob", or "global".
func placeOf(doc *config.Document, pl *config.Plugin) string {
	var parts []string
	add := func(kind string, f *config.Foreign, name func(id string) string) {
		if f != nil {
			parts = append(parts, kind+" "+nameOf(name(f.ID), f.ID))
		}
	}
	add("route", pl.Route, func(id string) string {
		return nameIn(doc.Routes, func(r *config.Route) (string, string) { return r.ID, r.Name }, id)
	})
	add("service", pl.Service, func(id string) string {
		return nameIn(doc.Services, func(s *config.Service) (string, string) { return s.ID, s.Name }, id)
	})
	add("consumer", pl.Consumer, func(id string) string { return consumerName(doc, id) })
	add("consumer group", pl.ConsumerGroup, func(id string) string {
		return nameIn(doc.ConsumerGroups, func(g *config.ConsumerGroup) (string, string) { return g.ID, g.Name }, id)
	})
	if parts == nil {
		return "global"
	}
	return strings.Join(parts, ", ")
}

func consumerName(doc *config.Document, id string) string {
	return nameIn(doc.Consumers, func(c *config.Consumer) (string, string) { return c.ID, c.Username }, id)
}

// nameIn is the name of the entity with an id, "" when it has none.
func nameIn[E any](list []E, of func(E) (id, name string), id string) string {
	for _, e := range list {
		if own, name := of(e); own == id {
			return name
		}
	}
	return ""
}
