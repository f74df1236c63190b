// SPDX-License-Identifier: GPL-2.0
/*
 * keel-rtc: the clock's registers, for moments where the calendar turns.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>

#include "../../kmod/device.h"

#define SECOND	1000000000U

static u8 reg(struct keel_rtc *rtc, u8 index, s64 seconds)
{
	rtc->index = index;
	return keel_rtc_read(rtc, seconds, 0);
}

static void control(struct keel_rtc *rtc, u8 val)
{
	rtc->index = 0x0b;
	keel_rtc_write(rtc, val);
}

static void rtc_time(struct kunit *test)
{
	static const u8 index[] = { 0x32, 0x09, 0x08, 0x07, 0x06, 0x04, 0x02, 0x00 };
	static const struct {
		s64 seconds;
		u8 bcd[8];
	} rows[] = {
		{ 0, { 0x19, 0x70, 0x01, 0x01, 0x05, 0x00, 0x00, 0x00 } },
		{ 946684799, { 0x19, 0x99, 0x12, 0x31, 0x06, 0x23, 0x59, 0x59 } },
		{ 946684800, { 0x20, 0x00, 0x01, 0x01, 0x07, 0x00, 0x00, 0x00 } },
		{ 951782400, { 0x20, 0x00, 0x02, 0x29, 0x03, 0x00, 0x00, 0x00 } },
		{ 1795862345, { 0x20, 0x26, 0x11, 0x28, 0x07, 0x10, 0x39, 0x05 } },
		{ 4102444800, { 0x21, 0x00, 0x01, 0x01, 0x06, 0x00, 0x00, 0x00 } },
	};
	struct keel_rtc rtc;
	unsigned int i, j;
	u8 bcd;

	keel_rtc_reset(&rtc);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (j = 0; j < ARRAY_SIZE(index); j++) {
			bcd = rows[i].bcd[j];
			control(&rtc, 0x02);
			KUNIT_EXPECT_EQ_MSG(test, reg(&rtc, index[j], rows[i].seconds), bcd,
					    "row %u, register %#x", i, index[j]);
			control(&rtc, 0x06);
			KUNIT_EXPECT_EQ_MSG(test, reg(&rtc, index[j], rows[i].seconds),
					    (u8)(bcd / 16 * 10 + bcd % 16),
					    "row %u, register %#x", i, index[j]);
		}
	}
}

static void rtc_twelve_hours(struct kunit *test)
{
	struct keel_rtc rtc;
	unsigned int hour;

	keel_rtc_reset(&rtc);
	for (hour = 0; hour < 24; hour++) {
		control(&rtc, 0x04);
		KUNIT_EXPECT_EQ(test, reg(&rtc, 0x04, hour * 3600),
				(u8)(((hour + 11) % 12 + 1) | (hour < 12 ? 0 : 0x80)));
		control(&rtc, 0);
		KUNIT_EXPECT_EQ(test, reg(&rtc, 0x04, hour * 3600) & 0x1f,
				(hour + 11) % 12 + 1 < 10 ? (hour + 11) % 12 + 1 :
				(hour + 11) % 12 + 7);
	}
}

static void rtc_others(struct kunit *test)
{
	struct keel_rtc rtc;
	unsigned int i;

	keel_rtc_reset(&rtc);
	KUNIT_EXPECT_EQ(test, reg(&rtc, 0x0b, 0), (u8)0x02);
	KUNIT_EXPECT_EQ(test, reg(&rtc, 0x0d, 0), (u8)0x80);
	for (i = 0x0e; i < 0x80; i++)
		if (i != 0x32)
			KUNIT_EXPECT_EQ(test, reg(&rtc, i, 0), (u8)0);
	/* the time is about to change */
	rtc.index = 0x0a;
	KUNIT_EXPECT_EQ(test, keel_rtc_read(&rtc, 5, 0), (u8)0x26);
	KUNIT_EXPECT_EQ(test, keel_rtc_read(&rtc, 5, SECOND - 1000001), (u8)0x26);
	KUNIT_EXPECT_EQ(test, keel_rtc_read(&rtc, 5, SECOND - 1000000), (u8)0xa6);
	KUNIT_EXPECT_EQ(test, keel_rtc_read(&rtc, 5, SECOND - 1), (u8)0xa6);
	/* no interrupts; and what is written elsewhere is lost */
	control(&rtc, 0xff);
	KUNIT_EXPECT_EQ(test, reg(&rtc, 0x0b, 0), (u8)0x86);
	for (i = 0; i < 0x80; i++) {
		rtc.index = i;
		if (i != 0x0b)
			keel_rtc_write(&rtc, 0x55);
	}
	KUNIT_EXPECT_EQ(test, rtc.control, (u8)0x86);
	KUNIT_EXPECT_EQ(test, reg(&rtc, 0x00, 59), (u8)59);
}

static struct kunit_case rtc_cases[] = {
	KUNIT_CASE(rtc_time),
	KUNIT_CASE(rtc_twelve_hours),
	KUNIT_CASE(rtc_others),
	{}
};

static struct kunit_suite rtc_suite = {
	.name = "keel-rtc",
	.test_cases = rtc_cases,
};

kunit_test_suites(&rtc_suite);
