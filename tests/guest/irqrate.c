// SPDX-License-Identifier: GPL-2.0
/*
 * irqrate: what interrupts cost, a line for each kind with the median of TSC ticks, less
 * those of an empty measurement: a self-IPI with its handler and EOI, in xAPIC mode and then
 * in x2APIC mode, HLT with an interrupt pending, and HLT until the timer's deadline, near and
 * far, from that on.
 *
 * World: a guest.
 */
#include "apic.h"
#include "sample.h"

#define VECTOR		0x50
#define NEAR		3000
#define FAR		100000

static volatile uint32_t seen;
static bool x2apic;

void interrupt(struct frame *frame)
{
	seen += frame->vector == VECTOR;
	if (x2apic)
		wrmsr(APIC_EOI, 0);
	else
		xapic_write(APIC_EOI, 0);
}

static void timer(uint64_t ahead, const char *what)
{
	uint64_t when;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		when = ticks() + ahead;
		wrmsr(MSR_DEADLINE, when);
		wait_irq();
		irq_off();
		sample[i] = ticks() - when;
	}
	tell(what);
}

int guest(uint64_t arg)
{
	int i;

	load_idt();
	for (i = 0; i < ROUNDS; i++)
		MEASURE(i, asm volatile("" : : : "memory"));
	nothing = median();

	map_xapic();
	xapic_write(APIC_SVR, SVR_ON);
	irq_on();
	for (i = 0; i < ROUNDS; i++)
		MEASURE(i, xapic_write(APIC_ICR, 0x40000 | VECTOR));
	tell("xapic-icr-self");
	for (i = 0; i < ROUNDS; i++)
		MEASURE(i, xapic_read(APIC_TPR));
	tell("xapic-read");
	irq_off();
	to_x2apic();
	x2apic = true;
	wrmsr(APIC_TIMER, LVT_DEADLINE | VECTOR);
	irq_on();
	for (i = 0; i < ROUNDS; i++)
		MEASURE(i, wrmsr(APIC_SELF, VECTOR));
	tell("self-ipi");
	for (i = 0; i < ROUNDS; i++)
		MEASURE(i, wrmsr(APIC_ICR, 0x40000 | VECTOR));
	tell("icr-self");
	irq_off();
	for (i = 0; i < ROUNDS; i++) {
		/* An emulator can lose the shadow of STI, and the interrupt come before HLT. */
		wrmsr(MSR_DEADLINE, ticks() + FAR);
		wrmsr(APIC_SELF, VECTOR);
		MEASURE(i, wait_irq());
		irq_off();
	}
	wrmsr(MSR_DEADLINE, 0);
	tell("hlt-pending");
	/* While the guest sleeps, whoever wants the CPU beside it comes to an end, or so. */
	timer(FAR, "hlt-timer-far");
	timer(NEAR, "hlt-timer");
	return seen >= 6 * ROUNDS ? (int)arg : 1;
}
