// SPDX-License-Identifier: GPL-2.0
/*
 * When a vCPU's thread loses its CPU, root is told, and tells the guest: so no other vCPU need
 * wait for this one, or interrupt it.
 *
 * World: host.  A thread begins and ends to be watched by itself; Linux tells of it in the
 * middle of a switch between threads, with interrupts off and a lock of the scheduler's held,
 * under which root can be called, since it never waits.
 */
#include <linux/preempt.h>

#include "keel.h"
#include "life.h"
#include "vm.h"

#ifdef CONFIG_PREEMPT_NOTIFIERS
/* Root hears from RUN that it is back. */
static void sched_in(struct preempt_notifier *notifier, int cpu)
{
}

/*
 * One that has halted, or whose guest is paused, has given its CPU away, and nobody took it.  But
 * the other vCPUs need not interrupt one that sleeps to have it forget translations.
 */
static void sched_out(struct preempt_notifier *notifier, struct task_struct *next)
{
	struct keel_vcpu_thread *t = container_of(notifier, struct keel_vcpu_thread, notifier);

	if (!t->out && (!t->halted || t->vm->config.vcpus > 1))
		keel_hypercall3(KEEL_HC_VCPU_PREEMPTED, t->vm->slot, t->index, 0);
}

static struct preempt_ops ops = { .sched_in = sched_in, .sched_out = sched_out };

/**
 * keel_preempt_watch() - from now on it is told when this thread loses its CPU
 * @t: its vCPU
 */
void keel_preempt_watch(struct keel_vcpu_thread *t)
{
	preempt_notifier_init(&t->notifier, &ops);
	preempt_notifier_register(&t->notifier);
}

/**
 * keel_preempt_forget() - from now on it is not
 * @t: the vCPU of this thread, which is watched
 */
void keel_preempt_forget(struct keel_vcpu_thread *t)
{
	preempt_notifier_unregister(&t->notifier);
}

/**
 * keel_preempt_init() - before the first thread is watched
 */
void keel_preempt_init(void)
{
	preempt_notifier_inc();
}

/**
 * keel_preempt_exit() - after the last one was
 */
void keel_preempt_exit(void)
{
	preempt_notifier_dec();
}
#endif
