// SPDX-License-Identifier: GPL-2.0
/*
 * compute: counts, with a checksum that can be had by a short cut, too: a register or
 * a word of memory that is not what it was shows.  It ends when it is asked to, or
 * after as many rounds as its argument says, and prints the rounds.
 *
 * World: a guest.
 */
#include "guest.h"

/* Knuth's MMIX generator */
#define MUL 6364136223846793005UL
#define ADD 1442695040888963407UL

/* Steps of a round; between two rounds it looks whether it is asked to stop */
#define STEPS 65536UL

/* @steps of x = x * MUL + ADD from 0 on, by squaring */
static uint64_t jump(uint64_t steps)
{
	uint64_t mul = MUL, add = ADD, x = 0;

	for (; steps; steps >>= 1) {
		if (steps & 1)
			x = x * mul + add;
		add = (mul + 1) * add;
		mul *= mul;
	}
	return x;
}

int guest(uint64_t arg)
{
	volatile uint64_t in_memory = 0;
	uint64_t rounds = 0, x = 0;
	unsigned int i;

	while (!is_asked() && (!arg || rounds < arg)) {
		for (i = 0; i < STEPS; i++)
			x = x * MUL + ADD;
		in_memory = in_memory + 1;
		rounds++;
	}
	print("compute ");
	print_dec(rounds);
	if (in_memory != rounds || x != jump(rounds * STEPS)) {
		print(" wrong\n");
		return 1;
	}
	print(" ok\n");
	return 0;
}
