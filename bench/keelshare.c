// SPDX-License-Identifier: GPL-2.0
/*
 * keelshare ELF : what sharing of equal pages costs Keel, and what it saves.
 *
 * ELF is alike.c.  Its guests fill their memory, pause, and are scanned until nothing is
 * found any more.  Of the first kind one then goes on and writes to shared pages.
 *
 * The lines: those of share.c; 'keel-rate break TICKS', which the guest says; and
 * 'keel-exits break ROUNDS EXITS' and 'keel-returns break ROUNDS RETURNS'.
 *
 * World: user, in the machine that is measured.
 */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../uapi/keel.h"
#include "alike.h"
#include "busy.h"
#include "genl.h"
#include "image.h"
#include "keelvm.h"
#include "share.h"

#define DOMAIN	1

/* ms for a guest to end in */
#define STOP_MS	60000

static struct image image;
static int image_fd;
static FILE *console[SHARE_GUESTS];

static const char *name_of(unsigned int i)
{
	static char name[16];

	snprintf(name, sizeof(name), "alike%u", i);
	return name;
}

/* Guests are read, too, to see what is done with them. */
static void expect(unsigned int i, const char *begin, char *line, int size)
{
	do {
		if (!fgets(line, size, console[i]))
			errx(1, "guest %u has not said '%s'", i, begin);
	} while (strncmp(line, begin, strlen(begin)));
}

static void look(struct share_state *state)
{
	genl_begin(KEEL_CMD_SHARE_GET);
	genl_do();
	state->cpu = genl_number(genl_answer(KEEL_A_SHARE_CPU_TIME));
	state->passes = genl_number(genl_answer(KEEL_A_SHARE_FULL_SCANS));
	state->frames = genl_number(genl_answer(KEEL_A_SHARE_PAGES_SHARED));
	state->saved = genl_number(genl_answer(KEEL_A_SHARE_PAGES_SHARING));
}

static void make(const struct share_kind *kind)
{
	const char *name;
	unsigned int i;
	char line[80];

	for (i = 0; i < SHARE_GUESTS; i++) {
		name = name_of(i);
		keelvm_new(name, ALIKE_MEMORY);
		console[i] = keelvm_console(name);
		keelvm_load(name, &image, image_fd, ALIKE_ARG(kind->kind, i));
		keelvm_command(KEEL_CMD_VM_START, name);
		expect(i, ALIKE_FILLED, line, sizeof(line));
		keelvm_command(KEEL_CMD_VM_PAUSE, name);
	}
}

static unsigned long counted(uint16_t type, const char *name)
{
	keelvm_command(KEEL_CMD_STAT_GET, name_of(0));
	return keelvm_counted(type, name);
}

/* One of them writes to shared pages. */
static void report_break(void)
{
	unsigned long exits, returns;
	char line[80];

	exits = counted(KEEL_A_VCPU_EXIT, "EPT_VIOLATION");
	returns = counted(KEEL_A_VCPU_RETURN, "fill");
	keelvm_command(KEEL_CMD_VM_RESUME, name_of(0));
	keelvm_begin(KEEL_CMD_VM_STOP, name_of(0));
	genl_put_u32(KEEL_A_VM_TIMEOUT, STOP_MS);
	genl_do();
	expect(0, ALIKE_BREAK, line, sizeof(line));
	busy_pause();
	printf("keel-rate %s", line);
	printf("keel-exits break %u %lu\n", ALIKE_ROUNDS,
	       counted(KEEL_A_VCPU_EXIT, "EPT_VIOLATION") - exits);
	printf("keel-returns break %u %lu\n", ALIKE_ROUNDS,
	       counted(KEEL_A_VCPU_RETURN, "fill") - returns);
}

static void measure(const struct share_kind *kind)
{
	struct share_watch w = { .who = "keel", .kind = kind, .look = look };
	unsigned int i;

	share_begin(&w);
	make(kind);
	share_start(&w);
	for (i = 0; i < SHARE_GUESTS; i++)
		keelvm_share(name_of(i), DOMAIN);
	share_count(&w);
	keelvm_settle(share_look, &w);
	share_mark(&w);
	keelvm_settle(share_look, &w);
	share_report(&w);
	if (kind->kind == ALIKE_EQUAL)
		report_break();
	for (i = 0; i < SHARE_GUESTS; i++) {
		keelvm_command(KEEL_CMD_VM_DEL, name_of(i));
		fclose(console[i]);
	}
}

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc != 2)
		errx(2, "usage: keelshare ELF");
	setvbuf(stdout, NULL, _IOLBF, 0);
	image_load(&image, argv[1]);
	image_fd = image_file(&image);
	genl_open(KEEL_FAMILY_NAME);
	for (i = 0; i < SHARE_KINDS; i++)
		measure(&share_kinds[i]);
	return 0;
}
