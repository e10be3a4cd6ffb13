// Package journal keeps what is logged, for tests that read it while it is
// written. It must not be used by what is shipped: it forgets nothing.
package journal

import (
	"strings"
	"sync"
)

// Buffer is a text that several goroutines write and read. The zero value is
// empty and ready to use.
type Buffer struct {
	mu sync.Mutex // guards b
	b  strings.Builder
}

// Write adds to the text. It never fails.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String is the text so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
