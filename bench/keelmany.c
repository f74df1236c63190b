// SPDX-License-Identifier: GPL-2.0
/*
 * keelmany VMLINUX INITRD GUESTS : what memory guests of Keel take that have booted Linux, before
 * they share equal pages and afterwards.
 *
 * They stay as they are, with a process that waits, and Linux's own timers.
 *
 * The lines: 'keel-many GUESTS BEFORE AFTER', in KiB, and those of series.c.
 *
 * World: user, in the machine that is measured.  (scripts/bench includes ctl/image.h here.)
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "../uapi/keel.h"
#include "busy.h"
#include "genl.h"
#include "keelpc.h"
#include "keelvm.h"
#include "linuxboot.h"
#include "memory.h"
#include "series.h"

#define DOMAIN		1
#define LOOK_NS		50000000
#define GUESTS_MAX	16

static const char *name_of(unsigned int i)
{
	static char name[16];

	snprintf(name, sizeof(name), "many%u", i);
	return name;
}

static void look(struct share_watch *unused)
{
	busy_wait(LOOK_NS);
}

int main(int argc, char **argv)
{
	static struct image image;
	struct memory before, apart, shared;
	unsigned int i, guests = argc == 4 ? atoi(argv[3]) : 0;
	FILE *console[GUESTS_MAX];

	if (!guests || guests > GUESTS_MAX)
		errx(2, "usage: keelmany VMLINUX INITRD GUESTS");
	linux_image(&image, argv[1], argv[2], 1);
	genl_open(KEEL_FAMILY_NAME);
	memory_read(&before);
	series_begin();
	for (i = 0; i < guests; i++) {
		console[i] = keelpc_start(name_of(i), &image);
		keelpc_wait(console[i]);
	}
	memory_read(&apart);
	for (i = 0; i < guests; i++)
		keelvm_share(name_of(i), DOMAIN);
	keelvm_settle(look, NULL);
	memory_read(&shared);
	series_end("keel");
	printf("keel-many %u %ld %ld\n", guests, before.free - apart.free,
	       before.free - shared.free);
	for (i = 0; i < guests; i++) {
		keelvm_command(KEEL_CMD_VM_DEL, name_of(i));
		fclose(console[i]);
	}
	return 0;
}
