/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guests on the made-up machine whose pages can be merged.
 *
 * World: KUnit.  No locks.
 */
#ifndef KEEL_TEST_MERGE_KIT_H
#define KEEL_TEST_MERGE_KIT_H

#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../../kmod/mmu/hash.h"
#include "fake_machine.h"
#include "kit.h"

/* Memory of each of them, in frames */
#define MERGE_FRAMES	2048

/* a guest with @pool frames, from @first on, in domain 1 */
static inline struct keel_guest *merge_guest(struct kunit *test, u64 id, u64 first,
					     unsigned int pool)
{
	struct keel_root *root = &fake->root;
	u64 batch[KEEL_BATCH_NR];
	unsigned int i;

	KUNIT_ASSERT_EQ(test, keel_guest_new(root, id, MERGE_FRAMES), 0LL);
	for (i = 0; i < pool; i++) {
		memset(fake->page[first + i], 0, 4096);
		batch[i] = first + i;
	}
	KUNIT_ASSERT_EQ(test, keel_guest_fill(root, id, batch, pool), (s64)pool);
	fake_pass_all();
	keel_guest_settle(root, keel_guest_at(root, id));
	KUNIT_ASSERT_EQ(test, keel_guest_domain(root, id, 1), 0LL);
	return keel_guest_at(root, id);
}

/* as a vCPU would */
static inline enum keel_fault merge_write(struct keel_guest *g, u64 gfn, u64 val, const void *self)
{
	return keel_gmem_write(&fake->root, g, gfn << 12 | 0x88, &val, sizeof(val), self);
}

static inline u64 merge_read(struct keel_guest *g, u64 gfn)
{
	u64 val = ~0ULL;

	keel_gmem_read(&fake->root, g, gfn << 12 | 0x88, &val, sizeof(val));
	return val;
}

static inline u64 merge_entry(struct keel_guest *g, u64 gfn)
{
	unsigned int level;

	return *keel_guest_leaf(g, gfn << 12, &level);
}

static inline struct keel_frame merge_frame(struct keel_guest *g, u64 gfn)
{
	return *keel_frame_at(&fake->root.frames, KEEL_LEAF_PA(merge_entry(g, gfn)) >> 12);
}

/* what becomes of one pair */
static inline enum keel_merge merge_pair(u64 to, u64 from, u64 most)
{
	u64 batch[2] = { to, from };
	s64 nr = keel_merge(&fake->root, batch, 1, most);

	return nr == (batch[0] == KEEL_MERGE_DONE) ? batch[0] : KEEL_MERGE_RESULTS;
}

/* A guest goes, zeroed: how many frames it had.  @also can be answered as well meanwhile. */
static inline u64 merge_drain_guest(struct kunit *test, u64 id, s64 also)
{
	u64 batch[KEEL_BATCH_NR], nr = 0, i;
	unsigned int calls = 0;
	s64 ret;

	KUNIT_ASSERT_EQ(test, keel_guest_kill(&fake->root, id), 0LL);
	fake_pass_all();
	do {
		ret = keel_guest_drain(&fake->root, id, batch);
		KUNIT_ASSERT_TRUE(test, ret >= 0 || ret == also);
		KUNIT_ASSERT_LT(test, calls++, 1000U);
		for (i = 0; (s64)i < ret; i++)
			KUNIT_EXPECT_TRUE(test, !memchr_inv(fake->page[batch[i]], 0, 4096));
		nr += ret > 0 ? ret : 0;
		KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	} while (ret);
	return nr;
}

#endif /* KEEL_TEST_MERGE_KIT_H */
