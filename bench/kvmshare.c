// SPDX-License-Identifier: GPL-2.0
/*
 * kvmshare ELF : what KSM costs with guests of KVM, and what it saves.
 *
 * ELF is alike.c.  The same as keelshare does with guests of Keel; each guest has a process
 * of its own, which waits when the guest has filled its memory.
 *
 * The lines: those of share.c; 'kvm-rate break TICKS', which the guest says; and
 * 'kvm-exits break ROUNDS EXITS', of any kind.
 *
 * World: user, in the machine that is measured.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "../uapi/machine.h"
#include "alike.h"
#include "image.h"
#include "ksm.h"
#include "kvmvm.h"
#include "share.h"

/**
 * struct guest - a guest in a process of its own
 * @pid: the process, 0 when it has ended
 * @filled: says so when the guest has filled its memory; the other end
 * @go: and lets it go on; the other end
 */
static struct guest {
	pid_t pid;
	int filled[2];
	int go[2];
} guests[SHARE_GUESTS];

static struct image image;

/* True when it has said all */
static bool say(const struct kvmvm_said *said, int filled)
{
	if (!strncmp(said->line, ALIKE_FILLED, strlen(ALIKE_FILLED)) && write(filled, "", 1) != 1)
		err(1, "write");
	if (strncmp(said->line, ALIKE_BREAK, strlen(ALIKE_BREAK)))
		return false;
	printf("kvm-rate %s", said->line);
	printf("kvm-exits break %u %lu\n", ALIKE_ROUNDS, said->exits);
	return true;
}

/* The guest's process */
static void run(unsigned long arg, int filled, int go)
{
	struct kvmvm_said said = { .len = 0 };
	struct kvmvm k;
	unsigned char *data;
	char byte;

	kvmvm_open();
	kvmvm_new(&k);
	kvmvm_memory(&k, ALIKE_MEMORY);
	if (madvise(k.memory, k.size, MADV_MERGEABLE))
		err(1, "MADV_MERGEABLE");
	kvmvm_vcpu(&k);
	kvmvm_fill(&k, &image);
	kvmvm_begin(&k, &image, arg);
	for (;;) {
		kvmvm_run(&k);
		if (k.run->exit_reason != KVM_EXIT_IO)
			errx(1, "the guest ended with exit reason %u", k.run->exit_reason);
		data = (unsigned char *)k.run + k.run->io.data_offset;
		if (k.run->io.direction == KVM_EXIT_IO_OUT) {
			if (k.run->io.port == KEEL_MACHINE_UART &&
			    kvmvm_hear(&k, &said, *data) && say(&said, filled))
				return;
		} else if (k.run->io.port == KEEL_MACHINE_EXIT) {
			said.since = kvmvm_exits(&k);
			if (read(go, &byte, 1) != 1)
				return;
			*data = 1;
		}
	}
}

static void make(const struct share_kind *kind)
{
	struct guest *g;
	char byte;

	for (g = guests; g < guests + SHARE_GUESTS; g++) {
		if (pipe2(g->filled, O_CLOEXEC) || pipe2(g->go, O_CLOEXEC))
			err(1, "pipe");
		g->pid = fork();
		if (g->pid < 0)
			err(1, "fork");
		if (!g->pid) {
			run(ALIKE_ARG(kind->kind, g - guests), g->filled[1], g->go[0]);
			exit(0);
		}
		if (read(g->filled[0], &byte, 1) != 1)
			err(1, "read");
	}
}

static void end(struct guest *g)
{
	if (g->pid) {
		kill(g->pid, SIGKILL);
		waitpid(g->pid, NULL, 0);
	}
	close(g->filled[0]);
	close(g->filled[1]);
	close(g->go[0]);
	close(g->go[1]);
}

/* One of them writes to shared pages, and ends. */
static void report_break(void)
{
	int status;

	if (write(guests[0].go[1], "", 1) != 1 || waitpid(guests[0].pid, &status, 0) < 0)
		err(1, "a guest cannot go on");
	if (status)
		errx(1, "a guest has failed");
	guests[0].pid = 0;
}

static void measure(const struct share_kind *kind)
{
	struct share_watch w = { .who = "kvm", .kind = kind, .look = ksm_look };
	unsigned int i;

	share_begin(&w);
	make(kind);
	share_start(&w);
	share_count(&w);
	ksm_run(KSM_RUN);
	/* Nothing was found in the last pass, and in the first one nothing can be. */
	do {
		share_look(&w);
	} while (share_passes(&w) < 2 || share_passes(&w) <= w.found);
	share_mark(&w);
	while (w.last.passes == w.mark.passes)
		share_look(&w);
	ksm_run(KSM_STOP);
	share_report(&w);
	if (kind->kind == ALIKE_EQUAL)
		report_break();
	for (i = 0; i < SHARE_GUESTS; i++)
		end(&guests[i]);
	ksm_run(KSM_UNMERGE);
}

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc != 2)
		errx(2, "usage: kvmshare ELF");
	setvbuf(stdout, NULL, _IOLBF, 0);
	image_load(&image, argv[1]);
	ksm_begin();
	for (i = 0; i < SHARE_KINDS; i++)
		measure(&share_kinds[i]);
	return 0;
}
