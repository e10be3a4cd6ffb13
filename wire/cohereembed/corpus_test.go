package cohereembed_test

import (
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/cohereembed"
)

// TestCorpus reads and writes recorded traffic: nothing of it may be lost.
func TestCorpus(t *testing.T) {
	for _, x := range corpus(t, "cohere.v1.embed", "cohere.v2.embed") {
		t.Run(x.ID, func(t *testing.T) { replay(t, &x, strings.Contains(x.API, "v1")) })
	}
}

func replay(t *testing.T, x *exchange, first bool) {
	t.Helper()
	c, p := cohereembed.Client{First: first}, cohereembed.Provider{First: first}
	var r llm.EmbedRequest
	if err := c.DecodeRequest(&r, wire.Question{Body: x.Request.Body}); err != nil {
		t.Fatal(err)
	}
	body, notes := put(t, p, &r)
	same(t, "request", body, x.Request.Body)
	if len(notes) > 0 {
		t.Errorf("notes: %q", notes)
	}
	a := answered(t, p, string(x.Response.Body))
	pictures := strings.Contains(string(x.Request.Body), `"images"`)
	if a.Usage.Prompt <= 0 && !pictures || len(a.Vectors) != len(r.Inputs) {
		t.Errorf("%d vectors, usage %+v", len(a.Vectors), a.Usage)
	}
	same(t, "answer", c.EncodeResponse(nil, a, &r), x.Response.Body)
}
