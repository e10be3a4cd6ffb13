package config

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"

	"github.com/sluice-gateway/sluice/internal/jsonv2"
	"github.com/sluice-gateway/sluice/schema"
)

// Vaults resolves vault references over the environment. It is safe for
// concurrent use.
type Vaults struct {
	byName map[string]EnvVault
	lookup func(name string) (string, bool)
}

// NewVaults makes the vaults of a document, by prefix, and the vault env that
// is always there. lookup reads the environment; doc may be nil.
func NewVaults(doc *Document, lookup func(name string) (string, bool)) *Vaults {
	v := &Vaults{byName: map[string]EnvVault{"env": {}}, lookup: lookup}
	if doc == nil {
		return v
	}
	for _, e := range doc.Vaults {
		if cfg, ok := e.Config.(*EnvVault); ok {
			v.byName[e.Prefix] = *cfg
		}
	}
	return v
}

// SetDefault changes how the vault env works when no entity says otherwise,
// as the settings vault_env_prefix and vault_env_base64_decode do. It must
// come before the first Resolve.
func (v *Vaults) SetDefault(cfg EnvVault) { v.byName["env"] = cfg }

// vaultReference is {vault://<vault>/<resource>[/<key>][?options][#version]}.
type vaultReference struct {
	vault, resource, key, version string
	options                       url.Values
}

func parseReference(ref string) (r vaultReference, err error) {
	if !schema.IsReference(ref) {
		return r, fmt.Errorf("not a vault reference")
	}
	text := ref[len("{vault://") : len(ref)-1]
	text, r.version, _ = strings.Cut(text, "#")
	text, query, _ := strings.Cut(text, "?")
	if r.options, err = url.ParseQuery(query); err != nil {
		return r, fmt.Errorf("reference %s: bad options", ref)
	}
	parts := strings.SplitN(strings.Trim(text, "/"), "/", 3)
	if len(parts) < 2 || parts[0] == "" || parts[1] == "" {
		return r, fmt.Errorf("reference %s: want {vault://<vault>/<resource>}", ref)
	}
	r.vault, r.resource = parts[0], parts[1]
	if len(parts) == 3 {
		r.key = parts[2]
	}
	return r, nil
}

// Resolve gives the value a reference stands for. An error says why there is
// none; it names the reference and never a value.
func (v *Vaults) Resolve(ref string) (string, error) {
	r, err := parseReference(ref)
	if err != nil {
		return "", err
	}
	cfg, ok := v.byName[r.vault]
	if !ok {
		return "", fmt.Errorf("reference %s: there is no vault '%s'", ref, r.vault)
	}
	name := r.variable(cfg.Prefix)
	value, ok := v.lookup(name)
	if !ok {
		return "", fmt.Errorf("reference %s: environment variable %s is not set", ref, name)
	}
	if cfg.Base64Decode || r.options.Get("base64_decode") == "true" {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
		if err != nil {
			return "", fmt.Errorf("reference %s: environment variable %s is not base64", ref, name)
		}
		value = string(raw)
	}
	if r.key == "" {
		return value, nil
	}
	return jsonMember(ref, r.key, value)
}

// variable is the name of the environment variable.
func (r *vaultReference) variable(prefix string) string {
	if p, given := r.options["prefix"]; given {
		prefix = p[len(p)-1]
	}
	name := strings.ToUpper(strings.ReplaceAll(prefix+r.resource, "-", "_"))
	if r.version == "2" {
		name += "_PREVIOUS"
	}
	return name
}

// jsonMember takes one member out of a value that is a JSON object.
func jsonMember(ref, key, value string) (string, error) {
	tree, err := jsonv2.Parse([]byte(value))
	m, isMap := tree.(map[string]any)
	if err != nil || !isMap {
		return "", fmt.Errorf("reference %s: the value is not a JSON object", ref)
	}
	switch member := m[key].(type) {
	case nil:
		return "", fmt.Errorf("reference %s: the value has no member '%s'", ref, key)
	case string:
		return member, nil
	default:
		return string(schema.AppendJSON(nil, member)), nil
	}
}
