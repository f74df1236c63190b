// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer over guests that are cloned, write, read, share and end, in any order: each of
 * them reads what it has written, or what its source had, every frame that comes back is
 * zeroed, and the audit has to agree all the time.
 */
#include <stdint.h>

#include "../kunit/phys_stubs.h"

#define GUESTS	4
#define FRAMES	(3ULL << 18)
#define PAGES	8
#define MEMORY	FAKE_FRAMES

/* In tables of every level that differ */
static const u64 gfns[PAGES] = { 0, 1, 511, 512, 513, 1 << 18, (1 << 18) + 1, FRAMES - 1 };

#include "guests.h"

static void end(unsigned int g)
{
	u64 batch[KEEL_BATCH_NR];
	s64 ret, i;

	if (keel_guest_kill(&machine.root, g))
		return;
	fake_pass_all();
	do {
		ret = keel_guest_drain(&machine.root, g, batch);
		check(ret >= 0 || ret == -EAGAIN);
		for (i = 0; i < ret; i++) {
			check(batch[i] < FAKE_RAM_END);
			take_back(batch[i]);
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
	reads(g, p);
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
