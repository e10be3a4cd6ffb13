package admin

import (
	"bytes"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/internal/jsonv2"
)

func (f *front) getConfig(*request) answer {
	// The API shows credentials in clear, as the original does: this is how a
	// configuration is saved.
	yaml := f.o.Configuration.Document().YAML(true)
	return object(http.StatusOK, map[string]any{"config": string(yaml)})
}

const errNoDocument badRequest = "expected a declarative configuration"

// errIdentical is a document that runs already.
var errIdentical = errors.New("configuration is identical")

func (f *front) postConfig(q *request) answer {
	var p posted
	var doc *config.Document
	err := f.o.Configuration.try(func() (err error) {
		if p, err = readPosted(q); err != nil {
			return err
		}
		doc, err = f.replace(&p)
		return err
	})
	if err != nil {
		f.tellRefused(q, err)
		return f.refused(err, p.flatten)
	}
	f.o.Log.Info("a configuration was posted and runs now", slog.String("hash", f.o.Configuration.Hash()),
		slog.Int("services", len(doc.Services)), slog.Int("routes", len(doc.Routes)), slog.Int("plugins", len(doc.Plugins)))
	a := object(http.StatusCreated, doc.Entities(true))
	if text := warningText(doc.Warnings); text != "" {
		a = a.with("X-Sluice-Warnings", text)
	}
	return a
}

// replace loads what was posted. Nothing else is being loaded meanwhile.
func (f *front) replace(p *posted) (*config.Document, error) {
	c := f.o.Configuration
	hash := config.TextHash(p.text)
	if p.checkHash && hash == c.Hash() {
		return nil, errIdentical
	}
	if p.tree == nil {
		tree, err := config.Parse(p.text)
		if err != nil {
			return nil, config.ParseFailed(err.Error())
		}
		p.tree = tree
	}
	return c.apply(p.tree, hash, func(tree any) (*config.Document, error) {
		return config.Load(tree, f.o.Entities)
	})
}

// refused is the answer to a configuration that did not come to run.
func (f *front) refused(err error, flatten bool) answer {
	if errors.Is(err, ErrBusy) {
		return message(http.StatusTooManyRequests, "Currently loading previous configuration").with("Retry-After", "1")
	}
	if errors.Is(err, errIdentical) {
		return answer{status: http.StatusNotModified}
	}
	if bad, ok := errors.AsType[badRequest](err); ok {
		return message(http.StatusBadRequest, bad.Error())
	}
	if bad, ok := errors.AsType[*config.DocumentError](err); ok {
		return invalidDocument(bad, flatten)
	}
	if bad, ok := errors.AsType[*ApplyError](err); ok {
		return unrunnable(bad, flatten)
	}
	f.o.Log.Error("loading a posted configuration", slog.Any("error", err))
	return unexpected()
}

func unrunnable(e *ApplyError, flat bool) answer {
	errs := e.fields()
	body := map[string]any{
		"message": "declarative config is invalid: " + errs.Table(), "name": "invalid declarative configuration",
		"code": codeDocument, "fields": errs.Value(),
	}
	if flat {
		body["flattened_errors"] = []any{}
	}
	return object(http.StatusBadRequest, body)
}

// posted is a declarative configuration as it came.
type posted struct {
	text []byte
	// tree is what text says, when it had to be read already.
	tree               any
	checkHash, flatten bool
}

// readPosted finds the configuration in a request: the body itself, or a
// member of it called config.
func readPosted(q *request) (posted, error) {
	args := q.URL.Query()
	p := posted{
		text:      q.raw,
		checkHash: truthy(lastOf(args, "check_hash")),
		flatten:   truthy(lastOf(args, "flatten_errors")),
	}
	if len(bytes.TrimSpace(q.raw)) == 0 {
		return p, errNoDocument
	}
	if q.media() == mediaJSON {
		return p, p.readJSON()
	}
	pairs, isForm, err := q.form()
	if err != nil || !isForm {
		return p, err
	}
	p.options(pairs.tree())
	inner, found := pairs.get("config")
	if found {
		p.text = []byte(inner)
	} else if q.media() == mediaMultipart {
		return p, errNoDocument
	}
	// Without config a form may be a YAML text that curl -d mislabelled.
	return p, nil
}

func (p *posted) readJSON() error {
	v, err := jsonv2.Parse(bytes.TrimPrefix(p.text, []byte("\uFEFF")))
	if err != nil {
		return errNoJSON
	}
	m, ok := v.(map[string]any)
	if !ok {
		// null would look like a text that is still to be read.
		return config.ParseFailed("expected an object")
	}
	m = p.options(m)
	inner, isText := m["config"].(string)
	if _, whole := m["_format_version"]; !whole && isText {
		p.text = []byte(inner)
		return nil
	}
	p.tree = m
	return nil
}

// options takes the options of the request out of a body that carries them.
func (p *posted) options(m map[string]any) map[string]any {
	check, hasCheck := m["check_hash"]
	flatten, hasFlatten := m["flatten_errors"]
	if !hasCheck && !hasFlatten {
		return m
	}
	p.checkHash = p.checkHash || truthy(check)
	p.flatten = p.flatten || truthy(flatten)
	m = maps.Clone(m)
	delete(m, "check_hash")
	delete(m, "flatten_errors")
	return m
}

func lastOf(args url.Values, name string) any {
	list := args[name]
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

func truthy(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case int64:
		return v == 1
	case string:
		switch strings.ToLower(v) {
		case "true", "1", "on", "yes":
			return true
		}
	}
	return false
}
