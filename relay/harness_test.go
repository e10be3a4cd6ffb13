package relay

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/provider/compatible"
)

// target makes a chat target of OpenAI, changed by change.
func target(tb testing.TB, change func(*Settings)) *Target {
	tb.Helper()
	s := Settings{PluginID: "p1", RouteType: provider.Chat, Streaming: Allow, ModelHeader: true, Provider: compatible.All()[0]}
	s.Model.Provider = "openai"
	s.Model.Options.AskUsage = true
	if change != nil {
		change(&s)
	}
	t, err := New(s)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// asking is an exchange with a body, and header fields "Name: value".
func asking(body string, fields ...string) *flow.Exchange {
	ex := &flow.Exchange{Ctx: context.Background(), Log: slog.New(slog.DiscardHandler), ID: "id"}
	ex.In.Method, ex.In.Path, ex.In.Major = "POST", "/v1/chat/completions", 1
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		ex.In.Header.Add(name, value)
	}
	ex.Out.Header = append(ex.Out.Header, ex.In.Header...)
	ex.Out.Method = ex.In.Method
	if body == "" {
		ex.Body.Open(nil, 0)
		return ex
	}
	ex.Body.Open(source{strings.NewReader(body)}, int64(len(body)))
	return ex
}

type source struct{ io.Reader }

func (source) Abort() {}

// sent is the body as it goes out.
func sent(ex *flow.Exchange) string { return string(ex.Body.Edited()) }

// message is what the caller is told of a fault.
func message(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Message
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// chunked is a stream of chunks that all use the same memory, and an end.
type chunked struct {
	chunks [][]byte
	end    error
	buf    []byte
	closed int
}

// cutAt cuts data into pieces of the given sizes, over and over; none is one
// piece.
func cutAt(data []byte, sizes ...int) *chunked {
	c := &chunked{end: io.EOF}
	for i := 0; len(data) > 0; i++ {
		n := len(data)
		if len(sizes) > 0 {
			n = min(max(sizes[i%len(sizes)], 1), n)
		}
		c.chunks = append(c.chunks, data[:n])
		data = data[n:]
	}
	return c
}

func (c *chunked) Next() (flow.Frame, error) {
	for i := range c.buf {
		c.buf[i] = '#' // who still looks at the last frame sees this
	}
	if len(c.chunks) == 0 {
		return flow.Frame{}, c.end
	}
	c.buf = append(c.buf[:0], c.chunks[0]...)
	c.chunks = c.chunks[1:]
	return flow.Frame{Data: c.buf}, nil
}

func (c *chunked) Close() error {
	c.closed++
	return nil
}

// answer is a reply of the provider.
func answer(status int, contentType string, s flow.Stream) *flow.Reply {
	r := &flow.Reply{Status: status, Stream: s, Length: -1, Source: flow.FromUpstream, Attempted: true}
	r.Header.Set("Content-Type", contentType)
	return r
}

// read collects a stream, which must go on saying io.EOF afterwards.
func read(tb testing.TB, s flow.Stream) string {
	tb.Helper()
	var out []byte
	for {
		f, err := s.Next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				tb.Fatalf("after %q: %v", out, err)
			}
			break
		}
		out = append(out, f.Data...)
	}
	for range 2 {
		if f, err := s.Next(); !errors.Is(err, io.EOF) || len(f.Data) > 0 {
			tb.Fatalf("after the end: %q, %v", f.Data, err)
		}
	}
	return string(out)
}

// calling starts relaying a question that the gateway does not answer itself.
func calling(t *Target, ex *flow.Exchange) error {
	_, err := t.Call(ex)
	return err
}
