// SPDX-License-Identifier: GPL-2.0
/*
 * twin: memory that is like that of other guests.  Of its pages, as many as the argument's
 * bytes hold, one in sixteen is zeros, one in four is its own, by the number in the
 * argument's last twelve bits, and all others are the same in every twin.
 *
 * It says "filled", and when it is asked to stop looks at every byte; writes to every other
 * page, for which it tells what a write costs, to those that are the same in every twin and to
 * its own; and looks at every byte again.
 *
 * With 2048 in its number it writes instead, round after round until it is asked, and reads
 * everything back after each: pages become equal and different again.  Each vCPU writes to
 * words of its own in the same pages.
 *
 * World: a guest.
 */
#include "pages.h"
#include "sample.h"

#define BUSY	2048

/* Stacks come first behind the program. */
#define STACKS	16

/* Of a page, those that a busy twin's vCPUs write to */
#define OWN_WORDS	16

static volatile uint32_t failed, over, ended;
static uint64_t number;

static uint64_t pattern(uint64_t i, uint64_t word)
{
	if (i % 16 == 15)
		return 0;
	return (i << 16 | word) * 0x9e3779b97f4a7c15UL + (i % 4 == 3 ? number << 32 : 0);
}

/* Every byte but for the words before @from; @mark is in word 7 of every other page. */
static bool all_right(uint64_t from, uint64_t mark)
{
	uint64_t i, j, want;

	for (i = 0; i < pages; i++) {
		for (j = from; j < WORDS; j++) {
			want = mark && j == 7 && i % 2 ? mark : pattern(i, j);
			if (page_at(i)[j] != want)
				return wrong(i, j, want);
		}
	}
	return true;
}

static void rest(void)
{
	uint64_t until = ticks() + 400000;

	while (ticks() < until)
		asm volatile("pause");
}

/* One page in four, from @i on; the first writes are measured, but for those to zeros. */
static void write_some(uint64_t i, uint64_t mark, const char *what)
{
	uint64_t n = 0;

	for (; i < pages; i += 4) {
		if (i % 16 != 15 && n < ROUNDS)
			MEASURE(n++, page_at(i)[7] = mark);
		else
			page_at(i)[7] = mark;
	}
	if (n == ROUNDS)
		tell(what);
}

static void write_all(uint64_t mark)
{
	int i;

	for (i = 0; i < ROUNDS; i++)
		MEASURE(i, asm volatile("" : : : "memory"));
	nothing = median();
	write_some(1, mark, "break");
	write_some(3, mark, "unique");
}

static int look_and_write(void)
{
	uint64_t mark = number << 48 | 1;

	while (!is_asked())
		rest();
	if (!all_right(0, 0))
		return 1;
	write_all(mark);
	if (!all_right(0, mark))
		return 1;
	print("twin ");
	print_dec(pages);
	print(" ok\n");
	return 0;
}

/* One vCPU's rounds: what it writes in a page, the next one does in its own words. */
static void rounds(uint32_t self)
{
	uint64_t value = 0, round, i;

	for (round = 0; !over && !failed; round++) {
		if (!self && is_asked())
			over = 1;
		value = round / 8 % 2;
		for (i = round % 8; i < pages; i += 8)
			page_at(i)[self] = value;
		for (i = round % 8; i < pages; i += 8)
			if (page_at(i)[self] != value)
				failed = !wrong(i, self, value);
		if (!all_right(OWN_WORDS, 0))
			failed = 1;
	}
	if (!self) {
		print("rounds ");
		print_dec(round);
		print("\n");
	}
	__atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST);
}

int guest(uint64_t arg)
{
	uint32_t self = vcpu();
	bool others = has_others();

	if (!self) {
		first = free_memory() + STACKS * PAGE;
		pages = (arg - first) / PAGE;
		number = arg % PAGE;
		fill();
		print("filled\n");
		if (!(number & BUSY))
			return look_and_write();
		if (others)
			start_others(arg);
	}
	rounds(self);
	while (self)
		asm volatile("hlt");
	while (others && ended < 2)
		asm volatile("pause");
	if (failed)
		return 1;
	print("twin ");
	print_dec(pages);
	print(" ok\n");
	return 0;
}
