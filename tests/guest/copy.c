// SPDX-License-Identifier: GPL-2.0
/*
 * copy: a guest that can tell whether a clone of it is what it was.  It fills its memory up
 * to the argument with a pattern, keeps values in registers that few others use, sets a
 * timer again and again on each of its vCPUs, and does what is said to it:
 *	c	look at every byte, and at the registers: "right" and the last mark
 *	1 to 9	write this mark to every other page
 *	t	wait for some beats of each timer: "beats"
 *	z	beats are far apart from now on, for a guest among thousands: "slow"
 *	q	end
 * It also ends when it is asked to stop, if all is right.
 *
 * World: a guest.
 */
#include "apic.h"
#include "pages.h"
#include "vectors.h"

#define VECTOR		0x50
#define BEAT		300000
#define SLOW_BEAT	400000000
#define BEATS		5
#define VCPUS		2

/* Stacks come first behind the program. */
#define STACKS		16
#define MARK_WORD	7

#define MSR_LSTAR	0xc0000082
#define MSR_GS_BASE	0xc0000101
#define MSR_KERNEL_GS	0xc0000102

static volatile uint64_t beats[VCPUS];
static volatile uint32_t wrong_on;
static uint64_t mark, beat_ticks = BEAT;

static uint64_t pattern(uint64_t i, uint64_t word)
{
	return (i << 16 | word) * 0x9e3779b97f4a7c15UL;
}

static uint64_t own(uint32_t self, uint64_t what)
{
	return (what << 8 | self) * 0x123456789UL;
}

static void arm(void)
{
	wrmsr(MSR_DEADLINE, ticks() + beat_ticks);
}

void interrupt(struct frame *frame)
{
	if (frame->vector == VECTOR) {
		beats[vcpu()]++;
		arm();
	}
	wrmsr(APIC_EOI, 0);
}

static void keep(uint32_t self)
{
	uint64_t x = own(self, 4);

	asm volatile("mov %0, %%dr1" : : "r" (own(self, 1)));
	wrmsr(MSR_LSTAR, own(self, 2));
	wrmsr(MSR_KERNEL_GS, own(self, 3));
	wrmsr(MSR_GS_BASE, own(self, 6));
	asm volatile("movq %0, %%xmm5" : : "r" (x));
	asm volatile("mov %0, %%cr2" : : "r" (own(self, 5)));
}

static bool kept(uint32_t self)
{
	uint64_t dr, xmm, cr2;

	asm volatile("mov %%dr1, %0" : "=r" (dr));
	asm volatile("movq %%xmm5, %0" : "=r" (xmm));
	asm volatile("mov %%cr2, %0" : "=r" (cr2));
	return dr == own(self, 1) && rdmsr(MSR_LSTAR) == own(self, 2) &&
	       rdmsr(MSR_KERNEL_GS) == own(self, 3) && xmm == own(self, 4) &&
	       cr2 == own(self, 5) && rdmsr(MSR_GS_BASE) == own(self, 6);
}

static void write_mark(uint64_t what)
{
	uint64_t i;

	mark = what;
	for (i = 1; i < pages; i += 2)
		page_at(i)[MARK_WORD] = mark;
}

static bool memory_right(void)
{
	uint64_t i, j, want;

	for (i = 0; i < pages; i++) {
		for (j = 0; j < WORDS; j++) {
			want = mark && i % 2 && j == MARK_WORD ? mark : pattern(i, j);
			if (page_at(i)[j] != want)
				return wrong(i, j, want);
		}
	}
	return true;
}

static bool look(void)
{
	if (!kept(0))
		wrong_on |= 1;
	if (wrong_on) {
		print("registers of vCPU ");
		print_dec(wrong_on >> 1);
		print("\n");
		return false;
	}
	if (!memory_right())
		return false;
	print("right ");
	print_dec(mark);
	print("\n");
	return true;
}

/* With interrupts off before and behind */
static void wait_beats(bool both)
{
	uint64_t end[VCPUS] = { beats[0] + BEATS, beats[1] + BEATS };

	while (beats[0] < end[0] || (both && beats[1] < end[1])) {
		wait_irq();
		irq_off();
	}
	print("beats\n");
}

static void ready(uint32_t self)
{
	vectors_enable();
	load_idt();
	to_x2apic();
	wrmsr(APIC_SVR, SVR_ON);
	wrmsr(APIC_TIMER, LVT_DEADLINE | VECTOR);
	keep(self);
	arm();
}

/* The other vCPU: it writes, too, and looks at its registers. */
static void beat(uint32_t self)
{
	for (;;) {
		wait_irq();
		irq_off();
		if (!kept(self))
			wrong_on |= 1 << self;
	}
}

int guest(uint64_t arg)
{
	uint32_t self = vcpu();
	bool both = has_others();
	uint8_t c = 0;

	if (!self) {
		first = free_memory() + STACKS * PAGE;
		pages = (arg - first) / PAGE;
		fill();
		print("filled\n");
	}
	ready(self);
	if (self)
		beat(self);
	if (both)
		start_others(arg);
	while (c != 'q' && !is_asked()) {
		wait_irq();
		irq_off();
		while (c != 'q' && inb(SERIAL_LSR) & LSR_DATA) {
			c = inb(SERIAL);
			if (c == 'c' && !look())
				return 1;
			if (c >= '1' && c <= '9')
				write_mark(c - '0');
			if (c == 't')
				wait_beats(both);
			if (c == 'z') {
				beat_ticks = SLOW_BEAT;
				print("slow\n");
			}
		}
	}
	return c == 'q' || look() ? 0 : 1;
}
