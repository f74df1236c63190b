// SPDX-License-Identifier: GPL-2.0
/*
 * kvmmany VMLINUX INITRD GUESTS : the same as keelmany, with guests of KVM and with KSM.
 *
 * The lines: 'kvm-many GUESTS BEFORE AFTER', in KiB, and those of series.c.
 *
 * World: user, in the machine that is measured.  (scripts/bench includes ctl/image.h here.)
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "ksm.h"
#include "kvmpc.h"
#include "linuxboot.h"
#include "memory.h"
#include "series.h"
#include "share.h"

#define GUESTS_MAX	16

/* They write while they are scanned: something is found in each pass. */
#define PASSES_MAX	5

/* A guest's process, which the guest goes on in */
static pid_t make(const struct image *image)
{
	static struct kvmpc guest;
	int says[2];
	char byte;
	pid_t pid;

	if (pipe(says))
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		guest.says = says[1];
		kvmpc_create(&guest, image);
		if (madvise(guest.vcpu[0].memory, guest.vcpu[0].size, MADV_MERGEABLE))
			err(1, "MADV_MERGEABLE");
		kvmpc_start(&guest, image->vcpus);
		for (;;)
			pause();
	}
	close(says[1]);
	if (read(says[0], &byte, 1) != 1)
		errx(1, "the guest does not come up");
	close(says[0]);
	return pid;
}

/* Until a pass finds nothing, but for the first, which cannot */
static void merge(void)
{
	struct share_watch w = { .who = "kvm", .look = ksm_look };

	share_start(&w);
	share_count(&w);
	ksm_run(KSM_RUN);
	do {
		share_look(&w);
	} while (share_passes(&w) < 2 ||
		 (share_passes(&w) <= w.found && share_passes(&w) < PASSES_MAX));
	ksm_run(KSM_STOP);
}

int main(int argc, char **argv)
{
	static struct image image;
	struct memory before, apart, shared;
	unsigned int i, guests = argc == 4 ? atoi(argv[3]) : 0;
	pid_t pid[GUESTS_MAX];

	if (!guests || guests > GUESTS_MAX)
		errx(2, "usage: kvmmany VMLINUX INITRD GUESTS");
	linux_image(&image, argv[1], argv[2], 1);
	ksm_begin();
	memory_read(&before);
	series_begin();
	for (i = 0; i < guests; i++)
		pid[i] = make(&image);
	memory_read(&apart);
	merge();
	memory_read(&shared);
	series_end("kvm");
	printf("kvm-many %u %ld %ld\n", guests, before.free - apart.free,
	       before.free - shared.free);
	for (i = 0; i < guests; i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	return 0;
}
