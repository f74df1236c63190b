// SPDX-License-Identifier: GPL-2.0
/*
 * keelclone ELF ROUNDS CLONES MANY	what cloning a guest costs, by how much memory it has
 *
 * ELF is full.S.  The source has touched all of its memory, and is a template that was paused
 * right before it waits: so a clone executes a few instructions, and HLT.
 *
 * The lines, MIB being the source's memory: those of busy.c, 'keel-clone-MIB-...' for one
 * clone up to its first exit and 'keel-unclone-MIB-...' for its end; those of memory.c,
 * 'keel-clones-MIB ...', for CLONES of them that wait, made with one message; and
 * 'keel-clones-own-MIB CLONES MAPPED TABLES POOL', in KiB.  Then, of MANY clones of a small
 * guest, made with one message and never run, 'keel-many MANY FREE USED TICKS': KiB that were
 * free before, those that they use, and what making them took by the clock.
 *
 * World: user, in the machine that is measured.
 */
#define _GNU_SOURCE
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../uapi/keel.h"
#include "busy.h"
#include "genl.h"
#include "image.h"
#include "keelvm.h"
#include "memory.h"

#define MIB		0x100000UL
#define LOOK_US		2000
/* Longer than full.S is awake at the end */
#define AWAKE_S		5
/* What it does not touch: where the program is, which is in the image */
#define UNTOUCHED	(2 * MIB)
#define SMALL		(2 * MIB)

static uint64_t touched(void)
{
	keelvm_command(KEEL_CMD_STAT_GET, "source");
	return genl_number(genl_answer(KEEL_A_STAT_MAPPED)) +
	       genl_number(genl_answer(KEEL_A_STAT_ZERO));
}

static void make_source(const struct image *image, int fd, uint64_t bytes)
{
	keelvm_new("source", bytes);
	keelvm_load("source", image, fd, bytes);
	keelvm_command(KEEL_CMD_VM_START, "source");
	while (touched() < bytes - UNTOUCHED)
		usleep(LOOK_US);
	keelvm_command(KEEL_CMD_VM_PAUSE, "source");
	keelvm_begin(KEEL_CMD_VM_SET, "source");
	genl_put_u32(KEEL_A_VM_TEMPLATE, 1);
	genl_do();
	sleep(AWAKE_S);
}

static void clone_it(const char *name, unsigned int count, bool run)
{
	keelvm_begin(KEEL_CMD_VM_CLONE, "source");
	genl_put_text(KEEL_A_VM_CLONE, name);
	if (count)
		genl_put_u32(KEEL_A_VM_COUNT, count);
	if (run)
		genl_put(KEEL_A_VM_RUN, NULL, 0);
	genl_ask();
}

static void step_clone(void)
{
	clone_it("clone", 0, true);
}

static void step_destroy(void)
{
	keelvm_command(KEEL_CMD_VM_DEL, "clone");
}

static void cost(unsigned int mib, unsigned int rounds)
{
	static struct busy_step steps[2];
	char names[2][32];

	snprintf(names[0], sizeof(names[0]), "keel-clone-%u", mib);
	snprintf(names[1], sizeof(names[1]), "keel-unclone-%u", mib);
	steps[0] = (struct busy_step) { .name = names[0], .step = step_clone };
	steps[1] = (struct busy_step) { .name = names[1], .step = step_destroy };
	busy_rounds(steps, 2, rounds);
}

static void memory(unsigned int mib, unsigned int nr)
{
	struct keelvm_own own = { 0 };
	struct memory before, after;
	char name[32];
	unsigned int i;

	memory_read(&before);
	clone_it("many", nr, true);
	busy_pause();
	memory_read(&after);
	for (i = 1; i <= nr; i++) {
		snprintf(name, sizeof(name), "many-%u", i);
		keelvm_own_add(&own, name);
		keelvm_command(KEEL_CMD_VM_DEL, name);
	}
	snprintf(name, sizeof(name), "keel-clones-%u", mib);
	memory_report(name, nr, &before, &after);
	snprintf(name, sizeof(name), "keel-clones-own-%u", mib);
	keelvm_own_report(name, nr, &own);
}

static void fit(unsigned int nr)
{
	struct memory before, after;
	unsigned long ticks;
	char name[32];
	unsigned int i;

	memory_read(&before);
	ticks = __builtin_ia32_rdtsc();
	clone_it("many", nr, false);
	ticks = __builtin_ia32_rdtsc() - ticks;
	memory_read(&after);
	printf("keel-many %u %ld %ld %lu\n", nr, before.free, before.free - after.free, ticks);
	for (i = 1; i <= nr; i++) {
		snprintf(name, sizeof(name), "many-%u", i);
		keelvm_command(KEEL_CMD_VM_DEL, name);
	}
}

int main(int argc, char **argv)
{
	static const unsigned int sizes[] = { 64, 256, 1024 };
	unsigned int rounds = argc > 2 ? atoi(argv[2]) : 0, nr = argc > 3 ? atoi(argv[3]) : 0;
	unsigned int small = argc > 4 ? atoi(argv[4]) : 0;
	static struct image image;
	unsigned int i;
	int fd;

	if (argc != 5 || !rounds || rounds > BUSY_ROUNDS_MAX || !nr || !small)
		errx(2, "usage: keelclone ELF ROUNDS CLONES MANY");
	setvbuf(stdout, NULL, _IOLBF, 0);
	image_load(&image, argv[1]);
	fd = image_file(&image);
	genl_open(KEEL_FAMILY_NAME);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		make_source(&image, fd, sizes[i] * MIB);
		cost(sizes[i], rounds);
		memory(sizes[i], nr);
		keelvm_command(KEEL_CMD_VM_DEL, "source");
	}
	make_source(&image, fd, SMALL);
	fit(small);
	keelvm_command(KEEL_CMD_VM_DEL, "source");
	return 0;
}
