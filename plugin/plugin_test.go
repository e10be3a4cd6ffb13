package plugin

import (
	"errors"
	"fmt"
	"sync"
	"testing"
)

type config struct {
	// Tag of the test.
	Tag string `json:"tag"`
}

func TestDefine(t *testing.T) {
	d := Define("x", 7, func(c *config, deps *Deps) (Hooks, error) {
		if c.Tag != "t" || deps.Instance.ID != "i" {
			return Hooks{}, errors.New("another")
		}
		return Hooks{}, nil
	})
	if d.Name != "x" || d.Priority != 7 || d.Config == nil || d.Version == "" {
		t.Errorf("got %+v", d)
	}
	if _, err := d.Build(&config{Tag: "t"}, &Deps{Instance: Instance{ID: "i"}}); err != nil {
		t.Error(err)
	}
	if _, err := d.Build("t", &Deps{}); err == nil || err.Error() != "plugin x: config is a string" {
		t.Errorf("a config of another type: %v", err)
	}
}

func TestRegistry(t *testing.T) {
	r := NewRegistry(Definition{Name: "b"}, Definition{Name: "a", Priority: 3})
	if d, ok := r.Lookup("a"); !ok || d.Priority != 3 {
		t.Errorf("a: %+v", d)
	}
	if _, ok := r.Lookup("c"); ok {
		t.Error("c is there")
	}
	if all := r.All(); len(all) != 2 || all[0].Name != "a" {
		t.Errorf("all: %v", all)
	}
	defer func() {
		if recover() == nil {
			t.Error("a name twice: no panic")
		}
	}()
	NewRegistry(Definition{Name: "a"}, Definition{Name: "a"})
}

// TestShare: one thing for all who ask, closed after the last.
func TestShare(t *testing.T) {
	var l LongLived
	opened, closed := 0, 0
	open := func() (*int, func() error, error) {
		opened++
		return &opened, func() error {
			closed++
			return errors.New("closing")
		}, nil
	}
	first, release1, err := Share(&l, "k", open)
	if err != nil {
		t.Fatal(err)
	}
	second, release2, err := Share(&l, "k", open)
	if err != nil || first != second || opened != 1 {
		t.Errorf("%p, %p, opened %d times, %v", first, second, opened, err)
	}
	_, release3, _ := Share(&l, "other", open)
	for range 2 { // once is all that counts
		if err := release1(); err != nil || closed != 0 {
			t.Errorf("closed %d times, %v", closed, err)
		}
	}
	if err := release2(); err == nil || closed != 1 {
		t.Errorf("after the last: closed %d times, %v", closed, err)
	}
	_, release4, _ := Share(&l, "k", open)
	if opened != 3 {
		t.Errorf("opened %d times", opened)
	}
	_, _ = release3(), release4()
	if closed != 3 {
		t.Errorf("closed %d times", closed)
	}
}

func TestShareFails(t *testing.T) {
	var l LongLived
	bad := errors.New("bad")
	for range 2 {
		_, release, err := Share(&l, "k", func() (int, func() error, error) { return 0, nil, bad })
		if !errors.Is(err, bad) || release != nil {
			t.Errorf("got %v", err)
		}
	}
	if v, release, err := Share(&l, "k", func() (int, func() error, error) { return 4, nil, nil }); v != 4 || err != nil || release() != nil {
		t.Errorf("then %d, %v", v, err)
	}
}

// TestShareAtOnce: under many hands it is open exactly while somebody holds it.
func TestShareAtOnce(t *testing.T) {
	var l LongLived
	var wg sync.WaitGroup
	type thing struct {
		mu   sync.Mutex
		open bool
	}
	for range 8 {
		wg.Go(func() {
			for i := range 500 {
				v, release, err := Share(&l, fmt.Sprint(i%3), func() (*thing, func() error, error) {
					v := &thing{open: true}
					return v, func() error {
						v.mu.Lock()
						defer v.mu.Unlock()
						v.open = false
						return nil
					}, nil
				})
				if err != nil {
					t.Error(err)
					return
				}
				v.mu.Lock()
				if !v.open {
					t.Error("it is closed")
				}
				v.mu.Unlock()
				if err := release(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if len(l.items) != 0 {
		t.Errorf("%d are left", len(l.items))
	}
}
