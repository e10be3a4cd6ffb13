package schema

import (
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"strings"
	"sync"
	"testing"
)

type inner struct {
	Size  int      `json:"size" default:"3" between:"1,10"`
	Words []string `json:"words" default:"a,b" set:"true"`
	Must  string   `json:"must" required:"true"`
}

type extra struct {
	Ratio *float64 `json:"ratio" between:"0,1"`
	Deep  inner    `json:"deep"`
}

type meta struct {
	At float64 `json:"at" integer:"true" auto:"created"`
}

type sample struct {
	meta
	_       struct{}            `shorthand:"old_name,string"`
	Name    string              `json:"name" check:"utf8_name"`
	Port    int                 `json:"port" default:"80" required:"true" between:"0,65535"`
	Mode    string              `json:"mode" default:"on" enum:"on,off"`
	Code    int                 `json:"code" default:"426" enum:"426,301"`
	Opt     *extra              `json:"opt"`
	List    []inner             `json:"list"`
	Heads   map[string][]string `json:"heads" keys:"header_name"`
	Hosts   []string            `json:"hosts" check:"host" ref:"true" items:"1,3"`
	Secret  Secret              `json:"secret" ref:"true"`
	Free    any                 `json:"free"`
	Later   string              `json:"later" refuse:"later is not supported yet: leave it out" default:"no"`
	Empty   []string            `json:"empty" default:""`
	Text    string              `json:"text" len:"0," default:""`
	Cost    *float64            `json:"cost" gt:"0"`
	Always  bool                `json:"always" default:"true"`
	Ints    []int               `json:"ints" default:"1,2" between:"0,9"`
	ByKey   map[string]inner    `json:"by_key"`
	Preset  *inner              `json:"preset" default:"{\"must\":\"x\"}"`
	Service *ref                `json:"service" foreign:"services"`
}

type ref struct {
	ID string `json:"id" check:"uuid"`
}

func (s *sample) Prepare(in map[string]any, _ *Errors) map[string]any {
	old, ok := in["old_name"]
	if !ok {
		return in
	}
	out := map[string]any{"name": old}
	maps.Copy(out, in)
	return out
}

func (s *sample) Validate(e *Errors) {
	if s.Name == "bad" {
		e.Entity("bad as a whole")
	}
}

type tree = map[string]any

func TestDecodeDefaults(t *testing.T) {
	var s sample
	in := tree{
		"list": []any{tree{"must": "m"}}, "opt": tree{"deep": tree{"must": "d", "words": []any{"x", "y", "x"}}},
		"by_key": tree{"k": tree{"must": "z", "size": int64(9)}}, "old_name": "older", "code": nil,
	}
	if e := Decode(in, &s); e != nil {
		t.Fatal(e)
	}
	want := sample{
		Name: "older", Port: 80, Mode: "on", Code: 426, Later: "no", Empty: []string{}, Always: true,
		List: []inner{{3, []string{"a", "b"}, "m"}}, Opt: &extra{Deep: inner{3, []string{"x", "y"}, "d"}},
		Ints: []int{1, 2}, ByKey: map[string]inner{"k": {9, []string{"a", "b"}, "z"}}, Preset: &inner{3, []string{"a", "b"}, "x"},
	}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
	s.Ints[0], s.Preset.Size = 7, 7
	var again sample
	if e := Decode(in, &again); e != nil || again.Ints[0] != 1 || again.Preset.Size != 3 {
		t.Errorf("defaults are shared: %+v", again)
	}
}

func TestDecodeProblems(t *testing.T) {
	for _, c := range []struct {
		in   tree
		want string
	}{
		{tree{"nope": int64(1)}, `{nope="unknown field"}`},
		{tree{"name": int64(1)}, `{name="expected a string"}`},
		{tree{"name": ""}, `{name="length must be at least 1"}`},
		{tree{"port": nil}, `{port="required field missing"}`},
		{tree{"port": int64(70000)}, `{port="value should be between 0 and 65535"}`},
		{tree{"port": 1.5}, `{port="expected an integer"}`},
		{tree{"port": "80"}, `{port="expected an integer"}`},
		{tree{"cost": "1"}, `{cost="expected a number"}`},
		{tree{"cost": int64(0)}, `{cost="value must be greater than 0"}`},
		{tree{"at": 1.5}, `{at="expected an integer"}`},
		{tree{"always": "yes"}, `{always="expected a boolean"}`},
		{tree{"mode": "x"}, `{mode="expected one of: on, off"}`},
		{tree{"code": int64(5)}, `{code="expected one of: 426, 301"}`},
		{tree{"opt": tree{}}, `{opt={deep={must="required field missing"}}}`},
		{tree{"opt": "x"}, `{opt="expected a record"}`},
		{tree{"list": []any{tree{"must": "m"}, tree{}}}, `{list={[2]={must="required field missing"}}}`},
		{tree{"list": "x"}, `{list="expected an array"}`},
		{tree{"heads": tree{"a b": []any{}}}, `{heads="bad header name 'a b', allowed characters are A-Z, a-z, 0-9, '_', and '-'"}`},
		{tree{"heads": tree{"a": []any{"x", int64(1)}}}, `{heads={a={[2]="expected a string"}}}`},
		{tree{"heads": "x"}, `{heads="expected a map"}`},
		{tree{"hosts": []any{"a.com:80", "ok", "b c"}}, `{hosts={"must not have a port",[3]="invalid value: b c"}}`},
		{tree{"hosts": []any{}}, `{hosts="length must be at least 1"}`},
		{tree{"hosts": []any{"a", "b", "c", "d"}}, `{hosts="length must be at most 3"}`},
		{tree{"later": "yes"}, `{later="later is not supported yet: leave it out"}`},
		{tree{"later": "no"}, `{}`},
		{tree{"ints": []any{int64(3), int64(10)}}, `{ints={[2]="value should be between 0 and 9"}}`},
		{tree{"service": tree{"id": "x"}}, `{service={id="expected a valid UUID"}}`},
		{tree{"service": tree{"id": "0855b320-0dd2-547d-891d-601e9b38647f", "name": "n"}}, `{}`},
		{tree{"name": "bad", "end": true}, `{["@entity"]={"bad as a whole"},["end"]="unknown field"}`},
		{tree{"secret": "{vault://env/x}", "hosts": []any{"{vault://env/y}"}}, `{}`},
	} {
		var s sample
		if got := Decode(c.in, &s).Table(); got != c.want {
			t.Errorf("%v\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

func TestRenderings(t *testing.T) {
	e := &Errors{}
	list := e.Field("services")
	list.Index(0).Field("host").Fail(MsgRequired)
	list.Index(0).Field("port").Fail("value should be between 0 and 65535")
	if got, want := e.Table(), `{services={{host="required field missing",port="value should be between 0 and 65535"}}}`; got != want {
		t.Errorf("table: %s", got)
	}
	if got, want := e.Indented(), "in 'services':\n  - in entry 1 of 'services':\n    in 'host': required field missing\n    in 'port': value should be between 0 and 65535"; got != want {
		t.Errorf("indented:\n%s", got)
	}
	gap := &Errors{}
	gap.Field("services").Index(1).Fail("uniqueness violation")
	gap.Entity("whole")
	if got := string(AppendJSON(nil, gap.Value())); got != `{"@entity":["whole"],"services":[null,"uniqueness violation"]}` {
		t.Errorf("json: %s", got)
	}
	if got := gap.Table(); got != `{["@entity"]={"whole"},services={[2]="uniqueness violation"}}` {
		t.Errorf("gap: %s", got)
	}
	deep := &Errors{}
	deep.Field("routes").Index(2).Field("plugins").Index(0).At("config.window").Fail("must be at least 1s")
	if got := deep.Problems()[0].String(); got != "routes[2].plugins[0].config.window: must be at least 1s" {
		t.Errorf("flat: %s", got)
	}
	if (&Errors{}).Err() != nil || (*Errors)(nil).Err() != nil || !(*Errors)(nil).Empty() {
		t.Error("nothing wrong is an error")
	}
}

func TestViolation(t *testing.T) {
	one, two, nested := &Errors{}, &Errors{}, &Errors{}
	one.Field("host").Fail(MsgRequired)
	two.At("b.c").Fail("y")
	two.Field("a").Fail("x")
	two.Entity("z")
	nested.Field("config").Entity("all or none")
	nested.At("config.model").Field("name").Fail(MsgRequired)
	for _, c := range []struct {
		e    *Errors
		want string
	}{
		{one, "schema violation (host: required field missing)"},
		{two, "3 schema violations (z; a: x; b.c: y)"},
		{nested, "2 schema violations (config.@entity: {\n  \"all or none\"\n}; config.model: {\n  name = \"required field missing\"\n})"},
	} {
		if got := c.e.Violation(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

type pair struct {
	A    string   `json:"a"`
	B    string   `json:"b"`
	Auth auth     `json:"auth"`
	C    *float64 `json:"c"`
}

type auth struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func TestAcross(t *testing.T) {
	for _, c := range []struct {
		run  func(e *Errors)
		want string
	}{
		{func(e *Errors) { e.AtLeastOne(&pair{}, "a", "b") }, `{["@entity"]={"at least one of these fields must be non-empty: 'a', 'b'"}}`},
		{func(e *Errors) { e.AtLeastOne(&pair{A: "x"}, "a", "b") }, `{}`},
		{func(e *Errors) { e.OnlyOne(&pair{A: "x", B: "y"}, "a", "b") }, `{["@entity"]={"only one or none of these fields must be set: 'a', 'b'"}}`},
		{func(e *Errors) { e.ExactlyOne(&pair{}, "a", "b") }, `{["@entity"]={"exactly one of these fields must be non-empty: 'a', 'b'"}}`},
		{
			func(e *Errors) { e.AllOrNone(&pair{Auth: auth{Name: "x"}}, "auth.name", "auth.value") },
			`{["@entity"]={"all or none of these fields must be set: 'auth.name', 'auth.value'"}}`,
		},
		{func(e *Errors) { e.Distinct(&pair{A: "x", B: "x"}, "a", "b") }, `{["@entity"]={"values of these fields must be distinct: 'a', 'b'"}}`},
		{
			func(e *Errors) { e.NullUnless(&pair{B: "x"}, "a", "b", "c") },
			`{["@entity"]={"failed conditional validation given value of field 'a'"},b="value must be null"}`,
		},
		{func(e *Errors) { e.Field("a").Fail("x"); e.AtLeastOne(&pair{}, "a", "b") }, `{a="x"}`},
	} {
		e := &Errors{}
		c.run(e)
		if got := e.Table(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestSecret(t *testing.T) {
	s := struct{ K Secret }{"hush"}
	var b strings.Builder
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", slog.Any("k", s.K), slog.Any("s", s))
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s %q %x %d", s, s, s, s.K, s.K, s.K, s.K), b.String(), string(JSON(tree{"k": s.K}, false))} {
		if strings.Contains(text, "hush") || strings.Contains(text, "68757368") || !strings.Contains(text, Mask) {
			t.Errorf("secret shows: %s", text)
		}
	}
	if s.K.Reveal() != "hush" || string(JSON(tree{"k": s.K}, true)) != `{"k":"hush"}` {
		t.Error("Reveal does not")
	}
}

func TestEncode(t *testing.T) {
	var s sample
	if e := Decode(tree{"cost": 2.0, "secret": "hush", "heads": tree{"b": []any{}, "a": []any{"1"}}, "free": tree{"x": int64(1)}}, &s); e != nil {
		t.Fatal(e)
	}
	want := `{"always":true,"at":0,"by_key":null,"code":426,"cost":2,"empty":[],"free":{"x":1},"heads":{"a":["1"],"b":[]},` +
		`"hosts":null,"ints":[1,2],"later":"no","list":null,"mode":"on","name":null,"opt":null,"port":80,` +
		`"preset":{"must":"x","size":3,"words":["a","b"]},"secret":"***","service":null,"text":""}`
	if got := string(JSON(&s, false)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var back sample
	if e := Decode(Encode(&s, true), &back); e != nil || !reflect.DeepEqual(s, back) {
		t.Errorf("does not come back: %v\n%+v\n%+v", e, s, back)
	}
	a, b := AppendContent(nil, &s), AppendContent(nil, &back)
	if string(a) != string(b) {
		t.Error("content of equal values differs")
	}
	back.At = 5
	if string(a) != string(AppendContent(nil, &back)) {
		t.Error("content depends on times")
	}
	back.Empty = nil
	if string(a) == string(AppendContent(nil, &back)) {
		t.Error("content does not tell null from empty")
	}
}

func TestSchemaJSON(t *testing.T) {
	r := For[inner]()
	want := `{"fields":[{"size":{"between":[1,10],"default":3,"type":"integer"}},` +
		`{"words":{"default":["a","b"],"elements":{"type":"string"},"type":"set"}},{"must":{"required":true,"type":"string"}}]}`
	if got := string(AppendJSON(nil, r.Schema())); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	got := string(AppendJSON(nil, For[sample]().Schema()))
	for _, part := range []string{
		`{"service":{"reference":"services","type":"foreign"}}`, `"shorthand_fields":[{"old_name":{"type":"string"}}]`,
		`{"secret":{"encrypted":true,"referenceable":true,"type":"string"}}`, `{"code":{"default":426,"one_of":[426,301],"type":"integer"}}`,
		`"at":{"auto":true,"timestamp":true,"type":"integer"}`, `"hosts":{"elements":{"referenceable":true,"type":"string"},"len_min":1,"type":"array"}`,
	} {
		if !strings.Contains(got, part) {
			t.Errorf("%s\nis not in %s", part, got)
		}
	}
}

type node struct {
	Name string `json:"name" required:"true" ref:"true"`
	Kids []node `json:"kids"`
	Next *node  `json:"next"`
}

func TestSelfContained(t *testing.T) {
	var n node
	in := tree{"name": "a", "kids": []any{tree{"name": "b", "next": tree{}}}}
	if got := Decode(in, &n).Table(); got != `{kids={{next={name="required field missing"}}}}` {
		t.Error(got)
	}
	in = tree{"name": "a", "next": tree{"name": "{vault://env/x}"}}
	if e := Decode(in, &n); e != nil {
		t.Fatal(e)
	}
	out, _ := Resolve(&n, func(string) (string, error) { return "deep", nil })
	if out.(*node).Next.Name != "deep" || n.Next.Name != "{vault://env/x}" {
		t.Errorf("%+v", out)
	}
	if got := string(AppendJSON(nil, For[node]().Schema())); !strings.Contains(got, `{"kids":{"elements":{"fields":[]`) {
		t.Error(got)
	}
}

func TestManyAtOnce(t *testing.T) {
	type fresh struct {
		A inner  `json:"a"`
		B *extra `json:"b"`
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			var f fresh
			if e := Decode(tree{"a": tree{"must": "x"}}, &f); e != nil || f.A.Size != 3 {
				t.Error(e)
			}
		})
	}
	wg.Wait()
}

func TestResolve(t *testing.T) {
	s := &sample{Secret: "{vault://env/a}", Hosts: []string{"x", "{vault://env/b}"}}
	out, problems := Resolve(s, func(ref string) (string, error) {
		if ref == "{vault://env/b}" {
			return "", fmt.Errorf("unable to load %s", ref)
		}
		return "value", nil
	})
	got := out.(*sample)
	if got.Secret != "value" || got.Hosts[0] != "x" || got.Hosts[1] != "" || s.Hosts[1] != "{vault://env/b}" {
		t.Errorf("%+v", got)
	}
	if len(problems) != 1 || problems[0].Path != "hosts[1]" {
		t.Errorf("%v", problems)
	}
	plain := &sample{Hosts: []string{"x"}}
	if same, _ := Resolve(plain, nil); same != any(plain) {
		t.Error("copied without need")
	}
	if refs := References(s); len(refs) != 2 {
		t.Error(refs)
	}
}

func TestChecks(t *testing.T) {
	for _, c := range []struct{ check, in, want string }{
		{"uuid", "0855B320-0dd2-547d-891d-601e9b38647f", ""},
		{"uuid", "x", "expected a valid UUID"},
		{"utf8_name", "a.b-c_d~é", ""},
		{"utf8_name", "a b", "invalid value 'a b': the only accepted ascii characters are alphanumerics or ., -, _, and ~"},
		{"tag", "a b", ""},
		{"tag", "a,b", "invalid tag 'a,b': expected printable ascii (except `,` and `/`) or valid utf-8 sequences"},
		{"host", "example.com", ""},
		{"host", "::1", ""},
		{"host", "127.0.0.1:80", "must not have a port"},
		{"host", "1.2.3.400", "invalid value: 1.2.3.400"},
		{"host", "a..b", "invalid value: a..b"},
		{"wildcard_host", "*.a.com", ""},
		{"wildcard_host", "a.*", ""},
		{"wildcard_host", "a.*.com", "wildcard must be leftmost or rightmost character"},
		{"wildcard_host", "*.a.*", "only one wildcard must be specified"},
		{"wildcard_host", "1.2.3.4", "must not be an IP"},
		{"path", "/a%20b", ""},
		{"path", "a", "should start with: /"},
		{"path", "/a//b", "must not have empty segments"},
		{"path", "/a b", "invalid path: '/a b' (characters outside of the reserved list of RFC 3986 found)"},
		{"path", "/%zz", "invalid url-encoded value: '%zz'"},
		{"header_name", "x y", "bad header name 'x y', allowed characters are A-Z, a-z, 0-9, '_', and '-'"},
		{"method", "get", "invalid value: get"},
		{"url", "http://a.com/x", ""},
		{"url", "http:///x", "missing host in url"},
		{"ip_or_cidr", "10.0.0.0/8", ""},
		{"ip_or_cidr", "10.0.0.0/99", "invalid ip or cidr range: '10.0.0.0/99'"},
		{"regex", "a(", "not a valid regex: a("},
	} {
		if got := checks[c.check](c.in); got != c.want {
			t.Errorf("%s %q: got %q, want %q", c.check, c.in, got, c.want)
		}
	}
}
