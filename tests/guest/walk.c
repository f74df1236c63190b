// SPDX-License-Identifier: GPL-2.0
/*
 * walk: touches all of its memory, which is as many bytes as its argument says: it
 * has to be zeros at first, and then what was written.
 *
 * World: a guest.
 */
#include "guest.h"

static int wrong(uint64_t at, uint64_t want)
{
	print("walk: at ");
	print_hex(at);
	print(" is ");
	print_hex(*(volatile uint64_t *)at);
	print(", not ");
	print_hex(want);
	print("\n");
	return 1;
}

static uint64_t pattern(uint64_t at)
{
	return ~at * 0x9e3779b97f4a7c15UL;
}

int guest(uint64_t arg)
{
	uint64_t first = free_memory(), at;

	for (at = first; at < arg; at += 8)
		if (*(volatile uint64_t *)at)
			return wrong(at, 0);
	for (at = first; at < arg; at += 8)
		*(volatile uint64_t *)at = pattern(at);
	for (at = first; at < arg; at += 8)
		if (*(volatile uint64_t *)at != pattern(at))
			return wrong(at, pattern(at));
	print("walk ");
	print_dec(arg > first ? (arg - first) / PAGE : 0);
	print(" ok\n");
	return 0;
}
