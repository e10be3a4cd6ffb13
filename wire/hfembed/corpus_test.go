package hfembed_test

import (
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire/hfembed"
)

// TestCorpus reads recorded answers. Among them are other tasks, which answer a
// bare list of numbers as well, and a model that gives a vector for each token.
func TestCorpus(t *testing.T) {
	for _, x := range corpus(t, "hf.feature_extraction") {
		var a llm.EmbedResponse
		err := hfembed.Provider{}.DecodeResponse(&a, nil, x.Response.Body)
		if strings.Contains(x.Request.Path, "bart-base") {
			if err == nil || len(a.Vectors) > 0 {
				t.Errorf("%s: %d vectors of texts, %v", x.ID, len(a.Vectors), err)
			}
		} else if err != nil || len(a.Vectors) != 1 {
			t.Errorf("%s: %d vectors, %v", x.ID, len(a.Vectors), err)
		}
	}
}
