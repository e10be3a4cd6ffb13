package admin

import (
	"bytes"
	"mime/multipart"
	"testing"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/schema"
)

func field(t *testing.T, list any, name string) map[string]any {
	t.Helper()
	for _, f := range list.([]any) {
		if v, ok := f.(map[string]any)[name]; ok {
			return v.(map[string]any)
		}
	}
	t.Fatalf("no field %s", name)
	return nil
}

// The schema JSON that decK reads.
func TestSchemas(t *testing.T) {
	h := New(options(&stubEngine{}))
	get := func(path string) map[string]any { return tree(t, call{method: "GET", path: path}.do(h)) }
	services := get("/schemas/services")["fields"]
	if p := field(t, services, "port"); p["default"] != int64(80) || p["type"] != "integer" {
		t.Error(p)
	}
	solo := get("/schemas/plugins/solo")["fields"]
	if c := field(t, solo, "consumer"); c["type"] != "foreign" || c["reference"] != "consumers" {
		t.Error(c)
	} else if eq, there := c["eq"]; !there || eq != nil {
		t.Error("a scope that is not allowed:", c)
	}
	if _, there := field(t, solo, "route")["eq"]; there {
		t.Error("route is allowed")
	}
	if p := field(t, solo, "protocols"); string(schema.AppendJSON(nil, p["default"])) != `["http"]` || p["type"] != "set" {
		t.Error(p)
	}
	cfg := field(t, solo, "config")
	if cfg["type"] != "record" || cfg["required"] != true || field(t, cfg["fields"], "limit")["default"] != int64(5) {
		t.Error(cfg)
	}
	if f := get("/plugins/schema/noop")["fields"]; field(t, f, "on")["type"] != "boolean" {
		t.Error(f)
	}
	if f := field(t, get("/schemas/vaults/env")["fields"], "config"); field(t, f["fields"], "prefix")["type"] != "string" {
		t.Error(f)
	}
	want(t, call{method: "GET", path: "/schemas/x"}.do(h), 404, `{"message":"No entity named 'x'"}`)
	want(t, call{method: "GET", path: "/schemas/plugins/x"}.do(h), 404, `{"message":"No plugin named 'x'"}`)
	want(t, call{method: "GET", path: "/plugins/schema/x"}.do(h), 404, `{"message":"No plugin named 'x'"}`)
	want(t, call{method: "GET", path: "/schemas/vaults/x"}.do(h), 404, `{"message":"No vault named 'x'"}`)
}

// The setting "plugins" takes plugins out.
func TestPluginTakenOut(t *testing.T) {
	o := options(&stubEngine{})
	known := o.Entities.Plugin
	o.Entities.Plugin = func(name string) (config.PluginSchema, bool) {
		s, ok := known(name)
		return s, ok && name != "solo"
	}
	h := New(o)
	want(t, call{method: "GET", path: "/plugins/enabled"}.do(h), 200, `{"enabled_plugins":["noop"]}`)
	want(t, call{method: "GET", path: "/schemas/plugins/solo"}.do(h), 404, `{"message":"No plugin named 'solo'"}`)
	root := tree(t, call{method: "GET", path: "/"}.do(h))
	if at(t, root, "plugins", "available_on_server", "solo") != nil {
		t.Error("still there")
	}
}

func TestValidate(t *testing.T) {
	const ok = `{"message":"schema validation successful"}`
	const form, js = "application/x-www-form-urlencoded", "application/json; charset=utf-8"
	h := New(options(&stubEngine{}))
	for _, c := range []struct {
		name, entity, kind, body string
		status                   int
		want                     string
	}{
		{"right", "services", js, `{"host":"a"}`, 200, ok},
		{"reference is not looked up", "routes", js, `{"paths":["/"],"service":{"id":"0855b320-0dd2-547d-891d-601e9b38647f"}}`, 200, ok},
		{
			"one wrong", "services", js, `{}`, 400,
			`{"code":2,"fields":{"host":"required field missing"},"message":"schema violation (host: required field missing)","name":"schema violation"}`,
		},
		{
			"two wrong", "services", js, `{"port":70000}`, 400,
			`{"code":2,"fields":{"host":"required field missing","port":"value should be between 0 and 65535"},` +
				`"message":"2 schema violations (host: required field missing; port: value should be between 0 and 65535)","name":"schema violation"}`,
		},
		{"plugin", "plugins", js, `{"name":"noop","config":{"limit":3}}`, 200, ok},
		{
			"plugin, wrong config", "plugins", js, `{"name":"noop","config":{"limit":30}}`, 400,
			`{"code":2,"fields":{"config":{"limit":"value should be between 1 and 9"}},` +
				`"message":"schema violation (config.limit: value should be between 1 and 9)","name":"schema violation"}`,
		},
		{
			"plugin that is not there", "plugins", js, `{"name":"x"}`, 400,
			`{"code":2,"fields":{"name":"plugin 'x' not enabled; add it to the 'plugins' configuration property"},` +
				`"message":"schema violation (name: plugin 'x' not enabled; add it to the 'plugins' configuration property)","name":"schema violation"}`,
		},
		{"plugin, form", "plugins", form, `name=noop&config.limit=3&config.on=true&config.names=a&config.deep.x=4&config.extra.k=1&tags[]=a&tags[]=b`, 200, ok},
		{"form, indexed", "routes", form, `paths[2]=%2Fb&paths[1]=%2Fa&protocols=http&protocols=https&strip_path=false&name=`, 200, ok},
		{
			"form, bad number", "plugins", form, `name=noop&config.limit=x`, 400,
			`{"code":2,"fields":{"config":{"limit":"expected an integer"}},` +
				`"message":"schema violation (config.limit: expected an integer)","name":"schema violation"}`,
		},
		{"vault", "vaults", js, `{"name":"env","prefix":"my-env","config":{"prefix":"A_"}}`, 200, ok},
		{
			"empty body", "services", "", ``, 400,
			`{"code":2,"fields":{"host":"required field missing"},"message":"schema violation (host: required field missing)","name":"schema violation"}`,
		},
		{"entity that is not there", "x", js, `{}`, 404, `{"message":"No entity named 'x'"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := call{method: "POST", path: "/schemas/" + c.entity + "/validate", kind: c.kind, body: c.body}.do(h)
			want(t, w, c.status, c.want)
		})
	}
}

func TestForm(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"a=1&b.c=2&b.d.e=3", `{"a":"1","b":{"c":"2","d":{"e":"3"}}}`},
		{"t[]=a", `{"t":["a"]}`},
		{"t[]=a&t[]=b", `{"t":["a","b"]}`},
		{"t[2]=b&t[1]=a&t[10]=c", `{"t":["a","b","c"]}`},
		{"k=a&k=b&k=c", `{"k":["a","b","c"]}`},
		{"a=1&a.b=2", `{"a":{"b":"2"}}`},
		{"a.b=2&a=1", `{"a":[{"b":"2"},"1"]}`},
		{"x[y]=1&[]=2&]=3", `{"":["2"],"]":"3","x[y]":"1"}`},
		{"a=1,2&b=%zz&c=x+y", `{"a":"1,2","b":"%zz","c":"x y"}`},
	} {
		if got := string(schema.AppendJSON(nil, parseForm(c.in).tree())); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

func multipartBody(t *testing.T, name, value string) (kind, body string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	part, err := m.CreateFormFile(name, "kong.yml")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write([]byte(value))
	_ = m.Close()
	return m.FormDataContentType(), b.String()
}
