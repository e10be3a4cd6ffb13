package identity_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/identity"
)

// town is a server behind a socket that plays all token endpoints: whatever
// name is dialled, it is there.
type town struct {
	*httptest.Server
	mu     sync.Mutex // guards what follows
	handle http.HandlerFunc
	hosts  map[string]int
}

func newTown(t *testing.T) *town {
	t.Helper()
	w := &town{hosts: map[string]int{}}
	w.Server = httptest.NewUnstartedServer(w)
	w.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	w.Start()
	t.Cleanup(w.Close)
	return w
}

func (w *town) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.hosts[r.Host]++
	handle := w.handle
	w.mu.Unlock()
	handle(rw, r)
}

func (w *town) become(handle http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handle = handle
}

func (w *town) asked(host string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hosts[host]
}

func (w *town) deps(env map[string]string) (identity.Deps, *clock.Manual, *logbook) {
	d, now, log := house(nil, env)
	d.Client = &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", w.Listener.Addr().String())
		},
	}}
	return d, now, log
}

// good answers all that clouds are asked for.
func good(w http.ResponseWriter, r *http.Request) {
	end := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	switch {
	case r.Host == "sts.test":
		_, _ = io.WriteString(w, assumed(r, end))
	case r.URL.Path == "/latest/api/token":
		w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
		_, _ = io.WriteString(w, "imds-token")
	case r.URL.Path == "/latest/meta-data/iam/security-credentials/":
		_, _ = io.WriteString(w, "machine-role")
	case strings.HasPrefix(r.Host, "169.254.") && !strings.HasPrefix(r.URL.Path, "/metadata"):
		_, _ = fmt.Fprintf(w, `{"Code":"Success","AccessKeyId":"A","SecretAccessKey":%q,"Token":%q,"Expiration":%q}`, awsSecret, awsToken, end)
	case strings.HasSuffix(r.URL.Path, ":generateAccessToken"):
		_, _ = fmt.Fprintf(w, `{"accessToken":"t1","expireTime":%q}`, end)
	default:
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"t1","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer","expires_in":3600}`)
	}
}

// way makes a source that asks in w.
type way = func(t *testing.T, w *town) (identity.Source, *clock.Manual, *logbook)

// who are all the ways to a credential.
func who(t *testing.T) map[string]way {
	t.Helper()
	key, subject, web := accountKey(t), writeFile(t, "subject", "subject.token"), writeFile(t, "web", webToken)
	federated := strings.NewReplacer("https://sts.googleapis.com/v1/token", "http://google.test/token", "FILE", subject).Replace(federation)
	impersonating := strings.Replace(federated, "{", `{"service_account_impersonation_url":"http://iam.test/v1/a:generateAccessToken",`, 1)
	azure := func(o identity.AzureOptions, env map[string]string) way {
		return func(t *testing.T, w *town) (identity.Source, *clock.Manual, *logbook) {
			t.Helper()
			o, now, log := o, (*clock.Manual)(nil), (*logbook)(nil)
			o.Deps, now, log = w.deps(env)
			o.AuthorityHost = "http://login.test"
			s, err := identity.NewAzure(o)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.Close)
			return s, now, log
		}
	}
	google := func(o identity.GoogleOptions) way {
		return func(t *testing.T, w *town) (identity.Source, *clock.Manual, *logbook) {
			t.Helper()
			o, now, log := o, (*clock.Manual)(nil), (*logbook)(nil)
			o.Deps, now, log = w.deps(nil)
			return newGoogle(t, o), now, log
		}
	}
	aws := func(o identity.AWSOptions, env string) way {
		return func(t *testing.T, w *town) (identity.Source, *clock.Manual, *logbook) {
			t.Helper()
			o, now, log := o, (*clock.Manual)(nil), (*logbook)(nil)
			o.Deps, now, log = w.deps(pairs(env))
			o.STSEndpoint = "http://sts.test"
			return newAWS(t, o), now, log
		}
	}
	return map[string]way{
		"azure secret":       azure(identity.AzureOptions{TenantID: "t", ClientID: "c", ClientSecret: clientSecret}, nil),
		"azure machine":      azure(identity.AzureOptions{}, nil),
		"azure service":      azure(identity.AzureOptions{}, map[string]string{"IDENTITY_ENDPOINT": "http://msi.test/msi", "IDENTITY_HEADER": clientSecret}),
		"google account":     google(identity.GoogleOptions{JSON: key, TokenURL: "http://google.test/token"}),
		"google machine":     google(identity.GoogleOptions{}),
		"google federation":  google(identity.GoogleOptions{JSON: federated}),
		"google role":        google(identity.GoogleOptions{JSON: impersonating}),
		"aws role":           aws(identity.AWSOptions{AccessKeyID: "A", SecretAccessKey: awsSecret, RoleARN: "arn:aws:iam::1:role/r"}, ""),
		"aws web identity":   aws(identity.AWSOptions{}, "AWS_ROLE_ARN=r AWS_WEB_IDENTITY_TOKEN_FILE="+web),
		"aws agent":          aws(identity.AWSOptions{}, "AWS_CONTAINER_AUTHORIZATION_TOKEN="+clientSecret+" AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/c"),
		"aws machine":        aws(identity.AWSOptions{}, ""),
		"aws machine's role": aws(identity.AWSOptions{RoleARN: "arn:aws:iam::1:role/r"}, ""),
	}
}

// raw answers with bytes and closes.
func raw(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
			_, _ = io.WriteString(c, text)
			_ = c.Close()
		}
	}
}

// flood answers with head and then text until the other side has gone.
func flood(head, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, head)
		for block := strings.Repeat(text, 1+(64<<10)/len(text)); ; {
			if _, err := io.WriteString(w, block); err != nil {
				return
			}
		}
	}
}

func redirects(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://elsewhere.test/token")
		w.WriteHeader(status)
	}
}

func later(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "86400")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, clientSecret)
	}
}

const xmlBomb = `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>` +
	`<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>&b;</AccessKeyId></Credentials></AssumeRoleResult></AssumeRoleResponse>`

// TestHostile: whatever an endpoint does, who asks gets an error without a
// secret, nobody else is asked, and when the endpoint has come to itself, so
// has the credential.
func TestHostile(t *testing.T) {
	endings := map[string]http.HandlerFunc{
		"garbage":         raw("SSH-2.0-x\r\n" + clientSecret + "\r\n\r\n"),
		"nothing":         raw(""),
		"cut head":        raw("HTTP/1.1 200 OK\r\nContent-Type: appl"),
		"cut body":        raw("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"access_token\":\"" + clientSecret),
		"bad length":      raw("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}"),
		"two lengths":     raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}}"),
		"bad chunk":       raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
		"bad gzip":        raw("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"),
		"endless array":   flood(`{"a":[`, `"`+strings.Repeat("a", 1<<10)+`",`),
		"endless XML":     flood("", "<a>"),
		"moved":           redirects(302),
		"moved, again":    redirects(307),
		"moved for good":  redirects(308),
		"see other":       redirects(303),
		"busy":            later(429),
		"unavailable":     later(503),
		"refused":         later(401),
		"forbidden":       later(403),
		"page":            says(200, "<html>"+clientSecret),
		"no content":      says(204, ""),
		"created":         says(201, `{"access_token":3}`),
		"null":            says(200, "null"),
		"list":            says(200, `[{"access_token":"`+clientSecret+`"}]`),
		"wrong types":     says(200, `{"access_token":["`+clientSecret+`"],"expires_in":{},"accessToken":1,"AccessKeyId":1,"Expiration":{}}`),
		"numbers":         says(200, `{"access_token":12345,"expires_in":1e999}`),
		"error in a 200":  says(200, `{"error":"invalid_client","error_description":"`+clientSecret+`","Code":"Unauthorized","Message":"`+clientSecret+`"}`),
		"XML error":       says(200, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>`+clientSecret+`</Message></Error></ErrorResponse>`),
		"entity bomb":     says(200, xmlBomb),
		"empty role":      says(200, `<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>`),
		"empty keys":      says(200, `<AssumeRoleResponse><AssumeRoleResult><Credentials/><AssumedRoleUser/></AssumeRoleResult></AssumeRoleResponse>`),
		"two headers":     says(200, "{\"access_token\":\"a\\r\\nX: y\",\"accessToken\":\"a\\nb\",\"expireTime\":\"2100-01-01T00:00:00Z\",\"AccessKeyId\":\"a\\nb\",\"SecretAccessKey\":\"s\"}"),
		"expired at once": says(200, `{"access_token":"a","token_type":"Bearer","issued_token_type":"x","expires_in":0,"accessToken":"a","expireTime":"2001-01-01T00:00:00Z","AccessKeyId":"a","SecretAccessKey":"s","Token":"t","Expiration":"2001-01-01T00:00:00Z"}`),
		"negative":        says(200, `{"access_token":"a","token_type":"Bearer","issued_token_type":"x","expires_in":-9e9,"accessToken":"a","expireTime":"-1","AccessKeyId":"a","SecretAccessKey":"s","Token":"t","Expiration":"0001-01-01T00:00:01Z"}`),
	}
	for name, source := range who(t) {
		for ending, handle := range endings {
			t.Run(name+"/"+ending, func(t *testing.T) {
				t.Parallel()
				w := newTown(t)
				s, now, log := source(t, w)
				w.become(handle)
				got, err := authorize(t.Context(), s)
				hides(t, err, log, clientSecret, awsSecret, awsToken, webToken, "subject.token", "PRIVATE")
				if err == nil || w.asked("elsewhere.test") > 0 || len(err.Error()) > 200 {
					t.Errorf("got %.100q, %v; elsewhere was asked %d times", got, err, w.asked("elsewhere.test"))
				}
				w.become(good)
				now.Advance(30 * time.Second)
				if got, err := authorize(t.Context(), s); err != nil || got == "Bearer caller" {
					t.Errorf("then %q, %v", got, err)
				}
			})
		}
	}
}

// TestStuck: an endpoint that says nothing, or its answer byte by byte, is
// given up after the time that is set, for all at once; who leaves before does
// not end it for the others; and all that with one request.
func TestStuck(t *testing.T) {
	for name, source := range who(t) {
		for ending, begin := range map[string]string{"silent": "", "dripping": "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"access_"} {
			t.Run(name+"/"+ending, func(t *testing.T) {
				t.Parallel()
				w, reached, gone := newTown(t), make(chan struct{}, 20), make(chan struct{}, 20)
				s, now, log := source(t, w)
				w.become(func(rw http.ResponseWriter, _ *http.Request) {
					c, _, err := rw.(http.Hijacker).Hijack()
					if err != nil {
						return
					}
					_, _ = io.WriteString(c, begin)
					reached <- struct{}{}
					_, _ = c.Read(make([]byte, 1)) // until the other side has gone
					_ = c.Close()
					gone <- struct{}{}
				})
				ctx, leave := context.WithCancel(t.Context())
				left := make(chan error)
				go func() { _, err := authorize(ctx, s); left <- err }()
				<-reached
				var all sync.WaitGroup
				for range 20 {
					all.Go(func() { wantError(t, s, "no answer within 10s") })
				}
				leave()
				if err := <-left; err == nil || !strings.Contains(err.Error(), "context canceled") {
					t.Errorf("who left: %v", err)
				}
				now.Advance(10 * time.Second)
				all.Wait()
				<-gone
				if len(reached) > 0 {
					t.Errorf("%d more requests", len(reached))
				}
				hides(t, nil, log, clientSecret, awsSecret, webToken)
				w.become(good)
				now.Advance(30 * time.Second)
				if got, err := authorize(t.Context(), s); err != nil || got == "Bearer caller" {
					t.Errorf("then %q, %v", got, err)
				}
			})
		}
	}
}
