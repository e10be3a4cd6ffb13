package translate

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
)

// exception is an answer that does not reach callers of a format as it was
// recorded. An id that ends in * is the beginning of several.
type exception struct {
	id, caller, reason string
	used               bool
}

func (e *exception) matches(k key) bool {
	if e.caller != k.caller {
		return false
	}
	if prefix, ok := strings.CutSuffix(e.id, "*"); ok {
		return strings.HasPrefix(k.x.ID, prefix)
	}
	return e.id == k.x.ID
}

// readExceptions reads lines of the form "id llm_format reason".
func readExceptions(t *testing.T, file string) []*exception {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []*exception
	for s, n := bufio.NewScanner(f), 1; s.Scan(); n++ {
		line := strings.TrimSpace(s.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.SplitN(line, " ", 3)
		if len(fields) != 3 || callers[fields[1]] == nil {
			t.Errorf("%s:%d: an exception is a line \"id llm_format reason\": %s", file, n, line)
			continue
		}
		out = append(out, &exception{id: fields[0], caller: fields[1], reason: fields[2]})
	}
	return out
}

// key is an exchange and who asked for it.
type key struct {
	x      *exchange
	caller string
}

// outcome is what came of it in all cuts.
type outcome struct {
	replays  int
	made     bool
	problems []string
}

// gather collects the outcomes in order; a problem of several cuts counts
// once.
func gather(replays []*replay) ([]key, map[key]*outcome) {
	var order []key
	outcomes := map[key]*outcome{}
	for _, r := range replays {
		k := key{r.x, r.caller}
		o := outcomes[k]
		if o == nil {
			o = &outcome{made: r.q.made}
			outcomes[k] = o
			order = append(order, k)
		}
		o.replays++
		for _, p := range r.problems {
			if !slices.ContainsFunc(o.problems, func(s string) bool { return strings.HasPrefix(s, p) }) {
				o.problems = append(o.problems, p+" (cut "+r.cut.name+")")
			}
		}
	}
	return order, outcomes
}

// report fails the test for what failed without an exception, and for
// exceptions that are not so, and prints the counts.
func report(t *testing.T, replays []*replay, exceptions []*exception) map[key]*outcome {
	t.Helper()
	order, outcomes := gather(replays)
	tab := table{}
	for _, k := range order {
		tab.add(k, outcomes[k], judge(t, k, outcomes[k], exceptions))
	}
	for _, e := range exceptions {
		if !e.used && *only == "" && *caller == "" {
			t.Errorf("exceptions.txt: the corpus has no exchange %s for %s", e.id, e.caller)
		}
	}
	t.Log("\n" + tab.String())
	return outcomes
}

func judge(t *testing.T, k key, o *outcome, exceptions []*exception) int {
	t.Helper()
	i := slices.IndexFunc(exceptions, func(e *exception) bool { return e.matches(k) })
	if i >= 0 {
		exceptions[i].used = true
	}
	switch {
	case len(o.problems) == 0 && i >= 0:
		t.Errorf("%s for %s passes: take it out of exceptions.txt", k.x.ID, k.caller)
		return failed
	case len(o.problems) == 0:
		return passed
	case i >= 0:
		t.Logf("exception %s for %s: %s", k.x.ID, k.caller, exceptions[i].reason)
		return excepted
	}
	t.Errorf("%s (%s) for %s:\n  - %s", k.x.ID, k.x.Fidelity, k.caller, strings.Join(o.problems, "\n  - "))
	return failed
}

// The columns of a table.
const (
	total = iota
	ways
	made
	passed
	excepted
	failed
	columns
)

// all is the row of everything, sorted behind the others.
var all = [3]string{"~ all"}

// table has the counts by format of the provider, that of the caller, and
// whether the answer is a stream.
type table map[[3]string]*[columns]int

func (t table) add(k key, o *outcome, verdict int) {
	kind := "plain"
	if k.x.Streaming {
		kind = "stream"
	}
	for _, row := range [][3]string{{k.x.API, k.caller, kind}, all} {
		if t[row] == nil {
			t[row] = new([columns]int)
		}
		t[row][total]++
		t[row][ways] += o.replays
		if o.made {
			t[row][made]++
		}
		t[row][verdict]++
	}
}

// String prints the table, and the sum as a sentence.
func (t table) String() string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "provider\tcaller\tanswer\texchanges\treplays\tquestion made up\tpassed\texcepted\tfailed")
	var sum [columns]int
	for _, k := range slices.SortedFunc(maps.Keys(t), func(a, b [3]string) int { return slices.Compare(a[:], b[:]) }) {
		sum = *t[k] // the last one is that of all
		fmt.Fprintf(w, "%s\t%s\t%s", strings.TrimPrefix(k[0], "~ "), k[1], k[2])
		for _, n := range sum {
			fmt.Fprintf(w, "\t%d", n)
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush()
	return text.String() + fmt.Sprintf("%d passed, %d failed, %d excepted", sum[passed], sum[failed], sum[excepted])
}
