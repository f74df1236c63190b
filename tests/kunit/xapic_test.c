// SPDX-License-Identifier: GPL-2.0
/*
 * keel-xapic: a local APIC's registers as memory, each place in the page and each bit; and
 * what becomes of them on the way from one mode to another.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../../kmod/vmx/apic.h"
#include "kit.h"

#define ID	3

/* What a register is, by SDM table 10-1 */
struct place {
	bool there;
	bool reads;	/* it can be read, as something */
	u32 bits;	/* that a write leaves in it */
	u32 ones;	/* that are always there */
};

static struct place place_of(u32 offset)
{
	switch (offset) {
	case KEEL_APIC_ID:
	case KEEL_APIC_VERSION:
	case KEEL_APIC_PPR:
	case KEEL_APIC_CURRENT:
	case 0x100 ... 0x270:
	case KEEL_APIC_ESR:
		return (struct place) { true, true, 0, 0 };
	case KEEL_APIC_TPR:
		return (struct place) { true, true, 0xff, 0 };
	case KEEL_APIC_EOI:
		return (struct place) { true, false, 0, 0 };
	case KEEL_APIC_LDR:
	case KEEL_APIC_ICR2:
		return (struct place) { true, true, 0xff000000, 0 };
	case KEEL_APIC_DFR:
		return (struct place) { true, true, 0xf0000000, 0x0fffffff };
	case KEEL_APIC_SVR:
		return (struct place) { true, true, 0x3ff, 0 };
	case KEEL_APIC_ICR:
		return (struct place) { true, true, 0xccfff, 0 };
	case KEEL_APIC_LVT_TIMER:
		return (struct place) { true, true, 0x700ff, 0 };
	case KEEL_APIC_LVT_THERMAL:
	case KEEL_APIC_LVT_PERF:
		return (struct place) { true, true, 0x107ff, 0 };
	case KEEL_APIC_LVT_LINT0:
	case KEEL_APIC_LVT_LINT1:
		return (struct place) { true, true, 0x1a7ff, 0 };
	case KEEL_APIC_LVT_ERROR:
		return (struct place) { true, true, 0x100ff, 0 };
	case KEEL_APIC_INITIAL:
		return (struct place) { true, true, ~0U, 0 };
	case KEEL_APIC_DIVIDE:
		return (struct place) { true, true, 0xb, 0 };
	default:
		return (struct place) { 0 };
	}
}

static struct keel_apic *fresh(struct kunit *test)
{
	struct keel_apic *apic = kunit_kzalloc(test, KEEL_PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, apic);
	keel_apic_reset(apic, ID, false);
	return apic;
}

static void renew(struct keel_apic *apic)
{
	keel_apic_reset(apic, ID, false);
	keel_xapic_write(apic, KEEL_APIC_SVR, 4, 0x1ff, 0);
}

static u32 reads(struct keel_apic *apic, u32 offset, u64 now)
{
	u32 val = 0xbad;

	keel_xapic_read(apic, offset, 4, now, &val);
	return val;
}

static u32 errors(struct keel_apic *apic)
{
	keel_xapic_write(apic, KEEL_APIC_ESR, 4, 0, 0);
	return reads(apic, KEEL_APIC_ESR, 0);
}

static void xapic_reset(struct kunit *test)
{
	struct keel_apic *apic = fresh(test);
	u32 at, want;

	for (at = 0; at < KEEL_PAGE_SIZE; at += 16) {
		want = at == KEEL_APIC_ID ? ID << 24 : at == KEEL_APIC_VERSION ? 0x50014 :
		       at == KEEL_APIC_DFR ? ~0U : at == KEEL_APIC_SVR ? 0xff :
		       at >= KEEL_APIC_LVT_TIMER && at <= KEEL_APIC_LVT_ERROR ?
		       KEEL_APIC_LVT_MASKED : 0;
		KUNIT_EXPECT_EQ_MSG(test, reads(apic, at, 0), want, "%#x", at);
	}
}

static void expect_bits(struct kunit *test, struct keel_apic *apic, u32 at)
{
	struct place place = place_of(at);
	u32 bit, before, effect;

	for (bit = 0; bit < 32; bit++) {
		renew(apic);
		before = reads(apic, at, 5);
		errors(apic);
		effect = keel_xapic_write(apic, at, 4, 1U << bit, 5);
		KUNIT_EXPECT_EQ_MSG(test, errors(apic) & 0x80, place.there ? 0U : 0x80U,
				    "%#x, bit %u", at, bit);
		KUNIT_EXPECT_FALSE(test, effect & KEEL_APIC_GP);
		if (at == KEEL_APIC_ESR || !place.there)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, reads(apic, at, 5), place.bits ?
				    ((1U << bit) & place.bits) | place.ones : before,
				    "%#x, bit %u", at, bit);
	}
}

static void xapic_registers(struct kunit *test)
{
	struct keel_apic *apic = fresh(test);
	u32 at, val, effect;

	for (at = 0; at < KEEL_PAGE_SIZE; at += 16) {
		renew(apic);
		if (at < sizeof(apic->reg))
			apic->reg[at / 4] |= 0xa0000000;
		effect = keel_xapic_read(apic, at, 4, 0, &val);
		KUNIT_EXPECT_EQ_MSG(test, effect, place_of(at).there ? 0U : (u32)KEEL_APIC_LOOK,
				    "%#x", at);
		if (!place_of(at).reads)
			KUNIT_EXPECT_EQ_MSG(test, val, 0U, "%#x", at);
		else if (at != KEEL_APIC_CURRENT)
			KUNIT_EXPECT_EQ_MSG(test, val & 0xa0000000, 0xa0000000U, "%#x", at);
		KUNIT_EXPECT_EQ_MSG(test, errors(apic) & 0x80, place_of(at).there ? 0U : 0x80U,
				    "%#x", at);
		expect_bits(test, apic, at);
	}
}

/* Reads of a part give that; nothing else than 32 bits, aligned, is written. */
static void xapic_sizes(struct kunit *test)
{
	struct keel_apic *apic = fresh(test);
	u32 at, size, val, want;

	renew(apic);
	keel_xapic_write(apic, KEEL_APIC_INITIAL, 4, 0x44332211, 0);
	for (size = 1; size <= 8; size *= 2) {
		for (at = 0; at < 16; at++) {
			want = at + size > 4 ? 0 : 0x44332211U >> 8 * at;
			KUNIT_EXPECT_EQ(test, keel_xapic_read(apic, KEEL_APIC_INITIAL + at, size, 0,
							      &val), 0U);
			/* what is above its size is the reader's to cut off */
			if (size < 4)
				val &= (1U << 8 * size) - 1, want &= (1U << 8 * size) - 1;
			KUNIT_EXPECT_EQ_MSG(test, val, want, "%u bytes at %u", size, at);
			if (at || size != 4)
				keel_xapic_write(apic, KEEL_APIC_TPR + at, size, 0x77, 0);
		}
	}
	KUNIT_EXPECT_EQ(test, reads(apic, KEEL_APIC_TPR, 0), 0U);
	KUNIT_EXPECT_EQ(test, errors(apic), 0U);
	/* the count moves */
	keel_xapic_write(apic, KEEL_APIC_DIVIDE, 4, 0xb, 0);
	keel_xapic_write(apic, KEEL_APIC_INITIAL, 4, 1000, 50);
	KUNIT_EXPECT_EQ(test, reads(apic, KEEL_APIC_CURRENT, 250), 800U);
}

static void xapic_command(struct kunit *test)
{
	static const struct {
		u32 high;
		u32 low;
		u64 icr;
	} rows[] = {
		{ 0x05000000, 0x45, 0x500000045 }, { 0x05ffffff, 0x45, 0x500000045 },
		{ 0xff000000, 0x845, 0xffffffff00000845 }, { 0, 0x4500, 0x4500 },
		{ 0xfe000000, 0xfff33045, 0xfe00000045 },
	};
	struct keel_apic *apic = fresh(test);
	unsigned int i;
	u64 icr;

	renew(apic);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		KUNIT_EXPECT_EQ(test, keel_xapic_write(apic, KEEL_APIC_ICR2, 4, rows[i].high, 0),
				(u32)KEEL_APIC_LOOK);
		KUNIT_EXPECT_EQ(test, keel_xapic_write(apic, KEEL_APIC_ICR, 4, rows[i].low, 0),
				(u32)KEEL_APIC_SEND);
		/* what is carried out */
		icr = keel_apic_get(apic, KEEL_APIC_ICR) |
		      (u64)keel_apic_get(apic, KEEL_APIC_ICR + 4) << 32;
		KUNIT_EXPECT_EQ_MSG(test, icr, rows[i].icr, "row %u", i);
		KUNIT_EXPECT_EQ(test, reads(apic, KEEL_APIC_ICR2, 0), rows[i].high & 0xff000000);
	}
	KUNIT_EXPECT_EQ(test, keel_xapic_write(apic, KEEL_APIC_ICR, 4, 3, 0), (u32)KEEL_APIC_LOOK);
	KUNIT_EXPECT_EQ(test, errors(apic), 0x20U);
}

/* The end of an interrupt says whether it was level-triggered, as that by MSR does. */
static void xapic_eoi(struct kunit *test)
{
	struct keel_apic *apic = fresh(test);
	u64 posted[4] = { 0, 1ULL << 5 | 1ULL << 9 }, level[4] = { 0, 1ULL << 9 };

	renew(apic);
	keel_apic_merge(apic, posted, level);
	keel_apic_accept(apic, 0x49);
	KUNIT_EXPECT_EQ(test, keel_xapic_write(apic, KEEL_APIC_EOI, 4, 0x12345678, 0),
			0x49000000U | KEEL_APIC_LOOK | KEEL_APIC_EOI_LEVEL);
	KUNIT_EXPECT_EQ(test, keel_apic_deliverable(apic), 0x45U);
	keel_apic_accept(apic, 0x45);
	KUNIT_EXPECT_EQ(test, keel_xapic_write(apic, KEEL_APIC_EOI, 4, 0, 0), (u32)KEEL_APIC_LOOK);
	KUNIT_EXPECT_EQ(test, keel_apic_highest(apic, KEEL_APIC_ISR), 0U);
}

/* An access to nowhere raises the error interrupt, once until it is told. */
static void xapic_errors(struct kunit *test)
{
	struct keel_apic *apic = fresh(test);
	u32 val;

	renew(apic);
	keel_xapic_write(apic, KEEL_APIC_LVT_ERROR, 4, 0x99, 0);
	KUNIT_EXPECT_EQ(test, keel_xapic_read(apic, 0x400, 4, 0, &val), (u32)KEEL_APIC_LOOK);
	KUNIT_EXPECT_EQ(test, keel_apic_deliverable(apic), 0x99U);
	keel_apic_accept(apic, 0x99);
	keel_xapic_write(apic, KEEL_APIC_SELF_IPI, 4, 0x55, 0);
	KUNIT_EXPECT_EQ(test, keel_apic_highest(apic, KEEL_APIC_IRR), 0U);
	KUNIT_EXPECT_EQ(test, errors(apic), 0x80U);
	keel_xapic_write(apic, KEEL_APIC_SELF_IPI, 4, 0x55, 0);
	KUNIT_EXPECT_EQ(test, keel_apic_highest(apic, KEEL_APIC_IRR), 0x99U);
}

/* Into x2APIC mode: ids and destinations are others, all else stays (SDM 10.12.5.1) */
static void xapic_enter(struct kunit *test)
{
	struct keel_apic *apic = fresh(test), *before = fresh(test);
	u32 at;

	renew(apic);
	for (at = KEEL_APIC_TPR; at <= KEEL_APIC_DIVIDE; at += 16)
		if (place_of(at).bits && at != KEEL_APIC_SVR)
			keel_xapic_write(apic, at, 4, 0x1a000055, 0);
	keel_xapic_write(apic, KEEL_APIC_ICR, 4, 0x4445, 0);
	keel_apic_raise(apic, 0x77);
	memcpy(before, apic, sizeof(*before));
	keel_apic_enter(apic, ID, true);
	for (at = 0; at < 0x400; at += 4) {
		u32 want = keel_apic_get(before, at);

		if (at == KEEL_APIC_ID)
			want = ID;
		else if (at == KEEL_APIC_LDR)
			want = 1 << ID;
		else if (at == KEEL_APIC_DFR || at == KEEL_APIC_ICR2 || at == KEEL_APIC_ICR + 4)
			want = 0;
		KUNIT_EXPECT_EQ_MSG(test, keel_apic_get(apic, at), want, "%#x", at);
	}
	KUNIT_EXPECT_EQ(test, apic->deadline, before->deadline);
	KUNIT_EXPECT_EQ(test, keel_apic_get(before, KEEL_APIC_ICR + 4), 0x1aU);
	/* back, as after power-on */
	keel_apic_reset(apic, ID, false);
	KUNIT_EXPECT_EQ(test, keel_apic_get(apic, KEEL_APIC_ID), (u32)ID << 24);
	KUNIT_EXPECT_EQ(test, keel_apic_get(apic, KEEL_APIC_LDR), 0U);
	KUNIT_EXPECT_EQ(test, keel_apic_get(apic, KEEL_APIC_DFR), ~0U);
}

static struct kunit_case keel_xapic_cases[] = {
	KUNIT_CASE(xapic_reset),
	KUNIT_CASE(xapic_registers),
	KUNIT_CASE(xapic_sizes),
	KUNIT_CASE(xapic_command),
	KUNIT_CASE(xapic_eoi),
	KUNIT_CASE(xapic_errors),
	KUNIT_CASE(xapic_enter),
	{}
};

static struct kunit_suite keel_xapic_suite = {
	.name = "keel-xapic",
	.test_cases = keel_xapic_cases,
};

kunit_test_suites(&keel_xapic_suite);
