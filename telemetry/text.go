package telemetry

import (
	"io"
	"math"
	"strconv"
	"strings"
)

// ContentType of the page.
const ContentType = "text/plain; charset=UTF-8"

// flushAt is how much of the page is gathered before it is written.
const flushAt = 64 << 10

// WriteText writes all metrics that have samples in the Prometheus text
// format 0.0.4, sorted by name and then by label values.
func (r *Registry) WriteText(w io.Writer) error {
	p := &page{w: w, buf: make([]byte, 0, flushAt+4<<10)}
	for _, f := range r.sorted() {
		p.begin(f)
		f.write(p)
	}
	p.flush()
	return p.err
}

// page is the text being written.
type page struct {
	w      io.Writer
	buf    []byte
	err    error
	family family
	headed bool // the comment lines of the family are out
}

func (p *page) begin(f family) { p.family, p.headed = f, false }

func (p *page) flush() {
	if p.err == nil && len(p.buf) > 0 {
		_, p.err = p.w.Write(p.buf)
	}
	p.buf = p.buf[:0]
}

// head writes the comments, once there is a sample to follow them.
func (p *page) head() {
	if p.headed {
		return
	}
	p.headed = true
	d := p.family.desc()
	if d.Help != "" {
		p.buf = append(p.buf, "# HELP "...)
		p.buf = append(p.buf, d.Name...)
		p.buf = append(p.buf, ' ')
		p.buf = append(p.buf, helpEscapes.Replace(d.Help)...)
		p.buf = append(p.buf, '\n')
	}
	p.buf = append(p.buf, "# TYPE "...)
	p.buf = append(p.buf, d.Name...)
	p.buf = append(p.buf, ' ')
	p.buf = append(p.buf, p.family.kind()...)
	p.buf = append(p.buf, '\n')
}

func (p *page) sample(suffix, labels string, v float64) {
	p.head()
	p.buf = append(p.buf, p.family.desc().Name...)
	p.buf = append(p.buf, suffix...)
	if labels != "" {
		p.buf = append(p.buf, '{')
		p.buf = append(p.buf, labels...)
		p.buf = append(p.buf, '}')
	}
	p.buf = append(p.buf, ' ')
	p.buf = appendValue(p.buf, v)
	p.end()
}

func (p *page) bucket(labels string, bound float64, n uint64) {
	p.head()
	p.buf = append(p.buf, p.family.desc().Name...)
	p.buf = append(p.buf, "_bucket{"...)
	p.buf = append(p.buf, labels...)
	if labels != "" {
		p.buf = append(p.buf, ',')
	}
	p.buf = append(p.buf, `le="`...)
	p.buf = appendBound(p.buf, bound)
	p.buf = append(p.buf, `"} `...)
	p.buf = strconv.AppendUint(p.buf, n, 10)
	p.end()
}

func (p *page) end() {
	p.buf = append(p.buf, '\n')
	if len(p.buf) >= flushAt {
		p.flush()
	}
}

func appendBound(b []byte, bound float64) []byte {
	if math.IsInf(bound, 1) {
		return append(b, "+Inf"...)
	}
	return strconv.AppendFloat(b, bound, 'f', -1, 64)
}

// appendValue writes whole numbers plainly and others with 14 digits, as the
// original does: sums of decimal prices stay readable.
func appendValue(b []byte, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return append(b, "NaN"...)
	case math.IsInf(v, 1):
		return append(b, "+Inf"...)
	case math.IsInf(v, -1):
		return append(b, "-Inf"...)
	case v == math.Trunc(v) && math.Abs(v) < 1<<53:
		return strconv.AppendInt(b, int64(v), 10)
	}
	return strconv.AppendFloat(b, v, 'g', 14, 64)
}

var (
	labelEscapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
	helpEscapes  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
)

// labelText is what stands between the braces.
func labelText(names, values []string) string {
	var b strings.Builder
	for i, name := range names {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(name)
		b.WriteString(`="`)
		b.WriteString(labelEscapes.Replace(strings.ToValidUTF8(values[i], "\ufffd")))
		b.WriteByte('"')
	}
	return b.String()
}
