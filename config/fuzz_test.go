package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sluice-gateway/sluice/schema"
)

// FuzzParseAndLoad: no text panics; a text gives an error or a document and
// never both; an error can be shown in every form; an accepted document
// exports to one that loads to an equal document.
func FuzzParseAndLoad(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.yaml")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, true)
	}
	for _, text := range []string{
		`{"_format_version":"3.0","services":[{"url":"http://a.b:1/c","routes":[{"paths":["/"],"plugins":[{"name":"key-auth"}]}]}]}`,
		`{"_format_version":"1.1","routes":[{"paths":["/a(b)","/x/../y"],"tags":["a"]}]}`,
		`{"_format_version":"3.0","upstreams":[{"name":"u","targets":[{"target":"[::1]:5"}],"healthchecks":{"threshold":1.5}}]}`,
		`{"_format_version":"3.0","consumers":[{"custom_id":"x","acls":[{"group":"g"}],"keyauth_credentials":[{"key":"k","ttl":5}]}]}`,
		`{"_format_version":"3.0","vaults":[{"name":"env","prefix":"ab","config":{"prefix":"x","base64_decode":true}}]}`,
		"a: &a [*a]", "x: {<<: {a: 1}, b: 2}", "- 1\n- .5\n- 0x1f\n- ~\n",
	} {
		f.Add([]byte(text), false)
	}
	f.Fuzz(func(t *testing.T, text []byte, file bool) {
		tree, err := Parse(text)
		if err != nil {
			if tree != nil || err.Error() == "" {
				t.Fatalf("value and error: %v %v", tree, err)
			}
			return
		}
		o := testOptions()
		o.File = file
		d, err := Load(tree, o)
		if (d == nil) == (err == nil) {
			t.Fatalf("document %v, error %v", d != nil, err)
		}
		if err != nil {
			showError(t, err.(*DocumentError))
			return
		}
		comesBack(t, d)
	})
}

func showError(t *testing.T, e *DocumentError) {
	t.Helper()
	flat, rest := e.Flattened()
	schema.AppendJSON(schema.AppendJSON(nil, flat), rest)
	schema.AppendJSON(nil, e.Fields())
	if e.Message() == "" || e.Startup("f") == "" || len(e.Problems()) == 0 || e.Errors().Violation() == "" {
		t.Fatalf("an error without words: %v", e.Errors().Value())
	}
}

func FuzzSubstitute(f *testing.F) {
	f.Add(`a ${{ env "DECK_A" | toInt }} b`)
	f.Add("${{ indent 3 `x` }}")
	f.Add("${{indent 0``}}")
	f.Fuzz(func(t *testing.T, text string) {
		out, err := Substitute([]byte(text), func(string) (string, bool) { return "1", true })
		if (out == nil) == (err == nil) {
			t.Fatalf("%q %v", out, err)
		}
	})
}
