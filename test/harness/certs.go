package harness

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// Authority signs certificates for a test.
type Authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	// PEM is the authority's own certificate.
	PEM string
}

// Pair is a certificate with its key, in PEM and ready to use.
type Pair struct {
	Cert, Key string
	TLS       tls.Certificate
}

// NewAuthority makes an authority.
func NewAuthority() (*Authority, error) { return newAuthority("Test CA", nil) }

// Below makes an authority that a signs.
func (a *Authority) Below() (*Authority, error) { return newAuthority("Test CA below", a) }

func newAuthority(name string, above *Authority) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := template(name)
	t.IsCA, t.BasicConstraintsValid, t.KeyUsage = true, true, x509.KeyUsageCertSign
	parent, signer := t, key
	if above != nil {
		parent, signer = above.cert, above.key
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &Authority{key: key, cert: cert, PEM: encode("CERTIFICATE", der)}, err
}

func template(name string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
}

func encode(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// Issue signs a certificate for hosts, names or addresses.
func (a *Authority) Issue(hosts ...string) (*Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := template(hosts[0])
	t.KeyUsage = x509.KeyUsageDigitalSignature
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	p := &Pair{Cert: encode("CERTIFICATE", der), Key: encode("PRIVATE KEY", private)}
	p.TLS, err = tls.X509KeyPair([]byte(p.Cert), []byte(p.Key))
	return p, err
}

// Pool holds the authority's certificate.
func (a *Authority) Pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// ServiceAccount makes the key file of a Google service account, on one line.
func ServiceAccount(email string) (string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": email, "private_key_id": "1", "private_key": encode("PRIVATE KEY", der),
		"token_uri": "https://oauth2.googleapis.com/token",
	})
	return string(text), err
}
