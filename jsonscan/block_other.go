//go:build !amd64

package jsonscan

// wide is false: this processor looks at eight bytes at once.
const wide = false

func scanBlocks(*byte, int) (int, bool, bool) { panic("jsonscan: no wide blocks here") }
