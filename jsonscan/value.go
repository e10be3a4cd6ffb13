package jsonscan

import (
	"math"
	"strconv"
)

// Kind is the type of a JSON value.
type Kind uint8

// The kinds. Invalid stands for no value at all, such as that of an absent span.
const (
	Invalid Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// String returns the kind's name in lower case.
func (k Kind) String() string {
	if k > Object {
		k = Invalid
	}
	return [...]string{"invalid", "null", "boolean", "number", "string", "array", "object"}[k]
}

// KindOf returns the kind of the value that data holds, by its first byte.
func KindOf(data []byte) Kind {
	i := space(data, 0)
	if i == len(data) {
		return Invalid
	}
	switch c := data[i]; c {
	case 'n':
		return Null
	case 't', 'f':
		return Bool
	case '"':
		return String
	case '[':
		return Array
	case '{':
		return Object
	default:
		if c == '-' || isDigit(c) {
			return Number
		}
		return Invalid
	}
}

// Boolean reads true or false.
func Boolean(raw []byte) (value, ok bool) {
	switch string(raw) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

// Int reads a number that is a whole one in the range of int64, however
// written: some services send counts as 12.0.
func Int(raw []byte) (int64, bool) {
	if end, st := wholeNumber(raw); st != plain || end != len(raw) {
		return 0, false
	}
	if digits(raw, min(1, len(raw))) == len(raw) {
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil {
			return 0, false
		}
		return n, true
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	// Beyond 2^53 a float no longer tells whole numbers apart.
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// Float reads a number; ok is false for anything else and for one out of
// the range of float64.
func Float(raw []byte) (value float64, ok bool) {
	if end, st := wholeNumber(raw); st != plain || end != len(raw) {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	return f, err == nil
}

func wholeNumber(raw []byte) (int, status) {
	if len(raw) == 0 {
		return 0, badNumber
	}
	return number(raw, 0)
}
