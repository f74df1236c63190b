/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a small guest begins: keelctl has made a stack, and RDI is the argument.  It
 * ends by the debug-exit port, and waits if nobody cares.
 *
 * World: a guest.
 */
	.section .text.start, "ax"
	.globl start
start:
	cld
	call guest
	outb %al, $0xf4
1:	hlt
	jmp 1b

	.section .note.GNU-stack, "", @progbits
