package identity_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-gateway/sluice/header"
	"github.com/sluice-gateway/sluice/identity"
)

const (
	awsSecret = "secret/access+key"
	awsToken  = "session-token-of-aws"
	webToken  = "web.identity.token"
)

// amazon is a cloud with a token service, a container's agent and a machine's
// metadata service. Each hands out a key id of its own, good for an hour.
func amazon() *cloud {
	return newCloud(func(w http.ResponseWriter, r *http.Request) {
		end := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
		keys := func(id string) string {
			return fmt.Sprintf(`{"Code":"Success","AccessKeyId":%q,"SecretAccessKey":%q,"Token":%q,"Expiration":%q}`, id, awsSecret, awsToken, end)
		}
		switch {
		case strings.HasPrefix(r.URL.Host, "sts."):
			_, _ = io.WriteString(w, assumed(r, end))
		case r.URL.Host == "169.254.170.2" || r.URL.Host == "169.254.170.23" || r.URL.Host == "localhost:8080":
			_, _ = io.WriteString(w, keys("AGENT"))
		case r.URL.Path == "/latest/api/token" && r.Method == "PUT":
			w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
			_, _ = io.WriteString(w, "imds-token")
		case r.Header.Get("X-Aws-Ec2-Metadata-Token") != "imds-token":
			w.WriteHeader(401)
		case r.URL.Path == "/latest/meta-data/iam/security-credentials/":
			_, _ = io.WriteString(w, "machine-role")
		case r.URL.Path == "/latest/meta-data/iam/security-credentials/machine-role":
			_, _ = io.WriteString(w, keys("MACHINE"))
		default:
			w.WriteHeader(404)
		}
	})
}

// assumed is the token service's answer: the key id tells the role.
func assumed(r *http.Request, end string) string {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	action := form.Get("Action")
	return fmt.Sprintf(`<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult><Credentials>`+
		`<AccessKeyId>%[2]s</AccessKeyId><SecretAccessKey>%[3]s</SecretAccessKey><SessionToken>%[4]s</SessionToken><Expiration>%[5]s</Expiration>`+
		`</Credentials></%[1]sResult></%[1]sResponse>`, action, "ROLE-"+filepath.Base(form.Get("RoleArn")), awsSecret, awsToken, end)
}

func newAWS(t *testing.T, o identity.AWSOptions) *identity.AWS {
	t.Helper()
	o.Service = "bedrock"
	if o.Region == "" {
		o.Region = "eu-west-1"
	}
	s, err := identity.NewAWS(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// keyID signs a request and tells with which key.
func keyID(t *testing.T, s identity.Source) (id, token string) {
	t.Helper()
	r := question()
	if err := s.Authorize(t.Context(), r); err != nil {
		return "error: " + err.Error(), ""
	}
	_, after, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	id, _, _ = strings.Cut(after, "/")
	return id, r.Header.Get("X-Amz-Security-Token")
}

// TestAWSChain: where credentials come from, and in which order.
func TestAWSChain(t *testing.T) {
	web := writeFile(t, "web", webToken)
	agent := writeFile(t, "agent", "agent-token\n")
	profiles := writeFile(t, "config", `
[default]
region = us-west-1
aws_access_key_id = PROFILE
aws_secret_access_key = x
[profile region]
region = us-west-1
[profile role]
role_arn = arn:aws:iam::1:role/p
source_profile = default
[profile web]
role_arn = arn:aws:iam::1:role/w
web_identity_token_file = `+web+`
[profile machine]
role_arn = arn:aws:iam::1:role/m
credential_source = Ec2InstanceMetadata
[profile environment]
role_arn = arn:aws:iam::1:role/e
credential_source = Environment
external_id = ext
role_session_name = mine
duration_seconds = 1800
[profile container]
role_arn = arn:aws:iam::1:role/c
credential_source = EcsContainer
[profile odd]
role_arn = arn:aws:iam::1:role/o
credential_source = Elsewhere
[profile factor]
role_arn = arn:aws:iam::1:role/f
source_profile = default
mfa_serial = arn:aws:iam::1:mfa/me
[profile person]
sso_start_url = https://sso.example
sso_region = us-east-1
sso_account_id = 1
sso_role_name = r
[profile program]
credential_process = echo '{"Version":1,"AccessKeyId":"PROGRAM","SecretAccessKey":"x"}'
`)
	keys := writeFile(t, "credentials", "[default]\naws_access_key_id = SHARED\naws_secret_access_key = x\naws_session_token = st\n")
	const none = "AWS_CONFIG_FILE=/none AWS_SHARED_CREDENTIALS_FILE=/none "
	ofProfile := "AWS_SHARED_CREDENTIALS_FILE=/none AWS_CONFIG_FILE=" + profiles + " AWS_PROFILE="
	for _, tt := range []struct {
		name string
		o    identity.AWSOptions
		env  string
		id   string
		asks string
	}{
		{"configured", identity.AWSOptions{AccessKeyID: "MINE", SecretAccessKey: "x"}, "AWS_ACCESS_KEY_ID=ENV AWS_SECRET_ACCESS_KEY=x AWS_SESSION_TOKEN=t", "MINE", ""},
		{"environment", identity.AWSOptions{}, "AWS_ACCESS_KEY_ID=ENV AWS_SECRET_ACCESS_KEY=x AWS_SESSION_TOKEN=t AWS_WEB_IDENTITY_TOKEN_FILE=" + web, "ENV t", ""},
		{"web identity", identity.AWSOptions{}, "AWS_CONFIG_FILE=" + profiles + " AWS_ACCESS_KEY_ID=HALF AWS_WEB_IDENTITY_TOKEN_FILE=" + web + " AWS_ROLE_ARN=arn:aws:iam::1:role/r", "ROLE-r", "POST https://sts.eu-west-1.amazonaws.com/"},
		{"web identity elsewhere", identity.AWSOptions{Region: "cn-north-1"}, none + "AWS_WEB_IDENTITY_TOKEN_FILE=" + web + " AWS_ROLE_ARN=arn:aws:iam::1:role/r", "ROLE-r", "POST https://sts.cn-north-1.amazonaws.com.cn/"},
		{"profile", identity.AWSOptions{}, strings.TrimSuffix(ofProfile, " AWS_PROFILE=") + " AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/c", "PROFILE", ""},
		{"shared keys", identity.AWSOptions{}, "AWS_CONFIG_FILE=" + profiles + " AWS_SHARED_CREDENTIALS_FILE=" + keys, "SHARED st", ""},
		{"home", identity.AWSOptions{}, "HOME=/none AWS_CONFIG_FILE=" + profiles, "PROFILE", ""},
		{"role of a profile", identity.AWSOptions{}, ofProfile + "role", "ROLE-p", "POST https://sts.eu-west-1.amazonaws.com/"},
		{"web identity of a profile", identity.AWSOptions{}, ofProfile + "web", "ROLE-w", "POST https://sts.eu-west-1.amazonaws.com/"},
		{"role of the machine", identity.AWSOptions{}, ofProfile + "machine", "ROLE-m", "PUT http://169.254.169.254/latest/api/token"},
		{"role of the environment", identity.AWSOptions{}, ofProfile + "environment AWS_ACCESS_KEY_ID=ENV", "error: AWS credentials: profile: credential_source is Environment, but there are no keys in it", ""},
		{"role of the container", identity.AWSOptions{}, ofProfile + "container AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/c", "ROLE-c", "GET http://169.254.170.2/v2/c"},
		{"role of no container", identity.AWSOptions{}, ofProfile + "container", "error: AWS credentials: profile: credential_source is EcsContainer, but there is no container's agent", ""},
		{"role of somewhere", identity.AWSOptions{}, ofProfile + "odd", "error: AWS credentials: profile: credential_source is none of Environment, Ec2InstanceMetadata and EcsContainer", ""},
		{"role with a second factor", identity.AWSOptions{}, ofProfile + "factor", "error: AWS credentials: profile: the role wants a second factor, which nobody is there to enter", ""},
		{"single sign-on", identity.AWSOptions{}, ofProfile + "person", "error: AWS credentials: profile: a session of a person is not used; credential_process = aws configure export-credentials --format process brings its keys", ""},
		{"program of a profile", identity.AWSOptions{}, ofProfile + "program", "PROGRAM", ""},
		{"profile without keys", identity.AWSOptions{}, ofProfile + "region AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/c", "AGENT", "GET http://169.254.170.2/v2/c"},
		{"profile that is missing", identity.AWSOptions{}, ofProfile + "gone AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/c", `error: AWS credentials: profile: there is no profile "gone"`, ""},
		{"ECS", identity.AWSOptions{}, none + "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/c AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23/v1", "AGENT", "GET http://169.254.170.2/v2/c"},
		{"EKS", identity.AWSOptions{}, none + "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23/v1/credentials AWS_CONTAINER_AUTHORIZATION_TOKEN=other AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=" + agent, "AGENT", "GET http://169.254.170.23/v1/credentials agent-token"},
		{"agent of the machine", identity.AWSOptions{}, none + "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://localhost:8080/k AWS_CONTAINER_AUTHORIZATION_TOKEN=value", "AGENT", "GET http://localhost:8080/k value"},
		{"agent elsewhere", identity.AWSOptions{}, none + "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://192.0.2.1/k", "error: AWS credentials: container: AWS_CONTAINER_CREDENTIALS_FULL_URI names neither https nor an address of this machine or of an agent", ""},
		{"machine", identity.AWSOptions{}, none, "MACHINE", "PUT http://169.254.169.254/latest/api/token"},
		{"machine elsewhere", identity.AWSOptions{}, none + "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://[fd00:ec2::254]", "MACHINE", "PUT http://[fd00:ec2::254]/latest/api/token"},
		{"machine, as configured", identity.AWSOptions{MetadataURL: "http://imds.test"}, none, "MACHINE", "PUT http://imds.test/latest/api/token"},
		{"nothing", identity.AWSOptions{}, "AWS_EC2_METADATA_DISABLED=True", "error: AWS credentials: instance metadata: turned off, and there are no credentials elsewhere", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := amazon()
			tt.o.Deps, _, _ = house(c, pairs(tt.env))
			id, token := keyID(t, newAWS(t, tt.o))
			if strings.HasPrefix(tt.id, "ROLE") || tt.id == "AGENT" || tt.id == "MACHINE" {
				tt.id += " " + awsToken
			}
			if got := strings.TrimSpace(id + " " + token); got != tt.id {
				t.Errorf("signed with %q, want %q", got, tt.id)
			}
			got := ""
			if all := c.requests(); len(all) > 0 {
				got = all[0].method + " " + all[0].url
				if auth := all[0].header.Get("Authorization"); !strings.HasPrefix(auth, "AWS4") {
					got = strings.TrimSpace(got + " " + auth)
				}
			}
			if got != tt.asks {
				t.Errorf("asked %q, want %q", got, tt.asks)
			}
		})
	}
}

// TestAssumeRole: a role is assumed with the credentials at hand, in a request
// that they sign.
func TestAssumeRole(t *testing.T) {
	c := amazon()
	env, _, _ := house(c, nil)
	s := newAWS(t, identity.AWSOptions{
		Deps: env, AccessKeyID: suiteID, SecretAccessKey: suiteSecret, SessionToken: suiteToken,
		RoleARN: "arn:aws:iam::123456789012:role/gateway", STSEndpoint: "https://sts.internal.example",
	})
	if id, token := keyID(t, s); id != "ROLE-gateway" || token != awsToken {
		t.Errorf("signed with %q, %q", id, token)
	}
	a := c.requests()[0]
	if a.url != "https://sts.internal.example/" || a.method != "POST" {
		t.Errorf("asked %s %s", a.method, a.url)
	}
	form, _ := url.ParseQuery(a.body)
	if form.Get("Action") != "AssumeRole" || form.Get("RoleArn") != "arn:aws:iam::123456789012:role/gateway" ||
		form.Get("RoleSessionName") != "sluice" || form.Get("DurationSeconds") != "3600" {
		t.Errorf("asked %s", a.body)
	}
	h := header.Header{}
	for name, values := range a.header {
		h.Add(name, values[0])
	}
	h.Set("Content-Length", fmt.Sprint(len(a.body)))
	r := &identity.Request{Method: "POST", Host: "sts.internal.example", Path: "/", Header: &h, Body: []byte(a.body)}
	if got := h.Get("Authorization"); !strings.Contains(got, "/eu-west-1/sts/aws4_request") || !strings.HasSuffix(got, "Signature="+signed(r, suiteSecret)) || h.Get("X-Amz-Security-Token") != suiteToken {
		t.Errorf("signed %s, want %s", got, signed(r, suiteSecret))
	}
}

// TestAssumeRoleOfChain: a role on top of what a machine has, with a name.
func TestAssumeRoleOfChain(t *testing.T) {
	c := amazon()
	env, _, _ := house(c, pairs("AWS_ENDPOINT_URL_STS=https://sts.vpce.example"))
	s := newAWS(t, identity.AWSOptions{Deps: env, RoleARN: "arn:aws:iam::1:role/r", RoleSessionName: "mine"})
	if id, _ := keyID(t, s); id != "ROLE-r" {
		t.Error(id)
	}
	all := c.requests()
	last := all[len(all)-1]
	if last.url != "https://sts.vpce.example/" || !strings.Contains(last.body, "RoleSessionName=mine") || !strings.Contains(last.header.Get("Authorization"), "Credential=MACHINE/") {
		t.Errorf("asked %s %s %v", last.url, last.body, last.header)
	}
}

// TestAWSOptions: the region, and options that cannot work.
func TestAWSOptions(t *testing.T) {
	for _, tt := range []struct{ option, env, want string }{
		{"a", "AWS_REGION=b AWS_DEFAULT_REGION=c", "a"},
		{"", "AWS_REGION=b AWS_DEFAULT_REGION=c", "b"},
		{"", "AWS_DEFAULT_REGION=c", "c"},
		{"", "", ""},
	} {
		env, _, _ := house(nil, pairs(tt.env))
		s, err := identity.NewAWS(identity.AWSOptions{Deps: env, Service: "bedrock", Region: tt.option})
		switch {
		case tt.want == "" && (!errors.Is(err, identity.ErrRegion) || err.Error() != "AWS region not specified anywhere"):
			t.Errorf("no region: %v", err)
		case tt.want != "" && (err != nil || s.Region() != tt.want):
			t.Errorf("%v: %v", tt, err)
		}
	}
	for _, o := range []identity.AWSOptions{{Region: "a"}, {Region: "a", Service: "b", AccessKeyID: "c"}, {Region: "a", Service: "b", SecretAccessKey: awsSecret}} {
		if _, err := identity.NewAWS(o); err == nil || strings.Contains(err.Error(), awsSecret) {
			t.Error(err)
		}
	}
	if s, err := identity.NewAWS(identity.AWSOptions{Region: "a", Service: "b", AccessKeyID: "c\r\nd", SecretAccessKey: "e"}); err != nil {
		t.Error(err)
	} else {
		wantError(t, s, "no usable keys")
	}
}

// TestAWSFailures: what goes wrong is told without secrets.
func TestAWSFailures(t *testing.T) {
	web := writeFile(t, "web", webToken)
	refusal := `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>%s</Code><Message>The canonical string is ` + awsSecret + ` ` + webToken + `</Message></Error></ErrorResponse>`
	role := identity.AWSOptions{AccessKeyID: "A", SecretAccessKey: awsSecret, RoleARN: "arn:aws:iam::1:role/r"}
	const agent = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/c"
	const keys = `"SecretAccessKey":"` + awsSecret + `","Token":"` + awsToken + `"`
	broken := writeFile(t, "config", "[default]\ncredential_process = echo "+awsSecret+"\n[profile failing]\ncredential_process = echo "+awsSecret+" >&2; exit 3\n")
	for _, tt := range []struct {
		name   string
		o      identity.AWSOptions
		env    string
		status int
		body   string
		want   string
	}{
		{"role refused", role, "", 403, fmt.Sprintf(refusal, "AccessDenied"), "AWS credentials: role arn:aws:iam::1:role/r: the endpoint answered with status 403 AccessDenied"},
		{"role with an odd code", role, "", 403, fmt.Sprintf(refusal, awsSecret), "role arn:aws:iam::1:role/r: the endpoint answered with status 403"},
		{"role, garbage", role, "", 200, awsSecret, "cannot be used"},
		{"role, nothing", role, "", 200, "", "cannot be used"},
		{"role, broken", role, "", 500, awsSecret, "status 500"},
		{"web identity refused", identity.AWSOptions{}, "AWS_ROLE_ARN=r AWS_WEB_IDENTITY_TOKEN_FILE=" + web, 400, fmt.Sprintf(refusal, "InvalidIdentityToken"), "web identity: the endpoint answered with status 400 InvalidIdentityToken"},
		{"web identity without a file", identity.AWSOptions{}, "AWS_ROLE_ARN=r AWS_WEB_IDENTITY_TOKEN_FILE=/none/web", 400, "", "web identity: open /none/web"},
		{"agent refused", identity.AWSOptions{}, agent, 403, `{"code":"AccessDenied","message":"` + awsSecret + `"}`, "container: the endpoint answered with status 403 AccessDenied"},
		{"agent, garbage", identity.AWSOptions{}, agent, 200, awsSecret, "container: the answer of the endpoint cannot be used"},
		{"agent, other JSON", identity.AWSOptions{}, agent, 200, `{"a":"` + awsSecret + `"}`, "container: what was obtained are no usable keys"},
		{"agent, two lines", identity.AWSOptions{}, agent, 200, `{"AccessKeyId":"A\r\nX: y",` + keys + `}`, "container: what was obtained are no usable keys"},
		{"agent, expired", identity.AWSOptions{}, agent, 200, `{"AccessKeyId":"A","Expiration":"2001-01-01T00:00:00Z",` + keys + `}`, "expires at once"},
		{"agent, no date", identity.AWSOptions{}, agent, 200, `{"AccessKeyId":"A","Expiration":"` + awsSecret + `",` + keys + `}`, "container: the answer of the endpoint cannot be used"},
		{"machine without roles", identity.AWSOptions{}, "", 404, "", "instance metadata: the endpoint answered with status 404"},
		{"machine refuses version 2", identity.AWSOptions{}, "", 403, "", "instance metadata: the endpoint answered with status 403"},
		{"program's output", identity.AWSOptions{}, "AWS_CONFIG_FILE=" + broken, 200, "", "profile: credential_process failed"},
		{"program fails", identity.AWSOptions{}, "AWS_PROFILE=failing AWS_CONFIG_FILE=" + broken, 200, "", "profile: credential_process failed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(tt.body, "{") {
					w.Header().Set("Content-Type", "application/json")
				}
				says(tt.status, tt.body)(w, r)
			})
			var log *logbook
			tt.o.Deps, _, log = house(c, pairs(tt.env))
			r := question()
			err := newAWS(t, tt.o).Authorize(t.Context(), r)
			hides(t, err, log, awsSecret, awsToken, webToken)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if len(c.requests()) > 1 {
				t.Errorf("asked %d times", len(c.requests()))
			}
		})
	}
}

// TestAWSOnce: a hundred callers, one session; renewed before it ends.
func TestAWSOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := amazon()
		env, now, _ := house(c, nil)
		s := newAWS(t, identity.AWSOptions{Deps: env, AccessKeyID: "A", SecretAccessKey: "s", RoleARN: "arn:aws:iam::1:role/r"})
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if id, _ := keyID(t, s); id != "ROLE-r" {
					t.Error(id)
				}
			})
		}
		all.Wait()
		wantRequests(t, c, 1)
		now.Advance(57 * time.Minute)
		if id, _ := keyID(t, s); id != "ROLE-r" {
			t.Error(id)
		}
		synctest.Wait()
		wantRequests(t, c, 2)
	})
}

// TestAWSHanging: no link of the chain hangs longer than allowed.
func TestAWSHanging(t *testing.T) {
	for _, tt := range []struct {
		name string
		o    identity.AWSOptions
		env  string
	}{
		{"role", identity.AWSOptions{AccessKeyID: "A", SecretAccessKey: "s", RoleARN: "arn:aws:iam::1:role/r"}, ""},
		{"agent", identity.AWSOptions{}, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/c"},
		{"machine", identity.AWSOptions{}, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			var now interface{ Advance(time.Duration) }
			tt.o.Deps, now, _ = house(newCloud(hang), pairs(tt.env))
			s := newAWS(t, tt.o)
			done := make(chan error)
			go func() { done <- s.Authorize(t.Context(), question()) }()
			synctest.Wait()
			now.Advance(10 * time.Second)
			if err := <-done; err == nil || !strings.Contains(err.Error(), "no answer") {
				t.Errorf("%s: %v", tt.name, err)
			}
		})
	}
}

// TestAWSChanges: keys in a file may be replaced while the gateway runs.
func TestAWSChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := writeFile(t, "credentials", "[default]\naws_access_key_id = OLD\naws_secret_access_key = x\n")
		env, now, log := house(amazon(), map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file, "AWS_EC2_METADATA_DISABLED": "true"})
		s := newAWS(t, identity.AWSOptions{Deps: env})
		for _, want := range []string{"OLD", "OLD", "NEW"} {
			if id, _ := keyID(t, s); id != want {
				t.Errorf("signed with %s, want %s", id, want)
			}
			synctest.Wait()
			if err := os.WriteFile(file, []byte("[default]\naws_access_key_id = NEW\naws_secret_access_key = x\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			now.Advance(15 * time.Minute)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if id, _ := keyID(t, s); id != "NEW" {
				t.Error(id)
			}
			synctest.Wait()
		}
		if strings.Count(log.String(), "credential not renewed") != 1 {
			t.Errorf("logged: %s", log)
		}
	})
}
