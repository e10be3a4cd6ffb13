package translate

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/app"
)

// pair is a format of a provider and one of callers.
type pair struct{ api, caller string }

// refused are the pairs that no configuration brings together: the route type
// of the callers asks no provider in that format.
func refused() []pair {
	var out []pair
	for _, name := range slices.Sorted(maps.Keys(apis)) {
		for _, c := range slices.Sorted(maps.Keys(callers)) {
			if a := apis[name]; a.same != c && a.ways[callers[c].routeType] == nil {
				out = append(out, pair{name, c})
			}
		}
	}
	return out
}

// route that asks for the format of the provider, whatever the callers'.
func (p pair) route() route {
	ways := apis[p.api].ways
	routeType := slices.Sorted(maps.Keys(ways))[0]
	return route{routeName(p.api, p.caller), routeType, callers[p.caller].llmFormat, ways[routeType].target()}
}

// TestRefused: what the matrix calls refused is refused by name, when the
// configuration is loaded, or with 400 where it is one for other callers.
func TestRefused(t *testing.T) {
	var open []route
	var asked []pair
	for _, p := range refused() {
		if r := p.route(); r.LLMFormat == "openai" {
			open, asked = append(open, r), append(asked, p)
		} else {
			t.Run(r.Name, func(t *testing.T) { refusesLoad(t, &r) })
		}
	}
	gw := startGateway(t, 1, open)
	for i, p := range asked {
		t.Run(open[i].Name, func(t *testing.T) { gw.refuses(t, p, open[i].RouteType) })
	}
	gw.stop(t)
}

func refusesLoad(t *testing.T, r *route) {
	t.Helper()
	_, err := app.New(t.Context(), options(t, t.TempDir(), written(t, 1, []route{*r})))
	if err == nil || !strings.Contains(err.Error(), "llm_format") || !strings.Contains(err.Error(), "route_type") {
		t.Errorf("llm_format %s with %s: %v", r.LLMFormat, r.RouteType, err)
	}
}

func (g *gateway) refuses(t *testing.T, p pair, routeType string) {
	t.Helper()
	f := callers[p.caller]
	req, err := http.NewRequest(http.MethodPost, g.url+f.address("m", false), strings.NewReader(string(f.smallest("m", false))))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Replay-Id", "refused")
	req.Header.Set("X-Replay-Route", routeName(p.api, p.caller))
	resp, err := g.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	named := strings.Contains(string(body), "["+routeType+"] route type")
	if f.routeType == responses { // which no other route type has a body like
		named = strings.Contains(string(body), "doesn't contain valid prompts")
	}
	if resp.StatusCode != http.StatusBadRequest || !named {
		t.Errorf("%s with %s: status %d: %s", p.caller, routeType, resp.StatusCode, body)
	}
}
