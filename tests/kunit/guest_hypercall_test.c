// SPDX-License-Identifier: GPL-2.0
/*
 * keel-guest-hypercall: whom KVM's hypercall for IPIs means.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>

#include "../../kmod/vmx/vcpu.h"

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

static struct kunit_case keel_guest_hypercall_cases[] = {
	KUNIT_CASE(hypercall_targets),
	{}
};

static struct kunit_suite keel_guest_hypercall_suite = {
	.name = "keel-guest-hypercall",
	.test_cases = keel_guest_hypercall_cases,
};

kunit_test_suites(&keel_guest_hypercall_suite);
