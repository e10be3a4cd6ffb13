package requesttermination

import (
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/internal/jsonv2"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/schema"
)

func hook(t *testing.T, settings map[string]any) func(*flow.Exchange) (*flow.Reply, error) {
	t.Helper()
	d := Definition()
	cfg, problems := d.Config.Decode(settings)
	if !problems.Empty() {
		t.Fatal(problems)
	}
	h, err := d.Build(cfg, &plugin.Deps{Node: plugin.Node{ID: "n1", Hostname: "here"}})
	if err != nil {
		t.Fatal(err)
	}
	return h.Access
}

type source struct{ io.Reader }

func (source) Abort() {}

func exchange(query, kind, body string, lines ...string) *flow.Exchange {
	ex := &flow.Exchange{}
	ex.In.Method, ex.In.Scheme, ex.In.Host, ex.In.Port, ex.In.Path = "POST", "http", "Api.test:8000", 8000, "/status/200"
	ex.In.Query, ex.Out.Query = query, query
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		ex.In.Header.Add(name, value)
	}
	if kind != "" {
		ex.In.Header.Add("Content-Type", kind)
	}
	ex.Out.Header = slices.Clone(ex.In.Header)
	ex.Body.Open(nil, 0)
	if body != "" {
		ex.Body.Open(source{strings.NewReader(body)}, int64(len(body)))
	}
	return ex
}

func bodyOfReply(t *testing.T, r *flow.Reply) string {
	t.Helper()
	if r.Stream == nil {
		return ""
	}
	b, err := flow.Collect(r.Stream, 0)
	if err != nil || int64(len(b)) != r.Length {
		t.Errorf("got %d bytes of %d, %v", len(b), r.Length, err)
	}
	return string(b)
}

func TestAnswers(t *testing.T) {
	const plainJSON = "application/json; charset=utf-8"
	tests := []struct {
		name     string
		settings map[string]any
		status   int
		kind     string
		body     string
	}{
		{"default", nil, 503, plainJSON, `{"message":"Service unavailable"}`},
		{"401", map[string]any{"status_code": int64(401)}, 401, plainJSON, `{"message":"Unauthorized"}`},
		{"404", map[string]any{"status_code": int64(404)}, 404, plainJSON, `{"message":"Not found"}`},
		{"405", map[string]any{"status_code": int64(405)}, 405, plainJSON, `{"message":"Method not allowed"}`},
		{"500", map[string]any{"status_code": int64(500)}, 500, plainJSON, `{"message":"An unexpected error occurred"}`},
		{"502", map[string]any{"status_code": int64(502)}, 502, plainJSON, `{"message":"Bad Gateway"}`},
		{"other", map[string]any{"status_code": int64(418)}, 418, "", ""},
		{"message", map[string]any{"status_code": int64(406), "message": "In\"valid"}, 406, plainJSON, `{"message":"In\"valid"}`},
		{"204", map[string]any{"status_code": int64(204), "message": "gone"}, 204, "", ""},
		{"body", map[string]any{"body": `{"code":1}`}, 503, plainJSON, `{"code":1}`},
		{
			"body and type",
			map[string]any{"status_code": int64(451), "body": "<h1>No</h1>", "content_type": "text/html"},
			451, "text/html", "<h1>No</h1>",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := hook(t, tt.settings)(exchange("", "", ""))
			if err != nil || r == nil {
				t.Fatalf("got %v, %v", r, err)
			}
			if got := bodyOfReply(t, r); r.Status != tt.status || got != tt.body || r.Header.Get("Content-Type") != tt.kind {
				t.Errorf("got %d %q %q, want %d %q %q", r.Status, r.Header.Get("Content-Type"), got, tt.status, tt.kind, tt.body)
			}
		})
	}
}

func TestGRPC(t *testing.T) {
	tests := []struct {
		name     string
		settings map[string]any
		want     string // message of the fault; "-" is a reply instead
		shape    fault.Shape
	}{
		{"default", nil, "Service unavailable", fault.Exit},
		{"message", map[string]any{"message": "later"}, "later", fault.Exit},
		{"body", map[string]any{"body": "later"}, "later", fault.Exit},
		{"nothing to say", map[string]any{"status_code": int64(418)}, "", fault.Negotiated},
		{"echo", map[string]any{"echo": true}, "Service unavailable", fault.Exit},
		{"another type", map[string]any{"body": "<p>", "content_type": "text/html"}, "-", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ex := exchange("", "application/grpc+proto", "")
			ex.In.Major = 2
			r, err := hook(t, tt.settings)(ex)
			if tt.want == "-" {
				if r == nil || err != nil || r.Header.Get("Content-Type") != "text/html" {
					t.Errorf("got %v, %v", r, err)
				}
				return
			}
			if r != nil || err == nil {
				t.Fatalf("got %v, %v", r, err)
			}
			f := fault.As(err)
			want, _ := tt.settings["status_code"].(int64)
			if want == 0 {
				want = 503
			}
			if int64(f.Status()) != want || f.Message != tt.want || f.Shape != tt.shape {
				t.Errorf("got %d %q in shape %d", f.Status(), f.Message, f.Shape)
			}
		})
	}
}

func TestTrigger(t *testing.T) {
	tests := []struct {
		trigger, query, header string
		want                   bool
	}{
		{"gimme", "", "", false},
		{"gimme", "", "Gimme: x", true},
		{"gimme", "", "Gimme: ", true},
		{"gimme_it", "", "Gimme-It: x", true},
		{"gimme", "a=1&gimme=2", "", true},
		{"gimme", "gimme", "", true},
		{"gimme", "%67imme=", "", true},
		{"gimme", "Gimme=1&gimmes=2&x=gimme&%zz", "", false},
	}
	for _, tt := range tests {
		ex := exchange(tt.query, "", "")
		if tt.header != "" {
			ex = exchange(tt.query, "", "", tt.header)
		}
		r, err := hook(t, map[string]any{"trigger": tt.trigger})(ex)
		if got := r != nil; got != tt.want || err != nil {
			t.Errorf("%s, ?%s, %q: got %v, %v", tt.trigger, tt.query, tt.header, got, err)
		}
	}
}

func echoed(t *testing.T, settings map[string]any, ex *flow.Exchange) map[string]any {
	t.Helper()
	r, err := hook(t, settings)(ex)
	if err != nil || r == nil {
		t.Fatalf("got %v, %v", r, err)
	}
	v, err := jsonv2.Parse([]byte(bodyOfReply(t, r)))
	if err != nil {
		t.Fatal(err)
	}
	m, ok := v.(map[string]any)
	if !ok {
		t.Fatalf("got %v", v)
	}
	return m
}

func TestEcho(t *testing.T) {
	ex := exchange("hello=there&x=1&x=2&flag&a%20b=c+d", "", "cool body", "Accept: */*", "X-Two: 1", "x-two: 2")
	ex.Route = &config.Route{Meta: config.Meta{ID: "r1"}, Hosts: []string{"api.test"}}
	ex.Service = &config.Service{Name: "svc"}
	ex.Captures = flow.Captures{Names: []string{"parameter", ""}, Values: []string{"status", "200"}}
	got := echoed(t, map[string]any{"echo": true, "status_code": int64(404)}, ex)
	want := map[string]any{
		"scheme": "http", "host": "api.test", "port": int64(8000), "method": "POST", "path": "/status/200",
		"headers":  map[string]any{"host": "Api.test:8000", "accept": "*/*", "x-two": []any{"1", "2"}},
		"query":    map[string]any{"hello": "there", "x": []any{"1", "2"}, "flag": true, "a b": "c d"},
		"raw_body": "cool body",
		"uri_captures": map[string]any{
			"named": map[string]any{"parameter": "status"}, "unnamed": []any{"status", "200"},
		},
	}
	if !reflect.DeepEqual(got["request"], want) {
		t.Errorf("request:\n got %v\nwant %v", got["request"], want)
	}
	if want := map[string]any{"node_id": "n1", "hostname": "here", "worker_pid": int64(os.Getpid())}; !reflect.DeepEqual(got["kong"], want) {
		t.Errorf("kong: got %v, want %v", got["kong"], want)
	}
	if got["message"] != "Not found" {
		t.Errorf("message: got %v", got["message"])
	}
	route, _ := got["matched_route"].(map[string]any)
	if _, null := route["methods"]; route["id"] != "r1" || !reflect.DeepEqual(route["hosts"], []any{"api.test"}) || null {
		t.Errorf("matched_route: got %v", route)
	}
	if service, _ := got["matched_service"].(map[string]any); service["name"] != "svc" {
		t.Errorf("matched_service: got %v", got["matched_service"])
	}
}

func TestEchoBody(t *testing.T) {
	multi := "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n--b--\r\n"
	tests := []struct {
		kind, body string
		want       any
	}{
		{"application/json", `{"a":[1,null]}`, map[string]any{"a": []any{int64(1), nil}}},
		{"application/json", `{"a":`, nil},
		{"application/x-www-form-urlencoded", "a=1&b", map[string]any{"a": "1", "b": true}},
		{"multipart/form-data; boundary=b", multi, map[string]any{"x": "1"}},
		{"multipart/form-data", multi, map[string]any{}},
		{"text/plain", "x", nil},
		{"", "", nil},
	}
	for _, tt := range tests {
		m, _ := echoed(t, map[string]any{"echo": true}, exchange("", tt.kind, tt.body))["request"].(map[string]any)
		if !reflect.DeepEqual(m["body"], tt.want) || m["raw_body"] != tt.body {
			t.Errorf("%s %q: got %v, %q", tt.kind, tt.body, m["body"], m["raw_body"])
		}
	}
	m := echoed(t, map[string]any{"echo": true, "status_code": int64(299)}, exchange("", "", strings.Repeat("x", maxEcho+1)))
	req, _ := m["request"].(map[string]any)
	if _, shown := req["raw_body"]; shown || m["message"] != nil || m["matched_route"] != nil {
		t.Errorf("large body, no route: got %v", m)
	}
}

func TestConfig(t *testing.T) {
	tests := []struct {
		settings map[string]any
		want     []schema.Problem
	}{
		{map[string]any{"status_code": int64(404), "message": "x"}, nil},
		{map[string]any{"body": "x"}, nil},
		{map[string]any{"echo": true, "trigger": "header_name", "message": "x"}, nil},
		{map[string]any{"status_code": int64(99)}, []schema.Problem{{Path: "status_code", Message: "value should be between 100 and 599"}}},
		{map[string]any{"status_code": "abc"}, []schema.Problem{{Path: "status_code", Message: "expected an integer"}}},
		{map[string]any{"message": "x", "body": "y"}, []schema.Problem{{Message: "message cannot be used with content_type or body"}}},
		{map[string]any{"message": "x", "content_type": "y"}, []schema.Problem{{Message: "message cannot be used with content_type or body"}}},
		{map[string]any{"content_type": "y"}, []schema.Problem{{Message: "content_type requires a body"}}},
		{map[string]any{"echo": true, "body": "y"}, []schema.Problem{{Message: "echo cannot be used with content_type and body"}}},
		{map[string]any{"trigger": "a b"}, []schema.Problem{{
			Path: "trigger", Message: "bad header name 'a b', allowed characters are A-Z, a-z, 0-9, '_', and '-'",
		}}},
	}
	for _, tt := range tests {
		_, problems := Definition().Config.Decode(tt.settings)
		if got := problems.Problems(); !slices.Equal(got, tt.want) {
			t.Errorf("%v: got %v, want %v", tt.settings, got, tt.want)
		}
	}
}
