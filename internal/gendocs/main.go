// Command gendocs writes the reference pages, the JSON schema for editors and
// the option tables of the plugins' READMEs out of the config structs, their
// comments and tags. What it writes depends on nothing else: the same source
// gives the same pages.
//
//	gendocs -o docs/reference          write the pages
//	gendocs -o docs/reference -check   fail when they are not current
//	gendocs -matrix                    print which callers reach which providers' APIs
//
// It must not hold knowledge of its own about an entity, a plugin or a
// setting: what a page should say is written at the struct.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("gendocs", flag.ContinueOnError)
	root := flags.String("root", ".", "the repository")
	dir := flags.String("o", "docs/reference", "folder of the pages, below the repository")
	check := flags.Bool("check", false, "write nothing, fail when a file is not current")
	matrix := flags.Bool("matrix", false, "write nothing, print what test/translate has tried")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *matrix {
		return printMatrix(*root, out)
	}
	files, err := generate(*root, *dir)
	if err != nil {
		return err
	}
	if *check {
		return current(*root, *dir, files)
	}
	changed, err := write(*root, *dir, files)
	for _, name := range changed {
		_, _ = fmt.Fprintln(out, name)
	}
	return err
}

// printMatrix prints the tables of the page on translation.
func printMatrix(root string, out io.Writer) error {
	var b strings.Builder
	for _, file := range [...]string{"matrix.txt", "embeddings.txt"} {
		if _, err := tried(&b, root, file); err != nil {
			return err
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// generate makes all files, by their path below the repository.
func generate(root, dir string) (map[string][]byte, error) {
	c := newComments(root)
	files, err := pages(c)
	if err != nil {
		return nil, err
	}
	out := make(map[string][]byte, len(files)+16)
	for name, text := range files {
		out[filepath.Join(dir, filepath.FromSlash(name))] = text
	}
	if err := readmes(root, c, out); err != nil {
		return nil, err
	}
	return out, nil
}

// current is an error when a file on disk is not what would be written.
func current(root, dir string, files map[string][]byte) error {
	var stale []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		have, err := os.ReadFile(filepath.Join(root, name)) //nolint:gosec // below the repository
		if err != nil || !bytes.Equal(have, files[name]) {
			stale = append(stale, name)
		}
	}
	left, err := leftovers(root, dir, files)
	if err != nil {
		return err
	}
	if stale = append(stale, left...); len(stale) > 0 {
		return errors.New("not current, run make generate: " + strings.Join(stale, ", "))
	}
	return nil
}

// write brings the files up to date and returns what has changed.
func write(root, dir string, files map[string][]byte) (changed []string, err error) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(root, name)
		if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, files[name]) { //nolint:gosec // below the repository
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // pages are for everyone to read
			return changed, err
		}
		if err := os.WriteFile(path, files[name], 0o644); err != nil { //nolint:gosec // pages are for everyone to read
			return changed, err
		}
		changed = append(changed, name)
	}
	left, err := leftovers(root, dir, files)
	for _, name := range left {
		err = errors.Join(err, os.Remove(filepath.Join(root, name)))
		changed = append(changed, name+" (removed)")
	}
	return changed, err
}

// leftovers are files in the folder that nobody writes any more. The folder
// holds generated files only.
func leftovers(root, dir string, files map[string][]byte) ([]string, error) {
	var left []string
	err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && d.IsDir() {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err == nil && files[name] == nil {
			left = append(left, name)
		}
		return err
	})
	return left, err
}
