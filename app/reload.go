package app

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/telemetry"
)

// InvalidError is a declarative configuration that was not taken.
type InvalidError struct {
	// Source of it: a path, or the name of a setting.
	Source   string
	Document *config.DocumentError
}

// Error is the text that stops a start, and what else there is to say about
// it.
func (e *InvalidError) Error() string {
	text := e.Document.Startup(e.Source)
	var said []string
	for _, p := range e.Document.Problems() {
		if more := Advice(p); more != "" && !slices.Contains(said, more) {
			said = append(said, more)
		}
	}
	for _, more := range said {
		text = strings.TrimSuffix(text, "\n") + "\n" + more
	}
	return text
}

// maxProblems is how many problems of one reload are logged.
const maxProblems = 100

// LogReload tells why a reload failed, each problem with its place on a line
// of its own, as sluice check prints them.
func LogReload(log *slog.Logger, err error) {
	const failed = "the configuration was not reloaded; the old one goes on"
	invalid, ok := errors.AsType[*InvalidError](err)
	if !ok {
		log.Error(failed, slog.Any("error", err))
		return
	}
	problems := invalid.Document.Problems()
	log.Error(failed, slog.String("source", invalid.Source), slog.Int("problems", len(problems)))
	for _, p := range problems[:min(len(problems), maxProblems)] {
		attrs := []any{slog.String("field", p.Path), slog.String("problem", p.Message)}
		if more := Advice(p); more != "" {
			attrs = append(attrs, slog.String("advice", more))
		}
		log.Error("problem in the configuration", attrs...)
	}
}

// reloads are the gauges that tell how the last load of the configuration
// from its file went.
type reloads struct{ successful, at *telemetry.Gauge }

func newReloads(m *telemetry.Registry) reloads {
	return reloads{
		successful: m.Gauge(telemetry.Desc{
			Name: "sluice_config_last_reload_successful", Help: "Whether the last load of the declarative file or a later change of it was taken, 0 is no",
		}).With(),
		at: m.Gauge(telemetry.Desc{
			Name: "sluice_config_last_reload_success_timestamp_seconds", Help: "When the declarative configuration was last loaded",
		}).With(),
	}
}

// note counts how a load went.
func (r reloads) note(err error, now time.Time) {
	if err != nil {
		r.successful.Set(0)
		return
	}
	r.successful.Set(1)
	r.at.Set(float64(now.UnixMilli()) / 1000)
}

// watch applies the declarative file whenever it changes. A bad file is
// reported once and not tried again before it changes.
func (a *App) watch(ctx context.Context) error {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			a.lookAtFile()
		}
	}
}

func (a *App) lookAtFile() {
	a.source.mu.Lock()
	defer a.source.mu.Unlock()
	state, err := stateOf(a.source.file)
	if err != nil {
		a.missing(err)
		return
	}
	a.source.gone = 0
	if state == a.source.seen {
		return
	}
	if err := a.reload(); err != nil {
		LogReload(a.o.Log, err)
	}
}

// missing warns of a file that stays away; one that is being replaced may be
// gone for a moment.
func (a *App) missing(err error) {
	if a.source.gone++; a.source.gone == 2 {
		a.o.Log.Warn("the declarative file cannot be read; the configuration stays as it is until it comes back",
			slog.String("source", a.source.file), slog.Any("error", err))
	}
}
