package identity

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"
)

const (
	azureAuthority = "https://login.microsoftonline.com"
	azureScope     = "https://cognitiveservices.azure.com/.default"
	azureIMDS      = "http://169.254.169.254/metadata/identity/oauth2/token"
	azureAssertion = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

// AzureOptions say who the gateway is in Microsoft Entra. What is left empty
// comes from the environment: AZURE_TENANT_ID, AZURE_CLIENT_ID and
// AZURE_CLIENT_SECRET.
type AzureOptions struct {
	Deps
	// TenantID is the directory that issues tokens.
	TenantID string
	// ClientID is an application, or a user-assigned managed identity.
	ClientID string
	// ClientSecret belongs to the application. A secret from the environment
	// is used only with the environment's client id.
	ClientSecret string
	// AuthorityHost replaces https://login.microsoftonline.com and
	// AZURE_AUTHORITY_HOST.
	AuthorityHost string
	// MetadataURL replaces the token address of the instance metadata service.
	MetadataURL string
	// Scope replaces https://cognitiveservices.azure.com/.default.
	Scope string
}

// Azure authorizes with a token of Microsoft Entra: by client secret, else by
// the token of a federated identity (AZURE_FEDERATED_TOKEN_FILE, which AKS
// sets), else as the managed identity of an App Service (IDENTITY_ENDPOINT) or
// of a virtual machine.
//
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
// https://learn.microsoft.com/azure/app-service/overview-managed-identity
// https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
type Azure struct{ bearer }

// NewAzure makes a source. Nothing is asked before it is needed.
func NewAzure(o AzureOptions) (*Azure, error) {
	o.Deps = o.complete()
	tenant, client, secret := o.TenantID, o.ClientID, o.ClientSecret
	if tenant == "" {
		tenant = o.env("AZURE_TENANT_ID")
	}
	if known := o.env("AZURE_CLIENT_ID"); client == "" || client == known {
		client, secret = known, first(secret, o.env("AZURE_CLIENT_SECRET"))
	}
	a := &azure{
		Deps: o.Deps, tenant: tenant, client: client, secret: secret,
		authority: strings.TrimRight(first(o.AuthorityHost, o.env("AZURE_AUTHORITY_HOST"), azureAuthority), "/"),
		metadata:  first(o.MetadataURL, azureIMDS), scope: first(o.Scope, azureScope),
	}
	if secret != "" && (tenant == "" || client == "") {
		return nil, errors.New("an Azure client secret needs a tenant id and a client id")
	}
	return &Azure{bearer{newLease(&a.Deps, "Azure token", a.fetch)}}, nil
}

// azure asks for tokens.
type azure struct {
	Deps
	tenant, client, secret     string
	authority, metadata, scope string
}

func (a *azure) fetch(ctx context.Context) (string, time.Time, error) {
	t, err := a.token(a.attempt(ctx))
	if err != nil {
		return "", time.Time{}, err
	}
	return t.field(a.Clock.Now())
}

func (a *azure) token(try *attempt) (token, error) {
	file := a.env("AZURE_FEDERATED_TOKEN_FILE")
	switch {
	case a.secret != "":
		return a.grant(try, "client_secret", a.secret)
	case file != "" && a.tenant != "" && a.client != "":
		return a.federated(try, file)
	default:
		return a.managed(try)
	}
}

// federated exchanges the token in file, which is replaced now and then.
func (a *azure) federated(try *attempt, file string) (token, error) {
	text, err := readFile(file)
	if err != nil {
		return token{}, try.problem(err)
	}
	return a.grant(try, "client_assertion", strings.TrimSpace(string(text)))
}

func (a *azure) grant(try *attempt, proof, value string) (token, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {a.client}, "scope": {a.scope}, proof: {value}}
	if proof == "client_assertion" {
		form.Set("client_assertion_type", azureAssertion)
	}
	req, err := post(try.ctx, a.authority+"/"+url.PathEscape(a.tenant)+"/oauth2/v2.0/token", form)
	if err != nil {
		return token{}, err
	}
	return try.ask(req, a.Clock.Now())
}

// managed asks the service that the platform offers beside the program.
func (a *azure) managed(try *attempt) (token, error) {
	address, version, name, value := a.metadata, "2018-02-01", "Metadata", "true"
	if endpoint, key := a.env("IDENTITY_ENDPOINT"), a.env("IDENTITY_HEADER"); endpoint != "" && key != "" {
		address, version, name, value = endpoint, "2019-08-01", "X-IDENTITY-HEADER", key
	}
	query := url.Values{"api-version": {version}, "resource": {strings.TrimSuffix(a.scope, "/.default")}}
	if a.client != "" {
		query.Set("client_id", a.client)
	}
	req, err := get(try.ctx, address+"?"+query.Encode(), name, value)
	if err != nil {
		return token{}, err
	}
	return try.ask(req, a.Clock.Now())
}
