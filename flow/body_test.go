package flow

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/jsonscan"
)

// drip is a source that gives a few bytes at a time.
type drip struct {
	r       io.Reader
	size    int
	reads   int
	aborted int
}

func (d *drip) Read(p []byte) (int, error) {
	d.reads++
	return d.r.Read(p[:min(d.size, len(p))])
}

func (d *drip) Abort() { d.aborted++ }

func dripping(body string, size int) *drip { return &drip{r: strings.NewReader(body), size: size} }

var errGone = errors.New("gone")

// TestBodyBytes reads bodies of every size class, announced and not.
func TestBodyBytes(t *testing.T) {
	for _, n := range []int{0, 1, 2047, 2048, 2049, 8191, 8192, 100_000, 512 << 10, 1<<20 + 1} {
		want := strings.Repeat("x", n)
		for _, announced := range []bool{true, false} {
			for _, size := range []int{1 << 20, 1000} {
				length := int64(-1)
				if announced {
					length = int64(n)
				}
				var b Body
				b.Open(dripping(want, size), length)
				got, err := b.Bytes(0)
				if err != nil || string(got) != want {
					t.Errorf("%d bytes, announced %t: got %d, %v", n, announced, len(got), err)
				}
				if !b.Buffered() || b.Stream() != nil || b.Sending() {
					t.Errorf("%d bytes: not buffered", n)
				}
				b.Release()
				if b.Raw() != nil {
					t.Errorf("%d bytes: still there after its release", n)
				}
			}
		}
	}
}

func TestBodyLimit(t *testing.T) {
	for _, tt := range []struct {
		name     string
		size     int
		length   int64
		limit    int64
		tooLarge bool
	}{
		{"none", 5000, 5000, 0, false},
		{"at it", 100, 100, 100, false},
		{"announced beyond", 101, 101, 100, true},
		{"unknown, at it", 100, -1, 100, false},
		{"unknown, beyond", 101, -1, 100, true},
		{"unknown, far beyond", 1 << 20, -1, 100, true},
	} {
		src := dripping(strings.Repeat("x", tt.size), 10)
		var b Body
		b.Open(src, tt.length)
		_, err := b.Bytes(tt.limit)
		if got := errors.Is(err, ErrTooLarge); got != tt.tooLarge || !got && err != nil {
			t.Errorf("%s: got %v", tt.name, err)
		}
		if tt.tooLarge && tt.length > 0 && src.reads > 0 {
			t.Errorf("%s: it was read all the same", tt.name)
		}
		if tt.tooLarge && (src.reads > 12 || b.Buffered()) {
			t.Errorf("%s: %d reads, buffered %t", tt.name, src.reads, b.Buffered())
		}
		b.Release()
	}
}

// TestBodyLaterLimit: a reader with a smaller limit does not get what another
// has read.
func TestBodyLaterLimit(t *testing.T) {
	var b Body
	b.Open(dripping("0123456789", 3), 10)
	if _, err := b.Bytes(100); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Bytes(5); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	if got, err := b.Bytes(10); err != nil || string(got) != "0123456789" {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestBodyBreaks: the failure stays.
func TestBodyBreaks(t *testing.T) {
	var b Body
	b.Open(&drip{r: io.MultiReader(strings.NewReader("half"), failing{}), size: 10}, 100)
	for range 2 {
		if got, err := b.Bytes(0); !errors.Is(err, errGone) || got != nil {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if b.Buffered() || string(b.Raw()) != "half" || b.Received() != 4 {
		t.Errorf("buffered %t, raw %q, received %d", b.Buffered(), b.Raw(), b.Received())
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errGone }

func TestBodyStream(t *testing.T) {
	src := dripping("abc", 1)
	var b Body
	b.Open(src, 3)
	handed := b.Stream()
	if handed == nil || !b.Sending() || b.Spent() {
		t.Fatal("the source is not handed out")
	}
	if b.Stream() != handed {
		t.Error("untouched, it cannot be had again")
	}
	if n := b.Received(); n != 0 {
		t.Errorf("%d bytes are received before anybody reads", n)
	}
	if n, err := handed.Read(make([]byte, 5)); n != 1 || err != nil || !b.Spent() || b.Received() != 1 {
		t.Errorf("read %d, %v, spent %t, received %d", n, err, b.Spent(), b.Received())
	}
	if b.Stream() != nil {
		t.Error("it is handed out after it was read from")
	}
	if b.Buffered() {
		t.Error("it counts as buffered")
	}
	b.Abort()
	if src.aborted != 1 {
		t.Errorf("aborted %d times", src.aborted)
	}
}

func TestEmptyBody(t *testing.T) {
	for _, b := range []*Body{{}, {}} {
		b.Open(nil, 0)
		got, err := b.Bytes(1)
		if len(got) != 0 || err != nil || !b.Buffered() || b.Stream() != nil {
			t.Errorf("got %q, %v", got, err)
		}
		if s, n := b.Segments(nil); len(bytes.Join(s, nil)) != 0 || n != 0 {
			t.Errorf("segments %q", s)
		}
		b.Abort()
	}
}

func TestBodyEdits(t *testing.T) {
	const text = `{"a":1,"b":2}`
	var b Body
	b.Open(dripping(text, 100), int64(len(text)))
	raw, err := b.Bytes(0)
	if err != nil {
		t.Fatal(err)
	}
	generation := b.Generation()
	b.Edits().Set(jsonscan.Find(raw, "a"), "a", []byte(`"x"`))
	b.Edits().InsertLast("c", []byte("3"))
	const want = `{"a":"x","b":2,"c":3}`
	if got := string(b.Edited()); got != want {
		t.Errorf("edited %s", got)
	}
	segments, n := b.Segments(nil)
	if got := string(bytes.Join(segments, nil)); got != want || n != int64(len(want)) {
		t.Errorf("segments %s, %d", got, n)
	}
	if got, _ := b.Bytes(0); string(got) != text || string(b.Raw()) != text {
		t.Errorf("the body itself is %s", got)
	}
	b.Replace([]byte(`{}`))
	if got := string(b.Edited()); got != `{}` || b.Generation() == generation || string(b.Raw()) != text {
		t.Errorf("replaced: %s, generation %d, raw %s", got, b.Generation(), b.Raw())
	}
}

// TestReplaceUnread: a body that is replaced before anybody read it counts as
// read, also when its caller has gone.
func TestReplaceUnread(t *testing.T) {
	src := dripping("abc", 1)
	var b Body
	b.Open(src, 3)
	b.Replace([]byte("xy"))
	got, err := b.Bytes(0)
	if string(got) != "xy" || err != nil || src.reads != 0 || !b.Buffered() {
		t.Errorf("got %q, %v after %d reads", got, err, src.reads)
	}
}

// TestExchangeAgain: nothing of an exchange is left in the next.
func TestExchangeAgain(t *testing.T) {
	var ex Exchange
	ex.Body.Open(dripping(`{"a":1}`, 3), 7)
	if _, err := ex.Body.Bytes(0); err != nil {
		t.Fatal(err)
	}
	ex.Body.Edits().InsertLast("b", []byte("2"))
	ex.In.Header.Add("Authorization", "secret")
	ex.Attempts = append(ex.Attempts, Attempt{Err: errGone})
	ex.SetLogField("x", 1)
	ex.SetLogField("x", 2)
	if got := ex.LogFields(); len(got) != 1 || got[0].Value != 2 {
		t.Errorf("log fields %v", got)
	}
	ex.NewReply(200).Header.Add("X", "y")
	var done []int
	ex.OnDone(func(*Exchange) { done = append(done, 1) })
	ex.OnDone(func(*Exchange) { done = append(done, 2) })
	ex.Finish()
	ex.Finish()
	if len(done) != 2 || done[0] != 2 {
		t.Errorf("done: %v", done)
	}
	ex.Reset()
	if len(ex.In.Header)+len(ex.Attempts)+len(ex.LogFields()) != 0 || ex.Reply != nil || ex.Call != nil {
		t.Errorf("left over: %+v", ex)
	}
	if got := ex.In.Header[:cap(ex.In.Header)]; got[0].Value != "" {
		t.Error("a secret is still in memory")
	}
	if r := ex.NewReply(404); r.Status != 404 || len(r.Header) != 0 || r.Stream != nil {
		t.Errorf("reply %+v", r)
	}
	ex.Body.Open(dripping("{}", 2), 2)
	if _, err := ex.Body.Bytes(0); err != nil || string(ex.Body.Edited()) != "{}" {
		t.Errorf("body %s, %v", ex.Body.Edited(), err)
	}
}

func TestReplyBody(t *testing.T) {
	var r Reply
	r.SetBody([]byte("abc"))
	if r.Length != 3 {
		t.Errorf("length %d", r.Length)
	}
	got, err := Collect(r.Stream, 3)
	if string(got) != "abc" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	r.SetBody(nil)
	if r.Stream != nil || r.Length != 0 || r.Close() != nil || (*Reply)(nil).Close() != nil {
		t.Errorf("empty: %+v", r)
	}
	r.SetBody([]byte("abc"))
	s := r.Stream
	if r.Close() != nil || r.Stream != nil {
		t.Error("not closed")
	}
	if _, err := s.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after it was closed: %v", err)
	}
}

// watched is a stream that counts how often it was closed.
type watched struct {
	frames []string
	end    error
	closed int
}

func (w *watched) Next() (Frame, error) {
	if len(w.frames) == 0 {
		return Frame{}, w.end
	}
	f := w.frames[0]
	w.frames = w.frames[1:]
	return Frame{Data: []byte(f)}, nil
}

func (w *watched) Close() error {
	w.closed++
	return nil
}

func TestCollect(t *testing.T) {
	for _, tt := range []struct {
		name  string
		end   error
		limit int64
		want  string
		err   error
	}{
		{"whole", io.EOF, 0, "abcd", nil}, {"at the limit", io.EOF, 4, "abcd", nil}, {"beyond", io.EOF, 3, "", ErrTooLarge}, {"broken", errGone, 0, "", errGone},
	} {
		s := &watched{frames: []string{"ab", "cd"}, end: tt.end}
		got, err := Collect(s, tt.limit)
		if string(got) != tt.want || !errors.Is(err, tt.err) || s.closed != 1 {
			t.Errorf("%s: got %q, %v, closed %d times", tt.name, got, err, s.closed)
		}
	}
}

func TestCaptures(t *testing.T) {
	c := Captures{Names: []string{"", "model"}, Values: []string{"a", "b"}}
	for name, want := range map[string]string{"model": "b", "": "", "x": ""} {
		if got, ok := c.Get(name); got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %t", name, got, ok)
		}
	}
}

func TestGRPC(t *testing.T) {
	for ct, want := range map[string]bool{"application/grpc": true, "application/grpc+proto": true, "application/json": false, "": false} {
		r := Request{Header: Header{{Name: "content-type", Value: ct}}}
		if got := r.GRPC(); got != want {
			t.Errorf("%q: %t", ct, got)
		}
	}
}
