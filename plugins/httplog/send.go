package httplog

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gateway/sluice/h1"
	"github.com/sluice-gateway/sluice/header"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/queue"
	"github.com/sluice-gateway/sluice/telemetry"
)

const (
	// closeWait is how long closing waits for what is still in the queue.
	closeWait = 5 * time.Second
	// maxKeepalive is as good as for ever.
	maxKeepalive = 24 * time.Hour
	// maxAnswer is how much of an answer is read to keep its connection.
	maxAnswer = 256 << 10
)

// sender sends batches to one endpoint.
type sender struct {
	client   *h1.Client // its own, for the connections of this endpoint
	endpoint h1.Endpoint
	request  h1.Request // what all requests have in common
	timeout  time.Duration
	array    bool // a request carries an array of entries
	queue    *queue.Queue[[]byte]
}

// identity names all that a queue and its requests depend on: instances for
// which it is the same share a queue.
func identity(cfg *Config, qc *queue.Config) string {
	var b strings.Builder
	fmt.Fprintf(&b, "http-log:%q %s %q %v %v %t", cfg.HTTPEndpoint.Reveal(), cfg.Method, cfg.ContentType,
		cfg.Timeout, cfg.Keepalive, cfg.SSLVerify)
	for _, name := range slices.Sorted(maps.Keys(cfg.Headers)) {
		fmt.Fprintf(&b, " %q=%q", name, cfg.Headers[name].Reveal())
	}
	limit := 0
	if qc.MaxBytes != nil {
		limit = *qc.MaxBytes
	}
	plain := *qc
	plain.MaxBytes = nil
	fmt.Fprintf(&b, " %+v %d", plain, limit)
	return b.String()
}

func open(cfg *Config, qc queue.Config, deps *plugin.Deps, log *slog.Logger) (*sender, error) {
	if deps.HTTP == nil {
		return nil, errors.New("http-log: there is no HTTP client")
	}
	s := &sender{array: qc.MaxBatchSize > 1}
	if err := s.address(cfg); err != nil {
		return nil, err
	}
	s.client = deps.HTTP(keepalive(cfg))
	s.timeout = time.Duration(cfg.Timeout * float64(time.Millisecond))
	s.queue = queue.New(queue.Options[[]byte]{
		Name: "http-log:" + s.endpoint.Addr + s.request.Target, Config: qc, Clock: deps.Clock, Log: log,
		Size: func(entry []byte) int { return len(entry) }, Handle: s.send, Counted: counter(deps.Metrics, s.endpoint.Addr),
	})
	return s, nil
}

// keepalive is how long idle connections are kept.
func keepalive(cfg *Config) time.Duration {
	if cfg.Keepalive <= 0 || cfg.Keepalive >= float64(maxKeepalive.Milliseconds()) {
		return maxKeepalive
	}
	return time.Duration(cfg.Keepalive * float64(time.Millisecond))
}

// counter counts what became of entries.
func counter(reg *telemetry.Registry, endpoint string) func(queue.Result, int) {
	if reg == nil {
		return nil
	}
	vec := reg.Counter(telemetry.Desc{
		Name: "sluice_queue_entries_total", Help: "Entries that plugins queued, by what became of them",
		Labels: []string{"plugin", "endpoint", "result"},
	})
	return func(r queue.Result, n int) { vec.With("http-log", endpoint, r.String()).AddInt(int64(n)) }
}

// address works out where requests go and what they all say.
func (s *sender) address(cfg *Config) error {
	u, err := url.Parse(cfg.HTTPEndpoint.Reveal())
	// The error of Parse quotes the URL, which may hold a password.
	if err != nil || u.Hostname() == "" {
		return errors.New("http-log: http_endpoint is not a URL")
	}
	port := u.Port()
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("http-log: http_endpoint is neither http nor https")
	case port == "" && u.Scheme == "https":
		port = "443"
	case port == "":
		port = "80"
	}
	s.endpoint.Addr = net.JoinHostPort(u.Hostname(), port)
	if u.Scheme == "https" {
		s.endpoint.TLS = &tls.Config{
			ServerName: u.Hostname(), MinVersion: tls.VersionTLS12, DynamicRecordSizingDisabled: true,
			InsecureSkipVerify: !cfg.SSLVerify,
		}
		s.endpoint.Key = fmt.Sprintf("http-log %s %t", u.Hostname(), cfg.SSLVerify)
	}
	s.request = h1.Request{Method: cfg.Method, Target: u.EscapedPath(), Host: u.Host, Header: headers(cfg, u)}
	if s.request.Target == "" {
		s.request.Target = "/"
	}
	return nil
}

func headers(cfg *Config, u *url.URL) header.Header {
	h := header.Header{{Name: "Content-Type", Value: cfg.ContentType}}
	for _, name := range slices.Sorted(maps.Keys(cfg.Headers)) {
		h.Add(name, cfg.Headers[name].Reveal())
	}
	if u.User != nil {
		password, _ := u.User.Password()
		h.Add("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password)))
	}
	return h
}

// send makes one request of a batch.
func (s *sender) send(ctx context.Context, batch [][]byte) error {
	req := s.request
	req.ConnectTimeout, req.WriteTimeout, req.ReadTimeout = s.timeout, s.timeout, s.timeout
	req.Body = s.body(batch)
	resp, err := s.client.Do(ctx, &s.endpoint, &req)
	if err != nil {
		return fmt.Errorf("failed request to %s: %w", s.endpoint.Addr, err)
	}
	status := resp.Status
	// A connection can serve again only when its answer was read to the end.
	_, _ = io.CopyN(io.Discard, resp, maxAnswer)
	_ = resp.Close()
	if status >= 300 {
		return fmt.Errorf("request to %s returned status code %d", s.endpoint.Addr, status)
	}
	return nil
}

var opening, comma, closing = []byte("["), []byte(","), []byte("]")

func (s *sender) body(batch [][]byte) [][]byte {
	if !s.array {
		return batch
	}
	out := make([][]byte, 0, 2*len(batch)+1)
	for i, entry := range batch {
		between := comma
		if i == 0 {
			between = opening
		}
		out = append(out, between, entry)
	}
	return append(out, closing)
}

func (s *sender) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeWait)
	defer cancel()
	return errors.Join(s.queue.Close(ctx), s.client.Close())
}
