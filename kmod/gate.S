/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The gate: VMLAUNCH into the kernel's own continuation, and the way back.
 *
 * World: host; the code of the way back lies on one page that is also mapped in
 * root's page tables, at the same address, since it runs while the one gives way
 * to the other.  Interrupts are off.
 */
#include <linux/linkage.h>
#include <asm/nospec-branch.h>

#include "abi.h"
#include "compat.h"

#define VMCS_GUEST_RSP	0x681c

#define CR4_PGE		0x80
#define CR4_PCIDE_BIT	17

	.text
/*
 * u64 keel_vmlaunch(u64 *rsp): launch the current VMCS with the stack as it is
 * here, and note it in *rsp.
 *
 * Returns 0 as a guest, -1 when VMLAUNCH failed, and the exit reason (by way of
 * root and the gate) when the VM entry failed.
 */
SYM_FUNC_START(keel_vmlaunch)
	push	%rbp
	mov	%rsp, %rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, (%rdi)
	mov	$VMCS_GUEST_RSP, %eax
	vmwrite	%rsp, %rax
	xor	%eax, %eax
	UNWIND_HINT_SAVE
	vmlaunch
	mov	$-1, %rax
	jmp	.Lout
SYM_INNER_LABEL(keel_launched, SYM_L_GLOBAL)
	UNWIND_HINT_RESTORE
	ENDBR
.Lout:
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	RET
SYM_FUNC_END(keel_vmlaunch)

/*
 * keel_gate: RDI is the CPU's struct keel_gate, mapped in both worlds too, and
 * RSP is on its stack.  VMX is off; segments and MSRs are Linux's already.
 *
 * PCIDE can be set only while CR3 holds PCID 0, and a change of PGE flushes all
 * translations that stem from before the demotion.
 */
	.balign	256, 0xcc
SYM_CODE_START(keel_gate)
	KEEL_HINT_NO_STACK
	ENDBR
	mov	KEEL_GATE_CR3(%rdi), %rax
	mov	%rax, %rdx
	and	$~0xfff, %rdx
	mov	%rdx, %cr3
	mov	KEEL_GATE_CR4(%rdi), %rcx
	mov	%rcx, %rdx
	btr	$CR4_PCIDE_BIT, %rdx
	xor	$CR4_PGE, %rdx
	mov	%rdx, %cr4
	mov	%rcx, %cr4
	mov	%rax, %cr3
	lgdt	KEEL_GATE_GDTR(%rdi)
	lidt	KEEL_GATE_IDTR(%rdi)
	/* NMIs go to Linux from here.  What came on the way: */
	testb	$KEEL_LATCH_NMI, KEEL_GATE_LATCHED(%rdi)
	jz	1f
	int	$2
1:	testb	$KEEL_LATCH_MC, KEEL_GATE_LATCHED(%rdi)
	jz	2f
	int	$18
2:	mov	%rdi, %rsp
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
	iretq
SYM_CODE_END(keel_gate)

/* The gate's own traps; the stack tells where the gate is. */
	.macro note what:req
	KEEL_HINT_NO_STACK
	ENDBR
	push	%rax
	mov	%rsp, %rax
	and	$-KEEL_PAGE_SIZE, %rax
	orl	$\what, KEEL_GATE_LATCHED(%rax)
	pop	%rax
	iretq
	.endm

	.balign	KEEL_GATE_TRAP_STRIDE, 0xcc
SYM_CODE_START(keel_gate_trap)
	note	KEEL_LATCH_NMI
	.balign	KEEL_GATE_TRAP_STRIDE, 0xcc
	note	KEEL_LATCH_MC
SYM_CODE_END(keel_gate_trap)

	/* An error when it is longer, since it could straddle a page then. */
	.org	keel_gate + 256, 0xcc
