package scenarios

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// logCommand is log [-next] PATH VALUE…: it looks at the log entry of the last call
// (-next: of the next one). Values are expressions that fit as a whole; ! log
// PATH… wants nothing to be there. A path is .a.b[0].c, or PATH|keys for the
// sorted names of an object, PATH|length for how many there are.
func logCommand(ts *testscript.TestScript, neg bool, args []string) {
	s := on(ts)
	f, args := flags(args)
	if s.entry == nil || f["next"] != "" {
		s.entry = s.awaitEntry(ts)
	}
	if neg {
		for _, path := range args {
			_, found := lookup(s.entry, path)
			expect(ts, true, found, "%s in %s", path, render(s.entry))
		}
		return
	}
	usage(ts, len(args)%2 == 0, "log PATH VALUE…")
	for i := 0; i < len(args); i += 2 {
		v, found := lookup(s.entry, args[i])
		if !found || !regexp.MustCompile("^(?s:"+args[i+1]+")$").MatchString(show(v)) {
			s.check(ts, fmt.Errorf("%s is %s, want %s, in\n%s", args[i], show(v), args[i+1], render(s.entry)))
		}
	}
}

func (s *story) awaitEntry(ts *testscript.TestScript) map[string]any {
	id := ""
	if s.current != nil && s.current.Response != nil {
		id = s.current.Header.Get("X-Kong-Request-Id")
	}
	entry, err := s.entries.Next(id)
	s.check(ts, err)
	return entry
}

func show(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	return render(v)
}

func render(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

var steps = regexp.MustCompile(`\.([^.\[|]+)|\[(\d+)\]`)

// lookup follows a path.
func lookup(v any, path string) (any, bool) {
	path, what, _ := strings.Cut(path, "|")
	for _, m := range steps.FindAllStringSubmatch(path, -1) {
		if m[1] != "" {
			object, _ := v.(map[string]any)
			var ok bool
			if v, ok = object[m[1]]; !ok {
				return nil, false
			}
			continue
		}
		list, _ := v.([]any)
		i, _ := strconv.Atoi(m[2])
		if i >= len(list) {
			return nil, false
		}
		v = list[i]
	}
	switch what {
	case "keys":
		object, ok := v.(map[string]any)
		return strings.Join(slices.Sorted(maps.Keys(object)), " "), ok
	case "length":
		list, ok := v.([]any)
		return len(list), ok
	}
	return v, true
}
