// SPDX-License-Identifier: GPL-2.0
/*
 * keel-device: ports, and the devices that are no more than a port.
 *
 * World: KUnit.  No locks.
 */
#include <linux/kernel.h>
#include <linux/ktime.h>

#include "device_stubs.h"

/* every port that nobody has reads as all ones, and a write there is nothing */
static void device_nobody(struct kunit *test)
{
	static const struct {
		u16 first;
		u16 last;
	} owned[] = {
		{ 0x42, 0x43 }, { 0x61, 0x61 }, { 0x70, 0x71 }, { 0xf4, 0xf4 }, { 0x3f8, 0x3ff },
		{ 0x505, 0x505 }, { 0x600, 0x602 },
	};
	struct played *p = play(test);
	unsigned int port, i = 0;

	for (port = 0; port < 0x10000; port++) {
		for (i = 0; i < ARRAY_SIZE(owned); i++)
			if (port >= owned[i].first && port <= owned[i].last)
				break;
		if (i < ARRAY_SIZE(owned))
			continue;
		KUNIT_EXPECT_EQ_MSG(test, play_in(port), ~0U, "%#x", port);
		play_out(port, 0);
		if (port != 0x64)
			play_out(port, 0xffffffff);
	}
	KUNIT_EXPECT_EQ(test, p->reports, 0U);
	KUNIT_EXPECT_EQ(test, p->events, 0U);
	KUNIT_EXPECT_EQ(test, p->nr_out, 0U);
}

static void expect_end(struct kunit *test, struct played *p, u32 state, u32 reason, u64 detail)
{
	KUNIT_EXPECT_EQ(test, p->reports, 1U);
	KUNIT_EXPECT_EQ(test, p->state, state);
	KUNIT_EXPECT_EQ(test, p->reason, reason);
	KUNIT_EXPECT_EQ(test, p->detail, detail);
}

static void device_ends(struct kunit *test)
{
	struct played *p;
	unsigned int val;

	p = play(test);
	play_out(0xf4, 0x1234);
	expect_end(test, p, KEEL_VM_STATE_STOPPED, KEEL_VM_REASON_EXIT, 0x34);
	p = play(test);
	for (val = 0; val < 0x100; val++)
		if (val != 0xfe)
			play_out(0x64, val);
	KUNIT_EXPECT_EQ(test, p->reports, 0U);
	play_out(0x64, 0xfe);
	expect_end(test, p, KEEL_VM_STATE_RUNNING, KEEL_VM_REASON_COMMAND, 0);
	p = play(test);
	KUNIT_EXPECT_EQ(test, play_in(0xf4), 0U);
	p->vm.stopping = true;
	KUNIT_EXPECT_EQ(test, play_in(0xf4), 1U);
}

/* S5 and the bit that makes it count, nothing else */
static void device_sleep(struct kunit *test)
{
	struct played *p = play(test);
	unsigned int val;

	KUNIT_EXPECT_EQ(test, play_in(0x600), 0U);
	KUNIT_EXPECT_EQ(test, play_in(0x601), 0U);
	for (val = 0; val < 0x100; val++) {
		play_out(0x601, val);
		if ((val & 0x3c) != 0x34)
			play_out(0x600, val);
	}
	KUNIT_EXPECT_EQ(test, p->reports, 0U);
	play_out(0x600, 0x34);
	expect_end(test, p, KEEL_VM_STATE_STOPPED, KEEL_VM_REASON_POWEROFF, 0);
}

static void device_panic(struct kunit *test)
{
	struct played *p = play(test);

	KUNIT_EXPECT_EQ(test, play_in(0x505), 3U);
	play_out(0x505, 0);
	play_out(0x505, 0xfc);
	KUNIT_EXPECT_EQ(test, p->events, 0U);
	/* with a crash kernel it goes on; told once */
	play_out(0x505, 2);
	play_out(0x505, 2);
	KUNIT_EXPECT_EQ(test, p->events, 1U);
	KUNIT_EXPECT_EQ(test, p->event, (u32)KEEL_VM_EVENT_PANIC);
	KUNIT_EXPECT_EQ(test, p->reports, 0U);
	/* and that one can panic too */
	play_out(0x505, 1);
	KUNIT_EXPECT_EQ(test, p->events, 1U);
	expect_end(test, p, KEEL_VM_STATE_CRASHED, KEEL_VM_REASON_PANIC, 0);
	p = play(test);
	play_out(0x505, 1);
	KUNIT_EXPECT_EQ(test, p->events, 1U);
	expect_end(test, p, KEEL_VM_STATE_CRASHED, KEEL_VM_REASON_PANIC, 0);
}

/* the power button: what it is told by, and what takes that */
static void device_power(struct kunit *test)
{
	struct played *p = play(test);

	KUNIT_EXPECT_EQ(test, play_in(0x602), 0U);
	play_pin(9, 0x31);
	keel_device_ask(&p->vm);
	KUNIT_EXPECT_EQ(test, p->sent, 1U);
	KUNIT_EXPECT_EQ(test, p->data, 0x31U);
	/* one that is not heard is not pressed twice */
	keel_device_ask(&p->vm);
	KUNIT_EXPECT_EQ(test, p->sent, 1U);
	KUNIT_EXPECT_EQ(test, play_in(0x602), 1U);
	KUNIT_EXPECT_EQ(test, play_in(0x602), 0U);
	keel_device_ask(&p->vm);
	KUNIT_EXPECT_EQ(test, p->sent, 2U);
	keel_device_reset(&p->vm);
	KUNIT_EXPECT_EQ(test, play_in(0x602), 0U);
	KUNIT_EXPECT_EQ(test, p->sent, 2U);
	KUNIT_EXPECT_EQ(test, p->reports, 0U);
}

/* what is no register of the I/O APIC, or of a wrong size, is nobody's */
static void device_memory(struct kunit *test)
{
	struct keel_run run = { 0 };
	struct played *p = play(test);
	u64 gpa;

	for (gpa = KEEL_MACHINE_VIRTIO; gpa < KEEL_MACHINE_IOAPIC + 0x1000; gpa += 4) {
		if (gpa == KEEL_MACHINE_VIRTIO + 0x8000)
			gpa = KEEL_MACHINE_IOAPIC;
		if (gpa == KEEL_MACHINE_IOAPIC || gpa == KEEL_MACHINE_IOAPIC + 0x10)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, play_read(gpa), ~0U, "%#llx", gpa);
		play_write(gpa, 0x12345678);
	}
	play_write(KEEL_MACHINE_IOAPIC, 1);
	for (run.size = 1; run.size <= 8; run.size *= 2) {
		run.gpa = KEEL_MACHINE_IOAPIC;
		run.write = 0;
		if (run.size == 4)
			continue;
		keel_device_mmio(&p->t, &run);
		KUNIT_EXPECT_EQ(test, p->t.input, ~0ULL);
		run.write = 1;
		keel_device_mmio(&p->t, &run);
		KUNIT_EXPECT_EQ(test, play_read(KEEL_MACHINE_IOAPIC), 1U);
	}
	KUNIT_EXPECT_EQ(test, p->sent, 0U);
}

static void device_clock(struct kunit *test)
{
	struct played *p = play(test);
	s64 before, after, val;

	before = ktime_get_real_seconds();
	play_out(0x70, 0x80);
	val = play_in(0x71);
	after = ktime_get_real_seconds();
	val = val / 16 * 10 + val % 16;
	KUNIT_EXPECT_TRUE(test, val == before % 60 || val == after % 60);
	play_out(0x70, 0x0b);
	KUNIT_EXPECT_EQ(test, play_in(0x71), 2U);
	play_out(0x71, 4);
	KUNIT_EXPECT_EQ(test, play_in(0x71), 4U);
	keel_device_reset(&p->vm);
	play_out(0x70, 0x0b);
	KUNIT_EXPECT_EQ(test, play_in(0x71), 2U);
}

/* A millisecond by the timer is one by the host's clock, or more. */
static void device_timer(struct kunit *test)
{
	ktime_t begin, end;

	play(test);
	play_out(0x61, 0x01);
	play_out(0x43, 0xb0);
	play_out(0x42, 1194 & 0xff);
	begin = ktime_get();
	play_out(0x42, 1194 >> 8);
	KUNIT_EXPECT_EQ(test, play_in(0x61) & 0x20, 0U);
	KUNIT_EXPECT_EQ(test, play_in(0x43), ~0U);
	do {
		end = ktime_get();
	} while (!(play_in(0x61) & 0x20) && ktime_ms_delta(end, begin) < 1000);
	end = ktime_get();
	KUNIT_EXPECT_GE(test, ktime_us_delta(end, begin), 1000LL);
	KUNIT_EXPECT_LT(test, ktime_ms_delta(end, begin), 1000LL);
}

/* A clone's devices know what its source's do; its generation id is told once. */
static void device_clone(struct kunit *test)
{
	struct played *p = play(test);
	struct keel_vm *from = kunit_kzalloc(test, sizeof(*from), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, from);
	from->devices.uart.ier = 1;
	from->devices.uart.line = true;
	from->devices.uart.told = 0x101;
	from->devices.rtc.index = 7;
	from->devices.pit.initial = 1234;
	from->devices.ged = 1;
	from->devices.ioapic.entry[9] = 0x30;
	from->devices.ioapic.lines = 1 << 4;
	keel_device_copy(&p->vm, from);
	KUNIT_EXPECT_EQ(test, memcmp(&p->vm.devices, &from->devices, sizeof(from->devices)), 0);
	KUNIT_EXPECT_TRUE(test, p->listens);
	KUNIT_EXPECT_EQ(test, p->sent, 0U);
	KUNIT_EXPECT_EQ(test, p->told, 0U);
	keel_device_renewed(&p->vm);
	KUNIT_EXPECT_EQ(test, p->sent, 1U);
	KUNIT_EXPECT_EQ(test, p->data & 0xff, 0x30U);
	KUNIT_EXPECT_EQ(test, play_in(0x602), 3U);
	KUNIT_EXPECT_EQ(test, play_in(0x602), 0U);
	KUNIT_EXPECT_EQ(test, from->devices.ged, 1);
	from->devices.uart.ier = 2;
	keel_device_copy(&p->vm, from);
	KUNIT_EXPECT_FALSE(test, p->listens);
}

static struct kunit_case device_cases[] = {
	KUNIT_CASE(device_nobody),
	KUNIT_CASE(device_ends),
	KUNIT_CASE(device_sleep),
	KUNIT_CASE(device_panic),
	KUNIT_CASE(device_power),
	KUNIT_CASE(device_memory),
	KUNIT_CASE(device_clock),
	KUNIT_CASE(device_timer),
	KUNIT_CASE(device_clone),
	{}
};

static struct kunit_suite device_suite = {
	.name = "keel-device",
	.test_cases = device_cases,
};

kunit_test_suites(&device_suite);
