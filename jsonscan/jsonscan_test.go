package jsonscan

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
)

var chatKeys = NewKeys("model", "stream", "messages", "stream_options", "a", "")

func TestObjectFindsMembers(t *testing.T) {
	for _, tt := range []struct{ name, doc, model, stream string }{
		{"empty", `{}`, "", ""},
		{"white space", " \r\n\t{ \"model\" : \"m\" ,\n\"stream\" :\ttrue } \n", `"m"`, "true"},
		{"after a prompt", `{"messages":[{"role":"user","content":"a \"model\":1 }]"}],"model":"m","stream":false}`, `"m"`, "false"},
		{"only at the top level", `{"x":{"model":1,"model":2},"y":[{"stream":1}]}`, "", ""},
		{"escaped name", `{"mod\u0065l":1,"\u0073tream":2}`, "1", "2"},
		{"name of another case", `{"Model":1}`, "", ""},
		{"every kind", `{"a":null,"b":[true,false,-0.1e+5,{}],"model":{"k":[]},"stream":""}`, `{"k":[]}`, `""`},
		{"other names may repeat", `{"x":1,"x":2,"model":3}`, "3", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var spans [8]Span
			if err := chatKeys.Object([]byte(tt.doc), spans[:]); err != nil {
				t.Fatal(err)
			}
			for i, want := range []string{tt.model, tt.stream} {
				if got := string(spans[i].Of([]byte(tt.doc))); got != want {
					t.Errorf("%s: got %q, want %q", chatKeys.Name(i), got, want)
				}
				if spans[i].Present() != (want != "") {
					t.Errorf("%s: Present is %v", chatKeys.Name(i), spans[i].Present())
				}
			}
			var nested [8]Span
			if err := chatKeys.Nested([]byte(tt.doc), nested[:]); err != nil || nested != spans {
				t.Errorf("Nested: %v, %v, want %v", nested, err, spans)
			}
		})
	}
}

func TestSpanOfTheEmptyNameAndKeyStart(t *testing.T) {
	doc := []byte(`{"x":1, "":2}`)
	var spans [8]Span
	if err := chatKeys.Object(doc, spans[:]); err != nil {
		t.Fatal(err)
	}
	if got, want := spans[5], (Span{8, 11, 12}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestObjectRefuses(t *testing.T) {
	long := strings.Repeat("text ", 100)
	for _, tt := range []struct {
		name, doc string
		offset    int
		msg       string
	}{
		{"nothing", "", 0, "unexpected end"},
		{"an array", "[]", 0, "not an object"},
		{"byte order mark", "\ufeff{}", 0, "not an object"},
		{"cut", `{"a":1`, 6, "unexpected end"},
		{"cut in a string", `{"a":"b`, 7, "unexpected end"},
		{"cut after a name", `{"a"`, 4, "unexpected end"},
		{"cut after a colon", `{"a":`, 5, "unexpected end"},
		{"trailing data", `{} {}`, 3, "data after"},
		{"trailing comma", `{"a":1,}`, 7, "no member name"},
		{"trailing comma in an array", `{"a":[1,]}`, 8, "no value"},
		{"no comma", `{"a":1 "b":2}`, 7, "neither comma"},
		{"no colon", `{"a" 1}`, 5, "no colon"},
		{"wrong bracket", `{"a":[1}}`, 7, "neither comma"},
		{"bare name", `{a:1}`, 1, "no member name"},
		{"literal", `{"a":nul}`, 5, "malformed literal"},
		{"longer literal", `{"a":nulll}`, 9, "neither comma"},
		{"leading zero", `{"a":01}`, 6, "neither comma"},
		{"minus", `{"a":-}`, 5, "malformed number"},
		{"point", `{"a":1.}`, 5, "malformed number"},
		{"exponent", `{"a":1e+}`, 5, "malformed number"},
		{"plus", `{"a":+1}`, 5, "no value"},
		{"NaN", `{"a":NaN}`, 5, "no value"},
		{"control character", "{\"a\":\"x\ny\"}", 7, "control character"},
		{"escape", `{"a":"\x"}`, 6, "malformed escape"},
		{"short escape", `{"a":"\u12"}`, 6, "malformed escape"},
		{"lone high surrogate", `{"a":"\ud800"}`, 6, "lone surrogate"},
		{"lone low surrogate", `{"a":"\udc00\ud800"}`, 6, "lone surrogate"},
		{"two high surrogates", `{"a":"\ud800\ud800"}`, 6, "lone surrogate"},
		{"UTF-8", "{\"a\":\"\xff\"}", 6, "invalid UTF-8"},
		{"overlong", "{\"a\":\"\xc0\xaf\"}", 6, "invalid UTF-8"},
		{"surrogate in UTF-8", "{\"a\":\"\xed\xa0\x80\"}", 6, "invalid UTF-8"},
		{"beyond Unicode", "{\"a\":\"\xf4\x90\x80\x80\"}", 6, "invalid UTF-8"},
		{"UTF-8 between", "{\"a\":1\xc3\xbc}", 6, "neither comma"},
		{"no-break space", "{\u00a0}", 1, "no member name"},
		{"duplicate", `{"a":1,"model":2,"model":3}`, 17, `duplicate member "model"`},
		{"escaped duplicate", `{"model":2,"\u006dodel":3}`, 11, `duplicate member "model"`},
		{"twice escaped", `{"mode\u006C":2,"\u006dodel":3}`, 16, `duplicate member "model"`},
		{"duplicate empty name", `{"":2,"":3}`, 6, `duplicate member ""`},
		{"long: control", `{"a":"` + long + "\x1f" + long + `"}`, 506, "control character"},
		{"long: escape", `{"a":"` + long + `\q` + long + `"}`, 506, "malformed escape"},
		{"long: hexadecimal", `{"a":"` + long + `\u12g4` + long + `"}`, 506, "malformed escape"},
		{"long: surrogate", `{"a":"` + long + `\udfff` + long + `"}`, 506, "lone surrogate"},
		{"long: UTF-8", `{"a":"` + long + "\x80" + long + `"}`, 506, "invalid UTF-8"},
		{"long: cut", `{"a":"` + long + long, 1006, "unexpected end"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spans := make([]Span, 6)
			err := chatKeys.Object([]byte(tt.doc), spans)
			var syntax *SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("got %v", err)
			}
			if syntax.Offset != tt.offset || !strings.HasPrefix(syntax.Msg, tt.msg) {
				t.Errorf("got %v, want offset %d: %s", err, tt.offset, tt.msg)
			}
			for i, s := range spans {
				if s != (Span{}) {
					t.Errorf("span %d is %v", i, s)
				}
			}
		})
	}
}

func TestDepth(t *testing.T) {
	nest := func(n int) []byte {
		return []byte(`{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`)
	}
	var spans [8]Span
	if err := chatKeys.Object(nest(MaxDepth-1), spans[:]); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	var syntax *SyntaxError
	if err := chatKeys.Object(nest(MaxDepth), spans[:]); !errors.As(err, &syntax) || syntax.Msg != tooDeep.String() {
		t.Errorf("beyond: %v", err)
	}
	if err := Valid(nest(1 << 20)); err == nil {
		t.Error("a million brackets were accepted")
	}
}

func TestTooFewSpans(t *testing.T) {
	if err := chatKeys.Object([]byte(`{}`), nil); !errors.Is(err, ErrSpans) {
		t.Errorf("Object: %v", err)
	}
	if err := chatKeys.Nested([]byte(`{}`), nil); !errors.Is(err, ErrSpans) {
		t.Errorf("Nested: %v", err)
	}
}

func TestNewKeysPanicsOnMistakes(t *testing.T) {
	for _, names := range [][]string{{"a", "a"}, make([]string, MaxKeys+1)} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%d names: no panic", len(names))
				}
			}()
			NewKeys(names...)
		}()
	}
}

func TestValidAgreesWithEncodingJSON(t *testing.T) {
	for _, doc := range []string{
		"0", "-0", "1e5", "1E-5", "0.10", "null", "true", "false", `""`, "[]", "{}", " 1 ", "", " ", "tru", "nul", "-", "1.e1",
		"[1,2", "[1 2]", `{"a"}`, `"\/\b\f\n\r\t\"\\\u00e9"`, `"\ud83d\ude00"`, "01", "1 1", "\x00", "[,1]", `{"a":1,,}`,
	} {
		if got, want := Valid([]byte(doc)) == nil, json.Valid([]byte(doc)); got != want {
			t.Errorf("%q: got %v, want %v", doc, got, want)
		}
	}
}

func TestNoDuplicates(t *testing.T) {
	var many strings.Builder
	for i := range 100 {
		many.WriteString(`"k` + strconv.Itoa(i) + `":0,`)
	}
	for _, tt := range []struct {
		doc    string
		offset int // -1: accepted
	}{
		{`{"a":1,"b":{"a":1},"c":[{"a":1},{"a":2}]}`, -1},
		{`[{"a":1},{"x":{"b":1,"b":2}}]`, 21},
		{`{"a":1,"\u0061":2}`, 7},
		{`{"\u0061":1,"a":2}`, 12},
		{`{"a\n":1,"a\u000a":2}`, 9},
		{`{"":1,"":2}`, 6},
		{`{` + many.String() + `"z":1}`, -1},
		{`{` + many.String() + `"\u006b0":1}`, many.Len() + 1},
		{`[1,]`, 3},
	} {
		err := NoDuplicates([]byte(tt.doc))
		var syntax *SyntaxError
		switch {
		case tt.offset < 0 && err != nil:
			t.Errorf("%s: %v", tt.doc, err)
		case tt.offset >= 0 && (!errors.As(err, &syntax) || syntax.Offset != tt.offset):
			t.Errorf("%s: got %v, want offset %d", tt.doc, err, tt.offset)
		}
	}
}

func TestWalks(t *testing.T) {
	doc := []byte(`{"messages":[ {"role":"user"} , 1,"x",[ ] ],"usage":{"a":1,"prompt_tokens":12,"a":2}}`)
	var got []string
	for e := NewElements(Find(doc, "messages").Of(doc)); ; {
		v, ok := e.Next()
		if !ok {
			break
		}
		got = append(got, string(v))
	}
	if s := strings.Join(got, "|"); s != `{"role":"user"}|1|"x"|[ ]` {
		t.Errorf("elements: %s", s)
	}
	got = nil
	for m := NewMembers(Find(doc, "usage").Of(doc)); ; {
		n, v, ok := m.Next()
		if !ok {
			break
		}
		got = append(got, string(n)+string(v))
	}
	if s := strings.Join(got, "|"); s != `"a"1|"prompt_tokens"12|"a"2` {
		t.Errorf("members: %s", s)
	}
	for _, tt := range []struct {
		path []string
		want string
	}{
		{[]string{"usage", "prompt_tokens"}, "12"},
		{[]string{"usage", "a"}, "2"},
		{[]string{"usage", "b"}, ""},
		{[]string{"messages", "a"}, ""},
		{nil, string(doc)},
	} {
		if got := string(Find(doc, tt.path...).Of(doc)); got != tt.want {
			t.Errorf("Find %v: got %q, want %q", tt.path, got, tt.want)
		}
	}
}

func TestValues(t *testing.T) {
	for _, tt := range []struct {
		raw   string
		kind  Kind
		n     int64
		isInt bool
	}{
		{"null", Null, 0, false},
		{"true", Bool, 0, false},
		{" {}", Object, 0, false},
		{"[]", Array, 0, false},
		{`"1"`, String, 0, false},
		{"", Invalid, 0, false},
		{"x", Invalid, 0, false},
		{"12", Number, 12, true},
		{"-9223372036854775808", Number, -9223372036854775808, true},
		{"9223372036854775808", Number, 0, false},
		{"12.0", Number, 12, true},
		{"1.2e1", Number, 12, true},
		{"1e300", Number, 0, false},
		{"1e999", Number, 0, false},
		{"0.5", Number, 0, false},
		{"1_0", Number, 0, false},
		{"0x1", Number, 0, false},
		{"01", Number, 0, false},
		{"+1", Invalid, 0, false},
	} {
		raw := []byte(tt.raw)
		if got := KindOf(raw); got != tt.kind {
			t.Errorf("%q: kind %v, want %v", tt.raw, got, tt.kind)
		}
		if got, ok := Int(raw); got != tt.n || ok != tt.isInt {
			t.Errorf("%q: Int %d, %v, want %d, %v", tt.raw, got, ok, tt.n, tt.isInt)
		}
	}
	if f, ok := Float([]byte("-1.5e1")); f != -15 || !ok {
		t.Errorf("Float: %v, %v", f, ok)
	}
	if _, ok := Float([]byte("1e999")); ok {
		t.Error("Float takes 1e999")
	}
	if v, ok := Boolean([]byte("true")); !v || !ok {
		t.Errorf("Boolean: %v, %v", v, ok)
	}
	if _, ok := Boolean([]byte(`"true"`)); ok {
		t.Error("Boolean takes a string")
	}
}

func TestQuoteEscapesOnlyWhatMustBe(t *testing.T) {
	in := "a\"b\\c/d\n\r\t\b\f\x00\x1f\x7f<é\u2028🎉\xff\xc3"
	want := `"a\"b\\c/d\n\r\t\b\f\u0000\u001f` + "\x7f<é\u2028🎉\ufffd\ufffd\""
	if got := string(AppendQuote(nil, in)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := string(AppendQuote([]byte("x"), []byte(in))); got != "x"+want {
		t.Errorf("bytes: got %s", got)
	}
}

func TestUnquote(t *testing.T) {
	for raw, want := range map[string]string{
		`""`: "", `"a"`: "a", `"\ud83d\ude00\u00e9\n\/"`: "😀é\n/", `"\u0000"`: "\x00",
	} {
		if got, err := Unquote([]byte(raw)); got != want || err != nil {
			t.Errorf("%s: got %q, %v", raw, got, err)
		}
		if got := UnquotedLen([]byte(raw)); got != len(want) {
			t.Errorf("%s: length %d, want %d", raw, got, len(want))
		}
		if !EqualString([]byte(raw), want) || EqualString([]byte(raw), want+"x") || EqualString([]byte(raw), "x"+want) {
			t.Errorf("%s: EqualString is wrong", raw)
		}
	}
	for _, raw := range []string{``, `"`, `a`, `"a`, `"a"b`, `"\ud83d"`, "\"\xff\"", "\"\n\"", `"\"`} {
		got, err := AppendUnquote([]byte("x"), []byte(raw))
		if err == nil || string(got) != "x" {
			t.Errorf("%s: got %q, %v", raw, got, err)
		}
	}
}
