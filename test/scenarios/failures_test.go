package scenarios

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestFailuresAreProven: each row of docs/failures.md names scenarios that
// exist.
func TestFailuresAreProven(t *testing.T) {
	page, err := os.ReadFile("../../docs/failures.md")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile("`([a-z0-9_/]+\\.txtar)`")
	rows := 0
	for line := range strings.Lines(string(page)) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| what") {
			continue
		}
		rows++
		found := names.FindAllStringSubmatch(line, -1)
		if found == nil {
			t.Errorf("no scenario: %s", line)
		}
		for _, m := range found {
			if _, err := os.Stat(m[1]); err != nil {
				t.Errorf("%v, in: %s", err, line)
			}
		}
	}
	if rows < 50 {
		t.Errorf("only %d rows", rows)
	}
}
