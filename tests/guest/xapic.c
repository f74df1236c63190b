// SPDX-License-Identifier: GPL-2.0
/*
 * xapic: the local APIC of a vCPU in xAPIC mode, by its page, as firmware leaves it; what
 * vCPUs send each other that way; and the ways between its modes.  The argument says how
 * many vCPUs there are; it ends with 0, or says what is wrong and ends with 1.
 *
 * World: a guest.
 */
#include "apic.h"
#include "check.h"
#include "exception.h"

#define VCPUS		16
#define VECTOR_TIMER	0x40
#define VECTOR_ERROR	0x45
#define VECTOR_PING	0x51
#define VECTOR_CALL	0x52	/* as that, without an answer */
#define VECTOR_PONG	0x61
#define VECTOR_MODE	0x71	/* as a ping, to be in x2APIC mode from then on */

#define ROUNDS		40

/* Both of the command register's shorthands, and the logical ids that software gives */
#define SELF		0x40000
#define FLAT(i)		(1U << (i) % 8 << 24)
#define CLUSTER(i)	(((i) / 4 << 4 | 1U << (i) % 4) << 24)
#define MODEL_FLAT	0xffffffff
#define MODEL_CLUSTER	0x0fffffff

#define ESR_REGISTER	0x80
#define BASE_XAPIC	0xfee00800
#define BASE_BSP	0x100
#define EDX_APIC	0x200

static volatile uint32_t seen[VCPUS][256];
static volatile uint32_t starts[VCPUS];

/* In which mode it is; others look only at their own. */
static volatile bool x2apic[VCPUS];

static uint32_t get(uint32_t msr)
{
	return x2apic[vcpu()] ? rdmsr(msr) : xapic_read(msr);
}

static void put(uint32_t msr, uint32_t val)
{
	if (x2apic[vcpu()])
		wrmsr(msr, val);
	else
		xapic_write(msr, val);
}

/* In xAPIC mode */
static void send(uint32_t dest, uint32_t icr)
{
	xapic_write(XAPIC_ICR2, dest);
	xapic_write(APIC_ICR, icr);
}

#define TO(i)	((uint32_t)(i) << 24)

void interrupt(struct frame *frame)
{
	uint64_t vector = frame->vector;
	uint32_t self = vcpu();

	seen[self][vector]++;
	if (exception(frame))
		return;
	if (vector == VECTOR_MODE) {
		to_x2apic();
		x2apic[self] = true;
	}
	if (vector == VECTOR_PING || vector == VECTOR_MODE) {
		if (x2apic[self])
			wrmsr(APIC_ICR, VECTOR_PONG);
		else
			send(TO(0), VECTOR_PONG);
	}
	put(APIC_EOI, 0);
}

static bool faults_at(uint32_t msr)
{
	uint32_t before = faults;

	rdmsr(msr);
	return faults == before + 1;
}

static void begin(void)
{
	load_idt();
	put(APIC_SVR, SVR_ON);
}

/* An error that the register tells once */
static bool error(uint32_t want)
{
	uint32_t is;

	xapic_write(APIC_ESR, 0);
	is = xapic_read(APIC_ESR);
	xapic_write(APIC_ESR, 0);
	return is == want && !xapic_read(APIC_ESR);
}

static void as_reset(void)
{
	uint32_t i;

	CHECK(rdmsr(MSR_APIC_BASE) == (BASE_XAPIC | BASE_BSP));
	CHECK(!xapic_read(APIC_ID) && xapic_read(APIC_VERSION) == 0x50014);
	CHECK(!xapic_read(APIC_LDR) && xapic_read(XAPIC_DFR) == MODEL_FLAT);
	CHECK(xapic_read(APIC_SVR) == SVR_OFF && !xapic_read(APIC_TPR));
	CHECK(!xapic_read(APIC_ICR) && !xapic_read(XAPIC_ICR2));
	for (i = APIC_TIMER; i <= APIC_LVT_ERROR; i++)
		CHECK(xapic_read(i) == LVT_MASKED);
	for (i = 0; i < 8; i++)
		CHECK(!xapic_read(APIC_ISR + i) && !xapic_read(APIC_IRR + i));
}

static uint32_t read_byte(uint64_t at)
{
	uint32_t val;

	asm volatile("movzbl (%1), %0" : "=r" (val) : "r" (at) : "memory");
	return val;
}

static void registers(void)
{
	uint64_t at = XAPIC_AT(APIC_TPR), sum = 0x100;
	uint8_t zero, same;

	CHECK(faults_at(APIC_ID) && faults_at(APIC_SVR));
	xapic_write(APIC_LDR, 0x5affffff);
	CHECK(xapic_read(APIC_LDR) == 0x5a000000 && read_byte(XAPIC_AT(APIC_LDR) + 3) == 0x5a);
	xapic_write(XAPIC_DFR, 0);
	CHECK(xapic_read(XAPIC_DFR) == MODEL_CLUSTER);
	xapic_write(XAPIC_ICR2, ~0U);
	CHECK(xapic_read(XAPIC_ICR2) == 0xff000000);
	/* what cannot be written stays as it is, and is no error */
	xapic_write(APIC_ID, ~0U);
	xapic_write(APIC_PPR, ~0U);
	xapic_write(APIC_TIMER, ~0U);
	CHECK(!xapic_read(APIC_ID) && !xapic_read(APIC_PPR) && xapic_read(APIC_TIMER) == 0x700ff);
	xapic_write(APIC_TIMER, LVT_MASKED);
	/* of 32 bits, or nothing */
	asm volatile("movb $0x33, (%0); movw $0x33, (%0); movq $0x33, (%0)"
		     : : "r" (XAPIC_AT(APIC_TPR)) : "memory");
	CHECK(!xapic_read(APIC_TPR));
	asm volatile("movl $0x35, (%0)" : : "r" (XAPIC_AT(APIC_TPR)) : "memory");
	CHECK(xapic_read(APIC_TPR) == 0x35 && xapic_read(APIC_PPR) == 0x35);
	asm volatile("mov %0, %%cr8" : : "r" (0UL));
	CHECK(!xapic_read(APIC_TPR) && error(0));
	/* operations with what is there, as compilers make them */
	asm volatile("orl $0x41, (%0); andl $0x70, (%0); addl %1, (%0); subl $1, (%0)"
		     : : "r" (XAPIC_AT(APIC_TPR)), "r" (6) : "memory", "cc");
	CHECK(xapic_read(APIC_TPR) == 0x45);
	asm volatile("testl $2, (%2); setz %0; cmpl $0x45, (%2); sete %1; addl (%2), %k3"
		     : "=&q" (zero), "=&q" (same), "+r" (at), "+r" (sum) : : "memory", "cc");
	CHECK(zero && same && sum == 0x145 && xapic_read(APIC_TPR) == 0x45);
	xapic_write(APIC_TPR, 0);
	/* registers that are not there, the self-IPI of x2APIC mode among them */
	CHECK(!xapic_read(APIC_SELF) && error(ESR_REGISTER));
	xapic_write(0x804, 1);
	CHECK(error(ESR_REGISTER));
	xapic_write(APIC_LVT_ERROR, VECTOR_ERROR);
	CHECK(!xapic_read(0x8ff));
	irq_on();
	WAIT(seen[0][VECTOR_ERROR] == 1);
	irq_off();
	CHECK(error(ESR_REGISTER));
	send(TO(0), 3);
	CHECK(error(0x20));
	xapic_write(APIC_LVT_ERROR, LVT_MASKED);
	irq_on();
	irq_off();
}

static void name(uint32_t i, bool flat)
{
	xapic_write(XAPIC_DFR, flat ? MODEL_FLAT : MODEL_CLUSTER);
	xapic_write(APIC_LDR, flat ? FLAT(i) : CLUSTER(i));
}

static void self_ipis(void)
{
	uint32_t i, want = seen[0][0x99];

	xapic_write(APIC_ICR, SELF | 0x99);
	CHECK(seen[0][0x99] == want && xapic_read(APIC_IRR + 4) == 1 << 25);
	irq_on();
	CHECK(seen[0][0x99] == ++want && !xapic_read(APIC_IRR + 4) && !xapic_read(APIC_ISR + 4));
	for (i = 0; i < ROUNDS; i++) {
		xapic_write(APIC_ICR, SELF | 0x99);
		CHECK(seen[0][0x99] == ++want);
	}
	send(TO(0), 0x99);
	CHECK(seen[0][0x99] == ++want);
	send(TO(0xff), 0x99);
	CHECK(seen[0][0x99] == ++want);
	for (i = 0; i < 2; i++) {
		name(0, i);
		send(TO(1), ICR_LOGICAL | 0x99);
		CHECK(seen[0][0x99] == ++want);
		send(TO(1), ICR_LOGICAL | ICR_LOWEST | 0x99);
		CHECK(seen[0][0x99] == ++want);
		send(TO(0xff), ICR_LOGICAL | 0x99);
		CHECK(seen[0][0x99] == ++want);
		/* nobody */
		send(TO(2), ICR_LOGICAL | 0x99);
	}
	/* of the other model, and of no model */
	name(0, true);
	send(TO(0x11), ICR_LOGICAL | 0x99);
	CHECK(seen[0][0x99] == ++want);
	name(0, false);
	send(TO(0x11), ICR_LOGICAL | 0x99);
	xapic_write(XAPIC_DFR, 0x50000000);
	send(TO(1), ICR_LOGICAL | 0x99);
	send(TO(77), 0x99);
	CHECK(seen[0][0x99] == want);
	/* what waits for the priority */
	xapic_write(APIC_TPR, 0x90);
	xapic_write(APIC_ICR, SELF | 0x99);
	CHECK(seen[0][0x99] == want);
	xapic_write(APIC_TPR, 0);
	CHECK(seen[0][0x99] == ++want);
	asm volatile("mov %0, %%cr8" : : "r" (9UL));
	xapic_write(APIC_ICR, SELF | 0x99);
	CHECK(seen[0][0x99] == want && xapic_read(APIC_TPR) == 0x90);
	asm volatile("mov %0, %%cr8" : : "r" (0UL));
	CHECK(seen[0][0x99] == ++want);
	irq_off();
	send(TO(0), ICR_NMI);
	WAIT(seen[0][VECTOR_NMI] == 1);
	CHECK(error(0));
}

static void timers(void)
{
	volatile uint32_t *fired = &seen[0][VECTOR_TIMER];
	uint32_t i, left, before = *fired;
	uint64_t when;

	xapic_write(APIC_DIVIDE, DIVIDE_4);
	xapic_write(APIC_TIMER, VECTOR_TIMER);
	for (i = 0; i < ROUNDS / 4; i++) {
		when = ticks();
		xapic_write(APIC_INITIAL, 10000);
		left = xapic_read(APIC_CURRENT);
		CHECK(left && left <= 10000);
		irq_on();
		WAIT(*fired == before + i + 1);
		irq_off();
		CHECK(ticks() - when >= 40000 && !xapic_read(APIC_CURRENT));
	}
	xapic_write(APIC_DIVIDE, DIVIDE_1);
	xapic_write(APIC_TIMER, LVT_PERIODIC | VECTOR_TIMER);
	before = *fired;
	xapic_write(APIC_INITIAL, 50000);
	while (*fired < before + 5)
		wait_irq();
	irq_off();
	xapic_write(APIC_TIMER, LVT_DEADLINE | VECTOR_TIMER);
	before = *fired;
	for (i = 0; i < ROUNDS / 4; i++) {
		when = ticks() + i * 700;
		wrmsr(MSR_DEADLINE, when);
		while (*fired == before + i)
			wait_irq();
		irq_off();
		CHECK(ticks() >= when && *fired == before + i + 1);
	}
	xapic_write(APIC_TIMER, LVT_MASKED);
	irq_on();
	irq_off();
}

static bool has_apic(void)
{
	uint32_t regs[4];

	cpuid(1, regs);
	return regs[3] & EDX_APIC;
}

/* To x2APIC mode with an interrupt that waits, and back; what it had stays on one of them. */
static void modes(void)
{
	uint32_t before = seen[0][0x99];

	name(0, true);
	xapic_write(APIC_TIMER, LVT_MASKED | VECTOR_TIMER);
	xapic_write(APIC_ICR, SELF | 0x99);
	to_x2apic();
	x2apic[0] = true;
	CHECK(rdmsr(MSR_APIC_BASE) == (BASE_XAPIC | BASE_BSP | BASE_X2APIC));
	CHECK(rdmsr(APIC_LDR) == 1 && !rdmsr(APIC_ID) && rdmsr(APIC_SVR) == SVR_ON);
	CHECK(rdmsr(APIC_TIMER) == (LVT_MASKED | VECTOR_TIMER) && rdmsr(APIC_ICR) == (SELF | 0x99));
	CHECK(seen[0][0x99] == before && rdmsr(APIC_IRR + 4) == 1 << 25);
	irq_on();
	CHECK(seen[0][0x99] == before + 1);
	wrmsr(APIC_SELF, 0x99);
	CHECK(seen[0][0x99] == before + 2);
	irq_off();
	/* what waits does not come when the APIC goes */
	wrmsr(APIC_SELF, 0x99);
	CHECK(has_apic());
	wrmsr(MSR_APIC_BASE, BASE_XAPIC & ~0x800U);
	CHECK(!has_apic() && faults_at(APIC_ID));
	irq_on();
	irq_off();
	wrmsr(MSR_APIC_BASE, BASE_XAPIC | BASE_BSP);
	x2apic[0] = false;
	CHECK(has_apic() && faults_at(APIC_ID));
	as_reset();
	begin();
	irq_on();
	CHECK(seen[0][0x99] == before + 2);
	xapic_write(APIC_ICR, SELF | 0x99);
	CHECK(seen[0][0x99] == before + 3);
	irq_off();
}

/* Whatever comes is answered by interrupt(). */
static void serve(void)
{
	uint32_t self = vcpu();

	/* INIT leaves the mode as it is. */
	CHECK(x2apic[self] == !!(rdmsr(MSR_APIC_BASE) & BASE_X2APIC));
	CHECK(get(APIC_ID) == (x2apic[self] ? self : self << 24));
	CHECK(get(APIC_LDR) == (x2apic[self] ? 1U << self : 0));
	begin();
	if (!x2apic[self])
		name(self, true);
	starts[self]++;
	for (;;)
		wait_irq();
}

static void start(uint32_t i, uint32_t vector)
{
	uint32_t before = starts[i];

	send(TO(i), 0xc500);
	CHECK(!(xapic_read(APIC_ICR) & 0x1000));
	send(TO(i), 0x8500);
	send(TO(i), ICR_STARTUP | vector);
	send(TO(i), ICR_STARTUP | vector);
	WAIT(starts[i] == before + 1);
	CHECK(error(0));
}

static void ping(uint32_t i, uint32_t dest, uint32_t icr)
{
	uint32_t before = seen[i][VECTOR_PING], pongs = seen[0][VECTOR_PONG];

	send(dest, icr | VECTOR_PING);
	WAIT(seen[0][VECTOR_PONG] == pongs + 1);
	CHECK(seen[i][VECTOR_PING] == before + 1);
}

static void ping_all_ways(uint32_t i)
{
	ping(i, TO(i), 0);
	ping(i, FLAT(i), ICR_LOGICAL);
	ping(i, FLAT(i), ICR_LOGICAL | ICR_LOWEST);
}

static void together(uint32_t vcpus)
{
	uint32_t vector = ready_others(vcpus), pongs, i, k;

	irq_on();
	for (i = 1; i < vcpus; i++)
		start(i, vector);
	for (i = 1; i < vcpus; i++) {
		for (k = 0; k < ROUNDS / 4; k++)
			ping_all_ways(i);
		send(TO(i), ICR_NMI);
		WAIT(seen[i][VECTOR_NMI] == 1);
	}
	send(0, ICR_OTHERS | VECTOR_CALL);
	for (i = 1; i < vcpus; i++)
		WAIT(seen[i][VECTOR_CALL] == 1);
	CHECK(!seen[0][VECTOR_CALL]);
	/* one of them goes to the other mode; both are found from it, and it from here */
	pongs = seen[0][VECTOR_PONG];
	send(TO(1), VECTOR_MODE);
	WAIT(seen[0][VECTOR_PONG] == pongs + 1);
	CHECK(x2apic[1]);
	ping_all_ways(1);
	start(1, vector);
	ping_all_ways(1);
	if (vcpus > 2)
		ping_all_ways(2);
	irq_off();
}

int guest(uint64_t arg)
{
	if (vcpu())
		serve();
	map_xapic();
	as_reset();
	begin();
	registers();
	self_ipis();
	timers();
	modes();
	name(0, true);
	if (arg > 1)
		together(arg);
	print("xapic ");
	print_dec(arg);
	print(" ok\n");
	return 0;
}
