package engine

import (
	"log/slog"
	"time"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/send"
)

// logFailure tells of a request that failed, and whose it was.
func logFailure(ex *flow.Exchange, f *fault.Error) {
	attrs := append(whose(ex), slog.Int("status", f.Status()))
	attrs = append(attrs, send.Place(ex)...)
	if p, ok := ex.Plan.(*plan); ok && p.upstream != nil {
		if t := p.upstream.Timeout(f); t != "" {
			attrs = append(attrs, slog.String("timeout", t))
		}
	}
	attrs = append(attrs, slog.Any("error", f))
	ex.Logger().LogAttrs(ex.Ctx, slog.LevelError, "request failed", attrs...)
}

// logRequest tells of a request that has ended.
func logRequest(ex *flow.Exchange) {
	attrs := append(whose(ex), slog.Int("status", ex.Outcome.Status),
		slog.Duration("took", ex.Times.Done.Sub(ex.Started).Round(10*time.Microsecond)))
	ex.Logger().LogAttrs(ex.Ctx, slog.LevelDebug, "request", attrs...)
}

// whose is what a line about a request begins with. The query is left out: it
// may hold a key.
func whose(ex *flow.Exchange) []slog.Attr {
	attrs := []slog.Attr{slog.String("method", ex.In.Method), slog.String("path", ex.In.Path)}
	if ex.Route != nil {
		attrs = append(attrs, slog.String("route", nameOf(ex.Route.Name, ex.Route.ID)))
	}
	if ex.Service != nil {
		attrs = append(attrs, slog.String("service", nameOf(ex.Service.Name, ex.Service.ID)))
	}
	return attrs
}
