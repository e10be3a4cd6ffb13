package wire

import (
	"crypto/tls"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestPipelining: requests that come together are answered one after another.
func TestPipelining(t *testing.T) {
	s := newStage(t)
	l := s.dial(t, s.Addr())
	l.say(t, "GET /1 HTTP/1.1\nHost: a\n\n"+
		"POST /2 HTTP/1.1\nHost: a\nContent-Length: 3\n\nabc"+
		"HEAD /3 HTTP/1.1\nHost: a\n\n"+
		"POST /4 HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n3\nabc\n0\n\n"+
		"GET /pieces HTTP/1.1\nHost: a\n\n"+
		"GET /empty HTTP/1.1\nHost: a\n\n"+
		"POST /locked HTTP/1.1\nHost: a\nContent-Length: 3\n\nabc"+
		"GET /unchanged HTTP/1.1\nHost: a\n\n"+
		"GET /chat HTTP/1.1\nHost: a\n\n"+last)
	all := l.answers(t, "GET", "POST", "HEAD", "POST", "GET", "GET", "POST", "GET", "GET", "GET")
	want := []struct {
		status int
		body   string
	}{
		{200, "GET /1"},
		{200, "POST /2 abc"},
		{200, ""},
		{200, "POST /4 abc"},
		{200, "GET /pieces"},
		{204, ""},
		{401, "No API key found in request"},
		{304, ""},
		{400, "valid prompts"},
		{200, "GET /last"},
	}
	if len(all) != len(want) {
		t.Fatalf("%d answers: %s", len(all), show(all))
	}
	for i, a := range all {
		if a.StatusCode != want[i].status || !strings.Contains(a.body, want[i].body) || want[i].body == "" && a.body != "" {
			t.Errorf("answer %d is %d %q, want %d %q", i+1, a.StatusCode, a.body, want[i].status, want[i].body)
		}
	}
	seen := []string{"GET /1", "POST /2 abc", "HEAD /3", "POST /4 abc", "GET /pieces", "GET /empty", "GET /unchanged", "GET /last"}
	if got := s.take(); !slices.Equal(got, seen) {
		t.Errorf("the upstream saw %q, want %q", got, seen)
	}
}

// TestEmptyBodies: HEAD, 204 and 304 have none, whatever their fields say.
func TestEmptyBodies(t *testing.T) {
	s := newStage(t)
	for _, text := range []string{
		"HEAD /a HTTP/1.1\nHost: a\n\n", "HEAD /pieces HTTP/1.1\nHost: a\n\n", "HEAD /locked HTTP/1.1\nHost: a\n\n",
		"HEAD /empty HTTP/1.1\nHost: a\n\n", "GET /empty HTTP/1.1\nHost: a\n\n", "GET /unchanged HTTP/1.1\nHost: a\n\n",
	} {
		a := s.check(t, text, false, 200, 204, 304, 401)
		if a.body != "" || a.Header.Get("Transfer-Encoding") != "" {
			t.Errorf("%q: %q, %v", text, a.body, a.Header)
		}
	}
}

// TestOldCallers: HTTP/1.0 ends with the answer unless both sides say
// otherwise, and knows no chunks.
func TestOldCallers(t *testing.T) {
	s := newStage(t)
	for name, tt := range map[string]struct {
		text   string
		closes bool
		want   string
	}{
		"usual":                     {"GET /a HTTP/1.0\nHost: a\n\n", true, "GET /a"},
		"kept":                      {"GET /a HTTP/1.0\nHost: a\nConnection: keep-alive\n\n", false, "GET /a"},
		"kept, in capitals":         {"GET /a HTTP/1.0\nHost: a\nConnection: Keep-Alive\n\n", false, "GET /a"},
		"kept, with a body":         {"POST /a HTTP/1.0\nHost: a\nConnection: keep-alive\nContent-Length: 3\n\nabc", false, "POST /a abc"},
		"kept, of unknown length":   {"GET /pieces HTTP/1.0\nHost: a\nConnection: keep-alive\n\n", true, "GET /pieces"},
		"of unknown length":         {"GET /pieces HTTP/1.0\nHost: a\n\n", true, "GET /pieces"},
		"closed":                    {"GET /a HTTP/1.0\nHost: a\nConnection: close\n\n", true, "GET /a"},
		"a later one, closed":       {"GET /a HTTP/1.1\nHost: a\nConnection: close\n\n", true, "GET /a"},
		"a later one, CLOSE":        {"GET /a HTTP/1.1\nHost: a\nConnection: CLOSE\n\n", true, "GET /a"},
		"a later one, closed, more": {"GET /a HTTP/1.1\nHost: a\nConnection: x-a, close\n\n", true, "GET /a"},
		"a later one, kept":         {"GET /a HTTP/1.1\nHost: a\nConnection: keep-alive\n\n", false, "GET /a"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.check(t, tt.text, tt.closes, 200)
			if a.body != tt.want {
				t.Errorf("got %q, want %q", a.body, tt.want)
			}
			old := strings.Contains(tt.text, "HTTP/1.0")
			if old && a.TransferEncoding != nil {
				t.Error("chunks to a caller of HTTP/1.0")
			}
			if kept := strings.EqualFold(a.Header.Get("Connection"), "keep-alive"); old && kept == tt.closes {
				t.Errorf("the answer says Connection: %q", a.Header.Get("Connection"))
			}
			if !old && tt.closes && !a.Close {
				t.Error("the answer does not say that it is the last")
			}
		})
	}
}

// TestUnreadBodies: a body that nobody wants is never taken for a request. The
// connection may end with the answer, or go on behind the body.
func TestUnreadBodies(t *testing.T) {
	s := newStage(t)
	const inside = "GET /smuggled HTTP/1.1\nHost: a\n\n"
	for name, text := range map[string]string{
		"a length":         "POST /locked HTTP/1.1\nHost: a\nContent-Length: 35\n\n" + inside,
		"chunks":           "POST /locked HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n23\n" + inside + "\n0\n\n",
		"much":             "POST /locked HTTP/1.1\nHost: a\nContent-Length: 1000035\n\n" + strings.Repeat("x", 1000000) + inside,
		"for no route":     "POST http://shop.example/a HTTP/1.1\nHost: shop.example\nContent-Length: 35\n\n" + inside,
		"for a bad prompt": "POST /chat HTTP/1.1\nHost: a\nContent-Type: application/json\nContent-Length: 35\n\n" + inside,
		"for a trace":      "TRACE /a HTTP/1.1\nHost: a\nContent-Length: 35\n\n" + inside,
		"for everything":   "OPTIONS * HTTP/1.1\nHost: a\nContent-Length: 35\n\n" + inside,
	} {
		t.Run(name, func(t *testing.T) {
			l := s.dial(t, s.Addr())
			if n := strings.Count(inside, "\n") + len(inside); n != 35 {
				t.Fatalf("%d bytes are inside", n)
			}
			_, _ = l.Write(wire(text + last)) // the server may end the connection before it has all
			all := l.answers(t, strings.Fields(text)[0])
			if len(all) == 0 || len(all) > 2 || len(all) == 2 && all[1].body != "GET /last" {
				t.Errorf("%s", show(all))
			}
			for _, saw := range s.take() {
				if strings.HasPrefix(saw, "GET /smuggled") {
					t.Errorf("the upstream saw %q", saw)
				}
			}
		})
	}
}

// TestExpect: a caller who asks first is told to go on only when somebody
// wants the body, and exactly once.
func TestExpect(t *testing.T) {
	s := newStage(t)
	const asks = "Host: a\nContent-Length: 3\nExpect: 100-continue\n"

	l := s.dial(t, s.Addr())
	l.say(t, "POST /a HTTP/1.1\n"+asks+"\n")
	if a, err := l.answer("POST"); err != nil || a.StatusCode != 100 {
		t.Fatalf("got %v, %v", a, err)
	}
	l.say(t, "abc")
	if a, err := l.answer("POST"); err != nil || a.StatusCode != 200 || a.body != "POST /a abc" {
		t.Fatalf("got %v, %v", a, err)
	}

	// The expectation is in any case, and the body may be on its way already.
	l.say(t, "POST /a HTTP/1.1\nHost: a\nContent-Length: 3\nExpect: 100-Continue\n\nabc"+last)
	all := l.answers(t, "POST", "POST")
	if len(all) > 0 && all[0].StatusCode == 100 {
		all = all[1:]
	}
	if len(all) != 2 || all[0].body != "POST /a abc" || all[1].body != "GET /last" {
		t.Errorf("%s", show(all))
	}

	// Without a key nobody wants the body, and none is sent.
	l = s.dial(t, s.Addr())
	l.say(t, "POST /locked HTTP/1.1\n"+asks+"\n")
	if a, err := l.answer("POST"); err != nil || a.StatusCode != 401 || !strings.Contains(a.body, "No API key") {
		t.Errorf("got %v, %v", a, err)
	}

	// A caller of HTTP/1.0 would not understand.
	s.check(t, "POST /a HTTP/1.0\nConnection: keep-alive\n"+asks+"\nabc", false, 200)

	// What else may be expected is nobody's.
	s.check(t, "GET /a HTTP/1.1\nHost: a\nExpect: the-best\n\n", false, 200, 417)
}

// TestUpgrades: nobody is upgraded to what the gateway does not speak.
func TestUpgrades(t *testing.T) {
	s := newStage(t)
	for _, to := range []string{"h2c", "HTTP/2.0", "TLS/1.2", "frob"} {
		text := "GET /a HTTP/1.1\nHost: a\nConnection: Upgrade, HTTP2-Settings\nUpgrade: " + to + "\nHTTP2-Settings: AAMAAABkAAQAAP__\n\n"
		if a := s.check(t, text, false, 200); a.body != "GET /a" {
			t.Errorf("%s: the upstream saw %q", to, a.body)
		}
	}
}

// TestOtherProtocols: who speaks TLS to a plain port, or the other way round,
// is not served.
func TestOtherProtocols(t *testing.T) {
	s := newStage(t)
	c, err := tls.Dial("tcp", s.Addr(), &tls.Config{InsecureSkipVerify: true})
	if err == nil {
		c.Close()
		t.Error("TLS on a plain port")
	}
	l := s.dial(t, s.TLSAddr())
	l.say(t, "GET /a HTTP/1.1\nHost: a\n\n")
	for _, a := range l.answers(t, http.MethodGet) {
		if a.StatusCode != 400 {
			t.Errorf("plain HTTP on a TLS port: %s", a.Status)
		}
	}
	for _, saw := range s.take() {
		t.Errorf("the upstream saw %q", saw)
	}
}
