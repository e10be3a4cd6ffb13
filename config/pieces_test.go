package config

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// inPieces reads a text in the smallest pieces there are.
func inPieces(text string) (tree any, cut bool) { return parsePieces([]byte(text), 1) }

func whole(text string) (any, error) { return newTreeMaker().read(strings.NewReader(text)) }

// Texts that are cut, and texts that must not be.
func TestPieces(t *testing.T) {
	for _, c := range []struct {
		name, text string
		cut        bool
	}{
		{"a list", "a:\n- 1\n- 2\n", true},
		{"an indented one", "a:\n  - x: 1\n    y: [1,\n      2]\n  - x: 2\n", true},
		{"among others", "---\n# all\nv: \"3.0\"\na: # these\n- x: 1\n\n# two\n- x: 2\nb: {c: d}\nc:\n- 1\n- - 2\n  - 3\n", true},
		{"two lists at the end", "a:\n- 1\n- 2\nb:\n- 3\n- 4", true},
		{"literal texts", "a:\n- |\n  - x\n\n- >-\n  - y\n   # z\n\n- x: |2\n    - 5\n", true},
		{"quotes over lines", "a:\n- 'b\n  - c'\n- \"d\n\n  e\"\n", true},
		{"folded plain text", "a:\n- b\n  c\n- d\n", true},
		{"Windows", "a:\r\n- 1\r\n- 2\r\n", true},
		{"nothing in it", "a:\n-\n-\n", true},
		{"an anchor of its own", "a:\n- {x: &k 1, y: *k}\n- 2\n", true},

		{"one element", "a:\n- 1\n", false},
		{"no list", "a:\n  b\n  - c\n", false},
		{"a list as the document", "- 1\n- 2\n", false},
		{"an indented document", "  a:\n  - 1\n  - 2\n", false},
		{"a quote around a cut", "a:\n- 'b\n- c'\n- d\n", false},
		{"a quote around a member", "z: 'x\na:\n- 1\n- 2\nb: y'\n", false},
		{"a bracket around a cut", "a:\n- [b,\n- c]\n- d\n", false},
		{"an alias to another piece", "a:\n- &k 1\n- *k\n", false},
		{"an alias to another member", "x: &k 1\na:\n- *k\n- 2\n", false},
		{"a key twice", "a:\n- 1\n- 2\nb: 1\na: 3\n", false},
		{"a list twice", "a:\n- 1\n- 2\nb: 1\na:\n- 3\n- 4\n", false},
		{"a list twice in a row", "a:\n- 1\n- 2\na:\n- 3\n- 4\n", false},
		{"another key", "a:\n- 1\n- 2\n? b\n", false},
		{"a mapping that ends", "{}\na:\n- 1\n- 2\n", false},
		{"two documents", "a:\n- 1\n- 2\n---\nb: 1\n", false},
		{"a document's end", "a:\n- 1\n...\n- 2\n", false},
		{"a directive", "%YAML 1.2\n---\na:\n- 1\n- 2\n", false},
		{"a tag of the document", "!!map\na:\n- 1\n- 2\n", false},
		{"tabs", "a:\n- 1\n\t- 2\n- 3\n", false},
		{"old breaks", "a:\n- 1\rb: 2\n- 3\n", false},
		{"a break of Unicode", "a:\n- 1\n- 2\n- \"x\u2028\"\n", false},
		{"a bad character beside a key", "a: # \xc6\n- 1\n- 2\n", false},
		{"less indented", "a:\n  - 1\n - 2\n", false},
		{"no element", "a:\n  - 1\n  b: 2\n", false},
		{"a text as the document", "a\nb:\n- 1\n- 2\n", false},
	} {
		want, err := whole(c.text)
		got, cut := inPieces(c.text)
		switch {
		case cut != c.cut:
			t.Errorf("%s: cut: %t", c.name, cut)
		case cut && (err != nil || !reflect.DeepEqual(got, want)):
			t.Errorf("%s:\n got %#v\nwant %#v %v", c.name, got, want, err)
		}
	}
}

// A large document is cut, says the same, and errors in it have their place.
func TestLargeDocument(t *testing.T) {
	text := bigText(800)
	want, err := whole(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if got, cut := parsePieces(text, minPiece); !cut || !reflect.DeepEqual(got, want) {
		t.Errorf("cut: %t, or it says something else", cut)
	}
	if got, err := Parse(text); err != nil || !reflect.DeepEqual(got, want) {
		t.Error("Parse gives something else", err)
	}
	lines := bytes.Count(text, []byte("\n"))
	bad := fmt.Sprintf("%s- name: x\n  name: y\n", text)
	if _, err := Parse([]byte(bad)); err == nil || err.Error() != fmt.Sprintf("line %d: mapping key \"name\" already defined", lines+2) {
		t.Errorf("got %v", err)
	}
}

// FuzzPieces: a text that is cut says what it says as one.
func FuzzPieces(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.yaml")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	for _, s := range []string{
		"a:\n- 1\n- 2\n", "a:\n  - x: |\n      - y\n  - 'z\n    - w'\nb:\n- 1\n-\n", "x: 'y\na:\n- 1\n- 2\nb: '\n", "? a\nb:\n- 1\n- 2\n: c\n",
		"a: &x\nb:\n- 1\n- *x\n", "a:\n- - 1\n  - 2\n- ? b\n  : c\n", "<<: {a: 1}\nb:\n- 1\n- <<: {c: d}\n", "a:\n- \"\\\n- b\"\n- c\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, cut := inPieces(text)
		if !cut {
			return
		}
		want, err := whole(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q\nin pieces %#v\nas one    %#v %v", text, got, want, err)
		}
	})
}
