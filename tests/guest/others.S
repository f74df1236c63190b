/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The other vCPUs, which wait for a start-up IPI: start_others(arg) lets them come to
 * guest(arg), each on a stack of its own (start.S); start_other(i) lets one of them come
 * there once more.  Both put the APIC into x2APIC mode.  Who does it by other ways calls
 * ready_others(arg) first, which returns the vector of the start-up IPI.
 *
 * World: a guest.  The first vCPU, in 64-bit mode with memory mapped as itself, whose
 * page tables they share.
 */
#define APIC_BASE	0x1b
#define X2APIC		0x400
#define X2APIC_ICR	0x830
#define INIT		0x4500
#define STARTUP		0x4600
#define OTHERS		0xc0000

#define EFER		0xc0000080
#define EFER_LME	0x100
#define CR4_PAE		0x20
#define CR0_PG_NE_PE	0x80000021

	.text
	.globl ready_others
ready_others:
	movq %rdi, arg
	movq %cr3, %rax
	movq %rax, tables
	movl $other, %eax
	shrl $12, %eax
	ret
	.globl start_others
start_others:
	call ready_others
	xorl %edi, %edi
	movl $OTHERS, %r8d
	jmp 1f
	.globl start_other
start_other:
	xorl %r8d, %r8d
1:	movl $APIC_BASE, %ecx
	rdmsr
	orl $X2APIC, %eax
	wrmsr
	movl $X2APIC_ICR, %ecx
	movl %edi, %edx
	movl $INIT, %eax
	orl %r8d, %eax
	wrmsr
	movl $STARTUP, %eax
	orl %r8d, %eax
	movl $other, %esi
	shrl $12, %esi
	orl %esi, %eax
	wrmsr
	ret

/* Each begins here in real mode, CS being this page. */
	.section .text.others, "ax"
	.balign 4096
	.code16
other:
	cli
	lgdtl %cs:gdtr - other
	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl %cs:tables - other, %eax
	movl %eax, %cr3
	movl $EFER, %ecx
	xorl %edx, %edx
	movl $EFER_LME, %eax
	wrmsr
	movl $CR0_PG_NE_PE, %eax
	movl %eax, %cr0
	ljmpl $16, $1f
	.code64
1:	movl $24, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $1, %eax
	cpuid
	shrl $24, %ebx
	shll $12, %ebx
	leaq guest_end + 4095(%rbx), %rsp
	andq $-4096, %rsp
	movq arg, %rdi
	call guest
2:	hlt
	jmp 2b

	.balign 8
arg:	.quad 0
tables:	.quad 0
gdt:	.quad 0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdtr:	.word 31
	.long gdt

	.section .note.GNU-stack, "", @progbits
