// Package rules holds the rules of the repository as tests: layers, package
// comments, READMEs that load. It must not test behaviour.
package rules

import (
	"bufio"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "github.com/sluice-gateway/sluice/"
)

type layer struct {
	pattern string
	line    int
}

func TestLayers(t *testing.T) {
	layers := readLayers(t)
	for file, imports := range sources(t) {
		dir := path.Dir(file)
		own := place(layers, dir)
		if own == 0 {
			t.Errorf("%s: folder %s is not in LAYERS: say where it stands", file, dir)
			continue
		}
		for _, imp := range imports {
			to, ours := strings.CutPrefix(imp, module)
			if !ours || to == dir {
				continue
			}
			if at := place(layers, to); at >= own && !strings.HasSuffix(file, "_test.go") {
				t.Errorf("%s (LAYERS line %d) imports %s (line %d): a layer may only import those above it", file, own, to, at)
			}
		}
	}
}

func TestPackageComments(t *testing.T) {
	commented, seen := map[string]bool{}, map[string]bool{}
	for file := range sources(t) {
		if strings.HasSuffix(file, "_test.go") && path.Dir(file) != "test/rules" {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		seen[path.Dir(file)] = true
		if f.Doc != nil {
			commented[path.Dir(file)] = true
		}
	}
	for dir := range seen {
		if !commented[dir] {
			t.Errorf("%s: the package has no comment that says what it is for and what it must not do", dir)
		}
	}
}

func readLayers(t *testing.T) []layer {
	t.Helper()
	f, err := os.Open(filepath.Join(root, "LAYERS"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []layer
	sc := bufio.NewScanner(f)
	for n := 1; sc.Scan(); n++ {
		text, _, _ := strings.Cut(sc.Text(), "#")
		for p := range strings.FieldsSeq(text) {
			out = append(out, layer{p, n})
		}
	}
	return out
}

// place is the line of a folder, 0 when it has none. An exact name beats a
// pattern.
func place(layers []layer, dir string) int {
	for _, l := range layers {
		if l.pattern == dir {
			return l.line
		}
	}
	for _, l := range layers {
		if ok, _ := path.Match(l.pattern, dir); ok {
			return l.line
		}
		if base, found := strings.CutSuffix(l.pattern, "/*"); found && strings.HasPrefix(dir, base+"/") {
			return l.line
		}
	}
	return 0
}

// sources lists the Go files of this module with their imports.
func sources(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skip(p, d.Name())
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		imports, err := importsOf(p)
		out[filepath.ToSlash(rel)] = imports
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func skip(p, name string) error {
	if p != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules") {
		return filepath.SkipDir
	}
	if p != root {
		if _, err := os.Stat(filepath.Join(p, "go.mod")); err == nil {
			return filepath.SkipDir
		}
	}
	return nil
}

func importsOf(file string) ([]string, error) {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, s := range f.Imports {
		p, err := strconv.Unquote(s.Path.Value)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}
