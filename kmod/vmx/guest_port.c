// SPDX-License-Identifier: GPL-2.0
/*
 * Port I/O of guests: what root finishes, and what goes to Linux, which has the devices
 * (device.c, in the host world).
 *
 * World: root, on the CPU that runs the vCPU, and KUnit.  No locks.
 */
#include <linux/types.h>

#include "../mmu/guest.h"
#include "../../uapi/machine.h"
#include "exit.h"
#include "guest_string.h"
#include "insn.h"
#include "vcpu.h"

/* Whether there is a device for Linux to serve; it has no others than these. */
static bool is_owned(u64 port)
{
	switch (port) {
	case KEEL_MACHINE_PIT_COUNT:
	case KEEL_MACHINE_PIT_CONTROL:
	case KEEL_MACHINE_PORT_B:
	case KEEL_MACHINE_RESET:
	case KEEL_MACHINE_RTC:
	case KEEL_MACHINE_RTC + 1:
	case KEEL_MACHINE_EXIT:
	case KEEL_MACHINE_UART ... KEEL_MACHINE_UART + KEEL_MACHINE_UART_PORTS - 1:
	case KEEL_MACHINE_PVPANIC:
	case KEEL_MACHINE_SLEEP_CONTROL:
	case KEEL_MACHINE_SLEEP_STATUS:
	case KEEL_MACHINE_GED:
		return true;
	}
	return false;
}

/**
 * keel_port_nobody() - an access to a port: is it one that nobody has?
 * @regs: the vCPU's registers; an IN reads as all ones then
 * @port: the port
 * @size: 1, 2 or 4 bytes
 * @in: it is an IN
 *
 * No string.
 *
 * Return: true when nobody has it.
 */
bool keel_port_nobody(struct keel_regs *regs, u64 port, u64 size, bool in)
{
	if (is_owned(port))
		return false;
	/* 32 bits clear the upper half, as of any register. */
	if (in)
		regs->rax = size == 4 ? ~0U : regs->rax | ((1U << 8 * size) - 1);
	return true;
}

/* The host serves it; it is stepped over. */
static inline enum keel_guest_next to_linux(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
					    u64 qualification)
{
	struct keel_run *run = &cpu->shared->run;
	u64 size = KEEL_IO_SIZE(qualification);

	run->port = KEEL_IO_PORT(qualification);
	run->size = size;
	run->write = !KEEL_IO_IN(qualification);
	run->val = cpu->regs.rax & ((1ULL << 8 * size) - 1);
	vcpu->in_size = run->write ? 0 : size;
	keel_skip();
	keel_vcpu_leave(cpu, KEEL_RUN_IO);
	return KEEL_GUEST_LEFT;
}

/* What root finishes is apart from what it does not, which has less to keep in registers. */
static __attribute__((__noinline__)) enum keel_guest_next
nobody(struct keel_root_cpu *cpu, u64 qualification)
{
	keel_port_nobody(&cpu->regs, KEEL_IO_PORT(qualification), KEEL_IO_SIZE(qualification),
			 KEEL_IO_IN(qualification));
	keel_skip();
	return KEEL_GUEST_RESUME;
}

static __attribute__((__noinline__)) enum keel_guest_next
uart(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, u64 qualification)
{
	if (KEEL_IO_SIZE(qualification) != 1 ||
	    !keel_guest_uart(vcpu, &cpu->regs, KEEL_IO_PORT(qualification),
			     KEEL_IO_IN(qualification)))
		return to_linux(cpu, vcpu, qualification);
	keel_skip();
	if (vcpu->guest->said.nr < KEEL_SAID_NR)
		return KEEL_GUEST_RESUME;
	keel_vcpu_leave(cpu, KEEL_RUN_SAID);
	return KEEL_GUEST_LEFT;
}

/**
 * keel_guest_io() - exit reason 30 of a guest
 * @cpu: the CPU
 * @vcpu: the vCPU
 * @qualification: SDM table 27-5
 *
 * Return: KEEL_GUEST_RESUME, or KEEL_GUEST_LEFT.
 */
enum keel_guest_next keel_guest_io(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				   u64 qualification)
{
	u64 port = KEEL_IO_PORT(qualification);

	if (__builtin_expect(KEEL_IO_STRING(qualification), 0))
		return keel_guest_string(cpu, vcpu, qualification);
	if (!is_owned(port))
		return nobody(cpu, qualification);
	if (port - KEEL_MACHINE_UART < KEEL_MACHINE_UART_PORTS)
		return uart(cpu, vcpu, qualification);
	return to_linux(cpu, vcpu, qualification);
}
