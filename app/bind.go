package app

import (
	"context"
	"errors"
	"net"

	"github.com/sluice-gateway/sluice/listen"
	"github.com/sluice-gateway/sluice/settings"
)

// ListenError is an address that could not be bound.
type ListenError struct {
	// Key is the setting that names the address.
	Key   string
	Cause error
}

// Error implements error.
func (e *ListenError) Error() string { return e.Key + ": " + e.Cause.Error() }

// Unwrap gives the cause.
func (e *ListenError) Unwrap() error { return e.Cause }

// CheckListeners tells whether everything that the settings listen on can be
// bound now: nil, or all *ListenErrors.
func CheckListeners(ctx context.Context, s *settings.Settings) error {
	var bound []net.Listener
	var all error
	for _, l := range []struct{ key, value string }{
		{"proxy_listen", s.ProxyListen},
		{"admin_listen", s.AdminListen},
		{"status_listen", s.StatusListen},
		{"demo_listen", s.DemoListen},
	} {
		addrs, err := listen.ParseAddresses(l.key, l.value)
		all = errors.Join(all, err)
		for _, a := range addrs {
			ln, err := a.Listen(ctx)
			if err != nil {
				all = errors.Join(all, &ListenError{l.key, err})
				continue
			}
			bound = append(bound, ln)
		}
	}
	for _, ln := range bound {
		all = errors.Join(all, ln.Close())
	}
	return all
}

// Listener is an address that the gateway serves.
type Listener struct {
	// API that is served there: proxy, admin, status or demo.
	API string
	net.Addr
	// TLS: connections are encrypted.
	TLS bool
}

// Listeners are all that are open, in the order in which they were opened.
func (a *App) Listeners() []Listener { return a.listeners }

func (a *App) listening(api string, at net.Addr, encrypted bool) {
	a.listeners = append(a.listeners, Listener{API: api, Addr: at, TLS: encrypted})
}

func (a *App) addrsOf(api string) []net.Addr {
	var out []net.Addr
	for _, l := range a.listeners {
		if l.API == api {
			out = append(out, l.Addr)
		}
	}
	return out
}
