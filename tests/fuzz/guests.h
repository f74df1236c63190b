/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the fuzzers of guests share: guests on the made-up machine, each page of which holds
 * what was written to it last, and the host that gives them frames and gets them back.
 *
 * Who includes this has defined GUESTS, FRAMES, the size of each, and gfns[PAGES], which of
 * their pages are looked at, and has MEMORY, the frames of the machine.
 */
#ifndef KEEL_FUZZ_GUESTS_H
#define KEEL_FUZZ_GUESTS_H

#include <linux/errno.h>
#include <stdlib.h>
#include <string.h>

static struct fake machine;
static struct keel_shared shared;
static u64 memory[MEMORY][512] __attribute__((aligned(4096)));
static u64 val[GUESTS][PAGES];
static bool held[MEMORY];

static void check(bool ok)
{
	if (!ok)
		abort();
}

static struct keel_guest *at(unsigned int g)
{
	return keel_guest_alive(&machine.root, g);
}

/* What lies behind FAKE_FRAMES is zeroed by whoever gives it. */
static void start(void)
{
	unsigned int i;

	memset(&machine, 0, sizeof(machine));
	memset(memory, 0, FAKE_FRAMES * sizeof(memory[0]));
	memset(held, 0, sizeof(held));
	fake = &machine;
	for (i = 0; i < MEMORY; i++)
		machine.page[i] = memory[i];
	machine.cpu[0].shared = &shared;
	check(fake_build());
}

static void settle(unsigned int g)
{
	fake_pass_all();
	keel_pool_settle(&machine.root);
	if (at(g))
		keel_guest_settle(&machine.root, at(g));
}

/* Frames of the host's, for root if @g is no guest */
static void give(unsigned int g, u64 nr)
{
	u64 pfn;

	for (pfn = 1; pfn < FAKE_RAM_END && nr; pfn++) {
		if (held[pfn] || pfn == FAKE_HOLE)
			continue;
		if (g < GUESTS ? keel_guest_fill(&machine.root, g, &pfn, 1) != 1 :
				 keel_donate(&machine.root, pfn))
			break;
		held[pfn] = true;
		nr--;
	}
	settle(g);
}

/* The host has a frame again. */
static void take_back(u64 pfn)
{
	static const u64 zeros[512];

	check(pfn < MEMORY && held[pfn]);
	held[pfn] = false;
	check(!memcmp(memory[pfn], zeros, sizeof(zeros)));
}

/* Without memory; false when that could not be */
static bool make(unsigned int g)
{
	give(GUESTS, 4);
	if (keel_guest_new(&machine.root, g, FRAMES))
		return false;
	keel_guest_domain(&machine.root, g, 1);
	memset(val[g], 0, sizeof(val[g]));
	return true;
}

static void merge(unsigned int g, unsigned int p, unsigned int h, unsigned int q)
{
	u64 pair[2] = { KEEL_HINT(h, gfns[q]), KEEL_HINT(g, gfns[p]) };
	s64 nr = keel_merge(&machine.root, pair, 1, 3);

	check(nr == (pair[0] == KEEL_MERGE_DONE));
	if (nr)
		check(val[g][p] == val[h][q]);
}

static void reads(unsigned int g, unsigned int p)
{
	u64 got = ~0ULL;

	check(!keel_gmem_read(&machine.root, at(g), gfns[p] << 12, &got, sizeof(got)));
	check(got == val[g][p]);
}

static void check_all(void)
{
	unsigned int g, p;

	check(!fake_audit() && !machine.wild);
	for (g = 0; g < GUESTS; g++)
		for (p = 0; p < PAGES && at(g); p++)
			reads(g, p);
}

#endif /* KEEL_FUZZ_GUESTS_H */
