package listen

import (
	"io"
	"net"
	"strconv"
	"sync"

	"github.com/sluice-gateway/sluice/flow"
)

// upgrade answers 101 and passes bytes between caller and upstream until one
// of them ends.
func (w *writer) upgrade(r *flow.Reply) {
	out := &w.ex.Outcome
	defer func() { _ = r.Upgrade.Close() }()
	conn, pending, err := w.sink.takeover()
	if err != nil {
		out.Err, w.abort = err, true
		return
	}
	w.taken = true
	defer func() { _ = conn.Close() }()
	head := upgradeHead(r)
	if _, err := conn.Write(head); err != nil {
		out.Err, out.CallerGone = err, true
		return
	}
	out.Sent = int64(len(head))
	out.Body = pipe(conn, r.Upgrade, pending, r.Early)
}

func upgradeHead(r *flow.Reply) []byte {
	b := append([]byte("HTTP/1.1 "), strconv.Itoa(r.Status)...)
	b = append(b, " Switching Protocols\r\nConnection: upgrade\r\n"...)
	for _, f := range r.Header {
		b = append(append(append(append(b, f.Name...), ": "...), f.Value...), "\r\n"...)
	}
	return append(b, "\r\n"...)
}

// pipe copies in both directions and returns how many bytes went to the
// caller. When one direction ends both are closed: a WebSocket ends as a whole.
func pipe(caller, upstream net.Conn, fromCaller, fromUpstream []byte) int64 {
	var wg sync.WaitGroup
	wg.Go(func() {
		if len(fromCaller) > 0 {
			if _, err := upstream.Write(fromCaller); err != nil {
				_ = caller.Close()
				return
			}
		}
		_, _ = io.Copy(upstream, caller)
		_ = upstream.Close()
	})
	var sent int64
	if len(fromUpstream) > 0 {
		n, _ := caller.Write(fromUpstream)
		sent = int64(n)
	}
	n, _ := io.Copy(caller, upstream)
	_ = caller.Close()
	_ = upstream.Close()
	wg.Wait()
	return sent + n
}
