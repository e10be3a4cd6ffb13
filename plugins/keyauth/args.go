package keyauth

import "strings"

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
		if !spells(n, name) {
			continue
		}
		if st != absent {
			return "", repeated
		}
		st = other
		if !flag {
			value, st = decode(v), text
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

// spells tells whether raw, once decoded, is want.
func spells[S string | []byte](raw S, want string) bool {
	j := 0
	for i := 0; i < len(raw); j++ {
		c, n := decodeByte(raw, i)
		if j >= len(want) || want[j] != c {
			return false
		}
		i += n
	}
	return j == len(want)
}

// decode resolves escapes; what is no escape stays as it is.
func decode[S string | []byte](raw S) string {
	plain := true
	for i := range len(raw) {
		if raw[i] == '%' || raw[i] == '+' {
			plain = false
			break
		}
	}
	if plain {
		return string(raw)
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		c, n := decodeByte(raw, i)
		out = append(out, c)
		i += n
	}
	return string(out)
}

// decodeByte returns the byte that begins at i and how much of raw it takes.
func decodeByte[S string | []byte](raw S, i int) (byte, int) {
	switch raw[i] {
	case '+':
		return ' ', 1
	case '%':
		if i+2 < len(raw) {
			hi, ok1 := unhex(raw[i+1])
			lo, ok2 := unhex(raw[i+2])
			if ok1 && ok2 {
				return hi<<4 | lo, 3
			}
		}
	}
	return raw[i], 1
}

func unhex(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
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
		if len(n)+len(v) == 0 || spells(n, name) {
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
	const digits = "0123456789ABCDEF"
	for i := 0; i < len(raw); {
		c, n := decodeByte(raw, i)
		i += n
		if literal(c) {
			out.WriteByte(c)
			continue
		}
		out.WriteByte('%')
		out.WriteByte(digits[c>>4])
		out.WriteByte(digits[c&15])
	}
}

func literal(c byte) bool {
	switch {
	case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		return true
	}
	return c == '-' || c == '.' || c == '_' || c == '*'
}
