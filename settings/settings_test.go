package settings

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// load reads settings from a file's text and variables only.
func load(t *testing.T, file string, environ ...string) (*Settings, []Warning, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sluice.conf")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(Source{File: path, Environ: environ})
}

func TestDefaults(t *testing.T) {
	s, warnings, err := Load(Source{Search: []string{}})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("err %v, warnings %v", err, warnings)
	}
	for name, tc := range map[string]struct{ got, want any }{
		"proxy_listen":  {s.ProxyListen, "0.0.0.0:8000, 0.0.0.0:8443 ssl http2"},
		"admin_listen":  {s.AdminListen, "127.0.0.1:8001, 127.0.0.1:8444 ssl http2"},
		"status_listen": {s.StatusListen, "127.0.0.1:8007"},
		"database":      {s.Database, "off"},
		"headers":       {s.Headers, []string{"server_tokens", "latency_tokens", "X-Kong-Request-Id"}},
		"quit_timeout":  {s.QuitTimeout, 10 * time.Second},
		"dns_stale_ttl": {s.DNSStaleTTL, time.Hour},
		"admin body":    {s.AdminMaxBodySize, int64(10 << 20)},
		"pool":          {s.UpstreamKeepalivePoolSize, 512},
		"token":         {s.AdminTokenRequired(), false},
		"level":         {s.Level(), slog.LevelInfo},
		"plugin":        {s.PluginEnabled("cors"), true},
		"protocols":     {s.SSLProtocols, []string{"TLSv1.2", "TLSv1.3"}},
	} {
		if !reflect.DeepEqual(tc.got, tc.want) {
			t.Errorf("%s: got %v, want %v", name, tc.got, tc.want)
		}
	}
}

func TestLayers(t *testing.T) {
	file := `
# a comment
log_level = warn   # another
error_default_type = "text/html"
declarative_config = /etc/kong\#1.yml
trusted_ips = 10.0.0.0/8, ::1
allow_debug_header = on
nginx_http_client_max_body_size = 8m
nginx_proxy_real_ip_recursive = on
`
	for _, tc := range []struct {
		name    string
		environ []string
		get     func(*Settings) any
		want    any
	}{
		{"file", nil, func(s *Settings) any { return s.LogLevel }, "warn"},
		{"KONG over file", []string{"KONG_LOG_LEVEL=error"}, func(s *Settings) any { return s.LogLevel }, "error"},
		{"SLUICE over KONG", []string{"SLUICE_LOG_LEVEL=debug", "KONG_LOG_LEVEL=error"}, func(s *Settings) any { return s.LogLevel }, "debug"},
		{"an empty one takes back", []string{"KONG_LOG_LEVEL="}, func(s *Settings) any { return s.LogLevel }, "notice"},
		{"quotes", nil, func(s *Settings) any { return s.ErrorDefaultType }, "text/html"},
		{"escaped hash", nil, func(s *Settings) any { return s.DeclarativeConfig }, "/etc/kong#1.yml"},
		{"list", nil, func(s *Settings) any { return s.TrustedIPs }, []string{"10.0.0.0/8", "::1"}},
		{"boolean", nil, func(s *Settings) any { return s.AllowDebugHeader }, true},
		{"size", nil, func(s *Settings) any { return s.MaxBodySize }, int64(8 << 20)},
		{"alias", nil, func(s *Settings) any { return s.RealIPRecursive }, true},
		{"reference", []string{"SLUICE_ADMIN_TOKEN={vault://env/my-token}", "MY_TOKEN=t0"}, func(s *Settings) any { return s.AdminToken.Reveal() }, "t0"},
		{"reference into JSON", []string{"SLUICE_ADMIN_TOKEN={vault://env/all/admin}", `ALL={"admin":"t1"}`}, func(s *Settings) any { return s.AdminToken.Reveal() }, "t1"},
		{"reference with a prefix", []string{"SLUICE_ADMIN_TOKEN={vault://env/token?prefix=x_}", "X_TOKEN=t2"}, func(s *Settings) any { return s.AdminToken.Reveal() }, "t2"},
		{"reference and prefix", []string{"SLUICE_ADMIN_TOKEN={vault://env/token}", "KONG_VAULT_ENV_PREFIX=Y_", "Y_TOKEN=t3"}, func(s *Settings) any { return s.AdminToken.Reveal() }, "t3"},
		{"GOGC", []string{"GOGC=200"}, func(s *Settings) any { return s.GOGC }, 200},
		{"gogc over GOGC", []string{"GOGC=200", "SLUICE_GOGC=off"}, func(s *Settings) any { return s.GOGC }, -1},
		{"GOMEMLIMIT", []string{"GOMEMLIMIT=512MiB"}, func(s *Settings) any { return s.MemoryLimit }, int64(512 << 20)},
		{"seconds", []string{"SLUICE_QUIT_TIMEOUT=1m"}, func(s *Settings) any { return s.QuitTimeout }, time.Minute},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, warnings, err := load(t, file, tc.environ...)
			if err != nil || len(warnings) > 0 {
				t.Fatalf("err %v, warnings %v", err, warnings)
			}
			if got := tc.get(s); !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestOverrideIsStrongest(t *testing.T) {
	s, _, err := Load(Source{Search: []string{}, Environ: []string{"SLUICE_DECLARATIVE_CONFIG=a"}, Override: map[string]string{"declarative_config": "b"}})
	if err != nil || s.DeclarativeConfig != "b" {
		t.Fatalf("got %v, %v", s, err)
	}
}

func TestSearch(t *testing.T) {
	dir := t.TempDir()
	second := filepath.Join(dir, "second.conf")
	if err := os.WriteFile(second, []byte("log_level = crit\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _, err := Load(Source{Search: []string{filepath.Join(dir, "first.conf"), second}})
	if err != nil || s.LogLevel != "crit" {
		t.Fatalf("got %v, %v", s, err)
	}
	if _, _, err := Load(Source{File: filepath.Join(dir, "first.conf")}); err == nil {
		t.Error("a file that was asked for and is not there must be an error")
	}
}

func TestProblems(t *testing.T) {
	for _, tc := range []struct{ file, want string }{
		{"log_level = loud", `log_level (FILE line 1): "loud" must be one of: debug`},
		{"nonsense", "FILE line 1: must be key = value"},
		{"proxy_listen = 8000", `proxy_listen (FILE line 1): "8000": must be host:port`},
		{"proxy_listen = 0.0.0.0:8000 proxy_protocol", `flag "proxy_protocol" is not supported`},
		{"proxy_listen = 127.0.0.1:9\nadmin_listen = 127.0.0.1:9", "admin_listen (FILE line 2): 127.0.0.1:9 is taken by 127.0.0.1:9 of proxy_listen"},
		{"proxy_listen = 0.0.0.0:9, 127.0.0.1:9", "proxy_listen (FILE line 1): 127.0.0.1:9 is taken by 0.0.0.0:9 of proxy_listen"},
		{"proxy_listen = 0.0.0.0:9\nstatus_listen = 127.0.0.1:9", "is taken by 0.0.0.0:9 of proxy_listen"},
		{"admin_listen = 0.0.0.0:8001", "admin_listen (FILE line 1): 0.0.0.0:8001 is reachable from other machines: set admin_token"},
		{"admin_listen = 0.0.0.0:8001, 0.0.0.0:8444 ssl\nnginx_admin_ssl_verify_client = on\nnginx_admin_ssl_client_certificate = ca.pem", "admin_listen (FILE line 1): 0.0.0.0:8001 is reachable"},
		{"nginx_admin_ssl_verify_client = on", "nginx_admin_ssl_verify_client (FILE line 1): asks for certificates: set nginx_admin_ssl_client_certificate"},
		{"nginx_admin_ssl_verify_client = optional_no_ca", "a certificate that nobody vouches for proves nothing"},
		{"nginx_admin_ssl_client_certificate = ca.pem", "verifies nobody while nginx_admin_ssl_verify_client is off"},
		{"nginx_status_ssl_verify_client = on\nnginx_status_ssl_client_certificate = ca.pem", "needs a listener with the flag ssl in status_listen"},
		{"nginx_proxy_ssl_verify_client = on", "on the listeners of the Admin and Status API only"},
		{"nginx_admin_ssl_crl = crl.pem", "does not look whether client certificates were revoked"},
		{"nginx_admin_allow = 10.0.0.0/8", "would let in whom it keeps out"},
		{"nginx_http_limit_req_zone = x", "would let in whom it keeps out"},
		{"nginx_http_ssl_protocols = TLSv1", "not safe any more"},
		{"admin_gui_url = manager.example", `admin_gui_url (FILE line 1): "manager.example" must be the address of a page`},
		{"admin_auth = token", "admin_auth (FILE line 1): wants a token"},
		{"admin_token = {vault://env/nope}", "admin_token (FILE line 1): reference {vault://env/nope}: environment variable NOPE is not set"},
		{"admin_token = {vault://aws/nope}", `there is no vault 'aws'`},
		{"admin_listen = 0.0.0.0:8001\nadmin_token = {vault://env/nope}", "environment variable NOPE is not set"},
		{"demo_listen = 0.0.0.0:8009", "reachable from other machines"},
		{"database = postgres", "this version keeps its configuration in a declarative file"},
		{"role = data_plane", "this version has no hybrid mode"},
		{"stream_listen = 0.0.0.0:9000", "proxies no plain TCP"},
		{"router_flavor = expressions", "traditional_compatible only"},
		{"security_defaults = strict", "the strict defaults are not in this version"},
		{"vaults = aws", "the vault env only"},
		{"untrusted_lua = on", "runs no Lua"},
		{"proxy_server = http://p:1", "leave proxy_server out"},
		{"enforce_rbac = on", "admin_auth = token"},
		{"port_maps = 80:8000, 443", `"443" must be two ports such as 80:8000`},
		{"port_maps = 0:8000", "must be two ports"},
		{"headers = x-foo", `"x-foo" must be one of`},
		{"trusted_ips = nowhere", "neither an address nor a CIDR"},
		{"real_ip_header = proxy_protocol", "PROXY protocol"},
		{"ssl_cert = a, b\nssl_cert_key = a", "has 2 certificates but ssl_cert_key has 1 keys"},
		{"client_ssl = on", "set client_ssl_cert"},
		{"ssl_cipher_suite = old", "use intermediate or modern"},
		{"ssl_protocols = TLSv1.1 TLSv1.2", "not safe any more"},
		{"declarative_config = a\ndeclarative_config_string = {}", "remove one of them"},
		{"dns_cache_size = 0", "must be from 1 to"},
		{"dns_stale_ttl = soon", "must be a time in seconds"},
		{"dns_resolver = ns.example", "must be the address of a name server"},
		{"allow_debug_header = maybe", "must be on or off"},
		{"nginx_http_client_max_body_size = big", "must be a size in bytes"},
		{"memory_limit = big", "or auto, off"},
		{"node_id = 7", "must be a UUID"},
		{"quit_timeout = -1", "must be a time"},
		{"upstream_keepalive_pool_size = 1\nnginx_upstream_keepalive = 2", "says something else than upstream_keepalive_pool_size"},
	} {
		_, _, err := load(t, tc.file)
		e, ok := errors.AsType[*Error](err)
		if !ok || len(e.Problems) != 1 {
			t.Errorf("%q: got %v, want one problem", tc.file, err)
			continue
		}
		if got := e.Problems[0]; !strings.Contains(maskPath(got.String()), tc.want) {
			t.Errorf("%q: got %q, want %q", tc.file, got, tc.want)
		}
	}
}

// maskPath replaces the path of the temporary file.
func maskPath(s string) string {
	words := strings.Split(s, " ")
	for i, w := range words {
		if strings.HasSuffix(w, "sluice.conf") {
			words[i] = strings.TrimSuffix(w, w[strings.Index(w, "/"):]) + "FILE"
		}
	}
	return strings.Join(words, " ")
}

func TestAllProblemsAtOnce(t *testing.T) {
	_, _, err := load(t, "log_level = loud\nbad line\nrole = control_plane", "KONG_DATABASE=postgres", "SLUICE_DNS_ORDER=MX")
	e, ok := errors.AsType[*Error](err)
	if !ok || len(e.Problems) != 5 {
		t.Fatalf("got %v, want five problems", err)
	}
}

func TestWarnings(t *testing.T) {
	for _, tc := range []struct {
		name    string
		file    string
		environ []string
		want    []string
	}{
		{
			"what Kong's Helm chart sets", "",
			[]string{
				"KONG_ADMIN_ACCESS_LOG=/dev/stdout", "KONG_ADMIN_LISTEN=127.0.0.1:8444 http2 ssl, [::1]:8444 http2 ssl", "KONG_CLUSTER_LISTEN=off",
				"KONG_DATABASE=off", "KONG_NGINX_WORKER_PROCESSES=2", "KONG_PORT_MAPS=80:8000, 443:8443", "KONG_PREFIX=/kong_prefix/",
				"KONG_PROXY_LISTEN=0.0.0.0:8000, [::]:8000, 0.0.0.0:8443 http2 ssl, [::]:8443 http2 ssl", "KONG_PROXY_STREAM_ACCESS_LOG=/dev/stdout basic",
				"KONG_STATUS_LISTEN=0.0.0.0:8100, [::]:8100", "KONG_STREAM_LISTEN=off", "KONG_ROUTER_FLAVOR=traditional_compatible",
			},
			[]string{"some settings have no effect; not applicable: admin_access_log, cluster_listen, proxy_stream_access_log"},
		},
		{"nothing", "admin_access_log = off\nnginx_daemon = off\nanonymous_reports = on", nil, nil},
		{"Docker", "", []string{"KONG_PROXY_ACCESS_LOG=/dev/stdout", "KONG_PROXY_ERROR_LOG=/dev/stderr", "KONG_DATABASE=off", "KONG_VERSION=3.10.0"}, nil},
		{"Kubernetes", "", []string{"KONG_PORT_8000_TCP_ADDR=1.2.3.4", "KONG_PORT=tcp://1.2.3.4:8000", "KONG_SERVICE_HOST=1.2.3.4"}, nil},
		{
			"one for all", "pg_host = db\nprox_listen = off\nlog_level = info\nlog_level = warn",
			[]string{"SLUICE_MEM_CACHE_SIZE=1g", "KONG_OOPS=1"},
			[]string{"some settings have no effect; not applicable: mem_cache_size, pg_host; unknown: oops, prox_listen", "some settings are set twice in the file; the last one counts; keys: log_level"},
		},
		{
			"an open Admin API", "admin_listen = 0.0.0.0:8001\nadmin_auth = off", nil,
			[]string{"the Admin API is open to everyone who reaches it; admin listen: 0.0.0.0:8001; admin auth: off"},
		},
		{"a guarded Admin API, by certificates", "admin_listen = 0.0.0.0:8001 ssl\nnginx_admin_ssl_verify_client = on\nnginx_admin_ssl_client_certificate = x\nadmin_auth = off", nil, nil},
		{
			"half guarded", "admin_listen = 0.0.0.0:8001 ssl\nnginx_admin_ssl_verify_client = optional\nnginx_admin_ssl_client_certificate = x\nadmin_auth = off", nil,
			[]string{"the Admin API is open to everyone who reaches it; admin listen: 0.0.0.0:8001; admin auth: off"},
		},
		{
			"flags of listeners", "proxy_listen = 0.0.0.0:8000 reuseport backlog=16384, [::]:8443 ssl reuseport http2 ipv6only=on", nil,
			[]string{"some settings have no effect; listener flags: backlog, reuseport"},
		},
		{"directives of nginx", "nginx_http_keepalive_requests = 5\nnginx_proxy_ssl_verify_client = off", nil, []string{"some settings have no effect; not applicable: nginx_http_keepalive_requests"}},
		{"a guarded Admin API", "admin_listen = 0.0.0.0:8001\nadmin_token = x", nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, warnings, err := load(t, tc.file, tc.environ...)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range warnings {
				got = append(got, w.String())
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	s, _, err := load(t, "admin_token = hush1\nssl_cert = a\nssl_cert_key = hush2\nclient_ssl_cert_key = hush3\ndeclarative_config_string = hush4")
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{s.String(), fmt.Sprint(s), fmt.Sprintf("%+v %#v", s, s), fmt.Sprint(s.LogValue())} {
		if strings.Contains(shown, "hush") {
			t.Errorf("a secret is shown: %s", shown)
		}
	}
	c := s.Configuration()
	if got := c["proxy_listen"]; !reflect.DeepEqual(got, []string{"0.0.0.0:8000", "0.0.0.0:8443 ssl http2"}) {
		t.Errorf("proxy_listen: got %v", got)
	}
	if c["gogc"] != "auto" || c["memory_limit"] != "auto" {
		t.Errorf("gogc %v, memory_limit %v", c["gogc"], c["memory_limit"])
	}
	if c["admin_token"] != masked || c["declarative_config"] != nil || c["database"] != "off" {
		t.Errorf("got %v", c)
	}
}

func TestProblemsDoNotShowSecrets(t *testing.T) {
	_, _, err := load(t, "", "SLUICE_ADMIN_TOKEN={vault://env/all/x}", "ALL=hush")
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v", err)
	}
}

func TestAdminGuards(t *testing.T) {
	const verify = "admin_listen = 0.0.0.0:8444 ssl\nnginx_admin_ssl_client_certificate = ca.pem\nnginx_admin_ssl_verify_client = "
	for _, tc := range []struct {
		file    string
		want    ClientCertificates
		suffice bool
	}{
		{"", ClientCertificates{Depth: 1}, false},
		{verify + "on", ClientCertificates{Ask: true, Require: true, Authorities: []string{"ca.pem"}, Depth: 1}, true},
		{verify + "optional\nnginx_admin_ssl_verify_depth = 0", ClientCertificates{Ask: true, Authorities: []string{"ca.pem"}}, true},
		{verify + "on\nadmin_auth = token\nadmin_token = x", ClientCertificates{Ask: true, Require: true, Authorities: []string{"ca.pem"}, Depth: 1}, false},
	} {
		s, _, err := load(t, tc.file)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.AdminClients(); !reflect.DeepEqual(got, tc.want) || s.AdminCertificateSuffices() != tc.suffice {
			t.Errorf("%q: got %+v, suffices: %t", tc.file, got, s.AdminCertificateSuffices())
		}
	}
}

func TestAdminOrigins(t *testing.T) {
	s, _, err := load(t, "admin_gui_url = https://Manager.Example:443/ui, http://127.0.0.1:8002,http://[::1]:80")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"https://manager.example", "http://127.0.0.1:8002", "http://[::1]"}
	if got := s.AdminOrigins(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTLSVersions(t *testing.T) {
	for _, tc := range []struct {
		file            string
		lowest, highest uint16
	}{
		{"", 0x0303, 0x0304},
		{"ssl_cipher_suite = modern", 0x0304, 0x0304},
		{"ssl_protocols = TLSv1.2", 0x0303, 0x0303},
		{"ssl_protocols = TLSv1.3", 0x0304, 0x0304},
	} {
		s, _, err := load(t, tc.file)
		if err != nil {
			t.Fatal(err)
		}
		if l, h := s.TLSVersions(); l != tc.lowest || h != tc.highest {
			t.Errorf("%q: got %x %x, want %x %x", tc.file, l, h, tc.lowest, tc.highest)
		}
	}
}

func TestGC(t *testing.T) {
	v2 := fstest.MapFS{
		"proc/self/cgroup":                {Data: []byte("0::/a/b\n")},
		"sys/fs/cgroup/a/b/memory.max":    {Data: []byte("max\n")},
		"sys/fs/cgroup/a/memory.max":      {Data: []byte("1000\n")},
		"sys/fs/cgroup/memory.max":        {Data: []byte("2000\n")},
		"sys/fs/cgroup/other/memory.high": {Data: []byte("1\n")},
	}
	v1 := fstest.MapFS{
		"proc/self/cgroup":                           {Data: []byte("5:cpu,cpuacct:/x\n4:memory:/docker/gone\n")},
		"sys/fs/cgroup/memory/memory.limit_in_bytes": {Data: []byte("4000\n")},
	}
	free := fstest.MapFS{
		"proc/self/cgroup":                           {Data: []byte("4:memory:/\n")},
		"sys/fs/cgroup/memory/memory.limit_in_bytes": {Data: []byte("9223372036854771712\n")},
	}
	for _, tc := range []struct {
		name    string
		file    string
		root    fstest.MapFS
		percent int
		limit   int64
	}{
		{"version 2", "", v2, 200, 900},
		{"version 1", "", v1, 200, 3600},
		{"no limit", "", free, 200, math.MaxInt64},
		{"no groups", "", fstest.MapFS{}, 200, math.MaxInt64},
		{"own limit", "memory_limit = 1k", v2, 200, 1024},
		{"no limit wanted", "memory_limit = off", v2, 200, math.MaxInt64},
		{"own percentage", "gogc = 50", v2, 50, 900},
		{"no percentage wanted", "gogc = off", v2, -1, 900},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, _, err := load(t, tc.file)
			if err != nil {
				t.Fatal(err)
			}
			if p, l := s.GC(tc.root); p != tc.percent || l != tc.limit {
				t.Errorf("got %d %d, want %d %d", p, l, tc.percent, tc.limit)
			}
		})
	}
}

// Every key must be declared once, rules must not hide a field, and a rule
// must not stand behind one that already matches all of its keys.
func TestTables(t *testing.T) {
	for _, f := range Fields() {
		if f.Key == "" {
			t.Errorf("%s has no key", f.Name)
		}
	}
	for i, r := range rules {
		if byKey()[r.key] != nil {
			t.Errorf("rule %s is a setting", r.key)
		}
		for _, before := range rules[:i] {
			if before.matches(strings.ReplaceAll(r.key, "*", "x")) {
				t.Errorf("rule %s is hidden by %s", r.key, before.key)
			}
		}
	}
}

func FuzzParseFile(f *testing.F) {
	for _, s := range []string{"a = b", "a=\\#b#c", "a", "= b", "a = \"b\"\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines, problems := parseFile(text)
		if n := strings.Count(text, "\n") + 1; len(lines)+len(problems) > n {
			t.Fatalf("%d results of %d lines", len(lines)+len(problems), n)
		}
		for _, l := range lines {
			if l.key == "" || strings.ContainsAny(l.key, " \t=") {
				t.Fatalf("key %q", l.key)
			}
		}
	})
}
