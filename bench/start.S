/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a guest of the bench begins that is linked with one of tests/guest: as there,
 * but afterwards it waits, so that it can be asked what it has done.
 *
 * World: a guest.
 */
	.section .text.start, "ax"
	.globl start
start:
	cld
	call guest
1:	hlt
	jmp 1b

	.section .note.GNU-stack, "", @progbits
