/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ROM that brings a CPU from reset to where an image of keelctl's begins: what Keel
 * does by filling a VMCS.  run puts the registers into its first 64 bytes.
 *
 * World: an emulator without Keel.
 */
	.code16
	.globl _start
_start:
rip:	.quad 0
rsp:	.quad 0
rdi:	.quad 0
cr3:	.quad 0				/* 0 for 32-bit mode */
rbx:	.quad 0
rsi:	.quad 0
gdtr:	.word 0
	.quad 0
	.balign 64, 0

own_gdt:
	.quad 0
	.quad 0x00cf9b000000ffff
	.quad 0x00af9b000000ffff
	.quad 0x00cf93000000ffff
own_gdtr:
	.word . - own_gdt - 1
	.long own_gdt

real:
	cli
	lgdtl	%cs:own_gdtr - 0xf0000
	movl	%cs:cr3 - 0xf0000, %eax
	testl	%eax, %eax
	jz	protected
	movl	%eax, %cr3
	movl	$0x20, %eax			/* PAE */
	movl	%eax, %cr4
	movl	$0xc0000080, %ecx		/* EFER.LME */
	rdmsr
	orl	$0x100, %eax
	wrmsr
	movl	$0x80000011, %eax		/* PG, ET, PE */
	movl	%eax, %cr0
	ljmpl	$0x10, $long
protected:
	movl	$0x11, %eax			/* ET, PE */
	movl	%eax, %cr0
	ljmpl	$8, $narrow

	.code32
narrow:
	lgdt	gdtr
	movl	$0x18, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	rsp, %esp
	movl	rdi, %edi
	movl	rbx, %ebx
	movl	rsi, %esi
	pushl	$0x10
	pushl	rip
	lret

	.code64
long:
	lgdt	gdtr
	movl	$0x18, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movq	rsp, %rsp
	movq	rdi, %rdi
	movq	rbx, %rbx
	movq	rsi, %rsi
	jmpq	*rip

	.org 0xfff0
	.code16
	ljmpw	$0xf000, $real - 0xf0000
	.org 0x10000
