package scenarios

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/dns/dnstest"
	"github.com/sluice-gateway/sluice/test/harness"
)

// story is what a scenario has on stage.
type story struct {
	dir       string
	tb        testing.TB
	vars      map[string]string // $NAME in the archive's files
	gateway   *harness.Gateway
	clock     *clock.Manual
	entries   *harness.Entries
	entry     map[string]any // the log entry that was looked at last
	caller    harness.Caller
	current   *harness.Exchange
	running   map[string]*harness.Exchange // in the background, by name
	line      *harness.Line
	upstreams map[string]*harness.Upstream
	authority *harness.Authority
	pairs     map[string]*harness.Pair
	dns       *dnstest.Server
	load      *load
	allocated uint64 // before the last call
}

type key struct{}

// on finds the story of a script.
func on(ts *testscript.TestScript) *story { return ts.Value(key{}).(*story) }

func setup(env *testscript.Env) error {
	s := &story{
		dir: env.WorkDir, vars: map[string]string{}, upstreams: map[string]*harness.Upstream{},
		pairs: map[string]*harness.Pair{}, running: map[string]*harness.Exchange{},
	}
	env.Values[key{}] = s
	s.tb, _ = env.T().(testing.TB)
	entries, err := harness.NewEntries(filepath.Join(env.WorkDir, "entries.log"))
	if err != nil {
		return err
	}
	s.entries = entries
	s.vars["LOG"] = entries.Path
	s.vars["LOGS"] = "[{name: file-log, config: {path: " + entries.Path + "}}, " +
		"{name: prometheus, config: {ai_metrics: true, status_code_metrics: true}}]"
	env.Defer(s.close)
	return nil
}

// close clears the stage, in the reverse order.
func (s *story) close() {
	if s.load != nil {
		_ = s.load.end()
	}
	if s.current != nil {
		s.current.Hangup()
	}
	for _, x := range s.running {
		x.Hangup()
	}
	if s.line != nil {
		_ = s.line.Close()
	}
	s.caller.Close()
	for _, u := range s.upstreams {
		if u != nil {
			u.Close()
		}
	}
	if s.gateway != nil {
		_ = s.gateway.Close()
	}
	s.entries.Close()
}

// set makes a value known to the script and to the archive's files.
func (s *story) set(ts *testscript.TestScript, name, value string) {
	s.vars[name] = value
	ts.Setenv(name, value)
}

// read is a file of the archive with $NAME replaced where it is known.
func (s *story) read(ts *testscript.TestScript, name string) []byte {
	text := ts.ReadFile(name)
	longest := make([]string, 0, 2*len(s.vars))
	for _, n := range sortedByLength(s.vars) {
		longest = append(longest, "$"+n, s.vars[n])
	}
	return []byte(strings.NewReplacer(longest...).Replace(text))
}

// need fails the script unless it has begun as it must.
func (s *story) need(ts *testscript.TestScript, ok bool, what string) {
	if !ok {
		ts.Fatalf("there is no %s yet", what)
	}
}

// check fails the script, with what the gateway said.
func (s *story) check(ts *testscript.TestScript, err error) {
	if err == nil {
		return
	}
	journal := ""
	if s.gateway != nil {
		journal = "\nthe gateway said:\n" + s.gateway.Journal()
	}
	ts.Fatalf("%v%s", err, journal)
}

// expect is for assertions that may be negated.
func expect(ts *testscript.TestScript, neg, found bool, format string, args ...any) {
	if found != neg {
		return
	}
	not := ""
	if neg {
		not = "should not, but: "
	}
	ts.Fatalf("%s", not+fmt.Sprintf(format, args...))
}
