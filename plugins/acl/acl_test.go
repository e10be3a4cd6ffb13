package acl

import (
	"slices"
	"testing"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/plugin/auth"
	"github.com/sluice-gateway/sluice/schema"
)

type directory struct {
	flow.Directory
	groups map[string][]string
}

func (d directory) ACLGroups(id string) []string { return d.groups[id] }

var dir = directory{groups: map[string][]string{"b0b": {"users", "admins"}, "n0": {"guests"}}}

// Those who may ask.
var (
	bob      = who{consumer: "b0b", credential: true}
	lonely   = who{consumer: "l0", credential: true}
	nobody   = who{consumer: "n0"}
	nobodyAt = who{consumer: "n1"}
)

type who struct {
	consumer   string
	credential bool
	outside    []string
	groups     []string
}

func (w who) exchange() *flow.Exchange {
	ex := &flow.Exchange{Dir: dir, AuthenticatedGroups: w.outside}
	if w.consumer != "" {
		ex.Consumer = &config.Consumer{Meta: config.Meta{ID: w.consumer}}
	}
	if w.credential {
		ex.Credential = &flow.Credential{ID: "c", ConsumerID: w.consumer}
	}
	for _, g := range w.groups {
		ex.Groups = append(ex.Groups, &config.ConsumerGroup{Name: g})
	}
	ex.Out.Header = flow.Header{{Name: "x-consumer-groups", Value: "forged"}, {Name: "X_Authenticated_Groups", Value: "forged"}}
	return ex
}

func hook(t *testing.T, settings map[string]any) func(*flow.Exchange) (*flow.Reply, error) {
	t.Helper()
	d := Definition()
	cfg, problems := d.Config.Decode(settings)
	if !problems.Empty() {
		t.Fatal(problems)
	}
	h, err := d.Build(cfg, &plugin.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	return h.Access
}

func (w who) with(outside ...string) who  { w.outside = outside; return w }
func (w who) member(groups ...string) who { w.groups = groups; return w }

func TestAccess(t *testing.T) {
	list := func(field string, groups ...any) map[string]any { return map[string]any{field: groups} }
	and := func(m map[string]any, field string) map[string]any { m[field] = true; return m }
	consumer := func(v string) flow.Header { return flow.Header{{Name: auth.ConsumerGroups, Value: v}} }
	outside := func(v string) flow.Header { return flow.Header{{Name: auth.AuthenticatedGroups, Value: v}} }
	tests := []struct {
		name     string
		settings map[string]any
		who      who
		want     int // status, 0 passes
		header   flow.Header
	}{
		{"in allow", list("allow", "admins"), bob, 0, consumer("users, admins")},
		{"not in allow", list("allow", "others"), bob, 403, nil},
		{"in deny", list("deny", "users"), bob, 403, nil},
		{"not in deny", list("deny", "others"), bob, 0, consumer("users, admins")},
		{"hidden", and(list("allow", "admins"), "hide_groups_header"), bob, 0, nil},

		{"nobody known", list("allow", "users"), who{}, 401, nil},
		{"nobody known, deny", list("deny", "users"), who{}, 401, nil},
		{"credential only", list("allow", "users"), who{credential: true}, 403, nil},
		{"no groups, allow", list("allow", "users"), lonely, 403, nil},
		{"no groups, deny", list("deny", "users"), lonely, 0, consumer("")},
		{"anonymous in allow", list("allow", "guests"), nobody, 0, consumer("guests")},
		{"anonymous not in allow", list("allow", "users"), nobody, 403, nil},
		{"anonymous without groups, allow", list("allow", "users"), nobodyAt, 401, nil},
		{"anonymous without groups, deny", list("deny", "users"), nobodyAt, 0, consumer("")},

		{"outside, no consumer", list("allow", "ldap"), who{}.with("x", "ldap"), 0, outside("x, ldap")},
		{"outside, no consumer, not in", list("allow", "users"), who{}.with("ldap"), 403, nil},
		{"outside, credential only", list("allow", "ldap"), who{credential: true}.with("ldap"), 0, outside("ldap")},
		{"outside, anonymous", list("allow", "ldap"), nobody.with("ldap"), 0, outside("ldap")},
		{"outside, consumer wins", list("allow", "users"), bob.with("ldap"), 0, consumer("users, admins")},
		{"outside, consumer", list("allow", "ldap"), bob.with("ldap"), 403, nil},
		{"always outside", and(list("allow", "ldap"), "always_use_authenticated_groups"), bob.with("ldap"), 0, outside("ldap")},
		{"always outside, in deny", and(list("deny", "ldap"), "always_use_authenticated_groups"), bob.with("ldap"), 403, nil},
		{"always outside, none", and(list("allow", "users"), "always_use_authenticated_groups"), bob, 0, consumer("users, admins")},
		{"empty list from outside", list("allow", "users"), who{}.with([]string{}...), 403, nil},

		{"consumer groups off", list("allow", "gold"), lonely.member("gold"), 403, nil},
		{"consumer groups", and(list("allow", "gold"), "include_consumer_groups"), lonely.member("gold"), 0, consumer("gold")},
		{"both kinds", and(list("allow", "gold"), "include_consumer_groups"), bob.member("gold"), 0, consumer("users, admins, gold")},
		{"consumer group denied", and(list("deny", "gold"), "include_consumer_groups"), bob.member("gold"), 403, nil},
		{"neither kind", and(list("allow", "gold"), "include_consumer_groups"), lonely, 403, nil},
	}
	messages := map[int]string{401: "Unauthorized", 403: "You cannot consume this service"}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ex := tt.who.exchange()
			reply, err := hook(t, tt.settings)(ex)
			if reply != nil {
				t.Fatalf("got a reply: %v", reply)
			}
			if tt.want == 0 {
				if err != nil {
					t.Fatal(err)
				}
				if got := ex.Out.Header; !slices.Equal(got, tt.header) {
					t.Errorf("header: got %v, want %v", got, tt.header)
				}
				return
			}
			if err == nil {
				t.Fatal("passed")
			}
			f := fault.As(err)
			if f.Status() != tt.want || f.Message != messages[tt.want] || f.Shape != fault.Negotiated {
				t.Errorf("got %d %q in shape %d, want %d", f.Status(), f.Message, f.Shape, tt.want)
			}
		})
	}
}

func TestConfig(t *testing.T) {
	some := []any{"a"}
	tests := []struct {
		settings map[string]any
		want     []schema.Problem
	}{
		{map[string]any{"allow": some}, nil},
		{map[string]any{"deny": some, "allow": nil}, nil},
		{map[string]any{"deny": some, "allow": []any{}}, nil},
		{map[string]any{}, []schema.Problem{
			{Message: "at least one of these fields must be non-empty: 'config.allow', 'config.deny'"},
		}},
		{map[string]any{"allow": some, "deny": some}, []schema.Problem{
			{Message: "only one or none of these fields must be set: 'config.allow', 'config.deny'"},
		}},
		{map[string]any{"allow": "a"}, []schema.Problem{{Path: "allow", Message: "expected an array"}}},
	}
	for _, tt := range tests {
		_, problems := Definition().Config.Decode(tt.settings)
		if got := problems.Problems(); !slices.Equal(got, tt.want) {
			t.Errorf("%v: got %v, want %v", tt.settings, got, tt.want)
		}
	}
}

func TestScope(t *testing.T) {
	if s := Definition().Scope; !s.NoConsumer || !s.NoConsumerGroup || s.NoRoute || s.NoService {
		t.Errorf("got %+v", s)
	}
}
