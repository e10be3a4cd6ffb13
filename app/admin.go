package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/sluice-gateway/sluice/admin"
	"github.com/sluice-gateway/sluice/balance"
	"github.com/sluice-gateway/sluice/demo"
	"github.com/sluice-gateway/sluice/listen"
	"github.com/sluice-gateway/sluice/plugins/prometheus"
	"github.com/sluice-gateway/sluice/schema"
)

// openAdmin opens the Admin API and the Status API.
func (a *App) openAdmin(context.Context) error {
	s := a.o.Settings
	a.configuration = admin.NewConfiguration(a.engine)
	exporter, err := prometheus.NewExporter(a.engine.Long(), a.metrics, a.node, a.probes())
	if err != nil {
		return err
	}
	a.exporter = exporter
	a.open.add(exporter.Close)
	headers := a.headers()
	o := admin.Options{
		Configuration: a.configuration, Entities: a.loadOptions(), Plugins: a.plugins, Node: a.node,
		Settings: s.Configuration, Stats: &a.stats, Metrics: exporter.WritePage, MaxBody: s.AdminMaxBodySize,
		Latency: headers.AdminLatency, Clock: a.clock, Log: a.o.Log,
	}
	if headers.Server {
		o.Agent = headers.Agent
	}
	if o.Hosts, err = adminHosts(s.AdminListen); err != nil {
		return err
	}
	if s.AdminTokenRequired() {
		o.Auth.Tokens = []schema.Secret{s.AdminToken}
	}
	if err := a.serveAPI("admin", s.AdminListen, s.AdminSSLCert, s.AdminSSLCertKey, admin.New(o), a.guarded(o.Auth)); err != nil {
		return err
	}
	a.status = admin.NewStatus(o)
	return a.serveAPI("status", s.StatusListen, s.StatusSSLCert, s.StatusSSLCertKey, a.status, nil)
}

// adminHosts are the names that the listeners of the Admin API go by; nil when
// other machines reach one of them.
func adminHosts(where string) ([]string, error) {
	addrs, err := listen.ParseAddresses("admin_listen", where)
	hosts := []string{}
	for _, a := range addrs {
		if !a.Loopback() {
			return nil, err
		}
		hosts = append(hosts, a.Host)
	}
	return hosts, err
}

// guarded refuses an Admin API that everybody could use.
func (a *App) guarded(auth admin.Auth) func([]listen.Address) error {
	if a.o.Settings.AdminAuth == "off" {
		return nil
	}
	return func(addrs []listen.Address) error {
		var binds []admin.Bind
		for _, addr := range addrs {
			binds = append(binds, admin.Bind{Address: addr.String(), Loopback: addr.Loopback(), TLS: addr.TLS})
		}
		return admin.CheckBinds(binds, auth)
	}
}

// serveAPI opens the listeners of an API.
func (a *App) serveAPI(name, where string, certs, keys []string, h http.Handler, check func([]listen.Address) error) error {
	addrs, err := listen.ParseAddresses(name+"_listen", where)
	if err != nil {
		return err
	}
	if check != nil {
		if err := check(addrs); err != nil {
			return err
		}
	}
	base, err := serverTLS(a.o.Settings, name+"_ssl_cert", certs, keys, nil)
	if err != nil {
		return err
	}
	for _, addr := range addrs {
		if err := a.serveAPIAt(name, addr, base, h); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) serveAPIAt(name string, addr listen.Address, base *tls.Config, h http.Handler) error {
	ln, err := addr.Listen(context.Background())
	if err != nil {
		return &ListenError{name + "_listen", err}
	}
	a.open.add(ln.Close)
	a.listening(name, ln.Addr(), addr.TLS)
	srv := admin.NewServer(h, a.o.Log)
	serve := func() error { return srv.Serve(ln) }
	if addr.TLS {
		srv.TLSConfig = base.Clone()
		srv.Protocols = new(http.Protocols)
		srv.Protocols.SetHTTP1(true)
		srv.Protocols.SetHTTP2(addr.HTTP2)
		serve = func() error { return srv.ServeTLS(ln, "", "") }
	}
	a.actors = append(a.actors, actor{name: name, last: name == "status", run: func(ctx context.Context) error {
		stop := context.AfterFunc(ctx, func() { stopAPI(srv) })
		defer stop()
		if err := serve(); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}})
	return nil
}

func stopAPI(srv *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if srv.Shutdown(ctx) != nil {
		_ = srv.Close()
	}
}

// probes let the metrics page look into the node.
func (a *App) probes() prometheus.Probes {
	return prometheus.Probes{
		Connections: func() prometheus.Connections {
			active, idle := a.stats.Active(), a.stats.Idle()
			return prometheus.Connections{
				Accepted: a.stats.Accepted(), Handled: a.stats.Accepted(),
				Active: active, Waiting: idle, Writing: max(active-idle, 0),
			}
		},
		Requests: a.stats.Requests,
		Targets:  a.targets,
	}
}

// targets shows every address of every upstream.
func (a *App) targets(show func(prometheus.Target)) {
	for name, states := range a.engine.Targets() {
		for _, t := range states {
			showTarget(show, name, t)
		}
	}
}

func showTarget(show func(prometheus.Target), upstream string, t balance.TargetState) {
	target := net.JoinHostPort(t.Host, fmt.Sprint(t.Port))
	if t.Err != nil {
		show(prometheus.Target{Upstream: upstream, Target: target, State: "dns_error"})
		return
	}
	for _, addr := range t.Addresses {
		show(prometheus.Target{Upstream: upstream, Target: target, Address: addr.Peer.Addr, State: "healthchecks_off"})
	}
}

// openDemo opens the built-in model.
func (a *App) openDemo(context.Context) error {
	addr := a.o.Settings.DemoListen
	if addr == "" || strings.EqualFold(addr, "off") {
		return nil
	}
	srv, err := demo.Open(addr)
	if err != nil {
		return &ListenError{"demo_listen", err}
	}
	a.listening("demo", srv.Addr(), false)
	a.open.add(srv.Close)
	a.actors = append(a.actors, actor{name: "demo", run: srv.Run})
	return nil
}

// WriteMetrics writes the page for Prometheus.
func (a *App) WriteMetrics(w io.Writer) error { return a.exporter.WritePage(w) }

// AdminAddrs are the addresses of the Admin API.
func (a *App) AdminAddrs() []net.Addr { return a.addrsOf("admin") }

// StatusAddrs are the addresses of the Status API.
func (a *App) StatusAddrs() []net.Addr { return a.addrsOf("status") }

// drain makes the node not ready, so that balancers in front look elsewhere.
func (a *App) drain(ctx context.Context) error {
	<-ctx.Done()
	a.o.Log.Info("stopping", slog.Duration("quit_timeout", a.o.Settings.QuitTimeout))
	a.status.Drain()
	return nil
}
