package identity

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const (
	awsIMDS     = "http://169.254.169.254"
	ecsHost     = "http://169.254.170.2"
	sessionName = "sluice"
	// roleLifetime is allowed for every role, whatever its own maximum.
	roleLifetime = time.Hour
)

// chain looks for AWS credentials, once. The order is that of the SDKs and the
// links are those of the SDK for Go; only the order is ours, since the SDK's
// own chain reads the environment of the process and keeps what it found. It
// is gone through afresh each time, so that a changed file or variable counts.
//
// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
type chain struct {
	*AWSOptions
	try *attempt
}

// retrieve gives the credentials to sign with.
func (c *chain) retrieve() (aws.Credentials, error) {
	from, provider, err := c.link()
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("%s: %w", from, err)
	}
	creds, err := c.from(from, provider)
	if err != nil || c.RoleARN == "" {
		return creds, err
	}
	role := stscreds.NewAssumeRoleProvider(c.sts(static(creds)), c.RoleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName, o.Duration = first(c.RoleSessionName, sessionName), roleLifetime
	})
	return c.from("role "+c.RoleARN, role)
}

func (c *chain) from(name string, p aws.CredentialsProvider) (aws.Credentials, error) {
	creds, err := p.Retrieve(c.try.ctx)
	if err != nil {
		err = c.try.problem(err)
	} else {
		err = usable(creds)
	}
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("%s: %w", name, err)
	}
	return creds, nil
}

// link is the first place of the chain that has something, and its name.
func (c *chain) link() (string, aws.CredentialsProvider, error) {
	if c.AccessKeyID != "" {
		return "configured keys", credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken), nil
	}
	if c.env("AWS_ACCESS_KEY_ID") != "" && c.env("AWS_SECRET_ACCESS_KEY") != "" {
		return "environment", c.environment(), nil
	}
	if file := c.env("AWS_WEB_IDENTITY_TOKEN_FILE"); file != "" {
		return "web identity", c.webIdentity(file, c.env("AWS_ROLE_ARN"), c.env("AWS_ROLE_SESSION_NAME")), nil
	}
	if provider, err := c.profile(); provider != nil || err != nil {
		return "profile", provider, err
	}
	if provider, err := c.container(); provider != nil || err != nil {
		return "container", provider, err
	}
	if strings.EqualFold(c.env("AWS_EC2_METADATA_DISABLED"), "true") {
		return "instance metadata", nil, errors.New("turned off, and there are no credentials elsewhere")
	}
	return "instance metadata", c.instance(), nil
}

func (c *chain) environment() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(c.env("AWS_ACCESS_KEY_ID"), c.env("AWS_SECRET_ACCESS_KEY"), c.env("AWS_SESSION_TOKEN"))
}

func static(v aws.Credentials) aws.CredentialsProvider {
	return credentials.StaticCredentialsProvider{Value: v}
}

func (c *chain) webIdentity(file, role, session string) aws.CredentialsProvider {
	return stscreds.NewWebIdentityRoleProvider(c.sts(aws.AnonymousCredentials{}), role, identityFile(file),
		func(o *stscreds.WebIdentityRoleOptions) { o.RoleSessionName = first(session, sessionName) })
}

// identityFile is the SDK's IdentityTokenFile with an error that can be told.
type identityFile string

// GetIdentityToken implements stscreds.IdentityTokenRetriever.
func (f identityFile) GetIdentityToken() ([]byte, error) { return readFile(string(f)) }

func (c *chain) sts(p aws.CredentialsProvider) *sts.Client {
	o := sts.Options{Region: c.Region, Credentials: p, HTTPClient: &c.try.client, Retryer: aws.NopRetryer{}}
	if endpoint := first(c.STSEndpoint, c.env("AWS_ENDPOINT_URL_STS")); endpoint != "" {
		o.BaseEndpoint = &endpoint
	}
	return sts.New(o)
}

// container asks the agent of ECS or EKS; nil when there is none. The token of
// EKS is replaced now and then.
func (c *chain) container() (aws.CredentialsProvider, error) {
	address := c.env("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	if path := c.env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); path != "" {
		address = ecsHost + path
	}
	if address == "" {
		return nil, nil //nolint:nilnil // without an agent the chain goes on
	}
	if err := containerAllowed(address); err != nil {
		return nil, err
	}
	key := c.env("AWS_CONTAINER_AUTHORIZATION_TOKEN")
	if file := c.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
		text, err := readFile(file)
		if err != nil {
			return nil, c.try.problem(err)
		}
		key = strings.TrimSpace(string(text))
	}
	return endpointcreds.New(address, func(o *endpointcreds.Options) {
		o.HTTPClient, o.Retryer, o.AuthorizationToken = &c.try.client, aws.NopRetryer{}, key
	}), nil
}

// containerAllowed: without TLS only the machine itself and the addresses of
// the agents may see the authorization token.
func containerAllowed(address string) error {
	u, err := url.Parse(address)
	if err == nil && u.Scheme == "https" && u.Hostname() != "" {
		return nil
	}
	agents := []string{"localhost", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"}
	if err == nil && u.Scheme == "http" && (slices.Contains(agents, u.Hostname()) || net.ParseIP(u.Hostname()).IsLoopback()) {
		return nil
	}
	return errors.New("AWS_CONTAINER_CREDENTIALS_FULL_URI names neither https nor an address of this machine or of an agent")
}

// instance asks the metadata service of the machine, version 2 only.
func (c *chain) instance() aws.CredentialsProvider {
	return ec2rolecreds.New(func(o *ec2rolecreds.Options) {
		o.Client = imds.New(imds.Options{
			HTTPClient: &c.try.client, Retryer: aws.NopRetryer{}, Endpoint: c.imds(),
			ClientEnableState: imds.ClientEnabled, EnableFallback: aws.FalseTernary,
		})
	})
}

func (c *chain) imds() string {
	return first(c.MetadataURL, c.env("AWS_EC2_METADATA_SERVICE_ENDPOINT"), awsIMDS)
}
