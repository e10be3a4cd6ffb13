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
	// pause is how long the writer rests between two writes, so that a busy
	// gateway makes few. After a longer one a line is written at once.
	pause = 10 * time.Millisecond
	// blockSize is how much lines gather at most before they are written.
	blockSize = 64 << 10
	// maxWaiting is how much may wait for a disk that does not keep up.
	maxWaiting = 8 << 20
	// spareBlocks is how many blocks are kept for the next lines.
	spareBlocks = 16
	// closeWait is how long closing waits for a reader that is stuck.
	closeWait = 3 * time.Second
)

// block is some lines that are written together. It does not grow: lines that
// do not fit go to the next, so that nothing is copied when the writer is late.
type block struct {
	data  []byte
	lines int
}

// file is a log file with the lines that wait to be written to it. A goroutine
// of its own writes, from the first line until close.
type file struct {
	path    string
	log     *slog.Logger
	dropped *telemetry.Counter
	clock   clock.Clock
	timer   clock.Timer
	wake    chan struct{}
	done    chan struct{} // the goroutine has ended

	mu      sync.Mutex // guards what follows
	waiting []block
	size    int // bytes waiting
	spare   [][]byte
	wrote   time.Time // when the last lines were taken to be written
	reopen  bool      // some waiting line wants the file opened anew
	lost    int       // lines dropped since the last write
	running bool
	closing bool
	handle  *os.File

	// The goroutine's own.
	batch  []block // what it wrote last
	broken bool    // writing failed: the file is to be opened anew
}

// openFile makes the file's state; the file itself is opened with the first
// write.
func openFile(path string, deps *plugin.Deps) *file {
	f := &file{path: path, log: deps.Log, clock: deps.Clock, wake: make(chan struct{}, 1), done: make(chan struct{})}
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
	if f.closing || f.size+len(line) > maxWaiting {
		f.lost++
		f.mu.Unlock()
		f.countDropped(1)
		return
	}
	first, before := f.size == 0, len(f.waiting)
	f.put(line)
	f.reopen = f.reopen || reopen
	full := len(f.waiting) > max(before, 1) || len(line) >= blockSize
	rest := time.Duration(0)
	if first && !full {
		rest = pause - f.clock.Now().Sub(f.wrote)
	}
	if !f.running {
		f.running = true
		go f.run()
	}
	f.mu.Unlock()
	switch {
	case full, first && rest <= 0:
		f.poke()
	case first:
		f.timer.Reset(rest)
	}
}

// put adds a line to the last block, or begins another. mu is held.
func (f *file) put(line []byte) {
	last := len(f.waiting) - 1
	if last < 0 || len(f.waiting[last].data)+len(line) > cap(f.waiting[last].data) {
		f.waiting = append(f.waiting, block{data: f.room(len(line))})
		last++
	}
	b := &f.waiting[last]
	b.data = append(b.data, line...)
	b.lines++
	f.size += len(line)
}

// room is an empty block for a line. mu is held.
func (f *file) room(line int) []byte {
	if n := len(f.spare); n > 0 && line <= blockSize {
		b := f.spare[n-1]
		f.spare = f.spare[:n-1]
		return b
	}
	return make([]byte, 0, max(line, blockSize))
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
	batch, reopen, lost := f.waiting, f.reopen, f.lost
	f.waiting, f.size, f.reopen, f.lost = f.batch[:0], 0, false, 0
	if len(batch) > 0 {
		f.wrote = f.clock.Now()
	}
	closing = f.closing
	f.mu.Unlock()
	if lost > 0 {
		f.log.Error("file-log: lines were dropped, the file does not keep up",
			slog.String("path", f.path), slog.Int("lines", lost))
	}
	if lines, err := f.write(batch, reopen); err != nil {
		f.countDropped(lines)
		f.log.Error("file-log: lines were lost", slog.Any("error", err), slog.Int("lines", lines))
	}
	f.recycle(batch)
	f.batch = batch
	return closing
}

// write writes blocks. With an error come the lines that were not written.
func (f *file) write(batch []block, reopen bool) (lines int, err error) {
	for i := range batch {
		if err == nil {
			err = f.writeBlock(batch[i].data, reopen && i == 0)
		}
		if err != nil {
			lines += batch[i].lines
		}
	}
	return lines, err
}

func (f *file) writeBlock(data []byte, reopen bool) error {
	h, err := f.open(reopen || f.broken)
	if err != nil {
		return fmt.Errorf("failed to open the file: %w", err)
	}
	_, err = h.Write(data)
	f.broken = err != nil
	if err != nil {
		return fmt.Errorf("failed to write to the file: %w", err)
	}
	return nil
}

// recycle keeps the blocks for the next lines.
func (f *file) recycle(batch []block) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range batch {
		if b := batch[i].data; cap(b) == blockSize && len(f.spare) < spareBlocks {
			f.spare = append(f.spare, b[:0])
		}
		batch[i] = block{}
	}
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
