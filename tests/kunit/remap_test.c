// SPDX-License-Identifier: GPL-2.0
/*
 * keel-remap: taking a page out of a large one: the page is as asked, all the
 * rest is as it was, also when tables run out on the way; and hiding a page of
 * root's from the host's EPT.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../../kmod/mmu/hostmap.h"
#include "kit.h"

#define G		BIT_ULL(30)
#define RWX_WB		0x37ULL
#define LARGE		BIT_ULL(7)
#define NEW_PA		0x000055aa12345000ULL
#define NEW_BITS	0x31ULL

/* 4 GiB of identity, in 1G pages but for the second, which is of 2M ones */
static struct keel_table *identity(struct kunit *test, unsigned int pages)
{
	struct keel_table *ept = kunit_kzalloc(test, sizeof(*ept), GFP_KERNEL);
	u64 pa;

	KUNIT_ASSERT_NOT_NULL(test, ept);
	keel_ept_init(ept, kit_pool(test, pages));
	for (pa = 0; pa < 4 * G; pa += G)
		if (pa != G)
			KUNIT_ASSERT_EQ(test, keel_table_map(ept, pa, pa, 3, RWX_WB), 0);
	for (pa = G; pa < 2 * G; pa += 2 << 20)
		KUNIT_ASSERT_EQ(test, keel_table_map(ept, pa, pa, 2, RWX_WB), 0);
	return ept;
}

/* @pa still goes to itself */
static void expect_identity(struct kunit *test, struct keel_table *ept, u64 pa)
{
	unsigned int level = 0;
	u64 entry = keel_table_lookup(ept, pa, &level);
	u64 start = pa & ~(keel_level_size(level) - 1);

	KUNIT_EXPECT_EQ_MSG(test, entry, start | RWX_WB | (level > 1 ? LARGE : 0), "%#llx", pa);
}

static void expect_new(struct kunit *test, struct keel_table *ept, u64 pa)
{
	unsigned int level = 0;

	KUNIT_EXPECT_EQ_MSG(test, keel_table_lookup(ept, pa, &level), NEW_PA | NEW_BITS, "%#llx",
			    pa);
	KUNIT_EXPECT_EQ_MSG(test, level, 1U, "%#llx", pa);
}

static void remap_splits(struct kunit *test)
{
	/* in a 1G page, in a 2M page, at both ends of each */
	static const u64 places[] = { 0, G - 4096, G, 2 * G - 4096, 3 * G + 0x12345000 };
	struct keel_table *ept = identity(test, 16);
	unsigned int i;
	u64 pa, tables = ept->tables;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		KUNIT_EXPECT_EQ(test, keel_table_remap(ept, places[i], NEW_PA, 1, NEW_BITS), 0);
		expect_new(test, ept, places[i]);
	}
	/* 2M and 4K for each of two 1G pages, 4K more in the first, 4K for two 2M pages */
	KUNIT_EXPECT_EQ(test, ept->tables, tables + 2 + 2 + 1 + 2);
	for (pa = 0; pa < 4 * G; pa += 4096) {
		/* all around, and here and there */
		if (pa & (2 << 20) && pa % 0x1f000)
			continue;
		for (i = 0; i < ARRAY_SIZE(places); i++)
			if (pa == places[i])
				break;
		if (i == ARRAY_SIZE(places))
			expect_identity(test, ept, pa);
	}
	/* once more, without another table */
	tables = ept->tables;
	KUNIT_EXPECT_EQ(test, keel_table_remap(ept, G, G, 1, RWX_WB), 0);
	expect_identity(test, ept, G);
	KUNIT_EXPECT_EQ(test, ept->tables, tables);
}

static void remap_whole(struct kunit *test)
{
	struct keel_table *ept = identity(test, 16);
	u64 tables = ept->tables;
	unsigned int level;

	KUNIT_EXPECT_EQ(test, keel_table_remap(ept, 2 * G, 7 * G, 3, NEW_BITS), 0);
	KUNIT_EXPECT_EQ(test, keel_table_lookup(ept, 2 * G + 5, &level), 7 * G | NEW_BITS | LARGE);
	KUNIT_EXPECT_EQ(test, level, 3U);
	KUNIT_EXPECT_EQ(test, ept->tables, tables);
}

static void remap_refuses(struct kunit *test)
{
	struct keel_table *ept = identity(test, 16);
	struct keel_table empty;

	keel_ept_init(&empty, ept->pages);
	KUNIT_EXPECT_EQ(test, keel_table_remap(&empty, 0, 0, 1, 7), -ENOENT);
	KUNIT_EXPECT_EQ(test, keel_table_remap(ept, 4 * G, 0, 1, 7), -ENOENT);
	KUNIT_EXPECT_EQ(test, keel_table_remap(ept, 600 * G, 0, 1, 7), -ENOENT);
	KUNIT_EXPECT_EQ(test, keel_table_remap(ept, 0, 0, 0, 7), -EINVAL);
	KUNIT_EXPECT_EQ(test, keel_table_remap(ept, 0, 0, 4, 7), -EINVAL);
	KUNIT_EXPECT_EQ(test, keel_table_remap(ept, 4096, 0, 2, 7), -EINVAL);
	KUNIT_EXPECT_EQ(test, keel_table_remap(ept, 0, 4096, 2, 7), -EINVAL);
	/* smaller pages stand there */
	KUNIT_EXPECT_EQ(test, keel_table_remap(ept, G, G, 3, 7), -ENOENT);
	expect_identity(test, ept, G);
}

static void remap_no_memory(struct kunit *test)
{
	struct keel_table *ept = identity(test, 16);
	struct kit_pool *pool = ept->pages->arg;
	unsigned int n;
	u64 pa;

	/* splitting a 1G page to 4K takes two tables */
	for (n = 0; n < 2; n++) {
		pool->max = pool->nr + !!n;
		KUNIT_EXPECT_EQ(test, keel_table_remap(ept, 3 * G, NEW_PA, 1, NEW_BITS), -ENOMEM);
		for (pa = 3 * G; pa < 4 * G; pa += 0x1ff000)
			expect_identity(test, ept, pa);
	}
	pool->max = pool->size;
	KUNIT_EXPECT_EQ(test, keel_table_remap(ept, 3 * G, NEW_PA, 1, NEW_BITS), 0);
	expect_new(test, ept, 3 * G);
}

#define RANDOM_NR 200

static void remap_random(struct kunit *test)
{
	struct keel_table *ept = identity(test, 4 + 2 * RANDOM_NR);
	u64 *done = kunit_kcalloc(test, RANDOM_NR, sizeof(*done), GFP_KERNEL);
	struct rnd_state rnd;
	unsigned int i, j;
	u64 pa;

	KUNIT_ASSERT_NOT_NULL(test, done);
	prandom_seed_state(&rnd, 5);
	for (i = 0; i < RANDOM_NR; i++) {
		done[i] = kit_random(&rnd) & (4 * G - 1) & ~4095ULL;
		KUNIT_ASSERT_EQ(test, keel_table_remap(ept, done[i], NEW_PA, 1, NEW_BITS), 0);
	}
	for (i = 0; i < RANDOM_NR; i++)
		expect_new(test, ept, done[i]);
	for (i = 0; i < 20000; i++) {
		pa = kit_random(&rnd) & (4 * G - 1) & ~4095ULL;
		for (j = 0; j < RANDOM_NR && done[j] != pa; j++)
			;
		if (j == RANDOM_NR)
			expect_identity(test, ept, pa);
	}
}

/* read-only, write-back, nothing else: what root takes for its own page */
static void remap_hides(struct kunit *test)
{
	struct keel_table *ept = identity(test, 16);
	unsigned int level;

	KUNIT_EXPECT_EQ(test, keel_hostmap_hide(ept, 5 << 20, 0x777000), 0);
	KUNIT_EXPECT_EQ(test, keel_table_lookup(ept, 5 << 20, &level), 0x777000ULL | 1 | 6 << 3);
	KUNIT_EXPECT_EQ(test, level, 1U);
	expect_identity(test, ept, (5 << 20) + 4096);
	KUNIT_EXPECT_EQ(test, keel_hostmap_hide(ept, 5 * G, 0x777000), -ENOENT);
}

static struct kunit_case remap_cases[] = {
	KUNIT_CASE(remap_splits),
	KUNIT_CASE(remap_whole),
	KUNIT_CASE(remap_refuses),
	KUNIT_CASE(remap_no_memory),
	KUNIT_CASE(remap_random),
	KUNIT_CASE(remap_hides),
	{}
};

static struct kunit_suite remap_suite = {
	.name = "keel-remap",
	.test_cases = remap_cases,
};

kunit_test_suites(&remap_suite);
