// Package correlationid is the plugin correlation-id: it gives each request an
// id under which it can be found in the logs of everybody who handles it.
//
// An id that the caller sends is kept. The plugin goes early in the access
// phase, so that all others see the id; it does not replace the gateway's own
// request id.
package correlationid

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/plugin"
)

// Config of the plugin.
type Config struct {
	// HeaderName is the header that carries the id. Default: Kong-Request-ID.
	HeaderName string `json:"header_name" default:"Kong-Request-ID"`
	// Generator makes the ids: uuid is a new UUID for each request,
	// uuid#counter the UUID of this run of the gateway with a running number,
	// tracker a text of the listener's address and port, the process, the
	// connection, the request on it, and the time. Default: uuid#counter.
	// Take uuid when ids must not tell how many requests there were.
	Generator string `json:"generator" default:"uuid#counter" required:"true" enum:"uuid,uuid#counter,tracker"`
	// EchoDownstream sends the id back to the caller too. Default: false.
	EchoDownstream bool `json:"echo_downstream" default:"false" required:"true"`
}

// Definition describes the plugin.
func Definition() plugin.Definition {
	d := plugin.Define("correlation-id", 100001, build)
	d.Scope = plugin.Scope{NoConsumerGroup: true}
	return d
}

type correlationID struct {
	header   string
	generate func(in *flow.Request) string
}

func build(c *Config, deps *plugin.Deps) (plugin.Hooks, error) {
	p := &correlationID{header: c.HeaderName}
	if p.header == "" {
		p.header = "Kong-Request-ID"
	}
	if !token(p.header) {
		return plugin.Hooks{}, fmt.Errorf("header_name: %q cannot be the name of a header", p.header)
	}
	var release func() error
	switch c.Generator {
	case "uuid":
		p.generate = func(*flow.Request) string { return newUUID() }
	case "tracker":
		p.generate = tracker(deps.Clock, os.Getpid())
	default:
		n, done, err := plugin.Share(deps.Long, "correlation-id", newNumbered)
		if err != nil {
			return plugin.Hooks{}, err
		}
		p.generate, release = n.next, done
	}
	h := plugin.Hooks{Access: p.access, Close: release}
	if c.EchoDownstream {
		h.Head = p.echo
	}
	return h, nil
}

// access finds or makes the id and gives it to the upstream and the log.
func (p *correlationID) access(ex *flow.Exchange) (*flow.Reply, error) {
	id := ex.Out.Header.Get(p.header)
	if blank(id) {
		id = p.generate(&ex.In)
		ex.Out.Header.Set(p.header, id)
	}
	value := any(id)
	ex.SetLogField("correlation_id", value)
	ex.SetNote(p, value)
	return nil, nil
}

// echo sends the id back. Answers that were given before the access phase,
// such as a 404, get one of their own.
func (p *correlationID) echo(ex *flow.Exchange, r *flow.Reply) error {
	id, ok := ex.Note(p).(string)
	if !ok {
		id = ex.In.Header.Get(p.header)
	}
	if blank(id) {
		id = p.generate(&ex.In)
	}
	r.Header.Set(p.header, id)
	return nil
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }

// token tells whether s can be the name of a header field (RFC 9110, 5.6.2).
func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

// numbered makes the ids of uuid#counter. There is one for all instances, so
// that a number occurs once per run.
type numbered struct {
	prefix string
	n      atomic.Uint64
}

func newNumbered() (*numbered, func() error, error) {
	return &numbered{prefix: newUUID() + "#"}, nil, nil
}

func (n *numbered) next(*flow.Request) string {
	var buf [64]byte
	return string(strconv.AppendUint(append(buf[:0], n.prefix...), n.n.Add(1), 10))
}

// tracker describes the request: address-port-process-connection-requests-time.
func tracker(c clock.Clock, pid int) func(in *flow.Request) string {
	return func(in *flow.Request) string {
		var buf [96]byte
		b := append(append(buf[:0], in.Addr...), '-')
		b = append(strconv.AppendInt(b, int64(in.Port), 10), '-')
		b = append(strconv.AppendInt(b, int64(pid), 10), '-')
		b = append(strconv.AppendUint(b, in.Conn, 10), '-')
		b = append(strconv.AppendInt(b, int64(in.ConnRequests), 10), '-')
		return string(appendSeconds(b, c.Now()))
	}
}

// appendSeconds writes the Unix time with three decimals.
func appendSeconds(b []byte, t time.Time) []byte {
	ms := t.UnixMilli()
	b = append(strconv.AppendInt(b, ms/1000, 10), '.')
	rest := ms % 1000
	return append(b, byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
}

// newUUID makes a random UUID (RFC 9562, version 4).
func newUUID() string {
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails: it ends the program instead
	raw[6] = raw[6]&0x0f | 0x40
	raw[8] = raw[8]&0x3f | 0x80
	var text [36]byte
	hex.Encode(text[:8], raw[:4])
	hex.Encode(text[9:13], raw[4:6])
	hex.Encode(text[14:18], raw[6:8])
	hex.Encode(text[19:23], raw[8:10])
	hex.Encode(text[24:], raw[10:])
	for _, i := range [...]int{8, 13, 18, 23} {
		text[i] = '-'
	}
	return string(text[:])
}
