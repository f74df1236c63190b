// SPDX-License-Identifier: GPL-2.0
/*
 * Steal time: how long a guest's vCPU could have run and did not, as KVM tells it, and
 * whether that is so at the moment.
 *
 * World: root and KUnit.  No locks: Linux says how long that was, whoever is about to
 * run the vCPU tells the guest.
 *
 * A guest that has not asked costs nothing.  One that has is told when there is news, not
 * at each entry.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "../mmu/pool.h"
#include "pv.h"
#include "vcpu.h"

/* Of what is written to the MSR: bits that have to be zero (KVM_STEAL_RESERVED_MASK) */
#define RESERVED	0x3eULL

_Static_assert(sizeof(struct keel_steal_time) == 64, "struct kvm_steal_time");

/**
 * keel_steal_wrmsr() - a guest says where it wants to be told
 * @vcpu: the vCPU
 * @val: the address, and KEEL_KVM_ENABLED
 *
 * Return: false when it cannot be written.
 */
bool keel_steal_wrmsr(struct keel_vcpu *vcpu, u64 val)
{
	if (val & RESERVED)
		return false;
	/* What was before is nothing that it could have missed. */
	vcpu->steal_told = __atomic_load_n(&vcpu->steal, __ATOMIC_RELAXED);
	__atomic_store_n(&vcpu->steal_at, val, __ATOMIC_SEQ_CST);
	if (val & KEEL_KVM_ENABLED)
		__atomic_or_fetch(&vcpu->attention, KEEL_ATT_STEAL, __ATOMIC_SEQ_CST);
	return true;
}

static enum keel_fault page_of(struct keel_vcpu *vcpu, struct keel_steal_time **page)
{
	enum keel_fault ret;
	void *at;

	/* Aligned, it is all on one page. */
	ret = keel_gmem_at(keel_root_state(), vcpu->guest, vcpu->steal_at & ~KEEL_KVM_ENABLED,
			   vcpu, &at);
	*page = at;
	return ret;
}

/**
 * keel_steal_tell() - tell a guest
 * @vcpu: the vCPU, run by this CPU, with KEEL_ATT_STEAL
 * @flush: set when another vCPU of the guest's wants this one to forget its translations
 *
 * From now on it is not preempted.
 *
 * Return: enum keel_fault: anything but KEEL_FAULT_DONE is to be tried again.
 */
enum keel_fault keel_steal_tell(struct keel_vcpu *vcpu, bool *flush)
{
	struct keel_steal_time *page;
	enum keel_fault ret;
	u64 steal;

	*flush = false;
	__atomic_and_fetch(&vcpu->attention, ~(u32)KEEL_ATT_STEAL, __ATOMIC_SEQ_CST);
	if (!(vcpu->steal_at & KEEL_KVM_ENABLED))
		return KEEL_FAULT_DONE;
	ret = page_of(vcpu, &page);
	if (ret == KEEL_FAULT_OUTSIDE)
		return KEEL_FAULT_DONE;
	if (ret != KEEL_FAULT_DONE) {
		__atomic_or_fetch(&vcpu->attention, KEEL_ATT_STEAL, __ATOMIC_SEQ_CST);
		return ret;
	}
	*flush = __atomic_exchange_n(&page->preempted, 0, __ATOMIC_SEQ_CST) & KEEL_KVM_FLUSH;
	steal = __atomic_load_n(&vcpu->steal, __ATOMIC_RELAXED);
	__atomic_store_n(&page->version, page->version | 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&page->steal, page->steal + (steal - vcpu->steal_told),
			 __ATOMIC_SEQ_CST);
	__atomic_store_n(&page->version, page->version + 1, __ATOMIC_SEQ_CST);
	vcpu->steal_told = steal;
	return KEEL_FAULT_DONE;
}

/*
 * It does not run.  Not while an answer is on its way to a place in its memory, which
 * was found by a translation that others may want to be forgotten; nor when that would take a
 * frame that there is not: it is but a hint.
 */
static void mark(struct keel_vcpu *vcpu)
{
	struct keel_steal_time *page;

	if (vcpu->in_size || page_of(vcpu, &page) != KEEL_FAULT_DONE)
		return;
	/* What others have left there since it ran is not lost. */
	__atomic_or_fetch(&page->preempted, KEEL_KVM_PREEMPTED, __ATOMIC_SEQ_CST);
	__atomic_or_fetch(&vcpu->attention, KEEL_ATT_STEAL, __ATOMIC_SEQ_CST);
}

/**
 * keel_vcpu_preempted() - a vCPU's thread has lost its CPU, or has given it away
 * @id: the guest
 * @index: the vCPU
 *
 * The guest is told that it is back when it is.
 *
 * Return: 0, -ENOENT; -EBUSY when a CPU has it, -ESHUTDOWN when the guest is killed this
 * moment.
 */
s64 keel_vcpu_preempted(u64 id, u64 index)
{
	struct keel_vcpu *vcpu = keel_vcpu_at(keel_root_state(), id, index);
	s64 ret;

	if (!vcpu)
		return -ENOENT;
	if (!(__atomic_load_n(&vcpu->steal_at, __ATOMIC_SEQ_CST) & KEEL_KVM_ENABLED))
		return 0;
	ret = keel_vcpu_take(vcpu);
	if (ret)
		return ret;
	mark(vcpu);
	keel_vcpu_let_go(vcpu);
	return 0;
}

/**
 * keel_vcpu_steal() - Linux says how long a vCPU's thread has waited for a CPU
 * @id: the guest
 * @index: the vCPU
 * @ns: since it was started, in ns
 *
 * Return: 0, or -ENOENT.
 */
s64 keel_vcpu_steal(u64 id, u64 index, u64 ns)
{
	struct keel_vcpu *vcpu = keel_vcpu_at(keel_root_state(), id, index);

	if (!vcpu)
		return -ENOENT;
	__atomic_store_n(&vcpu->steal, ns, __ATOMIC_RELAXED);
	if (__atomic_load_n(&vcpu->steal_at, __ATOMIC_SEQ_CST) & KEEL_KVM_ENABLED)
		__atomic_or_fetch(&vcpu->attention, KEEL_ATT_STEAL, __ATOMIC_SEQ_CST);
	return 0;
}
