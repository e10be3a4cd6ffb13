package config

import "strings"

// normalizePath is the form in which a path is matched: repeated slashes
// merged, dot segments removed, percent-encoding undone except for reserved
// characters, whose hex digits become upper case.
func normalizePath(p string) string {
	if !strings.Contains(p, "%") && !strings.Contains(p, "//") && !strings.Contains(p, "/.") {
		return p
	}
	return removeDots(decodeUnreserved(p))
}

const hexDigits = "0123456789ABCDEF"

func decodeUnreserved(p string) string {
	if !strings.Contains(p, "%") {
		return p
	}
	var b strings.Builder
	for i := 0; i < len(p); i++ {
		c, ok := triplet(p[i:])
		switch {
		case !ok:
			b.WriteByte(p[i])
			continue
		case strings.IndexByte("!*'();:@&=+$,/?%#[]", c) >= 0:
			b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
		default:
			b.WriteByte(c)
		}
		i += 2
	}
	return b.String()
}

// triplet decodes a leading %XX.
func triplet(s string) (c byte, ok bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	hi, lo := unhex(s[1]), unhex(s[2])
	return hi<<4 | lo, hi < 16 && lo < 16
}

func unhex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 16
}

func removeDots(p string) string {
	segments := strings.Split(p, "/")
	out := make([]string, 0, len(segments))
	for i, s := range segments {
		last := i == len(segments)-1
		switch {
		case s == "..":
			if len(out) > 1 {
				out = out[:len(out)-1]
			}
		case s != "." && (s != "" || i == 0):
			out = append(out, s)
			continue
		}
		if last {
			out = append(out, "")
		}
	}
	return strings.Join(out, "/")
}

// migratePath turns a path of the formats 1.1 and 2.1 into one of 3.0: what
// has a character that no plain path needs was meant as a regular expression.
func migratePath(p string) string {
	if strings.HasPrefix(p, "~") {
		return p
	}
	for i := range len(p) {
		c := p[i]
		if c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("._~/%-", c) >= 0 {
			continue
		}
		return "~" + p
	}
	return normalizePath(p)
}
