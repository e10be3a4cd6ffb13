package store

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func read(t *testing.T, f *File, want string) {
	t.Helper()
	got, err := f.Read()
	if err != nil || string(got) != want {
		t.Errorf("got %q %v, want %q", got, err, want)
	}
}

func draft(t *testing.T, f *File, text string) (keep func() error, drop func()) {
	t.Helper()
	keep, drop, err := f.Draft([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return keep, drop
}

func keep(t *testing.T, f *File, text string) {
	t.Helper()
	keep, _ := draft(t, f, text)
	if err := keep(); err != nil {
		t.Fatal(err)
	}
}

// files lists what is in the folder, with the rights.
func files(t *testing.T, f *File) map[string]fs.FileMode {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(f.Path()))
	if err != nil {
		t.Fatal(err)
	}
	modes := map[string]fs.FileMode{}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		modes[e.Name()] = info.Mode().Perm()
	}
	return modes
}

func TestFile(t *testing.T) {
	f := NewFile(filepath.Join(t.TempDir(), "a", "b", "kept"))
	read(t, f, "")
	if removed, err := f.Remove(); removed || err != nil {
		t.Error(removed, err)
	}
	if err := f.Open(); err != nil {
		t.Fatal(err)
	}
	if got := files(t, f); len(got) != 0 {
		t.Errorf("opening leaves %v", got)
	}
	info, err := os.Stat(filepath.Dir(f.Path()))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v %v", info.Mode(), err)
	}
	keep(t, f, "one")
	read(t, f, "one")
	second, drop := draft(t, f, "two")
	read(t, f, "one")
	drop()
	read(t, f, "one")
	if err := second(); err == nil {
		t.Error("what was dropped is kept")
	}
	keep(t, f, "")
	if got, err := f.Read(); got == nil || err != nil {
		t.Error("an empty text is none", err)
	}
	keep(t, f, "three")
	if got := files(t, f); len(got) != 1 || got["kept"] != 0o600 {
		t.Errorf("files: %v", got)
	}
	if removed, err := f.Remove(); !removed || err != nil {
		t.Error(removed, err)
	}
	read(t, f, "")
}

// What a crash left is neither read nor left lying about.
func TestLeftovers(t *testing.T) {
	f := NewFile(filepath.Join(t.TempDir(), "kept"))
	keep(t, f, "whole")
	draft(t, f, "ha")
	read(t, f, "whole")
	if err := f.Open(); err != nil {
		t.Fatal(err)
	}
	read(t, f, "whole")
	if got := files(t, f); len(got) != 1 {
		t.Errorf("files: %v", got)
	}
}

// What cannot be written is an error, and leaves what was kept.
func TestCannotWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f := NewFile(filepath.Join(file, "kept"))
	if f.Open() == nil {
		t.Error("a file is no folder")
	}
	if _, _, err := f.Draft(nil); err == nil {
		t.Error("written nowhere")
	}
	dir := t.TempDir()
	f = NewFile(filepath.Join(dir, "kept"))
	put, _ := draft(t, f, "x")
	if err := os.Mkdir(f.Path(), 0o700); err != nil {
		t.Fatal(err)
	}
	if put() == nil {
		t.Error("a folder was replaced")
	}
	if got := files(t, f); len(got) != 1 {
		t.Errorf("left: %v", got)
	}
	if _, err := f.Read(); err == nil {
		t.Error("a folder was read")
	}
}
