package admin

import (
	"log/slog"
	"strings"
	"testing"
)

func TestLogOfRefusalsAndDraining(t *testing.T) {
	var log strings.Builder
	o := options(&stubEngine{})
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	const bad = `{"_format_version":"3.0","services":[{"name":"s"},{"port":1}]}`
	call{method: "POST", path: "/config", kind: "application/json", body: bad}.do(New(o))
	call{method: "POST", path: "/status/ready", kind: "application/json", body: `{"status":"draining"}`}.do(NewStatus(o))
	for _, want := range []string{
		`level=WARN msg="a posted configuration was refused; the old one goes on" client=192.0.2.1:1234 problems=2 error="services[0].host: required field missing"`,
		`level=INFO msg="not ready any more: draining was asked for" client=192.0.2.1:1234`,
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %s in %s", want, log.String())
		}
	}
}
