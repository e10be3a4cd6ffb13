// Command sluice is the gateway: main and one file per subcommand.
//
// It reads the command line, the environment and signals, and hands them on;
// what a gateway is made of is in package app. Only this package may print to
// the terminal or end the process.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// Exit codes, as "sluice help" has them.
const (
	exitFine   = 0
	exitFailed = 1 // the configuration is wrong, or the start failed
	exitUsage  = 2
)

func main() {
	p := &process{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ(),
		hide: hideTyping(os.Stdin), once: 200 * time.Millisecond, command: ownCommand(),
		notify: func(c chan<- os.Signal) (stop func()) {
			signal.Notify(c, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP)
			return func() { signal.Stop(c) }
		},
	}
	os.Exit(p.run(os.Args[1:]))
}

// process is what a subcommand sees of the world.
type process struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string
	// command is how this program is called; "" is sluice.
	command string
	// hide stops showing what is typed; nil when stdin is no terminal.
	hide func() (show func())
	// notify sends signals to c until stop is called.
	notify func(c chan<- os.Signal) (stop func())
	// once is how long after a stop signal further ones count as the same:
	// timeout, make and others signal both a process and its group.
	once time.Duration
	// ready hears of a gateway that serves, in tests.
	ready func(gateway)
}

// ownCommand is "sluice" where a shell finds this program by that name, else
// its path.
func ownCommand() string {
	own, err := os.Executable()
	if err != nil {
		return ""
	}
	found, err := exec.LookPath("sluice")
	if err != nil {
		return own
	}
	a, errA := os.Stat(own)
	b, errB := os.Stat(found)
	if errA == nil && errB == nil && os.SameFile(a, b) {
		return ""
	}
	return own
}

// command is a subcommand.
type command struct {
	name, summary string
	// usage is the whole help text.
	usage string
	run   func(p *process, args []string) error
}

func commands() []command {
	return []command{startCommand, checkCommand, quickstartCommand, versionCommand}
}

// errUsage is wrapped by errors about the command line.
var errUsage = errors.New("usage")

// errReported ends a command whose output has said already what is wrong.
var errReported = errors.New("reported")

// run finds the subcommand, runs it, and gives the exit code.
func (p *process) run(args []string) int {
	if len(args) == 0 {
		p.help(p.stderr)
		return exitUsage
	}
	name := args[0]
	switch name {
	case "help", "-h", "-help", "--help":
		return p.helpFor(args[1:])
	case "-v", "-version", "--version":
		name = "version"
	}
	for _, c := range commands() {
		if c.name == name {
			return p.exitCode(c, c.run(p, args[1:]))
		}
	}
	p.complain("there is no command %q; sluice help lists them", name)
	return exitUsage
}

func (p *process) exitCode(c command, err error) int {
	switch {
	case err == nil:
		return exitFine
	case errors.Is(err, flag.ErrHelp):
		_, _ = io.WriteString(p.stdout, c.usage)
		return exitFine
	case errors.Is(err, errUsage):
		p.complain("%s", strings.TrimPrefix(err.Error(), errUsage.Error()+": "))
		_, _ = fmt.Fprintf(p.stderr, "sluice %s -h shows its options.\n", c.name)
		return exitUsage
	case errors.Is(err, errReported):
		return exitFailed
	}
	p.complain("%v", err)
	return exitFailed
}

// complain says what went wrong, with Error: before it, as Kong does.
func (p *process) complain(format string, args ...any) {
	_, _ = fmt.Fprintf(p.stderr, "Error: "+format+"\n", args...)
}

// helpFor prints the help of the command that is named, if one is.
func (p *process) helpFor(args []string) int {
	name := strings.Join(args, " ")
	if name == "" {
		p.help(p.stdout)
		return exitFine
	}
	for _, c := range commands() {
		if c.name == name {
			_, _ = io.WriteString(p.stdout, c.usage)
			return exitFine
		}
	}
	p.complain("there is no command %q; sluice help lists them", name)
	return exitUsage
}

func (p *process) help(w io.Writer) {
	var b strings.Builder
	b.WriteString("Sluice is an AI gateway.\n\nUsage: sluice COMMAND [OPTIONS]\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-12s%s\n", c.name, c.summary)
	}
	b.WriteString("  help        this text, or that of a command\n" + `
Settings are Kong's kong.conf keys. They come from a file (-c, else the first
of /etc/sluice/sluice.conf, /etc/kong/kong.conf, /etc/kong.conf), then from
variables KONG_<KEY>, then from SLUICE_<KEY>; the last one wins.

Exit codes:
  0  fine
  1  the configuration is wrong, or the start failed
  2  the command line is wrong
`)
	_, _ = io.WriteString(w, b.String())
}

// parse reads options; what is left are the arguments, of which there may be
// from least to most.
func parse(fs *flag.FlagSet, args []string, least, most int) ([]string, error) {
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", errUsage, err)
	}
	switch n := fs.NArg(); {
	case n < least:
		return nil, fmt.Errorf("%w: an argument is missing", errUsage)
	case n > most:
		return nil, fmt.Errorf("%w: %q is one argument too many", errUsage, fs.Arg(most))
	}
	return fs.Args(), nil
}

// lookup reads the process's environment; the last of two values counts.
func lookup(environ []string) func(name string) (string, bool) {
	values := make(map[string]string, len(environ))
	for _, e := range environ {
		if name, value, ok := strings.Cut(e, "="); ok {
			values[name] = value
		}
	}
	return func(name string) (string, bool) {
		v, ok := values[name]
		return v, ok
	}
}
