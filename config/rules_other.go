package config

import (
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/schema"
)

// Validate wants a consumer to have a name of some kind.
func (c *Consumer) Validate(e *schema.Errors) { e.AtLeastOne(c, "custom_id", "username") }

// EntityChecks is the rule above as the schema JSON says it.
func (*Consumer) EntityChecks() []any {
	return []any{map[string]any{"at_least_one_of": []any{"custom_id", "username"}}}
}

// pluginNotYet are fields of plugins in later levels of the contract.
var pluginNotYet = []string{"condition", "partials"}

// Prepare refuses fields of plugins that are not supported yet.
func (*Plugin) Prepare(in map[string]any, e *schema.Errors) map[string]any {
	out := in
	for _, name := range pluginNotYet {
		v, there := in[name]
		if !there {
			continue
		}
		if list, _ := v.([]any); v != nil && (list == nil || len(list) > 0) {
			e.Field(name).Fail("'" + name + "' of a plugin is not supported yet: leave it out")
		}
		out = without(out, name)
	}
	return out
}

// without is a copy of m that lacks the names.
func without(m map[string]any, names ...string) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		if !slices.Contains(names, k) {
			out[k] = v
		}
	}
	return out
}

// vaultTypes are the kinds of vaults in the contract; env is the one there is.
var vaultTypes = []string{"env", "aws", "azure", "conjur", "fs", "gcp", "hcv", "konnect"}

// EnvVault configures a vault over environment variables.
type EnvVault struct {
	// Prefix is put before every name.
	Prefix string `json:"prefix"`
	// Base64Decode says that the values are in base64.
	Base64Decode bool `json:"base64_decode" default:"false"`
}

// Checks are the checks that only vaults have.
func (*Vault) Checks() map[string]schema.Check {
	return map[string]schema.Check{"vault_prefix": checkVaultPrefix}
}

func checkVaultPrefix(s string) string {
	if slices.Contains(vaultTypes, s) {
		return "must not be one of: " + strings.Join(vaultTypes, ", ")
	}
	n := len(s) - 1
	for i := range len(s) {
		c := s[i]
		letter, digit := c >= 'a' && c <= 'z', c >= '0' && c <= '9'
		if !letter && (i == 0 || !digit && (c != '-' || i == n)) {
			return "invalid value: " + s
		}
	}
	if n < 1 {
		return "invalid value: " + s
	}
	return ""
}

// Validate reads the config of the vault by its kind.
func (v *Vault) Validate(e *schema.Errors) {
	if e.Has("name") {
		return
	}
	if v.Name != "env" {
		e.Field("name").Fail("vault '" + v.Name + "' is not installed")
		return
	}
	if e.Has("config") {
		return
	}
	var env EnvVault
	if bad := schema.Decode(v.Config, &env); bad != nil {
		e.Field("config").Merge(bad)
		return
	}
	v.Config = &env
}
