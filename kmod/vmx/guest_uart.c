// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest says by its serial port.  Kernels write a byte, look whether it has gone, and
 * write the next: tens of thousands of returns to Linux in a boot.  While the port does
 * no more than send, root keeps the bytes, and Linux fetches them the next time that RUN
 * returns.  Around each message they turn interrupts off that are off, and on again: what
 * changes nothing is no matter for Linux either.
 *
 * World: root, on any CPU, and KUnit.  The bytes have a lock that is never waited for: who
 * does not get it goes to Linux, as with any other port.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "../mmu/guest.h"
#include "../../uapi/machine.h"
#include "exit.h"
#include "insn.h"
#include "vcpu.h"

/* Registers of a 16550 (linux/serial_reg.h, which is not the root world's) */
#define THR		KEEL_MACHINE_UART
#define IER		(KEEL_MACHINE_UART + 1)
#define LSR		(KEEL_MACHINE_UART + 5)
#define IER_BITS	0x0f
#define LSR_GONE	0x60		/* all has been sent: THRE and TEMT */

static bool lock(struct keel_said *said)
{
	return !__atomic_exchange_n(&said->lock, 1, __ATOMIC_ACQUIRE);
}

static void unlock(struct keel_said *said)
{
	__atomic_store_n(&said->lock, 0, __ATOMIC_RELEASE);
}

/**
 * keel_said_put() - the guest says a byte
 * @said: where it is kept
 * @byte: the byte
 *
 * Return: false when Linux has to take it.
 */
bool keel_said_put(struct keel_said *said, u8 byte)
{
	bool kept;

	if (!__atomic_load_n(&said->port, __ATOMIC_RELAXED) || !lock(said))
		return false;
	kept = said->nr < KEEL_SAID_NR;
	if (kept)
		said->byte[said->nr++] = byte;
	said->asked = false;
	unlock(said);
	return kept;
}

/**
 * keel_said_gone() - the guest looks at the line's status
 * @said: what it has said
 *
 * Only the first look after a byte is answered here, or after the interrupts that are off
 * were turned off once more: who looks again wants to know whether something has come in,
 * which Linux knows.
 *
 * Return: true when it is that all has gone, and no more.
 */
bool keel_said_gone(struct keel_said *said)
{
	return __atomic_load_n(&said->port, __ATOMIC_RELAXED) &&
	       !__atomic_exchange_n(&said->asked, true, __ATOMIC_RELAXED);
}

/* It writes to its interrupt enable register; false when that changes something. */
static bool enable(struct keel_said *said, u8 val)
{
	u32 port = __atomic_load_n(&said->port, __ATOMIC_RELAXED);

	if (!port || (val & IER_BITS) != KEEL_PORT_IER(port))
		return false;
	if (!KEEL_PORT_IER(port))
		__atomic_store_n(&said->asked, false, __ATOMIC_RELAXED);
	return true;
}

/* What a register reads as, -1 when Linux knows */
static int read(struct keel_said *said, u64 port)
{
	u32 known = __atomic_load_n(&said->port, __ATOMIC_RELAXED);

	if (port == LSR && keel_said_gone(said))
		return LSR_GONE;
	return port == IER && known ? (int)KEEL_PORT_IER(known) : -1;
}

/**
 * keel_said_take() - what a guest has said goes to Linux
 * @said: what it has said
 * @bytes: where to
 *
 * Return: how many bytes; -EAGAIN when another CPU is at it.
 */
s64 keel_said_take(struct keel_said *said, u8 *bytes)
{
	u32 i, nr;

	if (!lock(said))
		return -EAGAIN;
	nr = said->nr;
	for (i = 0; i < nr; i++)
		bytes[i] = said->byte[i];
	said->nr = 0;
	unlock(said);
	return nr;
}

/**
 * keel_guest_said() - KEEL_HC_VM_SAID
 * @id: the guest
 * @bytes: where to, room for KEEL_SAID_NR
 *
 * Return: see keel_said_take(); -ENOENT.
 */
s64 keel_guest_said(u64 id, u8 *bytes)
{
	struct keel_guest *guest = keel_guest_alive(keel_root_state(), id);

	return guest ? keel_said_take(&guest->said, bytes) : -ENOENT;
}

/**
 * keel_guest_port() - KEEL_HC_VM_PORT: whether the port does no more than send
 * @id: the guest
 * @port: KEEL_PORT_SENDS() when it does no more, else 0
 *
 * Return: 0 or -ENOENT.
 */
s64 keel_guest_port(u64 id, u64 port)
{
	struct keel_guest *guest = keel_guest_alive(keel_root_state(), id);

	if (!guest)
		return -ENOENT;
	__atomic_store_n(&guest->said.port, port, __ATOMIC_RELAXED);
	return 0;
}

/**
 * keel_guest_uart() - an access to a port: is it one that root serves?
 * @vcpu: the vCPU
 * @regs: its registers
 * @port: the port
 * @in: it is an IN
 *
 * Of one byte, and no string.
 *
 * Return: true when it was served.
 */
bool keel_guest_uart(struct keel_vcpu *vcpu, struct keel_regs *regs, u64 port, bool in)
{
	struct keel_said *said = &vcpu->guest->said;

	int val;

	if (!in)
		return port == THR ? keel_said_put(said, regs->rax) :
				     port == IER && enable(said, regs->rax);
	val = read(said, port);
	if (val < 0)
		return false;
	regs->rax = (regs->rax & ~0xffULL) | val;
	return true;
}
