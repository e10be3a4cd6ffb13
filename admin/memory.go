package admin

import (
	"errors"
	"fmt"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/internal/jsonv2"
	"github.com/sluice-gateway/sluice/schema"
)

// Memory keeps a text over restarts. Calls do not overlap.
type Memory interface {
	// Draft writes a text where it counts for nothing yet. Then one of keep
	// and drop is called, once; keep makes it what is kept.
	Draft(text []byte) (keep func() error, drop func(), err error)
}

// keptFormat is the version of the text that is kept.
const keptFormat = int64(1)

// KeepIn keeps configurations that come from now on in m, before they count
// as running. It comes before the first of them.
func (c *Configuration) KeepIn(m Memory) { c.memory = m }

// Restore makes what was kept run again, with its hash. It is not kept anew.
// load makes the document, as config.Load does with Restored.
func (c *Configuration) Restore(text []byte, load func(tree any) (*config.Document, error)) (*config.Document, error) {
	c.loading.Lock()
	defer c.loading.Unlock()
	v, err := jsonv2.Parse(text)
	if err != nil {
		return nil, err
	}
	m, _ := v.(map[string]any)
	hash, _ := m["hash"].(string)
	if m["format"] != keptFormat || hash == "" {
		return nil, fmt.Errorf("not a configuration that this version has kept")
	}
	doc, err := load(m["configuration"])
	if err != nil {
		return nil, err
	}
	if err := c.engine.Apply(doc); err != nil {
		return nil, &ApplyError{Cause: err}
	}
	c.tellWarnings(doc, c.Document())
	c.current.Store(&running{doc: doc, hash: hash})
	return doc, nil
}

// text is what is kept: the document with all that was chosen for it when it
// was loaded, such as keys and times, so that it is the same after a restart.
func (r *running) text() []byte {
	return schema.AppendJSON(nil, map[string]any{
		"format": keptFormat, "hash": r.hash, "configuration": r.doc.Encode(true),
	})
}

// run makes a document what runs and what is kept, or neither.
func (c *Configuration) run(next *running) error {
	keep, drop, err := c.draft(next)
	if err != nil {
		return fmt.Errorf("keeping the configuration: %w", err)
	}
	if err := c.engine.Apply(next.doc); err != nil {
		drop()
		return &ApplyError{Cause: err}
	}
	if err := keep(); err != nil {
		return c.takeBack(next, fmt.Errorf("keeping the configuration: %w", err))
	}
	c.current.Store(next)
	return nil
}

func (c *Configuration) draft(next *running) (keep func() error, drop func(), err error) {
	if c.memory == nil {
		return func() error { return nil }, func() {}, nil
	}
	return c.memory.Draft(next.text())
}

// takeBack lets the old document run again: one that would be gone after a
// restart is no success.
func (c *Configuration) takeBack(next *running, cause error) error {
	err := c.engine.Apply(c.Document())
	if err == nil {
		return cause
	}
	c.current.Store(next)
	return errors.Join(cause, fmt.Errorf("going back to the configuration before: %w", err))
}
