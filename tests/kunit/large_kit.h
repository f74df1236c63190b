/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest with large pages, on the made-up machine that has memory for blocks.
 *
 * World: KUnit.  No locks.
 */
#ifndef KEEL_TEST_LARGE_KIT_H
#define KEEL_TEST_LARGE_KIT_H

#include "merge_kit.h"

#define A	3
#define B	700

/* Frames for the pools: of each guest, from there on */
#define FIRST_A	100
#define FIRST_B	200

/* Blocks that the host has */
#define BLOCK(i)	(FAKE_FRAMES + (i) * KEEL_BLOCK_NR)

static struct keel_guest *a __maybe_unused, *b __maybe_unused;

/* with more pages for root's tables than it has at first */
static inline struct keel_root *large_machine(struct kunit *test)
{
	struct keel_root *root = fake_machine_large(test);
	u64 pfn;

	for (pfn = 600; pfn < 616; pfn++)
		KUNIT_ASSERT_EQ(test, keel_donate(root, pfn), 0LL);
	fake_pass_all();
	keel_pool_settle(root);
	return root;
}

/* the host gives a block, which is zeroed, and kicks */
static inline s64 give(u64 id, u64 pfn)
{
	unsigned int i;
	s64 ret;

	for (i = 0; i < KEEL_BLOCK_NR; i++)
		memset(fake->page[pfn + i], 0, 4096);
	ret = keel_guest_block(&fake->root, id, pfn);
	fake_pass_all();
	return ret;
}

/* memory of @a's from gfn 0 on that is a large page, whose page @i holds @i + 1 */
static inline void with_large(struct kunit *test)
{
	u64 i;

	large_machine(test);
	a = merge_guest(test, A, FIRST_A, 20);
	KUNIT_ASSERT_EQ(test, give(A, BLOCK(0)), 0LL);
	for (i = 0; i < KEEL_BLOCK_NR; i++)
		KUNIT_ASSERT_EQ(test, merge_write(a, i, i + 1, NULL), KEEL_FAULT_DONE);
	KUNIT_ASSERT_EQ(test, a->stat.huge, (u64)KEEL_BLOCK_NR);
	KUNIT_ASSERT_EQ(test, keel_guest_no_block(&fake->root, A, false), 0LL);
}

/* @g's page @i holds @i + 1 still, but for page @but, which holds @val */
static inline void holds(struct kunit *test, struct keel_guest *g, u64 but, u64 val)
{
	u64 i;

	for (i = 0; i < KEEL_BLOCK_NR; i++)
		KUNIT_ASSERT_EQ_MSG(test, merge_read(g, i), i == but ? val : i + 1, "page %llu", i);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	KUNIT_EXPECT_FALSE(test, fake->wild);
}

static inline u64 drain_all(struct kunit *test, u64 id)
{
	return merge_drain_guest(test, id, 0);
}

#endif /* KEEL_TEST_LARGE_KIT_H */
