package logentry_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/header"
	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/telemetry/logentry"
)

var began = time.Date(2025, 1, 2, 3, 4, 5, 6e6, time.UTC)

func at(ms int) time.Time { return began.Add(time.Duration(ms) * time.Millisecond) }

// exchange is a proxied request of a known consumer.
func exchange() *flow.Exchange {
	ex := &flow.Exchange{
		Ctx: context.Background(), ID: "0123456789abcdef0123456789abcdef", Started: began,
		In: flow.Request{
			Method: "GET", Target: "/a/b?x=1", Path: "/a/b", Query: "x=1", HasQuery: true, Host: "api.example.com:8000",
			Scheme: "http", Port: 8000, ClientIP: "192.0.2.1", Size: 321, Length: 11,
			Header: header.Header{{Name: "User-Agent", Value: "curl/8"}, {Name: "Authorization", Value: "Bearer s"}},
		},
		Route:      &config.Route{Meta: config.Meta{ID: "r1", CreatedAt: 1700000000}, Name: "route", Paths: []string{"/a"}, Service: &config.Foreign{ID: "s1"}},
		Service:    &config.Service{Meta: config.Meta{ID: "s1"}, Name: "service", Host: "upstream", Port: 80},
		Consumer:   &config.Consumer{Meta: config.Meta{ID: "c1", Tags: []string{"t"}}, Username: "bob"},
		Credential: &flow.Credential{ID: "k1", ConsumerID: "c1"},
		Attempts: []flow.Attempt{
			{Began: at(5), Balance: 1500 * time.Microsecond, IP: "10.0.0.1", Port: 80, State: "failed", Code: 502},
			{Began: at(8), IP: "10.0.0.2", Port: 81, Status: 200},
		},
		Outcome: flow.Outcome{Status: 200, Sent: 456, Body: 100},
		Times:   flow.Times{AccessEnd: at(4), Upstream: at(8), Head: at(20), Done: at(31)},
	}
	ex.Out = flow.Outgoing{Path: "/b", Query: "x=1", HasQuery: true}
	ex.Reply = ex.NewReply(200)
	ex.Reply.Source, ex.Reply.Attempted, ex.Reply.Length = flow.FromUpstream, true, 100
	ex.Reply.Header = header.Header{
		{Name: "Content-Type", Value: "text/plain"}, {Name: "Set-Cookie", Value: "a=1"}, {Name: "set-cookie", Value: "b=2"},
	}
	return ex
}

func entry(t *testing.T, ex *flow.Exchange) string {
	t.Helper()
	got := logentry.New().Append([]byte("before "), ex)
	text, ok := strings.CutPrefix(string(got), "before ")
	if !ok {
		t.Fatalf("what was there before is gone: %s", got)
	}
	if err := jsonscan.NoDuplicates([]byte(text)); err != nil || !json.Valid([]byte(text)) {
		t.Fatalf("not JSON (%v): %s", err, text)
	}
	return text
}

// part is the text at a path of the entry, "" when it is absent.
func part(t *testing.T, ex *flow.Exchange, path ...string) string {
	t.Helper()
	text := []byte(entry(t, ex))
	return string(jsonscan.Find(text, path...).Of(text))
}

const whole = `{"request":{"id":"0123456789abcdef0123456789abcdef","method":"GET","uri":"/a/b?x=1",` +
	`"url":"http://api.example.com:8000/a/b?x=1","querystring":{"x":"1"},"size":332,` +
	`"headers":{"host":"api.example.com:8000","user-agent":"curl/8","authorization":"REDACTED"}},` +
	`"response":{"status":200,"size":456,"headers":{"content-type":"text/plain","set-cookie":["a=1","b=2"],"content-length":"100"}},` +
	`"upstream_uri":"/b?x=1","upstream_status":"502, 200",` +
	`"latencies":{"request":31,"kong":5,"proxy":15,"receive":11},` +
	`"tries":[{"balancer_start":1735787045011,"balancer_start_ns":1735787045011000000,"balancer_latency":1,` +
	`"balancer_latency_ns":1500000,"ip":"10.0.0.1","port":80,"state":"failed","code":502},` +
	`{"balancer_start":1735787045014,"balancer_start_ns":1735787045014000000,"balancer_latency":0,` +
	`"balancer_latency_ns":0,"ip":"10.0.0.2","port":81}],` +
	`"authenticated_entity":{"id":"k1","consumer_id":"c1"},` +
	`"consumer":{"id":"c1","created_at":0,"updated_at":0,"tags":["t"],"username":"bob","ws_id":"` + logentry.WorkspaceID + `"},` +
	`"service":{"id":"s1","created_at":0,"updated_at":0,"name":"service","host":"upstream","port":80,"retries":0,` +
	`"connect_timeout":0,"write_timeout":0,"read_timeout":0,"enabled":false,"ws_id":"` + logentry.WorkspaceID + `"},` +
	`"route":{"id":"r1","created_at":1700000000,"updated_at":0,"name":"route","paths":["/a"],` +
	`"https_redirect_status_code":0,"regex_priority":0,"strip_path":false,"preserve_host":false,` +
	`"request_buffering":false,"response_buffering":false,"service":{"id":"s1"},"ws_id":"` + logentry.WorkspaceID + `"},` +
	`"client_ip":"192.0.2.1","started_at":1735787045006,"source":"upstream",` +
	`"workspace":"` + logentry.WorkspaceID + `","workspace_name":"default"}`

func TestWhole(t *testing.T) {
	if got := entry(t, exchange()); got != whole {
		t.Errorf("got\n%s\nwant\n%s", got, whole)
	}
}

func TestCachedEntities(t *testing.T) {
	w := logentry.New()
	ex := exchange()
	first := string(w.Append(nil, ex))
	if second := string(w.Append(nil, ex)); second != first {
		t.Errorf("the second entry differs:\n%s\n%s", first, second)
	}
	for range 10000 { // more than are kept
		ex.Consumer = &config.Consumer{Username: "x"}
		w.Append(nil, ex)
	}
	ex.Consumer = &config.Consumer{Username: "changed"}
	if !strings.Contains(string(w.Append(nil, ex)), `"username":"changed"`) {
		t.Error("an old consumer is shown")
	}
}

func TestNoRoute(t *testing.T) {
	ex := &flow.Exchange{
		Started: began, ID: "i", In: flow.Request{Method: "GET", Target: "/", Path: "/", Scheme: "http", Port: 8000},
		Outcome: flow.Outcome{Status: 404, Sent: 9}, Times: flow.Times{Done: at(2)},
	}
	ex.Out.Path = "/"
	want := `{"request":{"id":"i","method":"GET","uri":"/","url":"http://kong:8000/","querystring":{},"size":0,` +
		`"headers":{"host":""}},"response":{"status":404,"size":9,"headers":{}},"upstream_uri":"","upstream_status":"",` +
		`"latencies":{"request":2,"kong":2,"proxy":-1,"receive":0},"client_ip":"","started_at":1735787045006,` +
		`"source":"kong","workspace":"` + logentry.WorkspaceID + `","workspace_name":"default"}`
	if got := entry(t, ex); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestParts(t *testing.T) {
	none := llm.NoUsage()
	tests := []struct {
		name   string
		change func(ex *flow.Exchange)
		path   string
		want   string
	}{
		{
			"own answer after access", func(ex *flow.Exchange) { ex.Attempts, ex.Times.Upstream, ex.Times.Head = nil, time.Time{}, time.Time{} },
			"latencies", `{"request":31,"kong":4,"proxy":-1,"receive":0}`,
		},
		{
			"no head came", func(ex *flow.Exchange) { ex.Times.Head = time.Time{} },
			"latencies", `{"request":31,"kong":5,"proxy":26,"receive":0}`,
		},
		{
			"times that run backwards", func(ex *flow.Exchange) { ex.Times.Done = at(-5) },
			"latencies", `{"request":0,"kong":5,"proxy":15,"receive":0}`,
		},
		{"attempt without answer", func(ex *flow.Exchange) { ex.Attempts = []flow.Attempt{{Err: errors.New("x")}} }, "upstream_status", `"502"`},
		{"caller gone", func(ex *flow.Exchange) { ex.Attempts = []flow.Attempt{{}}; ex.Outcome.CallerGone = true }, "upstream_status", `"-"`},
		{"no attempt", func(ex *flow.Exchange) { ex.Attempts = nil }, "tries", ""},
		{"answer of the gateway", func(ex *flow.Exchange) { ex.Reply.Source = flow.FromGateway }, "source", `"kong"`},

		{
			"query: repeated, flags, empty", func(ex *flow.Exchange) { ex.In.Query = "a=1&b&a=2&c=&=x&&b=%41+%zz&a" },
			"request.querystring", `{"a":["1","2",true],"b":[true,"A %zz"],"c":""}`,
		},
		{
			"query: odd bytes", func(ex *flow.Exchange) { ex.In.Query = "%ff=%22\\&%fe=\xff" },
			"request.querystring", "{\"\ufffd\":[\"\\\"\\\\\",\"\ufffd\"]}",
		},
		{
			"query: too many", func(ex *flow.Exchange) { ex.In.Query = strings.Repeat("a&", 200) },
			"request.querystring", `{"a":[` + strings.Repeat("true,", 99) + `true]}`,
		},
		{"absolute target", func(ex *flow.Exchange) { ex.In.Target = "http://h/a/b?x=1" }, "request.uri", `"/a/b?x=1"`},
		{"lone question mark", func(ex *flow.Exchange) { ex.In.Target, ex.In.Query = "http://h/a/b?", "" }, "request.uri", `"/a/b?"`},
		{"target to escape", func(ex *flow.Exchange) { ex.In.Target = `/"\` }, "request.url", `"http://api.example.com:8000/\"\\"`},
		{"IPv6 host", func(ex *flow.Exchange) { ex.In.Host, ex.In.Target = "[::1]", "/" }, "request.url", `"http://[::1]:8000/"`},
		{"unknown length", func(ex *flow.Exchange) { ex.In.Length = -1 }, "request.size", "321"},
		{"unknown length, passed on", func(ex *flow.Exchange) {
			ex.In.Length = -1
			ex.Body.Open(source{strings.NewReader("0123456789")}, -1)
			_, _ = io.CopyN(io.Discard, ex.Body.Stream(), 7)
		}, "request.size", "328"},
		{"unknown length, read", func(ex *flow.Exchange) {
			ex.In.Length = -1
			ex.Body.Open(source{strings.NewReader("0123456789")}, -1)
			_, _ = ex.Body.Bytes(0)
		}, "request.size", "331"},
		{"repeated header", func(ex *flow.Exchange) {
			ex.In.Header = header.Header{{Name: "A", Value: "1"}, {Name: "b", Value: "2"}, {Name: "a", Value: "3"}, {Name: "c", Value: ""}}
		}, "request.headers", `{"host":"api.example.com:8000","a":["1","3"],"b":"2","c":""}`},
		{"headers as plugins left them", func(ex *flow.Exchange) {
			ex.Out.Header = header.Header{{Name: "X-Consumer-ID", Value: "c1"}, {Name: "Host", Value: "other"}, {Name: "Proxy-Authorization", Value: "s"}}
		}, "request.headers", `{"host":"api.example.com:8000","x-consumer-id":"c1","proxy-authorization":"REDACTED"}`},
		{"headers of a call to a model", func(ex *flow.Exchange) {
			ex.AI = &flow.AI{}
			ex.Conceal("x-api-key")
			ex.In.Header = header.Header{{Name: "apikey", Value: "hidden"}, {Name: "X-Api-Key", Value: "caller's"}, {Name: "api-key", Value: "same"}, {Name: "A", Value: "1"}}
			ex.Out.Header = header.Header{{Name: "x-api-key", Value: "secret"}, {Name: "a", Value: "2"}, {Name: "api-key", Value: "same"}}
		}, "request.headers", `{"host":"api.example.com:8000","x-api-key":"REDACTED","api-key":"same","a":"1"}`},
		{"keys of the caller, passed on", keys(func(ex *flow.Exchange) {
			ex.Out.Header = header.Header{{Name: "API_Key", Value: "secret"}, {Name: "a", Value: "1"}, {Name: "api-key", Value: "secret"}, {Name: "API_Key", Value: "secret"}}
		}), "request.headers", `{"host":"api.example.com:8000","api_key":"REDACTED","a":"1","api-key":"REDACTED"}`},
		{"keys of the caller, refused", keys(func(ex *flow.Exchange) {
			ex.In.Header = header.Header{{Name: "Token", Value: "secret"}}
		}), "request.headers", `{"host":"api.example.com:8000","token":"REDACTED"}`},
		{"keys of the caller of a model, taken out", keys(func(ex *flow.Exchange) {
			ex.AI = &flow.AI{}
			ex.In.Header = header.Header{{Name: "Token", Value: "secret"}, {Name: "a", Value: "1"}}
			ex.Out.Header = header.Header{{Name: "a", Value: "1"}}
		}), "request.headers", `{"host":"api.example.com:8000","a":"1"}`},
		{"keys in the query", keys(func(*flow.Exchange) {}), "request.querystring", `{"x":"1","token":["REDACTED",true,"REDACTED"]}`},
		{"keys in the URI", keys(func(*flow.Exchange) {}), "request.uri", `"/a/b?x=1&token=REDACTED&token&%74oken=REDACTED"`},
		{"keys in an absolute target", keys(func(ex *flow.Exchange) { ex.In.Target = "http://h" + ex.In.Target }), "request.url", `"http://api.example.com:8000/a/b?x=1&token=REDACTED&token&%74oken=REDACTED"`},
		{"keys in the upstream's URI", keys(func(*flow.Exchange) {}), "upstream_uri", `"/b?x=1&token=REDACTED&token&%74oken=REDACTED"`},
		{"keys in the model's URI", keys(func(ex *flow.Exchange) {
			ex.AI = &flow.AI{}
			ex.Out.Query += "&key=secret"
		}), "upstream_uri", `"/b?x=1&token=REDACTED&token&%74oken=REDACTED&key=REDACTED"`},
		{"no query but a key", keys(func(ex *flow.Exchange) {
			ex.In.Target, ex.In.Query, ex.Out.Query, ex.Out.HasQuery = "/a", "", "", false
		}), "request.uri", `"/a"`},
		{"upstream query of a call to a model", func(ex *flow.Exchange) {
			ex.AI = &flow.AI{}
			ex.Out.Query = "x=1&key=secret&api-version=2"
		}, "upstream_uri", `"/b?x=1&key=REDACTED&api-version=2"`},

		{"no length", func(ex *flow.Exchange) { ex.Reply.Header, ex.Reply.Length = nil, -1 }, "response.headers", `{}`},
		{"no length with this status", func(ex *flow.Exchange) { ex.Reply.Header, ex.Reply.Status, ex.Reply.Length = nil, 304, 5 }, "response.headers", `{}`},
		{"an empty answer", func(ex *flow.Exchange) { ex.Reply.Header, ex.Reply.Length = nil, 0 }, "response.headers", `{"content-length":"0"}`},
		{"length in a field", func(ex *flow.Exchange) {
			ex.Reply.Header = header.Header{{Name: "Content-Length", Value: "100"}}
		}, "response.headers", `{"content-length":"100"}`},

		{"TLS 1.3", func(ex *flow.Exchange) {
			ex.In.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256}
		}, "request.tls", `{"version":"TLSv1.3","cipher":"TLS_AES_128_GCM_SHA256","client_verify":"NONE"}`},
		{"TLS 1.2", func(ex *flow.Exchange) {
			ex.In.TLS = &tls.ConnectionState{
				Version: tls.VersionTLS12, CipherSuite: tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, VerifiedChains: [][]*x509.Certificate{{}},
			}
		}, "request.tls", `{"version":"TLSv1.2","cipher":"ECDHE-RSA-AES128-GCM-SHA256","client_verify":"SUCCESS"}`},
		{"unverified client", func(ex *flow.Exchange) {
			ex.In.TLS = &tls.ConnectionState{
				Version: tls.VersionTLS12, CipherSuite: tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, PeerCertificates: []*x509.Certificate{{}},
			}
		}, "request.tls", `{"version":"TLSv1.2","cipher":"ECDHE-ECDSA-CHACHA20-POLY1305","client_verify":"FAILED:unable to verify the first certificate"}`},

		{"AI without statistics", func(ex *flow.Exchange) { ex.AI = &flow.AI{LogPayloads: true, RequestBody: []byte("{}")} }, "ai", ""},
		{"AI: the set of 3.10", func(ex *flow.Exchange) {
			ex.AI = &flow.AI{
				Plugin: "proxy", PluginID: "p1", Provider: "openai", RequestModel: "gpt-4", ResponseModel: "gpt-4-0613", LogStatistics: true,
				LatencyMS: 30, Usage: llm.Usage{Prompt: 25, Completion: 12, Total: 37}, Cost: 0.00037, FirstTokenMS: -1,
			}
		}, "ai", `{"proxy":{"meta":{"plugin_id":"p1","provider_name":"openai","request_model":"gpt-4","response_model":"gpt-4-0613",` +
			`"llm_latency":30},"usage":{"prompt_tokens":25,"completion_tokens":12,"total_tokens":37,"time_per_token":2.5,"cost":0.00037}}}`},
		{
			"AI: nothing known", func(ex *flow.Exchange) { ex.AI = &flow.AI{LogStatistics: true, Usage: none} }, "ai",
			`{"proxy":{"meta":{"plugin_id":"","provider_name":"UNSPECIFIED","request_model":"UNSPECIFIED","response_model":"UNSPECIFIED",` +
				`"llm_latency":0},"usage":{"cost":0}}}`,
		},
		{"AI: everything", func(ex *flow.Exchange) {
			d := llm.NoDetails()
			d.CachedPrompt, d.Reasoning, d.RejectedPrediction = 3, 4, 0
			ex.AI = &flow.AI{
				PluginID: "p", Provider: "azure", RequestModel: "m", LogStatistics: true, LogPayloads: true, Streaming: true, FirstTokenMS: 7,
				RequestBody: []byte(`{"a":1}`), ResponseBody: []byte("{}"), LatencyMS: 10,
				Usage:  llm.Usage{Prompt: 1, Completion: 0, Total: 1, Details: &d, Estimated: true},
				Meta:   []flow.LogField{{Path: "azure_instance_id", Value: "i"}},
				Schema: flow.AISchema{Violates: []string{"tools[0].schema at /a"}, Unchecked: []string{"output.schema", "tools[1].schema"}},
				Cache:  flow.AICache{Status: "Miss", VectorDB: "redis", EmbeddingsProvider: "openai", EmbeddingsModel: "e"},
			}
		}, "ai.proxy", `{"meta":{"plugin_id":"p","provider_name":"azure","request_model":"m","response_model":"m","llm_latency":10,` +
			`"azure_instance_id":"i"},"usage":{"prompt_tokens":1,"completion_tokens":0,"total_tokens":1,"time_per_token":0,` +
			`"time_to_first_token":7,"cost":0,"prompt_tokens_details":{"cached_tokens":3},` +
			`"completion_tokens_details":{"reasoning_tokens":4,"rejected_prediction_tokens":0},"estimated":true},` +
			`"payload":{"request":"{\"a\":1}","response":"{}"},` +
			`"cache":{"cache_status":"Miss","vector_db":"redis","embeddings_provider":"openai","embeddings_model":"e"},` +
			`"schema":{"violates":["tools[0].schema at /a"],"unchecked":["output.schema","tools[1].schema"]}}`},
		{"AI: answered by the cache", func(ex *flow.Exchange) {
			ex.AI = &flow.AI{PluginID: "p", Provider: "o", RequestModel: "m", LogStatistics: true, Usage: llm.Usage{Prompt: 1, Completion: 2, Total: 3}}
			ex.AI.Cache.Status = "Hit"
		}, "ai.proxy", `{"meta":{"plugin_id":"p","provider_name":"o","request_model":"m","response_model":"m"},` +
			`"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"cost":0},"cache":{"cache_status":"Hit"}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ex := exchange()
			tt.change(ex)
			if got := part(t, ex, strings.Split(tt.path, ".")...); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// keys has the caller send keys in two fields and an argument, then changes
// the exchange.
func keys(change func(ex *flow.Exchange)) func(ex *flow.Exchange) {
	return func(ex *flow.Exchange) {
		const query = "x=1&token=secret&token&%74oken=secret%20"
		ex.Conceal("api-key")
		ex.Conceal("token")
		ex.In.Query, ex.In.Target, ex.Out.Query = query, "/a/b?"+query, query
		change(ex)
	}
}

type source struct{ io.Reader }

func (source) Abort() {}

type raw string

func (r raw) AppendJSON(dst []byte) []byte { return append(dst, r...) }

func TestFields(t *testing.T) {
	type pair struct {
		path  string
		value any
	}
	tests := []struct {
		name string
		set  []pair
		path []string
		want string
	}{
		{"new member", []pair{{"correlation_id", "x\n"}}, []string{"correlation_id"}, `"x\n"`},
		{"dot in a name", []pair{{`a\.b`, 1}}, []string{"a.b"}, "1"},
		{"nested, made", []pair{{"a.b.c", true}, {"a.b.d", 2.5}}, []string{"a"}, `{"b":{"c":true,"d":2.5}}`},
		{"into what is there", []pair{{"request.extra", "e"}}, []string{"request", "extra"}, `"e"`},
		{"replaces", []pair{{"client_ip", "0.0.0.0"}}, []string{"client_ip"}, `"0.0.0.0"`},
		{"replaces, nested", []pair{{"request.headers.user-agent", "gone"}}, []string{"request", "headers", "user-agent"}, `"gone"`},
		{"removes", []pair{{"request.headers.user-agent", nil}}, []string{"request", "headers"}, `{"host":"api.example.com:8000","authorization":"REDACTED"}`},
		{"removes what is not there", []pair{{"a.b", nil}}, []string{"a"}, ""},
		{"removes at the top", []pair{{"route", nil}}, []string{"route"}, ""},
		{"through a value", []pair{{"client_ip.v4", "a"}}, []string{"client_ip"}, `{"v4":"a"}`},
		{"order counts", []pair{{"a.b", 1}, {"a", []string{"x"}}}, []string{"a"}, `["x"]`},
		{"order counts, other way", []pair{{"a", map[string]any{"z": 1, "b": nil}}, {"a.y", int64(2)}}, []string{"a"}, `{"b":null,"z":1,"y":2}`},
		{"empty object gets a member", []pair{{"a", []flow.LogField{}}, {"a.b", 1}}, []string{"a"}, `{"b":1}`},
		{"ordered object", []pair{{"a", []flow.LogField{{Path: "z", Value: uint8(1)}, {Path: "a", Value: []any{nil, 1.5}}}}}, []string{"a"}, `{"z":1,"a":[null,1.5]}`},
		{"writes itself", []pair{{"a", raw(`[1]`)}}, []string{"a"}, "[1]"},
		{"error", []pair{{"a", errors.New("e")}}, []string{"a"}, `"e"`},
		{"bytes", []pair{{"a", []byte(`"`)}}, []string{"a"}, `"\""`},
		{"duration", []pair{{"a", time.Second}}, []string{"a"}, `"1s"`},
		{"map of texts", []pair{{"a", map[string]string{"k": "v"}}}, []string{"a"}, `{"k":"v"}`},
		{"unknown type", []pair{{"a", struct{ N int }{1}}}, []string{"a"}, `"{1}"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ex := exchange()
			for _, p := range tt.set {
				ex.SetLogField(p.path, p.value)
			}
			if got := part(t, ex, tt.path...); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestFieldsLeaveTheRest(t *testing.T) {
	ex := exchange()
	ex.SetLogField("a.b", 1)
	ex.SetLogField("a", nil)
	if got := entry(t, ex); got != whole {
		t.Errorf("got\n%s\nwant\n%s", got, whole)
	}
}

func FuzzEntry(f *testing.F) {
	f.Add("/a?b=c", "b=c&b&%41", "X-A", "v\"", "a.b\\.c", "x")
	f.Add("", "=&&%", "", "\xff", "request.headers.x", "")
	f.Fuzz(func(t *testing.T, target, query, name, value, path, field string) {
		ex := exchange()
		ex.In.Target, ex.In.Query, ex.In.Host = target, query, value
		ex.In.Header = append(ex.In.Header, header.Field{Name: name, Value: value})
		ex.SetLogField(path, field)
		ex.SetLogField("ai."+path, field)
		got := logentry.New().Append(nil, ex)
		if err := jsonscan.Valid(got); err != nil {
			t.Fatalf("%v: %s", err, got)
		}
	})
}

// question is a call to a model as the SDKs of vendors make it.
func question() *flow.Exchange {
	ex := exchange()
	ex.In.Method, ex.In.Target, ex.In.Path, ex.In.Query = "POST", "/v1/chat/completions", "/v1/chat/completions", ""
	ex.In.Header = header.Header{
		{Name: "Accept", Value: "application/json"},
		{Name: "Accept-Encoding", Value: "gzip, deflate, br"},
		{Name: "Authorization", Value: "Bearer sk-0123456789"},
		{Name: "Connection", Value: "keep-alive"},
		{Name: "Content-Length", Value: "1234"},
		{Name: "Content-Type", Value: "application/json"},
		{Name: "User-Agent", Value: "OpenAI/Python 2.1.0"},
		{Name: "X-Stainless-Arch", Value: "x64"},
		{Name: "X-Stainless-Lang", Value: "python"},
		{Name: "X-Stainless-Os", Value: "Linux"},
		{Name: "X-Stainless-Retry-Count", Value: "0"},
		{Name: "X-Stainless-Runtime", Value: "CPython"},
	}
	ex.Out.Header = append(header.Header(nil), ex.In.Header...)
	ex.Out.Query, ex.Out.HasQuery = "", false
	ex.Reply.Header = header.Header{
		{Name: "Content-Type", Value: "application/json"},
		{Name: "Date", Value: "Thu, 02 Jan 2025 03:04:05 GMT"},
		{Name: "Server", Value: "cloudflare"},
		{Name: "Openai-Version", Value: "2020-10-01"},
		{Name: "Openai-Processing-Ms", Value: "421"},
		{Name: "X-Ratelimit-Limit-Requests", Value: "10000"},
		{Name: "X-Ratelimit-Limit-Tokens", Value: "200000"},
		{Name: "X-Ratelimit-Remaining-Requests", Value: "9999"},
		{Name: "X-Ratelimit-Remaining-Tokens", Value: "199979"},
		{Name: "X-Request-Id", Value: "req_0123456789abcdef0123456789abcdef"},
		{Name: "X-Kong-LLM-Model", Value: "openai/gpt-4o"},
		{Name: "Via", Value: "1.1 sluice/0.1.0"},
		{Name: "X-Kong-Upstream-Latency", Value: "430"},
		{Name: "X-Kong-Proxy-Latency", Value: "1"},
		{Name: "X-Kong-Request-Id", Value: "0123456789abcdef0123456789abcdef"},
	}
	ex.Attempts = ex.Attempts[1:]
	ex.Conceal("authorization")
	ex.AI = &flow.AI{
		Plugin: "proxy", PluginID: "0dc6f45b-8f8d-40d2-a504-473544ee190b", Provider: "openai", RequestModel: "gpt-4o",
		ResponseModel: "gpt-4o-2024-08-06", LogStatistics: true, LatencyMS: 430, Usage: llm.Usage{Prompt: 250, Completion: 120, Total: 370},
		Cost: 0.00182, FirstTokenMS: -1,
	}
	return ex
}

func BenchmarkAppend(b *testing.B) {
	for name, ex := range map[string]*flow.Exchange{"plain": exchange(), "model": question()} {
		b.Run(name, func(b *testing.B) {
			w := logentry.New()
			var buf []byte
			b.ReportAllocs()
			for b.Loop() {
				buf = w.Append(buf[:0], ex)
			}
			b.SetBytes(int64(len(buf)))
		})
	}
}
