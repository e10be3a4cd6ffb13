package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/telemetry/logentry"
)

// accessLog writes a line in nginx's combined format for every request, with
// the request id behind it. Lines wait in memory until the writer takes them;
// requests never wait for the disk.
type accessLog struct {
	file  *os.File
	owned bool // the file is ours to close
	log   *slog.Logger

	mu      sync.Mutex // guards waiting and lost
	waiting []byte
	lost    int
	wake    chan struct{}
}

const (
	accessLogInterval = 200 * time.Millisecond
	accessLogBatch    = 64 << 10 // wakes the writer
	accessLogLimit    = 8 << 20  // beyond it lines are lost, and counted
)

// openAccessLog opens what proxy_access_log names; nil when it is off.
func openAccessLog(path, prefix string, log *slog.Logger) (*accessLog, error) {
	l := &accessLog{log: log, wake: make(chan struct{}, 1)}
	switch path {
	case "", "off":
		return nil, nil //nolint:nilnil // off is no log and no error
	case "/dev/stdout":
		l.file = os.Stdout
		return l, nil
	case "/dev/stderr":
		l.file = os.Stderr
		return l, nil
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(prefix, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return nil, fmt.Errorf("proxy_access_log: %w", err)
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644) //nolint:gosec // the path and who may read it are the owner's choice
	if err != nil {
		return nil, fmt.Errorf("proxy_access_log: %w", err)
	}
	l.file, l.owned = f, true
	return l, nil
}

// add notes an exchange that has ended.
func (l *accessLog) add(ex *flow.Exchange) {
	l.mu.Lock()
	if len(l.waiting) > accessLogLimit {
		l.lost++
		l.mu.Unlock()
		return
	}
	l.waiting = appendAccess(l.waiting, ex)
	full := len(l.waiting) > accessLogBatch
	l.mu.Unlock()
	if full {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

// run writes lines until ctx ends, and then the rest.
func (l *accessLog) run(ctx context.Context) error {
	tick := time.NewTicker(accessLogInterval)
	defer tick.Stop()
	var spare []byte
	for {
		select {
		case <-ctx.Done():
			l.write(spare)
			return l.close()
		case <-tick.C:
		case <-l.wake:
		}
		spare = l.write(spare)
	}
}

// write takes what is waiting and returns its memory for next time.
func (l *accessLog) write(spare []byte) []byte {
	l.mu.Lock()
	batch, lost := l.waiting, l.lost
	l.waiting, l.lost = spare[:0], 0
	l.mu.Unlock()
	if lost > 0 {
		l.log.Warn("access log lines were lost: the file is too slow", slog.Int("lines", lost))
	}
	if len(batch) == 0 {
		return batch
	}
	if _, err := l.file.Write(batch); err != nil {
		l.log.Error("writing the access log", slog.Any("error", err))
	}
	if cap(batch) > 1<<20 {
		return nil
	}
	return batch
}

func (l *accessLog) close() error {
	if !l.owned {
		return nil
	}
	if err := l.file.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// appendAccess writes the line of an exchange.
func appendAccess(b []byte, ex *flow.Exchange) []byte {
	b = append(append(b, ex.In.ClientIP...), " - - ["...)
	b = ex.Started.AppendFormat(b, "02/Jan/2006:15:04:05 -0700")
	b = append(b, `] "`...)
	b = appendEscaped(b, ex.In.Method+" "+logentry.Target(ex, ex.In.Target)+" "+ex.In.Proto)
	b = append(b, `" `...)
	b = strconv.AppendInt(b, int64(ex.Outcome.Status), 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, ex.Outcome.Body, 10)
	for _, name := range [...]string{"Referer", "User-Agent"} {
		b = append(b, ` "`...)
		if v := ex.In.Header.Get(name); v != "" {
			b = appendEscaped(b, v)
		} else {
			b = append(b, '-')
		}
		b = append(b, '"')
	}
	return append(append(append(b, ` kong_request_id: "`...), ex.ID...), "\"\n"...)
}

// appendEscaped keeps a caller from writing lines of its own.
func appendEscaped(b []byte, s string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ' || c == '"' || c == '\\' || c >= 0x7f:
			b = append(b, '\\', 'x', digits[c>>4], digits[c&15])
		default:
			b = append(b, c)
		}
	}
	return b
}
