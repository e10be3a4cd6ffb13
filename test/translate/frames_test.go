package translate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/sluice-gateway/sluice/internal/eventstream"
)

// frame is one event of a stream: its bytes, the name its frame gives it, and
// what is in it.
type frame struct {
	raw  []byte
	name string
	data []byte
}

// split takes a stream apart.
func split(framing string, b []byte) ([]frame, error) {
	switch framing {
	case "document":
		return []frame{{raw: b, data: one(b)}}, nil
	case "sse":
		return splitEvents(b), nil
	case "ndjson":
		return splitLines(b), nil
	case "json-array":
		return splitArray(b)
	case "eventstream":
		return splitBinary(b)
	}
	return nil, fmt.Errorf("framing %q is not known here", framing)
}

// splitEvents cuts a stream into events by the rules of the HTML standard.
func splitEvents(b []byte) []frame {
	var out []frame
	var cur frame
	lines := 0
	for len(b) > 0 {
		line, rest := splitLine(b)
		cur.raw = append(cur.raw, b[:len(b)-len(rest)]...)
		b = rest
		switch {
		case len(line) == 0 && lines > 0:
			out = append(out, cur)
			cur, lines = frame{}, 0
		case len(line) > 0:
			lines++
			cur.field(line)
		}
	}
	if len(cur.raw) > 0 {
		out = append(out, cur)
	}
	for i := range out { // Google's errors stand in a stream without a field's name
		if f := &out[i]; f.data == nil && bytes.HasPrefix(f.raw, []byte("{")) {
			f.data = bytes.TrimSpace(f.raw)
		}
	}
	return out
}

func (f *frame) field(line []byte) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "event":
		f.name = string(value)
	case "data":
		if f.data != nil {
			f.data = append(f.data, '\n')
		}
		f.data = append(f.data, value...)
	}
}

// splitLine cuts off the first line; it ends with CR LF, LF or CR.
func splitLine(b []byte) (line, rest []byte) {
	i := bytes.IndexAny(b, "\r\n")
	if i < 0 {
		return b, nil
	}
	if b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n' {
		return b[:i], b[i+2:]
	}
	return b[:i], b[i+1:]
}

func splitLines(b []byte) []frame {
	var out []frame
	for line := range bytes.Lines(b) {
		out = append(out, frame{raw: line, data: bytes.TrimSpace(line)})
	}
	return out
}

func splitArray(b []byte) ([]frame, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	var out []frame
	done := int64(0)
	for d.More() {
		var item json.RawMessage
		if err := d.Decode(&item); err != nil {
			return nil, err
		}
		out = append(out, frame{raw: b[done:d.InputOffset()], data: item})
		done = d.InputOffset()
	}
	return append(out, frame{raw: b[done:]}), nil
}

func splitBinary(b []byte) ([]frame, error) {
	var s eventstream.Splitter
	list, err := s.Push(nil, bytes.Clone(b))
	if err == nil && s.Pending() > 0 {
		err = errors.New("the last message is cut short")
	}
	var out []frame
	for _, m := range list {
		out = append(out, frame{raw: bytes.Clone(m.Raw), name: m.Name, data: bytes.Clone(m.Payload)})
	}
	return out, err
}

// binaryStream frames the events of a stream that was recorded without frames.
func binaryStream(t *testing.T, lines []byte) []byte {
	t.Helper()
	var out []byte
	for _, f := range splitLines(lines) {
		var event map[string]json.RawMessage
		if err := json.Unmarshal(f.data, &event); err != nil {
			t.Fatal(err)
		}
		for name, payload := range event {
			var err error
			out, err = eventstream.Append(out, []eventstream.Header{
				{Name: ":event-type", Value: eventstream.Text(name)},
				{Name: ":content-type", Value: eventstream.Text("application/json")},
				{Name: ":message-type", Value: eventstream.Text("event")},
			}, payload)
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return out
}

// cut is a way to cut an answer into the pieces that are written at once.
type cut struct {
	name   string
	pieces func(x *exchange) [][]byte
}

var (
	whole = cut{"whole", func(x *exchange) [][]byte { return [][]byte{x.answer} }}
	// unasked is a plain answer to who asked for a stream.
	unasked = cut{"unasked", whole.pieces}
	events  = cut{"events", func(x *exchange) [][]byte {
		var out [][]byte
		for _, f := range x.frames {
			out = append(out, f.raw)
		}
		return out
	}}
	odd    = cut{"odd", func(x *exchange) [][]byte { return sizes(x.answer, 1, 7, 333, 2, 61, 5003) }}
	bytes1 = cut{"bytes", func(x *exchange) [][]byte { return sizes(x.answer, 1) }}
)

// sizes cuts b into pieces of the given sizes, again and again.
func sizes(b []byte, all ...int) [][]byte {
	var out [][]byte
	for i := 0; len(b) > 0; i++ {
		n := min(all[i%len(all)], len(b))
		out = append(out, b[:n])
		b = b[n:]
	}
	return out
}
