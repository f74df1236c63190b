// SPDX-License-Identifier: GPL-2.0
/*
 * keel rate ELF		what leaving the guest costs
 * keel irq ELF			what interrupts cost
 * keel life ELF ROUNDS		what making a guest costs, and destroying it
 * keel idle ELF GUESTS		what memory guests take that only wait
 *
 * A guest of Keel, by netlink alone; kvmguest does the same with a guest of KVM.  ELF
 * is linked with start.S, so that it waits when it is done, or is idle.S.
 *
 * The lines: of rate those that the guest says, 'keel-rate NAME TICKS', and what Keel has
 * counted, 'keel-exits NAME ROUNDS EXITS' and 'keel-returns NAME ROUNDS RETURNS'; of irq
 * those that the guest says, 'keel-irq NAME TICKS'; of life those of busy.c; of idle that
 * of memory.c, and 'keel-idle-own GUESTS MAPPED TABLES POOL', in KiB: the guests' own
 * memory, their EPTs, and what waits for first touches.
 *
 * World: user, in the machine that is measured.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../uapi/keel.h"
#include "busy.h"
#include "genl.h"
#include "image.h"
#include "keelvm.h"
#include "memory.h"
#include "rate.h"

static struct image image;
static int image_fd;

/* It has also written a byte to a port for each that it has said. */
static void report_exits(unsigned long said)
{
	keelvm_command(KEEL_CMD_STAT_GET, "rate");
	printf("keel-exits cpuid %u %lu\n", RATE_ROUNDS, keelvm_counted(KEEL_A_VCPU_EXIT, "CPUID"));
	printf("keel-exits vmcall %u %lu\n", RATE_ROUNDS,
	       keelvm_counted(KEEL_A_VCPU_EXIT, "VMCALL"));
	printf("keel-exits port %u %lu\n", 2 * RATE_ROUNDS,
	       keelvm_counted(KEEL_A_VCPU_EXIT, "IO") - said);
	printf("keel-exits touch %u %lu\n", 3 * RATE_ROUNDS,
	       keelvm_counted(KEEL_A_VCPU_EXIT, "EPT_VIOLATION"));
	printf("keel-returns touch %u %lu\n", 3 * RATE_ROUNDS,
	       keelvm_counted(KEEL_A_VCPU_RETURN, "fill"));
}

/* Let a guest say all that it has to say, a line for each thing; how many bytes those are. */
static unsigned long hear(const char *name, uint64_t arg, const char *last)
{
	char line[80];
	unsigned long said = 0;
	FILE *console;

	keelvm_new(name, RATE_MEMORY);
	console = keelvm_console(name);
	keelvm_load(name, &image, image_fd, arg);
	keelvm_command(KEEL_CMD_VM_START, name);
	do {
		if (!fgets(line, sizeof(line), console))
			errx(1, "the guest has not said all");
		printf("keel-%s %s", name, line);
		said += strlen(line);
	} while (strncmp(line, last, strlen(last)));
	/* for its way to HLT */
	busy_pause();
	fclose(console);
	return said;
}

static void rate(void)
{
	report_exits(hear("rate", RATE_ARG, RATE_LAST));
	keelvm_command(KEEL_CMD_VM_DEL, "rate");
}

static void irq(void)
{
	hear("irq", 0, IRQ_LAST);
	keelvm_command(KEEL_CMD_VM_DEL, "irq");
}

/* A guest that waits, with an image of its own, as keelctl makes them */
static void make_idle(const char *name)
{
	int fd = image_file(&image);

	keelvm_create(name, LIFE_MEMORY, &image, fd);
	close(fd);
}

static void step_create(void)
{
	keelvm_create("life", LIFE_MEMORY, &image, image_fd);
}

static void step_destroy(void)
{
	keelvm_command(KEEL_CMD_VM_DEL, "life");
}

static void life(unsigned int rounds)
{
	static struct busy_step steps[] = {
		{ .name = "keel-create", .step = step_create },
		{ .name = "keel-destroy", .step = step_destroy },
	};

	/* what the first guest and the last one cost besides is no other's */
	make_idle("neighbour");
	busy_rounds(steps, sizeof(steps) / sizeof(steps[0]), rounds);
	keelvm_command(KEEL_CMD_VM_DEL, "neighbour");
}

static void idle(unsigned int nr)
{
	struct keelvm_own own = { 0 };
	struct memory before, after;
	char name[32];
	unsigned int i;

	make_idle("neighbour");
	busy_pause();
	memory_read(&before);
	for (i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "idle%u", i);
		make_idle(name);
	}
	busy_pause();
	memory_read(&after);
	for (i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "idle%u", i);
		keelvm_own_add(&own, name);
		keelvm_command(KEEL_CMD_VM_DEL, name);
	}
	keelvm_command(KEEL_CMD_VM_DEL, "neighbour");
	memory_report("keel-idle", nr, &before, &after);
	keelvm_own_report("keel-idle-own", nr, &own);
}

int main(int argc, char **argv)
{
	unsigned int nr = argc > 3 ? atoi(argv[3]) : 0;

	if (argc < 3)
		errx(2, "usage: keel rate|irq|life|idle ELF [NUMBER]");
	setvbuf(stdout, NULL, _IOLBF, 0);
	image_load(&image, argv[2]);
	image_fd = image_file(&image);
	genl_open(KEEL_FAMILY_NAME);
	if (!strcmp(argv[1], "rate"))
		rate();
	else if (!strcmp(argv[1], "irq"))
		irq();
	else if (!strcmp(argv[1], "life") && nr && nr <= BUSY_ROUNDS_MAX)
		life(nr);
	else if (!strcmp(argv[1], "idle") && nr)
		idle(nr);
	else
		errx(2, "it knows rate, irq, life and idle, and the latter two take a number");
	return 0;
}
