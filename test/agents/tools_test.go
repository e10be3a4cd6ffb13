package agents

import (
	"encoding/json"
	"slices"
	"strings"
)

// property is what a schema says of one argument.
type property struct {
	Type any `json:"type"`
}

func (t *tool) properties() map[string]property {
	var s struct {
		Properties map[string]property `json:"properties"`
	}
	_ = json.Unmarshal(t.Schema, &s)
	return s.Properties
}

func (t *tool) required() []string {
	var s struct {
		Required []string `json:"required"`
	}
	_ = json.Unmarshal(t.Schema, &s)
	return s.Required
}

// has is the first of the names that the tool has an argument of.
func (t *tool) has(names ...string) string {
	have := t.properties()
	for _, n := range names {
		if _, ok := have[n]; ok {
			return n
		}
	}
	return ""
}

var (
	pathNames    = []string{"file_path", "filePath", "path"}
	commandNames = []string{"command", "cmd"}
)

// writing is the tool that writes a whole file, nil if there is none.
func writing(tools []tool) *tool {
	i := slices.IndexFunc(tools, func(t tool) bool {
		return strings.Contains(strings.ToLower(t.Name), "write") && t.has(pathNames...) != "" && t.has("content") != ""
	})
	if i < 0 {
		return nil
	}
	return &tools[i]
}

// running is the tool that runs a command, nil if there is none.
func running(tools []tool) *tool {
	i := slices.IndexFunc(tools, func(t tool) bool {
		name := t.has(commandNames...)
		return name != "" && slices.Contains(t.required(), name)
	})
	if i < 0 {
		return nil
	}
	return &tools[i]
}

// write is the arguments that have a text written.
func (t *tool) write(path, text string) string {
	return t.fill(obj{t.has(pathNames...): path, "content": text})
}

// run is the arguments that have a command run.
func (t *tool) run(command string) string {
	return t.fill(obj{t.has(commandNames...): command})
}

// fill adds what else must be there.
func (t *tool) fill(args obj) string {
	have := t.properties()
	for _, name := range t.required() {
		if _, ok := args[name]; !ok && have[name].Type == "string" {
			args[name] = "to say hello"
		}
	}
	b, _ := json.Marshal(args)
	return string(b)
}
