// SPDX-License-Identifier: GPL-2.0
/*
 * The ring of messages from root to the host's log.
 *
 * World: both ends in one file: root puts, the host takes (and KUnit does
 * both).  One producer, the CPU itself in root, and one consumer at a time; no
 * lock.  The indices run free and their difference is the fill, so that a
 * consumer who writes nonsense into @tail makes root drop messages, never
 * write outside the ring.
 */
#include <linux/stddef.h>
#include <linux/types.h>

#include "exit.h"
#include "insn.h"

/**
 * keel_ring_put() - send a message
 * @ring: the CPU's ring
 * @msg: the message, copied
 *
 * Return: false when the ring is full; the message is counted as lost.
 */
bool keel_ring_put(struct keel_ring *ring, const struct keel_message *msg)
{
	u64 head = ring->head;
	u64 tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);

	if (head - tail >= KEEL_RING_NR) {
		ring->lost++;
		return false;
	}
	ring->msg[head % KEEL_RING_NR] = *msg;
	__atomic_store_n(&ring->head, head + 1, __ATOMIC_RELEASE);
	return true;
}

/**
 * keel_ring_take() - receive the oldest message
 * @ring: the CPU's ring
 * @msg: where it goes
 *
 * Return: false when there is none.
 */
bool keel_ring_take(struct keel_ring *ring, struct keel_message *msg)
{
	u64 head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
	u64 tail = ring->tail;

	if (head == tail)
		return false;
	*msg = ring->msg[tail % KEEL_RING_NR];
	__atomic_store_n(&ring->tail, tail + 1, __ATOMIC_RELEASE);
	return true;
}

/**
 * keel_say() - send a message from root
 * @cpu: the CPU
 * @event: what happened
 * @a: first argument of the event's format
 * @b: second argument
 * @c: third argument
 * @d: fourth argument
 */
void keel_say(struct keel_root_cpu *cpu, enum keel_event event, u64 a, u64 b, u64 c, u64 d)
{
	struct keel_message msg = {
		.tsc = keel_rdtsc(),
		.event = event,
		.cpu = cpu->cpu,
		.arg = { a, b, c, d },
	};

	keel_ring_put(&cpu->shared->ring, &msg);
}
