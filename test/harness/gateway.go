package harness

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/sluice-gateway/sluice/app"
	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/listen"
	"github.com/sluice-gateway/sluice/settings"
)

// Gateway is a gateway in this process.
type Gateway struct {
	app    *app.App
	file   string
	cancel context.CancelFunc
	done   chan error
	hasty  *hasty
	ended  error
	once   sync.Once
	log    *journal
}

// GatewayOptions describe a gateway.
type GatewayOptions struct {
	// Dir is where its files go.
	Dir string
	// Config is the declarative file's text.
	Config []byte
	// Conf holds further lines of kong.conf.
	Conf []string
	// Clock is nil for the machine's.
	Clock clock.Clock
	// Env is what vault references see.
	Env map[string]string
	// Patience is how long callers of Addr may take for a head, and between two
	// pieces of a body; 0 leaves it at the gateway's own minute.
	Patience time.Duration
}

// Start starts a gateway: plain HTTP and TLS on free ports of loopback.
func Start(o GatewayOptions) (*Gateway, error) {
	g := &Gateway{file: filepath.Join(o.Dir, "running.yml"), done: make(chan error, 1), log: &journal{}}
	if err := os.WriteFile(g.file, o.Config, 0o600); err != nil {
		return nil, err
	}
	s, err := load(o, g.file)
	if err != nil {
		return nil, err
	}
	env := maps.Clone(o.Env) // the caller may change its own while the gateway runs
	g.app, err = app.New(context.Background(), app.Options{
		Settings: s, Version: "test", Clock: o.Clock, Log: slog.New(slog.NewTextHandler(g.log, nil)),
		LookupEnv: func(name string) (string, bool) {
			v, ok := env[name]
			return v, ok
		},
	})
	if err != nil {
		return nil, err
	}
	var ctx context.Context
	ctx, g.cancel = context.WithCancel(context.Background())
	go func() { g.done <- g.app.Run(ctx) }()
	<-g.app.Ready()
	if o.Patience > 0 {
		if g.hasty, err = newHasty(g.app, o.Patience, g.log); err != nil {
			return nil, errors.Join(err, g.Close())
		}
	}
	return g, nil
}

// hasty is one more listener before a gateway, with less patience than its own:
// no setting says how long callers may take.
type hasty struct {
	*listen.Server
	cancel context.CancelFunc
	done   chan error
}

func newHasty(a *app.App, patience time.Duration, log io.Writer) (*hasty, error) {
	trust, err := listen.NewTrust(nil, "X-Real-IP", false)
	if err != nil {
		return nil, err
	}
	s, err := listen.Open(listen.Options{
		Addresses: []listen.Address{{Host: "127.0.0.1"}}, Gateway: a.Engine(), Trust: trust, Stats: &listen.Stats{},
		Log:           slog.New(slog.NewTextHandler(log, nil)),
		HeaderTimeout: patience, BodyTimeout: patience, IdleTimeout: time.Minute,
	})
	if err != nil {
		return nil, err
	}
	h := &hasty{Server: s, done: make(chan error, 1)}
	var ctx context.Context
	ctx, h.cancel = context.WithCancel(context.Background())
	go func() { h.done <- s.Run(ctx, 0) }()
	return h, nil
}

func (h *hasty) close() error {
	h.cancel()
	return <-h.done
}

func load(o GatewayOptions, file string) (*settings.Settings, error) {
	text := "proxy_listen = 127.0.0.1:0, 127.0.0.1:0 ssl http2\nadmin_listen = off\nstatus_listen = 127.0.0.1:0\n" +
		"prefix = " + o.Dir + "\ndeclarative_config = " + file + "\n"
	text += strings.Join(o.Conf, "\n") + "\n"
	conf := filepath.Join(o.Dir, "running.conf")
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return nil, err
	}
	s, _, err := settings.Load(settings.Source{File: conf})
	return s, err
}

// Addr is the address of the plain listener, TLSAddr that of the other.
func (g *Gateway) Addr() string {
	if g.hasty != nil {
		return g.hasty.Addrs()[0].String()
	}
	return g.app.ProxyAddrs()[0].String()
}

// TLSAddr is the address of the TLS listener.
func (g *Gateway) TLSAddr() string { return g.app.ProxyAddrs()[1].String() }

// Reload gives the gateway another configuration.
func (g *Gateway) Reload(config []byte) error {
	if err := os.WriteFile(g.file, config, 0o600); err != nil {
		return err
	}
	return g.app.Reload(context.Background())
}

// Metrics is the page that Prometheus reads.
func (g *Gateway) Metrics() (string, error) {
	resp, err := http.Get("http://" + g.app.StatusAddrs()[0].String() + "/metrics") //nolint:noctx // loopback
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	page, err := io.ReadAll(resp.Body)
	return string(page), err
}

// Retained is how many plans are in use.
func (g *Gateway) Retained() int64 { return g.app.Engine().Retained() }

// Logged waits until the gateway's own log has a line that matches.
func (g *Gateway) Logged(re *regexp.Regexp) error {
	return g.log.until("log line "+re.String(), func() bool { return re.Match(g.log.text) })
}

// Journal is the gateway's own log so far.
func (g *Gateway) Journal() (text string) {
	g.log.update(func() { text = string(g.log.text) })
	return text
}

// Stop tells the gateway to stop, in order.
func (g *Gateway) Stop() { g.cancel() }

// Wait waits until it has stopped.
func (g *Gateway) Wait() error {
	g.once.Do(func() { g.ended = <-g.done })
	return g.ended
}

// Close stops the gateway and waits for it.
func (g *Gateway) Close() error {
	if g.hasty != nil {
		if err := g.hasty.close(); err != nil {
			return err
		}
		g.hasty = nil
	}
	g.Stop()
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// journal keeps what the gateway logs of itself.
type journal struct {
	watch
	text []byte
}

func (j *journal) Write(p []byte) (int, error) {
	j.update(func() { j.text = append(j.text, p...) })
	return len(p), nil
}
