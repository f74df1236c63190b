// SPDX-License-Identifier: GPL-2.0
/*
 * alarm: sets the timer so many seconds ahead as its argument says, sleeps, and tells how
 * many ms it was late.
 *
 * World: a guest.
 */
#include "apic.h"

#define VECTOR		0x50
#define LEAF_MHZ	0x16

static volatile uint32_t seen;

void interrupt(struct frame *frame)
{
	seen += frame->vector == VECTOR;
	wrmsr(APIC_EOI, 0);
}

static uint32_t mhz(void)
{
	uint32_t a = LEAF_MHZ, b, c = 0, d;

	asm volatile("cpuid" : "+a" (a), "=b" (b), "+c" (c), "=d" (d));
	return a;
}

int guest(uint64_t arg)
{
	uint64_t when;

	load_idt();
	to_x2apic();
	wrmsr(APIC_SVR, SVR_ON);
	wrmsr(APIC_TIMER, LVT_DEADLINE | VECTOR);
	when = ticks() + arg * mhz() * 1000000;
	wrmsr(MSR_DEADLINE, when);
	wait_irq();
	irq_off();
	if (seen != 1 || ticks() < when)
		return 1;
	print("late ");
	print_dec((ticks() - when) / (mhz() * 1000));
	print("\n");
	return 0;
}
