//go:build !unix

package listen

func peekEnd(uintptr) bool { return false }
