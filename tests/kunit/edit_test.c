// SPDX-License-Identifier: GPL-2.0
/*
 * keel-edit: splitting, unmapping, protecting and collapsing pages of every size, and
 * harvesting accessed and dirty bits: what is refused, what is left when tables run out,
 * and random steps against a plain list of small pages.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../../kmod/mmu/hostmap.h"
#include "kit.h"

#define P	4096ULL
#define M	(2ULL << 20)
#define G	BIT_ULL(30)
#define RWX_WB	0x37ULL
#define LARGE	BIT_ULL(7)
#define A	BIT_ULL(8)
#define D	BIT_ULL(9)

/* two 1G pages, and a hole behind them */
static struct keel_table *gigabytes(struct kunit *test, unsigned int pages)
{
	struct keel_table *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	keel_ept_init(t, kit_pool(test, pages));
	KUNIT_ASSERT_EQ(test, keel_table_map(t, 0, 0, 3, RWX_WB | A), 0);
	KUNIT_ASSERT_EQ(test, keel_table_map(t, G, G, 3, RWX_WB), 0);
	return t;
}

static struct kit_pool *pool_of(struct keel_table *t)
{
	return t->pages->arg;
}

static void expect(struct kunit *test, struct keel_table *t, u64 addr, u64 entry,
		   unsigned int level)
{
	unsigned int found = 99;

	KUNIT_EXPECT_EQ_MSG(test, keel_table_lookup(t, addr, &found), entry, "%#llx", addr);
	KUNIT_EXPECT_EQ_MSG(test, found, level, "%#llx", addr);
}

/* every function takes the same addresses, and finds the same wrong with them */
static void edit_refuses(struct kunit *test)
{
	static const struct {
		u64 addr;
		u32 level;
		int want;
	} rows[] = {
		{ 0, 0, -EINVAL }, { 0, 4, -EINVAL }, { P, 2, -EINVAL }, { M, 3, -EINVAL },
		{ 1, 1, -EINVAL }, { 2 * G, 1, -ENOENT }, { 2 * G, 3, -ENOENT },
		{ 600 * G, 2, -ENOENT }, { G, 3, -ENOENT }, { G + M, 2, -ENOENT },
		{ G + M + P, 1, -ENOENT },
	};
	struct keel_table *t = gigabytes(test, 8), empty;
	unsigned int i;
	u64 old = 5;

	KUNIT_ASSERT_EQ(test, keel_table_split(t, G + M, 1), 0);
	KUNIT_ASSERT_EQ(test, keel_table_unmap(t, G + M + P, 1, &old), 0);
	KUNIT_EXPECT_EQ(test, old, (G + M + P) | RWX_WB);
	old = 5;
	keel_ept_init(&empty, t->pages);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 addr = rows[i].addr;
		u32 level = rows[i].level;
		int want = rows[i].want;

		KUNIT_EXPECT_EQ_MSG(test, keel_table_split(t, addr, level), want, "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, keel_table_unmap(t, addr, level, &old), want, "row %u",
				    i);
		KUNIT_EXPECT_EQ_MSG(test, keel_table_protect(t, addr, level, 2, 0), want, "row %u",
				    i);
		want = want == -EINVAL ? want : -ENOENT;
		KUNIT_EXPECT_EQ_MSG(test, keel_table_split(&empty, addr, level), want, "row %u", i);
	}
	KUNIT_EXPECT_EQ(test, old, 5ULL);
	KUNIT_EXPECT_EQ(test, keel_table_protect(t, 0, 3, P, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, keel_table_protect(t, 0, 3, 0, LARGE), -EINVAL);
	KUNIT_EXPECT_EQ(test, keel_table_protect_range(t, 0, G, 0, LARGE), -EINVAL);
	KUNIT_EXPECT_EQ(test, keel_table_protect_range(t, 1, G, 2, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, keel_table_protect_range(t, 0, G + 1, 2, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, keel_table_protect_range(t, G, 0, 2, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, keel_table_protect_range(t, 0, (1ULL << 48) + P, 2, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, keel_table_protect_range(t, G, G, 7, 0), 0);
	KUNIT_EXPECT_EQ(test, keel_table_protect_range(&empty, 0, G, 7, 0), 0);
	expect(test, t, 0, 0 | RWX_WB | A | LARGE, 3);
	expect(test, t, G, G | RWX_WB | LARGE, 2);
}

static void edit_split(struct kunit *test)
{
	struct keel_table *t = gigabytes(test, 8);

	KUNIT_EXPECT_EQ(test, keel_table_split(t, 0, 3), 0);
	KUNIT_EXPECT_EQ(test, t->tables, 2ULL);
	KUNIT_EXPECT_EQ(test, keel_table_split(t, M, 2), 0);
	KUNIT_EXPECT_EQ(test, t->tables, 3ULL);
	expect(test, t, 0, 0 | RWX_WB | A | LARGE, 2);
	expect(test, t, G - M, (G - M) | RWX_WB | A | LARGE, 2);
	KUNIT_EXPECT_EQ(test, keel_table_split(t, M + 5 * P, 1), 0);
	KUNIT_EXPECT_EQ(test, t->tables, 4ULL);
	expect(test, t, M, M | RWX_WB | A, 1);
	expect(test, t, 2 * M - P, (2 * M - P) | RWX_WB | A, 1);
	expect(test, t, 2 * M, 2 * M | RWX_WB | A | LARGE, 2);
	expect(test, t, G, G | RWX_WB | LARGE, 3);
}

static void edit_unmap_protect(struct kunit *test)
{
	struct keel_table *t = gigabytes(test, 8);
	u64 old;

	KUNIT_EXPECT_EQ(test, keel_table_protect(t, 3 * P, 1, KEEL_EPT_WRITE, D), 0);
	expect(test, t, 3 * P, 3 * P | (RWX_WB & ~2ULL) | A | D, 1);
	expect(test, t, 4 * P, 4 * P | RWX_WB | A, 1);
	/* without any right it is gone, whatever else it had */
	KUNIT_EXPECT_EQ(test, keel_table_protect(t, 3 * P, 1, KEEL_EPT_RWX, 0), 0);
	expect(test, t, 3 * P, 0, 1);
	KUNIT_EXPECT_EQ(test, pool_of(t)->page[pool_of(t)->nr - 1][3], 0ULL);
	KUNIT_EXPECT_EQ(test, keel_table_map(t, 3 * P, 7 * P, 1, 1), 0);
	KUNIT_EXPECT_EQ(test, keel_table_unmap(t, M, 2, &old), 0);
	KUNIT_EXPECT_EQ(test, old, M | RWX_WB | A | LARGE);
	expect(test, t, M, 0, 2);
	KUNIT_EXPECT_EQ(test, keel_table_unmap(t, G, 3, &old), 0);
	expect(test, t, G, 0, 3);
}

static void edit_collapse(struct kunit *test)
{
	struct keel_table *t = gigabytes(test, 8);
	u64 freed = 5, table;

	KUNIT_EXPECT_EQ(test, keel_table_collapse(t, 0, 1, &freed), -EINVAL);
	KUNIT_EXPECT_EQ(test, keel_table_collapse(t, 0, 4, &freed), -EINVAL);
	KUNIT_EXPECT_EQ(test, keel_table_collapse(t, P, 2, &freed), -EINVAL);
	KUNIT_EXPECT_EQ(test, keel_table_collapse(t, 0, 3, &freed), -ENOENT);
	KUNIT_EXPECT_EQ(test, keel_table_collapse(t, 0, 2, &freed), -ENOENT);
	KUNIT_EXPECT_EQ(test, keel_table_collapse(t, 2 * G, 3, &freed), -ENOENT);
	KUNIT_ASSERT_EQ(test, keel_table_split(t, M + 9 * P, 1), 0);
	table = KIT_POOL_BASE + P * (pool_of(t)->nr - 1);

	/* a table below, one page that differs, by each of what it can differ in */
	KUNIT_EXPECT_EQ(test, keel_table_collapse(t, 0, 3, &freed), -EBUSY);
	KUNIT_ASSERT_EQ(test, keel_table_remap(t, M + 9 * P, M + 8 * P, 1, RWX_WB), 0);
	KUNIT_EXPECT_EQ(test, keel_table_collapse(t, M, 2, &freed), -EBUSY);
	KUNIT_ASSERT_EQ(test, keel_table_remap(t, M + 9 * P, M + 9 * P, 1, RWX_WB & ~2ULL), 0);
	KUNIT_EXPECT_EQ(test, keel_table_collapse(t, M, 2, &freed), -EBUSY);
	KUNIT_ASSERT_EQ(test, keel_table_remap(t, M + 9 * P, M + 9 * P, 1, 7), 0);
	KUNIT_EXPECT_EQ(test, keel_table_collapse(t, M, 2, &freed), -EBUSY);
	KUNIT_EXPECT_EQ(test, freed, 5ULL);
	expect(test, t, M + 9 * P, (M + 9 * P) | 7, 1);

	/* accessed and dirty bits may differ, and are not lost */
	KUNIT_ASSERT_EQ(test, keel_table_remap(t, M + 9 * P, M + 9 * P, 1, RWX_WB | D), 0);
	KUNIT_EXPECT_EQ(test, keel_table_collapse(t, M, 2, &freed), 0);
	KUNIT_EXPECT_EQ(test, freed, table);
	KUNIT_EXPECT_EQ(test, t->tables, 3ULL);
	expect(test, t, M + 9 * P, M | RWX_WB | A | D | LARGE, 2);
	KUNIT_EXPECT_EQ(test, keel_table_collapse(t, 0, 3, &freed), 0);
	KUNIT_EXPECT_EQ(test, freed, table - P);
	expect(test, t, M + 9 * P, 0 | RWX_WB | A | D | LARGE, 3);
	KUNIT_EXPECT_EQ(test, t->tables, 2ULL);
}

/* side by side, but not where a large page can be; or from a hole on */
static void edit_collapse_unaligned(struct kunit *test)
{
	struct keel_table *t = gigabytes(test, 8);
	unsigned int i;
	u64 freed, old;

	for (i = 0; i < 512; i++)
		KUNIT_ASSERT_EQ(test, keel_table_map(t, 4 * G + i * P, M + (i + 1) * P, 1, 7), 0);
	KUNIT_EXPECT_EQ(test, keel_table_collapse(t, 4 * G, 2, &freed), -EBUSY);
	for (i = 0; i < 512; i++)
		keel_table_remap(t, 4 * G + i * P, 3 * M + i * P, 1, 7);
	KUNIT_ASSERT_EQ(test, keel_table_unmap(t, 4 * G, 1, &old), 0);
	KUNIT_EXPECT_EQ(test, keel_table_collapse(t, 4 * G, 2, &freed), -EBUSY);
	KUNIT_ASSERT_EQ(test, keel_table_map(t, 4 * G, 3 * M, 1, 7), 0);
	KUNIT_EXPECT_EQ(test, keel_table_collapse(t, 4 * G, 2, &freed), 0);
	expect(test, t, 4 * G + 5, 3 * M | 7 | LARGE, 2);
}

static void edit_range(struct kunit *test)
{
	struct keel_table *t = gigabytes(test, 8);
	u64 a = M + 3 * P, b = G + 5 * M;

	/* from within a 2M page of the first gigabyte to a 2M page of the second */
	KUNIT_EXPECT_EQ(test, keel_table_protect_range(t, a, b, KEEL_EPT_WRITE, 0), 0);
	KUNIT_EXPECT_EQ(test, t->tables, 2ULL + 2 + 1);
	expect(test, t, 0, 0 | RWX_WB | A | LARGE, 2);
	expect(test, t, a - P, (a - P) | RWX_WB | A, 1);
	expect(test, t, a, a | (RWX_WB & ~2ULL) | A, 1);
	expect(test, t, 2 * M, 2 * M | (RWX_WB & ~2ULL) | A | LARGE, 2);
	expect(test, t, b - M, (b - M) | (RWX_WB & ~2ULL) | LARGE, 2);
	expect(test, t, b, b | RWX_WB | LARGE, 2);
	/* all there is, and back; the holes stay holes */
	KUNIT_EXPECT_EQ(test, keel_table_protect_range(t, 0, 1ULL << 48, 0, KEEL_EPT_WRITE), 0);
	KUNIT_EXPECT_EQ(test, t->tables, 5ULL);
	expect(test, t, a, a | RWX_WB | A, 1);
	expect(test, t, 2 * G, 0, 3);
	/* a hole at both ends */
	KUNIT_EXPECT_EQ(test, keel_table_protect_range(t, 3 * G + P, 5 * G + P, 7, 0), 0);
	KUNIT_EXPECT_EQ(test, t->tables, 5ULL);
}

/* tables run out at each of those that are wanted: nothing has changed but sizes */
static void edit_no_memory(struct kunit *test)
{
	unsigned int max, level;
	struct keel_table *t;
	u64 old, a = M + 3 * P, b = G + M + P;

	for (max = 0; max < 4; max++) {
		t = gigabytes(test, 8);
		pool_of(t)->max = pool_of(t)->nr + max;
		KUNIT_EXPECT_EQ(test, keel_table_protect_range(t, a, b, 2, 0), -ENOMEM);
		for (old = 0; old < 2 * G; old += 127 * P)
			KUNIT_EXPECT_NE(test, keel_table_lookup(t, old, &level) & 2, 0ULL);
		if (max < 2) {
			KUNIT_EXPECT_EQ(test, keel_table_split(t, G + M, 1), -ENOMEM);
			KUNIT_EXPECT_EQ(test, keel_table_unmap(t, G + M, 1, &old), -ENOMEM);
			KUNIT_EXPECT_EQ(test, keel_table_protect(t, G + M, 1, 2, 0), -ENOMEM);
		}
		expect(test, t, 0, 0 | RWX_WB | A | LARGE, max ? 2 : 3);
	}
	/* what was prepared cannot fail */
	t = gigabytes(test, 8);
	KUNIT_ASSERT_EQ(test, keel_table_split(t, a, 1), 0);
	KUNIT_ASSERT_EQ(test, keel_table_split(t, b, 1), 0);
	pool_of(t)->max = pool_of(t)->nr;
	KUNIT_EXPECT_EQ(test, keel_table_protect_range(t, a, b, 2, 0), 0);
	KUNIT_EXPECT_EQ(test, keel_table_unmap(t, a, 1, &old), 0);
	KUNIT_EXPECT_EQ(test, keel_table_remap(t, b, 0, 1, 7), 0);
}

static void edit_harvest(struct kunit *test)
{
	struct keel_table *t = gigabytes(test, 8), empty;
	struct keel_harvest h;
	u64 old;

	keel_ept_init(&empty, t->pages);
	KUNIT_EXPECT_EQ(test, keel_table_harvest(&empty, 0, &h), 1ULL << 48);
	KUNIT_EXPECT_EQ(test, h.nr, 0U);

	/* M: small pages, 5 accessed, 70 dirty, 511 both, 6 a hole; the rest of 2M, accessed */
	KUNIT_ASSERT_EQ(test, keel_table_split(t, M, 1), 0);
	KUNIT_ASSERT_EQ(test, keel_table_protect_range(t, M, 2 * M, A, 0), 0);
	keel_table_protect(t, M + 5 * P, 1, 0, A);
	keel_table_protect(t, M + 70 * P, 1, 0, D);
	keel_table_protect(t, M + 511 * P, 1, 0, A | D);
	keel_table_unmap(t, M + 6 * P, 1, &old);

	KUNIT_EXPECT_EQ(test, keel_table_harvest(t, 0, &h), M);
	KUNIT_EXPECT_EQ(test, h.level, 2U);
	KUNIT_EXPECT_EQ(test, h.nr, 1U);
	KUNIT_EXPECT_EQ(test, h.addr, 0ULL);
	KUNIT_EXPECT_EQ(test, h.accessed[0], 1ULL);
	KUNIT_EXPECT_EQ(test, h.dirty[0], 0ULL);

	KUNIT_EXPECT_EQ(test, keel_table_harvest(t, M + 3 * P, &h), 2 * M);
	KUNIT_EXPECT_EQ(test, h.level, 1U);
	KUNIT_EXPECT_EQ(test, h.nr, 509U);
	KUNIT_EXPECT_EQ(test, h.addr, M + 3 * P);
	KUNIT_EXPECT_EQ(test, h.accessed[0], BIT_ULL(2));
	KUNIT_EXPECT_EQ(test, h.accessed[7], BIT_ULL(508 - 448));
	KUNIT_EXPECT_EQ(test, h.dirty[0], 0ULL);
	KUNIT_EXPECT_EQ(test, h.dirty[1], BIT_ULL(3));
	KUNIT_EXPECT_EQ(test, h.dirty[7], BIT_ULL(508 - 448));
	expect(test, t, M + 511 * P, (M + 511 * P) | RWX_WB, 1);
	expect(test, t, M + 6 * P, 0, 1);

	KUNIT_EXPECT_EQ(test, keel_table_harvest(t, 2 * M + P, &h), G);
	KUNIT_EXPECT_EQ(test, h.addr, 2 * M);
	KUNIT_EXPECT_EQ(test, h.nr, 510U);
	KUNIT_EXPECT_EQ(test, h.accessed[0], ~0ULL);
	KUNIT_EXPECT_EQ(test, h.accessed[7], ~0ULL >> 2);
	/* the second gigabyte, and 510 holes of that size; then holes of 512G */
	KUNIT_EXPECT_EQ(test, keel_table_harvest(t, G, &h), 512 * G);
	KUNIT_EXPECT_EQ(test, h.level, 3U);
	KUNIT_EXPECT_EQ(test, h.nr, 511U);
	KUNIT_EXPECT_EQ(test, keel_table_harvest(t, 512 * G, &h), 1ULL << 48);
	KUNIT_EXPECT_EQ(test, h.level, 4U);
	/* nothing is left */
	for (old = 0; old < 1ULL << 48; old = keel_table_harvest(t, old, &h))
		KUNIT_EXPECT_TRUE(test, !old || (!h.accessed[0] && !h.dirty[0]));
}

#define SMALL	2048	/* small pages: four 2M pages, at the end of a gigabyte */
#define START	(G - SMALL / 2 * P)

/* make the small pages of the 2M page at @addr such that they are one */
static void even_out(struct keel_table *t, u64 addr, u64 *want)
{
	unsigned int i;

	for (i = 0; i < 512; i++, addr += P) {
		if (keel_table_remap(t, addr, addr, 1, RWX_WB))
			keel_table_map(t, addr, addr, 1, RWX_WB);
		want[i] = addr | RWX_WB;
	}
}

/* random steps, and what each small page has to be; 0 for a hole */
static void edit_random(struct kunit *test)
{
	u64 *want = kunit_kcalloc(test, SMALL, sizeof(*want), GFP_KERNEL);
	struct keel_table *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	unsigned int step, i, level, nr, found, done[6] = { 0 };
	struct keel_harvest h;
	struct rnd_state rnd;
	u64 addr, pa, old, at;
	int err;

	KUNIT_ASSERT_NOT_NULL(test, want);
	KUNIT_ASSERT_NOT_NULL(test, t);
	keel_ept_init(t, kit_pool(test, 4096));
	prandom_seed_state(&rnd, 31);
	for (step = 0; step < 6000; step++) {
		unsigned int op = kit_below(&rnd, 6);

		level = 1 + !kit_below(&rnd, 3);
		nr = level == 2 ? 512 : 1;
		i = kit_below(&rnd, SMALL) & ~(nr - 1);
		addr = START + i * P;
		/* one in two is where a large page can be */
		pa = (kit_below(&rnd, 2) ? addr : kit_random(&rnd) & (4 * G - 1)) & ~(nr * P - 1);
		switch (op) {
		case 0:
			err = keel_table_map(t, addr, pa, level, RWX_WB);
			for (found = 0; found < nr && !want[i + found]; found++)
				;
			/* a table stands there even if nothing is mapped by it */
			KUNIT_ASSERT_TRUE(test, err == -EEXIST || (!err && found == nr));
			KUNIT_ASSERT_TRUE(test, !err || found < nr || level == 2);
			break;
		case 1:
			err = keel_table_remap(t, addr, pa, level, RWX_WB | D);
			break;
		case 2:
			err = keel_table_unmap(t, addr, level, &old);
			break;
		case 3:
			err = keel_table_protect(t, addr, level, 2, A);
			break;
		case 4:
			nr = kit_below(&rnd, SMALL - i);
			err = keel_table_protect_range(t, addr, addr + nr * P, D, 2);
			KUNIT_ASSERT_EQ(test, err, 0);
			break;
		default:
			addr &= ~(M - 1);
			i = (addr - START) / P;
			if (!kit_below(&rnd, 4))
				even_out(t, addr, want + i);
			err = keel_table_collapse(t, addr, 2, &old);
			break;
		}
		if (err)
			continue;
		done[op]++;
		for (found = 0; op < 5 && found < nr; found++) {
			u64 *w = &want[i + found], to = pa + found * P;

			if (op < 2)
				*w = to | RWX_WB | (op ? D : 0);
			else if (op == 2)
				*w = 0;
			else if (op == 3)
				*w = (*w & ~2ULL) | A;
			else if (op == 4 && *w)
				*w = (*w & ~D) | 2;
		}
		/* a large page has one set of bits for all */
		for (nr = 0; op == 5 && nr < 512; nr++)
			want[i + nr] |= keel_table_lookup(t, addr, &found) & (A | D);
		for (i = step % 8; i < SMALL; i += 8) {
			u64 entry = keel_table_lookup(t, START + i * P, &found);

			if (entry && found == 2)
				entry = (entry & ~LARGE) + i % 512 * P;
			KUNIT_ASSERT_EQ_MSG(test, entry, want[i], "step %u: page %u", step, i);
		}
		if (step % 50)
			continue;
		for (at = START; at < START + SMALL * P; at = keel_table_harvest(t, at, &h))
			;
		for (i = 0; i < SMALL; i++)
			want[i] &= ~(A | D);
	}
	for (i = 0; i < ARRAY_SIZE(done); i++)
		KUNIT_EXPECT_GT_MSG(test, done[i], 15U, "operation %u", i);
	KUNIT_EXPECT_FALSE(test, pool_of(t)->bad);
}

static struct kunit_case edit_cases[] = {
	KUNIT_CASE(edit_refuses),
	KUNIT_CASE(edit_split),
	KUNIT_CASE(edit_unmap_protect),
	KUNIT_CASE(edit_collapse),
	KUNIT_CASE(edit_collapse_unaligned),
	KUNIT_CASE(edit_range),
	KUNIT_CASE(edit_no_memory),
	KUNIT_CASE(edit_harvest),
	KUNIT_CASE(edit_random),
	{}
};

static struct kunit_suite edit_suite = {
	.name = "keel-edit",
	.test_cases = edit_cases,
};

kunit_test_suites(&edit_suite);
