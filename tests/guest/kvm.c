// SPDX-License-Identifier: GPL-2.0
/*
 * kvm: the machine is one of KVM's: leaves, clock, wall clock, hypercalls, MSRs that
 * there are not, and strings of port I/O.  All vCPUs read the clock in turns, and none
 * may see a time before one that was seen.  The argument is how many vCPUs there are.
 *
 * World: a guest.
 */
#include "guest.h"

#define WALL_CLOCK	0x4b564d00
#define SYSTEM_TIME	0x4b564d01
#define STEAL_TIME	0x4b564d03
#define STEAL_BIT	0x20
#define PREEMPTED	1
#define FLUSH		2
#define TSC		0x10
#define TSC_ADJUST	0x3b
#define NO_SUCH_MSR	0x1234

#define STABLE		1
#define HC_POLL		1
#define HC_NONE_LOW	7
#define HC_KICK		5
#define HC_IPI		10
#define HC_YIELD	11
#define HC_NONE		999
#define NO_CALL		-1000
#define BAD_CALL		-22

#define ROUNDS		2000

struct pvclock {
	uint32_t version;
	uint32_t pad0;
	uint64_t tsc;
	uint64_t time;
	uint32_t mul;
	int8_t shift;
	uint8_t flags;
	uint8_t pad1[2];
};

static volatile struct pvclock clocks[16] __attribute__((aligned(64)));
static volatile uint32_t wall[3];
static volatile uint64_t last;
static volatile uint32_t turn;
static volatile uint32_t bad;
static volatile uint32_t faults;
static volatile uint32_t woken;
static volatile uint32_t seen_preempted;

static volatile struct {
	uint64_t steal;
	uint32_t version;
	uint32_t flags;
	uint8_t preempted;
	uint8_t pad8[3];
	uint32_t pad[11];
} stolen[16] __attribute__((aligned(64)));

static struct {
	uint64_t low;
	uint64_t high;
} idt[32];
static uint64_t gdt[4] = { 0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff };

/* #GP, by an instruction of two bytes */
static __attribute__((naked)) void fault(void)
{
	asm("incl faults(%rip)\n\t"
	    "addq $8, %rsp\n\t"
	    "addq $2, (%rsp)\n\t"
	    "iretq");
}

static void load(uint64_t base, uint16_t limit, bool is_idt)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) ptr = { limit, base };

	if (is_idt)
		asm volatile("lidt %0" : : "m" (ptr));
	else
		asm volatile("lgdt %0" : : "m" (ptr));
}

static void catch_faults(void)
{
	uint64_t at = (uint64_t)fault;

	load((uint64_t)gdt, sizeof(gdt) - 1, false);
	idt[13].low = (at & 0xffff) | 0x10UL << 16 | 0x8e00UL << 32 | (at >> 16 & 0xffff) << 48;
	idt[13].high = at >> 32;
	load((uint64_t)idt, sizeof(idt) - 1, true);
}

static void wrmsr(uint32_t msr, uint64_t val)
{
	asm volatile("wrmsr" : : "c" (msr), "a" ((uint32_t)val), "d" ((uint32_t)(val >> 32))
		     : "memory");
}

static uint64_t rdmsr(uint32_t msr)
{
	uint32_t low = 0, high = 0;

	asm volatile("rdmsr" : "+a" (low), "+d" (high) : "c" (msr));
	return (uint64_t)high << 32 | low;
}

static int64_t call(uint64_t nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	int64_t ret;

	asm volatile("vmcall" : "=a" (ret) : "0" (nr), "b" (a), "c" (b), "d" (c), "S" (d)
		     : "memory");
	return ret;
}

static uint64_t now(uint32_t self)
{
	volatile struct pvclock *c = &clocks[self];
	uint64_t ticks_now, time;
	uint32_t version;

	do {
		version = c->version & ~1U;
		asm volatile("" : : : "memory");
		ticks_now = ticks() - c->tsc;
		ticks_now = c->shift < 0 ? ticks_now >> -c->shift : ticks_now << c->shift;
		time = c->time + (uint64_t)(((__uint128_t)ticks_now * c->mul) >> 32);
		asm volatile("" : : : "memory");
	} while (version != c->version);
	return time;
}

static void expect(bool ok, const char *what)
{
	if (ok)
		return;
	bad++;
	print("kvm: wrong: ");
	print(what);
	print("\n");
}

static void leaves(void)
{
	uint32_t r[4], khz;

	cpuid(0, r);
	expect(r[0] >= 0x16, "last leaf");
	cpuid(0x40000000, r);
	expect(r[0] >= 0x40000010 && r[1] == 0x4b4d564b && r[2] == 0x564b4d56 && r[3] == 0x4d,
	       "signature");
	cpuid(0x40000001, r);
	expect(r[0] & 8 && (r[0] & 0x0102547b) == (r[0] & 0x01000068) + 2, "features");
	cpuid(0x40000010, r);
	khz = r[0];
	expect(khz && r[1] == khz, "leaf 0x40000010");
	cpuid(0x15, r);
	expect(r[0] == 1 && (uint64_t)r[1] * r[2] == khz * 1000UL, "leaf 0x15");
	cpuid(0x16, r);
	expect((r[0] * 1000UL + 1000) / 1000 >= khz / 1000, "leaf 0x16");
	print("kvm: kHz ");
	print_dec(khz);
	print("\n");
}

/* Strings: a text at once, bytes from a port, one of them over the end of a page */
static void strings(void)
{
	static const char text[] = "kvm: a string\n";
	const char *from = text;
	uint8_t *to = (uint8_t *)free_memory() + 64 * PAGE - 3, *at = to;
	uint64_t left = sizeof(text) - 1;
	uint16_t word = 0;
	uint32_t wide[2] = { 0x7a7a7a7a, 0x7a7a7a7a };
	void *cursor = &wide[1];
	int i;

	asm volatile("rep outsb" : "+S" (from), "+c" (left) : "d" (SERIAL) : "memory");
	expect(from == text + sizeof(text) - 1 && !left, "registers of OUTSB");
	left = 7;
	asm volatile("rep insb" : "+D" (at), "+c" (left) : "d" (SERIAL_LSR) : "memory");
	expect(at == to + 7 && !left, "registers of INSB");
	for (i = 0; i < 7; i++)
		expect(to[i] == inb(SERIAL_LSR), "what INSB has read");
	at = to + 2;
	asm volatile("insw" : "+D" (at) : "d" (0xe9) : "memory");
	word = to[2] | to[3] << 8;
	expect(word == 0xffff && at == to + 4, "INSW over the end of a page");
	asm volatile("std; insl; cld" : "+D" (cursor) : "d" (0xe9) : "memory");
	expect(wide[1] == ~0U && wide[0] == 0x7a7a7a7a && cursor == wide, "INSL downwards");
	left = 0;
	asm volatile("rep insb" : "+D" (at), "+c" (left) : "d" (0xe9) : "memory");
	expect(at == to + 4, "INSB of nothing");
}

static void hypercalls(uint32_t vcpus)
{
	expect(call(HC_POLL, 0, 0, 0, 0) == 0, "poll");
	expect(call(HC_NONE, 0, 0, 0, 0) == NO_CALL, "no such hypercall");
	expect(call(HC_NONE_LOW, 0, 0, 0, 0) == NO_CALL, "no such low hypercall");
	expect(call(HC_KICK, 0, 0, 0, 0) == 0, "kick of oneself");
	expect(call(HC_KICK, 0, 99, 0, 0) == 0, "kick of nobody");
	expect(call(HC_YIELD, 0, 0, 0, 0) == 0, "yield");
	/* vector 0x50, which nobody takes: no APIC is enabled */
	expect(call(HC_IPI, 1, 0, 0, 0x50) == 1, "IPI to oneself");
	expect(call(HC_IPI, ~0UL, ~0UL, 0, 0x50) == vcpus, "IPI to all");
	expect(call(HC_IPI, ~0UL, ~0UL, 64, 0x50) == 0, "IPI to nobody");
	expect(call(HC_IPI, 1, 0, 0, 0x40050) == BAD_CALL, "IPI with a shorthand");
}

static void first(uint32_t vcpus)
{
	uint64_t before, after;
	uint32_t was;

	leaves();
	wrmsr(WALL_CLOCK, (uint64_t)wall);
	expect(wall[0] && !(wall[0] & 1) && wall[2] < 1000000000, "wall clock");
	print("kvm: started at ");
	print_dec(wall[1]);
	print("\n");
	expect(rdmsr(WALL_CLOCK) == (uint64_t)wall, "wall clock's MSR");
	hypercalls(vcpus);
	catch_faults();
	was = faults;
	rdmsr(NO_SUCH_MSR);
	wrmsr(NO_SUCH_MSR, 1);
	expect(faults == was + 2, "no such MSR");
	strings();

	/* A second is a second, more or less: the clock goes by the TSC. */
	before = now(0);
	after = now(0);
	expect(after >= before && after - before < 100000000, "two looks at the clock");
}

/* The TSC to zero, and back: the clock does not care. */
static void move(uint32_t self)
{
	uint32_t r[4];
	uint64_t before = now(self), adjust;

	wrmsr(TSC, 0);
	expect(ticks() < 1UL << 32, "TSC of zero");
	expect(now(self) >= before && now(self) - before < 1000000000, "clock of another TSC");
	expect(!(clocks[self].flags & STABLE), "no longer stable");
	cpuid(7, r);
	if (!(r[1] & 2))
		return;
	adjust = rdmsr(TSC_ADJUST);
	expect(adjust >> 63, "TSC_ADJUST");
	wrmsr(TSC_ADJUST, 0);
	expect(now(self) >= before, "clock of the first TSC");
}

/*
 * It waits for a vCPU: one that is said not to run is asked to forget its translations, as
 * Linux does it, and let run.  That who looks does run himself is certain.
 */
static void wait_for(uint32_t other, uint32_t self)
{
	uint8_t old = PREEMPTED;

	expect(!stolen[self].preempted, "preempted, and running");
	if (stolen[other].preempted &&
	    __atomic_compare_exchange_n(&stolen[other].preempted, &old, PREEMPTED | FLUSH, false,
					__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		__atomic_fetch_add(&seen_preempted, 1, __ATOMIC_SEQ_CST);
		expect(call(HC_YIELD, other, 0, 0, 0) == 0, "yield to another");
	}
	asm volatile("pause");
}

/* The second vCPU has halted, or will: it goes on. */
static void kick(void)
{
	uint64_t until = ticks() + (1UL << 33);

	call(HC_KICK, 0, 1, 0, 0);
	while (!woken && ticks() < until)
		asm volatile("pause");
	expect(woken, "kick of a vCPU that has halted");
}

int guest(uint64_t arg)
{
	uint32_t vcpus = arg, self = vcpu(), i, r[4];
	uint64_t time;

	wrmsr(SYSTEM_TIME, (uint64_t)&clocks[self] | 1);
	if (!self) {
		first(vcpus);
		start_others(arg);
	}
	cpuid(0x40000001, r);
	if (r[0] & STEAL_BIT)
		wrmsr(STEAL_TIME, (uint64_t)&stolen[self] | 1);
	expect(!!(clocks[self].flags & STABLE) == (r[0] >> 24 & 1), "stable");
	for (i = 0; i < ROUNDS; i++) {
		while (turn % vcpus != self)
			wait_for(turn % vcpus, self);
		time = now(self);
		if (time < last) {
			bad++;
			print("kvm: time has gone back\n");
		}
		last = time;
		turn++;
	}
	if (self)
		for (;;) {
			asm volatile("hlt");
			woken++;
		}
	if (r[0] & STEAL_BIT) {
		expect(stolen[0].version && !(stolen[0].version & 1), "steal time");
		expect(rdmsr(STEAL_TIME) == ((uint64_t)&stolen[0] | 1), "steal time's MSR");
		expect(stolen[0].steal < now(0), "as much of it as there can be");
	}
	while (turn < ROUNDS * vcpus)
		asm volatile("pause");
	if (vcpus > 1)
		kick();
	move(0);
	print("kvm: preempted ");
	print_dec(seen_preempted);
	print("\nkvm: stolen ");
	print_dec(stolen[0].steal);
	print("\nkvm: ns ");
	print_dec(now(0));
	print("\n");
	if (!bad)
		print("kvm ok\n");
	return bad;
}
