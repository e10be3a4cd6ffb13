package dns

import (
	"context"
	"errors"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/sluice-gateway/sluice/dns/dnstest"
)

func FuzzParse(f *testing.F) {
	const id = 7
	q := dnstest.Query{ID: id, Name: "one.test", Type: dnstest.A}
	srv := dnstest.Query{ID: id, Name: "one.test", Type: dnstest.SRV}
	f.Add(q.Reply(0, dnstest.Addrs("one.test", 60, "10.0.0.1")), uint16(A))
	f.Add(q.Reply(0, []dnstest.RR{dnstest.Alias("one.test", 60, "two.test"), dnstest.Alias("two.test", 60, "one.test")}), uint16(A))
	f.Add(srv.Reply(0, []dnstest.RR{dnstest.Service("one.test", 60, "two.test", 1, 2, 3)}, dnstest.Addrs("two.test", 60, "10.0.0.1", "2001:db8::1")...), uint16(SRV))
	f.Add(q.Reply(dnsmessage.RCodeNameError, nil), uint16(A))
	f.Fuzz(func(t *testing.T, msg []byte, typ uint16) {
		q := question{name: "one.test", typ: Type(typ)}
		rep, err := q.parse(msg, id)
		if err != nil {
			if rep.answers != nil || rep.extra != nil {
				t.Error("an error and a result")
			}
			return
		}
		if len(rep.answers)+len(rep.extra) > len(msg) {
			t.Error("more records than bytes")
		}
		for _, rec := range append(rep.answers, rep.extra...) {
			if rec.ttl > 1<<31-1 || (rec.typ == A && !rec.ip.Is4()) || (rec.typ == AAAA && !rec.ip.Is6()) {
				t.Errorf("record %+v", rec)
			}
		}
		h := hit{}
		_, _ = h.chase(rep.answers, q.name, q.typ)
		if q.typ == SRV && len(h.records) > 0 {
			// A walk that may not ask anything: only what is in the message.
			r := New(Options{})
			defer r.Close()
			w := walk{r: r, ctx: context.Background(), broken: true}
			if f, err := w.services(q.name, hit{records: h.records, extra: rep.extra}); err == nil && len(f.addrs) == 0 {
				t.Error("neither addresses nor an error")
			}
		}
	})
}

func TestQueryReadsBack(t *testing.T) {
	for _, edns := range []bool{true, false} {
		msg, err := question{name: "one.test", typ: SRV}.pack(7, edns)
		if err != nil {
			t.Fatal(err)
		}
		var m dnsmessage.Message
		if err := m.Unpack(msg[2:]); err != nil {
			t.Fatal(err)
		}
		if m.ID != 7 || !m.RecursionDesired || m.Response || len(m.Questions) != 1 || (len(m.Additionals) == 1) != edns {
			t.Errorf("query %v", m.GoString())
		}
		if n := int(msg[0])<<8 | int(msg[1]); n != len(msg)-2 {
			t.Errorf("length %d of %d", n, len(msg)-2)
		}
	}
	if _, err := (question{name: "a..b", typ: A}).pack(1, false); !errors.Is(err, errName) {
		t.Errorf("empty label: %v", err)
	}
}
