/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Timing one instruction: the loops of rounds.S and what becomes of their
 * results.  A result is a line 'NAME ARGUMENT MEDIAN LEAST GREATEST'; the
 * rounds that an interrupt hit are what the median leaves out.
 */
#ifndef BENCH_ROUNDS_H
#define BENCH_ROUNDS_H

#include <stdio.h>
#include <stdlib.h>

/* As many as fit into a page, and odd: there is one in the middle. */
#define ROUNDS_NR	1023

typedef void rounds_fn(unsigned int *ticks, unsigned long nr, unsigned int eax, unsigned int ecx);

extern rounds_fn rounds_empty, rounds_cpuid, rounds_vmcall;
extern const char rounds_start[], rounds_stop[];

/* The CPUID leaves that are timed: passed on, changed, changed, with sub-leaves. */
#define ROUNDS_LEAVES	4

static const unsigned int rounds_leaves[ROUNDS_LEAVES] = { 0, 1, 7, 0xd };

static int rounds_compare(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	return (x > y) - (x < y);
}

/* Sort the ticks of ROUNDS_NR rounds; the median. */
static inline unsigned int rounds_median(unsigned int *ticks)
{
	qsort(ticks, ROUNDS_NR, sizeof(*ticks), rounds_compare);
	return ticks[ROUNDS_NR / 2];
}

/* Print a line, with the cost of the empty pair taken off. */
static inline void rounds_report(const char *name, unsigned int arg, unsigned int *ticks,
				 unsigned int empty)
{
	unsigned int median = rounds_median(ticks);

	printf("%s %#x %u %u %u\n", name, arg, median - empty, ticks[0] - empty,
	       ticks[ROUNDS_NR - 1] - empty);
}

#endif /* BENCH_ROUNDS_H */
