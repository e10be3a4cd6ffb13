package listen

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
)

// breaking is a stream, with its end, that panics where it is told to.
type breaking struct {
	framed
	next, closing bool
}

func (b *breaking) Next() (flow.Frame, error) {
	if b.next && len(b.frames) == 0 {
		panic("in Next")
	}
	return b.framed.Next()
}

func (b *breaking) Close() error {
	if b.closing {
		panic("in Close")
	}
	return b.framed.Close()
}

// breaks answers; the path says what panics.
func breaks(ex *flow.Exchange) *flow.Reply {
	s := &breaking{framed: framed{frames: []string{"some"}, end: io.EOF}}
	out := reply(ex, 200, -1)
	out.Stream = s
	switch ex.In.Path {
	case "/serve":
		panic("in Serve")
	case "/next":
		s.frames, s.next = nil, true
	case "/later":
		s.next = true
	case "/close":
		s.closing = true
	case "/trailer":
		out.Trailer = func() flow.Header { panic("in Trailer") }
	case "/finish":
		ex.OnDone(func(*flow.Exchange) { panic("in OnDone") })
	case "/nothing", "/nothing/done":
		panic("in Serve, and there is no recovering")
	}
	return out
}

// fragile is a gateway that panics in Recover and Done for some paths.
type fragile struct{ *gateway }

func (f fragile) Recover(ex *flow.Exchange, err error) *flow.Reply {
	if strings.HasPrefix(ex.In.Path, "/nothing") {
		panic("in Recover")
	}
	return f.gateway.Recover(ex, err)
}

func (f fragile) Done(ex *flow.Exchange) {
	f.gateway.Done(ex)
	if strings.HasSuffix(ex.In.Path, "/done") {
		panic("in Done")
	}
}

// TestPanics: a fault of ours costs one exchange, which is told of its end
// once, and has a proper answer as long as nothing has gone out.
func TestPanics(t *testing.T) {
	const bare = `500 {"message":"An unexpected error occurred"}`
	for _, tt := range []struct{ path, want string }{
		{"/serve", "502 recovered"},
		{"/next", "502 recovered"},
		{"/later", "200 some, cut"},
		{"/close", "200 some"},
		{"/trailer", "200 some, cut"},
		{"/finish", "200 some"},
		{"/done", "200 some"},
		{"/nothing", bare},
		{"/nothing/done", bare},
	} {
		for _, version := range []int{1, 2} {
			r := run(t, func(o *Options) { o.Gateway = fragile{o.Gateway.(*gateway)} }, breaks)
			tr := &http.Transport{Protocols: new(http.Protocols)}
			tr.Protocols.SetHTTP1(version == 1)
			tr.Protocols.SetUnencryptedHTTP2(version == 2)
			if got := got(t, tr, "http://"+r.addr()+tt.path); got != tt.want {
				t.Errorf("HTTP/%d %s: got %s, want %s", version, tt.path, got, tt.want)
			}
			o := r.g.outcome()
			if broken := !strings.HasPrefix(tt.want, "200") || strings.HasSuffix(tt.want, "cut"); broken != (o.Err != nil) && !strings.HasPrefix(tt.want, "502") {
				t.Errorf("HTTP/%d %s: outcome %+v", version, tt.path, o)
			}
			for _, err := range r.g.errs {
				if f, ok := errors.AsType[*fault.Error](err); !ok || f.Status() != 500 || !strings.Contains(f.Error(), "in ") {
					t.Errorf("HTTP/%d %s: to be recovered from %v", version, tt.path, err)
				}
			}
			if got := got(t, tr, "http://"+r.addr()+"/"); got != "200 some" {
				t.Errorf("HTTP/%d after %s: %s", version, tt.path, got)
			}
			tr.CloseIdleConnections()
			if r.g.outcome(); len(r.g.outcomes) != 2 || r.o.Stats.running.Load() < 0 {
				t.Errorf("HTTP/%d %s: %d ends of two exchanges", version, tt.path, len(r.g.outcomes))
			}
		}
	}
}

// got is the answer to a question, and whether it was cut off.
func got(t *testing.T, tr *http.Transport, url string) string {
	t.Helper()
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := tr.RoundTrip(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	out := fmt.Sprintf("%d %s", resp.StatusCode, b)
	if err != nil {
		out += ", cut"
	}
	return out
}
