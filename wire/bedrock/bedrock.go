// Package bedrock is the format of Amazon Bedrock's Converse and
// ConverseStream, as callers and as the provider speak it.
//
// It also has InvokeModel, where bodies are those of the model's family: as the
// provider speaks it (Invoke), and as callers do (Callers). The formats of other
// vendors that some families speak come from who uses the package.
//
// It must not sign, open connections or build paths: the model's name is read
// from the caller's path and otherwise belongs to who sends.
//
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
package bedrock

import (
	"bytes"
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

const own = llm.BedrockConverse

// Client is the format as callers speak it. Its zero value is ready.
type Client struct{}

// Provider is the format as Bedrock speaks it. Its zero value is ready.
type Provider struct{}

var (
	_ wire.Client   = Client{}
	_ wire.Provider = Provider{}
)

// Format is llm.BedrockConverse.
func (Client) Format() llm.Format { return own }

// Format is llm.BedrockConverse.
func (Provider) Format() llm.Format { return own }

// unservedOperations are what Bedrock and its agents have beside conversations.
var unservedOperations = []string{"rerank", "retrieveAndGenerate", "retrieveAndGenerateStream", "async-invoke"}

// checkOperation refuses operations that are not served, whose bodies nobody must take
// for a conversation.
func checkOperation(path string) error {
	operation := path[strings.LastIndexByte(path, '/')+1:]
	if !slices.Contains(unservedOperations, operation) {
		return nil
	}
	return &wire.Invalid{Message: "not supported by this version with llm_format bedrock: " + operation}
}

// object writes an object and remembers its names, so that what is kept of the
// original never writes one twice.
type object struct {
	w     *wire.Writer
	names []string
}

func begin(w *wire.Writer) object {
	w.Object()
	return object{w: w}
}

func (o *object) name(name string) {
	o.names = append(o.names, name)
	o.w.Name(name)
}

func (o *object) member(name string, v llm.JSON) {
	if v != nil {
		o.name(name)
		o.w.Raw(v)
	}
}

func (o *object) text(name, s string) {
	o.name(name)
	o.w.String(s)
}

// skip keeps names of the original from being written.
func (o *object) skip(names ...string) { o.names = append(o.names, names...) }

func (o *object) has(name string) bool { return slices.Contains(o.names, name) }

// rest writes what the original held besides.
func (o *object) rest(x *llm.Extra) {
	if x.From != own {
		return
	}
	o.members(x.Members)
}

// members writes members that were not written yet.
func (o *object) members(list []llm.Member) {
	for i := range list {
		o.kept(list[i].Name, list[i].Value)
	}
}

// restOf is rest for an object within a kept member.
func (o *object) restOf(v llm.JSON) {
	f := wire.NewFields(v)
	for f.Next() {
		o.kept(f.Name(), f.Value())
	}
}

func (o *object) kept(name string, v llm.JSON) {
	if o.has(name) {
		return
	}
	one := llm.Extra{From: own, Members: []llm.Member{{Name: name, Value: v}}}
	o.w.Extra(&one, own)
}

func (o *object) end() { o.w.EndObject() }

// nest keeps, as one member of x, what an inner object held besides.
func nest(x *llm.Extra, name string, inner *llm.Extra) {
	var w wire.Writer
	w.Object()
	w.Extra(inner, own)
	w.EndObject()
	x.From = own
	x.Members = append(x.Members, llm.Member{Name: name, Value: w.Buf})
}

// single is the only member of an object; ok is false if there are others.
func single(v llm.JSON) (name string, value llm.JSON, ok bool) {
	f := wire.NewFields(v)
	if !f.Next() {
		return "", nil, false
	}
	name, value = f.Name(), f.Value()
	return name, value, !f.Next()
}

func same(a, b []byte) bool { return bytes.Equal(a, b) }
