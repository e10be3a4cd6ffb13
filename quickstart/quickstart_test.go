package quickstart

import (
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/provider"
)

// run prepares in dir; environ are NAME=value.
func run(t *testing.T, dir, input string, o Options, environ ...string) (*Result, string, error) {
	t.Helper()
	var out strings.Builder
	values := map[string]string{"OLLAMA_HOST": "127.0.0.1:1"}
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		values[name] = value
	}
	o.Dir, o.In, o.Out, o.HTTP = dir, strings.NewReader(input), &out, http.DefaultClient
	o.LookupEnv = func(name string) (string, bool) {
		v, ok := values[name]
		return v, ok
	}
	r, err := Prepare(t.Context(), o)
	return r, out.String(), err
}

// ollama is a local server with the given models.
func ollama(t *testing.T, models ...string) string {
	t.Helper()
	var list []string
	for _, m := range models {
		list = append(list, `{"id":"`+m+`"}`)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"object":"list","data":[` + strings.Join(list, ",") + `]}`))
	}))
	t.Cleanup(srv.Close)
	return "OLLAMA_HOST=" + strings.TrimPrefix(srv.URL, "http://")
}

func names(r *Result) string {
	var out []string
	for _, p := range r.Providers {
		out = append(out, p.Name)
	}
	return strings.Join(out, " ")
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestChoice(t *testing.T) {
	for _, tc := range []struct {
		name, input string
		yes         bool
		environ     []string
		want        string
		env         string // in the env file
		asked       string
	}{
		{"nothing, never asked", "", true, nil, "demo", "SLUICE_DEMO_LISTEN=127.0.0.1:8009", ""},
		{"nothing answered", "\n", false, nil, "demo", "SLUICE_DEMO_LISTEN=", "OpenAI API key"},
		{"no input at all", "", false, nil, "demo", "SLUICE_DEMO_LISTEN=", "OpenAI API key"},
		{"a key typed", "sk-typed\n", false, nil, "openai", "OPENAI_AUTHORIZATION='Bearer sk-typed'\n", "OpenAI API key"},
		{"a key with its scheme", " Bearer sk-typed \n", false, nil, "openai", "OPENAI_AUTHORIZATION='Bearer sk-typed'\n", "OpenAI API key"},
		{"a key found", "", true, []string{"OPENAI_API_KEY=sk-found"}, "openai", "OPENAI_AUTHORIZATION='Bearer sk-found'\n", ""},
		{"a key found is not asked for", "", false, []string{"OPENAI_API_KEY=sk-found"}, "openai", "Bearer sk-found", ""},
		{"Ollama", "", true, []string{ollama(t, "llama3", "nomic-embed-text")}, "ollama", "SLUICE_PROXY_LISTEN=127.0.0.1:8000\n", ""},
		{"Ollama refused", "\nn\n", false, []string{ollama(t, "llama3")}, "demo", "", "Enable Ollama at http://127.0.0.1"},
		{"Ollama accepted", "\n\n", false, []string{ollama(t, "llama3")}, "ollama", "", "Enable Ollama"},
		{"Ollama without models", "", true, []string{ollama(t)}, "ollama demo", "SLUICE_DEMO_LISTEN=", ""},
		{"both", "", true, []string{"OPENAI_API_KEY=sk-found", ollama(t, "llama3")}, "openai ollama", "", ""},
		{"the demo elsewhere", "", true, []string{"SLUICE_DEMO_LISTEN=127.0.0.1:9"}, "demo", "SLUICE_DEMO_LISTEN=127.0.0.1:9\n", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, out, err := run(t, t.TempDir(), tc.input, Options{Yes: tc.yes}, tc.environ...)
			if err != nil {
				t.Fatal(err)
			}
			if got := names(r); got != tc.want {
				t.Errorf("providers %q, want %q", got, tc.want)
			}
			if env := read(t, r.EnvFile); !strings.Contains(env, tc.env) {
				t.Errorf("no %q in %s", tc.env, env)
			}
			if !strings.Contains(out, tc.asked) || tc.asked == "" && strings.Contains(out, "? ") {
				t.Errorf("said %q", out)
			}
			declarative := read(t, r.Declarative)
			if _, err := config.Parse([]byte(declarative)); err != nil {
				t.Error(err)
			}
			if strings.Contains(declarative+out, "sk-") {
				t.Errorf("the key is shown: %s %s", declarative, out)
			}
			if strings.Contains(tc.want, "openai") != strings.Contains(declarative, "{vault://env/openai-authorization}") {
				t.Errorf("the reference is wrong: %s", declarative)
			}
		})
	}
}

// everything is an environment in which every provider is found.
var everything = []string{
	"OPENAI_API_KEY=sk-1", "ANTHROPIC_API_KEY=sk-2", "GOOGLE_API_KEY=sk-3", "MISTRAL_API_KEY=sk-4", "CO_API_KEY=sk-5",
	"XAI_API_KEY=sk-6", "DEEPSEEK_API_KEY=sk-7", "GROQ_API_KEY=sk-8", "OPENROUTER_API_KEY=sk-9", "TOGETHER_API_KEY=sk-10",
	"PERPLEXITY_API_KEY=sk-11", "CEREBRAS_API_KEY=sk-12", "DASHSCOPE_API_KEY=sk-13", "HF_TOKEN=sk-14",
	"AWS_PROFILE=dev", "AWS_DEFAULT_REGION=eu-west-1",
}

const everyone = "openai anthropic gemini mistral cohere xai deepseek groq openrouter together perplexity cerebras dashscope huggingface bedrock"

func TestVendorsFound(t *testing.T) {
	for _, tc := range []struct {
		environ          []string
		want, env, found string
	}{
		{[]string{"ANTHROPIC_API_KEY=sk-1"}, "anthropic", "\nANTHROPIC_X_API_KEY=sk-1\n", "a key for Anthropic in ANTHROPIC_API_KEY."},
		{[]string{"GEMINI_API_KEY=sk-1", "GOOGLE_API_KEY=sk-2"}, "gemini", "\nGEMINI_X_GOOG_API_KEY=sk-1\n", "a key for Gemini in GEMINI_API_KEY."},
		{[]string{"GOOGLE_API_KEY=sk-2"}, "gemini", "\nGEMINI_X_GOOG_API_KEY=sk-2\n", "in GOOGLE_API_KEY."},
		{[]string{"CO_API_KEY=sk-1"}, "cohere", "\nCOHERE_AUTHORIZATION='Bearer sk-1'\n", "in CO_API_KEY."},
		{[]string{"HF_TOKEN=sk-1"}, "huggingface", "\nHUGGINGFACE_AUTHORIZATION='Bearer sk-1'\n", "a key for Hugging Face in HF_TOKEN."},
		{[]string{"AWS_ACCESS_KEY_ID=sk-1", "AWS_REGION=us-east-1"}, "bedrock", "AWS's own variables", "an identity for Amazon Bedrock in AWS_ACCESS_KEY_ID."},
		{[]string{"AWS_PROFILE=dev"}, "demo", "", ""},
		{[]string{"AWS_REGION=us-east-1"}, "demo", "", ""},
		{[]string{"AWS_PROFILE=dev", "AWS_REGION=x}"}, "demo", "", ""},
		{everything, everyone, "\nGROQ_AUTHORIZATION='Bearer sk-8'\n", "a key for xAI in XAI_API_KEY."},
	} {
		for _, yes := range []bool{true, false} {
			r, out, err := run(t, t.TempDir(), "", Options{Yes: yes}, tc.environ...)
			if err != nil || names(r) != tc.want || !strings.Contains(out, tc.found) {
				t.Fatalf("%v: got %v, %v, said %s", tc.environ, r, err, out)
			}
			declarative, env := read(t, r.Declarative), read(t, r.EnvFile)
			if !strings.Contains(env, tc.env) || strings.Contains(declarative+out, "sk-") || tc.want == "bedrock" && strings.Contains(env, "sk-") {
				t.Errorf("%v: said %s, wrote %s and %s", tc.environ, out, declarative, env)
			}
			if _, err := config.Parse([]byte(declarative)); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestMoreProviders(t *testing.T) {
	for _, tc := range []struct {
		name, input string
		environ     []string
		want, said  string
	}{
		{"none", "\n\n", nil, "demo", "More providers, with commas between (Enter for none; there are anthropic, gemini, mistral, "},
		{"one", "\nAnthropic\nsk-a\n", nil, "anthropic", "Anthropic API key (empty skips Anthropic): "},
		{"several", "sk-o\n groq,gemini  , xai\nsk-a\nsk-b\nsk-c\n", nil, "openai groq gemini xai", "xAI API key"},
		{"one skipped", "\ngroq,gemini\n\nsk-b\n", nil, "gemini", ""},
		{"twice", "\ngroq,groq\nsk-a\n", nil, "groq", ""},
		{"what is there already is not offered", "\n\n", []string{"ANTHROPIC_API_KEY=sk-1"}, "anthropic", "there are gemini, "},
		{"what is there already", "\nanthropic\n", []string{"ANTHROPIC_API_KEY=sk-1"}, "anthropic", ""},
		{"unknown", "\nnope, groq\nsk-a\n", nil, "groq", `"nope" is not among them; skipped.`},
		{"azure", "\nazure\n", nil, "demo", "Azure needs"},
		{"bedrock", "\nbedrock\n", nil, "demo", "Amazon Bedrock needs AWS_REGION"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, out, err := run(t, t.TempDir(), tc.input, Options{}, tc.environ...)
			if err != nil || names(r) != tc.want || !strings.Contains(out, tc.said) || strings.Count(out, "More providers") != 1 {
				t.Fatalf("got %v, %v, said %s", r, err, out)
			}
			if strings.Contains(read(t, r.Declarative)+out, "sk-") {
				t.Errorf("a key is shown: %s", out)
			}
		})
	}
	_, out, err := run(t, t.TempDir(), "", Options{Yes: true})
	if err != nil || strings.Contains(out, "Enter for none") {
		t.Errorf("--yes: %v, said %s", err, out)
	}
}

// What was typed is hidden, each key by itself.
func TestMoreHides(t *testing.T) {
	hidden := 0
	_, _, err := run(t, t.TempDir(), "\ngroq,xai\nsk-1\nsk-2\n", Options{Hide: func() func() {
		hidden++
		return func() {}
	}})
	if err != nil || hidden != 3 {
		t.Errorf("hidden %d times, %v", hidden, err)
	}
}

func TestKeptVendors(t *testing.T) {
	dir := t.TempDir()
	r, _, err := run(t, dir, "", Options{Yes: true}, "ANTHROPIC_API_KEY=sk-1", "GROQ_API_KEY=sk-2")
	if err != nil {
		t.Fatal(err)
	}
	_, out, err := run(t, dir, "", Options{Yes: true}, "ANTHROPIC_API_KEY=sk-1", "GROQ_API_KEY=sk-3", "XAI_API_KEY=sk-4")
	if err != nil || !strings.Contains(out, "another key for Groq") || !strings.Contains(out, "has no xAI") || strings.Contains(out, "ANTHROPIC_API_KEY is") ||
		strings.Count(out, "To start afresh with them") != 1 {
		t.Errorf("%v, said %s", err, out)
	}
	if err := os.Remove(r.EnvFile); err != nil {
		t.Fatal(err)
	}
	r, out, err = run(t, dir, "sk-5\nsk-6\n", Options{})
	if err != nil || names(r) != "anthropic groq" || !slices.Contains(r.Environ, "ANTHROPIC_X_API_KEY=sk-5") || strings.Contains(out, "More providers") {
		t.Errorf("the env file is made anew: got %v, %v, said %s", r, err, out)
	}
}

// Every provider has its name in configuration and can do what its routes ask.
func TestRoutes(t *testing.T) {
	r, _, err := run(t, t.TempDir(), "", Options{Yes: true}, everything...)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Providers {
		var paths []string
		for _, route := range p.Routes() {
			paths = append(paths, route.Path)
			if _, ok := provider.Abilities[route.Kind]; !ok || route.Kind != p.kind() && route.Type != provider.Preserve {
				t.Errorf("%s-%s: provider %q", p.Name, route.Name, route.Kind)
			}
		}
		for path, want := range map[string]bool{
			"/v1/chat/completions": true, "/v1/responses": true,
			"/v1/embeddings":  slices.Contains(provider.Abilities[p.kind()].Routes, provider.Embeddings),
			"/v1/completions": !slices.Contains([]string{"anthropic", "cohere", "mistral", "huggingface"}, p.Name),
		} {
			if slices.Contains(paths, "/"+p.Name+path) != want {
				t.Errorf("%s%s: want %v, have %v", p.Name, path, want, paths)
			}
		}
		if p.Chat == "" || (p.Embedding != "") != p.has(provider.Embeddings) {
			t.Errorf("%s: models %q and %q", p.Name, p.Chat, p.Embedding)
		}
		slices.Sort(paths)
		if len(slices.Compact(paths)) != len(paths) {
			t.Errorf("%s: routes collide: %v", p.Name, paths)
		}
	}
}

func TestBedrockProfile(t *testing.T) {
	for region, want := range map[string]string{"us-east-1": "us.", "us-gov-west-1": "us-gov.", "eu-west-1": "eu.", "ap-south-1": "apac.", "ca-central-1": ""} {
		if got := profile(region); got != want {
			t.Errorf("%s: got %q, want %q", region, got, want)
		}
	}
}

func TestModels(t *testing.T) {
	r, _, err := run(t, t.TempDir(), "", Options{Yes: true}, ollama(t, "nomic-embed-text:latest", "llama3.2:1b", "qwen"))
	if err != nil || r.Providers[0].Chat != "llama3.2:1b" || r.Providers[0].Embedding != "nomic-embed-text:latest" {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "it's new")
	r, _, err := run(t, dir, "", Options{Yes: true}, "OPENAI_API_KEY=sk-1")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(r.EnvFile); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	want := []string{"OPENAI_AUTHORIZATION=Bearer sk-1", "SLUICE_DECLARATIVE_CONFIG=" + r.Declarative, "SLUICE_PREFIX=" + dir, "SLUICE_PROXY_LISTEN=127.0.0.1:8000"}
	if !slices.Equal(r.Environ, want) {
		t.Errorf("got %q, want %q", r.Environ, want)
	}
	for _, kept := range []string{r.Declarative, r.EnvFile} {
		t.Run("kept "+filepath.Base(kept), func(t *testing.T) {
			before := read(t, kept)
			r, out, err := run(t, dir, "", Options{Yes: true}, "OPENAI_API_KEY=sk-2", ollama(t, "llama3"))
			if err != nil || read(t, kept) != before || !strings.Contains(out, "Keeping "+kept) || names(r) != "openai" {
				t.Errorf("got %v, %v, said %s", r, err, out)
			}
		})
	}
	r, _, err = run(t, dir, "", Options{Yes: true, Force: true}, "OPENAI_API_KEY=sk-2")
	if err != nil || !slices.Contains(r.Environ, "OPENAI_AUTHORIZATION=Bearer sk-2") {
		t.Errorf("--force: got %v, %v", r, err)
	}
}

func TestOneFileKept(t *testing.T) {
	dir := t.TempDir()
	r, _, err := run(t, dir, "", Options{Yes: true}, "OPENAI_API_KEY=sk-1")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(r.EnvFile); err != nil {
		t.Fatal(err)
	}
	r, out, err := run(t, dir, "sk-2\n", Options{})
	if err != nil || !slices.Contains(r.Environ, "OPENAI_AUTHORIZATION=Bearer sk-2") || !strings.Contains(out, "OpenAI API key") {
		t.Errorf("the env file is made anew: got %v, %v, said %s", r, err, out)
	}
	if err := os.Remove(r.Declarative); err != nil {
		t.Fatal(err)
	}
	r, _, err = run(t, dir, "", Options{})
	if err != nil || names(r) != "openai" {
		t.Errorf("the declarative file is made anew: got %v, %v", r, err)
	}
}

func TestIgnoredKeyIsTold(t *testing.T) {
	for _, tc := range []struct{ name, first, second, want string }{
		{"no provider in the kept file", "", "OPENAI_API_KEY=sk-1", "sluice.yml has no OpenAI, so it is not used.\nTo start afresh with it, add --force"},
		{"another key", "OPENAI_API_KEY=sk-1", "OPENAI_API_KEY=sk-2", "sluice.env has another key for OpenAI, which counts.\n"},
		{"the same key", "OPENAI_API_KEY=sk-1", "OPENAI_API_KEY=sk-1", ""},
		{"no key", "OPENAI_API_KEY=sk-1", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			if _, _, err := run(t, dir, "", Options{Yes: true}, tc.first); err != nil {
				t.Fatal(err)
			}
			_, out, err := run(t, dir, "", Options{Yes: true}, tc.second)
			if err != nil || !strings.Contains(out, tc.want) || tc.want == "" && strings.Contains(out, "is set") || strings.Contains(out, "sk-") {
				t.Errorf("got %v, said %s", err, out)
			}
		})
	}
}

// The next start serves where this one does, by the program that made the
// files.
func TestEnvFileKeepsAddresses(t *testing.T) {
	o := Options{Yes: true, Command: "/opt/sl uice"}
	r, _, err := run(t, t.TempDir(), "", o, "KONG_PROXY_LISTEN=127.0.0.1:9, [::1]:9 ssl", "SLUICE_STATUS_LISTEN=off")
	if err != nil {
		t.Fatal(err)
	}
	env := read(t, r.EnvFile)
	for _, want := range []string{
		"SLUICE_PROXY_LISTEN='127.0.0.1:9, [::1]:9 ssl'\n", "SLUICE_STATUS_LISTEN=off\n", "; set +a; '/opt/sl uice' start\n",
	} {
		if !strings.Contains(env, want) {
			t.Errorf("no %s in %s", want, env)
		}
	}
	var guide strings.Builder
	if err := r.Guide(&guide, "http://127.0.0.1:9", ""); err != nil || !strings.Contains(guide.String(), "'/opt/sl uice' start\n") {
		t.Errorf("%v: %s", err, guide.String())
	}
}

func TestCheckComesBeforeFiles(t *testing.T) {
	dir, no := t.TempDir(), errors.New("no")
	var saw []string
	_, _, err := run(t, dir, "", Options{Yes: true, Check: func(environ []string) error {
		saw = environ
		return no
	}})
	if !errors.Is(err, no) || !slices.Contains(saw, "SLUICE_DEMO_LISTEN=127.0.0.1:8009") {
		t.Errorf("got %v, saw %v", err, saw)
	}
	if _, err := os.Stat(filepath.Join(dir, "sluice.yml")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file was written: %v", err)
	}
}

func TestEnvironmentWins(t *testing.T) {
	r, _, err := run(t, t.TempDir(), "", Options{Yes: true}, "KONG_PROXY_LISTEN=127.0.0.1:9", "KONG_PREFIX=/p", "OPENAI_AUTHORIZATION=Bearer x", "OPENAI_API_KEY=sk-1", "SLUICE_DECLARATIVE_CONFIG=other")
	if err != nil || !slices.Equal(r.Environ, []string{"SLUICE_DECLARATIVE_CONFIG=" + r.Declarative}) {
		t.Errorf("got %v, %v", r, err)
	}
}

func TestProblems(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "sluice.yml"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, dir, input, want string }{
		{"a key with a space", t.TempDir(), "xq 1\n", "check what was pasted"},
		{"a key with a quote", t.TempDir(), "xq'1\n", "check what was pasted"},
		{"a file for a folder", file, "", "not a directory"},
		{"a broken file", broken, "", "sluice.yml"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, out, err := run(t, tc.dir, tc.input, Options{})
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error()+out, "xq") {
				t.Errorf("got %v, said %s", err, out)
			}
			if _, err := os.Stat(filepath.Join(tc.dir, "sluice.env")); !errors.Is(err, fs.ErrNotExist) && tc.dir != file {
				t.Error("a file was written")
			}
		})
	}
}

func TestHide(t *testing.T) {
	var log []string
	_, _, err := run(t, t.TempDir(), "sk-1\n", Options{Hide: func() func() {
		log = append(log, "hide")
		return func() { log = append(log, "show") }
	}})
	if err != nil || !slices.Equal(log, []string{"hide", "show"}) {
		t.Errorf("got %v, %v", log, err)
	}
}

func TestOllamaBase(t *testing.T) {
	for host, want := range map[string]string{
		"": "http://127.0.0.1:11434", "0.0.0.0": "http://127.0.0.1:11434", "box:1": "http://box:1",
		"https://box": "https://box:11434", "[::]:2": "http://127.0.0.1:2", "ftp://x": "http://127.0.0.1:11434", "%": "http://127.0.0.1:11434",
	} {
		if got := ollamaBase(func(string) (string, bool) { return host, host != "" }); got != want {
			t.Errorf("%q: got %s, want %s", host, got, want)
		}
	}
}

func TestGuide(t *testing.T) {
	r := &Result{Declarative: "/d/sluice.yml", EnvFile: "/d/sluice.env", again: ". /d/sluice.env; sluice start", Providers: []Provider{
		{Name: "openai", Title: "OpenAI", Chat: "m", Embedding: "e"}, {Name: "ollama", Title: "Ollama"},
	}}
	var b strings.Builder
	if err := r.Guide(&b, "http://127.0.0.1:8000", "http://127.0.0.1:8007"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"base URL for SDKs: http://127.0.0.1:8000/openai/v1\n",
		"curl http://127.0.0.1:8000/openai/v1/chat/completions",
		`{"model":"m","messages":[{"role":"user","content":"Hello!"}]}`,
		`{"model":"e","input":"Hello!"}`, "ollama pull", "http://127.0.0.1:8007/metrics", ". /d/sluice.env;",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in %s", want, b.String())
		}
	}
}

func TestGuideOfVendors(t *testing.T) {
	for _, tc := range []struct {
		environ []string
		want    []string
		not     string
	}{
		{[]string{"ANTHROPIC_API_KEY=sk-1", "GROQ_API_KEY=sk-2"}, []string{
			"\nAnthropic\n  base URL for SDKs: http://h/anthropic/v1\n  for SDKs of the vendor's own: http://h/anthropic\n  curl http://h/anthropic/v1/chat/completions",
			"http://h/anthropic/v1/models lists this model only",
			"curl http://h/groq/v1/chat/completions",
			"\nAny OpenAI client can speak to Claude: base URL http://h/anthropic/v1, model " + anthropicChat + ".\n",
		}, "groq/v1/models lists"},
		{everything, []string{
			"  Gemini          http://h/gemini/v1       " + geminiChat + ", " + geminiEmbedding + "\n                  http://h/gemini          for SDKs of the vendor's own\n",
			"  xAI             http://h/xai/v1          " + xaiChat + "\n",
			"curl http://h/openai/v1/chat/completions", "/v1/models of Anthropic, Gemini, Cohere, Together, Perplexity, Amazon Bedrock lists",
			"speak to Claude: base URL",
		}, "curl http://h/groq"},
		{[]string{"OPENAI_API_KEY=sk-1"}, []string{"curl http://h/openai/v1/chat/completions"}, "Any OpenAI client"},
	} {
		r, _, err := run(t, t.TempDir(), "", Options{Yes: true}, tc.environ...)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := r.Guide(&b, "http://h", ""); err != nil {
			t.Fatal(err)
		}
		for _, want := range tc.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("no %q in %s", want, b.String())
			}
		}
		if strings.Contains(b.String(), tc.not) || strings.Contains(b.String(), "sk-") {
			t.Errorf("%q in %s", tc.not, b.String())
		}
	}
}
