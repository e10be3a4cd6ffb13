package config

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/schema"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden loads testdata/*.yaml and compares with what GET /config shows,
// or, for a document that is wrong, with the list of problems.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no examples", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := golden(t, text)
			name := strings.TrimSuffix(file, ".yaml") + ".golden"
			if *update {
				if err := os.WriteFile(name, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%v\ngot %s\nwant %s", err, got, want)
			}
		})
	}
}

func golden(t *testing.T, text []byte) []byte {
	t.Helper()
	env := func(name string) (string, bool) { return "from-" + strings.ToLower(name), true }
	d, err := ParseFile(text, testOptions(), env)
	if err != nil {
		var b strings.Builder
		for _, p := range err.(*DocumentError).Problems() {
			fmt.Fprintln(&b, p)
		}
		return []byte(b.String())
	}
	comesBack(t, d)
	return d.YAML(true)
}

// comesBack: what is exported loads to an equal document.
func comesBack(t *testing.T, d *Document) {
	t.Helper()
	text := d.YAML(true)
	tree, err := Parse(text)
	if err != nil {
		t.Fatalf("the export does not parse: %v\n%s", err, text)
	}
	again, err := Load(tree, testOptions())
	if err != nil {
		t.Fatalf("the export does not load: %v\n%s", err, text)
	}
	again.Warnings = d.Warnings
	if !reflect.DeepEqual(d, again) {
		t.Fatalf("the export loads to something else:\n%s\n%s", text, again.YAML(true))
	}
	js := schema.AppendJSON(nil, d.Encode(true))
	if _, err = Parse(js); err != nil {
		t.Fatalf("the export as JSON does not parse: %v\n%s", err, js)
	}
}

// What ran before has the times it had.
func TestRestored(t *testing.T) {
	was := mustLoad(t, head+"services: [{name: s, host: h, created_at: 5}]\nupstreams: [{name: u, targets: [{target: h}]}]\nconsumer_groups: [{name: g}]")
	o := testOptions()
	o.Restored, o.Now = true, func() time.Time { return time.Unix(1800000000, 0) }
	tree := was.Encode(true)
	got, err := Load(tree, o)
	if err != nil || !reflect.DeepEqual(was, got) {
		t.Errorf("%v\nwas %s\nis  %s", err, was.YAML(true), got.YAML(true))
	}
	o.Restored = false
	if later, err := Load(tree, o); err != nil || later.Services[0].UpdatedAt != 1800000000 || later.Services[0].CreatedAt != 5 {
		t.Errorf("%v %+v", err, later.Services[0])
	}
}

func TestExportMasks(t *testing.T) {
	d := mustLoad(t, head+"consumers: [{username: a, keyauth_credentials: [{key: hush}]}]\nplugins: [{name: guard, config: {window: 1, token: hush}}, {name: guard, consumer: a, config: {window: 1, token: '{vault://env/x}'}}]")
	text := string(d.YAML(false))
	if strings.Contains(text, "hush") || strings.Count(text, schema.Mask) != 2 || !strings.Contains(text, "{vault://env/x}") {
		t.Error(text)
	}
	if !strings.HasPrefix(text, "_format_version: \"3.0\"\n_transform: false\n") {
		t.Error(text)
	}
	body := schema.AppendJSON(nil, d.Entities(true)["consumers"])
	want := `{"` + d.Consumers[0].ID + `":{"created_at":1700000000,"custom_id":null,"id":"` + d.Consumers[0].ID + `","tags":null,"updated_at":1700000000,"username":"a"}}`
	if string(body) != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
}

func TestHashes(t *testing.T) {
	if TextHash(nil) != EmptyHash || TextHash([]byte("abc")) != "900150983cd24fb0d6963f7d28e17f72" {
		t.Error("TextHash")
	}
	a := mustLoad(t, head+"services: [{name: s, host: h}]").Services[0]
	b := mustLoad(t, head+"services: [{name: s, host: h, created_at: 5, retries: 5}]").Services[0]
	c := mustLoad(t, head+"services: [{name: s, host: h, retries: 6}]").Services[0]
	if Hash(a) != Hash(b) || Hash(a) == Hash(c) {
		t.Error("Hash")
	}
}

func TestDecodeEntity(t *testing.T) {
	c, _ := CollectionOf("plugins")
	e, errs := Decode(c, obj{"name": "guard", "config": obj{"window": int64(2)}, "route": obj{"id": "6c4b1f0e-0000-4000-8000-000000000001", "name": "x"}}, testOptions())
	if errs != nil || e.(*Plugin).Config.(*guard).Window != 2 || e.(*Plugin).Route.ID == "" {
		t.Errorf("%+v %v", e, errs)
	}
	_, errs = Decode(c, obj{"name": "guard"}, testOptions())
	if errs == nil || errs.Violation() != "schema violation (config.window: required field missing)" {
		t.Error(errs)
	}
	_, errs = Decode(c, "x", testOptions())
	if errs == nil || errs.Violation() != "schema violation (expected a record)" {
		t.Error(errs)
	}
}

func TestSchemas(t *testing.T) {
	s, _ := testOptions().Plugin("key-auth")
	want := `{"fields":[{"consumer":{"eq":null,"reference":"consumers","type":"foreign"}},{"consumer_group":{"eq":null,"reference":"consumer_groups","type":"foreign"}},` +
		`{"route":{"reference":"routes","type":"foreign"}},{"service":{"reference":"services","type":"foreign"}},` +
		`{"protocols":{"default":["grpc","grpcs","http","https"],"elements":{"one_of":["grpc","grpcs","http","https","tcp","tls","tls_passthrough","udp","ws","wss"],"type":"string"},"required":true,"type":"set"}},` +
		`{"config":{"fields":[{"key_names":{"default":["apikey"],"elements":{"type":"string"},"len_min":1,"required":true,"type":"array"}},` +
		`{"hide_credentials":{"default":false,"type":"boolean"}},{"anonymous":{"type":"string"}}],"required":true,"type":"record"}}]}`
	if got := string(schema.AppendJSON(nil, s.Schema())); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, c := range Collections() {
		if text := string(schema.AppendJSON(nil, c.Record.Schema())); !strings.HasPrefix(text, `{"`) {
			t.Error(text)
		}
	}
	if _, ok := VaultSchema("hcv"); ok {
		t.Error("hcv")
	}
}

// bigText is a document of n services, routes and plugins, as YAML.
func bigText(n int) []byte {
	var b bytes.Buffer
	b.WriteString(head + "services:\n")
	for i := range n {
		fmt.Fprintf(&b, "- name: service-%d\n  host: host-%d.example.com\n  port: 8080\n  protocol: http\n  path: /base\n  connect_timeout: 5000\n"+
			"  tags: [a, b]\n  routes:\n  - name: route-%d\n    paths:\n    - /path/%d\n    hosts:\n    - h%d.example.com\n    methods: [GET, POST]\n"+
			"    strip_path: true\n    plugins:\n    - name: key-auth\n      config:\n        key_names: [apikey, x-api-key]\n        hide_credentials: true\n", i, i, i, i, i)
	}
	return b.Bytes()
}

func BenchmarkParseYAML(b *testing.B) { benchmarkParse(b, bigText(10000)) }

func BenchmarkParseJSON(b *testing.B) {
	tree, err := Parse(bigText(10000))
	if err != nil {
		b.Fatal(err)
	}
	benchmarkParse(b, schema.AppendJSON(nil, tree))
}

func benchmarkParse(b *testing.B, text []byte) {
	b.Helper()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	tree, err := Parse(bigText(10000))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(tree, testOptions()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseAndLoadYAML(b *testing.B) {
	text := bigText(10000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseAndLoad(text, testOptions()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHash(b *testing.B) {
	d, err := ParseAndLoad(bigText(1), testOptions())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		Hash(d.Routes[0])
	}
}
