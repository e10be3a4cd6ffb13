package percent_test

import (
	"net/url"
	"testing"

	"github.com/sluice-gateway/sluice/internal/percent"
)

func TestTriplet(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want byte
		ok   bool
	}{
		{"%41", 'A', true},
		{"%aFx", 0xaf, true},
		{"%00", 0, true},
		{"", 0, false},
		{"%", 0, false},
		{"%4", 0, false},
		{"%4g", 0, false},
		{"%G4", 0, false},
		{"%@0", 0, false},
		{"%`0", 0, false},
		{"411", 0, false},
	} {
		c, ok := percent.Triplet(tt.in)
		if ok != tt.ok || ok && c != tt.want {
			t.Errorf("%q: got %q, %t", tt.in, c, ok)
		}
		if ok && len(tt.in) == 3 {
			again, _ := percent.Triplet(percent.AppendTriplet(nil, c))
			if again != c {
				t.Errorf("%q: written and read again it is %q", tt.in, again)
			}
		}
	}
}

// FuzzForm: what the standard library accepts means the same here, and the two
// ways to look at a text agree.
func FuzzForm(f *testing.F) {
	for _, s := range []string{"", "a", "a+b", "%41%2b", "%", "%4", "%zz", "100%", "%%41", "\xff%ff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got := percent.Form(raw)
		if want, err := url.QueryUnescape(raw); err == nil && got != want {
			t.Errorf("%q: got %q, want %q", raw, got, want)
		}
		if percent.Form([]byte(raw)) != got || !percent.FormEqual(raw, got) || !percent.FormEqual([]byte(raw), got) {
			t.Errorf("%q: the ways to read it differ", raw)
		}
		if percent.FormEqual(raw, got+"x") || len(got) > 0 && percent.FormEqual(raw, got[1:]) {
			t.Errorf("%q: equal to another text", raw)
		}
	})
}
