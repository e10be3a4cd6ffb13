package identity

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
)

const (
	awsIMDS     = "http://169.254.169.254"
	ecsHost     = "http://169.254.170.2"
	sessionName = "sluice"
	// roleLifetime is allowed for every role, whatever its own maximum.
	roleLifetime = time.Hour
)

// chain looks for AWS credentials, once. The order is that of the SDKs and the
// links are those of the SDK for Go; only the order is ours, since the SDK
// reads the environment of the process and nothing else. It is gone through
// afresh each time, so that a changed file or variable counts.
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
		return aws.Credentials{}, err
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
	id, secret := c.env("AWS_ACCESS_KEY_ID"), c.env("AWS_SECRET_ACCESS_KEY")
	if id != "" && secret != "" {
		return "environment", credentials.NewStaticCredentialsProvider(id, secret, c.env("AWS_SESSION_TOKEN")), nil
	}
	if file := c.env("AWS_WEB_IDENTITY_TOKEN_FILE"); file != "" {
		return "web identity", c.webIdentity(file), nil
	}
	if provider, err := c.profile(); provider != nil || err != nil {
		return "profile", provider, err
	}
	if path := c.env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); path != "" {
		return "container", c.container(ecsHost + path), nil
	}
	if address := c.env("AWS_CONTAINER_CREDENTIALS_FULL_URI"); address != "" {
		return "container", c.container(address), containerAllowed(address)
	}
	if strings.EqualFold(c.env("AWS_EC2_METADATA_DISABLED"), "true") {
		return "", nil, errors.New("there are none, and the instance metadata service is turned off")
	}
	return "instance metadata", c.instance(), nil
}

func static(v aws.Credentials) aws.CredentialsProvider {
	return credentials.StaticCredentialsProvider{Value: v}
}

func (c *chain) webIdentity(file string) aws.CredentialsProvider {
	return stscreds.NewWebIdentityRoleProvider(c.sts(aws.AnonymousCredentials{}), c.env("AWS_ROLE_ARN"), stscreds.IdentityTokenFile(file),
		func(o *stscreds.WebIdentityRoleOptions) {
			o.RoleSessionName = first(c.env("AWS_ROLE_SESSION_NAME"), sessionName)
		})
}

func (c *chain) sts(p aws.CredentialsProvider) *sts.Client {
	o := sts.Options{Region: c.Region, Credentials: p, HTTPClient: &c.try.client, Retryer: aws.NopRetryer{}}
	if endpoint := first(c.STSEndpoint, c.env("AWS_ENDPOINT_URL_STS")); endpoint != "" {
		o.BaseEndpoint = &endpoint
	}
	return sts.New(o)
}

// profile is what the profile files say; nil when they say nothing. Roles,
// programs and single sign-on in them are the SDK's business.
func (c *chain) profile() (aws.CredentialsProvider, error) {
	named := c.env("AWS_PROFILE")
	name := first(named, c.env("AWS_DEFAULT_PROFILE"), config.DefaultSharedConfigProfile)
	configs, creds := c.files("AWS_CONFIG_FILE", "config"), c.files("AWS_SHARED_CREDENTIALS_FILE", "credentials")
	p, err := config.LoadSharedConfigProfile(c.try.ctx, name, func(o *config.LoadSharedConfigOptions) {
		o.ConfigFiles, o.CredentialsFiles = configs, creds
	})
	if _, missing := errors.AsType[config.SharedConfigProfileNotExistError](err); missing && named == "" {
		return nil, nil //nolint:nilnil // without a profile the chain goes on
	}
	if err != nil {
		return nil, fmt.Errorf("profile: %w", c.try.problem(err))
	}
	if !hasCredentials(&p) {
		return nil, nil //nolint:nilnil // a profile may hold a region only
	}
	loaded, err := config.LoadDefaultConfig(c.try.ctx, config.WithSharedConfigProfile(name),
		config.WithSharedConfigFiles(configs), config.WithSharedCredentialsFiles(creds), config.WithRegion(c.Region),
		config.WithHTTPClient(&c.try.client), config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
		config.WithLogger(logging.Nop{}), config.WithDefaultsMode(aws.DefaultsModeStandard), config.WithEC2IMDSEndpoint(c.imds()))
	if err != nil {
		return nil, fmt.Errorf("profile: %w", c.try.problem(err))
	}
	return loaded.Credentials, nil
}

// files is a profile file: the one that a variable names, or the usual one.
// The list is never nil, which would stand for the process's own files.
func (c *chain) files(variable, base string) []string {
	if file := c.env(variable); file != "" {
		return []string{file}
	}
	if home := first(c.env("HOME"), c.env("USERPROFILE")); home != "" {
		return []string{filepath.Join(home, ".aws", base)}
	}
	return []string{}
}

func hasCredentials(p *config.SharedConfig) bool {
	return p.Credentials.HasKeys() || p.Source != nil || first(p.RoleARN, p.CredentialSource, p.WebIdentityTokenFile,
		p.CredentialProcess, p.LoginSession, p.SSOSessionName, p.SSOAccountID, p.SSOStartURL) != ""
}

// container asks the agent of ECS or EKS. The token of EKS is replaced now and
// then.
func (c *chain) container(address string) aws.CredentialsProvider {
	return endpointcreds.New(address, func(o *endpointcreds.Options) {
		o.HTTPClient, o.Retryer = &c.try.client, aws.NopRetryer{}
		o.AuthorizationToken = c.env("AWS_CONTAINER_AUTHORIZATION_TOKEN")
		if file := c.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
			o.AuthorizationTokenProvider = endpointcreds.TokenProviderFunc(func() (string, error) {
				text, err := os.ReadFile(file)
				return strings.TrimSpace(string(text)), err
			})
		}
	})
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
	return errors.New("container: AWS_CONTAINER_CREDENTIALS_FULL_URI names neither https nor an address of this machine or of an agent")
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
