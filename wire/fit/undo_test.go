package fit_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/fit"
)

const oddProperties = `{"type":"object","properties":{"filter[id]":{"type":"string"},"天気":{},"":{},"a\"b\\":{},"fine":{}},"required":["filter[id]"]}`

// odd is a question with a tool of odd properties, asked of Claude.
func odd(args string) (*llm.Request, *fit.Fit) {
	r := asked([]string{"get.it"}, "get.it")
	r.Tools[0].Schema = llm.JSON(oddProperties)
	r.Messages[0].Parts[0].Call.Args = []byte(args)
	f := new(fit.Fit)
	f.Question(r, claude, new(wire.Notes))
	return r, f
}

// required is what the first tool of a question requires.
func required(r *llm.Request) string {
	items := wire.Items(wire.Get(r.Tools[0].Schema, "required"))
	v, _ := items.Next()
	return wire.Text(v)
}

// TestProperties: names of arguments that Claude refuses go out as others,
// those of earlier turns too, and come back from wherever in the arguments,
// with all else as it was.
func TestProperties(t *testing.T) {
	const own = `{"filter[id]":"filter[id]","天気":{"天気":1},"":"\ud83d\ude00 \"filter[id]\"","a\"b\\":["x\\"],"fine":null}`
	r, f := odd(own)
	for fields := wire.NewFields(wire.Get(r.Tools[0].Schema, "properties")); fields.Next(); {
		if !regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,64}$`).MatchString(fields.Name()) {
			t.Errorf("%q is sent", fields.Name())
		}
	}
	call := *r.Messages[0].Parts[0].Call
	if strings.Contains(string(call.Args), `"filter[id]":`) {
		t.Errorf("an earlier call has %s", call.Args)
	}
	sent := required(r)
	for _, c := range []struct{ args, want string }{
		{string(call.Args), own},
		{`{ "` + sent + `" : "` + sent + `" , "x":{"` + sent + `":["` + sent + `"]}}`, `{ "filter[id]" : "filter[id]" , "x":{"filter[id]":["filter[id]"]}}`},
		{`{"x":"say \"` + sent + `\" or ` + sent + `","` + sent + `x":1}`, `{"x":"say \"` + sent + `\" or ` + sent + `","` + sent + `x":1}`},
		{`{"x":"\\","` + sent + `":"\\\""}`, `{"x":"\\","filter[id]":"\\\""}`},
		{`no JSON at all "` + sent, `no JSON at all "` + sent},
		{``, ``},
	} {
		whole := llm.Call{Name: call.Name, Args: []byte(c.args)}
		if f.Call(&whole); string(whole.Args) != c.want {
			t.Errorf("%s comes back as %s, want %s", c.args, whole.Args, c.want)
		}
		for size := 1; size <= len(c.args); size++ {
			if got := pieces(f, call.Name, c.args, size); got != c.want {
				t.Fatalf("%s in pieces of %d comes back as %s, want %s", c.args, size, got, c.want)
			}
		}
	}
}

// pieces are arguments that come in events.
func pieces(f *fit.Fit, name, args string, size int) string {
	got := ""
	tell := func(ev llm.Event) {
		for _, ev := range []*llm.Event{f.Event(&ev), &ev} {
			if ev != nil && ev.Kind == llm.EventDelta {
				got += wire.Text(ev.Text)
			}
		}
	}
	tell(llm.Event{Kind: llm.EventPart, Index: 3, Part: llm.Part{Kind: llm.ToolCall, Call: &llm.Call{Name: name}}})
	piece := ""
	for _, c := range args {
		if piece += string(c); len(piece) >= size {
			tell(llm.Event{Kind: llm.EventDelta, Index: 3, Text: wire.Quote(piece)})
			piece = ""
		}
	}
	tell(llm.Event{Kind: llm.EventDelta, Index: 3, Text: wire.Quote(piece)})
	tell(llm.Event{Kind: llm.EventPartEnd, Index: 3})
	return got
}

// TestHalvesOfPairs: a piece may end between the halves of a character beyond
// the first plane, each of which its JSON spells by itself.
func TestHalvesOfPairs(t *testing.T) {
	r, f := odd(`{}`)
	f.Event(&llm.Event{Kind: llm.EventPart, Part: llm.Part{Kind: llm.ToolCall, Call: &llm.Call{Name: r.Tools[0].Name}}})
	got := ""
	for _, piece := range []string{`"{\"fine\":\"\ud83d"`, `"\ude00\"}"`} {
		ev := llm.Event{Kind: llm.EventDelta, Text: llm.JSON(piece)}
		f.Event(&ev)
		got += string(ev.Text[1 : len(ev.Text)-1])
	}
	if want := `{\"fine\":\"\ud83d\ude00\"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestPropertiesDiffer: a name that is what another would be sent as stays
// apart from it, in whatever tool and wherever it is.
func TestPropertiesDiffer(t *testing.T) {
	first, _ := odd(`{}`)
	sent := required(first)
	r := asked([]string{"one", "two"})
	r.Tools[0].Schema = llm.JSON(oddProperties)
	r.Tools[1].Schema = llm.JSON(`{"type":"object","properties":{"x":{"enum":["` + sent + `"]}}}`)
	f := new(fit.Fit)
	f.Question(r, claude, new(wire.Notes))
	c := llm.Call{Name: "two", Args: []byte(`{"x":"` + sent + `"}`)}
	if f.Call(&c); string(c.Args) != `{"x":"`+sent+`"}` {
		t.Errorf("the other tool's value comes back as %s", c.Args)
	}
}

// TestManyTools: what all tools of a question may take is bounded together.
func TestManyTools(t *testing.T) {
	r := &llm.Request{Model: "amazon.nova-pro-v1:0"}
	var doubled strings.Builder
	for i := range 40 {
		fmt.Fprintf(&doubled, `"d%d":{"type":"object","properties":{"a":{"$ref":"#/$defs/d%[2]d"},"b":{"$ref":"#/$defs/d%[2]d"}}},`, i, i+1)
	}
	schema := `{"type":"object","properties":{"x":{"$ref":"#/$defs/d0"}},"$defs":{` + doubled.String() + `"d40":{}}}`
	for i := range 500 {
		r.Tools = append(r.Tools, llm.Tool{Name: fmt.Sprintf("tool.%d", i), Schema: llm.JSON(schema)})
	}
	f, n, size := new(fit.Fit), new(wire.Notes), 0
	f.Question(r, aws, n)
	seen := map[string]bool{}
	for i := range r.Tools {
		size += len(r.Tools[i].Schema)
		if jsonscan.NoDuplicates(r.Tools[i].Schema) != nil {
			t.Fatalf("no JSON: %s", r.Tools[i].Schema)
		}
		c := llm.Call{Name: r.Tools[i].Name}
		if f.Call(&c); seen[r.Tools[i].Name] || c.Name != fmt.Sprintf("tool.%d", i) {
			t.Errorf("%s comes back as %s", r.Tools[i].Name, c.Name)
		}
		seen[r.Tools[i].Name] = true
	}
	if size > 500*len(schema)+2<<20 {
		t.Errorf("%d bytes", size)
	}
	if !n.Changed("tools[0].schema") || !n.Changed("tools[499].schema") {
		t.Errorf("noted %v", n.List())
	}
}
