package relay

import (
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/provider/cohere"
	"github.com/sluice-gateway/sluice/provider/gemini"
	"github.com/sluice-gateway/sluice/provider/huggingface"
	"github.com/sluice-gateway/sluice/provider/mistral"
	"github.com/sluice-gateway/sluice/provider/ollama"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/openaiembed"
)

// embedder is a provider, and how it writes a list of vectors. The parts stand
// before, around each of them, between and behind.
type embedder struct {
	name                             string
	p                                provider.Provider
	change                           func(*Settings)
	before, left, right, after, none string
}

var embedders = []embedder{
	{"mistral", mistral.New(), nil, `{"data":[`, `{"embedding":`, `}`, `]}`, ""},
	{"cohere", cohere.New(), nil, `{"embeddings":[`, ``, ``, `]}`, "the answer has no embeddings of type"},
	{"cohere by type", cohere.New(), nil, `{"embeddings":{"float":[`, ``, ``, `]}}`, "the answer has no embeddings of type"},
	{"gemini", gemini.New(), nil, `{"embeddings":[`, `{"values":`, `}`, `]}`, "the answer has no embeddings"},
	{"vertex", gemini.New(), func(s *Settings) {
		s.Model.Options.Gemini = provider.Gemini{APIEndpoint: "x.example", ProjectID: "p", LocationID: "l"}
	}, `{"predictions":[`, `{"embeddings":{"values":`, `}}`, `]}`, "the answer has no embeddings"},
	{"cohere on bedrock", aws(), func(s *Settings) { s.Model.Name = "cohere.embed-english-v3" }, `{"embeddings":[`, ``, ``, `]}`, "the answer has no embedding"},
	{"huggingface", huggingface.New(), nil, `[`, ``, ``, `]`, "the answer is no list of vectors"},
	{"ollama", ollama.New(), func(s *Settings) { s.Model.Options.UpstreamURL = "http://o" }, `{"embeddings":[`, ``, ``, `]}`, ""},
}

// of is the answer with these vectors.
func (s *embedder) of(vectors ...string) string {
	for i, v := range vectors {
		vectors[i] = s.left + v + s.right
	}
	return s.before + strings.Join(vectors, ",") + s.after
}

// vectorsOf puts a question and reads the answer to it.
func vectorsOf(t *testing.T, s *embedder, client wire.EmbedClient, question, body string) (string, *flow.Exchange, error) {
	t.Helper()
	ex := asking(question)
	if err := put(embedding(t, s.p, client, s.change), ex); err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	r := answer(200, "application/json", cutAt([]byte(body), 64<<10))
	if err := ex.Call.Receive(ex, r); err != nil {
		return "", ex, err
	}
	return read(t, r.Stream), ex, nil
}

// TestEmbedMatches: an answer has one vector of numbers for each input, or is
// refused.
func TestEmbedMatches(t *testing.T) {
	for i := range embedders {
		s := &embedders[i]
		for _, tt := range []struct {
			vectors    []string
			want, fail string
		}{
			{[]string{`[1]`, `[2]`}, `"embedding":[2]}],"model"`, ""},
			{[]string{`[1]`, `"AAAAQA=="`}, "", "vector 1 of the answer is a text, of what is not known"},
			{nil, "", "the answer has 0 vectors for 2 inputs"},
			{[]string{`[1]`}, "", "the answer has 1 vectors for 2 inputs"},
			{[]string{`[1]`, `[2]`, `[3]`}, "", "the answer has 3 vectors for 2 inputs"},
			{[]string{`[1]`, `[]`}, "", "vector 1 of the answer is empty"},
			{[]string{`[1]`, `[ ]`}, "", "vector 1 of the answer is empty"},
			{[]string{`[1]`, `""`}, "", "vector 1 of the answer is empty"},
			{[]string{`[1]`, `["NaN"]`}, "", "vector 1 of the answer is neither"},
			{[]string{`[1]`, `[1,null]`}, "", "vector 1 of the answer is neither"},
			{[]string{`[1]`, `[[2]]`}, "", "vector 1 of the answer is neither"},
			{[]string{`[1]`, `null`}, "", "vector 1 of the answer is neither"},
			{[]string{`[1]`, `7`}, "", "vector 1 of the answer is neither"},
			{[]string{`[1]`, `{}`}, "", "vector 1 of the answer is neither"},
			{[]string{`[1]`, `[NaN]`}, "", "malformed"},
		} {
			if tt.vectors == nil && s.none != "" {
				tt.fail = s.none
			}
			body := s.of(append([]string(nil), tt.vectors...)...)
			got, ex, err := vectorsOf(t, s, openaiembed.Client{}, `{"input":["a b","c"]}`, body)
			switch {
			case tt.fail == "" && (err != nil || !strings.Contains(got, tt.want)):
				t.Errorf("%s: %s became %s, %v", s.name, body, got, err)
			case tt.fail != "" && (err == nil || !strings.Contains(message(err), tt.fail) && tt.fail != "malformed"):
				t.Errorf("%s: %s became %s, %v; want %s", s.name, body, got, message(err), tt.fail)
			}
			if u := ex.AI.Usage; u.Prompt != 3 || !u.Estimated {
				t.Errorf("%s: %s: usage %+v", s.name, body, u)
			}
			ex.Call.Release()
		}
	}
}
