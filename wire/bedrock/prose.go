package bedrock

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// prose is a family whose questions are one text, as callers speak it.
type prose struct {
	dialect int
	// prompt is the member that has the text, within that which has the
	// parameters; empty if they are beside the text.
	prompt, within string
	params         params
	// turns are how conversations may be spelled in the text.
	turns []turns
	// tell writes an answer, or a piece of one.
	tell func(w *wire.Writer, t *telling)
	// ends are the reasons: by default, for a limit, for what was held back, and
	// for a stop sequence.
	stop, limit, filter, sequence string
}

var (
	titanProse = prose{
		dialect: titanDialect, prompt: "inputText", within: "textGenerationConfig", params: titanParams, turns: []turns{titanTurns},
		tell: tellTitan, stop: "FINISH", limit: "LENGTH", filter: "CONTENT_FILTERED", sequence: "STOP_CRITERIA_MET",
	}
	llamaProse = prose{
		dialect: llamaDialect, prompt: "prompt", params: llamaParams, turns: []turns{llama3Turns, llama4Turns, llama2Turns},
		tell: tellLlama, stop: "stop", limit: "length", filter: "stop", sequence: "stop",
	}
	commandProse = prose{
		dialect: commandDialect, prompt: "prompt", params: commandParams, turns: []turns{commandTurns},
		tell: tellCommand, stop: "COMPLETE", limit: "MAX_TOKENS", filter: "ERROR_TOXIC", sequence: "COMPLETE",
	}
	mistralProse = prose{
		dialect: mistralDialect, prompt: "prompt", params: mistralParams, turns: []turns{mistralTurns},
		tell: tellMistral, stop: "stop", limit: "length", filter: "stop", sequence: "stop",
	}
	claudeProse = prose{
		dialect: claudeTextDialect, prompt: "prompt", params: claudeParams,
		turns: []turns{claudeTurns, {user: "\n\nHuman:", model: "\n\nAssistant:", answer: "\n\nAssistant:"}},
		tell:  tellClaude, stop: "stop_sequence", limit: "max_tokens", filter: "stop_sequence", sequence: "stop_sequence",
	}
)

// How a question came: its text, and the dialect it was in.
const (
	promptForm  = "prompt as it came"
	dialectForm = "dialect"
)

// markDialect remembers what a question came in.
func markDialect(r *llm.Request, dialect int) {
	wire.Mark(&r.Extra, invokeFormat, dialectForm, strconv.AppendInt(nil, int64(dialect), 10))
}

var _ wire.Client = (*prose)(nil)

// Format is llm.BedrockInvoke.
func (*prose) Format() llm.Format { return invokeFormat }

// EncodeError implements wire.Client.
func (*prose) EncodeError(dst []byte, e *llm.Error) []byte { return Client{}.EncodeError(dst, e) }

// DecodeRequest implements wire.Client.
func (p *prose) DecodeRequest(r *llm.Request, q wire.Question) error {
	f, err := q.Open()
	if err != nil {
		return wire.AsInvalid(err)
	}
	markDialect(r, p.dialect)
	var text llm.JSON
	for f.Next() {
		switch name, v := f.Name(), f.Value(); {
		case name == p.prompt:
			text = v
		case name == p.within && p.within != "":
			if err := p.nested(r, &f); err != nil {
				return err
			}
		case name == "stream": // the path says it
		case p.within == "":
			if err := p.parameter(r, &r.Extra, &f); err != nil {
				return err
			}
		default:
			f.Keep(&r.Extra, invokeFormat)
		}
	}
	if !wire.IsString(text) {
		return &wire.Invalid{Field: p.prompt, Message: "must be a string"}
	}
	wire.Mark(&r.Extra, invokeFormat, promptForm, text)
	r.Messages = p.conversation(text)
	return nil
}

// nested reads parameters that have an object to themselves.
func (p *prose) nested(r *llm.Request, f *wire.Fields) error {
	if !wire.IsObject(f.Value()) {
		return &wire.Invalid{Field: p.within, Message: "must be an object"}
	}
	var kept llm.Extra
	for in := f.Fields(); in.Next(); {
		if err := p.parameter(r, &kept, &in); err != nil {
			return err
		}
	}
	if kept.Members == nil {
		return nil
	}
	w := wire.Writer{}
	w.Object()
	w.Extra(&kept, invokeFormat)
	w.EndObject()
	r.Extra.Members = append(r.Extra.Members, llm.Member{Name: p.within, Value: w.Buf})
	return nil
}

// parameter reads one, or keeps in x what is none.
func (p *prose) parameter(r *llm.Request, x *llm.Extra, f *wire.Fields) error {
	s, name, v := &r.Sampling, f.Name(), f.Value()
	if name == p.params.stop && wire.IsArray(v) {
		if !readStop(s, v) && wire.Len(v) > 0 {
			return &wire.Invalid{Field: strings.Clone(name), Message: "must be an array of strings"}
		}
		return nil
	}
	for _, to := range []struct {
		name  string
		field *llm.JSON
	}{
		{p.params.limit, &s.MaxTokens},
		{p.params.temperature, &s.Temperature},
		{p.params.topP, &s.TopP},
		{p.params.topK, &s.TopK},
		{p.params.n, &s.N},
	} {
		if to.name != name || wire.IsNull(v) {
			continue
		}
		if !wire.IsNumber(v) {
			return &wire.Invalid{Field: strings.Clone(name), Message: "must be a number"}
		}
		*to.field = v
		return nil
	}
	f.Keep(x, invokeFormat)
	return nil
}

// conversation is what a text says, in turns if it is spelled as the family's
// models know them, and else all said by the user.
func (p *prose) conversation(text llm.JSON) []llm.Message {
	plain := wire.Text(text)
	for i := range p.turns {
		t := &p.turns[i]
		list, ok := t.read(plain)
		if !ok {
			continue
		}
		again := &asker{r: &llm.Request{Messages: list}}
		if wire.Equal(again.prompt(*t), plain) {
			return list
		}
	}
	return []llm.Message{{Role: llm.User, Plain: true, Parts: []llm.Part{{Kind: llm.Text, Text: text}}}}
}

// maxTurns bounds in how many turns a text is read: one of seven letters takes a
// hundred times that in memory.
const maxTurns = 4096

// read takes a text apart at the marks.
func (t *turns) read(text string) (list []llm.Message, ok bool) {
	s, ok := strings.CutPrefix(text, t.start)
	if !ok {
		return nil, false
	}
	add := func(role llm.Role, said string) {
		list = append(list, llm.Message{Role: role, Plain: true, Parts: []llm.Part{{Kind: llm.Text, Text: wire.Quote(said)}}})
	}
	if first := strings.Index(s, t.user); first > 0 && !t.inUser {
		system := s[:first]
		if len(system) < len(t.system)+len(t.afterWords) || !strings.HasPrefix(system, t.system) || !strings.HasSuffix(system, t.afterWords) {
			return nil, false
		}
		add(llm.System, system[len(t.system):len(system)-len(t.afterWords)])
		s = s[first:]
	}
	for {
		var said string
		switch {
		case len(list) > maxTurns:
			return nil, false
		case s == t.answer:
			return list, len(list) > 0
		case strings.HasPrefix(s, t.user):
			said, s = t.until(s[len(t.user):], t.afterUser)
			if system, words, cut := t.instructions(said); cut && len(list) == 0 {
				add(llm.System, system)
				said = words
			}
			add(llm.User, said)
		case strings.HasPrefix(s, t.model):
			said, s = t.until(s[len(t.model):], t.afterModel)
			add(llm.Assistant, said)
		default:
			return nil, false
		}
	}
}

// until ends a turn: at its mark, if another turn follows or the answer.
func (t *turns) until(s, mark string) (said, rest string) {
	for i := 0; i <= len(s)-len(mark); i++ {
		if !strings.HasPrefix(s[i:], mark) {
			continue
		}
		rest = s[i+len(mark):]
		if rest == t.answer || strings.HasPrefix(rest, t.user) || strings.HasPrefix(rest, t.model) {
			return s[:i], rest
		}
	}
	return s, ""
}

// instructions takes them out of what the user says first, where they are
// marked.
func (t *turns) instructions(said string) (system, words string, ok bool) {
	if !t.inUser || t.system == "" || !strings.HasPrefix(said, t.system) {
		return "", "", false
	}
	return strings.Cut(said[len(t.system):], t.afterWords)
}

// textOf is what a choice says in words.
func textOf(parts []llm.Part) llm.JSON {
	var texts []llm.JSON
	for i := range parts {
		if k := parts[i].Kind; k == llm.Text || k == llm.Refusal {
			texts = append(texts, parts[i].Text)
		}
	}
	return wire.Join("", texts...)
}

// telling is what a family's words are found for: a whole answer, or a piece.
type telling struct {
	whole bool
	id    string
	said  []told
	usage llm.Usage
}

// told is an answer in words; reason is empty until it ends.
type told struct {
	index  int
	text   llm.JSON
	reason string
	stop   llm.JSON
}

// reason why an answer ended.
func (p *prose) reason(finish llm.Finish, stop llm.JSON) string {
	switch finish {
	case llm.FinishLength:
		return p.limit
	case llm.FinishFilter, llm.FinishRefusal:
		return p.filter
	case llm.Unfinished, llm.FinishStop, llm.FinishTools, llm.FinishPause, llm.FinishError:
	}
	if stop != nil {
		return p.sequence
	}
	return p.stop
}

// EncodeResponse implements wire.Client.
func (p *prose) EncodeResponse(dst []byte, a *llm.Response, _ *llm.Request) []byte {
	t := telling{whole: true, id: a.ID, usage: a.Usage}
	for i := range a.Choices {
		c := &a.Choices[i]
		t.said = append(t.said, told{c.Index, textOf(c.Parts), p.reason(c.Finish, c.StopSequence), c.StopSequence})
	}
	if t.said == nil {
		t.said = []told{{text: llm.JSON(`""`), reason: p.stop}}
	}
	w := wire.Writer{Buf: dst}
	p.tell(&w, &t)
	return w.Buf
}

// NewStream implements wire.Client.
func (p *prose) NewStream(*llm.Request) wire.StreamEncoder { return &pieces{p: p} }

// pieces writes an answer piece by piece, one a line.
type pieces struct {
	p     *prose
	id    string
	mute  []int // parts that are no text
	end   told
	usage llm.Usage
}

// ContentType implements wire.StreamEncoder.
func (*pieces) ContentType() string { return "application/x-ndjson" }

// Encode implements wire.StreamEncoder. A stream has one answer.
func (s *pieces) Encode(dst []byte, ev *llm.Event) []byte {
	if ev.Choice != 0 {
		return dst
	}
	switch ev.Kind {
	case llm.EventStart:
		s.id = strings.Clone(ev.ID)
		s.usage, s.end.reason = llm.NoUsage(), s.p.stop
	case llm.EventPart:
		if k := ev.Part.Kind; k != llm.Text && k != llm.Refusal {
			s.mute = append(s.mute, ev.Index)
			return dst
		}
		return s.piece(dst, ev.Part.Text)
	case llm.EventDelta:
		if !slices.Contains(s.mute, ev.Index) {
			return s.piece(dst, ev.Text)
		}
	case llm.EventPartEnd:
		s.mute = slices.DeleteFunc(s.mute, func(i int) bool { return i == ev.Index })
	case llm.EventFinish:
		s.end.stop = slices.Clone(ev.StopSequence)
		s.end.reason = s.p.reason(ev.Finish, s.end.stop)
	case llm.EventUsage:
		s.usage = llm.Usage{Prompt: ev.Usage.Prompt, Completion: ev.Usage.Completion}
	case llm.EventEnd:
		s.end.text = llm.JSON(`""`)
		return s.line(dst, s.end)
	case llm.EventSign, llm.EventCite, llm.EventLogprobs, llm.EventError, llm.EventOther:
	}
	return dst
}

func (s *pieces) piece(dst []byte, text llm.JSON) []byte {
	if !wire.IsString(text) || wire.EmptyText(text) {
		return dst
	}
	return s.line(dst, told{text: text})
}

func (s *pieces) line(dst []byte, piece told) []byte {
	w := wire.Writer{Buf: dst}
	s.p.tell(&w, &telling{id: s.id, said: []told{piece}, usage: s.usage})
	return append(w.Buf, '\n')
}
