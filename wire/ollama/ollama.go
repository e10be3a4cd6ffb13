// Package ollama translates Ollama's own API, /api/chat and /api/generate, for
// callers and for providers. It only translates: it opens no connection, reads
// no clock and knows no other format.
//
// Two things are peculiar to it. A question that does not say whether to stream
// is answered in a stream. And calls of tools had no ids for long: where one is
// missing an id is made up, of a shape that never goes back to Ollama.
//
// Source: https://docs.ollama.com/api
package ollama

import (
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
)

// Client is the caller's side of /api/chat, or of /api/generate.
type Client struct {
	// Generate is /api/generate.
	Generate bool
}

// Provider is the provider's side of /api/chat, or of /api/generate.
type Provider struct {
	// Generate is /api/generate.
	Generate bool
}

// Format implements wire.Client.
func (c Client) Format() llm.Format { return format(c.Generate) }

// Format implements wire.Provider.
func (p Provider) Format() llm.Format { return format(p.Generate) }

func format(generate bool) llm.Format {
	if generate {
		return llm.OllamaGenerate
	}
	return llm.OllamaChat
}

// madeUp begins the ids of calls that had none.
const madeUp = "call_ollama_"

func madeUpID(scope string, n int) string {
	return madeUp + scope + "_" + strconv.Itoa(n)
}

// realID is an id that Ollama may be told.
func realID(id string) string {
	if strings.HasPrefix(id, madeUp) {
		return ""
	}
	return id
}

// finishOf is what a reason means. Ollama says stop, too, where tools are to be
// called.
func finishOf(reason string, calls bool) llm.Finish {
	switch {
	case reason == "length":
		return llm.FinishLength
	case calls:
		return llm.FinishTools
	}
	return llm.FinishStop
}

// reasonOf is finishOf turned round. A spelling that Ollama itself chose for
// the same finish is kept.
func reasonOf(f llm.Finish, reason string, own bool) string {
	if own && reason != "" && finishOf(reason, f == llm.FinishTools) == f {
		return reason
	}
	if f == llm.FinishLength {
		return "length"
	}
	return "stop"
}

// sniff tells what a picture is by its first characters in base64.
func sniff(data []byte) string {
	for _, known := range [...]struct{ prefix, mime string }{
		{"iVBORw0KGgo", "image/png"},
		{"/9j/", "image/jpeg"},
		{"R0lGOD", "image/gif"},
		{"UklGR", "image/webp"},
	} {
		if strings.HasPrefix(string(data[:min(len(data), 16)]), known.prefix) {
			return known.mime
		}
	}
	return ""
}

// oneLine makes JSON fit into one line of a stream: a line end can only stand
// between its tokens.
func oneLine(b []byte) {
	for i, c := range b {
		if c == '\n' || c == '\r' {
			b[i] = ' '
		}
	}
}
