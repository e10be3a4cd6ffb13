package translate

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"

	"github.com/sluice-gateway/sluice/app"
	"github.com/sluice-gateway/sluice/settings"
)

// configuration has a route for each format of a provider and each of callers,
// chosen by a header, so that the path can be that of the caller's format.
var configuration = template.Must(template.New("kong.yml").Parse(`
_format_version: "3.0"
services:
- name: llm
  url: http://127.0.0.1:1/
  routes:
{{- range .Routes}}
  - name: {{.Name}}
    paths: ["/"]
    headers: {x-replay-route: ["{{.Name}}"]}
    plugins:
    - name: ai-proxy
      config:
        route_type: {{.RouteType}}
        llm_format: {{.LLMFormat}}
        max_request_body_size: 0
        auth: {header_name: x-key, header_value: k}
        model:
          provider: {{.Way.Provider}}
          options:
            upstream_url: http://{{.Way.Host}}:{{$.Port}}{{.Way.Path}}
            {{.Way.Options}}
{{- end}}
`))

// route is one of the configuration, for callers of one format.
type route struct {
	Name, RouteType, LLMFormat string
	Way                        target
}

// target is what a way is in the configuration.
type target struct{ Provider, Path, Host, Options string }

// routes are those of all callers whom a provider's answers can reach.
func routes() []route {
	var out []route
	for name, a := range apis {
		for caller, f := range callers {
			if w := a.ways[f.routeType]; w != nil {
				out = append(out, route{routeName(name, caller), f.routeType, f.llmFormat, w.target()})
			}
		}
	}
	return out
}

func routeName(api, caller string) string { return api + "-" + strings.ReplaceAll(caller, "/", "-") }

func (w *way) target() target {
	t := target{w.provider, w.path, w.host, w.options}
	if t.Path == "" {
		t.Path = byPath
	}
	if t.Host == "" {
		t.Host = "127.0.0.1"
	}
	return t
}

// gateway is a running gateway, and a client of it.
type gateway struct {
	url    string
	client *http.Client
	cancel context.CancelFunc
	done   chan error
}

func startGateway(t *testing.T, upstreamPort int, list []route) *gateway {
	t.Helper()
	a, err := app.New(t.Context(), options(t, t.TempDir(), written(t, upstreamPort, list)))
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{done: make(chan error, 1)}
	var ctx context.Context
	ctx, g.cancel = context.WithCancel(context.Background())
	t.Cleanup(g.cancel)
	go func() { g.done <- a.Run(ctx) }()
	<-a.Ready()
	g.url = "http://" + a.ProxyAddrs()[0].String()
	g.client = &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16}}
	return g
}

func written(t *testing.T, upstreamPort int, list []route) string {
	t.Helper()
	var doc strings.Builder
	if err := configuration.Execute(&doc, map[string]any{"Port": upstreamPort, "Routes": list}); err != nil {
		t.Fatal(err)
	}
	return doc.String()
}

// options writes the files that the gateway starts from.
func options(t *testing.T, dir, doc string) app.Options {
	t.Helper()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	conf := write("kong.conf", "proxy_listen = 127.0.0.1:0\nadmin_listen = off\nstatus_listen = off\n"+
		"prefix = "+dir+"\ndns_hostsfile = "+write("hosts", "127.0.0.1 api.mistral.ai api.voyageai.com\n")+"\ndeclarative_config = "+write("kong.yml", doc)+"\n")
	s, _, err := settings.Load(settings.Source{File: conf})
	if err != nil {
		t.Fatal(err)
	}
	return app.Options{
		Settings: s, Log: slog.New(slog.DiscardHandler), Version: "test",
		LookupEnv: func(string) (string, bool) { return "", false },
	}
}

func (g *gateway) stop(t *testing.T) {
	t.Helper()
	g.client.CloseIdleConnections()
	g.cancel()
	if err := <-g.done; err != nil {
		t.Errorf("the gateway ended with: %v", err)
	}
}
