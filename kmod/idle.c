// SPDX-License-Identifier: GPL-2.0
/*
 * Finds vCPUs that sleep for long, and wakes their threads, which may leave then.  A timer
 * for each sleep would cost more than many a sleep saves: so there is a round now and then, over
 * those that have slept since they were last found doing so.
 *
 * World: host.  @lock guards the list; a guest's @thread_lock is beneath it.
 */
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "crew.h"
#include "life.h"
#include "vm.h"

static void look(struct work_struct *work);

static LIST_HEAD(sleepers);
static DEFINE_SPINLOCK(lock);
static DECLARE_DELAYED_WORK(round, look);

/* Under @lock */
static void next_round(void)
{
	if (!list_empty(&sleepers))
		queue_delayed_work(keel_work, &round, msecs_to_jiffies(keel_crew_linger()));
}

/* Whoever has not begun another sleep since the last round sleeps still, or never sleeps. */
static void look(struct work_struct *work)
{
	struct keel_vcpu_thread *t, *next;

	spin_lock(&lock);
	list_for_each_entry_safe(t, next, &sleepers, sleeper) {
		if (t->sleeps_seen != READ_ONCE(t->sleeps)) {
			t->sleeps_seen = READ_ONCE(t->sleeps);
			continue;
		}
		list_del(&t->sleeper);
		WRITE_ONCE(t->listed, false);
		keel_thread_wake(t, false, false);
	}
	next_round();
	spin_unlock(&lock);
}

/**
 * keel_idle_sleeps() - a thread is about to sleep
 * @t: its vCPU
 *
 * Context: that thread, in the state that it will sleep in: so it does not miss a wake.
 */
void keel_idle_sleeps(struct keel_vcpu_thread *t)
{
	WRITE_ONCE(t->sleeps, t->sleeps + 1);
	if (READ_ONCE(t->listed))
		return;
	spin_lock(&lock);
	t->sleeps_seen = t->sleeps;
	list_add(&t->sleeper, &sleepers);
	WRITE_ONCE(t->listed, true);
	next_round();
	spin_unlock(&lock);
}

/**
 * keel_idle_forget() - a vCPU is looked at no more
 * @t: the vCPU, whose thread does not go to sleep from here on
 */
void keel_idle_forget(struct keel_vcpu_thread *t)
{
	spin_lock(&lock);
	if (t->listed)
		list_del(&t->sleeper);
	WRITE_ONCE(t->listed, false);
	spin_unlock(&lock);
}

/**
 * keel_idle_exit() - there are no more rounds when this returns, nor vCPUs
 */
void keel_idle_exit(void)
{
	cancel_delayed_work_sync(&round);
}
