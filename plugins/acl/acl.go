// Package acl is the plugin acl: it lets callers through, or keeps them out,
// by the groups they are in.
//
// Who asks, and in which groups, was found out before: by an authentication
// plugin, the exchange's directory, or an outside source. The plugin only
// compares, and tells the upstream the groups.
package acl

import (
	"strings"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/plugin/auth"
	"github.com/sluice-gateway/sluice/schema"
)

// Config of the plugin. Exactly one of allow and deny must be given.
type Config struct {
	// Allow lists the groups whose members may pass; everybody else gets a
	// 403. Default: none.
	Allow []string `json:"allow"`
	// Deny lists the groups whose members get a 403; everybody else passes,
	// as long as the caller is known. Default: none.
	Deny []string `json:"deny"`
	// HideGroupsHeader keeps X-Consumer-Groups and X-Authenticated-Groups
	// from the upstream. Default: false.
	HideGroupsHeader bool `json:"hide_groups_header" default:"false" required:"true"`
	// AlwaysUseAuthenticatedGroups prefers the groups that an outside source
	// (LDAP, OpenID Connect) vouched for over those of the consumer, also for
	// a consumer with credentials of its own. Default: false, they count for
	// callers without a consumer and for anonymous ones.
	AlwaysUseAuthenticatedGroups bool `json:"always_use_authenticated_groups" default:"false" required:"true"`
	// IncludeConsumerGroups counts the consumer groups of the caller among
	// its groups. Default: false. Turn it on to use one set of groups for
	// access and for the scope of plugins.
	IncludeConsumerGroups bool `json:"include_consumer_groups" default:"false" required:"true"`
}

// Validate implements schema.Validator. The messages are about the plugin as
// a whole.
func (c *Config) Validate(e *schema.Errors) {
	switch {
	case e.Has("allow") || e.Has("deny"):
	case len(c.Allow) > 0 && len(c.Deny) > 0:
		e.Entity("only one or none of these fields must be set: 'config.allow', 'config.deny'")
	case len(c.Allow) == 0 && len(c.Deny) == 0:
		e.Entity("at least one of these fields must be non-empty: 'config.allow', 'config.deny'")
	}
}

// Definition describes the plugin.
func Definition() plugin.Definition {
	d := plugin.Define("acl", 950, build)
	d.Scope = plugin.Scope{NoConsumer: true, NoConsumerGroup: true}
	return d
}

type acl struct {
	listed         map[string]struct{}
	deny           bool
	hide           bool
	preferOutside  bool
	consumerGroups bool
}

func build(c *Config, _ *plugin.Deps) (plugin.Hooks, error) {
	list := c.Allow
	if len(c.Deny) > 0 {
		list = c.Deny
	}
	a := &acl{
		listed: make(map[string]struct{}, len(list)), deny: len(c.Deny) > 0, hide: c.HideGroupsHeader,
		preferOutside: c.AlwaysUseAuthenticatedGroups, consumerGroups: c.IncludeConsumerGroups,
	}
	for _, g := range list {
		a.listed[g] = struct{}{}
	}
	return plugin.Hooks{Access: a.access}, nil
}

// The denials are shared by all exchanges; nobody changes a fault.
var (
	errUnknown = &fault.Error{Kind: fault.Unauthorized, Message: "Unauthorized", By: "plugin/acl"}
	errRefused = &fault.Error{Kind: fault.Forbidden, Message: "You cannot consume this service", By: "plugin/acl"}
)

func (a *acl) access(ex *flow.Exchange) (*flow.Reply, error) {
	g, err := a.groupsOf(ex)
	if err != nil {
		return nil, err
	}
	if a.lists(g) != a.deny {
		a.tell(ex, g)
		return nil, nil
	}
	return nil, errRefused
}

// groups are the groups that count for a caller.
type groups struct {
	outside  bool // vouched for by an outside source
	names    []string
	consumer []*config.ConsumerGroup // counted too, when configured
}

func (g groups) empty() bool { return len(g.names)+len(g.consumer) == 0 }

// groupsOf decides whose groups count. A caller without any cannot be in the
// list: with allow it is refused here, and told to authenticate if it has not.
func (a *acl) groupsOf(ex *flow.Exchange) (groups, error) {
	refused := errUnknown
	if ex.Credential != nil {
		refused = errRefused
	}
	id := consumerID(ex)
	outside := ex.AuthenticatedGroups != nil && (id == "" || ex.Credential == nil || a.preferOutside)
	switch {
	case outside:
		return groups{outside: true, names: ex.AuthenticatedGroups}, nil
	case id == "":
		return groups{}, refused
	}
	g := groups{names: ex.Dir.ACLGroups(id)}
	if a.consumerGroups {
		g.consumer = ex.Groups
	}
	if g.empty() && !a.deny {
		return groups{}, refused
	}
	return g, nil
}

func consumerID(ex *flow.Exchange) string {
	switch {
	case ex.Consumer != nil:
		return ex.Consumer.ID
	case ex.Credential != nil:
		return ex.Credential.ConsumerID
	}
	return ""
}

func (a *acl) lists(g groups) bool {
	for _, name := range g.names {
		if _, ok := a.listed[name]; ok {
			return true
		}
	}
	for _, c := range g.consumer {
		if _, ok := a.listed[c.Name]; ok {
			return true
		}
	}
	return false
}

// tell puts the groups into the request, all of them and not only those in the
// list. What the caller itself claims never passes.
func (a *acl) tell(ex *flow.Exchange, g groups) {
	h := &ex.Out.Header
	auth.Drop(h, auth.ConsumerGroups)
	auth.Drop(h, auth.AuthenticatedGroups)
	if a.hide {
		return
	}
	name := auth.ConsumerGroups
	if g.outside {
		name = auth.AuthenticatedGroups
	}
	h.Add(name, g.join())
}

func (g groups) join() string {
	if len(g.consumer) == 0 {
		return strings.Join(g.names, ", ")
	}
	var b strings.Builder
	for i, name := range g.names {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(name)
	}
	for _, c := range g.consumer {
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString(c.Name)
	}
	return b.String()
}
