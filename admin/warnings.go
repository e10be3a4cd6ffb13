package admin

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"unicode"

	"github.com/sluice-gateway/sluice/config"
)

// The messages of lines of the log about what is odd in a configuration: one
// thing, and that there is more.
const (
	WarningLine      = "warning in the configuration"
	MoreWarningsLine = "there are more warnings: sluice check shows all"
)

// maxWarnings is how many warnings of one load are logged.
const maxWarnings = 100

// tellWarnings logs what is odd about a document that came to run, but for
// what was so in the one before.
func (c *Configuration) tellWarnings(doc, before *config.Document) {
	old := make(map[config.Problem]bool, len(before.Warnings))
	for _, w := range before.Warnings {
		old[w] = true
	}
	fresh := slices.DeleteFunc(slices.Clone(doc.Warnings), func(w config.Problem) bool { return old[w] })
	for _, w := range fresh[:min(len(fresh), maxWarnings)] {
		c.log.Warn(WarningLine, slog.String("field", w.Path), slog.String("warning", w.Message))
	}
	if more := len(fresh) - maxWarnings; more > 0 {
		c.log.Warn(MoreWarningsLine, slog.Int("more", more))
	}
}

// maxWarningText bounds the header with warnings: proxies refuse long ones.
const maxWarningText = 1000

// warningText is a list of warnings as the value of a header, "" for none.
func warningText(list []config.Problem) string {
	var b strings.Builder
	for i, w := range list {
		text := strings.Map(visible, w.String())
		if b.Len()+len(text) > maxWarningText {
			fmt.Fprintf(&b, "%d more", len(list)-i)
			break
		}
		b.WriteString(text)
		if i < len(list)-1 {
			b.WriteString("; ")
		}
	}
	return b.String()
}

// visible turns what a header cannot carry, or would not show, into a space.
func visible(r rune) rune {
	if !unicode.IsPrint(r) {
		return ' '
	}
	return r
}
