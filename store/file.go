// Package store is the gateway's memory on disk. It keeps texts without
// knowing what they say; what is worth keeping is for others to decide.
package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// File keeps one text. What can be read is always the whole of a text that was
// kept, also after a crash. The text may hold secrets, so nobody but the owner
// can read the file. Calls must not overlap, and no other process may use it.
type File struct{ path string }

// NewFile makes a File with the path of the file. Nothing on disk is touched.
func NewFile(path string) *File { return &File{path: path} }

// Path is where the text is kept.
func (f *File) Path() string { return f.path }

// drafts is the pattern of what a crash may have left beside the file.
func (f *File) drafts() string { return filepath.Base(f.path) + ".*.new" }

// Open tells whether texts can be kept, and removes what a crash has left
// beside the file. It makes the folder.
func (f *File) Open() error {
	_, drop, err := f.Draft(nil)
	if err != nil {
		return err
	}
	drop()
	dir := filepath.Dir(f.path)
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if left, _ := filepath.Match(f.drafts(), e.Name()); left {
			err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

// Read gives the text that is kept, nil when there is none.
func (f *File) Read() ([]byte, error) {
	text, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return text, err
}

// Draft writes a text to disk without keeping it yet. One of keep and drop
// must be called, once: keep puts it in the place of what was kept before,
// which can hardly fail any more. When it does, it is not known which of the
// two a crash of the machine would leave.
func (f *File) Draft(text []byte) (keep func() error, drop func(), err error) {
	dir := filepath.Dir(f.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	file, err := os.CreateTemp(dir, f.drafts()) // readable by the owner only
	if err != nil {
		return nil, nil, err
	}
	name := file.Name()
	drop = func() { _ = os.Remove(name) }
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		drop()
		return nil, nil, fmt.Errorf("write %s: %w", name, err)
	}
	return func() error { return f.replace(name) }, drop, nil
}

func (f *File) replace(draft string) error {
	if err := os.Rename(draft, f.path); err != nil {
		_ = os.Remove(draft)
		return err
	}
	return f.syncFolder()
}

// Remove forgets the text; removed tells whether there was one.
func (f *File) Remove() (removed bool, err error) {
	err = os.Remove(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = f.syncFolder()
	}
	return err == nil, err
}

// syncFolder makes a change of names outlast a failure of power.
func (f *File) syncFolder() error {
	if runtime.GOOS == "windows" {
		return nil // has no such thing
	}
	dir, err := os.Open(filepath.Dir(f.path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
