package jsonscan

// Weigh counts what data, a JSON text, would be taken apart into: each comma
// and each opening bracket, which is about one for each value, or more. What
// stands under a name for which aside is true is counted apart, in brackets
// only. Text that is no JSON gives numbers that mean nothing.
func Weigh(data []byte, aside func(name []byte) bool) (values, besides int) {
	for i := 0; i < len(data); {
		switch data[i] {
		case ',', '{', '[':
			values++
		case '"':
			end := skipString(data, i+1)
			colon := space(data, end)
			if colon == len(data) || data[colon] != ':' || !aside(data[i+1:max(i+1, end-1)]) {
				i = end
				continue
			}
			start := space(data, colon+1)
			i = max(skip(data, start), start)
			besides += brackets(data[start:i])
			continue
		}
		i++
	}
	return values, besides
}

// CountMembers counts the members of all objects in data, a JSON text. Text that
// is no JSON gives a number that means nothing.
func CountMembers(data []byte) int {
	n := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case ':':
			n++
		case '"':
			i = skipString(data, i+1) - 1
		}
	}
	return n
}

// brackets counts those that open.
func brackets(data []byte) int {
	n := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{', '[':
			n++
		case '"':
			i = skipString(data, i+1) - 1
		}
	}
	return n
}
