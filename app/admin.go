package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/sluice-gateway/sluice/admin"
	"github.com/sluice-gateway/sluice/balance"
	"github.com/sluice-gateway/sluice/demo"
	"github.com/sluice-gateway/sluice/listen"
	"github.com/sluice-gateway/sluice/plugins/prometheus"
	"github.com/sluice-gateway/sluice/schema"
	"github.com/sluice-gateway/sluice/settings"
)

// openAdmin opens the Admin API and the Status API.
func (a *App) openAdmin(context.Context) error {
	s := a.o.Settings
	a.configuration = admin.NewConfiguration(a.engine, a.o.Log)
	exporter, err := prometheus.NewExporter(a.engine.Long(), a.metrics, a.node, a.probes())
	if err != nil {
		return err
	}
	a.exporter = exporter
	a.open.add(exporter.Close)
	headers := a.headers()
	o := admin.Options{
		Configuration: a.configuration, Entities: a.loadOptions(), Plugins: a.plugins, Node: a.node, Providers: abilities(),
		Settings: s.Configuration, Stats: &a.stats, Metrics: exporter.WritePage, MaxBody: s.AdminMaxBodySize,
		Latency: headers.AdminLatency, Clock: a.clock, Log: a.o.Log, Origins: s.AdminOrigins(),
		Auth: admin.Auth{ClientCertificates: s.AdminCertificateSuffices()},
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
	err = a.serveAPI(api{
		name: "admin", where: s.AdminListen, handler: admin.New(o), check: a.guarded(o.Auth),
		certs: s.AdminSSLCert, keys: s.AdminSSLCertKey, clients: s.AdminClients(),
	})
	if err != nil {
		return err
	}
	a.status = admin.NewStatus(o)
	return a.serveAPI(api{
		name: "status", where: s.StatusListen, handler: a.status,
		certs: s.StatusSSLCert, keys: s.StatusSSLCertKey, clients: s.StatusClients(),
	})
}

// api is one of the APIs with how it is served.
type api struct {
	name, where string
	handler     http.Handler
	// check may refuse the addresses; nil takes any.
	check       func([]listen.Address) error
	certs, keys []string
	clients     settings.ClientCertificates
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
func (a *App) serveAPI(o api) error {
	addrs, err := listen.ParseAddresses(o.name+"_listen", o.where)
	if err != nil {
		return err
	}
	if o.check != nil {
		if err := o.check(addrs); err != nil {
			return err
		}
	}
	base, err := serverTLS(a.o.Settings, o.name+"_ssl_cert", o.certs, o.keys, nil)
	if err != nil {
		return err
	}
	if err := askClients(base, o.clients); err != nil {
		return fmt.Errorf("nginx_%s_ssl_client_certificate: %w", o.name, err)
	}
	for _, addr := range addrs {
		if err := a.serveAPIAt(o, addr, base); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) serveAPIAt(o api, addr listen.Address, base *tls.Config) error {
	ln, err := addr.Listen(context.Background())
	if err != nil {
		return &ListenError{o.name + "_listen", err}
	}
	a.open.add(ln.Close)
	a.listening(o.name, ln.Addr(), addr.TLS)
	how := admin.Listening{HTTP2: addr.HTTP2}
	if addr.TLS {
		how.TLS = base.Clone()
	}
	srv := admin.NewServer(o.handler, how, a.o.Log)
	a.actors = append(a.actors, actor{name: o.name, last: o.name == "status", run: func(ctx context.Context) error {
		return srv.Run(ctx, ln)
	}})
	return nil
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
