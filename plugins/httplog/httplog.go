// Package httplog is the plugin http-log: it sends log entries to an HTTP
// server, alone or in batches.
//
// It renders entries and puts them into a queue, which all instances with the
// same endpoint share; it never makes an exchange wait for that server. How a
// queue waits, retries and gives up is package queue's business.
package httplog

import (
	"log/slog"
	"net/url"
	"strings"
	"sync"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/queue"
	"github.com/sluice-gateway/sluice/schema"
	"github.com/sluice-gateway/sluice/telemetry/logentry"
)

// Config of http-log.
type Config struct {
	// HTTPEndpoint is the URL that entries are sent to. Its query is not sent;
	// user and password in it become a Basic Authorization.
	HTTPEndpoint schema.Secret `json:"http_endpoint" required:"true" check:"url" ref:"true" doc:"The URL to send entries to; its query is not sent."`
	// Method of the requests. Default POST.
	Method string `json:"method" default:"POST" enum:"POST,PUT,PATCH" doc:"The method of the requests."`
	// ContentType of the requests. Default application/json.
	ContentType string `json:"content_type" default:"application/json" enum:"application/json,application/json; charset=utf-8" doc:"The media type of the requests."`
	// Timeout in milliseconds for connecting, and between two successive
	// reads or writes. Default 10000.
	Timeout float64 `json:"timeout" default:"10000" doc:"Milliseconds for connecting, and between two reads or writes."`
	// Keepalive is how long, in milliseconds, an idle connection is kept.
	// Default 60000; 0 keeps it until the server closes it. Together with the
	// rest of the endpoint it decides which instances share a queue, and its
	// connection.
	Keepalive float64 `json:"keepalive" default:"60000" doc:"Milliseconds that an idle connection is kept."`
	// RetryCount has no effect any more; see queue.
	RetryCount *int `json:"retry_count" doc:"Deprecated, without effect."`
	// QueueSize is the former name of queue.max_batch_size; a value other than
	// 1 wins over that.
	QueueSize *int `json:"queue_size" doc:"Deprecated: use queue.max_batch_size."`
	// FlushTimeout is the former name of queue.max_coalescing_delay; a value
	// other than 2 wins over that.
	FlushTimeout *float64 `json:"flush_timeout" doc:"Deprecated: use queue.max_coalescing_delay."`
	// Headers are sent with every request. Host, Content-Length and
	// Content-Type are not for you to set.
	Headers map[string]schema.Secret `json:"headers" keys:"header_name" ref:"true" doc:"Headers to send with every request."`
	// Queue says how entries are gathered and tried again.
	Queue queue.Config `json:"queue"`
	// CustomFieldsByLua sets fields of the entry to what Lua code returns.
	CustomFieldsByLua map[string]string `json:"custom_fields_by_lua" refuse:"Lua code in custom_fields_by_lua is not supported yet"`
	// SSLVerify checks the server's certificate against the system's
	// authorities. Default false, as always before version 3.14.
	SSLVerify bool `json:"ssl_verify" default:"false" doc:"Check the certificate of the server."`
	// ClientCertificate to show to the server.
	ClientCertificate *config.Foreign `json:"client_certificate" foreign:"certificates" refuse:"client certificates of http-log are not supported yet"`
}

// Validate checks the headers.
func (c *Config) Validate(e *schema.Errors) {
	authorization := false
	for name := range c.Headers {
		switch strings.ToLower(name) {
		case "host":
			e.Field("headers").Fail("cannot contain 'Host' header")
		case "content-length":
			e.Field("headers").Fail("cannot contain 'Content-Length' header")
		case "content-type":
			e.Field("headers").Fail("cannot contain 'Content-Type' header")
		case "authorization":
			authorization = true
		}
	}
	u, err := url.Parse(c.HTTPEndpoint.Reveal())
	if err == nil && u.User != nil && authorization {
		e.Fail("specifying both an 'Authorization' header and user info in 'http_endpoint' is not allowed")
	}
}

// Warnings implements schema.Warner.
func (c *Config) Warnings() []schema.Problem { return c.former().Warnings() }

func (c *Config) former() queue.Former {
	return queue.Former{QueueSize: c.QueueSize, FlushTimeout: c.FlushTimeout, RetryCount: c.RetryCount}
}

// Definition describes the plugin.
func Definition() plugin.Definition { return plugin.Define("http-log", 12, build) }

func build(cfg *Config, deps *plugin.Deps) (plugin.Hooks, error) {
	log := deps.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	qc := cfg.Queue.With(cfg.former())
	out, release, err := plugin.Share(deps.Long, identity(cfg, &qc), func() (*sender, func() error, error) {
		s, err := open(cfg, qc, deps, log)
		if err != nil {
			return nil, nil, err
		}
		return s, s.close, nil
	})
	if err != nil {
		return plugin.Hooks{}, err
	}
	l := &logger{out: out, entries: logentry.New()}
	return plugin.Hooks{Log: l.log, Close: release}, nil
}

// logger is an instance of the plugin.
type logger struct {
	out     *sender
	entries *logentry.Writer
	buffers sync.Pool // *[]byte
}

// maxSpare is the largest buffer worth keeping for the next entry.
const maxSpare = 64 << 10

func (l *logger) log(ex *flow.Exchange) {
	b, ok := l.buffers.Get().(*[]byte)
	if !ok {
		b = new([]byte)
		*b = make([]byte, 0, 4<<10)
	}
	*b = l.entries.Append((*b)[:0], ex)
	// The entry may wait long: it takes no more room than it needs.
	entry := make([]byte, len(*b))
	copy(entry, *b)
	l.out.queue.Add(entry)
	if cap(*b) <= maxSpare {
		l.buffers.Put(b)
	}
}
