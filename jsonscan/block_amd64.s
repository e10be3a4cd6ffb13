#include "textflag.h"

DATA quoteByte<>+0(SB)/1, $0x22
GLOBL quoteByte<>(SB), RODATA|NOPTR, $1
DATA backslashByte<>+0(SB)/1, $0x5c
GLOBL backslashByte<>(SB), RODATA|NOPTR, $1
DATA spaceByte<>+0(SB)/1, $0x20
GLOBL spaceByte<>(SB), RODATA|NOPTR, $1
DATA nibbleByte<>+0(SB)/1, $0x0f
GLOBL nibbleByte<>(SB), RODATA|NOPTR, $1

// A byte may follow a backslash (u apart) when the two tables share a bit for
// its low and its high half: " and / share 1, \ 2, b f n 4, r t 8.
DATA lowHalf<>+0(SB)/8, $0x00040008000d0000
DATA lowHalf<>+8(SB)/8, $0x0104000200000000
GLOBL lowHalf<>(SB), RODATA|NOPTR, $16
DATA highHalf<>+0(SB)/8, $0x0804020000010000
DATA highHalf<>+8(SB)/8, $0x0000000000000000
GLOBL highHalf<>(SB), RODATA|NOPTR, $16

// func nextBlock(p *byte, blocks int, m *marks) (skipped int)
TEXT ·nextBlock(SB), NOSPLIT, $0-32
	MOVQ p+0(FP), SI
	MOVQ blocks+8(FP), CX
	MOVQ m+16(FP), DI
	XORQ DX, DX
	VPBROADCASTB quoteByte<>(SB), Y2
	VPBROADCASTB backslashByte<>(SB), Y3
	VPBROADCASTB spaceByte<>(SB), Y4

loop:
	CMPQ DX, CX
	JGE  done
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	VPCMPEQB Y0, Y2, Y5
	VPCMPEQB Y1, Y2, Y6
	VPCMPEQB Y0, Y3, Y7
	VPCMPEQB Y1, Y3, Y8
	VPCMPGTB Y0, Y4, Y9  // controls, and bytes of 0x80 and above, which are negative
	VPCMPGTB Y1, Y4, Y10
	VPOR  Y5, Y7, Y11
	VPOR  Y6, Y8, Y12
	VPOR  Y9, Y11, Y11
	VPOR  Y10, Y12, Y12
	VPOR  Y11, Y12, Y12
	VPTEST Y12, Y12
	JNZ  found
	ADDQ $64, SI
	INCQ DX
	JMP  loop

found:
	VPMOVMSKB Y5, AX
	VPMOVMSKB Y6, BX
	SHLQ $32, BX
	ORQ  BX, AX
	MOVQ AX, 0(DI)
	VPMOVMSKB Y7, AX
	VPMOVMSKB Y8, BX
	SHLQ $32, BX
	ORQ  BX, AX
	MOVQ AX, 8(DI)
	VPMOVMSKB Y9, R8
	VPMOVMSKB Y10, BX
	SHLQ $32, BX
	ORQ  BX, R8
	MOVQ R8, 16(DI)
	TESTQ AX, AX
	JZ   done

	VBROADCASTI128 lowHalf<>(SB), Y5
	VBROADCASTI128 highHalf<>(SB), Y6
	VPBROADCASTB nibbleByte<>(SB), Y7
	VPXOR Y13, Y13, Y13
	VPAND Y0, Y7, Y8
	VPSHUFB Y8, Y5, Y8
	VPSRLW $4, Y0, Y9
	VPAND Y9, Y7, Y9
	VPSHUFB Y9, Y6, Y9
	VPAND Y8, Y9, Y8
	VPCMPEQB Y8, Y13, Y8
	VPMOVMSKB Y8, AX
	VPAND Y1, Y7, Y10
	VPSHUFB Y10, Y5, Y10
	VPSRLW $4, Y1, Y11
	VPAND Y11, Y7, Y11
	VPSHUFB Y11, Y6, Y11
	VPAND Y10, Y11, Y10
	VPCMPEQB Y10, Y13, Y10
	VPMOVMSKB Y10, BX
	SHLQ $32, BX
	ORQ  BX, AX
	MOVQ AX, 24(DI)

done:
	VZEROUPPER
	MOVQ DX, skipped+24(FP)
	RET
