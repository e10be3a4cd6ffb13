package corpus

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
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

// configuration has a route for each format, with the gateway asking for usage
// or not, and with the model named by the caller or by the route. The upstream
// knows an exchange by the id in its path.
var configuration = template.Must(template.New("kong.yml").Parse(`
_format_version: "3.0"
plugins:
- name: file-log
  config: {path: "{{.Log}}"}
services:
- name: llm
  url: http://127.0.0.1:1/
  routes:
{{- range $api, $type := .Types}}{{range $ask, $asks := $.Asks}}{{range $by, $name := $.Names}}
  - name: {{$api}}.{{$ask}}.{{$by}}
    paths: ["/{{$api}}/{{$ask}}/{{$by}}"]
    plugins:
    - name: ai-proxy
      config:
        route_type: {{$type}}
        max_request_body_size: 0
        logging: {log_statistics: true}
        model:
          provider: openai
          name: {{$name}}
          options:
            upstream_url: http://127.0.0.1:{{$.Port}}/$(headers.x-replay-id)
            ask_usage: {{$asks}}
{{- end}}{{end}}{{end}}
`))

// routePath is the path of a route in the configuration.
func routePath(api string, ask, named bool) string {
	path := "/" + api + "/quiet"
	if ask {
		path = "/" + api + "/ask"
	}
	if named {
		return path + "/caller"
	}
	return path + "/route"
}

// gateway is a running gateway, and a client of it.
type gateway struct {
	url    string
	log    string // the file of log entries
	client *http.Client
	cancel context.CancelFunc
	done   chan error
}

func startGateway(t *testing.T, upstreamPort int) *gateway {
	t.Helper()
	log := filepath.Join(t.TempDir(), "entries.log")
	var doc strings.Builder
	err := configuration.Execute(&doc, map[string]any{
		"Log": log, "Port": upstreamPort, "Types": routeTypes,
		"Asks":  map[string]bool{"ask": true, "quiet": false},
		"Names": map[string]string{"caller": "null", "route": "$(headers.x-replay-model)"},
	})
	if err != nil {
		t.Fatal(err)
	}
	g := runGateway(t, doc.String())
	g.log = log
	return g
}

// runGateway starts a gateway with a declarative file.
func runGateway(t *testing.T, doc string) *gateway {
	t.Helper()
	g := &gateway{done: make(chan error, 1)}
	a, err := app.New(t.Context(), options(t, t.TempDir(), doc))
	if err != nil {
		t.Fatal(err)
	}
	var ctx context.Context
	ctx, g.cancel = context.WithCancel(context.Background())
	t.Cleanup(g.cancel)
	go func() { g.done <- a.Run(ctx) }()
	<-a.Ready()
	g.url = "http://" + a.ProxyAddrs()[0].String()
	g.client = &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16}}
	return g
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
		"prefix = "+dir+"\ndeclarative_config = "+write("kong.yml", doc)+"\n")
	s, _, err := settings.Load(settings.Source{File: conf})
	if err != nil {
		t.Fatal(err)
	}
	return app.Options{
		Settings: s, Log: slog.New(slog.DiscardHandler), Version: "test",
		LookupEnv: func(string) (string, bool) { return "", false },
	}
}

// entry is what the log says of a replay.
type entry struct {
	Request struct {
		Headers map[string]any
	}
	Response struct{ Status int }
	AI       struct {
		Proxy *struct {
			Meta struct {
				RequestModel  string `json:"request_model"`
				ResponseModel string `json:"response_model"`
			}
			Usage map[string]any
		}
	}
}

// stop ends the gateway, so that every log entry is written, and returns the
// entries by the id of their replay.
func (g *gateway) stop(t *testing.T) map[string]*entry {
	t.Helper()
	g.client.CloseIdleConnections()
	g.cancel()
	if err := <-g.done; err != nil {
		t.Errorf("the gateway ended with: %v", err)
	}
	f, err := os.Open(g.log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	entries := map[string]*entry{}
	for d := json.NewDecoder(bufio.NewReader(f)); ; {
		e := new(entry)
		d.UseNumber()
		if err := d.Decode(e); err == io.EOF {
			return entries
		} else if err != nil {
			t.Fatalf("the log after %d entries: %v", len(entries), err)
		}
		id := fmt.Sprint(e.Request.Headers["x-replay-id"])
		if entries[id] != nil {
			t.Errorf("two log entries of replay %s", id)
		}
		entries[id] = e
	}
}
