package settings

import (
	"crypto/tls"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/schema"
)

// Level is log_level as a level of slog. Levels above error keep their order.
func (s *Settings) Level() slog.Level {
	switch s.LogLevel {
	case "debug":
		return slog.LevelDebug
	case "info", "notice":
		// slog has no notice; what Kong says at that level we say as info.
		return slog.LevelInfo
	case "warn":
		return slog.LevelWarn
	case "crit":
		return slog.LevelError + 1
	case "alert":
		return slog.LevelError + 2
	case "emerg":
		return slog.LevelError + 3
	}
	return slog.LevelError
}

// PluginEnabled tells whether plugins allows a bundled plugin.
func (s *Settings) PluginEnabled(name string) bool {
	return slices.Contains(s.Plugins, "bundled") || slices.Contains(s.Plugins, name)
}

// PluginNames are the names in plugins, without bundled and off. One that the
// binary does not have stops the start.
func (s *Settings) PluginNames() []string {
	return slices.DeleteFunc(slices.Clone(s.Plugins), func(n string) bool { return n == "bundled" || n == "off" })
}

// AdminTokenRequired tells whether clients of the Admin API must show
// AdminToken.
func (s *Settings) AdminTokenRequired() bool { return s.AdminAuth != "off" && s.AdminToken != "" }

// SeenPorts is port_maps by the port that is bound.
func (s *Settings) SeenPorts() map[int]int {
	out := make(map[int]int, len(s.PortMaps))
	for _, pair := range s.PortMaps {
		if seen, bound, ok := portMap(pair); ok {
			out[bound] = seen
		}
	}
	return out
}

// portMap reads "seen:bound".
func portMap(pair string) (seen, bound int, ok bool) {
	a, b, _ := strings.Cut(pair, ":")
	x, errX := strconv.ParseUint(a, 10, 16)
	y, errY := strconv.ParseUint(b, 10, 16)
	return int(x), int(y), errX == nil && errY == nil && x > 0 && y > 0
}

// TLSVersions are the lowest and the highest version that callers may use.
func (s *Settings) TLSVersions() (lowest, highest uint16) {
	lowest, highest = tls.VersionTLS12, tls.VersionTLS13
	if s.SSLCipherSuite == "modern" || !slices.Contains(s.SSLProtocols, "TLSv1.2") {
		lowest = tls.VersionTLS13
	}
	if !slices.Contains(s.SSLProtocols, "TLSv1.3") {
		highest = tls.VersionTLS12
	}
	return lowest, highest
}

// Configuration is all settings by key, as GET / of the Admin API shows them:
// lists as lists, secrets masked, nil for what has no value.
func (s *Settings) Configuration() map[string]any {
	out := make(map[string]any, len(fields()))
	for i := range fields() {
		f := &fields()[i]
		out[f.Key] = f.show(s)
	}
	return out
}

// String shows the settings with secrets masked.
func (s *Settings) String() string { return string(schema.AppendJSON(nil, s.Configuration())) }

// GoString is String: no verb shows a secret.
func (s *Settings) GoString() string { return s.String() }

// LogValue implements slog.LogValuer with the masked form.
func (s *Settings) LogValue() slog.Value { return slog.AnyValue(s.Configuration()) }
