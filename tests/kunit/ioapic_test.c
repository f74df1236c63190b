// SPDX-License-Identifier: GPL-2.0
/*
 * keel-ioapic: the registers bit by bit, and when which message goes out.
 *
 * World: KUnit.  No locks.
 */
#include <linux/kernel.h>

#include "device_stubs.h"

#define IOAPIC	KEEL_MACHINE_IOAPIC
#define PINS	KEEL_MACHINE_IOAPIC_PINS

#define IRR	0x4000ULL
#define LEVEL	0x8000ULL
#define MASKED	0x10000ULL

static u32 reg(unsigned int nr)
{
	play_write(IOAPIC, nr);
	return play_read(IOAPIC + 0x10);
}

static void set_reg(unsigned int nr, u32 val)
{
	play_write(IOAPIC, nr);
	play_write(IOAPIC + 0x10, val);
}

static void line(struct played *p, unsigned int pin, bool level)
{
	mutex_lock(&p->vm.device_lock);
	keel_ioapic_set(&p->vm, pin, level);
	mutex_unlock(&p->vm.device_lock);
}

static void ioapic_registers(struct kunit *test)
{
	struct played *p = play(test);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, reg(1), 0x170020U);
	KUNIT_EXPECT_EQ(test, reg(0), 0U);
	set_reg(0, 0xffffffff);
	KUNIT_EXPECT_EQ(test, reg(0), 0x0f000000U);
	KUNIT_EXPECT_EQ(test, reg(2), 0x0f000000U);
	set_reg(1, 0);
	KUNIT_EXPECT_EQ(test, reg(1), 0x170020U);
	for (i = 0; i < PINS; i++)
		KUNIT_EXPECT_EQ(test, play_pin_of(i), MASKED);
	for (i = 3; i < 0x100; i++)
		if (i < 0x10 || i >= 0x10 + 2 * PINS) {
			set_reg(i, 0xffffffff);
			KUNIT_EXPECT_EQ_MSG(test, reg(i), 0U, "register %#x", i);
		}
	/* each bit of each entry: what there is of them, and no other's */
	for (i = 0; i < PINS; i++) {
		play_pin(i, ~0ULL);
		KUNIT_EXPECT_EQ(test, play_pin_of(i), 0xff0000000001afffULL);
		play_pin(i, MASKED | i);
	}
	for (i = 0; i < PINS; i++)
		KUNIT_EXPECT_EQ(test, play_pin_of(i), MASKED | i);
	play_write(IOAPIC, 0x1234);
	KUNIT_EXPECT_EQ(test, play_read(IOAPIC), 0x34U);
	KUNIT_EXPECT_EQ(test, p->sent, 0U);
	keel_device_reset(&p->vm);
	for (i = 0; i < PINS; i++)
		KUNIT_EXPECT_EQ(test, play_pin_of(i), MASKED);
	KUNIT_EXPECT_EQ(test, reg(0), 0U);
}

/* what becomes of an entry */
static void ioapic_messages(struct kunit *test)
{
	static const struct {
		u64 entry;
		u64 address;
		u32 data;
	} rows[] = {
		{ 0x31, 0xfee00000, 0x31 },
		{ 0x05000000000000fe, 0xfee05000, 0xfe },
		{ 0xff00000000000831, 0xfeeff004, 0x31 },	/* logical */
		{ 0x0100000000000931, 0xfee01004, 0x131 },	/* lowest priority */
		{ 0x2031, 0xfee00000, 0x31 },			/* active low */
		{ 0x8031, 0xfee00000, 0xc031 },			/* level */
		{ 0x8131, 0xfee00000, 0xc131 },
		{ 0x0400, 0xfee00000, 0x400 },			/* NMI */
		{ 0x8431, 0xfee00000, 0x431 },			/* has no level */
		{ 0x0500, 0xfee00000, 0x500 },			/* INIT */
		{ 0x10, 0xfee00000, 0x10 },
		{ 0x0f },					/* no vectors */
		{ 0x00 },
		{ 0x0231 },					/* SMI */
		{ 0x0331 }, { 0x0631 },
		{ 0x0731 },					/* ExtINT */
		{ MASKED | 0x31 },
	};
	struct played *p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		p = play(test);
		play_pin(i, rows[i].entry);
		KUNIT_EXPECT_EQ_MSG(test, p->sent, 0U, "row %u", i);
		line(p, i, true);
		KUNIT_EXPECT_EQ_MSG(test, p->sent, (unsigned int)!!rows[i].address, "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, p->address, rows[i].address, "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, p->data, rows[i].data, "row %u", i);
	}
}

static void ioapic_edge(struct kunit *test)
{
	struct played *p = play(test);

	play_pin(4, 0x31);
	line(p, 4, true);
	KUNIT_EXPECT_EQ(test, p->sent, 1U);
	line(p, 4, true);
	line(p, 4, false);
	line(p, 4, false);
	KUNIT_EXPECT_EQ(test, p->sent, 1U);
	KUNIT_EXPECT_EQ(test, play_pin_of(4), 0x31ULL);
	line(p, 4, true);
	KUNIT_EXPECT_EQ(test, p->sent, 2U);
	/* an EOI is nothing to it, nor is a write that leaves it unmasked */
	keel_ioapic_eoi(&p->vm, 0x31);
	play_pin(4, 0x31);
	KUNIT_EXPECT_EQ(test, p->sent, 2U);
	/* one that came while it was masked is not lost, if it still wants something */
	play_pin(4, MASKED | 0x31);
	line(p, 4, false);
	line(p, 4, true);
	line(p, 4, false);
	play_pin(4, 0x32);
	KUNIT_EXPECT_EQ(test, p->sent, 2U);
	play_pin(4, MASKED | 0x32);
	line(p, 4, true);
	KUNIT_EXPECT_EQ(test, p->sent, 2U);
	play_pin(4, 0x33);
	KUNIT_EXPECT_EQ(test, p->sent, 3U);
	KUNIT_EXPECT_EQ(test, p->data, 0x33U);
}

/* one at a time: the next one comes after the EOI, if the line is still high */
static void ioapic_level(struct kunit *test)
{
	struct played *p = play(test);

	play_pin(9, LEVEL | 0x41);
	play_pin(10, LEVEL | 0x42);
	line(p, 9, true);
	KUNIT_EXPECT_EQ(test, p->sent, 1U);
	KUNIT_EXPECT_EQ(test, play_pin_of(9), IRR | LEVEL | 0x41);
	line(p, 9, true);
	line(p, 9, false);
	line(p, 9, true);
	KUNIT_EXPECT_EQ(test, p->sent, 1U);
	keel_ioapic_eoi(&p->vm, 0x42);
	KUNIT_EXPECT_EQ(test, p->sent, 1U);
	keel_ioapic_eoi(&p->vm, 0x41);
	KUNIT_EXPECT_EQ(test, p->sent, 2U);
	KUNIT_EXPECT_EQ(test, play_pin_of(9), IRR | LEVEL | 0x41);
	line(p, 9, false);
	keel_ioapic_eoi(&p->vm, 0x41);
	KUNIT_EXPECT_EQ(test, p->sent, 2U);
	KUNIT_EXPECT_EQ(test, play_pin_of(9), LEVEL | 0x41);
	keel_ioapic_eoi(&p->vm, 0x41);
	KUNIT_EXPECT_EQ(test, p->sent, 2U);
	/* by its own register, too */
	line(p, 9, true);
	play_write(IOAPIC + 0x40, 0x41);
	KUNIT_EXPECT_EQ(test, p->sent, 4U);
	/* masked, it waits; what is read-only is not written */
	play_pin(9, MASKED | LEVEL | 0x41);
	KUNIT_EXPECT_EQ(test, play_pin_of(9), MASKED | IRR | LEVEL | 0x41);
	keel_ioapic_eoi(&p->vm, 0x41);
	KUNIT_EXPECT_EQ(test, p->sent, 4U);
	KUNIT_EXPECT_EQ(test, play_pin_of(9), MASKED | LEVEL | 0x41);
	play_pin(9, LEVEL | IRR | 0x41);
	KUNIT_EXPECT_EQ(test, p->sent, 5U);
	/* to make it an edge is to forget the EOI that is due: so Linux does it */
	play_pin(9, MASKED | 0x41);
	KUNIT_EXPECT_EQ(test, play_pin_of(9), MASKED | 0x41);
	play_pin(9, LEVEL | 0x41);
	KUNIT_EXPECT_EQ(test, p->sent, 6U);
	/* two pins that share a vector are both told */
	play_pin(10, LEVEL | 0x41);
	line(p, 10, true);
	KUNIT_EXPECT_EQ(test, p->sent, 7U);
	keel_ioapic_eoi(&p->vm, 0x41);
	KUNIT_EXPECT_EQ(test, p->sent, 9U);
}

static struct kunit_case ioapic_cases[] = {
	KUNIT_CASE(ioapic_registers),
	KUNIT_CASE(ioapic_messages),
	KUNIT_CASE(ioapic_edge),
	KUNIT_CASE(ioapic_level),
	{}
};

static struct kunit_suite ioapic_suite = {
	.name = "keel-ioapic",
	.test_cases = ioapic_cases,
};

kunit_test_suites(&ioapic_suite);
