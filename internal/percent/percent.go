// Package percent is the percent-encoding of URLs: the triplet %XX, and the
// texts of query strings and forms, in which "+" stands for a space.
//
// It decides nothing about what may stand encoded or plain: that differs from
// place to place, and belongs to whoever reads or writes there.
package percent

// Triplet decodes the %XX that s begins with.
func Triplet[S string | []byte](s S) (byte, bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	hi, lo := digit(s[1]), digit(s[2])
	return hi<<4 | lo, hi < 16 && lo < 16
}

// AppendTriplet appends c as %XX, with capital digits.
func AppendTriplet(dst []byte, c byte) []byte {
	const digits = "0123456789ABCDEF"
	return append(dst, '%', digits[c>>4], digits[c&15])
}

// FormByte is the byte that begins at raw[i] of a query string or form, and how
// much of raw it takes. What is no escape stands for itself.
func FormByte[S string | []byte](raw S, i int) (c byte, n int) {
	switch raw[i] {
	case '+':
		return ' ', 1
	case '%':
		if c, ok := Triplet(raw[i:]); ok {
			return c, 3
		}
	}
	return raw[i], 1
}

// Form is the text that raw stands for in a query string or form.
func Form[S string | []byte](raw S) string {
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
		c, n := FormByte(raw, i)
		out = append(out, c)
		i += n
	}
	return string(out)
}

// FormEqual tells whether raw stands for want in a query string or form.
func FormEqual[S string | []byte](raw S, want string) bool {
	j := 0
	for i := 0; i < len(raw); j++ {
		c, n := FormByte(raw, i)
		if j >= len(want) || want[j] != c {
			return false
		}
		i += n
	}
	return j == len(want)
}

// digit is the value of a hexadecimal digit, 16 for any other byte.
func digit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 16
}
