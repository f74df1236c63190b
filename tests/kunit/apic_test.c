// SPDX-License-Identifier: GPL-2.0
/*
 * keel-apic: a local APIC's registers as MSRs, bit by bit; its interrupts and its timer,
 * against a model that is as plain as can be and gets the same random steps.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/msr-index.h>

#include "../../kmod/vmx/apic.h"
#include "kit.h"

#define TPR	0x808
#define EOI	0x80b
#define SVR	0x80f
#define ESR	0x828
#define ICR	0x830
#define LVTT	0x832
#define LVTERR	0x837
#define INITIAL	0x838
#define CURRENT	0x839
#define DIVIDE	0x83e
#define SELF	0x83f

#define STEPS	20000

static struct keel_apic *fresh(struct kunit *test, u32 id, bool on)
{
	struct keel_apic *apic = kunit_kzalloc(test, KEEL_PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, apic);
	keel_apic_reset(apic, id, true);
	if (on)
		KUNIT_ASSERT_EQ(test, keel_apic_write(apic, SVR, 0x1ff, 0), (u32)KEEL_APIC_LOOK);
	return apic;
}

static u64 reads(const struct keel_apic *apic, u32 msr, u64 now)
{
	u64 val = 0xbad;

	return keel_apic_read(apic, msr, now, &val) ? val : ~0ULL;
}

/* What can be read and written, and the bits that a write may have (SDM table 10-6) */
static bool readable(u32 msr)
{
	return msr == 0x802 || msr == 0x803 || msr == TPR || msr == 0x80a || msr == 0x80d ||
	       msr == SVR || (msr >= 0x810 && msr <= ESR) || msr == ICR ||
	       (msr >= LVTT && msr <= CURRENT) || msr == DIVIDE || msr == MSR_IA32_TSC_DEADLINE;
}

static u64 writable(u32 msr)
{
	switch (msr) {
	case TPR:
	case SELF:
		return 0xff;
	case EOI:
	case ESR:
		return 0;
	case SVR:
		return 0x3ff;
	case ICR:
		return 0xffffffff000cdfffULL;
	case LVTT:
		return 0x710ff;
	case 0x833:
	case 0x834:
		return 0x117ff;
	case 0x835:
	case 0x836:
		return 0x1f7ff;
	case LVTERR:
		return 0x110ff;
	case INITIAL:
		return 0xffffffff;
	case DIVIDE:
		return 0xb;
	case MSR_IA32_TSC_DEADLINE:
		return ~0ULL;
	default:
		return 1ULL << 63;	/* no register has this bit alone: none to write */
	}
}

static void expect_msr(struct kunit *test, u32 msr)
{
	struct keel_apic *apic = fresh(test, 3, true);
	u64 val, may = writable(msr);
	unsigned int bit;

	KUNIT_EXPECT_EQ_MSG(test, keel_apic_read(apic, msr, 5, &val), readable(msr), "%#x", msr);
	KUNIT_EXPECT_EQ_MSG(test, !(keel_apic_write(apic, msr, 0, 5) & KEEL_APIC_GP),
			    may != 1ULL << 63, "%#x", msr);
	for (bit = 0; bit < 64; bit++) {
		if (may == 1ULL << 63)
			break;
		keel_apic_reset(apic, 3, true);
		keel_apic_write(apic, SVR, 0x1ff, 0);
		val = keel_apic_write(apic, msr, 1ULL << bit, 5);
		KUNIT_EXPECT_EQ_MSG(test, !(val & KEEL_APIC_GP), may >> bit & 1, "%#x, bit %u",
				    msr, bit);
	}
	kunit_kfree(test, apic);
}

static void apic_msrs(struct kunit *test)
{
	u32 msr;

	for (msr = 0x7f0; msr < 0x910; msr++)
		expect_msr(test, msr);
	expect_msr(test, MSR_IA32_TSC_DEADLINE);
}

static void apic_reset(struct kunit *test)
{
	struct keel_apic *apic = fresh(test, 13, false);
	u32 msr;

	KUNIT_EXPECT_LE(test, sizeof(struct keel_apic), (size_t)KEEL_PAGE_SIZE);
	for (msr = 0x800; msr < 0x840; msr++) {
		if (!readable(msr))
			continue;
		KUNIT_EXPECT_EQ_MSG(test, reads(apic, msr, 1),
				    msr == 0x802 ? 13ULL : msr == 0x803 ? 0x50014ULL :
				    msr == 0x80d ? 1ULL << 13 : msr == SVR ? 0xffULL :
				    msr >= LVTT && msr <= LVTERR ? 0x10000ULL : 0ULL,
				    "%#x", msr);
	}
	keel_apic_reset(apic, 0x35, true);
	KUNIT_EXPECT_EQ(test, reads(apic, 0x80d, 1), 0x30000ULL | 1 << 5);
}

/* Local vectors stay masked while software has disabled the APIC. */
static void apic_disabled(struct kunit *test)
{
	struct keel_apic *apic = fresh(test, 0, false);
	u64 posted[4] = { 0, 0, 1 }, level[4] = { 0 };
	u32 msr;

	for (msr = LVTT; msr <= LVTERR; msr++) {
		keel_apic_write(apic, msr, 0x55, 0);
		KUNIT_EXPECT_EQ(test, reads(apic, msr, 0), 0x10055ULL);
	}
	keel_apic_write(apic, SELF, 0x77, 0);
	KUNIT_EXPECT_FALSE(test, keel_apic_merge(apic, posted, level));
	KUNIT_EXPECT_EQ(test, keel_apic_highest(apic, KEEL_APIC_IRR), 0U);
	KUNIT_EXPECT_EQ(test, posted[2], 0ULL);
	keel_apic_write(apic, SVR, 0x1ff, 0);
	keel_apic_write(apic, LVTT, 0x55, 0);
	KUNIT_EXPECT_EQ(test, reads(apic, LVTT, 0), 0x55ULL);
	/* what is pending stays so */
	keel_apic_write(apic, SELF, 0x77, 0);
	keel_apic_write(apic, SVR, 0xff, 0);
	KUNIT_EXPECT_EQ(test, reads(apic, LVTT, 0), 0x10055ULL);
	KUNIT_EXPECT_EQ(test, keel_apic_deliverable(apic), 0x77U);
}

static void apic_errors(struct kunit *test)
{
	struct keel_apic *apic = fresh(test, 0, true);

	keel_apic_write(apic, LVTERR, 0x99, 0);
	KUNIT_EXPECT_EQ(test, keel_apic_write(apic, ICR, 0xf, 0), (u32)KEEL_APIC_LOOK);
	KUNIT_EXPECT_EQ(test, reads(apic, ESR, 0), 0ULL);
	KUNIT_EXPECT_EQ(test, keel_apic_deliverable(apic), 0x99U);
	keel_apic_accept(apic, 0x99);
	/* one interrupt for what is not told yet */
	keel_apic_write(apic, ICR, 0, 0);
	KUNIT_EXPECT_EQ(test, keel_apic_highest(apic, KEEL_APIC_IRR), 0U);
	keel_apic_write(apic, SELF, 0xf, 0);
	KUNIT_EXPECT_EQ(test, keel_apic_highest(apic, KEEL_APIC_IRR), 0x99U);
	keel_apic_write(apic, ESR, 0, 0);
	KUNIT_EXPECT_EQ(test, reads(apic, ESR, 0), 0x60ULL);
	keel_apic_write(apic, ESR, 0, 0);
	KUNIT_EXPECT_EQ(test, reads(apic, ESR, 0), 0ULL);
	/* NMIs, INIT and the like have no vector that could be bad */
	KUNIT_EXPECT_EQ(test, keel_apic_write(apic, ICR, 0x400, 0), (u32)KEEL_APIC_SEND);
	KUNIT_EXPECT_EQ(test, keel_apic_write(apic, ICR, 0x12345678000c4500ULL, 0),
			(u32)KEEL_APIC_SEND);
	KUNIT_EXPECT_EQ(test, reads(apic, ICR, 0), 0x12345678000c4500ULL);
}

/* The ways between disabled, xAPIC and x2APIC mode, and bits that are there */
static void apic_base(struct kunit *test)
{
	static const u64 modes[] = { 0, 0x800, 0xc00 };
	static const bool ways[3][3] = { { 1, 1, 0 }, { 1, 1, 1 }, { 1, 0, 1 } };
	unsigned int from, to, bit;

	for (from = 0; from < 3; from++)
		for (to = 0; to < 3; to++)
			KUNIT_EXPECT_EQ_MSG(test, keel_apic_base_valid(0xfee00000 | modes[from],
								       0xfee00000 | modes[to], 39),
					    ways[from][to], "%u to %u", from, to);
	KUNIT_EXPECT_FALSE(test, keel_apic_base_valid(0xfee00800, 0xfee00400, 39));
	for (bit = 0; bit < 64; bit++)
		KUNIT_EXPECT_EQ_MSG(test, keel_apic_base_valid(0xc00, 0xc00 | 1ULL << bit, 39),
				    bit == 8 || (bit >= 10 && bit < 39), "bit %u", bit);
}

/* The model: a flag for each vector. */
struct plain {
	bool irr[256], isr[256], level[256];
	u32 tpr;
};

static u32 top(const bool *flags)
{
	u32 v = 256;

	while (v--)
		if (flags[v])
			return v;
	return 0;
}

static u32 count(const bool *flags)
{
	u32 v, n = 0;

	for (v = 0; v < 256; v++)
		n += flags[v];
	return n;
}

static u32 plain_ppr(const struct plain *m)
{
	u32 isr = top(m->isr);

	return m->tpr / 16 >= isr / 16 ? m->tpr : isr / 16 * 16;
}

static void expect_same(struct kunit *test, struct keel_apic *apic, const struct plain *m)
{
	u32 v, wrong = 0, irr = top(m->irr);

	for (v = 0; v < 256; v++) {
		wrong += (reads(apic, 0x820 + v / 32, 0) >> v % 32 & 1) != m->irr[v];
		wrong += (reads(apic, 0x810 + v / 32, 0) >> v % 32 & 1) != m->isr[v];
		wrong += (reads(apic, 0x818 + v / 32, 0) >> v % 32 & 1) != m->level[v];
	}
	KUNIT_ASSERT_EQ(test, wrong, 0U);
	KUNIT_ASSERT_EQ(test, reads(apic, 0x80a, 0), (u64)plain_ppr(m));
	KUNIT_ASSERT_EQ(test, keel_apic_deliverable(apic),
			irr / 16 > plain_ppr(m) / 16 ? irr : 0);
	v = top(m->isr);
	KUNIT_ASSERT_EQ(test, keel_apic_is_simple(apic),
			v && !irr && !m->level[v] && count(m->isr) == 1);
}

static void plain_post(struct plain *m, u64 *posted, u64 *level, u32 v, bool is_level)
{
	posted[v / 64] |= 1ULL << v % 64;
	level[v / 64] &= ~(1ULL << v % 64);
	level[v / 64] |= (u64)is_level << v % 64;
	m->irr[v] = true;
	m->level[v] = is_level;
}

static void apic_random(struct kunit *test)
{
	struct keel_apic *apic = fresh(test, 0, true);
	struct plain *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	unsigned int i, ends = 0, levels = 0, taken = 0;
	u64 posted[4] = { 0 }, level[4] = { 0 };
	struct rnd_state rnd;
	u32 v, ret;

	KUNIT_ASSERT_NOT_NULL(test, m);
	prandom_seed_state(&rnd, 41);
	for (i = 0; i < STEPS; i++) {
		v = 16 + kit_below(&rnd, 240);
		switch (kit_below(&rnd, 6)) {
		case 0:
			plain_post(m, posted, level, v, kit_below(&rnd, 2));
			plain_post(m, posted, level, 16 + v % 200, kit_below(&rnd, 2));
			keel_apic_merge(apic, posted, level);
			break;
		case 1:
			keel_apic_write(apic, SELF, v, 0);
			m->irr[v] = true;
			m->level[v] = false;
			break;
		case 2:
			m->tpr = kit_below(&rnd, 3) ? 0 : kit_below(&rnd, 256);
			keel_apic_write(apic, TPR, m->tpr, 0);
			break;
		case 3:
			v = keel_apic_deliverable(apic);
			if (!v)
				break;
			keel_apic_accept(apic, v);
			m->irr[v] = false;
			m->isr[v] = true;
			taken++;
			break;
		default:
			v = top(m->isr);
			ret = keel_apic_write(apic, EOI, 0, 0);
			KUNIT_ASSERT_EQ(test, !!(ret & KEEL_APIC_EOI_LEVEL), v && m->level[v]);
			if (ret & KEEL_APIC_EOI_LEVEL)
				KUNIT_ASSERT_EQ(test, ret >> 24, v);
			levels += v && m->level[v];
			m->isr[v] = false;
			ends += !!v;
		}
		expect_same(test, apic, m);
	}
	KUNIT_EXPECT_GT(test, taken, STEPS / 20U);
	KUNIT_EXPECT_GT(test, ends, STEPS / 20U);
	KUNIT_EXPECT_GT(test, levels, STEPS / 100U);
}

/* merge says when other vectors than before are level-triggered, and only then */
static void apic_merge_changes(struct kunit *test)
{
	struct keel_apic *apic = fresh(test, 0, true);
	u64 posted[4] = { 0 }, level[4] = { 0 };

	posted[3] = 1ULL << 63;
	KUNIT_EXPECT_FALSE(test, keel_apic_merge(apic, posted, level));
	posted[3] = 1ULL << 63;
	level[3] = 1ULL << 63;
	KUNIT_EXPECT_TRUE(test, keel_apic_merge(apic, posted, level));
	posted[3] = 1ULL << 63;
	KUNIT_EXPECT_FALSE(test, keel_apic_merge(apic, posted, level));
	posted[3] = 1ULL << 63;
	level[3] = 0;
	KUNIT_EXPECT_TRUE(test, keel_apic_merge(apic, posted, level));
	KUNIT_EXPECT_FALSE(test, keel_apic_merge(apic, posted, level));
}

static struct kunit_case keel_apic_cases[] = {
	KUNIT_CASE(apic_msrs),
	KUNIT_CASE(apic_reset),
	KUNIT_CASE(apic_disabled),
	KUNIT_CASE(apic_errors),
	KUNIT_CASE(apic_base),
	KUNIT_CASE(apic_random),
	KUNIT_CASE(apic_merge_changes),
	{}
};

static struct kunit_suite keel_apic_suite = {
	.name = "keel-apic",
	.test_cases = keel_apic_cases,
};

kunit_test_suites(&keel_apic_suite);
