package keyauth

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/plugin/auth"
	"github.com/sluice-gateway/sluice/schema"
)

type directory struct {
	consumers map[string]*config.Consumer
	keys      map[string]*config.KeyAuthCredential
}

func (d *directory) Consumer(idOrName string) *config.Consumer     { return d.consumers[idOrName] }
func (d *directory) ConsumerGroups(string) []*config.ConsumerGroup { return nil }
func (d *directory) KeyAuth(key string) *config.KeyAuthCredential  { return d.keys[key] }
func (d *directory) ACLGroups(string) []string                     { return nil }

func testDirectory() *directory {
	d := &directory{
		consumers: map[string]*config.Consumer{
			"b0b":    {Meta: config.Meta{ID: "b0b"}, Username: "bob"},
			"nobody": {Meta: config.Meta{ID: "n0"}, Username: "nobody"},
		},
		keys: map[string]*config.KeyAuthCredential{},
	}
	for _, c := range [][2]string{{"c1", "kong"}, {"c2", "Bearer registered so"}, {"c3", "a b&c"}} {
		d.keys[c[1]] = &config.KeyAuthCredential{
			Meta: config.Meta{ID: c[0]}, Consumer: config.Foreign{ID: "b0b"},
		}
	}
	return d
}

// request describes an exchange: header lines "name: value", a query, a body.
type request struct {
	method string
	header []string
	query  string
	kind   string
	body   string
}

type source struct{ io.Reader }

func (source) Abort() {}

func (q request) exchange(d flow.Directory) *flow.Exchange {
	ex := &flow.Exchange{Dir: d}
	ex.In.Method = q.method
	for _, line := range q.header {
		name, value, _ := strings.Cut(line, ": ")
		ex.In.Header.Add(name, value)
	}
	if q.kind != "" {
		ex.In.Header.Add("Content-Type", q.kind)
	}
	ex.Out.Header = slices.Clone(ex.In.Header)
	ex.Out.Query = q.query
	if q.body != "" {
		ex.Body.Open(source{strings.NewReader(q.body)}, int64(len(q.body)))
	} else {
		ex.Body.Open(nil, 0)
	}
	return ex
}

func hook(tb testing.TB, settings map[string]any) func(*flow.Exchange) (*flow.Reply, error) {
	tb.Helper()
	d := Definition()
	cfg, problems := d.Config.Decode(settings)
	if !problems.Empty() {
		tb.Fatal(problems)
	}
	h, err := d.Build(cfg, &plugin.Deps{})
	if err != nil {
		tb.Fatal(err)
	}
	return h.Access
}

const (
	missing   = "No API key found in request"
	duplicate = "Duplicate API key found"
	unknown   = "Unauthorized"

	formType  = "application/x-www-form-urlencoded"
	jsonType  = "application/json; charset=utf-8"
	partsType = `multipart/form-data; boundary="xx"`
)

func parts(fields ...string) string {
	var b strings.Builder
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		b.WriteString("--xx\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n")
	}
	return b.String() + "--xx--\r\n"
}

// TestKeysAreConcealed: whoever is refused, or not asked, has shown a key too.
func TestKeysAreConcealed(t *testing.T) {
	names := []any{"apikey", "x-token"}
	for name, settings := range map[string]map[string]any{
		"refused":   {"key_names": names},
		"preflight": {"key_names": names, "run_on_preflight": false},
		"anonymous": {"key_names": names, "anonymous": "nobody"},
	} {
		ex := request{method: "OPTIONS", header: []string{"X-Token: wrong"}}.exchange(testDirectory())
		_, _ = hook(t, settings)(ex)
		if got := ex.Concealed(); !slices.Equal(got, []string{"apikey", "x-token"}) {
			t.Errorf("%s: %q are concealed", name, got)
		}
	}
}

func TestFind(t *testing.T) {
	body := map[string]any{"key_in_body": true}
	names := map[string]any{"key_names": []any{"first", "x-second"}}
	bearer := map[string]any{"key_names": []any{"apikey", "authorization"}}
	tests := []struct {
		name     string
		settings map[string]any
		request  request
		want     string // denial, or "" for bob
		id       string // credential, default c1
	}{
		{"nothing", nil, request{}, missing, ""},
		{"header", nil, request{header: []string{"ApiKey: kong"}}, "", ""},
		{"header, wrong", nil, request{header: []string{"apikey: king"}}, unknown, ""},
		{"header twice", nil, request{header: []string{"apikey: kong", "apikey: kong"}}, duplicate, ""},
		{"header empty ends the search", nil, request{header: []string{"apikey: "}, query: "apikey=kong"}, missing, ""},
		{"header before query", nil, request{header: []string{"apikey: king"}, query: "apikey=kong"}, unknown, ""},
		{"header off", map[string]any{"key_in_header": false}, request{header: []string{"apikey: kong"}}, missing, ""},
		{"underscore for hyphen", names, request{header: []string{"X_Second: kong"}}, "", ""},
		{"names in order", names, request{header: []string{"x-second: king", "first: kong"}}, "", ""},
		{"second name", names, request{query: "x-second=kong"}, "", ""},

		{"query", nil, request{query: "a=1&apikey=kong"}, "", ""},
		{"query, escaped", nil, request{query: "%61pi%6Bey=k%6fng"}, "", ""},
		{"query, decoded value", nil, request{query: "apikey=a+b%26c"}, "", "c3"},
		{"query names count with case", nil, request{query: "ApiKey=kong"}, missing, ""},
		{"query twice", nil, request{query: "apikey=kong&apikey=kong"}, duplicate, ""},
		{"query flag", nil, request{query: "apikey"}, missing, ""},
		{"query flag and value", nil, request{query: "apikey&apikey=kong"}, duplicate, ""},
		{"query flag does not end the search", names, request{query: "first&x-second=kong"}, "", ""},
		{"query empty", nil, request{query: "apikey="}, missing, ""},
		{"query brackets", nil, request{query: "apikey[]=kong&apikey[1]=kong"}, missing, ""},
		{"query off", map[string]any{"key_in_query": false}, request{query: "apikey=kong"}, missing, ""},
		{"bad escape", nil, request{query: "%zz=1&apikey=kong"}, "", ""},

		{"body off", nil, request{kind: formType, body: "apikey=kong"}, missing, ""},
		{"form", body, request{kind: formType, body: "x=1&apikey=kong"}, "", ""},
		{"form twice", body, request{kind: formType, body: "apikey=kong&apikey=kong"}, duplicate, ""},
		{"form brackets", body, request{kind: formType, body: "apikey[]=kong"}, missing, ""},
		{"json", body, request{kind: jsonType, body: `{"x":{"apikey":"no"},"apikey":"k\u006fng"}`}, "", ""},
		{"json list", body, request{kind: jsonType, body: `{"apikey":["kong","kong"]}`}, duplicate, ""},
		{"json twice", body, request{kind: jsonType, body: `{"apikey":"kong","\u0061pikey":"kong"}`}, duplicate, ""},
		{"json number", body, request{kind: jsonType, body: `{"apikey":1}`}, missing, ""},
		{"json null", body, request{kind: jsonType, body: `{"apikey":null}`}, missing, ""},
		{"json array", body, request{kind: jsonType, body: `["apikey","kong"]`}, missing, ""},
		{"json broken", body, request{kind: jsonType, body: `{"apikey":"kong"`}, missing, ""},
		{"multipart", body, request{kind: partsType, body: parts("x=1", "apikey=kong")}, "", ""},
		{"multipart twice", body, request{kind: partsType, body: parts("apikey=kong", "apikey=kong")}, duplicate, ""},
		{"multipart cut off", body, request{kind: partsType, body: parts("apikey=kong")[:60]}, missing, ""},
		{"multipart without boundary", body, request{kind: "multipart/form-data", body: parts("apikey=kong")}, missing, ""},
		{"other type", body, request{kind: "text/plain", body: "apikey=kong"}, missing, ""},
		{"no type", body, request{body: "apikey=kong"}, missing, ""},
		{"no body", body, request{kind: jsonType}, missing, ""},
		{"query before body", body, request{query: "apikey=kong", kind: formType, body: "apikey=king"}, "", ""},
		{"too large", body, request{kind: formType, body: "apikey=kong&x=" + strings.Repeat("y", maxBody)}, missing, ""},

		{"bearer", bearer, request{header: []string{"Authorization: Bearer kong"}}, "", ""},
		{"bearer, any case", bearer, request{header: []string{"authorization: bEARER  kong"}}, "", ""},
		{"bare authorization", bearer, request{header: []string{"Authorization: kong"}}, "", ""},
		{"registered with scheme", bearer, request{header: []string{"Authorization: Bearer registered so"}}, "", "c2"},
		{"bearer of nothing", bearer, request{header: []string{"Authorization: Bearer "}}, unknown, ""},
		{"other scheme", bearer, request{header: []string{"Authorization: Basic kong"}}, unknown, ""},
		{"bearer in another header", bearer, request{header: []string{"apikey: Bearer kong"}}, unknown, ""},
		{"bearer in the query", bearer, request{query: "authorization=Bearer+kong"}, unknown, ""},
		{"authorization not asked for", nil, request{header: []string{"Authorization: Bearer kong"}}, missing, ""},

		{"preflight", nil, request{method: "OPTIONS"}, missing, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ex := tt.request.exchange(testDirectory())
			reply, err := hook(t, tt.settings)(ex)
			if reply != nil {
				t.Fatalf("got a reply: %v", reply)
			}
			if tt.want != "" {
				wantDenial(t, err, tt.want, "Key")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			id := tt.id
			if id == "" {
				id = "c1"
			}
			if ex.Credential == nil || ex.Credential.ID != id || ex.Consumer == nil || ex.Consumer.Username != "bob" {
				t.Errorf("got %v %v, want bob with %s", ex.Credential, ex.Consumer, id)
			}
			if got := ex.Out.Header.Get(auth.CredentialIdentifier); got != id {
				t.Errorf("%s: got %q, want %q", auth.CredentialIdentifier, got, id)
			}
		})
	}
}

func wantDenial(t *testing.T, err error, message, challenge string) {
	t.Helper()
	if err == nil {
		t.Fatal("passed")
	}
	f := fault.As(err)
	if f.Status() != 401 || f.Message != message || f.Shape != fault.Negotiated {
		t.Errorf("got %d %q in shape %d, want 401 %q", f.Status(), f.Message, f.Shape, message)
	}
	if got := f.Header.Get("WWW-Authenticate"); got != challenge {
		t.Errorf("WWW-Authenticate: got %q, want %q", got, challenge)
	}
}

func TestRealm(t *testing.T) {
	access := hook(t, map[string]any{"realm": "cave"})
	for _, query := range []string{"", "apikey=king", "apikey=a&apikey=b"} {
		_, err := access(request{query: query}.exchange(testDirectory()))
		wantDenial(t, err, fault.As(err).Message, `Key realm="cave"`)
	}
}

func TestPreflightLetBy(t *testing.T) {
	ex := request{method: "OPTIONS"}.exchange(testDirectory())
	if _, err := hook(t, map[string]any{"run_on_preflight": false})(ex); err != nil || ex.Consumer != nil {
		t.Errorf("got %v, %v", err, ex.Consumer)
	}
}

func TestHide(t *testing.T) {
	inner := "--xx\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\n" +
		"--xx-inner\r\n\r\n"
	tests := []struct {
		name    string
		off     bool
		request request
		header  string
		query   string
		body    string
	}{
		{name: "off", off: true, request: request{header: []string{"apikey: kong"}, query: "apikey=x"}, header: "kong", query: "apikey=x"},
		{name: "header and its query", request: request{header: []string{"apikey: kong"}, query: "c&apikey=x"}, query: "c="},
		{name: "query untouched without a key", request: request{header: []string{"apikey: kong"}, query: "c&d=%65"}, query: "c&d=%65"},
		{name: "order", request: request{query: "c=value1&b=value2&apikey=kong&a=value3"}, query: "c=value1&b=value2&a=value3"},
		{
			name: "escaped", request: request{query: "c=valu%651&b=value2&api%6B%65%79=kong&a=valu%653"},
			query: "c=value1&b=value2&a=value3",
		},
		{name: "spaces", request: request{query: "q=a+b%2Bc%26&apikey=kong"}, query: "q=a%20b%2Bc%26"},
		{name: "alone", request: request{query: "apikey=kong"}},
		{name: "form", request: request{kind: formType, body: "x=1&apikey=kong&y=2"}, body: "x=1&y=2"},
		{name: "json", request: request{kind: jsonType, body: `{"x":1, "apikey":"kong","y":[1.0]}`}, body: `{"x":1, "y":[1.0]}`},
		{
			name:    "json, key in the header",
			request: request{header: []string{"apikey: kong"}, kind: jsonType, body: `{"apikey":"a","x":1,"apikey":"b"}`},
			body:    `{"x":1}`,
		},
		{name: "multipart", request: request{kind: partsType, body: parts("x=1", "apikey=kong", "y=2")}, body: parts("x=1", "y=2")},
		{
			name: "multipart keeps files", request: request{kind: partsType, body: inner + parts("apikey=kong")},
			body: inner + "--xx--\r\n",
		},
		{name: "other type", request: request{query: "apikey=kong", kind: "text/plain", body: "apikey=kong"}, body: "apikey=kong"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ex := tt.request.exchange(testDirectory())
			ex.Out.HasQuery = tt.request.query != ""
			_, err := hook(t, map[string]any{"hide_credentials": !tt.off, "key_in_body": true})(ex)
			if err != nil {
				t.Fatal(err)
			}
			if got := ex.Out.Header.Get("apikey"); got != tt.header {
				t.Errorf("header: got %q, want %q", got, tt.header)
			}
			if got := strings.TrimPrefix(ex.Out.URI(), "?"); got != tt.query {
				t.Errorf("query: got %q, want %q", got, tt.query)
			}
			body, err := ex.Body.Bytes(0)
			if string(body) != tt.body || err != nil {
				t.Errorf("body: got %q %v, want %q", body, err, tt.body)
			}
			if got := ex.Out.Header.Get("Content-Type"); got != tt.request.kind {
				t.Errorf("type: got %q, want %q", got, tt.request.kind)
			}
		})
	}
}

func TestAnonymous(t *testing.T) {
	access := hook(t, map[string]any{"anonymous": "nobody", "hide_credentials": true})
	for _, query := range []string{"", "apikey=king", "apikey"} {
		ex := request{query: query}.exchange(testDirectory())
		if _, err := access(ex); err != nil {
			t.Fatal(err)
		}
		if ex.Consumer == nil || ex.Consumer.Username != "nobody" || ex.Credential != nil {
			t.Errorf("%q: got %v %v", query, ex.Consumer, ex.Credential)
		}
		if ex.Out.Header.Get(auth.AnonymousConsumer) != "true" || strings.Contains(ex.Out.Query, "king") {
			t.Errorf("%q: upstream gets %v %q", query, ex.Out.Header, ex.Out.Query)
		}
	}
}

// An announced length spares reading; a body without one is read up to the
// limit and cannot be sent any more.
func TestLargeBody(t *testing.T) {
	big := "x=" + strings.Repeat("y", maxBody)
	access := hook(t, map[string]any{"key_in_body": true, "anonymous": "nobody"})

	ex := request{kind: formType, body: big}.exchange(testDirectory())
	if _, err := access(ex); err != nil || ex.Body.Stream() == nil {
		t.Errorf("announced: got %v, or the body was read", err)
	}

	ex = request{kind: formType}.exchange(testDirectory())
	ex.Body.Open(source{strings.NewReader(big)}, -1)
	if _, err := access(ex); err == nil || fault.As(err).Status() != 413 {
		t.Errorf("chunked: got %v, want a 413", err)
	}
}

func TestConfig(t *testing.T) {
	tests := []struct {
		name     string
		settings map[string]any
		want     string // where, "" for valid
		message  string
	}{
		{"defaults", map[string]any{}, "", ""},
		{"realms of the gateway itself", map[string]any{"identity_realms": []any{map[string]any{"scope": "cp", "id": nil}}}, "", ""},
		{"no realms", map[string]any{"identity_realms": []any{}, "principals": nil}, "", ""},
		{"principals off", map[string]any{"principals": map[string]any{"enabled": false}}, "", ""},
		{
			"hosted realm",
			map[string]any{"identity_realms": []any{map[string]any{"scope": "realm"}}},
			"identity_realms[0]", "not supported: consumers are kept in the gateway only (scope 'cp')",
		},
		{
			"principals",
			map[string]any{"principals": map[string]any{"enabled": true}},
			"principals.enabled", "not supported: credentials are kept in the gateway only",
		},
		{
			"bad name",
			map[string]any{"key_names": []any{"api key"}},
			"key_names[0]", "bad header name 'api key', allowed characters are A-Z, a-z, 0-9, '_', and '-'",
		},
		{"empty anonymous", map[string]any{"anonymous": ""}, "anonymous", "length must be at least 1"},
		{"unknown field", map[string]any{"keys": true}, "keys", "unknown field"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := Definition().Config.Decode(tt.settings)
			got := problems.Problems()
			if tt.want == "" {
				if len(got) != 0 {
					t.Errorf("got %v", got)
				}
				return
			}
			if want := []schema.Problem{{Path: tt.want, Message: tt.message}}; !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	c, ok := Definition().Config.New().(*Config)
	if !ok {
		t.Fatal("not a *Config")
	}
	if !slices.Equal(c.KeyNames, []string{"apikey"}) || !c.KeyInHeader || !c.KeyInQuery || c.KeyInBody ||
		c.HideCredentials || !c.RunOnPreflight || c.Anonymous != "" || c.Realm != "" {
		t.Errorf("got %+v", c)
	}
}

func FuzzHide(f *testing.F) {
	f.Add("a=1&apikey=kong&b", `{"apikey":"x","y":1}`)
	f.Add("%61pikey=%&&=&+", parts("apikey=x", "y=1"))
	f.Fuzz(func(t *testing.T, query, body string) {
		k := &keyAuth{inBody: true}
		for _, kind := range []string{formType, jsonType, partsType} {
			ex := request{query: query, kind: kind, body: body}.exchange(nil)
			if err := k.strip(ex, "apikey"); err != nil {
				continue
			}
			if _, st := inArgs(ex.Out.Query, "apikey"); st != absent {
				t.Errorf("query %q still has the key", ex.Out.Query)
			}
			if _, st, _ := inBody(ex, "apikey"); st != absent {
				t.Errorf("body %q still has the key", body)
			}
		}
	})
}
