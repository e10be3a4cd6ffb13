package translate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// told is what an answer says, in whatever format.
type told struct {
	choices            map[int]*choice
	prompt, completion int64  // tokens; -1 is unknown
	failed             string // what an error says that came in place of the answer, or in it
	broken             bool   // it failed without words of the provider
	stream             bool
	done               bool // the stream said [DONE]
}

// choice is one of the answers.
type choice struct {
	text     string
	thoughts string
	calls    []*call
	finish   string // stop, length, tools, filter, refusal, error; empty is none
	reason   string // the finish as it was spelled
	open     map[any]*call
}

// call is a call of a tool. Its arguments come as a text or as a value.
type call struct {
	id, name string
	text     string
	value    any
}

// reader reads one document of an answer, or one event of a stream.
type reader func(t *told, name string, m object)

// tell reads an answer.
func tell(read reader, frames []frame, stream bool) (*told, error) {
	t := &told{choices: map[int]*choice{}, prompt: -1, completion: -1, stream: stream}
	for _, f := range frames {
		t.done = t.done || string(f.data) == "[DONE]"
		if len(f.data) == 0 || string(f.data) == "[DONE]" {
			continue
		}
		m, err := decode(f.data)
		if err != nil {
			return t, fmt.Errorf("%w: %.200s", err, f.data)
		}
		read(t, f.name, m)
	}
	return t, nil
}

// recorded is tell for a provider, who may leave out more. A whole answer has
// ended, and so has a stream that says so; any other broke off.
func recorded(read reader, frames []frame, stream bool) *told {
	for i := range frames { // one service puts a stray character behind the last
		if data, stray := bytes.CutSuffix(frames[i].data, []byte("}\"")); stray {
			frames[i].data = append(bytes.Clone(data), '}')
		}
	}
	t, err := tell(read, frames, stream)
	if err != nil {
		t.failed, t.broken = err.Error(), true
		return t
	}
	for _, c := range t.choices {
		switch {
		case c.finish != "" || t.failed != "":
		case !stream || t.done:
			c.finish = "stop"
		default:
			t.failed, t.broken = "the stream has no end", true
		}
	}
	return t
}

// fail notes an error; one without words is one all the same.
func (t *told) fail(message string) {
	if message == "" {
		message = "(nothing)"
	}
	t.failed = message
}

func (t *told) choice(n int64) *choice {
	i := int(max(n, 0))
	if t.choices[i] == nil {
		t.choices[i] = &choice{open: map[any]*call{}}
	}
	return t.choices[i]
}

// usage replaces what was told of it.
func (t *told) usage(prompt, completion int64) {
	if prompt >= 0 {
		t.prompt = prompt
	}
	if completion >= 0 {
		t.completion = completion
	}
}

// plus is the sum of counts of which the first must be known.
func plus(n int64, more ...int64) int64 {
	if n < 0 {
		return n
	}
	for _, m := range more {
		n += max(m, 0)
	}
	return n
}

// begin adds a call. What goes on with it names the key.
func (c *choice) begin(key any, k *call) *call {
	c.calls = append(c.calls, k)
	c.open[key] = k
	return k
}

// ended notes a finish by the words of a format; those that are not in the
// list are kept as they are.
func (c *choice) ended(words map[string]string, reason string) {
	if reason == "" {
		return
	}
	c.reason, c.finish = reason, words[reason]
	if c.finish == "" {
		c.finish = "unknown: " + reason
	}
}

// class is the finish. Some formats call tools and say no more than that they
// stopped.
func (c *choice) class() string {
	if c.finish == "stop" && len(c.calls) > 0 {
		return "tools"
	}
	return c.finish
}

// arguments of a call as a value. A text that is cut short stands in a member
// of its own where only objects can be told; of no text at all nothing is left.
func (k *call) arguments() any {
	if k.text == "" {
		if k.value == nil {
			return map[string]any{}
		}
		return k.value
	}
	m, err := decode([]byte(k.text))
	if err != nil {
		return map[string]any{"_raw": k.text}
	}
	if m == nil { // null
		m = object{}
	}
	return map[string]any(m)
}

// String tells a call in one line.
func (k *call) String() string {
	args, err := json.Marshal(k.arguments())
	if err != nil {
		return k.name + " " + err.Error()
	}
	return k.name + " " + string(args)
}

func (c *choice) callList() string {
	var list []string
	for _, k := range c.calls {
		list = append(list, k.String())
	}
	return strings.Join(list, "\n")
}

// numbers are the choices in order.
func (t *told) numbers() []int { return slices.Sorted(maps.Keys(t.choices)) }

// calls tells whether any tool is called.
func (t *told) calls() bool {
	for _, c := range t.choices {
		if len(c.calls) > 0 {
			return true
		}
	}
	return false
}

// texts are the texts of a content: a string, or parts of the type text.
func texts(content any) []string {
	if s, ok := content.(string); ok {
		return []string{s}
	}
	var out []string
	for _, part := range (object{"content": content}).list("content") {
		if kind := part.text("type"); kind == "" || kind == "text" {
			out = append(out, part.text("text"))
		}
	}
	return out
}
