package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/schema"
)

// keyAuth and guard stand for plugins.
type keyAuth struct {
	KeyNames  []string `json:"key_names" default:"apikey" required:"true" check:"header_name" items:"1,"`
	Hide      bool     `json:"hide_credentials" default:"false"`
	Anonymous string   `json:"anonymous"`
}

type guard struct {
	Window  int      `json:"window" required:"true" between:"1,60"`
	Targets []target `json:"targets"`
	Token   string   `json:"token" ref:"true" secret:"true"`
}

type target struct {
	Name   string `json:"name" required:"true"`
	Weight int    `json:"weight" default:"100"`
}

func (g *guard) Validate(e *schema.Errors) {
	if len(g.Targets) > 2 {
		e.Entity("at most two targets")
	}
}

func testOptions() Options {
	return Options{
		Plugin: func(name string) (PluginSchema, bool) {
			switch name {
			case "key-auth":
				return PluginSchema{Record: schema.For[keyAuth](), NoConsumer: true, NoConsumerGroup: true}, true
			case "guard":
				return PluginSchema{Record: schema.For[guard](), Protocols: []string{"http", "https"}}, true
			}
			return PluginSchema{}, false
		},
		Now: func() time.Time { return time.Unix(1700000000, 123e6) },
	}
}

func load(t *testing.T, text string, file bool) (*Document, error) {
	t.Helper()
	tree, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	o := testOptions()
	o.File = file
	return Load(tree, o)
}

func mustLoad(t *testing.T, text string) *Document {
	t.Helper()
	d, err := load(t, text, false)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func mustLoadFile(t *testing.T, text string) *Document {
	t.Helper()
	d, err := load(t, text, true)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const head = "_format_version: \"3.0\"\n"

// failure is what loading the text says is wrong, in table notation.
func failure(t *testing.T, text string) string {
	t.Helper()
	_, err := load(t, text, false)
	if err == nil {
		return "{}"
	}
	return strings.TrimPrefix(err.Error(), "declarative config is invalid: ")
}

func TestEntityMessages(t *testing.T) {
	s := "services: [{name: s, host: h, "
	r := "routes: [{name: r, "
	for _, c := range []struct{ text, want string }{
		// The example of the message's exact text.
		{"services: [{port: 99999}]", `{services={{host="required field missing",port="value should be between 0 and 65535"}}}`},
		{s + "nope: 1}]", `{services={{nope="unknown field"}}}`},
		{s + "port: x}]", `{services={{port="expected an integer"}}}`},
		{"services: [{name: 'a b', host: h}]", `{services={{name="invalid value 'a b': the only accepted ascii characters are alphanumerics or ., -, _, and ~"}}}`},
		{"services: [{host: 'h:80'}]", `{services={{host="must not have a port"}}}`},
		{s + "path: x}]", `{services={{path="should start with: /"}}}`},
		{s + "tags: ['a,b']}]", "{services={{tags={\"invalid tag 'a,b': expected printable ascii (except `,` and `/`) or valid utf-8 sequences\"}}}}"},
		{s + "protocol: grpc, path: /x}]", `{services={{["@entity"]={"failed conditional validation given value of field 'protocol'"},path="value must be null"}}}`},
		{s + "protocol: http, tls_verify: true}]", `{services={{["@entity"]={"failed conditional validation given value of field 'protocol'"},tls_verify="value must be null"}}}`},
		{s + "protocol: tcp}]", `{services={{protocol="protocol 'tcp' is not supported yet: use http, https, grpc or grpcs"}}}`},
		{s + "protocol: smtp}]", `{services={{protocol="expected one of: grpc, grpcs, http, https, tcp, tls, tls_passthrough, udp, ws, wss"}}}`},
		{s + "id: x}]", `{services={{id="expected a valid UUID"}}}`},

		{r + "}]", `{routes={{["@entity"]={"must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https'"}}}}`},
		{r + "protocols: [http]}]", `{routes={{["@entity"]={"must set one of 'methods', 'hosts', 'headers', 'paths' when 'protocols' is 'http'"}}}}`},
		{r + "protocols: [grpcs]}]", `{routes={{["@entity"]={"must set one of 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'grpcs'"}}}}`},
		{r + "protocols: [grpc]}]", `{routes={{["@entity"]={"must set one of 'hosts', 'headers', 'paths' when 'protocols' is 'grpc'"}}}}`},
		{r + "protocols: []}]", `{routes={{protocols="length must be at least 1"}}}`},
		{r + "protocols: [http, tcp], paths: [/]}]", `{routes={{protocols="these sets are mutually exclusive: ('http', 'https'), ('tcp', 'tls', 'udp')"}}}`},
		{r + "paths: [x]}]", `{routes={{paths={"should start with: / (fixed path) or ~/ (regex path)"}}}}`},
		{r + "paths: [/ok, /a/../b]}]", `{routes={{paths={[2]="non-normalized path, consider use '/b' instead"}}}}`},
		{r + "paths: [/a//b]}]", `{routes={{paths={"must not have empty segments"}}}}`},
		{r + "paths: ['~/(']}]", "{routes={{paths={\"invalid regex: '/(' (PCRE returned: error parsing regexp: missing closing ): `/(`)\"}}}}"},
		{r + "paths: ['~/(?<id>[0-9]+)$']}]", `{}`},
		{r + "hosts: ['*.a.*']}]", `{routes={{hosts={"invalid wildcard: must have at most one wildcard"}}}}`},
		{r + "hosts: [a.*.com]}]", `{routes={{hosts={"invalid wildcard: must be placed at leftmost or rightmost label"}}}}`},
		{r + "hosts: ['*.a.com:8000', a.*]}]", `{}`},
		{r + "headers: {Host: [x]}}]", `{routes={{headers="cannot contain 'host' header, which must be specified in the 'hosts' attribute"}}}`},
		{r + "methods: [get]}]", `{routes={{methods={"invalid value: get"}}}}`},
		{r + "protocols: [http], paths: [/], snis: [a.b]}]", `{routes={{["@entity"]={"'snis' can only be set when 'protocols' is 'grpcs', 'https', 'tls' or 'tls_passthrough'"}}}}`},
		{r + "protocols: [grpc], paths: [/], strip_path: true}]", `{routes={{strip_path="cannot set 'strip_path' when 'protocols' is 'grpc' or 'grpcs'"}}}`},
		{r + "paths: [/], sources: [{port: 1}]}]", `{routes={{sources="cannot set 'sources' when 'protocols' is 'http' or 'https'"}}}`},
		{r + "paths: [/], https_redirect_status_code: 300}]", `{routes={{https_redirect_status_code="expected one of: 426, 301, 302, 307, 308"}}}`},

		{"consumers: [{tags: [a]}]", `{consumers={{["@entity"]={"at least one of these fields must be non-empty: 'custom_id', 'username'"}}}}`},
		{"upstreams: [{name: 1.2.3.4}]", `{upstreams={{name="Invalid name ('1.2.3.4'); no ip addresses allowed"}}}`},
		{"upstreams: [{name: 'a:80'}]", `{upstreams={{name="Invalid name ('a:80'); no port allowed"}}}`},
		{"upstreams: [{name: 'a b'}]", `{upstreams={{name="Invalid name ('a b'); must be a valid hostname"}}}`},
		{"upstreams: [{name: u, hash_on: ip}]", `{upstreams={{hash_on="hash_on 'ip' is not supported yet: leave it out or set it to none"}}}`},
		{"upstreams: [{name: u, algorithm: least-connections}]", `{upstreams={{algorithm="algorithm 'least-connections' is not supported yet: use round-robin"}}}`},
		{"upstreams: [{name: u, hash_on: header}]", `{upstreams={{["@entity"]={"failed conditional validation given value of field 'hash_on'"},hash_on="hash_on 'header' is not supported yet: leave it out or set it to none",hash_on_header="required field missing"}}}`},
		{"upstreams: [{name: u, healthchecks: {active: {healthy: {interval: 5}}}}]", `{upstreams={{healthchecks={active={healthy={interval="active health checks are not supported yet: set the interval to 0 or leave it out"}}}}}}`},
		{"upstreams: [{name: u, healthchecks: {passive: {healthy: {successes: 0}, unhealthy: {timeouts: 0}}, threshold: 0}, use_srv_name: false, algorithm: round-robin, hash_on: none}]", `{}`},
		{"upstreams: [{name: u, use_srv_name: true}]", `{upstreams={{use_srv_name="'use_srv_name' is not supported yet: leave it out or set it to false"}}}`},
		{
			"upstreams: [{name: u, targets: [{target: 'a:b'}, {target: a, failover: true}]}]",
			`{upstreams={{targets={{target="Invalid target ('a:b'); not a valid hostname or ip address"},{failover="'failover' is not supported yet: leave it out or set it to false"}}}}}`,
		},

		{"plugins: [{name: nope}]", `{plugins={{name="plugin 'nope' not enabled; add it to the 'plugins' configuration property"}}}`},
		{"plugins: [{}]", `{plugins={{name="required field missing"}}}`},
		{"plugins: [{name: guard}]", `{plugins={{config={window="required field missing"}}}}`},
		{"plugins: [{name: guard, config: {window: 5, targets: [{name: a}, {}]}}]", `{plugins={{config={targets={[2]={name="required field missing"}}}}}}`},
		{"plugins: [{name: guard, condition: x, config: {window: 5}}]", `{plugins={{condition="'condition' of a plugin is not supported yet: leave it out"}}}`},
		{"consumers: [{username: c, plugins: [{name: key-auth}]}]", `{consumers={{plugins={{consumer="value must be null"}}}}}`},
		{"services: [{name: s, host: h, plugins: [{name: key-auth, config: x}]}]", `{services={{plugins={{config="expected a record"}}}}}`},

		{"vaults: [{prefix: my, name: hcv}]", `{vaults={{name="vault 'hcv' is not installed"}}}`},
		{"consumers: [{username: c, keyauth_credentials: [{key: '{vault://aws/k}'}]}]", `{consumers={{keyauth_credentials={{key="vault 'aws' is not installed: this version has env only"}}}}}`},
		{"consumers: [{username: c, keyauth_credentials: [{key: '{vault://mine/k}'}]}]", `{}`},
		{"vaults: [{prefix: env, name: env}]", `{vaults={{prefix="must not be one of: env, aws, azure, conjur, fs, gcp, hcv, konnect"}}}`},
		{"vaults: [{prefix: My, name: env}]", `{vaults={{prefix="invalid value: My"}}}`},
		{"vaults: [{prefix: my, name: env, config: {ttl: 1}}]", `{vaults={{config={ttl="unknown field"}}}}`},
		{"basicauth_credentials: [{username: x}]", `{basicauth_credentials="'basicauth_credentials' are not supported yet (they belong to the plugin basic-auth): leave them out"}`},
		{"consumers: [{username: c, jwt_secrets: [{}]}]", `{consumers={{jwt_secrets="'jwt_secrets' are not supported yet (they belong to the plugin jwt): leave them out"}}}`},
		{"key_sets: []", `{}`},
		{"workspaces: [{name: default}]", `{}`},
		{"workspaces: [{name: other}]", `{workspaces={"workspaces other than default are not supported yet: leave it out"}}`},
		{"certificates: [{cert: x, key: y}]", `{certificates={{cert="invalid certificate: no PEM block of type CERTIFICATE found",key="invalid key: no PEM block of a private key found"}}}`},
		{"ca_certificates: [{cert: x}]", `{ca_certificates={{cert="invalid certificate: no PEM block of type CERTIFICATE found"}}}`},
		{"snis: [{name: '*.a.*', certificate: x}]", `{snis={{name="only one wildcard must be specified"}}}`},
		{"snis: [{name: a.b}]", `{snis={{certificate="required field missing"}}}`},
	} {
		if got := failure(t, head+c.text); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}

func TestDocumentMessages(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"services: []", `{_format_version="required field missing"}`},
		{`{"_format_version":"4.0"}`, `{_format_version="expected one of: 1.1, 2.1, 3.0"}`},
		{`{"_format_version":3}`, `{_format_version="expected a string"}`},
		{head + "_transform: x", `{_transform="expected a boolean"}`},
		{head + "_comment: x\n_ignore: [{a: 1}]\nservices: [{host: h, _comment: x, _ignore: [1]}]", `{}`},
		{head + "_info: {}", `{_info="unknown field"}`},
		{head + "_workspace: default", `{_workspace="unknown field"}`},
		{head + "_plugin_configs: {}", `{_plugin_configs="unknown field"}`},
		{head + "nope: []", `{nope="unknown field"}`},
		{head + "services: {a: 1}", `{services="expected an array"}`},
		{head + "services: [x]", `{services={"expected a record"}}`},
		{head + "consumers: [{username: a, groups: [{name: g}]}]", `{consumers={{groups="unknown field"}}}`},
		{"just text", `{error="failed parsing declarative configuration: expected an object"}`},
		{"", `{error="failed parsing declarative configuration: expected an object"}`},

		{head + "routes: [{name: r1, paths: [/], service: nope}]", `{routes={r1={"invalid reference 'service: nope' (no such entry in 'services')"}}}`},
		{head + "routes: [{paths: [/], service: nope}]", `{routes={{"invalid reference 'service: nope' (no such entry in 'services')"}}}`},
		{head + "services: [{name: s, host: h, routes: [{paths: [/], service: s}]}]", `{services={{routes={{service="value must be null"}}}}}`},
		{head + "services: [{name: x, host: h}, {name: x, host: h}]", `{services={[2]="uniqueness violation: 'services' entity with name set to 'x' already declared"}}`},
		{
			head + "services: [{id: 0855b320-0dd2-547d-891d-601e9b38647f, host: h}, {id: 0855B320-0dd2-547d-891d-601e9b38647f, host: h}]",
			`{services={[2]="uniqueness violation: 'services' entity with primary key set to '0855b320-0dd2-547d-891d-601e9b38647f' already declared"}}`,
		},
		{
			head + "consumers: [{username: foo, custom_id: conflict}, {username: bar, custom_id: conflict}]",
			`{consumers={bar="uniqueness violation: 'consumers' entity with custom_id set to 'conflict' already declared"}}`,
		},
		{
			head + "plugins: [{name: key-auth, id: 0855b320-0dd2-547d-891d-601e9b38647f}, {name: key-auth}]",
			`{plugins={[2]="uniqueness violation: 'plugins' entity with name, route, service, consumer, consumer_group set to 'key-auth, , , , ' already declared"}}`,
		},
		{
			head + "services: [{name: s, host: h, routes: [{paths: [/], protocols: [http], plugins: [{name: key-auth, protocols: [grpc]}]}]}]",
			`{services={{routes={{plugins={{protocols="must match the associated route's protocols"}}}}}}}`,
		},
		{
			head + "services: [{name: s, host: h, plugins: [{name: key-auth, protocols: [grpc]}], routes: [{paths: [/]}]}]",
			`{services={{plugins={{protocols="must match the protocols of at least one route pointing to this Plugin's service"}}}}}`,
		},
		{
			head + "services: [{name: s, host: h, protocol: https, ca_certificates: [0855b320-0dd2-547d-891d-601e9b38647f]}]",
			`{services={s={"invalid reference 'ca_certificates: 0855b320-0dd2-547d-891d-601e9b38647f' (no such entry in 'ca_certificates')"}}}`,
		},
		{
			head + "consumers: [{username: a, keyauth_credentials: [{key: k}]}, {username: b, keyauth_credentials: [{key: k}]}]",
			`{consumers={[2]={keyauth_credentials={"uniqueness violation: 'keyauth_credentials' entity with key set to '***' already declared"}}}}`,
		},
	} {
		if got := failure(t, c.text); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}

func TestIDs(t *testing.T) {
	key := func(coll, text string) string { return uuid5(namespaces[coll], text).String() }
	d := mustLoad(t, head+`
services:
- {name: my-service, host: h, plugins: [{name: key-auth}]}
- {name: other, host: h}
plugins: [{name: key-auth, service: other}, {name: guard, config: {window: 3}}]
upstreams: [{name: u, targets: [{target: a}]}]
consumer_groups: [{name: g1, plugins: [{name: guard, config: {window: 1}}]}]
consumers: [{username: alice, keyauth_credentials: [{key: k}], acls: [{group: x}]}]
`)
	const service = "0855b320-0dd2-547d-891d-601e9b38647f" // the contract's check value
	for _, c := range []struct{ got, want string }{
		{d.Services[0].ID, service},
		{d.Plugins[0].ID, key("plugins", "plugins:*:key-auth::"+service+":")},
		{d.Plugins[1].ID, key("plugins", "plugins:*:guard::::"+d.ConsumerGroups[0].ID)},
		{d.Plugins[2].ID, key("plugins", "plugins:*:key-auth::other:")},
		{d.Plugins[3].ID, key("plugins", "plugins:*:guard:::")},
		{d.Targets[0].ID, key("targets", "targets:*:"+d.Upstreams[0].ID+":a")},
		{d.KeyAuthCredentials[0].ID, key("keyauth_credentials", "keyauth_credentials:*:k")},
		{d.ACLs[0].ID, key("acls", "acls:*:"+d.Consumers[0].ID+":x")},
		{d.Consumers[0].ID, key("consumers", "alice")},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}

func TestIdentityHolds(t *testing.T) {
	text := head + `
services:
- {name: s, host: h, routes: [{paths: [/a]}, {paths: [/a]}, {paths: [/b]}]}
`
	a := mustLoad(t, text)
	b := mustLoad(t, strings.Replace(text, "{paths: [/a]}, {paths: [/a]}", "{paths: [/new]}, {paths: [/a]}, {paths: [/a]}", 1))
	seen := map[string]bool{}
	for _, r := range a.Routes {
		seen[r.ID] = true
	}
	if len(seen) != 3 {
		t.Errorf("twins share an id: %v", seen)
	}
	kept := 0
	for _, r := range b.Routes {
		if seen[r.ID] {
			kept++
		}
	}
	if kept != 3 {
		t.Errorf("%d of 3 routes kept their id when one was added before them", kept)
	}
}

func TestNestingAndReferences(t *testing.T) {
	d := mustLoad(t, head+`
services:
- name: s1
  url: https://example.com/base
  routes:
  - {name: r1, paths: [/1], plugins: [{name: key-auth}]}
- {id: 6c4b1f0e-0000-4000-8000-000000000001, host: h}
routes:
- {name: r2, paths: [/2], service: s1}
- {name: r3, paths: [/3], service: {name: s1}}
- {name: r4, paths: [/4], service: {id: 6c4b1f0e-0000-4000-8000-000000000001, name: whatever}}
- {name: r5, paths: [/5], service: 6C4B1F0E-0000-4000-8000-000000000001}
- {name: r6, paths: [/6], protocols: [grpc]}
upstreams: [{name: u, targets: [{target: a.com}, {target: "[::1]"}, {target: "1.2.3.4:9"}]}]
consumers:
- {username: alice, keyauth_credentials: [{key: k1}, {}], acls: [{group: x}], plugins: [{name: guard, config: {window: 3}}]}
consumer_groups: [{name: g}]
consumer_group_consumers: [{consumer: alice, consumer_group: g}]
vaults: [{name: env, prefix: my-env, config: {prefix: X_}}]
`)
	s1, other := d.Services[0], "6c4b1f0e-0000-4000-8000-000000000001"
	if s1.Protocol != "https" || s1.Host != "example.com" || s1.Port != 443 || s1.Path != "/base" {
		t.Errorf("url: %+v", s1)
	}
	var got []string
	for _, r := range d.Routes {
		got = append(got, r.Name+" "+r.Service.id())
	}
	want := []string{"r1 " + s1.ID, "r2 " + s1.ID, "r3 " + s1.ID, "r4 " + other, "r5 " + other, "r6 "}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if d.Routes[5].StripPath || !d.Routes[4].StripPath {
		t.Error("strip_path by protocol")
	}
	if p := d.Plugins[0]; p.Route.id() != d.Routes[0].ID || !reflect.DeepEqual(p.Config, &keyAuth{KeyNames: []string{"apikey"}}) {
		t.Errorf("plugin: %+v", p)
	}
	if p := d.Plugins[1]; p.Consumer.id() != d.Consumers[0].ID || !reflect.DeepEqual(p.Protocols, []string{"http", "https"}) {
		t.Errorf("plugin: %+v", p)
	}
	targets := fmt.Sprint(d.Targets[0].Target, " ", d.Targets[1].Target, " ", d.Targets[2].Target, " ", d.Targets[0].CreatedAt)
	if targets != "a.com:8000 [0000:0000:0000:0000:0000:0000:0000:0001]:8000 1.2.3.4:9 1.700000000123e+09" {
		t.Error(targets)
	}
	if k := d.KeyAuthCredentials; len(k) != 2 || k[0].Key != "k1" || len(k[1].Key.Reveal()) != 32 || k[0].Consumer.ID != d.Consumers[0].ID {
		t.Errorf("%+v", k)
	}
	if m := d.ConsumerGroupMembers; len(m) != 1 || m[0].Consumer.ID != d.Consumers[0].ID || m[0].ConsumerGroup.ID != d.ConsumerGroups[0].ID {
		t.Errorf("%+v", m)
	}
	if v := d.Vaults[0].Config.(*EnvVault); v.Prefix != "X_" {
		t.Errorf("%+v", v)
	}
}

func TestServiceURL(t *testing.T) {
	for _, c := range []struct {
		url, protocol, host string
		port                int
		path                string
	}{
		{"http://a.com", "http", "a.com", 80, ""},
		{"https://a.com:8443/x?q=1", "https", "a.com", 8443, "/x"},
		{"grpc://a.com:9000", "grpc", "a.com", 9000, ""},
		{"a.com:443", "https", "a.com", 443, ""},
		{"a.com/x", "http", "a.com", 80, "/x"},
		{"http://[::1]:81/", "http", "[::1]", 81, "/"},
	} {
		s := mustLoad(t, fmt.Sprintf(head+"services: [{url: '%s'}]", c.url)).Services[0]
		if s.Protocol != c.protocol || s.Host != c.host || s.Port != c.port || s.Path != c.path {
			t.Errorf("%s: %s %s %d %s", c.url, s.Protocol, s.Host, s.Port, s.Path)
		}
	}
}

func TestOldFormats(t *testing.T) {
	d := mustLoad(t, "_format_version: \"2.1\"\nroutes: [{paths: ['/a/(?<x>b)', /plain/../x, '/v1.0/%41']}]")
	if got := d.Routes[0].Paths; !reflect.DeepEqual(got, []string{"~/a/(?<x>b)", "/x", "/v1.0/A"}) {
		t.Error(got)
	}
}

func TestWarnings(t *testing.T) {
	d := mustLoad(t, head+"routes: [{paths: [/], path_handling: v1}]")
	if len(d.Warnings) != 1 || d.Warnings[0].Path != "routes[0].path_handling" {
		t.Error(d.Warnings)
	}
}

// TestUnresolvedReferences: one that leads nowhere is a warning at its place,
// unless nobody reads it.
func TestUnresolvedReferences(t *testing.T) {
	o := testOptions()
	o.Vaults = func(d *Document) *Vaults {
		return NewVaults(d, func(name string) (string, bool) { return "value", name == "MY_THERE" })
	}
	tree, err := Parse([]byte(head + `
vaults: [{prefix: mine, name: env, config: {prefix: my-}}]
services:
- {name: s, host: h, plugins: [{name: guard, config: {window: 1, token: "{vault://env/gone}"}}]}
- {name: o, host: h, plugins: [{name: guard, enabled: false, config: {window: 1, token: "{vault://env/gone}"}}]}
consumers:
- {username: a, keyauth_credentials: [{key: "{vault://mine/there}"}, {key: "{vault://mine/gone}"}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	d, err := Load(tree, o)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"services[0].plugins[0].config.token: empty, since its reference cannot be resolved: reference {vault://env/gone}: environment variable GONE is not set",
		"consumers[0].keyauth_credentials[1].key: empty, since its reference cannot be resolved: reference {vault://mine/gone}: environment variable MY_GONE is not set",
	}
	var got []string
	for _, w := range d.Warnings {
		got = append(got, w.String())
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// TestWarningsBesideErrors: what is odd is told of a bad document, too, but
// not of entities that are wrong.
func TestWarningsBesideErrors(t *testing.T) {
	_, err := load(t, head+"services: [{name: s}]\nroutes: [{paths: [/], path_handling: v1}, {paths: [x], path_handling: v1}]", false)
	e, ok := errors.AsType[*DocumentError](err)
	if !ok {
		t.Fatal(err)
	}
	if w := e.Warnings(); len(w) != 1 || w[0].Path != "routes[0].path_handling" {
		t.Error(w)
	}
}
