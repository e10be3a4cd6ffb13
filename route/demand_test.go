package route

import (
	"fmt"
	"testing"

	"github.com/sluice-gateway/sluice/config"
)

func TestDemand(t *testing.T) {
	t.Parallel()
	const grpc = "application/grpc+proto"
	cases := []struct {
		protocols []string
		how       Manner
		want      Demand
	}{
		{nil, Manner{}, Nothing},
		{[]string{"http"}, Manner{}, Nothing},
		{[]string{"http", "https"}, Manner{}, Nothing},
		{[]string{"https"}, Manner{}, WantsTLS},
		{[]string{"https"}, Manner{Secure: true}, Nothing},
		{[]string{"wss"}, Manner{}, WantsTLS},
		{[]string{"http"}, Manner{ContentType: grpc}, Nothing},
		{[]string{"grpc"}, Manner{ContentType: grpc, HTTP2: true}, Nothing},
		{[]string{"grpc"}, Manner{ContentType: "Application/gRPC", HTTP2: true}, Nothing},
		{[]string{"grpc"}, Manner{ContentType: grpc}, WantsHTTP2},
		{[]string{"grpc"}, Manner{HTTP2: true}, WantsGRPC},
		{[]string{"grpc"}, Manner{ContentType: "application/json"}, WantsGRPC},
		{[]string{"grpc", "grpcs"}, Manner{ContentType: grpc, HTTP2: true}, Nothing},
		{[]string{"grpcs"}, Manner{ContentType: grpc, HTTP2: true, Secure: true}, Nothing},
		{[]string{"grpcs"}, Manner{ContentType: grpc, HTTP2: true}, WantsSecureGRPC},
		{[]string{"grpcs"}, Manner{ContentType: grpc}, WantsHTTP2},
		{[]string{"grpcs"}, Manner{ContentType: "text/plain", HTTP2: true}, WantsGRPC},
	}
	for _, c := range cases {
		table := build(t, routes(config.Route{Protocols: c.protocols}))
		m, ok := table.Match(&Query{Path: "/", TLS: c.how.Secure})
		if !ok {
			t.Errorf("%v %+v: no match", c.protocols, c.how)
		}
		if got := m.Demand(c.how); got != c.want {
			t.Errorf("%v %+v: got %d, want %d", c.protocols, c.how, got, c.want)
		}
	}
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	cases := []struct {
		demand Demand
		status int
		host   string
		want   string
	}{
		{WantsTLS, 0, "a.com", "426 Please use HTTPS protocol [{Connection Upgrade} {Upgrade TLS/1.2, HTTP/1.1}]"},
		{WantsTLS, 426, "a.com", "426 Please use HTTPS protocol [{Connection Upgrade} {Upgrade TLS/1.2, HTTP/1.1}]"},
		{WantsTLS, 301, "a.com:8000", "301  [{Location https://a.com/x?y=%20}]"},
		{WantsTLS, 302, "a.com", "302  [{Location https://a.com/x?y=%20}]"},
		{WantsTLS, 307, "[::1]:8000", "307  [{Location https://[::1]/x?y=%20}]"},
		{WantsTLS, 308, "[::1]", "308  [{Location https://[::1]/x?y=%20}]"},
		{WantsHTTP2, 0, "", "426 Please use HTTP2 protocol [{Connection Upgrade} {Upgrade HTTP/2}]"},
		{WantsGRPC, 0, "", "415 Non-gRPC request matched gRPC route []"},
		{WantsSecureGRPC, 0, "", "200  [{Content-Type application/grpc} {grpc-status 1} {grpc-message gRPC request matched gRPCs route}]"},
	}
	for _, c := range cases {
		a := c.demand.Answer(&config.Route{HTTPSRedirectStatusCode: c.status}, c.host, "/x?y=%20")
		if got := fmt.Sprint(a.Status, " ", a.Message, " ", a.Header); got != c.want {
			t.Errorf("%d %d: got %s, want %s", c.demand, c.status, got, c.want)
		}
	}
}
