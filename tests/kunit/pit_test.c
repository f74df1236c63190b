// SPDX-License-Identifier: GPL-2.0
/*
 * keel-pit: the timer's third channel, as software that calibrates uses it, and in the
 * ways that it has to be read and written.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/time64.h>

#include "../../kmod/device.h"

#define COUNT	KEEL_MACHINE_PIT_COUNT
#define CONTROL	KEEL_MACHINE_PIT_CONTROL
#define PORT_B	KEEL_MACHINE_PORT_B

/* The moment at which so many ticks are over that began at @from */
static u64 at(u64 from, u32 ticks)
{
	return from + div_u64((u64)ticks * NSEC_PER_SEC + KEEL_PIT_HZ - 1, KEEL_PIT_HZ);
}

static bool out(struct keel_pit *pit, u64 ns)
{
	return keel_pit_read(pit, PORT_B, ns) & 0x20;
}

static void start(struct keel_pit *pit, u8 word, u16 initial, u64 ns)
{
	keel_pit_write(pit, PORT_B, 0x01, ns);
	keel_pit_write(pit, CONTROL, word, ns);
	keel_pit_write(pit, COUNT, initial, ns);
	keel_pit_write(pit, COUNT, initial >> 8, ns);
}

static u16 both(struct keel_pit *pit, u64 ns)
{
	u16 low = keel_pit_read(pit, COUNT, ns);

	return low | keel_pit_read(pit, COUNT, ns) << 8;
}

/* 50 ms, as memory testers and old kernels measure them */
static void pit_once(struct kunit *test)
{
	struct keel_pit pit = { 0 };
	u64 from = 123456789;

	start(&pit, 0xb0, 59659, from);
	KUNIT_EXPECT_EQ(test, keel_pit_read(&pit, PORT_B, from) & 3, 1);
	KUNIT_EXPECT_EQ(test, both(&pit, from), 59659);
	KUNIT_EXPECT_EQ(test, both(&pit, at(from, 1)), 59658);
	KUNIT_EXPECT_EQ(test, both(&pit, at(from, 59658)), 1);
	KUNIT_EXPECT_FALSE(test, out(&pit, at(from, 59659) - 1));
	KUNIT_EXPECT_TRUE(test, out(&pit, at(from, 59659)));
	KUNIT_EXPECT_EQ(test, at(from, 59659) - from, 49999917ULL);
	/* it counts on, and its output stays */
	KUNIT_EXPECT_EQ(test, both(&pit, at(from, 59660)), 0xffff);
	KUNIT_EXPECT_TRUE(test, out(&pit, at(from, 10000000)));
	/* a new control word takes it back; nothing counts before there is a count */
	keel_pit_write(&pit, CONTROL, 0xb0, at(from, 70000));
	KUNIT_EXPECT_FALSE(test, out(&pit, at(from, 200000)));
	keel_pit_write(&pit, COUNT, 5, at(from, 200000));
	KUNIT_EXPECT_FALSE(test, out(&pit, at(from, 300000)));
	keel_pit_write(&pit, COUNT, 0, at(from, 300000));
	KUNIT_EXPECT_FALSE(test, out(&pit, at(from, 300004)));
	KUNIT_EXPECT_TRUE(test, out(&pit, at(from, 300006)));
	/* 0 is the most */
	start(&pit, 0xb0, 0, from);
	KUNIT_EXPECT_FALSE(test, out(&pit, at(from, 65535)));
	KUNIT_EXPECT_TRUE(test, out(&pit, at(from, 65536)));
}

static void pit_gate(struct kunit *test)
{
	struct keel_pit pit = { 0 };
	u64 from = 5000;

	start(&pit, 0xb0, 1000, from);
	keel_pit_write(&pit, PORT_B, 0, at(from, 400));
	KUNIT_EXPECT_EQ(test, both(&pit, at(from, 90000)), 600);
	KUNIT_EXPECT_FALSE(test, out(&pit, at(from, 90000)));
	keel_pit_write(&pit, PORT_B, 0xff, at(from, 90000));
	KUNIT_EXPECT_EQ(test, keel_pit_read(&pit, PORT_B, at(from, 90000)) & 0xc3, 3);
	KUNIT_EXPECT_FALSE(test, out(&pit, at(from, 90599)));
	KUNIT_EXPECT_TRUE(test, out(&pit, at(from, 90601)));
}

/* Bytes alone, a latch that holds until it is read, and channels that are not there */
static void pit_bytes(struct kunit *test)
{
	struct keel_pit pit = { 0 };

	start(&pit, 0xb0, 0x1234, 0);
	keel_pit_write(&pit, CONTROL, 0x80, at(0, 4));
	keel_pit_write(&pit, CONTROL, 0x80, at(0, 0x100));
	KUNIT_EXPECT_EQ(test, both(&pit, at(0, 0x200)), 0x1230);
	KUNIT_EXPECT_EQ(test, both(&pit, at(0, 0x200)), 0x1034);
	keel_pit_write(&pit, CONTROL, 0x30, at(0, 0x200));
	keel_pit_write(&pit, CONTROL, 0x76, at(0, 0x200));
	keel_pit_write(&pit, CONTROL, 0xe8, at(0, 0x200));
	KUNIT_EXPECT_EQ(test, both(&pit, at(0, 0x200)), 0x1034);
	/* low, then high byte alone */
	keel_pit_write(&pit, CONTROL, 0x90, 0);
	keel_pit_write(&pit, COUNT, 0x45, 0);
	KUNIT_EXPECT_EQ(test, keel_pit_read(&pit, COUNT, at(0, 5)), 0x40);
	KUNIT_EXPECT_EQ(test, keel_pit_read(&pit, COUNT, at(0, 5)), 0x40);
	KUNIT_EXPECT_TRUE(test, out(&pit, at(0, 0x45)));
	keel_pit_write(&pit, CONTROL, 0xa0, 0);
	keel_pit_write(&pit, COUNT, 0x45, 0);
	KUNIT_EXPECT_EQ(test, keel_pit_read(&pit, COUNT, at(0, 1)), 0x44);
	KUNIT_EXPECT_FALSE(test, out(&pit, at(0, 0x44ff)));
	KUNIT_EXPECT_TRUE(test, out(&pit, at(0, 0x4500)));
}

/* Square waves begin high and go on; the refresh of memory is seen to */
static void pit_periods(struct kunit *test)
{
	struct keel_pit pit = { 0 };
	u32 i, rises = 0, refreshes = 0;
	bool was = true;
	u8 before = 0, now;

	start(&pit, 0xb6, 100, 0);
	for (i = 0; i < 1000; i++) {
		now = keel_pit_read(&pit, PORT_B, at(0, i));
		KUNIT_EXPECT_EQ_MSG(test, !!(now & 0x20), i % 100 < 50, "%u", i);
		rises += !was && now & 0x20;
		refreshes += (before ^ now) >> 4 & 1;
		was = now & 0x20;
		before = now;
	}
	KUNIT_EXPECT_EQ(test, rises, 9U);
	/* 838 us in steps of 15.085 */
	KUNIT_EXPECT_EQ(test, refreshes, 55U);
	KUNIT_EXPECT_EQ(test, both(&pit, at(0, 730)), 70);
}

static struct kunit_case keel_pit_cases[] = {
	KUNIT_CASE(pit_once),
	KUNIT_CASE(pit_gate),
	KUNIT_CASE(pit_bytes),
	KUNIT_CASE(pit_periods),
	{}
};

static struct kunit_suite keel_pit_suite = {
	.name = "keel-pit",
	.test_cases = keel_pit_cases,
};

kunit_test_suites(&keel_pit_suite);
