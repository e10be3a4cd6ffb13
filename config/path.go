package config

import (
	"strings"

	"github.com/sluice-gateway/sluice/internal/percent"
)

// normalizePath is the form in which a path is matched: repeated slashes
// merged, dot segments removed, percent-encoding undone except for reserved
// characters, whose hex digits become upper case.
func normalizePath(p string) string {
	if !strings.Contains(p, "%") && !strings.Contains(p, "//") && !strings.Contains(p, "/.") {
		return p
	}
	return removeDots(decodeUnreserved(p))
}

func decodeUnreserved(p string) string {
	if !strings.Contains(p, "%") {
		return p
	}
	b := make([]byte, 0, len(p))
	for i := 0; i < len(p); i++ {
		c, ok := percent.Triplet(p[i:])
		switch {
		case !ok:
			b = append(b, p[i])
			continue
		case strings.IndexByte("!*'();:@&=+$,/?%#[]", c) >= 0:
			b = percent.AppendTriplet(b, c)
		default:
			b = append(b, c)
		}
		i += 2
	}
	return string(b)
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
