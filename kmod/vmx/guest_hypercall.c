// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercalls of guests, as KVM has them (Documentation/virt/kvm/x86/hypercalls.rst).
 * Those that there are not are answered where they arrive (guest_exit.c).
 *
 * World: root, on the CPU that runs the vCPU, and KUnit.  No locks.
 */
#include <linux/types.h>

#include "apic.h"
#include "exit.h"
#include "pv.h"
#include "vcpu.h"

/* An interrupt command whose targets are said otherwise has no others. */
#define ICR_TARGETS	(3U << 18 | 1U << 11)
#define ICR_WHAT	0x7ffU		/* vector and delivery mode */

/**
 * keel_hypercall_targets() - whom KVM_HC_SEND_IPI means
 * @low: the first word of the map; the second one is of ids that no vCPU has
 * @min: id of the APIC that bit 0 is of
 * @present: vCPUs that there are
 *
 * Return: vCPUs, a bit for each.
 */
u32 keel_hypercall_targets(u64 low, u64 min, u32 present)
{
	return min < KEEL_VCPUS_MAX ? low << min & present : 0;
}

static s64 send(struct keel_vcpu *vcpu, u32 targets, u64 icr, struct keel_notify *notify)
{
	s64 nr = 0;

	if (icr & ICR_TARGETS)
		return KEEL_KVM_EINVAL;
	keel_apic_send(vcpu->guest, vcpu, targets, icr & ICR_WHAT, notify);
	for (; targets; targets &= targets - 1)
		nr++;
	return nr;
}

/* By the id of its APIC; NULL when there is none, or it is the vCPU that asks */
static struct keel_vcpu *other(const struct keel_vcpu *vcpu, u64 id)
{
	u32 pfn;

	if (id >= KEEL_VCPUS_MAX || id == vcpu->index)
		return NULL;
	pfn = __atomic_load_n(&vcpu->guest->vcpu[id], __ATOMIC_ACQUIRE);
	return pfn == KEEL_NO_FRAME ? NULL : keel_phys((u64)pfn << 12);
}

static s64 kick(const struct keel_vcpu *vcpu, u64 id, struct keel_notify *notify)
{
	struct keel_vcpu *target = other(vcpu, id);

	if (target)
		keel_vcpu_wake(target, notify);
	return 0;
}

/**
 * keel_hypercall_lacks_cpu() - is it a CPU that another vCPU lacks, and nothing else?
 * @vcpu: the vCPU that asks
 * @id: id of the other one's APIC, any number
 *
 * Return: true when there is such a vCPU, which has not halted and is on no CPU.
 */
bool keel_hypercall_lacks_cpu(const struct keel_vcpu *vcpu, u64 id)
{
	const struct keel_vcpu *target = other(vcpu, id);

	return target && !__atomic_load_n(&target->running, __ATOMIC_SEQ_CST) &&
	       !(__atomic_load_n(&target->attention, __ATOMIC_SEQ_CST) & KEEL_ATT_IDLE);
}

/**
 * keel_guest_hypercall() - a hypercall of a guest's, at CPL 0
 * @cpu: the CPU
 * @vcpu: the vCPU
 * @nr: which one
 *
 * Return: what the exit's handler returns.
 */
enum keel_guest_next keel_guest_hypercall(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
					  u64 nr)
{
	struct keel_notify notify = { 0 };
	struct keel_regs *regs = &cpu->regs;
	s64 ret = KEEL_KVM_ENOSYS;
	u64 low = regs->rbx;
	bool yields = false;

	switch (nr) {
	case KEEL_KVM_HC_POLL:
		ret = 0;
		break;
	case KEEL_KVM_HC_YIELD:
		yields = keel_hypercall_lacks_cpu(vcpu, (u32)low);
		ret = 0;
		break;
	case KEEL_KVM_HC_KICK:
		ret = kick(vcpu, (u32)regs->rcx, &notify);
		break;
	case KEEL_KVM_HC_IPI:
		/* Elsewhere registers have 32 bits. */
		if (!(keel_vmread(VMCS_GUEST_CS_AR) & KEEL_AR_L))
			low = (u32)low;
		ret = send(vcpu, keel_hypercall_targets(low, (u32)regs->rdx,
							keel_apic_present(vcpu->guest)),
			   regs->rsi, &notify);
		break;
	}
	regs->rax = ret;
	keel_skip();
	if (yields) {
		cpu->shared->run.to = low;
		keel_vcpu_leave(cpu, KEEL_RUN_YIELD);
		return KEEL_GUEST_LEFT;
	}
	return keel_guest_notify(cpu, vcpu, &notify);
}
