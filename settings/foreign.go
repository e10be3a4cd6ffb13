package settings

import (
	"slices"
	"strings"
)

// rule says what becomes of a key of Kong that Sluice does not use.
type rule struct {
	// key, or a pattern of keys in which * is anything.
	key string
	// fine lists values that ask for what Sluice does anyway; * is any.
	fine string
	// refuse is the remedy for other values. Without one the key is named in
	// the warning: it changes nothing that a caller could notice.
	refuse string
}

// notGuarded refuses directives of nginx that keep somebody out.
const notGuarded = "this version does not apply it, and would let in whom it keeps out; leave it out and guard the port otherwise"

// rules, the first that matches counts.
var rules = []rule{
	{key: "anonymous_reports", fine: "*"}, // Sluice sends none
	{key: "proxy_error_log", fine: "/dev/stderr"},
	{key: "admin_error_log", fine: "/dev/stderr"},
	{key: "status_error_log", fine: "/dev/stderr"},
	{key: "admin_access_log", fine: "off"},
	{key: "status_access_log", fine: "off"},
	{key: "proxy_stream_*"},
	{key: "nginx_daemon", fine: "off"},
	{key: "untrusted_lua", fine: "sandbox,strict,off", refuse: "this version runs no Lua; leave untrusted_lua out"},
	{key: "untrusted_lua_sandbox_*", refuse: "this version runs no Lua; leave it out"},
	{key: "proxy_server", refuse: "this version sends its own requests through no proxy; leave proxy_server out"},
	{key: "proxy_server_ssl_verify"},
	{key: "enforce_rbac", fine: "off", refuse: "this version has no RBAC; guard the Admin API with admin_auth = token and admin_token"},
	{key: "admin_gui_auth", fine: "off", refuse: "this version has no manager to log in to; guard the Admin API with admin_auth = token and admin_token"},
	{key: "fips", fine: "off", refuse: "this version has no FIPS mode"},
	{key: "keyring_enabled", fine: "off", refuse: "this version stores no secrets that it could encrypt; use vault references"},
	{key: "license_*"},
	{key: "vault_*", refuse: "this version has the vault env only"},
	{key: "ssl_ciphers", refuse: "the ciphers are those that Go considers safe; use ssl_cipher_suite = intermediate or modern"},
	{key: "ssl_dhparam"},
	{key: "ssl_prefer_server_ciphers", fine: "on"},
	{key: "ssl_session_timeout", fine: "1d"},
	{key: "ssl_session_cache_size"},
	{key: "new_dns_client", fine: "off"},
	{key: "dns_no_sync", fine: "off"},
	{key: "resolver_address", refuse: "use dns_resolver"},
	{key: "resolver_hosts_file", refuse: "use dns_hostsfile"},
	{key: "resolver_family", refuse: "use dns_order"},
	{key: "resolver_valid_ttl", refuse: "use dns_valid_ttl"},
	{key: "resolver_stale_ttl", refuse: "use dns_stale_ttl"},
	{key: "resolver_error_ttl", refuse: "use dns_error_ttl"},
	{key: "resolver_*"},
	{key: "admin_gui_listen", fine: "off"},
	{key: "admin_gui_*"},
	{key: "cluster_*"},
	{key: "pg_*"},
	{key: "cassandra_*"},
	{key: "db_*"},
	{key: "lmdb_*"},
	{key: "mem_cache_size"},
	{key: "data_plane_*"},
	{key: "declarative_config_encryption_mode", fine: "off"},
	{key: "worker_consistency"},
	{key: "worker_state_update_frequency"},
	{key: "worker_events_*"},
	{key: "dedicated_config_processing"},
	{key: "request_debug", fine: "off"},
	{key: "request_debug_token"},
	{key: "tracing_instrumentations", fine: "off"},
	{key: "tracing_sampling_rate"},
	{key: "tracing_*"},
	{key: "opentelemetry_tracing*"},
	{key: "lua_max_*"},
	{key: "lua_package_*"},
	{key: "lua_socket_pool_size"},
	{key: "lua_ssl_protocols"},
	{key: "client_body_buffer_size"},
	{key: "client_max_body_size", refuse: "use nginx_http_client_max_body_size"},
	{key: "allow_inconsistent_data_plane_plugins"},
	{key: "max_queued_batches"},
	{key: "wasm", fine: "off", refuse: "this version runs no WebAssembly filters"},
	{key: "wasm_*"},
	{key: "portal*"},
	{key: "vitals*"},
	{key: "audit_log*"},
	{key: "event_hooks_enabled"},
	{key: "keyring_*"},
	{key: "smtp_*"},
	{key: "rbac_*"},
	{key: "admin_emails_*"},
	{key: "admin_approved_email"},
	{key: "admin_invitation_expiry"},
	{key: "admin_api_uri"},
	{key: "konnect_mode"},
	{key: "nginx_*_allow", refuse: notGuarded},
	{key: "nginx_*_deny", refuse: notGuarded},
	{key: "nginx_*_satisfy", refuse: notGuarded},
	{key: "nginx_*_auth_*", refuse: notGuarded},
	{key: "nginx_*_limit_*", refuse: notGuarded},
	{key: "nginx_*_ssl_verify_client", fine: "off", refuse: "client certificates are asked for on the listeners of the Admin and Status API only; leave it out"},
	{key: "nginx_*_ssl_crl", refuse: "this version does not look whether client certificates were revoked; leave it out"},
	{key: "nginx_*_ssl_ocsp", fine: "off", refuse: "this version does not look whether client certificates were revoked; leave it out"},
	{key: "nginx_*_ssl_ciphers", refuse: "the ciphers are those that Go considers safe; use ssl_cipher_suite = intermediate or modern"},
	{key: "nginx_*_ssl_protocols", refuse: "all listeners take the versions in ssl_protocols"},
	{key: "nginx_*"},
	{key: "pluginserver_*", refuse: "this version runs no plugin servers"},
	{key: "go_plugins_dir", refuse: "this version runs no plugin servers"},
	{key: "go_pluginserver_exe", refuse: "this version runs no plugin servers"},
}

// ForeignKey describes a key of Kong that Sluice does not use, for the
// reference page.
type ForeignKey struct {
	// Key, or the beginning of keys when it ends in *.
	Key string
	// Fine are the values that ask for what Sluice does anyway; "*" is any.
	Fine []string
	// Refuse is what the start is refused with for other values; "" names the
	// key in the warning.
	Refuse string
}

// ForeignKeys lists them in the order in which they are looked up.
func ForeignKeys() []ForeignKey {
	out := make([]ForeignKey, len(rules))
	for i, r := range rules {
		out[i] = ForeignKey{Key: r.key, Fine: commas(r.fine), Refuse: r.refuse}
	}
	return out
}

// ruleFor finds the rule of a key; ok is false when nobody knows the key.
func ruleFor(key string) (r rule, ok bool) {
	for _, r := range rules {
		if r.matches(key) {
			return r, true
		}
	}
	return rule{}, false
}

func (r rule) matches(key string) bool {
	parts := strings.Split(r.key, "*")
	last := len(parts) - 1
	rest, ok := strings.CutPrefix(key, parts[0])
	if !ok || last == 0 {
		return ok && rest == ""
	}
	for _, part := range parts[1:last] {
		if _, rest, ok = strings.Cut(rest, part); !ok {
			return false
		}
	}
	return strings.HasSuffix(rest, parts[last])
}

func (r rule) harmless(value string) bool {
	return r.fine == "*" || slices.Contains(commas(r.fine), value)
}
