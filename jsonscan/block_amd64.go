package jsonscan

import "golang.org/x/sys/cpu"

// wide tells whether this processor can look at a block at once.
var wide = cpu.X86.HasAVX2 && cpu.X86.HasBMI1

// scanBlocks scans the text of a string, a block at a time, in the n bytes from
// p on. The three bytes before p are read too, and p may stand within a sequence
// that begins in them. It returns how many bytes are good, whether the last of
// them is the closing quote, and whether there are escapes among them. When the
// string is not closed, either less than a block is left, or the next block has
// a fault or an escape too rare to be known here. The good bytes end behind an
// escape or a pair of them, never within; but they may end within a sequence.
//
//go:noescape
func scanBlocks(p *byte, n int) (good int, closed, escapes bool)
