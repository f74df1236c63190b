// SPDX-License-Identifier: GPL-2.0
/*
 * keel-clone-ways: what else goes on with tables that several guests hold: vCPUs that have
 * walked them, pages that wait, merges and scans, frames from the host, somebody who works on
 * one, a guest that goes a bit at a time; and what the audit finds.
 *
 * World: KUnit.  No locks.
 */
#include "clone_kit.h"

/* two vCPUs: a table is not let go of while one of them can have walked it */
static void clone_two_vcpus(struct kunit *test)
{
	struct keel_vcpu *v, *w;
	u64 *top;

	source_and_clone(test);
	v = fake_vcpu(b, 0);
	w = fake_vcpu(b, 1);
	v->epoch = b->epoch;
	w->epoch = b->epoch;
	v->running = 1;
	w->running = 1;
	KUNIT_EXPECT_EQ(test, merge_write(b, 3, 99, v), KEEL_FAULT_KICK);
	top = keel_phys(b->ept.root);
	KUNIT_EXPECT_EQ(test, *top & 7, 0ULL);
	KUNIT_EXPECT_EQ(test, table(b, 3, 3)->count, 2U);
	KUNIT_EXPECT_EQ(test, b->stat.cloned_tables, 4ULL);
	sees(test, b, ~0ULL, 0);
	/* whoever touches anything below has to wait as well */
	KUNIT_EXPECT_EQ(test, keel_guest_fault(&fake->root, b, 601 << 12, false, v),
			KEEL_FAULT_KICK);
	/* it goes on meanwhile, and can be cloned when it does not run */
	KUNIT_EXPECT_EQ(test, merge_write(a, 4, 44, NULL), KEEL_FAULT_DONE);
	v->running = 0;
	w->running = 0;
	c = clone_of(test, B, C, FIRST_C);
	sees(test, c, ~0ULL, 0);
	v->running = 1;
	w->running = 1;
	w->epoch = b->epoch;
	KUNIT_EXPECT_EQ(test, merge_write(b, 3, 99, v), KEEL_FAULT_KICK);
	w->epoch = b->epoch;
	KUNIT_EXPECT_EQ(test, merge_write(b, 3, 99, v), KEEL_FAULT_DONE);
	sees(test, a, 4, 44);
	sees(test, b, 3, 99);
	sees(test, c, ~0ULL, 0);
	v->running = 0;
	w->running = 0;
	drain_all(test, B);
	sees(test, c, ~0ULL, 0);
}

/* pages that wait to be replaced when the guest is cloned: a shared one, and the zero frame */
static void clone_pending(struct kunit *test)
{
	struct keel_vcpu *v, *w;
	unsigned int side;

	for (side = 0; side < 2; side++) {
		source(test);
		KUNIT_ASSERT_EQ(test, merge_write(a, 7, 7, NULL), KEEL_FAULT_DONE);
		KUNIT_ASSERT_EQ(test, merge_pair(KEEL_HINT(A, 6), KEEL_HINT(A, 7), 9),
				KEEL_MERGE_DONE);
		v = fake_vcpu(a, 0);
		w = fake_vcpu(a, 1);
		v->running = 1;
		w->running = 1;
		KUNIT_ASSERT_EQ(test, merge_write(a, 7, 99, v), KEEL_FAULT_KICK);
		KUNIT_ASSERT_EQ(test, merge_write(a, 20, 99, v), KEEL_FAULT_KICK);
		v->running = 0;
		w->running = 0;
		b = clone_of(test, A, B, FIRST_B);
		KUNIT_EXPECT_EQ(test, b->stat.zero, 1ULL);
		sees(test, a, 7, 7);
		sees(test, b, 7, 7);
		/* one is read, by a guest with fewer epochs behind it, or more */
		(side ? a : b)->epoch += side ? 5 : 0;
		KUNIT_EXPECT_EQ(test, keel_guest_fault(&fake->root, side ? a : b, 7 << 12, false,
						       NULL), KEEL_FAULT_DONE);
		sees(test, side ? a : b, 7, 7);
		KUNIT_EXPECT_EQ(test, (side ? a : b)->stat.zero, 2ULL);
		KUNIT_EXPECT_EQ(test, merge_write(side ? b : a, 20, 44, NULL), KEEL_FAULT_DONE);
		KUNIT_EXPECT_EQ(test, merge_read(side ? b : a, 20), 44ULL);
		KUNIT_EXPECT_EQ(test, merge_write(side ? b : a, 20, 0, NULL), KEEL_FAULT_DONE);
		sees(test, a, 7, 7);
		sees(test, b, 7, 7);
		drain_all(test, side ? A : B);
		sees(test, side ? b : a, 7, 7);
		drain_all(test, side ? B : A);
		KUNIT_EXPECT_EQ(test, fake->root.shared, 0ULL);
	}
}

/* what is cloned is not merged while it is below others' tables, nor hashed */
static void clone_merge(struct kunit *test)
{
	struct keel_scan scan;
	struct keel_vcpu *v;

	source(test);
	v = fake_vcpu(a, 0);
	v->epoch = a->epoch;
	v->running = 1;
	KUNIT_ASSERT_EQ(test, merge_write(a, 30, 1, v), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, merge_pair(KEEL_HINT(A, 0), KEEL_HINT(A, 30), 9), KEEL_MERGE_WAIT);
	v->running = 0;
	b = clone_of(test, A, B, FIRST_B);
	KUNIT_EXPECT_EQ(test, merge_pair(KEEL_HINT(A, 0), KEEL_HINT(A, 30), 9), KEEL_MERGE_SHARED);
	KUNIT_EXPECT_EQ(test, merge_pair(KEEL_HINT(A, 0), KEEL_HINT(B, 0), 9), KEEL_MERGE_SHARED);
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, A, 0, 1, &scan), 0LL);
	KUNIT_EXPECT_EQ(test, scan.shared, 13U);
	KUNIT_EXPECT_EQ(test, scan.zero, 2U);
	KUNIT_EXPECT_EQ(test, scan.nr + scan.dirty + scan.clean, 0U);
	/* the clone's own table: what it wrote to can be merged, into what it shares */
	KUNIT_ASSERT_EQ(test, merge_write(b, 0, 2, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, merge_pair(KEEL_HINT(B, 1), KEEL_HINT(B, 0), 9), KEEL_MERGE_DONE);
	KUNIT_EXPECT_EQ(test, merge_frame(b, 0).count, 3U);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	/* as often as it may be mapped, and more often by cloning */
	c = clone_of(test, B, C, FIRST_C);
	KUNIT_ASSERT_EQ(test, merge_write(c, 5, 55, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, merge_frame(b, 0).count, 5U);
	/* the page that was write-protected: the last one that has the table has it back */
	KUNIT_ASSERT_EQ(test, merge_write(a, 0, 66, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, merge_read(a, 30), 1ULL);
	KUNIT_EXPECT_EQ(test, merge_read(b, 30), 1ULL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	drain_all(test, A);
	drain_all(test, B);
	drain_all(test, C);
	KUNIT_EXPECT_EQ(test, fake->root.shared, 0ULL);
}

/* one that shares by merging stays in its domain when it is cloned; its clone chooses */
static void clone_domain(struct kunit *test)
{
	source(test);
	KUNIT_ASSERT_EQ(test, merge_write(a, 7, 7, NULL), KEEL_FAULT_DONE);
	b = clone_of(test, A, B, FIRST_B);
	KUNIT_EXPECT_EQ(test, keel_guest_domain(&fake->root, A, 2), 0LL);
	drain_all(test, B);
	KUNIT_ASSERT_EQ(test, merge_write(a, 7, 7, NULL), KEEL_FAULT_DONE);
	KUNIT_ASSERT_EQ(test, merge_pair(KEEL_HINT(A, 6), KEEL_HINT(A, 7), 9), KEEL_MERGE_DONE);
	b = clone_of(test, A, B, FIRST_B);
	KUNIT_EXPECT_EQ(test, keel_guest_domain(&fake->root, A, 1), (s64)-EBUSY);
	KUNIT_EXPECT_EQ(test, keel_guest_domain(&fake->root, A, 2), 0LL);
	KUNIT_EXPECT_EQ(test, keel_guest_domain(&fake->root, B, 5), 0LL);
	KUNIT_EXPECT_EQ(test, merge_write(b, 3, 99, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, keel_guest_domain(&fake->root, B, 6), (s64)-EBUSY);
}

/* what the host maps, before and after */
static void clone_map(struct kunit *test)
{
	u64 batch[2] = { 400, 401 };

	source(test);
	fake->page[400][17] = 5;
	KUNIT_ASSERT_EQ(test, keel_guest_map(&fake->root, A, batch, 1, 50), 1LL);
	b = merge_guest(test, B, FIRST_B, 40);
	/* merge_guest() has let all CPUs pass: once more, and they have not */
	KUNIT_ASSERT_EQ(test, keel_guest_map(&fake->root, A, batch + 1, 1, 51), 1LL);
	KUNIT_EXPECT_EQ(test, keel_guest_clone(&fake->root, A, B), 0LL);
	KUNIT_EXPECT_FALSE(test, keel_guest_ready(&fake->root, a));
	KUNIT_EXPECT_FALSE(test, keel_guest_ready(&fake->root, b));
	fake_pass_all();
	KUNIT_EXPECT_TRUE(test, keel_guest_ready(&fake->root, b));
	KUNIT_EXPECT_EQ(test, merge_read(b, 50), 5ULL);
	/* a page comes into a table that is another one's as well */
	batch[0] = 402;
	KUNIT_EXPECT_EQ(test, keel_guest_map(&fake->root, B, batch, 1, 50), (s64)-EEXIST);
	KUNIT_EXPECT_EQ(test, b->stat.cloned_tables, 4ULL);
	KUNIT_EXPECT_EQ(test, keel_guest_map(&fake->root, B, batch, 1, 52), 1LL);
	KUNIT_EXPECT_EQ(test, b->stat.cloned_tables, 1ULL);
	KUNIT_EXPECT_EQ(test, merge_entry(a, 52), 0ULL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	/* and one for which the pool has too little */
	while (a->pool.nr > 2)
		KUNIT_ASSERT_NOT_NULL(test, keel_guest_page(&fake->root, a, batch));
	batch[0] = 403;
	KUNIT_EXPECT_EQ(test, keel_guest_map(&fake->root, A, batch, 1, 700), (s64)-ENOSPC);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* somebody works on a table on the way: what was begun is whole, and goes on later */
static void clone_busy(struct kunit *test)
{
	unsigned int level;
	struct keel_frame *f;
	u64 batch[KEEL_BATCH_NR] = { 402 };

	for (level = 3; level; level--) {
		source_and_clone(test);
		f = table(b, 3, level);
		KUNIT_ASSERT_TRUE(test, keel_frame_lock(f));
		KUNIT_EXPECT_FALSE(test, keel_frame_lock(f));
		KUNIT_EXPECT_EQ(test, merge_write(b, 3, 99, NULL), KEEL_FAULT_BUSY);
		KUNIT_EXPECT_EQ(test, keel_guest_map(&fake->root, B, batch, 1, 50), (s64)-EAGAIN);
		sees(test, a, ~0ULL, 0);
		sees(test, b, ~0ULL, 0);
		keel_frame_unlock(f);
		KUNIT_EXPECT_EQ(test, merge_write(b, 3, 99, NULL), KEEL_FAULT_DONE);
		sees(test, a, ~0ULL, 0);
		sees(test, b, 3, 99);
		/* the same for one that goes */
		f = table(a, 600, 1);
		KUNIT_ASSERT_EQ(test, keel_guest_kill(&fake->root, A), 0LL);
		fake_pass_all();
		KUNIT_ASSERT_TRUE(test, keel_frame_lock(f));
		KUNIT_EXPECT_EQ(test, keel_guest_drain(&fake->root, A, batch), (s64)-EAGAIN);
		KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
		keel_frame_unlock(f);
		a->source = false;
		f = table(a, 3, 3);
		KUNIT_ASSERT_TRUE(test, keel_frame_lock(f));
		a->source = true;
		KUNIT_EXPECT_EQ(test, keel_guest_drain(&fake->root, A, batch), (s64)-EAGAIN);
		keel_frame_unlock(f);
		drain_all(test, A);
		sees(test, b, 3, 99);
		drain_all(test, B);
		KUNIT_EXPECT_EQ(test, fake->root.shared, 0ULL);
	}
}

/* a source with many tables goes in many calls; a clone that never was one in few */
static void clone_drain_bounded(struct kunit *test)
{
	unsigned int i, calls[2] = { 0 };
	u64 batch[KEEL_BATCH_NR];
	s64 ret;

	fake_machine(test);
	KUNIT_ASSERT_EQ(test, keel_guest_new(&fake->root, A, 512 * 64), 0LL);
	KUNIT_ASSERT_EQ(test, keel_guest_new(&fake->root, B, 512 * 64), 0LL);
	a = keel_guest_at(&fake->root, A);
	b = keel_guest_at(&fake->root, B);
	for (i = 0; i < 64; i++) {
		memset(fake->page[100 + i], 0, 4096);
		batch[i] = 100 + i;
	}
	KUNIT_ASSERT_EQ(test, keel_guest_fill(&fake->root, A, batch, 64), 64LL);
	batch[0] = 300;
	KUNIT_ASSERT_EQ(test, keel_guest_fill(&fake->root, B, batch, 1), 1LL);
	fake_pass_all();
	for (i = 0; i < 30; i++)
		KUNIT_ASSERT_EQ(test, merge_write(a, i << 9, i, NULL), KEEL_FAULT_DONE);
	KUNIT_ASSERT_EQ(test, keel_guest_clone(&fake->root, A, B), 0LL);
	KUNIT_EXPECT_EQ(test, b->stat.cloned_tables, 32ULL);
	KUNIT_ASSERT_EQ(test, keel_guest_kill(&fake->root, A), 0LL);
	fake_pass_all();
	do {
		ret = keel_guest_drain(&fake->root, A, batch);
		KUNIT_ASSERT_TRUE(test, ret >= 0 || ret == -EAGAIN);
		KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
		calls[0]++;
	} while (ret);
	KUNIT_EXPECT_GE(test, calls[0], 30 * 512 / 4096U + 1);
	KUNIT_EXPECT_LT(test, calls[0], 12U);
	for (i = 0; i < 30; i++)
		KUNIT_EXPECT_EQ(test, merge_read(b, i << 9), (u64)i);
	KUNIT_ASSERT_EQ(test, keel_guest_new(&fake->root, C, 512 * 64), 0LL);
	batch[0] = 301;
	KUNIT_ASSERT_EQ(test, keel_guest_fill(&fake->root, C, batch, 1), 1LL);
	fake_pass_all();
	KUNIT_ASSERT_EQ(test, keel_guest_clone(&fake->root, B, C), 0LL);
	KUNIT_ASSERT_EQ(test, keel_guest_kill(&fake->root, C), 0LL);
	fake_pass_all();
	KUNIT_EXPECT_EQ(test, keel_guest_drain(&fake->root, C, batch), 1LL);
	KUNIT_EXPECT_EQ(test, keel_guest_drain(&fake->root, C, batch), 0LL);
	KUNIT_EXPECT_EQ(test, drain_all(test, B), 63ULL);
}

/* the audit finds what is wrong with tables of several guests */
static void clone_audit(struct kunit *test)
{
	u64 *top, *low, *leaf, old;
	unsigned int i;

	source_and_clone(test);
	KUNIT_ASSERT_EQ(test, merge_write(b, 3, 99, NULL), KEEL_FAULT_DONE);
	top = keel_phys(a->ept.root);
	low = keel_phys(KEEL_LEAF_PA(*top));
	leaf = keel_guest_leaf(a, 600 << 12, &i);
	{
		struct { u64 *at, val; } rows[] = {
			{ (u64 *)table(a, 600, 1), *(u64 *)table(a, 600, 1) + 1 },
			{ (u64 *)table(a, 600, 1), *(u64 *)table(a, 600, 1) - 1 },
			{ (u64 *)table(a, 0, 3), *(u64 *)table(a, 0, 3) + 1 },
			{ top, *top | KEEL_EPT_WRITE },		/* a right too many */
			{ top, *top & ~KEEL_EPT_READ },
			{ top, *top | KEEL_TABLE_LARGE },
			{ top, 0 },
			{ low, 0 },
			{ low, *low | KEEL_TABLE_LARGE },
			{ leaf, 0 },
			{ leaf, leaf[1] },			/* one frame twice */
			{ leaf, 50 << 12 | 0x77 },		/* the host's */
			{ leaf, FAKE_RAM_END << 12 | 0x77 },	/* root's */
			{ leaf, *leaf | KEEL_LEAF_IS_SHARED },
			{ leaf, *leaf & ~KEEL_EPT_READ },
			{ leaf, KEEL_LEAF_PENDING(KEEL_LEAF_PA(*leaf), 1ULL) },
			{ leaf, fake->root.zero_pa | 0x77 },
			{ &a->stat.cloned, a->stat.cloned + 1 },
			{ &b->stat.cloned, b->stat.cloned - 1 },
			{ &b->stat.cloned_tables, b->stat.cloned_tables + 1 },
			{ &a->stat.zero, a->stat.zero + 1 },
			{ &b->stat.shared, b->stat.shared + 1 },
			{ &fake->root.shared, fake->root.shared - 1 },
			{ &b->ept.tables, b->ept.tables - 1 },
		};

		for (i = 0; i < ARRAY_SIZE(rows); i++) {
			old = *rows[i].at;
			*rows[i].at = rows[i].val;
			KUNIT_EXPECT_EQ_MSG(test, fake_audit(), (s64)-EUCLEAN, "row %u", i);
			*rows[i].at = old;
			KUNIT_EXPECT_EQ_MSG(test, fake_audit(), 0LL, "row %u", i);
		}
	}
}

static struct kunit_case clone_ways_cases[] = {
	KUNIT_CASE(clone_two_vcpus),
	KUNIT_CASE(clone_pending),
	KUNIT_CASE(clone_merge),
	KUNIT_CASE(clone_domain),
	KUNIT_CASE(clone_map),
	KUNIT_CASE(clone_busy),
	KUNIT_CASE(clone_drain_bounded),
	KUNIT_CASE(clone_audit),
	{}
};

static struct kunit_suite clone_ways_suite = {
	.name = "keel-clone-ways",
	.test_cases = clone_ways_cases,
};

kunit_test_suites(&clone_ways_suite);
