package relay

import (
	"testing"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/schema"
)

// prepared calls and prepares, which must both work.
func prepared(t *testing.T, tg *Target, ex *flow.Exchange) *flow.Exchange {
	t.Helper()
	if err := calling(tg, ex); err != nil {
		t.Fatal(err)
	}
	if err := ex.Call.Prepare(ex, 0); err != nil {
		t.Fatal(err)
	}
	return ex
}

func TestOptions(t *testing.T) {
	all := func(s *Settings) {
		s.Model.Name = "m"
		s.Model.Options.MaxTokens, s.Model.Options.Temperature, s.Model.Options.TopP = new(9), new(0.5), new(1.0)
		s.Model.Options.TopK, s.Model.Options.EmbeddingsDimensions = new(3), new(256)
	}
	with := func(routeType, model string) func(*Settings) {
		return func(s *Settings) {
			all(s)
			s.RouteType, s.Model.Name = routeType, model
		}
	}
	const say = `"messages":[{"content":"a"}]`
	for _, tt := range []struct {
		name   string
		change func(*Settings)
		in     string
		want   string
	}{
		{"nothing to change", set(provider.Chat, "m"), `{"model":"m",` + say + `,"stream":false,"x":[ 1 ]}`, `{"model":"m",` + say + `,"stream":false,"x":[ 1 ]}`},
		{"name and flag", set(provider.Chat, "m"), `{` + say + `}`, `{` + say + `,"model":"m","stream":false}`},
		{"null name", set(provider.Chat, "m"), `{"model": null,` + say + `,"stream":null}`, `{"model": "m",` + say + `,"stream":false}`},
		{"plugin wins, the rest stays", all, `{"model":"m","temperature":1,"max_tokens":5,"top_p":0,"stream":false,"user":"u","seed":1,` + say + `}`, `{"model":"m","temperature":0.5,"max_tokens":9,"top_p":1,"stream":false,"user":"u","seed":1,` + say + `}`},
		{"plugin fills in", all, `{"model":"m","stream":false,` + say + `}`, `{"model":"m","stream":false,` + say + `,"max_tokens":9,"temperature":0.5,"top_p":1}`},
		{"top_k goes", set(provider.Chat, "m"), `{"model":"m","top_k":4,"stream":false,` + say + `}`, `{"model":"m","stream":false,` + say + `}`},
		{"the other spelling goes", all, `{"model":"m","max_completion_tokens":5,"stream":false,"temperature":1,"top_p":1,` + say + `}`, `{"model":"m","stream":false,"temperature":0.5,"top_p":1,` + say + `,"max_tokens":9}`},
		{"reasoning models", with(provider.Chat, "o3-mini"), `{"model":"o3-mini","max_tokens":5,"stream":false,"temperature":1,"top_p":1,` + say + `}`, `{"model":"o3-mini","stream":false,"temperature":0.5,"top_p":1,` + say + `,"max_completion_tokens":9}`},
		{"reasoning model of the caller", with(provider.Chat, ""), `{"model":"gpt-5","stream":false,"temperature":1,"top_p":1,` + say + `}`, `{"model":"gpt-5","stream":false,"temperature":0.5,"top_p":1,` + say + `,"max_completion_tokens":9}`},
		{"the caller's limit of a reasoning model", set(provider.Chat, "o1"), `{"model":"o1","max_tokens" : 5,"stream":false,` + say + `}`, `{"model":"o1","max_completion_tokens":5,"stream":false,` + say + `}`},
		{"the caller's limit of the caller's reasoning model", set(provider.Chat, ""), `{"model":"gpt-5-mini","stream":false,` + say + `,"max_tokens":5}`, `{"model":"gpt-5-mini","stream":false,` + say + `,"max_completion_tokens":5}`},
		{"both limits of a reasoning model", set(provider.Chat, "o4-mini"), `{"model":"o4-mini","max_completion_tokens":6,"max_tokens":5,"stream":false,` + say + `}`, `{"model":"o4-mini","max_completion_tokens":6,"stream":false,` + say + `}`},
		{"the caller's limit of another model", set(provider.Chat, "gpt-4o"), `{"model":"gpt-4o","max_tokens":5,"stream":false,` + say + `}`, `{"model":"gpt-4o","max_tokens":5,"stream":false,` + say + `}`},
		{"the caller's limit, preserved", set(provider.Preserve, ""), `{"model":"o1","max_tokens":5}`, `{"model":"o1","max_tokens":5}`},
		{"completions", with(provider.Completions, "m"), `{"model":"m","prompt":"a","stream":false}`, `{"model":"m","prompt":"a","stream":false,"max_tokens":9,"temperature":0.5,"top_p":1}`},
		{"responses", with(provider.Responses, "m"), `{"model":"m","input":"a"}`, `{"model":"m","input":"a","max_output_tokens":9,"temperature":0.5,"top_p":1}`},
		{"embeddings", with(provider.Embeddings, "m"), `{"input":"a","model":"m"}`, `{"input":"a","model":"m","dimensions":256}`},
		{"preserve", with(provider.Preserve, ""), `{"model":"m","top_k":4}`, `{"model":"m","top_k":4}`},
	} {
		if got := sent(prepared(t, target(t, tt.change), asking(tt.in))); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestStreamEdits(t *testing.T) {
	quiet := func(s *Settings) { s.Model.Options.AskUsage = false }
	always := func(s *Settings) { s.Streaming = Always }
	const say = `"messages":[{"content":"a"}]`
	for _, tt := range []struct {
		name   string
		change func(*Settings)
		in     string
		want   string
		hide   bool
	}{
		{"asked for", nil, `{"model":"m",` + say + `,"stream":true}`, `{"model":"m",` + say + `,"stream":true,"stream_options":{"include_usage":true}}`, true},
		{"as Lua has it", nil, `{"model":"m",` + say + `,"stream":1}`, `{"model":"m",` + say + `,"stream":true,"stream_options":{"include_usage":true}}`, true},
		{"not allowed to ask", quiet, `{"model":"m",` + say + `,"stream":true}`, `{"model":"m",` + say + `,"stream":true}`, false},
		{"the caller asks", nil, `{"model":"m",` + say + `,"stream":true,"stream_options":{"include_usage":true}}`, `{"model":"m",` + say + `,"stream":true,"stream_options":{"include_usage":true}}`, false},
		{"the caller does not want it", nil, `{"model":"m",` + say + `,"stream":true,"stream_options":{"include_usage":false,"a":1}}`, `{"model":"m",` + say + `,"stream":true,"stream_options":{"include_usage":true,"a":1}}`, true},
		{"other options", nil, `{"model":"m",` + say + `,"stream":true,"stream_options":{"a":1}}`, `{"model":"m",` + say + `,"stream":true,"stream_options":{"a":1,"include_usage":true}}`, true},
		{"no options", nil, `{"model":"m",` + say + `,"stream":true,"stream_options":{}}`, `{"model":"m",` + say + `,"stream":true,"stream_options":{"include_usage":true}}`, true},
		{"null options", nil, `{"model":"m",` + say + `,"stream":true,"stream_options":null}`, `{"model":"m",` + say + `,"stream":true,"stream_options":{"include_usage":true}}`, true},
		{"forced", always, `{"model":"m",` + say + `,"stream":false}`, `{"model":"m",` + say + `,"stream":true,"stream_options":{"include_usage":true}}`, true},
	} {
		ex := prepared(t, target(t, tt.change), asking(tt.in))
		if got := sent(ex); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
		if got := ex.Call.(*call).asked; got != tt.hide {
			t.Errorf("%s: hides usage: %t", tt.name, got)
		}
	}
}

// TestPrepareAgain: a second attempt is made from the pristine request.
func TestPrepareAgain(t *testing.T) {
	tg := target(t, func(s *Settings) {
		s.Model.Options.UpstreamURL, s.Model.Options.MaxTokens = "http://up/v1?a=1", new(3)
		s.Auth = provider.Auth{HeaderName: "Authorization", HeaderValue: "Bearer k", ParamName: "key", ParamValue: "v", ParamLocation: "query", AllowOverride: true}
	})
	ex := asking(`{"model":"m",` + hello[1:])
	ex.In.Query, ex.In.HasQuery, ex.Out.Query = "b=2", true, "b=2"
	prepared(t, tg, ex)
	first, body := ex.Out.URI(), sent(ex)
	if err := ex.Call.Prepare(ex, 1); err != nil {
		t.Fatal(err)
	}
	if got := ex.Out.URI(); got != first || got != "/v1?a=1&b=2&key=v" {
		t.Errorf("uri: first %q, then %q", first, got)
	}
	if got := sent(ex); got != body {
		t.Errorf("body: first %s, then %s", body, got)
	}
	if got := ex.Out.Header.Values("Authorization"); len(got) != 1 || got[0] != "Bearer k" {
		t.Errorf("Authorization: %q", got)
	}
}

func TestAuthorizeByHeader(t *testing.T) {
	for _, tt := range []struct {
		name     string
		override bool
		caller   string
		hidden   bool // a plugin took the caller's field away
		want     string
	}{
		{"none", false, "", false, "Bearer gateway"},
		{"replaced", false, "Bearer caller", false, "Bearer gateway"},
		{"caller wins", true, "Bearer caller", false, "Bearer caller"},
		{"nothing to win with", true, "", false, "Bearer gateway"},
		{"the caller's was for the gateway", true, "Bearer caller", true, "Bearer gateway"},
	} {
		tg := target(t, func(s *Settings) {
			s.Auth = provider.Auth{HeaderName: "Authorization", HeaderValue: "Bearer gateway", AllowOverride: tt.override}
		})
		ex := asking(`{"model":"m",` + hello[1:])
		if tt.caller != "" {
			ex.In.Header.Add("authorization", tt.caller)
			ex.Out.Header.Add("authorization", tt.caller)
		}
		if tt.hidden {
			ex.Out.Header.Del("authorization")
		}
		prepared(t, tg, ex)
		if got := ex.Out.Header.Values("Authorization"); len(got) != 1 || got[0] != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestAuthorizeByQuery(t *testing.T) {
	for _, tt := range []struct {
		override    bool
		query, want string
	}{
		{false, "", "key=a%26b"},
		{false, "x=1", "x=1&key=a%26b"},
		{false, "key=mine&x=1", "x=1&key=a%26b"},
		{false, "%6bey=mine", "key=a%26b"},
		{false, "key", "key=a%26b"},
		{true, "key=mine&x=1", "key=mine&x=1"},
		{true, "%6bey=mine", "%6bey=mine"},
		{true, "x=1", "x=1&key=a%26b"},
	} {
		tg := target(t, func(s *Settings) {
			s.Auth = provider.Auth{ParamName: "key", ParamValue: "a&b", ParamLocation: "query", AllowOverride: tt.override}
		})
		ex := asking(`{"model":"m",` + hello[1:])
		ex.In.Query, ex.Out.Query, ex.Out.HasQuery = tt.query, tt.query, tt.query != ""
		if got := prepared(t, tg, ex).Out.Query; got != tt.want || !ex.Out.HasQuery {
			t.Errorf("%q, override %t: got %q, want %q", tt.query, tt.override, got, tt.want)
		}
	}
}

func TestAuthorizeByBody(t *testing.T) {
	const say = `"messages":[{"content":"a"}],"stream":false}`
	for _, tt := range []struct {
		routeType, param string
		override         bool
		in, want         string
	}{
		{provider.Chat, "key", false, `{"model":"m",` + say, `{"model":"m",` + say[:len(say)-1] + `,"key":"v\""}`},
		{provider.Chat, "key", false, `{"model":"m","key":"mine",` + say, `{"model":"m","key":"v\"",` + say},
		{provider.Chat, "key", true, `{"model":"m","key":"mine",` + say, `{"model":"m","key":"mine",` + say},
		{provider.Chat, "input", false, `{"model":"m","input":1,` + say, `{"model":"m","input":"v\"",` + say},
		{provider.Preserve, "key", false, `{"model":"m",` + say, `{"model":"m",` + say},
	} {
		tg := target(t, func(s *Settings) {
			s.RouteType = tt.routeType
			s.Auth = provider.Auth{ParamName: tt.param, ParamValue: schema.Secret(`v"`), ParamLocation: "body", AllowOverride: tt.override}
		})
		if got := sent(prepared(t, tg, asking(tt.in))); got != tt.want {
			t.Errorf("%s, override %t:\n got %s\nwant %s", tt.in, tt.override, got, tt.want)
		}
	}
}

// TestAddress is how URLs are built.
func TestAddress(t *testing.T) {
	for _, tt := range []struct {
		name, routeType, url, path string // settings
		prefix, asked              string // the caller's path
		scheme, host, uri          string // what comes of it
		port                       int
	}{
		{"default", provider.Chat, "", "", "", "/chat", "https", "api.openai.com", "/v1/chat/completions", 443},
		{"completions", provider.Completions, "", "", "", "/x", "https", "api.openai.com", "/v1/completions", 443},
		{"embeddings", provider.Embeddings, "", "", "", "/x", "https", "api.openai.com", "/v1/embeddings", 443},
		{"url", provider.Chat, "http://up:81/a/b", "", "", "/chat", "http", "up:81", "/a/b", 81},
		{"url without a path", provider.Chat, "http://up", "", "", "/chat", "http", "up", "/", 80},
		{"url with slashes", provider.Chat, "https://up//a//b", "", "", "/chat", "https", "up", "/a//b", 443},
		{"url with a query", provider.Chat, "https://up/a?v=1", "", "", "/chat", "https", "up", "/a?v=1", 443},
		{"IPv6", provider.Chat, "http://[::1]:80/a", "", "", "/chat", "http", "[::1]", "/a", 80},
		{"path", provider.Chat, "", "//own", "", "/chat", "https", "api.openai.com", "/own", 443},
		{"url over path", provider.Chat, "http://up/a", "/own", "", "/chat", "http", "up", "/a", 80},
		{"preserve", provider.Preserve, "", "", "/ai", "//ai/v1/x", "https", "api.openai.com", "/ai/v1/x", 443},
		{"preserve, url", provider.Preserve, "http://up/lost", "", "/ai", "/ai/v1/x", "http", "up", "/ai/v1/x", 80},
		{"preserve, path", provider.Preserve, "http://up/lost", "own", "/ai", "/ai/v1/x", "http", "up", "/own", 80},
		{"responses", provider.Responses, "", "", "/ai", "/ai", "https", "api.openai.com", "/v1/responses", 443},
		{"responses, named", provider.Responses, "", "", "/v1", "/v1/responses", "https", "api.openai.com", "/v1/responses", 443},
		{"responses, one", provider.Responses, "", "", "/v1", "/v1/responses/r_1", "https", "api.openai.com", "/v1/responses/r_1", 443},
		{"responses, below one", provider.Responses, "", "", "/v1", "/v1/responses/r_1/cancel/", "https", "api.openai.com", "/v1/responses/r_1/cancel", 443},
		{"responses, behind a prefix", provider.Responses, "", "", "/ai", "/ai/r_1", "https", "api.openai.com", "/v1/responses/r_1", 443},
		{"responses, url", provider.Responses, "http://up/r/", "", "/v1", "/v1/responses/r_1", "http", "up", "/r/r_1", 80},
	} {
		tg := target(t, func(s *Settings) {
			s.RouteType, s.Model.Name = tt.routeType, "m"
			s.Model.Options.UpstreamURL, s.Model.Options.UpstreamPath = tt.url, tt.path
		})
		ex := asking(`{"model":"m","input":"a"}`)
		if tt.routeType == provider.Chat || tt.routeType == provider.Completions {
			ex = asking(map[string]string{provider.Chat: hello, provider.Completions: `{"prompt":"a"}`}[tt.routeType])
		}
		ex.In.Path, ex.Prefix = tt.asked, tt.prefix
		out := &prepared(t, tg, ex).Out
		if out.Scheme != tt.scheme || out.Host != tt.host || out.URI() != tt.uri || out.Port != tt.port {
			t.Errorf("%s: got %s %s %s %d", tt.name, out.Scheme, out.Host, out.URI(), out.Port)
		}
	}
}

// TestNoWayOut: the caller's path cannot lead the gateway's credential to
// another operation.
func TestNoWayOut(t *testing.T) {
	tg := target(t, set(provider.Responses, "m"))
	for _, path := range []string{
		"/v1/responses/../files", "/v1/responses/%2e%2e/files", "/v1/responses/a%2f..%2f..", "/v1/responses/./a",
		"/v1/responses/a/..", `/v1/responses/..\files`, "/v1/responses/%5c..", "/v1/responses/%zz",
	} {
		ex := asking("")
		ex.In.Path, ex.Prefix = path, "/v1"
		if err := calling(tg, ex); err != nil {
			t.Fatal(err)
		}
		if err := ex.Call.Prepare(ex, 0); fault.As(err).Status() != 400 {
			t.Errorf("%s: got %v, sent to %s", path, err, ex.Out.Path)
		}
	}
}

func TestMethod(t *testing.T) {
	for _, tt := range []struct{ routeType, method, body, want string }{
		{provider.Chat, "GET", hello, "POST"},
		{provider.Embeddings, "PUT", `{"input":"a"}`, "POST"},
		{provider.Responses, "GET", "", "GET"},
		{provider.Responses, "DELETE", "", "DELETE"},
		{provider.Preserve, "GET", hello, "GET"},
	} {
		ex := asking(tt.body)
		ex.In.Method, ex.Out.Method = tt.method, tt.method
		if got := prepared(t, target(t, set(tt.routeType, "m")), ex).Out.Method; got != tt.want {
			t.Errorf("%s %s: got %s", tt.method, tt.routeType, got)
		}
	}
}

func TestAcceptEncoding(t *testing.T) {
	for _, tt := range []struct{ caller, stream, want string }{
		{"gzip, br", "false", "gzip, identity"}, {"br", "false", "identity"}, {"gzip", "true", "identity"}, {"", "false", "identity"},
	} {
		ex := asking(`{"model":"m","stream":`+tt.stream+`,`+hello[1:], "Accept-Encoding: "+tt.caller)
		if got := prepared(t, target(t, nil), ex).Out.Header.Values("accept-encoding"); len(got) != 1 || got[0] != tt.want {
			t.Errorf("%q, stream %s: got %q", tt.caller, tt.stream, got)
		}
	}
}

func TestTemplatesChooseTheModel(t *testing.T) {
	tg := target(t, func(s *Settings) {
		s.Model.Name, s.Model.Options.UpstreamURL = "$(headers.x-model)", "http://$(query_params.host)/v1"
	})
	ex := asking(hello, "X-Model: m2")
	ex.In.Query = "host=up"
	prepared(t, tg, ex)
	if ex.AI.RequestModel != "m2" || ex.Out.Host != "up" {
		t.Errorf("got %q at %q", ex.AI.RequestModel, ex.Out.Host)
	}
	if got := message(calling(tg, asking(hello))); got != "headers key x-model was not provided" {
		t.Errorf("without the field: %q", got)
	}
}

// TestTemplatesBesideTheCallersModel: what one request puts into the address
// is not there for the next.
func TestTemplatesBesideTheCallersModel(t *testing.T) {
	tg := target(t, func(s *Settings) { s.Model.Options.UpstreamURL = "http://$(headers.x-host)/v1" })
	for _, host := range []string{"a", "b"} {
		ex := asked("X-Host: " + host)
		prepared(t, tg, ex)
		if ex.AI.RequestModel != "m" || ex.Out.Host != host {
			t.Errorf("got %q at %q", ex.AI.RequestModel, ex.Out.Host)
		}
	}
}

func TestUnknownRouteType(t *testing.T) {
	if _, err := New(Settings{RouteType: "llm/v1/files"}); err == nil {
		t.Error("no error")
	}
}
