package gemini

import (
	"slices"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// Names in a Form that tell more than the spelling of a name. The sign in front
// keeps them apart from names of members.
const (
	formRole       = "=role"       // as it was; null is none
	formParts      = "=parts"      // object: one part in place of an array; none: no parts at all
	formJoined     = "=joined"     // a message that goes on with the content before it
	formText       = "=text"       // an instruction that is a string
	formThought    = "=thought"    // thought: false
	formArgs       = "=args"       // a call without args
	formBase64     = "=base64"     // data in the alphabet for URLs
	formDisplay    = "=display"    // the media's name stood there
	formOriginal   = "=original"   // the node as it was, for use as long as it says the same
	formGroup      = "=group"      // the first tool of its object
	formSchema     = "=schema"     // parameters, before it became a JSON schema
	formAlt        = "=alt"        // json: the answer streams as one array
	formModel      = "=model"      // model in the body
	formIndex      = "=index"      // a candidate that said its index
	formBlocked    = "=blocked"    // a choice that stands for promptFeedback
	formNumber     = "=number"     // a reason that is a number
	formTime       = "=time"       // createTime
	formLogprobs   = "=logprobs"   // logprobsResult
	formThinking   = "=thinking"   // thinkingConfig
	formTools      = "=tools"      // toolConfig
	formMIME       = "=mime"       // responseMimeType
	formOpenAPI    = "=openapi"    // responseSchema
	formJSONSchema = "=jsonschema" // responseJsonSchema
)

// setForm notes how a node was written.
func setForm(x *llm.Extra, name string, v llm.JSON) {
	x.From = own
	x.Form = append(x.Form, llm.Member{Name: name, Value: v})
}

// form is what setForm noted, nil for nothing.
func form(x *llm.Extra, name string) llm.JSON {
	if x == nil || x.From != own {
		return nil
	}
	for i := range x.Form {
		if x.Form[i].Name == name {
			return x.Form[i].Value
		}
	}
	return nil
}

func hasForm(x *llm.Extra, name, value string) bool { return string(form(x, name)) == value }

// camel is a name in camelCase, if it is in proper snake_case.
func camel(name string) string {
	if strings.IndexByte(name, '_') < 0 {
		return name
	}
	b := make([]byte, 0, len(name))
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c >= 'A' && c <= 'Z' {
			return name
		}
		if c != '_' {
			b = append(b, c)
			continue
		}
		i++
		if i == 1 || i == len(name) || name[i] < 'a' || name[i] > 'z' {
			return name
		}
		b = append(b, name[i]-'a'+'A')
	}
	return string(b)
}

// walk gives the members of an object to take, by their names in camelCase. What
// it does not take, and what is null, stays in x; of what it takes x keeps the
// spelling.
func walk(object []byte, x *llm.Extra, take func(name string, v llm.JSON) bool) {
	f := wire.NewFields(object)
	for f.Next() {
		name := camel(f.Name())
		switch {
		case wire.IsNull(f.Value()) || !take(name, f.Value()):
			f.Keep(x, own)
		case name != f.Name():
			setForm(x, name, llm.JSON(f.Name()))
		}
	}
}

// put sets a field once.
func put(field *llm.JSON, v llm.JSON, fits bool) bool {
	if *field != nil || !fits {
		return false
	}
	*field = v
	return true
}

// each calls do with the elements of an array, or with v itself where it is an
// object: Google's servers take one for the other.
func each(v llm.JSON, do func(v llm.JSON) error) error {
	if wire.IsObject(v) {
		return do(v)
	}
	items := wire.Items(v)
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		if err := do(item); err != nil {
			return err
		}
	}
	return nil
}

// member is a member of an object by its name in camelCase, in either spelling.
func member(object []byte, name string) llm.JSON {
	f := wire.NewFields(object)
	for f.Next() {
		if (f.Name() == name || camel(f.Name()) == name) && !wire.IsNull(f.Value()) {
			return f.Value()
		}
	}
	return nil
}

// node writes an object: what the model knows first, in the spelling that x
// has, then what else x holds. It begins with its first member.
type node struct {
	w      *wire.Writer
	x      *llm.Extra
	up     *node
	key    string
	opened bool
	names  []string
	room   [12]string
}

// inner is the object that is o's member key.
func (o *node) inner(key string, x *llm.Extra) node {
	return node{w: o.w, x: x, up: o, key: key}
}

func (o *node) open() {
	if o.opened {
		return
	}
	if o.up != nil {
		o.up.name(o.key)
	}
	o.w.Object()
	o.opened, o.names = true, o.room[:0]
}

// name begins a member.
func (o *node) name(name string) {
	o.open()
	if spelled := form(o.x, name); spelled != nil {
		name = string(spelled)
	}
	o.names = append(o.names, name)
	o.w.Name(name)
}

// member writes a member, unless v is nil.
func (o *node) member(name string, v llm.JSON) {
	if v != nil {
		o.name(name)
		o.w.Raw(v)
	}
}

// text writes a member, unless s is empty.
func (o *node) text(name, s string) {
	if s != "" {
		o.name(name)
		o.w.String(s)
	}
}

// count writes a member, unless n is unknown.
func (o *node) count(name string, n int64) {
	if n >= 0 {
		o.name(name)
		o.w.Int(n)
	}
}

// extra writes what x holds beside what was written.
func (o *node) extra() {
	if o.x == nil || o.x.From != own {
		return
	}
	for i := range o.x.Members {
		if slices.Contains(o.names, o.x.Members[i].Name) {
			continue
		}
		o.open()
		one := llm.Extra{From: own, Members: o.x.Members[i : i+1]}
		o.w.Extra(&one, own)
	}
}

// end writes the rest and ends the object, if there is anything in it.
func (o *node) end() {
	o.extra()
	if o.opened {
		o.w.EndObject()
	}
}
