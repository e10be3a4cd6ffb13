package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"strings"
	"time"

	"github.com/sluice-gateway/sluice/engine"
	"github.com/sluice-gateway/sluice/settings"
	"github.com/sluice-gateway/sluice/speak"
)

// serverTLS is the base of encrypted listeners: certificates come from choose
// (entities), then from the setting that is named, then from a self-signed pair.
func serverTLS(s *settings.Settings, setting string, certs, keys []string, choose func(*tls.ClientHelloInfo) *tls.Certificate) (*tls.Config, error) {
	own, err := keyPairs(setting, certs, keys)
	if err != nil {
		return nil, err
	}
	if len(own) == 0 {
		pair, err := selfSigned()
		if err != nil {
			return nil, err
		}
		own = append(own, *pair)
	}
	lowest, highest := s.TLSVersions()
	return &tls.Config{
		MinVersion: lowest, MaxVersion: highest, SessionTicketsDisabled: !s.SSLSessionTickets,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if choose != nil {
				if c := choose(hello); c != nil {
					return c, nil
				}
			}
			for i := range own {
				if hello.SupportsCertificate(&own[i]) == nil {
					return &own[i], nil
				}
			}
			return &own[0], nil
		},
	}, nil
}

// askClients makes a listener ask for client certificates.
func askClients(base *tls.Config, c settings.ClientCertificates) error {
	if !c.Ask {
		return nil
	}
	pool, err := authorities(c.Authorities)
	if err != nil {
		return err
	}
	base.ClientCAs, base.ClientAuth = pool, tls.VerifyClientCertIfGiven
	if c.Require {
		base.ClientAuth = tls.RequireAndVerifyClientCert
	}
	base.VerifyConnection = func(cs tls.ConnectionState) error {
		for _, chain := range cs.VerifiedChains {
			if len(chain) <= c.Depth+2 {
				return nil
			}
		}
		if len(cs.PeerCertificates) == 0 {
			return nil
		}
		return errors.New("the chain of the client's certificate is longer than ssl_verify_depth allows")
	}
	return nil
}

// authorities reads the certificates of CAs.
func authorities(values []string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	for _, v := range values {
		pem, err := pemOf(v)
		if err != nil {
			return nil, err
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, errors.New("no certificate in it")
		}
	}
	return pool, nil
}

// keyPairs reads the certificates of a setting and their keys, which are in
// <setting>_key.
func keyPairs(setting string, certs, keys []string) ([]tls.Certificate, error) {
	var out []tls.Certificate
	for i := range certs {
		if i >= len(keys) {
			return nil, fmt.Errorf("%s: a certificate has no key: certificates and keys come in the same order", setting)
		}
		cert, err := pemOf(certs[i])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", setting, err)
		}
		key, err := pemOf(keys[i])
		if err != nil {
			return nil, fmt.Errorf("%s_key: %w", setting, err)
		}
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("%s: certificate %d: %w", setting, i+1, err)
		}
		out = append(out, pair)
	}
	return out, nil
}

// pemOf reads a setting that is a path or the PEM itself.
func pemOf(value string) ([]byte, error) {
	if strings.Contains(value, "-----BEGIN") {
		return []byte(value), nil
	}
	return os.ReadFile(value) //nolint:gosec // the path comes from the owner's settings
}

// selfSigned makes the certificate that is shown when there is no other.
func selfSigned() (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "localhost", Organization: []string{"Sluice"}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// tlsDefaults are the settings of connections to upstreams.
func tlsDefaults(s *settings.Settings) (engine.TLSDefaults, error) {
	d := engine.TLSDefaults{Verify: s.CertificateVerify, Depth: s.VerifyDepth}
	var err error
	if d.Roots, err = roots(s.TrustedCertificates); err != nil {
		return d, fmt.Errorf("lua_ssl_trusted_certificate: %w", err)
	}
	if s.ClientSSL {
		pairs, err := keyPairs("client_ssl_cert", []string{s.ClientSSLCert}, []string{s.ClientSSLCertKey.Reveal()})
		if err != nil {
			return d, err
		}
		d.ClientCertificate = &pairs[0]
	}
	return d, nil
}

// roots reads trusted certificates; nil means the system's.
func roots(values []string) (*x509.CertPool, error) {
	var pool *x509.CertPool
	system := false
	for _, v := range values {
		if v == "system" {
			system = true
			continue
		}
		pem, err := pemOf(v)
		if err != nil {
			return nil, err
		}
		if pool == nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, errors.New("no certificate in it")
		}
	}
	if pool == nil || !system {
		return pool, nil
	}
	all, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	for _, v := range values {
		if v != "system" {
			pem, _ := pemOf(v)
			all.AppendCertsFromPEM(pem)
		}
	}
	return all, nil
}

// errorTemplates reads the files of error_template_*.
func errorTemplates(s *settings.Settings) (speak.Templates, error) {
	var t speak.Templates
	for _, f := range []struct {
		key, path string
		into      *string
	}{
		{"error_template_html", s.ErrorTemplateHTML, &t.HTML},
		{"error_template_json", s.ErrorTemplateJSON, &t.JSON},
		{"error_template_xml", s.ErrorTemplateXML, &t.XML},
		{"error_template_plain", s.ErrorTemplatePlain, &t.Plain},
	} {
		if f.path == "" {
			continue
		}
		text, err := os.ReadFile(f.path)
		if err != nil {
			return t, fmt.Errorf("%s: %w", f.key, err)
		}
		*f.into = string(text)
	}
	return t, nil
}
