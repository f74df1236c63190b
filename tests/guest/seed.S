/* SPDX-License-Identifier: GPL-2.0 */
/*
 * seed: a bzImage, as far as its loader can tell.  It says what seed for random numbers
 * setup_data has for it, and restarts the machine when it hears an r.
 *
 * World: a guest.  64-bit mode, as Linux is entered there (Documentation/x86/boot.rst).
 */
#define SERIAL		0x3f8
#define SERIAL_LSR	0x3fd
#define KEYBOARD	0x64
#define RESET		0xfe

#define LOAD		0x100000
#define ROOM		0x10000
#define SETUP_DATA	0x250		/* of boot_params, to which RSI points */
#define TYPE		8		/* of setup_data */
#define LEN		12
#define DATA		16
#define RNG_SEED	9

	.macro say char
	movb	$\char, %al
	outb	%al, %dx
	.endm

	.code64
	.globl _start
_start:
	.org 0x1f1
	.byte 1				/* a sector of setup code, in which there is nothing */
	.org 0x1f4
	.long (end - code) / 16
	.org 0x1fe
	.word 0xaa55
	.byte 0xeb, 0x6a		/* where the header ends */
	.ascii "HdrS"
	.word 0x20f
	.org 0x211
	.byte 1				/* loaded high */
	.org 0x22c
	.long 0x7fffffff
	.long 0x1000
	.byte 1				/* relocatable */
	.org 0x236
	.word 1				/* there is a 64-bit entry */
	.long 2047
	.org 0x258
	.quad LOAD
	.long ROOM

	.org 0x400
code:
	.org 0x600
	movq	SETUP_DATA(%rsi), %rsi
	xorl	%ecx, %ecx
	testq	%rsi, %rsi
	jz	1f
	cmpl	$RNG_SEED, TYPE(%rsi)
	jne	1f
	movl	LEN(%rsi), %ecx
	addq	$DATA, %rsi
1:	leaq	digits(%rip), %r8
	movl	$SERIAL, %edx
	say 's'
	say 'e'
	say 'e'
	say 'd'
	say ' '
2:	jrcxz	4f
	lodsb
	movzbl	%al, %ebx
	rorl	$4, %ebx		/* its upper half first */
	movl	$2, %ebp
3:	movl	%ebx, %eax
	andl	$15, %eax
	movb	(%r8, %rax), %al
	outb	%al, %dx
	roll	$4, %ebx
	decl	%ebp
	jnz	3b
	decl	%ecx
	jmp	2b
4:	say '\n'
	movl	$SERIAL_LSR, %edx
5:	inb	%dx, %al
	testb	$1, %al
	jz	5b
	movl	$SERIAL, %edx
	inb	%dx, %al
	cmpb	$'r', %al
	jne	4b
	movb	$RESET, %al
	outb	%al, $KEYBOARD
6:	hlt
	jmp	6b
digits:	.ascii "0123456789abcdef"
	.balign 16
end:
