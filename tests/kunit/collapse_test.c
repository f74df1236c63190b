// SPDX-License-Identifier: GPL-2.0
/*
 * keel-collapse: small pages that become a large one again, in steps; writes, vCPUs that have
 * not flushed, merges, clones and the guest's end in between.
 *
 * World: KUnit.  No locks.
 */
#include "large_kit.h"

/* steps until one says something else than that there are more */
static s64 steps(struct kunit *test, u64 id, u64 gfn, unsigned int *nr)
{
	unsigned int calls = 0;
	s64 ret;

	do {
		ret = keel_guest_collapse(&fake->root, id, gfn);
		KUNIT_ASSERT_LT(test, calls++, 20U);
		KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	} while (ret == 1);
	*nr = calls;
	return ret;
}

/* @a's large page is split, and there is a block */
static void with_split(struct kunit *test)
{
	with_large(test);
	KUNIT_ASSERT_EQ(test, keel_guest_split(&fake->root, A, 0), 1LL);
	KUNIT_ASSERT_EQ(test, give(A, BLOCK(1)), 0LL);
}

static u64 trim_all(struct kunit *test, u64 id)
{
	u64 batch[KEEL_BATCH_NR], nr = 0, i;
	unsigned int calls = 0;
	s64 ret;

	do {
		ret = keel_guest_trim(&fake->root, id, batch);
		KUNIT_ASSERT_GE(test, ret, 0LL);
		KUNIT_ASSERT_LT(test, calls++, 20U);
		for (i = 0; (s64)i < ret; i++)
			KUNIT_EXPECT_TRUE(test, !memchr_inv(fake->page[batch[i]], 0, 4096));
		nr += ret;
	} while (ret);
	return nr;
}

static void collapse_whole(struct kunit *test)
{
	unsigned int nr, level;
	u64 *entry, filled;

	with_split(test);
	filled = a->stat.filled;
	KUNIT_EXPECT_EQ(test, steps(test, A, 0, &nr), 0LL);
	KUNIT_EXPECT_EQ(test, nr, 11U);	/* begin, 8 of copying, the large page, its right */
	entry = keel_guest_leaf(a, 0, &level);
	KUNIT_EXPECT_EQ(test, *entry, (u64)BLOCK(1) << 12 | KEEL_LEAF_LARGE | KEEL_TABLE_AD);
	KUNIT_EXPECT_EQ(test, level, (unsigned int)KEEL_LEVEL_2M);
	KUNIT_EXPECT_EQ(test, a->stat.huge, (u64)KEEL_BLOCK_NR);
	KUNIT_EXPECT_EQ(test, a->stat.mapped, (u64)KEEL_BLOCK_NR);
	KUNIT_EXPECT_EQ(test, a->stat.collapses, 1ULL);
	KUNIT_EXPECT_EQ(test, a->ept.tables, 3ULL);
	/* what it took is there for others */
	KUNIT_EXPECT_EQ(test, a->spare.nr, 1ULL + KEEL_BLOCK_NR);
	holds(test, a, ~0ULL, 0);
	KUNIT_EXPECT_EQ(test, trim_all(test, A), 1ULL + KEEL_BLOCK_NR);
	holds(test, a, ~0ULL, 0);
	KUNIT_EXPECT_EQ(test, merge_write(a, 9, 9, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, fake->page[BLOCK(1) + 9][17], 9ULL);
	/* there is no table any more */
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 0), (s64)-ENOENT);
	KUNIT_EXPECT_EQ(test, a->stat.filled, filled);
	KUNIT_EXPECT_EQ(test, drain_all(test, A), 20 - 1ULL + KEEL_BLOCK_NR);
}

/* hashed if all were, dirty if one was */
static void collapse_bits(struct kunit *test)
{
	unsigned int level, i, nr, k;
	u64 *entry;

	for (k = 0; k < 3; k++) {
		with_split(test);
		for (i = 0; i < KEEL_BLOCK_NR; i++) {
			entry = keel_guest_leaf(a, i << 12, &level);
			*entry = (*entry & ~KEEL_TABLE_AD) | KEEL_LEAF_HASHED;
		}
		if (k == 1)
			*entry |= KEEL_TABLE_DIRTY;
		if (k == 2)
			*entry &= ~KEEL_LEAF_HASHED;
		KUNIT_EXPECT_EQ(test, steps(test, A, 0, &nr), 0LL);
		KUNIT_EXPECT_EQ(test, *keel_guest_leaf(a, 0, &level),
				(u64)BLOCK(1) << 12 | KEEL_LEAF_LARGE |
				(k == 1 ? KEEL_TABLE_DIRTY : 0) | (k == 2 ? 0 : KEEL_LEAF_HASHED));
	}
}

/* what is not all the guest's own and writable is left as it is */
static void collapse_refused(struct kunit *test)
{
	unsigned int level, nr, i;
	u64 *entry, was;

	with_split(test);
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, B, 0), (s64)-ENOENT);
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 1), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, MERGE_FRAMES), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 512), (s64)-ENOENT);
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 1024), (s64)-ENOENT);
	KUNIT_ASSERT_TRUE(test, keel_guest_lock(a));
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 0), (s64)-EAGAIN);
	keel_guest_unlock(a);
	entry = keel_guest_leaf(a, 511 << 12, &level);
	was = *entry;
	for (i = 0; i < 3; i++) {
		*entry = i == 0 ? 0 : i == 1 ? was & ~KEEL_EPT_WRITE :
			 KEEL_LEAF_PENDING(was & ~0xfffULL, 1ULL);
		KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 0), (s64)-ENOENT);
	}
	*entry = was;
	KUNIT_ASSERT_EQ(test, merge_write(a, 510, 512, NULL), KEEL_FAULT_DONE);
	KUNIT_ASSERT_EQ(test, merge_pair(KEEL_HINT(A, 511), KEEL_HINT(A, 510), 2), KEEL_MERGE_DONE);
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 0), (s64)-ENOENT);
	KUNIT_ASSERT_EQ(test, merge_write(a, 510, 511, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 0), (s64)-ENOENT);
	KUNIT_ASSERT_EQ(test, merge_write(a, 511, 512, NULL), KEEL_FAULT_DONE);
	/* without a block */
	KUNIT_EXPECT_EQ(test, keel_guest_no_block(&fake->root, A, true), (s64)KEEL_BLOCK_NR);
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 0), (s64)-ENOSPC);
	KUNIT_ASSERT_EQ(test, keel_guest_block(&fake->root, A, BLOCK(2)), 0LL);
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 0), (s64)-ENOSPC);
	fake_pass_all();
	/* while the host could write to what it has mapped */
	a->ready_epoch = fake->root.epoch + 1;
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 0), (s64)-EBUSY);
	a->ready_epoch = 0;
	KUNIT_EXPECT_EQ(test, steps(test, A, 0, &nr), 0LL);
	holds(test, a, ~0ULL, 0);
	KUNIT_EXPECT_EQ(test, keel_guest_kill(&fake->root, A), 0LL);
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 0), (s64)-ESHUTDOWN);
}

/* vCPUs that have not flushed: neither is it copied before they have, nor can it be written to */
static void collapse_waits(struct kunit *test)
{
	struct keel_vcpu *v, *w;
	u64 batch[KEEL_BATCH_NR];
	unsigned int nr, i;

	with_split(test);
	v = fake_vcpu(a, 0);
	w = fake_vcpu(a, 1);
	v->running = 1;
	w->running = 1;
	v->epoch = a->epoch;
	w->epoch = a->epoch;
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 0), 1LL);
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 0), (s64)-EBUSY);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	v->epoch = a->epoch;
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 0), (s64)-EBUSY);
	w->epoch = a->epoch;
	for (i = 0; i < 9; i++)
		KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 0), 1LL);
	/* the large page is there, to be read */
	KUNIT_EXPECT_EQ(test, a->stat.huge, (u64)KEEL_BLOCK_NR);
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 0), (s64)-EBUSY);
	KUNIT_EXPECT_EQ(test, keel_guest_trim(&fake->root, A, batch), (s64)-EBUSY);
	KUNIT_EXPECT_EQ(test, keel_guest_split(&fake->root, A, 0), (s64)-EBUSY);
	KUNIT_EXPECT_EQ(test, keel_guest_fault(&fake->root, a, 5 << 12, false, v), KEEL_FAULT_DONE);
	/* w reads an old page still */
	KUNIT_EXPECT_EQ(test, merge_write(a, 5, 55, v), KEEL_FAULT_KICK);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	holds(test, a, ~0ULL, 0);
	w->epoch = a->epoch;
	KUNIT_EXPECT_EQ(test, merge_write(a, 5, 55, v), KEEL_FAULT_DONE);
	v->epoch = a->epoch;
	KUNIT_EXPECT_EQ(test, steps(test, A, 0, &nr), 0LL);
	KUNIT_EXPECT_EQ(test, keel_guest_split(&fake->root, A, 0), 1LL);
	holds(test, a, 5, 55);
}

/* a write at any moment before the large page is there: the pages stay, and the block goes */
static void collapse_written(struct kunit *test)
{
	unsigned int at, i, nr;
	u64 epoch;

	for (at = 1; at <= 9; at++) {
		with_split(test);
		for (i = 0; i < at; i++)
			KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 0), 1LL);
		epoch = a->epoch;
		KUNIT_EXPECT_EQ(test, merge_write(a, 5, 55, NULL), KEEL_FAULT_DONE);
		KUNIT_EXPECT_EQ(test, a->epoch, epoch);
		holds(test, a, 5, 55);
		KUNIT_EXPECT_EQ(test, a->stat.huge, 0ULL);
		KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 0), (s64)-ECANCELED);
		KUNIT_EXPECT_EQ(test, a->spare.nr, (u64)KEEL_BLOCK_NR);
		holds(test, a, 5, 55);
		KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 0), (s64)-ENOSPC);
		KUNIT_EXPECT_EQ(test, trim_all(test, A), (u64)KEEL_BLOCK_NR);
		KUNIT_ASSERT_EQ(test, give(A, BLOCK(2)), 0LL);
		KUNIT_EXPECT_EQ(test, steps(test, A, 0, &nr), 0LL);
		holds(test, a, 5, 55);
	}
}

/* what else comes between: another range, a scan, a merge, a clone, a split, the end */
static void collapse_others(struct kunit *test)
{
	struct keel_scan scan;
	unsigned int nr;

	with_split(test);
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 0), 1LL);
	KUNIT_EXPECT_EQ(test, keel_guest_split(&fake->root, A, 0), 0LL);
	KUNIT_EXPECT_EQ(test, merge_pair(KEEL_HINT_ZERO, KEEL_HINT(A, 3), 2), KEEL_MERGE_SHARED);
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, A, 0, 1, &scan), 0LL);
	KUNIT_EXPECT_EQ(test, scan.dirty, 512U);
	KUNIT_EXPECT_FALSE(test, scan.large);
	KUNIT_EXPECT_EQ(test, keel_guest_map(&fake->root, A, (u64[]){ 300 }, 1, 3), (s64)-EEXIST);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	/* nothing in the other one: the first is over all the same */
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 512), (s64)-ECANCELED);
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 512), (s64)-ENOENT);
	KUNIT_EXPECT_TRUE(test, merge_entry(a, 3) & KEEL_EPT_WRITE);
	KUNIT_ASSERT_EQ(test, give(A, BLOCK(2)), 0LL);
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 0), 1LL);
	b = merge_guest(test, B, FIRST_B, 20);
	KUNIT_EXPECT_EQ(test, keel_guest_clone(&fake->root, A, B), 0LL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 0), (s64)-ECANCELED);
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, A, 0), (s64)-ENOENT);
	holds(test, b, ~0ULL, 0);
	KUNIT_EXPECT_EQ(test, drain_all(test, B), 20ULL);
	/* with the clone gone, and a write to the table */
	KUNIT_ASSERT_EQ(test, merge_write(a, 5, 6, NULL), KEEL_FAULT_DONE);
	KUNIT_ASSERT_EQ(test, give(A, BLOCK(3)), 0LL);
	KUNIT_EXPECT_EQ(test, steps(test, A, 0, &nr), 0LL);
	holds(test, a, ~0ULL, 0);
}

/* the end at any moment: all comes back */
static void collapse_end(struct kunit *test)
{
	unsigned int at, i;

	for (at = 1; at <= 11; at++) {
		with_split(test);
		for (i = 0; i < at; i++)
			KUNIT_EXPECT_GE(test, keel_guest_collapse(&fake->root, A, 0), 0LL);
		if (at == 3)
			KUNIT_EXPECT_EQ(test, merge_write(a, 5, 55, NULL), KEEL_FAULT_DONE);
		KUNIT_EXPECT_EQ(test, drain_all(test, A), 20 + 2ULL * KEEL_BLOCK_NR);
	}
}

static struct kunit_case collapse_cases[] = {
	KUNIT_CASE(collapse_whole),
	KUNIT_CASE(collapse_bits),
	KUNIT_CASE(collapse_refused),
	KUNIT_CASE(collapse_waits),
	KUNIT_CASE(collapse_written),
	KUNIT_CASE(collapse_others),
	KUNIT_CASE(collapse_end),
	{}
};

static struct kunit_suite collapse_suite = {
	.name = "keel-collapse",
	.test_cases = collapse_cases,
};

kunit_test_suites(&collapse_suite);
