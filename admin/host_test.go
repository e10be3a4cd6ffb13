package admin

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sluice-gateway/sluice/schema"
)

// A page whose name was pointed at this machine sends its own name as Host,
// and an Origin that matches.
func TestForeignHosts(t *testing.T) {
	own := []string{"gw.local"}
	for _, tc := range []struct {
		name, host string
		hosts      []string
		origins    []string
		auth       Auth
		status     int
	}{
		{"an address", "127.0.0.1:8001", own, nil, Auth{}, 200},
		{"IPv6", "[::1]:8001", own, nil, Auth{}, 200},
		{"localhost", "localhost:8001", own, nil, Auth{}, 200},
		{"the listener's name", "GW.local:8001", own, nil, Auth{}, 200},
		{"the manager's name", "manager.example", own, []string{"https://manager.example"}, Auth{}, 200},
		{"another name", "evil.example:8001", own, nil, Auth{}, 403},
		{"a name that begins like ours", "localhost.evil.example", own, nil, Auth{}, 403},
		{"other machines reach it", "kong:8001", nil, nil, Auth{}, 200},
		{"a token is asked for", "evil.example:8001", own, nil, Auth{Tokens: []schema.Secret{"t"}}, 401},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := options(&stubEngine{})
			o.Hosts, o.Origins, o.Auth = tc.hosts, tc.origins, tc.auth
			r := httptest.NewRequest(http.MethodGet, "http://"+tc.host+"/config", http.NoBody)
			r.Header.Set("Origin", "http://"+tc.host)
			w := httptest.NewRecorder()
			New(o).ServeHTTP(w, r)
			if w.Code != tc.status {
				t.Errorf("status %d, want %d: %s", w.Code, tc.status, w.Body)
			}
		})
	}
}
