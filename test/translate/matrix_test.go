package translate

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// checkMatrix holds the counts of what passes against those that stand in a
// file, which is what the reference tells. A corpus that has grown makes the
// file stale.
func checkMatrix(t *testing.T, file string, outcomes map[key]*outcome, ranked map[string]int) {
	t.Helper()
	now := matrix(outcomes, ranked)
	if *update {
		if err := os.WriteFile(file, []byte(now), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	was, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(was) != now {
		t.Errorf("%s is not what passes now: run this test with -update, then make generate", file)
	}
}

// The columns of the matrix.
const (
	plain = iota
	streamed
	tools
	images
	features
)

// matrix are the counts of what passes, a line for each format of a provider
// and of callers; or what becomes of the pair. Rankings are asked for in
// Cohere's API alone.
func matrix(outcomes map[key]*outcome, ranked map[string]int) string {
	rows := map[string]*[features]int{}
	lines := map[string]string{}
	for name, a := range apis {
		if a.same != "" {
			lines[name+" "+a.same] = "same"
		}
	}
	for _, p := range refused() {
		lines[p.api+" "+p.caller] = "refused"
	}
	for k, o := range outcomes {
		name := k.x.API + " " + k.caller
		if rows[name] == nil {
			rows[name] = new([features]int)
		}
		if len(o.problems) > 0 {
			continue
		}
		for i, has := range [features]bool{
			plain: !k.x.Streaming, streamed: k.x.Streaming,
			tools: k.x.told.calls(), images: !o.made && slices.Contains(k.x.Features, "images"),
		} {
			if has {
				rows[name][i]++
			}
		}
	}
	for name, n := range ranked {
		lines[name+" cohere"] = fmt.Sprintf("%d 0 0 0", n)
		if strings.HasPrefix(name, "cohere.") {
			lines[name+" cohere"] = "same"
		}
	}
	for name, r := range rows {
		lines[name] = fmt.Sprintf("%d %d %d %d", r[plain], r[streamed], r[tools], r[images])
	}
	var b strings.Builder
	b.WriteString("# Written by TestCorpus -update: provider caller plain streamed tools images\n")
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		fmt.Fprintf(&b, "%s %s\n", name, lines[name])
	}
	for _, name := range unspoken {
		fmt.Fprintf(&b, "%s unspoken\n", name)
	}
	return b.String()
}
