package formats

import (
	"regexp"
	"testing"
)

const seeds = 40

// TestOwn: what a format has written once it reads and writes again as it is,
// and has no note to make of it.
func TestOwn(t *testing.T) {
	for _, f := range formats() {
		t.Run(f.name, func(t *testing.T) {
			for seed := range uint64(seeds) {
				x := newMaker(seed, f.words()).request()
				first, _ := f.encode(t, x)
				second, notes := f.encode(t, f.decode(t, first, x.Stream))
				if !sameJSON(t, second, first) || len(notes) > 0 {
					t.Errorf("seed %d: noted %v\nfirst  %.3000s\nsecond %.3000s", seed, notes, first, second)
				}
				if t.Failed() {
					return
				}
			}
		})
	}
}

// field is a field of the model, in its own spelling. The last ones are members
// of questions of OpenAI's that it does not know.
var field = regexp.MustCompile(`^(messages|tools|choice|sampling|output|reasoning|parallel|user|service_tier|metadata|cache|store|include)([.\[][a-z_.\[\]0-9]+)?$`)
