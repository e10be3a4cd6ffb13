package quickstart

import (
	"bytes"
	_ "embed" // the template
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/sluice-gateway/sluice/config"
)

//go:embed sluice.yml.tmpl
var declarativeText string

// declarativeFile is the template of the declarative file.
var declarativeFile = template.Must(template.New("sluice.yml").Funcs(template.FuncMap{
	"reference": func(variable string) string {
		return "{vault://env/" + strings.ToLower(strings.ReplaceAll(variable, "_", "-")) + "}"
	},
}).Parse(declarativeText))

// proxyListen is loopback: the gateway spends keys, and asks callers for none.
const proxyListen = "127.0.0.1:8000"

func exists(path string) (bool, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case info.IsDir():
		return false, fmt.Errorf("%s is a folder: choose another --dir", path)
	}
	return true, nil
}

// write makes the files that are not kept.
func (s *session) write() error {
	if err := os.MkdirAll(filepath.Dir(s.declarative), 0o750); err != nil {
		return err
	}
	if !s.keptDeclarative {
		var text bytes.Buffer
		if err := declarativeFile.Execute(&text, s.chosen); err != nil {
			return err
		}
		if err := replace(s.declarative, text.Bytes(), 0o644); err != nil {
			return err
		}
		s.say("Wrote %s: the routes, one block for each provider.", s.declarative)
	}
	if !s.keptEnv {
		if err := replace(s.envFile, s.environment(), 0o600); err != nil {
			return err
		}
		s.say("Wrote %s: keys and settings, readable by you only.", s.envFile)
	}
	return nil
}

// replace writes a file in one step, with its mode from the beginning.
func replace(path string, data []byte, mode fs.FileMode) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".sluice-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Chmod(mode), tmp.Close())
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(tmp.Name(), path)
}

// environment is the text of the env file, for shells and systemd.
func (s *session) environment() []byte {
	var b bytes.Buffer
	b.WriteString("# Settings and keys of the quickstart. To start the gateway with them:\n")
	fmt.Fprintf(&b, "#   %s\n", s.startLine())
	fmt.Fprintf(&b, "SLUICE_DECLARATIVE_CONFIG=%s\n", shellQuote(s.declarative))
	b.WriteString("# What the gateway writes by itself.\n")
	fmt.Fprintf(&b, "SLUICE_PREFIX=%s\n", shellQuote(filepath.Dir(s.declarative)))
	s.listeners(&b)
	for _, p := range s.chosen {
		if p.Demo {
			fmt.Fprintf(&b, "SLUICE_DEMO_LISTEN=%s\n", p.address())
		}
		if p.Cloud {
			fmt.Fprintf(&b, "# The identity for %s is in AWS's own variables and files.\n", p.Title)
		}
		if v := s.keys[p.HeaderVariable]; v != "" {
			fmt.Fprintf(&b, "# The header with the key for %s.\n%s=%s\n", p.Title, p.HeaderVariable, shellQuote(v))
		}
	}
	return b.Bytes()
}

// listeners keeps what the environment says about addresses, so that the next
// start serves where this one does.
func (s *session) listeners(b *bytes.Buffer) {
	proxy, set := s.setting("PROXY_LISTEN")
	if !set {
		proxy = proxyListen
		b.WriteString("# Callers need no key, so only this machine may call.\n")
	}
	fmt.Fprintf(b, "SLUICE_PROXY_LISTEN=%s\n", shellQuote(proxy))
	for _, key := range []string{"ADMIN_LISTEN", "STATUS_LISTEN"} {
		if v, set := s.setting(key); set {
			fmt.Fprintf(b, "SLUICE_%s=%s\n", key, shellQuote(v))
		}
	}
}

// setting is what the environment says to a key of the settings.
func (s *session) setting(key string) (string, bool) {
	for _, prefix := range []string{"SLUICE_", "KONG_"} {
		if v, ok := s.o.LookupEnv(prefix + key); ok && v != "" {
			return v, true
		}
	}
	return "", false
}

// startLine is the command that starts the gateway with the env file.
func (s *session) startLine() string {
	command := s.o.Command
	if command == "" {
		command = "sluice"
	}
	return "set -a; . " + shellQuote(s.envFile) + "; set +a; " + shellQuote(command) + " start"
}

func shellQuote(s string) string {
	if plain(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// plain tells whether a text means itself in YAML strings, JSON, env files and
// shells.
func plain(s string) bool {
	for i := range len(s) {
		c := s[i]
		ok := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~+/=:@%,", c) >= 0
		if !ok {
			return false
		}
	}
	return s != ""
}

// readEnv reads an env file.
func readEnv(path string) (map[string]string, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the user names the folder
	if err != nil {
		return nil, err
	}
	return parseEnv(data), nil
}

// parseEnv reads the text of an env file as environment made it.
func parseEnv(data []byte) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		name, value, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		if n := len(value); n >= 2 && (value[0] == '\'' || value[0] == '"') && value[n-1] == value[0] {
			value = strings.ReplaceAll(value[1:n-1], `'\''`, "'")
		}
		out[strings.TrimSpace(strings.TrimPrefix(name, "export "))] = value
	}
	return out
}

// servicesIn lists the names of the services in a declarative file.
func servicesIn(path string) ([]string, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the user names the folder
	if err != nil {
		return nil, err
	}
	tree, err := config.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	root, _ := tree.(map[string]any)
	services, _ := root["services"].([]any)
	var names []string
	for _, e := range services {
		service, _ := e.(map[string]any)
		if name, ok := service["name"].(string); ok {
			names = append(names, name)
		}
	}
	return names, nil
}

// result tells the command what to start.
func (s *session) result() (*Result, error) {
	values := parseEnv(s.environment())
	if s.keptEnv {
		var err error
		if values, err = readEnv(s.envFile); err != nil {
			return nil, err
		}
	}
	values["SLUICE_DECLARATIVE_CONFIG"] = s.declarative
	for _, p := range s.chosen {
		if p.Demo && values["SLUICE_DEMO_LISTEN"] == "" {
			values["SLUICE_DEMO_LISTEN"] = p.address()
		}
	}
	r := &Result{Declarative: s.declarative, EnvFile: s.envFile, Providers: s.chosen, again: s.startLine()}
	for name, value := range values {
		if !s.overridden(name) {
			r.Environ = append(r.Environ, name+"="+value)
		}
	}
	slices.Sort(r.Environ)
	return r, nil
}

// overridden tells whether the process environment says something to a
// variable: KONG_* too, since the file's SLUICE_* would win over it. The
// declarative file is the one that was just prepared.
func (s *session) overridden(name string) bool {
	if name == "SLUICE_DECLARATIVE_CONFIG" {
		return false
	}
	names := []string{name}
	if key, ok := strings.CutPrefix(name, "SLUICE_"); ok {
		names = append(names, "KONG_"+key)
	}
	return slices.ContainsFunc(names, func(n string) bool {
		v, ok := s.o.LookupEnv(n)
		return ok && v != ""
	})
}
