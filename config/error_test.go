package config

import (
	"errors"
	"testing"

	"github.com/sluice-gateway/sluice/schema"
)

func documentError(t *testing.T, text string) *DocumentError {
	t.Helper()
	_, err := load(t, text, false)
	de, ok := errors.AsType[*DocumentError](err)
	if !ok {
		t.Fatalf("%v is no document error", err)
	}
	return de
}

// TestErrorShapes holds the examples of the contract.
func TestErrorShapes(t *testing.T) {
	for _, c := range []struct{ text, fields string }{
		{head + "services: [{}]", `{"services":[{"host":"required field missing"}]}`},
		{
			head + "services: [{name: x, host: h}, {name: x, host: h}]",
			`{"services":[null,"uniqueness violation: 'services' entity with name set to 'x' already declared"]}`,
		},
		{
			head + "consumers: [{username: foo, custom_id: conflict}, {username: bar, custom_id: conflict}]",
			`{"consumers":{"bar":"uniqueness violation: 'consumers' entity with custom_id set to 'conflict' already declared"}}`,
		},
		{"scalar", `{"error":"failed parsing declarative configuration: expected an object"}`},
		{
			head + "routes: [{paths: [/]}, {name: r}]",
			`{"routes":[null,{"@entity":["must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https'"]}]}`,
		},
	} {
		if got := string(schema.AppendJSON(nil, documentError(t, c.text).Fields())); got != c.fields {
			t.Errorf("%s\n got %s\nwant %s", c.text, got, c.fields)
		}
	}
	e := documentError(t, head+"services: [{port: 99999}]")
	if want := `declarative config is invalid: {services={{host="required field missing",port="value should be between 0 and 65535"}}}`; e.Message() != want {
		t.Errorf("got %s", e.Message())
	}
	if want := "error parsing declarative config file /x.yml:\nin 'services':\n  - in entry 1 of 'services':\n" +
		"    in 'host': required field missing\n    in 'port': value should be between 0 and 65535"; e.Startup("/x.yml") != want {
		t.Errorf("got %s", e.Startup("/x.yml"))
	}
}

func TestProblems(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{
			"routes: [{paths: [/1]}, {paths: [/2]}, {paths: [/3], plugins: [{name: guard, config: {window: 0}}]}]",
			"routes[2].plugins[0].config.window: value should be between 1 and 60",
		},
		{
			"services: [{host: h, routes: [{paths: [/]}, {paths: [/], name: x}]}]\nroutes: [{name: r, paths: [/], service: nope}]",
			"routes[0].service: invalid reference 'service: nope' (no such entry in 'services')",
		},
		{
			"consumers: [{username: foo, custom_id: c}, {username: bar, custom_id: c}]",
			"consumers[1].custom_id: uniqueness violation: 'consumers' entity with custom_id set to 'c' already declared",
		},
	} {
		got := documentError(t, head+c.text).Problems()
		if len(got) != 1 || got[0].String() != c.want {
			t.Errorf("got  %v\nwant %s", got, c.want)
		}
	}
}

func TestFlattened(t *testing.T) {
	e := documentError(t, `
_format_version: "3.0"
nope: 1
services:
- name: s
  id: 6c4b1f0e-0000-4000-8000-000000000001
  tags: [t]
  host: "h:1"
  plugins: [{name: guard, config: {window: 99, targets: [{}]}}]
  routes: [{name: r}]
`)
	flat, rest := e.Flattened()
	want := `[{"entity":{"host":"h:1","id":"6c4b1f0e-0000-4000-8000-000000000001","name":"s","tags":["t"]},"entity_id":"6c4b1f0e-0000-4000-8000-000000000001",` +
		`"entity_name":"s","entity_tags":["t"],"entity_type":"service","errors":[{"field":"host","message":"must not have a port","type":"field"}]},` +
		`{"entity":{"name":"r","service":{"id":"6c4b1f0e-0000-4000-8000-000000000001"}},"entity_name":"r","entity_type":"route",` +
		`"errors":[{"message":"must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https'","type":"entity"}]},` +
		`{"entity":{"config":{"targets":[{}],"window":99},"name":"guard","service":{"id":"6c4b1f0e-0000-4000-8000-000000000001"}},"entity_name":"guard","entity_type":"plugin",` +
		`"errors":[{"field":"config.targets.1.name","message":"required field missing","type":"field"},{"field":"config.window","message":"value should be between 1 and 60","type":"field"}]}]`
	if got := string(schema.AppendJSON(nil, flat)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := string(schema.AppendJSON(nil, rest)); got != `{"nope":"unknown field"}` {
		t.Errorf("rest: %s", got)
	}
	e = documentError(t, head+"routes: [{name: r, paths: [/], service: nope}]")
	flat, rest = e.Flattened()
	want = `[{"entity":{"name":"r","paths":["/"],"service":"nope"},"entity_name":"r","entity_type":"route","errors":[{"field":"service",` +
		`"message":"invalid reference 'service: nope' (no such entry in 'services')","type":"field"}]}]`
	if got := string(schema.AppendJSON(nil, flat)); got != want || len(rest.(map[string]any)) != 0 {
		t.Errorf("got  %s %v\nwant %s", got, rest, want)
	}
}

func TestDeck(t *testing.T) {
	text := `
_format_version: "3.0"
_info: {select_tags: [team], defaults: {service: {retries: 7, port: 81}, route: {strip_path: false}}}
_konnect: {x: 1}
_workspace: default
_plugin_configs: {strict: {window: 9, targets: [{name: a}]}}
services:
- {name: s, host: h, port: 82, tags: [own], routes: [{name: r, paths: [/]}]}
plugins: [{name: guard, _config: strict, config: {token: x}}]
consumer_groups:
- {name: gold, consumers: [{username: alice}, bob], plugins: [{name: guard, config: {window: 1}}]}
consumers:
- {username: alice, groups: [{name: gold}]}
- {username: bob}
`
	d := mustLoadFile(t, text)
	s := d.Services[0]
	if s.Retries != 7 || s.Port != 82 || len(s.Tags) != 2 || s.Tags[1] != "team" || d.Routes[0].StripPath || d.Routes[0].Tags[0] != "team" {
		t.Errorf("%+v %+v", s, d.Routes[0])
	}
	g := d.Plugins[len(d.Plugins)-1].Config.(*guard)
	if g.Window != 9 || g.Token != "x" || len(g.Targets) != 1 {
		t.Errorf("%+v", g)
	}
	if d.Plugins[0].ConsumerGroup.id() != d.ConsumerGroups[0].ID {
		t.Errorf("%+v", d.Plugins[0])
	}
	if len(d.ConsumerGroupMembers) != 2 {
		t.Errorf("%d memberships", len(d.ConsumerGroupMembers))
	}
	for _, c := range []struct{ text, want string }{
		{"_workspace: other", `{_workspace="workspaces other than default are not supported yet: leave it out"}`},
		{"plugins: [{name: guard, _config: no}]", `{plugins={{_config="no such entry in '_plugin_configs': no",config={window="required field missing"}}}}`},
		{"_info: x", `{_info="expected a record"}`},
		{"consumers: [{username: a, groups: [{name: g}]}]", `{consumer_group_consumers={{"invalid reference 'consumer_group: {\"name\":\"g\"}' (no such entry in 'consumer_groups')"}}}`},
	} {
		_, err := load(t, head+c.text, true)
		if err == nil || err.(*DocumentError).Errors().Table() != c.want {
			t.Errorf("%s\n got %v\nwant %s", c.text, err, c.want)
		}
	}
}
