package gemini

import (
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// maxPath bounds how deep streamed arguments go.
const maxPath = 100

// args builds the text of arguments that come in pieces: each piece tells by a
// JSON path what value it is, or goes on with. They come in the order of the
// text.
// Source: https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling#streaming-fc.
type args struct {
	stack []level
	path  string // of the string that is open
	open  bool
	out   []byte // the text since take
}

// level is an object or an array that is open, and where it has got to.
type level struct {
	array bool
	at    step
	some  bool
}

// step is a name in an object or an index in an array.
type step struct {
	name  string
	index int
	array bool
}

func newArgs() *args { return &args{stack: []level{{}}, out: []byte("{")} }

// take gives the text since the last time, as a JSON string, nil for none.
func (a *args) take() llm.JSON {
	if len(a.out) == 0 {
		return nil
	}
	text := wire.Quote(string(a.out))
	a.out = a.out[:0]
	return text
}

// piece adds one of the partialArgs.
func (a *args) piece(v llm.JSON) {
	path := wire.Text(member(v, "jsonPath"))
	value := pieceValue(v)
	text := wire.IsString(value)
	if !a.open || !text || path != a.path {
		steps, ok := parsePath(path)
		if !ok {
			return
		}
		a.endString()
		a.move(steps)
		if !text {
			a.out = append(a.out, value...)
			return
		}
		a.out = append(a.out, '"')
		a.open, a.path = true, path
	}
	a.out = append(a.out, value[1:len(value)-1]...)
	if !wire.IsTrue(member(v, "willContinue")) {
		a.endString()
	}
}

func pieceValue(v llm.JSON) llm.JSON {
	if n := member(v, "numberValue"); wire.IsNumber(n) {
		return n
	}
	if b := member(v, "boolValue"); wire.IsTrue(b) || string(b) == "false" {
		return b
	}
	if wire.Get(v, "nullValue") != nil || wire.Get(v, "null_value") != nil {
		return llm.JSON("null")
	}
	return text(member(v, "stringValue"))
}

func (a *args) endString() {
	if a.open {
		a.out = append(a.out, '"')
	}
	a.open = false
}

// move goes to the place of a value: it ends what is not on the way, and begins
// what is.
func (a *args) move(steps []step) {
	k := 0
	for k < len(a.stack)-1 && k < len(steps)-1 && a.stack[k].at == steps[k] && a.stack[k+1].array == steps[k+1].array {
		k++
	}
	for len(a.stack) > k+1 {
		a.pop()
	}
	for {
		a.next(steps[k])
		if k++; k == len(steps) {
			return
		}
		a.push(steps[k].array)
	}
}

func (a *args) next(s step) {
	top := &a.stack[len(a.stack)-1]
	if top.some {
		a.out = append(a.out, ',')
	}
	top.at, top.some = s, true
	if !top.array {
		a.out = append(append(a.out, wire.Quote(s.name)...), ':')
	}
}

func (a *args) push(array bool) {
	bracket := byte('{')
	if array {
		bracket = '['
	}
	a.out = append(a.out, bracket)
	a.stack = append(a.stack, level{array: array})
}

func (a *args) pop() {
	bracket := byte('}')
	if a.stack[len(a.stack)-1].array {
		bracket = ']'
	}
	a.out = append(a.out, bracket)
	a.stack = a.stack[:len(a.stack)-1]
}

// end ends everything that is open.
func (a *args) end() {
	a.endString()
	for len(a.stack) > 0 {
		a.pop()
	}
}

// parsePath reads a path such as $.foo.bar[0]['a b']. It begins with a name: the
// arguments are an object.
func parsePath(path string) ([]step, bool) {
	rest, ok := strings.CutPrefix(path, "$")
	var steps []step
	for ok && rest != "" && len(steps) < maxPath {
		var s step
		s, rest, ok = parseStep(rest)
		steps = append(steps, s)
	}
	return steps, ok && rest == "" && len(steps) > 0 && !steps[0].array
}

func parseStep(s string) (step, string, bool) {
	if name, ok := strings.CutPrefix(s, "."); ok {
		end := strings.IndexAny(name, ".[")
		if end < 0 {
			end = len(name)
		}
		return step{name: name[:end]}, name[end:], end > 0
	}
	inner, ok := strings.CutPrefix(s, "[")
	if !ok {
		return step{}, s, false
	}
	if inner != "" && (inner[0] == '\'' || inner[0] == '"') {
		name, rest, ok := strings.Cut(inner[1:], inner[:1]+"]")
		return step{name: name}, rest, ok
	}
	number, rest, ok := strings.Cut(inner, "]")
	n, err := strconv.Atoi(number)
	return step{index: n, array: true}, rest, ok && err == nil && n >= 0
}
