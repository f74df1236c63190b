// SPDX-License-Identifier: GPL-2.0
/*
 * smp: vCPUs touch the same fresh pages.  All read a page first, which maps it to the
 * one zero frame; then one of them writes there, or all do, each to a word of its own.
 * Whoever knows of a write and reads the page must see what was written.  The low
 * half of the argument says how many pages, the high half how many vCPUs.
 *
 * World: a guest.
 */
#include "guest.h"

/* Stacks come first behind the program. */
#define STACKS	16

static volatile uint32_t arrived;
static volatile uint32_t failed;

/* Until all have come here as often; false when one of them has given up */
static bool meet(uint32_t *times, uint32_t vcpus)
{
	uint32_t all = ++*times * vcpus;

	__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
	while ((int32_t)(arrived - all) < 0 && !failed)
		asm volatile("pause");
	return !failed;
}

static int wrong(uint64_t page, uint64_t word, uint64_t is)
{
	failed = 1;
	print("smp: vCPU ");
	print_dec(vcpu());
	print(" sees ");
	print_hex(is);
	print(" in word ");
	print_dec(word);
	print(" of page ");
	print_dec(page);
	print("\n");
	return 1;
}

static uint64_t pattern(uint64_t page, uint64_t word)
{
	return 0x5a5a000000000000UL | page << 8 | word;
}

int guest(uint64_t arg)
{
	volatile uint64_t *at = (void *)(free_memory() + STACKS * PAGE);
	uint32_t pages = arg, vcpus = arg >> 32, self = vcpu(), times = 0, i, j;

	if (!self)
		start_others(arg);
	for (i = 0; i < pages; i++, at += PAGE / 8) {
		/* Every other page only one writes to, each of them in its turn. */
		bool single = i % 2;
		uint32_t writer = i / 2 % vcpus;

		for (j = 0; j < vcpus; j++)
			if (at[j] && !(at[j] == pattern(i, j) && !single))
				return wrong(i, j, at[j]);
		if (single && !meet(&times, vcpus))
			break;
		if (!single || self == writer)
			at[self] = pattern(i, self);
		if (!meet(&times, vcpus))
			break;
		for (j = 0; j < vcpus; j++)
			if (at[j] != (single && j != writer ? 0 : pattern(i, j)))
				return wrong(i, j, at[j]);
	}
	if (!meet(&times, vcpus) || self)
		for (;;)
			asm volatile("hlt");
	print("smp ");
	print_dec(pages);
	print(" ok\n");
	return 0;
}
