package app_test

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/sluice-gateway/sluice/app"
	"github.com/sluice-gateway/sluice/settings"
)

// TestAnswersWithoutConfiguration: a gateway without a configuration runs and
// says 404.
func TestAnswersWithoutConfiguration(t *testing.T) {
	url := start(t, "")
	resp, err := http.Get(url + "/x")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("status = %d, want 404", resp.StatusCode)
	}
	if got := resp.Header.Get("Server"); got != "sluice/test" {
		t.Errorf("Server = %q", got)
	}
}

func TestBadFileDoesNotStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kong.yml")
	if err := os.WriteFile(file, []byte("_format_version: \"3.0\"\nservices:\n- port: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := app.New(context.Background(), options(t, "declarative_config = "+file))
	if err == nil {
		t.Fatal("started with a bad file")
	}
}

func options(t *testing.T, conf string) app.Options {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kong.conf")
	text := "proxy_listen = 127.0.0.1:0\nadmin_listen = off\nstatus_listen = off\nprefix = " + t.TempDir() + "\n" + conf + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _, err := settings.Load(settings.Source{File: file})
	if err != nil {
		t.Fatal(err)
	}
	return app.Options{
		Settings: s, Log: slog.New(slog.DiscardHandler), Version: "test",
		LookupEnv: func(string) (string, bool) { return "", false },
	}
}

func start(t *testing.T, conf string) (url string) {
	t.Helper()
	a := run(t, options(t, conf))
	return "http://" + a.ProxyAddrs()[0].String()
}
