package route

import (
	"strings"

	"github.com/sluice-gateway/sluice/internal/percent"
)

// UpstreamPath joins the path of the service with what the match leaves of the
// request's path (path_handling v0), and encodes what may not travel. An empty
// service path is "/". It does not allocate when the answer is a part of the
// request's path or of the service's.
func UpstreamPath(servicePath string, m *Match, strip bool) string {
	if servicePath == "" {
		servicePath = "/"
	}
	return Escape(join(servicePath, m, strip))
}

func join(base string, m *Match, strip bool) string {
	trimmed, slashed := strings.CutSuffix(base, "/")
	if !strip {
		if !slashed && m.Path == "/" {
			return base
		}
		return trimmed + m.Path
	}
	rest := remainder(m)
	switch {
	case rest == "":
		return joinNothing(base, m.Path)
	case rest[0] == '/':
		return trimmed + rest
	case trimmed == "" && m.Path[len(m.Path)-len(rest)-1] == '/':
		return m.Path[len(m.Path)-len(rest)-1:]
	default:
		return trimmed + "/" + rest
	}
}

// remainder is what follows the stripped prefix. A leading dot segment can
// only come from cutting a segment in two, and must not climb.
func remainder(m *Match) string {
	rest := m.Path[max(len(m.Prefix), 1):]
	switch {
	case rest == "." || rest == "..":
		return ""
	case strings.HasPrefix(rest, "./"):
		return rest[2:]
	case strings.HasPrefix(rest, "../"):
		return rest[3:]
	}
	return rest
}

// joinNothing keeps the trailing slash of the request, not of the service.
func joinNothing(base, path string) string {
	trimmed, slashed := strings.CutSuffix(base, "/")
	asked := strings.HasSuffix(path, "/")
	switch {
	case base == "/":
		return base
	case slashed && !asked:
		return trimmed
	case !slashed && asked && len(path) > 1:
		return base + "/"
	}
	return base
}

// ForwardedPrefix is the value of X-Forwarded-Prefix, fit for a header: the
// prefix that was stripped, or "" when nothing but a slash was.
func ForwardedPrefix(m *Match, strip bool) string {
	if !strip || m.Prefix == "/" {
		return ""
	}
	return Escape(m.Prefix)
}

// Escape percent-encodes every byte of a normalized path that may not stand in
// a request line or a header. It returns path itself when there is none.
func Escape(path string) string {
	forbidden := 0
	for i := range len(path) {
		if !forwardable[path[i]] {
			forbidden++
		}
	}
	if forbidden == 0 {
		return path
	}
	out := make([]byte, 0, len(path)+2*forbidden)
	for i := range len(path) {
		if c := path[i]; forwardable[c] {
			out = append(out, c)
		} else {
			out = percent.AppendTriplet(out, c)
		}
	}
	return string(out)
}
