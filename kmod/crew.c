// SPDX-License-Identifier: GPL-2.0
/*
 * Threads for vCPUs.  Making one costs as much as the rest of a small guest, so that
 * a few whose guests have ended are kept for the next ones.
 *
 * World: host.  @lock guards the lists of idle threads and of those on their way there.
 * A thread is in the cgroups of whoever it was made for.  Kept are those alone that are
 * where the kernel's threads are born, and for those alone who are there too: any other
 * cgroup could not be removed while one of its threads waits here.
 * One that somebody has pinned to CPUs or given another policy is not used again.
 *
 * Whoever uses up Linux's threads leaves its shell none.  So there are no more than half of
 * them, and from half of those on nobody keeps a thread for what may come.
 */
#include <linux/atomic.h>
#include <linux/cgroup.h>
#include <linux/cpumask.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/threads.h>
#include <linux/workqueue.h>

#include "crew.h"

/* Idle threads that are kept; each has 26 KiB. */
#define KEPT		8

/* With nothing to do, or in sight, a thread stays so many ms: as a rule, and with too many. */
#define LINGER_MS	4000
#define HURRY_MS	250

/* Of the memory, Linux lets the stacks of all threads have this part (set_max_threads()). */
#define STACKS_PART	8

static unsigned int threads;
module_param(threads, uint, 0444);
MODULE_PARM_DESC(threads, "most threads for vCPUs at a time (default: half of what Linux has)");

/**
 * struct keel_hand - a thread
 * @node: among the idle ones, or those that leave
 * @task: the thread, with a reference
 * @home: the cgroups that it was born in
 * @cpus: how many CPUs it could run on when it was made
 * @name: what it is called from its next job on
 * @job: what it is to do, NULL for nothing
 * @arg: for @job
 * @busy: it was given a job, and nobody has waited for its end
 * @done: the job is done
 */
struct keel_hand {
	struct list_head node;
	struct task_struct *task;
	const void *home;
	int cpus;
	char name[TASK_COMM_LEN];
	void (*job)(void *arg);
	void *arg;
	bool busy;
	struct completion done;
};

static LIST_HEAD(idle);
static LIST_HEAD(leaving);
static unsigned int nr_idle;
static DEFINE_SPINLOCK(lock);
static atomic_t nr_threads;

/* The cgroups that the kernel's threads are born in, NULL before the first one */
static const void *birthplace;

/* By default: what an operator has set is not to be seen from here. */
static unsigned int linux_has(void)
{
	u64 stacks = (u64)totalram_pages() * PAGE_SIZE / (STACKS_PART * THREAD_SIZE);
	u64 pids = max(PID_MAX_DEFAULT, PIDS_PER_CPU_DEFAULT * (int)num_possible_cpus());

	return min(stacks, pids);
}

/**
 * keel_crew_init() - before the first thread
 */
void keel_crew_init(void)
{
	if (!threads)
		threads = linux_has() / 2;
}

static bool is_crowded(void)
{
	return atomic_read(&nr_threads) > threads / 2;
}

/**
 * keel_crew_is_full() - are there as many threads as may be?
 *
 * Return: true when whoever wants another one has to wait for one to go.
 */
bool keel_crew_is_full(void)
{
	return atomic_read(&nr_threads) >= threads;
}

/**
 * keel_crew_linger() - how long a thread with nothing to do stays where it is
 *
 * Return: ms.
 */
unsigned int keel_crew_linger(void)
{
	return is_crowded() ? HURRY_MS : LINGER_MS;
}

static void take_name(const char *name)
{
	task_lock(current);
	strscpy(current->comm, name, sizeof(current->comm));
	task_unlock(current);
}

static int hand_main(void *arg)
{
	struct keel_hand *hand = arg;
	void (*job)(void *arg);

	for (;;) {
		set_current_state(TASK_IDLE);
		/* Pairs with keel_hand_go(). */
		job = smp_load_acquire(&hand->job);
		if (!job && kthread_should_stop())
			break;
		if (!job) {
			schedule();
			continue;
		}
		__set_current_state(TASK_RUNNING);
		take_name(hand->name);
		job(hand->arg);
		take_name("keel/idle");
		WRITE_ONCE(hand->job, NULL);
		complete(&hand->done);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

/* Which cgroups a task is in: only to be compared */
static const void *cgroups_of(const struct task_struct *task)
{
#ifdef CONFIG_CGROUPS
	return rcu_access_pointer(task->cgroups);
#else
	return NULL;
#endif
}

/* Into the cgroups of whoever asks, which takes a while even if it is there already */
static int join_cgroups(struct task_struct *task)
{
	if (current->flags & PF_KTHREAD || cgroups_of(task) == cgroups_of(current))
		return 0;
	return cgroup_attach_task_all(current, task);
}

/**
 * keel_hand_as_made() - is a thread still what it was made, and where it was?
 * @hand: the thread
 *
 * Return: true when it is: then it can be used again, and the next one is the same.
 */
bool keel_hand_as_made(const struct keel_hand *hand)
{
	return cgroups_of(hand->task) == hand->home && hand->task->policy == SCHED_NORMAL &&
	       hand->task->nr_cpus_allowed == hand->cpus;
}

/**
 * keel_crew_at_home() - is this task in the cgroups that a thread is born in?
 *
 * Return: true when a thread that anybody else gets is where one of this task's would be.
 */
bool keel_crew_at_home(void)
{
	return cgroups_of(current) == READ_ONCE(birthplace);
}

static struct keel_hand *take_idle(void)
{
	struct keel_hand *hand, *found = NULL;

	spin_lock(&lock);
	list_for_each_entry(hand, &idle, node) {
		if (cgroups_of(current) != hand->home || !keel_hand_as_made(hand))
			continue;
		found = hand;
		list_del(&hand->node);
		nr_idle--;
		break;
	}
	spin_unlock(&lock);
	return found;
}

static void dismiss(struct keel_hand *hand)
{
	kthread_stop(hand->task);
	put_task_struct(hand->task);
	kfree(hand);
	atomic_dec(&nr_threads);
}

static struct keel_hand *make(const char *name)
{
	struct keel_hand *hand;
	int err = -ENOMEM;

	if (!atomic_add_unless(&nr_threads, 1, threads))
		return ERR_PTR(-EAGAIN);
	hand = kzalloc(sizeof(*hand), GFP_KERNEL);
	if (!hand)
		goto no_hand;
	hand->task = kthread_create(hand_main, hand, "%s", name);
	if (IS_ERR(hand->task)) {
		err = PTR_ERR(hand->task);
		goto no_task;
	}
	get_task_struct(hand->task);
	init_completion(&hand->done);
	hand->home = cgroups_of(hand->task);
	WRITE_ONCE(birthplace, hand->home);
	hand->cpus = hand->task->nr_cpus_allowed;
	err = join_cgroups(hand->task);
	if (!err) {
		/* New ones sleep uninterruptibly: that is load, and complained of. */
		wake_up_process(hand->task);
		return hand;
	}
	dismiss(hand);
	return ERR_PTR(err);

no_task:
	kfree(hand);
no_hand:
	atomic_dec(&nr_threads);
	return ERR_PTR(err);
}

/**
 * keel_hand_name() - name a thread that has nothing to do yet
 * @hand: the thread
 * @name: what it is called from its next job on
 */
void keel_hand_name(struct keel_hand *hand, const char *name)
{
	strscpy(hand->name, name, sizeof(hand->name));
}

/**
 * keel_hand_get() - a thread that has nothing to do yet
 * @name: what it is called from its next job on; 15 bytes of it are seen
 *
 * Return: the thread, in the cgroups of the calling task; or an ERR_PTR: -EAGAIN when there
 * are as many as may be.
 */
struct keel_hand *keel_hand_get(const char *name)
{
	struct keel_hand *hand = take_idle() ?: make(name);

	if (!IS_ERR(hand))
		keel_hand_name(hand, name);
	return hand;
}

/**
 * keel_hand_go() - give a thread a job
 * @hand: the thread
 * @job: what it is to do; it is done when this returns
 * @arg: for @job
 */
void keel_hand_go(struct keel_hand *hand, void (*job)(void *arg), void *arg)
{
	reinit_completion(&hand->done);
	hand->arg = arg;
	hand->busy = true;
	/* Pairs with hand_main(). */
	smp_store_release(&hand->job, job);
	wake_up_process(hand->task);
}

/**
 * keel_hand_wait() - wait for the end of a thread's job, if it has one
 * @hand: the thread, which can be given another one then
 */
void keel_hand_wait(struct keel_hand *hand)
{
	if (hand->busy)
		wait_for_completion(&hand->done);
	hand->busy = false;
}

/**
 * keel_hand_put() - let a thread go, once its job has ended
 * @hand: the thread
 */
void keel_hand_put(struct keel_hand *hand)
{
	bool keep;

	keel_hand_wait(hand);
	spin_lock(&lock);
	keep = nr_idle < KEPT && !is_crowded() && keel_hand_as_made(hand);
	if (keep) {
		list_add(&hand->node, &idle);
		nr_idle++;
	}
	spin_unlock(&lock);
	if (!keep)
		dismiss(hand);
}

static void sweep(struct work_struct *work)
{
	struct keel_hand *hand, *next;
	LIST_HEAD(list);

	spin_lock(&lock);
	list_splice_init(&leaving, &list);
	spin_unlock(&lock);
	list_for_each_entry_safe(hand, next, &list, node)
		keel_hand_put(hand);
}

static DECLARE_WORK(sweeping, sweep);

/**
 * keel_hand_leave() - a thread lets itself go
 * @hand: the thread, which is about to end its job
 *
 * Context: from its job; with a spinlock, or without.
 */
void keel_hand_leave(struct keel_hand *hand)
{
	spin_lock(&lock);
	list_add(&hand->node, &leaving);
	spin_unlock(&lock);
	schedule_work(&sweeping);
}

/**
 * keel_hand_task() - the thread itself
 * @hand: the thread
 *
 * Return: its task, for as long as the caller has @hand.
 */
struct task_struct *keel_hand_task(const struct keel_hand *hand)
{
	return hand->task;
}

/**
 * keel_crew_dismiss() - end the threads that are idle
 */
void keel_crew_dismiss(void)
{
	struct keel_hand *hand, *next;
	LIST_HEAD(list);

	flush_work(&sweeping);
	spin_lock(&lock);
	list_splice_init(&idle, &list);
	nr_idle = 0;
	spin_unlock(&lock);
	list_for_each_entry_safe(hand, next, &list, node)
		dismiss(hand);
}
