// SPDX-License-Identifier: GPL-2.0
/*
 * A guest of Keel that boots Linux, by netlink alone.
 *
 * World: user, in the machine that is measured.  (scripts/bench includes ctl/image.h here.)
 */
#include <err.h>
#include <string.h>

#include "../uapi/keel.h"
#include "genl.h"
#include "keelpc.h"
#include "keelvm.h"
#include "linuxboot.h"

static void put_image(const struct image *image)
{
	struct nlattr *nest;
	unsigned int i;

	genl_put_u32(KEEL_A_VM_IMAGE_FD, image->fd);
	for (i = 0; i < image->segments; i++) {
		nest = genl_nest(KEEL_A_VM_SEGMENT);
		genl_put_u64(KEEL_A_SEGMENT_GPA, image->segment[i].gpa);
		genl_put_u64(KEEL_A_SEGMENT_OFFSET, image->segment[i].offset);
		genl_put_u64(KEEL_A_SEGMENT_SIZE, image->segment[i].size);
		genl_nest_end(nest);
	}
	nest = genl_nest(KEEL_A_VM_START);
	genl_put_u64(KEEL_A_START_RIP, image->start.rip);
	genl_put_u64(KEEL_A_START_RBX, image->start.rbx);
	genl_nest_end(nest);
}

/**
 * keelpc_start() - make the guest, with all that is in its memory, and let it run
 * @name: its name
 * @image: what it boots
 *
 * Return: what it says.
 */
FILE *keelpc_start(const char *name, const struct image *image)
{
	FILE *console;

	keelvm_begin(KEEL_CMD_VM_NEW, name);
	genl_put_u64(KEEL_A_VM_MEMORY, image->memory);
	genl_put_u32(KEEL_A_VM_VCPUS, image->vcpus);
	genl_do();
	console = keelvm_console(name);
	keelvm_begin(KEEL_CMD_VM_LOAD, name);
	put_image(image);
	genl_do();
	/* It is at the start that memory is filled. */
	keelvm_command(KEEL_CMD_VM_START, name);
	return console;
}

/**
 * keelpc_wait() - wait until its first process has said so
 * @console: as keelpc_start() has given it
 */
void keelpc_wait(FILE *console)
{
	char line[80];

	do {
		if (!fgets(line, sizeof(line), console))
			errx(1, "the guest does not come up");
		line[strcspn(line, "\r\n")] = 0;
	} while (strncmp(line, LINUX_SAYS, strlen(LINUX_SAYS) - 1));
}
