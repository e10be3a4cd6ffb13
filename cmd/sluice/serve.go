package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/sluice-gateway/sluice/app"
	"github.com/sluice-gateway/sluice/settings"
)

// gateway is what a command does with an app.
type gateway interface {
	Run(ctx context.Context) error
	Reload(ctx context.Context) error
	Ready() <-chan struct{}
	ProxyAddrs() []net.Addr
	StatusAddrs() []net.Addr
}

// readSettings loads the settings and holds them against what is in the
// binary.
func readSettings(src settings.Source) (*settings.Settings, []settings.Warning, error) {
	s, warnings, err := settings.Load(src)
	if err != nil {
		return nil, warnings, err
	}
	var problems []settings.Problem
	for _, name := range s.PluginNames() {
		if _, ok := app.Plugins().Lookup(name); !ok {
			problems = append(problems, settings.Problem{Key: "plugins", Message: fmt.Sprintf("%q is not in this version", name)})
		}
	}
	if problems != nil {
		return nil, warnings, &settings.Error{Problems: problems}
	}
	return s, warnings, nil
}

// newLog makes the gateway's own log.
func newLog(s *settings.Settings, w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: s.Level()}
	if s.LogFormat == "json" {
		o.ReplaceAttr = readable
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// readable writes durations with their unit, as the text form does; slog's
// JSON has bare nanoseconds.
func readable(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		return slog.String(a.Key, a.Value.Duration().String())
	}
	return a
}

// open puts a gateway together and says what is worth telling about its
// settings.
func (p *process) open(ctx context.Context, s *settings.Settings, warnings []settings.Warning, environ []string, log *slog.Logger) (*app.App, error) {
	for _, w := range warnings {
		log.LogAttrs(ctx, slog.LevelWarn, w.Message, w.Attrs...) //nolint:sloglint // the messages are constants of settings
	}
	a, err := app.New(ctx, app.Options{Settings: s, Log: log, Version: version(), LookupEnv: lookup(environ)})
	return a, advise(err)
}

// advise says what to do about an address that is in use.
func advise(err error) error {
	if l, ok := errors.AsType[*app.ListenError](err); ok && errors.Is(l, syscall.EADDRINUSE) {
		return fmt.Errorf("%w: stop the other program, or choose another port with SLUICE_%s", err, strings.ToUpper(l.Key))
	}
	return err
}

// errStopped ends a stop that was not waited for.
var errStopped = errors.New("stopped at once: a second signal came while running exchanges were ending")

// serve runs a gateway until a signal ends it: SIGTERM, SIGINT and SIGQUIT let
// running exchanges end, a second one does not; SIGHUP reloads.
func (p *process) serve(g gateway, log *slog.Logger, reload func(ctx context.Context)) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 4)
	defer p.notify(signals)()
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	if p.ready != nil {
		go func() {
			<-g.Ready()
			p.ready(g)
		}()
	}
	for stopping := (time.Time{}); ; {
		select {
		case err := <-ended:
			return err
		case sig := <-signals:
			switch {
			case sig == syscall.SIGHUP:
				reload(ctx)
			case stopping.IsZero():
				log.Info("signal received", slog.String("signal", sig.String()))
				stopping = time.Now()
				cancel()
			case time.Since(stopping) >= p.once:
				return errStopped
			}
		}
	}
}

// reloader loads the configuration again. Settings cannot change while the
// gateway runs; those that would are named.
func reloader(g gateway, log *slog.Logger, src settings.Source, s *settings.Settings) func(ctx context.Context) {
	return func(ctx context.Context) {
		if next, _, err := readSettings(src); err != nil {
			log.Warn("the settings cannot be read any more", slog.Any("error", err))
		} else if keys := changed(s, next); len(keys) > 0 {
			log.Warn("changed settings take effect at the next start", slog.String("keys", strings.Join(keys, ", ")))
		}
		if err := g.Reload(ctx); err != nil {
			app.LogReload(log, err)
		}
	}
}

// changed lists the keys with different values. Secrets are masked, so a
// changed one is not noticed.
func changed(a, b *settings.Settings) []string {
	old, next := a.Configuration(), b.Configuration()
	var keys []string
	for key, v := range old {
		if !reflect.DeepEqual(v, next[key]) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
