// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's time: its TSC, and KVM's clock on top of it.
 *
 * World: root and KUnit, by whoever runs the vCPU; the time is an argument.  No locks:
 * of a vCPU's page only it writes anything but the flag that says that the clock is
 * stable, which others take away.
 *
 * A guest's TSC is the machine's until it writes to it, and an offset from then on.  The
 * clock counts ns since the guest was started, by the TSC alone: what a vCPU is told of
 * it never changes, so that it is the same on all of them, and goes on while the guest
 * does not run, as KVM's does.  Only a vCPU that moves its own TSC has to be told anew.
 */
#include <linux/stddef.h>
#include <linux/types.h>
#include <asm/msr-index.h>

#include "../mmu/pool.h"
#include "pv.h"
#include "vcpu.h"

#define NS_PER_SEC	1000000000ULL

_Static_assert(sizeof(struct keel_pvclock) == 32, "struct pvclock_vcpu_time_info");
_Static_assert(sizeof(struct keel_wall_clock) == 12, "struct pvclock_wall_clock");

static enum keel_fault put(struct keel_vcpu *vcpu, u64 gpa, const void *from, u64 size)
{
	return keel_gmem_write(keel_root_state(), vcpu->guest, gpa, from, size, vcpu);
}

/*
 * A structure that begins with its version.  The first write has found all pages, if that
 * could be.
 */
static enum keel_fault put_versioned(struct keel_vcpu *vcpu, u64 gpa, void *from, u64 size)
{
	u32 *version = from, old = 0;
	enum keel_fault ret;

	keel_gmem_read(keel_root_state(), vcpu->guest, gpa, &old, sizeof(old));
	*version = old | 1;
	ret = put(vcpu, gpa + size - 1, (u8 *)from + size - 1, 1);
	if (ret == KEEL_FAULT_DONE)
		ret = put(vcpu, gpa, version, sizeof(*version));
	if (ret == KEEL_FAULT_DONE)
		ret = put(vcpu, gpa, from, size);
	++*version;
	if (ret == KEEL_FAULT_DONE)
		ret = put(vcpu, gpa, version, sizeof(*version));
	/* There is no memory: the guest talks to nobody, as with KVM. */
	return ret == KEEL_FAULT_OUTSIDE ? KEEL_FAULT_DONE : ret;
}

static bool split(const struct keel_guest *guest)
{
	return __atomic_load_n(&guest->tsc_split, __ATOMIC_SEQ_CST);
}

/* The clock's page, if it is to have one, for a TSC with @offset */
static enum keel_fault put_clock(struct keel_vcpu *vcpu, u64 clock, u64 offset)
{
	const struct keel_guest_setup *setup = &vcpu->root->guest;
	struct keel_pvclock page = {
		.tsc = vcpu->guest->tsc_start + offset,
		.mul = setup->clock_mul,
		.shift = setup->clock_shift,
	};
	enum keel_fault ret;

	if (!(clock & KEEL_KVM_ENABLED))
		return KEEL_FAULT_DONE;
	do {
		page.flags = setup->clock_stable && !split(vcpu->guest) ? KEEL_PVCLOCK_STABLE : 0;
		ret = put_versioned(vcpu, clock & ~KEEL_KVM_ENABLED, &page, sizeof(page));
		/* It can have become split meanwhile, once. */
	} while (ret == KEEL_FAULT_DONE && page.flags && split(vcpu->guest));
	return ret;
}

static enum keel_fault put_wall_clock(struct keel_vcpu *vcpu, u64 gpa)
{
	u64 start = vcpu->guest->wall_start;
	struct keel_wall_clock page = {
		.sec = start / NS_PER_SEC,
		.nsec = start % NS_PER_SEC,
	};

	return put_versioned(vcpu, gpa, &page, sizeof(page));
}

/* From now on no two vCPUs' clocks are said to agree. */
static enum keel_fault unsettle(struct keel_vcpu *vcpu)
{
	struct keel_guest *guest = vcpu->guest;
	enum keel_fault ret;
	u64 clock;
	void *at;
	u32 i;

	__atomic_store_n(&guest->tsc_split, true, __ATOMIC_SEQ_CST);
	for (i = 0; i < KEEL_VCPUS_MAX; i++) {
		const struct keel_vcpu *other;
		u32 pfn = __atomic_load_n(&guest->vcpu[i], __ATOMIC_ACQUIRE);

		if (pfn == KEEL_NO_FRAME)
			continue;
		other = keel_phys((u64)pfn << 12);
		clock = __atomic_load_n(&other->clock, __ATOMIC_SEQ_CST);
		if (!(clock & KEEL_KVM_ENABLED))
			continue;
		clock += offsetof(struct keel_pvclock, flags) - KEEL_KVM_ENABLED;
		ret = keel_gmem_at(keel_root_state(), guest, clock, vcpu, &at);
		if (ret == KEEL_FAULT_DONE)
			__atomic_and_fetch((u8 *)at, (u8)~KEEL_PVCLOCK_STABLE, __ATOMIC_SEQ_CST);
		else if (ret != KEEL_FAULT_OUTSIDE)
			return ret;
	}
	return KEEL_FAULT_DONE;
}

static enum keel_fault move_tsc(struct keel_vcpu *vcpu, u64 by)
{
	enum keel_fault ret = by ? unsettle(vcpu) : KEEL_FAULT_DONE;

	if (ret == KEEL_FAULT_DONE && by)
		ret = put_clock(vcpu, vcpu->clock, vcpu->tsc_offset + by);
	if (ret != KEEL_FAULT_DONE)
		return ret;
	vcpu->tsc_offset += by;
	vcpu->tsc_adjust += by;
	return KEEL_FAULT_DONE;
}

/**
 * keel_clock_rdmsr() - a guest reads an MSR that has to do with time
 * @vcpu: the vCPU
 * @msr: which
 * @val: the answer
 *
 * Return: false when it is none of these.
 */
bool keel_clock_rdmsr(const struct keel_vcpu *vcpu, u32 msr, u64 *val)
{
	switch (msr) {
	case MSR_IA32_TSC_ADJUST:
		*val = vcpu->tsc_adjust;
		return vcpu->root->guest.cpuid[7].b & KEEL_CPUID_TSC_ADJUST;
	case KEEL_KVM_WALL_CLOCK:
		*val = vcpu->wall_clock;
		return true;
	case KEEL_KVM_SYSTEM_TIME:
		*val = vcpu->clock;
		return true;
	default:
		return false;
	}
}

/**
 * keel_clock_wrmsr() - a guest writes to an MSR that has to do with time
 * @vcpu: the vCPU
 * @msr: which
 * @val: what
 * @now: the machine's TSC
 *
 * Return: KEEL_FAULT_OUTSIDE when it is none of these; else whether it could be done, or
 * has to be tried again.  The vCPU's @tsc_offset may be another one then.
 */
enum keel_fault keel_clock_wrmsr(struct keel_vcpu *vcpu, u32 msr, u64 val, u64 now)
{
	enum keel_fault ret;

	switch (msr) {
	case MSR_IA32_TSC:
		return move_tsc(vcpu, val - (now + vcpu->tsc_offset));
	case MSR_IA32_TSC_ADJUST:
		if (!(vcpu->root->guest.cpuid[7].b & KEEL_CPUID_TSC_ADJUST))
			return KEEL_FAULT_OUTSIDE;
		return move_tsc(vcpu, val - vcpu->tsc_adjust);
	case KEEL_KVM_WALL_CLOCK:
		ret = put_wall_clock(vcpu, val);
		if (ret == KEEL_FAULT_DONE)
			vcpu->wall_clock = val;
		return ret;
	case KEEL_KVM_SYSTEM_TIME:
		__atomic_store_n(&vcpu->clock, val, __ATOMIC_SEQ_CST);
		return put_clock(vcpu, val, vcpu->tsc_offset);
	default:
		return KEEL_FAULT_OUTSIDE;
	}
}
