// SPDX-License-Identifier: GPL-2.0
/*
 * keel-gmem: a guest's memory as root reads and writes it: untouched pages, the zero
 * frame, pages of its own, two pages at once, and what there is not.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "fake_machine.h"
#include "kit.h"

#define ID	3
#define FRAMES	5000

static struct keel_guest *guest(struct kunit *test, unsigned int pool)
{
	struct keel_root *root = fake_machine(test);
	u64 batch[KEEL_BATCH_NR];
	unsigned int i;

	KUNIT_ASSERT_EQ(test, keel_guest_new(root, ID, FRAMES), 0LL);
	for (i = 0; i < pool; i++)
		batch[i] = 100 + i;
	KUNIT_ASSERT_EQ(test, keel_guest_fill(root, ID, batch, pool), (s64)pool);
	fake_pass_all();
	keel_guest_settle(root, keel_guest_at(root, ID));
	return keel_guest_at(root, ID);
}

static enum keel_fault get(struct keel_guest *g, u64 gpa, void *buf, u64 size)
{
	return keel_gmem_read(&fake->root, g, gpa, buf, size);
}

static enum keel_fault put(struct keel_guest *g, u64 gpa, const void *buf, u64 size)
{
	return keel_gmem_write(&fake->root, g, gpa, buf, size, NULL);
}

static u64 entry_of(struct keel_guest *g, u64 gpa)
{
	unsigned int level;

	return keel_table_lookup(&g->ept, gpa, &level);
}

/* what was never written to reads as zeros, and takes nothing */
static void gmem_untouched(struct kunit *test)
{
	struct keel_guest *g = guest(test, 8);
	u8 buf[64];

	memset(buf, 0xaa, sizeof(buf));
	KUNIT_EXPECT_EQ(test, get(g, 0x1234567, buf, sizeof(buf)), KEEL_FAULT_DONE);
	KUNIT_EXPECT_TRUE(test, !memchr_inv(buf, 0, sizeof(buf)));
	KUNIT_EXPECT_EQ(test, g->pool.nr, 8ULL);
	KUNIT_EXPECT_EQ(test, g->ept.tables, 0ULL);
	/* nor does the zero frame change */
	KUNIT_EXPECT_EQ(test, keel_guest_fault(&fake->root, g, 0x3000, false, NULL),
			KEEL_FAULT_DONE);
	memset(buf, 0xaa, sizeof(buf));
	KUNIT_EXPECT_EQ(test, get(g, 0x2fe0, buf, sizeof(buf)), KEEL_FAULT_DONE);
	KUNIT_EXPECT_TRUE(test, !memchr_inv(buf, 0, sizeof(buf)));
	KUNIT_EXPECT_EQ(test, put(g, 0x3ff0, "0123456789abcdef", 16), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, get(g, 0x3ff0, buf, 16), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, memcmp(buf, "0123456789abcdef", 16), 0);
	KUNIT_EXPECT_TRUE(test, !memchr_inv(keel_phys(fake->root.zero_pa), 0, 4096));
	KUNIT_EXPECT_EQ(test, g->stat.mapped, 1ULL);
	KUNIT_EXPECT_EQ(test, g->stat.zero, 0ULL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* across the end of a page; the pages become dirty ones, of the guest's own */
static void gmem_two_pages(struct kunit *test)
{
	struct keel_guest *g = guest(test, 8);
	char buf[16] = "";

	KUNIT_EXPECT_EQ(test, put(g, 0x5ffd, "abcdefgh", 8), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, g->stat.mapped, 2ULL);
	KUNIT_EXPECT_EQ(test, get(g, 0x5ffc, buf, 10), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, memcmp(buf, "\0abcdefgh", 10), 0);
	KUNIT_EXPECT_EQ(test, entry_of(g, 0x5000) & KEEL_TABLE_AD, KEEL_TABLE_AD);
	KUNIT_EXPECT_EQ(test, entry_of(g, 0x6000) & KEEL_TABLE_AD, KEEL_TABLE_AD);
	/* a read marks nothing as written to */
	KUNIT_EXPECT_EQ(test, keel_guest_fault(&fake->root, g, 0x7000, true, NULL),
			KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, get(g, 0x7000, buf, 10), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, entry_of(g, 0x7000) & KEEL_TABLE_DIRTY, 0ULL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* all is written or nothing: when frames run out, and at the end of the memory */
static void gmem_all_or_nothing(struct kunit *test)
{
	struct keel_guest *g = guest(test, 5);	/* four tables and a page */
	u64 end = (u64)FRAMES << 12;
	char buf[8];

	KUNIT_EXPECT_EQ(test, put(g, 0x8ffe, "xyz", 3), KEEL_FAULT_FILL);
	KUNIT_EXPECT_EQ(test, get(g, 0x8ffe, buf, 3), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, memcmp(buf, "\0\0\0", 3), 0);
	KUNIT_EXPECT_EQ(test, get(g, end - 2, buf, 3), KEEL_FAULT_OUTSIDE);
	KUNIT_EXPECT_EQ(test, get(g, end, buf, 1), KEEL_FAULT_OUTSIDE);
	KUNIT_EXPECT_EQ(test, get(g, ~0ULL, buf, 1), KEEL_FAULT_OUTSIDE);
	KUNIT_EXPECT_EQ(test, put(g, end, buf, 1), KEEL_FAULT_OUTSIDE);
	KUNIT_EXPECT_EQ(test, put(g, ~0ULL, buf, 4), KEEL_FAULT_OUTSIDE);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* who reads zeros by an old translation comes first; a lock that is taken, too */
static void gmem_waits(struct kunit *test)
{
	struct keel_guest *g = guest(test, 12);
	struct keel_vcpu *a = fake_vcpu(g, 0), *b = fake_vcpu(g, 1);

	KUNIT_ASSERT_NOT_NULL(test, b);
	KUNIT_EXPECT_EQ(test, keel_guest_fault(&fake->root, g, 0, false, a), KEEL_FAULT_DONE);
	a->running = 1;
	b->running = 1;
	KUNIT_EXPECT_EQ(test, keel_gmem_write(&fake->root, g, 0, "a", 1, a), KEEL_FAULT_KICK);
	b->epoch = g->epoch;
	KUNIT_ASSERT_TRUE(test, keel_guest_lock(g));
	KUNIT_EXPECT_EQ(test, keel_gmem_write(&fake->root, g, 0, "a", 1, a), KEEL_FAULT_BUSY);
	keel_guest_unlock(g);
	KUNIT_EXPECT_EQ(test, keel_gmem_write(&fake->root, g, 0, "a", 1, a), KEEL_FAULT_DONE);
	/* what is there already takes no lock */
	KUNIT_ASSERT_TRUE(test, keel_guest_lock(g));
	KUNIT_EXPECT_EQ(test, keel_gmem_write(&fake->root, g, 1, "b", 1, a), KEEL_FAULT_DONE);
	keel_guest_unlock(g);
}

/* any bytes anywhere, beside an array */
static void gmem_random(struct kunit *test)
{
	u8 *model = kunit_kzalloc(test, 6 * 4096, GFP_KERNEL), buf[64];
	struct keel_guest *g = guest(test, 32);
	struct rnd_state rnd;
	unsigned int i, j;
	u64 at, size;

	KUNIT_ASSERT_NOT_NULL(test, model);
	prandom_seed_state(&rnd, 0x6e6e);
	for (i = 0; i < 4000; i++) {
		size = kit_below(&rnd, sizeof(buf) + 1);
		at = kit_below(&rnd, 6 * 4096 - sizeof(buf));
		if (kit_below(&rnd, 2)) {
			for (j = 0; j < size; j++)
				model[at + j] = prandom_u32_state(&rnd);
			KUNIT_ASSERT_EQ(test, put(g, at + 0x200000, model + at, size),
					KEEL_FAULT_DONE);
		} else {
			KUNIT_ASSERT_EQ(test, get(g, at + 0x200000, buf, size), KEEL_FAULT_DONE);
			KUNIT_ASSERT_EQ(test, memcmp(buf, model + at, size), 0);
		}
	}
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	KUNIT_EXPECT_FALSE(test, fake->wild);
}

static struct kunit_case keel_gmem_cases[] = {
	KUNIT_CASE(gmem_untouched),
	KUNIT_CASE(gmem_two_pages),
	KUNIT_CASE(gmem_all_or_nothing),
	KUNIT_CASE(gmem_waits),
	KUNIT_CASE(gmem_random),
	{}
};

static struct kunit_suite keel_gmem_suite = {
	.name = "keel-gmem",
	.test_cases = keel_gmem_cases,
};

kunit_test_suites(&keel_gmem_suite);
