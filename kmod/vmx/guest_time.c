// SPDX-License-Identifier: GPL-2.0
/*
 * How fast a guest's TSC is, said in every way that guests ask: leaves of CPUID, and the
 * scale of KVM's clock.
 *
 * World: host, before launch, and KUnit.  No locks.
 *
 * The local APIC's timer counts as fast as the TSC, and so does the crystal that it and
 * the TSC are said to stem from.
 */
#include <linux/bits.h>
#include <linux/types.h>

#include "guest_setup.h"
#include "pv.h"

#define NS_PER_SEC	1000000000ULL

/* KVM's features (asm/kvm_para.h) */
#define NOP_IO_DELAY	BIT(1)
#define PV_SEND_IPI	BIT(11)
#define PV_SCHED_YIELD	BIT(13)
#define CLOCKSOURCE2	BIT(3)
#define PV_UNHALT	BIT(7)
#define CLOCK_STABLE	BIT(24)

/**
 * keel_clock_scale() - how ticks become ns, as KVM's clock has it
 * @khz: of the TSC, not 0
 * @mul: answers the factor, of which 2 to the power of 32 is one
 * @shift: answers the power of two that goes ahead of it
 *
 * ns = (ticks << @shift) * @mul >> 32, where @mul has all of its bits.
 */
void keel_clock_scale(u32 khz, u32 *mul, s8 *shift)
{
	u64 hz = khz * 1000ULL;

	for (*shift = 0; hz > 2 * NS_PER_SEC; --*shift)
		hz >>= 1;
	for (; hz <= NS_PER_SEC; ++*shift)
		hz <<= 1;
	*mul = (NS_PER_SEC << 32) / hz;
}

/* TSC and crystal: denominator, numerator, Hz, of which one more bit would not fit */
static struct keel_cpuid leaf_15(u32 khz)
{
	u32 times = khz * 1000ULL >> 32 ? 2 : 1;

	return (struct keel_cpuid) { 1, times, khz * 1000ULL / times };
}

/**
 * keel_guest_time() - what guests are told of time
 * @setup: with @cpuid, @tsc_khz, @steal and @assist; the rest that has to do with it is filled in
 *
 * A TSC that stands still at times is no stable clock.
 *
 * A CPU that helps with the APIC ends interrupts without an exit, and has to see their ends.
 * KVM tells its guests of the other way all the same, and never goes it then; here they are
 * spared the look at a word that is never set.
 */
void keel_guest_time(struct keel_guest_setup *setup)
{
	const struct keel_cpuid *power = &setup->cpuid[KEEL_GUEST_BASIC + 7];
	u32 khz = setup->tsc_khz;

	setup->clock_stable = power->d & KEEL_CPUID_INVARIANT_TSC;
	setup->kvm_features = CLOCKSOURCE2 | NOP_IO_DELAY | PV_UNHALT | PV_SEND_IPI |
			      PV_SCHED_YIELD |
			      (setup->clock_stable ? CLOCK_STABLE : 0) |
			      (setup->steal ? KEEL_KVM_FEATURE_STEAL | KEEL_KVM_FEATURE_FLUSH : 0) |
			      (setup->assist ? 0 : KEEL_KVM_FEATURE_EOI);
	keel_clock_scale(khz, &setup->clock_mul, &setup->clock_shift);
	setup->cpuid[0x15] = leaf_15(khz);
	setup->cpuid[0x16] = (struct keel_cpuid) { (khz + 500) / 1000, (khz + 500) / 1000, 100 };
}
