/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Boot sector of the reference machine's disk (see bootdisk.py).
 *
 * Reads the 64 sectors after itself to 0x90000: the kernel's own real-mode
 * setup code, our loader and the kernel command line.  Then it starts the
 * setup code the way any boot loader does; that code switches to protected
 * mode and jumps to the loader (loader.S) in place of the compressed kernel.
 */
	.set	LOAD_SEGMENT, 0x9000
	.set	SETUP_SECTORS, 64

	.code16
	.globl	_start
_start:
	ljmp	$0, $start - _start + 0x7c00
start:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$0x7c00, %sp
	sti
	cld

	movw	$packet - _start + 0x7c00, %si
	movb	$0x42, %ah		/* extended read, drive still in dl */
	int	$0x13
	jc	failed

	cli
	movw	$LOAD_SEGMENT, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %fs
	movw	%ax, %gs
	movw	%ax, %ss
	movw	$0xfff0, %sp
	ljmp	$LOAD_SEGMENT + 0x20, $0

failed:
	movw	$0x0e46, %ax		/* print "F" and stay */
	int	$0x10
1:	hlt
	jmp	1b

	.balign	4
packet:					/* disk address packet of int 13h */
	.byte	16, 0
	.word	SETUP_SECTORS
	.word	0, LOAD_SEGMENT
	.quad	1

	.org	446			/* one active partition, for the BIOS */
	.byte	0x80, 0, 2, 0, 0x83, 0xff, 0xff, 0xff
	.long	1, 2047
	.org	510
	.word	0xaa55
