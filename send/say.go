package send

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/h1"
)

// logAttempt tells of attempt n, from 0, after which another follows.
func logAttempt(ex *flow.Exchange, up *Upstream, n int, err error) {
	attrs := []slog.Attr{slog.String("attempt", fmt.Sprintf("%d of %d", n+1, up.Retries+1))}
	attrs = append(attrs, Place(ex)...)
	if t := up.Timeout(err); t != "" {
		attrs = append(attrs, slog.String("timeout", t))
	}
	attrs = append(attrs, slog.Any("error", err))
	ex.Logger().LogAttrs(ex.Ctx, slog.LevelWarn, "attempt failed, trying again", attrs...)
}

// Place says where an exchange goes, for log lines: the host it was meant for,
// and the peer of the last attempt.
func Place(ex *flow.Exchange) []slog.Attr {
	var attrs []slog.Attr
	if ex.Out.Addr != "" {
		attrs = append(attrs, slog.String("upstream", net.JoinHostPort(ex.Out.Addr, strconv.Itoa(ex.Out.Port))))
	}
	if n := len(ex.Attempts); n > 0 {
		a := &ex.Attempts[n-1]
		attrs = append(attrs, slog.String("peer", net.JoinHostPort(a.IP, strconv.Itoa(a.Port))))
		if a.ContentType != "" {
			attrs = append(attrs, slog.String("content_type", a.ContentType))
		}
	}
	return attrs
}

// Timeout names the field of the service, and its value, that an error was
// caused by; "" when it was none of them.
func (up *Upstream) Timeout(err error) string {
	if errors.Is(err, errSlow) {
		return setting("read_timeout", up.ReadTimeout)
	}
	e, ok := errors.AsType[*h1.Error](err)
	if !ok || !e.Timeout {
		return ""
	}
	switch e.Op {
	case h1.OpDial, h1.OpProxy, h1.OpTLS:
		return setting("connect_timeout", up.ConnectTimeout)
	case h1.OpWrite:
		return setting("write_timeout", up.WriteTimeout)
	case h1.OpRead:
		return setting("read_timeout", up.ReadTimeout)
	case h1.OpRequest, h1.OpBody, h1.OpParse, h1.OpCanceled:
	}
	return ""
}

func setting(name string, d time.Duration) string {
	return fmt.Sprintf("%s %d ms", name, d.Milliseconds())
}
