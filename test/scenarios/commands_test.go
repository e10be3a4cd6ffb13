package scenarios

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/dns/dnstest"
	"github.com/sluice-gateway/sluice/test/harness"
)

type command = func(ts *testscript.TestScript, neg bool, args []string)

// commands are the words of the scenarios; README.md explains them.
var commands = map[string]command{
	"gateway": gateway, "reload": reload, "shutdown": shutdown, "advance": advance, "metric": metric, "said": said,
	"counted": counted, "tokens": tokens,
	"upstream": upstream, "received": received, "await": await, "release": release, "certs": certs, "dns": dns, "variable": variable, "account": account,
	"call": call, "stream": stream, "answer": answer, "resume": resume, "hangup": hangup, "load": loadCommand,
	"status": status, "header": headerCommand, "trailer": trailerCommand, "body": body, "event": event,
	"dial": dial, "say": say, "hear": hear, "log": logCommand, "allocated": allocated,
}

// flags takes leading -flags off the arguments. Those named in valued are
// followed by a value.
func flags(args []string, valued ...string) (map[string]string, []string) {
	got := map[string]string{}
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		name := args[0][1:]
		got[name], args = "yes", args[1:]
		if slices.Contains(valued, name) && len(args) > 0 {
			got[name], args = args[0], args[1:]
		}
	}
	return got, args
}

func sortedByLength(m map[string]string) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return names
}

// gateway [-clock] [-patience DURATION] FILE [key=value…] starts the gateway.
func gateway(ts *testscript.TestScript, neg bool, args []string) {
	s := on(ts)
	f, args := flags(args, "patience")
	o := harness.GatewayOptions{Dir: s.dir, Config: s.read(ts, args[0]), Conf: args[1:], Env: s.vars}
	if s.dns != nil {
		o.Conf = append(o.Conf, "dns_resolver = "+s.dns.Addr)
	}
	if f["patience"] != "" {
		var err error
		o.Patience, err = time.ParseDuration(f["patience"])
		ts.Check(err)
	}
	if f["clock"] != "" {
		s.clock = clock.NewManual(time.Now())
		o.Clock = s.clock
	}
	g, err := harness.Start(o)
	if neg {
		expect(ts, true, err == nil, "the gateway started")
		return
	}
	ts.Check(err)
	s.gateway = g
	s.caller = harness.Caller{Plain: g.Addr(), Secure: g.TLSAddr(), Authority: s.authority}
	s.set(ts, "PROXY", g.Addr())
	s.set(ts, "PROXYS", g.TLSAddr())
}

// reload FILE gives the gateway another configuration.
func reload(ts *testscript.TestScript, neg bool, args []string) {
	s := on(ts)
	err := s.gateway.Reload(s.read(ts, args[0]))
	expect(ts, neg, err == nil, "reload: %v", err)
	for _, re := range args[1:] {
		expect(ts, false, regexp.MustCompile(re).MatchString(err.Error()), "the error is %v", err)
	}
}

// shutdown begins a graceful stop and waits until new connections are refused;
// shutdown -done waits for its end.
func shutdown(ts *testscript.TestScript, _ bool, args []string) {
	s := on(ts)
	f, _ := flags(args)
	s.gateway.Stop()
	if f["done"] != "" {
		ts.Check(s.gateway.Wait())
		return
	}
	s.check(ts, harness.Refused(s.gateway.Addr()))
}

// advance DURATION moves the clock of gateway -clock.
func advance(ts *testscript.TestScript, _ bool, args []string) {
	s := on(ts)
	s.need(ts, s.clock != nil, "gateway -clock")
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	s.clock.Advance(d)
}

// metric REGEX… holds whole lines of the metrics page against expressions.
func metric(ts *testscript.TestScript, neg bool, args []string) {
	s := on(ts)
	if s.entry == nil && !neg {
		ts.Logf("metric before log: the counting may not have ended")
	}
	page, err := s.gateway.Metrics()
	ts.Check(err)
	for _, re := range args {
		found := regexp.MustCompile("(?m)^" + re + "$").MatchString(page)
		expect(ts, neg, found, "no line %s among\n%s", re, interesting(page))
	}
}

// counted CODE SOURCE N waits until N answers with a status and a source
// (service or kong) have been counted since the gateway began, over all routes.
func counted(ts *testscript.TestScript, _ bool, args []string) {
	usage(ts, len(args) == 3, "counted CODE SOURCE N")
	on(ts).sum(ts, args[2], "kong_http_requests_total", `code="`+args[0]+`",source="`+args[1]+`"`)
}

// tokens KIND N… waits until N tokens of a kind (prompt, completion, total)
// have been counted since the gateway began, over all models.
func tokens(ts *testscript.TestScript, _ bool, args []string) {
	usage(ts, len(args) > 0 && len(args)%2 == 0, "tokens KIND N…")
	for i := 0; i < len(args); i += 2 {
		on(ts).sum(ts, args[i+1], "kong_ai_llm_tokens_total", `token_type="`+args[i]+`_tokens"`)
	}
}

// sum waits until the lines of a metric with some labels add up to want.
func (s *story) sum(ts *testscript.TestScript, want, name, labels string) {
	n, err := strconv.ParseFloat(want, 64)
	ts.Check(err)
	page := ""
	err = harness.Again(func() (bool, error) {
		var err error
		if page, err = s.gateway.Metrics(); err != nil {
			return false, err
		}
		got := 0.0
		for l := range strings.Lines(page) {
			if strings.HasPrefix(l, name+"{") && strings.Contains(l, labels) {
				v, err := strconv.ParseFloat(strings.TrimSpace(l[strings.LastIndexByte(l, ' ')+1:]), 64)
				if err != nil {
					return false, err
				}
				got += v
			}
		}
		if got > n {
			return false, fmt.Errorf("%v instead of %v", got, n)
		}
		return got == n, nil
	})
	if err != nil {
		s.check(ts, fmt.Errorf("%s{%s}: %w, want %s among\n%s", name, labels, err, want, interesting(page)))
	}
}

func interesting(page string) string {
	var out []string
	for l := range strings.Lines(page) {
		if !strings.HasPrefix(l, "#") && !strings.Contains(l, "_bucket") && !strings.HasPrefix(l, "kong_memory") {
			out = append(out, l)
		}
	}
	return strings.Join(out, "")
}

// said REGEX waits for a line of the gateway's own log.
func said(ts *testscript.TestScript, neg bool, args []string) {
	s := on(ts)
	for _, a := range args {
		re := regexp.MustCompile(a)
		if neg {
			expect(ts, true, re.MatchString(s.gateway.Journal()), "%s", s.gateway.Journal())
			continue
		}
		s.check(ts, s.gateway.Logged(re))
	}
}

// upstream [-cert NAME [-mtls]] [-h2] [-refuse] [-full] NAME FILE… starts a
// server and sets $NAME to its address and $NAME_PORT to its port. -refuse:
// nobody listens there; -full: whoever connects gets no answer at all.
func upstream(ts *testscript.TestScript, _ bool, args []string) {
	s := on(ts)
	f, args := flags(args, "cert")
	name := args[0]
	if f["refuse"] != "" {
		s.address(ts, name, refusing(ts))
		return
	}
	if f["full"] != "" {
		l, err := harness.NewFull()
		ts.Check(err)
		ts.Defer(l.Close)
		s.address(ts, name, l.Addr())
		return
	}
	o := harness.UpstreamOptions{HTTP2: f["h2"] != ""}
	if f["cert"] != "" {
		o.TLS = &tls.Config{Certificates: []tls.Certificate{s.pairs[f["cert"]].TLS}, MinVersion: tls.VersionTLS12}
		if f["mtls"] != "" {
			o.TLS.ClientAuth, o.TLS.ClientCAs = tls.RequireAndVerifyClientCert, s.authority.Pool()
		}
	}
	var answers []*harness.Answer
	for _, file := range args[1:] {
		a, err := harness.ParseAnswer(file, s.read(ts, file))
		ts.Check(err)
		answers = append(answers, a)
	}
	u, err := harness.NewUpstream(o, answers...)
	ts.Check(err)
	s.upstreams[name] = u
	s.address(ts, name, u.Addr())
}

func (s *story) address(ts *testscript.TestScript, name, addr string) {
	_, port, err := net.SplitHostPort(addr)
	ts.Check(err)
	s.set(ts, strings.ToUpper(name), addr)
	s.set(ts, strings.ToUpper(name)+"_PORT", port)
}

// refusing is an address that is taken, and where nobody listens.
func refusing(ts *testscript.TestScript) string {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	ts.Check(err)
	ts.Defer(func() { _ = syscall.Close(fd) })
	ts.Check(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	at, err := syscall.Getsockname(fd)
	ts.Check(err)
	return "127.0.0.1:" + strconv.Itoa(at.(*syscall.SockaddrInet4).Port)
}

// received [-at N] [-count N] [-conns N] NAME REGEX… looks at the last request
// that an upstream received (or at number N, from 1).
func received(ts *testscript.TestScript, neg bool, args []string) {
	s := on(ts)
	f, args := flags(args, "at", "count", "conns")
	u := s.upstreams[args[0]]
	at, _ := strconv.Atoi(f["at"])
	count, _ := strconv.Atoi(f["count"])
	if whole := len(args) > 1; whole || count > 0 {
		s.check(ts, u.Await(max(at, count, 1), whole))
	}
	all, conns := u.Requests()
	if f["count"] != "" {
		expect(ts, neg, f["count"] == strconv.Itoa(len(all)), "%d requests were received", len(all))
	}
	if f["conns"] != "" {
		expect(ts, neg, f["conns"] == strconv.Itoa(conns), "there were %d connections", conns)
	}
	if at == 0 {
		at = len(all)
	}
	for _, re := range args[1:] {
		found := regexp.MustCompile("(?m)" + re).MatchString(all[at-1].Text)
		expect(ts, neg, found, "%s does not fit what %s received:\n%s", re, args[0], all[at-1].Text)
	}
}

// await NAME request|gone|broken [N] waits for a request's head, or for the end
// of the connection that the last request came on; broken wants that request's
// body not to have come to its end.
func await(ts *testscript.TestScript, _ bool, args []string) {
	s := on(ts)
	u := s.upstreams[args[0]]
	switch args[1] {
	case "request":
		n := 1
		if len(args) > 2 {
			n, _ = strconv.Atoi(args[2])
		}
		s.check(ts, u.Await(n, false))
	case "gone":
		s.check(ts, u.AwaitGone())
	case "broken":
		s.check(ts, u.AwaitGone())
		all, _ := u.Requests()
		expect(ts, false, !all[len(all)-1].Whole, "%s received a whole request:\n%s", args[0], all[len(all)-1].Text)
	default:
		ts.Fatalf("await %s?", args[1])
	}
}

// release NAME GATE lets an upstream go on that waits at a gate.
func release(ts *testscript.TestScript, _ bool, args []string) {
	on(ts).upstreams[args[0]].Release(args[1])
}

// certs NAME HOST… issues a certificate. $NAME_CERT, $NAME_KEY and $CA are
// PEM for a double-quoted YAML string; ca.pem is the authority's file.
func certs(ts *testscript.TestScript, _ bool, args []string) {
	s := on(ts)
	if s.authority == nil {
		a, err := harness.NewAuthority()
		ts.Check(err)
		s.authority = a
		s.caller.Authority = a
		s.set(ts, "CA", oneLine(a.PEM))
	}
	p, err := s.authority.Issue(args[1:]...)
	ts.Check(err)
	s.pairs[args[0]] = p
	s.set(ts, strings.ToUpper(args[0])+"_CERT", oneLine(p.Cert))
	s.set(ts, strings.ToUpper(args[0])+"_KEY", oneLine(p.Key))
}

func oneLine(pem string) string { return strings.ReplaceAll(pem, "\n", `\n`) }

// dns NAME [IP…] starts a name server, before the gateway, that knows names;
// without an address the name does not exist.
func dns(ts *testscript.TestScript, _ bool, args []string) {
	s := on(ts)
	if s.dns == nil {
		s.dns = dnstest.New(s.tb)
	}
	if len(args) == 1 {
		s.dns.Fail(args[0], dnsmessage.TypeA, dnsmessage.RCodeNameError)
		return
	}
	s.dns.Set(args[0], dnsmessage.TypeA, dnstest.Addrs(args[0], 60, args[1:]...)...)
}

// variable NAME VALUE sets a variable of the gateway's environment, before the
// gateway; $NAME in the value is replaced where it is known.
func variable(ts *testscript.TestScript, _ bool, args []string) {
	usage(ts, len(args) == 2, "variable NAME VALUE")
	on(ts).set(ts, args[0], args[1])
}

// account NAME EMAIL makes the key file of a Google service account: $NAME, on
// one line, for a single-quoted YAML string.
func account(ts *testscript.TestScript, _ bool, args []string) {
	usage(ts, len(args) == 2, "account NAME EMAIL")
	text, err := harness.ServiceAccount(args[1])
	ts.Check(err)
	on(ts).set(ts, args[0], text)
}

// allocated BYTES fails if the process took more memory since the last call
// began.
func allocated(ts *testscript.TestScript, _ bool, args []string) {
	limit, err := strconv.ParseUint(args[0], 10, 64)
	ts.Check(err)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if n := m.TotalAlloc - on(ts).allocated; n > limit {
		ts.Fatalf("%d bytes were allocated, allowed are %d", n, limit)
	}
}

func usage(ts *testscript.TestScript, ok bool, text string) {
	if !ok {
		ts.Fatalf("usage: %s", text)
	}
}

func matches(re, s string) bool { return regexp.MustCompile("(?m)" + re).MatchString(s) }

func quoted(s string) string {
	if len(s) > 2000 {
		return fmt.Sprintf("%.2000q…", s)
	}
	return s
}
