package jsonscan

import "golang.org/x/sys/cpu"

// wide tells whether this processor can look at a block at once.
var wide = cpu.X86.HasAVX2

// nextBlock passes over blocks of plain text from p on, of which there are so
// many, and marks the first that has anything else; it returns how many it
// passed over. When that is all of them m is not set.
//
//go:noescape
func nextBlock(p *byte, blocks int, m *marks) (skipped int)
