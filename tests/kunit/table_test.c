// SPDX-License-Identifier: GPL-2.0
/*
 * keel-table: mapping and looking up pages of every size in trees of four and
 * five levels, what is refused, what is left when tables run out, and random
 * mappings against a plain list of them.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../../kmod/mmu/table.h"
#include "kit.h"

/* an EPT's rights, and a page table's present and writable bits */
#define RWX		7ULL
#define PRESENT		1ULL
#define WRITABLE	2ULL
#define NX		BIT_ULL(63)

/* an address whose index differs in each level */
#define ADDR		0x000591916ce89000ULL

/**
 * struct table_row - a kind of tree
 * @name: its name
 * @levels: 4 or 5
 * @inner: bits of an entry that points to a table
 * @present: bits of which one makes an entry present
 */
struct table_row {
	const char *name;
	u32 levels;
	u64 inner;
	u64 present;
};

static const struct table_row kinds[] = {
	{ "EPT, 4 levels", 4, RWX, RWX },
	{ "EPT, 5 levels", 5, RWX, RWX },
	{ "page table, 4 levels", 4, PRESENT | WRITABLE, PRESENT },
	{ "page table, 5 levels", 5, PRESENT | WRITABLE, PRESENT },
};

static void kind_name(const struct table_row *kind, char *desc)
{
	strcpy(desc, kind->name);
}

KUNIT_ARRAY_PARAM(kind, kinds, kind_name);

static struct keel_table *tree(struct kunit *test, const struct table_row *kind, unsigned int pages)
{
	struct keel_table *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	*t = (struct keel_table) {
		.pages = kit_pool(test, pages),
		.levels = kind->levels,
		.inner = kind->inner,
		.present = kind->present,
	};
	return t;
}

static struct kit_pool *pool_of(struct keel_table *t)
{
	return t->pages->arg;
}

static void expect_entry(struct kunit *test, struct keel_table *t, u64 addr, u64 entry,
			 unsigned int level)
{
	unsigned int found = 99;

	KUNIT_EXPECT_EQ_MSG(test, keel_table_lookup(t, addr, &found), entry, "%#llx", addr);
	KUNIT_EXPECT_EQ_MSG(test, found, level, "%#llx", addr);
}

static void table_empty(struct kunit *test)
{
	const struct table_row *kind = test->param_value;
	struct keel_table *t = tree(test, kind, 1);

	expect_entry(test, t, 0, 0, kind->levels);
	expect_entry(test, t, ADDR, 0, kind->levels);
	KUNIT_EXPECT_EQ(test, pool_of(t)->nr, 0U);
}

/* one page of each size: its entry, its neighbours', and the tables above it, bit by bit */
static void table_one_page(struct kunit *test)
{
	const struct table_row *kind = test->param_value;
	unsigned int level, l, i, used;
	struct kit_pool *pool;
	struct keel_table *t;

	for (level = KEEL_LEVEL_4K; level <= KEEL_LEVEL_1G; level++) {
		u64 size = 1ULL << (12 + 9 * (level - 1));
		u64 addr = ADDR & ~(size - 1), pa = 0x000fedcba9876000 & ~(size - 1);
		u64 entry = pa | PRESENT | 6 << 3 | NX | (level > 1 ? KEEL_TABLE_LARGE : 0);

		KUNIT_EXPECT_EQ(test, keel_level_size(level), size);
		t = tree(test, kind, 8);
		pool = pool_of(t);
		KUNIT_ASSERT_EQ(test, keel_table_map(t, addr, pa, level, PRESENT | 6 << 3 | NX), 0);
		KUNIT_EXPECT_EQ(test, t->tables, (u64)kind->levels - level + 1);
		KUNIT_EXPECT_EQ(test, t->tables, (u64)pool->nr);
		KUNIT_EXPECT_EQ(test, t->root, KIT_POOL_BASE);

		expect_entry(test, t, addr, entry, level);
		expect_entry(test, t, addr + size - 1, entry, level);
		expect_entry(test, t, addr - 1, 0, level);
		expect_entry(test, t, addr + size, 0, level);
		for (l = level; l < kind->levels; l++)
			expect_entry(test, t, addr ^ 1ULL << (12 + 9 * l), 0, l + 1);

		/* the tables from the top, with one entry each */
		for (i = 0, l = kind->levels; i < pool->nr; i++, l--) {
			unsigned int index = addr >> (12 + 9 * (l - 1)) & 511, j;

			for (j = 0, used = 0; j < 512; j++)
				used += pool->page[i][j] != 0;
			KUNIT_EXPECT_EQ_MSG(test, used, 1U, "level %u", l);
			if (l > level)
				KUNIT_EXPECT_EQ_MSG(test, pool->page[i][index],
						    (KIT_POOL_BASE + 4096ULL * (i + 1)) |
						    kind->inner, "level %u", l);
			else
				KUNIT_EXPECT_EQ_MSG(test, pool->page[i][index], entry, "level %u",
						    l);
		}
	}
}

/* the first and the last address, and one of Linux's own */
static void table_ends(struct kunit *test)
{
	const struct table_row *kind = test->param_value;
	struct keel_table *t = tree(test, kind, 32);
	u64 end = 1ULL << (12 + 9 * kind->levels);

	KUNIT_EXPECT_EQ(test, keel_table_map(t, 0, 0, 1, PRESENT), 0);
	KUNIT_EXPECT_EQ(test, keel_table_map(t, end - 4096, 0x000ffffffffff000, 1, PRESENT), 0);
	KUNIT_EXPECT_EQ(test, keel_table_map(t, 0xffffffff81000000, 0x2000000, 2, PRESENT), 0);
	KUNIT_EXPECT_EQ(test, keel_table_map(t, 0xffff888000000000, 0, 3, PRESENT), 0);
	expect_entry(test, t, 0, PRESENT, 1);
	expect_entry(test, t, end - 1, 0x000ffffffffff000 | PRESENT, 1);
	expect_entry(test, t, 0xffffffff81001234, 0x2000000 | PRESENT | KEEL_TABLE_LARGE, 2);
	expect_entry(test, t, 0xffff888000000123, PRESENT | KEEL_TABLE_LARGE, 3);
}

/* pages side by side share their tables */
static void table_shares_tables(struct kunit *test)
{
	const struct table_row *kind = test->param_value;
	struct keel_table *t = tree(test, kind, 8);
	unsigned int i;

	for (i = 0; i < 512; i++)
		KUNIT_ASSERT_EQ(test, keel_table_map(t, 4096ULL * i, 4096ULL * (511 - i), 1,
						     PRESENT), 0);
	for (i = 1; i < 512; i++)
		KUNIT_ASSERT_EQ(test, keel_table_map(t, i * (2ULL << 20), 0, 2, PRESENT), 0);
	KUNIT_EXPECT_EQ(test, t->tables, (u64)kind->levels);
	for (i = 0; i < 512; i++)
		expect_entry(test, t, 4096ULL * i + 5, 4096ULL * (511 - i) | PRESENT, 1);
}

static void table_exists(struct kunit *test)
{
	const struct table_row *kind = test->param_value;
	struct keel_table *t = tree(test, kind, 16);
	u64 g = ADDR & ~((1ULL << 30) - 1);
	struct {
		u64 addr;
		u32 level;
	} again[] = {
		{ g, 3 },			/* over tables with pages in them */
		{ g, 2 }, { g, 1 },		/* over itself */
		{ g + (2 << 20), 2 }, { g + (2 << 20), 1 }, { g + (4 << 20) - 4096, 1 },
		{ g + (1 << 30), 3 }, { g + (1 << 30), 2 }, { g + (1 << 30), 1 },
		{ g + (2ULL << 30) - 4096, 1 },
	};
	u64 tables;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, keel_table_map(t, g, 0x1000, 1, PRESENT), 0);
	KUNIT_ASSERT_EQ(test, keel_table_map(t, g + (2 << 20), 2 << 20, 2, PRESENT), 0);
	KUNIT_ASSERT_EQ(test, keel_table_map(t, g + (1 << 30), 2ULL << 30, 3, PRESENT), 0);
	tables = t->tables;
	for (i = 0; i < ARRAY_SIZE(again); i++)
		KUNIT_EXPECT_EQ_MSG(test, keel_table_map(t, again[i].addr, 0, again[i].level,
							 PRESENT | WRITABLE), -EEXIST, "%u", i);
	/* nothing came of it */
	KUNIT_EXPECT_EQ(test, t->tables, tables);
	KUNIT_EXPECT_EQ(test, pool_of(t)->nr, (unsigned int)tables);
	expect_entry(test, t, g, 0x1000 | PRESENT, 1);
	expect_entry(test, t, g + (2 << 20), 2 << 20 | PRESENT | KEEL_TABLE_LARGE, 2);
	expect_entry(test, t, g + (1 << 30), 2ULL << 30 | PRESENT | KEEL_TABLE_LARGE, 3);
	expect_entry(test, t, g + 4096, 0, 1);
}

static void table_invalid(struct kunit *test)
{
	const struct table_row *kind = test->param_value;
	struct keel_table *t = tree(test, kind, 8);
	unsigned int level, bit;

	KUNIT_EXPECT_EQ(test, keel_table_map(t, 0, 0, 0, PRESENT), -EINVAL);
	KUNIT_EXPECT_EQ(test, keel_table_map(t, 0, 0, 4, PRESENT), -EINVAL);
	KUNIT_EXPECT_EQ(test, keel_table_map(t, 0, 0, 5, PRESENT), -EINVAL);
	KUNIT_EXPECT_EQ(test, keel_table_map(t, 0, 0, ~0U, PRESENT), -EINVAL);
	for (level = 1; level <= 3; level++) {
		for (bit = 0; bit < 12 + 9 * (level - 1); bit++) {
			KUNIT_EXPECT_EQ_MSG(test, keel_table_map(t, 1ULL << bit, 0, level, PRESENT),
					    -EINVAL, "level %u, address bit %u", level, bit);
			KUNIT_EXPECT_EQ_MSG(test, keel_table_map(t, 0, 1ULL << bit, level, PRESENT),
					    -EINVAL, "level %u, physical bit %u", level, bit);
		}
	}
	KUNIT_EXPECT_EQ(test, t->root, 0ULL);
	KUNIT_EXPECT_EQ(test, pool_of(t)->nr, 0U);
}

/* tables run out at each allocation: nothing is mapped, and another try ends well */
static void table_no_memory(struct kunit *test)
{
	const struct table_row *kind = test->param_value;
	unsigned int level, max, all, found;
	struct keel_table *t;
	u64 addr;

	for (level = KEEL_LEVEL_4K; level <= KEEL_LEVEL_1G; level++) {
		addr = ADDR & ~(keel_level_size(level) - 1);
		all = kind->levels - level + 1;
		for (max = 0; max < all; max++) {
			t = tree(test, kind, 8);
			pool_of(t)->max = max;
			KUNIT_EXPECT_EQ(test, keel_table_map(t, addr, 0, level, PRESENT), -ENOMEM);
			KUNIT_EXPECT_EQ(test, keel_table_map(t, addr, 0, level, PRESENT), -ENOMEM);
			KUNIT_EXPECT_EQ(test, t->tables, (u64)max);
			KUNIT_EXPECT_EQ(test, keel_table_lookup(t, addr, &found), 0ULL);
			pool_of(t)->max = 8;
			KUNIT_EXPECT_EQ(test, keel_table_map(t, addr, 0, level, PRESENT), 0);
			KUNIT_EXPECT_EQ(test, t->tables, (u64)all);
			KUNIT_EXPECT_NE(test, keel_table_lookup(t, addr, &found), 0ULL);
			KUNIT_EXPECT_EQ(test, found, level);
		}
	}
}

/* any of the bits of @present will do; an EPT can have execute-only pages */
static void table_present_bits(struct kunit *test)
{
	static const struct table_row ept = { "", 4, RWX, RWX };
	struct keel_table *t = tree(test, &ept, 8);
	u64 right;

	for (right = 1; right < 8; right++) {
		KUNIT_EXPECT_EQ(test, keel_table_map(t, right << 12, 0x5000, 1, right), 0);
		expect_entry(test, t, right << 12, 0x5000 | right, 1);
		KUNIT_EXPECT_EQ(test, keel_table_map(t, right << 12, 0x5000, 1, right), -EEXIST);
	}
	/* an entry without any of them is none, whatever else it holds */
	KUNIT_EXPECT_EQ(test, keel_table_map(t, 0, 0x5000, 1, 6 << 3), 0);
	expect_entry(test, t, 0, 0, 1);
	KUNIT_EXPECT_EQ(test, keel_table_map(t, 0, 0x7000, 1, RWX), 0);
	expect_entry(test, t, 0, 0x7000 | RWX, 1);
}

#define PAGES 600

struct page_row {
	u64 addr;
	u64 entry;
	u8 level;
};

/* an address of which each index takes few values, some of them the last */
static u64 crowded(struct rnd_state *rnd, unsigned int levels)
{
	u64 addr = 0;
	unsigned int l;

	for (l = 0; l < levels; l++)
		addr |= (u64)(kit_below(rnd, 8) * 73) << (12 + 9 * l);
	return addr;
}

static void table_random(struct kunit *test)
{
	const struct table_row *kind = test->param_value;
	struct page_row *pages = kunit_kcalloc(test, PAGES, sizeof(*pages), GFP_KERNEL);
	struct keel_table *t = tree(test, kind, 4 * PAGES);
	unsigned int round, i, nr = 0, exist = 0;
	struct rnd_state rnd;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	prandom_seed_state(&rnd, 6 + kind->levels);
	for (round = 0; round < 4000; round++) {
		unsigned int level = 1 + kit_below(&rnd, 3), found;
		u64 size = keel_level_size(level), addr = crowded(&rnd, kind->levels), pa, expected;
		const struct page_row *hit = NULL;
		bool overlap = false;

		/* what is at an address is what was mapped there */
		for (i = 0; i < nr && !hit; i++)
			if (!((addr ^ pages[i].addr) & ~(keel_level_size(pages[i].level) - 1)))
				hit = &pages[i];
		expected = hit ? hit->entry : 0;
		KUNIT_ASSERT_EQ(test, keel_table_lookup(t, addr | 0x7ff, &found), expected);
		if (hit)
			KUNIT_ASSERT_EQ(test, found, (unsigned int)hit->level);

		/* and nothing is mapped twice */
		addr &= ~(size - 1);
		pa = kit_random(&rnd) & KEEL_TABLE_ADDR & ~(size - 1);
		for (i = 0; i < nr; i++) {
			u64 larger = max(size, keel_level_size(pages[i].level));

			overlap |= !((addr ^ pages[i].addr) & ~(larger - 1));
		}
		if (!overlap && nr == PAGES)
			continue;
		KUNIT_ASSERT_EQ(test, keel_table_map(t, addr, pa, level, kind->inner),
				overlap ? -EEXIST : 0);
		exist += overlap;
		if (overlap)
			continue;
		pages[nr++] = (struct page_row) {
			.addr = addr,
			.entry = pa | kind->inner | (level > 1 ? KEEL_TABLE_LARGE : 0),
			.level = level,
		};
	}
	KUNIT_EXPECT_EQ(test, t->tables, (u64)pool_of(t)->nr);
	KUNIT_EXPECT_GT(test, nr, 100U);
	KUNIT_EXPECT_GT(test, exist, 100U);
}

static struct kunit_case keel_table_cases[] = {
	KUNIT_CASE_PARAM(table_empty, kind_gen_params),
	KUNIT_CASE_PARAM(table_one_page, kind_gen_params),
	KUNIT_CASE_PARAM(table_ends, kind_gen_params),
	KUNIT_CASE_PARAM(table_shares_tables, kind_gen_params),
	KUNIT_CASE_PARAM(table_exists, kind_gen_params),
	KUNIT_CASE_PARAM(table_invalid, kind_gen_params),
	KUNIT_CASE_PARAM(table_no_memory, kind_gen_params),
	KUNIT_CASE(table_present_bits),
	KUNIT_CASE_PARAM(table_random, kind_gen_params),
	{}
};

static struct kunit_suite keel_table_suite = {
	.name = "keel-table",
	.test_cases = keel_table_cases,
};

kunit_test_suites(&keel_table_suite);
