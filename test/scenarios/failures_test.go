package scenarios

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestFailuresAreProven: each row of docs/failures.md names scenarios that
// exist, and where it says what is counted one of them looks at the metrics.
func TestFailuresAreProven(t *testing.T) {
	const root = "../.."
	page, err := os.ReadFile(filepath.Join(root, "docs/failures.md"))
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile("`([a-z0-9_/]+\\.(?:txtar|go))`")
	counts := regexp.MustCompile("(?m)^(! )?(metric|counted|tokens) |kong_http_requests_total")
	rows := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| what") {
			continue
		}
		rows++
		if len(cells) != 5 {
			t.Errorf("%d cells in: %s", len(cells), line)
			continue
		}
		found := names.FindAllStringSubmatch(cells[4], -1)
		if found == nil {
			t.Errorf("no scenario: %s", line)
		}
		counted := strings.TrimSpace(cells[3]) == ""
		for _, m := range found {
			file := m[1]
			if strings.HasSuffix(file, ".go") {
				file = filepath.Join(root, file)
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Errorf("%v, in: %s", err, line)
			}
			counted = counted || counts.Match(text)
		}
		if !counted {
			t.Errorf("no scenario looks at the metrics: %s", line)
		}
	}
	if rows < 55 {
		t.Errorf("only %d rows", rows)
	}
}
