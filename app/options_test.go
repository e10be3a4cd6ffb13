package app_test

import (
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/app"
	"github.com/sluice-gateway/sluice/clock"
	"github.com/sluice-gateway/sluice/identity"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/provider"
	"github.com/sluice-gateway/sluice/schema"
)

// TestOptionsOfOtherProviders: a field is said to have no effect with a
// provider exactly when another provider's place or credential depends on it,
// and this one's does not.
func TestOptionsOfOtherProviders(t *testing.T) {
	found := 0
	for _, field := range fields("auth.", schema.For[provider.Auth]()) {
		found += tried(t, field)
	}
	for _, field := range fields("model.options.", schema.For[provider.Options]()) {
		found += tried(t, field)
	}
	if found < 30 {
		t.Errorf("only %d fields belong to some providers", found)
	}
}

// leaf is a field that holds no others.
type leaf struct {
	path string
	of   *schema.Field
}

func fields(prefix string, r *schema.Record) []leaf {
	var list []leaf
	for _, f := range r.Fields {
		switch {
		case f.Refuse != "":
		case f.Record != nil && f.Kind == schema.RecordKind:
			list = append(list, fields(prefix+f.Name+".", f.Record)...)
		case f.Kind == schema.String, f.Kind == schema.Boolean:
			list = append(list, leaf{prefix + f.Name, f})
		}
	}
	return list
}

// tried holds the warnings about a field against what providers do with it; 1
// is a field that belongs to some.
func tried(t *testing.T, field leaf) int {
	t.Helper()
	if common(field.path) {
		return 0
	}
	warned := 0
	for name, p := range app.Providers() {
		says := warns(name, field)
		if says {
			warned++
		}
		reads := credential(p, record(name, nil)) != credential(p, record(name, &field))
		for _, route := range routes {
			on := depends(p, field, route)
			reads = reads || on
			if on && unrouted(name, route, field) {
				t.Errorf("%s: %s: is said to be nothing on %s", name, field.path, route)
			}
		}
		// What a token is asked for with is out of sight.
		if reads == says && (reads || !strings.HasPrefix(field.path, "auth.")) {
			t.Errorf("%s: %s: depends on it: %t, warns: %t", name, field.path, reads, says)
		}
	}
	all := len(app.Providers())
	if warned == 0 || warned == all || strings.HasPrefix(field.path, "auth.") && warned != all-1 {
		t.Errorf("%s: %d providers are said to ignore it", field.path, warned)
	}
	return 1
}

// common are the fields that relaying itself reads.
func common(path string) bool {
	for _, p := range []string{"auth.header_", "auth.param_", "auth.allow_override", "model.options.upstream_", "model.options.ask_usage"} {
		if strings.HasPrefix(path, p) {
			return true
		}
	}
	return false
}

// other is a value that a field does not have by itself.
func other(f *schema.Field, which int) any {
	switch {
	case f.Kind == schema.Boolean:
		if f.Default == nil {
			return which == 0
		}
		return (f.Default == true) == (which == 1)
	case f.Enum != nil:
		return f.Enum[len(f.Enum)-1-which]
	}
	if f.Name == "gcp_service_account_json" { // one that is no key hides the rest
		return []string{"", "no key"}[which]
	}
	return fmt.Sprintf("v%d", which)
}

// record has all fields, the given one with another value than the rest
// would have it with.
func record(name string, special *leaf) *provider.Record {
	m := &provider.Model{Provider: name, Name: "m"}
	auth := &provider.Auth{}
	set(auth, "auth.", special)
	set(&m.Options, "model.options.", special)
	return &provider.Record{RouteType: provider.Chat, Auth: auth, Model: m, Logging: &provider.Logging{}}
}

func set(into any, prefix string, special *leaf) {
	at := reflect.ValueOf(into)
	at.Elem().Set(reflect.ValueOf(schema.Of(at.Type()).New()).Elem())
	setAll(at.Elem(), schema.Of(at.Type()), prefix, special)
	if o, ok := into.(*provider.Options); ok {
		o.UpstreamURL, o.UpstreamPath = "http://a.example/v1", ""
	}
}

func setAll(v reflect.Value, r *schema.Record, prefix string, special *leaf) {
	for _, f := range r.Fields {
		at := f.Get(v)
		switch {
		case f.Refuse != "" || common(prefix+f.Name):
		case f.Record != nil && f.Kind == schema.RecordKind:
			setAll(at, f.Record, prefix+f.Name+".", special)
		case f.Kind == schema.String, f.Kind == schema.Boolean:
			which := 0
			if special != nil && special.path == prefix+f.Name {
				which = 1
			}
			put(at, other(f, which))
		}
	}
}

// put stores a value in a field, which may be a pointer.
func put(at reflect.Value, value any) {
	if at.Kind() == reflect.Pointer {
		at.Set(reflect.New(at.Type().Elem()))
		at = at.Elem()
	}
	at.Set(reflect.ValueOf(value).Convert(at.Type()))
}

// warns tells whether the field alone is said to be another provider's.
func warns(name string, field leaf) bool {
	return isTold(name, provider.Chat, field, "no effect with provider "+name+": it is for ")
}

// unrouted tells whether it is said to do nothing for a route type.
func unrouted(name, route string, field leaf) bool {
	return isTold(name, route, field, "no effect with route_type ")
}

func isTold(name, route string, field leaf, message string) bool {
	r := &provider.Record{RouteType: route, LLMFormat: "openai", Model: &provider.Model{Provider: name}}
	r.Auth = schema.For[provider.Auth]().New().(*provider.Auth)
	r.Model.Options = *schema.For[provider.Options]().New().(*provider.Options)
	into, prefix := any(r.Auth), "auth."
	if strings.HasPrefix(field.path, "model.") {
		into, prefix = &r.Model.Options, "model.options."
	}
	put(find(reflect.ValueOf(into).Elem(), strings.TrimPrefix(field.path, prefix)), changedValue(field.of))
	return slices.ContainsFunc(r.Warnings(), func(p schema.Problem) bool {
		return p.Path == field.path && strings.HasPrefix(p.Message, message)
	})
}

// changedValue is not the default.
func changedValue(f *schema.Field) any {
	if v := other(f, 0); v != f.Default && v != "" {
		return v
	}
	return other(f, 1)
}

func find(v reflect.Value, path string) reflect.Value {
	for name := range strings.SplitSeq(path, ".") {
		f, _ := schema.Of(v.Type()).Field(name)
		v = f.Get(v)
	}
	return v
}

var routes = []string{provider.Chat, provider.Completions, provider.Embeddings, provider.Responses, provider.Preserve}

// depends tells whether a provider's place for a route type changes with a
// field, for some model and some caller.
func depends(p provider.Provider, field leaf, route string) bool {
	for _, model := range []string{"m", "cohere.embed-v4:0"} {
		for _, caller := range []llm.Format{llm.OpenAIChat, llm.BedrockInvoke} {
			if place(p, nil, route, model, caller) != place(p, &field, route, model, caller) {
				return true
			}
		}
	}
	return false
}

func place(p provider.Provider, field *leaf, route, model string, caller llm.Format) string {
	e, err := p.Endpoint(&provider.Operation{
		RouteType: route, Model: model, Caller: caller, Options: &record(p.Name(), field).Model.Options,
	})
	return fmt.Sprint(contents(e), err)
}

// credential is all text that a provider's proof is made of.
func credential(p provider.Provider, r *provider.Record) string {
	source, err := p.Identity(r.Auth, r.Model, identity.Deps{
		Clock: clock.System(), Log: slog.New(slog.DiscardHandler), LookupEnv: func(string) (string, bool) { return "", false },
	})
	if err != nil {
		return err.Error()
	}
	return contents(source)
}

// contents are the types, texts, bytes and flags in a value.
func contents(v any) string {
	var b strings.Builder
	collect(reflect.ValueOf(v), &b, 12)
	return b.String()
}

func collect(v reflect.Value, b *strings.Builder, depth int) {
	if depth == 0 || !v.IsValid() {
		return
	}
	fmt.Fprintln(b, v.Type())
	switch v.Kind() {
	case reflect.String:
		b.WriteString(v.String())
	case reflect.Bool:
		fmt.Fprint(b, v.Bool())
	case reflect.Uint8:
		fmt.Fprint(b, v.Uint())
	case reflect.Pointer, reflect.Interface:
		collect(v.Elem(), b, depth-1)
	case reflect.Slice:
		for i := range v.Len() {
			collect(v.Index(i), b, depth-1)
		}
	case reflect.Struct:
		for _, f := range v.Fields() {
			collect(f, b, depth-1)
		}
	}
}
