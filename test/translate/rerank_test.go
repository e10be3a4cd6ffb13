package translate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// rankers are how the gateway is made to ask a provider for a ranking, by the
// corpus' name of the format and, where that is not one's own, by provider.
var rankers = map[string]*way{
	"cohere.v1.rerank": {provider: "cohere", path: "/v1/rerank?replay=$(headers.x-replay-id)"},
	"cohere.v2.rerank": {provider: "cohere", path: "/v2/rerank?replay=$(headers.x-replay-id)"},
	"rerank":           {provider: "openai-compatible"},
	"rerank.voyage":    {provider: "openai-compatible", host: "api.voyageai.com"},
	"dashscope.rerank": {provider: "dashscope"},
	"bedrock.rerank":   {provider: "bedrock"},
}

// ranker is the name that a recording has among them.
func (x *exchange) ranker() string {
	switch {
	case strings.HasPrefix(x.ID, "voyage."):
		return "rerank.voyage"
	case x.API == "bedrock.invoke":
		return "bedrock.rerank"
	}
	return x.API
}

// rankings are the recorded rankings.
func rankings(t *testing.T) []*exchange {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder(t), "*", "*rerank*.json"))
	if err != nil {
		t.Fatal(err)
	}
	invoked, err := filepath.Glob(filepath.Join(folder(t), "bedrock", "bedrock.invoke.n.*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings", err)
	}
	var all []*exchange
	for _, file := range append(files, invoked...) {
		if x := readRecording(t, file); rankers[x.ranker()] != nil && (x.API != "bedrock.invoke" || strings.Contains(x.Model, "rerank")) {
			all = append(all, x)
		}
	}
	return all
}

// versions are the callers of Cohere's Rerank.
var versions = []string{"1", "2"}

// rerank replays recorded rankings to callers of both versions of Cohere's API
// whose own they are not, and tells how many pass of each format of a provider.
func rerank(t *testing.T) map[string]int {
	t.Helper()
	var list []*replay
	exchanges := rankings(t)
	for _, x := range exchanges {
		for _, v := range versions {
			if x.API != "cohere.v"+v+".rerank" {
				list = append(list, &replay{id: fmt.Sprintf("%s.%d", x.ID, len(list)), x: x, caller: v, cut: whole})
			}
		}
	}
	up := startUpstream(t, list)
	var all []route
	for name, w := range rankers {
		all = append(all, route{routeName(name, "cohere"), chat, "cohere", w.target()})
	}
	gw := startGateway(t, up.port, all)
	failed, passed := map[*exchange]bool{}, map[string]int{}
	for _, r := range list {
		if !t.Run("rerank/"+r.x.ID+"/v"+r.caller, func(t *testing.T) { gw.rank(t, r) }) {
			failed[r.x] = true
		}
	}
	gw.stop(t)
	for _, x := range exchanges {
		if name, _, _ := strings.Cut(x.ranker(), ".voyage"); x.Response.Status == http.StatusOK && !failed[x] {
			passed[name]++
		}
	}
	return passed
}

// ranked is a question as recordings have it, however nested and named.
func (x *exchange) ranked() object {
	body, err := decode(x.Request.Body)
	if err != nil {
		panic(err) // a recording that is none
	}
	out := object{"model": x.model()}
	for _, part := range []object{body, body.get("input"), body.get("parameters")} {
		for _, name := range []string{"query", "documents", "top_n", "return_documents", "rank_fields"} {
			if v, has := part[name]; has {
				out[name] = v
			}
		}
	}
	if k, has := body["top_k"]; has {
		out["top_n"] = k
	}
	return out
}

func (g *gateway) rank(t *testing.T, r *replay) {
	t.Helper()
	question, err := json.Marshal(r.x.ranked())
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+"/v"+r.caller+"/rerank", bytes.NewReader(question))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Replay-Id", r.id)
	req.Header.Set("X-Replay-Route", routeName(r.x.ranker(), "cohere"))
	resp, err := g.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	r.wasRanked(t)
	got, err := decode(body)
	if err != nil || resp.StatusCode != r.x.Response.Status {
		t.Fatalf("status %d, recorded %d: %v %.300s", resp.StatusCode, r.x.Response.Status, err, body)
	}
	if said := resp.Header.Get("X-Sluice-Translation"); said != "" {
		t.Errorf("said %q", said)
	}
	r.checkRanking(t, got)
}

// wasRanked holds the question that reached the upstream against the recorded
// one, without what a caller of Cohere's API cannot ask for and what asks for
// nothing. Documents in the answer are the gateway's matter.
func (r *replay) wasRanked(t *testing.T) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	want, err := decode(r.x.Request.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []object{want, want.get("parameters")} {
		for name, v := range part {
			if v == nil || name == "return_documents" || name == "truncation" {
				delete(part, name)
			}
		}
	}
	got, err := decode(r.got.body)
	if err != nil || r.got.times != 1 || !reflect.DeepEqual(got, want) {
		t.Errorf("asked %d times: %v\n got %v\nwant %v", r.got.times, err, got, want)
	}
}

// checkRanking holds what the caller got against the recording.
func (r *replay) checkRanking(t *testing.T, got object) {
	t.Helper()
	recorded, err := decode(r.x.Response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if r.x.Response.Status != http.StatusOK {
		want := recorded.text("message") + recorded.get("error").text("message")
		if got.text("message") != want || want == "" {
			t.Errorf("told %v, recorded %v", got, recorded)
		}
		return
	}
	list := slices.Concat(recorded.list("results"), recorded.list("data"), recorded.get("output").list("results"))
	if len(list) == 0 || len(got.list("results")) != len(list) || got.text("id") == "" {
		t.Fatalf("got %v, recorded %v", got, recorded)
	}
	question := r.x.ranked()
	for i, x := range got.list("results") {
		want := object{"index": list[i]["index"], "relevance_score": list[i]["relevance_score"]}
		if question["return_documents"] == true {
			want["document"] = map[string]any{"text": question["documents"].([]any)[list[i].count("index")]}
		}
		if !reflect.DeepEqual(x, want) {
			t.Errorf("result %d is %v, recorded %v", i, x, want)
		}
	}
	if version := got.get("meta", "api_version").text("version"); version != r.caller {
		t.Errorf("version %q", version)
	}
	billed := got.get("meta", "billed_units")
	if n := recorded.get("usage").count("total_tokens"); billed.count("input_tokens") != n {
		t.Errorf("billed %v of %d tokens", billed, n)
	}
	if n := recorded.get("meta", "billed_units").count("search_units"); billed.count("search_units") != n {
		t.Errorf("billed %v of %d searches", billed, n)
	}
}
