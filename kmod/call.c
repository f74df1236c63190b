// SPDX-License-Identifier: GPL-2.0
/*
 * Calls to root for a guest: what goes with them, how often they are made, and the switch
 * that lets them fail.
 *
 * World: host.  What goes with a call lies in a page that is the CPU's own, so it is made
 * with preemption off; in between it may sleep.
 */
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "call.h"
#include "keel.h"

/* Pages that go to root at once when its own run short */
#define DONATION	16

/* How often a call is made again while another CPU has what it needs */
#define TRIES		100000

static struct keel *keel;

static unsigned int fail_guest_step;
module_param(fail_guest_step, uint, 0600);
MODULE_PARM_DESC(fail_guest_step,
		 "for tests: let the n-th step from now on that can fail in a guest's life, fail");

/**
 * keel_vm_step_fails() - is this the step that the parameter fail_guest_step names?
 *
 * Every allocation for a guest and every call to root that makes it grow asks.
 *
 * Return: true when the step has to fail; no other one will then.
 */
bool keel_vm_step_fails(void)
{
	return fail_guest_step && !--fail_guest_step;
}

/**
 * keel_call_init() - before the first guest
 * @k: Keel
 */
void keel_call_init(struct keel *k)
{
	keel = k;
}

/**
 * keel_call_once() - one call, on whichever CPU this is
 * @nr: enum keel_hypercall
 * @a: first argument
 * @b: second one
 * @c: third one
 * @with: what goes with it, or NULL
 *
 * Return: what root says; -ENODEV when it is not beneath this CPU.
 */
s64 keel_call_once(u64 nr, u64 a, u64 b, u64 c, const struct keel_with *with)
{
	struct keel_shared *shared;
	s64 ret;

	preempt_disable();
	shared = keel->cpus[smp_processor_id()].shared;
	if (!shared) {
		preempt_enable();
		return -ENODEV;
	}
	if (with && with->in)
		memcpy((u8 *)shared + with->at, with->in, with->size);
	ret = keel_hypercall3(nr, a, b, c);
	if (with && with->out && ret >= 0)
		memcpy(with->out, (u8 *)shared + with->at, with->size);
	preempt_enable();
	return ret;
}

/**
 * keel_call() - the same, until nobody is in the way
 * @nr: enum keel_hypercall
 * @a: first argument
 * @b: second one
 * @c: third one
 * @with: what goes with it, or NULL
 *
 * Context: may sleep.
 *
 * Return: what root says; -EAGAIN when somebody was in the way for long.
 */
s64 keel_call(u64 nr, u64 a, u64 b, u64 c, const struct keel_with *with)
{
	unsigned int tries;
	s64 ret = -EAGAIN;

	for (tries = 0; ret == -EAGAIN && tries < TRIES; tries++) {
		ret = keel_call_once(nr, a, b, c, with);
		if (ret == -EAGAIN)
			cond_resched();
	}
	return ret;
}

/**
 * keel_call_growing() - the same, and root gets pages for its tables when it lacks them
 * @nr: enum keel_hypercall
 * @a: first argument
 * @b: second one
 * @c: third one
 * @with: what goes with it, or NULL
 *
 * Return: what root says; -ENOMEM when there were none to be had.
 */
s64 keel_call_growing(u64 nr, u64 a, u64 b, u64 c, const struct keel_with *with)
{
	s64 ret = keel_vm_step_fails() ? -ENOMEM : keel_call(nr, a, b, c, with);
	int err;

	if (ret != -ENOMEM)
		return ret;
	err = keel_vm_step_fails() ? -ENOMEM : keel_reserve(keel, DONATION);
	return err ?: keel_call(nr, a, b, c, with);
}

static void park(void *unused)
{
	keel_hypercall(KEEL_HC_VCPU_PARK, 0);
}

/**
 * keel_call_park() - every CPU forgets the vCPU that it ran last
 *
 * Context: may sleep.
 */
void keel_call_park(void)
{
	on_each_cpu(park, NULL, 1);
}
