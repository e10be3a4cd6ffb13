package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/sluice-gateway/sluice/admin"
	"github.com/sluice-gateway/sluice/app"
	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/settings"
)

var checkCommand = command{
	name: "check", summary: "say everything that is wrong with a file",
	usage: `Usage: sluice check [--strict] FILE…

Checks declarative files (YAML or JSON) and settings files (key = value). Every
problem is printed on a line of its own with its place, then how many there
are. Before them come warnings, each on a line that begins with "warning:": of
what is legal and yet does nothing, or hardly what was meant. They do not make
a file invalid, and do not change the exit code. A settings file is checked with the
environment, with the files it names, and with the declarative file it names,
which is then read as these settings say. A declarative file by itself is
checked with the default settings.

Elements of lists are counted from 0: services[0].routes[2].paths[0].

  --strict   a file with warnings is invalid, too
`,
	run: check,
}

func check(p *process, args []string) error {
	fs := flag.NewFlagSet("check", flag.ContinueOnError)
	strict := fs.Bool("strict", false, "")
	files, err := parse(fs, args, 1, math.MaxInt)
	if err != nil {
		return err
	}
	bad := false
	for _, file := range files {
		r := &report{strict: *strict}
		r.file(p, file)
		r.print(p, file)
		bad = bad || !r.valid()
	}
	if bad {
		return errReported
	}
	return nil
}

// report is what there is to say about a file.
type report struct {
	problems, warnings []string
	strict             bool // warnings are problems, too
}

func (r *report) valid() bool {
	return len(r.problems) == 0 && (!r.strict || len(r.warnings) == 0)
}

func (r *report) print(p *process, file string) {
	for _, w := range r.warnings {
		_, _ = fmt.Fprintln(p.stdout, "warning: "+w)
	}
	for _, m := range r.problems {
		_, _ = fmt.Fprintln(p.stdout, m)
	}
	switch {
	case len(r.problems) > 0:
		_, _ = fmt.Fprintf(p.stdout, "%s in %s\n", several(len(r.problems), "problem"), file)
	case !r.valid():
		_, _ = fmt.Fprintf(p.stdout, "%s in %s\n", several(len(r.warnings), "warning"), file)
	case len(r.warnings) > 0:
		_, _ = fmt.Fprintf(p.stdout, "%s is valid, with %s\n", file, several(len(r.warnings), "warning"))
	default:
		_, _ = fmt.Fprintf(p.stdout, "%s is valid\n", file)
	}
}

func several(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (r *report) fail(message string) {
	// One problem is one line.
	r.problems = append(r.problems, oneLine(message))
}

// oneLine leaves out what moves on a terminal: names and values come from files.
func oneLine(message string) string {
	return strings.Join(strings.FieldsFunc(message, func(r rune) bool { return r == ' ' || !unicode.IsPrint(r) }), " ")
}

func (r *report) odd(warnings []config.Problem) {
	for _, w := range warnings {
		r.warnings = append(r.warnings, oneLine(w.String()))
	}
}

func (r *report) warn(warnings []settings.Warning) {
	for _, w := range warnings {
		r.warnings = append(r.warnings, oneLine(w.String()))
	}
}

func (r *report) file(p *process, path string) {
	data, err := os.ReadFile(path) //nolint:gosec // the user names the file
	switch {
	case err != nil:
		r.fail(err.Error())
	case isSettings(path, data):
		r.settings(p, path)
	default:
		r.declarative(p, path, data, nil)
	}
}

// declarative checks a declarative file, with the settings that go with it; nil
// are the defaults.
func (r *report) declarative(p *process, path string, data []byte, s *settings.Settings) {
	r.document(p, data, s)
	if len(r.problems) > 0 {
		return
	}
	abs, err := filepath.Abs(path)
	if err == nil && s == nil {
		s, _, err = settings.Load(settings.Source{Search: []string{}})
	}
	if err != nil {
		r.fail(err.Error())
		return
	}
	r.start(p, abs, s)
}

// isSettings tells a settings file from a declarative one, by name or else by
// its first line that is no comment.
func isSettings(path string, data []byte) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".conf":
		return true
	case ".yml", ".yaml", ".json":
		return false
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, _, ok := strings.Cut(line, "=")
		return ok && !strings.ContainsAny(key, ":{[")
	}
	return false
}

func (r *report) settings(p *process, path string) {
	s, warnings, err := readSettings(settings.Source{File: path, Environ: p.environ})
	r.warn(warnings)
	if e, ok := errors.AsType[*settings.Error](err); ok {
		for _, problem := range e.Problems {
			r.fail(problem.String())
		}
		return
	}
	if err != nil {
		r.fail(err.Error())
		return
	}
	if s.DeclarativeConfig == "" {
		r.start(p, "", s)
		return
	}
	inner := &report{}
	if data, err := os.ReadFile(s.DeclarativeConfig); err != nil {
		inner.fail("declarative_config: " + err.Error())
	} else {
		inner.declarative(p, s.DeclarativeConfig, data, s)
	}
	for _, m := range inner.problems {
		r.fail(s.DeclarativeConfig + ": " + m)
	}
	for _, w := range inner.warnings {
		r.warnings = append(r.warnings, s.DeclarativeConfig+": "+w)
	}
}

// document finds all that is wrong with the text of a document, and odd.
func (r *report) document(p *process, data []byte, s *settings.Settings) {
	o := app.LoadOptions(app.Plugins(), s, lookup(p.environ))
	o.Thorough = true
	doc, err := config.ParseFile(data, o, lookup(p.environ))
	if e, ok := errors.AsType[*config.DocumentError](err); ok {
		for _, problem := range e.Problems() {
			r.fail(app.Explained(problem))
		}
		r.odd(e.Warnings())
		return
	}
	if err != nil {
		r.fail(err.Error())
		return
	}
	r.odd(doc.Warnings)
}

// start puts together a gateway that listens nowhere and writes nothing, for
// what only shows then: files of settings that cannot be read, plugins that
// cannot be built, references that lead nowhere.
func (r *report) start(p *process, declarative string, with *settings.Settings) {
	s := *with
	s.ProxyListen, s.AdminListen, s.StatusListen, s.DemoListen, s.ProxyAccessLog = "off", "off", "off", "off", "off"
	if declarative != "" {
		s.DeclarativeConfig, s.DeclarativeConfigString = declarative, ""
	}
	a, err := app.New(context.Background(), app.Options{
		Settings: &s, Log: slog.New(&collector{report: r}), Version: version(), LookupEnv: lookup(p.environ),
	})
	if err == nil {
		err = a.Close()
	}
	if err != nil {
		r.fail(err.Error())
	}
}

// collector is a log handler that turns warnings into those of a report. Those
// of the document are there already.
type collector struct {
	report *report
	attrs  []slog.Attr
}

// Enabled implements slog.Handler.
func (c *collector) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

// Handle implements slog.Handler.
func (c *collector) Handle(_ context.Context, rec slog.Record) error {
	if rec.Message == admin.WarningLine || rec.Message == admin.MoreWarningsLine {
		return nil
	}
	w := settings.Warning{Message: rec.Message, Attrs: c.attrs}
	rec.Attrs(func(a slog.Attr) bool {
		w.Attrs = append(w.Attrs, a)
		return true
	})
	c.report.warn([]settings.Warning{w})
	return nil
}

// WithAttrs implements slog.Handler.
func (c *collector) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &collector{report: c.report, attrs: append(slices.Clip(c.attrs), attrs...)}
}

// WithGroup implements slog.Handler; warnings are read by people, who need no
// groups.
func (c *collector) WithGroup(string) slog.Handler { return c }
