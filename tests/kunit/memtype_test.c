// SPDX-License-Identifier: GPL-2.0
/*
 * keel-memtype: memory types by MTRR layouts that firmware makes and by such as
 * nobody would, and whether a block has one type, against a reference that looks
 * at each page.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../../kmod/mmu/memtype.h"
#include "kit.h"

#define FIX		KIT_MTRR_FIX
#define E		KIT_MTRR_E
#define FE		KIT_MTRR_FE
#define V		KIT_MTRR_V

#define K		1024ULL
#define M		(K * K)
#define G		(K * M)

/* the type by the SDM's words: all ranges that hold the page, then the rules */
static unsigned int reference(const struct keel_mtrrs *m, u64 pa)
{
	u64 pages = (1ULL << m->phys_bits) - 4096, start = 0, size;
	unsigned int i, nr = m->cap & 0xff, types = 0;

	if (!(m->def_type & E))
		return KEEL_MT_UC;
	for (i = 0; i < 88 && m->cap & FIX && m->def_type & FE; i++, start += size) {
		size = i < 8 ? 64 * K : i < 24 ? 16 * K : 4 * K;
		if (pa >= start && pa < start + size)
			return ((const u8 *)m->fixed)[i];
	}
	if (nr > KEEL_MTRR_VAR_MAX)
		nr = KEEL_MTRR_VAR_MAX;
	for (i = 0; i < nr; i++)
		if (m->var[i].mask & V &&
		    (pa & m->var[i].mask & pages) == (m->var[i].base & m->var[i].mask & pages))
			types |= 1U << (m->var[i].base & 0xff);
	if (!types)
		return m->def_type & 0xff;
	if (!(types & (types - 1)))
		return __builtin_ctz(types);
	return types == (1 << KEEL_MT_WT | 1 << KEEL_MT_WB) ? KEEL_MT_WT : KEEL_MT_UC;
}

static bool reference_uniform(const struct keel_mtrrs *m, u64 pa, u64 size)
{
	unsigned int type = reference(m, pa);
	u64 at;

	for (at = pa; at < pa + size; at += 4096)
		if (reference(m, at) != type)
			return false;
	return true;
}

static void memtype_fixed_ranges(struct kunit *test)
{
	static const u8 types[] = { KEEL_MT_UC, KEEL_MT_WC, KEEL_MT_WT, KEEL_MT_WP, KEEL_MT_WB };
	struct keel_mtrrs *m = kit_mtrrs(test, E | FE | KEEL_MT_WC);
	unsigned int i;
	u64 pa;

	m->cap |= FIX;
	for (i = 0; i < 88; i++)
		((u8 *)m->fixed)[i] = types[i * 7 % 5];
	/* a variable range does not matter where fixed ones are */
	kit_range(m, 0, 2 * M, KEEL_MT_UC);
	for (pa = 0; pa < M; pa += 4096) {
		if (pa < 0x80000)
			i = pa / 0x10000;
		else if (pa < 0xc0000)
			i = 8 + (pa - 0x80000) / 0x4000;
		else
			i = 24 + (pa - 0xc0000) / 0x1000;
		KUNIT_EXPECT_EQ_MSG(test, keel_memtype_at(m, pa),
				    (enum keel_memtype)types[i * 7 % 5], "%#llx", pa);
		KUNIT_EXPECT_EQ_MSG(test, keel_memtype_at(m, pa + 4095),
				    (enum keel_memtype)types[i * 7 % 5], "%#llx", pa + 4095);
	}
	KUNIT_EXPECT_EQ(test, keel_memtype_at(m, M), KEEL_MT_UC);
	KUNIT_EXPECT_EQ(test, keel_memtype_at(m, 2 * M), KEEL_MT_WC);

	/* switched off, or not there */
	m->def_type &= ~FE;
	KUNIT_EXPECT_EQ(test, keel_memtype_at(m, 0x10000), KEEL_MT_UC);
	m->def_type |= FE;
	m->cap &= ~FIX;
	KUNIT_EXPECT_EQ(test, keel_memtype_at(m, 0x10000), KEEL_MT_UC);
}

/* each register by its own: which addresses it holds the types of */
static void memtype_fixed_registers(struct kunit *test)
{
	static const u32 start[] = {
		0x00000, 0x80000, 0xa0000, 0xc0000, 0xc8000, 0xd0000, 0xd8000, 0xe0000, 0xe8000,
		0xf0000, 0xf8000, 0x100000,
	};
	struct keel_mtrrs *m = kit_mtrrs(test, E | FE | KEEL_MT_UC);
	unsigned int reg;
	u64 pa;

	m->cap |= FIX;
	for (reg = 0; reg < KEEL_MTRR_FIXED_NR; reg++) {
		memset(m->fixed, 0, sizeof(m->fixed));
		m->fixed[reg] = 0x0606060606060606;
		for (pa = 0; pa < 0x110000; pa += 4096)
			KUNIT_EXPECT_EQ_MSG(test, keel_memtype_at(m, pa) == KEEL_MT_WB,
					    pa >= start[reg] && pa < start[reg + 1],
					    "register %u, %#llx", reg, pa);
	}
}

static void memtype_disabled(struct kunit *test)
{
	struct keel_mtrrs *m = kit_mtrrs(test, FE | KEEL_MT_WB);

	kit_pc_fixed(m);
	kit_range(m, 0, 4 * G, KEEL_MT_WB);
	KUNIT_EXPECT_EQ(test, keel_memtype_at(m, 0), KEEL_MT_UC);
	KUNIT_EXPECT_EQ(test, keel_memtype_at(m, 0xc0000), KEEL_MT_UC);
	KUNIT_EXPECT_EQ(test, keel_memtype_at(m, G), KEEL_MT_UC);
	KUNIT_EXPECT_EQ(test, keel_memtype_at(m, 5 * G), KEEL_MT_UC);
	KUNIT_EXPECT_TRUE(test, keel_memtype_uniform(m, 0, G));
	/* a CPU without MTRRs */
	memset(m, 0, sizeof(*m));
	m->phys_bits = 36;
	KUNIT_EXPECT_EQ(test, keel_memtype_at(m, 0), KEEL_MT_UC);
	KUNIT_EXPECT_TRUE(test, keel_memtype_uniform(m, 0, G));
}

/* two and three ranges over one address, in every order (SDM 11.11.4.1) */
static void memtype_overlaps(struct kunit *test)
{
	static const u8 types[] = { KEEL_MT_UC, KEEL_MT_WC, KEEL_MT_WT, KEEL_MT_WP, KEEL_MT_WB };
	static const struct {
		u8 a, b, result;
	} rows[] = {
		{ KEEL_MT_UC, KEEL_MT_WC, KEEL_MT_UC }, { KEEL_MT_UC, KEEL_MT_WT, KEEL_MT_UC },
		{ KEEL_MT_UC, KEEL_MT_WP, KEEL_MT_UC }, { KEEL_MT_UC, KEEL_MT_WB, KEEL_MT_UC },
		{ KEEL_MT_WT, KEEL_MT_WB, KEEL_MT_WT },
		/* undefined, and so the type that is always right */
		{ KEEL_MT_WC, KEEL_MT_WT, KEEL_MT_UC }, { KEEL_MT_WC, KEEL_MT_WP, KEEL_MT_UC },
		{ KEEL_MT_WC, KEEL_MT_WB, KEEL_MT_UC }, { KEEL_MT_WT, KEEL_MT_WP, KEEL_MT_UC },
		{ KEEL_MT_WP, KEEL_MT_WB, KEEL_MT_UC },
	};
	struct keel_mtrrs *m = kit_mtrrs(test, E | KEEL_MT_WP);
	unsigned int i, j, k;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		m->cap = 0;
		kit_range(m, 0, 2 * G, rows[i].a);
		kit_range(m, G, G, rows[i].b);
		KUNIT_EXPECT_EQ_MSG(test, keel_memtype_at(m, G), (enum keel_memtype)rows[i].result,
				    "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, keel_memtype_at(m, G - 1), (enum keel_memtype)rows[i].a,
				    "row %u", i);
		m->cap = 0;
		kit_range(m, G, G, rows[i].b);
		kit_range(m, 0, 2 * G, rows[i].a);
		KUNIT_EXPECT_EQ_MSG(test, keel_memtype_at(m, G), (enum keel_memtype)rows[i].result,
				    "row %u, the other way round", i);
	}
	for (i = 0; i < 5; i++) {
		for (j = 0; j < 5; j++) {
			for (k = 0; k < 5; k++) {
				m->cap = 0;
				kit_range(m, 0, 4 * G, types[i]);
				kit_range(m, 0, 2 * G, types[j]);
				kit_range(m, 0, 1 * G, types[k]);
				KUNIT_EXPECT_EQ_MSG(test, keel_memtype_at(m, 0),
						    (enum keel_memtype)reference(m, 0),
						    "%u %u %u", types[i], types[j], types[k]);
			}
		}
	}
}

static void memtype_masks(struct kunit *test)
{
	struct keel_mtrrs *m = kit_mtrrs(test, E | KEEL_MT_UC);

	/* an invalid range is none */
	kit_range(m, 0, G, KEEL_MT_WB);
	m->var[0].mask &= ~V;
	KUNIT_EXPECT_EQ(test, keel_memtype_at(m, 0), KEEL_MT_UC);
	m->var[0].mask |= V;
	KUNIT_EXPECT_EQ(test, keel_memtype_at(m, 0), KEEL_MT_WB);

	/* neither is one beyond what the CPU has */
	m->cap = 0;
	KUNIT_EXPECT_EQ(test, keel_memtype_at(m, 0), KEEL_MT_UC);

	/* bits of the mask beyond the width, or below a page, compare nothing */
	m->cap = 1;
	m->phys_bits = 36;
	m->var[0].base = 0xff00000000000700 | 12 * G | KEEL_MT_WB;
	m->var[0].mask = 0xfff0000000000000 | ((64 * G - 1) & ~(4 * G - 1)) | V | 0x7ff;
	KUNIT_EXPECT_EQ(test, keel_memtype_at(m, 12 * G), KEEL_MT_WB);
	KUNIT_EXPECT_EQ(test, keel_memtype_at(m, 16 * G - 1), KEEL_MT_WB);
	KUNIT_EXPECT_EQ(test, keel_memtype_at(m, 16 * G), KEEL_MT_UC);
	KUNIT_EXPECT_EQ(test, keel_memtype_at(m, 12 * G - 1), KEEL_MT_UC);

	/* the highest bit that there is does count */
	m->phys_bits = 52;
	m->var[0].base = 1ULL << 51 | KEEL_MT_WB;
	m->var[0].mask = 1ULL << 51 | V;
	KUNIT_EXPECT_EQ(test, keel_memtype_at(m, 1ULL << 51), KEEL_MT_WB);
	KUNIT_EXPECT_EQ(test, keel_memtype_at(m, (1ULL << 51) - 1), KEEL_MT_UC);

	/* a mask with holes: every other page */
	m->var[0].base = 4096 | KEEL_MT_WT;
	m->var[0].mask = 4096 | V;
	KUNIT_EXPECT_EQ(test, keel_memtype_at(m, 3 * G), KEEL_MT_UC);
	KUNIT_EXPECT_EQ(test, keel_memtype_at(m, 3 * G + 4096), KEEL_MT_WT);
	KUNIT_EXPECT_FALSE(test, keel_memtype_uniform(m, 3 * G, 8192));
	KUNIT_EXPECT_FALSE(test, keel_memtype_uniform(m, 3 * G, G));
	KUNIT_EXPECT_TRUE(test, keel_memtype_uniform(m, 3 * G, 4096));
}

static void memtype_range_count(struct kunit *test)
{
	struct keel_mtrrs *m = kit_mtrrs(test, E | KEEL_MT_UC);
	unsigned int i;

	for (i = 0; i < KEEL_MTRR_VAR_MAX; i++)
		kit_range(m, i * G, G, KEEL_MT_WB);
	KUNIT_EXPECT_EQ(test, keel_memtype_at(m, 31 * G), KEEL_MT_WB);
	/* a CPU that says it has more: a sanitizer sees whether they are read */
	for (i = KEEL_MTRR_VAR_MAX; i < 256; i++) {
		m->cap = FIX | i;
		KUNIT_EXPECT_EQ(test, keel_mtrr_var_nr(m), 32U);
		KUNIT_EXPECT_EQ(test, keel_memtype_at(m, 40 * G), KEEL_MT_UC);
	}
}

#define OLD_PC		KIT_OLD_PC
#define SEABIOS		KIT_SEABIOS
#define OVMF		KIT_OVMF
#define SERVER		KIT_SERVER

static void memtype_of_firmware(struct kunit *test)
{
	static const struct {
		u8 layout;
		u8 type;
		u64 pa;
	} rows[] = {
		{ OLD_PC, KEEL_MT_WB, 0 }, { OLD_PC, KEEL_MT_UC, 0xa0000 },
		{ OLD_PC, KEEL_MT_UC, 0xbffff }, { OLD_PC, KEEL_MT_WP, 0xf0000 },
		{ OLD_PC, KEEL_MT_WB, 0x100000 }, { OLD_PC, KEEL_MT_WB, 0xceffffff },
		{ OLD_PC, KEEL_MT_UC, 0xcf000000 }, { OLD_PC, KEEL_MT_UC, 0xd0000000 },
		{ OLD_PC, KEEL_MT_UC, 0xfee00000 }, { OLD_PC, KEEL_MT_WB, 0x100000000 },
		{ OLD_PC, KEEL_MT_WB, 0x12fffffff }, { OLD_PC, KEEL_MT_UC, 0x130000000 },
		{ SEABIOS, KEEL_MT_WB, 0xbfffffff }, { SEABIOS, KEEL_MT_UC, 0xc0000000 },
		{ SEABIOS, KEEL_MT_UC, 0xffffffff }, { SEABIOS, KEEL_MT_WB, 0x100000000 },
		{ SEABIOS, KEEL_MT_WB, 0x1c0000000 },
		{ OVMF, KEEL_MT_WB, 0x7fffffff }, { OVMF, KEEL_MT_UC, 0x80000000 },
		{ OVMF, KEEL_MT_WB, 0x7fffffffff }, { OVMF, KEEL_MT_UC, 0x8000000000 },
		{ OVMF, KEEL_MT_UC, 0xffffffffff }, { OVMF, KEEL_MT_WB, 0x10000000000 },
		{ SERVER, KEEL_MT_WB, 0x7f9fffff }, { SERVER, KEEL_MT_UC, 0x7fa00000 },
		{ SERVER, KEEL_MT_UC, 0x7fffffff }, { SERVER, KEEL_MT_UC, 0x80000000 },
		{ SERVER, KEEL_MT_WB, 0x7ffffffff }, { SERVER, KEEL_MT_UC, 0x800000000 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		KUNIT_EXPECT_EQ_MSG(test, (u8)keel_memtype_at(kit_layout(test, rows[i].layout),
							      rows[i].pa),
				    rows[i].type, "layout %u, %#llx", rows[i].layout, rows[i].pa);
}

static void memtype_uniform_of_firmware(struct kunit *test)
{
	static const struct {
		u8 layout;
		bool uniform;
		u64 pa;
		u64 size;
	} rows[] = {
		{ OLD_PC, false, 0, G }, { OLD_PC, false, 0, 2 * M }, { OLD_PC, true, 0, 512 * K },
		{ OLD_PC, true, 2 * M, 2 * M }, { OLD_PC, true, G, G }, { OLD_PC, false, 3 * G, G },
		{ OLD_PC, true, 0xcee00000, 2 * M }, { OLD_PC, true, 0xcf000000, 2 * M },
		/* UC and UC over WC make UC */
		{ OLD_PC, true, 0xd0000000, 256 * M }, { OLD_PC, false, 4 * G, G },
		{ OLD_PC, true, 5 * G, G },
		{ SEABIOS, false, 0, G }, { SEABIOS, true, 2 * G, G }, { SEABIOS, true, 3 * G, G },
		{ SEABIOS, true, 4 * G, G }, { SEABIOS, false, 0, 4 * G },
		{ OVMF, true, 2 * G, 2 * G }, { OVMF, true, 511 * G, G },
		{ OVMF, true, 512 * G, G },
		{ SERVER, false, G, G }, { SERVER, true, 0x7f800000, 2 * M },
		{ SERVER, true, 0x7fa00000, 2 * M }, { SERVER, false, 0x7f800000, 4 * M },
		{ SERVER, true, 0x7fc00000, 4 * M }, { SERVER, true, 2 * G, 2 * G },
		{ SERVER, true, 4 * G, 4 * G }, { SERVER, true, 31 * G, G },
		/* ranges that meet with one type do not divide */
		{ SERVER, true, 16 * G, 16 * G }, { SERVER, false, 0, 32 * G },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		KUNIT_EXPECT_EQ_MSG(test, keel_memtype_uniform(kit_layout(test, rows[i].layout),
							       rows[i].pa, rows[i].size),
				    rows[i].uniform, "layout %u, %#llx at %#llx", rows[i].layout,
				    rows[i].size, rows[i].pa);
}

/* ranges that divide a block without a difference in type leave it whole */
static void memtype_uniform_in_pieces(struct kunit *test)
{
	struct keel_mtrrs *m = kit_mtrrs(test, E | KEEL_MT_WB);

	kit_range(m, G, 512 * M, KEEL_MT_WB);
	KUNIT_EXPECT_TRUE(test, keel_memtype_uniform(m, G, G));
	/* the last page differs */
	kit_range(m, 2 * G - 4096, 4096, KEEL_MT_UC);
	KUNIT_EXPECT_FALSE(test, keel_memtype_uniform(m, G, G));
	KUNIT_EXPECT_FALSE(test, keel_memtype_uniform(m, 2 * G - 8192, 8192));
	KUNIT_EXPECT_TRUE(test, keel_memtype_uniform(m, 2 * G - 4096, 4096));
	KUNIT_EXPECT_TRUE(test, keel_memtype_uniform(m, 2 * G, G));
	/* fixed ranges of the type that the rest has: the first gigabyte is whole */
	m->cap |= FIX;
	m->def_type |= FE;
	memset(m->fixed, KEEL_MT_WB, sizeof(m->fixed));
	KUNIT_EXPECT_TRUE(test, keel_memtype_uniform(m, 0, G));
	/* the last of them not */
	((u8 *)m->fixed)[87] = KEEL_MT_WP;
	KUNIT_EXPECT_FALSE(test, keel_memtype_uniform(m, 0, G));
	KUNIT_EXPECT_FALSE(test, keel_memtype_uniform(m, 0, M));
	/* all of them the same, but not the rest */
	memset(m->fixed, KEEL_MT_UC, sizeof(m->fixed));
	KUNIT_EXPECT_TRUE(test, keel_memtype_uniform(m, 0, M));
	KUNIT_EXPECT_FALSE(test, keel_memtype_uniform(m, 0, 2 * M));
}

/*
 * Any registers: ranges of @unit pages and up, over and beside one another,
 * within 1 << @bits.  Few types, so that neighbours often agree.
 */
static void random_layout(struct keel_mtrrs *m, struct rnd_state *rnd, u64 unit, unsigned int bits)
{
	static const u8 types[] = { KEEL_MT_WB, KEEL_MT_WB, KEEL_MT_WB, KEEL_MT_UC, KEEL_MT_WT,
				    KEEL_MT_WC, KEEL_MT_WP };
	unsigned int i, nr = kit_below(rnd, 9);

	memset(m, 0, sizeof(*m));
	m->phys_bits = 32 + kit_below(rnd, 15);
	m->def_type = types[kit_below(rnd, 7)] | E | (prandom_u32_state(rnd) & FE);
	m->cap = prandom_u32_state(rnd) & FIX;
	for (i = 0; i < 88; i++)
		((u8 *)m->fixed)[i] = types[kit_below(rnd, 60) < 58 ? 0 : kit_below(rnd, 7)];
	for (i = 0; i < nr; i++) {
		u64 size = unit << kit_below(rnd, bits - __builtin_ctzll(unit));

		kit_range(m, kit_random(rnd) & ((1ULL << bits) - 1) & ~(size - 1), size,
			  types[kit_below(rnd, 7)]);
		if (!kit_below(rnd, 8))
			m->var[i].mask &= ~V;
		/* a hole in the mask */
		if (!kit_below(rnd, 8))
			m->var[i].mask &= ~(unit << kit_below(rnd, bits - __builtin_ctzll(unit)));
		if (!kit_below(rnd, 4))
			m->var[i].mask |= ~0ULL << m->phys_bits;
	}
}

static void memtype_random(struct kunit *test)
{
	struct keel_mtrrs *m = kit_mtrrs(test, 0);
	unsigned int round, i;
	struct rnd_state rnd;
	u64 pa;

	prandom_seed_state(&rnd, 1);
	for (round = 0; round < 1000; round++) {
		random_layout(m, &rnd, 4 * K, 23 + kit_below(&rnd, 9));
		for (i = 0; i < 50; i++) {
			pa = kit_random(&rnd) & ((1ULL << (20 + kit_below(&rnd, 13))) - 1);
			KUNIT_ASSERT_EQ_MSG(test, (unsigned int)keel_memtype_at(m, pa),
					    reference(m, pa), "round %u, %#llx", round, pa);
		}
	}
}

/* every aligned block of 8K to 4M in the first 8M */
static void memtype_uniform_random(struct kunit *test)
{
	struct keel_mtrrs *m = kit_mtrrs(test, 0);
	u8 *one = kunit_kzalloc(test, 2048, GFP_KERNEL);	/* its 4096 blocks' uniformity */
	unsigned int round, level, i, uniform = 0, divided = 0;
	struct rnd_state rnd;
	u64 size;

	KUNIT_ASSERT_NOT_NULL(test, one);
	prandom_seed_state(&rnd, 2);
	for (round = 0; round < 60; round++) {
		random_layout(m, &rnd, round & 1 ? 4 * K : 64 * K, 23);
		for (level = 1; level <= 10; level++) {
			size = 4096ULL << level;
			for (i = 0; i < 2048 >> level; i++) {
				u64 pa = i * size;
				bool is;

				/* a block is whole if its halves are and agree */
				if (level == 1)
					is = reference(m, pa) == reference(m, pa + 4096);
				else
					is = one[2 * i] && one[2 * i + 1] &&
					     reference(m, pa) == reference(m, pa + size / 2);
				one[i] = is;
				KUNIT_ASSERT_EQ_MSG(test, keel_memtype_uniform(m, pa, size), is,
						    "round %u, %#llx at %#llx", round, size, pa);
				if (is)
					uniform++;
				else
					divided++;
			}
		}
	}
	KUNIT_EXPECT_GT(test, uniform, 1000U);
	KUNIT_EXPECT_GT(test, divided, 500U);
}

/* and gigabytes, page by page */
static void memtype_uniform_gigabytes(struct kunit *test)
{
	struct keel_mtrrs *m = kit_mtrrs(test, 0);
	unsigned int round, uniform = 0;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 4);
	for (round = 0; round < 24; round++) {
		u64 pa = kit_below(&rnd, 4) * G;
		bool is;

		random_layout(m, &rnd, 256 * M, 32);
		if (!kit_below(&rnd, 3))
			kit_range(m, kit_random(&rnd) & 0xfffff000, 4096, KEEL_MT_WB);
		is = reference_uniform(m, pa, G);
		uniform += is;
		KUNIT_ASSERT_EQ_MSG(test, keel_memtype_uniform(m, pa, G), is, "round %u, %#llx",
				    round, pa);
	}
	KUNIT_EXPECT_GT(test, uniform, 2U);
	KUNIT_EXPECT_LT(test, uniform, 22U);
}

static struct kunit_case keel_memtype_cases[] = {
	KUNIT_CASE(memtype_fixed_ranges),
	KUNIT_CASE(memtype_fixed_registers),
	KUNIT_CASE(memtype_disabled),
	KUNIT_CASE(memtype_overlaps),
	KUNIT_CASE(memtype_masks),
	KUNIT_CASE(memtype_range_count),
	KUNIT_CASE(memtype_of_firmware),
	KUNIT_CASE(memtype_uniform_of_firmware),
	KUNIT_CASE(memtype_uniform_in_pieces),
	KUNIT_CASE(memtype_random),
	KUNIT_CASE(memtype_uniform_random),
	KUNIT_CASE(memtype_uniform_gigabytes),
	{}
};

static struct kunit_suite keel_memtype_suite = {
	.name = "keel-memtype",
	.test_cases = keel_memtype_cases,
};

kunit_test_suites(&keel_memtype_suite);
