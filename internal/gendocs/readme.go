package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sluice-gateway/sluice/app"
	"github.com/sluice-gateway/sluice/plugin"
)

// The lines between which a README's table of options is generated.
const (
	begin = "<!-- options: written by gendocs, change the comments of the config struct instead -->\n"
	end   = "<!-- end of options -->\n"
)

// readmes adds the READMEs of plugins with their tables of options.
func readmes(root string, c *comments, out map[string][]byte) error {
	for _, d := range app.Plugins().All() {
		name := filepath.Join("plugins", folder(d.Name), "README.md")
		have, err := os.ReadFile(filepath.Join(root, name)) //nolint:gosec // below the repository
		if errors.Is(err, fs.ErrNotExist) {
			continue // test/rules asks for it
		}
		if err != nil {
			return err
		}
		options, err := optionsOf(c, d)
		if err != nil {
			return fmt.Errorf("plugin %s: %w", d.Name, err)
		}
		text, err := between(have, options)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		out[name] = text
	}
	return nil
}

// between puts the options between the markers.
func between(readme []byte, options string) ([]byte, error) {
	before, rest, ok := bytes.Cut(readme, []byte(begin))
	_, after, ends := bytes.Cut(rest, []byte(end))
	if !ok || !ends {
		return nil, fmt.Errorf("the section Options lacks the lines %q and %q", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return bytes.Join([][]byte{before, []byte(begin), []byte("\n"), []byte(options), []byte("\n"), []byte(end), after}, nil), nil
}

// optionsOf is the table of options: what a README has room for.
func optionsOf(c *comments, d *plugin.Definition) (string, error) {
	list, err := c.rows(d.Config)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("| Option | Type | Default | What it is |\n|---|---|---|---|\n")
	var refused []string
	for _, r := range list {
		if r.field.Refuse != "" {
			refused = append(refused, r.path)
			continue
		}
		line(&b, code(r.path), typeOf(r.field), defaultOf(r.field), r.doc)
	}
	if len(refused) > 0 {
		fmt.Fprintf(&b, "\nRefused for now: %s.\n", codes(refused))
	}
	fmt.Fprintf(&b, "\nAll rules: [reference](../../docs/reference/plugins/%s.md).\n", d.Name)
	return b.String(), nil
}
