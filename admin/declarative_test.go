package admin

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/sluice-gateway/sluice/config"
)

const (
	yamlText = "_format_version: \"3.0\"\nservices:\n- name: my-service\n  host: a.example\n" +
		"consumers:\n- username: bob\n  keyauth_credentials:\n  - key: topsecret\n"
	jsonText  = `{"_format_version":"3.0","services":[{"name":"my-service","host":"a.example"}]}`
	serviceID = "0855b320-0dd2-547d-891d-601e9b38647f"
)

func post(t *testing.T, h http.Handler, body string) {
	t.Helper()
	w := call{method: "POST", path: "/config", kind: "application/json", body: body}.do(h)
	if w.Code != 201 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
}

// The ways in that the contract has.
func TestPostConfigForms(t *testing.T) {
	wrapped, _ := json.Marshal(map[string]string{"config": yamlText})
	file, fileBody := multipartBody(t, "config", yamlText)
	for _, c := range []struct{ name, kind, body, hashed string }{
		{"JSON", "application/json", jsonText, jsonText},
		{"JSON with YAML in config", "application/json", string(wrapped), yamlText},
		{"form with YAML", "application/x-www-form-urlencoded", "config=" + url.QueryEscape(yamlText), yamlText},
		{"form with JSON", "application/x-www-form-urlencoded", "config=" + url.QueryEscape(jsonText), jsonText},
		{"file upload", file, fileBody, yamlText},
		{"text/yaml", "text/yaml", yamlText, yamlText},
		{"application/yaml", "application/yaml; charset=utf-8", yamlText, yamlText},
		{"curl -d @file", "application/x-www-form-urlencoded", yamlText, yamlText},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &stubEngine{}
			o := options(e)
			h := New(o)
			w := call{method: "POST", path: "/config", kind: c.kind, body: c.body}.do(h)
			if w.Code != 201 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if host := at(t, tree(t, w), "services", serviceID, "host"); host != "a.example" {
				t.Error(host)
			}
			if len(e.applied) != 1 || o.Configuration.Document() != e.applied[0] {
				t.Error("not what runs")
			}
			if got := o.Configuration.Hash(); got != config.TextHash([]byte(c.hashed)) {
				t.Error("hash", got)
			}
			again := call{method: "POST", path: "/config?check_hash=1", kind: c.kind, body: c.body}.do(h)
			want(t, again, 304, "")
			if len(e.applied) != 1 {
				t.Error("loaded again")
			}
		})
	}
}

func TestPostConfigAnswer(t *testing.T) {
	w := call{method: "POST", path: "/config", kind: "text/yaml", body: yamlText}.do(New(options(&stubEngine{})))
	service := at(t, tree(t, w), "services", serviceID).(map[string]any)
	if v, there := service["path"]; !there || v != nil {
		t.Error("nulls are shown:", service)
	}
	if service["created_at"] != int64(1700000000) || !strings.Contains(w.Body.String(), `"key":"topsecret"`) {
		t.Error(w.Body)
	}
}

// TestPostConfigWarnings: what is odd is told who posted it, and logged, once
// as long as it stays.
func TestPostConfigWarnings(t *testing.T) {
	var log strings.Builder
	o := options(&stubEngine{})
	o.Configuration = NewConfiguration(&stubEngine{}, slog.New(slog.NewTextHandler(&log, nil)))
	h := New(o)
	const route = `{"_format_version":"3.0","routes":[{"name":"r","paths":["/"],"path_handling":"v1"}`
	const line = `level=WARN msg="warning in the configuration" field=routes[0].path_handling warning="v1 has no effect with router_flavor = traditional_compatible"`
	post := func(text string) string {
		w := call{method: "POST", path: "/config", kind: "application/json", body: text}.do(h)
		if w.Code != 201 {
			t.Fatal(w.Code)
		}
		return w.Header().Get("X-Sluice-Warnings")
	}
	for range 2 {
		if got := post(route + "]}"); got != "routes[0].path_handling: v1 has no effect with router_flavor = traditional_compatible" {
			t.Error(got)
		}
	}
	if n := strings.Count(log.String(), line); n != 1 {
		t.Errorf("%d lines in %s", n, log.String())
	}
	if got := post(`{"_format_version":"3.0"}`); got != "" {
		t.Error(got)
	}
	post(route + "]}")
	if n := strings.Count(log.String(), line); n != 2 {
		t.Errorf("%d lines in %s", n, log.String())
	}
	many := post(route + strings.Repeat(`,{"paths":["/"],"path_handling":"v1"}`, 150) + "]}")
	if len(many) > 1100 || !strings.HasSuffix(many, "; 140 more") {
		t.Error(many)
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 2+100+1 || !strings.Contains(log.String(), "more=50") {
		t.Errorf("%d warnings in %s", n, log.String())
	}
}

func TestGetConfig(t *testing.T) {
	o := options(&stubEngine{})
	h := New(o)
	call{method: "POST", path: "/config", kind: "text/yaml", body: yamlText}.do(h)
	text := tree(t, call{method: "GET", path: "/config"}.do(h))["config"].(string)
	for _, part := range []string{"_format_version: \"3.0\"", "_transform: false", "id: " + serviceID, "key: topsecret", "path: null"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
	if strings.Contains(text, "upstreams") {
		t.Error("empty collections are left out")
	}
	before := o.Configuration.Document().Entities(true)
	if w := (call{method: "POST", path: "/config", kind: "text/yaml", body: text}).do(h); w.Code != 201 {
		t.Fatal(w.Body)
	}
	if !reflect.DeepEqual(before, o.Configuration.Document().Entities(true)) {
		t.Error("does not come back")
	}
}

func TestPostConfigRefused(t *testing.T) {
	const js, yaml = "application/json", "text/yaml"
	failed := func(reason string) string {
		return `{"code":14,"fields":{"error":"` + reason + `"},"message":"declarative config is invalid: {error=\"` + reason +
			`\"}","name":"invalid declarative configuration"}`
	}
	scalar := failed("failed parsing declarative configuration: expected an object")
	wrong := `{"_format_version":"3.0","services":[{"name":"a","host":"h"},{"name":"b","port":70000,"tags":["x"]}]}`
	message := `"message":"declarative config is invalid: {services={[2]={host=\"required field missing\",port=\"value should be between 0 and 65535\"}}}"`
	for _, c := range []struct {
		name, path, kind, body string
		status                 int
		want                   string
	}{
		{"nothing", "/config", js, "", 400, `{"message":"expected a declarative configuration"}`},
		{"blank", "/config", yaml, " \n", 400, `{"message":"expected a declarative configuration"}`},
		{"scalar", "/config", yaml, "bananas", 400, scalar},
		{"JSON null", "/config", js, "null", 400, scalar},
		{"JSON list", "/config", js, "[]", 400, scalar},
		{"scalar in config", "/config", js, `{"config":"bananas"}`, 400, scalar},
		{
			"wrong", "/config", js, wrong, 400,
			`{"code":14,"fields":{"services":[null,{"host":"required field missing","port":"value should be between 0 and 65535"}]},` +
				message + `,"name":"invalid declarative configuration"}`,
		},
		{
			"flattened", "/config?flatten_errors=1", js, wrong, 400,
			`{"code":14,"fields":{},"flattened_errors":[{"entity":{"name":"b","port":70000,"tags":["x"]},"entity_name":"b","entity_tags":["x"],` +
				`"entity_type":"service","errors":[{"field":"host","message":"required field missing","type":"field"},` +
				`{"field":"port","message":"value should be between 0 and 65535","type":"field"}]}],` + message + `,"name":"invalid declarative configuration"}`,
		},
		{
			"neither", "/config", js, `{"services":[]}`, 400,
			`{"code":14,"fields":{"_format_version":"required field missing"},"message":"declarative config is invalid: ` +
				`{_format_version=\"required field missing\"}","name":"invalid declarative configuration"}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &stubEngine{}
			o := options(e)
			h := New(o)
			want(t, call{method: "POST", path: c.path, kind: c.kind, body: c.body}.do(h), c.status, c.want)
			if len(e.applied) != 0 || o.Configuration.Hash() != config.EmptyHash {
				t.Error("something was loaded")
			}
		})
	}
}

func TestPostConfigOptionsInBody(t *testing.T) {
	o := options(&stubEngine{})
	h := New(o)
	w := call{
		method: "POST", path: "/config", kind: "application/json",
		body: `{"_format_version":"3.0","flatten_errors":true,"services":[{}]}`,
	}.do(h)
	if list, ok := tree(t, w)["flattened_errors"].([]any); !ok || len(list) != 1 {
		t.Error(w.Body)
	}
	form := call{
		method: "POST", path: "/config", kind: "application/x-www-form-urlencoded",
		body: "check_hash=on&config=" + url.QueryEscape(jsonText),
	}
	if w := form.do(h); w.Code != 201 {
		t.Error(w.Code, w.Body)
	}
	want(t, form.do(h), 304, "")
}

func TestUnrunnable(t *testing.T) {
	e := &stubEngine{fail: errors.New("certificate x: unusable")}
	o := options(e)
	h := New(o)
	w := call{method: "POST", path: "/config?flatten_errors=yes", kind: "application/json", body: jsonText}.do(h)
	want(t, w, 400, `{"code":14,"fields":{"error":"certificate x: unusable"},"flattened_errors":[],`+
		`"message":"declarative config is invalid: {error=\"certificate x: unusable\"}","name":"invalid declarative configuration"}`)
	if o.Configuration.Hash() != config.EmptyHash || !o.Configuration.Document().Empty() {
		t.Error("half applied")
	}
}

// A second load is refused while the first one runs, and readers see the old
// configuration until the new one runs.
func TestOneLoadAtATime(t *testing.T) {
	e := &stubEngine{enter: make(chan struct{}), leave: make(chan struct{})}
	o := options(e)
	h := New(o)
	first := make(chan *httptest.ResponseRecorder)
	go func() { first <- call{method: "POST", path: "/config", kind: "application/json", body: jsonText}.do(h) }()
	<-e.enter
	w := call{method: "POST", path: "/config", kind: "application/json", body: jsonText}.do(h)
	want(t, w, 429, `{"message":"Currently loading previous configuration"}`)
	if w.Header().Get("Retry-After") != "1" {
		t.Error(w.Header())
	}
	if o.Configuration.Hash() != config.EmptyHash {
		t.Error("seen before it runs")
	}
	e.leave <- struct{}{}
	if w := <-first; w.Code != 201 {
		t.Error(w.Code, w.Body)
	}
	if o.Configuration.Hash() != config.TextHash([]byte(jsonText)) {
		t.Error(o.Configuration.Hash())
	}
}

func TestReplaceWaits(t *testing.T) {
	e := &stubEngine{}
	o := options(e)
	load := func(tree any) (*config.Document, error) { return config.Load(tree, o.Entities) }
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := o.Configuration.Replace([]byte(yamlText), load); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(e.applied) != 8 {
		t.Error(len(e.applied))
	}
	_, err := o.Configuration.Replace([]byte("{"), load)
	if _, ok := errors.AsType[*config.DocumentError](err); !ok {
		t.Errorf("%v", err)
	}
}

// Many clients at once: each is told that its configuration runs or that it
// must wait, and in the end hash and document belong together.
func TestConcurrentPosts(t *testing.T) {
	e := &stubEngine{}
	o := options(e)
	h := New(o)
	texts := []string{jsonText, strings.ReplaceAll(jsonText, "a.example", "b.example")}
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			w := call{method: "POST", path: "/config", kind: "application/json", body: texts[i%2]}.do(h)
			if w.Code != 201 && w.Code != 429 {
				t.Error(w.Code, w.Body)
			}
			call{method: "GET", path: "/config"}.do(h)
		})
	}
	wg.Wait()
	host := o.Configuration.Document().Services[0].Host
	for _, text := range texts {
		if strings.Contains(text, host) != (o.Configuration.Hash() == config.TextHash([]byte(text))) {
			t.Error("hash and document do not belong together")
		}
	}
}

// FuzzPostConfig: never a crash, never half a configuration, every answer of
// the contract's shape, and what was accepted comes back out of GET /config.
func FuzzPostConfig(f *testing.F) {
	kinds := []string{
		"application/json", "application/x-www-form-urlencoded", "text/yaml", "multipart/form-data; boundary=b", "", "text/plain",
	}
	seeds := []string{
		jsonText, yamlText, `{"config":"_format_version: '3.0'"}`, "config=" + url.QueryEscape(yamlText), "null", "[", "a: &a [*a]",
		"--b\r\nContent-Disposition: form-data; name=\"config\"\r\n\r\n_format_version: \"3.0\"\r\n--b--\r\n",
		`{"_format_version":"1.1","services":[{"url":"http://a","routes":[{"paths":["/a(b"]}],"plugins":[{"name":"noop"}]}]}`,
		`{"_format_version":"3.0","certificates":[{"cert":"x","key":"y","snis":["a"]}],"flatten_errors":1}`,
	}
	for _, s := range seeds {
		for i := range kinds {
			f.Add([]byte(s), uint8(i), "flatten_errors=1")
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, kind uint8, query string) {
		e := &stubEngine{}
		o := options(e)
		o.MaxBody = 1 << 16
		h := New(o)
		before := o.Configuration.Document()
		r := httptest.NewRequest(http.MethodPost, "/config", strings.NewReader(string(body)))
		r.URL.RawQuery = query
		if k := kinds[int(kind)%len(kinds)]; k != "" {
			r.Header.Set("Content-Type", k)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 201 {
			refusedWhole(t, w, len(e.applied) == 0 && o.Configuration.Document() == before && o.Configuration.Hash() == config.EmptyHash)
			return
		}
		if len(e.applied) != 1 || o.Configuration.Document() != e.applied[0] {
			t.Fatal("what runs is not what was accepted")
		}
		comesBack(t, h, &o)
	})
}

func refusedWhole(t *testing.T, w *httptest.ResponseRecorder, untouched bool) {
	t.Helper()
	if !untouched {
		t.Fatal("half applied")
	}
	switch w.Code {
	case 304, 415:
		if w.Body.Len() > 0 {
			t.Fatal(w.Body)
		}
	case 400, 413:
		if !json.Valid(w.Body.Bytes()) {
			t.Fatal(w.Body)
		}
	default:
		t.Fatalf("%d %s", w.Code, w.Body)
	}
}

func comesBack(t *testing.T, h http.Handler, o *Options) {
	t.Helper()
	before := o.Configuration.Document().Entities(true)
	text := tree(t, call{method: "GET", path: "/config"}.do(h))["config"].(string)
	doc, err := config.ParseAndLoad([]byte(text), o.Entities)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if !reflect.DeepEqual(before, doc.Entities(true)) {
		t.Fatalf("changed on the way:\n%s", text)
	}
}
