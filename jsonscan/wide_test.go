package jsonscan

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// agree checks that a string, whose text is at data[i:], is read alike in every
// way there is.
func agree(t *testing.T, data []byte, i int) {
	t.Helper()
	end, st := slowStr(data, i)
	if e, s := longStr(data, i); e != end || s != st {
		t.Fatalf("longStr from %d of %q: got %d, %v, want %d, %v", i, data, e, s, end, st)
	}
	if e, s := narrowStr(data, i); e != end || s != st {
		t.Fatalf("narrowStr from %d of %q: got %d, %v, want %d, %v", i, data, e, s, end, st)
	}
}

// oddities are parts of strings, good and bad, whole and cut.
var oddities = []string{
	"", `"`, `\"`, `\`, `\\`, `\\\`, `\n`, `\t`, `\/`, `\b`, `\f`, `\r`, `\v`, `\x`, `\0`, "\\\x00", `\é`, `\U0041`,
	`\u`, `\u1`, `\u12`, `\u123`, `\u1234`, `\u00e9`, `\uABCD`, `\uabcdef`, `\u12g4`, `\ug123`, `\u123"`, `\u\u1234`, `\\u12`,
	`\ud7ff`, `\uD800`, `\udbff`, `\udc00`, `\uDFFF`, `\ud83d\ude00`, `\uD83D\uDE00`, `\ud83d\ud83d\ude00`, `\ud83d\ude00\ude00`,
	`\ud83d"`, `\ud83d\`, `\ud83d\n`, `\ud83d\u`, `\ud83d\u0041`, `\ud83d\\ude00`, `\\ud83d\ude00`, `\ud83dx\ude00`, `\ud83d\ude0`,
	`\ud`, `\ud8`, `\ud8"`, `\ue000`, "\x00", "\x1f", "\n", "\x7f", " ", "!", "]",
	"é", "\xc3", "\xc3\"", "\xc3\\n", "\xa9", "\xc3\xa9\xa9", "\xc0\x80", "\xc1\xbf", "\xc2\x80", "\xdf\xbf", "\xc3\xc3\xa9",
	"日", "\xe6", "\xe6\x97", "\xe6\"", "\xe6\x97\"", "\xe6\x97\\n", "\xe6\x97\x1f", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xe0\xa0\x80",
	"\xed\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xe6\xe6\x97\xa5", "日\xa5",
	"🎉", "\xf0", "\xf0\x9f", "\xf0\x9f\x8e", "\xf0\x9f\x8e\"", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80\x80",
	"\xf4\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff", "🎉\x89",
}

func TestEveryWayReadsAStringAlikeWhereverItsOdditiesAre(t *testing.T) {
	for _, fill := range []string{"a", "é", "日本", "🎉", `\n`, `\\`, `\u00e9`, `\ud55c`, `\ud83d\ude00`, `a\"é`} {
		text := strings.Repeat(fill, 230/len(fill)+1)
		for _, odd := range oddities {
			for at := range 131 {
				// The fill is cut anywhere too, by what is put in and at its end.
				data := slices.Concat([]byte(`[ "`), []byte(text[:at]), []byte(odd), []byte(text[at:]), []byte("\",\n\"\xff"))
				agree(t, data, 3)
				agree(t, data[:len(data)-at], 3)
			}
		}
	}
}

func TestEveryWayReadsMixturesAlike(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	good := []string{"text ", "a", `\"`, `\n`, `\\`, `\u00e9`, `\ud55c`, `\ud83d\ude00`, "é", "日", "🎉", "0", "d8", "u"}
	for range 30_000 {
		data := []byte(`  "`)
		for range r.IntN(60) {
			if r.IntN(40) == 0 {
				data = append(data, oddities[r.IntN(len(oddities))]...)
			}
			data = append(data, good[r.IntN(len(good))]...)
		}
		data = append(data, `"`...)
		if r.IntN(2) == 0 {
			data[3+r.IntN(len(data)-3)] = byte(r.Uint32())
		}
		data = append(data, bytes.Repeat([]byte(" \n"), r.IntN(60))...)
		agree(t, data, 3)
	}
}

// TestEveryWayReadsAllSequencesAlike takes all beginnings of a sequence of
// bytes, and all code units, across the end of a block.
func TestEveryWayReadsAllSequencesAlike(t *testing.T) {
	plain := `[ "` + strings.Repeat("a", 200) + `"`
	for n := range 1 << 16 {
		at := 3 + block - 7 + n%9
		put := func(seq string) {
			data := []byte(plain)
			copy(data[at:], seq)
			agree(t, data, 3)
		}
		for _, next := range []string{"", "\x80", "\xbf", "\x80\x80", "\xbf\xbf"} {
			put(string([]byte{byte(n >> 8), byte(n)}) + next)
		}
		hex := strconv.FormatInt(1<<16|int64(n), 16)[1:]
		for _, next := range []string{"", `\ud800`, `\udc00`, `\udfff`} {
			put(`\u` + hex + next)
		}
	}
}

// TestGoodTextNeedsNoCloserLook checks that blocks without a fault are passed
// over as such: were they not, only the time it takes would tell.
func TestGoodTextNeedsNoCloserLook(t *testing.T) {
	if !wide {
		t.Skip("no wide blocks here")
	}
	const longest = 12 // what a block may leave to the next
	for _, fill := range []string{
		"a", "é", "日本", "🎉", `\n`, `\\`, `\"`, `\u00e9`, `\ud55cx`, `\ud83d\ude00`, `\uD83D\uDE00.`, `a\"é\u003c`, `日\t`,
	} {
		for shift := range block {
			data := []byte(`  "` + strings.Repeat("b", shift) + strings.Repeat(fill, 1000/len(fill)))
			good, closed, escapes := scanBlocks(&data[3], len(data)-3)
			if closed || len(data)-3-good >= block+longest || escapes != strings.Contains(fill, `\`) {
				t.Fatalf("%q behind %d: got %d of %d, closed %v, escapes %v", fill, shift, good, len(data)-3, closed, escapes)
			}
			whole := len(data) - 3
			data = append(data, `"`+strings.Repeat(" ", block)...)
			if good, closed, _ = scanBlocks(&data[3], len(data)-3); good != whole+1 || !closed {
				t.Fatalf("%q behind %d: got %d of %d, closed %v", fill, shift, good, whole+1, closed)
			}
		}
	}
}
