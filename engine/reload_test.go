package engine

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
)

var testTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const twoRoutes = `
_format_version: "3.0"
services:
- name: s1
  url: http://127.0.0.1:1
  routes:
  - name: r1
    paths: [/one]
    plugins: [{name: probe, config: {tag: A1}}]
  - name: r2
    paths: [/two]
    plugins: [{name: probe, config: {tag: B1}}, {name: probe-b, config: {tag: C1}}]
`

// change replaces pairs of texts, which must be there.
func change(tb testing.TB, text string, pairs ...string) string {
	tb.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			tb.Fatalf("%q is not in the text", pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

func planOf(f *fixture, route string) *plan {
	for _, p := range f.Current().byRoute {
		if p.route.Name == route {
			return p
		}
	}
	return nil
}

// TestUnchangedIsKept: a reload touches only what is different.
func TestUnchangedIsKept(t *testing.T) {
	for _, tt := range []struct {
		name       string
		pairs      []string
		same1      bool // the plan of r1 stays
		same2      bool
		built      int // instances after the reload
		closedSoon []string
	}{
		{"nothing", nil, true, true, 3, nil},
		{"times", []string{"name: s1", "created_at: 1700000000\n  name: s1"}, true, true, 3, nil},
		{"a plugin", []string{"A1", "A2"}, false, true, 4, []string{"A1"}},
		{"another plugin", []string{"C1", "C2"}, true, false, 4, []string{"C1"}},
		{"a route", []string{"[/two]", "[/three]"}, true, false, 3, nil},
		{"the service", []string{":1\n", ":2\n"}, false, false, 3, nil},
		{"a plugin more", []string{"services:", "plugins: [{name: probe-c, config: {tag: D1}}]\nservices:"}, false, false, 4, nil},
		{"a plugin less", []string{", {name: probe-b, config: {tag: C1}}", ""}, true, false, 3, []string{"C1"}},
		{"a plugin off", []string{"{tag: C1}", "{tag: C1}, enabled: false"}, true, false, 3, []string{"C1"}},
		{"a route less", []string{"  - name: r1\n    paths: [/one]\n    plugins: [{name: probe, config: {tag: A1}}]\n", ""}, false, true, 3, []string{"A1"}},
	} {
		f := newFixture(t)
		f.apply(t, twoRoutes)
		one, two := planOf(f, "r1"), planOf(f, "r2")
		f.apply(t, change(t, twoRoutes, tt.pairs...))
		if got := planOf(f, "r1") == one; got != tt.same1 {
			t.Errorf("%s: plan of r1 kept: %t", tt.name, got)
		}
		if got := planOf(f, "r2") == two; got != tt.same2 {
			t.Errorf("%s: plan of r2 kept: %t", tt.name, got)
		}
		if got := len(f.probes.all); got != tt.built {
			t.Errorf("%s: %d instances were built, want %d", tt.name, got, tt.built)
		}
		checkClosed(t, f, tt.name, tt.closedSoon)
		f.Close()
		f.probes.check(t, 1)
		if n := f.Retained(); n != 0 {
			t.Errorf("%s: %d plans are retained after the end", tt.name, n)
		}
	}
}

func checkClosed(t *testing.T, f *fixture, name string, tags []string) {
	t.Helper()
	want := map[string]int32{}
	for _, tag := range tags {
		want[tag] = 1
	}
	for _, p := range f.probes.all {
		if got := p.closed.Load(); got != want[p.tag] {
			t.Errorf("%s: %s was closed %d times, want %d", name, p.tag, got, want[p.tag])
		}
	}
}

// TestClosedAfterTheLastExchange: what runs keeps what it began with.
func TestClosedAfterTheLastExchange(t *testing.T) {
	f := newFixture(t)
	f.apply(t, twoRoutes)
	first, second := f.begin("/one"), f.begin("/one")
	before := f.Retained()
	f.apply(t, change(t, twoRoutes, "A1", "A2"))
	old := f.probes.of("A1")[0]
	if got := f.Retained(); got != before+1 {
		t.Errorf("%d plans are retained, want %d", got, before+1)
	}
	for _, ex := range []*flow.Exchange{first, second} {
		if n := old.closed.Load(); n != 0 {
			t.Fatalf("closed %d times while an exchange uses it", n)
		}
		if got := f.end(ex); got != "200 A1" {
			t.Errorf("got %q", got)
		}
	}
	if n := old.closed.Load(); n != 1 {
		t.Errorf("closed %d times after the last exchange", n)
	}
	if got := f.ask("/one"); got != "200 A2" {
		t.Errorf("a new request: got %q", got)
	}
	f.Close()
	f.probes.check(t, 1)
}

// TestPartUsedElsewhere: an instance in two plans outlives the first.
func TestPartUsedElsewhere(t *testing.T) {
	f := newFixture(t)
	global := change(t, twoRoutes, "services:", "plugins: [{name: probe-c, config: {tag: G}}]\nservices:")
	f.apply(t, global)
	f.apply(t, change(t, global, "[/two]", "[/three]"))
	if n := f.probes.of("G")[0].closed.Load(); n != 0 {
		t.Errorf("the global instance was closed %d times", n)
	}
	f.Close()
	f.probes.check(t, 1)
}

// TestUnreachableInstances: what no route leads to is closed all the same.
func TestUnreachableInstances(t *testing.T) {
	f := newFixture(t)
	f.apply(t, change(t, twoRoutes, "  url:", "  enabled: false\n  url:"))
	if got := f.ask("/one"); !strings.HasPrefix(got, "404 ") {
		t.Errorf("got %q", got)
	}
	f.apply(t, `{"_format_version":"3.0"}`)
	f.probes.check(t, 1)
}

// TestFailingBuild disturbs nothing.
func TestFailingBuild(t *testing.T) {
	for name, bad := range map[string]string{
		"a plugin": change(t, twoRoutes, "C1", "C2", "A1", "A2, fail: true"),
		"late":     change(t, twoRoutes, "A1", "A2", "C1", "C2, fail: true"),
		"a new upstream first": change(t, twoRoutes, "services:", "upstreams: [{name: up, targets: [{target: '127.0.0.1:1'}]}]\nservices:",
			"A1", "A2", "C1", "C2, fail: true"),
	} {
		f := newFixture(t)
		f.apply(t, twoRoutes)
		running, built, retained := f.Current(), len(f.probes.all), f.Retained()
		if err := f.Apply(f.doc(t, bad)); !errors.Is(err, errBuild) {
			t.Fatalf("%s: got %v", name, err)
		}
		if f.Current() != running || f.Retained() != retained || len(f.balancers) != 0 {
			t.Errorf("%s: something has changed: %d plans, %d balancers", name, f.Retained(), len(f.balancers))
		}
		if len(f.Targets()) != 0 {
			t.Errorf("%s: targets of a configuration that does not run: %v", name, f.Targets())
		}
		for i, p := range f.probes.all {
			want := int32(0)
			if i >= built {
				want = 1
			}
			if got := p.closed.Load(); got != want {
				t.Errorf("%s: %s was closed %d times, want %d", name, p.tag, got, want)
			}
		}
		if got := f.ask("/one"); got != "200 A1" {
			t.Errorf("%s: got %q", name, got)
		}
		f.Close()
		f.probes.check(t, 1)
	}
}

// TestUnknownReferences: a document that does not hold together is refused.
func TestUnknownReferences(t *testing.T) {
	f := newFixture(t)
	f.apply(t, twoRoutes)
	doc := f.doc(t, change(t, twoRoutes, "A1", "A2"))
	doc.Services = nil
	if err := f.Apply(doc); err == nil {
		t.Fatal("a route without its service was taken")
	}
	if got := f.ask("/one"); got != "200 A1" {
		t.Errorf("got %q", got)
	}
	f.Close()
	f.probes.check(t, 1)
}

// TestSecretChanges: a secret that is another one now makes a new instance,
// though the document is the same.
func TestSecretChanges(t *testing.T) {
	f := newFixture(t)
	secret := "one"
	f.o.LookupEnv = func(string) (string, bool) { return secret, true }
	text := change(t, twoRoutes, "tag: A1", "tag: A1, secret: '{vault://env/x}'")
	for _, tt := range []struct {
		secret string
		built  int
	}{{"one", 3}, {"one", 3}, {"two", 4}} {
		secret = tt.secret
		f.apply(t, text)
		if n := len(f.probes.all); n != tt.built {
			t.Errorf("secret %s: %d instances, want %d", tt.secret, n, tt.built)
		}
	}
	f.Close()
	f.probes.check(t, 1)
}

// TestReplacedOnTheWay: the configuration is replaced between the rewrite
// phase and routing; the exchange is served by the new one, plugins and all.
func TestReplacedOnTheWay(t *testing.T) {
	for name, next := range map[string]string{
		"the route is gone":  `{"_format_version":"3.0"}`,
		"another global one": `{"_format_version":"3.0","plugins":[{"name":"probe-b","config":{"tag":"X"}},{"name":"probe-c","config":{"tag":"Y"}},{"name":"probe","config":{"tag":"Z","pass":true}}]}`,
		"one for a consumer": `{"_format_version":"3.0","consumers":[{"username":"c"}],"plugins":[{"name":"probe-c","consumer":"c","config":{"tag":"Y"}},{"name":"probe-c","config":{"tag":"X"}}]}`,
		"the route is new":   change(t, twoRoutes, "A1", "A2"),
	} {
		f := newFixture(t)
		f.apply(t, change(t, twoRoutes, "services:", "plugins: [{name: probe-c, config: {tag: G, pass: true}}]\nservices:"))
		once := sync.OnceFunc(func() {
			doc := f.doc(t, next)
			if err := f.Apply(doc); err != nil {
				t.Error(err)
			}
		})
		f.probes.rewrite = func(*flow.Exchange) { once() }
		got := f.ask("/one")
		for _, p := range f.probes.of("X") {
			if p.used.Load() != 2 { // head and log
				t.Errorf("%s: the new global instance ran %d times", name, p.used.Load())
			}
		}
		if want := "404"; name != "the route is new" && !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %q", name, got)
		}
		if name == "the route is new" && got != "200 A2" {
			t.Errorf("%s: got %q", name, got)
		}
		f.Close()
		f.probes.check(t, 1)
		if n := f.Retained(); n != 0 {
			t.Errorf("%s: %d plans are retained", name, n)
		}
	}
}

// TestManySwaps: configurations come and go under busy callers; no instance
// is used after it was closed, and each is closed exactly once.
func TestManySwaps(t *testing.T) {
	swaps := 20_000
	if testing.Short() {
		swaps = 500
	}
	f := newFixture(t)
	docs := make([]*config.Document, 6)
	for i := range docs {
		text := change(t, twoRoutes, "A1", fmt.Sprint("A", i%2), "B1", fmt.Sprint("B", i%3))
		if i == 4 {
			text = change(t, text, "[/two]", "[/two, /three]")
		}
		docs[i] = f.doc(t, text)
	}
	if err := f.Apply(docs[0]); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var callers sync.WaitGroup
	for i := range 3 {
		callers.Go(func() { askUntil(t, f, []string{"/one", "/two"}[i%2], stop) })
	}
	for i := range swaps {
		if err := f.Apply(docs[i%len(docs)]); err != nil {
			t.Error(err)
			break
		}
	}
	close(stop)
	callers.Wait()
	f.Close()
	f.probes.check(t, 1)
	if n := f.Retained(); n != 0 {
		t.Errorf("%d plans are retained", n)
	}
}

// askUntil asks over and over; every answer must be one of the route's.
func askUntil(t *testing.T, f *fixture, path string, stop chan struct{}) {
	t.Helper()
	prefix := map[string]string{"/one": "200 A", "/two": "200 B"}[path]
	for {
		select {
		case <-stop:
			return
		default:
		}
		if got := f.ask(path); !strings.HasPrefix(got, prefix) {
			t.Errorf("%s: got %q", path, got)
			return
		}
	}
}

// TestRecover: an upstream that broke off is a 502, a failure of ours says
// for itself what it is.
func TestRecover(t *testing.T) {
	f := newFixture(t)
	f.apply(t, twoRoutes)
	for _, tt := range []struct {
		err  error
		want string
	}{{errBuild, "502 "}, {&fault.Error{Kind: fault.Internal, Shape: fault.Exit, Message: "no"}, `500 {"message":"no"}`}} {
		ex := f.begin("/one")
		f.Recover(ex, tt.err)
		if got := f.end(ex); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%v: got %q", tt.err, got)
		}
	}
	f.Close()
	f.probes.check(t, 1)
}

// TestBalancersOutliveReloads and are closed when their upstream is gone.
func TestBalancersOutliveReloads(t *testing.T) {
	const text = `{"_format_version":"3.0","upstreams":[{"name":"up","targets":[{"target":"127.0.0.1:1"}]}],"services":[{"name":"s","host":"up"}]}`
	f := newFixture(t)
	f.apply(t, text)
	var was *balancer
	for _, b := range f.balancers {
		was = b
	}
	f.apply(t, change(t, text, "127.0.0.1:1", "127.0.0.1:2"))
	if len(f.balancers) != 1 {
		t.Fatalf("%d balancers", len(f.balancers))
	}
	for _, b := range f.balancers {
		if b != was {
			t.Error("another balancer")
		}
	}
	if got := f.Targets()["up"]; len(got) != 1 || got[0].Port != 2 {
		t.Errorf("targets %+v", got)
	}
	f.apply(t, `{"_format_version":"3.0"}`)
	if len(f.balancers) != 0 {
		t.Errorf("%d balancers", len(f.balancers))
	}
	f.apply(t, text)
	f.Close()
	if len(f.balancers) != 0 {
		t.Errorf("%d balancers after the end", len(f.balancers))
	}
}

// TestFailingBuildKeepsBalancers: what is new in a configuration that fails is
// not opened, what is changed in it stays as it was, and what it lacks goes on.
func TestFailingBuildKeepsBalancers(t *testing.T) {
	const upstreams = "upstreams: [{name: a, targets: [{target: '127.0.0.1:1'}]}, {name: b, targets: [{target: '127.0.0.1:2'}]}]\nservices:"
	f := newFixture(t)
	defer f.Close()
	text := change(t, twoRoutes, "services:", upstreams, "http://127.0.0.1:1", "http://a")
	f.apply(t, text)
	bad := change(t, text, "127.0.0.1:1", "127.0.0.1:7", "{name: b,", "{name: c,", "C1", "C1, fail: true")
	if err := f.Apply(f.doc(t, bad)); !errors.Is(err, errBuild) {
		t.Fatalf("got %v", err)
	}
	got := f.Targets()
	if len(got) != 2 || len(got["a"]) != 1 || got["a"][0].Port != 1 || len(got["b"]) != 1 || len(f.balancers) != 2 {
		t.Errorf("%d balancers, targets %v", len(f.balancers), got)
	}
	f.apply(t, change(t, text, "127.0.0.1:1", "127.0.0.1:7", "{name: b,", "{name: c,"))
	got = f.Targets()
	if len(got) != 2 || got["a"][0].Port != 7 || len(got["c"]) != 1 {
		t.Errorf("after the next one: %v", got)
	}
}
