package sse

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// seen is what a client is told of an event.
type seen struct{ name, data, id string }

// reference parses a whole stream as the WHATWG standard says, naively, but for
// two points that are ours: a last event without a blank line counts, and an id
// belongs to its event alone.
func reference(stream string) []seen {
	stream = strings.TrimPrefix(stream, "\ufeff")
	stream = strings.ReplaceAll(stream, "\r\n", "\n")
	stream = strings.ReplaceAll(stream, "\r", "\n")
	var out []seen
	var ev seen
	var data []string
	for _, line := range append(strings.Split(stream, "\n"), "") {
		if line == "" {
			if data != nil {
				ev.data = strings.Join(data, "\n")
				out = append(out, ev)
			}
			ev, data = seen{}, nil
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "data":
			data = append(data, value)
		case "event":
			ev.name = value
		case "id":
			if !strings.Contains(value, "\x00") {
				ev.id = value
			}
		}
	}
	return out
}

// client collects the events of a stream's frames, and checks that their Raws
// make up the frames.
type client struct {
	tb     testing.TB
	cursor Cursor
	events []seen
}

func (c *client) frame(frame []byte) {
	c.tb.Helper()
	c.cursor.Reset(frame)
	var raw []byte
	for {
		ev, ok := c.cursor.Next()
		if !ok {
			break
		}
		raw = append(raw, ev.Raw...)
		if ev.HasData {
			c.events = append(c.events, seen{string(ev.Name), string(ev.Data), string(ev.ID)})
		}
		if ev.Comment && (ev.HasData || ev.Name != nil || ev.ID != nil) {
			c.tb.Errorf("a comment with fields: %+v", ev)
		}
	}
	if !bytes.Equal(raw, frame) {
		c.tb.Errorf("Raws %q are not the frame %q", raw, frame)
	}
}

// split feeds stream in chunks, of the sizes given in turn, and checks what
// holds for every stream.
func split(tb testing.TB, stream []byte, sizes ...int) []seen {
	tb.Helper()
	var s Splitter
	c := client{tb: tb}
	var out []byte
	for rest, i := stream, 0; len(rest) > 0; i++ {
		n := min(max(sizes[i%len(sizes)], 1), len(rest))
		chunk := bytes.Clone(rest[:n])
		frame, err := s.Push(chunk)
		if err != nil {
			tb.Fatalf("Push: %v", err)
		}
		out = append(out, frame...)
		c.frame(frame)
		if len(frame) > 0 && !between(stream[:len(out)]) {
			tb.Fatalf("a frame ends inside an event: %q", out)
		}
		clear(chunk) // the splitter must not look at it again
		rest = rest[n:]
	}
	last := s.Flush()
	c.frame(last)
	out = append(out, last...)
	if !bytes.Equal(out, stream) {
		tb.Fatalf("out %q, want %q", out, stream)
	}
	return c.events
}

// between tells whether a stream that was cut here was cut between two events:
// what stands after its last blank line holds nothing but comments.
func between(head []byte) bool {
	text := strings.ReplaceAll(strings.ReplaceAll(string(head), "\r\n", "\n"), "\r", "\n")
	text = strings.TrimPrefix(text, "\ufeff")
	if i := strings.LastIndex("\n"+text, "\n\n"); i >= 0 {
		text = text[i+1:]
	}
	if text == "" {
		return true
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if line != "" && line[0] != ':' {
			return false
		}
	}
	return strings.HasSuffix(text, "\n")
}

var streams = []struct {
	name, stream string
	want         []seen
}{
	{"empty", "", nil},
	{"one", "data: a\n\n", []seen{{"", "a", ""}}},
	{"crlf", "event: x\r\ndata: a\r\n\r\ndata: b\r\n\r\n", []seen{{"x", "a", ""}, {"", "b", ""}}},
	{"cr", "data: a\r\rdata: b\r\r", []seen{{"", "a", ""}, {"", "b", ""}}},
	{"mixed ends", "data: a\n\r\ndata: b\r\n\ndata: c\r\n\rdata: d\n\r", []seen{{"", "a", ""}, {"", "b", ""}, {"", "c", ""}, {"", "d", ""}}},
	{"comment between", ": OPENROUTER PROCESSING\n\ndata: a\n\n", []seen{{"", "a", ""}}},
	{"comment inside", "id:1\nevent:result\n:HTTP_STATUS/200\ndata:{\"a\":1}\n\n", []seen{{"result", `{"a":1}`, "1"}}},
	{"lone comment lines", ":\n:\ndata: a\n\n:\n", []seen{{"", "a", ""}}},
	{"two spaces", "data:  a\n\n", []seen{{"", " a", ""}}},
	{"data without colon", "data\n\n", []seen{{"", "", ""}}},
	{"empty data twice", "data:\ndata:\n\n", []seen{{"", "\n", ""}}},
	{"several data lines", "data: a\ndata: b\nevent: x\ndata: c\n\n", []seen{{"x", "a\nb\nc", ""}}},
	{"three empty data", "data\ndata\ndata\n\ndata: z\n\n", []seen{{"", "\n\n", ""}, {"", "z", ""}}},
	{"no data", "event: ping\n\ndata: a\n\n", []seen{{"", "a", ""}}},
	{"id with NUL", "id: a\x00b\ndata: a\n\n", []seen{{"", "a", ""}}},
	{"bom", "\ufeffdata: a\n\n\ufeffdata: b\n\n", []seen{{"", "a", ""}}},
	{"no blank line at the end", "data: a\n\ndata: [DONE]", []seen{{"", "a", ""}, {"", "[DONE]", ""}}},
	{"no blank line, line end", "data: a\n", []seen{{"", "a", ""}}},
	{"blank runs", "\n\n\r\n\rdata: a\n\n\n\n\n\r\r\r\ndata: b\n\n\n", []seen{{"", "a", ""}, {"", "b", ""}}},
	{"utf-8", "data: 日本 ü 🎉\n\n", []seen{{"", "日本 ü 🎉", ""}}},
	{"unknown fields", "retry: 10\nfoo: bar\ndata: a\n\n", []seen{{"", "a", ""}}},
	{"last of a name counts", "event: a\nevent: b\ndata: c\n\n", []seen{{"b", "c", ""}}},
}

func TestStreamsHoweverTheyAreCut(t *testing.T) {
	for _, tt := range streams {
		t.Run(tt.name, func(t *testing.T) {
			if ref := reference(tt.stream); !slices.Equal(ref, tt.want) {
				t.Fatalf("reference: got %q, want %q", ref, tt.want)
			}
			for _, size := range []int{1, 2, 3, 5, 7, 1 << 20} {
				if got := split(t, []byte(tt.stream), size); !slices.Equal(got, tt.want) {
					t.Errorf("chunks of %d: got %q, want %q", size, got, tt.want)
				}
			}
			for cut := range len(tt.stream) {
				if got := split(t, []byte(tt.stream), cut, 1<<20); !slices.Equal(got, tt.want) {
					t.Errorf("cut at %d: got %q, want %q", cut, got, tt.want)
				}
			}
		})
	}
}

func TestEventsComeOutAsSoonAsTheyAreWhole(t *testing.T) {
	for _, tt := range []struct {
		name   string
		chunks []string
		want   []string
	}{
		{"lf", []string{"data: a\n", "\ndata: b\n\ndata", ": c\n\n"}, []string{"", "data: a\n\ndata: b\n\n", "data: c\n\n"}},
		{"crlf cut in its last line end", []string{"data: a\r\n\r", "\ndata: b\r\n\r\n"}, []string{"", "data: a\r\n\r\ndata: b\r\n\r\n"}},
		{"cr is not held back", []string{"data: a\r\r", "data: b\r\r"}, []string{"data: a\r\r", "data: b\r\r"}},
		{"lf then cr", []string{"data: a\n\r", "\n", "data: b\n\n"}, []string{"data: a\n\r", "", "\ndata: b\n\n"}},
		{"blank run", []string{"data: a\n\n", "\n", "\n"}, []string{"data: a\n\n", "\n", "\n"}},
		{"lone comment line", []string{": ping\n", "\n", ": ping\r\n:\r", "\ndata: a\n\n"}, []string{": ping\n", "\n", ": ping\r\n", ":\r\ndata: a\n\n"}},
		{"comment inside", []string{"event: a\n: x\n", "data: b\n\n"}, []string{"", "event: a\n: x\ndata: b\n\n"}},
		{"comment after an event", []string{"data: a\n\n: x\nda"}, []string{"data: a\n\n: x\n"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s Splitter
			for i, chunk := range tt.chunks {
				if got, err := s.Push([]byte(chunk)); err != nil || string(got) != tt.want[i] {
					t.Errorf("chunk %d: got %q, %v, want %q", i, got, err, tt.want[i])
				}
			}
		})
	}
}

func TestLimit(t *testing.T) {
	s := Splitter{Limit: 10}
	if got, err := s.Push([]byte("data: whole events may be long\n\ndata: a")); err != nil || len(got) != 32 {
		t.Fatalf("got %q, %v", got, err)
	}
	if got, err := s.Push([]byte("bc")); err != nil || len(got) != 0 {
		t.Fatalf("at the limit: got %q, %v", got, err)
	}
	got, err := s.Push([]byte("\n\ndata: and this one goes on"))
	if string(got) != "data: abc\n\n" || !errors.Is(err, ErrTooLong) {
		t.Fatalf("beyond: got %q, %v", got, err)
	}
	if got, err := s.Push([]byte("\n\n")); got != nil || !errors.Is(err, ErrTooLong) {
		t.Fatalf("after: got %q, %v", got, err)
	}
	if got := s.Flush(); len(got) != 0 {
		t.Fatalf("Flush: got %q", got)
	}
}

func TestEndlessLineIsBounded(t *testing.T) {
	s := Splitter{Limit: 1 << 20}
	chunk := bytes.Repeat([]byte("x"), 4096)
	for range 1 << 12 {
		if _, err := s.Push(chunk); err != nil {
			if cap(s.buf) > 0 {
				t.Errorf("%d bytes are kept", cap(s.buf))
			}
			return
		}
		if cap(s.buf) > 4<<20 {
			t.Fatalf("%d bytes are kept", cap(s.buf))
		}
	}
	t.Fatal("16 MiB without an end were taken")
}

func TestLargeEventsLetGoOfTheirMemory(t *testing.T) {
	var s Splitter
	big := slices.Concat([]byte("data: "), bytes.Repeat([]byte("x"), 1<<20))
	for _, chunk := range [][]byte{big, []byte("\n\nda"), []byte("ta: b\n\n"), []byte("data: c\n\n")} {
		if _, err := s.Push(chunk); err != nil {
			t.Fatal(err)
		}
	}
	if cap(s.buf) > keep {
		t.Errorf("%d bytes are kept", cap(s.buf))
	}
}

func TestWrite(t *testing.T) {
	for _, tt := range []struct{ name, got, want string }{
		{"plain", string(AppendData(nil, []byte(`{"a":1}`))), "data: {\"a\":1}\n\n"},
		{"empty", string(AppendData(nil, nil)), "data: \n\n"},
		{"lines", string(AppendData(nil, []byte("a\nb\r\nc\rd\n"))), "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n"},
		{"event", string(AppendEvent(nil, "error", []byte("{}"))), "event: error\ndata: {}\n\n"},
		{"no name", string(AppendEvent(nil, "", []byte("{}"))), "data: {}\n\n"},
		{"name with line end", string(AppendEvent(nil, "a\ndata: x", []byte("{}"))), "event: a\ndata: {}\n\n"},
		{"comment", string(AppendComment([]byte("x"), "keep-alive\nx")), "x: keep-alive\n\n"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}

func FuzzStream(f *testing.F) {
	for _, tt := range streams {
		f.Add([]byte(tt.stream), uint8(1), uint8(200))
	}
	f.Fuzz(func(t *testing.T, stream []byte, a, b uint8) {
		// The checks look back at all that came before, at each byte.
		stream = stream[:min(len(stream), 1<<10)]
		want := reference(string(stream))
		for _, sizes := range [][]int{{1 << 30}, {1}, {int(a), int(b)}} {
			if got := split(t, stream, sizes...); !slices.Equal(got, want) {
				t.Errorf("chunks of %v: got %q, want %q", sizes, got, want)
			}
		}
	})
}

func FuzzAppendData(f *testing.F) {
	f.Add("message", []byte("a\r\nb\rc\n\nd"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		got := split(t, AppendEvent(nil, name, data), 3)
		text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(data))
		name, _, _ = strings.Cut(strings.ReplaceAll(name, "\r", "\n"), "\n")
		// A field's value loses one leading space, which writing puts there.
		if want := []seen{{name, text, ""}}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func FuzzLimit(f *testing.F) {
	f.Add([]byte("data: a\n\ndata: bcdefghijkl\n\n"), uint8(10), uint8(3))
	f.Fuzz(func(t *testing.T, stream []byte, limit, size uint8) {
		s := Splitter{Limit: int(limit)}
		var out []byte
		for chunk := range slices.Chunk(stream, int(size)+1) {
			frame, err := s.Push(chunk)
			out = append(out, frame...)
			if err == nil && s.Pending() > s.limit() {
				t.Fatalf("%d bytes are pending, the limit is %d", s.Pending(), limit)
			}
		}
		out = append(out, s.Flush()...)
		if !bytes.HasPrefix(stream, out) {
			t.Fatalf("out %q is not a head of %q", out, stream)
		}
	})
}
