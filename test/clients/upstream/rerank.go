package upstream

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// RerankModel is the model that ranks.
const RerankModel = "rerank-v3.5"

// What Cohere's versions and Jina take for a ranking.
type (
	rankV1 struct {
		Model           string            `json:"model"`
		Query           string            `json:"query"`
		Documents       []json.RawMessage `json:"documents"`
		TopN            *int              `json:"top_n"`
		RankFields      []string          `json:"rank_fields"`
		ReturnDocuments bool              `json:"return_documents"`
		MaxChunksPerDoc *int              `json:"max_chunks_per_doc"`
	}
	rankV2 struct {
		Model           string   `json:"model"`
		Query           string   `json:"query"`
		Documents       []string `json:"documents"`
		TopN            *int     `json:"top_n"`
		MaxTokensPerDoc *int     `json:"max_tokens_per_doc"`
		Priority        *int     `json:"priority"`
	}
	rankJina struct {
		Model           string   `json:"model"`
		Query           string   `json:"query"`
		Documents       []string `json:"documents"`
		TopN            *int     `json:"top_n"`
		ReturnDocuments *bool    `json:"return_documents"`
	}
)

func (v *vendor) cohereRankV1(w http.ResponseWriter, _ *http.Request, req *rankV1) *failure {
	var texts []string
	for i, raw := range req.Documents {
		text, ok := rankedText(raw, req.RankFields)
		if !ok {
			return invalid(400, "", "invalid request: documents[%d]", i)
		}
		texts = append(texts, text)
	}
	return v.cohereRank(w, "1", req.Model, rank(req.Query, texts, req.TopN), func(i int, result map[string]any) {
		if req.ReturnDocuments {
			result["document"] = map[string]any{"text": texts[i]}
		}
	})
}

// rankedText is what counts of a document.
func rankedText(raw json.RawMessage, fields []string) (text string, ok bool) {
	if json.Unmarshal(raw, &text) == nil {
		return text, true
	}
	var members map[string]string
	if json.Unmarshal(raw, &members) != nil {
		return "", false
	}
	if len(fields) == 0 {
		fields = []string{"text"}
	}
	for _, name := range fields {
		text += members[name] + " "
	}
	return strings.TrimSpace(text), strings.TrimSpace(text) != ""
}

func (v *vendor) cohereRankV2(w http.ResponseWriter, _ *http.Request, req *rankV2) *failure {
	return v.cohereRank(w, "2", req.Model, rank(req.Query, req.Documents, req.TopN), func(int, map[string]any) {})
}

func (v *vendor) cohereRank(w http.ResponseWriter, version, model string, results []ranked, add func(int, map[string]any)) *failure {
	if model != RerankModel || len(results) == 0 {
		return invalid(400, "", "invalid request: %d results of model %q", len(results), model)
	}
	var list []map[string]any
	for _, r := range results {
		result := map[string]any{"index": r.index, "relevance_score": r.score}
		add(r.index, result)
		list = append(list, result)
	}
	writeJSON(w, map[string]any{"id": nextID("of-cohere-"), "results": list, "meta": map[string]any{
		"api_version": map[string]any{"version": version}, "billed_units": map[string]any{"search_units": 1},
	}})
	return nil
}

// jina is a server that ranks and does nothing else.
func (s *Server) jina() http.Handler {
	v := &vendor{s: s, model: RerankModel, header: "Authorization", scheme: "Bearer ", shape: func(w http.ResponseWriter, f *failure) {
		w.WriteHeader(f.status)
		_ = json.NewEncoder(w).Encode(map[string]any{"detail": f.Message})
	}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/rerank", handle(v, v.jinaRank))
	mux.HandleFunc("/", v.notFound)
	return mux
}

func (v *vendor) jinaRank(w http.ResponseWriter, _ *http.Request, req *rankJina) *failure {
	if f := v.checkModel(req.Model); f != nil {
		return f
	}
	if code, scripted := strings.CutPrefix(req.Query, "error: "); scripted {
		status, _ := strconv.Atoi(code)
		return invalid(status, "", "scripted failure %s", code)
	}
	words := countWords(req.Query)
	var list []map[string]any
	for _, r := range rank(req.Query, req.Documents, req.TopN) {
		result := map[string]any{"index": r.index, "relevance_score": r.score}
		if req.ReturnDocuments == nil || *req.ReturnDocuments {
			result["document"] = map[string]any{"text": req.Documents[r.index]}
		}
		words += countWords(req.Documents[r.index])
		list = append(list, result)
	}
	writeJSON(w, map[string]any{"model": req.Model, "object": "list", "results": list, "usage": map[string]any{"total_tokens": words}})
	return nil
}

type ranked struct {
	index int
	score float64
}

// rank puts those texts first that have most words of the query.
func rank(query string, texts []string, top *int) []ranked {
	var out []ranked
	words := strings.Fields(query)
	for i, text := range texts {
		n := 0
		for _, word := range words {
			if slices.Contains(strings.Fields(text), word) {
				n++
			}
		}
		out = append(out, ranked{i, float64(n) / float64(max(len(words), 1))})
	}
	slices.SortStableFunc(out, func(a, b ranked) int { return cmp.Compare(b.score, a.score) })
	if top != nil {
		out = out[:min(*top, len(out))]
	}
	return out
}
