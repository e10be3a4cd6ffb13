package engine

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
)

// certificates are what TLS listeners show.
type certificates struct {
	byID   map[string]*tls.Certificate
	byName map[string][]*tls.Certificate // by SNI, the first that the client can use
}

func (b *builder) buildCertificates() error {
	c := &certificates{byID: map[string]*tls.Certificate{}, byName: map[string][]*tls.Certificate{}}
	alternatives := map[string]*tls.Certificate{}
	for _, e := range b.doc.Certificates {
		main, err := b.keyPair(e.Cert, e.Key.Reveal())
		if errors.Is(err, errUnresolved) {
			continue // loading has warned of it
		}
		if err != nil {
			return fmt.Errorf("certificate %s: %w", e.ID, err)
		}
		c.byID[e.ID] = main
		if e.CertAlt != "" {
			alt, err := b.keyPair(e.CertAlt, e.KeyAlt.Reveal())
			if err != nil {
				return fmt.Errorf("certificate %s: cert_alt: %w", e.ID, err)
			}
			alternatives[e.ID] = alt
		}
	}
	for _, s := range b.doc.SNIs {
		name := strings.ToLower(s.Name)
		if main := c.byID[s.Certificate.ID]; main != nil {
			c.byName[name] = append(c.byName[name], main)
		}
		if alt := alternatives[s.Certificate.ID]; alt != nil {
			c.byName[name] = append(c.byName[name], alt)
		}
	}
	b.next.certs = c
	return nil
}

// errUnresolved is a reference that leads nowhere; it never fails a load.
var errUnresolved = errors.New("unresolved")

func (b *builder) keyPair(cert, key string) (*tls.Certificate, error) {
	for _, s := range []*string{&cert, &key} {
		if !strings.HasPrefix(*s, "{vault://") {
			continue
		}
		v, err := b.resolve(*s)
		if err != nil {
			return nil, errors.Join(errUnresolved, err)
		}
		*s = v
	}
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		return nil, fmt.Errorf("unusable: %w", err)
	}
	return &pair, nil
}

// choose picks by server name: the exact name, *.parent, name.*, then the
// entity *. Nil means the listener's own certificate.
func (c *certificates) choose(hello *tls.ClientHelloInfo) *tls.Certificate {
	for _, name := range sniNames(strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))) {
		list := c.byName[name]
		for _, cert := range list {
			if hello.SupportsCertificate(cert) == nil {
				return cert
			}
		}
		if len(list) > 0 {
			return list[0]
		}
	}
	return nil
}

func sniNames(name string) []string {
	if name == "" {
		return []string{"*"}
	}
	names := []string{name}
	if _, parent, ok := strings.Cut(name, "."); ok && strings.Contains(parent, ".") {
		names = append(names, "*."+parent)
	}
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		names = append(names, name[:i]+".*")
	}
	return append(names, "*")
}
