// Package config is the desired state: the entities of the gateway, the
// declarative document that lists them, and everything that reads, completes
// and checks such a document.
//
// The way of a text: Substitute (decK's expressions, files only), Parse (JSON
// or YAML to plain values), Load (plain values to a Document of flat lists, or
// a DocumentError with everything that is wrong). ParseFile is all three.
//
// The entity structs below are the only source of their names, types,
// defaults and checks: decoding, the Admin API's /schemas, validation and the
// reference pages all walk them with package schema. config knows nothing of
// how an entity is run, that is the engine's business; it must not read files
// or the environment, they are given to it.
//
// A string that may not be empty uses "" for null; numbers and booleans that
// may be null are pointers; a nil list or map is null.
//
// # IDs
//
// Entities without an id get one that stays the same from load to load. What
// has a name gets the id the contract fixes: a version 5 UUID over the name,
// or over the parts of its cache key as written, in the namespace of its
// collection; service "my-service" is 0855b320-0dd2-547d-891d-601e9b38647f
// here and in Kong. What has no name (unnamed routes, certificates), where
// Kong takes a random one, gets a version 5 UUID over its parent and its
// content, so that counters and plans survive a reload; equal twins are told
// apart by their order.
package config

import "github.com/sluice-gateway/sluice/schema"

// Meta is what every entity carries.
type Meta struct {
	// ID is a UUID. Without one it is made of the entity's name, or of its
	// place and content, so that it stays the same from load to load.
	ID string `json:"id" check:"uuid" auto:"uuid"`
	// CreatedAt is the Unix time, in seconds, at which the entity was made.
	CreatedAt float64 `json:"created_at" auto:"created" integer:"true"`
	// UpdatedAt is the Unix time, in seconds, of the last change.
	UpdatedAt float64 `json:"updated_at" auto:"updated" integer:"true"`
	// Tags are free words to find entities by.
	Tags []string `json:"tags" set:"true" check:"tag"`
}

// Foreign points to another entity. After loading, ID is always set.
type Foreign struct {
	ID string `json:"id" check:"uuid"`
}

// Service is an upstream application: where requests of its routes go.
type Service struct {
	Meta
	_ struct{} `shorthand:"url,string"`
	// Name is a unique name to refer to the service by.
	Name string `json:"name" check:"utf8_name" unique:"true"`
	// Protocol to speak to the upstream.
	Protocol string `json:"protocol" default:"http" required:"true" enum:"grpc,grpcs,http,https,tcp,tls,tls_passthrough,udp,ws,wss"`
	// Host is a host name, an IP address, or the name of an upstream.
	Host string `json:"host" required:"true" check:"host"`
	// Port of the upstream application.
	Port int `json:"port" default:"80" required:"true" between:"0,65535"`
	// Path is put before the path of each request.
	Path string `json:"path" check:"path"`
	// Retries is how often a failed attempt may be repeated.
	Retries int `json:"retries" default:"5" between:"0,32767"`
	// ConnectTimeout in milliseconds.
	ConnectTimeout int `json:"connect_timeout" default:"60000" between:"1,2147483646"`
	// WriteTimeout in milliseconds between two successive writes.
	WriteTimeout int `json:"write_timeout" default:"60000" between:"1,2147483646"`
	// ReadTimeout in milliseconds between two successive reads.
	ReadTimeout int `json:"read_timeout" default:"60000" between:"1,2147483646"`
	// ClientCertificate is shown to the upstream when it asks for one.
	ClientCertificate *Foreign `json:"client_certificate" foreign:"certificates"`
	// TLSVerify turns verification of the upstream's certificate on or off;
	// null takes the gateway's setting.
	TLSVerify *bool `json:"tls_verify"`
	// TLSVerifyDepth is the longest accepted chain of intermediate certificates.
	TLSVerifyDepth *int `json:"tls_verify_depth" between:"0,64"`
	// CACertificates are the ids of the CAs to verify the upstream with.
	CACertificates []string `json:"ca_certificates" check:"uuid"`
	// TLSSANs are further names the upstream's certificate may carry.
	TLSSANs *TLSSANs `json:"tls_sans"`
	// Enabled false takes the service's routes out of the router.
	Enabled bool `json:"enabled" default:"true"`
}

// TLSSANs are subject alternative names.
type TLSSANs struct {
	// DNSNames are DNS names, wildcards allowed.
	DNSNames []string `json:"dnsnames" set:"true"`
	// URIs are URI names.
	URIs []string `json:"uris" set:"true"`
}

// Route matches requests and hands them to its service.
type Route struct {
	Meta
	// Name is a unique name to refer to the route by.
	Name string `json:"name" check:"utf8_name" unique:"true"`
	// Protocols the route serves.
	Protocols []string `json:"protocols" set:"true" default:"http,https" required:"true" items:"1," enum:"grpc,grpcs,http,https,tcp,tls,tls_passthrough,udp,ws,wss"`
	// Methods, upper case.
	Methods []string `json:"methods" set:"true" check:"method"`
	// Hosts, with an optional port and at most one wildcard label.
	Hosts []string `json:"hosts" check:"route_host"`
	// Paths: a prefix (/x) or an anchored regular expression (~/x).
	Paths []string `json:"paths" check:"route_path"`
	// Headers: for each name the values of which one must match; a value
	// that begins with ~* is a regular expression.
	Headers map[string][]string `json:"headers" keys:"match_header"`
	// SNIs of the TLS handshake.
	SNIs []string `json:"snis" set:"true" check:"wildcard_host"`
	// Sources of stream routes.
	Sources []Address `json:"sources" set:"true"`
	// Destinations of stream routes.
	Destinations []Address `json:"destinations" set:"true"`
	// HTTPSRedirectStatusCode answers plain requests to a route that is
	// for https only.
	HTTPSRedirectStatusCode int `json:"https_redirect_status_code" default:"426" required:"true" enum:"426,301,302,307,308"`
	// RegexPriority decides between several matching regular expressions.
	RegexPriority int `json:"regex_priority" default:"0"`
	// StripPath removes the matched prefix from the upstream path.
	StripPath bool `json:"strip_path" default:"true" required:"true"`
	// PathHandling is how the paths of service and request are joined.
	PathHandling string `json:"path_handling" default:"v0" enum:"v0,v1"`
	// PreserveHost sends the caller's Host upstream.
	PreserveHost bool `json:"preserve_host" default:"false" required:"true"`
	// RequestBuffering false streams the request body as it arrives.
	RequestBuffering bool `json:"request_buffering" default:"true" required:"true"`
	// ResponseBuffering is accepted; answers are always streamed.
	ResponseBuffering bool `json:"response_buffering" default:"true" required:"true"`
	// Service that answers; a route without one needs a plugin that does.
	Service *Foreign `json:"service" foreign:"services"`
}

// Address is an IP or CIDR, a port, or both.
type Address struct {
	// IP or CIDR.
	IP string `json:"ip" check:"ip_or_cidr"`
	// Port number.
	Port *int `json:"port" between:"0,65535"`
}

// Consumer is somebody who may call.
type Consumer struct {
	Meta
	// Username is unique.
	Username string `json:"username" unique:"true"`
	// CustomID is unique: the consumer's id in another system.
	CustomID string `json:"custom_id" unique:"true"`
}

// ConsumerGroup is a set of consumers that plugins can be scoped to.
type ConsumerGroup struct {
	Meta
	// Name is unique.
	Name string `json:"name" required:"true" check:"utf8_name" unique:"true"`
}

// ConsumerGroupMember puts a consumer into a group.
type ConsumerGroupMember struct {
	// Consumer is the member.
	Consumer Foreign `json:"consumer" foreign:"consumers" required:"true"`
	// ConsumerGroup is the group.
	ConsumerGroup Foreign `json:"consumer_group" foreign:"consumer_groups" required:"true"`
}

// Plugin is one configured instance of a plugin, for all requests or those of
// a route, a service, a consumer, a consumer group, or a combination.
type Plugin struct {
	Meta
	// Name of the plugin.
	Name string `json:"name" required:"true"`
	// InstanceName is a unique name for this instance.
	InstanceName string `json:"instance_name" check:"utf8_name" unique:"true"`
	// Route the instance is limited to.
	Route *Foreign `json:"route" foreign:"routes"`
	// Service the instance is limited to.
	Service *Foreign `json:"service" foreign:"services"`
	// Consumer the instance is limited to.
	Consumer *Foreign `json:"consumer" foreign:"consumers"`
	// ConsumerGroup the instance is limited to.
	ConsumerGroup *Foreign `json:"consumer_group" foreign:"consumer_groups"`
	// Config of the plugin, as its page says. Once decoded it is a pointer to
	// the plugin's config struct, with defaults.
	Config any `json:"config" type:"record" required:"true" default:"{}"`
	// Protocols of the requests the instance runs for.
	Protocols []string `json:"protocols" set:"true" default:"grpc,grpcs,http,https" required:"true" enum:"grpc,grpcs,http,https,tcp,tls,tls_passthrough,udp,ws,wss"`
	// Enabled false is as if the instance were not there.
	Enabled bool `json:"enabled" default:"true" required:"true"`
	// Ordering moves the plugin in the access phase.
	Ordering *Ordering `json:"ordering"`
}

// Ordering names plugins that this one must run before or after.
type Ordering struct {
	// Before names plugins to run before, per phase.
	Before *OrderingPhases `json:"before"`
	// After names plugins to run after, per phase.
	After *OrderingPhases `json:"after"`
}

// OrderingPhases holds plugin names per phase; only access can be ordered.
type OrderingPhases struct {
	// Access lists plugin names.
	Access []string `json:"access"`
}

// Upstream is a virtual host name with several targets.
type Upstream struct {
	Meta
	// Name is the host name that services refer to.
	Name string `json:"name" required:"true" check:"upstream_name" unique:"true"`
	// Algorithm chooses the target.
	Algorithm string `json:"algorithm" default:"round-robin" enum:"round-robin,consistent-hashing,least-connections,latency,sticky-sessions"`
	// HashOn is what consistent hashing looks at.
	HashOn string `json:"hash_on" default:"none" enum:"none,consumer,ip,header,cookie,path,query_arg,uri_capture"`
	// HashFallback is looked at when HashOn gives nothing.
	HashFallback string `json:"hash_fallback" default:"none" enum:"none,consumer,ip,header,cookie,path,query_arg,uri_capture"`
	// HashOnHeader names the header.
	HashOnHeader string `json:"hash_on_header" check:"header_name"`
	// HashFallbackHeader names the header.
	HashFallbackHeader string `json:"hash_fallback_header" check:"header_name"`
	// HashOnCookie names the cookie.
	HashOnCookie string `json:"hash_on_cookie" check:"cookie_name"`
	// HashOnCookiePath is the path of a cookie the gateway sets.
	HashOnCookiePath string `json:"hash_on_cookie_path" default:"/" check:"path"`
	// HashOnQueryArg names the query argument.
	HashOnQueryArg string `json:"hash_on_query_arg"`
	// HashFallbackQueryArg names the query argument.
	HashFallbackQueryArg string `json:"hash_fallback_query_arg"`
	// HashOnURICapture names the capture.
	HashOnURICapture string `json:"hash_on_uri_capture"`
	// HashFallbackURICapture names the capture.
	HashFallbackURICapture string `json:"hash_fallback_uri_capture"`
	// Slots is the size of the hash ring.
	Slots int `json:"slots" default:"10000" between:"10,65536"`
	// Healthchecks of the targets.
	Healthchecks Healthchecks `json:"healthchecks"`
	// HostHeader is sent as Host instead of the target's name.
	HostHeader string `json:"host_header" check:"host_with_optional_port"`
	// ClientCertificate is shown to targets when the service has none.
	ClientCertificate *Foreign `json:"client_certificate" foreign:"certificates"`
	// UseSRVName sends the SRV target as Host.
	UseSRVName bool `json:"use_srv_name" default:"false" refuse:"'use_srv_name' is not supported yet: leave it out or set it to false"`
	// StickySessionsCookie names the cookie of sticky sessions.
	StickySessionsCookie string `json:"sticky_sessions_cookie"`
	// StickySessionsCookiePath is that cookie's path.
	StickySessionsCookiePath string `json:"sticky_sessions_cookie_path" default:"/" check:"path"`
}

// Healthchecks of an upstream.
type Healthchecks struct {
	// Active probes.
	Active ActiveCheck `json:"active"`
	// Passive observation of proxied requests.
	Passive PassiveCheck `json:"passive"`
	// Threshold is the percentage of available weight below which the whole
	// upstream counts as unhealthy.
	Threshold float64 `json:"threshold" default:"0" between:"0,100"`
}

// ActiveCheck describes probes.
type ActiveCheck struct {
	// Type of the probe.
	Type string `json:"type" default:"http" enum:"tcp,http,https,grpc,grpcs"`
	// Timeout in seconds.
	Timeout float64 `json:"timeout" default:"1" between:"0,65535"`
	// Concurrency of the probes of one upstream.
	Concurrency int `json:"concurrency" default:"10" between:"1,2147483648"`
	// HTTPPath is what is asked for.
	HTTPPath string `json:"http_path" default:"/" check:"path"`
	// HTTPSSNI is the name in the handshake.
	HTTPSSNI string `json:"https_sni" check:"wildcard_host"`
	// Headers of the probe.
	Headers map[string][]string `json:"headers" keys:"header_name"`
	// HTTPSVerifyCertificate of the target.
	HTTPSVerifyCertificate bool `json:"https_verify_certificate" default:"true"`
	// Healthy says what makes a target healthy.
	Healthy ActiveHealthy `json:"healthy"`
	// Unhealthy says what makes a target unhealthy.
	Unhealthy ActiveUnhealthy `json:"unhealthy"`
}

// ActiveHealthy says when an unhealthy target is healthy again.
type ActiveHealthy struct {
	// Interval in seconds between probes of healthy targets; 0 is off.
	Interval float64 `json:"interval" default:"0" between:"0,65535"`
	// Successes in a row.
	Successes int `json:"successes" default:"0" between:"0,255"`
	// HTTPStatuses that count as success.
	HTTPStatuses []int `json:"http_statuses" default:"200,302" between:"100,999"`
}

// ActiveUnhealthy says when a healthy target becomes unhealthy.
type ActiveUnhealthy struct {
	// Interval in seconds between probes of unhealthy targets; 0 is off.
	Interval float64 `json:"interval" default:"0" between:"0,65535"`
	// TCPFailures in a row.
	TCPFailures int `json:"tcp_failures" default:"0" between:"0,255"`
	// Timeouts in a row.
	Timeouts int `json:"timeouts" default:"0" between:"0,255"`
	// HTTPFailures in a row.
	HTTPFailures int `json:"http_failures" default:"0" between:"0,255"`
	// HTTPStatuses that count as failure.
	HTTPStatuses []int `json:"http_statuses" default:"429,404,500,501,502,503,504,505" between:"100,999"`
}

// PassiveCheck describes what is learned from proxied requests.
type PassiveCheck struct {
	// Type of traffic.
	Type string `json:"type" default:"http" enum:"tcp,http,https,grpc,grpcs"`
	// Healthy says what makes a target healthy.
	Healthy PassiveHealthy `json:"healthy"`
	// Unhealthy says what makes a target unhealthy.
	Unhealthy PassiveUnhealthy `json:"unhealthy"`
}

// PassiveHealthy says when proxied requests prove a target healthy.
type PassiveHealthy struct {
	// Successes in a row.
	Successes int `json:"successes" default:"0" between:"0,255"`
	// HTTPStatuses that count as success.
	HTTPStatuses []int `json:"http_statuses" default:"200,201,202,203,204,205,206,207,208,226,300,301,302,303,304,305,306,307,308" between:"100,999"`
}

// PassiveUnhealthy says when proxied requests prove a target unhealthy.
type PassiveUnhealthy struct {
	// TCPFailures in a row.
	TCPFailures int `json:"tcp_failures" default:"0" between:"0,255"`
	// Timeouts in a row.
	Timeouts int `json:"timeouts" default:"0" between:"0,255"`
	// HTTPFailures in a row.
	HTTPFailures int `json:"http_failures" default:"0" between:"0,255"`
	// HTTPStatuses that count as failure.
	HTTPStatuses []int `json:"http_statuses" default:"429,500,503" between:"100,999"`
}

// Target is one address behind an upstream.
type Target struct {
	Meta `numbers:"created_at,updated_at"`
	// Target is host[:port]; the port is 8000 when it is left out.
	Target string `json:"target" required:"true" check:"target"`
	// Weight relative to the other targets; 0 takes it out.
	Weight int `json:"weight" default:"100" between:"0,65535"`
	// Upstream the target belongs to.
	Upstream Foreign `json:"upstream" foreign:"upstreams" required:"true"`
	// Failover marks a target that is used only when all others are down.
	Failover bool `json:"failover" default:"false" refuse:"'failover' is not supported yet: leave it out or set it to false"`
}

// Certificate is a certificate with its private key.
type Certificate struct {
	Meta
	// Cert is the PEM chain.
	Cert string `json:"cert" required:"true" ref:"true" check:"certificate"`
	// Key is the PEM private key.
	Key schema.Secret `json:"key" required:"true" ref:"true" check:"private_key"`
	// CertAlt is a second chain with a key of another type.
	CertAlt string `json:"cert_alt" ref:"true" check:"certificate"`
	// KeyAlt is the private key of CertAlt.
	KeyAlt schema.Secret `json:"key_alt" ref:"true" check:"private_key"`
}

// SNI binds a server name to a certificate.
type SNI struct {
	Meta
	// Name is a host name, possibly with a wildcard, or * for all others.
	Name string `json:"name" required:"true" check:"sni_name" unique:"true"`
	// Certificate to show.
	Certificate Foreign `json:"certificate" foreign:"certificates" required:"true"`
}

// CACertificate is a certificate authority to trust.
type CACertificate struct {
	Meta
	// Cert is one PEM certificate.
	Cert string `json:"cert" required:"true"`
	// CertDigest is the SHA-256 of the certificate, in hex; computed.
	CertDigest string `json:"cert_digest" unique:"true"`
}

// Vault is a place where secrets are kept, referred to by its prefix.
type Vault struct {
	Meta
	// Prefix in references: {vault://<prefix>/…}.
	Prefix string `json:"prefix" required:"true" check:"vault_prefix" unique:"true"`
	// Name is the kind of vault.
	Name string `json:"name" required:"true"`
	// Description for people.
	Description string `json:"description"`
	// Config of the vault, by its kind. Once decoded it is an EnvVault.
	Config any `json:"config" type:"record" default:"{}"`
}

// KeyAuthCredential is a key that authenticates a consumer.
type KeyAuthCredential struct {
	Meta
	// Consumer that the key belongs to.
	Consumer Foreign `json:"consumer" foreign:"consumers" required:"true"`
	// Key; made up when left out.
	Key schema.Secret `json:"key" ref:"true" unique:"true" auto:"random"`
	// TTL in seconds after which the key expires.
	TTL *int `json:"ttl" between:"0,100000000"`
}

// ACL puts a consumer into a group of the acl plugin.
type ACL struct {
	Meta
	// Consumer in the group.
	Consumer Foreign `json:"consumer" foreign:"consumers" required:"true"`
	// Group name.
	Group string `json:"group" required:"true"`
}
