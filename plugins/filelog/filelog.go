// Package filelog is the plugin file-log: it writes the log entry of every
// exchange as a line of JSON to a file.
//
// It renders entries and hands them to the file of their path, which all
// instances share; it never makes an exchange wait for the disk. It must not
// rotate or delete files.
package filelog

import (
	"strings"
	"sync"

	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/schema"
	"github.com/sluice-gateway/sluice/telemetry/logentry"
)

// Config of file-log.
type Config struct {
	// Path of the file. It is made, with mode 0644, when it does not exist; its
	// directory is not.
	Path string `json:"path" required:"true" check:"file_name" doc:"The file to append to; made when it does not exist, its directory is not."`
	// Reopen closes and opens the file with every write, so that a file which
	// was moved away or deleted is made anew. Default false. Set it when
	// something rotates the file.
	Reopen bool `json:"reopen" default:"false" required:"true" doc:"Open the file anew for every write, so that it may be rotated."`
	// CustomFieldsByLua sets fields of the entry to what Lua code returns.
	CustomFieldsByLua map[string]string `json:"custom_fields_by_lua" refuse:"Lua code in custom_fields_by_lua is not supported yet"`
}

// Checks are the checks of this config's own.
func (*Config) Checks() map[string]schema.Check {
	return map[string]schema.Check{"file_name": checkFileName}
}

func checkFileName(s string) string {
	const blank = " \t\n\r\f\v"
	if len(s) < 2 || strings.ContainsAny(s, "*&%\\`") ||
		strings.IndexByte(blank, s[0]) >= 0 || strings.IndexByte(blank, s[len(s)-1]) >= 0 {
		return "not a valid filename"
	}
	return ""
}

// Definition describes the plugin.
func Definition() plugin.Definition { return plugin.Define("file-log", 9, build) }

func build(cfg *Config, deps *plugin.Deps) (plugin.Hooks, error) {
	out, release, err := plugin.Share(deps.Long, "file-log:"+cfg.Path, func() (*file, func() error, error) {
		f := openFile(cfg.Path, deps)
		return f, f.close, nil
	})
	if err != nil {
		return plugin.Hooks{}, err
	}
	l := &logger{out: out, entries: logentry.New(), reopen: cfg.Reopen}
	return plugin.Hooks{Log: l.log, Close: release}, nil
}

// logger is an instance of the plugin.
type logger struct {
	out     *file
	entries *logentry.Writer
	reopen  bool
	buffers sync.Pool // *[]byte
}

// maxSpare is the largest buffer worth keeping for the next entry.
const maxSpare = 64 << 10

func (l *logger) log(ex *flow.Exchange) {
	b, ok := l.buffers.Get().(*[]byte)
	if !ok {
		b = new([]byte)
		*b = make([]byte, 0, 4<<10)
	}
	*b = append(l.entries.Append((*b)[:0], ex), '\n')
	l.out.add(*b, l.reopen)
	if cap(*b) <= maxSpare {
		l.buffers.Put(b)
	}
}
