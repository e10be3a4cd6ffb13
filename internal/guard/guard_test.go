package guard_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/internal/guard"
)

func ends(f func()) (err error) {
	defer guard.Recover(&err)
	f()
	return nil
}

// TestRecover: a panic is an error that names it and where it came from.
func TestRecover(t *testing.T) {
	if err := ends(func() {}); err != nil {
		t.Error(err)
	}
	err := ends(func() { panic("oh") })
	if err == nil || !strings.HasPrefix(err.Error(), "panic: oh\n") || !strings.Contains(err.Error(), "TestRecover") {
		t.Errorf("got %v", err)
	}
}

// TestTell: one line in the log with the stack, one for those who wait, and no
// value in either that may be a secret.
func TestTell(t *testing.T) {
	const secret = "s3cret"
	var list []int
	for _, tt := range []struct {
		name string
		f    func()
		want string
	}{
		{"text", func() { panic(secret) }, "panic: a string"},
		{"error", func() { panic(errors.New(secret)) }, "panic: a *errors.errorString"},
		{"runtime", func() { list[len(secret)] = 1 }, "panic: runtime error: index out of range [6] with length 0"},
	} {
		var out strings.Builder
		err := guard.Tell(slog.New(slog.NewTextHandler(&out, nil)), ends(tt.f), slog.String("name", "x"))
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
		said := out.String()
		if strings.Count(said, "\n") != 1 || !strings.Contains(said, "TestTell") || !strings.Contains(said, "name=x") || strings.Contains(said, secret) {
			t.Errorf("%s: said %s", tt.name, said)
		}
	}
	if other := errors.New("other"); !errors.Is(guard.Tell(slog.New(slog.DiscardHandler), other), other) || guard.Tell(nil, nil) != nil {
		t.Error("what is no panic was changed")
	}
}
