/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The loops that time one instruction, the same bytes for user space and for a
 * KVM guest: between rounds_start and rounds_stop they run wherever they are
 * copied to.
 *
 *	void rounds_NAME(unsigned int *ticks, unsigned long nr,
 *			 unsigned int eax, unsigned int ecx)
 *
 * Each round stores the TSC's way from one RDTSC to the next one, with the
 * instruction in between.  rounds_empty() has none: its result is what the
 * pair itself costs.
 */
	.macro rounds name, insn:vararg
	.globl	rounds_\name
	.type	rounds_\name, @function
rounds_\name:
	push	%rbx
	mov	%edx, %r8d
	mov	%ecx, %r9d
1:	rdtsc
	mov	%eax, %r10d
	mov	%r8d, %eax
	mov	%r9d, %ecx
	\insn
	rdtsc
	sub	%r10d, %eax
	mov	%eax, (%rdi)
	add	$4, %rdi
	dec	%rsi
	jnz	1b
	pop	%rbx
	ret
	.size	rounds_\name, . - rounds_\name
	.endm

	.text
	.globl	rounds_start
rounds_start:
	rounds empty
	rounds cpuid, cpuid
	rounds vmcall, vmcall
	.globl	rounds_stop
rounds_stop:
	.section .note.GNU-stack, "", @progbits
