package config

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sluice-gateway/sluice/schema"
)

// Checks are the checks that only certificates have.
func (*Certificate) Checks() map[string]schema.Check {
	return map[string]schema.Check{"certificate": checkCertificate, "private_key": checkPrivateKey}
}

func checkCertificate(s string) string {
	if _, err := leaf(s); err != nil {
		return "invalid certificate: " + err.Error()
	}
	return ""
}

func checkPrivateKey(s string) string {
	if _, err := privateKey(s); err != nil {
		return "invalid key: " + err.Error()
	}
	return ""
}

var (
	errNoCert = errors.New("no PEM block of type CERTIFICATE found")
	errNoKey  = errors.New("no PEM block of a private key found")
)

// leaf is the first certificate of a PEM text.
func leaf(text string) (*x509.Certificate, error) {
	for rest := []byte(text); ; {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			return nil, errNoCert
		}
		if block.Type == "CERTIFICATE" {
			return x509.ParseCertificate(block.Bytes)
		}
	}
}

func privateKey(text string) (crypto.PrivateKey, error) {
	for rest := []byte(text); ; {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			return nil, errNoKey
		}
		switch block.Type {
		case "PRIVATE KEY":
			return x509.ParsePKCS8PrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			return x509.ParsePKCS1PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			return x509.ParseECPrivateKey(block.Bytes)
		}
	}
}

// Validate checks that keys and certificates belong together.
func (c *Certificate) Validate(e *schema.Errors) {
	e.AllOrNone(c, "cert_alt", "key_alt")
	if e.Has("cert") || e.Has("key") || e.Has("cert_alt") || e.Has("key_alt") {
		return
	}
	matches(e, c.Cert, c.Key, "certificate does not match key")
	matches(e, c.CertAlt, c.KeyAlt, "alternative certificate does not match key")
	if plainText(c.Cert, c.CertAlt) && keyType(c.Cert) == keyType(c.CertAlt) {
		e.Entity("certificate and alternative certificate need to have different type (e.g. RSA and ECDSA), " +
			"the provided certificates were both of the same type")
	}
}

// plainText tells whether all texts are there and none is a vault reference.
func plainText(texts ...string) bool {
	for _, t := range texts {
		if t == "" || schema.IsReference(t) {
			return false
		}
	}
	return true
}

func matches(e *schema.Errors, cert string, key schema.Secret, msg string) {
	if !plainText(cert, key.Reveal()) {
		return
	}
	if _, err := tls.X509KeyPair([]byte(cert), []byte(key.Reveal())); err != nil {
		e.Entity(msg)
	}
}

func keyType(cert string) string {
	c, err := leaf(cert)
	if err != nil {
		return ""
	}
	switch c.PublicKey.(type) {
	case *rsa.PublicKey:
		return "rsa"
	case *ecdsa.PublicKey:
		return "ecdsa"
	case ed25519.PublicKey:
		return "ed25519"
	default:
		return fmt.Sprintf("%T", c.PublicKey)
	}
}

// Checks are the checks that only server names have.
func (*SNI) Checks() map[string]schema.Check {
	return map[string]schema.Check{"sni_name": checkSNIName}
}

func checkSNIName(s string) string {
	if s == "*" {
		return ""
	}
	return checkWildcard(s)
}

func checkWildcard(s string) string { return schema.CheckText("wildcard_host", s) }

// complete checks the certificate of an authority and works out its digest.
func (c *CACertificate) complete(e *schema.Errors, now time.Time) {
	if e.Has("cert") {
		return
	}
	if strings.Count(c.Cert, "-----BEGIN CERTIFICATE-----") > 1 {
		e.Field("cert").Fail("please submit only one certificate at a time")
		return
	}
	cert, err := leaf(c.Cert)
	switch {
	case err != nil:
		e.Field("cert").Fail("invalid certificate: " + err.Error())
	case cert.NotAfter.Before(now):
		e.Field("cert").Fail(`certificate expired, "Not After" time is in the past`)
	case !cert.BasicConstraintsValid || !cert.IsCA:
		e.Field("cert").Fail(`certificate does not appear to be a CA because it is missing the "CA" basic constraint`)
	default:
		sum := sha256.Sum256(cert.Raw)
		c.CertDigest = hex.EncodeToString(sum[:])
	}
}
