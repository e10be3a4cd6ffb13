package translate

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// embedder is a format of a provider of embeddings: how it is asked, and how the
// answer is read.
type embedder struct {
	way   *way
	model string // what is configured, if that matters
	read  func(answer any) []any
}

// embedders are the formats of embeddings by the corpus' name.
var embedders = map[string]*embedder{
	"openai.embeddings":     {way: &way{provider: "openai"}, read: openAIVectors},
	"mistral.embeddings":    {way: &way{provider: "mistral", options: "mistral_format: openai", host: "api.mistral.ai"}, read: openAIVectors},
	"cohere.v1.embed":       {way: &way{provider: "cohere", path: "/v1/embed?replay=$(headers.x-replay-id)"}, read: cohereVectors},
	"cohere.v2.embed":       {way: &way{provider: "cohere"}, read: cohereVectors},
	"gemini.embedContent":   {way: &way{provider: "gemini"}, read: geminiVectors},
	"vertex.predict":        {way: &way{provider: "gemini", options: "gemini: {api_endpoint: vertex.test, project_id: p, location_id: l}"}, read: geminiVectors},
	"ollama.embed":          {way: &way{provider: "ollama"}, read: func(a any) []any { return items(member(a, "embeddings")) }},
	"hf.feature_extraction": {way: &way{provider: "huggingface"}, read: bareVectors},
	"bedrock.invoke":        {way: &way{provider: "bedrock", options: "bedrock: {aws_region: us-east-1}"}, model: "amazon.nova-2-multimodal-embeddings-v1:0", read: novaVectors},
}

func member(v any, names ...string) any {
	for _, name := range names {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

func items(v any) []any {
	list, _ := v.([]any)
	return list
}

// eachMember gives a member of each element.
func eachMember(list []any, names ...string) []any {
	out := make([]any, 0, len(list))
	for _, v := range list {
		out = append(out, member(v, names...))
	}
	return out
}

func openAIVectors(a any) []any {
	data := slices.Clone(items(member(a, "data")))
	slices.SortStableFunc(data, func(a, b any) int {
		x, _ := member(a, "index").(float64)
		y, _ := member(b, "index").(float64)
		return int(x - y)
	})
	return eachMember(data, "embedding")
}

func cohereVectors(a any) []any {
	list := member(a, "embeddings")
	if f := member(list, "float"); f != nil {
		list = f
	}
	return items(list)
}

func geminiVectors(a any) []any {
	if one := member(a, "embedding", "values"); one != nil {
		return []any{one}
	}
	if list := member(a, "predictions"); list != nil {
		return eachMember(items(list), "embeddings", "values")
	}
	return eachMember(items(member(a, "embeddings")), "values")
}

func novaVectors(a any) []any { return eachMember(items(member(a, "embeddings")), "embedding") }

// bareVectors are a list of vectors, or one.
func bareVectors(a any) []any {
	if list := items(a); len(list) > 0 {
		if _, one := list[0].(float64); one {
			return []any{a}
		}
	}
	return items(a)
}

// vectorsCaller is a format of callers of embeddings.
type vectorsCaller struct {
	path string
	ask  func(texts []string) any
	read func(answer any) []any
}

type fields = map[string]any

// embedCallers are the formats of callers by llm_format, bedrock's also by whose
// body they send.
var embedCallers = map[string]vectorsCaller{
	"openai":        {"/v1/embeddings", func(t []string) any { return fields{"input": t} }, openAIVectors},
	"openai/base64": {"/v1/embeddings", func(t []string) any { return fields{"input": t, "encoding_format": "base64"} }, openAIVectors},
	"cohere": {"/v2/embed", func(t []string) any {
		return fields{"texts": t, "input_type": "search_query", "embedding_types": []string{"float"}}
	}, cohereVectors},
	"gemini":         {"/v1beta/batchEmbedContents", func(t []string) any { return fields{"requests": geminiRequests(t)} }, geminiVectors},
	"ollama":         {"/api/embed", func(t []string) any { return fields{"input": t} }, func(a any) []any { return items(member(a, "embeddings")) }},
	"huggingface":    {"/feature-extraction", func(t []string) any { return fields{"inputs": t} }, bareVectors},
	"bedrock":        {"/invoke", func(t []string) any { return fields{"inputText": t[0]} }, func(a any) []any { return []any{member(a, "embedding")} }},
	"bedrock/cohere": {"/invoke", func(t []string) any { return fields{"texts": t, "input_type": "search_query"} }, cohereVectors},
}

func geminiRequests(texts []string) []any {
	var out []any
	for _, t := range texts {
		out = append(out, fields{"content": fields{"parts": []any{fields{"text": t}}}})
	}
	return out
}

// numbers are a vector as 32-bit floats, from a list or from base64.
func numbers(v any) []float32 {
	var out []float32
	if text, ok := v.(string); ok {
		raw, err := base64.StdEncoding.DecodeString(text)
		for i := 0; err == nil && i+4 <= len(raw); i += 4 {
			out = append(out, math.Float32frombits(binary.LittleEndian.Uint32(raw[i:])))
		}
		return out
	}
	for _, n := range items(v) {
		f, ok := n.(float64)
		if !ok {
			return nil
		}
		out = append(out, float32(f))
	}
	return out
}

// vectorsIn are those of an answer; nil is that it has none of numbers.
func vectorsIn(list []any) [][]float32 {
	var out [][]float32
	for _, v := range list {
		n := numbers(v)
		if len(n) == 0 {
			return nil
		}
		out = append(out, n)
	}
	return out
}

// TestCorpusEmbeddings replays recorded answers with vectors of texts for callers
// of every format.
func TestCorpusEmbeddings(t *testing.T) {
	dir := folder(t)
	var list []*replay
	all := recordedVectors(t, dir)
	for id, x := range all {
		list = append(list, &replay{id: id, x: x, cut: whole})
	}
	up := startUpstream(t, list)
	gw := startGateway(t, up.port, embedRoutes())
	passed := map[string]int{}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		x := all[id]
		want := vectorsIn(embedders[x.API].read(parsed(t, x.answer)))
		for name, c := range embedCallers {
			if len(want) > 1 && name == "bedrock" {
				continue // it asks for one
			}
			t.Run(id+" for "+name, func(t *testing.T) {
				got := gw.vectors(t, x, name, &c, len(want))
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Fatalf("%d vectors, recorded %d; or others", len(got), len(want))
				}
				passed[x.API+" "+name]++
			})
		}
	}
	gw.stop(t)
	if *only == "" && !t.Failed() {
		checkVectors(t, "embeddings.txt", passed)
	}
}

// recordedVectors are the answers with vectors of texts, by their ids.
func recordedVectors(t *testing.T, dir string) map[string]*exchange {
	t.Helper()
	var index []struct {
		ID, API, File, Model string
		Status               int
	}
	data, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err == nil {
		err = json.Unmarshal(data, &index)
	}
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*exchange{}
	for _, e := range index {
		if embedders[e.API] == nil || e.Status != 200 || !strings.HasPrefix(e.ID, *only) || e.API == "bedrock.invoke" && !strings.Contains(e.Model, "embed") {
			continue
		}
		x := new(exchange)
		data, err := os.ReadFile(filepath.Join(dir, e.File))
		if err == nil {
			err = json.Unmarshal(data, x)
		}
		if err != nil {
			t.Fatal(err)
		}
		x.answer = x.Response.Body
		if _, coded := first(embedders[e.API].read(parsed(t, x.answer))).(string); coded {
			continue // whoever got it had asked for it, and our callers do not
		}
		if vectorsIn(embedders[e.API].read(parsed(t, x.answer))) != nil {
			x.frames = []frame{{raw: x.answer}}
			all[e.ID] = x
		}
	}
	return all
}

func first(list []any) any {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

func parsed(t *testing.T, data []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%v in %.200s", err, data)
	}
	return v
}

func embedRoutes() []route {
	var out []route
	for name, e := range embedders {
		for caller := range embedCallers {
			format, _, _ := strings.Cut(caller, "/")
			model := e.model
			if model == "" {
				model = "m"
			}
			to := e.way.target()
			to.Options += "\n          name: \"" + model + "\""
			out = append(out, route{routeName(name, caller), "llm/v1/embeddings", format, to})
		}
	}
	return out
}

// vectors asks for as many vectors as were recorded.
func (g *gateway) vectors(t *testing.T, x *exchange, name string, c *vectorsCaller, n int) [][]float32 {
	t.Helper()
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf("text %d", i)
	}
	body, err := json.Marshal(c.ask(texts))
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+c.path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Replay-Id", x.ID)
	req.Header.Set("X-Replay-Route", routeName(x.API, name))
	resp, err := g.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("status %d, %v: %.300s", resp.StatusCode, err, answer)
	}
	return vectorsIn(c.read(parsed(t, answer)))
}

// checkVectors holds the counts of what passes against those in a file.
func checkVectors(t *testing.T, file string, passed map[string]int) {
	t.Helper()
	var b strings.Builder
	b.WriteString("# Written by TestCorpusEmbeddings -update: provider caller answers\n")
	for _, pair := range slices.Sorted(maps.Keys(passed)) {
		fmt.Fprintf(&b, "%s %d\n", pair, passed[pair])
	}
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	was, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(was) != b.String() {
		t.Errorf("%s is not what passes now: run this test with -update, then make generate", file)
	}
}
