package listen

import (
	"fmt"
	"net"
	"strings"
	"testing"
)

func TestBothFamiliesShareAPort(t *testing.T) {
	four, err := Address{Host: "0.0.0.0"}.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer four.Close()
	port := four.Addr().(*net.TCPAddr).Port
	six, err := Address{Host: "::", Port: port}.Listen(t.Context())
	if err != nil {
		t.Skipf("no IPv6 here: %v", err)
	}
	defer six.Close()
	_, err = Address{Host: "127.0.0.1", Port: port}.Listen(t.Context())
	want := fmt.Sprintf("listen on 127.0.0.1:%d: bind: address already in use", port)
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestOverlaps(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want bool
	}{
		{"0.0.0.0:1", "[::]:1", false},
		{"0.0.0.0:1", "[::]:1 ipv6only=off", true},
		{"0.0.0.0:1", "127.0.0.1:1", true},
		{"[::]:1", "[::1]:1", true},
		{"[::]:1", "127.0.0.1:1", false},
		{":1", "127.0.0.1:1", true},
		{"localhost:1", "127.0.0.1:1", true},
		{"localhost:1", "0.0.0.0:1", true},
		{"127.0.0.1:1", "127.0.0.1:2", false},
		{"127.0.0.1:0", "127.0.0.1:0", false},
		{"127.0.0.1:1", "127.0.0.2:1", false},
		{"a:1", "a:1", true},
		{"a:1", "b:1", false},
	} {
		both, err := ParseAddresses("proxy_listen", strings.Join([]string{tc.a, tc.b}, ","))
		if err != nil {
			t.Fatal(err)
		}
		if both[0].Overlaps(both[1]) != tc.want || both[1].Overlaps(both[0]) != tc.want {
			t.Errorf("%s and %s: want %t", tc.a, tc.b, tc.want)
		}
	}
}
