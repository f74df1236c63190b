// SPDX-License-Identifier: GPL-2.0
/*
 * keel-drain: the end of a guest: all its frames go back, zeroed where it could write, as
 * they were; who can still look at it meanwhile; the audit of guests, which finds what is
 * spoilt; and large pages of the host's EPT that become whole again.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "fake_machine.h"
#include "kit.h"

#define ID	300
#define FRAMES	BIT_ULL(30)

/* Where its memory ends, the hole included */
#define END	(FRAMES + BIT_ULL(18))

static u64 batch[KEEL_BATCH_NR];

static void fill(struct kunit *test, struct keel_root *root, u64 first, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		batch[i] = first + i;
	KUNIT_ASSERT_EQ(test, keel_guest_fill(root, ID, batch, nr), (s64)nr);
}

/* a guest with memory of all sorts, a vCPU, and frames from 100 to 179 */
static struct keel_guest *guest(struct kunit *test)
{
	static const u64 read[] = { 0, 5, 511, 600, 1ULL << 18, END - 1 };
	static const u64 written[] = { 1, 512, 600, 1ULL << 27 };
	struct keel_root *root = fake_machine(test);
	struct keel_guest *g;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, keel_guest_new(root, ID, FRAMES), 0LL);
	g = keel_guest_at(root, ID);
	fill(test, root, 100, 40);
	fake_pass_all();
	keel_guest_settle(root, g);
	fill(test, root, 140, 38);
	batch[0] = 178;
	batch[1] = 179;
	KUNIT_ASSERT_EQ(test, keel_guest_map(root, ID, batch, 2, 20), 2LL);
	for (i = 0; i < ARRAY_SIZE(read); i++)
		KUNIT_ASSERT_EQ(test, keel_guest_fault(root, g, read[i] << 12, false, NULL),
				KEEL_FAULT_DONE);
	for (i = 0; i < ARRAY_SIZE(written); i++)
		KUNIT_ASSERT_EQ(test, keel_guest_fault(root, g, written[i] << 12, true, NULL),
				KEEL_FAULT_DONE);
	KUNIT_ASSERT_NOT_NULL(test, fake_vcpu(g, 0));
	return g;
}

static void drain_waits(struct kunit *test)
{
	struct keel_guest *g = guest(test);
	struct keel_root *root = &fake->root;
	struct keel_vcpu *vcpu = fake_vcpu(g, 0);
	unsigned int i;
	u64 epoch;

	KUNIT_EXPECT_EQ(test, keel_guest_kill(root, ID + 1), (s64)-ENOENT);
	KUNIT_EXPECT_EQ(test, keel_guest_kill(root, ~0ULL), (s64)-ENOENT);
	KUNIT_EXPECT_EQ(test, keel_guest_drain(root, ID + 1, batch), (s64)-ENOENT);
	KUNIT_EXPECT_EQ(test, keel_guest_drain(root, ID, batch), (s64)-EPERM);
	fake_pass_all();
	vcpu->running = 1;
	KUNIT_EXPECT_EQ(test, keel_guest_kill(root, ID), 0LL);
	KUNIT_EXPECT_TRUE(test, g->dead);
	epoch = root->epoch;
	/* the dead die no second time: nobody has to flush again */
	KUNIT_EXPECT_EQ(test, keel_guest_kill(root, ID), 0LL);
	KUNIT_EXPECT_EQ(test, root->epoch, epoch);
	for (i = 0; i < FAKE_CPUS; i++) {
		KUNIT_EXPECT_EQ(test, keel_guest_drain(root, ID, batch), (s64)-EAGAIN);
		fake_pass(i);
	}
	KUNIT_EXPECT_EQ(test, keel_guest_drain(root, ID, batch), (s64)-EBUSY);
	vcpu->running = 0;
	vcpu->on_cpu = 2;
	KUNIT_EXPECT_EQ(test, keel_guest_drain(root, ID, batch), (s64)-EBUSY);
	vcpu->on_cpu = KEEL_NO_CPU;
	KUNIT_ASSERT_TRUE(test, keel_guest_lock(g));
	KUNIT_EXPECT_EQ(test, keel_guest_drain(root, ID, batch), (s64)-EAGAIN);
	keel_guest_unlock(g);
	KUNIT_EXPECT_EQ(test, keel_guest_new(root, ID, 1), (s64)-EEXIST);
	KUNIT_EXPECT_EQ(test, g->stat.mapped, 6ULL);
	KUNIT_EXPECT_GT(test, keel_guest_drain(root, ID, batch), 0LL);
}

static void drain_all(struct kunit *test)
{
	struct keel_guest *g = guest(test);
	struct keel_root *root = &fake->root;
	u8 *back = kunit_kzalloc(test, FAKE_FRAMES, GFP_KERNEL);
	unsigned int i, level, nr = 0;
	u64 pfn = keel_table_lookup(&g->ept, 1 << 12, &level) >> 12;
	u64 pool = g->pool.head, table = g->ept.root >> 12;
	struct keel_frame *own;
	s64 ret, k;

	KUNIT_ASSERT_NOT_NULL(test, back);
	own = keel_frame_at(&root->frames, pfn);
	/* one of them was of another memory type in the host's EPT */
	own->flags = (own->flags & ~KEEL_FRAME_TYPE(7)) | KEEL_FRAME_TYPE(1);
	memset(fake->page[pfn], 0x5a, 4096);
	memset(fake->page[179], 0x5a, 4096);
	memset(fake->page[pool], 0x5a, 4096);
	memset(fake->page[177], 0x5a, 4096);
	KUNIT_ASSERT_EQ(test, keel_guest_kill(root, ID), 0LL);
	fake_pass_all();
	for (;;) {
		ret = keel_guest_drain(root, ID, batch);
		KUNIT_ASSERT_GE(test, ret, 0LL);
		KUNIT_ASSERT_LE(test, ret, (s64)KEEL_BATCH_NR);
		if (!ret)
			break;
		for (k = 0; k < ret; k++) {
			KUNIT_ASSERT_LT(test, batch[k], (u64)FAKE_FRAMES);
			back[batch[k]]++;
			nr++;
		}
		KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
		/* the host does with them what it likes, at once */
		for (k = 0; k < ret; k++)
			if (batch[k] != pfn && batch[k] != 179 && batch[k] != pool &&
			    batch[k] != 177 && batch[k] != table)
				memset(fake->page[batch[k]], 0x77, 4096);
	}
	KUNIT_EXPECT_EQ(test, nr, 80U);
	for (i = 100; i < 180; i++)
		KUNIT_EXPECT_EQ_MSG(test, back[i], (u8)1, "frame %u", i);
	for (i = 0; i < 512; i++) {
		KUNIT_EXPECT_EQ(test, fake->page[pfn][i], 0ULL);
		KUNIT_EXPECT_EQ(test, fake->page[179][i], 0ULL);
		KUNIT_EXPECT_EQ(test, fake->page[table][i], 0ULL);
	}
	/* what the guest never had is the host's as it was */
	KUNIT_EXPECT_EQ(test, fake->page[pool][3], 0x5a5a5a5a5a5a5a5aULL);
	KUNIT_EXPECT_EQ(test, fake->page[177][3], 0x5a5a5a5a5a5a5a5aULL);
	KUNIT_EXPECT_EQ(test, keel_table_lookup(&root->ept, pfn << 12, &level),
			pfn << 12 | 7 | 1 << 3);
	KUNIT_EXPECT_EQ(test, keel_table_lookup(&root->ept, 179 << 12, &level),
			179ULL << 12 | 0x37);
	KUNIT_EXPECT_EQ(test, keel_guest_drain(root, ID, batch), (s64)-ENOENT);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	KUNIT_EXPECT_FALSE(test, fake->wild);
}

/* A CPU has found the guest and is still in root: its page is not used meanwhile. */
static void drain_found(struct kunit *test)
{
	struct keel_guest *g = guest(test);
	struct keel_root *root = &fake->root;
	u64 pa, free;

	KUNIT_ASSERT_EQ(test, keel_guest_kill(root, ID), 0LL);
	fake_pass_all();
	while (keel_guest_drain(root, ID, batch))
		;
	KUNIT_EXPECT_NULL(test, keel_guest_at(root, ID));
	KUNIT_EXPECT_TRUE(test, g->dead);
	fake_pass(0);
	fake_pass(1);
	free = root->stock.nr + root->free.nr;
	keel_pool_settle(root);
	KUNIT_EXPECT_EQ(test, root->stock.nr + root->free.nr, free);
	/* the id is free, and the new one has another page */
	KUNIT_EXPECT_EQ(test, keel_guest_new(root, ID, 9), 0LL);
	KUNIT_EXPECT_PTR_NE(test, keel_guest_at(root, ID), g);
	KUNIT_EXPECT_TRUE(test, g->dead);
	fake_pass(2);
	keel_pool_settle(root);
	KUNIT_EXPECT_EQ(test, root->stock.nr + root->free.nr, free);
	/* it came with the load, and so the host does not get it */
	KUNIT_EXPECT_EQ(test, root->free.nr, 1ULL);
	KUNIT_EXPECT_EQ(test, keel_reclaim(root), (s64)-ENOENT);
	KUNIT_EXPECT_EQ(test, root->stock.nr, free);
	KUNIT_EXPECT_NOT_NULL(test, keel_root_pages.alloc(NULL, &pa));
	KUNIT_EXPECT_PTR_EQ(test, keel_phys(pa), (void *)g);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* many tables, and little in them: a call does not go through all of them */
static void drain_bounded(struct kunit *test)
{
	struct keel_root *root = fake_machine(test);
	unsigned int i, calls = 0, nr = 0;
	struct keel_guest *g;
	s64 ret;

	KUNIT_ASSERT_EQ(test, keel_guest_new(root, ID, FRAMES), 0LL);
	g = keel_guest_at(root, ID);
	fill(test, root, 100, 60);
	fake_pass_all();
	for (i = 0; i < 56; i++)
		KUNIT_ASSERT_EQ(test, keel_guest_fault(root, g, (u64)i << 21, false, NULL),
				KEEL_FAULT_DONE);
	KUNIT_ASSERT_EQ(test, keel_guest_kill(root, ID), 0LL);
	fake_pass_all();
	for (ret = 1; ret > 0; calls++) {
		ret = keel_guest_drain(root, ID, batch);
		KUNIT_EXPECT_LT(test, ret, 12LL);
		nr += ret;
		KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	}
	KUNIT_EXPECT_EQ(test, nr, 60U);
	KUNIT_EXPECT_GT(test, calls, 5U);
}

static u64 *leaf_of(struct keel_guest *g, u64 gfn)
{
	unsigned int level;

	return keel_guest_leaf(g, gfn << 12, &level);
}

static void drain_audit_finds(struct kunit *test)
{
	struct keel_guest *g = guest(test);
	struct keel_root *root = &fake->root;
	u64 *one = leaf_of(g, 1), *two = leaf_of(g, 512), *zero = leaf_of(g, 0);
	u64 *hole = leaf_of(g, 2), *upper = keel_phys(g->ept.root), old = *one;
	struct { u64 *at, val; } rows[] = {
		{ one, *two },				/* one frame twice */
		{ one, 0 },				/* one nowhere */
		{ one, 50 << 12 | 0x77 },		/* the host's frame */
		{ one, FAKE_RAM_END << 12 | 0x77 },	/* root's */
		{ one, g->pool.head << 12 | 0x77 },	/* one that is in the pool */
		{ one, 1ULL << 40 | 0x77 },		/* none at all */
		{ one, *one & ~1ULL },			/* other rights */
		{ one, (*one & ~2ULL) | KEEL_LEAF_IS_SHARED },	/* shared, says who maps it */
		{ one, KEEL_LEAF_PENDING(*one & ~0xfffULL, 1ULL) }, /* or was */
		{ one, *one & ~0x40ULL },		/* another memory type */
		{ hole, *zero },			/* a page that is not counted */
		{ zero, *zero | 2 },			/* the zero frame, writable */
		{ zero, 0 },				/* a page that is gone */
		{ upper, 50 << 12 | 7 },		/* a table in the host's frame */
		{ upper, *upper & ~2ULL },		/* a table with other rights */
		{ upper, *upper | 0x80 },		/* or a large page */
		{ &g->stat.mapped, g->stat.mapped + 1 },
		{ &g->stat.zero, g->stat.zero - 1 },
		{ &g->stat.shared, 1 },
		{ &root->shared, 1 },
		{ &g->ept.tables, g->ept.tables + 1 },
		{ &g->frames, FRAMES - 1 },		/* a page beyond the end */
	};
	struct keel_frame *frame;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		old = *rows[i].at;
		*rows[i].at = rows[i].val;
		KUNIT_EXPECT_EQ_MSG(test, fake_audit(), (s64)-EUCLEAN, "row %u", i);
		*rows[i].at = old;
		KUNIT_EXPECT_EQ_MSG(test, fake_audit(), 0LL, "row %u", i);
	}
	KUNIT_EXPECT_EQ(test, fake->cpu[0].shared->ring.head, (u64)ARRAY_SIZE(rows));
	/* a frame that says it is the guest's, and is nowhere */
	frame = keel_frame_at(&root->frames, g->pool.head);
	*frame = (struct keel_frame) { .count = 1, .owner = g->owner };
	KUNIT_EXPECT_EQ(test, fake_audit(), (s64)-EUCLEAN);
	/* the CPU may have set its bits, and somebody may be at it */
	frame->owner = KEEL_OWNER_ROOT;
	*one |= 3 << 8 | KEEL_LEAF_HASHED;
	*upper |= 1 << 8;
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	KUNIT_ASSERT_TRUE(test, keel_guest_lock(g));
	KUNIT_EXPECT_EQ(test, fake_audit(), (s64)-EAGAIN);
	keel_guest_unlock(g);
}

/* what a guest does between two calls of an audit: once, at the call that @when counts */
static s64 audit_while(struct keel_guest *g, unsigned int what, unsigned int when, u64 gfn)
{
	struct keel_vcpu *a = fake_vcpu(g, 0), *b = fake_vcpu(g, 1);
	s64 at = 0;

	do {
		at = keel_audit(&fake->cpu[0], at);
		if (when--)
			continue;
		switch (what) {
		case 0:		/* a first read, and a first write */
		case 1:
			keel_guest_fault(&fake->root, g, gfn << 12, what, a);
			break;
		case 4:		/* a first read as well, so that the number is the same */
			keel_guest_fault(&fake->root, g, (gfn + 600) << 12, false, a);
			fallthrough;
		case 2:		/* the zero frame goes, and nothing comes yet */
			b->epoch = g->epoch;
			b->running = 1;
			keel_guest_fault(&fake->root, g, gfn << 12, true, a);
			b->running = 0;
			break;
		case 3:		/* a frame of its own comes in its place */
			keel_guest_fault(&fake->root, g, gfn << 12, true, a);
			break;
		default:	/* frames come */
			batch[0] = 200 + gfn;
			keel_guest_fill(&fake->root, ID, batch, 1);
			fake_pass_all();
		}
	} while (at > 0);
	return at;
}

/* guests go on meanwhile, and it takes no offence */
static void drain_audit_running(struct kunit *test)
{
	struct keel_guest *g = guest(test);
	u64 zero = g->stat.zero, mapped = g->stat.mapped;
	unsigned int when, what;

	for (when = 0; when < 30; when++) {
		/* frames first: they are for those that want some */
		for (what = 0; what < 4; what++)
			KUNIT_EXPECT_EQ(test, audit_while(g, 5, when, 4 * when + what), 0LL);
		KUNIT_EXPECT_EQ(test, audit_while(g, 0, when, 32 + when), 0LL);
		KUNIT_EXPECT_EQ(test, audit_while(g, 0, when, 232 + when), 0LL);
		KUNIT_EXPECT_EQ(test, audit_while(g, 1, when, 132 + when), 0LL);
		KUNIT_EXPECT_EQ(test, audit_while(g, 2, when, 32 + when), 0LL);
		KUNIT_EXPECT_EQ(test, audit_while(g, 4, when, 232 + when), 0LL);
		KUNIT_EXPECT_EQ(test, g->stat.zero, ++zero);
		KUNIT_EXPECT_EQ(test, audit_while(g, 3, when, 32 + when), 0LL);
		KUNIT_EXPECT_EQ(test, audit_while(g, 3, when, 232 + when), 0LL);
		KUNIT_EXPECT_EQ(test, g->stat.mapped, mapped + 3 * (when + 1));
	}
	KUNIT_EXPECT_EQ(test, fake->cpu[0].shared->ring.head, 0ULL);
}

/* what is wrong by more than a guest can have changed meanwhile */
static void drain_audit_bounds(struct kunit *test)
{
	struct keel_guest *g = guest(test);
	struct keel_root *root = &fake->root;
	unsigned int side, i;
	struct keel_frame *frame[3];
	s64 at;

	for (i = 0; i < 3; i++)
		frame[i] = keel_frame_at(&root->frames, 141 + i);
	for (side = 0; side < 2; side++) {
		/* more memory than is found, before; more that is found than there is, after */
		g->stat.mapped += side ? 0 : 5;
		for (at = keel_audit(&fake->cpu[0], 0); at >> 56 == 0; )
			at = keel_audit(&fake->cpu[0], at);
		g->stat.mapped -= side ? 0 : 5;
		for (i = 0; i < 3 && side; i++)
			*frame[i] = (struct keel_frame) { .count = 1, .owner = g->owner };
		while (at > 0 && at >> 56 == 1)
			at = keel_audit(&fake->cpu[0], at);
		for (i = 0; i < 3 && side; i++)
			*frame[i] = (struct keel_frame) { .count = 1, .owner = KEEL_OWNER_ROOT };
		keel_guest_fault(root, g, (40 + side) << 12, true, NULL);
		while (at > 0)
			at = keel_audit(&fake->cpu[0], at);
		KUNIT_EXPECT_EQ_MSG(test, at, (s64)-EUCLEAN, "side %u", side);
		KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	}
}

/* a guest goes while the audit is in the midst of it: the next one is looked at wholly */
static void drain_audit_gone(struct kunit *test)
{
	struct keel_guest *g = guest(test), *next;
	struct keel_root *root = &fake->root;
	unsigned int level;
	s64 at = 0;

	KUNIT_ASSERT_EQ(test, keel_guest_new(root, ID + 1, 512), 0LL);
	next = keel_guest_at(root, ID + 1);
	for (level = 0; level < 5; level++)
		batch[level] = 300 + level;
	KUNIT_ASSERT_EQ(test, keel_guest_fill(root, ID + 1, batch, 5), 5LL);
	fake_pass_all();
	KUNIT_ASSERT_EQ(test, keel_guest_fault(root, next, 0, true, NULL), KEEL_FAULT_DONE);
	*keel_guest_leaf(next, 0, &level) &= ~4ULL;
	do {
		at = keel_audit(&fake->cpu[0], at);
	} while (at >> 56 < 2 || !(at & 0xfffff));
	KUNIT_ASSERT_EQ(test, keel_guest_kill(root, g->id), 0LL);
	fake_pass_all();
	while (keel_guest_drain(root, ID, batch))
		;
	while (at > 0)
		at = keel_audit(&fake->cpu[0], at);
	KUNIT_EXPECT_EQ(test, at, (s64)-EUCLEAN);
}

static void mend_collapses(struct kunit *test)
{
	struct keel_root *root = fake_machine(test);
	u64 tables = root->ept.tables;
	unsigned int level;
	s64 at, owned;

	/* two pages of the first 2M: one table more */
	KUNIT_ASSERT_EQ(test, keel_donate(root, 5), 0LL);
	KUNIT_ASSERT_EQ(test, keel_donate(root, 6), 0LL);
	fake_pass_all();
	KUNIT_EXPECT_EQ(test, root->ept.tables, tables + 1);
	KUNIT_EXPECT_EQ(test, keel_hostmap_mend(root, 0), 0LL);
	KUNIT_EXPECT_EQ(test, root->ept.tables, tables + 1);
	KUNIT_ASSERT_GT(test, keel_reclaim(root), 0LL);
	KUNIT_EXPECT_EQ(test, keel_hostmap_mend(root, 0), 0LL);
	KUNIT_EXPECT_EQ(test, root->ept.tables, tables + 1);
	KUNIT_ASSERT_GT(test, keel_reclaim(root), 0LL);
	/* another memory type in one page of it */
	keel_table_remap(&root->ept, 9 << 12, 9 << 12, 1, 0x7);
	KUNIT_EXPECT_EQ(test, keel_hostmap_mend(root, 0), 0LL);
	KUNIT_EXPECT_EQ(test, root->ept.tables, tables + 1);
	keel_table_remap(&root->ept, 9 << 12, 9 << 12, 1, 0x37);
	owned = root->owned;
	KUNIT_EXPECT_EQ(test, keel_hostmap_mend(root, 1ULL << 48), 0LL);
	KUNIT_EXPECT_EQ(test, keel_hostmap_mend(root, ~0ULL), 0LL);
	KUNIT_EXPECT_EQ(test, root->ept.tables, tables + 1);
	at = keel_hostmap_mend(root, 0);
	KUNIT_EXPECT_EQ(test, at, 0LL);
	KUNIT_EXPECT_EQ(test, root->ept.tables, tables);
	KUNIT_EXPECT_EQ(test, keel_table_lookup(&root->ept, 5 << 12, &level), 0xb7ULL);
	KUNIT_EXPECT_EQ(test, level, 2U);
	/* the table cools down, and is root's as before */
	KUNIT_EXPECT_EQ(test, root->cooling.nr, 1ULL);
	KUNIT_EXPECT_TRUE(test, fake->cpu[1].pending & KEEL_LATCH_FLUSH);
	KUNIT_EXPECT_EQ(test, (s64)root->owned, owned);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	/* and all over again */
	KUNIT_ASSERT_EQ(test, keel_donate(root, 5), 0LL);
	KUNIT_EXPECT_EQ(test, root->ept.tables, tables + 1);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* with nothing hidden at all, 2M pages make up a gigabyte */
static void mend_gigabyte(struct kunit *test)
{
	struct keel_root *root = fake_machine(test);
	unsigned int level;
	u64 pfn;

	for (pfn = FAKE_RAM_END; pfn < FAKE_FRAMES; pfn++)
		keel_table_remap(&root->ept, pfn << 12, pfn << 12, 1, 0x37);
	KUNIT_EXPECT_EQ(test, keel_hostmap_mend(root, 0), 0LL);
	KUNIT_EXPECT_EQ(test, root->ept.tables, 2ULL);
	KUNIT_EXPECT_EQ(test, keel_table_lookup(&root->ept, 5 << 12, &level), 0xb7ULL);
	KUNIT_EXPECT_EQ(test, level, 3U);
	KUNIT_EXPECT_EQ(test, root->cooling.nr, 2ULL);
}

static struct kunit_case drain_cases[] = {
	KUNIT_CASE(drain_waits),
	KUNIT_CASE(drain_all),
	KUNIT_CASE(drain_found),
	KUNIT_CASE(drain_bounded),
	KUNIT_CASE(drain_audit_finds),
	KUNIT_CASE(drain_audit_running),
	KUNIT_CASE(drain_audit_bounds),
	KUNIT_CASE(drain_audit_gone),
	KUNIT_CASE(mend_collapses),
	KUNIT_CASE(mend_gigabyte),
	{}
};

static struct kunit_suite drain_suite = {
	.name = "keel-drain",
	.test_cases = drain_cases,
};

kunit_test_suites(&drain_suite);
