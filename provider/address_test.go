package provider_test

import (
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/schema"
)

// TestTemplatesInHosts: callers do not choose where a credential goes.
func TestTemplatesInHosts(t *testing.T) {
	for _, tt := range []struct {
		url     string
		refused bool
	}{
		{"http://$(headers.x)/v1", true},
		{"http://$(query_params.x):8080/v1", true},
		{"$(headers.x)", true},
		{"$(headers.x)://api.example.com/", true},
		{"https://$(headers.x).com/", true},
		{"https://$(headers.x)example.com/", true},
		{"https://api.example.com$(headers.x)/", true},
		{"https://api.example.com:$(headers.x)/", true},
		{"https://user@$(headers.x)/", true},
		{"https://$(headers.x).example.com/$(headers.y)", false},
		{"https://eu-$(headers.x).example.com:8443?a=$(headers.y)", false},
		{"https://api.example.com/$(headers.x)", false},
	} {
		for name, auth := range map[string]provider.Auth{
			"":               {},
			"header":         {HeaderName: "Authorization", HeaderValue: "Bearer x"},
			"parameter":      {ParamName: "key", ParamValue: "x", ParamLocation: "query"},
			"google":         {GCPUseServiceAccount: true},
			"google account": {GCPServiceAccountJSON: "{}"},
			"azure":          {AzureUseManagedIdentity: true},
			"azure secret":   {AzureTenantID: "t", AzureClientID: "c", AzureClientSecret: "s"},
			"aws":            {AWSAccessKeyID: "a", AWSSecretAccessKey: "s"},
		} {
			m := provider.Model{Provider: "openai"}
			m.Options.UpstreamURL = tt.url
			var e schema.Errors
			provider.CheckRecord(&e, &provider.Record{RouteType: provider.Chat, Auth: &auth, Model: &m, Logging: &provider.Logging{}})
			if refused := !e.Empty(); refused != (tt.refused && name != "") {
				t.Errorf("%s, credential %q: refused %t", tt.url, name, refused)
			}
		}
	}
}

// TestValuesInHosts: a value that stands before a domain stays before it.
func TestValuesInHosts(t *testing.T) {
	for value, good := range map[string]bool{
		"acme": true, "acme-1": true, "": false, "evil.com/": false, "evil.com#": false, "evil.com?": false, "a@evil.com": false,
		"evil.com:80": false, `evil.com\`: false, "..": false, "a%2f": false,
	} {
		ex := &flow.Exchange{}
		ex.In.Header.Add("x", value)
		for _, set := range []func(*provider.Model){
			func(m *provider.Model) { m.Options.UpstreamURL = "https://$(headers.x).example.com/$(headers.x)" },
			func(m *provider.Model) { m.Options.AzureInstance = "$(headers.x)" },
			func(m *provider.Model) { m.Options.Databricks.WorkspaceInstanceID = "$(headers.x)" },
			func(m *provider.Model) { m.Options.Gemini.APIEndpoint = "$(headers.x).googleapis.example.com" },
		} {
			var m provider.Model
			set(&m)
			_, err := m.Resolve(ex)
			if (err == nil) != good || err != nil && !strings.Contains(err.Error(), "headers.x") {
				t.Errorf("%q: %v", value, err)
			}
		}
	}
	var m provider.Model
	if _, err := provider.ParseLocation("https://user:pass@api.example.com"); err == nil || m.Dynamic() {
		t.Errorf("a user and password: %v", err)
	}
}
