package route

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/header"
)

// rule is what a route asks for besides its paths.
type rule struct {
	entry     int
	protocols protocolSet
	methods   []string
	hosts     []hostPattern
	snis      []hostPattern
	headers   []headerRule
}

// headerRule wants one of the values of a header to be one of several.
type headerRule struct {
	name     string
	values   []string
	patterns []*pattern
}

// request is a query made ready for rules to look at.
type request struct {
	method string
	header header.Header
	path   string
	host   string
	sni    string
	port   int
	tls    bool
}

func newRequest(q *Query) request {
	host, port := splitHost(q.Host)
	if port == 0 {
		port = q.ListenerPort
	}
	return request{
		method: q.Method,
		header: q.Header,
		path:   Normalize(q.Path),
		host:   plainHost(host),
		sni:    plainHost(q.SNI),
		port:   port,
		tls:    q.TLS || q.Scheme == "https" || q.Scheme == "grpcs" || q.Scheme == "wss",
	}
}

func (b *builder) rule(entry int, r *config.Route) (*rule, error) {
	ru := &rule{entry: entry, protocols: newProtocolSet(r.Protocols), methods: r.Methods}
	for _, h := range r.Hosts {
		ru.hosts = append(ru.hosts, newHostPattern(h))
	}
	for _, s := range r.SNIs {
		ru.snis = append(ru.snis, newNamePattern(s))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		hr, err := b.headerRule(name, r.Headers[name])
		if err != nil {
			return nil, fmt.Errorf("%s: header %s: invalid regex: %w", label(r), name, err)
		}
		ru.headers = append(ru.headers, hr)
	}
	return ru, nil
}

// headerRule lower-cases values and expressions alike, as the original does.
func (b *builder) headerRule(name string, values []string) (headerRule, error) {
	hr := headerRule{name: name}
	for _, v := range values {
		v = header.Lower(v)
		if !strings.HasPrefix(v, "~*") {
			hr.values = append(hr.values, v)
			continue
		}
		p, err := b.valuePattern(v)
		if err != nil {
			return hr, err
		}
		hr.patterns = append(hr.patterns, p)
	}
	return hr, nil
}

// admits tells whether all conditions but host and path hold.
func (r *rule) admits(rq *request) bool {
	if !r.protocols.serves(rq.tls) {
		return false
	}
	if len(r.methods) > 0 && !slices.Contains(r.methods, rq.method) {
		return false
	}
	if len(r.snis) > 0 && rq.tls && !r.knowsSNI(rq.sni) {
		return false
	}
	for i := range r.headers {
		if !r.headers[i].admits(rq.header) {
			return false
		}
	}
	return true
}

func (r *rule) knowsSNI(sni string) bool {
	for i := range r.snis {
		if r.snis[i].matches(sni, 0) {
			return true
		}
	}
	return false
}

// admits: a header without values to choose from is no condition.
func (hr *headerRule) admits(h header.Header) bool {
	if len(hr.values) == 0 && len(hr.patterns) == 0 {
		return true
	}
	for i := range h {
		if header.Equal(h[i].Name, hr.name) && hr.accepts(h[i].Value) {
			return true
		}
	}
	return false
}

func (hr *headerRule) accepts(value string) bool {
	for _, want := range hr.values {
		if header.Equal(value, want) {
			return true
		}
	}
	if len(hr.patterns) == 0 {
		return false
	}
	value = header.Lower(value)
	for _, p := range hr.patterns {
		if p.re.MatchString(value) {
			return true
		}
	}
	return false
}
