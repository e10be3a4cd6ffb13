package identity

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// maxFile bounds a file that credentials are read from.
const maxFile = 1 << 20

var (
	errOdd   = errors.New("is not an ordinary file")
	errLarge = errors.New("is too large for credentials, which may have 1 MiB")
)

// readFile reads a small file.
func readFile(name string) ([]byte, error) {
	if err := checkFile(name); err != nil {
		return nil, err
	}
	f, err := os.Open(name) //nolint:gosec // whoever runs the gateway names the file
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = &fs.PathError{Op: "read", Path: name, Err: errLarge}
	}
	return text, err
}

// checkFile refuses what must not be opened: a pipe that nobody writes to
// holds up its reader, and a device may have no end. Whether the file is there
// is seen when it is opened.
func checkFile(name string) error {
	info, _ := os.Stat(name)
	switch {
	case info == nil, name == os.DevNull:
		return nil
	case !info.Mode().IsRegular():
		return &fs.PathError{Op: "open", Path: name, Err: errOdd}
	case info.Size() > maxFile:
		return &fs.PathError{Op: "open", Path: name, Err: errLarge}
	}
	return nil
}
