/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For programs that measure: ROUNDS samples of TSC ticks, of which the median is told, less
 * that of an empty measurement.
 *
 * World: a guest.
 */
#ifndef TESTS_GUEST_SAMPLE_H
#define TESTS_GUEST_SAMPLE_H

#include "guest.h"

#define ROUNDS 101

static uint64_t sample[ROUNDS];
static uint64_t nothing;

static uint64_t median(void)
{
	uint64_t key;
	int i, j;

	for (i = 1; i < ROUNDS; i++) {
		key = sample[i];
		for (j = i; j && sample[j - 1] > key; j--)
			sample[j] = sample[j - 1];
		sample[j] = key;
	}
	return sample[ROUNDS / 2];
}

static void tell(const char *what)
{
	uint64_t val = median();

	print(what);
	print(" ");
	print_dec(val > nothing ? val - nothing : 0);
	print("\n");
}

#define MEASURE(i, statement) do {		\
	uint64_t before_ = ticks();		\
						\
	statement;				\
	sample[i] = ticks() - before_;		\
} while (0)

#endif /* TESTS_GUEST_SAMPLE_H */
