// Package translate replays recorded answers of real providers through a whole
// gateway to callers of every other format: a question goes in as the caller's
// format has it, an upstream plays the recorded answer, and what the caller got
// is held against the recording, as is the question that reached the upstream.
//
// What is expected, and what came, is read here by small readers of the
// vendors' formats; no code of the gateway helps with it. Only the questions
// are made with its codecs: what they lose shows in what reaches the upstream.
// The corpus is read where CORPUS says it is and never copied into the
// repository.
//
//	make test-corpus
//	CORPUS=/path go test -run TestCorpus -v ./test/translate -only anthropic.messages.s -caller gemini
package translate

import (
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

var (
	only   = flag.String("only", "", "replay only exchanges whose id begins so")
	caller = flag.String("caller", "", "replay only for callers of this llm_format")
	update = flag.Bool("update", false, "write matrix.txt anew, of which make generate makes a page")
)

// TestCorpus replays every exchange for callers of every other format, and
// rankings for those of Cohere's. What fails must be listed in exceptions.txt, and what is listed must fail.
func TestCorpus(t *testing.T) {
	exchanges := load(t, folder(t), *only)
	replays := plan(exchanges)
	up := startUpstream(t, replays)
	gw := startGateway(t, up.port, routes())
	each(replays, func(r *replay) { r.run(gw) })
	gw.stop(t)
	outcomes := report(t, replays, readExceptions(t, "exceptions.txt"))
	if *only == "" && *caller == "" {
		checkMatrix(t, "matrix.txt", outcomes, rerank(t))
	}
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
