package engine

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gateway/sluice/balance"
	"github.com/sluice-gateway/sluice/balance/roundrobin"
	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/send"
)

// service is a service with what reaches it.
type service struct {
	entity   *config.Service
	upstream *send.Upstream
	digest   digest
	// link is the identity of its TLS settings.
	link string
}

// balancer is the balancer of an upstream; it outlives configurations. Services
// hold it from when they are built; what balances is put in before a snapshot
// with them stands.
type balancer struct {
	balance.Updater
	digest digest
}

// TLSDefaults are the settings of TLS connections to upstreams that services
// do not set themselves.
type TLSDefaults struct {
	// Roots verify upstreams; nil takes the system's.
	Roots *x509.CertPool
	// Verify is tls_certificate_verify.
	Verify bool
	// Depth is lua_ssl_verify_depth.
	Depth int
	// ClientCertificate is shown to upstreams when no entity names one.
	ClientCertificate *tls.Certificate
}

// linkSettings are the TLS settings of one service.
type linkSettings struct {
	verify bool
	depth  int
	roots  *x509.CertPool
	cert   *tls.Certificate
	sans   *config.TLSSANs
	// id names roots and cert.
	id string
}

func (d *TLSDefaults) link(_ *config.Service, s linkSettings) *send.Link {
	cfg := &tls.Config{
		MinVersion: tls.VersionTLS12, RootCAs: d.Roots, InsecureSkipVerify: !s.verify,
		ClientSessionCache: tls.NewLRUClientSessionCache(64),
	}
	if s.roots != nil {
		cfg.RootCAs = s.roots
	}
	if cert := s.cert; cert != nil {
		cfg.Certificates = []tls.Certificate{*cert}
	} else if d.ClientCertificate != nil {
		cfg.Certificates = []tls.Certificate{*d.ClientCertificate}
	}
	if s.verify {
		s.restrict(cfg)
	}
	return send.NewLink(cfg, s.key())
}

func (s *linkSettings) key() string {
	return fmt.Sprintf("%t %d %s", s.verify, s.depth, s.id)
}

// restrict adds the checks that crypto/tls does not make: the length of the
// chain, and further names.
func (s *linkSettings) restrict(cfg *tls.Config) {
	depth, sans := s.depth, s.sans
	if sans == nil {
		cfg.VerifyConnection = func(cs tls.ConnectionState) error { return chainDepth(cs.VerifiedChains, depth) }
		return
	}
	roots := cfg.RootCAs
	cfg.InsecureSkipVerify = true // the names are ours to check, below
	cfg.VerifyConnection = func(cs tls.ConnectionState) error {
		o := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
		for _, c := range cs.PeerCertificates[1:] {
			o.Intermediates.AddCert(c)
		}
		chains, err := cs.PeerCertificates[0].Verify(o)
		if err != nil {
			return err
		}
		if err := chainDepth(chains, depth); err != nil {
			return err
		}
		return namedBy(cs.PeerCertificates[0], cs.ServerName, sans)
	}
}

func chainDepth(chains [][]*x509.Certificate, depth int) error {
	for _, c := range chains {
		if len(c) <= depth+2 {
			return nil
		}
	}
	return errors.New("the certificate chain is longer than tls_verify_depth allows")
}

func namedBy(leaf *x509.Certificate, serverName string, sans *config.TLSSANs) error {
	for _, name := range append([]string{serverName}, sans.DNSNames...) {
		if name != "" && leaf.VerifyHostname(name) == nil {
			return nil
		}
	}
	for _, u := range leaf.URIs {
		if slices.Contains(sans.URIs, u.String()) {
			return nil
		}
	}
	return errors.New("the certificate carries none of the names in tls_sans")
}

// buildServices makes the services, and notes which balancers change.
func (b *builder) buildServices() error {
	upstreams := map[string]*config.Upstream{}
	for _, u := range b.doc.Upstreams {
		upstreams[strings.ToLower(u.Name)] = u
	}
	b.planBalancers()
	for _, s := range b.doc.Services {
		up := upstreams[strings.ToLower(s.Host)]
		settings, err := b.linkSettings(s, up)
		if err != nil {
			return fmt.Errorf("service %s: %w", nameOf(s.Name, s.ID), err)
		}
		b.next.services[s.ID] = b.service(s, up, settings)
	}
	return nil
}

// service returns the old one where nothing changed that concerns it.
func (b *builder) service(s *config.Service, up *config.Upstream, ls linkSettings) *service {
	next := &service{entity: s, digest: digestOf(s), link: ls.key()}
	var peers balance.Balancer
	hostHeader := ""
	if up != nil {
		peers, hostHeader = b.balancers[up.ID], up.HostHeader
		next.link += " " + up.ID + " " + up.HostHeader
	}
	if old := b.old.services[s.ID]; old != nil && old.digest == next.digest && old.link == next.link {
		return old
	}
	secure := ls
	secure.verify = s.TLSVerify == nil || *s.TLSVerify
	next.upstream = &send.Upstream{
		Service: s, Host: s.Host, Port: s.Port, HostHeader: hostHeader, Peers: peers,
		Link: b.e.o.TLS.link(s, ls), ModelLink: b.e.o.TLS.link(s, secure),
		Retries: s.Retries, Buffer: true,
		ConnectTimeout: time.Duration(s.ConnectTimeout) * time.Millisecond,
		WriteTimeout:   time.Duration(s.WriteTimeout) * time.Millisecond,
		ReadTimeout:    time.Duration(s.ReadTimeout) * time.Millisecond,
	}
	if up == nil {
		next.upstream.Peers = balance.Direct(b.e.o.DNS, s.Host, s.Port)
	}
	return next
}

func (b *builder) linkSettings(s *config.Service, up *config.Upstream) (linkSettings, error) {
	d := &b.e.o.TLS
	ls := linkSettings{verify: d.Verify, depth: d.Depth, sans: s.TLSSANs}
	if s.TLSVerify != nil {
		ls.verify = *s.TLSVerify
	}
	if s.TLSVerifyDepth != nil {
		ls.depth = *s.TLSVerifyDepth
	}
	id := sha256.New()
	certID := s.ClientCertificate
	if certID == nil && up != nil {
		certID = up.ClientCertificate
	}
	if certID != nil {
		cert := b.next.certs.byID[certID.ID]
		if cert == nil {
			return ls, fmt.Errorf("no certificate %s", certID.ID)
		}
		ls.cert = cert
		for _, der := range cert.Certificate {
			id.Write(der)
		}
	}
	if len(s.CACertificates) > 0 {
		ls.roots = x509.NewCertPool()
		for _, ca := range s.CACertificates {
			text := b.authority(ca)
			if !ls.roots.AppendCertsFromPEM([]byte(text)) {
				return ls, fmt.Errorf("no CA certificate %s", ca)
			}
			id.Write([]byte(text)) // a changed one makes other connections
		}
	}
	if s.TLSSANs != nil {
		fmt.Fprint(id, s.TLSSANs.DNSNames, s.TLSSANs.URIs)
	}
	ls.id = hex.EncodeToString(id.Sum(nil)[:8])
	return ls, nil
}

// authority is the PEM of a CA certificate, "" when there is none.
func (b *builder) authority(id string) string {
	for _, ca := range b.doc.CACertificates {
		if ca.ID == id {
			return ca.Cert
		}
	}
	return ""
}

// planBalancers finds the balancer of each upstream. New ones are opened once
// nothing can fail any more; changed ones get their new targets, and those of
// gone upstreams are closed, once the snapshot is in place.
func (b *builder) planBalancers() {
	targets := map[string][]*config.Target{}
	for _, t := range b.doc.Targets {
		targets[t.Upstream.ID] = append(targets[t.Upstream.ID], t)
	}
	for _, u := range b.doc.Upstreams {
		b.balancers[u.ID] = b.balancer(balance.Config{Upstream: u, Targets: targets[u.ID]})
	}
	b.after = append(b.after, func() { b.e.keepBalancers(b.balancers) })
}

func (b *builder) balancer(cfg balance.Config) *balancer {
	digest := upstreamDigest(cfg)
	old := b.e.balancers[cfg.Upstream.ID]
	if old == nil {
		fresh := &balancer{digest: digest}
		b.before = append(b.before, func() { fresh.Updater = roundrobin.New(cfg, b.e.balancerDeps()) })
		return fresh
	}
	if old.digest != digest {
		b.after = append(b.after, func() {
			old.Update(cfg)
			old.digest = digest
		})
	}
	return old
}

// Targets lists the targets of every upstream, by the upstream's name.
func (e *Engine) Targets() map[string][]balance.TargetState {
	out := map[string][]balance.TargetState{}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, u := range e.current.Load().doc.Upstreams {
		if b := e.balancers[u.ID]; b != nil {
			out[u.Name] = b.Targets()
		}
	}
	return out
}

func upstreamDigest(c balance.Config) digest {
	all := []any{c.Upstream}
	for _, t := range c.Targets {
		all = append(all, t)
	}
	return digestOf(all...)
}

func (e *Engine) balancerDeps() balance.Deps {
	return balance.Deps{Resolver: e.o.DNS, Clock: e.o.Clock, Seed: uint64(time.Now().UnixNano()), Log: e.o.Log}
}

// keepBalancers replaces the balancers and closes those that are not among the
// new ones.
func (e *Engine) keepBalancers(balancers map[string]*balancer) {
	for id, old := range e.balancers {
		if balancers[id] != nil {
			continue
		}
		if err := old.Close(); err != nil {
			e.o.Log.Error("closing a balancer", slog.Any("error", err))
		}
	}
	e.balancers = balancers
}
