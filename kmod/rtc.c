// SPDX-License-Identifier: GPL-2.0
/*
 * The clock of a guest's machine: the time registers of an MC146818, which tell what
 * the host's clock says, in UTC.
 *
 * World: host.  Under the guest's @device_lock.  No alarm, no interrupt, no memory: of
 * all that a guest can write, only the form in which the time is told is kept.  The
 * time itself is the host's affair: what a guest writes there is lost.
 */
#include <linux/bcd.h>
#include <linux/bits.h>
#include <linux/time.h>

#include "device.h"

/* Registers */
#define SECONDS		0x00
#define MINUTES		0x02
#define HOURS		0x04
#define WEEKDAY		0x06
#define DAY		0x07
#define MONTH		0x08
#define YEAR		0x09
#define REG_A		0x0a
#define REG_B		0x0b
#define REG_D		0x0d
#define CENTURY		0x32

#define A_RATE		0x26	/* 32.768 kHz, 1024 Hz */
#define A_UIP		BIT(7)	/* the time is about to change */
#define B_SET		BIT(7)
#define B_BINARY	BIT(2)	/* else BCD */
#define B_24H		BIT(1)	/* else 12 hours */
#define D_VALID		BIT(7)
#define PM		BIT(7)

/* Who has seen A_UIP clear has this long before the time changes: more than the real one gives */
#define UIP_NS		1000000

/**
 * keel_rtc_reset() - as the firmware leaves it
 * @rtc: the clock
 */
void keel_rtc_reset(struct keel_rtc *rtc)
{
	rtc->index = 0;
	rtc->control = B_24H;
}

static u8 coded(const struct keel_rtc *rtc, u8 val)
{
	return rtc->control & B_BINARY ? val : bin2bcd(val);
}

static u8 hours(const struct keel_rtc *rtc, u8 hour)
{
	if (rtc->control & B_24H)
		return coded(rtc, hour);
	return coded(rtc, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? PM : 0);
}

/**
 * keel_rtc_read() - read the register that the index is set to
 * @rtc: the clock
 * @seconds: the time, since 1970
 * @ns: of the second that has begun
 *
 * Return: its value; 0 for what is not there.
 */
u8 keel_rtc_read(const struct keel_rtc *rtc, s64 seconds, u32 ns)
{
	struct tm tm;

	time64_to_tm(seconds, 0, &tm);
	switch (rtc->index) {
	case SECONDS:
		return coded(rtc, tm.tm_sec);
	case MINUTES:
		return coded(rtc, tm.tm_min);
	case HOURS:
		return hours(rtc, tm.tm_hour);
	case WEEKDAY:
		return coded(rtc, tm.tm_wday + 1);
	case DAY:
		return coded(rtc, tm.tm_mday);
	case MONTH:
		return coded(rtc, tm.tm_mon + 1);
	case YEAR:
		return coded(rtc, tm.tm_year % 100);
	case CENTURY:
		return coded(rtc, 19 + tm.tm_year / 100);
	case REG_A:
		return A_RATE | (ns >= NSEC_PER_SEC - UIP_NS ? A_UIP : 0);
	case REG_B:
		return rtc->control;
	case REG_D:
		return D_VALID;
	default:
		return 0;
	}
}

/**
 * keel_rtc_write() - write the register that the index is set to
 * @rtc: the clock
 * @val: the value
 */
void keel_rtc_write(struct keel_rtc *rtc, u8 val)
{
	if (rtc->index == REG_B)
		rtc->control = val & (B_SET | B_BINARY | B_24H);
}
