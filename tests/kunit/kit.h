/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What several suites share: random numbers that are the same in every run,
 * pages for tables that can run out, a CPU that was made up, and layouts of
 * MTRRs as firmware leaves them.
 *
 * World: KUnit.  No locks.
 */
#ifndef KEEL_TEST_KIT_H
#define KEEL_TEST_KIT_H

#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../kmod/mmu/memtype.h"
#include "../../kmod/mmu/table.h"
#include "../../kmod/vmx/ctl.h"

static inline u64 kit_random(struct rnd_state *rnd)
{
	u64 high = prandom_u32_state(rnd);

	return high << 32 | prandom_u32_state(rnd);
}

/* a number below @n */
static inline u32 kit_below(struct rnd_state *rnd, u32 n)
{
	return prandom_u32_state(rnd) % n;
}

/* Physical addresses of the pool's pages: high, so that every bit of them counts. */
#define KIT_POOL_BASE 0x000abcd5a5a5a000ULL

/**
 * struct kit_pool - pages for tables
 * @test: the running case
 * @page: the pages
 * @nr: how many have been given
 * @max: how many may be given
 * @size: how many @page has room for
 * @bad: an address was asked for that the pool never gave
 */
struct kit_pool {
	struct kunit *test;
	u64 **page;
	unsigned int nr;
	unsigned int max;
	unsigned int size;
	bool bad;
};

static inline u64 *kit_pool_alloc(void *arg, u64 *pa)
{
	struct kit_pool *pool = arg;
	u64 *page;

	if (pool->nr >= pool->max || pool->nr >= pool->size)
		return NULL;
	page = kunit_kzalloc(pool->test, 4096, GFP_KERNEL);
	if (!page)
		return NULL;
	*pa = KIT_POOL_BASE + 4096ULL * pool->nr;
	pool->page[pool->nr++] = page;
	return page;
}

static inline u64 *kit_pool_at(void *arg, u64 pa)
{
	struct kit_pool *pool = arg;
	u64 i = (pa - KIT_POOL_BASE) >> 12;

	if (pa & 4095 || pa < KIT_POOL_BASE || i >= pool->nr) {
		pool->bad = true;
		KUNIT_ASSERT_FALSE_MSG(pool->test, pool->bad, "no table at %#llx", pa);
	}
	return pool->page[i];
}

/* a pool with room for @size pages, and what a tree takes them from */
static inline struct keel_pages *kit_pool(struct kunit *test, unsigned int size)
{
	struct keel_pages *pages = kunit_kzalloc(test, sizeof(*pages), GFP_KERNEL);
	struct kit_pool *pool = kunit_kzalloc(test, sizeof(*pool), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pages);
	KUNIT_ASSERT_NOT_NULL(test, pool);
	pool->page = kunit_kcalloc(test, size, sizeof(*pool->page), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pool->page);
	pool->test = test;
	pool->size = size;
	pool->max = size;
	pages->alloc = kit_pool_alloc;
	pages->at = kit_pool_at;
	pages->arg = pool;
	return pages;
}

/* the bits that a CPU with "true" capability MSRs holds at 1: none of them has a name */
static const u32 kit_default1[KEEL_CTL_NR] = {
	[KEEL_CTL_PIN] = 0x16,
	[KEEL_CTL_PROC] = 0x04006172,
	[KEEL_CTL_EXIT] = 0x00036dfb,
	[KEEL_CTL_ENTRY] = 0x000011fb,
};

/* a CPU that has every control that has a name */
static inline void kit_cpu(struct keel_vmx_caps *caps)
{
	static const struct {
		u8 word;
		u8 bit;
	} named[] = {
#define KEEL_C(word, name, bit, text) { KEEL_CTL_##word, bit },
		KEEL_CTL_BITS(KEEL_C)
#undef KEEL_C
	};
	unsigned int w;

	memset(caps, 0, sizeof(*caps));
	for (w = 0; w < KEEL_CTL_NR; w++) {
		caps->ctl[w].must = kit_default1[w];
		caps->ctl[w].may = kit_default1[w];
	}
	for (w = 0; w < ARRAY_SIZE(named); w++)
		caps->ctl[named[w].word].may |= 1ULL << named[w].bit;
	caps->basic = 1 | 6ULL << KEEL_BASIC_MEMTYPE_SHIFT | KEEL_BASIC_TRUE_CTLS;
	caps->misc = KEEL_MISC_HLT | KEEL_MISC_SHUTDOWN | KEEL_MISC_SIPI | 4 << 16;
	caps->ept_vpid = KEEL_EPT_CAP_WALK4 | KEEL_EPT_CAP_WB | KEEL_EPT_CAP_2M | KEEL_EPT_CAP_1G |
			 KEEL_EPT_CAP_AD;
	caps->cr0_fixed0 = 0x80000021;
	caps->cr0_fixed1 = 0xffffffff;
	caps->cr4_fixed0 = 0x2000;
	caps->cr4_fixed1 = 0x01ff7fff;
	caps->exit2_may = 1 << 3;
	caps->phys_bits = 46;
	caps->linear_bits = 48;
}

#define KIT_MTRR_FIX	BIT_ULL(8)	/* of IA32_MTRRCAP */
#define KIT_MTRR_E	BIT_ULL(11)	/* of IA32_MTRR_DEF_TYPE */
#define KIT_MTRR_FE	BIT_ULL(10)
#define KIT_MTRR_V	BIT_ULL(11)	/* of a mask */

static inline struct keel_mtrrs *kit_mtrrs(struct kunit *test, u64 def_type)
{
	struct keel_mtrrs *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->def_type = def_type;
	m->phys_bits = 39;
	return m;
}

/* one more variable range */
static inline void kit_range(struct keel_mtrrs *m, u64 base, u64 size, unsigned int type)
{
	unsigned int i = m->cap++ & 0xff;

	m->var[i].base = base | type;
	m->var[i].mask = (~(size - 1) & ((1ULL << m->phys_bits) - 1)) | KIT_MTRR_V;
}

/* the fixed ranges of a PC: memory, screen, ROM */
static inline void kit_pc_fixed(struct keel_mtrrs *m)
{
	unsigned int i;

	m->cap |= KIT_MTRR_FIX;
	for (i = 0; i < KEEL_MTRR_FIXED_NR; i++)
		m->fixed[i] = i == 2 ? 0 : i < 2 ? 0x0606060606060606 : 0x0505050505050505;
}

/* layouts as firmware leaves them */
enum kit_layout { KIT_OLD_PC, KIT_SEABIOS, KIT_OVMF, KIT_SERVER, KIT_LAYOUT_NR };

static inline struct keel_mtrrs *kit_layout(struct kunit *test, enum kit_layout which)
{
	struct keel_mtrrs *m = kit_mtrrs(test, KIT_MTRR_E | KIT_MTRR_FE | KEEL_MT_UC);

	kit_pc_fixed(m);
	switch (which) {
	case KIT_OLD_PC:	/* 16 MiB of low memory and a window in UC for graphics */
		m->phys_bits = 36;
		kit_range(m, 0, 4ULL << 30, KEEL_MT_WB);
		kit_range(m, 0xd0000000, 256 << 20, KEEL_MT_UC);
		kit_range(m, 0xe0000000, 512 << 20, KEEL_MT_UC);
		kit_range(m, 0xcf000000, 16 << 20, KEEL_MT_UC);
		kit_range(m, 4ULL << 30, 512 << 20, KEEL_MT_WB);
		kit_range(m, (4ULL << 30) + (512 << 20), 256 << 20, KEEL_MT_WB);
		kit_range(m, 0xd0000000, 256 << 20, KEEL_MT_WC);
		break;
	case KIT_SEABIOS:
		m->def_type |= KEEL_MT_WB;
		m->phys_bits = 40;
		kit_range(m, 0xc0000000, 1 << 30, KEEL_MT_UC);
		break;
	case KIT_OVMF:
		m->def_type |= KEEL_MT_WB;
		m->phys_bits = 46;
		kit_range(m, 0x80000000, 2ULL << 30, KEEL_MT_UC);
		kit_range(m, 512ULL << 30, 512ULL << 30, KEEL_MT_UC);
		break;
	default:		/* 6 MiB off the end of low memory, and memory above 4G */
		m->phys_bits = 46;
		kit_range(m, 0, 2ULL << 30, KEEL_MT_WB);
		kit_range(m, 0x7fa00000, 2 << 20, KEEL_MT_UC);
		kit_range(m, 0x7fc00000, 4 << 20, KEEL_MT_UC);
		kit_range(m, 4ULL << 30, 4ULL << 30, KEEL_MT_WB);
		kit_range(m, 8ULL << 30, 8ULL << 30, KEEL_MT_WB);
		kit_range(m, 16ULL << 30, 16ULL << 30, KEEL_MT_WB);
		break;
	}
	return m;
}

#endif /* KEEL_TEST_KIT_H */
