/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An IDT: load_idt() makes all vectors lead to interrupt(struct frame *), which may
 * change what the frame holds.  The IDT is shared by the vCPUs that load it.
 *
 * World: a guest, in 64-bit mode with code at selector 0x10.
 */
#define STUB	16
#define CODE	0x10
#define GATE	0x8e00

/* Exceptions with an error code: #DF, #TS to #PF, #AC and #CP */
#define ERROR_CODE	(1 << 8 | 0x1f << 10 | 1 << 17 | 1 << 21)

	.text
	.balign STUB
stubs:
	.set	vector, 0
	.rept	256
	.balign	STUB
	.if	vector > 31
	pushq	$0
	.elseif	((ERROR_CODE >> vector) & 1) == 0
	pushq	$0
	.endif
	pushq	$vector
	jmp	common
	.set	vector, vector + 1
	.endr

common:
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rbx
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	cld
	leaq	80(%rsp), %rdi
	movq	%rsp, %rbx
	andq	$-16, %rsp
	call	interrupt
	movq	%rbx, %rsp
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rbx
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$16, %rsp
	iretq

	.globl	load_idt
load_idt:
	leaq	idt(%rip), %rdi
	leaq	stubs(%rip), %rsi
	movl	$256, %ecx
1:	movw	%si, (%rdi)
	movw	$CODE, 2(%rdi)
	movw	$GATE, 4(%rdi)
	movq	%rsi, %rax
	shrq	$16, %rax
	movw	%ax, 6(%rdi)
	shrq	$16, %rax
	movl	%eax, 8(%rdi)
	addq	$16, %rdi
	addq	$STUB, %rsi
	loop	1b
	lidt	idtr(%rip)
	ret

	.data
idtr:	.word	4095
	.quad	idt

	.bss
	.balign 16
idt:	.skip	4096

	.section .note.GNU-stack, "", @progbits
