// SPDX-License-Identifier: GPL-2.0
/*
 * keel-guest-uart: what a guest says by its serial port, and root keeps for Linux; ports
 * that nobody has.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../../uapi/machine.h"
#include "fake_machine.h"
#include "kit.h"

#define ID	4
#define THR	KEEL_MACHINE_UART
#define IER	(KEEL_MACHINE_UART + 1)
#define LSR	(KEEL_MACHINE_UART + 5)
#define SENDS	KEEL_PORT_SENDS(0)

static u8 taken[KEEL_SAID_NR];

static struct keel_vcpu *vcpu(struct kunit *test)
{
	struct keel_root *root = fake_machine(test);
	u64 batch[] = { 100, 101, 102, 103 };

	KUNIT_ASSERT_EQ(test, keel_guest_new(root, ID, 4096), 0LL);
	KUNIT_ASSERT_EQ(test, keel_guest_fill(root, ID, batch, 4), 4LL);
	fake_pass_all();
	keel_guest_settle(root, keel_guest_at(root, ID));
	return fake_vcpu(keel_guest_at(root, ID), 0);
}

static bool out(struct keel_vcpu *v, u64 port, u8 val)
{
	struct keel_regs regs = { .rax = 0x123400 | val };

	return keel_guest_uart(v, &regs, port, false);
}

static bool in(struct keel_vcpu *v, u64 port, u64 *rax)
{
	struct keel_regs regs = { .rax = 0x1234567890abcdefULL };
	bool served = keel_guest_uart(v, &regs, port, true);

	*rax = regs.rax;
	return served;
}

/* A byte, a look whether it has gone, the next one */
static void uart_says(struct kunit *test)
{
	struct keel_vcpu *v = vcpu(test);
	u64 rax;

	KUNIT_ASSERT_NOT_NULL(test, v);
	KUNIT_EXPECT_FALSE(test, out(v, THR, 'a'));
	KUNIT_EXPECT_FALSE(test, in(v, LSR, &rax));
	KUNIT_EXPECT_EQ(test, keel_guest_port(ID, SENDS), 0LL);
	KUNIT_EXPECT_TRUE(test, out(v, THR, 'b'));
	KUNIT_EXPECT_TRUE(test, in(v, LSR, &rax));
	KUNIT_EXPECT_EQ(test, rax, 0x1234567890abcd60ULL);
	/* who looks again wants to know something else */
	KUNIT_EXPECT_FALSE(test, in(v, LSR, &rax));
	KUNIT_EXPECT_TRUE(test, out(v, THR, 'c'));
	KUNIT_EXPECT_TRUE(test, in(v, LSR, &rax));
	KUNIT_EXPECT_EQ(test, keel_guest_said(ID, taken), 2LL);
	KUNIT_EXPECT_EQ(test, memcmp(taken, "bc", 2), 0);
	KUNIT_EXPECT_EQ(test, keel_guest_said(ID, taken), 0LL);
	/* no other register, nor the other direction */
	KUNIT_EXPECT_FALSE(test, out(v, THR + 2, 'd'));
	KUNIT_EXPECT_FALSE(test, out(v, LSR, 'd'));
	KUNIT_EXPECT_TRUE(test, out(v, THR, 'e'));
	KUNIT_EXPECT_FALSE(test, in(v, THR, &rax));
	KUNIT_EXPECT_FALSE(test, in(v, LSR + 1, &rax));
	KUNIT_EXPECT_EQ(test, rax, 0x1234567890abcdefULL);
	/* what has been said stays when the port does more than send */
	KUNIT_EXPECT_EQ(test, keel_guest_port(ID, 0), 0LL);
	KUNIT_EXPECT_FALSE(test, out(v, THR, 'f'));
	KUNIT_EXPECT_FALSE(test, in(v, LSR, &rax));
	KUNIT_EXPECT_EQ(test, keel_guest_said(ID, taken), 1LL);
	KUNIT_EXPECT_EQ(test, taken[0], 'e');
}

/* Interrupts that are enabled already, or not enabled, are enabled so again. */
static void uart_enable(struct kunit *test)
{
	struct keel_vcpu *v = vcpu(test);
	u64 rax;

	KUNIT_ASSERT_NOT_NULL(test, v);
	KUNIT_EXPECT_FALSE(test, out(v, IER, 0));
	KUNIT_EXPECT_FALSE(test, in(v, IER, &rax));
	KUNIT_EXPECT_EQ(test, keel_guest_port(ID, KEEL_PORT_SENDS(0)), 0LL);
	KUNIT_EXPECT_TRUE(test, in(v, IER, &rax));
	KUNIT_EXPECT_EQ(test, rax, 0x1234567890abcd00ULL);
	KUNIT_EXPECT_TRUE(test, out(v, IER, 0));
	KUNIT_EXPECT_TRUE(test, out(v, IER, 0xf0));
	KUNIT_EXPECT_FALSE(test, out(v, IER, 1));
	KUNIT_EXPECT_FALSE(test, out(v, IER, 2));
	/* as a driver does before a message, when it looks at the line for the first time */
	KUNIT_EXPECT_TRUE(test, in(v, LSR, &rax));
	KUNIT_EXPECT_FALSE(test, in(v, LSR, &rax));
	KUNIT_EXPECT_TRUE(test, out(v, IER, 0));
	KUNIT_EXPECT_TRUE(test, in(v, LSR, &rax));
	/* with interrupts on it wants to know of input, too */
	KUNIT_EXPECT_EQ(test, keel_guest_port(ID, KEEL_PORT_SENDS(5)), 0LL);
	KUNIT_EXPECT_FALSE(test, out(v, IER, 0));
	KUNIT_EXPECT_TRUE(test, out(v, IER, 5));
	KUNIT_EXPECT_TRUE(test, in(v, IER, &rax));
	KUNIT_EXPECT_EQ(test, rax, 0x1234567890abcd05ULL);
	KUNIT_EXPECT_FALSE(test, in(v, LSR, &rax));
	KUNIT_EXPECT_EQ(test, keel_guest_port(ID, 0), 0LL);
	KUNIT_EXPECT_FALSE(test, in(v, IER, &rax));
	KUNIT_EXPECT_FALSE(test, out(v, IER, 0));
}

/* More than there is room for, and while another CPU is at it */
static void uart_limits(struct kunit *test)
{
	struct keel_vcpu *v = vcpu(test);
	unsigned int i;
	u64 rax;

	KUNIT_ASSERT_NOT_NULL(test, v);
	KUNIT_EXPECT_EQ(test, keel_guest_port(ID, SENDS), 0LL);
	for (i = 0; i < KEEL_SAID_NR; i++)
		KUNIT_ASSERT_TRUE(test, out(v, THR, i));
	KUNIT_EXPECT_FALSE(test, out(v, THR, 'x'));
	KUNIT_EXPECT_EQ(test, keel_guest_said(ID, taken), (s64)KEEL_SAID_NR);
	for (i = 0; i < KEEL_SAID_NR; i++)
		KUNIT_ASSERT_EQ(test, taken[i], (u8)i);
	v->guest->said.lock = 1;
	KUNIT_EXPECT_FALSE(test, out(v, THR, 'y'));
	KUNIT_EXPECT_EQ(test, keel_guest_said(ID, taken), (s64)-EAGAIN);
	v->guest->said.lock = 0;
	KUNIT_EXPECT_TRUE(test, out(v, THR, 'z'));
	KUNIT_EXPECT_TRUE(test, in(v, LSR, &rax));
	/* nobody listens to the dead */
	KUNIT_EXPECT_EQ(test, keel_guest_said(ID + 1, taken), (s64)-ENOENT);
	KUNIT_EXPECT_EQ(test, keel_guest_port(ID + 1, SENDS), (s64)-ENOENT);
	v->guest->dead = true;
	KUNIT_EXPECT_EQ(test, keel_guest_said(ID, taken), (s64)-ENOENT);
	KUNIT_EXPECT_EQ(test, keel_guest_port(ID, SENDS), (s64)-ENOENT);
}

/* Ports where a device is go to Linux (device_nobody() has them, too), no others. */
static void port_nobody(struct kunit *test)
{
	static const struct {
		u16 first;
		u16 last;
	} owned[] = {
		{ 0x42, 0x43 }, { 0x61, 0x61 }, { 0x64, 0x64 }, { 0x70, 0x71 }, { 0xf4, 0xf4 },
		{ 0x3f8, 0x3ff }, { 0x505, 0x505 }, { 0x600, 0x602 },
	};
	struct keel_regs regs;
	unsigned int port, i;
	bool has;

	for (port = 0; port < 0x10000; port++) {
		for (has = false, i = 0; i < ARRAY_SIZE(owned); i++)
			has |= port >= owned[i].first && port <= owned[i].last;
		regs.rax = port;
		KUNIT_EXPECT_EQ_MSG(test, keel_port_nobody(&regs, port, 1, false), !has, "%#x",
				    port);
		KUNIT_EXPECT_EQ(test, regs.rax, (u64)port);
	}
	regs.rax = 0x1234567890abcde0ULL;
	KUNIT_EXPECT_FALSE(test, keel_port_nobody(&regs, 0x71, 1, true));
	KUNIT_EXPECT_EQ(test, regs.rax, 0x1234567890abcde0ULL);
	KUNIT_EXPECT_TRUE(test, keel_port_nobody(&regs, 0xcfe, 1, true));
	KUNIT_EXPECT_EQ(test, regs.rax, 0x1234567890abcdffULL);
	KUNIT_EXPECT_TRUE(test, keel_port_nobody(&regs, 0xcfe, 2, true));
	KUNIT_EXPECT_EQ(test, regs.rax, 0x1234567890abffffULL);
	KUNIT_EXPECT_TRUE(test, keel_port_nobody(&regs, 0xcfc, 4, true));
	KUNIT_EXPECT_EQ(test, regs.rax, 0xffffffffULL);
}

static struct kunit_case keel_guest_uart_cases[] = {
	KUNIT_CASE(uart_says),
	KUNIT_CASE(uart_enable),
	KUNIT_CASE(port_nobody),
	KUNIT_CASE(uart_limits),
	{}
};

static struct kunit_suite keel_guest_uart_suite = {
	.name = "keel-guest-uart",
	.test_cases = keel_guest_uart_cases,
};

kunit_test_suites(&keel_guest_uart_suite);
