/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between kexec and a kernel: writes the time stamp counter to a place in the kernel's command
 * line, as 16 hexadecimal digits, and goes on to the kernel's 64-bit entry.  From native_start to
 * native_stop it runs wherever it is copied to; native.c fills in what is behind native_digits.
 *
 * World: the machine that is measured, between two kernels; 64-bit mode, memory mapped as itself.
 */
	.section .rodata
	.globl native_start, native_stop, native_digits, native_params, native_entry
native_start:
	rdtsc
	shl $32, %rdx
	or %rax, %rdx
	mov native_digits(%rip), %rdi
	mov $16, %ecx
1:	rol $4, %rdx
	mov %edx, %eax
	and $0xf, %eax
	add $'0', %eax
	cmp $'9', %eax
	jbe 2f
	add $'a' - '9' - 1, %eax
2:	mov %al, (%rdi)
	inc %rdi
	dec %ecx
	jnz 1b
	mov native_params(%rip), %rsi
	jmp *native_entry(%rip)

	.balign 8
native_digits:
	.quad 0
native_params:
	.quad 0
native_entry:
	.quad 0
native_stop:
	.section .note.GNU-stack, "", @progbits
