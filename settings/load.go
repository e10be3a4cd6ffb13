package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/schema"
)

// search is where a settings file is looked for; the first that exists is read.
var search = []string{"/etc/sluice/sluice.conf", "/etc/kong/kong.conf", "/etc/kong.conf"}

// Search lists where a settings file is looked for when none is named.
func Search() []string { return slices.Clone(search) }

// maxFile bounds a settings file.
const maxFile = 16 << 20

// Source is where settings come from, from the weakest to the strongest:
// defaults, the file, KONG_*, SLUICE_*, Override.
type Source struct {
	// File is the path of the settings file; it must exist. "" looks through
	// Search.
	File string
	// Search replaces the list of paths; empty and not nil looks nowhere.
	Search []string
	// Environ is the process environment, as os.Environ gives it.
	Environ []string
	// Override has values by key that win over everything: options of the
	// command line.
	Override map[string]string
}

// Problem is one thing that is wrong with the settings.
type Problem struct {
	// Key is the setting; "" when there is no telling.
	Key string
	// Origin is where it was set: a variable, or a place in the file.
	Origin string
	// Message says what is wrong and what to do.
	Message string
}

// String is "key (origin): message".
func (p Problem) String() string {
	switch {
	case p.Key == "":
		return p.Origin + ": " + p.Message
	case p.Origin == "":
		return p.Key + ": " + p.Message
	}
	return p.Key + " (" + p.Origin + "): " + p.Message
}

// Error is everything that is wrong with the settings.
type Error struct {
	// Problems, never empty.
	Problems []Problem
}

// Error implements error: one problem to a line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return "settings: " + strings.Join(lines, "\nsettings: ")
}

// Warning is something to tell at start that does not stop it.
type Warning struct {
	// Message in words.
	Message string
	// Attrs name what it is about.
	Attrs []slog.Attr
}

// String is the message with what it is about.
func (w Warning) String() string {
	var b strings.Builder
	b.WriteString(w.Message)
	for _, a := range w.Attrs {
		fmt.Fprintf(&b, "; %s: %s", strings.ReplaceAll(a.Key, "_", " "), a.Value)
	}
	return b.String()
}

// Load reads the settings. An error is an *Error with all problems.
func Load(src Source) (*Settings, []Warning, error) {
	env := newEnvironment(src.Environ)
	l := &loader{env: env, raw: map[string]entry{}, s: &Settings{}, vaults: config.NewVaults(nil, env.lookup)}
	l.readFile(src)
	l.readEnvironment()
	for key, value := range src.Override {
		l.put(key, value, "command line")
	}
	l.applyDefaults()
	l.applyRaw()
	l.checkTogether()
	if len(l.problems) > 0 {
		slices.SortStableFunc(l.problems, func(a, b Problem) int { return strings.Compare(a.Key, b.Key) })
		return nil, l.warnings(), &Error{Problems: l.problems}
	}
	return l.s, l.warnings(), nil
}

// loader is one run of Load.
type loader struct {
	env      environment
	vaults   *config.Vaults
	raw      map[string]entry
	s        *Settings
	problems []Problem

	idle, unknown, twice, flags []string
	more                        []Warning
}

// entry is a value with where it was set.
type entry struct{ value, origin string }

func (l *loader) fail(key, origin, message string) {
	l.problems = append(l.problems, Problem{Key: key, Origin: origin, Message: message})
}

// put notes a value; an empty one takes back what was set before.
func (l *loader) put(key, value, origin string) {
	value = strings.TrimSpace(value)
	if value == "" {
		delete(l.raw, key)
		return
	}
	l.raw[key] = entry{value, origin}
}

func (l *loader) readFile(src Source) {
	path, text, err := findFile(src)
	if err != nil {
		l.fail("", path, err.Error())
		return
	}
	lines, problems := parseFile(text)
	for _, p := range problems {
		l.fail("", path+" "+p.Origin, p.Message)
	}
	seen := map[string]bool{}
	for _, ln := range lines {
		if seen[ln.key] {
			l.twice = append(l.twice, ln.key)
		}
		seen[ln.key] = true
		l.put(ln.key, ln.value, fmt.Sprintf("%s line %d", path, ln.number))
	}
}

// findFile reads the file that was asked for, or the first there is.
func findFile(src Source) (path, text string, err error) {
	if src.File != "" {
		text, err = readText(src.File)
		return src.File, text, err
	}
	paths := src.Search
	if paths == nil {
		paths = search
	}
	for _, path = range paths {
		text, err = readText(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return path, text, err
		}
	}
	return "", "", nil
}

func readText(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.IsDir() || info.Size() > maxFile {
		return "", fmt.Errorf("%s is no settings file", path)
	}
	data, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	return string(data), err
}

// prefixes of variables, the strongest last.
var prefixes = []string{"KONG_", "SLUICE_"}

// environment is a process environment by name.
type environment map[string]string

func newEnvironment(environ []string) environment {
	env := make(environment, len(environ))
	for _, e := range environ {
		// On Windows names can begin with "=".
		if name, value, ok := strings.Cut(e, "="); ok && name != "" {
			env[name] = value
		}
	}
	return env
}

func (env environment) lookup(name string) (string, bool) {
	value, ok := env[name]
	return value, ok
}

func (l *loader) readEnvironment() {
	for name, key := range map[string]string{"GOGC": "gogc", "GOMEMLIMIT": "memory_limit"} {
		if _, set := l.raw[key]; !set {
			l.put(key, l.env[name], name)
		}
	}
	for _, prefix := range prefixes {
		for name, value := range l.env {
			key, ok := strings.CutPrefix(name, prefix)
			if ok && key != "" && key == strings.ToUpper(key) && !orchestrated(key, value) {
				l.put(strings.ToLower(key), value, name)
			}
		}
	}
}

// orchestrated tells the variables with which Kubernetes and Docker announce
// a service that is called kong or sluice; they are no settings.
func orchestrated(key, value string) bool {
	return strings.HasPrefix(value, "tcp://") || strings.HasPrefix(value, "udp://") ||
		strings.HasSuffix(key, "SERVICE_HOST") || strings.Contains(key, "SERVICE_PORT") || strings.Contains(key, "_TCP_") ||
		key == "VERSION" || strings.HasPrefix(key, "VERSION_")
}

func (l *loader) applyDefaults() {
	for i := range fields() {
		f := &fields()[i]
		if f.Default == "" {
			continue
		}
		if err := f.set(l.s, f.Default); err != nil {
			panic("settings: default of " + f.Key + ": " + err.Error())
		}
	}
}

// applyRaw sets what is ours and sorts what is not.
func (l *loader) applyRaw() {
	for _, key := range l.keys() {
		e := l.raw[key]
		f := byKey()[key]
		if f == nil {
			l.foreign(key, e)
			continue
		}
		if main, set := l.raw[f.Key]; set && key != f.Key {
			if main.value != e.value {
				l.fail(key, e.origin, "says something else than "+f.Key+": remove one of them")
			}
			continue
		}
		l.apply(f, key, e)
	}
}

func (l *loader) apply(f *Field, key string, e entry) {
	value, err := l.resolve(e.value)
	if err == nil {
		err = f.set(l.s, value)
	}
	if err != nil {
		l.fail(key, e.origin, err.Error())
	}
	l.vaults.SetDefault(config.EnvVault{Prefix: l.s.VaultEnvPrefix, Base64Decode: l.s.VaultEnvBase64Decode})
}

// resolve gives the text behind a value that is a vault reference.
func (l *loader) resolve(value string) (string, error) {
	if !schema.IsReference(value) {
		return value, nil
	}
	value, err := l.vaults.Resolve(value)
	if err == nil && value == "" {
		err = errors.New("the reference leads to an empty text")
	}
	return value, err
}

// keys are sorted, after those that say how references are resolved.
func (l *loader) keys() []string {
	keys := make([]string, 0, len(l.raw))
	for key := range l.raw {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	first := []string{"vault_env_base64_decode", "vault_env_prefix"}
	others := slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return slices.Contains(first, k) })
	return append(slices.DeleteFunc(keys, func(k string) bool { return !slices.Contains(first, k) }), others...)
}

// foreign deals with a key that is no field.
func (l *loader) foreign(key string, e entry) {
	r, known := ruleFor(key)
	switch {
	case !known:
		l.unknown = append(l.unknown, key)
	case r.harmless(e.value):
	case r.refuse != "":
		l.fail(key, e.origin, r.refuse)
	default:
		l.idle = append(l.idle, key)
	}
}

// warnings has one that names the keys without effect, one for those that are
// set twice, and what else is worth telling.
func (l *loader) warnings() []Warning {
	w := Warning{Message: "some settings have no effect"}
	for _, part := range []struct {
		name string
		keys []string
	}{{"not_applicable", l.idle}, {"unknown", l.unknown}, {"listener_flags", l.flags}} {
		if len(part.keys) > 0 {
			w.Attrs = append(w.Attrs, slog.String(part.name, once(part.keys)))
		}
	}
	var all []Warning
	if len(w.Attrs) > 0 {
		all = append(all, w)
	}
	if len(l.twice) > 0 {
		all = append(all, Warning{
			Message: "some settings are set twice in the file; the last one counts",
			Attrs:   []slog.Attr{slog.String("keys", once(l.twice))},
		})
	}
	return append(all, l.more...)
}

// once lists keys in order, each one time.
func once(keys []string) string {
	slices.Sort(keys)
	return strings.Join(slices.Compact(keys), ", ")
}
