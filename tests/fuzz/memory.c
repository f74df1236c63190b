// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer over root's memory calls, as a host could make them: any sequence of
 * donations, reclaims, exits of CPUs and audits, on the suites' made-up machine.
 * Nothing may be used that is no memory, no page may come back that a CPU can
 * still write to or that is not zeroed, and the audit has to agree in the end.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../kunit/phys_stubs.h"

static struct fake machine;
static struct keel_shared shared;
static u64 memory[FAKE_FRAMES][512] __attribute__((aligned(4096)));
static u64 donated_at[FAKE_FRAMES];

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void start(void)
{
	unsigned int i;

	memset(&machine, 0, sizeof(machine));
	memset(memory, 0, sizeof(memory));
	memset(donated_at, 0, sizeof(donated_at));
	fake = &machine;
	for (i = 0; i < FAKE_FRAMES; i++)
		machine.page[i] = memory[i];
	machine.cpu[0].shared = &shared;
	check(fake_build());
}

/* Every CPU that is on has passed the epoch since. */
static bool passed_by_all(u64 epoch)
{
	unsigned int i;

	for (i = 0; i < FAKE_CPUS; i++)
		if (machine.cpu[i].active && machine.cpu[i].epoch < epoch)
			return false;
	return true;
}

static void donate(u64 pfn)
{
	u16 owner = keel_frame_owner(&machine.root.frames, pfn);
	bool ram = pfn < FAKE_RAM_END && pfn != FAKE_HOLE;
	s64 ret = keel_donate(&machine.root, pfn);

	check(ret <= 0);
	check(ret || (ram && owner == KEEL_OWNER_HOST));
	if (ret)
		return;
	donated_at[pfn] = machine.root.epoch;
	memory[pfn][pfn % 512] = ~0ULL;
}

static void reclaim(void)
{
	s64 pfn = keel_reclaim(&machine.root);
	unsigned int i;

	if (pfn < 0)
		return;
	check(pfn < FAKE_RAM_END && donated_at[pfn] && passed_by_all(donated_at[pfn]));
	for (i = 0; i < 512; i++)
		check(!memory[pfn][i]);
	donated_at[pfn] = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	start();
	for (; size >= 4; data += 4, size -= 4) {
		u64 arg = data[1] | data[2] << 8 | (u64)data[3] << (data[0] & 0xf0 ? 16 : 44);

		switch (data[0] % 6) {
		case 0:
		case 1:
			donate(arg);
			break;
		case 2:
			reclaim();
			break;
		case 3:
			fake_pass(arg % FAKE_CPUS);
			break;
		case 4:
			/* a CPU leaves or comes; who comes has flushed */
			machine.cpu[arg % FAKE_CPUS].active ^= true;
			machine.cpu[arg % FAKE_CPUS].epoch = machine.root.epoch;
			break;
		case 5:
			check(keel_audit(&machine.cpu[0], arg) != 1);
			break;
		}
		check(!machine.wild);
	}
	check(!fake_audit());
	return 0;
}
