// SPDX-License-Identifier: GPL-2.0
/*
 * keel-large: blocks of frames, and large pages that are made of them at the first touch, read
 * and written to, scanned, split, merged with others afterwards, cloned and given back; what is
 * refused changes nothing.
 *
 * World: KUnit.  No locks.
 */
#include "large_kit.h"

#define SEED	0x1234567890abcdefULL

static void large_block(struct kunit *test)
{
	struct keel_root *root = large_machine(test);
	static const u64 bad[] = { 0, 512, 1025, FAKE_END - 511, FAKE_END, ~0ULL, 1ULL << 52 };
	u64 owned, batch[1] = { 1024 + 300 }, pfn;
	struct keel_vm_stat stat;
	unsigned int i;

	a = merge_guest(test, A, FIRST_A, 20);
	owned = root->owned;
	/* memory has a hole in the first, and ends within the second */
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, keel_guest_block(root, A, bad[i]), (s64)-EINVAL, "%llx",
				    bad[i]);
	KUNIT_ASSERT_EQ(test, give(A, BLOCK(0)), 0LL);
	KUNIT_EXPECT_EQ(test, keel_guest_block(root, B, BLOCK(1)), (s64)-ENOENT);
	KUNIT_EXPECT_EQ(test, keel_guest_no_block(root, B, true), (s64)-ENOENT);
	KUNIT_EXPECT_EQ(test, root->owned, owned + KEEL_BLOCK_NR);
	/* not twice, and not if one frame of it is not the host's */
	KUNIT_EXPECT_EQ(test, keel_guest_block(root, A, BLOCK(0)), (s64)-EPERM);
	KUNIT_ASSERT_EQ(test, keel_guest_fill(root, A, (u64[]){ BLOCK(1) + 511 }, 1), 1LL);
	KUNIT_EXPECT_EQ(test, keel_guest_block(root, A, BLOCK(1)), (s64)-EPERM);
	KUNIT_EXPECT_TRUE(test, keel_hostmap_open(&root->ept, BLOCK(1) << 12));
	KUNIT_EXPECT_FALSE(test, keel_hostmap_open(&root->ept, (BLOCK(0) + 511) << 12));
	KUNIT_EXPECT_EQ(test, keel_guest_fill(root, A, batch, 1), (s64)-EPERM);
	/* so many wait, and no more */
	KUNIT_EXPECT_EQ(test, keel_guest_block(root, A, BLOCK(2)), 0LL);
	KUNIT_EXPECT_EQ(test, keel_guest_block(root, A, BLOCK(3)), (s64)-ENOSPC);
	KUNIT_EXPECT_EQ(test, a->blocks.ready, 1U);
	KUNIT_EXPECT_EQ(test, keel_guest_stat(root, A, &stat), 0LL);
	KUNIT_EXPECT_EQ(test, stat.blocks, 2ULL * KEEL_BLOCK_NR);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	/* one that is not cold yet is no use as frames either */
	pfn = a->pool.nr;
	KUNIT_EXPECT_EQ(test, keel_guest_no_block(root, A, true), (s64)KEEL_BLOCK_NR);
	KUNIT_EXPECT_EQ(test, keel_guest_no_block(root, A, true), 0LL);
	KUNIT_EXPECT_EQ(test, a->pool.nr, pfn + KEEL_BLOCK_NR);
	KUNIT_EXPECT_FALSE(test, a->blocks.asks);
	fake_pass_all();
	KUNIT_EXPECT_EQ(test, keel_guest_no_block(root, A, false), 0LL);
	KUNIT_EXPECT_EQ(test, a->blocks.ready, 1U);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	/* busy, dead */
	KUNIT_ASSERT_TRUE(test, keel_guest_lock(a));
	KUNIT_EXPECT_EQ(test, keel_guest_block(root, A, BLOCK(3)), (s64)-EAGAIN);
	KUNIT_EXPECT_EQ(test, keel_guest_no_block(root, A, true), (s64)-EAGAIN);
	keel_guest_unlock(a);
	KUNIT_EXPECT_EQ(test, drain_all(test, A), 20 + 1 + 2ULL * KEEL_BLOCK_NR);
	KUNIT_EXPECT_EQ(test, root->owned, owned - 20);
}

/* root lacks pages for its tables: nothing was taken */
static void large_stock(struct kunit *test)
{
	struct keel_root *root = fake_machine_large(test);
	unsigned int stock;
	u64 owned;
	s64 ret = -ENOMEM;

	a = merge_guest(test, A, FIRST_A, 1);
	for (stock = 0; ret == -ENOMEM; stock++) {
		struct keel_pool rest = root->stock;

		KUNIT_ASSERT_LT(test, stock, 16U);
		root->stock.nr = min_t(u64, stock, rest.nr);
		owned = root->owned;
		ret = keel_guest_block(root, A, BLOCK(0));
		if (ret == -ENOMEM) {
			KUNIT_EXPECT_EQ(test, root->owned, owned);
			KUNIT_EXPECT_EQ(test, a->blocks.nr, 0U);
			root->stock = rest;
			KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
		} else {
			root->stock.nr += rest.nr - min_t(u64, stock, rest.nr);
		}
	}
	/* one of the frame table, two splits of the host's EPT, and what is to be left */
	KUNIT_EXPECT_EQ(test, ret, 0LL);
	KUNIT_EXPECT_GT(test, stock, (unsigned int)KEEL_STOCK_MIN);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* the first touch of any kind takes all of it; a guest that was never given one asks for none */
static void large_touch(struct kunit *test)
{
	struct keel_root *root = large_machine(test);
	unsigned int level;

	a = merge_guest(test, A, FIRST_A, 20);
	KUNIT_EXPECT_EQ(test, keel_block_wants(a), 0);
	KUNIT_EXPECT_EQ(test, merge_write(a, 5, 1, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, a->stat.mapped, 1ULL);
	KUNIT_ASSERT_EQ(test, give(A, BLOCK(0)), 0LL);
	KUNIT_EXPECT_EQ(test, keel_block_wants(a), 1);
	/* where a table is, it stays so */
	KUNIT_EXPECT_EQ(test, merge_write(a, 6, 1, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, a->stat.mapped, 2ULL);
	KUNIT_EXPECT_EQ(test, keel_guest_fault(root, a, 700 << 12, false, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, a->stat.huge, (u64)KEEL_BLOCK_NR);
	KUNIT_EXPECT_EQ(test, a->stat.mapped, 2ULL + KEEL_BLOCK_NR);
	KUNIT_EXPECT_EQ(test, a->stat.touched_read, 1ULL);
	KUNIT_EXPECT_EQ(test, a->stat.touched_write, 2ULL);
	KUNIT_EXPECT_EQ(test, *keel_guest_leaf(a, 700 << 12, &level),
			(u64)BLOCK(0) << 12 | KEEL_LEAF_LARGE);
	KUNIT_EXPECT_EQ(test, level, (unsigned int)KEEL_LEVEL_2M);
	KUNIT_EXPECT_EQ(test, a->ept.tables, 4ULL);
	/* others find it */
	KUNIT_EXPECT_EQ(test, keel_guest_fault(root, a, 512 << 12, true, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, a->stat.mapped, 2ULL + KEEL_BLOCK_NR);
	KUNIT_EXPECT_EQ(test, keel_frame_at(&root->frames, BLOCK(0) + 511)->owner, a->owner);
	KUNIT_EXPECT_EQ(test, keel_guest_map(root, A, (u64[]){ 300 }, 1, 800), (s64)-EEXIST);
	/* the next one is asked for */
	KUNIT_EXPECT_EQ(test, keel_block_wants(a), 2);
	KUNIT_EXPECT_EQ(test, merge_write(a, 1024, 7, NULL), KEEL_FAULT_FILL);
	KUNIT_ASSERT_EQ(test, keel_guest_block(root, A, BLOCK(1)), 0LL);
	/* a CPU could write to it still */
	KUNIT_EXPECT_EQ(test, merge_write(a, 1024, 7, NULL), KEEL_FAULT_FILL);
	KUNIT_EXPECT_EQ(test, a->stat.huge, (u64)KEEL_BLOCK_NR);
	fake_pass_all();
	KUNIT_EXPECT_EQ(test, merge_write(a, 1024, 7, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, a->stat.huge, 2ULL * KEEL_BLOCK_NR);
	/* there is room for one more */
	KUNIT_EXPECT_EQ(test, keel_block_wants(a), 1);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	KUNIT_EXPECT_EQ(test, drain_all(test, A), 20 + 2ULL * KEEL_BLOCK_NR);
}

/* the host has none, or the memory is too short: small pages, and no question twice */
static void large_none(struct kunit *test)
{
	struct keel_root *root = large_machine(test);
	u64 pool;

	KUNIT_ASSERT_EQ(test, keel_guest_new(root, A, 1023), 0LL);
	a = keel_guest_at(root, A);
	KUNIT_ASSERT_EQ(test, give(A, BLOCK(0)), 0LL);
	/* a frame for the tables on the way is wanted first */
	KUNIT_EXPECT_EQ(test, merge_write(a, 0, 7, NULL), KEEL_FAULT_FILL);
	KUNIT_ASSERT_EQ(test, keel_guest_fill(root, A, (u64[]){ 10, 11, 12, 13, 14, 15 }, 6), 6LL);
	fake_pass_all();
	KUNIT_EXPECT_EQ(test, merge_write(a, 0, 7, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, a->stat.huge, (u64)KEEL_BLOCK_NR);
	/* there is room for less than one more: nothing to ask for */
	KUNIT_EXPECT_EQ(test, keel_block_wants(a), 0);
	pool = a->pool.nr;
	KUNIT_EXPECT_EQ(test, merge_write(a, 1022, 7, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, a->stat.huge, (u64)KEEL_BLOCK_NR);
	KUNIT_EXPECT_EQ(test, a->pool.nr, pool - 2);
	KUNIT_EXPECT_EQ(test, drain_all(test, A), 6 + 1ULL * KEEL_BLOCK_NR);

	b = merge_guest(test, B, FIRST_B, 20);
	KUNIT_ASSERT_EQ(test, give(B, BLOCK(1)), 0LL);
	KUNIT_EXPECT_EQ(test, merge_write(b, 0, 7, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, merge_write(b, 512, 7, NULL), KEEL_FAULT_FILL);
	KUNIT_EXPECT_EQ(test, keel_guest_no_block(root, B, false), 0LL);
	KUNIT_EXPECT_EQ(test, merge_write(b, 512, 7, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, b->stat.huge, (u64)KEEL_BLOCK_NR);
	KUNIT_EXPECT_EQ(test, merge_write(b, 1024, 7, NULL), KEEL_FAULT_DONE);
	KUNIT_ASSERT_EQ(test, give(B, BLOCK(2)), 0LL);
	KUNIT_EXPECT_EQ(test, merge_write(b, 1536, 7, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, b->stat.huge, 2ULL * KEEL_BLOCK_NR);
	KUNIT_EXPECT_EQ(test, drain_all(test, B), 20 + 2ULL * KEEL_BLOCK_NR);
}

/* within a large page, and over its edge to a small one and to nothing */
static void large_gmem(struct kunit *test)
{
	u64 val = 0x1122334455667788ULL, edge = KEEL_BLOCK_NR << 12, got;
	unsigned int level;
	u64 *entry;

	with_large(test);
	holds(test, a, ~0ULL, 0);
	entry = keel_guest_leaf(a, 0, &level);
	KUNIT_EXPECT_EQ(test, *entry & KEEL_TABLE_AD, KEEL_TABLE_AD);
	*entry &= ~KEEL_TABLE_AD;
	keel_gmem_read(&fake->root, a, edge - 4, &got, sizeof(got));
	KUNIT_EXPECT_EQ(test, got, 0ULL);
	KUNIT_EXPECT_EQ(test, *entry & KEEL_TABLE_AD, 0ULL);
	KUNIT_EXPECT_EQ(test, keel_gmem_write(&fake->root, a, edge - 4, &val, sizeof(val), NULL),
			KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, *entry & KEEL_TABLE_AD, KEEL_TABLE_AD);
	keel_gmem_read(&fake->root, a, edge - 4, &got, sizeof(got));
	KUNIT_EXPECT_EQ(test, got, val);
	KUNIT_EXPECT_EQ(test, fake->page[BLOCK(0) + 511][511], 0x5566778800000000ULL);
	KUNIT_EXPECT_EQ(test, a->stat.mapped, 1ULL + KEEL_BLOCK_NR);
	edge = 5 << 12;
	KUNIT_EXPECT_EQ(test, keel_gmem_write(&fake->root, a, edge - 4, &val, sizeof(val), NULL),
			KEEL_FAULT_DONE);
	keel_gmem_read(&fake->root, a, edge - 4, &got, sizeof(got));
	KUNIT_EXPECT_EQ(test, got, val);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* how a pass finds the large page: hashed or merged, clean, dirty */
static void pass(struct kunit *test, unsigned int hashed, unsigned int clean, unsigned int dirty)
{
	unsigned int sum[3] = { 0 }, i, calls = 0;
	struct keel_scan scan;
	s64 gfn = 0;

	do {
		gfn = keel_guest_scan(&fake->root, A, gfn, SEED, &scan);
		KUNIT_ASSERT_GT(test, gfn, 0LL);
		KUNIT_ASSERT_LT(test, calls++, 20U);
		KUNIT_EXPECT_TRUE(test, scan.large);
		for (i = 0; i < scan.nr; i++) {
			KUNIT_EXPECT_EQ(test, scan.page[i].gfn, (u64)sum[0] + i);
			KUNIT_EXPECT_EQ(test, scan.page[i].hash,
					keel_page_hash(fake->page[BLOCK(0) + sum[0] + i], SEED));
		}
		sum[0] += scan.nr;
		sum[1] += scan.clean;
		sum[2] += scan.dirty;
	} while (gfn < KEEL_BLOCK_NR);
	KUNIT_EXPECT_EQ(test, gfn, (s64)KEEL_BLOCK_NR);
	KUNIT_EXPECT_EQ(test, sum[0], hashed);
	KUNIT_EXPECT_EQ(test, sum[1], clean);
	KUNIT_EXPECT_EQ(test, sum[2], dirty);
}

static void large_scan(struct kunit *test)
{
	struct keel_scan scan;
	struct keel_vcpu *v;
	unsigned int level;
	u64 *entry;

	with_large(test);
	pass(test, 0, 0, KEEL_BLOCK_NR);
	pass(test, KEEL_BLOCK_NR, 0, 0);
	pass(test, 0, KEEL_BLOCK_NR, 0);
	entry = keel_guest_leaf(a, 0, &level);
	/* a write, and all of it is hashed again, two passes later */
	KUNIT_ASSERT_EQ(test, merge_write(a, 9, 9, NULL), KEEL_FAULT_DONE);
	pass(test, 0, 0, KEEL_BLOCK_NR);
	/* one that comes in the midst of it */
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, A, 0, SEED, &scan), (s64)KEEL_SCAN_NR);
	KUNIT_ASSERT_EQ(test, merge_write(a, 9, 9, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, A, KEEL_SCAN_NR, SEED, &scan),
			(s64)KEEL_BLOCK_NR);
	KUNIT_EXPECT_EQ(test, scan.dirty, KEEL_BLOCK_NR - (u32)KEEL_SCAN_NR);
	KUNIT_EXPECT_EQ(test, *entry & KEEL_LEAF_HASHED, 0ULL);
	pass(test, KEEL_BLOCK_NR, 0, 0);
	/* nothing is expected of a page of a large one */
	a->next = (struct keel_next){ .run = 8, .gfn = 0, .hint = KEEL_HINT_ZERO, .most = 3 };
	*entry &= ~KEEL_LEAF_HASHED;
	pass(test, KEEL_BLOCK_NR, 0, 0);
	/* a vCPU that has the dirty bit in a translation would not set it again */
	v = fake_vcpu(a, 0);
	v->running = 1;
	v->epoch = a->epoch;
	KUNIT_ASSERT_EQ(test, merge_write(a, 9, 9, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, A, 0, SEED, &scan), (s64)KEEL_BLOCK_NR);
	KUNIT_EXPECT_EQ(test, keel_guest_scan(&fake->root, A, 0, SEED, &scan), (s64)-EBUSY);
}

static void large_split(struct kunit *test)
{
	unsigned int level, i;
	u64 *entry, pool, epoch;

	with_large(test);
	entry = keel_guest_leaf(a, 0, &level);
	*entry = (*entry & ~KEEL_TABLE_DIRTY) | KEEL_LEAF_HASHED;
	KUNIT_EXPECT_EQ(test, keel_guest_split(&fake->root, B, 0), (s64)-ENOENT);
	KUNIT_EXPECT_EQ(test, keel_guest_split(&fake->root, A, MERGE_FRAMES), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_guest_split(&fake->root, A, 512), 0LL);
	KUNIT_ASSERT_TRUE(test, keel_guest_lock(a));
	KUNIT_EXPECT_EQ(test, keel_guest_split(&fake->root, A, 0), (s64)-EAGAIN);
	keel_guest_unlock(a);
	pool = a->pool.nr;
	a->pool.nr = 0;
	KUNIT_EXPECT_EQ(test, keel_guest_split(&fake->root, A, 0), (s64)-ENOSPC);
	a->pool.nr = pool;
	KUNIT_EXPECT_EQ(test, a->stat.huge, (u64)KEEL_BLOCK_NR);
	/* a page in it is not merged, on either side */
	KUNIT_EXPECT_EQ(test, merge_pair(KEEL_HINT_ZERO, KEEL_HINT(A, 3), 2), KEEL_MERGE_LARGE);
	KUNIT_EXPECT_EQ(test, merge_pair(KEEL_HINT(A, 3), KEEL_HINT(A, 4), 2), KEEL_MERGE_LARGE);
	epoch = a->epoch;
	KUNIT_EXPECT_EQ(test, keel_guest_split(&fake->root, A, 100), 1LL);
	KUNIT_EXPECT_EQ(test, a->epoch, epoch);
	KUNIT_EXPECT_EQ(test, a->stat.huge, 0ULL);
	KUNIT_EXPECT_EQ(test, a->stat.splits, 1ULL);
	KUNIT_EXPECT_EQ(test, a->stat.mapped, (u64)KEEL_BLOCK_NR);
	KUNIT_EXPECT_EQ(test, a->pool.nr, pool - 1);
	for (i = 0; i < KEEL_BLOCK_NR; i++)
		KUNIT_EXPECT_EQ(test, merge_entry(a, i), (u64)(BLOCK(0) + i) << 12 | KEEL_LEAF_OWN |
				KEEL_TABLE_ACCESSED | KEEL_LEAF_HASHED);
	holds(test, a, ~0ULL, 0);
	KUNIT_EXPECT_EQ(test, keel_guest_split(&fake->root, A, 100), 0LL);
	KUNIT_EXPECT_EQ(test, drain_all(test, A), 20 + 1ULL * KEEL_BLOCK_NR);
}

/* what is split is merged, and broken again, as any other page */
static void large_merge(struct kunit *test)
{
	with_large(test);
	KUNIT_ASSERT_EQ(test, merge_write(a, 8, 8, NULL), KEEL_FAULT_DONE);
	KUNIT_ASSERT_EQ(test, keel_guest_split(&fake->root, A, 0), 1LL);
	KUNIT_EXPECT_EQ(test, merge_pair(KEEL_HINT(A, 7), KEEL_HINT(A, 8), 2), KEEL_MERGE_DONE);
	KUNIT_EXPECT_EQ(test, a->stat.shared, 2ULL);
	holds(test, a, 8, 8);
	KUNIT_EXPECT_EQ(test, merge_write(a, 8, 9, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, merge_write(a, 7, 8, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, a->stat.shared, 0ULL);
	holds(test, a, ~0ULL, 0);
	KUNIT_EXPECT_EQ(test, drain_all(test, A), 20 + 1ULL * KEEL_BLOCK_NR);
}

/* a guest with large pages is not cloned; when they are split it is, and goes on with others */
static void large_clone(struct kunit *test)
{
	with_large(test);
	b = merge_guest(test, B, FIRST_B, 20);
	KUNIT_EXPECT_EQ(test, keel_guest_clone(&fake->root, A, B), (s64)-E2BIG);
	KUNIT_EXPECT_EQ(test, keel_guest_split(&fake->root, A, 0), 1LL);
	KUNIT_ASSERT_EQ(test, give(A, BLOCK(1)), 0LL);
	KUNIT_EXPECT_EQ(test, keel_guest_clone(&fake->root, A, B), 0LL);
	holds(test, b, ~0ULL, 0);
	KUNIT_EXPECT_TRUE(test, b->blocks.asks);
	/* what both have is not split again, nor collapsed */
	KUNIT_EXPECT_EQ(test, keel_guest_split(&fake->root, B, 0), 0LL);
	KUNIT_ASSERT_EQ(test, give(B, BLOCK(2)), 0LL);
	KUNIT_EXPECT_EQ(test, keel_guest_collapse(&fake->root, B, 0), (s64)-ENOENT);
	/* each goes on, with a large page where there was none */
	KUNIT_EXPECT_EQ(test, merge_write(b, 9, 99, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, merge_write(b, 512, 5, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, merge_write(a, 513, 6, NULL), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, b->stat.huge, (u64)KEEL_BLOCK_NR);
	KUNIT_EXPECT_EQ(test, a->stat.huge, (u64)KEEL_BLOCK_NR);
	KUNIT_EXPECT_EQ(test, merge_read(b, 513), 0ULL);
	holds(test, a, ~0ULL, 0);
	holds(test, b, 9, 99);
	KUNIT_EXPECT_EQ(test, drain_all(test, A) + drain_all(test, B), 40 + 3ULL * KEEL_BLOCK_NR);
}

/* what a wrong entry, block or sum is to the audit */
static void large_audit(struct kunit *test)
{
	unsigned int level, i;
	u64 *entry, was;
	struct keel_frame *frame, old;

	with_large(test);
	KUNIT_ASSERT_EQ(test, give(A, BLOCK(1)), 0LL);
	KUNIT_ASSERT_EQ(test, fake_audit(), 0LL);
	entry = keel_guest_leaf(a, 0, &level);
	was = *entry;
	{
		const u64 bad[] = { was + 4096, was + (512 << 12), was & ~4ULL, was | 1ULL << 11,
				    (was & 0xfff) | (u64)BLOCK(1) << 12,
				    (was & 0xfff) | 1ULL << 40 };

		for (i = 0; i < ARRAY_SIZE(bad); i++) {
			*entry = bad[i];
			KUNIT_EXPECT_EQ_MSG(test, fake_audit(), (s64)-EUCLEAN, "entry %u", i);
		}
	}
	*entry = was;
	for (i = 0; i < 4; i++) {
		frame = keel_frame_at(&fake->root.frames, BLOCK(i / 2) + i % 2 * 511);
		old = *frame;
		frame->owner = i < 2 ? KEEL_OWNER_VM + B : KEEL_OWNER_VM + A;
		KUNIT_EXPECT_EQ_MSG(test, fake_audit(), (s64)-EUCLEAN, "frame %u", i);
		*frame = old;
	}
	a->stat.huge--;
	KUNIT_EXPECT_EQ(test, fake_audit(), (s64)-EUCLEAN);
	a->stat.huge++;
	a->blocks.pfn[0]++;
	KUNIT_EXPECT_EQ(test, fake_audit(), (s64)-EUCLEAN);
	a->blocks.pfn[0]--;
	a->blocks.ready = 2;
	KUNIT_EXPECT_EQ(test, fake_audit(), (s64)-EUCLEAN);
	a->blocks.ready = 0;
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

static struct kunit_case large_cases[] = {
	KUNIT_CASE(large_block),
	KUNIT_CASE(large_stock),
	KUNIT_CASE(large_touch),
	KUNIT_CASE(large_none),
	KUNIT_CASE(large_gmem),
	KUNIT_CASE(large_scan),
	KUNIT_CASE(large_split),
	KUNIT_CASE(large_merge),
	KUNIT_CASE(large_clone),
	KUNIT_CASE(large_audit),
	{}
};

static struct kunit_suite large_suite = {
	.name = "keel-large",
	.test_cases = large_cases,
};

kunit_test_suites(&large_suite);
