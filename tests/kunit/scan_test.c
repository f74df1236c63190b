// SPDX-License-Identifier: GPL-2.0
/*
 * keel-scan: which pages are hashed, when, and how often; the hash, and the comparison.
 *
 * World: KUnit.  No locks.
 */
#include "merge_kit.h"

#define A	3
#define B	4
#define SEED	0x1234567890abcdefULL

static struct keel_scan scan;

/* what a page was merged with as it was to be expected */
static u64 twin(unsigned int i)
{
	return scan.page[i].gfn & KEEL_SCAN_MERGED ? scan.page[i].hash : KEEL_HINT_NONE;
}

/* a whole pass: how many pages of each kind; the hash of the last one that was hashed */
static u64 pass(struct kunit *test, struct keel_scan *sum)
{
	u64 gfn = 0, last = ~0ULL;
	unsigned int calls = 0;

	memset(sum, 0, sizeof(*sum));
	do {
		s64 ret = keel_guest_scan(&fake->root, A, gfn, SEED, &scan);

		KUNIT_ASSERT_GE(test, ret, 0LL);
		KUNIT_ASSERT_TRUE(test, !ret || ret > (s64)gfn);
		KUNIT_ASSERT_LT(test, calls++, 100U);
		gfn = ret;
		sum->nr += scan.nr;
		sum->clean += scan.clean;
		sum->dirty += scan.dirty;
		sum->zero += scan.zero;
		sum->shared += scan.shared;
		if (scan.nr)
			last = scan.page[scan.nr - 1].hash;
	} while (gfn);
	return last;
}

static void dirty(struct keel_guest *g, u64 gfn)
{
	unsigned int level;

	*keel_guest_leaf(g, gfn << 12, &level) |= KEEL_TABLE_DIRTY;
}

static void scan_passes(struct kunit *test)
{
	struct keel_vm_stat stat;
	struct keel_guest *g;
	struct keel_vcpu *v;
	struct keel_scan sum;
	u64 i, hash;

	fake_machine(test);
	g = merge_guest(test, A, 100, 64);
	v = fake_vcpu(g, 0);
	for (i = 0; i < 50; i++)
		KUNIT_ASSERT_EQ(test, merge_write(g, i + 500, i, NULL), KEEL_FAULT_DONE);
	KUNIT_ASSERT_EQ(test, keel_guest_fault(&fake->root, g, 0, false, v), KEEL_FAULT_DONE);
	/* all are dirty at first, and clean in the second pass: hashed, once */
	pass(test, &sum);
	KUNIT_EXPECT_EQ(test, sum.dirty, 50U);
	KUNIT_EXPECT_EQ(test, sum.nr + sum.clean, 0U);
	KUNIT_EXPECT_EQ(test, sum.zero, 1U);
	pass(test, &sum);
	KUNIT_EXPECT_EQ(test, sum.nr, 50U);
	KUNIT_EXPECT_EQ(test, sum.dirty + sum.clean, 0U);
	pass(test, &sum);
	KUNIT_EXPECT_EQ(test, sum.nr, 0U);
	KUNIT_EXPECT_EQ(test, sum.clean, 50U);
	/* one is written to: a pass later it is hashed again */
	dirty(g, 510);
	pass(test, &sum);
	KUNIT_EXPECT_EQ(test, sum.nr, 0U);
	KUNIT_EXPECT_EQ(test, sum.dirty, 1U);
	KUNIT_EXPECT_EQ(test, sum.clean, 49U);
	hash = pass(test, &sum);
	KUNIT_EXPECT_EQ(test, sum.nr, 1U);
	KUNIT_EXPECT_EQ(test, hash, keel_page_hash(keel_phys(KEEL_LEAF_PA(merge_entry(g, 510))),
						   SEED));
	/* one that a merge has protected and left can be written to again */
	v->running = 1;
	KUNIT_EXPECT_EQ(test, merge_pair(KEEL_HINT_ZERO, KEEL_HINT(A, 505), 2), KEEL_MERGE_WAIT);
	KUNIT_EXPECT_EQ(test, merge_entry(g, 505) & 2, 0ULL);
	v->running = 0;
	pass(test, &sum);
	KUNIT_EXPECT_EQ(test, merge_entry(g, 505) & 2, 2ULL);
	/* and those that were found to differ are hashed again: nobody knows which has changed */
	KUNIT_EXPECT_EQ(test, merge_pair(KEEL_HINT(A, 505), KEEL_HINT(A, 506), 2),
			KEEL_MERGE_CHANGED);
	pass(test, &sum);
	KUNIT_EXPECT_EQ(test, sum.nr, 2U);
	/* shared ones are counted */
	KUNIT_ASSERT_EQ(test, merge_write(g, 501, 0, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, merge_pair(KEEL_HINT(A, 500), KEEL_HINT(A, 501), 2),
			KEEL_MERGE_DONE);
	pass(test, &sum);
	KUNIT_EXPECT_EQ(test, sum.shared, 2U);
	KUNIT_EXPECT_EQ(test, keel_guest_stat(&fake->root, A, &stat), 0LL);
	KUNIT_EXPECT_EQ(test, stat.shared, 2ULL);
	KUNIT_EXPECT_EQ(test, stat.reserve, 16ULL);
	KUNIT_EXPECT_EQ(test, sum.clean, 48U);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* a vCPU that has a dirty bit in a translation would not set it again */
static void scan_waits(struct kunit *test)
{
	struct keel_guest *g;
	struct keel_scan sum;
	struct keel_vcpu *v;

	fake_machine(test);
	g = merge_guest(test, A, 100, 16);
	v = fake_vcpu(g, 0);
	KUNIT_ASSERT_EQ(test, merge_write(g, 5, 1, NULL), KEEL_FAULT_DONE);
	v->running = 1;
	v->epoch = g->epoch;
	pass(test, &sum);
	KUNIT_EXPECT_EQ(test, sum.dirty, 1U);
	KUNIT_EXPECT_LT(test, v->epoch, g->epoch);
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, A, 0, SEED, &scan), (s64)-EBUSY);
	v->epoch = g->epoch;
	pass(test, &sum);
	KUNIT_EXPECT_EQ(test, sum.nr, 1U);
	/* nothing was taken away in that pass */
	KUNIT_EXPECT_EQ(test, v->epoch, g->epoch);

	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, A + 1, 0, SEED, &scan), (s64)-ENOENT);
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, A, MERGE_FRAMES, SEED, &scan),
			(s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, A, ~0ULL, SEED, &scan), (s64)-EINVAL);
	KUNIT_ASSERT_TRUE(test, keel_guest_lock(g));
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, A, 0, SEED, &scan), (s64)-EAGAIN);
	keel_guest_unlock(g);
	KUNIT_ASSERT_EQ(test, keel_guest_kill(&fake->root, A), 0LL);
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, A, 0, SEED, &scan), (s64)-ESHUTDOWN);
}

#define TABLES	9

/* a guest with memory for so many tables, and frames for them and a page in each */
static struct keel_guest *guest_of_tables(struct kunit *test)
{
	u64 batch[24], i;

	fake_machine(test);
	KUNIT_ASSERT_EQ(test, keel_guest_new(&fake->root, A, TABLES * 512), 0LL);
	for (i = 0; i < ARRAY_SIZE(batch); i++)
		batch[i] = 100 + i;
	KUNIT_ASSERT_EQ(test, keel_guest_fill(&fake->root, A, batch, ARRAY_SIZE(batch)),
			(s64)ARRAY_SIZE(batch));
	fake_pass_all();
	return keel_guest_at(&fake->root, A);
}

/* a call goes through some tables, there or not, and no further */
static void scan_tables(struct kunit *test)
{
	struct keel_guest *g = guest_of_tables(test);
	struct keel_scan sum;
	u64 i;

	for (i = 0; i < TABLES; i++)
		if (i != 2)
			KUNIT_ASSERT_EQ(test, merge_write(g, i * 512 + i, i, NULL),
					KEEL_FAULT_DONE);
	/* there or not */
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, A, 0, SEED, &scan), 8 * 512LL);
	KUNIT_EXPECT_EQ(test, scan.dirty, 7U);
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, A, 8 * 512, SEED, &scan), 0LL);
	KUNIT_EXPECT_EQ(test, scan.dirty, 1U);
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, A, 512 + 1, SEED, &scan), 0LL);
	/* from one table to the next, with nothing left out */
	pass(test, &sum);
	KUNIT_EXPECT_EQ(test, sum.nr + sum.clean, 8U);
	pass(test, &sum);
	KUNIT_EXPECT_EQ(test, sum.clean, 8U);
	KUNIT_EXPECT_EQ(test, sum.nr, 0U);
}

/* where there is much to be done in them, it does not go through as many */
static void scan_busy(struct kunit *test)
{
	struct keel_guest *g = guest_of_tables(test);
	unsigned int level;
	u64 i, k;

	for (i = 0; i < TABLES; i++) {
		KUNIT_ASSERT_EQ(test, merge_write(g, i * 512, i, NULL), KEEL_FAULT_DONE);
		for (k = 0; k < 512; k++)
			keel_guest_leaf(g, i * 512 << 12, &level)[k] = KEEL_EPT_RWX |
				(i ? KEEL_TABLE_DIRTY : KEEL_LEAF_HASHED);
	}
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, A, 0, SEED, &scan), 5 * 512LL);
	KUNIT_EXPECT_EQ(test, scan.clean, 512U);
	KUNIT_EXPECT_EQ(test, scan.dirty, 4 * 512U);
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, A, 5 * 512, SEED, &scan), 0LL);
	KUNIT_EXPECT_EQ(test, scan.dirty, 4 * 512U);
}

/* what writes to shared pages could need, and the pool has not, is told with it */
static void scan_lacks(struct kunit *test)
{
	struct keel_vm_stat stat;
	struct keel_guest *g;

	fake_machine(test);
	g = merge_guest(test, A, 100, 30);
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, A, 0, SEED, &scan), 0LL);
	KUNIT_EXPECT_EQ(test, scan.lacks, 0ULL);
	g->stat.shared = 64 * 100;
	KUNIT_EXPECT_EQ(test, keel_guest_stat(&fake->root, A, &stat), 0LL);
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, A, 0, SEED, &scan), 0LL);
	KUNIT_EXPECT_EQ(test, scan.lacks, 116 - stat.pool);
	g->stat.shared = 64 * (stat.pool - 16);
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, A, 0, SEED, &scan), 0LL);
	KUNIT_EXPECT_EQ(test, scan.lacks, 0ULL);
}

/*
 * two guests with the same in their first 24 pages, but for zeros in the first @zeros of the
 * second one's, all of them clean for a pass
 */
static void next_guests(struct kunit *test, struct keel_guest **a, struct keel_guest **b,
			u64 zeros)
{
	struct keel_scan sum;
	u64 i;

	fake_machine(test);
	*a = merge_guest(test, A, 100, 40);
	*b = merge_guest(test, B, 200, 40);
	fake_vcpu(*b, 0);
	for (i = 0; i < 24; i++) {
		KUNIT_ASSERT_EQ(test, merge_write(*a, i, i + 1, NULL), KEEL_FAULT_DONE);
		KUNIT_ASSERT_EQ(test, merge_write(*b, i, i < zeros ? 0 : i + 1, NULL),
				KEEL_FAULT_DONE);
	}
	KUNIT_ASSERT_EQ(test, keel_guest_scan(&fake->root, B, 0, SEED, &scan), 0LL);
	pass(test, &sum);
}

/* the first @nr of them are merged */
static void next_merge(struct kunit *test, u64 nr)
{
	u64 i;

	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_EQ(test, merge_pair(KEEL_HINT(A, i), KEEL_HINT(B, i), 9),
				KEEL_MERGE_DONE);
}

/* where a row of pages was merged, the next one is tried before it is hashed */
static void scan_next(struct kunit *test)
{
	struct keel_guest *a, *b;
	u64 i;

	next_guests(test, &a, &b, 0);
	next_merge(test, 8);
	KUNIT_ASSERT_EQ(test, merge_write(a, 20, 99, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, B, 8, SEED, &scan), 0LL);
	KUNIT_ASSERT_EQ(test, scan.nr, 16U);
	for (i = 8; i < 24; i++) {
		KUNIT_EXPECT_EQ(test, scan.page[i - 8].gfn & ~KEEL_SCAN_MERGED, i);
		KUNIT_EXPECT_EQ(test, twin(i - 8),
				i < 20 ? KEEL_HINT(A, i) : KEEL_HINT_NONE);
		KUNIT_EXPECT_EQ(test, merge_read(b, i), i + 1);
	}
	KUNIT_EXPECT_EQ(test, b->stat.shared, 20ULL);
	KUNIT_EXPECT_EQ(test, merge_frame(b, 19).count, 2U);
	/* that one was not what was expected, and those behind it were hashed */
	for (i = 20; i < 24; i++) {
		KUNIT_EXPECT_EQ(test, scan.page[i - 8].hash,
				keel_page_hash(keel_phys(KEEL_LEAF_PA(merge_entry(b, i))), SEED));
		KUNIT_EXPECT_EQ(test, merge_entry(b, i) & (2 | KEEL_LEAF_HASHED),
				2 | KEEL_LEAF_HASHED);
	}
	KUNIT_EXPECT_EQ(test, merge_entry(a, 20) & 2, 2ULL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* zeros, likewise, as often as there are some */
static void scan_next_zero(struct kunit *test)
{
	struct keel_guest *a, *b;
	u64 i;

	next_guests(test, &a, &b, 20);
	for (i = 0; i < 8; i++)
		KUNIT_ASSERT_EQ(test, merge_pair(KEEL_HINT_ZERO, KEEL_HINT(B, i), 2),
				KEEL_MERGE_DONE);
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, B, 8, SEED, &scan), 0LL);
	KUNIT_EXPECT_EQ(test, twin(11), KEEL_HINT_ZERO);
	KUNIT_EXPECT_EQ(test, twin(12), KEEL_HINT_NONE);
	KUNIT_EXPECT_EQ(test, b->stat.zero, 20ULL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* what keeps it from being tried */
static void scan_next_not(struct kunit *test)
{
	struct keel_guest *a, *b;
	struct keel_vcpu *v;

	/* too few; or a new pass */
	next_guests(test, &a, &b, 0);
	next_merge(test, 7);
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, B, 7, SEED, &scan), 0LL);
	KUNIT_EXPECT_EQ(test, twin(0), KEEL_HINT_NONE);

	/* a vCPU that could write by an old translation */
	next_guests(test, &a, &b, 0);
	next_merge(test, 8);
	v = fake_vcpu(b, 0);
	v->running = 1;
	v->epoch = b->epoch;
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, B, 8, SEED, &scan), 0LL);
	KUNIT_EXPECT_EQ(test, scan.nr, 16U);
	KUNIT_EXPECT_EQ(test, twin(0), KEEL_HINT_NONE);
	KUNIT_EXPECT_EQ(test, merge_entry(a, 8) & 2, 2ULL);
	KUNIT_EXPECT_EQ(test, merge_entry(b, 8) & 2, 2ULL);

	/* another CPU works on the other guest; it is in another domain; it has gone */
	next_guests(test, &a, &b, 0);
	next_merge(test, 8);
	KUNIT_ASSERT_TRUE(test, keel_guest_lock(a));
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, B, 8, SEED, &scan), 0LL);
	KUNIT_EXPECT_EQ(test, twin(0), KEEL_HINT_NONE);
	keel_guest_unlock(a);

	next_guests(test, &a, &b, 0);
	next_merge(test, 8);
	a->domain = 2;
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, B, 8, SEED, &scan), 0LL);
	KUNIT_EXPECT_EQ(test, twin(0), KEEL_HINT_NONE);
	KUNIT_EXPECT_EQ(test, a->lock, 0U);

	next_guests(test, &a, &b, 0);
	next_merge(test, 8);
	KUNIT_ASSERT_EQ(test, keel_guest_kill(&fake->root, A), 0LL);
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, B, 8, SEED, &scan), 0LL);
	KUNIT_EXPECT_EQ(test, twin(0), KEEL_HINT_NONE);
	KUNIT_EXPECT_EQ(test, b->stat.shared, 8ULL);
}

/* every bit of a page counts, in the hash and in the comparison */
static void scan_hash(struct kunit *test)
{
	u64 *page = kunit_kzalloc(test, 4096, GFP_KERNEL), *copy;
	u64 hash, seen[64] = { 0 };
	struct rnd_state rnd;
	unsigned int bit, i;

	copy = kunit_kzalloc(test, 4096, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_NOT_NULL(test, copy);
	prandom_seed_state(&rnd, 5);
	KUNIT_EXPECT_NE(test, keel_page_hash(page, SEED), keel_page_hash(page, SEED + 1));
	for (i = 0; i < 2; i++) {
		hash = keel_page_hash(page, SEED);
		KUNIT_EXPECT_TRUE(test, keel_page_equal(page, copy));
		for (bit = 0; bit < 8 * 4096; bit++) {
			page[bit / 64] ^= 1ULL << bit % 64;
			KUNIT_ASSERT_NE(test, keel_page_hash(page, SEED), hash);
			KUNIT_ASSERT_FALSE(test, keel_page_equal(page, copy));
			seen[(keel_page_hash(page, SEED) ^ hash) % 64]++;
			page[bit / 64] ^= 1ULL << bit % 64;
		}
		for (bit = 0; bit < 512; bit++) {
			page[bit] = kit_random(&rnd);
			copy[bit] = page[bit];
		}
	}
	/* and spreads: 65,536 hashes over 64 places */
	for (i = 0; i < 64; i++) {
		KUNIT_EXPECT_GT(test, seen[i], 850ULL);
		KUNIT_EXPECT_LT(test, seen[i], 1200ULL);
	}
	/* words that change places, and the same word twice */
	hash = keel_page_hash(page, SEED);
	for (i = 1; i < 512; i++) {
		swap(page[0], page[i]);
		KUNIT_ASSERT_NE(test, keel_page_hash(page, SEED), hash);
		swap(page[0], page[i]);
		page[0] ^= 1ULL << 63;
		page[i] ^= 1ULL << 63;
		KUNIT_ASSERT_NE(test, keel_page_hash(page, SEED), hash);
		page[0] ^= 1ULL << 63;
		page[i] ^= 1ULL << 63;
	}
}

static struct kunit_case scan_cases[] = {
	KUNIT_CASE(scan_passes),
	KUNIT_CASE(scan_waits),
	KUNIT_CASE(scan_tables),
	KUNIT_CASE(scan_busy),
	KUNIT_CASE(scan_lacks),
	KUNIT_CASE(scan_next),
	KUNIT_CASE(scan_next_zero),
	KUNIT_CASE(scan_next_not),
	KUNIT_CASE(scan_hash),
	{}
};

static struct kunit_suite scan_suite = {
	.name = "keel-scan",
	.test_cases = scan_cases,
};

kunit_test_suites(&scan_suite);
