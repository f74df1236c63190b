/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a guest and its hypervisor have between them, in the form of KVM's: MSRs,
 * structures in the guest's memory, hypercalls (asm/kvm_para.h, pvclock-abi.h).
 *
 * World: root and KUnit.
 */
#ifndef KEEL_VMX_PV_H
#define KEEL_VMX_PV_H

#include <linux/bits.h>
#include <linux/types.h>

/* MSRs; the low bits of what is written there are flags, the rest is an address. */
#define KEEL_KVM_WALL_CLOCK	0x4b564d00
#define KEEL_KVM_SYSTEM_TIME	0x4b564d01
#define KEEL_KVM_STEAL_TIME	0x4b564d03
#define KEEL_KVM_EOI		0x4b564d04
#define KEEL_KVM_ENABLED	BIT_ULL(0)

/* Of the features (leaf 0x40000001, EAX): there are steal time, ends of interrupts, flushes */
#define KEEL_KVM_FEATURE_STEAL	BIT(5)
#define KEEL_KVM_FEATURE_EOI	BIT(6)
#define KEEL_KVM_FEATURE_FLUSH	BIT(9)

/* Hypercalls, and what they answer (uapi/linux/kvm_para.h) */
#define KEEL_KVM_HC_POLL	1
#define KEEL_KVM_HC_KICK	5
#define KEEL_KVM_HC_IPI		10
#define KEEL_KVM_HC_YIELD	11
#define KEEL_KVM_HC_LAST	11
#define KEEL_KVM_ENOSYS		(-1000LL)
#define KEEL_KVM_EPERM		(-1LL)
#define KEEL_KVM_EINVAL		(-22LL)

/**
 * struct keel_pvclock - how a vCPU tells the time: struct pvclock_vcpu_time_info
 * @version: odd while the rest changes
 * @pad0: zero
 * @tsc: TSC of the vCPU at
 * @time: this moment, in ns since the guest was started
 * @mul: see keel_clock_scale()
 * @shift: likewise
 * @flags: KEEL_PVCLOCK_...
 * @pad1: zero
 */
struct keel_pvclock {
	u32 version;
	u32 pad0;
	u64 tsc;
	u64 time;
	u32 mul;
	s8 shift;
	u8 flags;
	u8 pad1[2];
};

/* Of two vCPUs, none sees a time before one that the other has seen. */
#define KEEL_PVCLOCK_STABLE	BIT(0)

/**
 * struct keel_wall_clock - when the guest was started: struct pvclock_wall_clock
 * @version: odd while the rest changes
 * @sec: since 1970
 * @nsec: and ns
 */
struct keel_wall_clock {
	u32 version;
	u32 sec;
	u32 nsec;
};

/* Of @preempted: it does not run; it has to forget translations before it does */
#define KEEL_KVM_PREEMPTED	BIT(0)
#define KEEL_KVM_FLUSH		BIT(1)

/**
 * struct keel_steal_time - how long a vCPU could have run and did not: struct
 * kvm_steal_time
 * @steal: in ns
 * @version: odd while it changes
 * @flags: none
 * @preempted: KEEL_KVM_...; other vCPUs write there, too
 * @pad8: zero
 * @pad: zero
 */
struct keel_steal_time {
	u64 steal;
	u32 version;
	u32 flags;
	u8 preempted;
	u8 pad8[3];
	u32 pad[11];
};

#endif /* KEEL_VMX_PV_H */
