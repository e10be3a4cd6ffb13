package wire

import (
	"strings"
	"testing"
)

// TestLengths: how long a body is. A request on which two servers could
// disagree is refused (RFC 9112 section 6).
func TestLengths(t *testing.T) {
	s := newStage(t)
	for name, tt := range map[string]struct {
		fields   string
		body     string
		statuses []int
		want     string // the body that an upstream sees
	}{
		"a length":                       {"Content-Length: 3\n", "abc", []int{200}, "abc"},
		"a length of zero":               {"Content-Length: 0\n", "", []int{200}, ""},
		"zeros before it":                {"Content-Length: 003\n", "abc", []int{200, 400}, "abc"},
		"spaces around it":               {"Content-Length: \t 3 \t\n", "abc", []int{200}, "abc"},
		"in any case":                    {"cOnTeNt-LeNgTh: 3\n", "abc", []int{200}, "abc"},
		"two lengths":                    {"Content-Length: 3\nContent-Length: 4\n", "abcd", []int{400}, ""},
		"two lengths, otherwise":         {"Content-Length: 4\nContent-Length: 3\n", "abcd", []int{400}, ""},
		"two lengths in a list":          {"Content-Length: 3, 4\n", "abcd", []int{400}, ""},
		"the same twice":                 {"Content-Length: 3\nContent-Length: 3\n", "abc", []int{200, 400}, "abc"},
		"the same twice in a list":       {"Content-Length: 3, 3\n", "abc", []int{200, 400}, "abc"},
		"a plus":                         {"Content-Length: +3\n", "abc", []int{400}, ""},
		"a minus":                        {"Content-Length: -3\n", "abc", []int{400}, ""},
		"in hexadecimal":                 {"Content-Length: 0x3\n", "abc", []int{400}, ""},
		"letters behind it":              {"Content-Length: 3a\n", "abc", []int{400}, ""},
		"a space in it":                  {"Content-Length: 3 3\n", "abc", []int{400}, ""},
		"a fraction":                     {"Content-Length: 3.0\n", "abc", []int{400}, ""},
		"nothing":                        {"Content-Length:\n", "", []int{400}, ""},
		"digits of another script":       {"Content-Length: ３\n", "abc", []int{400}, ""},
		"more than a number holds":       {"Content-Length: 18446744073709551619\n", "abc", []int{400, 413}, ""},
		"much more than a number holds":  {"Content-Length: " + strings.Repeat("9", 100) + "\n", "abc", []int{400, 413}, ""},
		"an underscore is another field": {"Content_Length: 9\nContent-Length: 3\n", "abc", []int{200, 400}, "abc"},
		"a list of connection options":   {"Connection: Content-Length\nContent-Length: 3\n", "abc", []int{200, 400}, "abc"},
		"chunks":                         {"Transfer-Encoding: chunked\n", "3\nabc\n0\n\n", []int{200}, "abc"},
		"chunks in any case":             {"transfer-ENCODING: CHUNKED\n", "3\nabc\n0\n\n", []int{200}, "abc"},
		"chunks that are listed":         {"Connection: Transfer-Encoding\nTransfer-Encoding: chunked\n", "3\nabc\n0\n\n", []int{200, 400}, "abc"},
		"chunks twice":                   {"Transfer-Encoding: chunked, chunked\n", "3\nabc\n0\n\n", []int{400, 501}, ""},
		"chunks in two fields":           {"Transfer-Encoding: chunked\nTransfer-Encoding: chunked\n", "3\nabc\n0\n\n", []int{400, 501}, ""},
		"chunks, then nothing":           {"Transfer-Encoding: chunked, identity\n", "3\nabc\n0\n\n", []int{400, 501}, ""},
		"nothing, then chunks":           {"Transfer-Encoding: identity, chunked\n", "3\nabc\n0\n\n", []int{400, 501}, ""},
		"another coding":                 {"Transfer-Encoding: gzip\n", "abc", []int{400, 501}, ""},
		"another coding, then chunks":    {"Transfer-Encoding: gzip, chunked\n", "3\nabc\n0\n\n", []int{400, 501}, ""},
		"another coding before a field":  {"Transfer-Encoding: gzip\nTransfer-Encoding: chunked\n", "3\nabc\n0\n\n", []int{400, 501}, ""},
		"no coding":                      {"Transfer-Encoding:\n", "3\nabc\n0\n\n", []int{400, 501}, ""},
		"nearly chunks":                  {"Transfer-Encoding: xchunked\n", "3\nabc\n0\n\n", []int{400, 501}, ""},
		"chunks with a quality":          {"Transfer-Encoding: chunked;q=1\n", "3\nabc\n0\n\n", []int{400, 501}, ""},
		"chunks in quotes":               {"Transfer-Encoding: \"chunked\"\n", "3\nabc\n0\n\n", []int{400, 501}, ""},
		"chunks behind a tabulator":      {"Transfer-Encoding: ␋chunked\n", "3\nabc\n0\n\n", []int{400, 501}, ""},
		"chunks before a zero":           {"Transfer-Encoding: chunked␀\n", "3\nabc\n0\n\n", []int{400, 501}, ""},
		"chunks after a space":           {"Transfer-Encoding : chunked\n", "3\nabc\n0\n\n", []int{400}, ""},
		"a length after a space":         {"Content-Length : 3\n", "abc", []int{400}, ""},
		"a folded coding":                {"Transfer-Encoding:\n chunked\n", "3\nabc\n0\n\n", []int{200, 400, 501}, "abc"},
		"a folded length":                {"Content-Length:\n 3\n", "abc", []int{200, 400}, "abc"},
	} {
		for _, path := range []string{"/plain", "/passed"} {
			t.Run(name+path, func(t *testing.T) {
				text := "POST " + path + " HTTP/1.1\nHost: a\n" + tt.fields + "\n" + tt.body
				a := s.check(t, text, false, tt.statuses...)
				if want := strings.TrimSpace("POST " + path + " " + tt.want); a.StatusCode == 200 && a.body != want {
					t.Errorf("the upstream saw %q, want %q", a.body, want)
				}
			})
		}
	}
}

// TestChunks: the grammar of the coding (RFC 9112 section 7.1). Sizes have zeros
// and extensions, and trailers are no part of the body.
func TestChunks(t *testing.T) {
	s := newStage(t)
	for name, tt := range map[string]struct{ body, want string }{
		"one":                        {"3\nabc\n0\n\n", " abc"},
		"two":                        {"1\na\n2\nbc\n0\n\n", " abc"},
		"none":                       {"0\n\n", ""},
		"hexadecimal digits":         {"a\n0123456789\n0\n\n", " 0123456789"},
		"large digits":               {"A\n0123456789\n0\n\n", " 0123456789"},
		"zeros before the size":      {"0003\nabc\n0\n\n", " abc"},
		"zeros at the end":           {"3\nabc\n000\n\n", " abc"},
		"an extension":               {"3;a=b\nabc\n0;c\n\n", " abc"},
		"a quoted extension":         {"3;a=\"b;c\"\nabc\n0\n\n", " abc"},
		"a trailer":                  {"3\nabc\n0\nX-Sum: 1\n\n", " abc"},
		"a trailer that is a length": {"3\nabc\n0\nContent-Length: 9\n\n", " abc"},
	} {
		for _, path := range []string{"/plain", "/passed"} {
			t.Run(name+path, func(t *testing.T) {
				a := s.check(t, "POST "+path+" HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n"+tt.body, false, 200)
				if want := "POST " + path + tt.want; a.body != want {
					t.Errorf("the upstream saw %q, want %q", a.body, want)
				}
			})
		}
	}
}
