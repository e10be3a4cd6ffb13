package jsonscan

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"
)

// fenced returns n bytes with memory before and behind them that nobody may
// read.
func fenced(t *testing.T, n int) []byte {
	t.Helper()
	page := os.Getpagesize()
	m, err := syscall.Mmap(-1, 0, n+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(m) })
	for _, fence := range [][]byte{m[:page], m[page+n:]} {
		if err := syscall.Mprotect(fence, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return m[page : page+n : page+n]
}

// TestNothingIsReadBeyondTheData puts strings at the ends of memory; to read
// beyond would be the end of the test.
func TestNothingIsReadBeyondTheData(t *testing.T) {
	memory := fenced(t, os.Getpagesize())
	for _, fill := range []string{"a", "é", "日", "🎉", `\n`, `\\`, `\u00e9`, `\ud83d\ude00`} {
		text := strings.Repeat(fill, 300/len(fill)+1)
		for n := range 261 {
			for _, tail := range []string{"", `"`, `\`, `\u`, `\u12`, `\ud83d`, `\ud83d\u`, "\xc3", "\xe6\x97", "\xf0\x9f\x8e"} {
				size := n + len(tail)
				for _, data := range [][]byte{memory[:size], memory[len(memory)-size:]} {
					copy(data[copy(data, text[:n]):], tail)
					for i := range min(size, 5) {
						// A string never begins within a character.
						if i == 0 || data[i-1] < utf8.RuneSelf {
							agree(t, data, i)
						}
					}
				}
			}
		}
	}
}
