package upstream

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"net/http"
)

type embeddingRequest struct {
	Model          string          `json:"model"`
	Input          json.RawMessage `json:"input"`
	EncodingFormat string          `json:"encoding_format"`
	Dimensions     *int            `json:"dimensions"`
	User           string          `json:"user"`
}

func (s *Server) embeddings(w http.ResponseWriter, r *http.Request) {
	var req embeddingRequest
	body, f := decode(r, &req)
	var texts []string
	if f == nil {
		texts, f = req.texts()
	}
	if f != nil {
		f.write(w)
		return
	}
	size := 8
	if req.Dimensions != nil {
		size = *req.Dimensions
	}
	var data []any
	words := 0
	for i, text := range texts {
		words += countWords(text)
		var v any = Vector(text, size)
		if req.EncodingFormat == "base64" {
			v = pack(Vector(text, size))
		}
		data = append(data, map[string]any{"object": "embedding", "index": i, "embedding": v})
	}
	s.begin(nextID("embd-"), r, body)
	answer(w, r, map[string]any{
		"object": "list", "data": data, "model": req.Model,
		"usage": map[string]any{"prompt_tokens": words, "total_tokens": words},
	})
}

func (req *embeddingRequest) texts() ([]string, *failure) {
	if f := checkModel(req.Model); f != nil {
		return nil, f
	}
	if f := req.EncodingFormat; f != "" && f != "float" && f != "base64" {
		return nil, invalid(400, "encoding_format", "Invalid value: '%s'.", f)
	}
	var one string
	if json.Unmarshal(req.Input, &one) == nil {
		return []string{one}, nil
	}
	var many []string
	if json.Unmarshal(req.Input, &many) != nil || len(many) == 0 {
		return nil, invalid(400, "input", "Invalid type for 'input'.")
	}
	return many, nil
}

// Vector is the embedding of a text: element i is (length + i) / 64, which a
// float32 holds exactly.
func Vector(text string, size int) []float32 {
	v := make([]float32, size)
	for i := range v {
		v[i] = float32(len(text)+i) / 64
	}
	return v
}

func pack(v []float32) string {
	var b []byte
	for _, f := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return base64.StdEncoding.EncodeToString(b)
}
