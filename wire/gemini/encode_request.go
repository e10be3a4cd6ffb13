package gemini

import (
	"bytes"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// EncodeRequest implements wire.Provider. The model and whether to stream are
// told in the path, so the body has neither.
func (Provider) EncodeRequest(dst []byte, r *llm.Request, n *wire.Notes) ([]byte, error) {
	e := requestEncoder{r: r}
	e.w.Buf = dst
	e.n, e.version, e.same = n, generation(r.Model), r.Extra.From == own
	e.moved = e.same && wire.Moved(r.Messages, own)
	if e.version == 10 && hasSystem(r) {
		return dst, &wire.Invalid{Message: "system prompts aren't supported on gemini-1.0 models"}
	}
	root := node{w: &e.w, x: &r.Extra}
	root.open()
	e.model(&root)
	e.system(&root)
	e.contents(&root)
	e.tools(&root)
	e.toolConfig(&root)
	e.config(&root)
	e.rest(&root)
	root.end()
	return e.w.Buf, nil
}

func hasSystem(r *llm.Request) bool {
	for i := range r.Messages {
		if isSystem(&r.Messages[i]) {
			return true
		}
	}
	return false
}

func isSystem(m *llm.Message) bool { return m.Role == llm.System || m.Role == llm.Developer }

type requestEncoder struct {
	partEncoder
	r *llm.Request
	// The content that is being written.
	turn    node
	inTurn  bool
	single  bool // its parts are one object
	written int  // parts of it
	// media that a result had and cannot hold.
	media []llm.Part
}

func (e *requestEncoder) model(root *node) {
	if was := form(&e.r.Extra, formModel); was != nil && modelName(wire.Text(was)) == e.r.Model {
		root.member("model", was)
	}
}

// rest writes what is neither talk nor sampling, and notes what cannot be said.
func (e *requestEncoder) rest(root *node) {
	r := e.r
	e.tier(root)
	e.n.Lose("suffix", r.Suffix)
	e.n.Lose("user", r.User)
	e.n.Lose("metadata", r.Metadata)
	if string(r.Parallel) == "false" {
		e.n.Drop("parallel")
	}
	if !e.same {
		e.foreign(root)
	}
}

// tier writes the service tier. Of the names of others only those that Google
// has too are put through.
func (e *requestEncoder) tier(root *node) {
	t := e.r.ServiceTier
	switch {
	case t == nil:
	case e.same, wire.Equal(t, "flex"), wire.Equal(t, "priority"):
		root.member("serviceTier", t)
	case !wire.Equal(t, "auto") && !wire.Equal(t, "default"):
		e.n.Drop("service_tier")
	}
}

// foreign goes through what another format did not know. Callers of a gateway
// put Google's own options among theirs, and mean them.
func (e *requestEncoder) foreign(root *node) {
	for _, m := range e.r.Extra.Members {
		switch name := camel(m.Name); name {
		case "safetySettings", "cachedContent", "labels", "toolConfig":
			e.once(root, name, m.Value)
		case "generationConfig", "thinkingConfig", "imageConfig": // see config
		default:
			e.n.Lose(m.Name, m.Value)
		}
	}
}

// system writes the instruction. Texts of other formats become one, with nothing
// between them; where the question came in this format they stay apart.
func (e *requestEncoder) system(root *node) {
	var first *llm.Message
	var texts []llm.JSON
	for i := range e.r.Messages {
		m := &e.r.Messages[i]
		if !isSystem(m) {
			continue
		}
		if first == nil || m.Extra.From == own && first.Extra.From != own {
			first = m
		}
		if m.Extra.From != own {
			e.foreignMessage(m, i)
			texts = e.texts(texts, m, i)
		}
	}
	if first == nil || first.Extra.From != own && len(texts) == 0 {
		return
	}
	if first.Plain && hasForm(&first.Extra, formText, "true") && len(texts) == 0 && len(first.Parts) == 1 {
		root.member("systemInstruction", first.Parts[0].Text)
		return
	}
	e.instruction(root, first, texts)
}

func (e *requestEncoder) instruction(root *node, first *llm.Message, texts []llm.JSON) {
	o := root.inner("systemInstruction", &first.Extra)
	o.open()
	if role := form(&first.Extra, formRole); role != nil {
		o.member("role", role)
	}
	shape, parts := form(&first.Extra, formParts), 0
	if first.Extra.From == own {
		parts = len(first.Parts)
	}
	if string(shape) == "none" && parts+len(texts) == 0 {
		o.end()
		return
	}
	o.name("parts")
	list := string(shape) != "object" || parts+len(texts) != 1
	if list {
		e.w.Array()
	}
	e.same = true // the instruction's own parts are as they were
	for i := range first.Parts[:parts] {
		e.part(&first.Parts[i])
	}
	e.same = e.r.Extra.From == own
	if len(texts) > 0 {
		e.w.Object()
		e.w.Member("text", wire.Join("", texts...))
		e.w.EndObject()
	}
	if list {
		e.w.EndArray()
	}
	o.end()
}

// texts adds the texts of an instruction of another format.
func (e *requestEncoder) texts(texts []llm.JSON, m *llm.Message, i int) []llm.JSON {
	for j := range m.Parts {
		p := &m.Parts[j]
		e.at(i, j)
		switch {
		case p.Kind == llm.Text && wire.IsString(p.Text):
			e.foreignPart(p)
			texts = append(texts, p.Text)
		case p.Kind == llm.Document && p.Media != nil && wire.IsString(p.Media.Text):
			texts = append(texts, p.Media.Text)
		default:
			e.drop("")
		}
	}
	return texts
}

// contents writes the turns.
func (e *requestEncoder) contents(root *node) {
	start := len(e.w.Buf)
	kept := e.same && len(e.r.Messages) == 0 && e.r.Prompt == nil
	if kept {
		return // there were none, or the Extra has them
	}
	single := hasForm(&e.r.Extra, formGroup, "object") && turns(e.r) == 1
	root.name("contents")
	if !single {
		e.w.Array()
	}
	begun := len(e.w.Buf)
	e.prompt()
	for i := range e.r.Messages {
		if m := &e.r.Messages[i]; !isSystem(m) {
			e.message(m, i)
		}
	}
	e.endTurn()
	if !single {
		e.w.EndArray()
	}
	if e.same && len(e.w.Buf) == begun+1 && turns(e.r) == 0 {
		e.w.Buf = e.w.Buf[:start]
		root.names = root.names[:len(root.names)-1]
	}
}

// turns counts the contents that the messages of this format make.
func turns(r *llm.Request) int {
	n := 0
	for i := range r.Messages {
		if m := &r.Messages[i]; !isSystem(m) && form(&m.Extra, formJoined) == nil {
			n++
		}
	}
	return n
}

// prompt writes the text of a completion as what the user says.
func (e *requestEncoder) prompt() {
	p := e.r.Prompt
	if p == nil {
		return
	}
	if wire.IsArray(p) {
		e.n.Change("prompt", "sent as the parts of one content")
	}
	e.w.Object()
	e.w.StringMember("role", "user")
	e.w.Name("parts")
	e.w.Array()
	items := wire.Items(p)
	for item, ok := p, true; ok; item, ok = items.Next() {
		if wire.IsString(item) {
			e.w.Object()
			e.w.Member("text", item)
			e.w.EndObject()
		}
	}
	e.w.EndArray()
	e.w.EndObject()
}

// message writes one message, as a content or as the end of one.
func (e *requestEncoder) message(m *llm.Message, i int) {
	if !e.continues(m, i) {
		e.endTurn()
		e.called = false
		if m.Extra.From == own {
			e.beginTurn(m)
		}
	}
	e.foreignMessage(m, i)
	for j := range m.Parts {
		p := &m.Parts[j]
		e.at(i, j)
		if !e.expressible(p, m) {
			continue
		}
		e.beginTurn(m)
		e.part(p)
		e.written++
		e.resultMedia(p)
	}
}

// continues tells whether a message goes on with the content before it: because
// it was one, or because it has the results of other calls of the same turn.
// Google wants as many results in a content as there were calls.
// Source: https://ai.google.dev/gemini-api/docs/function-calling.
func (e *requestEncoder) continues(m *llm.Message, i int) bool {
	if !e.inTurn || i == 0 {
		return false
	}
	if form(&m.Extra, formJoined) != nil {
		return true
	}
	return m.Extra.From != own && m.Role == llm.ToolRole && e.r.Messages[i-1].Role == llm.ToolRole
}

func (e *requestEncoder) beginTurn(m *llm.Message) {
	if e.inTurn {
		return
	}
	e.turn, e.inTurn, e.written = node{w: &e.w, x: &m.Extra}, true, 0
	e.turn.open()
	e.role(m)
	shape := form(&m.Extra, formParts)
	if string(shape) == "none" && len(m.Parts) == 0 {
		e.single = true
		return
	}
	e.turn.name("parts")
	e.single = string(shape) == "object" && len(m.Parts) == 1
	if !e.single {
		e.w.Array()
	}
}

func (e *requestEncoder) role(m *llm.Message) {
	was := form(&m.Extra, formRole)
	if was == nil || (roleOf(was) == llm.Assistant) != (m.Role == llm.Assistant) {
		e.turn.text("role", usualRole(m.Role))
		return
	}
	if wire.IsString(was) {
		e.turn.member("role", was)
	}
}

func (e *requestEncoder) endTurn() {
	if !e.inTurn {
		return
	}
	if !e.single {
		e.w.EndArray()
	}
	e.turn.end()
	e.inTurn = false
	if len(e.media) == 0 {
		return
	}
	media := e.media
	e.media = nil
	e.beginTurn(&llm.Message{Role: llm.User})
	for i := range media {
		e.part(&media[i])
	}
	e.endTurn()
}

// resultMedia keeps the media of a result for a content after it, where the
// model is too old to take them in the result.
func (e *requestEncoder) resultMedia(p *llm.Part) {
	if p.Kind != llm.ToolResult || e.version >= 30 || resultForm(p) != nil {
		return
	}
	for i := range p.Result.Parts {
		if q := &p.Result.Parts[i]; q.Media != nil && q.Media.Text == nil {
			e.media = append(e.media, *q)
		}
	}
}

// foreignMessage notes what of a message has no place here.
func (e *requestEncoder) foreignMessage(m *llm.Message, i int) {
	if m.Extra.From == own {
		return
	}
	e.at(i, -1)
	if m.Name != nil {
		e.drop(".name")
	}
	e.unknown(&m.Extra)
}

// unknown notes the members of another format.
func (e *partEncoder) unknown(x *llm.Extra) {
	wire.NoteExtra(e.n, x, own, "")
}

// tools writes the tools, functions that follow each other in one object.
func (e *requestEncoder) tools(root *node) {
	if len(e.r.Tools) == 0 {
		return
	}
	t := toolEncoder{e: e, root: root}
	for i := range e.r.Tools {
		if tool := &e.r.Tools[i]; tool.Raw != nil {
			t.raw(tool, i)
		} else {
			t.function(tool, i)
		}
	}
	t.end()
}

type toolEncoder struct {
	e     *requestEncoder
	root  *node
	begun bool
	one   bool // tools is an object
	group node
	open  bool // functionDeclarations
	list  bool // they are an array
}

func (t *toolEncoder) begin(first *llm.Tool) {
	if t.begun {
		return
	}
	t.root.name("tools")
	t.begun, t.one = true, hasForm(&first.Inner, formParts, "object") && oneObject(t.e.r.Tools)
	if !t.one {
		t.e.w.Array()
	}
}

// oneObject tells whether all tools stood in one object.
func oneObject(tools []llm.Tool) bool {
	for i := range tools[1:] {
		t := &tools[i+1]
		if t.Inner.From == own && form(&t.Inner, formJoined) == nil || t.Raw != nil && t.Inner.From != own {
			return false
		}
	}
	return true
}

func (t *toolEncoder) endList() {
	if t.open && t.list {
		t.e.w.EndArray()
	}
	t.list = false
}

func (t *toolEncoder) endGroup() {
	t.endList()
	if t.open {
		t.group.end()
	}
	t.open = false
}

func (t *toolEncoder) end() {
	t.endGroup()
	if t.begun && !t.one {
		t.e.w.EndArray()
	}
}

// raw writes a tool of Google's own.
func (t *toolEncoder) raw(tool *llm.Tool, i int) {
	if tool.From != own && !googleTool(tool.Raw) {
		t.e.n.Drop(wire.ToolField(i, tool))
		return
	}
	t.begin(tool)
	if t.open && form(&tool.Inner, formJoined) != nil {
		t.endList()
		f := wire.NewFields(tool.Raw)
		for f.Next() {
			t.e.once(&t.group, f.Name(), f.Value())
		}
		return
	}
	t.endGroup()
	t.e.w.Raw(tool.Raw)
}

// googleTool tells whether a tool that another format did not know is one of
// Google's.
func googleTool(v llm.JSON) bool {
	switch toolName(v) {
	case "googleSearch", "googleSearchRetrieval", "googleMaps", "codeExecution", "urlContext", "computerUse",
		"fileSearch", "retrieval", "enterpriseWebSearch":
		return true
	}
	return false
}

func (t *toolEncoder) function(tool *llm.Tool, i int) {
	t.begin(tool)
	shape := form(&tool.Inner, formGroup)
	if shape != nil || !t.list {
		t.endGroup()
		t.group = node{w: &t.e.w, x: &tool.Inner}
		t.group.name("functionDeclarations")
		t.open, t.list = true, string(shape) != "object" || !t.alone(i)
		if t.list {
			t.e.w.Array()
		}
	}
	t.e.declaration(tool, i)
}

// alone tells whether no function follows in the same group.
func (t *toolEncoder) alone(i int) bool {
	tools := t.e.r.Tools
	return i+1 == len(tools) || tools[i+1].Raw != nil || form(&tools[i+1].Inner, formGroup) != nil
}

// declaration writes a function. A JSON schema of another format goes where one
// is taken as it is, see jsonSchema.
func (e *requestEncoder) declaration(t *llm.Tool, i int) {
	e.noteTool(t, i)
	o := node{w: &e.w, x: &t.Extra}
	o.open()
	o.text("name", t.Name)
	o.member("description", t.Description)
	was := form(&t.Extra, formSchema)
	switch {
	case t.Custom:
		o.name("parametersJsonSchema")
		e.w.Literal(`{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}`)
	case was != nil && bytes.Equal(jsonSchema(was), t.Schema):
		o.member("parameters", was)
	default:
		o.member("parametersJsonSchema", t.Schema)
	}
	o.end()
}

func (e *requestEncoder) noteTool(t *llm.Tool, i int) {
	if t.Custom {
		e.n.Change(at("tools", i, ""), "sent as a function that takes one text, input")
	}
	if wire.IsTrue(t.Strict) {
		e.n.Drop(at("tools", i, ".strict"))
	}
	if t.Cache != nil {
		e.n.Drop(at("tools", i, ".cache"))
	}
	e.unknown(&t.Extra)
	e.unknown(&t.Inner)
}

// toolConfig writes how free the model is in calling.
func (e *requestEncoder) toolConfig(root *node) {
	was := form(&e.r.Extra, formTools)
	if was != nil {
		choice, all := toolChoice(was)
		if sameChoice(&choice, &e.r.Choice) {
			if all {
				root.member("toolConfig", was)
			}
			return // or else the Extra has it
		}
	}
	c := &e.r.Choice
	mode := modeOf(c)
	e.n.LoseChoice(c, own)
	if mode == "" {
		return
	}
	key := "toolConfig"
	for _, m := range e.r.Extra.Members {
		if e.same && camel(m.Name) == key {
			key = m.Name // this stands in its place
			break
		}
	}
	o := root.inner(key, nil)
	config := o.inner("functionCallingConfig", nil)
	config.text("mode", mode)
	e.allowed(&config, c)
	config.end()
	f := wire.NewFields(was)
	for f.Next() {
		e.once(&o, camel(f.Name()), f.Value())
	}
	o.end()
}

// allowed writes the names that the model may call, which only goes with ANY and
// VALIDATED.
func (e *requestEncoder) allowed(config *node, c *llm.ToolChoice) {
	names := c.Allowed
	if c.Mode == llm.ChoiceNamed {
		names = []string{c.Name}
	}
	if len(names) == 0 || c.Mode == llm.ChoiceNone {
		return
	}
	config.name("allowedFunctionNames")
	e.w.Array()
	for _, name := range names {
		e.w.String(name)
	}
	e.w.EndArray()
}

func modeOf(c *llm.ToolChoice) string {
	switch c.Mode {
	case llm.ChoiceAuto:
		if len(c.Allowed) > 0 {
			return "VALIDATED"
		}
		return "AUTO"
	case llm.ChoiceNone:
		return "NONE"
	case llm.ChoiceAny, llm.ChoiceNamed:
		return "ANY"
	case llm.ChoiceUnsaid:
	}
	return ""
}

func sameChoice(a, b *llm.ToolChoice) bool {
	return a.Mode == b.Mode && a.Name == b.Name && strings.Join(a.Allowed, "\x00") == strings.Join(b.Allowed, "\x00") &&
		len(a.Allowed) == len(b.Allowed) && b.Raw == nil
}
