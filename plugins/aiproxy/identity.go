package aiproxy

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/sluice-gateway/sluice/identity"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/provider"
)

// share gives the source of a changing credential, nil where there is none.
// Instances that ask for the same one share it, also over a reload, so that a
// token is fetched once.
func share(cfg *Config, deps *plugin.Deps, p provider.Provider) (identity.Source, func() error, error) {
	h, release, err := plugin.Share(deps.Long, "identity:"+key(cfg), func() (held, func() error, error) {
		source, err := p.Identity(&cfg.Auth, &cfg.Model, identity.Deps{Clock: deps.Clock, LookupEnv: deps.LookupEnv, Log: deps.Log})
		if err != nil {
			return held{}, nil, err
		}
		var closer func() error
		if c, ok := source.(interface{ Close() }); ok {
			closer = func() error { c.Close(); return nil }
		}
		return held{source}, closer, nil
	})
	return h.source, release, err
}

// held is a source that may be none.
type held struct{ source identity.Source }

// key tells apart what identities are made of. Secrets go into a hash only.
func key(cfg *Config) string {
	a, o := &cfg.Auth, &cfg.Model.Options
	all := []string{
		cfg.Model.Provider, a.HeaderName,
		a.GCPServiceAccountJSON.Reveal(), a.GCPMetadataURL, a.GCPOAuthTokenURL, flag(a.GCPUseServiceAccount),
		a.AWSAccessKeyID.Reveal(), a.AWSSecretAccessKey.Reveal(),
		o.Bedrock.AWSRegion, o.Bedrock.AWSAssumeRoleARN, o.Bedrock.AWSRoleSessionName, o.Bedrock.AWSSTSEndpointURL,
		flag(a.AzureUseManagedIdentity), a.AzureClientID, a.AzureClientSecret.Reveal(), a.AzureTenantID,
	}
	sum := sha256.Sum256([]byte(strings.Join(all, "\x00")))
	return hex.EncodeToString(sum[:])
}

func flag(b bool) string {
	if b {
		return "on"
	}
	return "off"
}
