package listen

import (
	"reflect"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/header"
)

func TestParseAddresses(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want []Address
		err  string
	}{
		{"off", nil, ""},
		{" off ", nil, ""},
		{"", nil, ""},
		{"0.0.0.0:8000", []Address{{Host: "0.0.0.0", Port: 8000}}, ""},
		{"0.0.0.0:8000 reuseport backlog=16384, [::]:8443 http2 ssl reuseport", []Address{{Host: "0.0.0.0", Port: 8000}, {Host: "::", Port: 8443, TLS: true, HTTP2: true}}, ""},
		{"a:1 deferred bind so_keepalive=on ipv6only=on,", []Address{{Host: "a", Port: 1}}, ""},
		{"[::]:1 ipv6only=off", []Address{{Host: "::", Port: 1, BothFamilies: true}}, ""},
		{":0", []Address{{}}, ""},
		{"8000", nil, `proxy_listen: "8000": must be host:port followed by flags`},
		{"a:x", nil, "must be a number from 0 to 65535"},
		{"a:65536", nil, "must be a number from 0 to 65535"},
		{"a:-1", nil, "must be a number from 0 to 65535"},
		{"a:1 proxy_protocol", nil, `flag "proxy_protocol" is not supported`},
		{"a:1, b:2 sll", nil, `"b:2 sll": flag "sll" is not supported`},
	} {
		got, err := ParseAddresses("proxy_listen", tt.in)
		for i := range got {
			got[i].ReusePort = false
		}
		if !reflect.DeepEqual(got, tt.want) || (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%q: got %+v, %v", tt.in, got, err)
		}
	}
}

func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{"localhost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "0.0.0.0": false, "::": false, "": false, "10.0.0.1": false, "example.com": false} {
		a := Address{Host: host, Port: 1}
		if got := a.Loopback(); got != want {
			t.Errorf("%q: got %t", host, got)
		}
	}
	if got := (Address{Host: "::1", Port: 80}).String(); got != "[::1]:80" {
		t.Errorf("got %s", got)
	}
}

// TestTrust: who is believed about the address of a caller.
func TestTrust(t *testing.T) {
	const xff = "X-Forwarded-For"
	for _, tt := range []struct {
		name      string
		trusted   []string
		header    string
		recursive bool
		peer      string
		fields    []string
		want      string
		believed  bool
	}{
		{"nobody", nil, "X-Real-IP", false, "10.0.0.1", []string{"1.1.1.1"}, "10.0.0.1", false},
		{"another", []string{"10.0.0.2"}, "X-Real-IP", false, "10.0.0.1", []string{"1.1.1.1"}, "10.0.0.1", false},
		{"by address", []string{"10.0.0.1"}, "X-Real-IP", false, "10.0.0.1", []string{"1.1.1.1"}, "1.1.1.1", true},
		{"by network", []string{"10.0.0.0/8"}, "X-Real-IP", false, "10.0.0.1", []string{"1.1.1.1"}, "1.1.1.1", true},
		{"everybody", []string{"0.0.0.0/0", "::/0"}, "X-Real-IP", false, "2001:db8::1", []string{"2001:db8::2"}, "2001:db8::2", true},
		{"IPv4 in IPv6", []string{"10.0.0.0/8"}, "X-Real-IP", false, "::ffff:10.0.0.1", []string{"1.1.1.1"}, "1.1.1.1", true},
		{"says nothing", []string{"10.0.0.1"}, "X-Real-IP", false, "10.0.0.1", nil, "10.0.0.1", true},
		{"says nonsense", []string{"10.0.0.1"}, "X-Real-IP", false, "10.0.0.1", []string{"nonsense"}, "10.0.0.1", true},
		{"the last", []string{"10.0.0.0/8"}, xff, false, "10.0.0.1", []string{"1.1.1.1, 10.0.0.2"}, "10.0.0.2", true},
		{"the last not trusted", []string{"10.0.0.0/8"}, xff, true, "10.0.0.1", []string{"9.9.9.9, 1.1.1.1 , 10.0.0.2"}, "1.1.1.1", true},
		{"over several fields", []string{"10.0.0.0/8"}, xff, true, "10.0.0.1", []string{"9.9.9.9, 1.1.1.1", "10.0.0.2, 10.0.0.3"}, "1.1.1.1", true},
		{"all are trusted", []string{"10.0.0.0/8"}, xff, true, "10.0.0.1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3", true},
		{"nonsense among them", []string{"10.0.0.0/8"}, xff, true, "10.0.0.1", []string{"1.1.1.1, nonsense, 10.0.0.2"}, "10.0.0.2", true},
		{"in brackets", []string{"10.0.0.0/8"}, xff, false, "10.0.0.1", []string{"[2001:db8::2]"}, "2001:db8::2", true},
		{"another header", []string{"10.0.0.0/8"}, "X-Client", false, "10.0.0.1", []string{"1.1.1.1"}, "1.1.1.1", true},
	} {
		trust, err := NewTrust(tt.trusted, tt.header, tt.recursive)
		if err != nil {
			t.Fatal(err)
		}
		in := &flow.Request{Peer: tt.peer}
		for _, v := range tt.fields {
			in.Header = append(in.Header, header.Field{Name: tt.header, Value: v})
		}
		if trust.resolve(in); in.ClientIP != tt.want || in.Trusted != tt.believed {
			t.Errorf("%s: got %s, believed %t", tt.name, in.ClientIP, in.Trusted)
		}
	}
	if _, err := NewTrust([]string{"10.0.0.0/8", "x"}, "", false); err == nil || !strings.Contains(err.Error(), `"x"`) {
		t.Errorf("nonsense: %v", err)
	}
}
