package jsonscan

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func seed(f *testing.F) {
	f.Helper()
	for _, doc := range []string{
		`{}`, `{"a":1,"model":"m","stream":true}`, `{"model":1,"\u006dodel":2}`, `[{"a":{"a":null}}]`,
		` { "" : "\ud83d\ude00\n" , "x" : [ -0.1e+5 , { } , [ ] ] } `, `{"a":"\ud800"}`, "{\"a\":\"\xff\"}",
		`{"a":[1,2,{"b":"` + strings.Repeat("long text ", 40) + `\"quoted\" \u00e9 é 日本"}]}`,
		`{"a\\":1,"a\"":2,"\\\"":"\\\\"}`, strings.Repeat("[", 600) + strings.Repeat("]", 600),
	} {
		f.Add([]byte(doc))
	}
}

// FuzzObject compares with encoding/json: what Object accepts is seen alike by
// both, what only encoding/json accepts was refused for a known reason.
func FuzzObject(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		spans := make([]Span, chatKeys.Len())
		err := chatKeys.Object(data, spans)
		var values map[string]json.RawMessage
		std := json.Unmarshal(data, &values)
		if err != nil {
			if std == nil && values != nil {
				explain(t, data, err)
			}
			return
		}
		if std != nil {
			t.Fatalf("accepted, but encoding/json says %v", std)
		}
		for i, s := range spans {
			want, ok := values[chatKeys.Name(i)]
			if s.Present() != ok || !bytes.Equal(s.Of(data), want) {
				t.Errorf("%q: got %q, want %q", chatKeys.Name(i), s.Of(data), want)
			}
			if ok && !EqualString(nameAt(data, s), chatKeys.Name(i)) {
				t.Errorf("%q: KeyStart %d is not at the name", chatKeys.Name(i), s.KeyStart)
			}
		}
		nested := make([]Span, len(spans))
		if err := chatKeys.Nested(data, nested); err != nil || !slices.Equal(nested, spans) {
			t.Errorf("Nested: %v, %v, want %v", nested, err, spans)
		}
	})
}

func nameAt(data []byte, s Span) []byte {
	return data[s.KeyStart:skipString(data, s.KeyStart+1)]
}

// explain checks that a refusal which encoding/json does not share has one of
// the reasons in which the two differ.
func explain(t *testing.T, data []byte, err error) {
	t.Helper()
	var syntax *SyntaxError
	if !errors.As(err, &syntax) {
		t.Fatalf("refused with %v", err)
	}
	ok := false
	switch msg := syntax.Msg; {
	case msg == badUTF8.String():
		ok = !utf8.Valid(data)
	case msg == badSurrogate.String():
		ok = replaces(data[syntax.Offset:])
	case msg == tooDeep.String():
		ok = bytes.Count(data, []byte("["))+bytes.Count(data, []byte("{")) > MaxDepth
	case strings.HasPrefix(msg, duplicate.String()):
		ok = repeats(data, chatKeys.names)
	}
	if !ok {
		t.Fatalf("refused with %v, but encoding/json accepts", err)
	}
}

// replaces tells whether encoding/json puts U+FFFD for the escape that b begins
// with.
func replaces(b []byte) bool {
	var s string
	if len(b) < 6 || json.Unmarshal([]byte(`"`+string(b[:6])+`"`), &s) != nil {
		return false
	}
	return s == "\ufffd"
}

// repeats tells whether one of the names occurs twice at the top level.
func repeats(data []byte, names []string) bool {
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		return false
	}
	seen := map[string]bool{}
	for d.More() {
		tok, err := d.Token()
		name, _ := tok.(string)
		if err != nil {
			return false
		}
		if slices.Contains(names, name) && seen[name] {
			return true
		}
		seen[name] = true
		var skip json.RawMessage
		if d.Decode(&skip) != nil {
			return false
		}
	}
	return false
}

func FuzzValid(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		err := Valid(data)
		if std := json.Valid(data); err == nil && !std {
			t.Fatal("accepted, but encoding/json refuses")
		} else if err != nil && std {
			explain(t, data, err)
		}
		if err == nil && !utf8.Valid(data) {
			t.Fatal("accepted invalid UTF-8")
		}
		twice := NoDuplicates(data)
		if err != nil {
			if twice == nil || twice.Error() != err.Error() {
				t.Fatalf("Valid says %v, NoDuplicates %v", err, twice)
			}
			return
		}
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		if want := repeatsAnywhere(d); (twice != nil) != want {
			t.Fatalf("NoDuplicates says %v, the reference %v", twice, want)
		}
	})
}

// repeatsAnywhere reads one valid value and tells whether any object in it has
// a name twice.
func repeatsAnywhere(d *json.Decoder) bool {
	tok, _ := d.Token()
	open, ok := tok.(json.Delim)
	if !ok {
		return false
	}
	found := false
	seen := map[string]bool{}
	for d.More() {
		if open == '{' {
			tok, _ := d.Token()
			name, _ := tok.(string)
			found = found || seen[name]
			seen[name] = true
		}
		found = repeatsAnywhere(d) || found
	}
	_, _ = d.Token()
	return found
}

// FuzzLong compares the two ways in which a string is scanned, wherever its
// special bytes fall in the words and windows of the quick one.
func FuzzLong(f *testing.F) {
	f.Add([]byte(`a\"b`), uint16(300), uint16(300), uint16(20))
	f.Add([]byte(`\ud83d\ude00`), uint16(250), uint16(9), uint16(300))
	f.Add([]byte("\\\\\\\"é日🎉\\u00e9"), uint16(286), uint16(500), uint16(0))
	f.Add([]byte("\xe9"), uint16(400), uint16(40), uint16(300))
	f.Add([]byte(strings.Repeat("日本", 100)+`\]]#"`), uint16(4), uint16(400), uint16(300))
	f.Fuzz(func(t *testing.T, in []byte, before, behind, tail uint16) {
		data := slices.Concat([]byte{'"'}, bytes.Repeat([]byte("a"), int(before%1024)), in,
			bytes.Repeat([]byte("b"), int(behind%1024)), []byte{'"'}, bytes.Repeat([]byte(" "), int(tail%1024)))
		end, st := str(data, 1)
		slowEnd, slow := slowStr(data, 1)
		if end != slowEnd || st != slow {
			t.Fatalf("got %d, %v, want %d, %v", end, st, slowEnd, slow)
		}
		if st > escaped {
			return
		}
		if std := json.Valid(data[:end]); !std {
			t.Fatal("accepted, but encoding/json refuses")
		}
		if !utf8.Valid(data[:end]) {
			t.Fatal("accepted invalid UTF-8")
		}
		if got := bytes.IndexByte(data[:end], '\\') >= 0; got != (st == escaped) {
			t.Fatalf("has escapes: %v, status %d", got, st)
		}
		if skipString(data, 1) != end {
			t.Fatalf("skipString goes to %d, want %d", skipString(data, 1), end)
		}
	})
}

type member struct{ name, value string }

func membersOf(data []byte) []member {
	out := []member{}
	for m := NewMembers(data); ; {
		name, value, ok := m.Next()
		if !ok {
			return out
		}
		out = append(out, member{string(name), string(value)})
	}
}

// FuzzEdits does to a document and to the list of its members the same things,
// one after another of program, and compares.
func FuzzEdits(f *testing.F) {
	f.Add([]byte(`{"a":1 , "b":[2],"c":{"d":3}}`), []byte{1, 1, 2, 0x15})
	f.Add([]byte(`{ "a":1 }`), []byte{1, 0x12})
	f.Add([]byte(`{}`), []byte{0x22})
	f.Fuzz(func(t *testing.T, data, program []byte) {
		if NewKeys().Object(data, nil) != nil || len(program) == 0 {
			return
		}
		var e Edits
		var want []member
		value := []byte(`{"new":[]}`)
		first, last := int(program[0]>>4&3), int(program[0]>>6&3)
		for i := range first {
			name := string(rune('0' + i))
			e.InsertFirst(name, value)
			want = append(want, member{`"` + name + `"`, string(value)})
		}
		i := 0
		for m := NewMembers(data); m.next(); i++ {
			was := member{string(data[m.span.KeyStart:m.nameEnd]), string(m.span.Of(data))}
			switch program[i%len(program)] & 3 {
			case 1:
				e.Delete(m.Span())
				continue
			case 2:
				e.Set(m.Span(), "", value)
				was.value = string(value)
			case 3:
				e.Replace(m.Span(), value)
				was.value = string(value)
			}
			want = append(want, was)
		}
		for i := range last {
			name := string(rune('7' + i))
			e.Set(Span{}, name, value)
			want = append(want, member{`"` + name + `"`, string(value)})
		}
		if err := e.Check(data); err != nil {
			t.Fatal(err)
		}
		got := e.Append(nil, data)
		if err := Valid(got); err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		if after := membersOf(got); !slices.Equal(after, want) {
			t.Errorf("%s: got %q, want %q", got, after, want)
		}
		if joined := bytes.Join(e.Segments(nil, data), nil); !bytes.Equal(joined, got) || e.Len(data) != len(got) {
			t.Errorf("Segments give %s, Len %d, want %s", joined, e.Len(data), got)
		}
	})
}

// FuzzSplices throws edits at a document that need not fit it or each other.
func FuzzSplices(f *testing.F) {
	f.Add([]byte(`{"a":1}`), []byte{0, 1, 3, 4, 1, 2, 2, 2, 1})
	f.Fuzz(func(t *testing.T, data, program []byte) {
		var e Edits
		for p := range slices.Chunk(program, 4) {
			if len(p) < 4 {
				break
			}
			s := Span{int(p[1]) - 1, int(p[2]) - 1, int(p[3]) - 1}
			switch p[0] % 6 {
			case 0:
				e.Splice(s.Start, s.End, []byte("x"))
			case 1:
				e.Delete(s)
			case 2:
				e.InsertFirstIn(s, "n", []byte("1"))
			case 3:
				e.AppendElement(s, []byte("1"))
			case 4:
				e.Set(s, "n", []byte("1"))
			case 5:
				e.InsertLast("n", []byte("1"))
			}
		}
		err := e.Check(data)
		got := e.Append(nil, data)
		if n := e.Len(data); n != len(got) || (err != nil && n != 0) {
			t.Errorf("Len is %d, Append gives %q, Check %v", n, got, err)
		}
		if joined := bytes.Join(e.Segments(nil, data), nil); !bytes.Equal(joined, got) {
			t.Errorf("Segments give %q, want %q", joined, got)
		}
	})
}

func FuzzQuote(f *testing.F) {
	f.Add("a\"\\\n\x00é\xff\xed\xa0\x80🎉")
	f.Fuzz(func(t *testing.T, s string) {
		want := string([]rune(s)) // puts U+FFFD for each bad byte
		raw := AppendQuote(nil, s)
		if !bytes.Equal(AppendQuote(nil, []byte(s)), raw) {
			t.Error("string and bytes differ")
		}
		var std string
		if err := json.Unmarshal(raw, &std); err != nil || std != want {
			t.Errorf("encoding/json reads %q, %v from %s", std, err, raw)
		}
		if got, err := Unquote(raw); err != nil || got != want {
			t.Errorf("Unquote: %q, %v, want %q", got, err, want)
		}
		if UnquotedLen(raw) != len(want) || !EqualString(raw, want) {
			t.Errorf("UnquotedLen %d of %d, EqualString %v", UnquotedLen(raw), len(want), EqualString(raw, want))
		}
	})
}

func FuzzUnquote(f *testing.F) {
	f.Add([]byte(`"\ud83d\ude00\u00e9\\ud83d"`), "x")
	f.Fuzz(func(t *testing.T, raw []byte, other string) {
		got, err := AppendUnquote([]byte("x"), raw)
		text, err2 := Unquote(raw)
		if (err == nil) != (err2 == nil) || string(got) != "x"+text {
			t.Fatalf("AppendUnquote %q, %v, Unquote %q, %v", got, err, text, err2)
		}
		UnquotedLen(raw)
		EqualString(raw, other)
		if err != nil {
			return
		}
		var std string
		if e := json.Unmarshal(raw, &std); e != nil || std != text {
			t.Fatalf("got %q, encoding/json %q, %v", text, std, e)
		}
		if UnquotedLen(raw) != len(text) || !EqualString(raw, text) || EqualString(raw, other) != (text == other) {
			t.Errorf("%s: length %d, want %d; or EqualString is wrong", raw, UnquotedLen(raw), len(text))
		}
	})
}

// FuzzTrusted gives what expects valid data anything at all.
func FuzzTrusted(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		spans := make([]Span, chatKeys.Len())
		_ = chatKeys.Nested(data, spans)
		for _, s := range spans {
			if s.Present() && (s.KeyStart < 0 || s.Start < s.KeyStart || s.End <= s.Start || s.End > len(data)) {
				t.Errorf("span %v in %d bytes", s, len(data))
			}
		}
		for m := NewMembers(data); ; {
			name, value, ok := m.Next()
			if !ok {
				break
			}
			if len(name) < 2 || len(value) == 0 {
				t.Errorf("member %q, %q", name, value)
			}
			UnquotedLen(name)
			EqualString(name, "a")
		}
		for e := NewElements(data); ; {
			if _, ok := e.Next(); !ok {
				break
			}
		}
		Find(data, "a", "a").Of(data)
		KindOf(data)
		Int(data)
		Float(data)
	})
}
