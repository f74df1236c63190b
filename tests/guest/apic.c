// SPDX-License-Identifier: GPL-2.0
/*
 * apic: what the local APIC of a vCPU does in x2APIC mode, and what vCPUs send each other.
 * The argument says how many vCPUs there are; it ends with 0, or says what is wrong and ends
 * with 1.
 *
 * World: a guest.
 */
#include "apic.h"
#include "check.h"
#include "exception.h"

#define VCPUS		16
#define VECTOR_TIMER	0x40
#define VECTOR_CALL	0x52	/* as the next, without an answer */
#define VECTOR_PING	0x51
#define VECTOR_PONG	0x61
#define VECTOR_NEST	0x70

#define ROUNDS		40

static volatile uint32_t seen[VCPUS][256];
static volatile uint32_t starts[VCPUS];
static volatile uint8_t order[64];
static volatile uint32_t nr_order;

static void note(uint64_t vector)
{
	if (nr_order < sizeof(order))
		order[nr_order++] = vector;
}

/* One above it comes at once, one below it waits; noted at their ends, too */
static void nest(void)
{
	wrmsr(APIC_SELF, VECTOR_NEST + 0x10);
	wrmsr(APIC_SELF, VECTOR_NEST - 0x10);
	wrmsr(APIC_SELF, VECTOR_NEST + 1);
	irq_on();
	irq_off();
}

void interrupt(struct frame *frame)
{
	uint64_t vector = frame->vector;
	uint32_t self = vcpu();

	seen[self][vector]++;
	if (exception(frame))
		return;
	if (!self)
		note(vector);
	if (vector == VECTOR_NEST) {
		nest();
		note(0);
	}
	if (vector == VECTOR_PING)
		wrmsr(APIC_ICR, VECTOR_PONG);
	wrmsr(APIC_EOI, 0);
}

static void begin(void)
{
	load_idt();
	to_x2apic();
	wrmsr(APIC_SVR, SVR_ON);
	wrmsr(APIC_TPR, 0);
}

static bool faults_at(uint32_t msr, bool write, uint64_t val)
{
	uint32_t before = faults;

	if (write)
		wrmsr(msr, val);
	else
		rdmsr(msr);
	return faults == before + 1;
}

static void registers(void)
{
	static const uint16_t read_only[] = { APIC_ID, APIC_VERSION, APIC_PPR, APIC_LDR, APIC_ISR,
					      0x818, 0x827, APIC_CURRENT };
	static const uint16_t none[] = { 0x800, 0x809, 0x80e, APIC_CMCI, 0x831, 0x83d, 0x840,
					 0x8ff };
	uint32_t i;

	CHECK(rdmsr(MSR_APIC_BASE) == 0xfee00d00);
	CHECK(rdmsr(APIC_ID) == 0 && rdmsr(APIC_LDR) == 1);
	CHECK(rdmsr(APIC_VERSION) == 0x50014);
	CHECK(rdmsr(APIC_SVR) == SVR_ON);
	CHECK(rdmsr(APIC_TIMER) == LVT_MASKED);
	wrmsr(APIC_TPR, 0x35);
	CHECK(rdmsr(APIC_TPR) == 0x35 && rdmsr(APIC_PPR) == 0x35);
	wrmsr(APIC_TPR, 0);
	for (i = 0; i < sizeof(read_only) / sizeof(read_only[0]); i++)
		CHECK(faults_at(read_only[i], true, 0));
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		CHECK(faults_at(none[i], true, 0));
		CHECK(faults_at(none[i], false, 0));
	}
	CHECK(faults_at(APIC_EOI, false, 0) && faults_at(APIC_SELF, false, 0));
	CHECK(faults_at(APIC_EOI, true, 1) && faults_at(APIC_TPR, true, 0x100));
	CHECK(faults_at(APIC_SELF, true, 0x100) && faults_at(APIC_ESR, true, 1));
	CHECK(faults_at(APIC_ICR, true, 1 << 13) && faults_at(APIC_SVR, true, 0x1000));
	CHECK(faults_at(APIC_TIMER, true, 0x100) && faults_at(APIC_DIVIDE, true, 4));
	/* out of x2APIC mode by way of disabled only */
	CHECK(faults_at(MSR_APIC_BASE, true, 0xfee00900));
	wrmsr(MSR_APIC_BASE, 0xfee00100);
	CHECK(faults_at(APIC_ID, false, 0) && faults_at(MSR_APIC_BASE, true, 0xfee00d00));
	wrmsr(MSR_APIC_BASE, 0xfee00900);
	wrmsr(MSR_APIC_BASE, 0xfee00d00);
	CHECK(rdmsr(APIC_SVR) == SVR_OFF);
	begin();
}

static void errors(void)
{
	wrmsr(APIC_LVT_ERROR, 0x45);
	wrmsr(APIC_SELF, 3);
	irq_on();
	WAIT(seen[0][0x45] == 1);
	wrmsr(APIC_ESR, 0);
	CHECK(rdmsr(APIC_ESR) == 0x60);
	wrmsr(APIC_ICR, 3);
	WAIT(seen[0][0x45] == 2);
	irq_off();
	wrmsr(APIC_ESR, 0);
	CHECK(rdmsr(APIC_ESR) == 0x20);
	wrmsr(APIC_ESR, 0);
	CHECK(!rdmsr(APIC_ESR));
	wrmsr(APIC_LVT_ERROR, LVT_MASKED);
}

static void self_ipis(void)
{
	uint32_t i, before = seen[0][0x99];

	wrmsr(APIC_SELF, 0x99);
	wrmsr(APIC_SELF, 0x99);
	CHECK(seen[0][0x99] == before && rdmsr(APIC_IRR + 4) == 1 << 25);
	irq_on();
	CHECK(seen[0][0x99] == before + 1 && !rdmsr(APIC_IRR + 4) && !rdmsr(APIC_ISR + 4));
	for (i = 0; i < ROUNDS; i++) {
		wrmsr(APIC_SELF, 0x99);
		CHECK(seen[0][0x99] == before + 2 + i);
	}
	/* the same by way of the command register, in each of its ways */
	wrmsr(APIC_ICR, 0x40000 | 0x9a);
	CHECK(seen[0][0x9a] == 1);
	wrmsr(APIC_ICR, ICR_TO(0) | 0x9a);
	CHECK(seen[0][0x9a] == 2);
	wrmsr(APIC_ICR, ICR_TO(1) | ICR_LOGICAL | 0x9a);
	CHECK(seen[0][0x9a] == 3);
	wrmsr(APIC_ICR, ICR_TO(1) | ICR_LOGICAL | ICR_LOWEST | 0x9a);
	CHECK(seen[0][0x9a] == 4);
	/* nobody there */
	wrmsr(APIC_ICR, ICR_TO(77) | 0x9a);
	wrmsr(APIC_ICR, ICR_TO(0x10001) | ICR_LOGICAL | 0x9a);
	CHECK(seen[0][0x9a] == 4);
	irq_off();
	/* software-disabled, it takes nothing */
	wrmsr(APIC_SVR, SVR_OFF);
	wrmsr(APIC_ICR, ICR_TO(0) | 0x9a);
	CHECK(faults_at(APIC_TIMER, true, 0x100) && rdmsr(APIC_TIMER) & LVT_MASKED);
	wrmsr(APIC_SVR, SVR_ON);
	irq_on();
	CHECK(seen[0][0x9a] == 4);
	irq_off();
}

static void priorities(void)
{
	static const uint8_t want[] = { VECTOR_NEST, VECTOR_NEST + 0x10, 0, VECTOR_NEST + 1,
					VECTOR_NEST - 0x10 };
	uint32_t i;

	irq_on();
	wrmsr(APIC_TPR, 0x50);
	wrmsr(APIC_SELF, 0x5f);
	CHECK(!seen[0][0x5f]);
	wrmsr(APIC_SELF, 0x60);
	CHECK(seen[0][0x60] == 1 && !seen[0][0x5f]);
	wrmsr(APIC_TPR, 0x4f);
	CHECK(seen[0][0x5f] == 1);
	asm volatile("mov %0, %%cr8" : : "r" (9UL));
	CHECK(rdmsr(APIC_TPR) == 0x90);
	wrmsr(APIC_SELF, 0x9f);
	CHECK(!seen[0][0x9f]);
	asm volatile("mov %0, %%cr8" : : "r" (8UL));
	CHECK(seen[0][0x9f] == 1);
	wrmsr(APIC_TPR, 0);
	nr_order = 0;
	wrmsr(APIC_SELF, VECTOR_NEST);
	irq_off();
	CHECK(nr_order == sizeof(want));
	for (i = 0; i < sizeof(want); i++)
		CHECK(order[i] == want[i]);
	/* the highest comes first */
	nr_order = 0;
	for (i = 0x60; i < 0xf0; i += 0x10)
		if (i != VECTOR_NEST)
			wrmsr(APIC_SELF, i);
	irq_on();
	irq_off();
	CHECK(nr_order == 8 && order[0] == 0xe0 && order[7] == 0x60);
}

static volatile uint32_t *const fired = &seen[0][VECTOR_TIMER];

static void deadlines(void)
{
	uint64_t when;
	uint32_t i, before = *fired;
	bool late;

	wrmsr(MSR_DEADLINE, ticks());
	CHECK(!rdmsr(MSR_DEADLINE));
	wrmsr(APIC_TIMER, LVT_DEADLINE | VECTOR_TIMER);
	for (i = 0; i < ROUNDS; i++) {
		irq_off();
		when = ticks() + i * 700;
		wrmsr(MSR_DEADLINE, when);
		if (i % 2) {
			while (*fired == before + i)
				wait_irq();
		} else {
			irq_on();
			WAIT(*fired == before + i + 1);
		}
		CHECK(ticks() >= when && *fired == before + i + 1 && !rdmsr(MSR_DEADLINE));
	}
	/* one that is taken back, unless the vCPU was away until then, and one that is over */
	irq_off();
	when = ticks() + 3000;
	wrmsr(MSR_DEADLINE, when);
	wrmsr(MSR_DEADLINE, 0);
	late = ticks() >= when;
	when += 10000;
	irq_on();
	while (ticks() < when)
		;
	CHECK(*fired == before + ROUNDS || (late && *fired == before + ROUNDS + 1));
	before = *fired;
	wrmsr(MSR_DEADLINE, 1);
	WAIT(*fired == before + 1);
	irq_off();
	wrmsr(APIC_TIMER, LVT_MASKED);
}

static void counts(void)
{
	uint64_t when, left;
	uint32_t before = *fired;

	wrmsr(APIC_TIMER, VECTOR_TIMER);
	wrmsr(APIC_DIVIDE, DIVIDE_4);
	when = ticks();
	irq_on();
	wrmsr(APIC_INITIAL, 10000);
	left = rdmsr(APIC_CURRENT);
	CHECK(left && left <= 10000);
	WAIT(rdmsr(APIC_CURRENT) < left);
	WAIT(*fired == before + 1);
	CHECK(ticks() - when >= 40000 && !rdmsr(APIC_CURRENT) && rdmsr(APIC_INITIAL) == 10000);
	wrmsr(APIC_DIVIDE, DIVIDE_1);
	wrmsr(APIC_TIMER, LVT_PERIODIC | VECTOR_TIMER);
	wrmsr(APIC_INITIAL, 50000);
	when = ticks();
	WAIT(*fired >= before + 5);
	CHECK(ticks() - when >= 3 * 50000);
	irq_off();
	left = *fired;
	while (*fired < left + 4)
		wait_irq();
	irq_off();
	wrmsr(APIC_INITIAL, 0);
	left = *fired;
	when = ticks() + 200000;
	irq_on();
	while (ticks() < when)
		;
	irq_off();
	/* one may have been on its way */
	CHECK(*fired <= left + 1);
	wrmsr(APIC_TIMER, LVT_MASKED);
}

static void nmis(void)
{
	uint32_t i, before = seen[0][VECTOR_NMI];

	for (i = 0; i < ROUNDS; i++) {
		wrmsr(APIC_ICR, ICR_TO(0) | ICR_NMI);
		WAIT(seen[0][VECTOR_NMI] == before + i + 1);
	}
}

static void alone(void)
{
	registers();
	errors();
	self_ipis();
	priorities();
	deadlines();
	counts();
	nmis();
}

/* Whatever comes is answered by interrupt(). */
static void serve(void)
{
	begin();
	starts[vcpu()]++;
	for (;;)
		wait_irq();
}

static void ping_one(uint32_t to, uint64_t icr)
{
	uint32_t before = seen[to][VECTOR_PING], pongs = seen[0][VECTOR_PONG];

	wrmsr(APIC_ICR, icr | VECTOR_PING);
	WAIT(seen[0][VECTOR_PONG] == pongs + 1);
	CHECK(seen[to][VECTOR_PING] == before + 1);
}

static void ping_all(uint32_t vcpus)
{
	uint32_t i, sum, want = vcpus - 1, before = 0;

	for (i = 1; i < vcpus; i++)
		before += seen[i][VECTOR_CALL];
	for (i = 0; i < ROUNDS; i++) {
		uint64_t until = ticks() + PATIENCE;

		wrmsr(APIC_ICR, ICR_OTHERS | VECTOR_CALL);
		do {
			uint32_t k;

			sum = 0;
			for (k = 1; k < vcpus; k++)
				sum += seen[k][VECTOR_CALL];
			relax();
		} while (sum != before + want && ticks() < until);
		CHECK(sum == before + want);
		before = sum;
	}
}

static void again(uint32_t i)
{
	uint32_t before = starts[i];

	/* start-up IPIs mean nothing to one that runs */
	wrmsr(APIC_ICR, ICR_TO(i) | ICR_STARTUP | 1);
	ping_one(i, ICR_TO(i));
	CHECK(starts[i] == before);
	start_other(i);
	WAIT(starts[i] == before + 1);
	ping_one(i, ICR_TO(i));
}

static void together(uint32_t vcpus, uint64_t arg)
{
	uint32_t i, k, nmis;

	start_others(arg);
	irq_on();
	for (i = 1; i < vcpus; i++)
		WAIT(starts[i]);
	for (i = 1; i < vcpus; i++) {
		for (k = 0; k < ROUNDS / 4; k++)
			ping_one(i, ICR_TO(i));
		ping_one(i, ICR_TO(1 << i) | ICR_LOGICAL);
		ping_one(i, ICR_TO(1 << i) | ICR_LOGICAL | ICR_LOWEST);
		nmis = seen[i][VECTOR_NMI];
		wrmsr(APIC_ICR, ICR_TO(i) | ICR_NMI);
		WAIT(seen[i][VECTOR_NMI] == nmis + 1);
	}
	ping_all(vcpus);
	for (i = 1; i < vcpus; i++)
		again(i);
	irq_off();
}

int guest(uint64_t arg)
{
	if (vcpu())
		serve();
	begin();
	alone();
	if (arg > 1)
		together(arg, arg);
	print("apic ");
	print_dec(arg);
	print(" ok\n");
	return 0;
}
