package h1

// The token characters of RFC 9110 section 5.6.2 as two halves of a bit set.
const (
	tokenLow = 1<<'!' | 1<<'#' | 1<<'$' | 1<<'%' | 1<<'&' | 1<<'\'' | 1<<'*' |
		1<<'+' | 1<<'-' | 1<<'.' | (1<<10-1)<<'0'
	tokenHigh = (1<<26-1)<<('A'-64) | (1<<26-1)<<('a'-64) |
		1<<('^'-64) | 1<<('_'-64) | 1<<('`'-64) | 1<<('|'-64) | 1<<('~'-64)
)

// isToken tells whether s is a token, as names of fields and methods are.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c >= 128 || uint64(tokenLow)>>c&1 == 0 && (c < 64 || uint64(tokenHigh)>>(c-64)&1 == 0) {
			return false
		}
	}
	return s != ""
}

// isValue tells whether s can stand as a field value or reason (RFC 9110 section
// 5.5): no control characters but HTAB, above all none that ends the line.
func isValue(s string) bool {
	for len(s) >= 8 && !control8(s) {
		s = s[8:]
	}
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// control8 tells whether any of the first 8 bytes of s is below space or DEL:
// answers are checked byte for byte, and this is three times as fast.
func control8(s string) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	d := x ^ ones*0x7f
	return ((x-ones*' ')&^x|(d-ones)&^d)&highs != 0
}

// isTarget tells whether s can stand in a request line.
func isTarget(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return false
		}
	}
	return s != ""
}

// trim cuts optional white space (RFC 9110 section 5.6.3) at both ends.
func trim(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}
