package main

import (
	"context"
	"flag"
	"log/slog"
	"path/filepath"

	"github.com/sluice-gateway/sluice/settings"
)

var startCommand = command{
	name: "start", summary: "run the gateway in the foreground",
	usage: `Usage: sluice start [-c FILE] [--declarative FILE]

Runs the gateway in the foreground. Logs go to standard error.

  -c, --conf FILE       settings file, instead of the usual places
  --declarative FILE    the declarative file: services, routes, plugins; the
                        same as the setting declarative_config

Signals: SIGTERM, SIGINT and SIGQUIT stop it once running exchanges have ended
or quit_timeout is over, a second one at once; SIGHUP reads the declarative
file again, which also happens by itself when the file changes.
`,
	run: start,
}

func start(p *process, args []string) error {
	src, err := startOptions(p, args)
	if err != nil {
		return err
	}
	s, warnings, err := readSettings(src)
	if err != nil {
		return err
	}
	log := newLog(s, p.stderr)
	a, err := p.open(context.Background(), s, warnings, p.environ, log)
	if err != nil {
		return err
	}
	for _, l := range a.Listeners() {
		log.Info("listening", slog.String("api", l.API), slog.String("address", l.String()), slog.Bool("tls", l.TLS))
	}
	return p.serve(a, log, reloader(a, log, src, s))
}

func startOptions(p *process, args []string) (settings.Source, error) {
	src := settings.Source{Environ: p.environ}
	fs := flag.NewFlagSet("start", flag.ContinueOnError)
	var declarative string
	fs.StringVar(&src.File, "c", "", "")
	fs.StringVar(&src.File, "conf", "", "")
	fs.StringVar(&declarative, "declarative", "", "")
	if _, err := parse(fs, args, 0, 0); err != nil {
		return src, err
	}
	if declarative != "" {
		path, err := filepath.Abs(declarative)
		if err != nil {
			return src, err
		}
		// The empty text takes back one that the environment may hold.
		src.Override = map[string]string{"declarative_config": path, "declarative_config_string": ""}
	}
	return src, nil
}
