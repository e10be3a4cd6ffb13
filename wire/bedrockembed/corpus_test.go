package bedrockembed_test

import (
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire/bedrockembed"
)

// TestCorpus reads recorded answers of models for embeddings.
func TestCorpus(t *testing.T) {
	n := 0
	for _, x := range corpus(t, "bedrock.invoke") {
		if !strings.Contains(x.Request.Path, "embed") || x.Response.Status != 200 {
			continue
		}
		n++
		var a llm.EmbedResponse
		header := func(name string) string {
			v, _ := x.Response.Headers[strings.ToLower(name)].(string)
			return v
		}
		if err := (bedrockembed.Provider{}).DecodeResponse(&a, header, x.Response.Body); err != nil || len(a.Vectors) != 1 || a.Usage.Prompt <= 0 {
			t.Errorf("%s: %d vectors, usage %+v, %v", x.ID, len(a.Vectors), a.Usage, err)
		}
	}
	t.Logf("%d of them are for embeddings", n)
}
