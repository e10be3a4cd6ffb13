package relay

import "bytes"

// skimmer reads through the lines of a stream for generated text, usage and
// errors. The events of a stream are all alike but for the text in them, so it
// remembers what stood around the text of the last one: a line that begins and
// ends in the same way has nothing else to look for.
type skimmer struct {
	keys [][]byte // names of the members that hold text
	text int      // bytes of text so far
	head []byte   // a line up to the quote that opens its text
	tail []byte   // what follows the closing quote
	new  int      // lines that began in a way not seen before
}

// maxEnvelope is the longest line that is remembered, maxNew after how many
// unlike beginnings (events with a running number, say) no more are.
const (
	maxEnvelope = 2048
	maxNew      = 32
)

// reset begins a new stream and keeps the memory.
func (s *skimmer) reset(keys [][]byte) {
	*s = skimmer{keys: keys, head: s.head[:0], tail: s.tail[:0]}
}

// skim adds up the text of a frame and tells whether the frame may hold usage
// or an error.
func (s *skimmer) skim(frame []byte) (tells bool) {
	for len(frame) > 0 {
		line := frame
		if i := bytes.IndexByte(frame, '\n'); i >= 0 {
			line, frame = frame[:i], frame[i+1:]
		} else {
			frame = nil
		}
		if len(line) > 1 && s.line(line) {
			tells = true
		}
	}
	return tells
}

func (s *skimmer) line(line []byte) (tells bool) {
	n := len(s.head)
	if n == 0 || len(line) <= n || !bytes.Equal(line[:n], s.head) {
		return s.learn(line)
	}
	text, end := stringLen(line[n-1:])
	s.text += text
	rest := line[n-1+end:]
	if bytes.Equal(rest, s.tail) {
		return false
	}
	more := s.textOf(rest)
	s.text += more
	tells = telling(rest)
	if !tells && more == 0 && len(rest) <= maxEnvelope {
		s.tail = append(s.tail[:0], rest...)
	}
	return tells
}

// learn looks through a whole line and remembers what is around its text.
func (s *skimmer) learn(line []byte) (tells bool) {
	s.text += s.textOf(line)
	if telling(line) {
		return true
	}
	if s.new++; len(line) > maxEnvelope || s.new > maxNew {
		return false
	}
	at := s.firstText(line)
	if at < 0 {
		return false
	}
	_, end := stringLen(line[at:])
	rest := line[at+end:]
	if s.textOf(rest) == 0 {
		s.head, s.tail = append(s.head[:0], line[:at+1]...), append(s.tail[:0], rest...)
	}
	return false
}

func (s *skimmer) textOf(b []byte) int {
	n := 0
	for _, key := range s.keys {
		n += textLen(b, key)
	}
	return n
}

// firstText is where the first text's opening quote stands, or -1.
func (s *skimmer) firstText(line []byte) int {
	first := -1
	for _, key := range s.keys {
		i := bytes.Index(line, key)
		if i < 0 {
			continue
		}
		i += len(key)
		for i < len(line) && line[i] == ' ' {
			i++
		}
		if i < len(line) && line[i] == '"' && (first < 0 || i < first) {
			first = i
		}
	}
	return first
}
