package relay

import (
	"bytes"
	"errors"
	"io"

	"github.com/sluice-gateway/sluice/internal/eventstream"
	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/sse"
)

// framer takes the messages of a provider's stream out of their frames,
// whatever they are: server-sent events, a JSON document a line, one JSON
// array, or AWS's binary messages. It calls take with each message.
type framer struct {
	kind  framing
	limit int // of one message
	take  func(m wire.Message) error

	held   []byte // what came while the framing was unknown
	cutter lineCutter
	line   []byte // the unfinished element
	split  sse.Splitter
	cursor sse.Cursor
	names  map[string]string
	binary eventstream.Splitter
	found  []eventstream.Message
	array  arrayScan
}

// newFramer chooses by the content type; what says nothing is looked into.
func newFramer(contentType string, limit int, take func(wire.Message) error) *framer {
	if limit == 0 {
		limit = sse.DefaultLimit
	}
	f := &framer{kind: streamReader(contentType), limit: limit, take: take}
	f.split.Limit, f.binary.Limit = limit, limit
	return f
}

// push reads what one read of the stream brought.
func (f *framer) push(data []byte) error {
	if f.kind == sniff {
		data = f.sniff(data)
	}
	switch f.kind {
	case sniff:
		if len(f.held) > f.limit {
			return sse.ErrTooLong
		}
		return nil
	case events:
		frame, err := f.split.Push(data)
		if e := f.events(frame); e != nil {
			return e
		}
		return err
	case lines:
		return f.lines(data)
	case elements:
		return f.elements(data)
	case binaryMessages:
		return f.messages(data)
	case refuse:
	}
	return errUnreadable
}

// end reads what is left when the stream has ended.
func (f *framer) end() error {
	switch f.kind {
	case events:
		return f.events(f.split.Flush())
	case lines:
		return f.takeLine(f.cutter.last())
	case binaryMessages:
		if f.binary.Pending() > 0 {
			return io.ErrUnexpectedEOF
		}
	case elements:
		if !f.array.done {
			return io.ErrUnexpectedEOF
		}
	case sniff, refuse:
	}
	return nil
}

// pending is how many bytes, of those that came last, are the beginning of a
// message.
func (f *framer) pending() int {
	switch f.kind {
	case events:
		return f.split.Pending()
	case lines:
		return len(f.cutter.line)
	case elements:
		return len(f.line)
	case binaryMessages:
		return f.binary.Pending()
	case sniff:
		return len(f.held)
	case refuse:
	}
	return 0
}

// corrupt tells whether an error says that where messages begin is lost: nobody
// can read on.
func corrupt(err error) bool {
	return errors.Is(err, eventstream.ErrPrelude) || errors.Is(err, eventstream.ErrChecksum) ||
		errors.Is(err, eventstream.ErrLength) || errors.Is(err, eventstream.ErrHeader)
}

// sniff decides by the first character that is no white space.
func (f *framer) sniff(data []byte) []byte {
	if len(f.held) > 0 {
		f.held = append(f.held, data...)
		data = f.held
	}
	rest := bytes.TrimLeft(data, " \t\r\n\ufeff")
	if bytes.HasPrefix(mark, rest) {
		f.held = append(f.held[:0], rest...) // white space is looked at once
		return nil
	}
	switch rest[0] {
	case '{':
		f.kind = lines
		return rest
	case '[':
		f.kind = elements
		return rest
	}
	f.kind = events
	return data
}

func (f *framer) events(frame []byte) error {
	if len(frame) == 0 {
		return nil
	}
	f.cursor.Reset(frame)
	for ev, ok := f.cursor.Next(); ok; ev, ok = f.cursor.Next() {
		if !ev.HasData {
			continue
		}
		if err := f.take(wire.Message{Name: f.name(ev.Name), Data: ev.Data}); err != nil {
			return err
		}
	}
	return nil
}

// maxNames bounds the names of events that are remembered.
const maxNames = 64

// name is the name of an event as a string that was made once.
func (f *framer) name(raw []byte) string {
	if len(raw) == 0 {
		return ""
	}
	if known, ok := f.names[string(raw)]; ok {
		return known
	}
	if f.names == nil || len(f.names) >= maxNames {
		f.names = map[string]string{}
	}
	s := string(raw)
	f.names[s] = s
	return s
}

func (f *framer) lines(data []byte) error {
	line, rest, ok := f.cutter.next(data)
	for ; ok; line, rest, ok = f.cutter.next(rest) {
		if err := f.takeLine(line); err != nil {
			return err
		}
	}
	return f.cutter.hold(rest, f.limit)
}

func (f *framer) takeLine(line []byte) error {
	if len(line) == 0 {
		return nil
	}
	return f.take(wire.Message{Data: line})
}

// lineCutter cuts a stream into lines.
type lineCutter struct {
	line []byte // the unfinished one
}

// next is the line that data completes, without white space around it, and what
// follows in data; without ok no line ends in data, which is for hold. The line
// holds until the next call.
func (l *lineCutter) next(data []byte) (line, rest []byte, ok bool) {
	head, rest, ok := bytes.Cut(data, []byte{'\n'})
	if !ok {
		return nil, data, false
	}
	l.line = append(l.line, head...)
	return l.last(), rest, true
}

// hold adds the beginning of a line to what is unfinished, unless that would be
// more than limit.
func (l *lineCutter) hold(data []byte, limit int) error {
	if len(l.line)+len(data) > limit {
		return sse.ErrTooLong
	}
	l.line = append(l.line, data...)
	return nil
}

// last is the unfinished line, taken as it is.
func (l *lineCutter) last() []byte {
	line := bytes.TrimSpace(l.line)
	l.line = l.line[:0]
	return line
}

func (f *framer) messages(data []byte) error {
	var err error
	f.found, err = f.binary.Push(f.found[:0], data)
	for _, m := range f.found {
		payload := m.Payload
		if text, ok := m.Header(":error-message"); ok && len(payload) == 0 { // an error has no payload
			payload = jsonscan.AppendQuote([]byte(`{"message":`), text.Bytes)
			payload = append(payload, '}')
		}
		if e := f.take(wire.Message{Name: m.Name, Data: payload}); e != nil {
			return e
		}
	}
	return err
}

// elements takes the objects of a JSON array that comes in pieces.
func (f *framer) elements(data []byte) error {
	for len(data) > 0 {
		skip, end, whole := f.array.next(data)
		f.line = append(f.line, data[skip:end]...)
		if len(f.line) > f.limit {
			return sse.ErrTooLong
		}
		data = data[end:]
		if !whole {
			continue
		}
		if err := f.take(wire.Message{Data: f.line}); err != nil {
			return err
		}
		f.line = f.line[:0]
	}
	return nil
}

// arrayScan finds where the objects of an array begin and end.
type arrayScan struct {
	depth  int // of brackets in the object that has begun
	quoted bool
	escape bool
	done   bool // the array has ended
}

// next finds the part of data that belongs to an object; whole tells that the
// object ends with it.
func (a *arrayScan) next(data []byte) (skip, end int, whole bool) {
	if a.done { // what follows the array is not part of it
		return len(data), len(data), false
	}
	if a.depth == 0 {
		skip = bytes.IndexAny(data, "{]")
		if skip < 0 || data[skip] == ']' {
			a.done = skip >= 0
			return len(data), len(data), false
		}
	}
	for i, c := range data[skip:] {
		if a.step(c); a.depth == 0 {
			return skip, skip + i + 1, true
		}
	}
	return skip, len(data), false
}

func (a *arrayScan) step(c byte) {
	switch {
	case a.escape:
		a.escape = false
	case a.quoted:
		a.escape, a.quoted = c == '\\', c != '"'
	case c == '"':
		a.quoted = true
	case c == '{', c == '[':
		a.depth++
	case c == '}', c == ']':
		a.depth--
	}
}
