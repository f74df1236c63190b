/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest that touches its memory, as much as its argument says: it writes to the first
 * 64 MiB, and reads the rest.  Then it looks at the TSC until some time has passed, to be
 * paused meanwhile, and waits.
 *
 * World: a guest.
 */
#define FIRST	0x200000
#define WRITTEN	0x4000000
#define AWAKE	0x4000000	/* ticks */

	.section .text.start, "ax"
	.globl start
start:
	mov $FIRST, %eax
1:	cmp %rdi, %rax
	jae 4f
	cmp $WRITTEN, %rax
	jae 2f
	mov %rax, (%rax)
	jmp 3f
2:	mov (%rax), %rcx
3:	add $4096, %rax
	jmp 1b
4:	rdtsc
	shl $32, %rdx
	lea AWAKE(%rax, %rdx), %rbx
5:	rdtsc
	shl $32, %rdx
	or %rdx, %rax
	cmp %rbx, %rax
	jb 5b
6:	hlt
	jmp 6b

	.section .note.GNU-stack, "", @progbits
