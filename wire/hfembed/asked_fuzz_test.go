package hfembed_test

import (
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/hfembed"
)

// A question that is read is written as what it was: the same texts, in order.
func FuzzAsked(f *testing.F) {
	for _, s := range []string{`{"inputs":"a"}`, `{"inputs":["a","b"],"normalize":true}`, `{"inputs":[],"model":"m"}`, `{"inputs":["é\ud83d\ude00"],"dimensions":3}`} {
		f.Add([]byte(s), "/models/o/m/pipeline/feature-extraction")
	}
	f.Fuzz(func(t *testing.T, body []byte, path string) {
		var r llm.EmbedRequest
		if (hfembed.Client{}).DecodeRequest(&r, wire.Question{Path: path, Body: body}) != nil {
			return
		}
		var n wire.Notes
		out, err := hfembed.Provider{}.EncodeRequest(nil, &r, &n)
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		var again llm.EmbedRequest
		if err := (hfembed.Client{}).DecodeRequest(&again, wire.Question{Path: path, Body: out}); err != nil {
			t.Fatalf("%s became %s: %v", body, out, err)
		}
		if len(again.Inputs) != len(r.Inputs) {
			t.Fatalf("%s became %s", body, out)
		}
		for i := range r.Inputs {
			if wire.Text(again.Inputs[i].Text) != wire.Text(r.Inputs[i].Text) {
				t.Errorf("%s became %s", body, out)
			}
		}
	})
}
