// SPDX-License-Identifier: GPL-2.0
/*
 * Sharing equal pages: a thread that goes through the memory of guests that share, has root
 * hash what has not changed for a pass, and proposes pairs with equal hashes (pairs.c).
 *
 * World: host.  @lock is for the list of guests, the index (index.c), the pace (pace.c) and
 * all that is counted here; it comes behind a guest's own, and is held for one call to root
 * at a time.
 *
 * Root compares and decides (mmu/merge.c): whatever is wrong here costs time and no more.
 * The thread keeps its pace, and leaves a guest alone in its first seconds.  A settle does not
 * wait for either.
 */
#define pr_fmt(fmt) "keel: " fmt

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "compat.h"
#include "keel.h"
#include "large.h"
#include "pace.h"
#include "share.h"
#include "supply.h"
#include "vm.h"

/* A guest younger than this is left alone. */
#define YOUNG_NS	(5ULL * NSEC_PER_SEC)

/* Passes of a settle: the first one only clears dirty bits */
#define SETTLE_MIN	2
#define SETTLE_MAX	32

static DEFINE_MUTEX(lock);
static LIST_HEAD(sharers);
static DECLARE_WAIT_QUEUE_HEAD(wait);
static struct task_struct *thread;
static u64 seed, zero_hash;
static struct keel_share_stat stat = {
	.cap = KEEL_SHARE_CAP,
};

static struct keel_pace pace = { .budget = KEEL_SHARE_BUDGET };

/* Counts the changes that end a rest */
static u32 news;

/* Where the pass is: the guest, NULL between passes, and the next page of it */
static struct keel_sharer *cursor;
static u64 cursor_gfn;

/* All of its pages were scanned; now it is about its large pages */
static bool cursor_ends;

/* Of the pass that is under way */
static u64 pass_hashed, pass_dirty;

/* What a pass has freed has not all gone back to Linux. */
static bool untrimmed;

static bool hurries(void)
{
	return READ_ONCE(stat.asked) != READ_ONCE(stat.done);
}

static struct keel_sharer *sharer_at(u64 slot)
{
	struct keel_sharer *s;

	list_for_each_entry(s, &sharers, node)
		if (s->vm->slot == slot)
			return s;
	return NULL;
}

/* Root has merged a page with the one that was to be expected: it has the hash of that. */
static struct keel_sharer *followed(struct keel_sharer *s, u64 gfn, u64 twin,
				    struct keel_sharer *last)
{
	stat.merged++;
	s->found.clean--;
	if (twin == KEEL_HINT_ZERO)
		return last;
	if (!last || last->vm->slot != KEEL_HINT_ID(twin))
		last = sharer_at(KEEL_HINT_ID(twin));
	if (last) {
		keel_index_cap(last, KEEL_HINT_GFN(twin), false);
		keel_index_copy(s, gfn, last, KEEL_HINT_GFN(twin));
	}
	return last;
}

/* Pages of a large one: which have others that are equal is to be known before it is split. */
static void hashed_large(struct keel_sharer *s, const struct keel_scan *scan)
{
	struct keel_sharer *to;
	unsigned int i;
	u64 to_gfn;

	for (i = 0; i < scan->nr; i++) {
		if (scan->page[i].hash == zero_hash) {
			keel_large_hit(s, scan->page[i].gfn, true);
		} else if (keel_index_put(s, scan->page[i].gfn, scan->page[i].hash, &to,
					  &to_gfn) > 0) {
			keel_large_hit(s, scan->page[i].gfn, false);
			keel_large_hit(to, to_gfn, false);
		}
	}
	stat.hashed += scan->nr;
	pass_hashed += scan->nr;
}

static void hashed(struct keel_sharer *s, const struct keel_scan *scan)
{
	struct keel_sharer *to = NULL, *twin = NULL;
	unsigned int i, nr = 0;
	u64 gfn, to_gfn;
	int found;

	for (i = 0; i < scan->nr; i++) {
		gfn = scan->page[i].gfn;
		if (gfn & KEEL_SCAN_MERGED) {
			twin = followed(s, gfn & ~KEEL_SCAN_MERGED, scan->page[i].hash, twin);
			continue;
		}
		nr++;
		if (scan->page[i].hash == zero_hash) {
			keel_pairs_add(s, gfn, NULL, 0);
			continue;
		}
		found = keel_index_put(s, gfn, scan->page[i].hash, &to, &to_gfn);
		if (found > 0)
			keel_pairs_add(s, gfn, to, to_gfn);
		if (found < 0) {
			s->found.unindexed++;
			keel_pairs_forget(s, gfn);
		}
	}
	stat.hashed += nr;
	pass_hashed += nr;
}

static bool is_young(const struct keel_vm *vm)
{
	return ktime_get_boottime_ns() - READ_ONCE(vm->started) < YOUNG_NS;
}

/* A call's worth of a guest, so many pages; where to go on, 0 at its end */
static u64 scan_some(struct keel_sharer *s, u64 gfn, u64 *looked)
{
	struct keel_scan scan;
	u32 state = READ_ONCE(s->vm->state);
	s64 next;

	if ((state != KEEL_VM_STATE_RUNNING && state != KEEL_VM_STATE_PAUSED) ||
	    (is_young(s->vm) && !hurries()))
		return 0;
	next = keel_supply_scan(s->vm, gfn, seed, &scan);
	if (next < 0)
		return 0;
	s->found.seen = true;
	WRITE_ONCE(s->whole, scan.lacks ? 0 : stat.passes + 1);
	if (!scan.large)
		s->found.clean += scan.clean + scan.nr;
	keel_large_seen(s, gfn, next, &scan);
	*looked += scan.nr + scan.clean + scan.dirty + scan.zero + scan.shared;
	pass_dirty += scan.dirty;
	if (scan.large)
		hashed_large(s, &scan);
	else
		hashed(s, &scan);
	keel_pairs_merge(&stat);
	return next;
}

/* The guest that the cursor is at is done with, or has gone. */
static void advance(void)
{
	cursor = list_is_last(&cursor->node, &sharers) ? NULL : list_next_entry(cursor, node);
	cursor_gfn = 0;
	cursor_ends = false;
}

static void begin_pass(void)
{
	cursor = list_first_entry_or_null(&sharers, struct keel_sharer, node);
	cursor_gfn = 0;
	cursor_ends = false;
	pass_hashed = 0;
	pass_dirty = 0;
	keel_pace_begin(&pace);
}

/* What merging has freed goes back to Linux, when nobody can read it any more. */
static void end_pass(void)
{
	struct keel_sharer *s;

	stat.dirty = pass_dirty;
	stat.passes++;
	if (!pace.merged && !untrimmed)
		return;
	keel_kick();
	untrimmed = false;
	list_for_each_entry(s, &sharers, node)
		untrimmed |= keel_supply_trim(s->vm);
}

/* A call's worth; true at the end of a pass */
static bool step(void)
{
	u64 start, merged, looked = 0;
	bool ended;

	mutex_lock(&lock);
	start = ktime_get_ns();
	merged = stat.merged;
	if (!cursor)
		begin_pass();
	if (cursor && cursor_ends) {
		cursor_ends = keel_large_share(cursor, &stat);
	} else if (cursor) {
		if (!cursor_gfn)
			memset(&cursor->found, 0, sizeof(cursor->found));
		cursor_gfn = scan_some(cursor, cursor_gfn, &looked);
		cursor_ends = !cursor_gfn && cursor->vm->large;
	}
	if (cursor && !cursor_gfn && !cursor_ends) {
		/* One that was left alone is as it was found before. */
		if (cursor->found.seen)
			cursor->last = cursor->found;
		advance();
	}
	ended = !cursor;
	keel_pace_work(&pace, ktime_get_ns() - start, looked, stat.merged - merged);
	if (ended)
		end_pass();
	mutex_unlock(&lock);
	if (ended)
		WRITE_ONCE(stat.is_short, keel_share_reserve(stat.passes));
	return ended;
}

static bool has_work(void)
{
	return !list_empty(&sharers) || hurries();
}

/* Unless something is new since @was */
static void rest(u64 ns, u32 was)
{
	u64 start = ktime_get_ns();

	wait_event_idle_timeout(wait, kthread_should_stop() || hurries() || READ_ONCE(news) != was,
				nsecs_to_jiffies(ns) + 1);
	mutex_lock(&lock);
	keel_pace_rest(&pace, ktime_get_ns() - start);
	mutex_unlock(&lock);
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
		if (step() && ++passes >= SETTLE_MIN && !pace.merged && !pass_hashed && !untrimmed)
			break;
		cond_resched();
	}
	mutex_lock(&lock);
	keel_pace_hurry(&pace);
	WRITE_ONCE(stat.done, target);
	mutex_unlock(&lock);
}

/* Under @lock: it begins at once with what is new. */
static void wake(void)
{
	keel_pace_hurry(&pace);
	WRITE_ONCE(news, news + 1);
	wake_up(&wait);
}

static int scanner(void *unused)
{
	bool ended;
	u64 owes;
	u32 was;

	while (!kthread_should_stop()) {
		wait_event_idle(wait, kthread_should_stop() || has_work());
		if (hurries()) {
			settle();
			continue;
		}
		ended = step();
		mutex_lock(&lock);
		was = news;
		owes = keel_pace_owes(&pace);
		if (ended)
			owes = max(owes, keel_pace_end(&pace) * (u64)NSEC_PER_MSEC);
		mutex_unlock(&lock);
		if (owes)
			rest(owes, was);
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
		wake();
	} else {
		if (cursor == vm->sharer)
			advance();
		list_del(&vm->sharer->node);
		keel_index_close(vm->sharer);
	}
	vm->sharer = s;
	mutex_unlock(&lock);
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
	/* A pass that is in the midst of it begins with it anew. */
	if (cursor == vm->sharer)
		cursor_gfn = 0;
	mutex_unlock(&lock);
}

/**
 * keel_share_set() - change what is set for all guests together
 * @budget: percent of one CPU, 1 to 100; NULL to leave it
 * @cap: so often a frame may be mapped, at least twice; likewise
 * @rate: pages a second, 0 for as many as the budget allows; likewise
 */
void keel_share_set(const u32 *budget, const u32 *cap, const u32 *rate)
{
	mutex_lock(&lock);
	if (budget)
		pace.budget = *budget;
	if (cap)
		stat.cap = *cap;
	if (rate)
		pace.rate = *rate;
	wake();
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
	s->budget = pace.budget;
	s->rate = pace.rate;
	s->pace = keel_pace_percent(&pace);
	s->unshared = keel_index_entries();
	s->overhead = keel_index_bytes();
	s->cpu_time = READ_ONCE(thread->se.sum_exec_runtime);
	s->frames = keel_hypercall(KEEL_HC_SHARED, 0);
	mutex_unlock(&lock);
}

/**
 * keel_share_pages() - what is known of a guest's pages
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
	pages->young = is_young(vm);
	if (vm->sharer)
		pages->capped = vm->sharer->capped;
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
