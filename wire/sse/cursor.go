package sse

import "bytes"

// Event is one event of a frame. Its slices point into the frame, or, for data
// of several lines, into the cursor's memory; they hold until the next call of
// the cursor, and must not be changed.
type Event struct {
	// Raw is everything the event takes up in the frame, its blank line and
	// blank lines before it included. The Raws of a frame make up the frame.
	Raw []byte
	// Name is the value of the last event field, nil if there is none.
	Name []byte
	// Data is the value of the data fields, joined by line feeds.
	Data []byte
	// ID is the value of the last id field of this event, nil if there is none.
	ID []byte
	// HasData tells whether there is a data field at all, perhaps an empty one.
	// A client is told only of events that have.
	HasData bool
	// Comment tells that there is no field, only comments or blank lines.
	Comment bool
}

// Cursor walks over the events of frames, as Splitter returns them. Its zero
// value stands before the first frame of a stream; Reset takes it to the next
// frame. It allocates only for data of several lines, and then keeps the memory.
type Cursor struct {
	frame   []byte
	pos     int
	lf, cr  int // place of the next LF and CR at or after pos, or len(frame)
	started bool
	joined  []byte
}

// NewCursor returns a cursor before the first event of a stream's first frame.
func NewCursor(frame []byte) Cursor {
	var c Cursor
	c.Reset(frame)
	return c
}

// Reset takes the cursor to the start of the next frame of the same stream. A
// byte order mark is skipped only where it may stand: at the stream's start.
func (c *Cursor) Reset(frame []byte) {
	c.frame, c.pos, c.lf, c.cr = frame, 0, -1, -1
	if cap(c.joined) > keep {
		c.joined = nil
	}
}

var (
	bom   = []byte("\xef\xbb\xbf")
	colon = []byte(":")
)

// Next returns the next event; ok is false at the end of the frame. A last event
// without its blank line is returned too: streams do end like that.
func (c *Cursor) Next() (ev Event, ok bool) {
	if c.pos >= len(c.frame) {
		return Event{}, false
	}
	start := c.pos
	if !c.started && bytes.HasPrefix(c.frame, bom) {
		c.pos += len(bom)
	}
	c.started = true
	ev.Comment = true
	for lines := 0; c.pos < len(c.frame); {
		line := c.line()
		if len(line) > 0 {
			lines++
			if line[0] != ':' {
				ev.Comment = false
				c.field(&ev, line)
			}
		} else if lines > 0 {
			break
		}
	}
	ev.Raw = c.frame[start:c.pos:c.pos]
	return ev, true
}

// line returns the next line without its end.
func (c *Cursor) line() []byte {
	start := c.pos
	// Both places are remembered, so that a frame with only one kind of line
	// end is not searched for the other again at every line.
	if c.lf < start {
		c.lf = c.find('\n')
	}
	if c.cr < start {
		c.cr = c.find('\r')
	}
	end := min(c.lf, c.cr)
	c.pos = min(end+1, len(c.frame))
	if c.cr+1 == c.lf && c.lf < len(c.frame) {
		c.pos = c.lf + 1
	}
	return c.frame[start:end:end]
}

func (c *Cursor) find(b byte) int {
	if n := bytes.IndexByte(c.frame[c.pos:], b); n >= 0 {
		return c.pos + n
	}
	return len(c.frame)
}

// field takes one field into the event.
func (c *Cursor) field(ev *Event, line []byte) {
	name, value, found := bytes.Cut(line, colon)
	if !found {
		value = line[len(line):] // empty, where nil would say that there is no field
	}
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	switch string(name) {
	case "data":
		c.data(ev, value)
	case "event":
		ev.Name = value
	case "id":
		if bytes.IndexByte(value, 0) < 0 {
			ev.ID = value
		}
	}
}

func (c *Cursor) data(ev *Event, value []byte) {
	switch {
	case !ev.HasData:
		ev.Data, ev.HasData = value, true
		c.joined = c.joined[:0]
		return
	case len(c.joined) == 0:
		c.joined = append(c.joined, ev.Data...)
	}
	c.joined = append(append(c.joined, '\n'), value...)
	ev.Data = c.joined
}
