//go:build !amd64

package jsonscan

// wide is false: this processor looks at eight bytes at once.
const wide = false

func nextBlock(*byte, int, *marks) int { panic("jsonscan: no wide blocks here") }
