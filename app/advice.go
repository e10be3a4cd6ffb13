package app

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/config"
)

// Advice says more about a problem than the contract's message may: what this
// version has instead, or what is meant. It is for people at a terminal; ""
// is nothing to add.
func Advice(p config.Problem) string {
	if rest, ok := strings.CutPrefix(p.Message, "plugin '"); ok {
		name, _, ok := strings.Cut(rest, "' not enabled;")
		if _, there := Plugins().Lookup(name); !ok || there {
			return ""
		}
		return name + " is not in this version, which has " + strings.Join(pluginNames(), ", ")
	}
	scope := p.Path[strings.LastIndexByte(p.Path, '.')+1:]
	if p.Message == "value must be null" && slices.Contains([]string{"consumer", "consumer_group", "route", "service"}, scope) {
		return "the plugin cannot be limited to a " + strings.ReplaceAll(scope, "_", " ") + ", or stands below one already"
	}
	return ""
}

// Explained is a problem as one line, with the advice there is.
func Explained(p config.Problem) string {
	if more := Advice(p); more != "" {
		return fmt.Sprintf("%s (%s)", p, more)
	}
	return p.String()
}

func pluginNames() []string {
	var names []string
	for _, d := range Plugins().All() {
		names = append(names, d.Name)
	}
	slices.Sort(names)
	return names
}
