package sse

import "bytes"

// AppendData appends an event with data and nothing else. Data of several lines
// takes several data fields; a reader gets its line ends as LF.
func AppendData(dst, data []byte) []byte {
	for {
		line, rest, more := cutLine(data)
		dst = append(dst, "data: "...)
		dst = append(dst, line...)
		dst = append(dst, '\n')
		if !more {
			return append(dst, '\n')
		}
		data = rest
	}
}

// AppendEvent is AppendData with an event name before the data, left out if
// empty. Of a name with line ends only the first line is written.
func AppendEvent(dst []byte, name string, data []byte) []byte {
	if line, _, _ := cutLine([]byte(name)); len(line) > 0 {
		dst = append(dst, "event: "...)
		dst = append(dst, line...)
		dst = append(dst, '\n')
	}
	return AppendData(dst, data)
}

// AppendComment appends a comment, such as keeps a silent connection open, with
// a blank line after it. Of a text with line ends only the first line is written.
func AppendComment(dst []byte, text string) []byte {
	line, _, _ := cutLine([]byte(text))
	dst = append(dst, ": "...)
	dst = append(dst, line...)
	return append(dst, "\n\n"...)
}

// cutLine cuts b after its first line, whichever end the line has.
func cutLine(b []byte) (line, rest []byte, more bool) {
	// Two searches that never turn back are quicker than one for both bytes, but
	// only for the usual single line: repeated, they would be quadratic.
	if bytes.IndexByte(b, '\n') < 0 && bytes.IndexByte(b, '\r') < 0 {
		return b, nil, false
	}
	i := bytes.IndexAny(b, "\r\n")
	end := i + 1
	if b[i] == '\r' && end < len(b) && b[end] == '\n' {
		end++
	}
	return b[:i], b[end:], true
}
