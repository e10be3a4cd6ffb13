package harness

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"syscall"
)

// Entries are the log entries that a gateway writes to a named pipe, so that
// a test sees each as it comes.
type Entries struct {
	// Path is where file-log writes to.
	Path string
	file *os.File
	done chan struct{}

	watch
	all  []map[string]any
	seen map[int]bool
	bad  error
}

// NewEntries makes the pipe and reads from it.
func NewEntries(path string) (*Entries, error) {
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0) //nolint:gosec // the test's own file
	if err != nil {
		return nil, err
	}
	e := &Entries{Path: path, file: f, done: make(chan struct{}), seen: map[int]bool{}}
	go e.read()
	return e, nil
}

func (e *Entries) read() {
	defer close(e.done)
	br := bufio.NewReader(e.file)
	for {
		line, err := br.ReadBytes('\n')
		if err != nil {
			return
		}
		var entry map[string]any
		err = json.Unmarshal(line, &entry)
		e.update(func() {
			if err != nil {
				e.bad = fmt.Errorf("log entry %q: %w", line, err)
			}
			e.all = append(e.all, entry)
		})
	}
}

// Next waits for the entry of the request with an id; without one, for the
// first entry that nobody has asked for yet.
func (e *Entries) Next(id string) (entry map[string]any, err error) {
	err = e.until("a log entry", func() bool {
		for i, have := range e.all {
			if id == "" && !e.seen[i] || id != "" && idOf(have) == id {
				e.seen[i] = true
				entry = have
				return true
			}
		}
		return e.bad != nil
	})
	if err == nil {
		err = e.bad
	}
	return entry, err
}

func idOf(entry map[string]any) string {
	request, _ := entry["request"].(map[string]any)
	id, _ := request["id"].(string)
	return id
}

// Close ends the reading.
func (e *Entries) Close() {
	_ = e.file.Close()
	<-e.done
}
