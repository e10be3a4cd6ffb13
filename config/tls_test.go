package config

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/schema"
)

// pair makes a certificate and its key as PEM texts.
func pair(t *testing.T, key crypto.Signer, ca bool, until time.Time) (cert, private string) {
	t.Helper()
	tpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"},
		NotBefore: until.Add(-time.Hour), NotAfter: until, IsCA: ca, BasicConstraintsValid: ca,
	}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
}

func TestCertificates(t *testing.T) {
	later := time.Unix(1700000000, 0).Add(time.Hour)
	ec, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ec2, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	rs, _ := rsa.GenerateKey(rand.Reader, 2048)
	c1, k1 := pair(t, ec, false, later)
	c2, k2 := pair(t, ec2, false, later)
	c3, k3 := pair(t, rs, false, later)
	const id = "6c4b1f0e-0000-4000-8000-000000000001"
	for _, c := range []struct {
		cert map[string]any
		want string
	}{
		{obj{"cert": c1, "key": k1}, `{}`},
		{obj{"cert": c1, "key": k2}, `{certificates={{["@entity"]={"certificate does not match key"}}}}`},
		{obj{"cert": c1, "key": k1, "cert_alt": c3, "key_alt": k3}, `{}`},
		{obj{"cert": c1, "key": k1, "cert_alt": c3}, `{certificates={{["@entity"]={"all or none of these fields must be set: 'cert_alt', 'key_alt'"}}}}`},
		{obj{"cert": c1, "key": k1, "cert_alt": c2, "key_alt": k2}, `{certificates={{["@entity"]={"certificate and alternative certificate need to have different type ` +
			`(e.g. RSA and ECDSA), the provided certificates were both of the same type"}}}}`},
		{obj{"cert": "{vault://env/c}", "key": "{vault://env/k}"}, `{}`},
		{obj{"cert": c1, "key": k1, "id": id, "snis": []any{"a.com", obj{"name": "*"}}}, `{}`},
		{obj{"cert": c1, "key": k1, "snis": []any{"a.com", "a.com"}}, `{certificates={{snis={[2]="uniqueness violation: 'snis' entity with name set to 'a.com' already declared"}}}}`},
	} {
		d, err := Load(obj{"_format_version": "3.0", "certificates": []any{c.cert}}, testOptions())
		got := `{}`
		if err != nil {
			got = err.(*DocumentError).Errors().Table()
		}
		if got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
		if err == nil && c.cert["snis"] != nil {
			snis := d.Entities(true)["certificates"].(map[string]any)[id].(map[string]any)["snis"]
			if text := string(schema.AppendJSON(nil, snis)); text != `["*","a.com"]` || d.SNIs[0].Certificate.ID != id {
				t.Errorf("snis %s", text)
			}
		}
	}
}

func TestAuthorities(t *testing.T) {
	now := time.Unix(1700000000, 0)
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	good, _ := pair(t, key, true, now.Add(time.Hour))
	old, _ := pair(t, key, true, now.Add(-time.Hour))
	plain, _ := pair(t, key, false, now.Add(time.Hour))
	for _, c := range []struct{ cert, want string }{
		{good, `{}`},
		{good + good, `{ca_certificates={{cert="please submit only one certificate at a time"}}}`},
		{old, `{ca_certificates={{cert="certificate expired, \"Not After\" time is in the past"}}}`},
		{plain, `{ca_certificates={{cert="certificate does not appear to be a CA because it is missing the \"CA\" basic constraint"}}}`},
	} {
		d, err := Load(obj{"_format_version": "3.0", "ca_certificates": []any{obj{"cert": c.cert}}}, testOptions())
		got := `{}`
		if err != nil {
			got = err.(*DocumentError).Errors().Table()
		} else if len(d.CACertificates[0].CertDigest) != 64 {
			t.Errorf("digest %q", d.CACertificates[0].CertDigest)
		}
		if got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	o := testOptions()
	o.Restored = true
	if _, err := Load(obj{"_format_version": "3.0", "ca_certificates": []any{obj{"cert": old}}}, o); err != nil {
		t.Errorf("one that has expired since it ran: %v", err)
	}
}
