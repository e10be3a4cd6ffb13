package ollama

import (
	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// sampling is the place of each option that the model has one for.
func sampling(s *llm.Sampling, name string) *llm.JSON {
	switch name {
	case "num_predict":
		return &s.MaxTokens
	case "temperature":
		return &s.Temperature
	case "top_p":
		return &s.TopP
	case "top_k":
		return &s.TopK
	case "min_p":
		return &s.MinP
	case "seed":
		return &s.Seed
	case "frequency_penalty":
		return &s.FrequencyPenalty
	case "presence_penalty":
		return &s.PresencePenalty
	case "repeat_penalty":
		return &s.RepeatPenalty
	}
	return nil
}

// options takes what the model holds; the others stay together in the extra.
func (d *requestDecoder) options(v llm.JSON) bool {
	if !wire.IsObject(v) {
		return false
	}
	var rest llm.Extra
	some := false
	f := wire.NewFields(v)
	for f.Next() {
		some = true
		if !d.option(f.Name(), f.Value()) {
			f.Keep(&rest, d.own)
		}
	}
	if some && len(rest.Members) == 0 {
		return true
	}
	var w wire.Writer
	n := wire.Begin(&w, &rest, d.own)
	n.End()
	d.r.Extra.Members = append(d.r.Extra.Members, llm.Member{Name: "options", Value: w.Buf})
	return true
}

func (d *requestDecoder) option(name string, v llm.JSON) bool {
	s := &d.r.Sampling
	if name == "stop" {
		return stops(s, v)
	}
	into := sampling(s, name)
	if into == nil || (name == "num_predict" && len(v) > 0 && v[0] == '-') {
		return false // a negative number of tokens stands for no limit
	}
	return takeNumber(into, v)
}

// stops takes stop sequences. A single one that is no list is taken and left.
func stops(s *llm.Sampling, v llm.JSON) bool {
	if wire.IsString(v) {
		s.Stop = []llm.JSON{v}
		return false
	}
	list, ok := wire.Stops(v)
	s.Stop = list
	return ok
}

// writeOptions writes the options, unless there are none, or none that are not
// in the extra anyway.
func (e *requestEncoder) writeOptions(n *wire.Node) {
	names := [...]string{
		"num_predict", "temperature", "top_p", "top_k", "min_p", "seed",
		"frequency_penalty", "presence_penalty", "repeat_penalty",
	}
	s := &e.r.Sampling
	some := len(s.Stop) > 0
	for _, name := range names {
		some = some || *sampling(s, name) != nil
	}
	if !some {
		return
	}
	rest := extraOf(e.r.Extra.Get(e.own, "options"), e.own)
	n.Name("options")
	o := wire.Begin(e.w, &rest, e.own)
	for _, name := range names {
		o.Member(name, *sampling(s, name))
	}
	e.writeStops(&o)
	o.End()
}

func (e *requestEncoder) writeStops(o *wire.Node) {
	stop := e.r.Sampling.Stop
	single := o.X.Get(e.own, "stop")
	if len(stop) == 0 || (len(stop) == 1 && string(single) == string(stop[0])) {
		return
	}
	o.Name("stop")
	e.w.Array()
	for _, s := range stop {
		e.w.Raw(s)
	}
	e.w.EndArray()
}

// extraOf takes an object apart that was kept whole.
func extraOf(object llm.JSON, own llm.Format) llm.Extra {
	x := llm.Extra{From: own}
	f := wire.NewFields(object)
	for f.Next() {
		f.Keep(&x, own)
	}
	return x
}

// writeArgs writes the arguments of a call, which Ollama wants as an object.
// It tells whether they were one.
func writeArgs(w *wire.Writer, args []byte) bool {
	if jsonscan.KindOf(args) == jsonscan.Invalid && len(trim(args)) == 0 {
		w.Literal("{}")
		return true
	}
	if wire.IsObject(args) && jsonscan.Valid(args) == nil {
		w.Raw(args)
		return true
	}
	w.Object()
	w.Name("_raw")
	w.Bytes(args)
	w.EndObject()
	return false
}
