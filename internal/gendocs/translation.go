package main

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/app"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/wire"
)

// translationPage tells which formats were held against recorded answers, and
// what of a question each provider's format cannot say. The counts are those
// that test/translate wrote down.
func translationPage(root string) (string, error) {
	var b strings.Builder
	b.WriteString(mark)
	b.WriteString("# Translation\n\n")
	b.WriteString("Callers speak one API (`llm_format`), providers another; ai-proxy translates between any two. " +
		"This page says how far that was tried, and what is lost on the way.\n\n")
	b.WriteString("## Tried with recorded answers\n\n" +
		"How many recorded answers of a provider's API reach callers of another API with the same text, thoughts, " +
		"calls of tools, finish and usage (`make test-corpus`): of the plain ones, of the streamed ones, and how many of both " +
		"call tools, and were asked for with images. Callers are named by `llm_format`, those of `openai` also by what " +
		"`route_type` they come on. *Same* passes as it is. *Refused* is a pair that no configuration brings together: when the " +
		"configuration is loaded, or with 400, each by a message that names the route type. A dash stands where rankings " +
		"(`/v1/rerank`, `/v2/rerank`) are not asked for: callers of `cohere` alone can. `make matrix` prints the table.\n\n")
	unspoken, err := tried(&b, root, "matrix.txt")
	if err != nil {
		return "", err
	}
	fmt.Fprintf(&b, "\nRecorded too, and asked of no provider: %s. A route of the type `preserve` passes them as they are.\n", strings.Join(unspoken, ", "))
	b.WriteString("\n### Embeddings\n\n" +
		"How many recorded answers with vectors of texts reach callers with the same vectors, to 32 bits. Callers are named by `llm_format`; " +
		"those of `openai` also ask for base64, those of `bedrock` in Titan's body, of one text, and in Cohere's.\n\n")
	if _, err := tried(&b, root, "embeddings.txt"); err != nil {
		return "", err
	}
	b.WriteString("\n## What a question loses\n\n" +
		"Fields of a question that a provider's API has no place for, or only a near one. The names are those of the header " +
		"`X-Sluice-Translation`; `[]` is any place in a list, `[image]` one of that kind. Found by asking each provider, for a model that nothing is known of, a question that says everything.\n")
	err = losses(&b)
	return b.String(), err
}

// cells are what became of the pairs, by the provider's API and the callers.
type cells map[string]map[string]string

// tried writes the lines of a file of test/translate as a table, an API of a
// provider a row. It tells those that nobody is asked in.
func tried(b *strings.Builder, root, file string) (unspoken []string, err error) {
	data, err := os.ReadFile(filepath.Join(root, "test", "translate", file)) //nolint:gosec // below the repository
	if err != nil {
		return nil, err
	}
	rows := cells{}
	for s := bufio.NewScanner(bytes.NewReader(data)); s.Scan(); {
		switch fields := strings.Fields(s.Text()); {
		case len(fields) < 2 || fields[0] == "#":
		case fields[1] == "unspoken":
			unspoken = append(unspoken, "`"+fields[0]+"`")
		default:
			rows.add(fields[0], fields[1], fields[2:])
		}
	}
	rows.write(b)
	return unspoken, nil
}

func (c cells) add(api, caller string, what []string) {
	if c[api] == nil {
		c[api] = map[string]string{}
	}
	c[api][caller] = strings.Join(what, "/")
}

func (c cells) write(b *strings.Builder) {
	names := map[string]bool{}
	for _, row := range c {
		for caller := range row {
			names[caller] = true
		}
	}
	callers := slices.Sorted(maps.Keys(names))
	fmt.Fprintf(b, "| Provider's API | %s |\n|---|%s\n", strings.Join(callers, " | "), strings.Repeat("---|", len(callers)))
	for _, api := range slices.Sorted(maps.Keys(c)) {
		fmt.Fprintf(b, "| %s |", api)
		for _, caller := range callers {
			fmt.Fprintf(b, " %s |", cmp.Or(c[api][caller], "–"))
		}
		b.WriteString("\n")
	}
}

// variants are options that change which API a provider is spoken to in.
var variants = map[string][]provider.Options{
	"cohere":  {{}, {UpstreamPath: "/v1/chat"}},
	"llama2":  {{Llama2Format: "raw"}, {Llama2Format: "openai"}, {Llama2Format: "ollama"}},
	"mistral": {{MistralFormat: "openai"}, {MistralFormat: "ollama"}},
}

// loss is what the API of some providers does to a question.
type loss struct {
	format           llm.Format
	providers        []string
	dropped, changed string
}

func losses(b *strings.Builder) error {
	found := map[string]*loss{}
	registry := app.Providers()
	for _, name := range slices.Sorted(maps.Keys(registry)) {
		list := variants[name]
		if list == nil {
			list = []provider.Options{{}}
		}
		for i := range list {
			l, err := lossOf(registry[name], list[i])
			if err != nil {
				return fmt.Errorf("provider %s: %w", name, err)
			}
			key := string(l.format) + l.dropped + l.changed
			if found[key] == nil {
				found[key] = l
			}
			if l = found[key]; !slices.Contains(l.providers, name) {
				l.providers = append(l.providers, name)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(found)) {
		l := found[key]
		fmt.Fprintf(b, "\n### %s: %s\n\n- Dropped: %s\n- Changed: %s\n", l.format, strings.Join(l.providers, ", "), l.dropped, l.changed)
	}
	return nil
}

// lossOf asks a provider everything.
func lossOf(p provider.Provider, o provider.Options) (*loss, error) {
	o.AnthropicVersion, o.AzureInstance, o.AzureDeploymentID = "2023-06-01", "i", "d"
	o.Bedrock.AWSRegion, o.Databricks.WorkspaceInstanceID = "us-east-1", "w"
	if slices.Contains([]string{"llama2", "ollama", "openai-compatible", "vllm"}, p.Name()) {
		o.UpstreamURL = "http://127.0.0.1"
	}
	e, err := p.Endpoint(&provider.Operation{RouteType: provider.Chat, Model: "m", Options: &o})
	if err != nil {
		return nil, err
	}
	var notes wire.Notes
	if _, err := e.Format.EncodeRequest(nil, everything(), &notes); err != nil {
		return nil, err
	}
	l := &loss{format: e.Format.Format()}
	l.dropped, l.changed = told(notes.List())
	return l, nil
}

var (
	place = regexp.MustCompile(`\[\d+\]`)
	parts = regexp.MustCompile(`^messages\[(\d+)\]\.parts\[(\d+)\]`)
)

// kinds of parts, as the page calls them.
var kinds = [...]string{
	llm.Text: "text", llm.Image: "image", llm.Audio: "audio", llm.Video: "video", llm.Document: "document",
	llm.ToolCall: "tool call", llm.ToolResult: "tool result", llm.Thinking: "thinking", llm.Redacted: "redacted thinking",
	llm.Refusal: "refusal", llm.Opaque: "other",
}

// named is a field without the places that it has in the question: a part is
// called by its kind.
func named(field string) string {
	field = parts.ReplaceAllStringFunc(field, func(path string) string {
		at := parts.FindStringSubmatch(path)
		i, _ := strconv.Atoi(at[1])
		k, _ := strconv.Atoi(at[2])
		p := &everything().Messages[i].Parts[k]
		kind := kinds[p.Kind]
		switch m := p.Media; {
		case m != nil && m.URL != nil:
			kind += " by URL"
		case m != nil && m.File != nil:
			kind += " by id"
		}
		return "messages[].parts[" + kind + "]"
	})
	return place.ReplaceAllString(field, "[]")
}

// told lists notes, each once and in order.
func told(notes []wire.Note) (dropped, changed string) {
	var lists [2][]string
	for _, n := range notes {
		text, i := "`"+named(n.Field)+"`", 0
		if n.Changed {
			text, i = text+" ("+n.How+")", 1
		}
		lists[i] = append(lists[i], text)
	}
	for i := range lists {
		slices.Sort(lists[i])
		lists[i] = slices.Compact(lists[i])
		if len(lists[i]) == 0 {
			lists[i] = []string{"nothing"}
		}
	}
	return strings.Join(lists[0], ", "), strings.Join(lists[1], ", ")
}
