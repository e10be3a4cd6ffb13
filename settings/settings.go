// Package settings reads the settings of a gateway process: Kong's kong.conf
// keys and a few of ours, from defaults, a file, KONG_* and SLUICE_*.
//
// Everything that is wrong is reported at once, with the key, where it was set
// and what to do. A key that asks for something this version does not have is
// refused by name, or named in one warning when it changes nothing that a
// caller could notice. The package opens no sockets, reads no environment but
// the one it is given, and must not know what the settings are used for.
package settings

import (
	"time"

	"github.com/sluice-gateway/sluice/schema"
)

// Settings are the settings of a process. The comments are the reference
// page; the tags are the keys, their defaults and what they accept:
//
//	conf:"key"            the key in the file; KONG_KEY and SLUICE_KEY outside
//	default:"text"        as it would be written in the file
//	alias:"key"           another spelling of the key
//	enum:"a,b"            what is accepted, for lists of every element
//	between:"0,65535"     the accepted numbers; seconds and bytes included
//	words:"auto=0,off=-1" words that stand for numbers
//	check:"name"          a check of its own, see checks
//	secret:"true"         masked wherever settings are shown
//	need:"sentence"       what to do when the value is not accepted
//	list:"true"           a text that is shown as a list
type Settings struct {
	// Prefix is the folder for what the gateway writes: a configuration posted
	// to the Admin API, and a proxy_access_log with a relative path. It is made
	// when it is needed, and two processes must not share it. Other relative
	// paths are those of the working directory.
	Prefix string `conf:"prefix" default:"/usr/local/kong/"`
	// LogLevel is the least important level that is logged: debug, info,
	// notice, warn, error, crit, alert, emerg. Logs go to standard error.
	LogLevel string `conf:"log_level" default:"notice" enum:"debug,info,notice,warn,error,crit,alert,emerg"`
	// LogFormat of the gateway's own logs: text or json. Sluice's own key.
	LogFormat string `conf:"log_format" default:"text" enum:"text,json"`
	// ProxyAccessLog is where a line for each proxied request goes: a path
	// (relative ones below prefix), /dev/stdout, /dev/stderr, or off.
	ProxyAccessLog string `conf:"proxy_access_log" default:"off" check:"accesslog"`
	// NodeID identifies this process to others; a UUID. Without one a random
	// id is taken at each start.
	NodeID string `conf:"node_id" check:"uuid"`
	// Plugins that may be used: bundled, off, or names; bundled can stand
	// among names.
	Plugins []string `conf:"plugins" default:"bundled"`
	// Vaults that references may name. This version has env.
	Vaults []string `conf:"vaults" default:"bundled" enum:"bundled,env" need:"this version has the vault env only"`
	// VaultEnvPrefix is put before the names in references to the vault env.
	VaultEnvPrefix string `conf:"vault_env_prefix"`
	// VaultEnvBase64Decode decodes what the vault env holds.
	VaultEnvBase64Decode bool `conf:"vault_env_base64_decode" default:"off"`

	// Role of the process. There is only traditional: the process is its own
	// control plane.
	Role string `conf:"role" default:"traditional" enum:"traditional" need:"this version has no hybrid mode; leave role out"`
	// Database that holds the configuration. There is only off: a
	// declarative file, or what is posted to the Admin API.
	Database string `conf:"database" default:"off" enum:"off" need:"this version keeps its configuration in a declarative file; set database = off and declarative_config"`
	// DeclarativeConfig is the path of the declarative file, YAML or JSON.
	// With it, or with declarative_config_string, a configuration posted to
	// the Admin API lasts until the next start; without, it is kept in prefix.
	DeclarativeConfig string `conf:"declarative_config"`
	// DeclarativeConfigString is the declarative configuration itself; not
	// together with declarative_config.
	DeclarativeConfigString string `conf:"declarative_config_string" secret:"true"`
	// RouterFlavor is how routes are matched. There is only
	// traditional_compatible.
	RouterFlavor string `conf:"router_flavor" default:"traditional_compatible" enum:"traditional_compatible" need:"this version has the flavour traditional_compatible only; set it, routes match as before unless they depend on path_handling v1 or on the order among routes that match alike"`
	// SecurityDefaults chooses the defaults of entities and plugins: off has
	// those that existing files assume. Sluice's own key.
	SecurityDefaults string `conf:"security_defaults" default:"off" enum:"off" need:"the strict defaults are not in this version; leave security_defaults out"`

	// ProxyListen is where callers are served: addresses separated by commas,
	// each host:port with flags (ssl, http2), or off.
	ProxyListen string `conf:"proxy_listen" default:"0.0.0.0:8000, 0.0.0.0:8443 ssl http2" check:"listen" list:"true"`
	// PortMaps are pairs seen:bound for listeners whose port callers see as
	// another one, such as 80:8000, 443:8443; X-Forwarded-Port tells the port
	// that is seen.
	PortMaps []string `conf:"port_maps" check:"portmaps"`
	// AdminListen is where the Admin API is served, written as proxy_listen.
	AdminListen string `conf:"admin_listen" default:"127.0.0.1:8001, 127.0.0.1:8444 ssl http2" check:"listen" list:"true"`
	// StatusListen is where the Status API is served, written as
	// proxy_listen. It is open to everyone who reaches it.
	StatusListen string `conf:"status_listen" default:"127.0.0.1:8007" check:"listen" list:"true"`
	// StreamListen is for plain TCP and UDP, which this version does not have.
	StreamListen string `conf:"stream_listen" default:"off" enum:"off" need:"this version proxies no plain TCP or UDP; leave stream_listen out"`
	// AdminAuth says who may use the Admin API: auto asks for the token when
	// there is one, or for a client certificate where a listener verifies
	// them, and wants either when admin_listen is not loopback; token always
	// wants one; off asks for nothing, so something else must guard the port.
	// Sluice's own key.
	AdminAuth string `conf:"admin_auth" default:"auto" enum:"auto,token,off"`
	// AdminToken is what clients of the Admin API send in Kong-Admin-Token,
	// or as a bearer. Better a reference such as {vault://env/admin-token}
	// than the token itself. Sluice's own key.
	AdminToken schema.Secret `conf:"admin_token" secret:"true"`
	// AdminGUIURL are the addresses of web pages that may use the Admin API
	// from a browser, such as https://manager.example:8002; pages of other
	// origins may not. Without any, pages of the Admin API's own host may,
	// and with a token every page that knows it.
	AdminGUIURL []string `conf:"admin_gui_url" check:"pageurls"`
	// DemoListen is where the built-in demo model listens, such as
	// 127.0.0.1:8009, or off. Loopback addresses only. Sluice's own key.
	DemoListen string `conf:"demo_listen" default:"off" check:"loopback"`
	// QuitTimeout is how long a stop waits for running exchanges, in
	// seconds. Sluice's own key; Kong has it as an option of kong quit.
	QuitTimeout time.Duration `conf:"quit_timeout" default:"10" between:"0,86400"`

	// Headers that the gateway adds to answers: Server, Via,
	// X-Kong-Proxy-Latency, X-Kong-Upstream-Latency, X-Kong-Response-Latency,
	// X-Kong-Admin-Latency, X-Kong-Upstream-Status, X-Kong-Request-Id; the
	// groups server_tokens and latency_tokens; off.
	Headers []string `conf:"headers" default:"server_tokens, latency_tokens, X-Kong-Request-Id" check:"headers"`
	// HeadersUpstream that the gateway adds to requests: x-kong-request-id or
	// off.
	HeadersUpstream []string `conf:"headers_upstream" default:"x-kong-request-id" check:"headersupstream"`
	// TrustedIPs are the addresses and CIDR ranges of proxies whose
	// X-Forwarded-* headers are believed.
	TrustedIPs []string `conf:"trusted_ips" check:"trustedips"`
	// RealIPHeader is the header in which trusted proxies tell the caller's
	// address.
	RealIPHeader string `conf:"real_ip_header" default:"X-Real-IP" alias:"nginx_proxy_real_ip_header" check:"realipheader"`
	// RealIPRecursive looks for the last address in that header that is not
	// trusted, instead of the last one.
	RealIPRecursive bool `conf:"real_ip_recursive" default:"off" alias:"nginx_proxy_real_ip_recursive"`
	// ErrorDefaultType is the type of error bodies for callers who ask for
	// none.
	ErrorDefaultType string `conf:"error_default_type" default:"text/plain" enum:"text/plain,text/html,application/json,application/xml"`
	// ErrorTemplateHTML is the path of a template for error bodies in HTML,
	// with %s for the message and then %s for the request id.
	ErrorTemplateHTML string `conf:"error_template_html"`
	// ErrorTemplateJSON is the same for JSON.
	ErrorTemplateJSON string `conf:"error_template_json"`
	// ErrorTemplateXML is the same for XML.
	ErrorTemplateXML string `conf:"error_template_xml"`
	// ErrorTemplatePlain is the same for plain text.
	ErrorTemplatePlain string `conf:"error_template_plain"`
	// AllowDebugHeader answers requests with the header Kong-Debug: 1 with
	// the names of the route and the service.
	AllowDebugHeader bool `conf:"allow_debug_header" default:"off"`
	// MaxBodySize is the longest request body, such as 10m; 0 is no limit.
	MaxBodySize int64 `conf:"nginx_http_client_max_body_size" default:"0" alias:"nginx_proxy_client_max_body_size"`
	// AdminMaxBodySize is the same for the Admin API.
	AdminMaxBodySize int64 `conf:"nginx_admin_client_max_body_size" default:"10m"`

	// UpstreamKeepalivePoolSize is how many idle connections are kept for
	// each upstream peer.
	UpstreamKeepalivePoolSize int `conf:"upstream_keepalive_pool_size" default:"512" between:"1,1000000" need:"this version always keeps connections; 1 is the least" alias:"nginx_upstream_keepalive"`
	// UpstreamKeepaliveMaxRequests is how many requests one connection
	// carries.
	UpstreamKeepaliveMaxRequests int `conf:"upstream_keepalive_max_requests" default:"10000" between:"1,1000000000" need:"this version has no unlimited ones; take a large number" alias:"nginx_upstream_keepalive_requests"`
	// UpstreamKeepaliveIdleTimeout is how long an idle connection is kept, in
	// seconds.
	UpstreamKeepaliveIdleTimeout int `conf:"upstream_keepalive_idle_timeout" default:"60" between:"1,1000000000" need:"this version has no unlimited times; take a large number" alias:"nginx_upstream_keepalive_timeout"`

	// SSLCert are the certificates of proxy listeners for callers whose
	// server name no certificate entity knows: paths, or the PEM itself.
	// Without any a self-signed one is made.
	SSLCert []string `conf:"ssl_cert"`
	// SSLCertKey are the keys of those certificates, in the same order.
	SSLCertKey []string `conf:"ssl_cert_key" secret:"true"`
	// SSLCipherSuite is the choice of versions and ciphers: modern is TLS 1.3
	// only, intermediate also takes TLS 1.2 with safe ciphers.
	SSLCipherSuite string `conf:"ssl_cipher_suite" default:"intermediate" enum:"modern,intermediate" need:"the ciphers of each version are those that Go considers safe; use intermediate or modern"`
	// SSLProtocols are the versions of TLS that callers may use.
	SSLProtocols []string `conf:"ssl_protocols" default:"TLSv1.2 TLSv1.3" alias:"nginx_http_ssl_protocols" enum:"TLSv1.2,TLSv1.3" need:"older versions of TLS are not safe any more"`
	// SSLSessionTickets lets callers resume TLS sessions.
	SSLSessionTickets bool `conf:"ssl_session_tickets" default:"on"`
	// AdminSSLCert is ssl_cert for the Admin API.
	AdminSSLCert []string `conf:"admin_ssl_cert"`
	// AdminSSLCertKey is ssl_cert_key for the Admin API.
	AdminSSLCertKey []string `conf:"admin_ssl_cert_key" secret:"true"`
	// AdminSSLVerifyClient asks clients of the Admin API's ssl listeners for
	// a certificate: on wants one, optional takes one. With admin_auth = auto
	// it is as good as the token.
	AdminSSLVerifyClient string `conf:"nginx_admin_ssl_verify_client" default:"off" enum:"on,off,optional" need:"a certificate that nobody vouches for proves nothing; name its CA in nginx_admin_ssl_client_certificate"`
	// AdminSSLClientCertificate are the CA certificates that verify those of
	// clients: paths, or the PEM itself.
	AdminSSLClientCertificate []string `conf:"nginx_admin_ssl_client_certificate"`
	// AdminSSLVerifyDepth is how many certificates may stand between a
	// client's and a CA's.
	AdminSSLVerifyDepth int `conf:"nginx_admin_ssl_verify_depth" default:"1" between:"0,100"`
	// StatusSSLCert is ssl_cert for the Status API.
	StatusSSLCert []string `conf:"status_ssl_cert"`
	// StatusSSLCertKey is ssl_cert_key for the Status API.
	StatusSSLCertKey []string `conf:"status_ssl_cert_key" secret:"true"`
	// StatusSSLVerifyClient is nginx_admin_ssl_verify_client for the Status
	// API, which is open to whoever passes: optional lets everybody in.
	StatusSSLVerifyClient string `conf:"nginx_status_ssl_verify_client" default:"off" enum:"on,off,optional" need:"a certificate that nobody vouches for proves nothing; name its CA in nginx_status_ssl_client_certificate"`
	// StatusSSLClientCertificate is nginx_admin_ssl_client_certificate for
	// the Status API.
	StatusSSLClientCertificate []string `conf:"nginx_status_ssl_client_certificate"`
	// StatusSSLVerifyDepth is nginx_admin_ssl_verify_depth for the Status
	// API.
	StatusSSLVerifyDepth int `conf:"nginx_status_ssl_verify_depth" default:"1" between:"0,100"`
	// ClientSSL shows client_ssl_cert to upstreams for which no entity names
	// a client certificate.
	ClientSSL bool `conf:"client_ssl" default:"off"`
	// ClientSSLCert is that certificate: a path, or the PEM itself.
	ClientSSLCert string `conf:"client_ssl_cert"`
	// ClientSSLCertKey is its key.
	ClientSSLCertKey schema.Secret `conf:"client_ssl_cert_key" secret:"true"`
	// TrustedCertificates verify upstreams: system, paths, or the PEM itself.
	TrustedCertificates []string `conf:"lua_ssl_trusted_certificate" default:"system"`
	// VerifyDepth is how many certificates may stand between an upstream's
	// and a trusted one.
	VerifyDepth int `conf:"lua_ssl_verify_depth" default:"1" between:"0,100"`
	// CertificateVerify verifies upstreams for which no entity says whether
	// to. The model of an AI plugin is verified in any case.
	CertificateVerify bool `conf:"tls_certificate_verify" default:"off"`

	// DNSResolver are the name servers, as address or address:port. Without
	// any those of /etc/resolv.conf are asked.
	DNSResolver []string `conf:"dns_resolver" check:"nameservers"`
	// DNSHostsFile is the file with names that need no asking.
	DNSHostsFile string `conf:"dns_hostsfile" default:"/etc/hosts"`
	// DNSOrder are the types of records in the order in which they are asked
	// for; LAST is the one that had success before.
	DNSOrder []string `conf:"dns_order" default:"LAST,SRV,A,CNAME" enum:"LAST,SRV,A,AAAA,CNAME"`
	// DNSValidTTL replaces the time to live of all records, in seconds; 0
	// honours them.
	DNSValidTTL time.Duration `conf:"dns_valid_ttl" between:"0,31536000"`
	// DNSStaleTTL is how long an old answer serves while it is refreshed, in
	// seconds.
	DNSStaleTTL time.Duration `conf:"dns_stale_ttl" default:"3600" between:"0,31536000"`
	// DNSNotFoundTTL is how long it is remembered that a name does not exist,
	// in seconds.
	DNSNotFoundTTL time.Duration `conf:"dns_not_found_ttl" default:"30" between:"0,31536000"`
	// DNSErrorTTL is how long a failure is remembered, in seconds.
	DNSErrorTTL time.Duration `conf:"dns_error_ttl" default:"1" between:"0,31536000"`
	// DNSCacheSize is how many names are remembered.
	DNSCacheSize int `conf:"dns_cache_size" default:"10000" between:"1,10000000"`

	// WorkerProcesses is how many processors work at the same time; auto takes
	// those of the machine or of the control group, and follows when the
	// group's limit changes. Where one is enough, one costs less.
	WorkerProcesses int `conf:"nginx_worker_processes" default:"auto" words:"auto=0" between:"0,4096"`
	// GOGC is how many per cent the heap may grow between collections; auto
	// takes 200; off collects only at the memory limit. Sluice's own key; the
	// variable GOGC is its fallback.
	GOGC int `conf:"gogc" default:"auto" words:"auto=0,off=-1" between:"-1,100000"`
	// MemoryLimit is how much memory the collector tries to stay below, such
	// as 512m; auto takes 90 per cent of the control group's limit. Sluice's
	// own key; the variable GOMEMLIMIT is its fallback.
	MemoryLimit int64 `conf:"memory_limit" default:"auto" words:"auto=0,off=-1"`
}
