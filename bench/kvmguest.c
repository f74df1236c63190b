// SPDX-License-Identifier: GPL-2.0
/*
 * kvmguest rate ELF		what leaving the guest costs
 * kvmguest irq ELF		what interrupts cost
 * kvmguest life ELF ROUNDS	what making a guest costs, and destroying it
 * kvmguest idle ELF GUESTS	what memory guests take that only wait
 *
 * The same as keel does with a guest of Keel, with one of KVM.  In rate it has no
 * interrupt controller in the kernel, which is KVM at its fastest; otherwise it has.
 *
 * The lines: of rate those that the guest says, 'kvm-rate NAME TICKS', and for each
 * 'kvm-exits NAME ROUNDS EXITS', of any kind; of irq likewise 'kvm-irq NAME TICKS'; of life
 * those of busy.c; of idle that of memory.c, and 'kvm-idle-own GUESTS KIB', the guests' own
 * memory.
 *
 * World: user, in the machine that is measured.
 */
#define _GNU_SOURCE
#include <err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>

#include "busy.h"
#include "image.h"
#include "kvmvm.h"
#include "memory.h"
#include "rate.h"

#define SERIAL		0x3f8
#define GUESTS_MAX	64
#define STACK		0x10000UL

static struct image image;
static struct kvmvm guests[GUESTS_MAX];

/* True when it has said all */
static bool say(struct kvmvm *k, struct kvmvm_said *said, const char *name, const char *last)
{
	printf("kvm-%s %s", name, said->line);
	printf("kvm-exits %.*s %u %lu\n", (int)strcspn(said->line, " "), said->line, RATE_ROUNDS,
	       said->exits);
	said->since = kvmvm_exits(k);
	return !strncmp(said->line, last, strlen(last));
}

/* Let a guest say all that it has to say. */
static void hear(struct kvmvm *k, uint64_t arg, const char *name, const char *last)
{
	struct kvmvm_said said = { .len = 0 };
	unsigned char *data;

	kvmvm_memory(k, RATE_MEMORY);
	kvmvm_vcpu(k);
	kvmvm_fill(k, &image);
	kvmvm_begin(k, &image, arg);
	for (;;) {
		kvmvm_run(k);
		if (k->run->exit_reason != KVM_EXIT_IO)
			errx(1, "the guest ended with exit reason %u", k->run->exit_reason);
		data = (unsigned char *)k->run + k->run->io.data_offset;
		if (k->run->io.direction == KVM_EXIT_IO_IN)
			memset(data, 0xff, k->run->io.size);
		else if (k->run->io.port == SERIAL && kvmvm_hear(k, &said, *data) &&
			 say(k, &said, name, last))
			break;
	}
	kvmvm_destroy(k);
}

static void rate(void)
{
	kvmvm_new(&guests[0]);
	hear(&guests[0], RATE_ARG, "rate", RATE_LAST);
}

static void irq(void)
{
	kvmvm_new(&guests[0]);
	kvmvm_irqchip(&guests[0]);
	hear(&guests[0], 0, "irq", IRQ_LAST);
}

/* The vCPU waits in the kernel; the program's end is its own. */
static void *wait_in_guest(void *arg)
{
	for (;;)
		kvmvm_run(arg);
	return NULL;
}

/* Stacks for such threads, which are there before memory is looked at */
static unsigned char *idle_stacks(unsigned int nr)
{
	void *stacks = mmap(NULL, nr * STACK, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (stacks == MAP_FAILED)
		err(1, "stacks");
	return stacks;
}

static void start_idle(struct kvmvm *k, unsigned char *stack)
{
	pthread_attr_t attr;
	pthread_t thread;

	kvmvm_new(k);
	kvmvm_irqchip(k);
	kvmvm_memory(k, LIFE_MEMORY);
	kvmvm_vcpu(k);
	kvmvm_fill(k, &image);
	kvmvm_begin(k, &image, 0);
	pthread_attr_init(&attr);
	if (pthread_attr_setstack(&attr, stack, STACK) ||
	    pthread_create(&thread, &attr, wait_in_guest, k))
		errx(1, "no thread");
}

static void step_new(void)
{
	kvmvm_new(&guests[0]);
}

static void step_irqchip(void)
{
	kvmvm_irqchip(&guests[0]);
}

static void step_memory(void)
{
	kvmvm_memory(&guests[0], LIFE_MEMORY);
	kvmvm_fill(&guests[0], &image);
}

static void step_vcpu(void)
{
	kvmvm_vcpu(&guests[0]);
}

static void step_registers(void)
{
	kvmvm_begin(&guests[0], &image, 1);
}

static void step_run(void)
{
	kvmvm_run(&guests[0]);
	if (guests[0].run->exit_reason != KVM_EXIT_IO)
		errx(1, "the guest ended with exit reason %u", guests[0].run->exit_reason);
}

static void step_destroy(void)
{
	kvmvm_destroy(&guests[0]);
}

static void life(unsigned int rounds)
{
	static struct busy_step steps[] = {
		{ .name = "kvm-new", .step = step_new },
		{ .name = "kvm-irqchip", .step = step_irqchip },
		{ .name = "kvm-memory", .step = step_memory },
		{ .name = "kvm-vcpu", .step = step_vcpu },
		{ .name = "kvm-registers", .step = step_registers },
		{ .name = "kvm-run", .step = step_run },
		{ .name = "kvm-destroy", .step = step_destroy },
	};

	/* what the first guest and the last one cost besides is no other's */
	start_idle(&guests[1], idle_stacks(1));
	busy_rounds(steps, sizeof(steps) / sizeof(steps[0]), rounds);
}

/* The guests' own pages, and the threads' stacks, are not what is asked for. */
static void idle(unsigned int nr)
{
	struct memory before, after;
	unsigned char *stacks = idle_stacks(nr + 1);
	unsigned int i, own = 0;

	start_idle(&guests[nr], stacks + nr * STACK);
	busy_pause();
	memory_read(&before);
	for (i = 0; i < nr; i++)
		start_idle(&guests[i], stacks + i * STACK);
	busy_pause();
	memory_read(&after);
	for (i = 0; i < IMAGE_PIECES; i++)
		own += image.piece[i].size / 1024;
	memory_report("kvm-idle", nr, &before, &after);
	printf("kvm-idle-own %u %u\n", nr, nr * own);
	_exit(0);
}

int main(int argc, char **argv)
{
	unsigned int nr = argc > 3 ? atoi(argv[3]) : 0;

	if (argc < 3)
		errx(2, "usage: kvmguest rate|irq|life|idle ELF [NUMBER]");
	image_load(&image, argv[2]);
	kvmvm_open();
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(argv[1], "rate"))
		rate();
	else if (!strcmp(argv[1], "irq"))
		irq();
	else if (!strcmp(argv[1], "life") && nr && nr <= BUSY_ROUNDS_MAX)
		life(nr);
	else if (!strcmp(argv[1], "idle") && nr && nr < GUESTS_MAX)
		idle(nr);
	else
		errx(2, "it knows rate, irq, life and idle, and the latter two take a number");
	return 0;
}
