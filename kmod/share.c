// SPDX-License-Identifier: GPL-2.0
/*
 * Sharing equal pages: a thread that goes through the memory of guests that share, has root
 * hash what has not changed for a pass, and proposes pairs with equal hashes.
 *
 * World: host.  @lock is for the list of guests, the index (index.c) and all that is counted
 * here; it comes behind a guest's own, and is held for one call to root at a time.
 *
 * Root compares and decides (mmu/merge.c): whatever is wrong here costs time and no more.
 * The thread takes a part of one CPU, and sleeps longer and longer while it finds nothing.
 * A guest is left alone in its first seconds.  A settle does not wait for either.
 */
#define pr_fmt(fmt) "keel: " fmt

#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "compat.h"
#include "keel.h"
#include "share.h"
#include "supply.h"
#include "vm.h"

/* So long the thread works before it looks how much it may */
#define SLICE_NS	(2 * NSEC_PER_MSEC)

/* Between passes: after one that has merged something, and at most */
#define PAUSE_MIN_MS	100
#define PAUSE_MAX_MS	10000

/* A guest younger than this is left alone. */
#define YOUNG_NS	(5ULL * NSEC_PER_SEC)

/* Passes of a settle: the first one only clears dirty bits */
#define SETTLE_MIN	2
#define SETTLE_MAX	32

/* How often a pair is proposed while CPUs have to flush, or somebody is in the way */
#define ROUNDS		8

/* Other pages that one is compared with, when hints turn out to be wrong */
#define TARGETS		4

/**
 * struct pair - two pages with equal hashes
 * @to: the guest of the one, NULL for the zero frame
 * @to_gfn: where in that
 * @from: the guest of the other one, which was hashed just now
 * @from_gfn: where in that
 * @targets: so many others were wrong
 */
struct pair {
	struct keel_sharer *to;
	u64 to_gfn;
	struct keel_sharer *from;
	u64 from_gfn;
	unsigned int targets;
};

static DEFINE_MUTEX(lock);
static LIST_HEAD(sharers);
static DECLARE_WAIT_QUEUE_HEAD(wait);
static struct task_struct *thread;
static u64 seed, zero_hash;
static struct keel_share_stat stat = {
	.budget = KEEL_SHARE_BUDGET, .cap = KEEL_SHARE_CAP,
};

/* Where the pass is: the guest, NULL between passes, and the next page of it */
static struct keel_sharer *cursor;
static u64 cursor_gfn;

/* Of the pass that is under way */
static u64 pass_merged, pass_hashed, pass_dirty;

static struct pair queue[KEEL_MERGE_NR];
static unsigned int queued;

static bool hurries(void)
{
	return READ_ONCE(stat.asked) != READ_ONCE(stat.done);
}

/* A hint was wrong; another page may be the right one. */
static bool next_target(struct pair *p)
{
	stat.failed++;
	if (!p->to)
		return false;
	keel_index_drop(p->to, p->to_gfn);
	return ++p->targets < TARGETS &&
	       keel_index_find(p->from, p->from_gfn, &p->to, &p->to_gfn);
}

/* Is a pair to be proposed again? */
static bool again(struct pair *p, u64 result)
{
	switch (result) {
	case KEEL_MERGE_DONE:
		pass_merged++;
		stat.merged++;
		return false;
	case KEEL_MERGE_WAIT:
	case KEEL_MERGE_BUSY:
		return true;
	case KEEL_MERGE_CHANGED:
	case KEEL_MERGE_GONE:
	case KEEL_MERGE_FULL:
		return next_target(p);
	default:
		return false;
	}
}

/* Those that are left have to be proposed again. */
static void propose(void)
{
	u64 batch[KEEL_BATCH_NR];
	unsigned int i, left = 0;

	for (i = 0; i < queued; i++) {
		struct pair *p = &queue[i];

		batch[2 * i] = p->to ? KEEL_HINT(p->to->vm->slot, p->to_gfn) : KEEL_HINT_ZERO;
		batch[2 * i + 1] = KEEL_HINT(p->from->vm->slot, p->from_gfn);
	}
	if (keel_supply_merge(batch, queued, stat.cap) < 0) {
		queued = 0;
		return;
	}
	for (i = 0; i < queued; i++)
		if (again(&queue[i], batch[i]))
			queue[left++] = queue[i];
	queued = left;
}

/* One flush of the CPUs is for all pairs of a round. */
static void merge_queued(void)
{
	unsigned int rounds;

	for (rounds = 0; queued && rounds < ROUNDS; rounds++) {
		if (rounds)
			keel_kick();
		propose();
	}
	queued = 0;
}

static void hashed(struct keel_sharer *s, const struct keel_scan *scan)
{
	struct pair *p;
	unsigned int i;
	bool found;

	for (i = 0; i < scan->nr; i++) {
		p = &queue[queued];
		*p = (struct pair) { .from = s, .from_gfn = scan->page[i].gfn };
		found = scan->page[i].hash == zero_hash ||
			keel_index_put(s, p->from_gfn, scan->page[i].hash, &p->to, &p->to_gfn);
		queued += found;
	}
	stat.hashed += scan->nr;
	pass_hashed += scan->nr;
}

/* A call's worth of a guest; where to go on, 0 at its end */
static u64 scan_some(struct keel_sharer *s, u64 gfn)
{
	struct keel_scan scan;
	u32 state = READ_ONCE(s->vm->state);
	u64 age = ktime_get_boottime_ns() - READ_ONCE(s->vm->started);
	s64 next;

	if ((state != KEEL_VM_STATE_RUNNING && state != KEEL_VM_STATE_PAUSED) ||
	    (age < YOUNG_NS && !hurries()))
		return 0;
	next = keel_supply_scan(s->vm, gfn, seed, &scan);
	if (next < 0)
		return 0;
	s->found.clean += scan.clean + scan.nr;
	s->found.dirty += scan.dirty;
	s->found.zero += scan.zero;
	s->found.shared += scan.shared;
	pass_dirty += scan.dirty;
	hashed(s, &scan);
	merge_queued();
	return next;
}

/* The guest that the cursor is at is done with, or has gone. */
static void advance(void)
{
	cursor = list_is_last(&cursor->node, &sharers) ? NULL : list_next_entry(cursor, node);
	cursor_gfn = 0;
}

/* What merging has freed goes back to Linux, when nobody can read it any more. */
static void end_pass(void)
{
	struct keel_sharer *s;

	stat.dirty = pass_dirty;
	stat.passes++;
	if (!pass_merged)
		return;
	keel_kick();
	list_for_each_entry(s, &sharers, node)
		keel_supply_trim(s->vm);
}

/* A call's worth; true at the end of a pass */
static bool step(void)
{
	bool ended;

	mutex_lock(&lock);
	if (!cursor) {
		cursor = list_first_entry_or_null(&sharers, struct keel_sharer, node);
		cursor_gfn = 0;
		pass_merged = 0;
		pass_hashed = 0;
		pass_dirty = 0;
	}
	if (cursor) {
		if (!cursor_gfn)
			memset(&cursor->found, 0, sizeof(cursor->found));
		cursor_gfn = scan_some(cursor, cursor_gfn);
		if (!cursor_gfn) {
			cursor->last = cursor->found;
			advance();
		}
	}
	ended = !cursor;
	if (ended)
		end_pass();
	mutex_unlock(&lock);
	return ended;
}

static bool has_work(void)
{
	return !list_empty(&sharers) || hurries();
}

static void rest(unsigned int ms)
{
	wait_event_idle_timeout(wait, kthread_should_stop() || hurries(), msecs_to_jiffies(ms));
}

/* All passes that it takes until nothing is found any more */
static void settle(void)
{
	u32 target = READ_ONCE(stat.asked);
	unsigned int passes = 0;

	/* From the first page on */
	mutex_lock(&lock);
	cursor = NULL;
	mutex_unlock(&lock);
	while (passes < SETTLE_MAX && !kthread_should_stop()) {
		if (step() && ++passes >= SETTLE_MIN && !pass_merged && !pass_hashed)
			break;
		cond_resched();
	}
	mutex_lock(&lock);
	WRITE_ONCE(stat.done, target);
	mutex_unlock(&lock);
}

static int scanner(void *unused)
{
	unsigned int pause = PAUSE_MIN_MS, budget;
	u64 spent = 0, start;
	bool ended;

	while (!kthread_should_stop()) {
		wait_event_idle(wait, kthread_should_stop() || has_work());
		if (hurries()) {
			settle();
			continue;
		}
		start = ktime_get_ns();
		ended = step();
		spent += ktime_get_ns() - start;
		budget = READ_ONCE(stat.budget);
		if (ended) {
			pause = pass_merged ? PAUSE_MIN_MS : min(2 * pause, PAUSE_MAX_MS);
			rest(pause);
			spent = 0;
		} else if (spent > SLICE_NS && budget < 100) {
			rest(div_u64(spent * (100 - budget), budget * NSEC_PER_MSEC) + 1);
			spent = 0;
		}
		cond_resched();
	}
	return 0;
}

/**
 * keel_share_on() - let a guest share its pages, or share no further ones
 * @vm: the guest, under its lock
 * @on: whether it is to
 * @extack: the reason of a failure
 *
 * What is shared stays so until it is written to.
 *
 * Return: 0 or -ENOMEM.
 */
int keel_share_on(struct keel_vm *vm, bool on, struct netlink_ext_ack *extack)
{
	struct keel_sharer *s = NULL;

	if (on == !!vm->sharer)
		return 0;
	if (on) {
		s = keel_index_open(vm->config.memory >> PAGE_SHIFT);
		if (!s) {
			NL_SET_ERR_MSG(extack, "no memory for the index of the guest's pages");
			return -ENOMEM;
		}
		s->vm = vm;
		s->domain = vm->domain;
	}
	mutex_lock(&lock);
	if (on) {
		list_add_tail(&s->node, &sharers);
	} else {
		if (cursor == vm->sharer)
			advance();
		list_del(&vm->sharer->node);
		keel_index_close(vm->sharer);
	}
	vm->sharer = s;
	mutex_unlock(&lock);
	if (on)
		wake_up(&wait);
	return 0;
}

/**
 * keel_share_domain() - say with whom a guest shares
 * @vm: the guest, under its lock
 * @domain: guests of the same one share; 0 for itself alone
 * @lives: it is in root
 * @extack: the reason of a failure
 *
 * Return: 0, or -EBUSY when it shares pages already.
 */
int keel_share_domain(struct keel_vm *vm, u32 domain, bool lives, struct netlink_ext_ack *extack)
{
	int err = lives ? keel_supply_domain(vm, domain) : 0;

	if (err) {
		NL_SET_ERR_MSG(extack, "domain: the guest shares pages already: stop it first");
		return err;
	}
	mutex_lock(&lock);
	vm->domain = domain;
	if (vm->sharer)
		vm->sharer->domain = domain;
	mutex_unlock(&lock);
	return 0;
}

/**
 * keel_share_forget() - a guest's memory has gone
 * @vm: the guest, under its lock
 */
void keel_share_forget(struct keel_vm *vm)
{
	if (!vm->sharer)
		return;
	mutex_lock(&lock);
	keel_index_forget(vm->sharer);
	memset(&vm->sharer->last, 0, sizeof(vm->sharer->last));
	mutex_unlock(&lock);
}

/**
 * keel_share_set() - change what is set for all guests together
 * @budget: percent of one CPU, 1 to 100; 0 to leave it
 * @cap: so often a frame may be mapped, at least twice; 0 to leave it
 */
void keel_share_set(u32 budget, u32 cap)
{
	mutex_lock(&lock);
	if (budget)
		WRITE_ONCE(stat.budget, budget);
	if (cap)
		stat.cap = cap;
	mutex_unlock(&lock);
}

/**
 * keel_share_settle() - go over all guests that share until nothing is found any more
 *
 * It comes back at once; keel_share_stat() tells when it is done.
 */
void keel_share_settle(void)
{
	mutex_lock(&lock);
	WRITE_ONCE(stat.asked, stat.asked + 1);
	mutex_unlock(&lock);
	wake_up(&wait);
}

/**
 * keel_share_stat() - what sharing has done
 * @s: filled, but for @s->sharing
 */
void keel_share_stat(struct keel_share_stat *s)
{
	mutex_lock(&lock);
	*s = stat;
	s->unshared = keel_index_entries();
	s->overhead = keel_index_bytes();
	s->cpu_time = READ_ONCE(thread->se.sum_exec_runtime);
	s->frames = keel_hypercall(KEEL_HC_SHARED, 0);
	mutex_unlock(&lock);
}

/**
 * keel_share_pages() - what the last pass has found in a guest
 * @vm: the guest
 * @pages: filled
 */
void keel_share_pages(struct keel_vm *vm, struct keel_share_pages *pages)
{
	mutex_lock(&lock);
	memset(pages, 0, sizeof(*pages));
	if (vm->sharer)
		*pages = vm->sharer->last;
	pages->on = vm->sharer;
	pages->domain = vm->domain;
	mutex_unlock(&lock);
}

/**
 * keel_share_init() - be ready to share
 *
 * Return: 0 or -ENOMEM.
 */
int keel_share_init(void)
{
	struct task_struct *task;

	get_random_bytes(&seed, sizeof(seed));
	zero_hash = keel_page_hash(page_address(ZERO_PAGE(0)), seed);
	task = keel_step_fails() ? ERR_PTR(-ENOMEM) : kthread_run(scanner, NULL, "keel-share");
	if (IS_ERR(task))
		return PTR_ERR(task);
	thread = task;
	return 0;
}

/**
 * keel_share_exit() - the end; there are no guests
 */
void keel_share_exit(void)
{
	kthread_stop(thread);
	keel_index_exit();
}
