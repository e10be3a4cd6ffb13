package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/sluice-gateway/sluice/settings"
)

// module is the path that all packages of this repository begin with.
const module = "github.com/sluice-gateway/sluice/"

// comments finds the comments of struct types and their fields in the source.
type comments struct {
	root     string
	packages map[string]map[string]*typeComments // by import path, then by type
}

// typeComments are the comments of a struct type.
type typeComments struct {
	doc    string
	fields map[string]string // by Go name
}

func newComments(root string) *comments {
	return &comments{root: root, packages: map[string]map[string]*typeComments{}}
}

// ofType is the comment of a struct type as one paragraph.
func (c *comments) ofType(t reflect.Type) (string, error) {
	tc, err := c.of(t)
	if err != nil {
		return "", err
	}
	return sentence(tc.doc, nil), nil
}

// ofFields are the comments of a struct's configurable fields, by their names
// in configuration; embedded structs are flattened as schema does it. The Go
// names in them are replaced by those of configuration.
func (c *comments) ofFields(t reflect.Type) (map[string]string, error) {
	raw, names := map[string]string{}, map[string]string{}
	if err := c.collect(t, raw, names); err != nil {
		return nil, err
	}
	out := make(map[string]string, len(raw))
	for name, text := range raw {
		out[name] = sentence(text, names)
	}
	return out, nil
}

// collect notes comments by configured name, and configured names by Go name.
func (c *comments) collect(t reflect.Type, raw, names map[string]string) error {
	tc, err := c.of(t)
	if err != nil {
		return err
	}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			if err := c.collect(f.Type, raw, names); err != nil {
				return err
			}
		case name != "" && name != "-":
			raw[name], names[f.Name] = tc.fields[f.Name], name
		}
	}
	return nil
}

func (c *comments) of(t reflect.Type) (*typeComments, error) {
	dir, ours := strings.CutPrefix(t.PkgPath(), module)
	if !ours {
		return nil, fmt.Errorf("%s is not a type of this module", t)
	}
	if c.packages[dir] == nil {
		types, err := readTypes(filepath.Join(c.root, filepath.FromSlash(dir)))
		if err != nil {
			return nil, err
		}
		c.packages[dir] = types
	}
	tc := c.packages[dir][t.Name()]
	if tc == nil {
		return nil, fmt.Errorf("%s is not in the source of %s", t, dir)
	}
	return tc, nil
}

// readTypes parses a package's folder.
func readTypes(dir string) (map[string]*typeComments, error) {
	files, err := parseDir(dir)
	if err != nil {
		return nil, err
	}
	out := map[string]*typeComments{}
	for _, f := range files {
		for _, decl := range f.Decls {
			g, ok := decl.(*ast.GenDecl)
			if !ok || g.Tok != token.TYPE {
				continue
			}
			for _, spec := range g.Specs {
				addType(out, g, spec.(*ast.TypeSpec))
			}
		}
	}
	return out, nil
}

// parseDir parses the sources of a package, tests left out.
func parseDir(dir string) ([]*ast.File, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, e.Name()), nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

func addType(out map[string]*typeComments, g *ast.GenDecl, spec *ast.TypeSpec) {
	s, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	doc := spec.Doc
	if doc == nil {
		doc = g.Doc
	}
	tc := &typeComments{doc: doc.Text(), fields: map[string]string{}}
	for _, f := range s.Fields.List {
		for _, name := range f.Names {
			tc.fields[name.Name] = f.Doc.Text()
		}
	}
	out[spec.Name.Name] = tc
}

// sentence makes one line of a comment. names are configured names by Go
// name: the first word is replaced when it is one, later words when they can
// be nothing else, that is, when they are written in CamelCase.
func sentence(comment string, names map[string]string) string {
	words := strings.Fields(comment)
	for i, w := range words {
		plain := strings.TrimRight(w, ".,:;")
		name, known := names[plain]
		if known && (i == 0 || camel(plain)) {
			words[i] = "`" + name + "`" + w[len(plain):]
		}
	}
	return strings.Join(words, " ")
}

// camel tells a word that has an upper-case letter after its first one and is
// no abbreviation such as URIs.
func camel(word string) bool {
	rest := []rune(word)[1:]
	return slices.ContainsFunc(rest, unicode.IsUpper) && slices.ContainsFunc(rest[:len(rest)-1], unicode.IsLower)
}

// ofSettings are the comments of the settings by Go name; Go names in them
// are replaced by keys.
func (c *comments) ofSettings() (map[string]string, error) {
	tc, err := c.of(reflect.TypeFor[settings.Settings]())
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, f := range settings.Fields() {
		names[f.Name] = f.Key
	}
	out := make(map[string]string, len(tc.fields))
	for name, text := range tc.fields {
		out[name] = sentence(text, names)
	}
	return out, nil
}
