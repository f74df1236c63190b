// SPDX-License-Identifier: GPL-2.0
/*
 * keelboot VMLINUX INITRD VCPUS : what the boot of Linux costs a guest of Keel.
 *
 * The lines: 'keel-boot-load VCPUS TICKS', for creating it with all that is in its memory, and
 * 'keel-boot VCPUS TICKS', from before that until its first process has said so; and of all
 * vCPUs together 'keel-boot-exit REASON COUNT' and 'keel-boot-return REASON COUNT', of exits
 * and of returns from root to Linux, by Keel's names of their reasons.
 *
 * World: user, in the machine that is measured.  (scripts/bench includes ctl/image.h here.)
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../uapi/keel.h"
#include "genl.h"
#include "keelvm.h"
#include "linuxboot.h"

#define NAME	"boot"
#define REASONS	96

struct sum {
	const char *kind;
	uint16_t type;
	unsigned int nr;
	struct {
		char name[32];
		unsigned long count;
	} reason[REASONS];
};

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

static uint64_t boot(const struct image *image)
{
	uint64_t begin = linux_ticks();
	FILE *console;
	char line[80];

	keelvm_begin(KEEL_CMD_VM_NEW, NAME);
	genl_put_u64(KEEL_A_VM_MEMORY, image->memory);
	genl_put_u32(KEEL_A_VM_VCPUS, image->vcpus);
	genl_do();
	console = keelvm_console(NAME);
	keelvm_begin(KEEL_CMD_VM_LOAD, NAME);
	put_image(image);
	genl_do();
	/* It is at the start that memory is filled. */
	keelvm_command(KEEL_CMD_VM_START, NAME);
	printf("keel-boot-load %u %lu\n", image->vcpus, linux_ticks() - begin);
	do {
		if (!fgets(line, sizeof(line), console))
			errx(1, "the guest does not come up");
		line[strcspn(line, "\r\n")] = 0;
	} while (strncmp(line, LINUX_SAYS, strlen(LINUX_SAYS) - 1));
	return linux_ticks() - begin;
}

static void add(struct sum *sum, const struct nlattr *count)
{
	const char *name = genl_text(genl_inner(count, KEEL_A_COUNT_NAME));
	unsigned int i;

	for (i = 0; i < sum->nr && strcmp(sum->reason[i].name, name); i++)
		;
	if (i == REASONS)
		errx(1, "too many reasons");
	if (i == sum->nr)
		snprintf(sum->reason[sum->nr++].name, sizeof(sum->reason[i].name), "%s", name);
	sum->reason[i].count += genl_number(genl_inner(count, KEEL_A_COUNT_COUNT));
}

static void report(struct sum *sum)
{
	const struct nlattr *vcpu = NULL, *count;
	unsigned int i;

	while ((vcpu = genl_next_answer(vcpu, KEEL_A_STAT_VCPU)))
		for (count = NULL; (count = genl_next(vcpu, count, sum->type)); )
			add(sum, count);
	for (i = 0; i < sum->nr; i++)
		printf("keel-boot-%s %s %lu\n", sum->kind, sum->reason[i].name,
		       sum->reason[i].count);
}

int main(int argc, char **argv)
{
	static struct sum exits = { .kind = "exit", .type = KEEL_A_VCPU_EXIT };
	static struct sum returns = { .kind = "return", .type = KEEL_A_VCPU_RETURN };
	static struct image image;

	if (argc != 4)
		errx(2, "usage: keelboot VMLINUX INITRD VCPUS");
	linux_image(&image, argv[1], argv[2], atoi(argv[3]));
	genl_open(KEEL_FAMILY_NAME);
	printf("keel-boot %s %lu\n", argv[3], boot(&image));
	keelvm_command(KEEL_CMD_STAT_GET, NAME);
	report(&exits);
	report(&returns);
	keelvm_command(KEEL_CMD_VM_DEL, NAME);
	return 0;
}
