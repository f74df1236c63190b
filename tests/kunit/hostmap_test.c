// SPDX-License-Identifier: GPL-2.0
/*
 * keel-hostmap: the demoted host's EPT maps every address onto itself, with the
 * memory type that the MTRRs give it, in the largest pages that have one type,
 * and with no more tables than that takes.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../../kmod/mmu/hostmap.h"
#include "kit.h"

#define G BIT_ULL(30)

/**
 * struct map_row - a map and what it takes
 * @name: its name
 * @layout: the MTRRs
 * @end: end of the addresses
 * @tables: how many tables
 * @leaves: how many pages, by level
 */
struct map_row {
	const char *name;
	u8 layout;
	u64 end;
	u32 tables;
	u32 leaves[4];
};

static const struct map_row maps[] = {
	/* a megabyte of small pages; the others that are divided are so in 2M pages */
	{ "old PC", KIT_OLD_PC, 1ULL << 36, 6, { 0, 512, 511 + 512 + 512, 64 - 3 } },
	{ "SeaBIOS", KIT_SEABIOS, 1ULL << 40, 1 + 2 + 2, { 0, 512, 511, 1023 } },
	{ "OVMF", KIT_OVMF, 1ULL << 42, 1 + 8 + 2, { 0, 512, 511, 4095 } },
	{ "server", KIT_SERVER, 1ULL << 42, 1 + 8 + 3, { 0, 512, 511 + 512, 4094 } },
	{ "up to the end of a table", KIT_SEABIOS, 512 * G, 4, { 0, 512, 511, 511 } },
	{ "one page further", KIT_SEABIOS, 513 * G, 5, { 0, 512, 511, 512 } },
	{ "a gigabyte", KIT_SEABIOS, G, 4, { 0, 512, 511, 0 } },
};

static void map_name(const struct map_row *row, char *desc)
{
	strcpy(desc, row->name);
}

KUNIT_ARRAY_PARAM(map, maps, map_name);

static struct keel_table *empty(struct kunit *test, unsigned int pages)
{
	struct keel_table *ept = kunit_kzalloc(test, sizeof(*ept), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ept);
	keel_ept_init(ept, kit_pool(test, pages));
	return ept;
}

/* the entry at an address is as it has to be; its page's level */
static unsigned int check_leaf(struct kunit *test, struct keel_table *ept,
			       const struct keel_mtrrs *m, u64 pa)
{
	unsigned int level = 0;
	u64 entry = keel_table_lookup(ept, pa, &level), start, size;

	KUNIT_ASSERT_GE_MSG(test, level, 1U, "%#llx", pa);
	KUNIT_ASSERT_LE_MSG(test, level, 3U, "%#llx", pa);
	size = keel_level_size(level);
	start = pa & ~(size - 1);
	/* rights in bits 2:0, the type in 5:3, neither IPAT (6) nor anything above */
	KUNIT_ASSERT_EQ_MSG(test, entry, start | 7 | (u64)keel_memtype_at(m, pa) << 3 |
			    (level > 1 ? 1 << 7 : 0), "%#llx", pa);
	KUNIT_ASSERT_TRUE_MSG(test, keel_memtype_uniform(m, start, size), "%#llx", pa);
	if (level < 3) {
		size = keel_level_size(level + 1);
		KUNIT_ASSERT_FALSE_MSG(test, keel_memtype_uniform(m, pa & ~(size - 1), size),
				       "%#llx is mapped too small", pa);
	}
	return level;
}

/* every page from 0 to @end, none left out, none beyond */
static void check_map(struct kunit *test, struct keel_table *ept, const struct keel_mtrrs *m,
		      u64 end, u32 leaves[4])
{
	unsigned int level;
	u64 pa, tables = 1 + ((end + 512 * G - 1) >> 39), last_1g = ~0ULL, last_2m = ~0ULL;

	memset(leaves, 0, 4 * sizeof(leaves[0]));
	for (pa = 0; pa < end; pa += keel_level_size(level)) {
		level = check_leaf(test, ept, m, pa);
		leaves[level]++;
		if (level < 3 && pa >> 30 != last_1g) {
			last_1g = pa >> 30;
			tables++;
		}
		if (level < 2 && pa >> 21 != last_2m) {
			last_2m = pa >> 21;
			tables++;
		}
	}
	KUNIT_EXPECT_EQ(test, pa, end);
	KUNIT_EXPECT_EQ(test, ept->tables, tables);
	KUNIT_EXPECT_EQ(test, ept->tables, (u64)((struct kit_pool *)ept->pages->arg)->nr);
	for (pa = end; pa < 1ULL << 48; pa += 171 * G)
		KUNIT_EXPECT_EQ_MSG(test, keel_table_lookup(ept, pa, &level), 0ULL, "%#llx", pa);
}

static void hostmap_init(struct kunit *test)
{
	struct keel_pages *pages = kit_pool(test, 1);
	struct keel_table ept;

	memset(&ept, 0xff, sizeof(ept));
	keel_ept_init(&ept, pages);
	KUNIT_EXPECT_PTR_EQ(test, ept.pages, (const struct keel_pages *)pages);
	KUNIT_EXPECT_EQ(test, ept.root, 0ULL);
	KUNIT_EXPECT_EQ(test, ept.levels, 4U);
	KUNIT_EXPECT_EQ(test, ept.inner, 7ULL);
	KUNIT_EXPECT_EQ(test, ept.present, 7ULL);
	KUNIT_EXPECT_EQ(test, ept.tables, 0ULL);
	/* write-back (6), a walk of 4 (less one), neither A/D flags nor more */
	KUNIT_EXPECT_EQ(test, (u64)KEEL_EPTP(0x123456789000ULL), 0x12345678901eULL);
}

static void hostmap_layouts(struct kunit *test)
{
	const struct map_row *row = test->param_value;
	const struct keel_mtrrs *m = kit_layout(test, row->layout);
	struct keel_table *ept = empty(test, 64);
	unsigned int level;
	u32 leaves[4];

	KUNIT_ASSERT_EQ(test, keel_hostmap_build(ept, m, row->end), 0);
	check_map(test, ept, m, row->end, leaves);
	KUNIT_EXPECT_EQ(test, ept->tables, (u64)row->tables);
	for (level = 1; level <= 3; level++)
		KUNIT_EXPECT_EQ_MSG(test, leaves[level], row->leaves[level], "level %u", level);
}

static void hostmap_anywhere(struct kunit *test)
{
	const struct map_row *row = test->param_value;
	const struct keel_mtrrs *m = kit_layout(test, row->layout);
	struct keel_table *ept = empty(test, 64);
	struct rnd_state rnd;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, keel_hostmap_build(ept, m, row->end), 0);
	prandom_seed_state(&rnd, 9);
	for (i = 0; i < 5000; i++)
		check_leaf(test, ept, m, kit_random(&rnd) % (i & 1 ? row->end : 4 * G) % row->end);
}

/* tables run out at each allocation */
static void hostmap_no_memory(struct kunit *test)
{
	const struct map_row *row = test->param_value;
	const struct keel_mtrrs *m = kit_layout(test, row->layout);
	struct keel_table *ept;
	unsigned int max;

	for (max = 0; max <= row->tables; max++) {
		ept = empty(test, max + 1);
		((struct kit_pool *)ept->pages->arg)->max = max;
		KUNIT_EXPECT_EQ_MSG(test, keel_hostmap_build(ept, m, row->end),
				    max < row->tables ? -ENOMEM : 0, "%u tables", max);
		KUNIT_EXPECT_EQ(test, ept->tables, (u64)max);
	}
}

/* MTRRs off: all of it uncacheable, in the largest pages */
static void hostmap_without_mtrrs(struct kunit *test)
{
	const struct keel_mtrrs *m = kit_mtrrs(test, 0);
	struct keel_table *ept = empty(test, 8);
	u32 leaves[4];

	KUNIT_ASSERT_EQ(test, keel_hostmap_build(ept, m, 1ULL << 39), 0);
	check_map(test, ept, m, 1ULL << 39, leaves);
	KUNIT_EXPECT_EQ(test, leaves[3], 512U);
	KUNIT_EXPECT_EQ(test, ept->tables, 2ULL);
}

/* as much as four levels can map: a page of tables for each 512 GiB */
static void hostmap_whole(struct kunit *test)
{
	const struct keel_mtrrs *m = kit_layout(test, KIT_OVMF);
	struct keel_table *ept = empty(test, 600);
	u32 leaves[4];

	KUNIT_ASSERT_EQ(test, keel_hostmap_build(ept, m, 1ULL << 48), 0);
	check_map(test, ept, m, 1ULL << 48, leaves);
	KUNIT_EXPECT_EQ(test, ept->tables, 1ULL + 512 + 2);
	KUNIT_EXPECT_EQ(test, leaves[3], 262143U);
}

/* a tree that is not empty is not built over */
static void hostmap_twice(struct kunit *test)
{
	const struct keel_mtrrs *m = kit_layout(test, KIT_SEABIOS);
	struct keel_table *ept = empty(test, 8);

	KUNIT_ASSERT_EQ(test, keel_hostmap_build(ept, m, 4 * G), 0);
	KUNIT_EXPECT_EQ(test, keel_hostmap_build(ept, m, 4 * G), -EEXIST);
	KUNIT_EXPECT_EQ(test, ept->tables, 4ULL);
}

/* ranges of any size down to a page, in any order */
static void hostmap_random(struct kunit *test)
{
	static const u8 types[] = { KEEL_MT_WB, KEEL_MT_UC, KEEL_MT_WT, KEEL_MT_WC, KEEL_MT_WP };
	unsigned int round, i, nr;
	struct keel_table *ept;
	struct keel_mtrrs *m;
	struct rnd_state rnd;
	u32 leaves[4], total[4] = { 0 };
	u64 size;

	prandom_seed_state(&rnd, 7);
	for (round = 0; round < 40; round++) {
		m = kit_mtrrs(test, KIT_MTRR_E | KIT_MTRR_FE | types[kit_below(&rnd, 5)]);
		if (round & 1)
			kit_pc_fixed(m);
		nr = kit_below(&rnd, 9);
		for (i = 0; i < nr; i++) {
			size = 4096ULL << kit_below(&rnd, 21);
			kit_range(m, kit_random(&rnd) & (8 * G - 1) & ~(size - 1), size,
				  types[kit_below(&rnd, 5)]);
		}
		ept = empty(test, 64);
		KUNIT_ASSERT_EQ(test, keel_hostmap_build(ept, m, 8 * G), 0);
		check_map(test, ept, m, 8 * G, leaves);
		for (i = 1; i <= 3; i++)
			total[i] += leaves[i];
	}
	for (i = 1; i <= 3; i++)
		KUNIT_EXPECT_GT_MSG(test, total[i], 50U, "level %u", i);
}

static struct kunit_case keel_hostmap_cases[] = {
	KUNIT_CASE(hostmap_init),
	KUNIT_CASE_PARAM(hostmap_layouts, map_gen_params),
	KUNIT_CASE_PARAM(hostmap_anywhere, map_gen_params),
	KUNIT_CASE_PARAM(hostmap_no_memory, map_gen_params),
	KUNIT_CASE(hostmap_without_mtrrs),
	KUNIT_CASE(hostmap_whole),
	KUNIT_CASE(hostmap_twice),
	KUNIT_CASE(hostmap_random),
	{}
};

static struct kunit_suite keel_hostmap_suite = {
	.name = "keel-hostmap",
	.test_cases = keel_hostmap_cases,
};

kunit_test_suites(&keel_hostmap_suite);
