package demo

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"net/http"
)

// Sizes of the vectors.
const (
	defaultDimensions = 64
	maxDimensions     = 1536
)

func embeddings(w http.ResponseWriter, q object) {
	inputs := textsOf(q["input"])
	if len(inputs) == 0 || len(inputs) > maxInputs {
		fail(w, http.StatusBadRequest, fmt.Sprintf("'input' must be a text or a list of 1 to %d texts.", maxInputs))
		return
	}
	n := int64(defaultDimensions)
	if d, ok := q["dimensions"].(int64); ok {
		n = d
	}
	if n < 1 || n > maxDimensions {
		fail(w, http.StatusBadRequest, fmt.Sprintf("'dimensions' must be from 1 to %d.", maxDimensions))
		return
	}
	data, count := make([]any, len(inputs)), 0
	for i, text := range inputs {
		v := vector(text, int(n))
		data[i] = object{"object": "embedding", "index": i, "embedding": encode(v, q["encoding_format"] == "base64")}
		count += tokens(text)
	}
	writeJSON(w, http.StatusOK, object{
		"object": "list", "model": Model, "data": data,
		"usage": object{"prompt_tokens": count, "total_tokens": count},
	})
}

func textsOf(input any) []string {
	switch in := input.(type) {
	case string:
		if in != "" {
			return []string{in}
		}
	case []any:
		out := make([]string, 0, len(in))
		for _, e := range in {
			if s, ok := e.(string); ok && s != "" {
				out = append(out, s)
			}
		}
		if len(out) == len(in) {
			return out
		}
	}
	return nil
}

// vector has length 1 and is made of hashes of the text: it means nothing, but
// the same text always has the same.
func vector(text string, n int) []float32 {
	out, length := make([]float32, n), 0.0
	var block [32]byte
	for i := range out {
		if i%8 == 0 {
			block = sha256.Sum256(fmt.Appendf(nil, "%d %s", i/8, text))
		}
		x := float64(int32(binary.LittleEndian.Uint32(block[i%8*4:]))) / math.MaxInt32
		out[i] = float32(x)
		length += x * x
	}
	for i := range out {
		out[i] /= float32(math.Sqrt(length))
	}
	return out
}

// encode gives a list of numbers, or little-endian floats in base64, which
// vendors' SDKs ask for.
func encode(v []float32, packed bool) any {
	if !packed {
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = float64(x)
		}
		return out
	}
	raw := make([]byte, 0, 4*len(v))
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(raw)
}
