package relay

import (
	"bytes"
	"testing"

	"github.com/sluice-gateway/sluice/wire"
)

// A stream may begin with any amount of white space: it is looked at once.
func TestBlankBeginning(t *testing.T) {
	for _, c := range []struct{ blank, stream string }{
		{" \r\n\t", `{"a":1}` + "\n"},
		{"\n", "data: {\"a\":1}\n\n"},
		{" ", `[{"a":1}]`},
	} {
		var got []string
		f := newFramer("", 0, func(m wire.Message) error {
			got = append(got, string(m.Data))
			return nil
		})
		for range 1 << 20 {
			if err := f.push([]byte(c.blank)); err != nil {
				t.Fatal(err)
			}
		}
		for _, b := range []byte(c.stream) {
			if err := f.push([]byte{b}); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.end(); err != nil || len(got) != 1 || !bytes.Contains([]byte(got[0]), []byte(`{"a":1}`)) {
			t.Errorf("%q: got %q, %v", c.stream, got, err)
		}
	}
}
