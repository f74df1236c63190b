// SPDX-License-Identifier: GPL-2.0
/*
 * keel-merge: pages become one and are torn apart again, step by step: what is refused and
 * changes nothing, who has to flush first, and every entry, count and frame.
 *
 * World: KUnit.  No locks.
 */
#include "merge_kit.h"

#define A	3
#define B	700
#define MOST	1000

#define PAGE_A(gfn)	KEEL_HINT(A, gfn)
#define PAGE_B(gfn)	KEEL_HINT(B, gfn)

static struct keel_guest *a, *b;

/* two guests; pages 0 to 7 of each hold their own numbers, from 8 on everything differs */
static void two(struct kunit *test)
{
	u64 i;

	fake_machine(test);
	a = merge_guest(test, A, 100, 24);
	b = merge_guest(test, B, 200, 24);
	for (i = 0; i < 12; i++) {
		KUNIT_ASSERT_EQ(test, merge_write(a, i, i + 1, NULL), KEEL_FAULT_DONE);
		KUNIT_ASSERT_EQ(test, merge_write(b, i, i < 8 ? i + 1 : 100 + i, NULL),
				KEEL_FAULT_DONE);
	}
}

static void merge_equal(struct kunit *test)
{
	u64 pa, entry, spared, batch[KEEL_BATCH_NR], owned;
	struct keel_vm_stat stat;

	two(test);
	pa = KEEL_LEAF_PA(merge_entry(a, 3));
	spared = KEEL_LEAF_PA(merge_entry(b, 3)) >> 12;
	KUNIT_EXPECT_EQ(test, merge_pair(PAGE_A(3), PAGE_B(3), MOST), KEEL_MERGE_DONE);
	entry = pa | 0x75 | KEEL_LEAF_IS_SHARED;
	KUNIT_EXPECT_EQ(test, merge_entry(a, 3) & ~KEEL_TABLE_AD, entry);
	KUNIT_EXPECT_EQ(test, merge_entry(b, 3), entry);
	KUNIT_EXPECT_EQ(test, merge_frame(a, 3).count, 2U);
	KUNIT_EXPECT_EQ(test, merge_frame(a, 3).owner, (u16)KEEL_OWNER_SHARED);
	KUNIT_EXPECT_EQ(test, merge_read(b, 3), 4ULL);
	KUNIT_EXPECT_EQ(test, fake->root.shared, 1ULL);
	KUNIT_EXPECT_EQ(test, keel_guest_stat(&fake->root, A, &stat), 0LL);
	KUNIT_EXPECT_EQ(test, stat.mapped, 11ULL);
	KUNIT_EXPECT_EQ(test, stat.shared, 1ULL);
	KUNIT_EXPECT_EQ(test, stat.merged + stat.spare + stat.breaks, 0ULL);
	KUNIT_EXPECT_EQ(test, keel_guest_stat(&fake->root, B, &stat), 0LL);
	KUNIT_EXPECT_EQ(test, stat.mapped, 11ULL);
	KUNIT_EXPECT_EQ(test, stat.shared, 1ULL);
	KUNIT_EXPECT_EQ(test, stat.merged, 1ULL);
	KUNIT_EXPECT_EQ(test, stat.spare, 1ULL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	/* all the same again */
	KUNIT_EXPECT_EQ(test, merge_pair(PAGE_A(3), PAGE_B(3), MOST), KEEL_MERGE_SHARED);
	KUNIT_EXPECT_EQ(test, merge_pair(PAGE_B(3), PAGE_A(3), MOST), KEEL_MERGE_SHARED);
	/* its pool is short of the reserve, so the frame goes there; zeroed */
	KUNIT_ASSERT_LT(test, b->pool.nr, 16ULL);
	owned = fake->root.owned;
	KUNIT_EXPECT_EQ(test, keel_guest_trim(&fake->root, B, batch), 0LL);
	KUNIT_EXPECT_EQ(test, b->spare.nr, 0ULL);
	KUNIT_EXPECT_EQ(test, (u64)b->pool.head, spared);
	KUNIT_EXPECT_TRUE(test, !memchr_inv(fake->page[spared], 0, 4096));
	KUNIT_EXPECT_EQ(test, fake->root.owned, owned);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* a page that is shared already takes the other one in, whichever comes first; up to a cap */
static void merge_many(struct kunit *test)
{
	u64 i;

	two(test);
	for (i = 0; i < 6; i++)
		KUNIT_ASSERT_EQ(test, merge_write(i % 2 ? a : b, 20 + i, 77, NULL),
				KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, merge_pair(PAGE_B(20), PAGE_A(21), MOST), KEEL_MERGE_DONE);
	KUNIT_EXPECT_EQ(test, merge_pair(PAGE_B(22), PAGE_A(21), MOST), KEEL_MERGE_DONE);
	KUNIT_EXPECT_EQ(test, merge_frame(b, 22).count, 3U);
	/* within one guest */
	KUNIT_EXPECT_EQ(test, merge_pair(PAGE_A(21), PAGE_A(23), 4), KEEL_MERGE_DONE);
	KUNIT_EXPECT_EQ(test, merge_pair(PAGE_A(21), PAGE_B(24), 4), KEEL_MERGE_FULL);
	KUNIT_EXPECT_EQ(test, merge_entry(b, 24) & 7, 7ULL);
	KUNIT_EXPECT_EQ(test, merge_frame(b, 22).count, 4U);
	/* two shared frames stay two */
	KUNIT_EXPECT_EQ(test, merge_pair(PAGE_B(24), PAGE_A(25), MOST), KEEL_MERGE_DONE);
	KUNIT_EXPECT_EQ(test, merge_pair(PAGE_B(24), PAGE_A(21), MOST), KEEL_MERGE_SHARED);
	KUNIT_EXPECT_EQ(test, fake->root.shared, 2ULL);
	KUNIT_EXPECT_EQ(test, b->stat.shared, 3ULL);
	KUNIT_EXPECT_EQ(test, a->stat.shared, 3ULL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

static void merge_refused(struct kunit *test)
{
	static const struct {
		u64 to, from;
		enum keel_merge want;
	} rows[] = {
		{ PAGE_A(0), PAGE_A(0), KEEL_MERGE_GONE },
		{ PAGE_A(30), PAGE_B(0), KEEL_MERGE_GONE },		/* never touched */
		{ PAGE_A(0), PAGE_B(1900), KEEL_MERGE_GONE },
		{ PAGE_A(MERGE_FRAMES), PAGE_B(0), KEEL_MERGE_GONE },
		{ PAGE_A(0), PAGE_B(0xffffffffffffULL), KEEL_MERGE_GONE },
		{ KEEL_HINT(5, 0), PAGE_B(0), KEEL_MERGE_GONE },	/* no guest */
		{ PAGE_B(0), KEEL_HINT(0xfffeULL, 0), KEEL_MERGE_GONE },
		{ KEEL_HINT_ZERO, KEEL_HINT_ZERO, KEEL_MERGE_GONE },
		{ PAGE_A(0), KEEL_HINT_ZERO, KEEL_MERGE_GONE },
		{ KEEL_HINT_ZERO, PAGE_A(0), KEEL_MERGE_CHANGED },
		{ PAGE_A(8), PAGE_B(8), KEEL_MERGE_CHANGED },
		{ PAGE_A(40), PAGE_B(0), KEEL_MERGE_SHARED },		/* the zero frame */
		{ PAGE_A(0), PAGE_B(40), KEEL_MERGE_SHARED },
		{ KEEL_HINT_ZERO, PAGE_B(40), KEEL_MERGE_SHARED },
	};
	u64 batch[2 * KEEL_MERGE_NR] = { PAGE_A(0), PAGE_B(0) }, turns;
	unsigned int i;

	two(test);
	KUNIT_ASSERT_EQ(test, keel_guest_fault(&fake->root, a, 40 << 12, false, NULL),
			KEEL_FAULT_DONE);
	KUNIT_ASSERT_EQ(test, keel_guest_fault(&fake->root, b, 40 << 12, false, NULL),
			KEEL_FAULT_DONE);
	turns = fake->root.turns;
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		KUNIT_EXPECT_EQ_MSG(test, merge_pair(rows[i].to, rows[i].from, MOST), rows[i].want,
				    "row %u", i);
	KUNIT_EXPECT_EQ(test, keel_merge(&fake->root, batch, KEEL_MERGE_NR + 1, 2), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_merge(&fake->root, batch, 1, 1), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_merge(&fake->root, batch, 1, 1ULL << 32), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_merge(&fake->root, batch, 0, 2), 0LL);
	/* a CPU works on one of the guests */
	KUNIT_ASSERT_TRUE(test, keel_guest_lock(b));
	KUNIT_EXPECT_EQ(test, merge_pair(PAGE_A(0), PAGE_B(0), MOST), KEEL_MERGE_BUSY);
	KUNIT_EXPECT_EQ(test, merge_pair(PAGE_B(0), PAGE_A(0), MOST), KEEL_MERGE_BUSY);
	keel_guest_unlock(b);
	KUNIT_EXPECT_EQ(test, a->lock + b->lock, 0U);
	KUNIT_EXPECT_EQ(test, fake->root.turns, turns);
	for (i = 0; i < 12; i++) {
		KUNIT_EXPECT_EQ(test, merge_entry(a, i) & 7, 7ULL);
		KUNIT_EXPECT_EQ(test, merge_entry(b, i) & 7, 7ULL);
	}
	KUNIT_ASSERT_EQ(test, keel_guest_kill(&fake->root, B), 0LL);
	KUNIT_EXPECT_EQ(test, merge_pair(PAGE_A(0), PAGE_B(0), MOST), KEEL_MERGE_GONE);
	KUNIT_EXPECT_EQ(test, merge_pair(PAGE_B(0), PAGE_A(0), MOST), KEEL_MERGE_GONE);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

static void merge_domains(struct kunit *test)
{
	static const struct { u64 a, b; bool ok; } rows[] = {
		{ 0, 0, false }, { 0, 1, false }, { 1, 0, false }, { 1, 2, false }, { 9, 9, true },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		two(test);
		KUNIT_EXPECT_EQ(test, keel_guest_domain(&fake->root, A, rows[i].a), 0LL);
		KUNIT_EXPECT_EQ(test, keel_guest_domain(&fake->root, B, rows[i].b), 0LL);
		KUNIT_EXPECT_EQ_MSG(test, merge_pair(PAGE_A(2), PAGE_B(2), MOST),
				    rows[i].ok ? KEEL_MERGE_DONE : KEEL_MERGE_DOMAIN, "row %u", i);
		KUNIT_EXPECT_EQ(test, merge_entry(b, 2) & 2, rows[i].ok ? 0ULL : 2ULL);
		/* a guest always shares with itself, and zeros with all */
		KUNIT_ASSERT_EQ(test, merge_write(a, 1, 1, NULL), KEEL_FAULT_DONE);
		KUNIT_EXPECT_EQ(test, merge_pair(PAGE_A(0), PAGE_A(1), MOST), KEEL_MERGE_DONE);
		KUNIT_ASSERT_EQ(test, merge_write(b, 7, 0, NULL), KEEL_FAULT_DONE);
		KUNIT_EXPECT_EQ(test, merge_pair(KEEL_HINT_ZERO, PAGE_B(7), MOST), KEEL_MERGE_DONE);
		/* and who shares stays with whom it shares */
		KUNIT_EXPECT_EQ(test, keel_guest_domain(&fake->root, A, 5), (s64)-EBUSY);
		KUNIT_EXPECT_EQ(test, keel_guest_domain(&fake->root, A, rows[i].a), 0LL);
	}
	KUNIT_EXPECT_EQ(test, keel_guest_domain(&fake->root, A + 1, 5), (s64)-ENOENT);
	KUNIT_ASSERT_TRUE(test, keel_guest_lock(a));
	KUNIT_EXPECT_EQ(test, keel_guest_domain(&fake->root, A, 9), (s64)-EAGAIN);
	keel_guest_unlock(a);
	KUNIT_ASSERT_EQ(test, keel_guest_kill(&fake->root, A), 0LL);
	KUNIT_EXPECT_EQ(test, keel_guest_domain(&fake->root, A, 9), (s64)-ESHUTDOWN);
}

/* no page is compared while somebody can write to it, and a batch flushes once */
static void merge_waits(struct kunit *test)
{
	u64 batch[6] = { PAGE_A(0), PAGE_B(0), PAGE_A(1), PAGE_B(1), KEEL_HINT_ZERO, PAGE_B(7) };
	struct keel_vcpu *va, *vb;
	u64 *page;

	two(test);
	va = fake_vcpu(a, 0);
	vb = fake_vcpu(b, 0);
	KUNIT_ASSERT_EQ(test, merge_write(b, 7, 0, NULL), KEEL_FAULT_DONE);
	va->epoch = a->epoch;
	vb->epoch = b->epoch;
	va->running = 1;
	vb->running = 1;
	KUNIT_EXPECT_EQ(test, keel_merge(&fake->root, batch, 3, MOST), 0LL);
	KUNIT_EXPECT_EQ(test, batch[0], (u64)KEEL_MERGE_WAIT);
	KUNIT_EXPECT_EQ(test, batch[1], (u64)KEEL_MERGE_WAIT);
	KUNIT_EXPECT_EQ(test, batch[2], (u64)KEEL_MERGE_WAIT);
	KUNIT_EXPECT_EQ(test, merge_entry(a, 0) & 7, 5ULL);
	KUNIT_EXPECT_EQ(test, merge_entry(b, 7) & 7, 5ULL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	/* the other one could still write */
	va->epoch = a->epoch;
	KUNIT_EXPECT_EQ(test, merge_pair(PAGE_A(0), PAGE_B(0), MOST), KEEL_MERGE_WAIT);
	/* and does: it is seen, though the hint was right when it was given */
	page = keel_phys(KEEL_LEAF_PA(merge_entry(b, 1)));
	page[511] = 1;
	vb->epoch = b->epoch;
	KUNIT_EXPECT_EQ(test, merge_pair(PAGE_A(1), PAGE_B(1), MOST), KEEL_MERGE_CHANGED);
	KUNIT_EXPECT_EQ(test, merge_entry(a, 1) & 7, 7ULL);
	KUNIT_EXPECT_EQ(test, merge_entry(b, 1) & 7, 7ULL);
	KUNIT_EXPECT_EQ(test, merge_pair(PAGE_A(0), PAGE_B(0), MOST), KEEL_MERGE_DONE);
	/* one that is written to after it was protected has to be protected again */
	KUNIT_EXPECT_EQ(test, keel_guest_fault(&fake->root, b, 7 << 12, true, vb), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, merge_entry(b, 7) & 7, 7ULL);
	vb->epoch = b->epoch;
	KUNIT_EXPECT_EQ(test, merge_pair(KEEL_HINT_ZERO, PAGE_B(7), MOST), KEEL_MERGE_WAIT);
	vb->epoch = b->epoch;
	KUNIT_EXPECT_EQ(test, merge_pair(KEEL_HINT_ZERO, PAGE_B(7), MOST), KEEL_MERGE_DONE);
	KUNIT_EXPECT_EQ(test, merge_entry(b, 7), fake->root.zero_pa | 0x75);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* what the host has mapped, and could write to by an old translation of its own */
static void merge_not_ready(struct kunit *test)
{
	u64 batch[2] = { 400, 401 };

	two(test);
	KUNIT_ASSERT_EQ(test, keel_guest_map(&fake->root, B, batch, 2, 100), 2LL);
	KUNIT_ASSERT_EQ(test, keel_guest_map(&fake->root, A, batch, 0, 0), 0LL);
	KUNIT_EXPECT_EQ(test, merge_pair(PAGE_B(100), PAGE_B(101), MOST), KEEL_MERGE_WAIT);
	KUNIT_EXPECT_EQ(test, merge_entry(b, 100) & 7, 7ULL);
	fake_pass_all();
	KUNIT_EXPECT_EQ(test, merge_pair(PAGE_B(100), PAGE_B(101), MOST), KEEL_MERGE_DONE);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* a frame that was given up is nobody else's before its readers have flushed */
static void merge_trim(struct kunit *test)
{
	u64 batch[KEEL_BATCH_NR], i, owned;
	struct keel_vcpu *vb;

	two(test);
	vb = fake_vcpu(b, 0);
	vb->running = 1;
	for (i = 0; i < 8; i++)
		KUNIT_ASSERT_EQ(test, merge_pair(PAGE_A(i), PAGE_B(i), MOST), KEEL_MERGE_WAIT);
	vb->epoch = b->epoch;
	/* it reads them again by new translations */
	for (i = 0; i < 8; i++)
		KUNIT_ASSERT_EQ(test, merge_pair(PAGE_A(i), PAGE_B(i), MOST), KEEL_MERGE_DONE);
	KUNIT_EXPECT_EQ(test, keel_guest_trim(&fake->root, B, batch), (s64)-EBUSY);
	KUNIT_EXPECT_EQ(test, b->spare.nr, 8ULL);
	vb->epoch = b->epoch;
	owned = fake->root.owned;
	/* seven in the pool, and the reserve is sixteen and one for 64 */
	i = b->pool.nr;
	KUNIT_ASSERT_TRUE(test, keel_guest_lock(b));
	KUNIT_EXPECT_EQ(test, keel_guest_trim(&fake->root, B, batch), (s64)-EAGAIN);
	keel_guest_unlock(b);
	KUNIT_EXPECT_EQ(test, keel_guest_trim(&fake->root, B, batch), max(0LL, (s64)i + 8 - 16));
	KUNIT_EXPECT_EQ(test, b->pool.nr, 15 + (i == 8));
	/* those for which there is no reserve go back to the host */
	vb->running = 0;
	for (i = 8; i < 12; i++) {
		KUNIT_ASSERT_EQ(test, merge_write(b, i, i + 1, NULL), KEEL_FAULT_DONE);
		KUNIT_ASSERT_EQ(test, merge_pair(PAGE_A(i), PAGE_B(i), MOST), KEEL_MERGE_DONE);
	}
	KUNIT_EXPECT_EQ(test, keel_guest_trim(&fake->root, B, batch), 3LL);
	KUNIT_EXPECT_EQ(test, fake->root.owned, owned - 3);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, keel_frame_owner(&fake->root.frames, batch[i]),
				(u16)KEEL_OWNER_HOST);
		KUNIT_EXPECT_TRUE(test, !memchr_inv(fake->page[batch[i]], 0, 4096));
		KUNIT_EXPECT_NE(test, keel_hostmap_open(&fake->root.ept, batch[i] << 12), 0ULL);
	}
	KUNIT_EXPECT_EQ(test, keel_guest_trim(&fake->root, B, batch), 0LL);
	KUNIT_EXPECT_EQ(test, keel_guest_trim(&fake->root, B + 1, batch), (s64)-ENOENT);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	KUNIT_ASSERT_EQ(test, keel_guest_kill(&fake->root, B), 0LL);
	KUNIT_EXPECT_EQ(test, keel_guest_trim(&fake->root, B, batch), (s64)-ESHUTDOWN);
}

/* a write gets a frame of its own; the last one that maps a frame has it to itself */
static void merge_break(struct kunit *test)
{
	u64 pa, pool;

	two(test);
	KUNIT_ASSERT_EQ(test, merge_pair(PAGE_A(5), PAGE_B(5), MOST), KEEL_MERGE_DONE);
	pa = KEEL_LEAF_PA(merge_entry(a, 5));
	pool = a->pool.nr;
	KUNIT_EXPECT_EQ(test, merge_write(a, 5, 99, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, merge_read(a, 5), 99ULL);
	KUNIT_EXPECT_EQ(test, merge_read(b, 5), 6ULL);
	KUNIT_EXPECT_EQ(test, a->pool.nr, pool - 1);
	KUNIT_EXPECT_EQ(test, merge_entry(a, 5) & 0x7f, 0x77ULL);
	KUNIT_EXPECT_NE(test, KEEL_LEAF_PA(merge_entry(a, 5)), pa);
	KUNIT_EXPECT_EQ(test, merge_frame(a, 5).owner, (u16)(KEEL_OWNER_VM + A));
	KUNIT_EXPECT_EQ(test, merge_frame(b, 5).count, 1U);
	KUNIT_EXPECT_EQ(test, a->stat.breaks, 1ULL);
	KUNIT_EXPECT_EQ(test, a->stat.shared, 0ULL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	/* no frame is needed now */
	pool = b->pool.nr;
	KUNIT_EXPECT_EQ(test, merge_write(b, 5, 98, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, KEEL_LEAF_PA(merge_entry(b, 5)), pa);
	KUNIT_EXPECT_EQ(test, merge_frame(b, 5).owner, (u16)(KEEL_OWNER_VM + B));
	KUNIT_EXPECT_EQ(test, b->pool.nr, pool);
	KUNIT_EXPECT_EQ(test, fake->root.shared, 0ULL);
	KUNIT_EXPECT_EQ(test, b->stat.breaks, 1ULL);
	KUNIT_EXPECT_EQ(test, merge_read(b, 5), 98ULL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* two vCPUs: nobody reads the old frame when somebody can write to the new one */
static void merge_break_two_vcpus(struct kunit *test)
{
	struct keel_vcpu *v, *w;
	u64 pa, old;

	two(test);
	v = fake_vcpu(a, 0);
	w = fake_vcpu(a, 1);
	KUNIT_ASSERT_EQ(test, merge_pair(PAGE_B(5), PAGE_A(5), MOST), KEEL_MERGE_DONE);
	pa = KEEL_LEAF_PA(merge_entry(a, 5));
	v->running = 1;
	w->running = 1;
	v->epoch = a->epoch;
	w->epoch = a->epoch;
	KUNIT_EXPECT_EQ(test, merge_write(a, 5, 99, v), KEEL_FAULT_KICK);
	old = merge_entry(a, 5);
	KUNIT_EXPECT_EQ(test, old & 7, 0ULL);
	KUNIT_EXPECT_EQ(test, KEEL_LEAF_PA(old), pa);
	KUNIT_EXPECT_EQ(test, merge_frame(a, 5).count, 2U);
	KUNIT_EXPECT_EQ(test, a->stat.shared, 1ULL);
	KUNIT_EXPECT_EQ(test, merge_read(a, 5), 6ULL);
	KUNIT_EXPECT_EQ(test, merge_pair(PAGE_B(5), PAGE_A(5), MOST), KEEL_MERGE_GONE);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	v->epoch = a->epoch;
	KUNIT_EXPECT_EQ(test, keel_guest_fault(&fake->root, a, 5 << 12, false, v), KEEL_FAULT_KICK);
	KUNIT_EXPECT_EQ(test, merge_entry(a, 5), old);
	/* its epoch counts on beyond the bits that the entry has for it */
	a->epoch += 3ULL << 20;
	KUNIT_EXPECT_EQ(test, merge_write(a, 5, 99, v), KEEL_FAULT_KICK);
	w->epoch = a->epoch;
	KUNIT_EXPECT_EQ(test, merge_write(a, 5, 99, v), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, merge_read(a, 5), 99ULL);
	KUNIT_EXPECT_EQ(test, merge_read(b, 5), 6ULL);
	/* the other one breaks its own, with the last frame to itself, and has to wait, too */
	v = fake_vcpu(b, 0);
	w = fake_vcpu(b, 1);
	v->running = 1;
	w->running = 1;
	KUNIT_EXPECT_EQ(test, merge_write(b, 5, 98, v), KEEL_FAULT_KICK);
	w->epoch = b->epoch;
	KUNIT_EXPECT_EQ(test, merge_write(b, 5, 98, v), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, KEEL_LEAF_PA(merge_entry(b, 5)), pa);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* with no frame to be had nothing changes, and the page can be read */
static void merge_break_without(struct kunit *test)
{
	u64 entry, pfn, batch[1] = { 300 };

	two(test);
	KUNIT_ASSERT_EQ(test, merge_pair(PAGE_A(5), PAGE_B(5), MOST), KEEL_MERGE_DONE);
	while (a->pool.nr)
		KUNIT_ASSERT_NOT_NULL(test, keel_guest_page(&fake->root, a, &pfn));
	entry = merge_entry(a, 5);
	KUNIT_EXPECT_EQ(test, merge_write(a, 5, 99, NULL), KEEL_FAULT_FILL);
	KUNIT_EXPECT_EQ(test, merge_entry(a, 5), entry);
	KUNIT_EXPECT_EQ(test, a->stat.breaks, 0ULL);
	KUNIT_EXPECT_EQ(test, merge_read(a, 5), 6ULL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	KUNIT_ASSERT_EQ(test, keel_guest_fill(&fake->root, A, batch, 1), 1LL);
	KUNIT_EXPECT_EQ(test, merge_write(a, 5, 99, NULL), KEEL_FAULT_FILL);
	fake_pass_all();
	KUNIT_EXPECT_EQ(test, merge_write(a, 5, 99, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, merge_read(a, 5), 99ULL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* a guest goes: what others still map stays, and comes back with the last of them */
static void merge_drain(struct kunit *test)
{
	struct keel_vcpu *v, *w;
	u64 i, owned, pending;

	for (pending = 0; pending < 2; pending++) {
		two(test);
		for (i = 0; i < 6; i++)
			KUNIT_ASSERT_EQ(test, merge_pair(PAGE_A(i), PAGE_B(i), MOST),
					KEEL_MERGE_DONE);
		if (pending) {	/* and one of them waits to be replaced */
			v = fake_vcpu(a, 0);
			w = fake_vcpu(a, 1);
			v->running = 1;
			w->running = 1;
			KUNIT_EXPECT_EQ(test, merge_write(a, 2, 99, v), KEEL_FAULT_KICK);
			v->running = 0;
			w->running = 0;
		}
		owned = fake->root.owned;
		KUNIT_EXPECT_EQ(test, merge_drain_guest(test, A, 0), 24ULL - 6);
		KUNIT_EXPECT_EQ(test, fake->root.owned, owned - 24 + 6);
		KUNIT_EXPECT_EQ(test, merge_frame(b, 2).count, 1U);
		KUNIT_EXPECT_EQ(test, merge_read(b, 2), 3ULL);
		KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
		KUNIT_EXPECT_EQ(test, merge_drain_guest(test, B, 0), 24ULL + 6);
		KUNIT_EXPECT_EQ(test, fake->root.owned, owned - 48);
		KUNIT_EXPECT_EQ(test, fake->root.shared, 0ULL);
		KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	}
}

/* the audit finds what is wrong with shared frames */
static void merge_audit(struct kunit *test)
{
	struct keel_frame *frame;
	unsigned int level;
	u64 *leaf, old;

	two(test);
	KUNIT_ASSERT_EQ(test, merge_pair(PAGE_A(5), PAGE_B(5), MOST), KEEL_MERGE_DONE);
	KUNIT_ASSERT_EQ(test, merge_pair(PAGE_A(6), PAGE_B(6), MOST), KEEL_MERGE_DONE);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	leaf = keel_guest_leaf(a, 5 << 12, &level);
	frame = keel_frame_at(&fake->root.frames, KEEL_LEAF_PA(*leaf) >> 12);
	frame->count++;
	KUNIT_EXPECT_EQ(test, fake_audit(), (s64)-EUCLEAN);
	frame->count--;
	old = *leaf;
	*leaf |= KEEL_EPT_WRITE;
	KUNIT_EXPECT_EQ(test, fake_audit(), (s64)-EUCLEAN);
	*leaf = old & ~KEEL_LEAF_IS_SHARED;
	KUNIT_EXPECT_EQ(test, fake_audit(), (s64)-EUCLEAN);
	/* the right number, and one mapped where another one should be */
	*leaf = merge_entry(a, 6);
	KUNIT_EXPECT_EQ(test, fake_audit(), (s64)-EUCLEAN);
	*leaf = old;
	a->stat.shared--;
	KUNIT_EXPECT_EQ(test, fake_audit(), (s64)-EUCLEAN);
	a->stat.shared++;
	fake->root.shared--;
	KUNIT_EXPECT_EQ(test, fake_audit(), (s64)-EUCLEAN);
	fake->root.shared++;
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

static struct kunit_case merge_cases[] = {
	KUNIT_CASE(merge_equal),
	KUNIT_CASE(merge_many),
	KUNIT_CASE(merge_refused),
	KUNIT_CASE(merge_domains),
	KUNIT_CASE(merge_waits),
	KUNIT_CASE(merge_not_ready),
	KUNIT_CASE(merge_trim),
	KUNIT_CASE(merge_break),
	KUNIT_CASE(merge_break_two_vcpus),
	KUNIT_CASE(merge_break_without),
	KUNIT_CASE(merge_drain),
	KUNIT_CASE(merge_audit),
	{}
};

static struct kunit_suite merge_suite = {
	.name = "keel-merge",
	.test_cases = merge_cases,
};

kunit_test_suites(&merge_suite);
