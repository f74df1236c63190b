// SPDX-License-Identifier: GPL-2.0
/*
 * keel rate ELF		what leaving the guest costs
 * keel life ELF ROUNDS		what making a guest costs, and destroying it
 * keel idle ELF GUESTS		what memory guests take that only wait
 *
 * A guest of Keel, by netlink alone; kvmguest does the same with a guest of KVM.  ELF
 * is linked with start.S, so that it waits when it is done, or is idle.S.
 *
 * The lines: of rate those that the guest says, 'keel-rate NAME TICKS', and what Keel has
 * counted, 'keel-exits NAME ROUNDS EXITS' and 'keel-returns NAME ROUNDS RETURNS'; of
 * life those of busy.c; of idle that of memory.c, and 'keel-idle-own GUESTS MAPPED TABLES
 * POOL', in KiB: the guests' own memory, their EPTs, and what waits for first touches.
 *
 * World: user, in the machine that is measured.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>

#include "../uapi/keel.h"
#include "busy.h"
#include "genl.h"
#include "image.h"
#include "memory.h"
#include "rate.h"

static struct image image;
static int image_fd;

/* The image as a file, which has the pieces one behind the other */
static int make_file(void)
{
	int fd = memfd_create("image", MFD_CLOEXEC);
	uint64_t offset = 0;
	unsigned int i;

	if (fd < 0)
		err(1, "memfd_create");
	for (i = 0; i < image.nr; i++) {
		if (pwrite(fd, image.piece[i].data, image.piece[i].size, offset) !=
		    (ssize_t)image.piece[i].size)
			err(1, "memfd");
		offset += image.piece[i].size;
	}
	return fd;
}

static void begin(uint8_t cmd, const char *name)
{
	genl_begin(cmd);
	genl_put_text(KEEL_A_VM_NAME, name);
}

static void make(const char *name, uint64_t memory)
{
	begin(KEEL_CMD_VM_NEW, name);
	genl_put_u64(KEEL_A_VM_MEMORY, memory);
	genl_do();
}

/* What vm-load and vm-new take of an image */
static void put_image(int fd, uint64_t arg)
{
	struct nlattr *nest;
	uint64_t offset = 0;
	unsigned int i;

	genl_put_u32(KEEL_A_VM_IMAGE_FD, fd);
	for (i = 0; i < image.nr; i++) {
		nest = genl_nest(KEEL_A_VM_SEGMENT);
		genl_put_u64(KEEL_A_SEGMENT_GPA, image.piece[i].gpa);
		genl_put_u64(KEEL_A_SEGMENT_OFFSET, offset);
		genl_put_u64(KEEL_A_SEGMENT_SIZE, image.piece[i].size);
		genl_nest_end(nest);
		offset += image.piece[i].size;
	}
	nest = genl_nest(KEEL_A_VM_START);
	genl_put_u64(KEEL_A_START_RIP, image.rip);
	genl_put_u64(KEEL_A_START_RSP, image.rsp);
	genl_put_u64(KEEL_A_START_RDI, arg);
	genl_put_u64(KEEL_A_START_CR3, image.cr3);
	genl_put_u64(KEEL_A_START_GDT_BASE, image.gdt_base);
	genl_put_u32(KEEL_A_START_GDT_LIMIT, image.gdt_limit);
	genl_put(KEEL_A_START_LONG_MODE, NULL, 0);
	genl_nest_end(nest);
}

static void load(const char *name, int fd, uint64_t arg)
{
	begin(KEEL_CMD_VM_LOAD, name);
	put_image(fd, arg);
	genl_do();
}

/* All of it at once, as a guest that is not looked at before it runs is made */
static void create(const char *name, int fd)
{
	begin(KEEL_CMD_VM_NEW, name);
	genl_put_u64(KEEL_A_VM_MEMORY, LIFE_MEMORY);
	put_image(fd, 0);
	genl_put(KEEL_A_VM_RUN, NULL, 0);
	genl_ask();
}

static void command(uint8_t cmd, const char *name)
{
	begin(cmd, name);
	genl_do();
}

/* What the vCPU has counted under a name, among its exits or its returns to Linux */
static unsigned long counted(uint16_t type, const char *name)
{
	const struct nlattr *vcpu = genl_answer(KEEL_A_STAT_VCPU), *count = NULL;

	if (!vcpu)
		errx(1, "the guest has ended");
	while ((count = genl_next(vcpu, count, type)))
		if (!strcmp(genl_text(genl_inner(count, KEEL_A_COUNT_NAME)), name))
			return genl_number(genl_inner(count, KEEL_A_COUNT_COUNT));
	return 0;
}

/* It has also written a byte to a port for each that it has said. */
static void report_exits(unsigned long said)
{
	command(KEEL_CMD_STAT_GET, "rate");
	printf("keel-exits cpuid %u %lu\n", RATE_ROUNDS, counted(KEEL_A_VCPU_EXIT, "CPUID"));
	printf("keel-exits vmcall %u %lu\n", RATE_ROUNDS, counted(KEEL_A_VCPU_EXIT, "VMCALL"));
	printf("keel-exits port %u %lu\n", 2 * RATE_ROUNDS,
	       counted(KEEL_A_VCPU_EXIT, "IO") - said);
	printf("keel-exits touch %u %lu\n", 3 * RATE_ROUNDS,
	       counted(KEEL_A_VCPU_EXIT, "EPT_VIOLATION"));
	printf("keel-returns touch %u %lu\n", 3 * RATE_ROUNDS,
	       counted(KEEL_A_VCPU_RETURN, "fill"));
}

static void rate(void)
{
	char path[64], line[80];
	unsigned long said = 0;
	FILE *console;

	make("rate", RATE_MEMORY);
	command(KEEL_CMD_VM_GET, "rate");
	snprintf(path, sizeof(path), "/dev/%s", genl_text(genl_answer(KEEL_A_VM_CONSOLE)));
	console = fopen(path, "r");
	if (!console)
		err(1, "%s", path);
	load("rate", image_fd, RATE_ARG);
	command(KEEL_CMD_VM_START, "rate");
	do {
		if (!fgets(line, sizeof(line), console))
			errx(1, "%s: the guest has not said all", path);
		printf("keel-rate %s", line);
		said += strlen(line);
	} while (strncmp(line, RATE_LAST, strlen(RATE_LAST)));
	/* for its way to HLT */
	busy_pause();
	report_exits(said);
	command(KEEL_CMD_VM_DEL, "rate");
}

/* A guest that waits, with an image of its own, as keelctl makes them */
static void make_idle(const char *name)
{
	int fd = make_file();

	create(name, fd);
	close(fd);
}

static void step_create(void)
{
	create("life", image_fd);
}

static void step_destroy(void)
{
	command(KEEL_CMD_VM_DEL, "life");
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
	command(KEEL_CMD_VM_DEL, "neighbour");
}

static void idle(unsigned int nr)
{
	static const uint16_t types[] = { KEEL_A_STAT_MAPPED, KEEL_A_STAT_TABLES,
					  KEEL_A_STAT_POOL };
	struct memory before, after;
	unsigned long sum[3] = { 0 };
	char name[32];
	unsigned int i, k;

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
		command(KEEL_CMD_STAT_GET, name);
		for (k = 0; k < 3; k++)
			sum[k] += genl_number(genl_answer(types[k]));
		command(KEEL_CMD_VM_DEL, name);
	}
	command(KEEL_CMD_VM_DEL, "neighbour");
	memory_report("keel-idle", nr, &before, &after);
	printf("keel-idle-own %u %lu %lu %lu\n", nr, sum[0] / 1024, sum[1] / 1024, sum[2] / 1024);
}

int main(int argc, char **argv)
{
	unsigned int nr = argc > 3 ? atoi(argv[3]) : 0;

	if (argc < 3)
		errx(2, "usage: keel rate|life|idle ELF [NUMBER]");
	setvbuf(stdout, NULL, _IOLBF, 0);
	image_load(&image, argv[2]);
	image_fd = make_file();
	genl_open(KEEL_FAMILY_NAME);
	if (!strcmp(argv[1], "rate"))
		rate();
	else if (!strcmp(argv[1], "life") && nr && nr <= BUSY_ROUNDS_MAX)
		life(nr);
	else if (!strcmp(argv[1], "idle") && nr)
		idle(nr);
	else
		errx(2, "it knows rate, life and idle, and the latter two take a number");
	return 0;
}
