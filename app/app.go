// Package app is the only wiring: it opens what the gateway is made of, in
// order, runs it, and closes it in reverse. It alone knows everything.
//
// app holds no behaviour of its own; what a request meets is in the other
// packages. builtin.go is the list of the parts in this binary.
package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/sluice-gateway/sluice/admin"
	"github.com/sluice-gateway/sluice/balance"
	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/dns"
	"github.com/sluice-gateway/sluice/engine"
	"github.com/sluice-gateway/sluice/h1"
	"github.com/sluice-gateway/sluice/listen"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/plugins/prometheus"
	"github.com/sluice-gateway/sluice/send"
	"github.com/sluice-gateway/sluice/settings"
	"github.com/sluice-gateway/sluice/speak"
	"github.com/sluice-gateway/sluice/telemetry"
)

// KongVersion is the level of the contract, as clients see it.
const KongVersion = "3.10.0"

// Options of an App.
type Options struct {
	Settings *settings.Settings
	Log      *slog.Logger
	// Version of Sluice.
	Version string
	// LookupEnv reads the environment, for the env vault.
	LookupEnv func(name string) (string, bool)
	// Clock is the machine's unless a test brings its own.
	Clock clock.Clock
}

// App is a gateway that has been put together.
type App struct {
	o       Options
	plugins *plugin.Registry
	node    plugin.Node
	clock   clock.Clock
	metrics *telemetry.Registry
	stats   listen.Stats
	dns     *dns.Resolver
	client  *h1.Client
	engine  *engine.Engine
	proxy   *listen.Server
	// configuration is the one door for replacing what runs.
	configuration *admin.Configuration
	status        *admin.StatusAPI
	exporter      *prometheus.Exporter
	listeners     []Listener
	source        *source
	reloads       reloads
	ready         chan struct{}
	actors        []actor
	open          closers
}

// actor is a part that runs until its context ends.
type actor struct {
	name string
	run  func(ctx context.Context) error
	// last keeps the part running until the others have stopped.
	last bool
}

// New opens everything and loads the configuration. Nothing is served yet. On
// an error what was opened has been closed again.
func New(ctx context.Context, o Options) (_ *App, err error) {
	a := &App{o: o, plugins: Plugins(), metrics: telemetry.NewRegistry(), ready: make(chan struct{}), clock: o.Clock}
	if a.clock == nil {
		a.clock = clock.System()
	}
	a.reloads = newReloads(a.metrics)
	defer func() {
		if err != nil {
			err = errors.Join(err, a.open.close())
		}
	}()
	steps := []func(context.Context) error{
		a.identify, a.openNetwork, a.openEngine, a.openProxy, a.openAdmin, a.openDemo, a.loadConfiguration,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// Run serves until ctx ends or a part fails, then stops everything: first the
// proxy, which gives running exchanges their time, the Status API last.
func (a *App) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lastCtx, cancelLast := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelLast()
	a.tune()
	a.forget()
	a.actors = append(a.actors, actor{name: "drain", run: a.drain})
	var first, last sync.WaitGroup
	errs := make(chan error, len(a.actors))
	for _, act := range a.actors {
		group, actCtx := &first, ctx
		if act.last {
			group, actCtx = &last, lastCtx
		}
		group.Go(func() {
			err := act.run(actCtx) // ends when its context does, or by failing
			if err != nil {
				err = fmt.Errorf("%s: %w", act.name, err)
			}
			errs <- err
			cancel()
		})
	}
	close(a.ready)
	first.Wait()
	a.o.Log.Info("stopped", slog.Int64("cut", a.proxy.Cut()))
	cancelLast()
	last.Wait()
	close(errs)
	var all error
	for err := range errs {
		all = errors.Join(all, err)
	}
	return errors.Join(all, a.open.close())
}

// Ready is closed once the gateway serves.
func (a *App) Ready() <-chan struct{} { return a.ready }

// Close releases an App that is not run.
func (a *App) Close() error { return a.open.close() }

// ProxyAddrs are the addresses that the proxy listens on.
func (a *App) ProxyAddrs() []net.Addr { return a.proxy.Addrs() }

// Engine is the running engine, for tests.
func (a *App) Engine() *engine.Engine { return a.engine }

// identify finds out who this node is.
func (a *App) identify(context.Context) error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	id := a.o.Settings.NodeID
	if id == "" {
		id = config.NewID()
	}
	a.node = plugin.Node{ID: id, Hostname: host, Version: KongVersion, Sluice: a.o.Version}
	return nil
}

// openNetwork opens what makes connections.
func (a *App) openNetwork(context.Context) error {
	s := a.o.Settings
	a.dns = dns.New(dnsOptions(s, a.clock, a.o.Log))
	a.open.add(a.dns.Close)
	a.client = a.newClient(time.Duration(s.UpstreamKeepaliveIdleTimeout) * time.Second)
	a.open.add(a.client.Close)
	return nil
}

// newClient makes an HTTP client that keeps idle connections for so long.
func (a *App) newClient(idle time.Duration) *h1.Client {
	s := a.o.Settings
	dialer := &net.Dialer{KeepAlive: 30 * time.Second}
	return h1.New(h1.Options{
		MaxIdle: s.UpstreamKeepalivePoolSize, MaxRequests: s.UpstreamKeepaliveMaxRequests,
		IdleTimeout: idle, Dial: dialer.DialContext,
	})
}

func (a *App) openEngine(context.Context) error {
	s := a.o.Settings
	http2 := send.NewHTTP2((&net.Dialer{KeepAlive: 30 * time.Second}).DialContext)
	a.open.add(http2.Close)
	upstreamTLS, err := tlsDefaults(s)
	if err != nil {
		return err
	}
	templates, err := errorTemplates(s)
	if err != nil {
		return err
	}
	access, err := openAccessLog(s.ProxyAccessLog, s.Prefix, a.o.Log)
	if err != nil {
		return err
	}
	direct := newDirectPeers(a.dns)
	a.open.add(direct.close)
	o := engine.Options{
		EnvVault: envVault(s),
		Plugins:  a.plugins, DNS: a.dns, Clock: a.clock, Log: a.o.Log, HTTP: a.newClient, Metrics: a.metrics,
		Node: a.node, Headers: a.headers(), TLS: upstreamTLS,
		DebugHeader: s.AllowDebugHeader, LookupEnv: a.o.LookupEnv, MaxBody: s.MaxBodySize,
		Speaker: &speak.Speaker{DefaultType: s.ErrorDefaultType, Templates: templates},
		Sender: send.New(send.Options{
			Client: a.client, HTTP2: http2, Direct: direct.peers, Via: a.agent(), RequestID: requestIDHeader(s),
		}),
	}
	if access != nil {
		o.AccessLog = access.add
		a.open.add(access.close)
		a.actors = append(a.actors, actor{name: "access log", run: access.run, last: true})
	}
	if a.engine, err = engine.New(o); err != nil {
		return err
	}
	a.metrics.GaugeFunc(telemetry.Desc{
		Name: "sluice_plans_in_use", Help: "Plans that run or are held by exchanges of an earlier configuration",
	}, func(emit telemetry.Emit) { emit(float64(a.engine.Retained())) })
	a.open.add(func() error {
		a.engine.Close()
		return nil
	})
	return nil
}

// agent is how the gateway calls itself.
func (a *App) agent() string { return "sluice/" + a.o.Version }

func (a *App) headers() engine.Headers { return engine.NewHeaders(a.agent(), a.o.Settings.Headers) }

// tune sets the collector from the settings and the control group, and the
// processors when the settings name a number.
func (a *App) tune() {
	if n := a.o.Settings.WorkerProcesses; n > 0 {
		runtime.GOMAXPROCS(n)
	}
	percent, limit := a.o.Settings.GC(os.DirFS("/"))
	debug.SetGCPercent(percent)
	if limit > 0 {
		debug.SetMemoryLimit(limit)
	}
}

// requestIDHeader is the header that carries the request id upstream.
func requestIDHeader(s *settings.Settings) string {
	for _, n := range s.HeadersUpstream {
		if http.CanonicalHeaderKey(n) == "X-Kong-Request-Id" {
			return "X-Kong-Request-Id"
		}
	}
	return ""
}

func dnsOptions(s *settings.Settings, c clock.Clock, log *slog.Logger) dns.Options {
	// A configured zero means "not at all", which dns writes as -1.
	ttl := func(d time.Duration) time.Duration {
		if d == 0 {
			return -1
		}
		return d
	}
	return dns.Options{
		Servers: s.DNSResolver, ResolvConfFile: "/etc/resolv.conf", HostsFile: s.DNSHostsFile, Order: s.DNSOrder,
		ValidTTL: s.DNSValidTTL, StaleTTL: ttl(s.DNSStaleTTL), NotFoundTTL: ttl(s.DNSNotFoundTTL), ErrorTTL: ttl(s.DNSErrorTTL),
		CacheSize: s.DNSCacheSize, Clock: c, Log: log,
	}
}

func (a *App) openProxy(context.Context) error {
	s := a.o.Settings
	addrs, err := listen.ParseAddresses("proxy_listen", s.ProxyListen)
	if err != nil {
		return err
	}
	trust, err := listen.NewTrust(s.TrustedIPs, s.RealIPHeader, s.RealIPRecursive)
	if err != nil {
		return err
	}
	base, err := serverTLS(s, "ssl_cert", s.SSLCert, s.SSLCertKey, func(hello *tls.ClientHelloInfo) *tls.Certificate {
		return a.engine.Current().Certificate(hello)
	})
	if err != nil {
		return err
	}
	a.proxy, err = listen.Open(listen.Options{
		Addresses: addrs, Gateway: a.engine, Log: a.o.Log, Trust: trust, Stats: &a.stats, TLS: base,
		MaxHeaderBytes: 32 << 10, HeaderTimeout: time.Minute, BodyTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: 75 * time.Second,
		MaxBodyBytes: s.MaxBodySize, PortMaps: s.SeenPorts(),
	})
	if err != nil {
		return &ListenError{"proxy_listen", err}
	}
	for i, at := range a.proxy.Addrs() {
		a.listening("proxy", at, addrs[i].TLS)
	}
	a.open.add(a.proxy.Close)
	a.actors = append(a.actors, actor{name: "proxy", run: func(ctx context.Context) error {
		return a.proxy.Run(ctx, s.QuitTimeout)
	}})
	return nil
}

// closers are what was opened, to be closed in reverse.
type closers struct {
	mu    sync.Mutex // guards funcs
	funcs []func() error
}

func (c *closers) add(f func() error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.funcs = append(c.funcs, f)
}

// close runs the functions once, the last one added first.
func (c *closers) close() error {
	c.mu.Lock()
	funcs := c.funcs
	c.funcs = nil
	c.mu.Unlock()
	var err error
	for _, f := range slices.Backward(funcs) {
		if e := f(); e != nil && !errors.Is(e, net.ErrClosed) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// directPeers keeps the balancers of hosts that are no service's own.
type directPeers struct {
	dns   *dns.Resolver
	mu    sync.RWMutex // guards known
	known map[hostPort]balance.Balancer
}

type hostPort struct {
	host string
	port int
}

// maxDirect bounds what is remembered: hosts can come from callers, through
// templates.
const maxDirect = 4096

func newDirectPeers(r *dns.Resolver) *directPeers {
	return &directPeers{dns: r, known: map[hostPort]balance.Balancer{}}
}

func (d *directPeers) peers(host string, port int) balance.Balancer {
	k := hostPort{host, port}
	d.mu.RLock()
	b := d.known[k]
	d.mu.RUnlock()
	if b != nil {
		return b
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if b = d.known[k]; b != nil {
		return b
	}
	if len(d.known) >= maxDirect {
		for other, old := range d.known {
			_ = old.Close()
			delete(d.known, other)
			break
		}
	}
	b = balance.Direct(d.dns, host, port)
	d.known[k] = b
	return b
}

func (d *directPeers) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var err error
	for _, b := range d.known {
		err = errors.Join(err, b.Close())
	}
	clear(d.known)
	return err
}
