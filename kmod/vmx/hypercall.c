// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercalls of the demoted host.
 *
 * World: root.  No locks.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "../mmu/pool.h"
#include "exit.h"
#include "vmcs.h"

/* The calls that work on what all CPUs share */
static s64 on_memory(struct keel_root_cpu *cpu, u64 nr, u64 arg)
{
	struct keel_root *root = keel_root_state();
	s64 ret;

	if (!keel_root_lock(root))
		return -EAGAIN;
	switch (nr) {
	case KEEL_HC_DONATE:
		ret = keel_donate(root, arg);
		break;
	case KEEL_HC_RECLAIM:
		ret = keel_reclaim(root);
		break;
	default:
		ret = keel_audit(cpu, arg);
		break;
	}
	keel_root_unlock(root);
	return ret;
}

/**
 * keel_exit_vmcall() - exit reason 18
 * @cpu: the CPU
 * @qualification: not used
 *
 * Only Linux itself may call, in 64-bit mode: from user space, or without the
 * magic, VMCALL is the undefined instruction that it is on a CPU without VMX.
 *
 * Return: true.
 */
bool keel_exit_vmcall(struct keel_root_cpu *cpu, u64 qualification)
{
	u64 nr = cpu->regs.rax ^ KEEL_HC_MAGIC;
	struct keel_host_state state;

	if (nr >> 32 || KEEL_AR_DPL(keel_vmread(VMCS_GUEST_SS_AR)) ||
	    !(keel_vmread(VMCS_GUEST_CS_AR) & KEEL_AR_L)) {
		keel_inject_ud();
		return true;
	}
	keel_skip();
	switch (nr) {
	case KEEL_HC_PING:
		cpu->launched = true;
		cpu->regs.rax = KEEL_ABI_VERSION;
		break;
	case KEEL_HC_OFF:
		cpu->regs.rax = 0;
		keel_state_from_vmcs(&state);
		keel_leave(cpu, &state);
	case KEEL_HC_DONATE:
	case KEEL_HC_RECLAIM:
	case KEEL_HC_AUDIT:
		cpu->regs.rax = on_memory(cpu, nr, cpu->regs.rdi);
		break;
	default:
		cpu->regs.rax = -EOPNOTSUPP;
	}
	return true;
}
