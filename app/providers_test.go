package app_test

import (
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/sluice-gateway/sluice/app"
)

// TestProvidersAreShown: the Admin API lists every provider of the binary, by
// name, each with something that it can do.
func TestProvidersAreShown(t *testing.T) {
	a := run(t, options(t, "admin_listen = 127.0.0.1:0"))
	port := a.AdminAddrs()[0].(*net.TCPAddr).Port
	resp, err := http.Get("http://127.0.0.1:" + strconv.Itoa(port) + "/ai/providers")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var page struct {
		Data []struct {
			Name       string
			RouteTypes []string `json:"route_types"`
			Stream     bool
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range page.Data {
		names = append(names, p.Name)
		if !slices.Contains(p.RouteTypes, "llm/v1/chat") || !p.Stream {
			t.Errorf("%+v", p)
		}
	}
	if len(names) != len(app.Providers()) || !slices.IsSorted(names) {
		t.Errorf("%q", names)
	}
}
