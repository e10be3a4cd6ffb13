package rules

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/app"
	"github.com/sluice-gateway/sluice/config"
)

// sections of a plugin's README, in their order.
var sections = []string{"What it does", "Options", "Example", "Metrics", "When it fails"}

// TestPluginReadmes wants a README with all sections for every plugin, and no
// README of a plugin that is not in the list of parts.
func TestPluginReadmes(t *testing.T) {
	known := map[string]bool{}
	for _, d := range app.Plugins().All() {
		folder := strings.ReplaceAll(d.Name, "-", "")
		known[folder] = true
		text, err := os.ReadFile(filepath.Join(root, "plugins", folder, "README.md"))
		if err != nil {
			t.Errorf("plugin %s: %v", d.Name, err)
			continue
		}
		title, got := headings(string(text))
		if title != d.Name {
			t.Errorf("plugins/%s/README.md: the title is %q, want %q", folder, title, d.Name)
		}
		if !slices.Equal(got, sections) {
			t.Errorf("plugins/%s/README.md: the sections are %q, want %q", folder, got, sections)
		}
	}
	for _, file := range documents(t, "plugins/*/README.md") {
		if folder := filepath.Base(filepath.Dir(file)); !known[folder] {
			t.Errorf("%s: no plugin of this folder is in the list of parts", file)
		}
	}
}

// headings are the title and the names of the sections, code left out.
func headings(text string) (title string, sections []string) {
	for i, part := range strings.Split(text, "\n```") {
		if i%2 == 1 {
			continue
		}
		for line := range strings.Lines("\n" + part) {
			line = strings.TrimSpace(line)
			if name, ok := strings.CutPrefix(line, "## "); ok {
				sections = append(sections, name)
			} else if name, ok := strings.CutPrefix(line, "# "); ok && title == "" {
				title = name
			}
		}
	}
	return title, sections
}

// TestExamples loads every document in the READMEs and the guide: what readers
// copy must be right.
func TestExamples(t *testing.T) {
	found := 0
	for _, file := range documents(t, "README.md", "plugins/*/README.md", "docs/guide/*.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for n, block := range blocks(string(text)) {
			found++
			doc, err := config.ParseFile([]byte(block), app.LoadOptions(app.Plugins(), nil, environment), environment)
			if err != nil {
				t.Errorf("%s, document %d: %v", file, n+1, err)
				continue
			}
			for _, w := range doc.Warnings {
				t.Errorf("%s, document %d: warning: %s", file, n+1, w)
			}
		}
	}
	if found < len(app.Plugins().All()) {
		t.Errorf("only %d documents were found", found)
	}
}

// environment has every variable that an example may read.
func environment(string) (string, bool) { return "example", true }

// blocks are the documents in the fenced yaml blocks of a page. Blocks without
// a version are parts of documents and stay unchecked.
func blocks(text string) (out []string) {
	for _, part := range strings.Split("\n"+text, "\n```yaml\n")[1:] {
		block, _, _ := strings.Cut(part, "\n```")
		if strings.Contains(block, "_format_version") {
			out = append(out, block+"\n")
		}
	}
	return out
}

// documents are the files that match patterns below the repository.
func documents(t *testing.T, patterns ...string) (out []string) {
	t.Helper()
	for _, p := range patterns {
		files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(p)))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, files...)
	}
	return out
}
