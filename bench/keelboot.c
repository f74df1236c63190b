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
#include "keelpc.h"
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

static uint64_t boot(const struct image *image)
{
	uint64_t begin = linux_ticks();
	FILE *console = keelpc_start(NAME, image);

	printf("keel-boot-load %u %lu\n", image->vcpus, linux_ticks() - begin);
	keelpc_wait(console);
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
