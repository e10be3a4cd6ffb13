//go:build linux

// Command held measures the memory that callers hold who are slow, silent or
// merely there. It builds a gateway, starts one for each case, opens the
// case's connections to it, and prints how much of the gateway is resident
// before, with all of them open, at the peak, and after the last has gone, and
// what lives on its heap meanwhile:
//
//	go run ./bench/held
//	go run ./bench/held -only streams,bodies -scale 0.1
//	go run ./bench/held -sluice /path/to/another/binary
//
// Callers and provider are one process with one goroutine around epoll, on
// sockets without buffers of their own. It is no load generator: it says
// nothing about time.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

var (
	only     = flag.String("only", "", "cases to run, separated by commas; all without it")
	scale    = flag.Float64("scale", 1, "factor for the numbers of connections")
	hold     = flag.Duration("hold", 5*time.Second, "how long slow callers go on before they are measured")
	rest     = flag.Duration("rest", 5*time.Second, "how long after the last caller has gone the gateway is measured again")
	announce = flag.Int("announce", 1000000, "length that slow bodies announce")
	binary   = flag.String("sluice", "", "binary to start; built from this repository without it")
)

// cases in the order of the table.
var cases = []struct {
	name, what string
	callers    int
	run        func(s *stage, n int) error
}{
	{"idle", "connections that have sent nothing", 10000, idle},
	{"asked", "idle connections after a request each", 10000, asked},
	{"streams", "streams at full speed, read at 1 KB/s", 2000, streams},
	{"heads", "heads of which a byte comes each second", 2000, heads},
	{"bodies", "bodies of which a byte comes each second", 2000, bodies},
}

func main() {
	flag.Parse()
	if err := measure(); err != nil {
		fmt.Fprintln(os.Stderr, "held:", err)
		os.Exit(1)
	}
}

func measure() error {
	dir, err := os.MkdirTemp("", "held")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if *binary == "" {
		if *binary, err = build(dir); err != nil {
			return err
		}
	}
	fmt.Fprintf(os.Stdout, "%-8s %-42s %8s %8s %8s %8s %8s %11s\n", "", "resident, MiB", "before", "held", "peak", "after", "heap", "KiB for one")
	for _, c := range cases {
		if *only != "" && !strings.Contains(","+*only+",", ","+c.name+",") {
			continue
		}
		n := max(1, int(float64(c.callers)**scale))
		m, err := one(dir, n, c.run)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		fmt.Fprintf(os.Stdout, "%-8s %-42s %8.1f %8.1f %8.1f %8.1f %8.1f %11.1f\n", c.name, fmt.Sprint(n, " ", c.what),
			mib(m.before), mib(m.held), mib(m.peak), mib(m.after), mib(m.heap), float64(m.held-m.before)/float64(n)/1024)
	}
	return nil
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

// figures of one case, in bytes.
type figures struct{ before, held, peak, after, heap int64 }

// one runs a case against a gateway of its own.
func one(dir string, n int, run func(*stage, int) error) (f figures, err error) {
	s, err := open(dir)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if f.before, _, err = s.gateway.resident(); err != nil {
		return f, err
	}
	if err := run(s, n); err != nil {
		return f, err
	}
	if f.held, _, err = s.gateway.resident(); err != nil {
		return f, err
	}
	if f.heap, err = s.gateway.heap(); err != nil {
		return f, err
	}
	if open := s.open(); open < n {
		return f, fmt.Errorf("only %d of %d connections are still open", open, n)
	}
	s.hangUp()
	if err := s.until("the gateway to let go of callers and provider", func() (bool, error) {
		active, err := s.gateway.active()
		return active == 0 && s.provider.streams == 0, err
	}); err != nil {
		return f, err
	}
	if err := s.pass(*rest); err != nil {
		return f, err
	}
	f.after, f.peak, err = s.gateway.resident()
	return f, err
}
