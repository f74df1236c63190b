// SPDX-License-Identifier: GPL-2.0
/*
 * keel-clone: guests with the memory of others: what both see when one of them writes, whose
 * tables and frames there are, in which order they can go, and what is refused and changes
 * nothing.
 *
 * World: KUnit.  No locks.
 */
#include "clone_kit.h"

/* what an EPT pointer can have beside its address */
#define EPTP	(KEEL_EPTP(0) | KEEL_EPTP_AD)

/* it costs one frame, whatever there is */
static void clone_makes(struct kunit *test)
{
	u64 pool, owned;
	struct keel_vm_stat stat;

	source(test);
	b = merge_guest(test, B, FIRST_B, 40);
	pool = b->pool.nr;
	owned = fake->root.owned;
	a->tsc_start = 77;
	KUNIT_EXPECT_EQ(test, keel_guest_clone(&fake->root, A, B), 0LL);
	KUNIT_EXPECT_EQ(test, b->pool.nr, pool - 1);
	KUNIT_EXPECT_EQ(test, fake->root.owned, owned);
	KUNIT_EXPECT_EQ(test, fake->root.shared, 0ULL);
	KUNIT_EXPECT_EQ(test, b->tsc_start, 77ULL);
	KUNIT_EXPECT_EQ(test, keel_guest_stat(&fake->root, A, &stat), 0LL);
	KUNIT_EXPECT_EQ(test, stat.mapped + stat.shared, 0ULL);
	KUNIT_EXPECT_EQ(test, stat.cloned, 12ULL);
	KUNIT_EXPECT_EQ(test, stat.zero, 2ULL);
	KUNIT_EXPECT_EQ(test, stat.tables, 1ULL);
	KUNIT_EXPECT_EQ(test, stat.cloned_tables, 4ULL);
	KUNIT_EXPECT_EQ(test, keel_guest_stat(&fake->root, B, &stat), 0LL);
	KUNIT_EXPECT_EQ(test, stat.mapped + stat.shared, 0ULL);
	KUNIT_EXPECT_EQ(test, stat.cloned, 12ULL);
	KUNIT_EXPECT_EQ(test, stat.zero, 2ULL);
	KUNIT_EXPECT_EQ(test, stat.tables, 1ULL);
	KUNIT_EXPECT_EQ(test, stat.cloned_tables, 4ULL);
	KUNIT_EXPECT_EQ(test, table(b, 0, 3)->count, 2U);
	KUNIT_EXPECT_EQ(test, table(b, 0, 3)->owner, (u16)KEEL_OWNER_TABLE);
	KUNIT_EXPECT_EQ(test, a->lock + b->lock, 0U);
	sees(test, a, ~0ULL, 0);
	sees(test, b, ~0ULL, 0);
	/* what is read stays as it is, by walks that write nothing */
	KUNIT_EXPECT_EQ(test, keel_guest_eptp(b, EPTP), b->ept.root | (EPTP & ~KEEL_EPTP_AD));
	KUNIT_EXPECT_EQ(test, keel_guest_eptp(a, EPTP), a->ept.root | (EPTP & ~KEEL_EPTP_AD));
	KUNIT_EXPECT_EQ(test, keel_guest_fault(&fake->root, b, 3 << 12, false, NULL),
			KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, b->stat.cloned_tables, 4ULL);
}

/*
 * who can write goes with dirty flags, from an epoch on that everybody has to come to: before
 * there is anything to write to, or before anything is scanned
 */
static void clone_written(struct kunit *test)
{
	struct keel_scan scan;
	struct keel_vcpu *v;
	u64 far = 1ULL << 27, epoch;

	source_and_clone(test);
	v = fake_vcpu(b, 0);
	v->epoch = b->epoch;
	v->running = 1;
	epoch = b->epoch;
	KUNIT_EXPECT_EQ(test, merge_write(b, 3, 99, NULL), KEEL_FAULT_KICK);
	KUNIT_EXPECT_EQ(test, keel_guest_eptp(b, EPTP), b->ept.root | EPTP);
	KUNIT_EXPECT_EQ(test, keel_guest_eptp(a, EPTP), a->ept.root | (EPTP & ~KEEL_EPTP_AD));
	KUNIT_EXPECT_GT(test, b->epoch, epoch);
	KUNIT_EXPECT_EQ(test, b->ept.tables, 1ULL);
	v->epoch = b->epoch;
	/* and likewise before the page itself is replaced */
	KUNIT_EXPECT_EQ(test, merge_write(b, 3, 99, NULL), KEEL_FAULT_KICK);
	KUNIT_EXPECT_EQ(test, b->ept.tables, 4ULL);
	v->epoch = b->epoch;
	KUNIT_EXPECT_EQ(test, merge_write(b, 3, 99, NULL), KEEL_FAULT_DONE);
	sees(test, b, 3, 99);

	/* without one of its tables, where there was none: there is nobody to wait for */
	source(test);
	b = merge_guest(test, B, FIRST_B, 39);
	a->frames = far + 1;
	b->frames = far + 1;
	KUNIT_ASSERT_EQ(test, keel_guest_clone(&fake->root, A, B), 0LL);
	v = fake_vcpu(b, 0);
	v->epoch = b->epoch;
	v->running = 1;
	KUNIT_ASSERT_GT(test, keel_guest_scan(&fake->root, B, 0, 1, &scan), 0LL);
	KUNIT_EXPECT_EQ(test, merge_write(b, far + 0x40000, 99, v), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, keel_guest_eptp(b, EPTP), b->ept.root | EPTP);
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, B, 512, 1, &scan), (s64)-EBUSY);
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, B, 0, 1, &scan), (s64)-EBUSY);
	v->epoch = b->epoch;
	KUNIT_EXPECT_GE(test, keel_guest_scan(&fake->root, B, 512, 1, &scan), 0LL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	v->running = 0;
}

/* either side writes, a page of each kind: the other one does not see it */
static void clone_write(struct kunit *test)
{
	static const u64 pages[] = { 3, 601, 20, 30 };	/* 20 reads zeros, 30 has no entry */
	unsigned int i, side;
	struct keel_guest *g, *h;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		for (side = 0; side < 2; side++) {
			source_and_clone(test);
			g = side ? b : a;
			h = side ? a : b;
			KUNIT_EXPECT_EQ(test, merge_write(g, pages[i], 99, NULL), KEEL_FAULT_DONE);
			sees(test, g, pages[i], 99);
			sees(test, h, ~0ULL, 0);
			/* the way there is its own, the table beside it is not */
			KUNIT_EXPECT_EQ(test, g->ept.tables, 4ULL);
			KUNIT_EXPECT_EQ(test, g->stat.cloned_tables, 1ULL);
			KUNIT_EXPECT_EQ(test, g->stat.mapped, 1ULL);
			KUNIT_EXPECT_EQ(test, h->ept.tables, 1ULL);
			KUNIT_EXPECT_EQ(test, h->stat.cloned, 12ULL);
			KUNIT_EXPECT_EQ(test, table(g, pages[i], 1)->owner, (u16)KEEL_OWNER_ROOT);
			KUNIT_EXPECT_EQ(test, table(h, pages[i], 3)->count, 1U);
			KUNIT_EXPECT_EQ(test, table(h, pages[i] ^ 512, 1)->count, 2U);
			/* the other one takes over what is left, without a frame for tables */
			KUNIT_EXPECT_EQ(test, merge_write(h, pages[i], 98, NULL), KEEL_FAULT_DONE);
			sees(test, g, pages[i], 99);
			sees(test, h, pages[i], 98);
			KUNIT_EXPECT_EQ(test, h->ept.tables, 4ULL);
			KUNIT_EXPECT_EQ(test, table(h, pages[i], 1)->owner, (u16)KEEL_OWNER_ROOT);
			KUNIT_EXPECT_EQ(test, table(h, pages[i] ^ 512, 1)->count, 2U);
		}
	}
}

/* the last one that shares a frame has it to itself */
static void clone_last(struct kunit *test)
{
	u64 pa, pool;

	source_and_clone(test);
	pa = KEEL_LEAF_PA(merge_entry(a, 3));
	KUNIT_EXPECT_EQ(test, merge_write(b, 3, 99, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, merge_frame(a, 3).count, 1U);
	KUNIT_EXPECT_EQ(test, merge_frame(a, 4).count, 2U);
	pool = a->pool.nr;
	KUNIT_EXPECT_EQ(test, merge_write(a, 3, 98, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, a->pool.nr, pool);
	KUNIT_EXPECT_EQ(test, KEEL_LEAF_PA(merge_entry(a, 3)), pa);
	KUNIT_EXPECT_EQ(test, merge_frame(a, 3).owner, a->owner);
	sees(test, a, 3, 98);
	sees(test, b, 3, 99);
}

/* a source whose clone is gone has all to itself again, for no frame */
static void clone_gone(struct kunit *test)
{
	u64 pool, pa;

	source_and_clone(test);
	pa = KEEL_LEAF_PA(merge_entry(a, 3));
	KUNIT_EXPECT_EQ(test, drain_all(test, B), 40ULL);
	pool = a->pool.nr;
	KUNIT_EXPECT_EQ(test, merge_write(a, 3, 98, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, KEEL_LEAF_PA(merge_entry(a, 3)), pa);
	KUNIT_EXPECT_EQ(test, merge_entry(a, 4) & 7, 7ULL);
	KUNIT_EXPECT_EQ(test, a->pool.nr, pool);
	KUNIT_EXPECT_EQ(test, a->stat.mapped, 8ULL);
	KUNIT_EXPECT_EQ(test, fake->root.shared, 0ULL);
	sees(test, a, 3, 98);
	KUNIT_EXPECT_EQ(test, drain_all(test, A), 40ULL);
}

static const u8 orders[6][3] = {
	{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
};

/* a guest, its clone, and a clone of that one, some of which write, go in any order */
static void clone_orders(struct kunit *test)
{
	const u64 ids[] = { A, B, C };
	unsigned int writes, i, k;
	u64 owned, nr;

	for (writes = 0; writes < 8; writes++) {
		for (i = 0; i < ARRAY_SIZE(orders); i++) {
			source_and_clone(test);
			if (writes & 4)
				KUNIT_ASSERT_EQ(test, merge_write(b, 5, 55, NULL),
						KEEL_FAULT_DONE);
			c = clone_of(test, B, C, FIRST_C);
			if (writes & 1)
				KUNIT_ASSERT_EQ(test, merge_write(a, 3, 98, NULL),
						KEEL_FAULT_DONE);
			if (writes & 2)
				KUNIT_ASSERT_EQ(test, merge_write(c, 3, 99, NULL),
						KEEL_FAULT_DONE);
			owned = fake->root.owned;
			for (k = 0, nr = 0; k < 3; k++) {
				nr += drain_all(test, ids[orders[i][k]]);
				if (k < 2 && orders[i][2] == 0)
					sees(test, a, writes & 1 ? 3 : 9, 98);
				KUNIT_EXPECT_EQ(test, fake->root.owned, owned - nr);
			}
			KUNIT_EXPECT_EQ(test, nr, 120ULL);
			KUNIT_EXPECT_EQ(test, fake->root.shared, 0ULL);
		}
	}
}

/* what a guest had stays when it goes first, and its id can be another one's */
static void clone_source_first(struct kunit *test)
{
	source_and_clone(test);
	/* twelve frames and four tables stay */
	KUNIT_EXPECT_EQ(test, drain_all(test, A), 40ULL - 16);
	KUNIT_EXPECT_EQ(test, fake->root.shared, 12ULL);
	sees(test, b, ~0ULL, 0);
	a = merge_guest(test, A, FIRST_C, 20);
	KUNIT_ASSERT_EQ(test, merge_write(a, 3, 55, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, merge_write(b, 3, 99, NULL), KEEL_FAULT_DONE);
	/* it was the last one */
	KUNIT_EXPECT_EQ(test, b->stat.mapped, 1ULL);
	KUNIT_EXPECT_EQ(test, b->stat.shared, 7ULL);
	KUNIT_EXPECT_EQ(test, b->pool.nr, 39ULL);
	sees(test, b, 3, 99);
	KUNIT_EXPECT_EQ(test, merge_read(a, 3), 55ULL);
	KUNIT_EXPECT_EQ(test, drain_all(test, B), 40ULL + 16);
}

static void clone_refused(struct kunit *test)
{
	u64 entry, pool, pfn;
	struct keel_root *root;
	struct keel_vcpu *v;

	source(test);
	donate(test);
	root = &fake->root;
	b = merge_guest(test, B, FIRST_B, 4);
	KUNIT_ASSERT_EQ(test, keel_guest_new(root, C, MERGE_FRAMES + 1), 0LL);
	KUNIT_EXPECT_EQ(test, keel_guest_clone(root, A, A), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_guest_clone(root, A, C), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_guest_clone(root, A, C + 1), (s64)-ENOENT);
	KUNIT_EXPECT_EQ(test, keel_guest_clone(root, C + 1, B), (s64)-ENOENT);
	KUNIT_EXPECT_EQ(test, keel_guest_clone(root, ~0ULL, B), (s64)-ENOENT);
	KUNIT_ASSERT_TRUE(test, keel_guest_lock(a));
	KUNIT_EXPECT_EQ(test, keel_guest_clone(root, A, B), (s64)-EAGAIN);
	keel_guest_unlock(a);
	KUNIT_ASSERT_TRUE(test, keel_guest_lock(b));
	KUNIT_EXPECT_EQ(test, keel_guest_clone(root, A, B), (s64)-EAGAIN);
	keel_guest_unlock(b);
	KUNIT_EXPECT_EQ(test, a->lock + b->lock, 0U);
	/* a vCPU can write, or one could come upon memory that appears */
	v = fake_vcpu(a, 0);
	v->running = 1;
	v->epoch = a->epoch;
	entry = *(u64 *)keel_phys(a->ept.root);
	pool = b->pool.nr;
	KUNIT_EXPECT_EQ(test, keel_guest_clone(root, A, B), (s64)-EBUSY);
	KUNIT_EXPECT_EQ(test, *(u64 *)keel_phys(a->ept.root), entry);
	KUNIT_EXPECT_EQ(test, b->pool.nr, pool);
	KUNIT_EXPECT_EQ(test, b->ready_epoch, 0ULL);
	v->running = 0;
	v = fake_vcpu(b, 0);
	v->running = 1;
	KUNIT_EXPECT_EQ(test, keel_guest_clone(root, A, B), (s64)-EBUSY);
	v->running = 0;
	v->on_cpu = 2;
	KUNIT_EXPECT_EQ(test, keel_guest_clone(root, A, B), (s64)-EBUSY);
	v->on_cpu = KEEL_NO_CPU;
	/* no frame for the one table, or memory that is there already */
	while (b->pool.nr)
		KUNIT_ASSERT_NOT_NULL(test, keel_guest_page(root, b, &pfn));
	KUNIT_EXPECT_EQ(test, keel_guest_clone(root, A, B), (s64)-ENOSPC);
	KUNIT_EXPECT_EQ(test, b->ept.root, 0ULL);
	KUNIT_EXPECT_EQ(test, *(u64 *)keel_phys(a->ept.root), entry);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	drain_all(test, B);
	b = clone_of(test, A, B, FIRST_B);
	KUNIT_EXPECT_EQ(test, keel_guest_clone(root, A, B), (s64)-EEXIST);
	KUNIT_EXPECT_EQ(test, keel_guest_clone(root, B, A), (s64)-EEXIST);
	/* a source that was one already and still is, for which no right comes back */
	v = fake_vcpu(a, 0);
	v->running = 1;
	drain_all(test, C);
	c = merge_guest(test, C, FIRST_C, 4);
	KUNIT_EXPECT_EQ(test, keel_guest_clone(root, A, C), (s64)-EBUSY);
	KUNIT_EXPECT_EQ(test, *(u64 *)keel_phys(a->ept.root) & 7, 5ULL);
	v->running = 0;
	KUNIT_ASSERT_EQ(test, keel_guest_kill(root, C), 0LL);
	KUNIT_EXPECT_EQ(test, keel_guest_clone(root, A, C), (s64)-ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, keel_guest_clone(root, C, A), (s64)-ESHUTDOWN);
	sees(test, a, ~0ULL, 0);
	sees(test, b, ~0ULL, 0);
}

/* with one frame too few nothing changes; with just enough the write is done */
static void clone_pool(struct kunit *test)
{
	u64 pfn, have, batch[1];

	for (have = 0; have < 5; have++) {
		source_and_clone(test);
		while (b->pool.nr > have)
			KUNIT_ASSERT_NOT_NULL(test, keel_guest_page(&fake->root, b, &pfn));
		KUNIT_EXPECT_EQ_MSG(test, merge_write(b, 3, 99, NULL),
				    have < 4 ? KEEL_FAULT_FILL : KEEL_FAULT_DONE, "%llu", have);
		KUNIT_EXPECT_EQ(test, b->pool.nr, have < 4 ? have : 0);
		KUNIT_EXPECT_EQ(test, b->stat.cloned_tables, have < 4 ? 4ULL : 1ULL);
		KUNIT_EXPECT_EQ(test, merge_read(b, 3), have < 4 ? 4ULL : 99ULL);
		KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
		/* to read is for nothing */
		KUNIT_EXPECT_EQ(test, keel_guest_fault(&fake->root, b, 3 << 12, false, NULL),
				KEEL_FAULT_DONE);
	}
	/* the next table: one, and a frame */
	KUNIT_EXPECT_EQ(test, merge_write(b, 600, 99, NULL), KEEL_FAULT_FILL);
	for (have = 0; have < 2; have++) {
		batch[0] = 400 + have;
		memset(fake->page[400 + have], 0, 4096);
		KUNIT_ASSERT_EQ(test, keel_guest_fill(&fake->root, B, batch, 1), 1LL);
		fake_pass_all();
		KUNIT_EXPECT_EQ(test, merge_write(b, 600, 99, NULL),
				have ? KEEL_FAULT_DONE : KEEL_FAULT_FILL);
	}
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* a guest without memory, a clone with vCPUs and so a top table, and many of them */
static void clone_many(struct kunit *test)
{
	u64 id, batch[2];

	source(test);
	donate(test);
	b = merge_guest(test, B, FIRST_B, 4);
	c = merge_guest(test, C, FIRST_C, 4);
	KUNIT_EXPECT_EQ(test, keel_guest_clone(&fake->root, B, C), 0LL);
	KUNIT_EXPECT_EQ(test, c->ept.root, 0ULL);
	drain_all(test, B);
	/* as vmx/vcpu.c makes it */
	keel_guest_page(&fake->root, c, batch);
	c->ept.root = batch[0] << 12;
	c->ept.tables = 1;
	KUNIT_EXPECT_EQ(test, keel_guest_clone(&fake->root, A, C), 0LL);
	KUNIT_EXPECT_EQ(test, c->pool.nr, 3ULL);
	sees(test, c, ~0ULL, 0);
	KUNIT_EXPECT_EQ(test, drain_all(test, C), 4ULL);
	for (id = 10; id < 20; id++) {
		KUNIT_ASSERT_EQ(test, keel_guest_new(&fake->root, id, MERGE_FRAMES), 0LL);
		batch[0] = 400 + id;
		KUNIT_ASSERT_EQ(test, keel_guest_fill(&fake->root, id, batch, 1), 1LL);
		fake_pass_all();
		KUNIT_ASSERT_EQ(test, keel_guest_clone(&fake->root, id > 10 ? id - 1 : A, id),
				0LL);
		KUNIT_EXPECT_EQ(test, table(a, 0, 3)->count, (u32)id - 8);
	}
	sees(test, keel_guest_at(&fake->root, 19), ~0ULL, 0);
	drain_all(test, A);
	for (id = 10; id < 19; id++)
		KUNIT_EXPECT_EQ(test, drain_all(test, id), 1ULL);
	sees(test, keel_guest_at(&fake->root, 19), ~0ULL, 0);
	KUNIT_EXPECT_EQ(test, drain_all(test, 19), 17ULL);
}

static struct kunit_case clone_cases[] = {
	KUNIT_CASE(clone_makes),
	KUNIT_CASE(clone_written),
	KUNIT_CASE(clone_write),
	KUNIT_CASE(clone_last),
	KUNIT_CASE(clone_gone),
	KUNIT_CASE(clone_orders),
	KUNIT_CASE(clone_source_first),
	KUNIT_CASE(clone_refused),
	KUNIT_CASE(clone_pool),
	KUNIT_CASE(clone_many),
	{}
};

static struct kunit_suite clone_suite = {
	.name = "keel-clone",
	.test_cases = clone_cases,
};

kunit_test_suites(&clone_suite);
