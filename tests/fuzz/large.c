// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer over guests with large pages that are split, merged, broken, collapsed and cloned
 * in any order, while a vCPU of each writes by translations that it has not flushed yet: each
 * page holds what was written last, every frame that comes back is zeroed and in nobody's
 * translation, and the audit has to agree all the time.
 */
#include <stdint.h>

#include "../kunit/phys_stubs.h"

#define GUESTS	3
#define RANGES	2
#define FRAMES	(RANGES * KEEL_BLOCK_NR)
#define PAGES	6
#define MEMORY	FAKE_END

/* Frames for large pages; what comes before them is for single pages. */
#define BLOCKS	4
#define BLOCK(i) (FAKE_FRAMES + (i) * KEEL_BLOCK_NR)
#define END	BLOCK(BLOCKS)

/* Some in either range */
static const u64 gfns[PAGES] = { 0, 1, 511, 512, 700, 1023 };

/**
 * struct sees - what a vCPU has a translation of
 * @pfn: the frame, 0 for none
 * @writes: it can write to it
 */
struct sees {
	u64 pfn;
	bool writes;
};

#include "guests.h"

static struct sees sees[GUESTS][PAGES];

static struct keel_vcpu *vcpu(unsigned int g)
{
	return fake_vcpu(at(g), 0);
}

static void give_block(unsigned int g, unsigned int which)
{
	u64 i, pfn = BLOCK(which % BLOCKS);

	for (i = 0; i < KEEL_BLOCK_NR; i++)
		if (held[pfn + i])
			return;
	memset(memory[pfn], 0, KEEL_BLOCK_NR * sizeof(memory[0]));
	give(GUESTS, 2);
	if (keel_guest_block(&machine.root, g, pfn))
		return;
	for (i = 0; i < KEEL_BLOCK_NR; i++)
		held[pfn + i] = true;
	settle(g);
}

/* The host has frames again, and nobody sees them. */
static void take_back_all(const u64 *batch, s64 nr)
{
	const struct sees *s = sees[0];
	unsigned int k;
	s64 i;

	for (i = 0; i < nr; i++) {
		check(batch[i] < END);
		take_back(batch[i]);
		for (k = 0; k < GUESTS * PAGES; k++)
			check(s[k].pfn != batch[i]);
	}
}

static void make_large(unsigned int g)
{
	if (!make(g))
		return;
	give(g, 16);
	give_block(g, g);
}

static void leave(unsigned int g)
{
	memset(sees[g], 0, sizeof(sees[g]));
	if (!at(g) || !vcpu(g))
		return;
	vcpu(g)->running = 0;
	vcpu(g)->epoch = 0;
}

static void flush(unsigned int g)
{
	struct keel_vcpu *v = vcpu(g);

	if (!v || !v->running)
		return;
	if (v->epoch != at(g)->epoch)
		memset(sees[g], 0, sizeof(sees[g]));
	v->epoch = at(g)->epoch;
}

static void enter(unsigned int g)
{
	if (!vcpu(g))
		return;
	vcpu(g)->running = 1;
	flush(g);
}

static void end(unsigned int g)
{
	u64 batch[KEEL_BATCH_NR];
	s64 ret;

	leave(g);
	if (keel_guest_kill(&machine.root, g))
		return;
	fake_pass_all();
	do {
		ret = keel_guest_drain(&machine.root, g, batch);
		check(ret >= 0 || ret == -EAGAIN);
		take_back_all(batch, ret);
	} while (ret);
	check(!fake_audit());
	settle(g);
}

static void clone(unsigned int g, unsigned int h)
{
	u64 huge = at(g)->stat.huge;
	s64 ret;

	leave(g);
	if (at(h))
		leave(h);
	ret = keel_guest_clone(&machine.root, g, h);
	if (g == h || !at(h))
		check(ret == (at(h) ? -EINVAL : -ENOENT));
	else
		check(!ret || ret == -EEXIST || ret == -ENOSPC || (huge && ret == -E2BIG));
	if (!ret)
		memcpy(val[h], val[g], sizeof(val[h]));
}

/* Through root, as what a vCPU faults on, or has written for it */
static void write(unsigned int g, unsigned int p, u64 what)
{
	enum keel_fault ret;
	void *where;

	ret = keel_gmem_at(&machine.root, at(g), gfns[p] << 12, vcpu(g), &where);
	if (ret == KEEL_FAULT_KICK || ret == KEEL_FAULT_FILL)
		return;
	check(ret == KEEL_FAULT_DONE);
	check(*(u64 *)where == val[g][p]);
	flush(g);
	*(u64 *)where = what;
	val[g][p] = what;
}

/* Past root, by a translation that the vCPU has, or finds */
static void direct(unsigned int g, unsigned int p, u64 what)
{
	struct sees *s = &sees[g][p];
	u64 rights, entry, *leaf;
	unsigned int level;

	if (!vcpu(g) || !vcpu(g)->running)
		return;
	if (!s->pfn) {
		leaf = keel_guest_walk(at(g), gfns[p] << 12, &level, &rights);
		entry = level <= KEEL_LEVEL_2M ? *leaf : 0;
		if (!(entry & rights & KEEL_EPT_READ))
			return;
		s->pfn = keel_leaf_pa(level, entry, gfns[p] << 12) >> 12;
		s->writes = entry & rights & KEEL_EPT_WRITE;
		if (s->writes)
			*leaf |= KEEL_TABLE_AD;
	}
	check(memory[s->pfn][0] == val[g][p]);
	if (!s->writes)
		return;
	memory[s->pfn][0] = what;
	val[g][p] = what;
}

/*
 * Some steps towards a large page, as the host does them, of one that was split if there was
 * one.  Some vCPUs do not flush meanwhile, some write.
 */
static void collapse(unsigned int g, unsigned int range, unsigned int n)
{
	unsigned int steps = n % 16;

	keel_guest_split(&machine.root, g, range * KEEL_BLOCK_NR);
	give_block(g, n);
	for (; steps; steps--) {
		if (keel_guest_collapse(&machine.root, g, range * KEEL_BLOCK_NR) != 1)
			break;
		if (n & 16)
			flush(g);
		if (n & 32)
			direct(g, steps % PAGES, steps);
	}
}

static void step(uint8_t what, unsigned int g, unsigned int h, unsigned int n)
{
	unsigned int p = n % PAGES, q = n / PAGES % PAGES;
	u64 batch[KEEL_BATCH_NR];

	switch (what) {
	case 0:
		give(g, n % 16);
		break;
	case 1:
		give_block(g, n);
		break;
	case 2:
		keel_guest_no_block(&machine.root, g, n % 2);
		break;
	case 3:
		keel_guest_split(&machine.root, g, gfns[p]);
		break;
	case 4:
		collapse(g, n % RANGES, n / RANGES);
		break;
	case 5:
		merge(g, p, h, q);
		break;
	case 6:
		enter(g);
		break;
	case 7:
		flush(g);
		break;
	case 8:
		leave(g);
		break;
	case 9:
		take_back_all(batch, keel_guest_trim(&machine.root, g, batch));
		break;
	case 10:
		clone(g, h);
		break;
	case 11:
		end(g);
		break;
	case 12:
		fake_pass_all();
		break;
	case 13:
		direct(g, p, n / 64);
		break;
	default:
		write(g, p, n / 64);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int g, h;

	if (size > 600)
		size = 600;
	start();
	fake_extend();
	memset(sees, 0, sizeof(sees));
	for (g = 0; g < GUESTS - 1; g++) {
		make_large(g);
		write(g, 0, 1);
	}
	for (; size >= 3; data += 3, size -= 3) {
		g = data[1] % GUESTS;
		h = data[1] / GUESTS % GUESTS;
		if (at(g))
			step(data[0] % 16, g, h, data[2]);
		else
			make_large(g);
		if (data[0] >= 0xe0)
			check_all();
	}
	check_all();
	for (g = 0; g < GUESTS; g++)
		end(g);
	check(!machine.root.shared);
	return 0;
}
