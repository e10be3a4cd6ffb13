package admin

import (
	"errors"
	"log/slog"

	"github.com/sluice-gateway/sluice/config"
)

// tellRefused logs that a posted configuration was not taken. The details are
// in the answer.
func (f *front) tellRefused(q *request, err error) {
	if errors.Is(err, errIdentical) {
		return
	}
	attrs := []any{slog.String("client", q.RemoteAddr)}
	if bad, ok := errors.AsType[*config.DocumentError](err); ok {
		problems := bad.Problems()
		attrs = append(attrs, slog.Int("problems", len(problems)))
		if len(problems) > 0 {
			err = errors.New(problems[0].String())
		}
	}
	f.o.Log.Warn("a posted configuration was refused; the old one goes on", append(attrs, slog.Any("error", err))...)
}

// tellDraining logs that somebody has made the node not ready.
func (s *StatusAPI) tellDraining(q *request) {
	s.o.Log.Info("not ready any more: draining was asked for", slog.String("client", q.RemoteAddr))
}
