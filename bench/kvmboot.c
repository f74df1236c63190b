// SPDX-License-Identifier: GPL-2.0
/*
 * kvmboot VMLINUX INITRD VCPUS : what the boot of Linux costs a guest of KVM.
 *
 * It gets what keelboot gives a guest of Keel, and memory as the machine's Linux likes it.  Its
 * interrupt controllers are in the kernel; of devices there is a serial port, which has no
 * interrupt, and a clock that stands still.  No other port and no other address answers.
 *
 * The lines: 'kvm-boot-load VCPUS TICKS', for creating it with all that is in its memory, and
 * 'kvm-boot VCPUS TICKS', from before that until its first process has said so; and of all
 * vCPUs together 'kvm-boot-stat NAME COUNT', KVM's own statistics of exits by KVM's names,
 * and 'kvm-boot-stat user COUNT', exits to user space.
 *
 * World: user, in the machine that is measured.  (scripts/bench includes ctl/image.h here.)
 */
#include <err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../uapi/machine.h"
#include "kvmvm.h"
#include "linuxboot.h"

#define VCPUS_MAX	8
#define RFLAGS_FIXED	0x2ULL
#define CR0_PROTECTED	0x11ULL		/* ET, PE */

/* Fast strings are on after power-on. */
#define MSR_MISC_ENABLE	0x1a0
#define FAST_STRINGS	0x1ULL

/* A 16550's registers */
#define UART_IER	1
#define UART_IIR	2
#define UART_LCR	3
#define UART_MCR	4
#define UART_LSR	5
#define UART_MSR	6
#define LCR_DIVISOR	0x80
#define MCR_LOOP	0x10
#define IIR_NONE	0x01
#define IIR_FIFO	0xc0
#define LSR_EMPTY	0x60

/* What is asked of the clock: register A to D */
#define RTC_A		0xa
#define RTC_D		0xd

static struct kvmvm guest[VCPUS_MAX];
static unsigned long user[VCPUS_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int done[2];

static uint8_t uart[8], divisor[2], rtc_index;

/* Its divisor, which hides two registers now and then */
static uint8_t *uart_reg(unsigned int reg)
{
	return reg <= UART_IER && uart[UART_LCR] & LCR_DIVISOR ? &divisor[reg] : &uart[reg];
}

/* What was sent, byte by byte, until it is what the first process says */
static void hear(uint8_t byte)
{
	static const char want[] = LINUX_SAYS;
	static unsigned int at;

	at = byte == want[at] ? at + 1 : byte == want[0];
	if (want[at])
		return;
	at = 0;
	if (write(done[1], "", 1) != 1)
		err(1, "pipe");
}

static void uart_out(unsigned int reg, uint8_t val)
{
	if (!reg && !(uart[UART_LCR] & LCR_DIVISOR))
		hear(val);
	*uart_reg(reg) = val;
}

static uint8_t uart_in(unsigned int reg)
{
	switch (reg) {
	case UART_IIR:
		return IIR_NONE | (uart[UART_IIR] & 1 ? IIR_FIFO : 0);
	case UART_LSR:
		return LSR_EMPTY;
	case UART_MSR:
		/* looped back, MCR's lower half is MSR's upper one, in another order */
		return uart[UART_MCR] & MCR_LOOP ?
			(uart[UART_MCR] & 0xc) << 4 | (uart[UART_MCR] & 1) << 5 |
			(uart[UART_MCR] & 2) << 3 : 0xb0;
	case 0:
		return uart[UART_LCR] & LCR_DIVISOR ? divisor[0] : 0;
	}
	return *uart_reg(reg);
}

static uint8_t rtc_in(void)
{
	static const uint8_t registers[] = { 0x26, 0x02, 0x00, 0x80 };

	return rtc_index >= RTC_A && rtc_index <= RTC_D ? registers[rtc_index - RTC_A] : 1;
}

static void io_out(unsigned int port, uint8_t val)
{
	if (port - KEEL_MACHINE_UART < KEEL_MACHINE_UART_PORTS)
		uart_out(port - KEEL_MACHINE_UART, val);
	else if (port == KEEL_MACHINE_RTC)
		rtc_index = val & 0x7f;
}

static uint8_t io_in(unsigned int port)
{
	if (port - KEEL_MACHINE_UART < KEEL_MACHINE_UART_PORTS)
		return uart_in(port - KEEL_MACHINE_UART);
	return port == KEEL_MACHINE_RTC + 1 ? rtc_in() : 0xff;
}

static void io(struct kvm_run *run)
{
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	unsigned int i, size = run->io.size * run->io.count;

	if (run->io.direction == KVM_EXIT_IO_OUT && run->io.size == 1)
		for (i = 0; i < size; i++)
			io_out(run->io.port, data[i]);
	else if (run->io.direction == KVM_EXIT_IO_IN)
		for (i = 0; i < size; i++)
			data[i] = run->io.size == 1 ? io_in(run->io.port) : 0xff;
}

static void *run(void *arg)
{
	struct kvmvm *k = arg;

	for (;;) {
		kvmvm_run(k);
		pthread_mutex_lock(&lock);
		user[k - guest]++;
		if (k->run->exit_reason == KVM_EXIT_IO)
			io(k->run);
		else if (k->run->exit_reason != KVM_EXIT_MMIO)
			errx(1, "vCPU %ld ended with exit reason %u", k - guest,
			     k->run->exit_reason);
		else if (!k->run->mmio.is_write)
			memset(k->run->mmio.data, 0xff, sizeof(k->run->mmio.data));
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

/* As PVH has it: 32-bit mode without paging, flat segments */
static void enter(struct kvmvm *k, const struct image_start *start)
{
	struct kvm_regs regs = { .rip = start->rip, .rbx = start->rbx, .rflags = RFLAGS_FIXED };
	struct kvm_sregs sregs;

	KVMVM_CALL(k->vcpu, KVM_GET_SREGS, &sregs);
	kvmvm_flat(&sregs, false);
	sregs.cr0 = CR0_PROTECTED;
	KVMVM_CALL(k->vcpu, KVM_SET_SREGS, &sregs);
	KVMVM_CALL(k->vcpu, KVM_SET_REGS, &regs);
}

static void set_misc(struct kvmvm *k)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msrs = { .head.nmsrs = 1, .entry = { .index = MSR_MISC_ENABLE, .data = FAST_STRINGS } };

	KVMVM_CALL(k->vcpu, KVM_SET_MSRS, &msrs);
}

static void create(const struct image *image)
{
	const struct image_segment *segment = image->segment;
	unsigned int i;

	kvmvm_open();
	kvmvm_new(&guest[0]);
	kvmvm_irqchip(&guest[0]);
	kvmvm_memory_large(&guest[0], image->memory);
	for (i = 0; i < image->segments; i++, segment++)
		if (pread(image->fd, guest[0].memory + segment->gpa, segment->size,
			  segment->offset) != (ssize_t)segment->size)
			err(1, "image");
	for (i = 0; i < image->vcpus; i++) {
		guest[i] = guest[0];
		kvmvm_vcpu_nr(&guest[i], i);
		kvmvm_cpuid(&guest[i], i);
		set_misc(&guest[i]);
		/* Nobody gets that of a vCPU that is in the guest. */
		guest[i].stats = KVMVM_CALL(guest[i].vcpu, KVM_GET_STATS_FD, 0);
	}
	enter(&guest[0], &image->start);
}

static uint64_t boot(const struct image *image)
{
	uint64_t begin = linux_ticks();
	pthread_t thread;
	unsigned int i;
	char byte;

	create(image);
	printf("kvm-boot-load %u %lu\n", image->vcpus, linux_ticks() - begin);
	for (i = 0; i < image->vcpus; i++)
		if (pthread_create(&thread, NULL, run, &guest[i]))
			errx(1, "no thread");
	if (read(done[0], &byte, 1) != 1)
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
		sum += user[i];
		if (pread(guest[i].stats, &head, sizeof(head), 0) != sizeof(head))
			err(1, "statistics");
		for (k = 0; k < head.num_desc; k++)
			add(guest[i].stats, &head, k, i == vcpus - 1);
	}
	printf("kvm-boot-stat user %lu\n", sum);
}

int main(int argc, char **argv)
{
	static struct image image;
	unsigned int vcpus = argc == 4 ? atoi(argv[3]) : 0;

	if (!vcpus || vcpus > VCPUS_MAX)
		errx(2, "usage: kvmboot VMLINUX INITRD VCPUS");
	linux_image(&image, argv[1], argv[2], vcpus);
	if (pipe(done))
		err(1, "pipe");
	printf("kvm-boot %u %lu\n", vcpus, boot(&image));
	report(vcpus);
	/* its threads are in the guest */
	fflush(stdout);
	_exit(0);
}
