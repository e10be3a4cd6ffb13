package jsonscan

import (
	"strings"
	"testing"
)

func TestWeigh(t *testing.T) {
	for _, tt := range []struct {
		text            string
		values, besides int
	}{
		{``, 0, 0},
		{`1`, 0, 0},
		{`[1,2,3]`, 3, 0},
		{`{"a":[{},{}],"b":",[{"}`, 6, 0},
		{`{"x" : [[1,2],{"a":"[["}],"a":[1]}`, 3, 3},
		{`{"x":"[","a":["x",[]]}`, 5, 0},
		{`{"a\"x":[{}],"x":[`, 4, 1},
		{`{"x":`, 1, 0},
		{`{"x`, 1, 0},
		{`"x":"`, 0, 0},
	} {
		values, besides := Weigh([]byte(tt.text), func(name []byte) bool { return string(name) == "x" })
		if values != tt.values || besides != tt.besides {
			t.Errorf("%s: %d values and %d besides, want %d and %d", tt.text, values, besides, tt.values, tt.besides)
		}
	}
	text := []byte(`{"a":"` + strings.Repeat("x", 1000) + `"}`)
	if n := testing.AllocsPerRun(10, func() { Weigh(text, func([]byte) bool { return false }) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestCountMembers(t *testing.T) {
	for text, want := range map[string]int{
		``: 0, `[1,2]`: 0, `{"a":{"b":[{"c":":"}]},"\":":1}`: 4, `{"a`: 0, `{"a":`: 1,
	} {
		if got := CountMembers([]byte(text)); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}

// FuzzWeigh: nothing makes it leave the text, or count more than there is.
func FuzzWeigh(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if values, besides := Weigh(data, func(name []byte) bool { return len(name)%2 == 0 }); values+besides > len(data) {
			t.Fatalf("%d values and %d besides in %d bytes", values, besides, len(data))
		}
	})
}
