package identity_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/identity"
)

const clientSecret = "s3cret-of-the-application"

// tokens hands out numbered tokens that live for an hour.
func tokens() http.HandlerFunc {
	var n atomic.Int32
	return func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"access_token":"t%d","expires_in":3600,"token_type":"Bearer"}`, n.Add(1))
	}
}

// leased is a source of tokens from c.
func leased(t *testing.T, c *cloud) (*identity.Azure, *clock.Manual, *logbook) {
	t.Helper()
	env, now, log := house(c, nil)
	s, err := identity.NewAzure(identity.AzureOptions{Deps: env, TenantID: "t", ClientID: "c", ClientSecret: clientSecret})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, now, log
}

func want(t *testing.T, s identity.Source, token string) {
	t.Helper()
	got, err := authorize(t.Context(), s)
	if err != nil || got != "Bearer "+token {
		t.Errorf("got %q, %v; want token %q", got, err, token)
	}
}

func wantError(t *testing.T, s identity.Source, text string) {
	t.Helper()
	got, err := authorize(t.Context(), s)
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("got %q, %v; want an error with %q", got, err, text)
	}
}

func wantRequests(t *testing.T, c *cloud, n int) {
	t.Helper()
	if got := len(c.requests()); got != n {
		t.Errorf("%d requests so far, want %d", got, n)
	}
}

// TestOnce: a hundred callers at once make one request.
func TestOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		answer := tokens()
		c := newCloud(func(w http.ResponseWriter, r *http.Request) { <-gate; answer(w, r) })
		s, _, _ := leased(t, c)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { want(t, s, "t1") })
		}
		synctest.Wait()
		close(gate)
		all.Wait()
		want(t, s, "t1")
		wantRequests(t, c, 1)
	})
}

// TestRenewal: a token is renewed in the background before it expires, and the
// old one is used until then.
func TestRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{}, 1)
		answer := tokens()
		c := newCloud(func(w http.ResponseWriter, r *http.Request) { <-gate; answer(w, r) })
		s, now, log := leased(t, c)
		gate <- struct{}{}
		want(t, s, "t1")
		now.Advance(56 * time.Minute)
		want(t, s, "t1")
		wantRequests(t, c, 1)
		now.Advance(time.Minute)
		for range 10 {
			want(t, s, "t1")
		}
		synctest.Wait()
		wantRequests(t, c, 2)
		gate <- struct{}{}
		synctest.Wait()
		want(t, s, "t2")
		now.Advance(56 * time.Minute)
		want(t, s, "t2")
		synctest.Wait()
		wantRequests(t, c, 2)
		if log.String() != "" {
			t.Errorf("logged: %s", log)
		}
	})
}

// TestRenewalFails: while the old token is valid nobody notices but the log;
// then everybody does.
func TestRenewalFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(tokens())
		s, now, log := leased(t, c)
		want(t, s, "t1")
		c.become(hang)
		now.Advance(57 * time.Minute)
		want(t, s, "t1")
		synctest.Wait()
		now.Advance(10 * time.Second)
		synctest.Wait()
		want(t, s, "t1")
		wantRequests(t, c, 2)
		if n := strings.Count(log.String(), "no answer within 10s"); n != 1 {
			t.Errorf("logged %d times: %s", n, log)
		}
		hides(t, nil, log, clientSecret, "t1")
		c.become(says(503, "busy"))
		now.Advance(2*time.Minute + 39*time.Second)
		want(t, s, "t1")
		synctest.Wait()
		now.Advance(2 * time.Second)
		wantError(t, s, "status 503")
		now.Advance(time.Hour)
		c.become(tokens())
		want(t, s, "t1")
	})
}

// TestHanging: a token endpoint that does not answer gives an error after ten
// seconds; a caller who leaves does not wait that long.
func TestHanging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(hang)
		s, now, _ := leased(t, c)
		gone, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { wantError(t, s, "Azure token: no answer within 10s") })
		}
		left := make(chan error)
		go func() { _, err := authorize(gone, s); left <- err }()
		synctest.Wait()
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("the caller who left: %v", err)
		}
		now.Advance(9 * time.Second)
		synctest.Wait()
		now.Advance(time.Second)
		all.Wait()
		wantRequests(t, c, 1)
	})
}

// TestFailuresAreRemembered: for a second, then longer, up to half a minute.
func TestFailuresAreRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := answers(500, "broken")
		s, now, log := leased(t, c)
		for i, pause := range []time.Duration{1, 2, 4, 8, 16, 30, 30, 30} {
			wantError(t, s, "Azure token: the endpoint answered with status 500")
			now.Advance(pause*time.Second - 1)
			wantError(t, s, "status 500")
			wantRequests(t, c, i+1)
			now.Advance(1)
		}
		c.become(tokens())
		want(t, s, "t1")
		if log.String() != "" {
			t.Errorf("what callers hear of is logged too: %s", log)
		}
		c.become(says(500, ""))
		now.Advance(2 * time.Hour)
		wantError(t, s, "status 500")
		now.Advance(time.Second)
		wantError(t, s, "status 500")
		wantRequests(t, c, 11)
	})
}

// TestClose ends what is under way. What is at hand is still used.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(hang)
		s, _, _ := leased(t, c)
		var all sync.WaitGroup
		all.Go(func() { wantError(t, s, "Azure token") })
		synctest.Wait()
		s.Close()
		all.Wait()
		wantError(t, s, "closed")

		c = newCloud(tokens())
		s, now, log := leased(t, c)
		want(t, s, "t1")
		s.Close()
		now.Advance(59 * time.Minute)
		want(t, s, "t1")
		now.Advance(time.Minute)
		wantError(t, s, "closed")
		wantRequests(t, c, 1)
		if log.String() != "" {
			t.Errorf("logged: %s", log)
		}
	})
}

// TestShortLives: renewal at half of a short life, a reserve at the end, and
// five minutes for a token that does not say.
func TestShortLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := answers(200, `{"access_token":"a","expires_in":"110"}`)
		s, now, _ := leased(t, c)
		want(t, s, "a")
		now.Advance(49 * time.Second)
		want(t, s, "a")
		synctest.Wait()
		wantRequests(t, c, 1)
		now.Advance(time.Second)
		want(t, s, "a")
		synctest.Wait()
		wantRequests(t, c, 2)

		c = answers(200, `{"access_token":"a"}`)
		s, now, _ = leased(t, c)
		want(t, s, "a")
		c.become(hang)
		now.Advance(289 * time.Second)
		want(t, s, "a")
		now.Advance(time.Second)
		var all sync.WaitGroup
		all.Go(func() { wantError(t, s, "no answer") })
		synctest.Wait()
		now.Advance(10 * time.Second)
		all.Wait()
	})
}

// TestAnswers: what token endpoints may say.
func TestAnswers(t *testing.T) {
	const secret = "tok-0123456789"
	for _, tt := range []struct {
		name   string
		status int
		body   string
		token  string
		err    string
	}{
		{"plain", 200, `{"access_token":"abc.DEF-_~+/=","expires_in":60}`, "abc.DEF-_~+/=", ""},
		{"string", 200, `{"access_token":"a","expires_in":"3599"}`, "a", ""},
		{"fraction", 200, `{"access_token":"a","expires_in":3599.5}`, "a", ""},
		{"huge", 200, `{"access_token":"a","expires_in":1e300}`, "a", ""},
		{"end only", 200, `{"access_token":"a","expires_on":"4000000000"}`, "a", ""},
		{"end as a date", 200, `{"access_token":"a","expires_on":"06/20/2019 02:57:58 +00:00"}`, "a", ""},
		{"expired", 200, `{"access_token":"` + secret + `","expires_in":0}`, "", "expires at once"},
		{"ended long ago", 200, `{"access_token":"` + secret + `","expires_on":1000}`, "", "expires at once"},
		{"negative", 200, `{"access_token":"` + secret + `","expires_in":-5e9}`, "", "expires at once"},
		{"no token", 200, `{"expires_in":60}`, "", "status 200 and no token"},
		{"another token", 200, `{"access_token":["` + secret + `"]}`, "", "status 200 and no token"},
		{"an error", 200, `{"error":"invalid_client","error_description":"AADSTS7000215: ` + secret + `"}`, "", "status 200 invalid_client AADSTS7000215 and no token"},
		{"too long", 200, `{"access_token":"` + secret + strings.Repeat("a", 32<<10) + `","expires_in":60}`, "", "no usable token"},
		{"null", 200, `null`, "", "not a JSON object"},
		{"deep", 200, `{"access_token":` + strings.Repeat("[", 1<<19), "", "not a JSON object"},
		{"many", 200, `{"a":[` + strings.Repeat("0,", 1<<18) + `0]}`, "", "status 200 and no token"},
		{"two lines", 200, `{"access_token":"` + secret + `\r\nX: y","expires_in":60}`, "", "no usable token"},
		{"beyond ASCII", 200, `{"access_token":"` + secret + `é","expires_in":60}`, "", "no usable token"},
		{"garbage", 200, secret + `<html>`, "", "not a JSON object"},
		{"array", 200, `["` + secret + `"]`, "", "not a JSON object"},
		{"twice", 200, `{"access_token":"` + secret + `","access_token":"x"}`, "", "not a JSON object"},
		{"empty", 200, ``, "", "not a JSON object"},
		{"redirect", 307, ``, "", "status 307"},
		{"refused", 401, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret ` + clientSecret + `"}`, "", "status 401 invalid_client AADSTS7000215"},
		{"refused with an echo", 400, `{"error":"` + clientSecret + ` is wrong","error_description":"AADSTS ` + clientSecret + `:"}`, "", "status 400"},
		{"refused with a page", 403, `<html>` + clientSecret, "", "status 403"},
		{"refused with a key for a code", 400, `{"error":"` + clientSecret + `","error_description":"AADSTS12` + clientSecret + `"}`, "", "status 400 AADSTS12"},
		{"refused with an error object", 400, `{"error":{"message":"` + clientSecret + `"}}`, "", "status 400"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, _, log := leased(t, newCloud(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "http://elsewhere.example/")
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}))
			got, err := authorize(t.Context(), s)
			hides(t, err, log, clientSecret, secret)
			switch {
			case tt.err == "" && (err != nil || got != "Bearer "+tt.token):
				t.Errorf("got %q, %v", got, err)
			case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
				t.Errorf("got %q, %v; want %q", got, err, tt.err)
			}
		})
	}
}

// TestEndless: an answer without end is cut off.
func TestEndless(t *testing.T) {
	read := 0
	env, _, _ := house(nil, nil)
	env.Client = &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(endless{&read})}, nil
	})}
	s, err := identity.NewAzure(identity.AzureOptions{Deps: env, TenantID: "t", ClientID: "c", ClientSecret: clientSecret})
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, s, "not a JSON object")
	if read > 2<<20 {
		t.Errorf("%d bytes were read", read)
	}
}

// TestUnreachable: errors of the network are told, addresses are not.
func TestUnreachable(t *testing.T) {
	env, _, log := house(nil, nil)
	env.Client = nil
	s, err := identity.NewAzure(identity.AzureOptions{Deps: env, TenantID: "t", ClientID: "c", ClientSecret: clientSecret, AuthorityHost: "http://127.0.0.1:1/" + clientSecret})
	if err != nil {
		t.Fatal(err)
	}
	_, err = authorize(t.Context(), s)
	hides(t, err, log, clientSecret)
	if err == nil || !strings.Contains(err.Error(), "no answer from the endpoint: dial tcp 127.0.0.1:1") {
		t.Error(err)
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type endless struct{ read *int }

func (e endless) Read(p []byte) (int, error) {
	*e.read += len(p)
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
