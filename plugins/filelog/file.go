package filelog

import (
	"fmt"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/telemetry"
)

const (
	// flushDelay is how long a line waits at most for the next write.
	flushDelay = 100 * time.Millisecond
	// flushSize is how much may wait before it is written at once.
	flushSize = 64 << 10
	// maxWaiting is how much may wait for a disk that does not keep up.
	maxWaiting = 8 << 20
	// maxSpareBatch is the largest buffer worth keeping for the next lines.
	maxSpareBatch = 1 << 20
	// closeWait is how long closing waits for a reader that is stuck.
	closeWait = 3 * time.Second
)

// file is a log file with the lines that wait to be written to it. A goroutine
// of its own writes, from the first line until close.
type file struct {
	path    string
	log     *slog.Logger
	dropped *telemetry.Counter
	timer   clock.Timer
	wake    chan struct{}
	done    chan struct{} // the goroutine has ended

	mu      sync.Mutex // guards what follows
	waiting []byte
	lines   int
	reopen  bool // some waiting line wants the file opened anew
	lost    int  // lines dropped since the last write
	running bool
	closing bool
	handle  *os.File

	// The goroutine's own.
	spare  []byte // what it wrote last
	broken bool   // writing failed: the file is to be opened anew
}

// openFile makes the file's state; the file itself is opened with the first
// write.
func openFile(path string, deps *plugin.Deps) *file {
	f := &file{path: path, log: deps.Log, wake: make(chan struct{}, 1), done: make(chan struct{})}
	if f.log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	if deps.Metrics != nil {
		f.dropped = deps.Metrics.Counter(telemetry.Desc{
			Name: "sluice_file_log_dropped_total", Help: "Lines of file-log that were lost", Labels: []string{"path"},
		}).With(path)
	}
	f.timer = deps.Clock.AfterFunc(time.Hour, f.poke)
	f.timer.Stop()
	return f
}

// add copies a line, with its line end, to what waits.
func (f *file) add(line []byte, reopen bool) {
	f.mu.Lock()
	if f.closing || len(f.waiting)+len(line) > maxWaiting {
		f.lost++
		f.mu.Unlock()
		f.countDropped(1)
		return
	}
	first := len(f.waiting) == 0
	f.waiting = append(f.waiting, line...)
	f.lines++
	f.reopen = f.reopen || reopen
	full := len(f.waiting) >= flushSize
	if !f.running {
		f.running = true
		go f.run()
	}
	f.mu.Unlock()
	switch {
	case full:
		f.poke()
	case first:
		f.timer.Reset(flushDelay)
	}
}

func (f *file) countDropped(n int) {
	if f.dropped != nil {
		f.dropped.AddInt(int64(n))
	}
}

func (f *file) poke() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// run writes what waits whenever it is called to, and ends with close.
func (f *file) run() {
	defer close(f.done)
	for last := false; !last; {
		<-f.wake
		last = f.flush()
	}
}

// flush writes what waits. It tells whether the file is closing.
func (f *file) flush() (closing bool) {
	f.mu.Lock()
	batch, lines, reopen, lost := f.waiting, f.lines, f.reopen, f.lost
	f.waiting, f.lines, f.reopen, f.lost = f.spare[:0], 0, false, 0
	closing = f.closing
	f.mu.Unlock()
	if lost > 0 {
		f.log.Error("file-log: lines were dropped, the file does not keep up",
			slog.String("path", f.path), slog.Int("lines", lost))
	}
	if len(batch) > 0 {
		if err := f.write(batch, reopen); err != nil {
			f.countDropped(lines)
			f.log.Error("file-log: lines were lost", slog.Any("error", err), slog.Int("lines", lines))
		}
	}
	f.spare = batch
	if cap(batch) > maxSpareBatch {
		f.spare = nil
	}
	return closing
}

func (f *file) write(batch []byte, reopen bool) error {
	h, err := f.open(reopen || f.broken)
	if err != nil {
		return fmt.Errorf("failed to open the file: %w", err)
	}
	_, err = h.Write(batch)
	f.broken = err != nil
	if err != nil {
		return fmt.Errorf("failed to write to the file: %w", err)
	}
	return nil
}

// open returns the open file, opened anew if need be. O_NONBLOCK keeps a named
// pipe that nobody reads from holding up the writer.
func (f *file) open(again bool) (*os.File, error) {
	if f.handle != nil && !again {
		return f.handle, nil
	}
	h, err := os.OpenFile(f.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY|syscall.O_NONBLOCK, 0o644) //nolint:gosec // the mode is the contract's
	f.mu.Lock()
	old := f.handle
	f.handle = h
	f.mu.Unlock()
	if old != nil {
		_ = old.Close()
	}
	if err != nil {
		return nil, err
	}
	return h, nil
}

// close writes what waits and closes the file.
func (f *file) close() error {
	f.mu.Lock()
	f.closing = true
	running, h := f.running, f.handle
	f.mu.Unlock()
	f.timer.Stop()
	if !running {
		return nil
	}
	if h != nil {
		// Only pipes and the like have deadlines; a file never waits for a reader.
		_ = h.SetWriteDeadline(time.Now().Add(closeWait))
	}
	f.poke()
	<-f.done
	if f.handle != nil {
		return f.handle.Close()
	}
	return nil
}
