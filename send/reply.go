package send

import (
	"errors"
	"io"
	"strings"
	"time"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/h1"
	"github.com/sluice-gateway/sluice/header"
)

// reply makes the exchange's reply of an upstream's answer. The header's
// hop-by-hop fields are left out; the body stays on the connection.
func (s *Sender) reply(ex *flow.Exchange, resp *h1.Response) *flow.Reply {
	ex.Times.Head = time.Now()
	ex.Attempts[len(ex.Attempts)-1].Status = resp.Status
	r := ex.NewReply(resp.Status)
	r.Source, r.Attempted = flow.FromUpstream, true
	r.Announce(resp.ContentLength, "")
	if resp.ContentLength > 0 {
		r.Announce(resp.ContentLength, resp.Header.Get("Content-Length"))
	}
	r.Header = copyHeader(r.Header, resp.Header, resp.Status == 101, wantsTrailers(ex))
	if resp.Status == 101 {
		if conn, early, err := resp.Takeover(); err == nil {
			r.Upgrade, r.Early = conn, early
			return r
		}
	}
	r.Events = isEvents(r.Header.Get("Content-Type"))
	b := &workOf(ex).body
	*b = body{resp: resp, ex: ex, last: b.last[:0]}
	r.Stream = b
	if wantsTrailers(ex) {
		r.Trailer = b.trailer
	}
	return r
}

func isEvents(contentType string) bool {
	return len(contentType) >= 17 && strings.EqualFold(contentType[:17], "text/event-stream")
}

func wantsTrailers(ex *flow.Exchange) bool {
	return strings.Contains(strings.ToLower(ex.In.Header.Get("TE")), "trailers")
}

func copyHeader(dst, src header.Header, upgrade, trailers bool) header.Header {
	listed := connectionNames(src)
	for _, f := range src {
		if hopByHop(f.Name, upgrade, trailers) || (listed != "" && listsName(listed, f.Name)) {
			continue
		}
		dst = append(dst, f)
	}
	return dst
}

func hopByHop(name string, upgrade, trailers bool) bool {
	switch len(name) {
	case 7:
		return (!upgrade && header.Equal(name, "Upgrade")) || (!trailers && header.Equal(name, "Trailer"))
	case 10:
		return header.Equal(name, "Connection") || header.Equal(name, "Keep-Alive")
	case 14:
		return header.Equal(name, "Content-Length")
	case 16:
		return header.Equal(name, "Proxy-Connection")
	case 17:
		return header.Equal(name, "Transfer-Encoding")
	}
	return false
}

// body is an answer's body on its connection.
type body struct {
	resp *h1.Response
	ex   *flow.Exchange
	end  error
	last header.Header
}

// Next hands on what one read brought.
func (b *body) Next() (flow.Frame, error) {
	if b.end != nil {
		return flow.Frame{}, b.end
	}
	data, err := b.resp.Next()
	if err == nil {
		return flow.Frame{Data: data}, nil
	}
	b.end = err
	if errors.Is(err, io.EOF) {
		b.last = append(b.last, b.resp.Trailer...)
	}
	b.closeResponse()
	return flow.Frame{}, err
}

// Close ends the upstream's call if it has not ended.
func (b *body) Close() error {
	if b.end == nil {
		b.end = io.ErrClosedPipe
	}
	b.closeResponse()
	return nil
}

func (b *body) closeResponse() {
	if b.resp == nil {
		return
	}
	resp := b.resp
	b.resp = nil
	_ = resp.Close()
}

func (b *body) trailer() header.Header { return b.last }
