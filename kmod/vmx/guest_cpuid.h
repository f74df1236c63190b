/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What guests see of the CPU.
 *
 * World: root and KUnit.
 */
#ifndef KEEL_VMX_GUEST_CPUID_H
#define KEEL_VMX_GUEST_CPUID_H

#include <linux/types.h>

#include "root.h"

/* The answer of CPUID: EAX, EBX, ECX and EDX */
struct keel_cpuid {
	u32 a;
	u32 b;
	u32 c;
	u32 d;
};

void keel_guest_cpuid_mask(const struct keel_guest_setup *setup, u32 leaf, u32 sub, u32 index,
			   u64 cr4, struct keel_cpuid *r);

#endif /* KEEL_VMX_GUEST_CPUID_H */
