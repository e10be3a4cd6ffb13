#include "textflag.h"

// ALL32 declares 32 bytes, eight of which are given.
#define ALL32(name, bytes) \
DATA name<>+0(SB)/8, bytes; \
DATA name<>+8(SB)/8, bytes; \
DATA name<>+16(SB)/8, bytes; \
DATA name<>+24(SB)/8, bytes; \
GLOBL name<>(SB), RODATA|NOPTR, $32

ALL32(b0f, $0x0f0f0f0f0f0f0f0f)
ALL32(b20, $0x2020202020202020)
ALL32(b37, $0x3737373737373737)
ALL32(b42, $0x4242424242424242)
ALL32(b47, $0x4747474747474747)
ALL32(b5c, $0x5c5c5c5c5c5c5c5c)
ALL32(b60, $0x6060606060606060)
ALL32(b70, $0x7070707070707070)
ALL32(b80, $0x8080808080808080)

// The quote and the backslash, and what else may follow a backslash, each in the
// place that its low half names: no other byte is what the table has there. The
// b, which would stand where r does, is not among them: it is that rare.
DATA ends<>+0(SB)/8, $0x0000000000220001
DATA ends<>+8(SB)/8, $0x0000005c00000000
GLOBL ends<>(SB), RODATA|NOPTR, $16
DATA simple<>+0(SB)/8, $0x0066007400720001
DATA simple<>+8(SB)/8, $0x2f6e000000000000
GLOBL simple<>(SB), RODATA|NOPTR, $16

// What a byte is to a \u: the bits that the tables for its low and its high
// half share. 0x80 is u itself, 0x40 d, 0x20 a digit, 0x10 a to f.
DATA kindLow<>+0(SB)/8, $0x2030b07030303020
DATA kindLow<>+8(SB)/8, $0x0000000000002020
GLOBL kindLow<>(SB), RODATA|NOPTR, $16
DATA kindHigh<>+0(SB)/8, $0x8050005020000000
DATA kindHigh<>+8(SB)/8, $0x0000000000000000
GLOBL kindHigh<>(SB), RODATA|NOPTR, $16

// Two bytes in a row are bad UTF-8 when these tables share a bit for the halves
// of the first and the high half of the second: 1 no continuation after a lead,
// 2 one without a lead, 4 and 0x20 overlong, 8 beyond Unicode, 0x10 surrogate,
// 0x40 either. 0x80 is two continuations, which a lead further back may allow.
// (Keiser and Lemire, Validating UTF-8 in less than one instruction per byte.)
DATA leadHigh<>+0(SB)/8, $0x0202020202020202
DATA leadHigh<>+8(SB)/8, $0x4915012180808080
GLOBL leadHigh<>(SB), RODATA|NOPTR, $16
DATA leadLow<>+0(SB)/8, $0xcbcbcb8b8383a3e7
DATA leadLow<>+8(SB)/8, $0xcbcbdbcbcbcbcbcb
GLOBL leadLow<>(SB), RODATA|NOPTR, $16
DATA secondHigh<>+0(SB)/8, $0x0101010101010101
DATA secondHigh<>+8(SB)/8, $0x01010101babaaee6
GLOBL secondHigh<>(SB), RODATA|NOPTR, $16

// MASK sets dst to the top bits of the bytes of lo and hi.
#define MASK(lo, hi, tmp, dst) \
	VPMOVMSKB lo, dst; \
	VPMOVMSKB hi, tmp; \
	SHLQ      $32, tmp; \
	ORQ       tmp, dst

// HALF sets dst to the high halves of the bytes of src.
#define HALF(src, dst) \
	VPSRLW $4, src, dst; \
	VPAND  Y12, dst, dst

// UTF8 makes nonzero in bad what is a control character in text, the bytes at
// SI+at, or breaks UTF-8 with the bytes before it. The tables are in Y8 to Y10.
#define UTF8(at, text, bad) \
	VMOVDQU  at-1(SI), Y4; \
	HALF(Y4, Y5); \
	VPAND    Y12, Y4, Y4; \
	VPSHUFB  Y5, Y8, Y5; \
	VPSHUFB  Y4, Y9, Y4; \
	VPAND    Y5, Y4, Y4; \
	HALF(text, Y5); \
	VPSHUFB  Y5, Y10, Y5; \
	VPAND    Y5, Y4, Y4; \
	VMOVDQU  at-2(SI), Y5; \
	VPSUBUSB b60<>(SB), Y5, Y5; \
	VMOVDQU  at-3(SI), Y11; \
	VPSUBUSB b70<>(SB), Y11, Y11; \
	VPOR     Y5, Y11, Y5; \
	VPAND    b80<>(SB), Y5, Y5; \
	VPXOR    Y5, Y4, Y4; \
	VPSUBUSB text, Y13, bad; \
	VPOR     Y4, bad, bad

// func scanBlocks(p *byte, n int) (good int, closed, escapes bool)
//
// SI is the block, R9 the last place where one may begin. Of the block, AX is
// its quotes, BX its backslashes, R8 its faults, and DX how many of its bytes
// are left to the next block, for an escape begins in them that ends there.
TEXT ·scanBlocks(SB), NOSPLIT, $0-26
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), R9
	LEAQ -64(SI)(R9*1), R9
	XORQ R12, R12
	VBROADCASTI128 ends<>(SB), Y15
	VMOVDQU b5c<>(SB), Y14
	VMOVDQU b20<>(SB), Y13
	VMOVDQU b0f<>(SB), Y12

loop:
	CMPQ SI, R9
	JHI  stop
	VMOVDQU  (SI), Y0
	VMOVDQU  32(SI), Y1
	VPSHUFB  Y0, Y15, Y2
	VPSHUFB  Y1, Y15, Y3
	VPCMPEQB Y0, Y2, Y2
	VPCMPEQB Y1, Y3, Y3
	VPMINSB  Y0, Y1, Y6
	VPCMPGTB Y6, Y13, Y6 // controls, and bytes of 0x80 and above, which are negative
	VPOR     Y2, Y3, Y7
	VPOR     Y6, Y7, Y7
	VPTEST   Y7, Y7
	JNZ      marked
	CMPB     -1(SI), $0 // a sequence may be cut by the end of the block before
	JLT      marked
	ADDQ     $64, SI
	JMP      loop

marked:
	MASK(Y2, Y3, CX, AX)
	VPCMPEQB  Y0, Y14, Y4
	VPCMPEQB  Y1, Y14, Y5
	MASK(Y4, Y5, CX, BX)
	XORQ      BX, AX
	XORQ      R8, R8
	XORQ      DX, DX
	VPTEST    Y6, Y6
	JNZ       beyond
	CMPB      -1(SI), $0
	JGE       ascii

beyond:
	VBROADCASTI128 leadHigh<>(SB), Y8
	VBROADCASTI128 leadLow<>(SB), Y9
	VBROADCASTI128 secondHigh<>(SB), Y10
	UTF8(0, Y0, Y6)
	UTF8(32, Y1, Y7)
	VPXOR    Y4, Y4, Y4
	VPCMPEQB Y4, Y6, Y6
	VPCMPEQB Y4, Y7, Y7
	MASK(Y6, Y7, CX, R8)
	NOTQ     R8

ascii:
	TESTQ BX, BX
	JZ    checked

	// A run of backslashes escapes what follows it when its length is odd: to
	// add to a run the bit of an odd place where it begins makes it end at one.
	LEAQ  (BX)(BX*1), CX
	MOVQ  $0x5555555555555555, DI
	ANDNQ BX, DI, R13
	ANDNQ R13, CX, R13
	ADDQ  BX, R13
	ADCQ  $0, DX
	ADDQ  R13, R13
	XORQ  DI, R13
	ANDQ  CX, R13 // what is escaped

	VBROADCASTI128 simple<>(SB), Y8
	VPSHUFB  Y0, Y8, Y4
	VPSHUFB  Y1, Y8, Y5
	VPCMPEQB Y0, Y4, Y4
	VPCMPEQB Y1, Y5, Y5
	MASK(Y4, Y5, CX, DI)
	ORQ      AX, DI
	ORQ      BX, DI
	ANDNQ    AX, R13, AX
	ANDNQ    R13, DI, R13
	TESTQ    R13, R13
	JZ       checked

	// What is left must be u, with four digits after it.
	VBROADCASTI128 kindLow<>(SB), Y8
	VBROADCASTI128 kindHigh<>(SB), Y9
	HALF(Y0, Y2)
	HALF(Y1, Y3)
	VPSHUFB  Y0, Y8, Y4
	VPSHUFB  Y1, Y8, Y5
	VPSHUFB  Y2, Y9, Y2
	VPSHUFB  Y3, Y9, Y3
	VPAND    Y2, Y4, Y4
	VPAND    Y3, Y5, Y5
	VPADDUSB b70<>(SB), Y4, Y6
	VPADDUSB b70<>(SB), Y5, Y7
	MASK(Y6, Y7, CX, DI)  // digits and u
	MASK(Y4, Y5, CX, R10) // u
	ANDNQ    R13, R10, CX
	ORQ      CX, R8
	ANDNQ    DI, R10, DI
	ANDQ     R13, R10
	LEAQ     (R10)(R10*1), CX
	LEAQ     (CX)(CX*1), R13
	ORQ      CX, R13
	LEAQ     (R13*4), R11
	ORQ      R13, R11     // what must be digits
	ANDNQ    R11, DI, R11
	ORQ      R11, R8
	VPADDB   Y4, Y4, Y4
	VPADDB   Y5, Y5, Y5
	MASK(Y4, Y5, R11, DI) // d
	ANDQ     DI, CX
	JNZ      surrogates

units:
	// An escape that the block cuts is looked at again, with the next block.
	MOVQ R10, CX
	SHRQ $60, CX
	JZ   checked
	BSRQ R10, CX
	MOVL $65, DX
	SUBQ CX, DX

checked:
	TESTQ AX, AX
	JNZ   end
	TESTQ R8, R8
	JNZ   stop
	ORQ   BX, R12
	ADDQ  $64, SI
	TESTQ DX, DX
	JZ    loop
	SUBQ  DX, SI
	JMP   loop

surrogates:
	// A d makes a surrogate with 8 to f after it, one of a pair's second half
	// with c to f.
	VPCMPGTB b37<>(SB), Y0, Y6
	VPCMPGTB b37<>(SB), Y1, Y7
	MASK(Y6, Y7, R13, DI)
	ADDQ     CX, CX
	ANDQ     DI, CX
	VPAND    b47<>(SB), Y0, Y6
	VPAND    b47<>(SB), Y1, Y7
	VPCMPGTB b42<>(SB), Y6, Y6
	VPCMPGTB b42<>(SB), Y7, Y7
	MASK(Y6, Y7, R13, DI)
	ANDQ     CX, DI // second halves
	XORQ     DI, CX // first halves
	MOVQ     CX, R11
	SHLQ     $6, R11
	XORQ     DI, R11
	ORQ      R11, R8
	TESTQ    AX, AX
	JZ       open
	SHRQ     $6, DI // with a quote, no first half waits for the next block
	ANDNQ    CX, DI, DI
	ORQ      DI, R8

open:
	// The same for a pair, of which either half may be cut.
	MOVQ CX, R13
	SHRQ $56, R13
	JZ   units
	BSRQ CX, CX
	MOVL $67, DX
	SUBQ CX, DX
	JMP  checked

end:
	// What stands behind the quote is no part of the string. A sequence or an
	// escape that it cuts has its fault at the quote.
	LEAQ  -1(AX), CX
	XORQ  AX, CX
	TESTQ R8, CX
	JNZ   stop
	ANDQ  CX, BX
	ORQ   BX, R12
	BSFQ  AX, AX
	LEAQ  1(SI)(AX*1), SI
	MOVB  $1, closed+24(FP)
	JMP   done

stop:
	MOVB $0, closed+24(FP)

done:
	VZEROUPPER
	SUBQ  p+0(FP), SI
	MOVQ  SI, good+16(FP)
	TESTQ R12, R12
	SETNE escapes+25(FP)
	RET
