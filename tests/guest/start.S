/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a small guest begins: keelctl has made a stack, and RDI is the argument.  It
 * ends by the debug-exit port, and waits if nobody cares.
 *
 * Only the first vCPU does; the others wait until it starts them (others.S), each on
 * one of the pages behind the program, in their order, for a stack.
 *
 * World: a guest.
 */
	.section .text.start, "ax"
	.globl start
start:
	cld
	call guest
	outb %al, $0xf4
2:	hlt
	jmp 2b

	.section .note.GNU-stack, "", @progbits
