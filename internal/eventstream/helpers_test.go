package eventstream_test

import (
	"encoding/binary"
	"hash/crc32"
	"testing"

	es "github.com/sluice-gateway/sluice/internal/eventstream"
)

// message is a copy of what a splitter gave.
type message struct{ headers, payload string }

// feed reads data in pieces of a size.
func feed(data []byte, size int) ([]message, error) {
	var s es.Splitter
	var out []message
	for len(data) > 0 {
		piece := make([]byte, min(size, len(data)))
		data = data[copy(piece, data):]
		messages, err := s.Push(nil, piece)
		for _, m := range messages {
			out = append(out, message{string(m.Headers), string(m.Payload)})
		}
		if err != nil {
			return out, err
		}
		clear(piece) // the splitter must not rely on it
	}
	return out, nil
}

func cut(t *testing.T, data []byte, size int) []message {
	t.Helper()
	out, err := feed(data, size)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func all(t *testing.T, data []byte) []message { t.Helper(); return cut(t, data, len(data)) }

// rewrite writes a message from its headers, one by one.
func rewrite(t *testing.T, m message) []byte {
	t.Helper()
	var headers []es.Header
	h := es.NewHeaders([]byte(m.headers))
	for h.Next() {
		headers = append(headers, es.Header{Name: string(h.Name()), Value: h.Value()})
	}
	out, err := es.Append(nil, headers, []byte(m.payload))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// reseal gives a message other lengths, with sums that match.
func reseal(raw []byte, total, headers int) []byte {
	b := append([]byte(nil), raw...)
	binary.BigEndian.PutUint32(b, uint32(total))
	binary.BigEndian.PutUint32(b[4:], uint32(headers))
	binary.BigEndian.PutUint32(b[8:], crc32.ChecksumIEEE(b[:8]))
	binary.BigEndian.PutUint32(b[len(b)-4:], crc32.ChecksumIEEE(b[:len(b)-4]))
	return b
}
