// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercalls of the demoted host.
 *
 * World: root.  No locks.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "../mmu/guest.h"
#include "../mmu/pool.h"
#include "exit.h"
#include "insn.h"
#include "vcpu.h"
#include "vmcs.h"

/* A guest, whose time begins */
static s64 guest_new(struct keel_root *root, u64 id, u64 frames, u64 wall)
{
	s64 ret = keel_guest_new(root, id, frames);

	if (!ret) {
		keel_guest_at(root, id)->tsc_start = keel_rdtsc();
		keel_guest_at(root, id)->wall_start = wall;
	}
	return ret;
}

/* A clone, whose serial port is to Linux what the source's is */
static s64 guest_clone(struct keel_root *root, u64 from, u64 to)
{
	s64 ret = keel_guest_clone(root, from, to);

	if (!ret)
		keel_guest_at(root, to)->said.port = keel_guest_at(root, from)->said.port;
	return ret;
}

/* The calls that work on what all CPUs share, under its lock */
static s64 on_memory(struct keel_root_cpu *cpu, struct keel_root *root, u64 nr)
{
	u64 a = cpu->regs.rdi, b = cpu->regs.rsi, c = cpu->regs.rdx;
	struct keel_shared *shared = cpu->shared;

	switch (nr) {
	case KEEL_HC_DONATE:
		return keel_donate(root, a);
	case KEEL_HC_RECLAIM:
		return keel_reclaim(root);
	case KEEL_HC_AUDIT:
		return keel_audit(cpu, a);
	case KEEL_HC_MEND:
		return keel_hostmap_mend(root, a);
	case KEEL_HC_VM_NEW:
		return guest_new(root, a, b, c);
	case KEEL_HC_VM_FILL:
		return keel_guest_fill(root, a, shared->batch, b);
	case KEEL_HC_VM_MAP:
		return keel_guest_map(root, a, shared->batch, b, c);
	case KEEL_HC_VM_CLONE:
		return guest_clone(root, a, b);
	case KEEL_HC_VM_BLOCK:
		return keel_guest_block(root, a, b);
	case KEEL_HC_VM_NO_BLOCK:
		return keel_guest_no_block(root, a, b);
	case KEEL_HC_VM_KILL:
		return keel_guest_kill(root, a);
	case KEEL_HC_VM_DRAIN:
		return keel_guest_drain(root, a, shared->batch);
	case KEEL_HC_VM_TRIM:
		return keel_guest_trim(root, a, shared->batch);
	case KEEL_HC_VM_STAT:
		return keel_guest_stat(root, a, &shared->vm_stat);
	case KEEL_HC_VCPU_NEW:
		return keel_vcpu_new(cpu, a, b);
	case KEEL_HC_VCPU_CLONE:
		return keel_vcpu_clone(cpu, a, b, c);
	default:
		return -EOPNOTSUPP;
	}
}

/* The calls that share guests' pages, under the guests' own locks */
static s64 on_pages(struct keel_root_cpu *cpu, struct keel_root *root, u64 nr)
{
	u64 a = cpu->regs.rdi, b = cpu->regs.rsi, c = cpu->regs.rdx;

	switch (nr) {
	case KEEL_HC_VM_DOMAIN:
		return keel_guest_domain(root, a, b);
	case KEEL_HC_VM_SCAN:
		return keel_guest_scan(root, a, b, c, &cpu->shared->scan);
	case KEEL_HC_MERGE:
		return keel_merge(root, cpu->shared->batch, a, b);
	case KEEL_HC_VM_SPLIT:
		return keel_guest_split(root, a, b);
	case KEEL_HC_VM_COLLAPSE:
		return keel_guest_collapse(root, a, b);
	default:
		return __atomic_load_n(&root->shared, __ATOMIC_RELAXED);
	}
}

static s64 locked(struct keel_root_cpu *cpu, u64 nr)
{
	struct keel_root *root = keel_root_state();
	s64 ret;

	if (!keel_root_lock(root))
		return -EAGAIN;
	ret = on_memory(cpu, root, nr);
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
	case KEEL_HC_VCPU_RUN:
		cpu->regs.rax = keel_vcpu_run(cpu, cpu->regs.rdi, cpu->regs.rsi, cpu->regs.rdx);
		break;
	case KEEL_HC_VCPU_PARK:
		keel_vcpu_park(cpu);
		cpu->regs.rax = 0;
		break;
	case KEEL_HC_VCPU_STAT:
		cpu->regs.rax = keel_vcpu_stat(cpu, cpu->regs.rdi, cpu->regs.rsi);
		break;
	case KEEL_HC_VCPU_STEAL:
		cpu->regs.rax = keel_vcpu_steal(cpu->regs.rdi, cpu->regs.rsi, cpu->regs.rdx);
		break;
	case KEEL_HC_VCPU_PREEMPTED:
		cpu->regs.rax = keel_vcpu_preempted(cpu->regs.rdi, cpu->regs.rsi);
		break;
	case KEEL_HC_VM_SAID:
		cpu->regs.rax = keel_guest_said(cpu->regs.rdi, (u8 *)cpu->shared->batch);
		break;
	case KEEL_HC_VM_PORT:
		cpu->regs.rax = keel_guest_port(cpu->regs.rdi, cpu->regs.rsi);
		break;
	case KEEL_HC_VM_DOMAIN:
	case KEEL_HC_VM_SCAN:
	case KEEL_HC_MERGE:
	case KEEL_HC_VM_SPLIT:
	case KEEL_HC_VM_COLLAPSE:
	case KEEL_HC_SHARED:
		cpu->regs.rax = on_pages(cpu, keel_root_state(), nr);
		break;
	case KEEL_HC_VM_WRITE:
		cpu->regs.rax = keel_vcpu_write(cpu, cpu->regs.rdi, cpu->regs.rsi, cpu->regs.rdx);
		break;
	case KEEL_HC_MSI:
		cpu->regs.rax = keel_vcpu_msi(cpu->regs.rdi, cpu->regs.rsi, cpu->regs.rdx);
		break;
	default:
		cpu->regs.rax = locked(cpu, nr);
	}
	return true;
}
