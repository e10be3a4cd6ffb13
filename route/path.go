package route

import (
	"bytes"
	"strings"

	"github.com/sluice-gateway/sluice/internal/percent"
)

// Normalize is the path that routing, plugins and the upstream see: without
// query, repeated slashes and dot segments, percent-decoded except for
// reserved characters, whose hex digits become upper case. Decoding comes
// before dot removal. It always begins with a slash, and is raw itself when
// nothing changes. Since it is decoded it may hold any byte; see Escape.
//
// A percent sign that begins no triplet becomes %25, so that nothing can be
// decoded twice. Of an absolute-form target only the path counts.
func Normalize(raw string) string {
	path := raw
	if path == "" || path[0] != '/' {
		path = originForm(path)
	}
	end, ok := settled(path)
	if ok {
		return path[:end]
	}
	path, _, _ = strings.Cut(path, "?")
	return string(removeDots(decode(path)))
}

// settled finds the end of the path and tells whether it is normalized.
func settled(path string) (end int, ok bool) {
	for i := 0; i < len(path); i++ {
		switch path[i] {
		case '?':
			return i, true
		case '%':
			if !keptTriplet(path[i:]) {
				return 0, false
			}
			i += 2
		case '/':
			if i+1 < len(path) && (path[i+1] == '/' || path[i+1] == '.' && dotSegment(path[i+1:])) {
				return 0, false
			}
		}
	}
	return len(path), true
}

// dotSegment tells whether s begins with a . or .. segment.
func dotSegment(s string) bool {
	for i := range len(s) {
		switch s[i] {
		case '.':
			if i == 2 {
				return false
			}
		case '/', '?':
			return true
		default:
			return false
		}
	}
	return true
}

// keptTriplet tells whether s begins with a triplet that stays as it is.
func keptTriplet(s string) bool {
	c, ok := percent.Triplet(s)
	return ok && reserved[c] && !lowerHex(s[1]) && !lowerHex(s[2])
}

func decode(path string) []byte {
	out := make([]byte, 0, len(path)+8)
	for i := 0; i < len(path); i++ {
		if path[i] != '%' {
			out = append(out, path[i])
			continue
		}
		c, ok := percent.Triplet(path[i:])
		switch {
		case !ok:
			out = append(out, '%', '2', '5')
			continue
		case reserved[c]:
			out = percent.AppendTriplet(out, c)
		default:
			out = append(out, c)
		}
		i += 2
	}
	return out
}

// removeDots merges slashes and resolves dot segments, in place.
func removeDots(path []byte) []byte {
	out := path[:0]
	for len(path) > 0 {
		end := bytes.IndexByte(path[1:], '/') + 1
		last := end == 0
		if last {
			end = len(path)
		}
		segment := path[1:end]
		switch {
		case string(segment) == "..":
			out = out[:max(bytes.LastIndexByte(out, '/'), 0)]
		case len(segment) > 0 && string(segment) != ".":
			out = append(out, path[:end]...)
			last = false
		}
		if last {
			out = append(out, '/')
		}
		path = path[end:]
	}
	return out
}

// originForm makes a target that does not begin with a slash into one that
// does.
func originForm(target string) string {
	scheme, rest, ok := strings.Cut(target, "://")
	if !ok || !isScheme(scheme) {
		return "/" + target
	}
	at := strings.IndexAny(rest, "/?")
	if at < 0 || rest[at] == '?' {
		return "/"
	}
	return rest[at:]
}

func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if c < 'a' || c > 'z' {
			return false
		}
	}
	return s != ""
}

// byteSet is a set of bytes.
type byteSet [256]bool

func setOf(chars string) (set byteSet) {
	for i := range len(chars) {
		set[chars[i]] = true
	}
	return set
}

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

var (
	// reserved characters stay encoded.
	reserved = setOf("!*'();:@&=+$,/?%#[]")
	// forwardable characters go upstream as they are.
	forwardable = setOf("!#$&'()*+,/:;=?@[]-_.~%" + alphanumeric)
)

func lowerHex(c byte) bool { return 'a' <= c && c <= 'f' }
