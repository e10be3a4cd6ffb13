package hfembed_test

import (
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire/hfembed"
)

// other are recordings of other tasks, which answer a list of numbers, and of
// models that give a vector for each token.
var other = []string{"source_sentence", "data", "facebook/bart-base"}

// TestCorpus reads recorded answers.
func TestCorpus(t *testing.T) {
	vectors := 0
	for _, x := range corpus(t, "hf.feature_extraction") {
		tokens := false
		for _, word := range other {
			tokens = tokens || strings.Contains(x.Request.Path+string(x.Request.Body), word)
		}
		var a llm.EmbedResponse
		err := (hfembed.Provider{}).DecodeResponse(&a, nil, x.Response.Body)
		switch {
		case strings.Contains(x.Request.Path, "bart-base"):
			if err == nil || len(a.Vectors) > 0 {
				t.Errorf("%s: %d vectors of texts, %v", x.ID, len(a.Vectors), err)
			}
		case err != nil || len(a.Vectors) != 1:
			t.Errorf("%s: %d vectors, %v", x.ID, len(a.Vectors), err)
		case !tokens:
			vectors++
		}
	}
	if vectors < 3 {
		t.Errorf("%d vectors", vectors)
	}
}
