// SPDX-License-Identifier: GPL-2.0
/*
 * keel-guest-walk: walks of page tables that a guest made, in all of its modes: random
 * tables with random rights and random accesses, and what comes of them said anew.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/msr-index.h>

#include "../../kmod/vmx/guest_walk.h"
#include "fake_machine.h"
#include "kit.h"

#define ID	9
/* up to the hole */
#define FRAMES	KEEL_GFN_HOLE
#define TOP	0x10000ULL	/* page tables, a page each */

#define CR0_WP	BIT_ULL(16)
#define CR0_PG	BIT_ULL(31)
#define CR4_PSE	BIT_ULL(4)
#define CR4_PAE	BIT_ULL(5)
#define SMEP	BIT_ULL(20)
#define SMAP	BIT_ULL(21)
#define AC	BIT_ULL(18)
#define NX	BIT_ULL(63)

#define LOAD	0
#define STORE	KEEL_ACCESS_WRITE
#define USER	KEEL_ACCESS_USER
#define FETCH	KEEL_ACCESS_FETCH

static struct keel_vcpu *vcpu(struct kunit *test)
{
	struct keel_root *root = fake_machine(test);
	u64 batch[KEEL_BATCH_NR];
	unsigned int i;

	KUNIT_ASSERT_EQ(test, keel_guest_new(root, ID, FRAMES), 0LL);
	for (i = 0; i < ARRAY_SIZE(batch); i++)
		batch[i] = 100 + i;
	KUNIT_ASSERT_EQ(test, keel_guest_fill(root, ID, batch, ARRAY_SIZE(batch)),
			(s64)ARRAY_SIZE(batch));
	fake_pass_all();
	keel_guest_settle(root, keel_guest_at(root, ID));
	return fake_vcpu(keel_guest_at(root, ID), 0);
}

static void put(struct keel_vcpu *v, u64 at, u64 entry, u32 size)
{
	keel_gmem_write(&fake->root, v->guest, at, &entry, size, v);
}

static u64 get(struct keel_vcpu *v, u64 at, u32 size)
{
	u64 entry = 0;

	keel_gmem_read(&fake->root, v->guest, at, &entry, size);
	return entry;
}

static const struct keel_paging long_mode = {
	.cr0 = CR0_PG | CR0_WP, .cr3 = TOP | 0xfff, .cr4 = CR4_PAE,
	.efer = EFER_LME | EFER_LMA | EFER_NX, .phys_bits = 40, .gigantic = true,
};

static const struct keel_paging pae = {
	.cr0 = CR0_PG | CR0_WP, .cr3 = TOP, .cr4 = CR4_PAE, .efer = EFER_NX,
	.phys_bits = 40,
	.pdpte = { TOP | 1, TOP | 1, 0, (TOP + 0x1000) | 1 },
};

static const struct keel_paging two_level = {
	.cr0 = CR0_PG | CR0_WP, .cr3 = TOP | 0xfff, .cr4 = CR4_PSE, .phys_bits = 40,
};

static void expect(struct kunit *test, struct keel_vcpu *v, const struct keel_paging *p, u64 addr,
		   u32 access, s64 gpa, u32 error)
{
	struct keel_span span;

	KUNIT_EXPECT_EQ(test, keel_guest_span(v, p, addr, 1, access, &span), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ_MSG(test, span.refused, gpa < 0, "%#llx", addr);
	if (gpa < 0) {
		KUNIT_EXPECT_EQ_MSG(test, span.error, error, "%#llx", addr);
		KUNIT_EXPECT_EQ(test, span.addr, addr);
	} else {
		KUNIT_EXPECT_EQ_MSG(test, span.gpa[0], (u64)gpa, "%#llx", addr);
	}
}

static void walk_none(struct kunit *test)
{
	const struct keel_paging p = { .phys_bits = 40 };
	struct keel_vcpu *v = vcpu(test);

	expect(test, v, &p, 0x12345678, STORE | USER, 0x12345678, 0);
	expect(test, v, &p, 0xffffffff, FETCH, 0xffffffff, 0);
}

/* pages of 4 KiB, 2 MiB, 1 GiB */
static void walk_long(struct kunit *test)
{
	struct keel_vcpu *v = vcpu(test);
	struct keel_paging p = long_mode;

	put(v, TOP + 8 * 511, (TOP + 0x1000) | 7, 8);
	put(v, TOP + 0x1000 + 8 * 3, (TOP + 0x2000) | 7, 8);
	put(v, TOP + 0x2000 + 8 * 5, (TOP + 0x3000) | 7, 8);
	put(v, TOP + 0x3000 + 8 * 9, 0x7123400000 | 3, 8);
	put(v, TOP + 0x2000 + 8 * 6, 0x7123400000 | 0x1085, 8);
	put(v, TOP + 0x1000 + 8 * 4, 0x7140000000 | 0x87, 8);
	/* (511, 3, 5, 9) */
	expect(test, v, &p, 0xffffff80c0a09abc, STORE, 0x7123400abc, 0);
	/* and so the bits are set: dirty in the page's entry only */
	KUNIT_EXPECT_EQ(test, get(v, TOP + 8 * 511, 8), (TOP + 0x1000) | 0x27);
	KUNIT_EXPECT_EQ(test, get(v, TOP + 0x3000 + 8 * 9, 8), 0x7123400063ULL);
	expect(test, v, &p, 0xffffff80c0a09abc, USER, -1, 5);
	expect(test, v, &p, 0xffffff80c0c12345, USER, 0x7123412345, 0);
	KUNIT_EXPECT_EQ(test, get(v, TOP + 0x2000 + 8 * 6, 8), 0x71234010a5ULL);
	expect(test, v, &p, 0xffffff80c0c12345, STORE, -1, 3);
	p.cr0 &= ~CR0_WP;
	expect(test, v, &p, 0xffffff80c0c12345, STORE, 0x7123412345, 0);
	expect(test, v, &p, 0xffffff80c0c12345, STORE | USER, -1, 7);
	expect(test, v, &p, 0xffffff8112345678, LOAD, 0x7152345678, 0);
	p.gigantic = false;
	expect(test, v, &p, 0xffffff8112345678, LOAD, -1, 9);
	expect(test, v, &p, 0xffffff8212345678, FETCH, -1, 0x10);
}

static void walk_pae(struct kunit *test)
{
	struct keel_vcpu *v = vcpu(test);
	struct keel_paging p = pae;

	put(v, TOP + 8 * 2, (TOP + 0x2000) | 7, 8);
	put(v, TOP + 0x2000 + 8 * 1, 0x9987654000 | 3, 8);
	put(v, TOP + 0x1000 + 8 * 511, 0x9900200000 | 0x83 | NX, 8);
	expect(test, v, &p, 0x00401fff, LOAD, 0x9987654fff, 0);
	expect(test, v, &p, 0x40401fff, LOAD, 0x9987654fff, 0);
	expect(test, v, &p, 0x80401fff, STORE, -1, 2);
	expect(test, v, &p, 0xffe01234, STORE, 0x9900201234, 0);
	expect(test, v, &p, 0xffe01234, FETCH, -1, 0x11);
	/* without it the bit is a reserved one, and no fetch is told */
	p.efer = 0;
	expect(test, v, &p, 0xffe01234, FETCH, -1, 9);
	/* from 52 on there is nothing */
	put(v, TOP + 0x2000 + 8 * 1, 0x9987654000 | 3 | BIT_ULL(52), 8);
	expect(test, v, &p, 0x00401fff, LOAD, -1, 9);
}

static void walk_two_levels(struct kunit *test)
{
	struct keel_vcpu *v = vcpu(test);
	struct keel_paging p = two_level;

	put(v, TOP + 4 * 1023, (TOP + 0x1000) | 7, 4);
	put(v, TOP + 0x1000 + 4 * 1022, 0xfedcb000 | 7, 4);
	put(v, TOP + 4 * 5, 0x80400087 | 0x5a << 13, 4);
	expect(test, v, &p, 0xffffe123, STORE | USER, 0xfedcb123, 0);
	KUNIT_EXPECT_EQ(test, get(v, TOP + 0x1000 + 4 * 1022, 8), 0xfedcb067ULL);
	expect(test, v, &p, 0x01723456, LOAD, 0x5a80723456, 0);
	put(v, TOP + 4 * 5, 0x80400087 | 1 << 21, 4);
	expect(test, v, &p, 0x01723456, LOAD, -1, 9);
	/* without PSE that is a table, in memory that was never touched */
	p.cr4 = 0;
	put(v, TOP + 4 * 5, 0x00400087, 4);
	expect(test, v, &p, 0x01723456, LOAD, -1, 0);
}

/* the tables may lead anywhere, and a frame may be missing to mark them */
static void walk_elsewhere(struct kunit *test)
{
	struct keel_vcpu *v = vcpu(test);
	struct keel_paging p = long_mode;
	struct keel_span span;
	char buf[4] = "abcd";

	p.cr3 = FRAMES << 12;
	KUNIT_EXPECT_EQ(test, keel_guest_span(v, &p, 0, 1, LOAD, &span), KEEL_FAULT_OUTSIDE);
	p.cr3 = TOP;
	put(v, TOP, (FRAMES << 12) | 7, 8);
	KUNIT_EXPECT_EQ(test, keel_guest_span(v, &p, 0, 1, LOAD, &span), KEEL_FAULT_OUTSIDE);
	/* a span over two pages that do not lie side by side, one of them outside */
	put(v, TOP, (TOP + 0x1000) | 7, 8);
	put(v, TOP + 0x1000, (TOP + 0x2000) | 7, 8);
	put(v, TOP + 0x2000, (TOP + 0x3000) | 7, 8);
	put(v, TOP + 0x3000, 0x7000 | 7, 8);
	put(v, TOP + 0x3008, 0x5000 | 7, 8);
	KUNIT_EXPECT_EQ(test, keel_guest_span(v, &p, 0xffe, 4, STORE, &span), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, span.gpa[0], 0x7ffeULL);
	KUNIT_EXPECT_EQ(test, span.gpa[1], 0x5000ULL);
	KUNIT_EXPECT_EQ(test, keel_span_write(v, &span, buf), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, get(v, 0x7ffe, 2), (u64)('a' | 'b' << 8));
	KUNIT_EXPECT_EQ(test, get(v, 0x5000, 2), (u64)('c' | 'd' << 8));
	memset(buf, 0, sizeof(buf));
	KUNIT_EXPECT_EQ(test, keel_span_read(v, &span, buf), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, memcmp(buf, "abcd", 4), 0);
	put(v, TOP + 0x3008, 0x5000 | 5, 8);
	KUNIT_EXPECT_EQ(test, keel_guest_span(v, &p, 0xffe, 4, STORE, &span), KEEL_FAULT_DONE);
	KUNIT_EXPECT_TRUE(test, span.refused);
	KUNIT_EXPECT_EQ(test, span.addr, 0x1000ULL);
	put(v, TOP + 0x3008, (FRAMES << 12) | 7, 8);
	KUNIT_EXPECT_EQ(test, keel_guest_span(v, &p, 0xffe, 4, STORE, &span), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, keel_span_write(v, &span, buf), KEEL_FAULT_OUTSIDE);
	KUNIT_EXPECT_EQ(test, keel_span_read(v, &span, buf), KEEL_FAULT_OUTSIDE);
}

/**
 * struct plan - a walk that was made up
 * @p: the mode
 * @top: its levels
 * @leaf: the level of its page
 * @missing: the level whose entry is not present, 0 for none
 * @broken: the level whose entry has a reserved bit, 0 for none
 * @write: every entry allows it
 * @user: likewise
 * @nx: some entry forbids fetches
 */
struct plan {
	struct keel_paging p;
	unsigned int top;
	unsigned int leaf;
	unsigned int missing;
	unsigned int broken;
	bool write;
	bool user;
	bool nx;
};

/* Tables for @addr, one for each level at TOP and behind; its page's address */
static u64 build(struct keel_vcpu *v, struct rnd_state *rnd, struct plan *plan, u64 addr)
{
	unsigned int bits = plan->top == 2 && !(plan->p.cr4 & CR4_PAE) ? 10 : 9;
	u32 size = bits == 10 ? 4 : 8, level;
	u64 page = 0, entry, at = TOP;

	plan->write = true;
	plan->user = true;
	plan->nx = false;
	for (level = plan->top; level >= plan->leaf; level--, at += 0x1000) {
		unsigned int shift = 12 + bits * (level - 1);

		entry = (at + 0x1000) | 1 | (kit_below(rnd, 8) ? 2 : 0) |
			(kit_below(rnd, 4) ? 4 : 0) | (prandom_u32_state(rnd) & 0x20);
		if (level == plan->leaf) {
			page = (kit_random(rnd) & (size == 4 ? 0xffffffff : 0xffffffffff)) >> shift;
			page <<= shift;
			entry = (entry & 0x27) | page | (level > 1 ? 0x80 : 0);
		}
		plan->write &= !!(entry & 2);
		plan->user &= !!(entry & 4);
		if (size == 8 && plan->p.efer & EFER_NX && !kit_below(rnd, 6)) {
			entry |= NX;
			plan->nx = true;
		}
		if (level == plan->missing)
			entry &= ~1ULL;
		if (level == plan->broken)
			entry |= size == 4 ? 1 << 21 : BIT_ULL(40 + kit_below(rnd, 12));
		put(v, at + (addr >> shift & ((1 << bits) - 1)) * size, entry, size);
	}
	return page | (addr & ((1ULL << (12 + bits * (plan->leaf - 1))) - 1));
}

/* What has to come of an access (SDM 4.6.1, 4.7); ~0 when it is allowed */
static u32 error_of(const struct plan *plan, u32 access)
{
	const struct keel_paging *p = &plan->p;
	bool user = access & USER, write = access & STORE, fetch = access & FETCH, ok;
	u32 error = (user ? 4 : 0) | (write ? 2 : 0);

	if (fetch && (p->cr4 & SMEP || (p->cr4 & CR4_PAE && p->efer & EFER_NX)))
		error |= 0x10;
	/* whichever comes first on the way down */
	if (plan->missing && plan->missing > plan->broken)
		return error;
	if (plan->broken)
		return error | 9;
	if (user)
		ok = plan->user && (!write || plan->write) && (!fetch || !plan->nx);
	else if (fetch)
		ok = !plan->nx && !(plan->user && p->cr4 & SMEP);
	else
		ok = (!write || plan->write || !(p->cr0 & CR0_WP)) &&
		     !(plan->user && p->cr4 & SMAP && !(p->rflags & AC));
	return ok ? ~0U : error | 1;
}

static void walk_random(struct kunit *test)
{
	static const u32 accesses[] = { LOAD, STORE, FETCH, USER, USER | STORE, USER | FETCH };
	static const struct keel_paging *const modes[] = { &long_mode, &pae, &two_level };
	unsigned int i, mode, a, allowed = 0, refused = 0;
	struct keel_vcpu *v = vcpu(test);
	struct rnd_state rnd;
	struct plan plan;
	u64 addr, gpa;
	u32 error;

	prandom_seed_state(&rnd, 0x3a1c);
	for (i = 0; i < 6000; i++) {
		mode = kit_below(&rnd, ARRAY_SIZE(modes));
		plan = (struct plan) { .p = *modes[mode], .top = mode ? 2 : 4 };
		plan.leaf = 1 + kit_below(&rnd, mode ? 2 : 3);
		plan.p.pdpte[0] = TOP | 1;
		if (!kit_below(&rnd, 6))
			plan.missing = plan.leaf + kit_below(&rnd, plan.top + 1 - plan.leaf);
		if (!kit_below(&rnd, 6) && mode < 2)
			plan.broken = plan.leaf + kit_below(&rnd, plan.top + 1 - plan.leaf);
		else if (!kit_below(&rnd, 6) && plan.leaf == 2)
			plan.broken = 2;
		if (plan.missing == plan.broken)
			plan.missing = 0;
		plan.p.cr0 ^= kit_below(&rnd, 2) ? CR0_WP : 0;
		plan.p.cr4 |= prandom_u32_state(&rnd) & (SMEP | SMAP);
		plan.p.rflags = prandom_u32_state(&rnd) & AC;
		if (kit_below(&rnd, 2))
			plan.p.efer &= ~(u64)EFER_NX;
		addr = mode ? prandom_u32_state(&rnd) >> (mode == 1 ? 2 : 0) :
			      (u64)((s64)(kit_random(&rnd) << 16) >> 16);
		gpa = build(v, &rnd, &plan, addr);
		for (a = 0; a < ARRAY_SIZE(accesses); a++) {
			error = error_of(&plan, accesses[a]);
			expect(test, v, &plan.p, addr, accesses[a], error == ~0U ? (s64)gpa : -1,
			       error);
			allowed += error == ~0U;
			refused += error != ~0U;
		}
	}
	KUNIT_EXPECT_GT(test, allowed, 5000U);
	KUNIT_EXPECT_GT(test, refused, 5000U);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	KUNIT_EXPECT_FALSE(test, fake->wild);
}

static struct kunit_case keel_guest_walk_cases[] = {
	KUNIT_CASE(walk_none),
	KUNIT_CASE(walk_long),
	KUNIT_CASE(walk_pae),
	KUNIT_CASE(walk_two_levels),
	KUNIT_CASE(walk_elsewhere),
	KUNIT_CASE(walk_random),
	{}
};

static struct kunit_suite keel_guest_walk_suite = {
	.name = "keel-guest-walk",
	.test_cases = keel_guest_walk_cases,
};

kunit_test_suites(&keel_guest_walk_suite);
