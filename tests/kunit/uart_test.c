// SPDX-License-Identifier: GPL-2.0
/*
 * keel-uart: the serial port, as drivers use it: by looking, and by interrupts.
 *
 * World: KUnit.  No locks.
 */
#include <linux/kernel.h>
#include <linux/serial_reg.h>
#include <linux/string.h>

#include "device_stubs.h"

#define UART	KEEL_MACHINE_UART
#define PIN	KEEL_MACHINE_UART_GSI
#define IDLE	(UART_LSR_TEMT | UART_LSR_THRE)

static u32 get(unsigned int reg)
{
	return play_in(UART + reg);
}

static void put(unsigned int reg, u8 val)
{
	play_out(UART + reg, val);
}

/* its interrupts are sent */
static struct played *play_wired(struct kunit *test)
{
	struct played *p = play(test);

	play_pin(PIN, 0x31);
	return p;
}

static void uart_polled(struct kunit *test)
{
	struct played *p = play_wired(test);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, get(UART_LSR), IDLE);
	KUNIT_EXPECT_EQ(test, get(UART_MSR), 0xb0U);
	KUNIT_EXPECT_EQ(test, get(UART_RX), 0U);
	KUNIT_EXPECT_EQ(test, get(UART_IIR), 1U);
	for (i = 0; i < 3; i++)
		put(UART_TX, "abc"[i]);
	KUNIT_EXPECT_EQ(test, p->nr_out, 3U);
	KUNIT_EXPECT_EQ(test, memcmp(p->out, "abc", 3), 0);
	play_type("xy");
	KUNIT_EXPECT_EQ(test, get(UART_LSR), IDLE | UART_LSR_DR);
	KUNIT_EXPECT_EQ(test, get(UART_RX), (u32)'x');
	KUNIT_EXPECT_EQ(test, get(UART_RX), (u32)'y');
	KUNIT_EXPECT_EQ(test, get(UART_LSR), IDLE);
	/* the latch lies over two registers */
	put(UART_LCR, UART_LCR_DLAB | 3);
	put(UART_DLL, 12);
	put(UART_DLM, 34);
	KUNIT_EXPECT_EQ(test, get(UART_DLL), 12U);
	KUNIT_EXPECT_EQ(test, get(UART_DLM), 34U);
	KUNIT_EXPECT_EQ(test, get(UART_LCR), 0x83U);
	put(UART_LCR, 3);
	KUNIT_EXPECT_EQ(test, get(UART_IER), 0U);
	put(UART_SCR, 0xa5);
	KUNIT_EXPECT_EQ(test, get(UART_SCR), 0xa5U);
	KUNIT_EXPECT_EQ(test, p->nr_out, 3U);
	KUNIT_EXPECT_EQ(test, p->sent, 0U);
	KUNIT_EXPECT_FALSE(test, p->listens);
}

/* what Linux's driver looks at to find out what it is (8250_port.c, autoconfig) */
static void uart_probe(struct kunit *test)
{
	play_wired(test);
	put(UART_IER, 0);
	KUNIT_EXPECT_EQ(test, get(UART_IER) & 0xf, 0U);
	put(UART_IER, 0xff);
	KUNIT_EXPECT_EQ(test, get(UART_IER), 0xfU);
	put(UART_IER, 0);
	put(UART_MCR, UART_MCR_LOOP | UART_MCR_OUT2 | UART_MCR_RTS);
	KUNIT_EXPECT_EQ(test, get(UART_MSR) & 0xf0, 0x90U);
	put(UART_MCR, UART_MCR_LOOP | UART_MCR_OUT1 | UART_MCR_DTR);
	KUNIT_EXPECT_EQ(test, get(UART_MSR) & 0xf0, 0x60U);
	put(UART_MCR, 0xff);
	KUNIT_EXPECT_EQ(test, get(UART_MCR), 0x1fU);
	put(UART_MCR, 0);
	KUNIT_EXPECT_EQ(test, get(UART_IIR) >> 6, 0U);
	put(UART_FCR, UART_FCR_ENABLE_FIFO);
	KUNIT_EXPECT_EQ(test, get(UART_IIR), 0xc1U);
	put(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR7_64BYTE);
	KUNIT_EXPECT_EQ(test, get(UART_IIR), 0xc1U);
	put(UART_FCR, UART_FCR_TRIGGER_14);
	KUNIT_EXPECT_EQ(test, get(UART_IIR), 1U);
}

static void uart_loop(struct kunit *test)
{
	struct played *p = play_wired(test);
	unsigned int i;

	play_type("z");
	put(UART_MCR, UART_MCR_LOOP | UART_MCR_RTS);
	KUNIT_EXPECT_EQ(test, get(UART_LSR), IDLE);
	put(UART_TX, 'a');
	KUNIT_EXPECT_EQ(test, get(UART_LSR), IDLE | UART_LSR_DR);
	put(UART_TX, 'b');
	KUNIT_EXPECT_EQ(test, get(UART_LSR), IDLE | UART_LSR_DR | UART_LSR_OE);
	KUNIT_EXPECT_EQ(test, get(UART_LSR), IDLE | UART_LSR_DR);
	KUNIT_EXPECT_EQ(test, get(UART_RX), (u32)'a');
	put(UART_FCR, UART_FCR_ENABLE_FIFO);
	for (i = 0; i < 17; i++)
		put(UART_TX, 'A' + i);
	KUNIT_EXPECT_EQ(test, get(UART_LSR), IDLE | UART_LSR_DR | UART_LSR_OE);
	for (i = 0; i < 16; i++)
		KUNIT_EXPECT_EQ(test, get(UART_RX), 'A' + i);
	KUNIT_EXPECT_EQ(test, get(UART_LSR), IDLE);
	put(UART_TX, 'c');
	put(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR);
	KUNIT_EXPECT_EQ(test, get(UART_LSR), IDLE);
	KUNIT_EXPECT_EQ(test, p->nr_out, 0U);
	/* and what was typed has waited */
	put(UART_MCR, UART_MCR_RTS);
	KUNIT_EXPECT_EQ(test, get(UART_RX), (u32)'z');
}

/* a driver that clears its FIFO, or reads once for luck, loses nothing while RTS is low */
static void uart_flow(struct kunit *test)
{
	play_wired(test);
	play_type("hello");
	put(UART_MCR, UART_MCR_DTR | UART_MCR_OUT2);
	KUNIT_EXPECT_EQ(test, get(UART_LSR), IDLE);
	KUNIT_EXPECT_EQ(test, get(UART_RX), 0U);
	put(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR | UART_FCR_CLEAR_XMIT);
	put(UART_IER, UART_IER_RDI);
	KUNIT_EXPECT_EQ(test, get(UART_IIR), 0xc1U);
	KUNIT_EXPECT_EQ(test, played->sent, 0U);
	put(UART_MCR, UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT2);
	KUNIT_EXPECT_EQ(test, played->sent, 1U);
	KUNIT_EXPECT_EQ(test, get(UART_RX), (u32)'h');
}

static void uart_input(struct kunit *test)
{
	struct played *p = play_wired(test);
	unsigned int i;

	put(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_8);
	put(UART_IER, UART_IER_RDI);
	KUNIT_EXPECT_TRUE(test, p->listens);
	KUNIT_EXPECT_EQ(test, p->sent, 0U);
	play_type("1");
	KUNIT_EXPECT_EQ(test, p->sent, 1U);
	KUNIT_EXPECT_EQ(test, get(UART_IIR), 0xccU);
	play_type("2345678");
	KUNIT_EXPECT_EQ(test, p->sent, 1U);
	KUNIT_EXPECT_EQ(test, get(UART_IIR), 0xc4U);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, get(UART_RX), '1' + i);
	KUNIT_EXPECT_EQ(test, get(UART_IIR), 0xc1U);
	play_type("9");
	KUNIT_EXPECT_EQ(test, p->sent, 2U);
	/* without a FIFO one is as good as many */
	put(UART_FCR, 0);
	KUNIT_EXPECT_EQ(test, get(UART_IIR), 4U);
	put(UART_IER, 0);
	KUNIT_EXPECT_EQ(test, get(UART_IIR), 1U);
	KUNIT_EXPECT_FALSE(test, p->listens);
	/* what came before it listens is told at once */
	put(UART_IER, UART_IER_RDI);
	KUNIT_EXPECT_EQ(test, p->sent, 3U);
	keel_device_reset(&p->vm);
	KUNIT_EXPECT_FALSE(test, p->listens);
	KUNIT_EXPECT_EQ(test, get(UART_IER), 0U);
}

/* Linux looks for ports that do not tell that they are empty when they are asked to tell */
static void uart_output(struct kunit *test)
{
	struct played *p = play_wired(test);
	unsigned int i;

	for (i = 1; i < 3; i++) {
		put(UART_IER, UART_IER_THRI);
		KUNIT_EXPECT_EQ(test, p->sent, i);
		KUNIT_EXPECT_EQ(test, get(UART_IIR), 2U);
		KUNIT_EXPECT_EQ(test, get(UART_IIR), 1U);
		put(UART_IER, 0);
	}
	put(UART_IER, UART_IER_THRI);
	KUNIT_EXPECT_EQ(test, p->sent, 3U);
	KUNIT_EXPECT_EQ(test, get(UART_IIR), 2U);
	/* again and again, but once for what comes in a row */
	for (i = 0; i < 16; i++)
		put(UART_TX, 'a');
	KUNIT_EXPECT_EQ(test, p->sent, 4U);
	KUNIT_EXPECT_EQ(test, get(UART_IIR), 2U);
	KUNIT_EXPECT_EQ(test, get(UART_IIR), 1U);
	put(UART_TX, 'b');
	KUNIT_EXPECT_EQ(test, p->sent, 5U);
	/* input goes first, and the other one is not forgotten */
	put(UART_IER, UART_IER_THRI | UART_IER_RDI);
	play_type("x");
	KUNIT_EXPECT_EQ(test, get(UART_IIR), 4U);
	KUNIT_EXPECT_EQ(test, get(UART_RX), (u32)'x');
	KUNIT_EXPECT_EQ(test, get(UART_IIR), 2U);
	KUNIT_EXPECT_EQ(test, get(UART_IIR), 1U);
	KUNIT_EXPECT_EQ(test, p->nr_out, 17U);
	KUNIT_EXPECT_EQ(test, p->sent, 5U);
	/* an overrun comes before all */
	put(UART_IER, UART_IER_RLSI | UART_IER_THRI);
	put(UART_MCR, UART_MCR_LOOP);
	put(UART_TX, 'a');
	put(UART_TX, 'b');
	KUNIT_EXPECT_EQ(test, get(UART_IIR), 6U);
	KUNIT_EXPECT_EQ(test, get(UART_LSR), IDLE | UART_LSR_DR | UART_LSR_OE);
	KUNIT_EXPECT_EQ(test, get(UART_IIR), 2U);
}

/*
 * Root is told when the port does no more than send, when it does again, and with which
 * interrupts enabled.
 */
static void uart_sends(struct kunit *test)
{
	struct played *p = play_wired(test);

	keel_uart_start(&p->vm);
	KUNIT_EXPECT_EQ(test, p->port, KEEL_PORT_SENDS(0));
	KUNIT_EXPECT_EQ(test, p->told, 1U);
	put(UART_LCR, 3);
	put(UART_FCR, UART_FCR_ENABLE_FIFO);
	put(UART_IER, 0);
	KUNIT_EXPECT_EQ(test, p->told, 1U);
	put(UART_IER, 0xf0 | UART_IER_RDI);
	KUNIT_EXPECT_EQ(test, p->port, KEEL_PORT_SENDS(UART_IER_RDI));
	put(UART_TX, 'a');
	put(UART_IER, UART_IER_RDI);
	KUNIT_EXPECT_EQ(test, p->told, 2U);
	put(UART_LCR, UART_LCR_DLAB | 3);
	KUNIT_EXPECT_EQ(test, p->port, 0U);
	put(UART_LCR, 3);
	KUNIT_EXPECT_EQ(test, p->port, KEEL_PORT_SENDS(UART_IER_RDI));
	put(UART_IER, UART_IER_THRI);
	KUNIT_EXPECT_EQ(test, p->port, 0U);
	put(UART_IER, 0);
	KUNIT_EXPECT_EQ(test, p->port, KEEL_PORT_SENDS(0));
	put(UART_MCR, UART_MCR_LOOP);
	KUNIT_EXPECT_EQ(test, p->port, 0U);
	put(UART_TX, 'l');
	put(UART_MCR, 0);
	/* until what was looped is read */
	KUNIT_EXPECT_EQ(test, p->port, 0U);
	KUNIT_EXPECT_EQ(test, get(UART_RX), (u32)'l');
	KUNIT_EXPECT_EQ(test, p->port, KEEL_PORT_SENDS(0));
	KUNIT_EXPECT_EQ(test, p->told, 8U);
	/* and what it has kept comes behind what was said before */
	memcpy(p->said, "bc", 2);
	p->nr_said = 2;
	keel_uart_said(&p->vm);
	KUNIT_EXPECT_EQ(test, p->nr_out, 3U);
	KUNIT_EXPECT_EQ(test, memcmp(p->out, "abc", 3), 0);
}

static struct kunit_case uart_cases[] = {
	KUNIT_CASE(uart_polled),
	KUNIT_CASE(uart_probe),
	KUNIT_CASE(uart_loop),
	KUNIT_CASE(uart_flow),
	KUNIT_CASE(uart_input),
	KUNIT_CASE(uart_output),
	KUNIT_CASE(uart_sends),
	{}
};

static struct kunit_suite uart_suite = {
	.name = "keel-uart",
	.test_cases = uart_cases,
};

kunit_test_suites(&uart_suite);
