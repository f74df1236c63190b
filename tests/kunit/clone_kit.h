/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest on the made-up machine that is cloned, and what it and its clones have to see.
 *
 * World: KUnit.  No locks.
 */
#ifndef KEEL_TEST_CLONE_KIT_H
#define KEEL_TEST_CLONE_KIT_H

#include "merge_kit.h"

#define A	3
#define B	700
#define C	701

/* Frames for the pools: of each guest, from there on */
#define FIRST_A	100
#define FIRST_B	200
#define FIRST_C	300

static struct keel_guest *a, *b, *c __maybe_unused;

/* a guest with pages 0 to 7 and 600 to 603 of its own, 20 and 601 the zero frame */
static inline void source(struct kunit *test)
{
	u64 i;

	fake_machine(test);
	a = merge_guest(test, A, FIRST_A, 40);
	for (i = 0; i < 8; i++)
		KUNIT_ASSERT_EQ(test, merge_write(a, i, i + 1, NULL), KEEL_FAULT_DONE);
	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_EQ(test, merge_write(a, 600 + i, 601 + i, NULL), KEEL_FAULT_DONE);
	KUNIT_ASSERT_EQ(test, keel_guest_fault(&fake->root, a, 20 << 12, false, NULL),
			KEEL_FAULT_DONE);
	KUNIT_ASSERT_EQ(test, keel_guest_fault(&fake->root, a, 640 << 12, false, NULL),
			KEEL_FAULT_DONE);
}

static inline struct keel_guest *clone_of(struct kunit *test, u64 from, u64 id, u64 first)
{
	struct keel_guest *g = merge_guest(test, id, first, 40);

	KUNIT_ASSERT_EQ(test, keel_guest_clone(&fake->root, from, id), 0LL);
	KUNIT_ASSERT_EQ(test, fake_audit(), 0LL);
	return g;
}

static inline void source_and_clone(struct kunit *test)
{
	source(test);
	b = clone_of(test, A, B, FIRST_B);
}

/* @g sees what @a had when it was cloned, but for page @but, which holds @val */
static inline void sees(struct kunit *test, struct keel_guest *g, u64 but, u64 val)
{
	u64 i;

	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, merge_read(g, i), i == but ? val : i + 1);
	for (i = 600; i < 604; i++)
		KUNIT_EXPECT_EQ(test, merge_read(g, i), i == but ? val : i + 1);
	KUNIT_EXPECT_EQ(test, merge_read(g, 20), but == 20 ? val : 0);
	KUNIT_EXPECT_EQ(test, merge_read(g, 30), but == 30 ? val : 0);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	KUNIT_EXPECT_FALSE(test, fake->wild);
}

/* pages for more guests than root has some for at first */
static inline void donate(struct kunit *test)
{
	u64 pfn;

	for (pfn = 600; pfn < 612; pfn++)
		KUNIT_ASSERT_EQ(test, keel_donate(&fake->root, pfn), 0LL);
	fake_pass_all();
}

static inline struct keel_frame *table(struct keel_guest *g, u64 gfn, unsigned int level)
{
	u64 pa = g->ept.root;
	unsigned int l;

	for (l = 4; l > level; l--)
		pa = KEEL_LEAF_PA(((u64 *)keel_phys(pa))[keel_table_index(gfn << 12, l)]);
	return keel_frame_at(&fake->root.frames, pa >> 12);
}

/* Another guest can be in the way, if it holds the same tables. */
static inline u64 drain_all(struct kunit *test, u64 id)
{
	return merge_drain_guest(test, id, -EAGAIN);
}

#endif /* KEEL_TEST_CLONE_KIT_H */
