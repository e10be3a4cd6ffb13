package engine

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-gateway/sluice/config"
)

// large is a document of n services, each with a route and a plugin; tag is
// that of the plugin of the first route.
func large(n int, tag string) string {
	var b strings.Builder
	b.WriteString(`{"_format_version":"3.0","services":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
			tag = "same"
		}
		fmt.Fprintf(&b, `{"name":"s%d","url":"http://127.0.0.1:1/","routes":[{"name":"r%d","paths":["/p%d"],"plugins":[{"name":"probe","config":{"tag":"%s"}}]}]}`, i, i, i, tag)
	}
	b.WriteString(`]}`)
	return b.String()
}

// BenchmarkReload10000 applies a document of 10,000 services, routes and
// plugins of which one plugin has changed.
func BenchmarkReload10000(b *testing.B) {
	f := newFixture(b)
	defer f.Close()
	docs := []*config.Document{f.doc(b, large(10_000, "A")), f.doc(b, large(10_000, "B"))}
	if err := f.Apply(docs[1]); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if err := f.Apply(docs[n%2]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkServeWhileReloading serves requests while a document of 10,000
// routes is replaced over and over; none may fail. It tells the longest time
// that a request took.
func BenchmarkServeWhileReloading(b *testing.B) {
	f := newFixture(b)
	defer f.Close()
	docs := []*config.Document{f.doc(b, large(10_000, "A")), f.doc(b, large(10_000, "B"))}
	if err := f.Apply(docs[1]); err != nil {
		b.Fatal(err)
	}
	stop := make(chan struct{})
	var reloads int
	var reloading sync.WaitGroup
	reloading.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if err := f.Apply(docs[reloads%2]); err != nil {
				b.Error(err)
				return
			}
			reloads++
		}
	})
	var longest time.Duration
	for b.Loop() {
		began := time.Now()
		if got := f.ask("/p0"); got != "200 A" && got != "200 B" {
			b.Fatalf("got %q", got)
		}
		longest = max(longest, time.Since(began))
	}
	close(stop)
	reloading.Wait()
	b.ReportMetric(float64(longest.Microseconds())/1000, "ms-max-stall")
	b.ReportMetric(float64(reloads), "reloads")
}
