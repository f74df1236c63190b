// SPDX-License-Identifier: GPL-2.0
/*
 * keel-race: what root reads of a guest's memory by an entry that waits to be replaced, while
 * another CPU ends the wait, and another guest writes to what the entry has led to.
 *
 * World: KUnit.  No locks.
 */
#include "clone_kit.h"

#define PAGE	3ULL
#define OTHERS	77ULL

/* A vCPU of @b's that reads, one that writes, and what has come of the write */
static struct keel_vcpu *reader, *writer;
static enum keel_fault ended;
static enum keel_fault taken;

/* One vCPU has tried to write, and waits for the other one, which has flushed since. */
static void waits(struct kunit *test)
{
	reader = fake_vcpu(b, 0);
	writer = fake_vcpu(b, 1);
	reader->running = 1;
	writer->running = 1;
	reader->epoch = b->epoch;
	writer->epoch = b->epoch;
	KUNIT_ASSERT_EQ(test, merge_write(b, PAGE, 99, writer), KEEL_FAULT_KICK);
	reader->epoch = b->epoch;
	writer->epoch = b->epoch;
	ended = KEEL_FAULT_BUSY;
	taken = KEEL_FAULT_BUSY;
}

/* The wait ends; then the other guest writes to the page as well. */
static void end_of_wait(void)
{
	ended = keel_guest_fault(&fake->root, b, PAGE << 12, true, writer);
	taken = merge_write(a, PAGE, OTHERS, NULL);
}

/* @b has its page, whatever is going on at @pa; what comes of the write there is @want */
static void reads(struct kunit *test, u64 pa, enum keel_fault want)
{
	fake->meanwhile_pa = pa;
	fake->meanwhile = end_of_wait;
	KUNIT_EXPECT_EQ(test, merge_read(b, PAGE), PAGE + 1);
	KUNIT_EXPECT_NULL(test, fake->meanwhile);
	KUNIT_EXPECT_EQ(test, ended, want);
	KUNIT_EXPECT_EQ(test, taken, KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, merge_read(b, PAGE), PAGE + 1);
	KUNIT_EXPECT_EQ(test, merge_read(a, PAGE), OTHERS);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	KUNIT_EXPECT_FALSE(test, fake->wild);
}

/* a shared frame, which is the other guest's own when this one has let go of it */
static void race_frame(struct kunit *test)
{
	fake_machine(test);
	a = merge_guest(test, A, FIRST_A, 20);
	b = merge_guest(test, B, FIRST_B, 20);
	KUNIT_ASSERT_EQ(test, merge_write(a, PAGE, PAGE + 1, NULL), KEEL_FAULT_DONE);
	KUNIT_ASSERT_EQ(test, merge_write(b, PAGE, PAGE + 1, NULL), KEEL_FAULT_DONE);
	KUNIT_ASSERT_EQ(test, merge_pair(KEEL_HINT(A, PAGE), KEEL_HINT(B, PAGE), 9),
			KEEL_MERGE_DONE);
	waits(test);
	reads(test, KEEL_LEAF_PA(merge_entry(b, PAGE)), KEEL_FAULT_DONE);
}

/* a table of each level, which is the other guest's to write to likewise */
static void race_table(struct kunit *test)
{
	unsigned int level;
	struct keel_frame *frame;
	u64 pa;

	for (level = 1; level < 4; level++) {
		source_and_clone(test);
		waits(test);
		frame = table(b, PAGE, level);
		for (pa = 0; keel_frame_at(&fake->root.frames, pa >> 12) != frame; pa += 4096)
			;
		/* the tables are its own, and then it waits for the page */
		reads(test, pa, KEEL_FAULT_KICK);
	}
}

static struct kunit_case race_cases[] = {
	KUNIT_CASE(race_frame),
	KUNIT_CASE(race_table),
	{}
};

static struct kunit_suite race_suite = {
	.name = "keel-race",
	.test_cases = race_cases,
};

kunit_test_suites(&race_suite);
