// SPDX-License-Identifier: GPL-2.0
/*
 * kvmboot VMLINUX INITRD VCPUS : what the boot of Linux costs a guest of KVM (kvmpc.c).
 *
 * The lines: 'kvm-boot-load VCPUS TICKS', for creating it with all that is in its memory, and
 * 'kvm-boot VCPUS TICKS', from before that until its first process has said so; and of all
 * vCPUs together 'kvm-boot-stat NAME COUNT', KVM's own statistics of exits by KVM's names,
 * and 'kvm-boot-stat user COUNT', exits to user space.
 *
 * World: user, in the machine that is measured.  (scripts/bench includes ctl/image.h here.)
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kvmpc.h"
#include "linuxboot.h"

static struct kvmpc guest;

static uint64_t boot(const struct image *image)
{
	uint64_t begin = linux_ticks();
	char byte;
	int says[2];

	if (pipe(says))
		err(1, "pipe");
	guest.says = says[1];
	kvmpc_create(&guest, image);
	printf("kvm-boot-load %u %lu\n", image->vcpus, linux_ticks() - begin);
	kvmpc_start(&guest, image->vcpus);
	if (read(says[0], &byte, 1) != 1)
		err(1, "pipe");
	return linux_ticks() - begin;
}

static void add(int stats, const struct kvm_stats_header *head, unsigned int nr, bool print)
{
	static uint64_t sum[256];
	char buffer[512] __attribute__((aligned(8)));
	struct kvm_stats_desc *desc = (void *)buffer;
	size_t size = sizeof(*desc) + head->name_size;
	uint64_t val;

	if (nr >= sizeof(sum) / sizeof(sum[0]) ||
	    pread(stats, desc, size, head->desc_offset + nr * size) != (ssize_t)size)
		errx(1, "statistics");
	if (desc->size != 1 || !strstr(desc->name, "exits"))
		return;
	if (pread(stats, &val, sizeof(val), head->data_offset + desc->offset) != sizeof(val))
		errx(1, "statistics");
	sum[nr] += val;
	if (print)
		printf("kvm-boot-stat %s %lu\n", desc->name, sum[nr]);
}

static void report(unsigned int vcpus)
{
	struct kvm_stats_header head;
	unsigned long sum = 0;
	unsigned int i, k;

	for (i = 0; i < vcpus; i++) {
		sum += guest.user[i];
		if (pread(guest.vcpu[i].stats, &head, sizeof(head), 0) != sizeof(head))
			err(1, "statistics");
		for (k = 0; k < head.num_desc; k++)
			add(guest.vcpu[i].stats, &head, k, i == vcpus - 1);
	}
	printf("kvm-boot-stat user %lu\n", sum);
}

int main(int argc, char **argv)
{
	static struct image image;
	unsigned int vcpus = argc == 4 ? atoi(argv[3]) : 0;

	if (!vcpus)
		errx(2, "usage: kvmboot VMLINUX INITRD VCPUS");
	linux_image(&image, argv[1], argv[2], vcpus);
	printf("kvm-boot %u %lu\n", vcpus, boot(&image));
	report(vcpus);
	/* its threads are in the guest */
	fflush(stdout);
	_exit(0);
}
