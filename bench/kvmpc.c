// SPDX-License-Identifier: GPL-2.0
/*
 * A guest of KVM that boots Linux, in a process of its own.
 *
 * It gets what a guest of Keel gets (keelpc.c), and memory as the machine's Linux likes it.  Its
 * interrupt controllers are in the kernel; of devices there is a serial port, which has no
 * interrupt, and a clock that stands still.  No other port and no other address answers.
 *
 * World: user, in the machine that is measured.  (scripts/bench includes ctl/image.h here.)
 */
#include <err.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "../uapi/machine.h"
#include "kvmpc.h"
#include "linuxboot.h"

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

static struct kvmpc *pc;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

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
	if (write(pc->says, "", 1) != 1)
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
		pc->user[k - pc->vcpu]++;
		if (k->run->exit_reason == KVM_EXIT_IO)
			io(k->run);
		else if (k->run->exit_reason != KVM_EXIT_MMIO)
			errx(1, "vCPU %ld ended with exit reason %u", k - pc->vcpu,
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

/**
 * kvmpc_create() - make the guest, with all that is in its memory
 * @guest: with @says; the only one of this process
 * @image: what it boots
 */
void kvmpc_create(struct kvmpc *guest, const struct image *image)
{
	const struct image_segment *segment = image->segment;
	struct kvmvm *first = &guest->vcpu[0];
	unsigned int i;

	if (image->vcpus > KVMPC_VCPUS)
		errx(2, "too many vCPUs");
	pc = guest;
	kvmvm_open();
	kvmvm_new(first);
	kvmvm_irqchip(first);
	kvmvm_memory_large(first, image->memory);
	for (i = 0; i < image->segments; i++, segment++)
		if (pread(image->fd, first->memory + segment->gpa, segment->size,
			  segment->offset) != (ssize_t)segment->size)
			err(1, "image");
	for (i = 0; i < image->vcpus; i++) {
		guest->vcpu[i] = *first;
		kvmvm_vcpu_nr(&guest->vcpu[i], i);
		kvmvm_cpuid(&guest->vcpu[i], i);
		set_misc(&guest->vcpu[i]);
		/* Nobody gets that of a vCPU that is in the guest. */
		guest->vcpu[i].stats = KVMVM_CALL(guest->vcpu[i].vcpu, KVM_GET_STATS_FD, 0);
	}
	enter(first, &image->start);
}

/**
 * kvmpc_start() - let it run, for as long as this process lives
 * @guest: the guest
 * @vcpus: how many it has
 */
void kvmpc_start(struct kvmpc *guest, unsigned int vcpus)
{
	pthread_t thread;
	unsigned int i;

	for (i = 0; i < vcpus; i++)
		if (pthread_create(&thread, NULL, run, &guest->vcpu[i]))
			errx(1, "no thread");
}
