package settings

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
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

// ClientCertificates is how a listener deals with certificates of clients.
type ClientCertificates struct {
	// Ask for one; Require it, or else it may be missing.
	Ask, Require bool
	// Authorities verify them: paths, or the PEM itself.
	Authorities []string
	// Depth is how many certificates may stand in between.
	Depth int
}

// AdminClients are the client certificates of the Admin API.
func (s *Settings) AdminClients() ClientCertificates {
	return clients(s.AdminSSLVerifyClient, s.AdminSSLClientCertificate, s.AdminSSLVerifyDepth)
}

// StatusClients are those of the Status API.
func (s *Settings) StatusClients() ClientCertificates {
	return clients(s.StatusSSLVerifyClient, s.StatusSSLClientCertificate, s.StatusSSLVerifyDepth)
}

func clients(verify string, authorities []string, depth int) ClientCertificates {
	return ClientCertificates{Ask: verify != "off", Require: verify == "on", Authorities: authorities, Depth: depth}
}

// AdminCertificateSuffices tells whether a verified client certificate is as
// good as the token.
func (s *Settings) AdminCertificateSuffices() bool {
	return s.AdminAuth == "auto" && s.AdminClients().Ask
}

// AdminOrigins are the origins of admin_gui_url as browsers send them.
func (s *Settings) AdminOrigins() []string {
	var out []string
	for _, page := range s.AdminGUIURL {
		if origin, err := originOf(page); err == nil {
			out = append(out, origin)
		}
	}
	return out
}

// originOf is the origin of a page: lower case, without the usual port.
func originOf(page string) (string, error) {
	u, err := url.Parse(page)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return "", fmt.Errorf("%q must be the address of a page, such as https://manager.example:8002", page)
	}
	host := strings.ToLower(u.Hostname())
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port := u.Port(); port != "" && port != map[string]string{"http": "80", "https": "443"}[u.Scheme] {
		host += ":" + port
	}
	return u.Scheme + "://" + host, nil
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
