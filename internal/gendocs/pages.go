package main

import (
	"fmt"
	"strings"

	"github.com/sluice-gateway/sluice/app"
	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/schema"
	"github.com/sluice-gateway/sluice/settings"
)

// mark stands at the top of every page.
const mark = "<!-- Written by gendocs from the source: change the comments and tags there, then run make generate. -->\n\n"

// pages makes the files of the folder, by their name in it.
func pages(c *comments) (map[string][]byte, error) {
	out := map[string][]byte{}
	registry := app.Plugins()
	for _, p := range []struct {
		name string
		make func() (string, error)
	}{
		{"README.md", func() (string, error) { return contents(registry), nil }},
		{"entities.md", func() (string, error) { return entities(c) }},
		{"settings.md", func() (string, error) { return settingsPage(c) }},
		{"metrics.md", func() (string, error) { return metricsPage(c) }},
		{"translation.md", translationPage},
		{"schema/config.schema.json", func() (string, error) { return documentSchema(c, registry) }},
	} {
		text, err := p.make()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		out[p.name] = []byte(text)
	}
	for _, d := range registry.All() {
		text, err := pluginPage(c, d)
		if err != nil {
			return nil, fmt.Errorf("plugin %s: %w", d.Name, err)
		}
		out["plugins/"+d.Name+".md"] = []byte(text)
	}
	return out, nil
}

func contents(registry *plugin.Registry) string {
	var b strings.Builder
	b.WriteString(mark)
	b.WriteString("# Reference\n\n")
	b.WriteString("- [Entities](entities.md): what a declarative document is made of\n")
	b.WriteString("- [Settings](settings.md): the keys of the settings file\n")
	b.WriteString("- [Metrics](metrics.md): what `/metrics` shows\n")
	b.WriteString("- [Translation](translation.md): what formats of models keep of each other\n")
	b.WriteString("- [config.schema.json](schema/config.schema.json): the JSON schema of the declarative document, for editors\n")
	b.WriteString("\nPlugins:\n\n| Plugin | Priority |\n|---|---|\n")
	for _, d := range registry.All() {
		fmt.Fprintf(&b, "| [%s](plugins/%s.md) | %d |\n", d.Name, d.Name, d.Priority)
	}
	return b.String()
}

func entities(c *comments) (string, error) {
	var b strings.Builder
	b.WriteString(mark)
	b.WriteString("# Entities\n\n")
	b.WriteString("The lists of a declarative document. An unknown field is an error; `null` means the default. " +
		"A default of `made` is filled in by the gateway.\n")
	for _, coll := range config.Collections() {
		if err := entity(&b, c, coll); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

func entity(b *strings.Builder, c *comments, coll *config.Collection) error {
	doc, err := c.ofType(coll.Record.Type)
	if err != nil {
		return err
	}
	_, is, _ := strings.Cut(doc, " ")
	fmt.Fprintf(b, "\n## %s\n\n%s %s\n\n", coll.Name, code(coll.Singular), escape(is))
	b.WriteString(addressed(coll))
	for _, s := range coll.Record.Shorthands {
		fmt.Fprintf(b, "`%s` (%s) is taken as input only and turned into other fields.\n\n", s.Name, s.Type)
	}
	list, err := c.rows(coll.Record)
	if err != nil {
		return err
	}
	if err := table(b, list); err != nil {
		return err
	}
	if coll.Record.Type == schema.For[config.Vault]().Type {
		return vaultConfig(b, c)
	}
	return nil
}

// addressed says by what an entity is referred to, and what may be nested in it.
func addressed(coll *config.Collection) string {
	var parts []string
	if coll.EndpointKey != "" {
		parts = append(parts, "Referred to by `"+coll.EndpointKey+"` or `id`.")
	}
	if len(coll.Unique) > 0 {
		parts = append(parts, "No two may be equal in "+codes(coll.Unique)+".")
	}
	var nest []string
	for _, child := range children(coll) {
		nest = append(nest, child.Name)
	}
	if len(nest) > 0 {
		parts = append(parts, "May hold "+codes(nest)+".")
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, " ") + "\n\n"
}

// children are the collections that may be nested in one.
func children(parent *config.Collection) []*config.Collection {
	var out []*config.Collection
	for _, coll := range config.Collections() {
		for _, f := range coll.Record.Fields {
			if f.Kind == schema.Foreign && f.Reference == parent.Name {
				out = append(out, coll)
				break
			}
		}
	}
	return out
}

func vaultConfig(b *strings.Builder, c *comments) error {
	b.WriteString("\n### config of a vault env\n\n")
	list, err := c.rows(schema.For[config.EnvVault]())
	if err != nil {
		return err
	}
	return table(b, list)
}

func pluginPage(c *comments, d *plugin.Definition) (string, error) {
	var b strings.Builder
	b.WriteString(mark)
	doc, err := c.ofType(d.ConfigType)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(&b, "# %s\n\nWhat the plugin does: [README](../../../plugins/%s/README.md).\n\n", d.Name, folder(d.Name))
	fmt.Fprintf(&b, "- Priority: %d\n- Protocols: %s\n- Scopes: %s\n\n## Config\n\n", d.Priority, codes(protocols(d)), scopes(d.Scope))
	// The first sentence only says whose config it is.
	if _, more, ok := strings.Cut(doc, ". "); ok {
		b.WriteString(escape(more) + "\n\n")
	}
	list, err := c.rows(d.Config)
	if err != nil {
		return "", err
	}
	if err := table(&b, list); err != nil {
		return "", err
	}
	return b.String(), nil
}

// folder of a plugin: its name without hyphens.
func folder(name string) string { return strings.ReplaceAll(name, "-", "") }

// protocols an instance runs for when it does not say.
func protocols(d *plugin.Definition) []string {
	if d.Protocols != nil {
		return d.Protocols
	}
	f, _ := schema.For[config.Plugin]().Field("protocols")
	var out []string
	for _, p := range f.Default.([]any) {
		out = append(out, p.(string))
	}
	return out
}

func scopes(s plugin.Scope) string {
	out := []string{"global"}
	for _, p := range []struct {
		no   bool
		name string
	}{{s.NoRoute, "route"}, {s.NoService, "service"}, {s.NoConsumer, "consumer"}, {s.NoConsumerGroup, "consumer group"}} {
		if !p.no {
			out = append(out, p.name)
		}
	}
	return strings.Join(out, ", ")
}

func settingsPage(c *comments) (string, error) {
	docs, err := c.ofSettings()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(mark)
	b.WriteString("# Settings\n\nIn the settings file a line is `key = value`. The variables `KONG_<KEY>` and `SLUICE_<KEY>`, " +
		"in upper case, win over the file, `SLUICE_` over `KONG_`. Any value may be a reference such as " +
		"`{vault://env/name}`.\n\nThe file is the one named with `-c`, or the first of " + codes(settings.Search()) + ".\n\n" +
		"| Key | Type | Default | Accepts | What it is |\n|---|---|---|---|---|\n")
	for _, f := range settings.Fields() {
		if docs[f.Name] == "" {
			return "", fmt.Errorf("the setting %s has no comment", f.Key)
		}
		line(&b, code(f.Key), f.Type, codeOr(f.Default), accepts(&f), docs[f.Name])
	}
	foreignKeys(&b)
	return b.String(), nil
}

// foreignKeys are the tables of Kong's keys that are no settings here.
func foreignKeys(b *strings.Builder) {
	b.WriteString("\n## Keys of Kong that stop the start\n\nThey ask for something this version does not have. `*` stands for any ending.\n\n" +
		"| Key | Accepted all the same | What the start says |\n|---|---|---|\n")
	for _, k := range settings.ForeignKeys() {
		if k.Refuse != "" {
			line(b, code(k.Key), codes(k.Fine), k.Refuse)
		}
	}
	b.WriteString("\n## Keys of Kong without effect\n\nThey change nothing that a caller could notice, and are named in one warning at start, " +
		"unless their value asks for what is done anyway. So are keys that nobody knows.\n\n" +
		"| Key | Not even named when it is |\n|---|---|\n")
	for _, k := range settings.ForeignKeys() {
		switch {
		case k.Refuse != "":
		case len(k.Fine) == 1 && k.Fine[0] == "*":
			line(b, code(k.Key), "anything")
		default:
			line(b, code(k.Key), codes(k.Fine))
		}
	}
}

func codeOr(s string) string {
	if s == "" {
		return ""
	}
	return code(s)
}

func accepts(f *settings.Field) string {
	var out []string
	if len(f.Enum) > 0 {
		out = append(out, codes(f.Enum))
	}
	if f.Between != nil {
		out = append(out, number(f.Between[0])+" to "+number(f.Between[1]))
	}
	if f.Secret {
		out = append(out, "secret")
	}
	if len(f.Aliases) > 0 {
		out = append(out, "also as "+codes(f.Aliases))
	}
	return strings.Join(out, "; ")
}

// table writes fields, and below them those that are refused.
func table(b *strings.Builder, list []row) error {
	b.WriteString("| Field | Type | Default | Rules | What it is |\n|---|---|---|---|---|\n")
	var refused []row
	for _, r := range list {
		if r.field.Refuse != "" {
			refused = append(refused, r)
			continue
		}
		text, err := rules(r.field)
		if err != nil {
			return fmt.Errorf("%s: %w", r.path, err)
		}
		line(b, code(r.path), typeOf(r.field), defaultOf(r.field), text, r.doc)
	}
	if len(refused) == 0 {
		return nil
	}
	b.WriteString("\nKnown, and refused for now when it is set to anything but `null` or its default:\n\n" +
		"| Field | Type | Default | The error |\n|---|---|---|---|\n")
	for _, r := range refused {
		line(b, code(r.path), typeOf(r.field), defaultOf(r.field), r.field.Refuse)
	}
	return nil
}

// line writes a row of a table.
func line(b *strings.Builder, cells ...string) {
	for _, s := range cells {
		b.WriteString("| " + escape(s) + " ")
	}
	b.WriteString("|\n")
}

// escape keeps a text from being taken for Markdown. Text between backticks
// is left alone but for the bars of tables.
func escape(s string) string {
	parts := strings.Split(s, "`")
	for i := range parts {
		parts[i] = strings.ReplaceAll(parts[i], "|", `\|`)
		if i%2 == 0 {
			parts[i] = strings.NewReplacer("<", "&lt;", "*", `\*`, "_", `\_`).Replace(parts[i])
		}
	}
	return strings.Join(parts, "`")
}
