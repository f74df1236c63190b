// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer over guests' memory, as a host and its guests could use it: any sequence of
 * the steps of tests/kunit/guest_model.c, which says what has to come of each.  In the
 * end the audit has to agree.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../kunit/guest_model.h"

static struct fake machine;
static struct keel_shared shared;
static struct model model;
static u64 memory[FAKE_FRAMES][512] __attribute__((aligned(4096)));

static void check(bool ok)
{
	if (ok)
		return;
	fprintf(stderr, "not %s\n", model.wrong ?: "started");
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int i;

	memset(&machine, 0, sizeof(machine));
	/* model_start() fills what comes before */
	memset(memory[FAKE_RAM_END], 0, sizeof(memory) - FAKE_RAM_END * sizeof(memory[0]));
	memset(&model, 0, sizeof(model));
	fake = &machine;
	for (i = 0; i < FAKE_FRAMES; i++)
		machine.page[i] = memory[i];
	machine.cpu[0].shared = &shared;
	check(fake_build());
	model_start(&model);
	for (; size >= 6; data += 6, size -= 6)
		check(model_step(&model, data[0] % MODEL_OPS, data[1],
				 data[2] | data[3] << 8 & 0x7ff, data[4] | data[5] << 8));
	check(model_step(&model, MODEL_AUDIT, 0, 0, 0));
	return 0;
}
