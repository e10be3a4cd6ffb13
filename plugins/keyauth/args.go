package keyauth

import (
	"strings"

	"github.com/sluice-gateway/sluice/internal/percent"
)

// The functions here read and change the arguments of a query string or form
// (a=1&b=2) in place, so that a request with a key in its query costs no map.

// inArgs finds an argument. Names count with case, after decoding; a[] and
// a[1] are other names than a.
func inArgs[S string | []byte](args S, name string) (string, outcome) {
	var value string
	st := absent
	for len(args) > 0 {
		var n, v S
		var flag bool
		n, v, flag, args = nextArg(args)
		if !percent.FormEqual(n, name) {
			continue
		}
		if st != absent {
			return "", repeated
		}
		st = other
		if !flag {
			value, st = percent.Form(v), text
		}
	}
	return value, st
}

// nextArg cuts the first argument off. flag tells an argument without an
// equals sign.
func nextArg[S string | []byte](args S) (name, value S, flag bool, rest S) {
	end := len(args)
	eq := -1
scan:
	for i := range len(args) {
		switch args[i] {
		case '&':
			end = i
			break scan
		case '=':
			if eq < 0 {
				eq = i
			}
		}
	}
	rest = args[min(end+1, len(args)):]
	if eq < 0 {
		return args[:end], args[:0], true, rest
	}
	return args[:eq], args[eq+1 : end], false, rest
}

// withoutArg removes an argument in whatever spelling. The others keep their
// order and are written anew, as Kong does it: %65 becomes e, a becomes a=.
// Arguments without name are untouched if there is nothing to remove.
func withoutArg[S string | []byte](args S, name string) (string, bool) {
	if _, st := inArgs(args, name); st == absent {
		return "", false
	}
	var out strings.Builder
	out.Grow(len(args))
	for len(args) > 0 {
		var n, v S
		n, v, _, args = nextArg(args)
		if len(n)+len(v) == 0 || percent.FormEqual(n, name) {
			continue
		}
		if out.Len() > 0 {
			out.WriteByte('&')
		}
		encode(&out, n)
		out.WriteByte('=')
		encode(&out, v)
	}
	return out.String(), true
}

// encode writes raw with just the escapes it needs.
func encode[S string | []byte](out *strings.Builder, raw S) {
	var triplet [3]byte
	for i := 0; i < len(raw); {
		c, n := percent.FormByte(raw, i)
		i += n
		if literal(c) {
			out.WriteByte(c)
			continue
		}
		out.Write(percent.AppendTriplet(triplet[:0], c))
	}
}

func literal(c byte) bool {
	switch {
	case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		return true
	}
	return c == '-' || c == '.' || c == '_' || c == '*'
}
