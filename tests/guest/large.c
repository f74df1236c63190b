// SPDX-License-Identifier: GPL-2.0
/*
 * large: memory that is touched 2 MiB at a time, from the first boundary behind the program up
 * to the argument, or the last page below that; its last twelve bits are a number.
 *
 * With 2048 in that it writes a word to each page, for which it tells how many ticks that takes.
 * Else it fills the memory: of the even ranges of 2 MiB, 128 pages of 512 are the
 * same in all such guests, of the odd ones 16; all others are its own.  Then it does what it is
 * told by its serial port: "c" looks at every byte, "w" writes to the pages that are the same
 * in all, and looks at every byte; "q" ends it.
 *
 * World: a guest.
 */
#include "pages.h"

#define TOUCH	2048
#define RANGE	(512 * PAGE)

static uint64_t number, mark;

static bool common(uint64_t i)
{
	return i % 512 < (i / 512 % 2 ? 16 : 128);
}

static uint64_t pattern(uint64_t i, uint64_t word)
{
	if (mark && word == 7 && common(i))
		return mark;
	return (i << 16 | word) * 0x9e3779b97f4a7c15UL + (common(i) ? 0 : number << 32);
}

static bool all_right(void)
{
	uint64_t i, j;

	for (i = 0; i < pages; i++)
		for (j = 0; j < WORDS; j++)
			if (page_at(i)[j] != pattern(i, j))
				return wrong(i, j, pattern(i, j));
	return true;
}

/* The pages are of no more interest then. */
static bool touch(void)
{
	uint64_t begin = ticks(), i;

	for (i = 0; i < pages; i++)
		page_at(i)[7] = i;
	print("ticks ");
	print_dec(ticks() - begin);
	print("\n");
	for (i = 0; i < pages; i++)
		if (page_at(i)[7] != i || page_at(i)[8])
			return false;
	pages = 0;
	return true;
}

static uint8_t command(void)
{
	while (!(inb(SERIAL_LSR) & LSR_DATA))
		asm volatile("pause");
	return inb(SERIAL);
}

int guest(uint64_t arg)
{
	uint64_t i;
	uint8_t c;

	first = (free_memory() + RANGE - 1) & ~(RANGE - 1);
	pages = (arg - first) / PAGE;
	number = arg % PAGE;
	if (!(number & TOUCH))
		fill();
	else if (!touch())
		return 1;
	print("filled\n");
	for (;;) {
		c = command();
		if (c == 'q')
			return 0;
		if (c == 'w') {
			mark = number << 48 | 1;
			for (i = 0; i < pages; i++)
				if (common(i))
					page_at(i)[7] = mark;
		}
		if ((c == 'w' || c == 'c') && !all_right())
			return 1;
		print(c == 'w' ? "written\n" : c == 'c' ? "right\n" : "what?\n");
	}
}
