package geminiembed

import (
	"bytes"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// EncodeRequest implements wire.EmbedProvider.
func (Batch) EncodeRequest(dst []byte, r *llm.EmbedRequest, n *wire.Notes) ([]byte, error) {
	w := wire.Writer{Buf: dst}
	w.Object()
	w.Name(requests)
	w.Array()
	for i := range r.Inputs {
		w.Object()
		w.StringMember("model", "models/"+strings.TrimPrefix(r.Model, "models/"))
		if err := writeRequest(&w, r, &r.Inputs[i]); err != nil {
			return nil, err
		}
		w.EndObject()
	}
	w.EndArray()
	leave(&w, r, n, own)
	w.EndObject()
	return w.Buf, nil
}

// EncodeRequest implements wire.EmbedProvider.
func (Single) EncodeRequest(dst []byte, r *llm.EmbedRequest, n *wire.Notes) ([]byte, error) {
	if len(r.Inputs) != 1 {
		return nil, &wire.Invalid{Field: "input", Message: "this model takes one input in a request"}
	}
	w := wire.Writer{Buf: dst}
	w.Object()
	if err := writeRequest(&w, r, &r.Inputs[0]); err != nil {
		return nil, err
	}
	leave(&w, r, n, own)
	w.EndObject()
	return w.Buf, nil
}

// leave ends a question, whose inputs were put in a format, with what was said
// beside them.
func leave(w *wire.Writer, r *llm.EmbedRequest, n *wire.Notes, inputs llm.Format) {
	n.Lose("user", r.User)
	wire.NoteExtra(n, &r.Extra, own, "")
	wire.NoteInputs(n, r, inputs)
	w.Extra(&r.Extra, own)
}

// writeRequest writes the members of a request, but for the model.
func writeRequest(w *wire.Writer, r *llm.EmbedRequest, in *llm.EmbedInput) error {
	if in.Raw != nil && in.From == own {
		writeRaw(w, r, in.Raw)
		return nil
	}
	if in.Text == nil {
		return wire.OnlyTexts(r)
	}
	w.Name(content)
	w.Object()
	w.Name("parts")
	w.Array()
	w.Object()
	w.Member("text", in.Text)
	w.EndObject()
	w.EndArray()
	w.EndObject()
	w.StringMember("taskType", wire.PurposeName(purposes, r.Purpose))
	w.Member("title", in.Title)
	w.Member("outputDimensionality", r.Dimensions)
	return nil
}

// writeRaw writes a request as it came, but for the model, and the dimensions
// if they were decided anew.
func writeRaw(w *wire.Writer, r *llm.EmbedRequest, raw llm.JSON) {
	anew := r.Dimensions != nil && !bytes.Equal(r.Dimensions, size(r.Inputs[0].Raw))
	for f := wire.NewFields(raw); f.Next(); {
		switch name := f.Name(); {
		case name == "model":
		case anew && (name == "outputDimensionality" || name == "output_dimensionality"):
		default:
			w.Quoted(name)
			w.Raw(f.Value())
		}
	}
	if anew {
		w.Member("outputDimensionality", r.Dimensions)
	}
}

// EncodeRequest implements wire.EmbedProvider.
func (Predict) EncodeRequest(dst []byte, r *llm.EmbedRequest, n *wire.Notes) ([]byte, error) {
	w := wire.Writer{Buf: dst}
	w.Object()
	w.Name(instances)
	w.Array()
	for i := range r.Inputs {
		if err := writeInstance(&w, r, &r.Inputs[i]); err != nil {
			return nil, err
		}
	}
	w.EndArray()
	writeParameters(&w, r)
	leave(&w, r, n, llm.VertexPredict)
	w.EndObject()
	return w.Buf, nil
}

func writeInstance(w *wire.Writer, r *llm.EmbedRequest, in *llm.EmbedInput) error {
	switch {
	case in.Raw != nil && in.From == llm.VertexPredict:
		w.Raw(in.Raw)
		return nil
	case in.Text == nil:
		return wire.OnlyTexts(r)
	}
	w.Object()
	w.StringMember("task_type", wire.PurposeName(purposes, r.Purpose))
	w.Member("title", in.Title)
	w.Member(content, in.Text)
	w.EndObject()
	return nil
}

func writeParameters(w *wire.Writer, r *llm.EmbedRequest) {
	given, _ := wire.Marked(&r.Extra, own, "parameters")
	if given == nil && r.Dimensions == nil {
		return
	}
	w.Name("parameters")
	w.Object()
	w.Member("outputDimensionality", r.Dimensions)
	for f := wire.NewFields(given); f.Next(); {
		if f.Name() != "outputDimensionality" || r.Dimensions == nil {
			w.Quoted(f.Name())
			w.Raw(f.Value())
		}
	}
	w.EndObject()
}
