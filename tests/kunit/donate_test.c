// SPDX-License-Identifier: GPL-2.0
/*
 * keel-donate: pages from the host to root and back, epochs and the audit, on a
 * made-up machine: what is refused, what waits for whom, and random steps against
 * a list of who owns what.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../../kmod/mmu/hostmap.h"
#include "fake_machine.h"
#include "kit.h"

static void donate_refuses(struct kunit *test)
{
	struct keel_root *root = fake_machine(test);

	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	KUNIT_EXPECT_EQ(test, keel_donate(root, FAKE_FRAMES), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_donate(root, ~0ULL), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_donate(root, 1ULL << 52), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_donate(root, FAKE_HOLE), (s64)-EINVAL);
	/* an address that stands for none */
	KUNIT_EXPECT_EQ(test, keel_donate(root, 0), (s64)-EINVAL);
	/* root's own */
	KUNIT_EXPECT_EQ(test, keel_donate(root, FAKE_RAM_END), (s64)-EINVAL);
	root->ram[1].end = FAKE_FRAMES;
	KUNIT_EXPECT_EQ(test, keel_donate(root, FAKE_RAM_END), (s64)-EPERM);
	KUNIT_EXPECT_EQ(test, keel_donate(root, 7), 0LL);
	KUNIT_EXPECT_EQ(test, keel_donate(root, 7), (s64)-EPERM);
	/* whatever else is wrong: the host's, but hidden; root's, but open */
	keel_hostmap_hide(&root->ept, 8 << 12, root->zero_pa);
	KUNIT_EXPECT_EQ(test, keel_donate(root, 8), (s64)-EPERM);
	keel_table_remap(&root->ept, 8 << 12, 9 << 12, 1, 0x37);
	KUNIT_EXPECT_EQ(test, keel_donate(root, 8), (s64)-EPERM);
	keel_table_remap(&root->ept, 8 << 12, 8 << 12, 1, 0x37);
	keel_table_remap(&root->ept, 7 << 12, 7 << 12, 1, 0x37);
	KUNIT_EXPECT_EQ(test, keel_donate(root, 7), (s64)-EPERM);
	keel_hostmap_hide(&root->ept, 7 << 12, root->zero_pa);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	KUNIT_EXPECT_FALSE(test, fake->wild);
}

static void donate_waits_for_all(struct kunit *test)
{
	struct keel_root *root = fake_machine(test);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, keel_reclaim(root), (s64)-ENOENT);
	KUNIT_ASSERT_EQ(test, keel_donate(root, 9), 0LL);
	for (i = 0; i < FAKE_CPUS; i++) {
		KUNIT_EXPECT_TRUE(test, fake->cpu[i].pending & KEEL_LATCH_FLUSH);
		KUNIT_EXPECT_EQ(test, keel_reclaim(root), (s64)-ENOENT);
		fake_pass(i);
	}
	KUNIT_EXPECT_EQ(test, fake->flushes, (unsigned int)FAKE_CPUS);
	fake->page[9][17] = 5;
	KUNIT_EXPECT_EQ(test, keel_reclaim(root), 9LL);
	KUNIT_EXPECT_EQ(test, fake->page[9][17], 0ULL);
	KUNIT_EXPECT_EQ(test, keel_frame_owner(&root->frames, 9), (u16)KEEL_OWNER_HOST);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	/* a CPU that is not demoted need not pass */
	fake->cpu[1].active = false;
	KUNIT_ASSERT_EQ(test, keel_donate(root, 10), 0LL);
	fake_pass(0);
	KUNIT_EXPECT_EQ(test, keel_reclaim(root), (s64)-ENOENT);
	fake_pass(2);
	KUNIT_EXPECT_EQ(test, keel_reclaim(root), 10LL);
}

/* a page of the frame table and one of the EPT are wanted, at first */
static void donate_without_stock(struct kunit *test)
{
	struct keel_root *root = fake_machine(test);
	u64 pa, want;

	while (root->stock.nr > 1)
		KUNIT_ASSERT_NOT_NULL(test, keel_root_pages.alloc(NULL, &pa));
	for (want = 1; ; want--) {
		KUNIT_EXPECT_EQ(test, keel_donate(root, 3), (s64)-ENOMEM);
		KUNIT_EXPECT_EQ(test, root->stock.nr, want);
		KUNIT_EXPECT_EQ(test, keel_frame_owner(&root->frames, 3), (u16)KEEL_OWNER_HOST);
		KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
		if (!want)
			break;
		KUNIT_ASSERT_NOT_NULL(test, keel_root_pages.alloc(NULL, &pa));
	}
	/* where there are tables, a page can be donated without any, and then others can */
	KUNIT_EXPECT_EQ(test, keel_donate(root, 600), 0LL);
	KUNIT_EXPECT_EQ(test, keel_donate(root, 601), 0LL);
	KUNIT_EXPECT_EQ(test, keel_donate(root, 3), (s64)-ENOMEM);
	fake_pass_all();
	KUNIT_EXPECT_EQ(test, keel_donate(root, 3), 0LL);
	KUNIT_EXPECT_EQ(test, root->stock.nr + root->free.nr, 0ULL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* pools join from hand to hand, and none of their frames is lost or found twice */
static void donate_pools(struct kunit *test)
{
	struct keel_root *root = fake_machine(test);
	struct keel_pool a, b, c;
	u64 pfn, seen = 0;
	unsigned int i;

	keel_pool_init(&a);
	keel_pool_init(&b);
	keel_pool_init(&c);
	keel_pool_join(root, &a, &b);
	KUNIT_EXPECT_EQ(test, a.nr, 0ULL);
	KUNIT_EXPECT_NULL(test, keel_pool_take(root, &a, &pfn));
	/* three to an empty one, these and three more to another one, with one in it */
	for (i = 0; i < 7; i++) {
		KUNIT_ASSERT_NOT_NULL(test, keel_pool_take(root, &root->stock, &pfn));
		keel_pool_put(root, i < 3 ? &a : i < 6 ? &c : &b, pfn);
		seen |= 1ULL << (pfn - FAKE_RAM_END);
		if (i == 2) {
			keel_pool_join(root, &c, &a);
			KUNIT_EXPECT_EQ(test, a.nr, 0ULL);
			KUNIT_EXPECT_EQ(test, a.head, KEEL_NO_FRAME);
		}
	}
	keel_pool_join(root, &b, &c);
	KUNIT_EXPECT_EQ(test, b.nr, 7ULL);
	keel_pool_join(root, &a, &b);
	keel_pool_join(root, &root->stock, &a);
	while (keel_pool_take(root, &root->stock, &pfn))
		seen &= ~(1ULL << (pfn - FAKE_RAM_END));
	KUNIT_EXPECT_EQ(test, seen, 0ULL);
}

static void donate_one_at_a_time(struct kunit *test)
{
	struct keel_root *root = fake_machine(test);

	KUNIT_EXPECT_FALSE(test, keel_root_lock(root));
	keel_root_unlock(root);
	KUNIT_EXPECT_TRUE(test, keel_root_lock(root));
}

/* the audit finds what is spoilt */
static void donate_audit_finds(struct kunit *test)
{
	struct keel_root *root = fake_machine(test);
	struct keel_frame *frame, old;

	KUNIT_ASSERT_EQ(test, keel_donate(root, 20), 0LL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	/* the host sees a page of root's */
	keel_table_remap(&root->ept, 20 << 12, 20 << 12, 1, 0x37);
	KUNIT_EXPECT_EQ(test, fake_audit(), (s64)-EUCLEAN);
	keel_hostmap_hide(&root->ept, 20 << 12, root->zero_pa);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	/* the host's page is mapped to another one, or hidden */
	keel_table_remap(&root->ept, 21 << 12, 22 << 12, 1, 0x37);
	KUNIT_EXPECT_EQ(test, fake_audit(), (s64)-EUCLEAN);
	keel_hostmap_hide(&root->ept, 21 << 12, root->zero_pa);
	KUNIT_EXPECT_EQ(test, fake_audit(), (s64)-EUCLEAN);
	keel_table_remap(&root->ept, 21 << 12, 21 << 12, 1, 0x37);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	/* an entry that cannot be, and a sum that is wrong */
	frame = keel_frame_at(&root->frames, 21);
	old = *frame;
	frame->count = 1;
	KUNIT_EXPECT_EQ(test, fake_audit(), (s64)-EUCLEAN);
	*frame = old;
	root->owned++;
	KUNIT_EXPECT_EQ(test, fake_audit(), (s64)-EUCLEAN);
	root->owned--;
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	KUNIT_EXPECT_EQ(test, fake->cpu[0].shared->ring.head, 5ULL);
}

static void donate_random(struct kunit *test)
{
	struct keel_root *root = fake_machine(test);
	u64 *since = kunit_kcalloc(test, FAKE_FRAMES, sizeof(*since), GFP_KERNEL);
	unsigned int i, done = 0, back = 0;
	struct rnd_state rnd;
	u64 now, pfn;
	s64 ret;

	KUNIT_ASSERT_NOT_NULL(test, since);
	prandom_seed_state(&rnd, 3);
	for (now = 1; now < 20000; now++) {
		switch (kit_below(&rnd, 4)) {
		case 0:
		case 1:
			pfn = kit_below(&rnd, FAKE_RAM_END);
			ret = keel_donate(root, pfn);
			if (ret == -ENOMEM)
				break;
			KUNIT_ASSERT_EQ(test, ret, !pfn || pfn == FAKE_HOLE ? (s64)-EINVAL :
					since[pfn] ? (s64)-EPERM : 0LL);
			if (ret)
				break;
			since[pfn] = now;
			fake->page[pfn][0] = ~0ULL;
			done++;
			break;
		case 2:
			ret = keel_reclaim(root);
			if (ret < 0)
				break;
			KUNIT_ASSERT_NE(test, since[ret], 0ULL);
			KUNIT_ASSERT_EQ(test, fake->page[ret][0], 0ULL);
			since[ret] = 0;
			back++;
			break;
		case 3:
			fake_pass(kit_below(&rnd, FAKE_CPUS));
			break;
		}
		if (now % 500 == 0)
			KUNIT_ASSERT_EQ(test, fake_audit(), 0LL);
	}
	KUNIT_EXPECT_GT(test, done, 100U);
	KUNIT_EXPECT_GT(test, back, 100U);
	fake_pass_all();
	for (ret = keel_reclaim(root); ret >= 0; ret = keel_reclaim(root))
		since[ret] = 0;
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	/* what has not come back, root uses for its tables */
	for (i = 0; i < FAKE_FRAMES; i++)
		if (since[i])
			KUNIT_EXPECT_EQ(test, keel_frame_owner(&root->frames, i),
					(u16)KEEL_OWNER_ROOT);
	KUNIT_EXPECT_FALSE(test, fake->wild);
}

/* What comes back is not what the next donation needs, even when root has little else. */
static void donate_after_reclaim(struct kunit *test)
{
	struct keel_root *root = fake_machine(test);
	u64 pfn, pa;
	s64 ret;

	for (pfn = 600; pfn < 616; pfn++)
		KUNIT_ASSERT_EQ(test, keel_donate(root, pfn), 0LL);
	fake_pass_all();
	keel_pool_settle(root);
	while (root->stock.nr)
		KUNIT_ASSERT_NOT_NULL(test, keel_root_pages.alloc(NULL, &pa));
	for (ret = 0; ret >= 0;)
		ret = keel_reclaim(root);
	KUNIT_EXPECT_EQ(test, ret, (s64)-ENOENT);
	KUNIT_EXPECT_EQ(test, root->stock.nr + root->free.nr, (u64)KEEL_STOCK_MIN);
	/* where there are no tables yet */
	KUNIT_EXPECT_EQ(test, keel_donate(root, 3), 0LL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	KUNIT_EXPECT_FALSE(test, fake->wild);
}

static struct kunit_case donate_cases[] = {
	KUNIT_CASE(donate_refuses),
	KUNIT_CASE(donate_waits_for_all),
	KUNIT_CASE(donate_without_stock),
	KUNIT_CASE(donate_pools),
	KUNIT_CASE(donate_one_at_a_time),
	KUNIT_CASE(donate_after_reclaim),
	KUNIT_CASE(donate_audit_finds),
	KUNIT_CASE(donate_random),
	{}
};

static struct kunit_suite donate_suite = {
	.name = "keel-donate",
	.test_cases = donate_cases,
};

kunit_test_suites(&donate_suite);
