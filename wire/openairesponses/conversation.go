package openairesponses

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// conversation writes instructions and input.
func (q *question) conversation() error {
	messages := q.r.Messages
	if len(messages) == 0 {
		return q.prompt()
	}
	q.callIDs()
	if isWhole(&messages[0], llm.System) {
		q.w.Member("instructions", messages[0].Parts[0].Text)
		q.instructions = true
		messages = messages[1:]
	}
	if len(messages) == 1 && isWhole(&messages[0], llm.User) {
		q.w.Member("input", messages[0].Parts[0].Text)
		return nil
	}
	if len(messages) == 0 {
		return nil
	}
	q.w.Name("input")
	q.w.Array()
	skipped := len(q.r.Messages) - len(messages)
	for i := range messages {
		q.message(&messages[i], "messages["+strconv.Itoa(i+skipped)+"]")
	}
	q.w.EndArray()
	return nil
}

// isWhole tells whether a message is the whole of a member: the instructions,
// or an input that is a string.
func isWhole(m *llm.Message, role llm.Role) bool {
	return m.Role == role && isPlain(m.Plain, m.Parts) && m.Parts[0].Extra.From == own
}

func isPlain(plain bool, parts []llm.Part) bool {
	return plain && len(parts) == 1 && parts[0].Kind == llm.Text && len(parts[0].Citations) == 0 && parts[0].Cache == nil
}

// prompt puts a completion as a question.
func (q *question) prompt() error {
	p := q.r.Prompt
	if p == nil {
		return nil
	}
	if wire.IsArray(p) && wire.Len(p) == 1 {
		items := wire.Items(p)
		p, _ = items.Next()
	}
	if !wire.IsString(p) {
		return &wire.Invalid{Field: "prompt", Message: "must be one text"}
	}
	q.w.Member("input", p)
	return nil
}

func (q *question) callIDs() {
	q.custom = map[string]bool{}
	for i := range q.r.Messages {
		for j := range q.r.Messages[i].Parts {
			if p := &q.r.Messages[i].Parts[j]; p.Kind == llm.ToolCall && p.Call != nil && p.Call.Custom {
				q.custom[p.Call.ID] = true
			}
		}
	}
}

func (q *question) message(m *llm.Message, path string) {
	if m.Name != nil {
		q.n.Drop(path + ".name")
	}
	noteExtra(q.n, &m.Extra, "")
	for i := 0; i < len(m.Parts); {
		p := &m.Parts[i]
		at := path + ".parts[" + strconv.Itoa(i) + "]"
		if !isContent(p) {
			q.item(p, at)
			i++
			continue
		}
		end := i + 1
		for end < len(m.Parts) && isContent(&m.Parts[end]) && mark(&m.Parts[end]) == nil {
			end++
		}
		q.contents(m, i, end, path)
		i = end
	}
}

// isContent tells whether a part is in the content of a message item.
func isContent(p *llm.Part) bool {
	if p.Kind == llm.Opaque {
		return p.Extra.Get(own, contentMark) != nil
	}
	return p.Kind == llm.Text || p.Kind == llm.Refusal || isMedia(p.Kind)
}

func isMedia(k llm.Kind) bool { return k >= llm.Image && k <= llm.Document }

// item writes a part that is an item by itself.
func (q *question) item(p *llm.Part, path string) {
	if p.Extra.From != own {
		noteExtra(q.n, &p.Extra, "")
	}
	if p.Cache != nil {
		q.n.Drop(path + ".cache")
	}
	switch {
	case p.Kind == llm.Thinking && (p.SignedBy == own && p.Signature != nil || mark(p) != nil):
		writeReasoning(&q.w, p, "", "")
	case p.Kind == llm.ToolCall && p.Call != nil:
		writeCall(&q.w, p.Call, q.callID(p.Call.ID, &q.calls), mark(p))
	case p.Kind == llm.ToolResult && p.Result != nil:
		q.result(p, path)
	case p.Kind == llm.Opaque && p.Extra.From == own && wire.IsObject(p.Raw):
		q.w.Raw(p.Raw)
	default:
		q.n.Drop(path)
	}
}

// maxCallID is what the API takes.
const maxCallID = 64

// callID gives a call its id. Calls without one are counted, as are the
// results without one.
func (q *question) callID(id string, count *int) string {
	if id == "" && !q.own {
		*count++
		return "call_" + strconv.Itoa(*count)
	}
	if len(id) <= maxCallID || q.own {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "call_" + hex.EncodeToString(sum[:16])
}

func (q *question) result(p *llm.Part, path string) {
	res := p.Result
	if res.Failed {
		q.n.Drop(path + ".failed")
	}
	w := &q.w
	w.Object()
	w.Name("type")
	if res.Custom || q.custom[res.ID] {
		w.String(typeCustomOutput)
	} else {
		w.String(typeCallOutput)
	}
	rest(w, mark(p))
	w.Name("call_id")
	w.String(q.callID(res.ID, &q.results))
	w.Name("output")
	switch {
	case res.Value != nil && wire.IsString(res.Value):
		w.Raw(res.Value)
	case res.Value != nil:
		w.Raw(quoteText(res.Value))
	case isPlain(res.Plain || !q.own, res.Parts):
		w.Raw(res.Parts[0].Text)
	case len(res.Parts) == 0 && !q.own:
		w.Raw(emptyText)
	default:
		q.list(llm.User, res.Parts, path+".result.parts", 0)
	}
	w.EndObject()
}

// contents writes the parts of a message from i to end as one item.
func (q *question) contents(m *llm.Message, i, end int, path string) {
	parts := m.Parts[i:end]
	item := mark(&parts[0])
	w := &q.w
	if !q.sendable(m.Role, parts) {
		q.n.Drop(path)
		return
	}
	w.Object()
	switch {
	case item != nil:
		rest(w, item, "content")
	default:
		if m.Extra.From != own {
			w.Name("type")
			w.String(typeMessage)
		}
		w.Name("role")
		w.String(roleName(m.Role))
		if i == 0 {
			w.Extra(&m.Extra, own)
		}
	}
	w.Name("content")
	plain := m.Plain && len(m.Parts) == 1 || wire.Get(item, "content") != nil
	if isPlain(plain, parts) {
		w.Raw(parts[0].Text)
	} else {
		q.list(m.Role, parts, path+".parts", i)
	}
	w.EndObject()
}

// sendable tells whether anything of the parts can be said in the role: the
// assistant has nothing but text.
func (q *question) sendable(role llm.Role, parts []llm.Part) bool {
	for i := range parts {
		if q.allowed(role, parts[i].Kind) {
			return true
		}
	}
	return false
}

func (q *question) allowed(role llm.Role, kind llm.Kind) bool {
	if q.own {
		return true
	}
	return kind != llm.Video && (role != llm.Assistant || !isMedia(kind))
}

// list writes a content; its first part has the place from in the message.
func (q *question) list(role llm.Role, parts []llm.Part, path string, from int) {
	q.w.Array()
	for i := range parts {
		at := path + "[" + strconv.Itoa(from+i) + "]"
		if !q.allowed(role, parts[i].Kind) {
			q.n.Drop(at)
			continue
		}
		q.content(role, &parts[i], at)
	}
	q.w.EndArray()
}

func (q *question) content(role llm.Role, p *llm.Part, path string) {
	noteExtra(q.n, &p.Extra, "")
	if p.Cache != nil && !q.own {
		q.n.Drop(path + ".cache")
	}
	if p.Signature != nil && p.SignedBy != own {
		q.n.Drop(path + ".signature")
	}
	switch {
	case p.Kind == llm.Text && role == llm.Assistant:
		if writeOutputText(&q.w, p, outputText, q.own) {
			q.n.Drop(path + ".citations")
		}
	case p.Kind == llm.Text:
		if writeOutputText(&q.w, p, inputText, q.own) {
			q.n.Drop(path + ".citations")
		}
	case p.Kind == llm.Refusal:
		writeRefusal(&q.w, p)
	case isMedia(p.Kind) && p.Media != nil:
		q.media(p, path)
	case p.Kind == llm.Opaque && p.Extra.From == own && wire.IsObject(p.Raw):
		q.w.Raw(p.Raw)
	default:
		q.n.Drop(path)
	}
}
