package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/sluice-gateway/sluice/app"
	"github.com/sluice-gateway/sluice/listen"
	"github.com/sluice-gateway/sluice/quickstart"
	"github.com/sluice-gateway/sluice/settings"
)

var quickstartCommand = command{
	name: "quickstart", summary: "set up a first configuration and run it",
	usage: `Usage: sluice quickstart [--yes] [--dir FOLDER] [--force]

Takes the keys of providers from the usual variables (OPENAI_API_KEY,
ANTHROPIC_API_KEY, GEMINI_API_KEY, …) or asks for them, looks for a local
Ollama, writes a declarative file and an env file, starts the gateway, and
prints how to call it. Every provider can be called with OpenAI's SDK. Without
any key the built-in demo model answers.

  --yes           never ask: enable what is found
  --dir FOLDER    where to write sluice.yml and sluice.env (./quickstart)
  --force         write files anew that exist; without it they are kept

Settings come from the env file, KONG_* and SLUICE_*; settings files are not
read. The proxy listens on 127.0.0.1:8000, since callers need no key.
`,
	run: runQuickstart,
}

func runQuickstart(p *process, args []string) error {
	o := quickstart.Options{
		In: p.stdin, Out: p.stdout, Hide: p.hide, LookupEnv: lookup(p.environ),
		// Without a proxy: what is looked for is on this machine.
		HTTP: &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
	}
	fs := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	fs.BoolVar(&o.Yes, "yes", false, "")
	fs.BoolVar(&o.Yes, "y", false, "")
	fs.BoolVar(&o.Force, "force", false, "")
	fs.StringVar(&o.Dir, "dir", "quickstart", "")
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	ctx := context.Background()
	o.Command = p.command
	o.Check = func(environ []string) error {
		s, _, _, err := p.quickSettings(environ)
		if err != nil {
			return err
		}
		return advise(app.CheckListeners(ctx, s))
	}
	made, err := quickstart.Prepare(ctx, o)
	if err != nil {
		return err
	}
	return p.serveQuickstart(ctx, made)
}

func (p *process) serveQuickstart(ctx context.Context, made *quickstart.Result) error {
	s, src, warnings, err := p.quickSettings(made.Environ)
	if err != nil {
		return err
	}
	environ := src.Environ
	log := newLog(s, p.stderr)
	a, err := p.open(ctx, s, warnings, environ, log)
	if err != nil {
		return err
	}
	hear := p.ready
	quick := *p
	quick.ready = func(g gateway) {
		proxy := address(s.ProxyListen, g.ProxyAddrs())
		if err := made.Guide(p.stdout, proxy, address(s.StatusListen, g.StatusAddrs())); err != nil {
			log.Error("the guide could not be printed", slog.Any("error", err))
		}
		if hear != nil {
			hear(g)
		}
	}
	return quick.serve(a, log, reloader(a, log, src, s))
}

// quickSettings are the settings with the variables of the env file.
func (p *process) quickSettings(more []string) (*settings.Settings, settings.Source, []settings.Warning, error) {
	src := settings.Source{Search: []string{}, Environ: append(slices.Clone(p.environ), more...)}
	if look := lookup(src.Environ); !isSet(look, "KONG_LOG_LEVEL") && !isSet(look, "SLUICE_LOG_LEVEL") {
		// The guide shall not drown in the log.
		src.Override = map[string]string{"log_level": "warn"}
	}
	s, warnings, err := readSettings(src)
	return s, src, warnings, err
}

func isSet(look func(string) (string, bool), name string) bool {
	v, ok := look(name)
	return ok && v != ""
}

// address is the URL of a listener, the first without TLS if there is one; ""
// when there is none. bound are the addresses of the entries of value.
func address(value string, bound []net.Addr) string {
	entries, err := listen.ParseAddresses("", value)
	if err != nil || len(entries) != len(bound) || len(entries) == 0 {
		return ""
	}
	i := max(slices.IndexFunc(entries, func(a listen.Address) bool { return !a.TLS }), 0)
	scheme := "http"
	if entries[i].TLS {
		scheme = "https"
	}
	tcp, ok := bound[i].(*net.TCPAddr)
	if !ok {
		return ""
	}
	host := entries[i].Host
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return fmt.Sprintf("%s://%s", scheme, net.JoinHostPort(host, strconv.Itoa(tcp.Port)))
}
