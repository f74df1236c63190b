// SPDX-License-Identifier: GPL-2.0
/*
 * The thread of a vCPU: where it comes from, what it has used, and that one with nothing to
 * do for long goes back to the crew.  Whoever has something for its vCPU then calls for
 * another one.
 *
 * World: host.  A guest's @thread_lock guards who its vCPUs' threads are; a thread leaves, and
 * is found or missed by whoever has something for it, under that lock.  Start and stop run
 * under the guest's @lock besides.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <asm/tsc.h>

#include "call.h"
#include "crew.h"
#include "life.h"
#include "vm.h"

/* Of the time that a thread lingers: with something due sooner, leaving is not worth it. */
#define AWAY_FACTOR	2
/* A call for a thread looks again after so many ms: at latest, and when there is none. */
#define LOOK_MS		3600000
#define RETRY_MS	1000

/* Of a weight as cgroups have it, the nearest nice level: each is a factor of 1.25. */
static int nice_of(u32 weight)
{
	u32 level = 100;
	int nice = 0;

	for (; weight * 9 > level * 10 && nice > -20; nice--)
		level = level * 5 / 4;
	for (; weight * 10 < level * 9 && nice < 19; nice++)
		level = level * 4 / 5;
	return nice;
}

/**
 * keel_thread_task() - a vCPU's thread
 * @t: the vCPU
 *
 * Return: the thread, with a reference; NULL when there is none.
 */
struct task_struct *keel_thread_task(struct keel_vcpu_thread *t)
{
	struct task_struct *task;

	spin_lock(&t->vm->thread_lock);
	task = t->task;
	if (task)
		get_task_struct(task);
	spin_unlock(&t->vm->thread_lock);
	return task;
}

static void noop(void *unused)
{
}

/**
 * keel_thread_wake() - a vCPU's thread looks at what there is for it
 * @t: the vCPU
 * @kick: one that is in the guest leaves it
 * @wait: and has left it when this returns
 *
 * Return: false when there is no thread.
 */
bool keel_thread_wake(struct keel_vcpu_thread *t, bool kick, bool wait)
{
	struct task_struct *task = keel_thread_task(t);

	if (!task)
		return false;
	wake_up_process(task);
	if (kick)
		smp_call_function_single(task_cpu(task), noop, NULL, wait);
	put_task_struct(task);
	return true;
}

/**
 * keel_thread_weight() - let a vCPU's thread have its guest's weight
 * @t: the vCPU
 */
void keel_thread_weight(struct keel_vcpu_thread *t)
{
	int nice = nice_of(READ_ONCE(t->vm->config.weight));
	struct task_struct *task = keel_thread_task(t);

	if (!task)
		return;
	if (task_nice(task) != nice)
		sched_set_normal(task, nice);
	put_task_struct(task);
}

/**
 * keel_thread_delay() - how long a thread has waited for a CPU
 * @task: the thread
 *
 * Return: ns since it was made.
 */
u64 keel_thread_delay(const struct task_struct *task)
{
#ifdef CONFIG_SCHED_INFO
	return READ_ONCE(task->sched_info.run_delay);
#else
	return 0;
#endif
}

static u64 runtime_of(const struct task_struct *task)
{
	return READ_ONCE(task->se.sum_exec_runtime);
}

/**
 * keel_thread_time() - CPU time of a vCPU since its guest was started
 * @t: the vCPU
 *
 * Return: ns.
 */
u64 keel_thread_time(struct keel_vcpu_thread *t)
{
	u64 time;

	spin_lock(&t->vm->thread_lock);
	time = t->spent + (t->task ? runtime_of(t->task) - t->past : 0);
	spin_unlock(&t->vm->thread_lock);
	return time;
}

static void name_of(const struct keel_vcpu_thread *t, char name[TASK_COMM_LEN])
{
	snprintf(name, TASK_COMM_LEN, "keel/%u:%u", t->vm->id, t->index);
}

/**
 * keel_thread_call() - have a thread ready for a vCPU, in the cgroups of the calling task
 * @t: the vCPU
 *
 * Return: the thread, or an ERR_PTR: -EAGAIN when there are as many as may be.
 */
struct keel_hand *keel_thread_call(struct keel_vcpu_thread *t)
{
	char name[TASK_COMM_LEN];

	name_of(t, name);
	return keel_vm_step_fails() ? ERR_PTR(-ENOMEM) : keel_hand_get(name);
}

/* It goes on counting where the last one has ended. */
static void take(struct keel_vcpu_thread *t, struct keel_hand *hand)
{
	u64 told = t->delay - t->past_delay;

	t->hand = hand;
	t->task = keel_hand_task(hand);
	WRITE_ONCE(t->pid, task_pid_nr(t->task));
	t->past = runtime_of(t->task);
	t->delay = keel_thread_delay(t->task);
	t->past_delay = t->delay - told;
}

/**
 * keel_thread_get() - a thread for a vCPU whose guest starts
 * @t: the vCPU, which may have one still
 *
 * It does nothing yet.
 *
 * Return: 0 or an errno.
 */
int keel_thread_get(struct keel_vcpu_thread *t)
{
	struct keel_hand *hand = t->hand;

	if (!t->task) {
		hand = keel_thread_call(t);
		if (IS_ERR(hand))
			return PTR_ERR(hand);
	}
	spin_lock(&t->vm->thread_lock);
	t->spent = 0;
	t->past_delay = t->delay;
	take(t, hand);
	spin_unlock(&t->vm->thread_lock);
	t->stays = false;
	keel_thread_weight(t);
	return 0;
}

/**
 * keel_thread_put() - let a vCPU's thread go, if it has one
 * @t: the vCPU, which is settled, and whose thread has been told to end
 */
void keel_thread_put(struct keel_vcpu_thread *t)
{
	if (!t->task)
		return;
	WRITE_ONCE(t->pid, 0);
	spin_lock(&t->vm->thread_lock);
	t->task = NULL;
	spin_unlock(&t->vm->thread_lock);
	keel_hand_put(t->hand);
}

static bool has_nothing_to_do(const struct keel_vcpu_thread *t)
{
	const struct keel_vm *vm = t->vm;

	if (READ_ONCE(t->quit) || READ_ONCE(vm->ending))
		return false;
	return READ_ONCE(vm->pausing) ? t->out : t->halted && !READ_ONCE(t->woken);
}

static bool is_placed(const struct keel_vcpu_thread *t)
{
	return !keel_hand_as_made(t->hand) ||
	       task_nice(t->task) != nice_of(t->vm->config.weight);
}

/* In ms, but not in more than LOOK_MS */
static u64 due_in(const struct keel_vcpu_thread *t)
{
	u64 now = rdtsc(), left;

	if (!t->deadline)
		return LOOK_MS;
	left = t->deadline > now ? t->deadline - now : 0;
	return min_t(u64, div_u64(left, tsc_khz), LOOK_MS);
}

/* Under @thread_lock */
static void call_after(struct keel_vcpu_thread *t, unsigned int ms)
{
	t->called = true;
	mod_delayed_work(keel_work, &t->back, msecs_to_jiffies(ms));
}

/**
 * keel_thread_leave() - a thread whose vCPU has nothing to do leaves, if it may
 * @t: the vCPU; unless the guest is paused, it has halted
 *
 * Context: that thread, which is to end what it does, and not to look at @t again, when
 * this returns true.
 *
 * Return: false when it has to stay.
 */
bool keel_thread_leave(struct keel_vcpu_thread *t)
{
	struct keel_vm *vm = t->vm;
	unsigned int linger = keel_crew_linger();
	bool paused, leaves;
	u64 ms;

	t->stays = is_placed(t);
	if (t->stays)
		return false;
	spin_lock(&vm->thread_lock);
	/* What is due then is seen to when it goes on: keel_vcpus_go() takes this lock for it. */
	paused = READ_ONCE(vm->pausing);
	ms = paused ? LOOK_MS : due_in(t);
	leaves = ms >= AWAY_FACTOR * linger && has_nothing_to_do(t);
	if (leaves) {
		t->spent += runtime_of(t->task) - t->past;
		t->task = NULL;
		WRITE_ONCE(t->pid, 0);
		t->away = true;
		keel_hand_leave(t->hand);
		if (t->deadline && !paused)
			call_after(t, ms - linger);
	}
	/* The guest may be gone once the lock is. */
	spin_unlock(&vm->thread_lock);
	return leaves;
}

/**
 * keel_thread_recall() - if a vCPU's thread has left, and it has something to do, get another
 * @t: the vCPU
 * @due: it has something to do for certain
 *
 * While its guest is paused, that can wait until it is not: keel_vcpus_go() calls again.
 */
void keel_thread_recall(struct keel_vcpu_thread *t, bool due)
{
	unsigned int linger = keel_crew_linger();
	u64 ms;

	spin_lock(&t->vm->thread_lock);
	if (t->away && !READ_ONCE(t->vm->pausing)) {
		if (due || !t->halted || READ_ONCE(t->woken)) {
			call_after(t, 0);
		} else if (t->deadline) {
			ms = due_in(t);
			call_after(t, ms < AWAY_FACTOR * linger ? 0 : ms - linger);
		}
	}
	spin_unlock(&t->vm->thread_lock);
}

/**
 * keel_thread_come() - a thread for a vCPU that is away, if it still is
 * @t: the vCPU
 * @hand: the thread, which is let go otherwise
 */
void keel_thread_come(struct keel_vcpu_thread *t, struct keel_hand *hand)
{
	char name[TASK_COMM_LEN];
	bool wanted;

	/* A guest that was cloned just now has its number only since it can be found. */
	name_of(t, name);
	spin_lock(&t->vm->thread_lock);
	wanted = t->away;
	if (wanted) {
		keel_hand_name(hand, name);
		t->away = false;
		t->out = false;
		t->stays = false;
		take(t, hand);
	}
	spin_unlock(&t->vm->thread_lock);
	if (wanted) {
		keel_thread_weight(t);
		keel_hand_go(hand, keel_vcpu_main, t);
	} else {
		keel_hand_put(hand);
	}
}

static void back(struct work_struct *work)
{
	struct keel_vcpu_thread *t = container_of(to_delayed_work(work), struct keel_vcpu_thread,
						  back);
	struct keel_hand *hand = keel_thread_call(t);

	if (IS_ERR(hand))
		queue_delayed_work(keel_work, &t->back, msecs_to_jiffies(RETRY_MS));
	else
		keel_thread_come(t, hand);
}

/**
 * keel_thread_copy() - a vCPU that is where another one is
 * @t: the vCPU, of a guest that nobody knows yet; it is away from now on
 * @from: the other one, which is kept out of its guest
 */
void keel_thread_copy(struct keel_vcpu_thread *t, const struct keel_vcpu_thread *from)
{
	t->away = true;
	t->halted = from->halted;
	t->woken = READ_ONCE(from->woken);
	t->deadline = from->deadline;
	t->input = from->input;
	/* What root was told of waiting goes on from there. */
	t->delay = from->delay - from->past_delay;
}

/**
 * keel_thread_needed() - has a vCPU that was copied to have a thread at once?
 * @t: the vCPU
 * @run: its guest goes on at once
 *
 * Context: the task whose cgroups its thread is to be in.
 *
 * Return: true when it has something to do, or when a thread that is called later would
 * not be in those.
 */
bool keel_thread_needed(const struct keel_vcpu_thread *t, bool run)
{
	if (!keel_crew_at_home())
		return true;
	return run && (!t->halted || READ_ONCE(t->woken) ||
		       (t->deadline && due_in(t) < AWAY_FACTOR * keel_crew_linger()));
}

/**
 * keel_thread_settle() - whether a vCPU has a thread changes no more
 * @t: the vCPU, which is told to quit
 *
 * Context: the guest's lock; may sleep.
 */
void keel_thread_settle(struct keel_vcpu_thread *t)
{
	spin_lock(&t->vm->thread_lock);
	t->away = false;
	spin_unlock(&t->vm->thread_lock);
	if (t->called)
		cancel_delayed_work_sync(&t->back);
	t->called = false;
}

/**
 * keel_threads_init() - the vCPUs of a guest that was just made
 * @vm: the guest
 */
void keel_threads_init(struct keel_vm *vm)
{
	struct keel_vcpu_thread *t;
	u32 i;

	for (i = 0; i < vm->config.vcpus; i++) {
		t = &vm->thread[i];
		t->vm = vm;
		t->index = i;
		INIT_DELAYED_WORK(&t->back, back);
	}
}
