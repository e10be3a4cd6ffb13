// Package corpus replays recorded traffic of real providers through a whole
// gateway: the recorded request goes in, an upstream plays the recorded answer,
// and everything the caller, the upstream and the log saw is held against the
// recording.
//
// What is expected is worked out here from the recording alone, by full
// decoding; no code of the gateway helps with it. The corpus is read where
// CORPUS says it is and never copied into the repository.
//
//	make test-corpus
//	CORPUS=/path go test -run TestCorpus -v ./test/corpus -only openai.chat.s.013cab3f
package corpus

import (
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

var only = flag.String("only", "", "replay only exchanges whose id begins so")

// TestCorpus replays every exchange of the formats the gateway speaks. An
// exchange that fails must be listed in exceptions.txt, and one that is listed
// must fail.
func TestCorpus(t *testing.T) {
	exchanges := load(t, folder(t), *only)
	replays := plan(exchanges)
	up := startUpstream(t, replays)
	gw := startGateway(t, up.port)
	each(replays, func(r *replay) { r.run(gw) })
	entries := gw.stop(t)
	for _, r := range replays {
		r.checkLog(entries[r.id])
	}
	report(t, exchanges, replays, readExceptions(t, "exceptions.txt"))
}

// folder is where the corpus is. When all tests run it may be missing; who
// asks for this one by name is told what it needs.
func folder(t *testing.T) string {
	t.Helper()
	dir, set := os.LookupEnv("CORPUS")
	if !set || dir == "" {
		const missing = "CORPUS is not set: give it the absolute path of the folder that holds the corpus " +
			"(the one with index.json), or run make test-corpus"
		if asked := flag.Lookup("test.run"); asked != nil && strings.Contains(asked.Value.String(), "TestCorpus") {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	if !filepath.IsAbs(dir) {
		t.Fatalf("CORPUS = %q is not an absolute path; tests run in their own folder", dir)
	}
	return dir
}

// each runs f on every replay, several at a time.
func each(replays []*replay, f func(*replay)) {
	work := make(chan *replay)
	var wg sync.WaitGroup
	for range 2 * runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for r := range work {
				f(r)
			}
		})
	}
	for _, r := range replays {
		work <- r
	}
	close(work)
	wg.Wait()
}
