// SPDX-License-Identifier: GPL-2.0
/*
 * keel-apic-timer: the timer of a local APIC, against one that counts tick by tick.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/msr-index.h>

#include "../../kmod/vmx/apic.h"
#include "kit.h"

#define SVR	0x80f
#define LVTT	0x832
#define INITIAL	0x838
#define CURRENT	0x839
#define DIVIDE	0x83e
#define VECTOR	0x31

#define STEPS	3000

static struct keel_apic *fresh(struct kunit *test)
{
	struct keel_apic *apic = kunit_kzalloc(test, KEEL_PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, apic);
	keel_apic_reset(apic, 0, true);
	keel_apic_write(apic, SVR, 0x1ff, 0);
	return apic;
}

static u64 reads(const struct keel_apic *apic, u32 msr, u64 now)
{
	u64 val = ~0ULL;

	keel_apic_read(apic, msr, now, &val);
	return val;
}

/* What a CPU does at its next entry or exit at or after @now; how often it has fired */
static unsigned int look(struct keel_apic *apic, u64 now)
{
	if (!apic->deadline || apic->deadline > now)
		return 0;
	keel_apic_fire(apic, now);
	if (!keel_apic_deliverable(apic))
		return 0;
	keel_apic_accept(apic, VECTOR);
	keel_apic_eoi(apic);
	return 1;
}

static void timer_divides(struct kunit *test)
{
	static const u8 by[16] = { [0] = 2, [1] = 4, [2] = 8, [3] = 16, [8] = 32, [9] = 64,
				   [10] = 128, [11] = 1 };
	struct keel_apic *apic = fresh(test);
	unsigned int i;

	keel_apic_write(apic, LVTT, VECTOR, 0);
	for (i = 0; i < 16; i++) {
		if (!by[i])
			continue;
		keel_apic_write(apic, DIVIDE, i, 0);
		keel_apic_write(apic, INITIAL, 1000, 7);
		KUNIT_EXPECT_EQ_MSG(test, apic->deadline, 7 + 1000ULL * by[i], "%u", i);
		KUNIT_EXPECT_EQ(test, reads(apic, CURRENT, 7), 1000ULL);
		KUNIT_EXPECT_EQ(test, reads(apic, CURRENT, 7 + by[i]), 999ULL);
		KUNIT_EXPECT_EQ(test, reads(apic, CURRENT, 6 + 1000 * by[i]), 1ULL);
		KUNIT_EXPECT_EQ(test, reads(apic, CURRENT, 7 + 1000 * by[i]), 0ULL);
	}
	/* another divider on the way: what is left counts on */
	keel_apic_write(apic, DIVIDE, 0xb, 0);
	keel_apic_write(apic, INITIAL, 1000, 0);
	keel_apic_write(apic, DIVIDE, 1, 400);
	KUNIT_EXPECT_EQ(test, apic->deadline, 400ULL + 4 * 600);
	keel_apic_write(apic, INITIAL, ~0U, 5);
	KUNIT_EXPECT_EQ(test, apic->deadline, 5 + 4 * 0xffffffffULL);
	keel_apic_write(apic, INITIAL, 0, 5);
	KUNIT_EXPECT_EQ(test, apic->deadline, 0ULL);
}

static void timer_deadline(struct kunit *test)
{
	struct keel_apic *apic = fresh(test);

	/* in the other modes there is none */
	keel_apic_write(apic, MSR_IA32_TSC_DEADLINE, 100, 0);
	KUNIT_EXPECT_EQ(test, reads(apic, MSR_IA32_TSC_DEADLINE, 0), 0ULL);
	KUNIT_EXPECT_EQ(test, apic->deadline, 0ULL);
	keel_apic_write(apic, LVTT, KEEL_APIC_DEADLINE | VECTOR, 0);
	keel_apic_write(apic, MSR_IA32_TSC_DEADLINE, 100, 0);
	KUNIT_EXPECT_EQ(test, reads(apic, MSR_IA32_TSC_DEADLINE, 0), 100ULL);
	/* nothing is counted in this one */
	keel_apic_write(apic, INITIAL, 5, 0);
	KUNIT_EXPECT_EQ(test, reads(apic, INITIAL, 0) | reads(apic, CURRENT, 0), 0ULL);
	KUNIT_EXPECT_EQ(test, look(apic, 99), 0U);
	KUNIT_EXPECT_EQ(test, look(apic, 100), 1U);
	KUNIT_EXPECT_EQ(test, reads(apic, MSR_IA32_TSC_DEADLINE, 0), 0ULL);
	KUNIT_EXPECT_EQ(test, look(apic, 1000), 0U);
	/* masked, it is over without an interrupt */
	keel_apic_write(apic, LVTT, KEEL_APIC_DEADLINE | KEEL_APIC_LVT_MASKED | VECTOR, 0);
	keel_apic_write(apic, MSR_IA32_TSC_DEADLINE, 2000, 0);
	KUNIT_EXPECT_EQ(test, look(apic, 2000), 0U);
	KUNIT_EXPECT_EQ(test, apic->deadline, 0ULL);
	/* a change of mode stops it, one of the vector does not */
	keel_apic_write(apic, LVTT, KEEL_APIC_DEADLINE | VECTOR, 0);
	keel_apic_write(apic, MSR_IA32_TSC_DEADLINE, 3000, 0);
	keel_apic_write(apic, LVTT, KEEL_APIC_DEADLINE | 0x55, 0);
	KUNIT_EXPECT_EQ(test, apic->deadline, 3000ULL);
	keel_apic_write(apic, LVTT, VECTOR, 0);
	KUNIT_EXPECT_EQ(test, apic->deadline, 0ULL);
	keel_apic_write(apic, INITIAL, 50, 0);
	keel_apic_write(apic, LVTT, KEEL_APIC_DEADLINE | VECTOR, 0);
	KUNIT_EXPECT_EQ(test, apic->deadline | reads(apic, INITIAL, 0), 0ULL);
}

/* A period that is too short is drawn out; periods that nobody has seen are one interrupt */
static void timer_periods(struct kunit *test)
{
	struct keel_apic *apic = fresh(test);

	keel_apic_write(apic, DIVIDE, 0xb, 0);
	keel_apic_write(apic, LVTT, KEEL_APIC_PERIODIC | VECTOR, 0);
	keel_apic_write(apic, INITIAL, 10000, 0);
	KUNIT_EXPECT_EQ(test, look(apic, 10000), 1U);
	KUNIT_EXPECT_EQ(test, apic->deadline, 20000ULL);
	KUNIT_EXPECT_EQ(test, look(apic, 74999), 1U);
	KUNIT_EXPECT_EQ(test, apic->deadline, 80000ULL);
	keel_apic_write(apic, INITIAL, 1, 100000);
	KUNIT_EXPECT_EQ(test, apic->deadline, 100000ULL + KEEL_APIC_PERIOD_MIN);
	KUNIT_EXPECT_EQ(test, reads(apic, CURRENT, 100000), 1ULL);
	/* to one-shot on the way: it ends with this period */
	keel_apic_write(apic, LVTT, VECTOR, 0);
	KUNIT_EXPECT_EQ(test, look(apic, 200000), 1U);
	KUNIT_EXPECT_EQ(test, apic->deadline, 0ULL);
}

/* The plain one: a counter, and ticks until it counts */
struct plain {
	u64 count, initial;
	u32 divide, phase;
	bool periodic;
};

static bool tick(struct plain *m)
{
	if (!m->count || ++m->phase < m->divide)
		return false;
	m->phase = 0;
	if (--m->count)
		return false;
	if (m->periodic)
		m->count = m->initial;
	return true;
}

static void timer_random(struct kunit *test)
{
	static const u8 config[] = { 0xb, 0, 1, 2 }, by[] = { 1, 2, 4, 8 };
	struct keel_apic *apic = fresh(test);
	struct plain m = { .divide = 1 };
	unsigned int i, k, want, fired = 0;
	struct rnd_state rnd;
	u64 now = 1000;

	prandom_seed_state(&rnd, 43);
	keel_apic_write(apic, DIVIDE, 0xb, 0);
	for (i = 0; i < STEPS; i++) {
		switch (kit_below(&rnd, 8)) {
		case 0:
			m.periodic = kit_below(&rnd, 2);
			k = kit_below(&rnd, ARRAY_SIZE(by));
			m.divide = by[k];
			m.initial = 0;
			if (kit_below(&rnd, 8))
				m.initial = KEEL_APIC_PERIOD_MIN + kit_below(&rnd, 5000);
			m.count = m.initial;
			m.phase = 0;
			keel_apic_write(apic, LVTT, VECTOR |
					(m.periodic ? KEEL_APIC_PERIODIC : 0), now);
			keel_apic_write(apic, DIVIDE, config[k], now);
			keel_apic_write(apic, INITIAL, m.initial, now);
			break;
		default:
			want = 0;
			for (k = kit_below(&rnd, 3000); k; k--, now++)
				want |= tick(&m);
			KUNIT_ASSERT_EQ_MSG(test, look(apic, now), want, "step %u", i);
			fired += want;
		}
		KUNIT_ASSERT_EQ_MSG(test, reads(apic, CURRENT, now), m.count, "step %u", i);
	}
	KUNIT_EXPECT_GT(test, fired, STEPS / 100U);
}

static struct kunit_case keel_apic_timer_cases[] = {
	KUNIT_CASE(timer_divides),
	KUNIT_CASE(timer_deadline),
	KUNIT_CASE(timer_periods),
	KUNIT_CASE(timer_random),
	{}
};

static struct kunit_suite keel_apic_timer_suite = {
	.name = "keel-apic-timer",
	.test_cases = keel_apic_timer_cases,
};

kunit_test_suites(&keel_apic_timer_suite);
