package engine

import (
	"testing"
	"time"
)

func TestDirectory(t *testing.T) {
	f := newFixture(t)
	defer f.Close()
	f.apply(t, `
_format_version: "3.0"
consumer_groups: [{name: zeta}, {name: alpha}, {name: mid}]
consumer_group_consumers: [{consumer: ann, consumer_group: zeta}, {consumer: ann, consumer_group: alpha}]
consumers:
- username: ann
  custom_id: a-1
  keyauth_credentials: [{key: ann-key}, {key: short, ttl: 10, created_at: `+"1767323045"+`}, {key: forever, ttl: 0}, {key: '{vault://env/known-key}'}, {key: '{vault://env/lost-key}'}]
  acls: [{group: gold}, {group: admin}]
- username: bob
`)
	d := f.Current().directory
	ann := d.Consumer("ann")
	if ann == nil || d.Consumer(ann.ID) != ann || d.Consumer("nobody") != nil || d.Consumer("") != nil {
		t.Fatalf("ann is %+v", ann)
	}
	var names []string
	for _, g := range d.ConsumerGroups(ann.ID) {
		names = append(names, g.Name)
	}
	if len(names) != 2 || names[0] != "alpha" || names[1] != "zeta" {
		t.Errorf("groups %q", names)
	}
	if got := d.ACLGroups(ann.ID); len(got) != 2 || len(d.ACLGroups(d.Consumer("bob").ID)) != 0 {
		t.Errorf("acl groups %q", got)
	}
	for key, want := range map[string]bool{
		"ann-key": true, "short": true, "forever": true, "secret of KNOWN_KEY": true, "": false, "ANN-KEY": false,
		"{vault://env/known-key}": false, "{vault://env/lost-key}": false,
	} {
		if got := d.KeyAuth(key); (got != nil) != want {
			t.Errorf("key %q: got %+v", key, got)
		}
	}
	for _, tt := range []struct {
		after time.Duration
		want  bool
	}{{9 * time.Second, true}, {time.Second, false}, {time.Hour, false}} {
		f.clock.Advance(tt.after)
		if got := d.KeyAuth("short") != nil; got != tt.want || d.KeyAuth("forever") == nil {
			t.Errorf("after another %v: %t", tt.after, got)
		}
	}
}

func TestEmptyDirectory(t *testing.T) {
	d := newDirectory(nil, nil, nil)
	if d.Consumer("x") != nil || d.KeyAuth("x") != nil || d.ACLGroups("x") != nil || d.ConsumerGroups("x") != nil {
		t.Error("it knows somebody")
	}
}
