// SPDX-License-Identifier: GPL-2.0
/*
 * The timer of a local APIC (SDM 10.5.4): one-shot, periodic, TSC deadline.
 *
 * World: root and KUnit, by whoever runs the vCPU; the time is an argument.  No locks.
 *
 * It counts as fast as the TSC, divided as the guest says, and all that there is of it is
 * the moment at which it fires.
 */
#include <linux/bits.h>
#include <linux/types.h>

#include "apic.h"

static u32 mode_of(const struct keel_apic *apic)
{
	return keel_apic_get(apic, KEEL_APIC_LVT_TIMER) & KEEL_APIC_LVT_MODE;
}

/* 2, 4, ... 128, 1, by bits 3, 1 and 0 of the divide configuration register */
static u32 shift_of(u32 divide)
{
	return ((divide & 3) + (divide >> 1 & 4) + 1) & 7;
}

static u64 ticks(const struct keel_apic *apic, u64 count)
{
	return count << shift_of(keel_apic_get(apic, KEEL_APIC_DIVIDE));
}

static u64 period(const struct keel_apic *apic)
{
	u64 val = ticks(apic, keel_apic_get(apic, KEEL_APIC_INITIAL));

	return val < KEEL_APIC_PERIOD_MIN ? KEEL_APIC_PERIOD_MIN : val;
}

/**
 * keel_apic_count() - the current count
 * @apic: the APIC
 * @now: TSC
 *
 * Return: the count, 0 when the timer does not run or is due.
 */
u64 keel_apic_count(const struct keel_apic *apic, u64 now)
{
	u64 left;
	u32 shift = shift_of(keel_apic_get(apic, KEEL_APIC_DIVIDE));

	if (mode_of(apic) & KEEL_APIC_DEADLINE || apic->deadline <= now)
		return 0;
	left = ((apic->deadline - now - 1) >> shift) + 1;
	/* A period that was drawn out shows no more than what was asked for. */
	return left < keel_apic_get(apic, KEEL_APIC_INITIAL) ?
	       left : keel_apic_get(apic, KEEL_APIC_INITIAL);
}

/**
 * keel_apic_start() - the initial count was written
 * @apic: the APIC, with the new count
 * @now: TSC
 */
void keel_apic_start(struct keel_apic *apic, u64 now)
{
	u32 count = keel_apic_get(apic, KEEL_APIC_INITIAL);

	if (!count)
		apic->deadline = 0;
	else
		apic->deadline = now + (mode_of(apic) == KEEL_APIC_PERIODIC ? period(apic) :
								      ticks(apic, count));
}

/**
 * keel_apic_divide() - another divider: what is left counts on at the new pace
 * @apic: the APIC
 * @val: the divide configuration
 * @now: TSC
 */
void keel_apic_divide(struct keel_apic *apic, u32 val, u64 now)
{
	u64 left = keel_apic_count(apic, now);

	*keel_apic_reg(apic, KEEL_APIC_DIVIDE) = val;
	if (left)
		apic->deadline = now + ticks(apic, left);
}

/**
 * keel_apic_mode() - the timer's local vector is about to be written
 * @apic: the APIC
 * @val: the new value
 *
 * Between a deadline and counting there is no way but to stop.
 */
void keel_apic_mode(struct keel_apic *apic, u32 val)
{
	if (!((mode_of(apic) ^ val) & KEEL_APIC_DEADLINE))
		return;
	apic->deadline = 0;
	*keel_apic_reg(apic, KEEL_APIC_INITIAL) = 0;
}

/**
 * keel_apic_fire() - the timer is due
 * @apic: the APIC, whose @deadline is over
 * @now: TSC
 *
 * Periods that have passed unseen are one interrupt.
 */
void keel_apic_fire(struct keel_apic *apic, u64 now)
{
	u32 lvt = keel_apic_get(apic, KEEL_APIC_LVT_TIMER);
	u64 step;

	if (!(lvt & KEEL_APIC_LVT_MASKED) && KEEL_ICR_VECTOR(lvt) > 15)
		keel_apic_raise(apic, KEEL_ICR_VECTOR(lvt));
	if (mode_of(apic) != KEEL_APIC_PERIODIC) {
		apic->deadline = 0;
		return;
	}
	step = period(apic);
	apic->deadline += ((now - apic->deadline) / step + 1) * step;
}
