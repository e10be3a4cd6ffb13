package relay

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/internal/eventstream"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/bedrock"
)

// amazonBytes is a stream of Amazon's: messages "kind name payload", where a kind is
// event, exception or error.
func amazonBytes(tb testing.TB, list ...string) (raw []byte, ends []int) {
	tb.Helper()
	for _, line := range list {
		kind, rest, _ := strings.Cut(line, " ")
		name, payload, _ := strings.Cut(rest, " ")
		header := map[string]string{"event": ":event-type", "exception": ":exception-type", "error": ":error-code"}[kind]
		headers := []eventstream.Header{
			{Name: header, Value: eventstream.Text(name)},
			{Name: ":content-type", Value: eventstream.Text("application/json")},
			{Name: ":message-type", Value: eventstream.Text(kind)},
		}
		if name == "chunk" {
			payload = `{"bytes":"` + base64.StdEncoding.EncodeToString([]byte(payload)) + `"}`
		}
		var err error
		if raw, err = eventstream.Append(raw, headers, []byte(payload)); err != nil {
			tb.Fatal(err)
		}
		ends = append(ends, len(raw))
	}
	return raw, ends
}

// unframed are the messages of a stream, in the words of amazonBytes, as a client
// would read them: nothing may be left.
func unframed(tb testing.TB, raw []byte) (out []string) {
	tb.Helper()
	var s eventstream.Splitter
	list, err := s.Push(nil, bytes.Clone(raw))
	if err != nil || s.Pending() > 0 {
		tb.Fatalf("%v, and %d bytes are left of %q", err, s.Pending(), raw)
	}
	for _, m := range list {
		kind, _ := m.Header(":message-type")
		payload := string(m.Payload)
		if m.Name == "chunk" {
			inner, err := base64.StdEncoding.DecodeString(wire.Text(wire.Get(m.Payload, "bytes")))
			if err != nil {
				tb.Fatal(err)
			}
			payload = string(inner)
		}
		out = append(out, string(kind.Bytes)+" "+m.Name+" "+payload)
	}
	return out
}

// onBedrock is a target at Bedrock for its own callers.
func onBedrock(tb testing.TB) *Target {
	tb.Helper()
	return target(tb, func(s *Settings) {
		s.Provider, s.Client = aws(), bedrock.Callers{}
		s.Model.Options.Bedrock.AWSRegion = "us-east-1"
		s.Logging.LogStatistics = true
	})
}

// toBedrock begins an exchange with Bedrock.
func toBedrock(tb testing.TB, path, body string) *flow.Exchange {
	tb.Helper()
	ex := asking(body)
	ex.In.Path = path
	if err := calling(onBedrock(tb), ex); err != nil {
		tb.Fatal(err)
	}
	if err := ex.Call.Prepare(ex, 0); err != nil {
		tb.Fatal(err)
	}
	return ex
}

// amazonStreams are streams of Bedrock's, whole.
var amazonStreams = []struct {
	path, body string
	events     []string
}{
	{
		"/model/amazon.titan-text-express-v1/invoke-with-response-stream", `{"inputText":"q"}`,
		[]string{
			`event chunk {"outputText":"The ","index":0}`,
			`event chunk {"outputText":"sum.","index":0,"completionReason":"FINISH","amazon-bedrock-invocationMetrics":{"inputTokenCount":3,"outputTokenCount":2}}`,
		},
	},
	{
		"/model/amazon.nova-lite-v1:0/converse-stream", `{"messages":[]}`,
		[]string{
			`event messageStart {"role":"assistant"}`,
			`event contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"The sum."}}`,
			`event contentBlockStop {"contentBlockIndex":0}`,
			`event messageStop {"stopReason":"end_turn"}`,
			`event metadata {"usage":{"inputTokens":3,"outputTokens":2,"totalTokens":5},"metrics":{"latencyMs":1}}`,
		},
	},
}

const endedEarly = `exception internalServerException {"message":"the provider's stream ended early"}`

// streamOf is what the caller gets of a stream, and how it ended.
func streamOf(tb testing.TB, ex *flow.Exchange, s flow.Stream) (out []byte, err error) {
	tb.Helper()
	r := answer(200, eventstream.ContentType, s)
	if err := ex.Call.Receive(ex, r); err != nil {
		return nil, err
	}
	for {
		f, err := r.Stream.Next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return out, err
		}
		out = append(out, f.Data...)
	}
}

// TestAmazonStreamsCut: wherever a stream of Amazon's breaks off, its callers
// read whole messages, and an exception after them if one was broken.
func TestAmazonStreamsCut(t *testing.T) {
	for _, tt := range amazonStreams {
		raw, ends := amazonBytes(t, tt.events...)
		for cut := range len(raw) + 1 {
			whole, at := 0, 0
			for whole < len(ends) && ends[whole] <= cut {
				at = ends[whole]
				whole++
			}
			for _, end := range []error{io.EOF, io.ErrUnexpectedEOF} {
				src := cutAt(raw[:cut], 7)
				src.end = end
				ex := toBedrock(t, tt.path, tt.body)
				out, err := streamOf(t, ex, src)
				broken := end != io.EOF || at != cut
				switch {
				case broken && whole == 0:
					if err == nil || len(out) > 0 {
						t.Fatalf("cut at %d: %q, %v; want an error", cut, out, err)
					}
					continue
				case err != nil:
					t.Fatalf("cut at %d: %v", cut, err)
				}
				want := tt.events[:whole:whole]
				if broken {
					want = append(want, endedEarly)
				}
				if got := unframed(t, out); strings.Join(got, "\n") != strings.Join(want, "\n") {
					t.Fatalf("cut at %d, then %v: got %q", cut, end, got)
				}
				if !bytes.HasPrefix(out, raw[:at]) {
					t.Fatalf("cut at %d: other bytes", cut)
				}
				if cut < len(raw) && whole < len(ends)-1 && ex.AI.Error == "" {
					t.Fatalf("cut at %d, then %v: no error in the log", cut, end)
				}
			}
		}
	}
}

// TestAmazonStreamsDamaged: after a message whose sum is wrong nobody knows where
// the next one begins. The caller reads an exception in its place.
func TestAmazonStreamsDamaged(t *testing.T) {
	for _, tt := range amazonStreams {
		for _, size := range []int{1, 11, 1 << 20} {
			damageAmazon(t, tt.path, tt.body, tt.events, size)
		}
	}
}

// damageAmazon damages each byte of a stream that is read in pieces of a size.
func damageAmazon(t *testing.T, path, body string, events []string, size int) {
	t.Helper()
	raw, ends := amazonBytes(t, events...)
	for i := range raw {
		damaged := bytes.Clone(raw)
		damaged[i] ^= 0x40
		ex := toBedrock(t, path, body)
		out, err := streamOf(t, ex, cutAt(damaged, size))
		if i < ends[0] {
			if err == nil || len(out) > 0 {
				t.Fatalf("byte %d: %q, %v; want an error", i, out, err)
			}
			continue
		}
		whole := 0
		for ends[whole] <= i {
			whole++
		}
		if err != nil {
			t.Fatalf("byte %d: %v", i, err)
		}
		want := append(events[:whole:whole], endedEarly)
		if got := unframed(t, out); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("byte %d: got %q", i, got)
		}
		if ex.AI.Error == "" {
			t.Fatalf("byte %d: no error in the log", i)
		}
	}
}

// TestAmazonExceptions: an exception in a stream of Bedrock's reaches its callers
// as it is, first or later, and the log.
func TestAmazonExceptions(t *testing.T) {
	for _, tt := range amazonStreams {
		for _, failure := range []string{
			`exception throttlingException {"message":"slow down"}`,
			`exception modelStreamErrorException {"message":"slow down","originalStatusCode":500,"originalMessage":"x"}`,
			`exception modelTimeoutException {"message":"slow down"}`,
			`exception validationException {"message":"slow down"}`,
			`error InternalError `,
		} {
			for at := range len(tt.events) {
				list := append(tt.events[:at:at], failure)
				raw, _ := amazonBytes(t, list...)
				ex := toBedrock(t, tt.path, tt.body)
				out, err := streamOf(t, ex, cutAt(raw, 13))
				if err != nil || !bytes.Equal(out, raw) {
					t.Errorf("%s at %d: %q, %v", failure, at, out, err)
				}
				if ex.AI.Error == "" {
					t.Errorf("%s at %d: no error in the log", failure, at)
				}
			}
		}
	}
}

// TestAmazonCounts: families whose answers have no counts have them in the head.
func TestAmazonCounts(t *testing.T) {
	for _, tt := range []struct {
		in, out            string
		prompt, completion int64
	}{
		{"30", "7", 30, 7},
		{"", "", -1, 1},
		{"x", `"7"`, -1, 1},
		{"-3", "99999999999999999999999", -1, 1},
		{"30", "[", 30, -1},
	} {
		ex := toBedrock(t, "/model/mistral.mistral-7b-instruct-v0:2/invoke", `{"prompt":"q"}`)
		r := answer(200, "application/json", flow.Whole([]byte(`{"outputs":[{"text":"sum","stop_reason":"stop"}]}`)))
		r.Header.Set("X-Amzn-Bedrock-Input-Token-Count", tt.in)
		r.Header.Set("X-Amzn-Bedrock-Output-Token-Count", tt.out)
		if err := ex.Call.Receive(ex, r); err != nil {
			t.Fatal(err)
		}
		if u := &ex.AI.Usage; tt.prompt >= 0 && (u.Prompt != tt.prompt || tt.completion >= 0 && u.Completion != tt.completion) || u.Prompt < -1 || u.Completion > 1<<40 {
			t.Errorf("%+v: %+v", tt, u)
		}
	}
}
