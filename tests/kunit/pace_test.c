// SPDX-License-Identifier: GPL-2.0
/*
 * keel-pace: the budget and the rate are kept, whatever is asked of them; little that is
 * found slows down, much speeds up at once.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>

#include "../../kmod/pace.h"
#include "kit.h"

#define MS	1000000ULL
#define SECOND	(1000 * MS)

/* work of @ns on @pages for @total ns, with every rest that is owed: ns of work, and pages */
static u64 work_for(struct keel_pace *pace, u64 total, u64 ns, u64 pages, u64 *looked)
{
	u64 now = 0, worked = 0, rest;

	*looked = 0;
	while (now < total) {
		keel_pace_work(pace, ns, pages, 0);
		worked += ns;
		now += ns;
		*looked += pages;
		rest = keel_pace_owes(pace);
		/* a clock of 4 ms, and somebody else on the CPU */
		rest = rest ? rest + 5 * MS : 0;
		keel_pace_rest(pace, rest);
		now += rest;
	}
	return worked * 1000 / now;
}

static void pace_budget(struct kunit *test)
{
	static const u32 budgets[] = { 1, 2, 5, 20, 50, 90, 99 };
	u64 per_mille, looked;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(budgets); i++) {
		struct keel_pace pace = { .budget = budgets[i] };

		/* calls of 0.1 ms, and long ones */
		per_mille = work_for(&pace, 200 * SECOND, MS / 10, 512, &looked);
		KUNIT_EXPECT_LE_MSG(test, per_mille, budgets[i] * 10ULL + 1, "row %u", i);
		KUNIT_EXPECT_GE_MSG(test, per_mille, budgets[i] * 5ULL, "row %u", i);
		per_mille = work_for(&pace, 2000 * SECOND, 30 * MS, 512, &looked);
		KUNIT_EXPECT_LE_MSG(test, per_mille, budgets[i] * 10ULL + 1, "row %u", i);
		KUNIT_EXPECT_GE_MSG(test, per_mille, budgets[i] * 5ULL, "row %u", i);
	}
	{
		struct keel_pace pace = { .budget = 100 };

		KUNIT_EXPECT_EQ(test, work_for(&pace, SECOND, MS, 512, &looked), 1000ULL);
	}
}

static void pace_rate(struct kunit *test)
{
	static const u32 rates[] = { 1, 100, 5000, 1000000, ~0U };
	u64 looked, per_mille;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rates); i++) {
		struct keel_pace pace = { .budget = 100, .rate = rates[i] };

		per_mille = work_for(&pace, 2000 * SECOND, MS, 512, &looked);
		/* one call is always made whole */
		KUNIT_EXPECT_LE_MSG(test, looked, 2000ULL * rates[i] + 2 * 512, "row %u", i);
		if (rates[i] > 1000000)
			KUNIT_EXPECT_EQ(test, per_mille, 1000ULL);
		if (rates[i] < 100000)
			KUNIT_EXPECT_GE_MSG(test, looked, 1500ULL * rates[i], "row %u", i);
	}
	/* the longer rest counts, be it for the one or for the other */
	{
		struct keel_pace pace = { .budget = 10, .rate = 1000000 };

		per_mille = work_for(&pace, 200 * SECOND, MS, 1, &looked);
		KUNIT_EXPECT_LE(test, per_mille, 101ULL);
		KUNIT_EXPECT_GE(test, per_mille, 60ULL);
	}
}

/* a pass over @looked pages; the pause behind it */
static u32 pass(struct keel_pace *pace, u64 looked, u64 merged)
{
	keel_pace_begin(pace);
	keel_pace_work(pace, MS, looked, merged);
	return keel_pace_end(pace);
}

static void pace_finds(struct kunit *test)
{
	static const u32 pauses[] = { 200, 400, 800, 1600, 3200, 6400, 10000, 10000, 10000 };
	static const u32 percent[] = { 20, 10, 5, 5, 5, 5, 5, 5, 5 };
	struct keel_pace pace = { .budget = 40 };
	unsigned int i;

	KUNIT_EXPECT_EQ(test, keel_pace_percent(&pace), 40U);
	KUNIT_EXPECT_EQ(test, pass(&pace, 100000, 500), (u32)KEEL_PAUSE_MIN_MS);
	for (i = 0; i < ARRAY_SIZE(pauses); i++) {
		KUNIT_EXPECT_EQ_MSG(test, pass(&pace, 100000, 0), pauses[i], "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, keel_pace_percent(&pace), percent[i], "row %u", i);
	}
	/* something, but not much: it stays as it is */
	KUNIT_EXPECT_EQ(test, pass(&pace, 100000, 97), 10000U);
	KUNIT_EXPECT_EQ(test, keel_pace_percent(&pace), 5U);
	/* much is known before the pass is over, but not by a page or two */
	keel_pace_begin(&pace);
	keel_pace_work(&pace, MS, 512, 31);
	KUNIT_EXPECT_EQ(test, keel_pace_percent(&pace), 5U);
	keel_pace_work(&pace, MS, 512, 1);
	KUNIT_EXPECT_EQ(test, keel_pace_percent(&pace), 40U);
	keel_pace_work(&pace, MS, 50000, 0);
	KUNIT_EXPECT_EQ(test, keel_pace_end(&pace), (u32)KEEL_PAUSE_MIN_MS << 0);
	/* in a small guest a page or two are much, once all was looked at */
	pass(&pace, 500, 0);
	KUNIT_EXPECT_EQ(test, pass(&pace, 500, 1), (u32)KEEL_PAUSE_MIN_MS);
	/* never nothing at all */
	pace.budget = 3;
	for (i = 0; i < 5; i++)
		pass(&pace, 1000, 0);
	KUNIT_EXPECT_EQ(test, keel_pace_percent(&pace), 1U);
	keel_pace_work(&pace, SECOND, 1000, 0);
	KUNIT_EXPECT_GT(test, keel_pace_owes(&pace), 98 * SECOND);
	/* news */
	keel_pace_hurry(&pace);
	KUNIT_EXPECT_EQ(test, keel_pace_owes(&pace), 0ULL);
	KUNIT_EXPECT_EQ(test, keel_pace_percent(&pace), 3U);
}

static struct kunit_case pace_cases[] = {
	KUNIT_CASE(pace_budget),
	KUNIT_CASE(pace_rate),
	KUNIT_CASE(pace_finds),
	{}
};

static struct kunit_suite pace_suite = {
	.name = "keel-pace",
	.test_cases = pace_cases,
};

kunit_test_suites(&pace_suite);
