package engine

import (
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/config"
)

// directory answers who is who in one configuration. Keys are looked up by
// their hash, so that how long it takes says nothing about them.
type directory struct {
	clock     clock.Clock
	consumers map[string]*config.Consumer // by id and by username
	groups    map[string][]*config.ConsumerGroup
	keys      map[[sha256.Size]byte]*config.KeyAuthCredential
	acls      map[string][]string
}

func newDirectory(doc *config.Document, resolve func(ref string) (string, error), c clock.Clock) *directory {
	d := &directory{clock: c}
	if doc == nil {
		return d
	}
	d.addConsumers(doc)
	d.keys = make(map[[sha256.Size]byte]*config.KeyAuthCredential, len(doc.KeyAuthCredentials))
	for _, k := range doc.KeyAuthCredentials {
		key := k.Key.Reveal()
		if strings.HasPrefix(key, "{vault://") {
			key, _ = resolve(key) // loading has warned of those that are no use
		}
		if key != "" {
			d.keys[sha256.Sum256([]byte(key))] = k
		}
	}
	d.acls = map[string][]string{}
	for _, a := range doc.ACLs {
		d.acls[a.Consumer.ID] = append(d.acls[a.Consumer.ID], a.Group)
	}
	return d
}

func (d *directory) addConsumers(doc *config.Document) {
	d.consumers = make(map[string]*config.Consumer, 2*len(doc.Consumers))
	for _, c := range doc.Consumers {
		if c.Username != "" {
			d.consumers[c.Username] = c
		}
	}
	for _, c := range doc.Consumers {
		d.consumers[c.ID] = c
	}
	byID := map[string]*config.ConsumerGroup{}
	for _, g := range doc.ConsumerGroups {
		byID[g.ID] = g
	}
	d.groups = map[string][]*config.ConsumerGroup{}
	for _, m := range doc.ConsumerGroupMembers {
		if g := byID[m.ConsumerGroup.ID]; g != nil {
			d.groups[m.Consumer.ID] = append(d.groups[m.Consumer.ID], g)
		}
	}
	for _, list := range d.groups {
		slices.SortFunc(list, func(a, b *config.ConsumerGroup) int { return strings.Compare(a.Name, b.Name) })
	}
}

func (d *directory) Consumer(idOrName string) *config.Consumer { return d.consumers[idOrName] }

func (d *directory) ConsumerGroups(consumerID string) []*config.ConsumerGroup {
	return d.groups[consumerID]
}

func (d *directory) KeyAuth(key string) *config.KeyAuthCredential {
	k := d.keys[sha256.Sum256([]byte(key))]
	if k == nil || k.TTL == nil || *k.TTL == 0 {
		return k
	}
	ends := time.Unix(int64(k.CreatedAt), 0).Add(time.Duration(*k.TTL) * time.Second)
	if !d.clock.Now().Before(ends) {
		return nil
	}
	return k
}

func (d *directory) ACLGroups(consumerID string) []string { return d.acls[consumerID] }
