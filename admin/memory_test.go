package admin

import (
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/config"
)

// stubMemory keeps one text, or fails.
type stubMemory struct {
	text, drafted     string
	failDraft, failIn error
	kept, dropped     int
}

func (m *stubMemory) Draft(text []byte) (keep func() error, drop func(), err error) {
	if m.failDraft != nil {
		return nil, nil, m.failDraft
	}
	m.drafted = string(text)
	return func() error {
			m.kept++
			if m.failIn == nil {
				m.text = m.drafted
			}
			return m.failIn
		}, func() {
			m.dropped++
		}, nil
}

// later is the same API after a restart, an hour later.
func later(t *testing.T, text string) (http.Handler, Options, *stubEngine) {
	t.Helper()
	e := &stubEngine{}
	o := options(e)
	o.Entities.Now = func() time.Time { return time.Unix(1700003600, 0) }
	load := o.Entities
	load.Restored = true
	doc, err := o.Configuration.Restore([]byte(text), func(tree any) (*config.Document, error) { return config.Load(tree, load) })
	if err != nil {
		t.Fatal(err)
	}
	if len(e.applied) != 1 || e.applied[0] != doc || o.Configuration.Document() != doc {
		t.Error("what was restored does not run")
	}
	return New(o), o, e
}

// What was posted is the same after a restart: chosen keys, times and the hash
// included.
func TestRestore(t *testing.T) {
	const text = `{"_format_version":"1.1","services":[{"url":"http://a.example/x","routes":[{"paths":["/a(b)"],"plugins":[{"name":"noop","config":{"key":"{vault://env/x}"}}]}]}],` +
		`"consumers":[{"username":"bob","keyauth_credentials":[{"ttl":9},{"key":"topsecret"}],"acls":[{"group":"g"}]}],` +
		`"consumer_groups":[{"name":"g"}],"consumer_group_consumers":[{"consumer":"bob","consumer_group":"g"}],` +
		`"upstreams":[{"name":"u","targets":[{"target":"h:1"}]}],"vaults":[{"name":"env","prefix":"mine"}],"check_hash":true}`
	m, o := &stubMemory{}, options(&stubEngine{})
	o.Configuration.KeepIn(m)
	h := New(o)
	posted := call{method: "POST", path: "/config", kind: "application/json", body: text}.do(h)
	if posted.Code != 201 || m.kept != 1 || m.dropped != 0 {
		t.Fatal(posted.Code, posted.Body, m)
	}
	again, after, _ := later(t, m.text)
	before, now := call{method: "GET", path: "/config"}.do(h), call{method: "GET", path: "/config"}.do(again)
	if before.Body.String() != now.Body.String() {
		t.Errorf("before %s\nafter  %s", before.Body, now.Body)
	}
	if !reflect.DeepEqual(o.Configuration.Document().Entities(true), after.Configuration.Document().Entities(true)) {
		t.Error("other entities")
	}
	if after.Configuration.Hash() != config.TextHash([]byte(text)) {
		t.Error("another hash")
	}
	want(t, call{method: "POST", path: "/config?check_hash=1", kind: "application/json", body: text}.do(again), 304, "")
}

// Nothing runs that is not kept, and nothing is kept that does not run.
func TestKeptOrNothing(t *testing.T) {
	other := strings.ReplaceAll(jsonText, "a.example", "b.example")
	boom := errors.New("boom")
	for _, c := range []struct {
		name          string
		memory        stubMemory
		engine        error
		status        int
		kept, dropped int
		applied       []string
	}{
		{"cannot be written", stubMemory{failDraft: boom}, nil, 500, 0, 0, nil},
		{"cannot run", stubMemory{}, boom, 400, 0, 1, nil},
		{"cannot be kept", stubMemory{failIn: boom}, nil, 500, 1, 0, []string{"b.example", "a.example"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &stubEngine{}
			o := options(e)
			h := New(o)
			post(t, h, jsonText)
			e.applied, e.fail = nil, c.engine
			o.Configuration.KeepIn(&c.memory)
			if w := (call{method: "POST", path: "/config", kind: "application/json", body: other}).do(h); w.Code != c.status {
				t.Error(w.Code, w.Body)
			}
			if c.memory.kept != c.kept || c.memory.dropped != c.dropped || c.memory.text != "" {
				t.Errorf("%+v", c.memory)
			}
			var hosts []string
			for _, d := range e.applied {
				hosts = append(hosts, d.Services[0].Host)
			}
			if !reflect.DeepEqual(hosts, c.applied) {
				t.Errorf("ran %q, want %q", hosts, c.applied)
			}
			if o.Configuration.Document().Services[0].Host != "a.example" || o.Configuration.Hash() != config.TextHash([]byte(jsonText)) {
				t.Error("shows what does not run")
			}
		})
	}
}

// A refused document does not touch what is kept.
func TestRefusedIsNotKept(t *testing.T) {
	m, o := &stubMemory{}, options(&stubEngine{})
	o.Configuration.KeepIn(m)
	for _, body := range []string{`{"services":[]}`, `{`, `{"_format_version":"3.0","services":[{}]}`} {
		call{method: "POST", path: "/config", kind: "application/json", body: body}.do(New(o))
	}
	if m.drafted != "" || m.kept+m.dropped > 0 {
		t.Errorf("%+v", m)
	}
}

// What cannot be restored leaves the gateway without a configuration.
func TestNotRestored(t *testing.T) {
	valid := func() string {
		m, o := &stubMemory{}, options(&stubEngine{})
		o.Configuration.KeepIn(m)
		post(t, New(o), jsonText)
		return m.text
	}()
	for _, c := range []struct {
		name, text string
		engine     error
	}{
		{"nothing", "", nil},
		{"half of it", valid[:len(valid)/2], nil},
		{"something else", `{"_format_version":"3.0"}`, nil},
		{"of another version", strings.Replace(valid, `"format":1`, `"format":2`, 1), nil},
		{"no document", `{"format":1,"hash":"x","configuration":5}`, nil},
		{"not valid", strings.Replace(valid, `"a.example"`, `5`, 1), nil},
		{"cannot run", valid, errors.New("boom")},
	} {
		e := &stubEngine{fail: c.engine}
		o := options(e)
		doc, err := o.Configuration.Restore([]byte(c.text), func(tree any) (*config.Document, error) { return config.Load(tree, o.Entities) })
		if doc != nil || err == nil || o.Configuration.Hash() != config.EmptyHash || len(e.applied) > 0 {
			t.Errorf("%s: %v %v", c.name, doc, err)
		}
	}
}
