package identity_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-gateway/sluice/identity"
)

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// accountKey is the key of a service account as Google hands it out.
func accountKey(t *testing.T) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(rsaKey())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "p", "private_key_id": "kid", "client_email": "gateway@p.iam.gserviceaccount.com",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"token_uri":   "https://oauth2.googleapis.com/token",
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const federation = `{"type":"external_account","audience":"//iam.googleapis.com/projects/1/pool","subject_token_type":"urn:ietf:params:oauth:token-type:jwt",
	"token_url":"https://sts.googleapis.com/v1/token","credential_source":{"file":"FILE"}}`

func newGoogle(t *testing.T, o identity.GoogleOptions) *identity.Google {
	t.Helper()
	s, err := identity.NewGoogle(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// TestServiceAccount: the proof that is exchanged, and where.
func TestServiceAccount(t *testing.T) {
	for _, tt := range []struct{ name, option, env, tokenURL, want string }{
		{"configured", accountKey(t), "", "", "https://oauth2.googleapis.com/token"},
		{"environment", "", accountKey(t), "", "https://oauth2.googleapis.com/token"},
		{"another endpoint", accountKey(t), "{}", "https://token.internal.example/t", "https://token.internal.example/t"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(tokens())
			env, _, _ := house(c, map[string]string{"GCP_SERVICE_ACCOUNT": tt.env, "GOOGLE_APPLICATION_CREDENTIALS": "/none", "GCE_METADATA_HOST": "metadata.example"})
			s := newGoogle(t, identity.GoogleOptions{Deps: env, JSON: tt.option, TokenURL: tt.tokenURL})
			wantRequests(t, c, 0)
			want(t, s, "t1")
			wantRequests(t, c, 1)
			a := c.requests()[0]
			form, _ := url.ParseQuery(a.body)
			if a.url != tt.want || form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
				t.Errorf("asked %s with %v", a.url, form)
			}
			checkProof(t, form.Get("assertion"))
		})
	}
}

func checkProof(t *testing.T, proof string) {
	t.Helper()
	parts := strings.Split(proof, ".")
	if len(parts) != 3 {
		t.Fatalf("proof %q", proof)
	}
	var claims struct {
		Iss, Scope, Aud string
		Exp, Iat        int64
	}
	text, _ := base64.RawURLEncoding.DecodeString(parts[1])
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	if claims.Iss != "gateway@p.iam.gserviceaccount.com" || claims.Scope != "https://www.googleapis.com/auth/cloud-platform" ||
		claims.Aud != "https://oauth2.googleapis.com/token" || claims.Exp-claims.Iat > 3600 {
		t.Errorf("claims %+v", claims)
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	signature, _ := base64.RawURLEncoding.DecodeString(parts[2])
	if err := rsa.VerifyPKCS1v15(&rsaKey().PublicKey, crypto.SHA256, sum[:], signature); err != nil {
		t.Error(err)
	}
}

// TestGoogleMetadata: the metadata server is asked when there is nothing else.
func TestGoogleMetadata(t *testing.T) {
	const query = "?scopes=https://www.googleapis.com/auth/cloud-platform Metadata-Flavor=Google"
	for _, tt := range []struct{ name, option, env, want string }{
		{"usual", "", "", "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token" + query},
		{"host", "", "GCE_METADATA_HOST=127.0.0.1:8080", "http://127.0.0.1:8080/computeMetadata/v1/instance/service-accounts/default/token" + query},
		{"configured", "http://meta.example:81/", "GCE_METADATA_HOST=127.0.0.1:8080", "http://meta.example:81/computeMetadata/v1/instance/service-accounts/default/token" + query},
		{"configured to the end", "http://meta.example/some/token?a=b", "", "http://meta.example/some/token?a=b Metadata-Flavor=Google"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(tokens())
			env, _, _ := house(c, pairs(tt.env))
			want(t, newGoogle(t, identity.GoogleOptions{Deps: env, MetadataURL: tt.option}), "t1")
			if got := describe(t, c.requests()[0]); got != "GET "+tt.want {
				t.Errorf("asked %s\nwant  %s", got, tt.want)
			}
		})
	}
}

// TestFederation: a token of elsewhere is exchanged; the file of the
// environment is read anew each time.
func TestFederation(t *testing.T) {
	subject := writeFile(t, "subject", "subject.token")
	text := strings.Replace(federation, "FILE", subject, 1)
	for _, tt := range []struct{ name, option, env string }{
		{"configured", text, ""},
		{"file", "", "GOOGLE_APPLICATION_CREDENTIALS=" + writeFile(t, "adc.json", text)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(tokens())
			env, _, _ := house(c, pairs(tt.env))
			want(t, newGoogle(t, identity.GoogleOptions{Deps: env, JSON: tt.option}), "t1")
			a := c.requests()[0]
			form, _ := url.ParseQuery(a.body)
			if a.url != "https://sts.googleapis.com/v1/token" || form.Get("subject_token") != "subject.token" ||
				form.Get("scope") != "https://www.googleapis.com/auth/cloud-platform" || len(c.requests()) != 1 {
				t.Errorf("asked %s with %v", a.url, form)
			}
		})
	}
}

// TestGoogleRefusals: credentials that cannot be used are not shown.
func TestGoogleRefusals(t *testing.T) {
	const secret = "the-private-key"
	for _, tt := range []struct{ text, want string }{
		{secret, "not a JSON object"},
		{`{"private_key":"` + secret + `"}`, "of a type other than"},
		{`{"type":"` + secret + `"}`, "of a type other than"},
		{`{"type":"authorized_user","refresh_token":"` + secret + `"}`, "of a type other than"},
		{`{"type":"service_account","private_key":"` + secret + `"}`, "not the key of a service account"},
		{`{"type":"service_account","client_email":"a@b","private_key":"` + secret + `"}`, "is not PEM"},
		{`{"type":"service_account","private_key":{"a":"` + secret + `"}}`, "not the key of a service account"},
		{`{"type":"external_account","audience":"` + secret + `"}`, "do not describe a workload identity federation"},
	} {
		env, _, book := house(nil, nil)
		_, err := identity.NewGoogle(identity.GoogleOptions{Deps: env, JSON: tt.text})
		hides(t, err, book, secret)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.text, err)
		}
	}
	if _, err := identity.NewGoogle(identity.GoogleOptions{MetadataURL: "meta"}); err == nil {
		t.Error("an address without a host was accepted")
	}
}

// TestGoogleFailures: what goes wrong later is told without secrets.
func TestGoogleFailures(t *testing.T) {
	const secret = "a-secret-of-google"
	subject := writeFile(t, "subject", "subject.token")
	unreadable := `{"type":"service_account","client_email":"a@b","private_key":"-----BEGIN PRIVATE KEY-----\nMTIz\n-----END PRIVATE KEY-----\n"}`
	federated := strings.Replace(federation, "FILE", subject, 1)
	for _, tt := range []struct {
		name, option, env string
		status            int
		body, want        string
	}{
		{"key", unreadable, "", 200, "", "the private key or the credential_source"},
		{"refused", accountKey(t), "", 400, `{"error":"invalid_grant","error_description":"` + secret + `"}`, "Google Cloud token: the endpoint answered with status 400 invalid_grant"},
		{"broken", accountKey(t), "", 503, secret, "the endpoint answered with status 503"},
		{"garbage", accountKey(t), "", 200, secret, "the answer of the endpoint cannot be used"},
		{"nothing", accountKey(t), "", 200, "{}", "no usable token"},
		{"two lines", accountKey(t), "", 200, `{"access_token":"` + secret + `\r\nX: y"}`, "no usable token"},
		{"expired", accountKey(t), "", 200, `{"access_token":"` + secret + `","expires_in":1}`, "expires at once"},
		{"federation refused", federated, "", 401, `{"error":"` + secret + `"}`, "the endpoint answered with status 401"},
		{"federation, garbage", federated, "", 200, secret, "the answer of the endpoint cannot be used"},
		{"federation without a file", strings.Replace(federation, "FILE", "/none", 1), "", 200, secret, "the private key or the credential_source"},
		{"machine refused", "", "", 404, secret, "the endpoint answered with status 404"},
		{"machine, garbage", "", "", 200, secret, "not a JSON object"},
		{"no file", "", "GOOGLE_APPLICATION_CREDENTIALS=/none", 200, "", "open /none"},
		{"bad file", "", "GOOGLE_APPLICATION_CREDENTIALS=" + writeFile(t, "adc", secret), 200, "", "not a JSON object"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			env, _, book := house(answers(tt.status, tt.body), pairs(tt.env))
			_, err := authorize(t.Context(), newGoogle(t, identity.GoogleOptions{Deps: env, JSON: tt.option}))
			hides(t, err, book, secret, "subject.token", "PRIVATE")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// TestGoogleHanging: the library's requests end with the limit, and with the
// source; a hundred callers make one.
func TestGoogleHanging(t *testing.T) {
	key := accountKey(t)
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(hang)
		env, now, _ := house(c, nil)
		s := newGoogle(t, identity.GoogleOptions{Deps: env, JSON: key})
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { wantError(t, s, "no answer within 10s") })
		}
		synctest.Wait()
		now.Advance(10 * time.Second)
		all.Wait()
		wantRequests(t, c, 1)
		c.become(tokens())
		now.Advance(time.Second)
		want(t, s, "t1")
		c.become(hang)
		now.Advance(57 * time.Minute)
		want(t, s, "t1")
		synctest.Wait()
		s.Close()
		wantRequests(t, c, 3)
	})
}

// TestOverTheWire: the same with a server behind a socket.
func TestOverTheWire(t *testing.T) {
	server := httptest.NewServer(tokens())
	defer server.Close()
	s := newGoogle(t, identity.GoogleOptions{Deps: identity.Deps{Client: server.Client()}, MetadataURL: server.URL})
	want(t, s, "t1")
	want(t, s, "t1")
	secure := httptest.NewUnstartedServer(tokens())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	s = newGoogle(t, identity.GoogleOptions{MetadataURL: secure.URL})
	wantError(t, s, "failed to verify certificate")
	silent := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-silent }))
	defer hanging.Close()
	defer close(silent)
	s = newGoogle(t, identity.GoogleOptions{Deps: identity.Deps{Client: hanging.Client(), Timeout: 50 * time.Millisecond}, JSON: accountKey(t), TokenURL: hanging.URL})
	wantError(t, s, "no answer within 50ms")
}
