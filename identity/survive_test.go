package identity_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-gateway/sluice/identity"
)

// proxied counts what went to the proxy that the environment names.
var proxied atomic.Int32

// TestMain names a proxy in the environment, which net/http reads once only.
func TestMain(m *testing.M) {
	p := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxied.Add(1)
		tokens()(w, r)
	}))
	for _, name := range []string{"HTTP_PROXY", "http_proxy"} {
		if err := os.Setenv(name, p.URL); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// TestProxy: keys that are handed out beside the machine do not go through a
// proxy; everything else does.
func TestProxy(t *testing.T) {
	for _, tt := range []struct {
		address string
		through int32
	}{
		{"http://169.254.169.254/token", 0},
		{"http://169.254.170.2/token", 0},
		{"http://[fd00:ec2::254]/token", 0},
		{"http://[fe80::1]/token", 0},
		{"http://metadata.google.internal/token", 0},
		{"http://login.example/token", 1},
	} {
		before := proxied.Load()
		env := identity.Deps{Timeout: 20 * time.Millisecond} // nothing is there
		if tt.through > 0 {
			env.Timeout = 0
		}
		s, err := identity.NewAzure(identity.AzureOptions{Deps: env, MetadataURL: tt.address})
		if err != nil {
			t.Fatal(err)
		}
		_, err = authorize(t.Context(), s)
		s.Close()
		if got := proxied.Load() - before; got != tt.through || (err == nil) != (tt.through > 0) {
			t.Errorf("%s: %d requests through the proxy, %v", tt.address, got, err)
		}
	}
}

// TestPanic: a panic on the way to a credential is a fetch that failed, for all
// who wait, and is told once. The next one can succeed.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		c := newCloud(func(http.ResponseWriter, *http.Request) {
			<-gate
			panic(clientSecret)
		})
		s, now, log := leased(t, c)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { wantError(t, s, "Azure token: panic: a string") })
		}
		synctest.Wait()
		close(gate)
		all.Wait()
		wantRequests(t, c, 1)
		if said := log.String(); strings.Count(said, "level=ERROR") != 1 || !strings.Contains(said, "Azure token") || !strings.Contains(said, "TestPanic") {
			t.Errorf("said %s", said)
		}
		hides(t, nil, log, clientSecret)
		c.become(tokens())
		now.Advance(time.Second)
		want(t, s, "t1")
	})
}

// TestRefused: a token that the service refuses before its end is renewed, once
// a minute at most, and used until there is another.
func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{}, 9)
		answer := tokens()
		c := newCloud(func(w http.ResponseWriter, r *http.Request) { <-gate; answer(w, r) })
		s, now, log := leased(t, c)
		s.Refused() // of what nobody has
		gate <- struct{}{}
		want(t, s, "t1")
		s.Refused() // right after it was obtained: it is something else
		synctest.Wait()
		wantRequests(t, c, 1)
		now.Advance(time.Minute)
		for range 10 {
			s.Refused()
		}
		want(t, s, "t1")
		synctest.Wait()
		wantRequests(t, c, 2)
		gate <- struct{}{}
		synctest.Wait()
		want(t, s, "t2")
		s.Refused()
		synctest.Wait()
		wantRequests(t, c, 2)
		if said := log.String(); strings.Count(said, "\n") != 1 || !strings.Contains(said, `credential="Azure token"`) {
			t.Errorf("said %s", said)
		}
		// An endpoint that is down meanwhile takes nothing away.
		c.become(says(503, ""))
		now.Advance(time.Minute)
		s.Refused()
		synctest.Wait()
		want(t, s, "t2")
		c.become(tokens())
		now.Advance(time.Second)
		want(t, s, "t2")
		synctest.Wait()
		want(t, s, "t1")
	})
}

// TestRefusedKeys: keys in a file that were replaced are read as soon as the
// old ones are refused.
func TestRefusedKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := writeFile(t, "credentials", "[default]\naws_access_key_id = OLD\naws_secret_access_key = x\n")
		env, now, _ := house(amazon(), map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file})
		s := newAWS(t, identity.AWSOptions{Deps: env})
		if id, _ := keyID(t, s); id != "OLD" {
			t.Error(id)
		}
		if err := os.WriteFile(file, []byte("[default]\naws_access_key_id = NEW\naws_secret_access_key = x\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		now.Advance(time.Minute)
		s.Refused()
		synctest.Wait()
		if id, _ := keyID(t, s); id != "NEW" {
			t.Error(id)
		}
	})
}

// TestDeaf: fetches that heed nothing do not pile up, and closing does not wait
// for them for ever.
func TestDeaf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		never := make(chan struct{})
		defer close(never)
		c := newCloud(func(http.ResponseWriter, *http.Request) { <-never })
		s, now, _ := leased(t, c)
		for range 20 {
			var all sync.WaitGroup
			all.Go(func() { wantError(t, s, "no answer within 10s") })
			synctest.Wait()
			now.Advance(30 * time.Second)
			all.Wait()
			now.Advance(30 * time.Second)
		}
		if n := len(c.requests()); n != 4 {
			t.Errorf("%d are left hanging", n)
		}
		s.Close()
	})
}

// TestLives: a credential whose end nobody names, or one that is far away, is
// renewed all the same.
func TestLives(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		after      time.Duration
	}{
		{"century", `{"access_token":"a","expires_in":3155760000}`, 24 * time.Hour},
		{"for ever", `{"access_token":"a","expires_in":9223372036854775807}`, 24 * time.Hour},
		{"unknown", `{"access_token":"a"}`, 4 * time.Minute},
	} {
		for _, key := range []string{"", accountKey(t)} {
			synctest.Test(t, func(t *testing.T) {
				c := answers(200, tt.body)
				env, now, _ := house(c, nil)
				s := newGoogle(t, identity.GoogleOptions{Deps: env, JSON: key})
				want(t, s, "a")
				now.Advance(tt.after / 2)
				want(t, s, "a")
				synctest.Wait()
				wantRequests(t, c, 1)
				now.Advance(tt.after / 2)
				want(t, s, "a")
				synctest.Wait()
				wantRequests(t, c, 2)
			})
		}
	}
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey></Credentials></AssumeRoleResult></AssumeRoleResponse>`)
		})
		env, now, _ := house(c, nil)
		s := newAWS(t, identity.AWSOptions{Deps: env, AccessKeyID: "B", SecretAccessKey: "s", RoleARN: "arn:aws:iam::1:role/r"})
		for range 2 {
			if id, _ := keyID(t, s); id != "A" {
				t.Error(id)
			}
			synctest.Wait()
			now.Advance(4 * time.Minute)
		}
		wantRequests(t, c, 2)
	})
}

// TestRoleElsewhere: the token that a role is asked for with does not follow a
// redirect.
func TestRoleElsewhere(t *testing.T) {
	w := newTown(t)
	for _, status := range []int{301, 302, 303, 307, 308} {
		w.become(func(rw http.ResponseWriter, r *http.Request) {
			if r.Host == "iam.test" {
				redirects(status)(rw, r)
				return
			}
			good(rw, r)
		})
		s, _, _ := who(t)["google role"](t, w)
		wantError(t, s, fmt.Sprint("status ", status))
	}
	if n := w.asked("elsewhere.test"); n > 0 {
		t.Errorf("%d requests elsewhere", n)
	}
}

// TestOddFiles: what is no small file is refused before it is read, and the
// error names it.
func TestOddFiles(t *testing.T) {
	dir := t.TempDir()
	const odd = "is not an ordinary file"
	pipe, large, folder := filepath.Join(dir, "pipe"), filepath.Join(dir, "large"), filepath.Join(dir, "folder")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, 1<<40); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	azure := func(d identity.Deps) (identity.Source, error) {
		return identity.NewAzure(identity.AzureOptions{Deps: d})
	}
	google := func(d identity.Deps) (identity.Source, error) {
		return identity.NewGoogle(identity.GoogleOptions{Deps: d})
	}
	aws := func(d identity.Deps) (identity.Source, error) {
		return identity.NewAWS(identity.AWSOptions{Deps: d, Service: "bedrock", Region: "eu-west-1"})
	}
	for _, tt := range []struct {
		env  string
		make func(identity.Deps) (identity.Source, error)
	}{
		{"AZURE_TENANT_ID=t AZURE_CLIENT_ID=c AZURE_FEDERATED_TOKEN_FILE=", azure},
		{"GOOGLE_APPLICATION_CREDENTIALS=", google},
		{"AWS_CONFIG_FILE=", aws},
		{"AWS_SHARED_CREDENTIALS_FILE=", aws},
		{"AWS_ROLE_ARN=r AWS_WEB_IDENTITY_TOKEN_FILE=", aws},
		{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/c AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=", aws},
	} {
		for file, why := range map[string]string{pipe: odd, "/dev/zero": odd, folder: odd, large: "is too large"} {
			env, _, _ := house(newCloud(good), pairs(tt.env+file))
			s, err := tt.make(env)
			if err != nil {
				t.Fatal(err)
			}
			wantError(t, s, "open "+file+": "+why)
		}
	}
	for _, file := range []string{os.DevNull, filepath.Join(dir, "none")} {
		env, _, _ := house(amazon(), pairs("AWS_CONFIG_FILE="+file+" AWS_SHARED_CREDENTIALS_FILE="+file))
		if id, _ := keyID(t, newAWS(t, identity.AWSOptions{Deps: env})); id != "MACHINE" {
			t.Errorf("%s: signed with %s", file, id)
		}
	}
}

// TestProgramWithoutEnd: the output of a program is bounded.
func TestProgramWithoutEnd(t *testing.T) {
	config := writeFile(t, "config", "[default]\ncredential_process = yes\n")
	env, _, _ := house(amazon(), pairs("AWS_CONFIG_FILE="+config))
	wantError(t, newAWS(t, identity.AWSOptions{Deps: env}), "profile: credential_process failed")
}

// TestBadProfiles: a profile that cannot be used is told of, by its name and
// without its text; it does not give way to who the machine is.
func TestBadProfiles(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"aws_access_key_id = " + awsSecret, "is incomplete"},
		{"retry_mode = " + awsSecret, "is incomplete"},
		{"sso_session = " + awsSecret, "is incomplete"},
		{"role_arn = x\nsource_profile = other\ncredential_source = Environment", "contradicts itself"},
		{"role_arn = x\nsource_profile = default", "leads nowhere, or in a circle"},
		{"role_arn = x\nsource_profile = other\n[profile other]\nrole_arn = y\nsource_profile = default", "leads nowhere, or in a circle"},
		{"role_arn = x\nsource_profile = other", `there is no profile "other"`},
		{"role_arn = x", "has a role_arn, but nothing to assume it with"},
		{"role_arn = x\nweb_identity_token_file = /none/web", "open /none/web"},
		{"aws_access_key_id = " + strings.Repeat("x", 1<<19) + "\naws_secret_access_key = " + awsSecret, "no usable keys"},
		{"credential_process = echo null", "credential_process failed"},
	} {
		c := amazon()
		env, _, log := house(c, pairs("AWS_CONFIG_FILE="+writeFile(t, "config", "[default]\n"+tt.text+"\n")))
		err := newAWS(t, identity.AWSOptions{Deps: env}).Authorize(t.Context(), question())
		hides(t, err, log, awsSecret)
		if err == nil || !strings.Contains(err.Error(), tt.want) || len(c.requests()) > 0 {
			t.Errorf("%.40s: got %v after %d requests, want %q", tt.text, err, len(c.requests()), tt.want)
		}
	}
}
