package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/config"
)

const root = "../.."

// TestCurrent fails when a comment or a tag has changed and the pages have not.
func TestCurrent(t *testing.T) {
	if err := run([]string{"-root", root, "-check"}, os.Stdout); err != nil {
		t.Fatal(err)
	}
}

func TestWriteAndCheck(t *testing.T) {
	dir := t.TempDir()
	files := map[string][]byte{filepath.Join("docs", "a.md"): []byte("a"), "README.md": []byte("r")}
	left := filepath.Join(dir, "docs", "old.md")
	if err := os.MkdirAll(filepath.Dir(left), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	err := current(dir, "docs", files)
	if err == nil || !strings.Contains(err.Error(), "README.md, docs/a.md, docs/old.md") {
		t.Errorf("got %v", err)
	}
	if changed, err := write(dir, "docs", files); err != nil || len(changed) != 3 {
		t.Errorf("got %q, %v", changed, err)
	}
	if err := current(dir, "docs", files); err != nil {
		t.Error(err)
	}
	if changed, err := write(dir, "docs", files); err != nil || len(changed) != 0 {
		t.Errorf("second time: got %q, %v", changed, err)
	}
}

func TestSentence(t *testing.T) {
	names := map[string]string{"HashOn": "hash_on", "Path": "path", "URIs": "uris"}
	for _, tt := range []struct{ comment, want string }{
		{"HashOn is what\nhashing looks at.\n", "`hash_on` is what hashing looks at."},
		{"Path: looked at when HashOn, or Path, gives nothing.", "`path`: looked at when `hash_on`, or Path, gives nothing."},
		{"Names are URIs.", "Names are URIs."},
		{"", ""},
	} {
		if got := sentence(tt.comment, names); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.comment, got, tt.want)
		}
	}
}

func TestFieldsOfEmbeddedStructs(t *testing.T) {
	docs, err := newComments(root).ofFields(reflect.TypeFor[config.Target]())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"id", "tags", "target", "weight"} {
		if docs[name] == "" {
			t.Errorf("%s has no comment", name)
		}
	}
}

func TestEscape(t *testing.T) {
	if got, want := escape("a|b `c|*d_` <e> _f*"), `a\|b `+"`c\\|*d_`"+` &lt;e> \_f\*`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The schema must refer to nothing that is not in it.
func TestSchemaReferences(t *testing.T) {
	files, err := pages(newComments(root))
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(files["schema/config.schema.json"], &doc); err != nil {
		t.Fatal(err)
	}
	defs := doc["$defs"].(map[string]any)
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok && defs[strings.TrimPrefix(ref, "#/$defs/")] == nil {
				t.Errorf("%s leads nowhere", ref)
			}
			for _, e := range v {
				walk(e)
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(doc)
	if n := len(defs); n < len(config.Collections())+5 {
		t.Errorf("%d definitions", n)
	}
}

// TestEverythingIsAsked: a field that the canonical model has gained is in the
// question that the page on translation is made with.
func TestEverythingIsAsked(t *testing.T) {
	said := map[string]bool{}
	set(said, reflect.ValueOf(everything()).Elem())
	// What is no field of a question, or says the opposite of another.
	for _, name := range []string{
		"Request.Prompt", "Request.Suffix", "Request.Extra", "Reasoning.Off", "Output.Extra", "Message.Extra", "Part.Raw", "Part.Extra",
		"Media.Extra", "Call.Extra", "Result.Plain", "Cache.Extra", "Citation.Raw", "Citation.Start", "Tool.Raw", "Tool.From", "Tool.Extra",
		"Tool.Inner", "ToolChoice.Name", "ToolChoice.Raw", "ToolChoice.From", "Extra.From", "Extra.Members", "Extra.Form",
	} {
		said[name] = true
	}
	for name, ok := range said {
		if !ok {
			t.Errorf("everything says nothing of %s", name)
		}
	}
}

// set notes the fields below v that are set in any value of their type.
func set(said map[string]bool, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			set(said, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			set(said, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name := v.Type().Name() + "." + v.Type().Field(i).Name
			said[name] = said[name] || !v.Field(i).IsZero()
			set(said, v.Field(i))
		}
	default:
	}
}
