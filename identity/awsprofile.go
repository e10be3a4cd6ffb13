package identity

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
)

// profile is what the profile files say; nil when they say nothing.
func (c *chain) profile() (aws.CredentialsProvider, error) {
	named := c.env("AWS_PROFILE")
	name := first(named, c.env("AWS_DEFAULT_PROFILE"), config.DefaultSharedConfigProfile)
	settings, keys := c.files("AWS_CONFIG_FILE", "config"), c.files("AWS_SHARED_CREDENTIALS_FILE", "credentials")
	for _, file := range slices.Concat(settings, keys) {
		if err := checkFile(file); err != nil {
			return nil, c.try.problem(err)
		}
	}
	p, err := config.LoadSharedConfigProfile(c.try.ctx, name, func(o *config.LoadSharedConfigOptions) {
		o.ConfigFiles, o.CredentialsFiles = settings, keys
	})
	if gone, missing := errors.AsType[config.SharedConfigProfileNotExistError](err); missing && named == "" && gone.Profile == name {
		return nil, nil //nolint:nilnil // without a profile the chain goes on
	}
	if err != nil {
		return nil, unread(name, err)
	}
	return c.ofProfile(&p)
}

// unread says why a profile cannot be used. The library shows what it read.
func unread(name string, err error) error {
	if gone, ok := errors.AsType[config.SharedConfigProfileNotExistError](err); ok {
		return fmt.Errorf("there is no profile %q", gone.Profile)
	}
	if _, ok := errors.AsType[config.SharedConfigAssumeRoleError](err); ok {
		return fmt.Errorf("the source_profile of profile %q leads nowhere, or in a circle", name)
	}
	return fmt.Errorf("profile %q is incomplete, contradicts itself or has a value that AWS does not document", name)
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

// ofProfile is what one profile says; nil when it holds settings only. The
// library has made sure that profiles do not lead in circles.
func (c *chain) ofProfile(p *config.SharedConfig) (aws.CredentialsProvider, error) {
	if p.Source == nil && p.CredentialSource == "" && p.WebIdentityTokenFile != "" {
		return c.webIdentity(p.WebIdentityTokenFile, p.RoleARN, p.RoleSessionName), nil
	}
	base, err := c.baseOf(p)
	switch {
	case err != nil || p.RoleARN == "":
		return base, err
	case base == nil:
		return nil, fmt.Errorf("profile %q has a role_arn, but nothing to assume it with: set source_profile or credential_source", p.Profile)
	case p.MFASerial != "":
		return nil, errors.New("the role wants a second factor, which nobody is there to enter")
	}
	return stscreds.NewAssumeRoleProvider(c.sts(base), p.RoleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName, o.Duration = first(p.RoleSessionName, sessionName), roleLifetime
		if p.RoleDurationSeconds != nil {
			o.Duration = *p.RoleDurationSeconds
		}
		if p.ExternalID != "" {
			o.ExternalID = &p.ExternalID
		}
	}), nil
}

// baseOf is what a profile's role, if it has one, is assumed with.
func (c *chain) baseOf(p *config.SharedConfig) (aws.CredentialsProvider, error) {
	switch {
	case p.Source != nil:
		return c.ofProfile(p.Source)
	case p.Credentials.HasKeys():
		return static(p.Credentials), nil
	case p.CredentialSource != "":
		return c.named(p.CredentialSource)
	case first(p.SSOSessionName, p.SSOStartURL, p.SSOAccountID, p.LoginSession) != "":
		return nil, errors.New("a session of a person is not used; credential_process = aws configure export-credentials --format process brings its keys")
	case p.CredentialProcess != "":
		return processcreds.NewProviderCommand(program{p.CredentialProcess}), nil
	default:
		return nil, nil //nolint:nilnil // a profile may hold a region only
	}
}

// named is a credential_source.
func (c *chain) named(source string) (aws.CredentialsProvider, error) {
	switch source {
	case "Environment":
		if c.env("AWS_ACCESS_KEY_ID") == "" || c.env("AWS_SECRET_ACCESS_KEY") == "" {
			return nil, errors.New("credential_source is Environment, but there are no keys in it")
		}
		return c.environment(), nil
	case "Ec2InstanceMetadata":
		return c.instance(), nil
	case "EcsContainer":
		provider, err := c.container()
		if provider == nil && err == nil {
			err = errors.New("credential_source is EcsContainer, but there is no container's agent")
		}
		return provider, err
	default:
		return nil, errors.New("credential_source is none of Environment, Ec2InstanceMetadata and EcsContainer")
	}
}

// program makes a credential_process. What it writes to its standard error is
// dropped: it would stand beside our log, with whatever it holds. What it
// starts must not hold us up after its end.
type program struct{ command string }

// NewCommand implements processcreds.NewCommandBuilder.
func (p program) NewCommand(ctx context.Context) (*exec.Cmd, error) {
	cmd, err := processcreds.DefaultNewCommandBuilder{Args: []string{p.command}}.NewCommand(ctx)
	if err == nil {
		cmd.Stderr, cmd.Stdout, cmd.WaitDelay = nil, &ration{left: maxAnswer}, 2*time.Second
	}
	return cmd, err
}

// ration lets so much be written to what it is written to beside.
type ration struct{ left int }

func (r *ration) Write(p []byte) (int, error) {
	if r.left -= len(p); r.left < 0 {
		return 0, errors.New("the program does not stop writing")
	}
	return len(p), nil
}
