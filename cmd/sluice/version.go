package main

import (
	"flag"
	"fmt"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/app"
)

// release is set by the build: -ldflags "-X main.release=1.2.3".
var release string

// version is the release, or that of the module, or "dev".
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || strings.HasPrefix(info.Main.Version, "(") || strings.HasPrefix(info.Main.Version, "v0.0.0-") {
		return "dev"
	}
	return strings.TrimPrefix(info.Main.Version, "v")
}

var versionCommand = command{
	name: "version", summary: "print the version",
	usage: `Usage: sluice version [-a]

Prints the version.

  -a, --all    also what it was built from, and what is in it
`,
	run: printVersion,
}

func printVersion(p *process, args []string) error {
	fs := flag.NewFlagSet("version", flag.ContinueOnError)
	var all bool
	fs.BoolVar(&all, "a", false, "")
	fs.BoolVar(&all, "all", false, "")
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "sluice %s\n", version())
	if all {
		describe(&b)
	}
	_, err := p.stdout.Write([]byte(b.String()))
	return err
}

func describe(b *strings.Builder) {
	fmt.Fprintf(b, "contract   %s\n", app.KongVersion)
	fmt.Fprintf(b, "go         %s\n", runtime.Version())
	fmt.Fprintf(b, "platform   %s/%s\n", runtime.GOOS, runtime.GOARCH)
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" || s.Key == "vcs.time" {
				fmt.Fprintf(b, "%-11s%s\n", strings.TrimPrefix(s.Key, "vcs."), s.Value)
			}
		}
	}
	var plugins []string
	for _, d := range app.Plugins().All() {
		plugins = append(plugins, d.Name)
	}
	fmt.Fprintf(b, "plugins    %s\n", strings.Join(plugins, ", "))
	fmt.Fprintf(b, "providers  %s\n", strings.Join(slices.Sorted(maps.Keys(app.Providers())), ", "))
}
