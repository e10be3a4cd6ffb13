package dns

import (
	"errors"
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// udpSize is how large an answer over UDP we say to accept: what passes
// nearly every path without fragments.
const udpSize = 1232

// question is one query.
type question struct {
	name string // lower case, without the final dot
	typ  Type
}

// record is a resource record that is of use.
type record struct {
	name   string
	typ    Type
	ttl    uint32
	ip     netip.Addr // A, AAAA
	target string     // CNAME, SRV
	srv    dnsmessage.SRVResource
}

// reply is a response that belongs to its question.
type reply struct {
	rcode     dnsmessage.RCode
	truncated bool
	answers   []record
	extra     []record // the additional section
}

// The ways in which bytes are no answer.
var (
	errNotOurs = errors.New("response does not belong to the question")
	errName    = errors.New("not a valid name")
)

// pack writes a query. The first two bytes are for a length, as TCP wants it.
func (q question) pack(id uint16, edns bool) ([]byte, error) {
	name, err := dnsmessage.NewName(q.name + ".")
	if err != nil {
		return nil, errName
	}
	b := dnsmessage.NewBuilder(make([]byte, 2, 2+udpSize), dnsmessage.Header{ID: id, RecursionDesired: true})
	b.EnableCompression()
	err = errors.Join(b.StartQuestions(), b.Question(dnsmessage.Question{
		Name: name, Type: dnsmessage.Type(q.typ), Class: dnsmessage.ClassINET,
	}))
	if edns && err == nil {
		var h dnsmessage.ResourceHeader
		err = errors.Join(b.StartAdditionals(), h.SetEDNS0(udpSize, dnsmessage.RCodeSuccess, false),
			b.OPTResource(h, dnsmessage.OPTResource{}))
	}
	if err != nil {
		return nil, errName
	}
	msg, err := b.Finish()
	if err != nil {
		return nil, errName
	}
	n := len(msg) - 2
	msg[0], msg[1] = byte(n>>8), byte(n)
	return msg, nil
}

// parse reads a response. errNotOurs means that it answers something else and
// the right one may still come; any other error is a broken answer.
func (q question) parse(msg []byte, id uint16) (reply, error) {
	var p dnsmessage.Parser
	h, err := p.Start(msg)
	if err != nil || h.ID != id || !h.Response || h.OpCode != 0 {
		return reply{}, errNotOurs
	}
	rep := reply{rcode: h.RCode, truncated: h.Truncated}
	got, err := p.AllQuestions()
	if err != nil {
		return reply{}, errNotOurs
	}
	if len(got) == 0 && refused(h.RCode) {
		return rep, nil
	}
	if len(got) != 1 || !q.asked(got[0]) {
		return reply{}, errNotOurs
	}
	if h.Truncated {
		return rep, nil
	}
	if rep.answers, err = records(&p, p.AnswerHeader, p.SkipAnswer); err != nil {
		return reply{}, err
	}
	if err = p.SkipAllAuthorities(); err != nil {
		return reply{}, err
	}
	rep.extra, err = records(&p, p.AdditionalHeader, p.SkipAdditional)
	if err != nil {
		return reply{}, err
	}
	return rep, nil
}

// refused tells whether a server may have left out the question because it
// did not understand it.
func refused(c dnsmessage.RCode) bool {
	return c == dnsmessage.RCodeFormatError || c == dnsmessage.RCodeNotImplemented
}

func (q question) asked(got dnsmessage.Question) bool {
	return Type(got.Type) == q.typ && got.Class == dnsmessage.ClassINET && nameOf(got.Name) == q.name
}

// nameOf is the form in which names are compared.
func nameOf(n dnsmessage.Name) string {
	return strings.ToLower(strings.TrimSuffix(n.String(), "."))
}

// records collects a section; what is of no use is passed over.
func records(p *dnsmessage.Parser, next func() (dnsmessage.ResourceHeader, error), skip func() error) ([]record, error) {
	var out []record
	for {
		h, err := next()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		rec, ok := record{name: nameOf(h.Name), typ: Type(h.Type), ttl: h.TTL}, false
		if h.Class == dnsmessage.ClassINET {
			ok, err = rec.fill(p)
		}
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, rec)
		} else if err = skip(); err != nil {
			return nil, err
		}
	}
}

// fill reads the record's data; false means that nothing was read.
func (r *record) fill(p *dnsmessage.Parser) (bool, error) {
	if r.ttl > 1<<31-1 {
		r.ttl = 0 // RFC 2181, 8
	}
	switch r.typ {
	case A:
		a, err := p.AResource()
		r.ip = netip.AddrFrom4(a.A)
		return true, err
	case AAAA:
		a, err := p.AAAAResource()
		r.ip = netip.AddrFrom16(a.AAAA)
		return true, err
	case CNAME:
		c, err := p.CNAMEResource()
		r.target = nameOf(c.CNAME)
		return true, err
	case last:
		return false, nil
	case SRV:
		s, err := p.SRVResource()
		r.srv, r.target = s, nameOf(s.Target)
		return true, err
	}
	return false, nil
}
