package identity

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// ErrRegion tells that no region is configured. Its wording is Kong's.
var ErrRegion = errors.New("AWS region not specified anywhere")

// AWSOptions say who the gateway is at AWS, and what it signs for.
type AWSOptions struct {
	Deps
	// Service is the name that signatures are made for, for instance bedrock.
	Service string
	// Region of the service; without one it is AWS_REGION, then
	// AWS_DEFAULT_REGION.
	Region string
	// AccessKeyID and SecretAccessKey are static keys, SessionToken belongs to
	// temporary ones. Without keys the chain of the AWS SDKs is gone through.
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string
	// RoleARN is a role to assume with these credentials.
	RoleARN string
	// RoleSessionName is how the session shows in AWS's logs; "sluice" when it
	// is empty.
	RoleSessionName string
	// STSEndpoint replaces the address of the region's token service and
	// AWS_ENDPOINT_URL_STS.
	STSEndpoint string
	// MetadataURL replaces http://169.254.169.254 and
	// AWS_EC2_METADATA_SERVICE_ENDPOINT.
	MetadataURL string
}

// AWS authorizes with a signature version 4.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
type AWS struct {
	o      AWSOptions
	signer *v4.Signer
	lease  *lease[aws.Credentials]
}

// NewAWS makes a source. Nothing is asked before it is needed. Without a
// region the error is ErrRegion.
func NewAWS(o AWSOptions) (*AWS, error) {
	o.Deps = o.complete()
	o.Region = first(o.Region, o.env("AWS_REGION"), o.env("AWS_DEFAULT_REGION"))
	switch {
	case o.Region == "":
		return nil, ErrRegion
	case o.Service == "":
		return nil, errors.New("no AWS service to sign for")
	case (o.AccessKeyID == "") != (o.SecretAccessKey == ""):
		return nil, errors.New("an AWS access key id and a secret access key belong together")
	}
	a := &AWS{o: o, signer: v4.NewSigner()}
	a.lease = newLease(&a.o.Deps, "AWS credentials", a.fetch)
	return a, nil
}

// Region is the region that signatures are made for.
func (a *AWS) Region() string { return a.o.Region }

// Authorize implements Source.
func (a *AWS) Authorize(ctx context.Context, r *Request) error {
	creds, err := a.lease.get(ctx)
	if err != nil {
		return err
	}
	return a.sign(ctx, creds, r)
}

// Refused implements Source.
func (a *AWS) Refused() { a.lease.refused() }

// Close ends a fetch that is under way. Credentials at hand stay usable until
// they expire.
func (a *AWS) Close() { a.lease.close() }

func (a *AWS) fetch(ctx context.Context) (aws.Credentials, time.Time, error) {
	c := chain{AWSOptions: &a.o, try: a.o.attempt(ctx)}
	creds, err := c.retrieve()
	if err != nil {
		return creds, time.Time{}, err
	}
	switch {
	case !creds.CanExpire:
		return creds, time.Time{}, nil
	case creds.Expires.IsZero():
		return creds, a.o.Clock.Now().Add(unknownLifetime), nil
	}
	return creds, creds.Expires, nil
}

// usable refuses what cannot stand in a header: keys are foreign text.
func usable(c aws.Credentials) error {
	if !plain(c.AccessKeyID) || c.SecretAccessKey == "" || c.SessionToken != "" && !plain(c.SessionToken) {
		return errors.New("what was obtained are no usable keys")
	}
	return nil
}
