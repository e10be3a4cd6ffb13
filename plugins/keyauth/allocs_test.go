//go:build !race

package keyauth

import (
	"testing"

	"github.com/sluice-gateway/sluice/flow"
)

func TestAllocations(t *testing.T) {
	tests := []struct {
		name     string
		settings map[string]any
		request  request
	}{
		{"header", nil, request{header: []string{"Accept: */*", "apikey: kong"}}},
		{"query", nil, request{query: "a=1&b=%20&apikey=kong"}},
		{"bearer", map[string]any{"key_names": []any{"authorization"}}, request{header: []string{"Authorization: Bearer kong"}}},
	}
	for _, tt := range tests {
		access := hook(t, tt.settings)
		ex := tt.request.exchange(testDirectory())
		sent := ex.Out.Header
		ex.Out.Header = append(make(flow.Header, 0, 16), sent...)
		got := testing.AllocsPerRun(100, func() {
			ex.Out.Header = append(ex.Out.Header[:0], sent...)
			ex.Consumer, ex.Credential = nil, nil
			if _, err := access(ex); err != nil {
				t.Fatal(err)
			}
		})
		if want := 1.0; got > want {
			t.Errorf("%s: got %v allocations, want at most %v", tt.name, got, want)
		}
	}
}

func BenchmarkHeader(b *testing.B) {
	access := hook(b, nil)
	ex := request{header: []string{
		"Accept: */*", "User-Agent: x", "Content-Type: application/json", "Accept-Encoding: gzip", "apikey: kong",
	}}.exchange(testDirectory())
	sent := ex.Out.Header
	ex.Out.Header = make(flow.Header, 0, 16)
	b.ReportAllocs()
	for b.Loop() {
		ex.Out.Header = append(ex.Out.Header[:0], sent...)
		ex.Consumer, ex.Credential = nil, nil
		if _, err := access(ex); err != nil {
			b.Fatal(err)
		}
	}
}
