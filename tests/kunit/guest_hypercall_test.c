// SPDX-License-Identifier: GPL-2.0
/*
 * keel-guest-hypercall: whom KVM's hypercalls for IPIs and for yielding mean.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>

#include "fake_machine.h"

static void hypercall_targets(struct kunit *test)
{
	static const struct {
		u64 low;
		u64 min;
		u32 present;
		u32 want;
	} rows[] = {
		{ 1, 0, 0xffff, 1 }, { 0x8000, 0, 0xffff, 0x8000 }, { ~0ULL, 0, 0xb, 0xb },
		{ 5, 1, 0xffff, 0xa }, { 1, 15, 0xffff, 0x8000 }, { 3, 15, 0xffff, 0x8000 },
		{ 1, 16, 0xffff, 0 }, { ~0ULL, 64, 0xffff, 0 }, { ~0ULL, 0xffffffff, 0xffff, 0 },
		{ 1, 3, 7, 0 }, { 0, 0, 0xffff, 0 }, { 1ULL << 32, 0, 0xffff, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		KUNIT_EXPECT_EQ_MSG(test, keel_hypercall_targets(rows[i].low, rows[i].min,
								 rows[i].present),
				    rows[i].want, "row %u", i);
}

static void hypercall_yield(struct kunit *test)
{
	struct keel_root *root = fake_machine(test);
	struct keel_guest *guest;
	struct keel_vcpu *v, *w;
	u64 batch[8];
	unsigned int i;

	KUNIT_ASSERT_EQ(test, keel_guest_new(root, 3, 4096), 0LL);
	for (i = 0; i < 8; i++)
		batch[i] = 100 + i;
	KUNIT_ASSERT_EQ(test, keel_guest_fill(root, 3, batch, 8), 8LL);
	fake_pass_all();
	guest = keel_guest_at(root, 3);
	keel_guest_settle(root, guest);
	v = fake_vcpu(guest, 0);
	w = fake_vcpu(guest, 2);
	KUNIT_ASSERT_TRUE(test, v && w);
	v->index = 0;
	w->index = 2;
	v->running = 1;
	KUNIT_EXPECT_TRUE(test, keel_hypercall_lacks_cpu(v, 2));
	/* oneself, nobody, and numbers that no vCPU can have */
	KUNIT_EXPECT_FALSE(test, keel_hypercall_lacks_cpu(v, 0));
	KUNIT_EXPECT_FALSE(test, keel_hypercall_lacks_cpu(v, 1));
	KUNIT_EXPECT_FALSE(test, keel_hypercall_lacks_cpu(v, KEEL_VCPUS_MAX));
	KUNIT_EXPECT_FALSE(test, keel_hypercall_lacks_cpu(v, ~0ULL));
	/* it has one; it has halted; it waits to be started */
	w->running = 1;
	KUNIT_EXPECT_FALSE(test, keel_hypercall_lacks_cpu(v, 2));
	w->running = 0;
	w->attention = KEEL_ATT_HALTED | KEEL_ATT_TIMER;
	KUNIT_EXPECT_FALSE(test, keel_hypercall_lacks_cpu(v, 2));
	w->attention = KEEL_ATT_WAIT_SIPI;
	KUNIT_EXPECT_FALSE(test, keel_hypercall_lacks_cpu(v, 2));
	w->attention = KEEL_ATT_TIMER | KEEL_ATT_STEAL;
	KUNIT_EXPECT_TRUE(test, keel_hypercall_lacks_cpu(v, 2));
}

static struct kunit_case keel_guest_hypercall_cases[] = {
	KUNIT_CASE(hypercall_targets),
	KUNIT_CASE(hypercall_yield),
	{}
};

static struct kunit_suite keel_guest_hypercall_suite = {
	.name = "keel-guest-hypercall",
	.test_cases = keel_guest_hypercall_cases,
};

kunit_test_suites(&keel_guest_hypercall_suite);
