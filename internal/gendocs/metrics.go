package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/app"
)

// metric is a metric as its description in the source says it.
type metric struct {
	name, kind, help, where string
	labels                  []string
}

// metricsPage lists the metrics that are described in the source.
func metricsPage(c *comments) (string, error) {
	dirs, err := describing(c.root)
	if err != nil {
		return "", err
	}
	var all []metric
	for _, dir := range dirs {
		files, err := parseDir(filepath.Join(c.root, dir))
		if err != nil {
			return "", err
		}
		found, err := metricsOf(files)
		if err != nil {
			return "", fmt.Errorf("%s: %w", dir, err)
		}
		for i := range found {
			found[i].where = owner(filepath.ToSlash(dir))
		}
		all = append(all, found...)
	}
	slices.SortFunc(all, func(a, b metric) int { return cmp.Compare(a.name, b.name) })
	var b strings.Builder
	b.WriteString(mark)
	b.WriteString("# Metrics\n\n`/metrics` of the Status API and of the Admin API. Labels in the order in which they are written.\n\n" +
		"| Metric | Type | Labels | Shown by | What it is |\n|---|---|---|---|---|\n")
	for _, m := range all {
		line(&b, code(m.name), m.kind, codes(m.labels), m.where, m.help)
	}
	return b.String(), nil
}

// describing are the folders whose sources describe metrics.
func describing(root string) ([]string, error) {
	var dirs []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || name == "internal" || name == "test" || name == "bench" || name == "node_modules") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path) //nolint:gosec // below the repository
		if dir, relErr := filepath.Rel(root, filepath.Dir(path)); bytes.Contains(text, []byte("telemetry.Desc{")) {
			dirs, err = append(dirs, dir), errors.Join(err, relErr)
		}
		return err
	})
	slices.Sort(dirs)
	return slices.Compact(dirs), err
}

// owner is who shows the metrics of a folder: a plugin, or the gateway itself.
func owner(dir string) string {
	for _, d := range app.Plugins().All() {
		if dir == "plugins/"+folder(d.Name) {
			return "[" + d.Name + "](plugins/" + d.Name + ".md)"
		}
	}
	return "the gateway"
}

// metricsOf finds calls such as registry.Counter(telemetry.Desc{…}).
func metricsOf(files []*ast.File) ([]metric, error) {
	var out []metric
	for _, f := range files {
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			found, err := (&scope{fn.Body}).metrics()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", fn.Name.Name, err)
			}
			out = append(out, found...)
		}
	}
	return out, nil
}

// scope is the body of a function that describes metrics.
type scope struct{ body *ast.BlockStmt }

func (s *scope) metrics() (out []metric, err error) {
	ast.Inspect(s.body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || err != nil || len(call.Args) == 0 {
			return err == nil
		}
		fun, isMethod := call.Fun.(*ast.SelectorExpr)
		desc, isDesc := call.Args[0].(*ast.CompositeLit)
		if !isMethod || !isDesc || !isDescription(desc.Type) {
			return true
		}
		var found []metric
		found, err = s.described(strings.ToLower(strings.TrimSuffix(fun.Sel.Name, "Func")), desc)
		out = append(out, found...)
		return true
	})
	return out, err
}

func isDescription(t ast.Expr) bool {
	sel, ok := t.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "Desc"
}

// described reads a description. Its name and help may be those of a loop over
// a map, which describes several metrics.
func (s *scope) described(kind string, desc *ast.CompositeLit) ([]metric, error) {
	fields := map[string]ast.Expr{}
	for _, e := range desc.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			fields[kv.Key.(*ast.Ident).Name] = kv.Value
		}
	}
	labels, err := s.labels(fields["Labels"])
	if err != nil {
		return nil, err
	}
	if id, ok := fields["Name"].(*ast.Ident); ok {
		return s.looped(id.Name, kind, labels)
	}
	name, ok1 := text(fields["Name"])
	help, ok2 := text(fields["Help"])
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("a metric whose name and help are no plain texts")
	}
	return []metric{{name: name, kind: kind, help: help, labels: labels}}, nil
}

// looped finds the map literal that a loop takes names from.
func (s *scope) looped(key, kind string, labels []string) (out []metric, err error) {
	ast.Inspect(s.body, func(n ast.Node) bool {
		loop, ok := n.(*ast.RangeStmt)
		if !ok {
			return true
		}
		id, isIdent := loop.Key.(*ast.Ident)
		lit, isMap := loop.X.(*ast.CompositeLit)
		if !isIdent || !isMap || id.Name != key {
			return true
		}
		for _, e := range lit.Elts {
			kv := e.(*ast.KeyValueExpr)
			name, _ := text(kv.Key)
			help, _ := text(kv.Value)
			out = append(out, metric{name: name, kind: kind, help: help, labels: labels})
		}
		return false
	})
	if len(out) == 0 {
		return nil, fmt.Errorf("no loop over a map gives the name %s", key)
	}
	return out, nil
}

// labels reads a list of texts, or the variable that holds it.
func (s *scope) labels(e ast.Expr) ([]string, error) {
	switch e := e.(type) {
	case nil:
		return nil, nil
	case *ast.CompositeLit:
		var out []string
		for _, elt := range e.Elts {
			name, ok := text(elt)
			if !ok {
				return nil, fmt.Errorf("a label that is no plain text")
			}
			out = append(out, name)
		}
		return out, nil
	case *ast.Ident:
		if value := s.assigned(e.Name); value != nil {
			return s.labels(value)
		}
	}
	return nil, fmt.Errorf("labels that are no list of texts")
}

// assigned is what a variable of the function was set to.
func (s *scope) assigned(name string) (value ast.Expr) {
	ast.Inspect(s.body, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok || len(a.Lhs) != 1 || len(a.Rhs) != 1 {
			return true
		}
		if id, isIdent := a.Lhs[0].(*ast.Ident); isIdent && id.Name == name {
			value = a.Rhs[0]
		}
		return true
	})
	return value
}

// text is the value of a string literal, or of several joined by +.
func text(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			s, err := strconv.Unquote(e.Value)
			return s, err == nil
		}
	case *ast.BinaryExpr:
		a, ok1 := text(e.X)
		b, ok2 := text(e.Y)
		return a + b, ok1 && ok2 && e.Op == token.ADD
	}
	return "", false
}
