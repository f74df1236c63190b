// SPDX-License-Identifier: GPL-2.0
/*
 * The timer of a guest's machine that software measures other clocks by: the third channel
 * of an 8254, with its gate and its output in port B.  It has no interrupt, and no speaker
 * behind it; the other channels are not there.
 *
 * World: host.  Under the guest's @device_lock.  It counts by the host's clock, down from
 * what was written, and what there is of it is when it began.
 */
#include <linux/bits.h>
#include <linux/math64.h>
#include <linux/time64.h>

#include "device.h"

/* A control word */
#define CHANNEL(word)	((word) >> 6)
#define ACCESS(word)	((word) >> 4 & 3)
#define MODE(word)	((word) >> 1 & 3)	/* without the bit that means nothing for 2 and 3 */
#define THIRD		2
#define LATCH		0
#define LOW		1
#define HIGH		2
#define SQUARE		2	/* periodic from here on; below, it counts once */

/* Port B */
#define GATE		BIT(0)
#define SPEAKER		BIT(1)
#define REFRESH		BIT(4)	/* another one every 15 microseconds */
#define OUT		BIT(5)
#define REFRESH_NS	15085

static u64 passed(const struct keel_pit *pit, u64 ns)
{
	if (!pit->loaded || !(pit->port_b & GATE))
		return 0;
	return mul_u64_u32_div(ns - pit->since, KEEL_PIT_HZ, NSEC_PER_SEC);
}

static u32 period(const struct keel_pit *pit)
{
	return pit->initial ? pit->initial : 0x10000;
}

static u16 count(const struct keel_pit *pit, u64 ns)
{
	u64 ticks = pit->before + passed(pit, ns);

	if (MODE(pit->control) >= SQUARE)
		div64_u64_rem(ticks, period(pit), &ticks);
	return period(pit) - ticks;
}

/* Once it has counted to nothing; in turns when it begins anew each time */
static bool output(const struct keel_pit *pit, u64 ns)
{
	if (!pit->loaded)
		return MODE(pit->control) >= SQUARE;
	if (MODE(pit->control) >= SQUARE)
		return count(pit, ns) > period(pit) / 2;
	return pit->before + passed(pit, ns) >= period(pit);
}

static void control(struct keel_pit *pit, u8 word, u64 ns)
{
	if (CHANNEL(word) != THIRD)
		return;
	if (ACCESS(word) == LATCH) {
		if (!pit->latched)
			pit->latch = count(pit, ns);
		pit->latched = true;
		return;
	}
	*pit = (struct keel_pit) { .control = word, .port_b = pit->port_b };
}

static void load(struct keel_pit *pit, u8 val, u64 ns)
{
	unsigned int access = ACCESS(pit->control);

	if (access == LATCH)
		return;
	if (access == HIGH || pit->second_in)
		pit->initial = val << 8 | (access == HIGH ? 0 : pit->initial & 0xff);
	else
		pit->initial = val;
	if (access != LOW && access != HIGH)
		pit->second_in = !pit->second_in;
	pit->loaded = !pit->second_in;
	pit->before = 0;
	pit->since = ns;
}

static u8 current_byte(struct keel_pit *pit, u64 ns)
{
	unsigned int access = ACCESS(pit->control);
	u16 val = pit->latched ? pit->latch : count(pit, ns);
	bool high = access == HIGH || pit->second_out;

	if (access != LOW && access != HIGH)
		pit->second_out = !pit->second_out;
	pit->latched &= pit->second_out;
	return high ? val >> 8 : val;
}

static void set_port_b(struct keel_pit *pit, u8 val, u64 ns)
{
	/* While the gate is shut, it does not count. */
	pit->before += passed(pit, ns);
	pit->since = ns;
	pit->port_b = val & (GATE | SPEAKER);
}

/**
 * keel_pit_read() - read one of its ports
 * @pit: the timer
 * @port: KEEL_MACHINE_PIT_COUNT or KEEL_MACHINE_PORT_B
 * @ns: the time, by a clock that does not jump
 *
 * Return: its value.
 */
u8 keel_pit_read(struct keel_pit *pit, u16 port, u64 ns)
{
	if (port == KEEL_MACHINE_PIT_COUNT)
		return current_byte(pit, ns);
	return pit->port_b | (div_u64(ns, REFRESH_NS) & 1 ? REFRESH : 0) |
	       (output(pit, ns) ? OUT : 0);
}

/**
 * keel_pit_write() - write to one of its ports
 * @pit: the timer
 * @port: one of those, or KEEL_MACHINE_PIT_CONTROL
 * @val: the value
 * @ns: the time
 */
void keel_pit_write(struct keel_pit *pit, u16 port, u8 val, u64 ns)
{
	if (port == KEEL_MACHINE_PIT_CONTROL)
		control(pit, val, ns);
	else if (port == KEEL_MACHINE_PIT_COUNT)
		load(pit, val, ns);
	else
		set_port_b(pit, val, ns);
}
