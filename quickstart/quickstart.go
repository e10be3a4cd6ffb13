// Package quickstart makes a first configuration: it finds out which
// providers can be used here, asks for their keys, writes a declarative file
// and an env file that can be kept, and tells how to call the gateway.
//
// It starts nothing itself; the command does that with what Prepare returns.
// Keys go into the env file only (mode 0600) and are never printed: the
// declarative file refers to them. It must not know how the gateway works,
// only what its files look like and what providers can do.
package quickstart

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
)

// Options of Prepare.
type Options struct {
	// Dir is the folder for the files.
	Dir string
	// Yes never asks: what is found is enabled, what is missing is not.
	Yes bool
	// Force writes files anew that exist.
	Force bool
	// In and Out are the conversation.
	In  io.Reader
	Out io.Writer
	// Hide stops showing what is typed until show is called; nil cannot.
	Hide func() (show func())
	// Command is how the gateway is called, for the line that starts it again;
	// "" is sluice.
	Command string
	// Check looks at the variables of the env file before anything is written;
	// an error of it ends Prepare. nil has no objection.
	Check func(environ []string) error
	// LookupEnv reads the environment.
	LookupEnv func(name string) (string, bool)
	// HTTP looks for local servers.
	HTTP *http.Client
}

// Result is a configuration on disk.
type Result struct {
	// Declarative and EnvFile are the files, as absolute paths.
	Declarative, EnvFile string
	// Environ are the variables of the env file that the process environment
	// does not set, as NAME=value.
	Environ []string
	// Providers that are enabled.
	Providers []Provider
	// again is the command that starts the gateway with what was written.
	again string
}

// Prepare finds providers, asks what it must, and writes the files that are
// not there yet.
func Prepare(ctx context.Context, o Options) (*Result, error) {
	s, err := newSession(o)
	if err != nil {
		return nil, err
	}
	if err := s.choose(ctx); err != nil {
		return nil, err
	}
	made, err := s.result()
	if err != nil {
		return nil, err
	}
	if o.Check != nil {
		if err := o.Check(made.Environ); err != nil {
			return nil, err
		}
	}
	return made, s.write()
}

// session is one run of Prepare.
type session struct {
	o                    Options
	in                   *bufio.Reader
	declarative, envFile string
	// kept are the files that exist and stay as they are.
	keptDeclarative, keptEnv bool
	chosen                   []Provider
	keys                     map[string]string // by variable
}

func newSession(o Options) (*session, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	s := &session{
		o: o, in: bufio.NewReader(o.In), keys: map[string]string{},
		declarative: filepath.Join(dir, "sluice.yml"), envFile: filepath.Join(dir, "sluice.env"),
	}
	if o.Force {
		return s, nil
	}
	if s.keptDeclarative, err = exists(s.declarative); err != nil {
		return nil, err
	}
	s.keptEnv, err = exists(s.envFile)
	return s, err
}

func (s *session) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.o.Out, format+"\n", args...)
}

// choose settles which providers are enabled: those of a kept file, or those
// that can be used here.
func (s *session) choose(ctx context.Context) error {
	for _, kept := range []struct {
		is   bool
		path string
	}{{s.keptDeclarative, s.declarative}, {s.keptEnv, s.envFile}} {
		if kept.is {
			s.say("Keeping %s (--force writes it anew).", kept.path)
		}
	}
	if s.keptDeclarative {
		if err := s.chooseKept(ctx); err != nil {
			return err
		}
		return s.sayIgnored()
	}
	for _, p := range catalogue(s.o.LookupEnv) {
		ok, err := s.enable(ctx, &p)
		if err != nil {
			return err
		}
		if ok {
			s.chosen = append(s.chosen, p)
		}
	}
	if err := s.askMore(); err != nil {
		return err
	}
	if !slices.ContainsFunc(s.chosen, func(p Provider) bool { return p.Chat != "" }) {
		s.say("No provider has a model to speak to, so here is the built-in demo model.")
		s.chosen = append(s.chosen, demoProvider(s.o.LookupEnv))
	}
	return nil
}

func (s *session) chooseKept(ctx context.Context) error {
	names, err := servicesIn(s.declarative)
	if err != nil {
		return err
	}
	for _, p := range append(catalogue(s.o.LookupEnv), demoProvider(s.o.LookupEnv)) {
		if !slices.Contains(names, p.Name) {
			continue
		}
		if p.Local {
			s.find(ctx, &p)
		}
		if len(p.KeyVariables) > 0 && !s.keptEnv {
			if _, err := s.key(&p); err != nil {
				return err
			}
		}
		s.chosen = append(s.chosen, p)
	}
	return nil
}

// sayIgnored tells of keys in the environment that the kept files ignore:
// whoever sets one expects that it counts.
func (s *session) sayIgnored() error {
	values := map[string]string{}
	if s.keptEnv {
		var err error
		if values, err = readEnv(s.envFile); err != nil {
			return err
		}
	}
	told := 0
	for _, p := range catalogue(s.o.LookupEnv) {
		variable, given := p.given(s.o.LookupEnv)
		if variable == "" {
			continue
		}
		switch {
		case !slices.ContainsFunc(s.chosen, p.is):
			s.say("%s is set, but %s has no %s, so it is not used.", variable, s.declarative, p.Title)
		case s.keptEnv && values[p.HeaderVariable] != p.header(given):
			s.say("%s is set, but %s has another key for %s, which counts.", variable, s.envFile, p.Title)
		default:
			continue
		}
		told++
	}
	if told > 0 {
		with := "it"
		if told > 1 {
			with = "them"
		}
		s.say("To start afresh with %s, add --force (make run ARGS=--force); changes of yours in both files are lost then.", with)
	}
	return nil
}

// enable finds out whether a provider can be used, asking if need be.
func (s *session) enable(ctx context.Context, p *Provider) (bool, error) {
	switch {
	case p.Cloud:
		return s.cloud(p), nil
	case len(p.KeyVariables) > 0:
		return s.key(p)
	case !s.find(ctx, p):
		return false, nil
	case s.o.Yes:
		return true, nil
	}
	answer, err := s.ask(fmt.Sprintf("Enable %s at %s? [Y/n] ", p.Title, p.Base), false)
	return !strings.HasPrefix(strings.ToLower(answer), "n"), err
}

// cloud tells whether the environment has an identity for a provider.
func (s *session) cloud(p *Provider) bool {
	if p.Found != "" {
		s.say("Found an identity for %s in %s.", p.Title, p.Found)
	}
	return p.Found != ""
}

// key gets a provider's key from the kept env file, the environment, or the
// user; ok is false when there is none.
func (s *session) key(p *Provider) (ok bool, err error) {
	if s.keptEnv {
		values, err := readEnv(s.envFile)
		return values[p.HeaderVariable] != "", err
	}
	if variable, value := p.given(s.o.LookupEnv); variable != "" {
		s.say("Found a key for %s in %s.", p.Title, variable)
		return true, s.keep(p, value)
	}
	if s.o.Yes || p.More && !s.keptDeclarative {
		return false, nil
	}
	return s.askKey(p)
}

// askKey asks for a provider's key; an empty answer skips the provider.
func (s *session) askKey(p *Provider) (bool, error) {
	value, err := s.ask(fmt.Sprintf("%s API key (empty skips %s): ", p.Title, p.Title), true)
	if err != nil || value == "" {
		return false, err
	}
	return true, s.keep(p, value)
}

// askMore asks which of the other providers are wanted, and for their keys.
func (s *session) askMore() error {
	if s.o.Yes || s.keptEnv {
		return nil
	}
	var names []string
	left := map[string]Provider{}
	for _, p := range catalogue(s.o.LookupEnv) {
		if p.More && !slices.ContainsFunc(s.chosen, p.is) {
			left[p.Name] = p
			if !p.Cloud {
				names = append(names, p.Name)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	answer, err := s.ask("More providers, with commas between (Enter for none; there are "+strings.Join(names, ", ")+"): ", false)
	if err != nil {
		return err
	}
	for _, name := range strings.FieldsFunc(strings.ToLower(answer), func(r rune) bool { return r == ',' || r == ' ' }) {
		if err := s.addNamed(name, left); err != nil {
			return err
		}
	}
	return nil
}

// addNamed enables a provider that was asked for by name.
func (s *session) addNamed(name string, left map[string]Provider) error {
	p, ok := left[name]
	delete(left, name)
	switch {
	case ok && p.Cloud:
		s.say("%s needs AWS_REGION, and AWS_PROFILE or AWS_ACCESS_KEY_ID, in the environment; skipped.", p.Title)
		return nil
	case slices.ContainsFunc(s.chosen, func(c Provider) bool { return c.Name == name }):
		return nil
	case name == "azure":
		s.say("Azure needs the names of a resource and a deployment: write its route by hand, see docs/guide/first-route.md; skipped.")
		return nil
	case !ok:
		s.say("%q is not among them; skipped.", name)
		return nil
	}
	ok, err := s.askKey(&p)
	if ok && err == nil {
		s.chosen = append(s.chosen, p)
	}
	return err
}

func (s *session) keep(p *Provider, value string) error {
	value = p.header(value)
	if !plain(strings.TrimPrefix(value, "Bearer ")) {
		return fmt.Errorf("the key for %s holds a character that no key has, such as a space or a quote: check what was pasted", p.Title)
	}
	s.keys[p.HeaderVariable] = value
	return nil
}

// ask puts a question and reads a line. The end of the input is an empty
// answer.
func (s *session) ask(question string, secret bool) (string, error) {
	_, _ = io.WriteString(s.o.Out, question)
	show := func() {}
	if secret && s.o.Hide != nil {
		show = s.o.Hide()
	}
	line, err := s.in.ReadString('\n')
	show()
	if secret && s.o.Hide != nil || err != nil {
		s.say("")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	return strings.TrimSpace(line), nil
}
