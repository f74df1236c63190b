/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For programs that fill pages with a pattern of their own, and look whether it is there.
 *
 * World: a guest.
 */
#ifndef TESTS_GUEST_PAGES_H
#define TESTS_GUEST_PAGES_H

#include "guest.h"

#define WORDS	(PAGE / 8)

/* The first page's address, and how many there are */
static uint64_t first, pages;

/* What the program has to say: a word of a page */
static uint64_t pattern(uint64_t i, uint64_t word);

static volatile uint64_t *page_at(uint64_t i)
{
	return (volatile uint64_t *)(first + i * PAGE);
}

static void fill(void)
{
	uint64_t i, j;

	for (i = 0; i < pages; i++)
		for (j = 0; j < WORDS; j++)
			page_at(i)[j] = pattern(i, j);
}

/* Tells about a word that is not what it should be; for a return with that. */
static bool wrong(uint64_t i, uint64_t word, uint64_t want)
{
	print("word ");
	print_dec(word);
	print(" of page ");
	print_dec(i);
	print(" is ");
	print_hex(page_at(i)[word]);
	print(", not ");
	print_hex(want);
	print("\n");
	return false;
}

#endif /* TESTS_GUEST_PAGES_H */
