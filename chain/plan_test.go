package chain

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/plugin"
)

// scoped is an instance whose id tells its scope: any of r, s, c and g.
func scoped(scope string, journal *[]string) *Instance {
	in := &Instance{Instance: plugin.Instance{ID: scope, Name: "p"}, Priority: 1}
	for _, c := range scope {
		switch c {
		case 'r':
			in.RouteID = "route"
		case 's':
			in.ServiceID = "service"
		case 'c':
			in.ConsumerID = "ann"
		case 'g':
			in.ConsumerGroup = "gold"
		}
	}
	in.Hooks.Access = func(*flow.Exchange) (*flow.Reply, error) {
		*journal = append(*journal, in.ID)
		return nil, nil
	}
	return in
}

func exchange() *flow.Exchange {
	ex := &flow.Exchange{Ctx: context.Background(), Log: slog.New(slog.DiscardHandler)}
	ex.In.Scheme, ex.In.Major = "http", 1
	return ex
}

func known(ex *flow.Exchange, groups ...string) *flow.Exchange {
	ex.Consumer = &config.Consumer{}
	ex.Consumer.ID = "ann"
	for _, g := range groups {
		group := &config.ConsumerGroup{Name: g}
		group.ID = g
		ex.Groups = append(ex.Groups, group)
	}
	return ex
}

// precedence is the contract's, the most specific first.
var precedence = []string{"crs", "grs", "cr", "cs", "gr", "gs", "rs", "c", "g", "r", "s", ""}

// TestPrecedence: of any two scopes that apply, the more specific runs.
func TestPrecedence(t *testing.T) {
	for i, strong := range precedence {
		for _, weak := range precedence[i+1:] {
			for _, order := range [][]string{{strong, weak}, {weak, strong}} {
				var ran []string
				p := NewPlan([]*Instance{scoped(order[0], &ran), scoped(order[1], &ran)})
				if _, err := p.Access(known(exchange(), "gold")); err != nil {
					t.Fatal(err)
				}
				if len(ran) != 1 || ran[0] != strong {
					t.Errorf("%q and %q: %q ran", order[0], order[1], ran)
				}
			}
		}
	}
}

// TestAllScopes: with all of them there, each takes over where those above it
// do not apply.
func TestAllScopes(t *testing.T) {
	for _, tt := range []struct {
		consumer, group bool
		want            string
	}{{true, true, "crs"}, {true, false, "crs"}, {false, true, "grs"}, {false, false, "rs"}} {
		var ran []string
		var all []*Instance
		for _, scope := range precedence {
			all = append(all, scoped(scope, &ran))
		}
		ex := exchange()
		if tt.consumer {
			known(ex)
		}
		if tt.group {
			ex.Groups = known(exchange(), "gold").Groups
		}
		if _, err := NewPlan(all).Access(ex); err != nil {
			t.Fatal(err)
		}
		if len(ran) != 1 || ran[0] != tt.want {
			t.Errorf("%+v: %q ran", tt, ran)
		}
	}
}

// TestOtherConsumer: what is meant for somebody else does not run.
func TestOtherConsumer(t *testing.T) {
	for _, tt := range []struct {
		ex   *flow.Exchange
		want []string
	}{{exchange(), nil}, {known(exchange()), []string{"c"}}, {known(exchange(), "silver"), []string{"c"}}} {
		var ran []string
		in := scoped("c", &ran)
		other := scoped("cr", &ran)
		other.ConsumerID = "bob"
		if _, err := NewPlan([]*Instance{other, in, scoped("g", &ran)}).Access(tt.ex); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(ran, tt.want) {
			t.Errorf("got %q, want %q", ran, tt.want)
		}
	}
}

// TestSeveralGroups: among equals the first given runs; the engine gives them
// by the groups' names.
func TestSeveralGroups(t *testing.T) {
	var ran []string
	first, second := scoped("g", &ran), scoped("g", &ran)
	first.ID, first.ConsumerGroup = "of alpha", "alpha"
	second.ID, second.ConsumerGroup = "of beta", "beta"
	p := NewPlan([]*Instance{first, second})
	for _, groups := range [][]string{{"alpha", "beta"}, {"beta", "alpha"}, {"beta"}} {
		if _, err := p.Access(known(exchange(), groups...)); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"of alpha", "of alpha", "of beta"}; !reflect.DeepEqual(ran, want) {
		t.Errorf("got %q", ran)
	}
}

// TestChosenWhenItsTurnComes: authentication sets the consumer on the way.
func TestChosenWhenItsTurnComes(t *testing.T) {
	var ran []string
	before, auth, after := scoped("c", &ran), scoped("", &ran), scoped("c", &ran)
	before.Name, before.Priority, before.ID = "before", 20, "before"
	auth.Name, auth.Priority = "auth", 10
	after.Name, after.Priority, after.ID = "after", 5, "after"
	auth.Hooks.Access = func(ex *flow.Exchange) (*flow.Reply, error) {
		known(ex)
		return nil, nil
	}
	if _, err := NewPlan([]*Instance{after, auth, before}).Access(exchange()); err != nil {
		t.Fatal(err)
	}
	if want := []string{"after"}; !reflect.DeepEqual(ran, want) {
		t.Errorf("got %q", ran)
	}
}

func TestProtocolNames(t *testing.T) {
	if got := Protocols([]string{"http", "grpcs", "tcp"}); got != HTTP|GRPCS {
		t.Errorf("got %b", got)
	}
}

func TestProtocolOfRequests(t *testing.T) {
	for _, tt := range []struct {
		scheme, contentType string
		major               int
		want                ProtocolSet
	}{
		{"http", "", 1, HTTP},
		{"https", "", 1, HTTPS},
		{"http", "", 2, HTTP},
		{"https", "application/json", 2, HTTPS},
		{"http", "application/grpc", 2, GRPC},
		{"https", "application/grpc+proto", 2, GRPCS},
		{"http", "application/grpc", 1, HTTP},
	} {
		for _, only := range []ProtocolSet{HTTP, HTTPS, GRPC, GRPCS, 0} {
			var ran []string
			in := scoped("", &ran)
			in.Protocols = only
			ex := exchange()
			ex.In.Scheme, ex.In.Major = tt.scheme, tt.major
			ex.In.Header.Add("content-type", tt.contentType)
			if _, err := NewPlan([]*Instance{in}).Access(ex); err != nil {
				t.Fatal(err)
			}
			if got, want := len(ran) == 1, only == tt.want || only == 0; got != want {
				t.Errorf("%+v, instance for %b: ran %t", tt, only, got)
			}
		}
	}
}

// named is a plugin that writes down each of its phases.
func named(name string, priority int, journal *[]string) *Instance {
	note := func(phase string) { *journal = append(*journal, phase+" "+name) }
	in := &Instance{Instance: plugin.Instance{ID: name, Name: name}, Priority: priority}
	in.Hooks = plugin.Hooks{
		Rewrite: func(*flow.Exchange) error { note("rewrite"); return nil },
		Access:  func(*flow.Exchange) (*flow.Reply, error) { note("access"); return nil, nil },
		Head:    func(*flow.Exchange, *flow.Reply) error { note("head"); return nil },
		Body: func(_ *flow.Exchange, _ *flow.Reply, s flow.Stream) flow.Stream {
			note("body")
			return s
		},
		Log: func(*flow.Exchange) { note("log") },
	}
	return in
}

// through leads an exchange through all phases.
func through(p *Plan, ex *flow.Exchange) (*flow.Reply, error) {
	if err := p.Rewrite(ex); err != nil {
		return nil, err
	}
	reply, err := p.Access(ex)
	r := reply
	if r == nil {
		r = &flow.Reply{Stream: flow.Whole([]byte("x"))}
	}
	p.Head(ex, r)
	p.Body(ex, r)
	p.Log(ex)
	return reply, err
}

// TestOrder is by priority, then by name, both falling, in every phase.
func TestOrder(t *testing.T) {
	var ran []string
	if _, err := through(NewPlan([]*Instance{named("b", 1, &ran), named("low", 0, &ran), named("high", 9, &ran), named("c", 1, &ran)}), exchange()); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, phase := range []string{"rewrite", "access", "head", "body", "log"} {
		for _, name := range []string{"high", "c", "b", "low"} {
			want = append(want, phase+" "+name)
		}
	}
	if !reflect.DeepEqual(ran, want) {
		t.Errorf("got %q", ran)
	}
}

// TestOrdering moves plugins in the access phase, and nowhere else.
func TestOrdering(t *testing.T) {
	for _, tt := range []struct {
		name          string
		before, after map[string][]string
		want          string
	}{
		{"none", nil, nil, "a b c d"},
		{"before", map[string][]string{"d": {"b"}}, nil, "a d b c"},
		{"after", nil, map[string][]string{"a": {"c"}}, "c a b d"},
		{"both", map[string][]string{"d": {"a"}}, map[string][]string{"b": {"c"}}, "d a c b"},
		{"already so", map[string][]string{"a": {"d"}}, nil, "a b c d"},
		{"who is not there", map[string][]string{"d": {"x"}}, map[string][]string{"a": {"y"}}, "a b c d"},
		{"itself", map[string][]string{"a": {"a"}}, nil, "a b c d"},
		{"a contradiction", nil, map[string][]string{"a": {"b"}, "b": {"a"}}, "b a c d"},
		{"a ring", nil, map[string][]string{"a": {"b"}, "b": {"c"}, "c": {"a"}}, "c b a d"},
	} {
		var ran []string
		var all []*Instance
		for i, name := range []string{"a", "b", "c", "d"} {
			in := named(name, 100-i, &ran)
			in.Before, in.After = tt.before[name], tt.after[name]
			all = append(all, in)
		}
		p := NewPlan(all)
		ex := exchange()
		if _, err := p.Access(ex); err != nil {
			t.Fatal(err)
		}
		if got := strings.ReplaceAll(strings.Join(ran, " "), "access ", ""); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
		ran = nil
		p.Log(ex)
		if got := strings.ReplaceAll(strings.Join(ran, " "), "log ", ""); got != "a b c d" {
			t.Errorf("%s: logged in the order %q", tt.name, got)
		}
	}
}

// TestShortCircuit: an answer or an error ends the access phase; the later
// phases run for all plugins, also those whose turn had not come.
func TestShortCircuit(t *testing.T) {
	denied := &fault.Error{Kind: fault.Forbidden}
	for _, tt := range []struct {
		name  string
		reply *flow.Reply
		err   error
	}{{"reply", &flow.Reply{Status: 200, Stream: flow.Whole([]byte("x"))}, nil}, {"error", nil, denied}} {
		var ran []string
		stop := named("stop", 5, &ran)
		stop.Hooks.Access = func(*flow.Exchange) (*flow.Reply, error) { return tt.reply, tt.err }
		stop.Hooks.Rewrite = nil
		later := named("later", 1, &ran)
		later.Hooks.Rewrite = nil
		reply, err := through(NewPlan([]*Instance{named("first", 9, &ran), stop, later}), exchange())
		if reply != tt.reply || (err != nil) != (tt.err != nil) {
			t.Errorf("%s: got %v, %v", tt.name, reply, err)
		}
		want := []string{
			"rewrite first", "access first", "head first", "head stop", "head later", "body first", "body stop", "body later",
			"log first", "log stop", "log later",
		}
		if !reflect.DeepEqual(ran, want) {
			t.Errorf("%s: got %q", tt.name, ran)
		}
	}
}

// TestRewriteFails: the rest of the global plugins see the answer as well.
func TestRewriteFails(t *testing.T) {
	var ran []string
	bad := named("bad", 5, &ran)
	bad.Hooks.Rewrite = func(*flow.Exchange) error { return &fault.Error{Kind: fault.Invalid} }
	ex := exchange()
	p := NewPlan([]*Instance{named("first", 9, &ran), bad, named("later", 1, &ran)})
	if err := p.Rewrite(ex); fault.As(err).By != "plugin/bad" {
		t.Errorf("got %v", err)
	}
	p.Log(ex)
	if want := []string{"rewrite first", "log first", "log bad", "log later"}; !reflect.DeepEqual(ran, want) {
		t.Errorf("got %q", ran)
	}
}

func TestCollect(t *testing.T) {
	var ran []string
	p := NewPlan([]*Instance{named("a", 2, &ran), named("b", 1, &ran)})
	ex := exchange()
	p.Collect(ex)
	p.Head(ex, &flow.Reply{})
	p.Body(ex, &flow.Reply{}) // without a body nobody is asked
	p.Log(ex)
	if want := []string{"head a", "head b", "log a", "log b"}; !reflect.DeepEqual(ran, want) {
		t.Errorf("got %q", ran)
	}
	if n := len(p.Instances()); n != 2 {
		t.Errorf("%d instances", n)
	}
}

// TestPicksAreForgotten: an exchange that is used again begins afresh.
func TestPicksAreForgotten(t *testing.T) {
	var ran []string
	large := NewPlan([]*Instance{named("a", 3, &ran), named("b", 2, &ran), named("c", 1, &ran)})
	ex := exchange()
	large.Collect(ex)
	ex.Reset()
	ex.Ctx, ex.Log = context.Background(), slog.New(slog.DiscardHandler)
	large.Log(ex)
	if len(ran) != 0 {
		t.Errorf("without being collected: %q", ran)
	}
	in := named("d", 1, &ran)
	in.Protocols = GRPC
	NewPlan([]*Instance{in}).Collect(ex)
	large.Log(ex)
	if len(ran) != 0 {
		t.Errorf("got %q", ran)
	}
}

// TestPanics: no hook takes the gateway down. In access and rewrite it is an
// error of the plugin; in the other phases the answer stands.
func TestPanics(t *testing.T) {
	for _, phase := range []string{"rewrite", "access", "head", "body", "log"} {
		var ran []string
		bad := named("bad", 5, &ran)
		switch phase {
		case "rewrite":
			bad.Hooks.Rewrite = func(*flow.Exchange) error { panic("oh") }
		case "access":
			bad.Hooks.Access = func(*flow.Exchange) (*flow.Reply, error) { panic("oh") }
		case "head":
			bad.Hooks.Head = func(*flow.Exchange, *flow.Reply) error { panic("oh") }
		case "body":
			bad.Hooks.Body = func(*flow.Exchange, *flow.Reply, flow.Stream) flow.Stream { panic("oh") }
		case "log":
			bad.Hooks.Log = func(*flow.Exchange) { panic("oh") }
		}
		var text strings.Builder
		ex := exchange()
		ex.Log = slog.New(slog.NewTextHandler(&text, nil))
		_, err := through(NewPlan([]*Instance{bad, named("good", 1, &ran)}), ex)
		early := phase == "rewrite" || phase == "access"
		if f := fault.As(err); early && (err == nil || f.Status() != 500 || f.Message != "An unexpected error occurred" || f.By != "plugin/bad") {
			t.Errorf("%s: got %v", phase, err)
		}
		if !early && (err != nil || !strings.Contains(text.String(), "plugin=bad phase="+phase)) {
			t.Errorf("%s: got %v, logged %s", phase, err, &text)
		}
		if got := strings.Join(ran, ","); phase != "rewrite" && !strings.HasSuffix(got, "log good") {
			t.Errorf("%s: got %s", phase, got)
		}
	}
}

// TestBodyKeepsTheStream: a plugin that breaks or gives nothing back leaves
// the body as it is; one that wraps it is seen by the next.
func TestBodyKeepsTheStream(t *testing.T) {
	var ran []string
	none, wrap := named("none", 5, &ran), named("wrap", 3, &ran)
	none.Hooks.Body = func(*flow.Exchange, *flow.Reply, flow.Stream) flow.Stream { return nil }
	own := flow.Whole([]byte("own"))
	wrap.Hooks.Body = func(*flow.Exchange, *flow.Reply, flow.Stream) flow.Stream { return own }
	var seen flow.Stream
	last := named("last", 1, &ran)
	last.Hooks.Body = func(_ *flow.Exchange, _ *flow.Reply, s flow.Stream) flow.Stream {
		seen = s
		return s
	}
	p, ex := NewPlan([]*Instance{none, wrap, last}), exchange()
	p.Collect(ex)
	r := &flow.Reply{Stream: flow.Whole([]byte("x"))}
	p.Body(ex, r)
	if seen != own || r.Stream != own {
		t.Error("another stream")
	}
}

// TestBlame: a denial keeps who said it and how; anything else is the
// plugin's failure.
func TestBlame(t *testing.T) {
	in := named("p", 1, new([]string))
	broke := errors.New("broke")
	for _, tt := range []struct {
		err    error
		status int
		by     string
	}{
		{&fault.Error{Kind: fault.Limited}, 429, "plugin/p"},
		{&fault.Error{Kind: fault.Limited, By: "plugin/other"}, 429, "plugin/other"},
		{broke, 500, "plugin/p"},
	} {
		f := fault.As(blame(in, tt.err))
		if f.Status() != tt.status || f.By != tt.by {
			t.Errorf("%v: got %d by %q", tt.err, f.Status(), f.By)
		}
	}
	if !errors.Is(blame(in, broke), broke) {
		t.Error("the cause is lost")
	}
	shared := &fault.Error{Kind: fault.Limited}
	if blame(in, shared); shared.By != "" {
		t.Error("a shared fault was written to")
	}
}
