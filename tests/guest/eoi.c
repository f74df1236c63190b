// SPDX-License-Identifier: GPL-2.0
/*
 * eoi: ends of interrupts by a word in memory, as a guest of KVM's does it.  The argument
 * says whether that has to be there, as bit 6 of the features does; it ends with 0, or says
 * what is wrong and ends with 1.
 *
 * World: a guest.
 */
#include "apic.h"
#include "check.h"
#include "exception.h"

#define MSR_EOI		0x4b564d04
#define ENABLED		1
#define FEATURE		0x40

#define VECTOR_PLAIN	0x51	/* ended by the word, if that says so */
#define VECTOR_LOOK	0x61	/* looks at the APIC first */
#define VECTOR_NEST	0x71	/* another one comes meanwhile, of lower priority */
#define VECTOR_TIMER	0x81

#define ROUNDS		200

static volatile uint32_t place __attribute__((aligned(4)));
static volatile uint32_t seen[256];
static volatile uint32_t by_word;
static volatile uint32_t by_apic;

static uint32_t in_service(uint32_t vector)
{
	return rdmsr(APIC_ISR + vector / 32) >> vector % 32 & 1;
}

/* As Linux does it: one instruction, between which and the next one an exit may be */
static void end(void)
{
	bool given;

	asm volatile("btrl $0, %0" : "+m" (place), "=@ccc" (given) : : "memory");
	if (given) {
		by_word++;
		return;
	}
	wrmsr(APIC_EOI, 0);
	by_apic++;
}

void interrupt(struct frame *frame)
{
	uint64_t vector = frame->vector;

	seen[vector]++;
	if (exception(frame))
		return;
	if (vector == VECTOR_LOOK) {
		CHECK(in_service(VECTOR_LOOK));
		CHECK(!place);
	}
	if (vector == VECTOR_NEST) {
		wrmsr(APIC_SELF, VECTOR_PLAIN);
		/* Its end has to be told now, or the other one would not come. */
		CHECK(!place);
	}
	end();
}

static void raise(uint32_t vector, uint32_t after)
{
	uint32_t before = seen[after];

	wrmsr(APIC_SELF, vector);
	irq_on();
	irq_off();
	CHECK(seen[after] == before + 1);
}

static uint64_t rounds(void)
{
	uint64_t start = ticks();
	uint32_t i;

	by_word = 0;
	by_apic = 0;
	for (i = 0; i < ROUNDS; i++)
		raise(VECTOR_PLAIN, VECTOR_PLAIN);
	return (ticks() - start) / ROUNDS;
}

static void absent(void)
{
	rdmsr(MSR_EOI);
	wrmsr(MSR_EOI, (uint64_t)&place | ENABLED);
	CHECK(faults == 2);
	rounds();
	CHECK(by_apic == ROUNDS && !place);
}

static void sleep(void)
{
	uint64_t until = ticks() + PATIENCE;
	uint32_t i;

	wrmsr(APIC_TIMER, VECTOR_TIMER | LVT_DEADLINE);
	for (i = 1; i <= 10; i++) {
		wrmsr(MSR_DEADLINE, ticks() + 20000);
		while (seen[VECTOR_TIMER] < i && ticks() < until) {
			wait_irq();
			irq_off();
		}
		CHECK(seen[VECTOR_TIMER] == i);
	}
	CHECK(!in_service(VECTOR_TIMER));
}

static void present(void)
{
	uint64_t slow = rounds(), fast;

	CHECK(by_apic == ROUNDS && !place);
	wrmsr(MSR_EOI, (uint64_t)&place | ENABLED | 2);
	wrmsr(MSR_EOI, 1UL << 40 | ENABLED);
	CHECK(faults == 2 && !rdmsr(MSR_EOI));
	wrmsr(MSR_EOI, (uint64_t)&place | ENABLED);
	CHECK(rdmsr(MSR_EOI) == ((uint64_t)&place | ENABLED) && faults == 2);
	fast = rounds();
	/* A host's interrupt in the middle of a handler changes nothing. */
	CHECK(by_word == ROUNDS && !by_apic);
	CHECK(!in_service(VECTOR_PLAIN) && !place);
	raise(VECTOR_LOOK, VECTOR_LOOK);
	CHECK(by_apic == 1 && !in_service(VECTOR_LOOK));
	raise(VECTOR_NEST, VECTOR_PLAIN);
	CHECK(by_apic == 2 && seen[VECTOR_NEST] == 1);
	CHECK(!in_service(VECTOR_NEST) && !in_service(VECTOR_PLAIN));
	sleep();
	/* Told no more */
	wrmsr(MSR_EOI, 0);
	rounds();
	CHECK(by_apic == ROUNDS && !place);
	print("eoi: ticks a round by the APIC ");
	print_dec(slow);
	print("\neoi: ticks a round by the word ");
	print_dec(fast);
	print("\n");
}

int guest(uint64_t arg)
{
	uint32_t r[4];

	load_idt();
	to_x2apic();
	wrmsr(APIC_SVR, SVR_ON);
	cpuid(0x40000001, r);
	check(!!(r[0] & FEATURE) == !!arg, "the feature");
	if (arg)
		present();
	else
		absent();
	print("eoi ok\n");
	return 0;
}
