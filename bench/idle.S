/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest that does nothing but wait.  With an argument it first writes to a port that
 * nobody claims: KVM with its interrupt controller keeps a HLT to itself, so that its
 * user space would not see the first exit.
 *
 * World: a guest.
 */
	.section .text.start, "ax"
	.globl start
start:
	test %edi, %edi
	jz 1f
	outb %al, $0xe9
1:	hlt
	jmp 1b

	.section .note.GNU-stack, "", @progbits
