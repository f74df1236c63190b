// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer over guests that are cloned, write, read, share and end, in any order: each of
 * them reads what it has written, or what its source had, every frame that comes back is
 * zeroed, and the audit has to agree all the time.
 */
#include <linux/errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../kunit/phys_stubs.h"

#define GUESTS	4
#define FRAMES	(3ULL << 18)
#define PAGES	8

/* In tables of every level that differ */
static const u64 gfns[PAGES] = { 0, 1, 511, 512, 513, 1 << 18, (1 << 18) + 1, FRAMES - 1 };

static struct fake machine;
static struct keel_shared shared;
static u64 memory[FAKE_FRAMES][512];
static u64 val[GUESTS][PAGES];
static bool held[FAKE_FRAMES];

static void check(bool ok)
{
	if (!ok)
		abort();
}

static struct keel_guest *at(unsigned int g)
{
	return keel_guest_alive(&machine.root, g);
}

static void start(void)
{
	unsigned int i;

	memset(&machine, 0, sizeof(machine));
	memset(memory, 0, sizeof(memory));
	memset(held, 0, sizeof(held));
	fake = &machine;
	for (i = 0; i < FAKE_FRAMES; i++)
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

static void make(unsigned int g)
{
	give(GUESTS, 4);
	if (keel_guest_new(&machine.root, g, FRAMES))
		return;
	keel_guest_domain(&machine.root, g, 1);
	memset(val[g], 0, sizeof(val[g]));
}

static void end(unsigned int g)
{
	u64 batch[KEEL_BATCH_NR], i, k;
	s64 ret;

	if (keel_guest_kill(&machine.root, g))
		return;
	fake_pass_all();
	do {
		ret = keel_guest_drain(&machine.root, g, batch);
		check(ret >= 0 || ret == -EAGAIN);
		for (i = 0; (s64)i < ret; i++) {
			check(batch[i] < FAKE_RAM_END && held[batch[i]]);
			held[batch[i]] = false;
			for (k = 0; k < 512; k++)
				check(!memory[batch[i]][k]);
		}
		check(!fake_audit());
	} while (ret);
	settle(g);
}

static void clone(unsigned int g, unsigned int h)
{
	s64 ret = keel_guest_clone(&machine.root, g, h);

	if (g == h || !at(g) || !at(h))
		check(ret == (at(g) && at(h) ? -EINVAL : -ENOENT));
	else
		check(!ret || ret == -EEXIST || ret == -ENOSPC);
	if (!ret)
		memcpy(val[h], val[g], sizeof(val[h]));
}

static void touch(unsigned int g, unsigned int p, u64 what, bool write)
{
	enum keel_fault ret;
	u64 got = ~0ULL;
	void *where;

	if (!at(g))
		return;
	if (write) {
		ret = keel_gmem_at(&machine.root, at(g), gfns[p] << 12, NULL, &where);
		check(ret == KEEL_FAULT_DONE || ret == KEEL_FAULT_FILL);
		if (ret == KEEL_FAULT_DONE) {
			*(u64 *)where = what;
			val[g][p] = what;
		}
	} else {
		ret = keel_guest_fault(&machine.root, at(g), gfns[p] << 12, false, NULL);
		check(ret == KEEL_FAULT_DONE || ret == KEEL_FAULT_FILL);
	}
	check(!keel_gmem_read(&machine.root, at(g), gfns[p] << 12, &got, sizeof(got)));
	check(got == val[g][p]);
}

static void merge(unsigned int g, unsigned int p, unsigned int h, unsigned int q)
{
	u64 pair[2] = { KEEL_HINT(h, gfns[q]), KEEL_HINT(g, gfns[p]) };
	s64 nr = keel_merge(&machine.root, pair, 1, 3);

	check(nr == (pair[0] == KEEL_MERGE_DONE));
	if (nr)
		check(val[g][p] == val[h][q]);
}

static void check_all(void)
{
	unsigned int g, p;
	u64 got;

	check(!fake_audit() && !machine.wild);
	for (g = 0; g < GUESTS; g++) {
		for (p = 0; p < PAGES && at(g); p++) {
			keel_gmem_read(&machine.root, at(g), gfns[p] << 12, &got, sizeof(got));
			check(got == val[g][p]);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int g, h;

	if (size > 600)
		size = 600;
	start();
	for (; size >= 3; data += 3, size -= 3) {
		g = data[1] % GUESTS;
		h = data[1] / GUESTS % GUESTS;
		switch (data[0] % 8) {
		case 0:
			make(g);
			break;
		case 1:
			give(g, data[2] % 16);
			break;
		case 2:
			end(g);
			break;
		case 3:
			clone(g, h);
			break;
		case 4:
			merge(g, data[2] % PAGES, h, data[2] / PAGES % PAGES);
			break;
		case 5:
			touch(g, data[2] % PAGES, 0, false);
			break;
		default:
			touch(g, data[2] % PAGES, data[2] / 64, true);
			break;
		}
		if (data[0] & 0x80)
			check_all();
	}
	check_all();
	for (g = 0; g < GUESTS; g++)
		end(g);
	check(!machine.root.shared);
	return 0;
}
