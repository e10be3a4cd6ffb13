package eventstream_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	es "github.com/sluice-gateway/sluice/internal/eventstream"
)

func text(s string) es.Value { return es.Text(s) }

// golden are messages computed by hand from the definition.
var golden = []struct {
	name    string
	hex     string
	headers []es.Header
	payload string
}{
	{
		"empty", "00000010" + "00000000" + "05c248eb" + "7d98c8ff",
		nil, "",
	},
	{
		"payload", "0000001d" + "00000000" + "fd528c5a" + "7b27666f6f273a27626172277d" + "c365 3936",
		nil, "{'foo':'bar'}",
	},
	{
		"int32", "0000002d" + "00000010" + "41c424b8" + "0a6576656e742d74797065" + "04" + "0000a00c" + "7b27666f6f273a27626172277d" + "36f480a0",
		[]es.Header{{Name: "event-type", Value: es.Value{Type: es.Int32, Int: 40972}}},
		"{'foo':'bar'}",
	},
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestGolden(t *testing.T) {
	for _, g := range golden {
		t.Run(g.name, func(t *testing.T) {
			want := unhex(t, g.hex)
			got, err := es.Append(nil, g.headers, []byte(g.payload))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("written %x, %v; want %x", got, err, want)
			}
			messages := all(t, want)
			if len(messages) != 1 || messages[0].payload != g.payload {
				t.Errorf("read %+v", messages)
			}
		})
	}
}

func TestHeaderTypes(t *testing.T) {
	headers := []es.Header{
		{Name: "true", Value: es.Value{Type: es.True, Int: 1}},
		{Name: "false", Value: es.Value{Type: es.False}},
		{Name: "int8", Value: es.Value{Type: es.Int8, Int: -49}},
		{Name: "int16", Value: es.Value{Type: es.Int16, Int: -2}},
		{Name: "int32", Value: es.Value{Type: es.Int32, Int: 40972}},
		{Name: "int64", Value: es.Value{Type: es.Int64, Int: -1 << 62}},
		{Name: "bytes", Value: es.Value{Type: es.Bytes, Bytes: []byte{0, 1, 255}}},
		{Name: "string", Value: text("äpplication/json")},
		{Name: "none", Value: es.Value{Type: es.String, Bytes: []byte{}}},
		{Name: "time", Value: es.Value{Type: es.Timestamp, Int: 8675309}},
		{Name: "uuid", Value: es.Value{Type: es.UUID, Bytes: []byte("0123456789abcdef")}},
	}
	raw, err := es.Append(nil, headers, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	var s es.Splitter
	messages, err := s.Push(nil, raw)
	if err != nil || len(messages) != 1 {
		t.Fatalf("%v, %v", messages, err)
	}
	h := es.NewHeaders(messages[0].Headers)
	for _, want := range headers {
		if !h.Next() {
			t.Fatal("too few headers")
		}
		got := h.Value()
		if string(h.Name()) != want.Name || got.Type != want.Value.Type || got.Int != want.Value.Int || !bytes.Equal(got.Bytes, want.Value.Bytes) {
			t.Errorf("%s: %+v, want %+v", h.Name(), got, want.Value)
		}
	}
	if h.Next() {
		t.Error("too many headers")
	}
}

func TestAppendRefuses(t *testing.T) {
	for name, h := range map[string]es.Header{
		"long name":    {Name: strings.Repeat("n", 256), Value: text("")},
		"long text":    {Name: "n", Value: text(strings.Repeat("v", 1<<16))},
		"short uuid":   {Name: "n", Value: es.Value{Type: es.UUID, Bytes: []byte("x")}},
		"unknown type": {Name: "n", Value: es.Value{Type: 10}},
	} {
		if out, err := es.Append([]byte("kept"), []es.Header{h}, nil); err == nil || string(out) != "kept" {
			t.Errorf("%s: %q, %v", name, out, err)
		}
	}
	many := make([]es.Header, 3)
	for i := range many {
		many[i] = es.Header{Name: "n", Value: text(strings.Repeat("v", 60000))}
	}
	if _, err := es.Append(nil, many, nil); err != es.ErrTooLong {
		t.Errorf("long headers: %v", err)
	}
}

func TestName(t *testing.T) {
	for _, c := range []struct{ kind, header, want string }{
		{"event", ":event-type", "messageStart"},
		{"exception", ":exception-type", "throttlingException"},
		{"error", ":error-code", "InternalError"},
		{"", ":event-type", "chunk"},
	} {
		raw, _ := es.Append(nil, []es.Header{
			{Name: c.header, Value: text(c.want)},
			{Name: ":message-type", Value: text(c.kind)},
		}, nil)
		var s es.Splitter
		messages, err := s.Push(nil, raw)
		if err != nil || messages[0].Name != c.want {
			t.Errorf("%s: %q, %v", c.kind, messages[0].Name, err)
		}
	}
}

func TestBroken(t *testing.T) {
	good, _ := es.Append(nil, []es.Header{{Name: "a", Value: text("b")}}, []byte("payload"))
	damage := func(i int) []byte {
		b := bytes.Clone(good)
		b[i] ^= 1
		return b
	}
	headers := func(raw string) []byte {
		// The lengths of a payload that is read as headers.
		b, _ := es.Append(nil, nil, []byte(raw))
		return reseal(b, len(b), len(raw))
	}
	for _, c := range []struct {
		name string
		raw  []byte
		want error
	}{
		{"length", damage(3), es.ErrPrelude},
		{"header length", damage(7), es.ErrPrelude},
		{"prelude sum", damage(8), es.ErrPrelude},
		{"header", damage(13), es.ErrChecksum},
		{"payload", damage(len(good) - 6), es.ErrChecksum},
		{"sum", damage(len(good) - 1), es.ErrChecksum},
		{"headers longer than the message", reseal(good, len(good), len(good)-15), es.ErrLength},
		{"too short", reseal(good, 15, 0), es.ErrLength},
		{"too long", reseal(good, es.DefaultLimit+1, 0), es.ErrTooLong},
		{"headers too long", reseal(good, 1<<20, 128<<10+1), es.ErrTooLong},
		{"cut name", headers("\x05ab"), es.ErrHeader},
		{"no type", headers("\x01a"), es.ErrHeader},
		{"unknown type", headers("\x01a\x0a"), es.ErrHeader},
		{"cut number", headers("\x01a\x04\x00"), es.ErrHeader},
		{"cut text length", headers("\x01a\x07\x00"), es.ErrHeader},
		{"cut text", headers("\x01a\x07\x00\x05abc"), es.ErrHeader},
		{"cut uuid", headers("\x01a\x09abc"), es.ErrHeader},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s es.Splitter
			got, err := s.Push(nil, append(bytes.Clone(good), c.raw...))
			if err != c.want || len(got) != 1 {
				t.Fatalf("%d messages, %v; want %v", len(got), err, c.want)
			}
			if got, err := s.Push(nil, good); err != c.want || len(got) != 0 {
				t.Errorf("later: %d messages, %v", len(got), err)
			}
		})
	}
}

func TestLimit(t *testing.T) {
	raw, _ := es.Append(nil, nil, make([]byte, 84))
	for limit, want := range map[int]error{100: nil, 99: es.ErrTooLong} {
		s := es.Splitter{Limit: limit}
		// The length alone is enough to know.
		if _, err := s.Push(nil, raw[:12]); err != want {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

func TestPending(t *testing.T) {
	raw, _ := es.Append(nil, nil, []byte("abc"))
	var s es.Splitter
	if _, err := s.Push(nil, append(bytes.Clone(raw), raw[:5]...)); err != nil || s.Pending() != 5 {
		t.Errorf("pending %d, %v", s.Pending(), err)
	}
	if _, err := s.Push(nil, raw[5:]); err != nil || s.Pending() != 0 {
		t.Errorf("pending %d, %v", s.Pending(), err)
	}
}

func TestLargeThenSmall(t *testing.T) {
	large, _ := es.Append(nil, nil, bytes.Repeat([]byte("x"), 1<<20))
	small, _ := es.Append(nil, nil, []byte("y"))
	stream := bytes.Join([][]byte{large, small, small}, nil)
	if got := cut(t, stream, 1000); len(got) != 3 || got[2].payload != "y" || len(got[0].payload) != 1<<20 {
		t.Errorf("%d messages", len(got))
	}
}

func TestAllocPush(t *testing.T) {
	raw, _ := es.Append(nil, []es.Header{{Name: ":event-type", Value: text("contentBlockDelta")}}, []byte(`{"delta":{"text":"hi"}}`))
	var s es.Splitter
	var messages []es.Message
	length := 0
	run := func() {
		for _, piece := range [][]byte{raw[:20], raw[20:], raw} {
			messages, _ = s.Push(messages[:0], piece)
			for _, m := range messages {
				length += len(m.Name)
			}
		}
	}
	run()
	if n := testing.AllocsPerRun(100, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
	buf := make([]byte, 0, 1<<10)
	headers := []es.Header{{Name: ":event-type", Value: text("chunk")}}
	payload := []byte("{}")
	if n := testing.AllocsPerRun(100, func() { _, _ = es.Append(buf, headers, payload) }); n != 0 {
		t.Errorf("%v allocations of Append", n)
	}
}

func FuzzSplitter(f *testing.F) {
	for _, g := range golden {
		b, err := hex.DecodeString(strings.ReplaceAll(g.hex, " ", ""))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(append(b, b...), 3)
	}
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		whole, wholeErr := feed(data, len(data)+1)
		pieces, piecesErr := feed(data, max(size, 1))
		if wholeErr != piecesErr || len(whole) != len(pieces) {
			t.Fatalf("%d messages, %v; in pieces %d, %v", len(whole), wholeErr, len(pieces), piecesErr)
		}
		again := []byte{}
		for i := range whole {
			if whole[i] != pieces[i] {
				t.Fatalf("message %d differs", i)
			}
			again = append(again, rewrite(t, whole[i])...)
		}
		if !bytes.HasPrefix(data, again) {
			t.Fatal("written differently than read")
		}
	})
}

func TestCorpus(t *testing.T) {
	dir := os.Getenv("CORPUS")
	if dir == "" {
		t.Skip("CORPUS does not name the recorded traffic")
	}
	files, _ := filepath.Glob(filepath.Join(dir, "aws-eventstream", "*.json"))
	bins, _ := filepath.Glob(filepath.Join(dir, "bedrock", "*.bin"))
	if len(files) == 0 || len(bins) == 0 {
		t.Fatal("no recordings")
	}
	for _, file := range files {
		var x struct{ Request struct{ Path string } }
		b, err := os.ReadFile(file)
		if err != nil || json.Unmarshal(b, &x) != nil {
			t.Fatal(err)
		}
		vector(t, strings.TrimSuffix(file, "json")+"bin", strings.HasPrefix(x.Request.Path, "/negative/"))
	}
	for _, file := range bins {
		vector(t, file, false)
	}
	t.Logf("%d vectors, %d streams", len(files), len(bins))
}

func vector(t *testing.T, file string, negative bool) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1, 7, 100, len(raw)} {
		messages, err := feed(raw, size)
		if negative {
			if err == nil || len(messages) > 0 {
				t.Errorf("%s accepted", file)
			}
			continue
		}
		var again []byte
		for _, m := range messages {
			again = append(again, rewrite(t, m)...)
		}
		if err != nil || !bytes.Equal(again, raw) {
			t.Errorf("%s in pieces of %d: %v", file, size, err)
		}
	}
}
