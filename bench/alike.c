// SPDX-License-Identifier: GPL-2.0
/*
 * alike: fills memory with what its argument says (alike.h) and waits until it is asked to
 * end.  Then it writes to some of the pages, and tells the median of what a write costs, in
 * TSC ticks.
 *
 * World: a guest.
 */
#include "../tests/guest/sample.h"
#include "alike.h"

#define WORDS	(PAGE / 8)

_Static_assert(ROUNDS == ALIKE_ROUNDS, "who counts exits has to know");

static volatile uint64_t *page_at(uint64_t i)
{
	return (volatile uint64_t *)(ALIKE_FIRST + i * PAGE);
}

static void fill(uint64_t kind, uint64_t number)
{
	uint64_t i, j, val;

	for (i = 0; i < ALIKE_PAGES; i++) {
		val = kind == ALIKE_SAME ? 0 : i << 16;
		if (kind == ALIKE_UNIQUE)
			val += number << 32;
		for (j = 0; j < WORDS; j++)
			page_at(i)[j] = (val + j) * 0x9e3779b97f4a7c15UL;
	}
}

int guest(uint64_t arg)
{
	int i;

	fill(ALIKE_KIND(arg), ALIKE_NUMBER(arg));
	print(ALIKE_FILLED "\n");
	while (!is_asked())
		asm volatile("pause");

	for (i = 0; i < ROUNDS; i++)
		MEASURE(i, asm volatile("" : : : "memory"));
	nothing = median();
	for (i = 0; i < ROUNDS; i++)
		MEASURE(i, page_at(i)[7] = 1);
	tell(ALIKE_BREAK);
	return 0;
}
