/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Root's entry points: VM exits, root's own traps, and the jump to the gate.
 *
 * World: root.  Interrupts are always off; NMIs and machine checks can come at
 * any instruction, on stacks of their own.
 *
 * On a VM exit RSP points right behind struct keel_regs, the first member of
 * the CPU's struct keel_root_cpu: pushing the registers fills it, and leaves
 * RSP at the structure's start with the stack going on below.
 */
#include "../abi.h"
#include "layout.h"

/* Entries of the return stack buffer */
#define RSB_FILLS	32

	.section .head, "a"
	.globl	keel_root_head
keel_root_head:
	.quad	KEEL_ROOT_MAGIC
	.quad	KEEL_ABI_VERSION
	.quad	keel_exit_entry
	.quad	keel_traps
	.quad	keel_text_end
	.quad	keel_image_end

	.macro push_regs
	push	%rax
	push	%rbx
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%rbp
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	.endm

	.macro pop_regs
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rbp
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rbx
	pop	%rax
	.endm

	.text
/*
 * keel_exit_entry - HOST_RIP
 *
 * From keel_resume to keel_resume_end the CPU has looked for pending events
 * and not entered yet.  An NMI in between is latched by keel_trap(), which then
 * sends the CPU back to keel_resume: the registers are still where they were
 * pushed, since nothing is written on this stack on the way.
 */
	.globl	keel_exit_entry
keel_exit_entry:
	push_regs
	mov	%rsp, %rdi
	call	keel_exit
	.globl	keel_resume
keel_resume:
	cmpl	$0, KEEL_CPU_PENDING(%rsp)
	jne	1f
	pop_regs
	vmresume
	.globl	keel_resume_end
keel_resume_end:
	/* VMfail: still in root, and the registers still stand in memory. */
	sub	$KEEL_CPU_PENDING, %rsp
	mov	%rsp, %rdi
	call	keel_resume_failed
1:	mov	%rsp, %rdi
	call	keel_inject_pending
	jmp	keel_resume

/*
 * keel_guest_entry - HOST_RIP of guests' VMCSs: as keel_exit_entry
 *
 * A return that is predicted by what the guest has left in the return stack buffer
 * leads nowhere: it is filled before the first one, where the CPU needs that.
 */
	.globl	keel_guest_entry
keel_guest_entry:
	push_regs
	testl	$KEEL_BARRIER_RSB, KEEL_CPU_BARRIERS(%rsp)
	jnz	3f
1:	mov	%rsp, %rdi
	call	keel_guest_exit
	jmp	keel_resume
3:	mov	$RSB_FILLS, %ecx
4:	call	5f
	int3
5:	dec	%ecx
	jnz	4b
	add	$8 * RSB_FILLS, %rsp
	lfence
	jmp	1b

/* void keel_launch_at(struct keel_root_cpu *cpu): the same as keel_resume_at(), the first time */
	.globl	keel_launch_at
keel_launch_at:
	mov	%rdi, %rsp
	.globl	keel_launch
keel_launch:
	cmpl	$0, KEEL_CPU_PENDING(%rsp)
	jne	1f
	pop_regs
	vmlaunch
	.globl	keel_launch_end
keel_launch_end:
	jmp	keel_resume_end
	/* Whatever it is, the host comes first. */
1:	mov	%rsp, %rdi
	call	keel_inject_pending
	jmp	keel_resume

/* void keel_resume_at(struct keel_root_cpu *cpu): drop this stack and enter */
	.globl	keel_resume_at
keel_resume_at:
	mov	%rdi, %rsp
	jmp	keel_resume

/*
 * void keel_depart_on(struct keel_root_cpu *cpu, const struct keel_host_state
 * *state, u64 stack): go on in keel_depart(cpu, state) on another stack
 */
	.globl	keel_depart_on
keel_depart_on:
	mov	%rdx, %rsp
	call	keel_depart

/* void keel_gate_jump(struct keel_gate *gate, u64 code): leave for the gate */
	.globl	keel_gate_jump
keel_gate_jump:
	call	1f
1:	mov	%rsi, (%rsp)		/* an indirect jump that does not speculate */
	ret

/*
 * The trap stubs.  Vectors that push an error code are in the mask: #DF, #TS to
 * #PF, #AC and #CP.
 */
	.set	has_error, 1 << 8 | 0x1f << 10 | 1 << 17 | 1 << 21
	.balign	KEEL_TRAP_STRIDE
	.globl	keel_traps
keel_traps:
	.set	vector, 0
	.rept	KEEL_TRAP_NR
	.balign	KEEL_TRAP_STRIDE
	.if	((has_error >> vector) & 1) == 0
	push	$0
	.endif
	push	$vector
	jmp	trap_common
	.set	vector, vector + 1
	.endr

trap_common:
	push_regs
	mov	%rsp, %rdi
	cld
	call	keel_trap
	pop_regs
	add	$16, %rsp
	iretq

/*
 * Instructions that may raise #GP when they are carried out for the host; a
 * fault goes to the second address of a row (keel_trap()).
 *
 * bool keel_xsetbv(u32 xcr, u64 val)
 * bool keel_rdmsr_safe(u32 msr, u64 *val)
 * bool keel_wrmsr_safe(u32 msr, u64 val)
 */
	.macro may_fault insn:vararg
901:	\insn
	.pushsection .fixup_table, "a"
	.quad	901b, fault
	.popsection
	.endm

	.globl	keel_xsetbv
keel_xsetbv:
	mov	%edi, %ecx
	mov	%esi, %eax
	mov	%rsi, %rdx
	shr	$32, %rdx
	may_fault xsetbv
	mov	$1, %eax
	ret

	.globl	keel_rdmsr_safe
keel_rdmsr_safe:
	mov	%edi, %ecx
	may_fault rdmsr
	mov	%eax, (%rsi)
	mov	%edx, 4(%rsi)
	mov	$1, %eax
	ret

	.globl	keel_wrmsr_safe
keel_wrmsr_safe:
	mov	%edi, %ecx
	mov	%esi, %eax
	mov	%rsi, %rdx
	shr	$32, %rdx
	may_fault wrmsr
	mov	$1, %eax
	ret

fault:
	xor	%eax, %eax
	ret

/*
 * void keel_shut_down(void): what the CPU does on a triple fault outside VMX.
 * With an empty IDT the first exception cannot be delivered.
 */
	.globl	keel_shut_down
keel_shut_down:
	lidt	no_idt
	ud2
	.section .rodata
no_idt:	.word	0
	.quad	0
	.section .note.GNU-stack, "", @progbits
