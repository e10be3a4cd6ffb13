package app_test

import (
	"context"
	"net"
	"net/http"
	"testing"

	"github.com/sluice-gateway/sluice/app"
)

// run starts a gateway; it stops with the test.
func run(t *testing.T, o app.Options) *app.App {
	t.Helper()
	a, err := app.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	<-a.Ready()
	return a
}

func TestAdminAnswersToItsNames(t *testing.T) {
	for _, tc := range []struct {
		name, conf string
		want       int
	}{
		{"loopback", "admin_listen = 127.0.0.1:0", http.StatusForbidden},
		{"open to others", "admin_listen = 0.0.0.0:0\nadmin_auth = off", http.StatusOK},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := run(t, options(t, tc.conf))
			port := a.AdminAddrs()[0].(*net.TCPAddr).Port
			if got := statusOf(t, port, "evil.example"); got != tc.want {
				t.Errorf("status %d, want %d", got, tc.want)
			}
			if got := statusOf(t, port, "localhost"); got != http.StatusOK {
				t.Errorf("localhost: status %d", got)
			}
		})
	}
}

// statusOf asks the port of this machine for / under the name host.
func statusOf(t *testing.T, port int, host string) int {
	t.Helper()
	addr := (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}).String()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}
