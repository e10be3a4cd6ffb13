package identity_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/identity"
)

// TestAzure: which credential is used, and what is asked with it.
func TestAzure(t *testing.T) {
	file := writeFile(t, "token", "federated.jwt\n")
	const (
		v2   = "/oauth2/v2.0/token "
		ask  = "client_id=%s&client_secret=%s&grant_type=client_credentials&scope=https://cognitiveservices.azure.com/.default"
		fed  = "client_assertion=federated.jwt&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_id=%s&grant_type=client_credentials&scope=https://cognitiveservices.azure.com/.default"
		imds = "GET http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&%sresource=https://cognitiveservices.azure.com "
		all  = "AZURE_TENANT_ID=et AZURE_CLIENT_ID=ec AZURE_CLIENT_SECRET=es"
	)
	form := func(pattern string, values ...string) string {
		for _, v := range values {
			pattern = strings.Replace(pattern, "%s", v, 1)
		}
		return pattern
	}
	for _, tt := range []struct {
		name string
		o    identity.AzureOptions
		env  string
		want string
	}{
		{"secret", identity.AzureOptions{TenantID: "t", ClientID: "c", ClientSecret: "s"}, "", "POST https://login.microsoftonline.com/t" + v2 + form(ask, "c", "s")},
		{"secret before all", identity.AzureOptions{TenantID: "t", ClientID: "c", ClientSecret: "s"}, all + " AZURE_FEDERATED_TOKEN_FILE=" + file + " IDENTITY_ENDPOINT=http://i IDENTITY_HEADER=h", "POST https://login.microsoftonline.com/t" + v2 + form(ask, "c", "s")},
		{"tenant is one segment", identity.AzureOptions{TenantID: "a/../b", ClientID: "c", ClientSecret: "s"}, "", "POST https://login.microsoftonline.com/a%2F..%2Fb" + v2 + form(ask, "c", "s")},
		{"environment", identity.AzureOptions{}, all, "POST https://login.microsoftonline.com/et" + v2 + form(ask, "ec", "es")},
		{"secret of the environment's client", identity.AzureOptions{TenantID: "t", ClientID: "ec"}, all, "POST https://login.microsoftonline.com/t" + v2 + form(ask, "ec", "es")},
		{"not another client's secret", identity.AzureOptions{ClientID: "user"}, all, form(imds, "client_id=user&")},
		{"authority", identity.AzureOptions{AuthorityHost: "https://login.example/"}, all + " AZURE_AUTHORITY_HOST=https://login.other/", "POST https://login.example/et" + v2 + form(ask, "ec", "es")},
		{"authority of the environment", identity.AzureOptions{}, all + " AZURE_AUTHORITY_HOST=https://login.other/", "POST https://login.other/et" + v2 + form(ask, "ec", "es")},
		{"federated", identity.AzureOptions{}, "AZURE_TENANT_ID=et AZURE_CLIENT_ID=ec AZURE_FEDERATED_TOKEN_FILE=" + file, "POST https://login.microsoftonline.com/et" + v2 + form(fed, "ec")},
		{"federated, another client", identity.AzureOptions{ClientID: "c"}, "AZURE_TENANT_ID=et AZURE_CLIENT_ID=ec AZURE_FEDERATED_TOKEN_FILE=" + file, "POST https://login.microsoftonline.com/et" + v2 + form(fed, "c")},
		{"app service", identity.AzureOptions{}, "IDENTITY_ENDPOINT=http://127.0.0.1:41741/msi/token IDENTITY_HEADER=h", "GET http://127.0.0.1:41741/msi/token?api-version=2019-08-01&resource=https://cognitiveservices.azure.com X-IDENTITY-HEADER=h"},
		{"app service, user-assigned", identity.AzureOptions{ClientID: "u"}, "IDENTITY_ENDPOINT=http://127.0.0.1:41741/msi/token IDENTITY_HEADER=h", "GET http://127.0.0.1:41741/msi/token?api-version=2019-08-01&client_id=u&resource=https://cognitiveservices.azure.com X-IDENTITY-HEADER=h"},
		{"machine", identity.AzureOptions{}, "", form(imds, "") + "Metadata=true"},
		{"machine elsewhere, another scope", identity.AzureOptions{MetadataURL: "http://imds.test/t", Scope: "https://ml.azure.com/.default"}, "", "GET http://imds.test/t?api-version=2018-02-01&resource=https://ml.azure.com Metadata=true"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(tokens())
			tt.o.Deps, _, _ = house(c, pairs(tt.env))
			s, err := identity.NewAzure(tt.o)
			if err != nil {
				t.Fatal(err)
			}
			wantRequests(t, c, 0)
			want(t, s, "t1")
			got := describe(t, c.requests()[0])
			if !strings.HasPrefix(got, tt.want) {
				t.Errorf("asked %s\nwant  %s", got, tt.want)
			}
		})
	}
}

// TestAzureRefusals: options that cannot work, and files that are not there.
func TestAzureRefusals(t *testing.T) {
	env, _, _ := house(newCloud(tokens()), nil)
	for _, o := range []identity.AzureOptions{
		{ClientSecret: clientSecret},
		{ClientID: "c", ClientSecret: clientSecret},
		{TenantID: "t", ClientSecret: clientSecret},
	} {
		o.Deps = env
		if _, err := identity.NewAzure(o); err == nil || strings.Contains(err.Error(), clientSecret) {
			t.Error(err)
		}
	}
	env, _, _ = house(newCloud(tokens()), pairs("AZURE_TENANT_ID=t AZURE_CLIENT_ID=c AZURE_FEDERATED_TOKEN_FILE=/none/token"))
	s, err := identity.NewAzure(identity.AzureOptions{Deps: env})
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, s, "open /none/token")
	env, _, _ = house(newCloud(tokens()), nil)
	s, err = identity.NewAzure(identity.AzureOptions{Deps: env, MetadataURL: "http://a b/" + clientSecret})
	if err != nil {
		t.Fatal(err)
	}
	_, err = authorize(t.Context(), s)
	hides(t, err, &logbook{}, clientSecret)
	wantError(t, s, "not a URL")
}

func pairs(text string) map[string]string {
	out := map[string]string{}
	for f := range strings.FieldsSeq(text) {
		name, value, _ := strings.Cut(f, "=")
		out[name] = value
	}
	return out
}

// describe is a request as a line: method, address, then body or header.
func describe(t *testing.T, a asked) string {
	t.Helper()
	if a.method == "POST" {
		return a.method + " " + a.url + " " + unescape(t, a.body)
	}
	line := a.method + " " + unescape(t, a.url) + " "
	for _, name := range []string{"X-IDENTITY-HEADER", "Metadata", "Metadata-Flavor"} {
		if v := a.header.Get(name); v != "" {
			line += name + "=" + v
		}
	}
	return line
}

func unescape(t *testing.T, s string) string {
	t.Helper()
	out, err := url.QueryUnescape(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
