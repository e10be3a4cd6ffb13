package h1

import "io"

// framing says how the end of a body is found (RFC 9112 section 6.3).
type framing uint8

const (
	bodyNone framing = iota
	bodyLength
	bodyChunked
	bodyClose
)

// body is how far the body of an answer has been read.
type body struct {
	framing framing
	left    int64 // of a body with a length
	done    bool
	err     error // found behind bytes that had to be handed on first
	chunks  chunks
	trailer scan
}

// frame decides how the body ends and whether the connection can stay.
func (c *conn) frame(req *Request) {
	h := &c.head
	if h.close || h.minor == 0 && !h.keepAlive {
		c.keep = false
	}
	c.hint = h.hint
	switch {
	case h.status == 101:
		c.keep = false
	case req.Method == "HEAD" || h.status == 304:
	case h.status == 204:
		// A body that must not be there may come nevertheless.
		c.keep = c.keep && !h.chunked && h.length <= 0
	case h.chunked:
		c.body.framing = bodyChunked
	case h.length >= 0:
		c.body.framing, c.body.left = bodyLength, h.length
	default:
		c.body.framing, c.keep = bodyClose, false
	}
	c.body.done = c.body.framing == bodyNone || c.body.framing == bodyLength && c.body.left == 0
}

// next returns the bytes of the body that one read brought, io.EOF at the end.
func (c *conn) next() ([]byte, error) {
	for {
		switch {
		case c.body.done:
			return nil, io.EOF
		case c.body.err != nil:
			return nil, c.body.err
		}
		if c.r < c.w {
			if data := c.decode(); len(data) > 0 {
				return data, nil
			}
			if c.body.done || c.body.err != nil {
				continue
			}
		}
		if err := c.fill(); err != nil {
			if c.body.framing == bodyClose && err == io.EOF { //nolint:errorlint // a wrapped one is no clean end
				c.body.done = true
				continue
			}
			return nil, err
		}
	}
}

// decode takes the body's bytes out of the buffer, in place.
func (in *input) decode() []byte {
	b := in.buf[in.r:in.w]
	switch in.body.framing {
	case bodyLength:
		b = b[:min(int64(len(b)), in.body.left)]
		in.body.left -= int64(len(b))
		in.body.done = in.body.left == 0
		in.r += len(b)
		return b
	case bodyChunked:
		return in.dechunk(b)
	case bodyNone, bodyClose:
		in.r = in.w
	}
	return b
}

// dechunk decodes chunks, and the trailer once it is complete.
func (in *input) dechunk(b []byte) []byte {
	data, used, err := in.body.chunks.decode(b)
	in.r += used
	if err != nil {
		in.body.err = err
	} else if in.body.chunks.state == inTrailer {
		in.body.err = in.readTrailer()
	}
	return data
}

// readTrailer takes the trailer section out of the buffer if it is complete.
func (in *input) readTrailer() error {
	b, limit := in.buf[in.r:in.w], in.limits.bytes
	n, err := in.body.trailer.end(b)
	switch {
	case err != nil:
		return err
	case n > limit || n == 0 && len(b) >= limit:
		return ErrHeadTooLarge
	case n == 0:
		return nil
	case n > len("\r\n"):
		if err := in.trailers.parseFields(string(b[:n]), in.limits.fields); err != nil {
			return err
		}
	}
	in.r += n
	in.body.done = true
	return nil
}

// chunks decodes chunked coding (RFC 9112 section 7.1), fed in any portions.
type chunks struct {
	state  chunkState
	digits int
	left   int64 // of the chunk; while its size is read, the size so far
	ext    int   // bytes of extensions, of the whole body
}

type chunkState uint8

const (
	inSize chunkState = iota
	inExt
	inSizeLF
	inData
	inDataCR
	inDataLF
	inTrailer
)

const (
	// maxSizeDigits bounds a chunk size, leading zeros included.
	maxSizeDigits = 15
	// maxExt bounds the chunk extensions of one body; nobody reads them.
	maxExt = 4 << 10
)

// decode moves the data in b together and returns it, and how much of b was
// used: all of it, unless the trailer or an error follows.
func (k *chunks) decode(b []byte) (data []byte, used int, err error) {
	start, end := 0, 0 // of the data in b
	for i := 0; i < len(b); {
		if k.state == inTrailer {
			return b[start:end], i, nil
		}
		if k.state != inData {
			if err := k.frame(b[i]); err != nil {
				return b[start:end], i, err
			}
			i++
			continue
		}
		n := int(min(int64(len(b)-i), k.left))
		if start == end {
			start, end = i, i+n // the first data stays where it is
		} else {
			end += copy(b[end:], b[i:i+n])
		}
		i += n
		if k.left -= int64(n); k.left == 0 {
			k.state = inDataCR
		}
	}
	return b[start:end], len(b), nil
}

// frame takes one byte that is not data.
func (k *chunks) frame(c byte) error {
	switch k.state {
	case inSize:
		return k.size(c)
	case inExt:
		return k.extension(c)
	case inSizeLF:
		return k.sizeEnd(c)
	case inDataCR:
		k.state = inDataLF
		return expect(c, '\r')
	case inDataLF:
		k.state = inSize
		return expect(c, '\n')
	case inData, inTrailer: // not asked about these
	}
	return nil
}

func expect(c, want byte) error {
	if c != want {
		return errChunkEnd
	}
	return nil
}

func (k *chunks) size(c byte) error {
	var d byte
	switch {
	case '0' <= c && c <= '9':
		d = c - '0'
	case 'a' <= c && c <= 'f':
		d = c - 'a' + 10
	case 'A' <= c && c <= 'F':
		d = c - 'A' + 10
	case k.digits > 0 && c == '\r':
		k.state = inSizeLF
		return nil
	case k.digits > 0 && c == ';':
		k.state = inExt
		return nil
	default:
		return errChunkSize
	}
	if k.digits++; k.digits > maxSizeDigits {
		return errChunkSize
	}
	k.left = k.left<<4 | int64(d)
	return nil
}

func (k *chunks) extension(c byte) error {
	if c == '\r' {
		k.state = inSizeLF
		return nil
	}
	if k.ext++; k.ext > maxExt || c < ' ' && c != '\t' || c == 0x7f {
		return errChunkExt
	}
	return nil
}

func (k *chunks) sizeEnd(c byte) error {
	if c != '\n' {
		return errChunkSize
	}
	k.digits = 0
	k.state = inData
	if k.left == 0 {
		k.state = inTrailer
	}
	return nil
}
