package admin

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/schema"
)

// Engine runs configurations.
type Engine interface {
	// Apply makes doc what runs. On an error nothing has changed.
	Apply(doc *config.Document) error
}

// ErrBusy says that another configuration is being loaded.
var ErrBusy = errors.New("admin: a configuration is being loaded")

// Configuration is the declarative configuration that runs, and the one door
// for replacing it: POST /config, a file that changed and a signal all go
// through it, so that hash and document are always those of what runs.
type Configuration struct {
	engine  Engine
	log     *slog.Logger
	memory  Memory     // nil keeps nothing
	loading sync.Mutex // held from reading a text until it runs
	current atomic.Pointer[running]
}

type running struct {
	doc  *config.Document
	hash string
}

// NewConfiguration makes the door to an engine that runs an empty document. log
// is told what is odd about those that come to run.
func NewConfiguration(e Engine, log *slog.Logger) *Configuration {
	c := &Configuration{engine: e, log: log}
	c.current.Store(&running{doc: &config.Document{}, hash: config.EmptyHash})
	return c
}

// Document is what runs.
func (c *Configuration) Document() *config.Document { return c.current.Load().doc }

// Hash is that of the text of what runs; config.EmptyHash when no
// configuration has been loaded.
func (c *Configuration) Hash() string { return c.current.Load().hash }

// Replace makes text what runs, after waiting for a load that is under way.
// load makes the document, as config.Load does. On an error what ran still
// runs; an error about the document is a *config.DocumentError.
func (c *Configuration) Replace(text []byte, load func(tree any) (*config.Document, error)) (*config.Document, error) {
	c.loading.Lock()
	defer c.loading.Unlock()
	tree, err := config.Parse(text)
	if err != nil {
		return nil, config.ParseFailed(err.Error())
	}
	return c.apply(tree, config.TextHash(text), load)
}

// try runs f when nothing else is being loaded, else it gives ErrBusy. f may
// call apply.
func (c *Configuration) try(f func() error) error {
	if !c.loading.TryLock() {
		return ErrBusy
	}
	defer c.loading.Unlock()
	return f()
}

// apply loads a tree and hands it to the engine. The caller holds loading.
func (c *Configuration) apply(tree any, hash string, load func(tree any) (*config.Document, error)) (*config.Document, error) {
	doc, err := load(tree)
	if err != nil {
		return nil, err
	}
	before := c.Document()
	if err := c.run(&running{doc: doc, hash: hash}); err != nil {
		return nil, err
	}
	c.tellWarnings(doc, before)
	return doc, nil
}

// ApplyError is a document that is right by itself and yet cannot be run.
type ApplyError struct {
	Cause error
}

// Error implements error.
func (e *ApplyError) Error() string { return "configuration cannot be run: " + e.Cause.Error() }

// Unwrap gives the cause.
func (e *ApplyError) Unwrap() error { return e.Cause }

// fields is the error in the shape of a document's errors.
func (e *ApplyError) fields() *schema.Errors {
	errs := &schema.Errors{}
	errs.Field("error").Fail(e.Cause.Error())
	return errs
}
