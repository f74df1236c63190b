/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vmxcheck: try to enter the guest of the current VMCS.
 *
 * World: host (a test module), VMX root operation.  Interrupts are off.
 */
#include <linux/linkage.h>
#include <asm/asm.h>
#include <asm/nospec-branch.h>

#include "compat.h"

#define HOST_RSP 0x6c14

	.section .noinstr.text, "ax"

/*
 * int vmxcheck_enter(void): 0 after a VM exit, also that of a failed entry; 1 on
 * VMfail.  The exit comes to vmxcheck_exit, by HOST_RIP.
 */
SYM_FUNC_START(vmxcheck_enter)
	push	%rbp
	mov	%rsp, %rbp
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%rbx
	mov	$HOST_RSP, %eax
	vmwrite	%rsp, %rax
	UNWIND_HINT_SAVE
	vmlaunch
	mov	$1, %eax
	jmp	.Lout

SYM_INNER_LABEL(vmxcheck_exit, SYM_L_GLOBAL)
	UNWIND_HINT_RESTORE
	ENDBR
	xor	%eax, %eax
.Lout:
	pop	%rbx
	pop	%r12
	pop	%r13
	pop	%r14
	pop	%r15
	pop	%rbp
	RET
SYM_FUNC_END(vmxcheck_enter)

/* the whole guest: it leaves at once, and does not come back */
SYM_FUNC_START(vmxcheck_guest)
	ENDBR
	vmcall
	ud2
SYM_FUNC_END(vmxcheck_guest)
