//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package h1

const canPeek = false

func peek(uintptr, []byte) int { return quiet }
