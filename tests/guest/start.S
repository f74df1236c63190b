/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a small guest begins: keelctl has made a stack, and RDI is the argument.  It
 * ends by the debug-exit port, and waits if nobody cares.
 *
 * All vCPUs begin here, with their numbers in RDX.  The stack is the first one's;
 * each of the others takes one of the pages behind the program, in their order.
 *
 * World: a guest.
 */
	.section .text.start, "ax"
	.globl start
start:
	cld
	testq %rdx, %rdx
	jz 1f
	shlq $12, %rdx
	leaq guest_end + 4095(%rdx), %rsp
	andq $-4096, %rsp
1:	call guest
	outb %al, $0xf4
2:	hlt
	jmp 2b

	.section .note.GNU-stack, "", @progbits
