// SPDX-License-Identifier: GPL-2.0
/*
 * keel-guest-random: guests, vCPUs and CPUs that do anything in any order, against the
 * model (guest_model.c), with audits on the way; and all memory back in the end.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "fake_machine.h"
#include "guest_model.h"
#include "kit.h"

/* how often each operation, in relation */
static const u8 often[MODEL_OPS] = {
	[MODEL_DONATE] = 6, [MODEL_RECLAIM] = 2, [MODEL_NEW] = 2, [MODEL_FILL] = 6,
	[MODEL_MAP] = 6, [MODEL_FAULT] = 40, [MODEL_ENTER] = 14, [MODEL_EXIT] = 10,
	[MODEL_PASS] = 20, [MODEL_KILL] = 1, [MODEL_DRAIN] = 6, [MODEL_STAT] = 4, [MODEL_MEND] = 1,
	[MODEL_SWITCH] = 1, [MODEL_PAGE] = 2,
};

static enum model_op choose(struct rnd_state *rnd)
{
	unsigned int sum = 0, op;

	for (op = 0; op < MODEL_OPS; op++)
		sum += often[op];
	sum = kit_below(rnd, sum);
	for (op = 0; sum >= often[op]; op++)
		sum -= often[op];
	return op;
}

static bool step(struct kunit *test, struct model *m, enum model_op op, u64 a, u64 b, u64 c)
{
	bool ok = model_step(m, op, a, b, c);

	KUNIT_EXPECT_TRUE_MSG(test, ok, "operation %u: not %s", op, m->wrong ?: "");
	return ok;
}

static void all_back(struct kunit *test, struct model *m)
{
	unsigned int i, g;

	for (i = 0; i < MODEL_VCPUS; i++)
		step(test, m, MODEL_EXIT, i, 1, 0);
	for (g = 0; g < MODEL_GUESTS; g++)
		step(test, m, MODEL_KILL, g, 0, 0);
	fake_pass_all();
	for (i = 0; i < 64; i++)
		for (g = 0; g < MODEL_GUESTS; g++)
			step(test, m, MODEL_DRAIN, g, 0, 0);
	step(test, m, MODEL_AUDIT, 0, 0, 0);
	for (i = 0; i < FAKE_FRAMES; i++)
		KUNIT_ASSERT_LE_MSG(test, m->owner[i], 1, "frame %u", i);
	fake_pass_all();
	step(test, m, MODEL_MEND, 0, 0, 0);
	fake_pass_all();
	for (i = 0; i < FAKE_FRAMES; i++)
		step(test, m, MODEL_RECLAIM, 0, 0, 0);
	step(test, m, MODEL_AUDIT, 0, 0, 0);
}

static void guest_random(struct kunit *test)
{
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	unsigned int i, op;
	struct rnd_state rnd;

	KUNIT_ASSERT_NOT_NULL(test, m);
	fake_machine(test);
	model_start(m);
	prandom_seed_state(&rnd, 11);
	for (i = 0; i < 60000; i++) {
		op = i % 200 == 199 ? MODEL_AUDIT : choose(&rnd);
		if (!step(test, m, op, kit_random(&rnd), kit_below(&rnd, FAKE_FRAMES + 8),
			  kit_random(&rnd)))
			return;
		if (i % 20000 == 19999)
			all_back(test, m);
	}
	/* all of it has been tried */
	for (op = 0; op < MODEL_OPS; op++)
		if (op != MODEL_PASS)
			KUNIT_EXPECT_GT_MSG(test, m->done[op], 20U, "operation %u", op);
}

static struct kunit_case guest_random_cases[] = {
	KUNIT_CASE(guest_random),
	{}
};

static struct kunit_suite guest_random_suite = {
	.name = "keel-guest-random",
	.test_cases = guest_random_cases,
};

kunit_test_suites(&guest_random_suite);
