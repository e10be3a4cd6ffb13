package route

import (
	"regexp"
	"strings"
	"testing"
)

var wellEncoded = regexp.MustCompile(`\A(?:[^%]|%[0-9A-F]{2})*\z`)

func FuzzNormalize(f *testing.F) {
	for _, c := range normalCases {
		f.Add(c.raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got := Normalize(raw)
		if !strings.HasPrefix(got, "/") {
			t.Errorf("%q: %q does not begin with a slash", raw, got)
		}
		if strings.Contains(got, "//") || strings.Contains(got, "?") {
			t.Errorf("%q: %q is not clean", raw, got)
		}
		for segment := range strings.SplitSeq(got, "/") {
			if segment == "." || segment == ".." {
				t.Errorf("%q: %q has a dot segment", raw, got)
			}
		}
		if !wellEncoded.MatchString(strings.ReplaceAll(got, "\n", "")) {
			t.Errorf("%q: %q has a broken triplet", raw, got)
		}
		if again := Normalize(got); again != got {
			t.Errorf("%q: %q becomes %q the second time", raw, got, again)
		}
		if sent := Escape(got); Normalize(sent) != got {
			t.Errorf("%q: %q is sent as %q, which reads %q", raw, got, sent, Normalize(sent))
		}
	})
}

func FuzzUpstreamPath(f *testing.F) {
	f.Add("/service/", "/route", "/route../x", true)
	f.Add("", "/", "/", false)
	f.Fuzz(func(t *testing.T, base, prefix, raw string, strip bool) {
		path := Normalize(raw)
		if !strings.HasPrefix(path, prefix) || base != "" && base != Normalize(base) {
			return
		}
		got := UpstreamPath(base, &Match{Path: path, Prefix: prefix}, strip)
		if !strings.HasPrefix(got, strings.TrimSuffix(Escape(base), "/")) || !strings.HasPrefix(got, "/") {
			t.Errorf("%q + %q - %q = %q", base, path, prefix, got)
		}
		for i := range len(got) {
			if !forwardable[got[i]] {
				t.Fatalf("%q holds %q", got, got[i])
			}
		}
	})
}

// feed turns a fuzzer's bytes into choices; it runs dry into zeros.
type feed struct{ data []byte }

func (s *feed) IntN(n int) int {
	v := 0
	for size := 1; size < n && len(s.data) > 0; size <<= 8 {
		v = v<<8 | int(s.data[0])
		s.data = s.data[1:]
	}
	return v % n
}

func FuzzMatch(f *testing.F) {
	f.Add("/a/b", "a.com", []byte("some bytes to choose from, the more the merrier"))
	f.Add("/%2e%2e/a", "H.A.com:8000", []byte{9, 0, 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6})
	f.Fuzz(func(t *testing.T, path, host string, choices []byte) {
		s := &feed{choices}
		entries := randomEntries(s, 1+s.IntN(12))
		table, err := Build(entries)
		if err != nil {
			t.Fatal(err)
		}
		o := newOracle(entries)
		q := randomQuery(s)
		compare(t, table, o, q)
		q.Path = path
		compare(t, table, o, q)
		// The oracle reads host names only.
		if plain, port := splitHost(host); !strings.ContainsAny(plain, ":[]") && isASCII(host) && !strings.HasSuffix(host, ":") && port%1000 == 0 {
			q.Host = host
			compare(t, table, o, q)
		}
	})
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
