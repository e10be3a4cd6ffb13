package relay

import (
	"math"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/provider"
)

func TestCost(t *testing.T) {
	priced := func(in, out float64) provider.Options {
		return provider.Options{InputCost: &in, OutputCost: &out}
	}
	cached := priced(10, 20)
	cached.CacheReadCost, cached.CacheWriteCost = new(1.0), new(12.0)
	windows := priced(10, 20)
	windows.ContextWindowFactor = []provider.ContextWindowFactor{
		{Above: "100", InputFactor: 2, OutputFactor: 3}, {Above: "1000", InputFactor: 4, OutputFactor: 5}, {Above: "x", InputFactor: 100, OutputFactor: 100},
	}
	tiers := priced(10, 20)
	tiers.ServiceTierFactor = []provider.ServiceTierFactor{{Tier: "flex", Factor: 0.5}, {Tier: "Priority", Factor: 2}, {Tier: "flex-plus", Factor: 0.7}}
	half := provider.Options{InputCost: new(10.0)}
	details := func(read, write int64) *llm.UsageDetails {
		return &llm.UsageDetails{CachedPrompt: read, CacheWrite: write}
	}
	for _, tt := range []struct {
		name    string
		options provider.Options
		usage   llm.Usage
		want    float64
	}{
		{"chat", priced(10, 10), llm.Usage{Prompt: 25, Completion: 12}, 0.00037},
		{"stream", priced(10, 10), llm.Usage{Prompt: 18, Completion: 13}, 0.00031},
		{"costs 15", priced(15, 15), llm.Usage{Prompt: 2, Completion: 11}, 0.000195},
		{"costs 20", priced(20, 20), llm.Usage{Prompt: 2, Completion: 11}, 0.00026},
		{"no prices", provider.Options{}, llm.Usage{Prompt: 1, Completion: 1}, 0},
		{"one price", half, llm.Usage{Prompt: 1, Completion: 1}, 0},
		{"cached, no price of its own", priced(10, 20), llm.Usage{Prompt: 100, Completion: 1, Details: details(50, 10)}, 1020e-6},
		{"cached", cached, llm.Usage{Prompt: 100, Completion: 1, Details: details(50, 10)}, (400 + 50 + 120 + 20) * 1e-6},
		{"cached, unknown", cached, llm.Usage{Prompt: 100, Completion: 1, Details: details(-1, -1)}, 1020e-6},
		{"more cached than there is", cached, llm.Usage{Prompt: 10, Completion: 0, Details: details(50, 10)}, 10e-6},
		{"at the window", windows, llm.Usage{Prompt: 100, Completion: 1}, 1020e-6},
		{"above the window", windows, llm.Usage{Prompt: 101, Completion: 1}, (2*1010 + 3*20) * 1e-6},
		{"above both", windows, llm.Usage{Prompt: 2000, Completion: 1}, (4*20000 + 5*20) * 1e-6},
		{"tier", tiers, llm.Usage{Prompt: 100, ServiceTier: "FLEX"}, 500e-6},
		{"the longest word", tiers, llm.Usage{Prompt: 100, ServiceTier: "flex-plus-1"}, 700e-6},
		{"fast is priority", tiers, llm.Usage{Prompt: 100, ServiceTier: "fast"}, 2000e-6},
		{"another tier", tiers, llm.Usage{Prompt: 100, ServiceTier: "default"}, 1000e-6},
	} {
		p := newPrice(&tt.options)
		if got := p.of(&tt.usage); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestWords(t *testing.T) {
	for raw, want := range map[string]int{
		`"one two  three"`: 3, `""`: 0, `"  "`: 0, `"a\nb\tc\\nd"`: 3, `" \" "`: 1, `[1,2,3]`: 3, `[[1,2],[3]]`: 3, `["a b","c"]`: 3,
		`[{"role":"user","content":"What is 1 + 1?"},{"content":"x"}]`:                                  6,
		`[{"content":[{"type":"text","text":"a b"},{"type":"image_url","image_url":{"url":"a b c"}}]}]`: 2,
		`[{"content":null}]`:             0,
		`true`:                           0,
		``:                               0,
		`[[[[[[[[[["too deep"]]]]]]]]]]`: 0,
		`[{"role":"user","content":"one","name":"x y"}]`: 1,
	} {
		if got := countWords([]byte(raw), 0); got != want {
			t.Errorf("%s: got %d, want %d", raw, got, want)
		}
	}
}

func TestTextLength(t *testing.T) {
	key := []byte(`"content":`)
	for b, want := range map[string]int{
		`{"content":"abc"}`: 3, `{"content": "abc"}`: 3, `{"content":null}`: 0, `{"content":"a\"b\\"}`: 4, `{"content":"\u00e9"}`: 2,
		`{"x":"\"content\":\"abc\""}`: 0, `{"content":"a"}{"content":"b"}`: 2, `{"content":"open`: 4, `{"content":`: 0,
		"{\"content\":\"open\n\ndata: {\"content\":\"b\"}": 5, `{"content":"\`: 1, `{"content":"\u1`: 1, "{\"content\":\"\\\n\"x\"": 1,
	} {
		if got := textLen([]byte(b), key); got != want {
			t.Errorf("%q: got %d, want %d", b, got, want)
		}
	}
}
