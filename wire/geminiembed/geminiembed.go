// Package geminiembed translates between canonical embeddings and the bodies
// of Google's: batchEmbedContents and embedContent of the Gemini API, and
// predict and embedContent of Vertex AI.
//
// Formats are pure: they must not know networks, clocks, loggers or
// configuration, nor any other format.
package geminiembed

import (
	"bytes"
	"net/url"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Client is all of Google's operations for embeddings as callers speak them.
// Their bodies tell them apart.
type Client struct{}

// Batch is batchEmbedContents of the Gemini API.
//
// https://ai.google.dev/api/embeddings
type Batch struct{}

// Single is embedContent, which takes one input.
//
// https://docs.cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/projects.locations.publishers.models/embedContent
type Single struct{}

// Predict is predict of Vertex AI.
//
// https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api
type Predict struct{}

var (
	_ wire.EmbedClient   = Client{}
	_ wire.EmbedProvider = Batch{}
	_ wire.EmbedProvider = Single{}
	_ wire.EmbedProvider = Predict{}
)

// own is the format of all of them: what one knows of an input the others do,
// nearly.
const own = llm.GeminiEmbed

// Format implements wire.EmbedClient.
func (Client) Format() llm.Format { return own }

// Format implements wire.EmbedProvider.
func (Batch) Format() llm.Format { return own }

// Format implements wire.EmbedProvider.
func (Single) Format() llm.Format { return own }

// Format implements wire.EmbedProvider.
func (Predict) Format() llm.Format { return llm.VertexPredict }

// purposes are the words for taskType.
//
// https://ai.google.dev/api/embeddings#v1beta.TaskType
var purposes = []wire.Named{
	{Purpose: llm.PurposeQuery, Name: "RETRIEVAL_QUERY"},
	{Purpose: llm.PurposeDocument, Name: "RETRIEVAL_DOCUMENT"},
	{Purpose: llm.PurposeSimilarity, Name: "SEMANTIC_SIMILARITY"},
	{Purpose: llm.PurposeClassification, Name: "CLASSIFICATION"},
	{Purpose: llm.PurposeClustering, Name: "CLUSTERING"},
	{Purpose: llm.PurposeQuestion, Name: "QUESTION_ANSWERING"},
	{Purpose: llm.PurposeFact, Name: "FACT_VERIFICATION"},
	{Purpose: llm.PurposeCode, Name: "CODE_RETRIEVAL_QUERY"},
}

// The members that hold the inputs; they tell the operations apart.
const (
	requests  = "requests"
	instances = "instances"
	content   = "content"
)

// operation is what the mark is called that tells which it was.
const operation = "operation"

// DecodeRequest implements wire.EmbedClient.
func (Client) DecodeRequest(r *llm.EmbedRequest, q wire.Question) error {
	if err := wire.CheckQuestion(q.Body); err != nil {
		return err
	}
	r.Extra.From = own
	r.Model = modelOf(q.Path)
	var err error
	switch {
	case wire.IsArray(wire.Get(q.Body, requests)):
		err = readBatch(r, q.Body)
	case wire.IsArray(wire.Get(q.Body, instances)):
		err = readPredict(r, q.Body)
	case wire.IsObject(wire.Get(q.Body, content)):
		err = readOne(r, q.Body)
	}
	if err != nil {
		return err
	}
	if len(r.Inputs) == 0 {
		return &wire.Invalid{Field: requests, Message: "must hold something to embed"}
	}
	return nil
}

// modelOf is the model in a path such as /v1beta/models/{model}:{method}.
func modelOf(path string) string {
	_, name, ok := strings.Cut(path, "/models/")
	if !ok {
		return ""
	}
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		name = name[:i]
	}
	return name
}

// readBatch reads a list of requests, each of which says it all. What the first
// says counts for formats that say it once.
func readBatch(r *llm.EmbedRequest, body llm.JSON) error {
	wire.Mark(&r.Extra, own, operation, llm.JSON(requests))
	for f := wire.NewFields(body); f.Next(); {
		if name := f.Name(); name != requests && name != "model" {
			f.Keep(&r.Extra, own)
		}
	}
	items := wire.Items(wire.Get(body, requests))
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		if err := readRequest(r, item); err != nil {
			return err
		}
	}
	return nil
}

// readOne reads the one request of embedContent.
func readOne(r *llm.EmbedRequest, body llm.JSON) error {
	wire.Mark(&r.Extra, own, operation, llm.JSON(content))
	r.Plain = true
	return readRequest(r, body)
}

func readRequest(r *llm.EmbedRequest, item llm.JSON) error {
	in := llm.EmbedInput{Raw: item, From: own}
	for f := wire.NewFields(item); f.Next(); {
		known := true
		switch v := f.Value(); f.Name() {
		case "model":
			if r.Model == "" {
				r.Model = strings.TrimPrefix(wire.Text(v), "models/")
			}
		case content:
			in.Text = textOf(v)
		case "title":
			in.Title = wire.Null(v)
		case "taskType", "task_type":
			known = purpose(r, v)
		case longSize, shortSize:
			known = len(r.Inputs) == 0 || bytes.Equal(v, r.Dimensions)
		default:
			known = false
		}
		if !known {
			in.Beside = append(in.Beside, llm.Member{Name: f.Name(), Value: f.Value()})
		}
	}
	if len(r.Inputs) == 0 {
		r.Dimensions = size(item)
	}
	return wire.AddInput(r, in)
}

// purpose tells whether all inputs so far have the one that an input asks for:
// that of the first counts for formats that say it once.
func purpose(r *llm.EmbedRequest, v llm.JSON) bool {
	asked := wire.PurposeOf(purposes, wire.Text(v))
	if len(r.Inputs) == 0 {
		r.Purpose = asked
	}
	return asked == r.Purpose && asked != llm.PurposeUnsaid
}

// The spellings of the number of dimensions.
const (
	longSize  = "outputDimensionality"
	shortSize = "output_dimensionality"
)

// textOf is the text of a content that is nothing but texts: all of its parts
// make one vector.
func textOf(v llm.JSON) llm.JSON {
	var all []llm.JSON
	parts := wire.Items(wire.Get(v, "parts"))
	for part, ok := parts.Next(); ok; part, ok = parts.Next() {
		text := wire.Get(part, "text")
		if !wire.IsString(text) {
			return nil
		}
		all = append(all, text)
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return wire.Join("\n", all...)
}

// size is the number of dimensions that a request asks for; the API takes both
// spellings.
func size(v llm.JSON) llm.JSON {
	for _, name := range [...]string{longSize, shortSize} {
		if n := wire.Get(v, name); wire.IsNumber(n) {
			return n
		}
	}
	return nil
}

// readPredict reads the instances of predict.
func readPredict(r *llm.EmbedRequest, body llm.JSON) error {
	wire.Mark(&r.Extra, own, operation, llm.JSON(instances))
	for f := wire.NewFields(body); f.Next(); {
		switch f.Name() {
		case instances:
		case "parameters":
			wire.Mark(&r.Extra, own, "parameters", f.Value())
			r.Dimensions = size(f.Value())
		default:
			f.Keep(&r.Extra, own)
		}
	}
	items := wire.Items(wire.Get(body, instances))
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		if err := readInstance(r, item); err != nil {
			return err
		}
	}
	return nil
}

func readInstance(r *llm.EmbedRequest, item llm.JSON) error {
	in := llm.EmbedInput{Raw: item, From: llm.VertexPredict}
	for f := wire.NewFields(item); f.Next(); {
		known := true
		switch v := f.Value(); {
		case f.Name() == content && wire.IsString(v):
			in.Text = v
		case f.Name() == "title":
			in.Title = wire.Null(v)
		case f.Name() == "task_type":
			known = purpose(r, v)
		default:
			known = false
		}
		if !known {
			in.Beside = append(in.Beside, llm.Member{Name: f.Name(), Value: f.Value()})
		}
	}
	return wire.AddInput(r, in)
}
