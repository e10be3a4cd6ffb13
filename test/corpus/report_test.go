package corpus

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
)

// exception is an exchange that does not reach its caller as it was recorded.
type exception struct {
	status int // what the gateway answers instead
	reason string
}

// readExceptions reads lines of the form "id: status reason".
func readExceptions(t *testing.T, file string) map[string]exception {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[string]exception{}
	for s, n := bufio.NewScanner(f), 1; s.Scan(); n++ {
		line := strings.TrimSpace(s.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, rest, _ := strings.Cut(line, ": ")
		status, reason, _ := strings.Cut(rest, " ")
		code, err := strconv.Atoi(status)
		if err != nil || reason == "" {
			t.Errorf("%s:%d: an exception is a line \"id: status reason\": %s", file, n, line)
		}
		if _, twice := out[id]; twice {
			t.Errorf("%s:%d: %s stands there twice", file, n, id)
		}
		out[id] = exception{code, reason}
	}
	return out
}

// outcome is what came of an exchange in all its replays.
type outcome struct {
	replays  int
	hidden   int   // replays that had usage to hide
	statuses []int // what the caller got
	problems []string
}

// gather collects the outcome of each exchange; a problem of several replays
// counts once.
func gather(replays []*replay) map[string]*outcome {
	outcomes := map[string]*outcome{}
	for _, r := range replays {
		o := outcomes[r.x.ID]
		if o == nil {
			o = &outcome{}
			outcomes[r.x.ID] = o
		}
		o.replays++
		if r.hidden {
			o.hidden++
		}
		o.statuses = append(o.statuses, r.status)
		for _, p := range r.problems {
			if !slices.ContainsFunc(o.problems, func(s string) bool { return strings.HasPrefix(s, p) }) {
				o.problems = append(o.problems, fmt.Sprintf("%s (cut %s, ask_usage %v)", p, r.cut.name, r.ask))
			}
		}
	}
	return outcomes
}

// report fails the test for what failed without an exception, and for
// exceptions that are not so, and prints the counts.
func report(t *testing.T, exchanges []*exchange, replays []*replay, exceptions map[string]exception) {
	t.Helper()
	outcomes, unused, tab := gather(replays), maps.Clone(exceptions), table{}
	for _, x := range exchanges {
		o := outcomes[x.ID]
		e, listed := exceptions[x.ID]
		delete(unused, x.ID)
		switch {
		case len(o.problems) == 0 && listed:
			o.problems = []string{"it passes: take it out of exceptions.txt"}
		case listed && slices.ContainsFunc(o.statuses, func(s int) bool { return s != e.status }):
			o.problems = append(o.problems, fmt.Sprintf("exceptions.txt says %d, the caller got %d", e.status, o.statuses))
		case listed:
			tab.add(x, o, excepted)
			t.Logf("exception %s: %d %s", x.ID, e.status, e.reason)
			continue
		case len(o.problems) == 0:
			tab.add(x, o, passed)
			continue
		}
		tab.add(x, o, failed)
		t.Errorf("%s (%s):\n  - %s", x.ID, x.Fidelity, strings.Join(o.problems, "\n  - "))
	}
	for _, id := range slices.Sorted(maps.Keys(unused)) {
		if strings.HasPrefix(id, *only) {
			t.Errorf("exceptions.txt: the corpus has no exchange %s", id)
		}
	}
	t.Log("\n" + tab.String())
}

// The columns of a table.
const (
	total = iota
	ways
	hiding
	passed
	excepted
	failed
	columns
)

// all is the row of everything, sorted behind the others.
var all = [2]string{"~ all"}

// table has the counts by format and fidelity.
type table map[[2]string]*[columns]int

func (t table) add(x *exchange, o *outcome, verdict int) {
	for _, k := range [][2]string{{x.API, x.Fidelity}, all} {
		if t[k] == nil {
			t[k] = new([columns]int)
		}
		t[k][total]++
		t[k][ways] += o.replays
		t[k][hiding] += o.hidden
		t[k][verdict]++
	}
}

// String prints the table, and the sum as a sentence.
func (t table) String() string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "api\tfidelity\texchanges\treplays\tusage hidden\tpassed\texcepted\tfailed")
	keys := slices.SortedFunc(maps.Keys(t), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	var sum [columns]int
	for _, k := range keys {
		sum = *t[k] // the last one is that of all
		fmt.Fprintf(w, "%s\t%s", strings.TrimPrefix(k[0], "~ "), k[1])
		for _, n := range sum {
			fmt.Fprintf(w, "\t%d", n)
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush()
	return text.String() + fmt.Sprintf("%d passed, %d failed, %d excepted", sum[passed], sum[failed], sum[excepted])
}
