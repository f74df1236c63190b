// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges of 2 MiB of guests' memory: which were large pages and were split, and their way back.
 *
 * World: host.  keel_ranges is for what is known of the ranges of all guests; it comes behind
 * a guest's lock, and that of share.c, and no call to root is made with it.
 *
 * Once a second some of the ranges that were split are proposed to root, which collapses those
 * that are all the guest's own again (mmu/collapse.c), whether the guest shares pages still or
 * not.  Others cost a look at a table each.  It goes on until none is left.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "call.h"
#include "keel.h"
#include "large.h"
#include "life.h"
#include "pure.h"
#include "supply.h"
#include "vm.h"

/* How often ranges are proposed, and at most when there is no memory for blocks */
#define PERIOD		HZ
#define PERIOD_MAX	(64 * HZ)

/* Ranges that are proposed then */
#define TRIES		8

/* Calls for one range: twice as many as it takes when nobody is in the way */
#define CALLS		32

/* How often a page is to be split that has just come into being */
#define SPLIT_TRIES	4

DEFINE_MUTEX(keel_ranges);	/* struct keel_range of all guests */

/**
 * keel_range_at() - what is known of a range
 * @large: the guest
 * @gfn: any page of it
 *
 * Context: keel_ranges is held.
 *
 * Return: the range, or NULL.
 */
struct keel_range *keel_range_at(struct keel_large *large, u64 gfn)
{
	return xa_load(&large->range, gfn / KEEL_BLOCK_NR);
}

/**
 * keel_range_make() - the same, if it is the first thing to be known
 * @large: the guest
 * @gfn: any page of the range
 *
 * Context: keel_ranges is held.
 *
 * Return: the range; NULL when there is no memory for it.
 */
struct keel_range *keel_range_make(struct keel_large *large, u64 gfn)
{
	struct keel_range *r = keel_range_at(large, gfn);

	if (r || keel_vm_step_fails())
		return r;
	r = kzalloc(sizeof(*r), GFP_KERNEL | __GFP_NOWARN);
	if (!r)
		return NULL;
	r->whole = true;
	if (!xa_err(xa_store(&large->range, gfn / KEEL_BLOCK_NR, r, GFP_KERNEL | __GFP_NOWARN)))
		return r;
	kfree(r);
	return NULL;
}

static void remember(struct keel_large *large, u64 gfn)
{
	struct keel_range *r;

	mutex_lock(&keel_ranges);
	r = keel_range_make(large, gfn);
	if (r) {
		r->was_split = true;
		r->whole = false;
	}
	mutex_unlock(&keel_ranges);
	large->period = PERIOD;
	queue_delayed_work(keel_work, &large->collapse, PERIOD);
}

/**
 * keel_large_split() - make small pages of a large one
 * @vm: the guest, which has large pages
 * @gfn: any page of it
 *
 * Return: 1, or 0 when there is no large page; an errno.
 */
s64 keel_large_split(struct keel_vm *vm, u64 gfn)
{
	unsigned int tries = SPLIT_TRIES;
	s64 ret;

	do {
		ret = keel_supply_call(vm, KEEL_HC_VM_SPLIT, vm->slot, gfn, 0, NULL);
		if (ret != -EBUSY)
			break;
		/* It has been collapsed, but for the last step. */
		keel_kick();
		keel_call(KEEL_HC_VM_COLLAPSE, vm->slot, gfn & -(u64)KEEL_BLOCK_NR, 0, NULL);
	} while (--tries);
	if (ret > 0)
		remember(vm->large, gfn);
	return ret;
}

/**
 * keel_large_split_all() - leave a guest without large pages, for it to be cloned
 * @vm: the guest, under its lock and kept out of what it does
 *
 * Return: 0 or an errno.
 */
int keel_large_split_all(struct keel_vm *vm)
{
	u64 frames = vm->config.memory >> PAGE_SHIFT, end = keel_gfn_end(frames), gfn;
	struct keel_vm_stat stat;
	s64 ret = 0;

	if (!vm->large)
		return 0;
	keel_supply_stat(vm, &stat);
	for (gfn = 0; stat.huge && gfn < end && ret >= 0; gfn += KEEL_BLOCK_NR) {
		if (keel_gfn_ok(frames, gfn))
			ret = keel_large_split(vm, gfn);
		cond_resched();
	}
	return ret < 0 ? ret : 0;
}

/* All the steps for one range; what root says in the end, or -ENOMEM */
static s64 collapse(struct keel_vm *vm, u64 gfn)
{
	unsigned int calls;
	s64 ret = 1;

	for (calls = 0; calls < CALLS; calls++) {
		ret = keel_call(KEEL_HC_VM_COLLAPSE, vm->slot, gfn, 0, NULL);
		if (ret == -ENOSPC) {
			if (keel_large_fill(vm, 1))
				return -ENOMEM;
			keel_kick();
		} else if (ret == -EBUSY) {
			keel_kick();
		} else if (ret != 1) {
			break;
		}
		cond_resched();
	}
	/* The old frames, or what was copied in vain */
	if (!ret || ret == -ECANCELED) {
		keel_kick();
		keel_supply_trim(vm);
	}
	return ret;
}

/* A range that was split, from @large->next on, which is behind it then; false for none */
static bool next_split(struct keel_large *large, u64 *gfn)
{
	struct keel_range *r;
	unsigned long i;

	mutex_lock(&keel_ranges);
	xa_for_each_start(&large->range, i, r, large->next)
		if (r->was_split)
			break;
	large->next = r ? i + 1 : 0;
	mutex_unlock(&keel_ranges);
	*gfn = (u64)i * KEEL_BLOCK_NR;
	return r;
}

static void collapsed(struct keel_large *large, u64 gfn)
{
	mutex_lock(&keel_ranges);
	kfree(xa_erase(&large->range, gfn / KEEL_BLOCK_NR));
	mutex_unlock(&keel_ranges);
}

/* Under the guest's lock, which is in root; true when there is more to do. */
static bool collapse_some(struct keel_large *large)
{
	unsigned int tries;
	bool wrapped = false;
	s64 ret;
	u64 gfn;

	for (tries = 0; tries < TRIES; ) {
		if (!next_split(large, &gfn)) {
			if (wrapped)
				return tries;
			wrapped = true;
			continue;
		}
		tries++;
		ret = collapse(large->vm, gfn);
		if (ret == -ENOMEM) {
			large->period = min_t(unsigned long, 2 * large->period, PERIOD_MAX);
			return true;
		}
		large->period = PERIOD;
		if (!ret)
			collapsed(large, gfn);
		cond_resched();
	}
	return true;
}

static void work(struct work_struct *w)
{
	struct keel_large *large = container_of(to_delayed_work(w), struct keel_large, collapse);
	struct keel_vm *vm = large->vm;
	bool more = true;

	/* Whoever has it ends, or clones it, or does something else that is soon over. */
	if (mutex_trylock(&vm->lock)) {
		more = keel_lives(vm) && collapse_some(large);
		mutex_unlock(&vm->lock);
	}
	if (more)
		queue_delayed_work(keel_work, &large->collapse, large->period);
}

/**
 * keel_large_forget() - a guest's memory has gone
 * @vm: the guest, under its lock, or its last user
 */
void keel_large_forget(struct keel_vm *vm)
{
	struct keel_large *large = vm->large;
	struct keel_range *r;
	unsigned long i;

	if (!large)
		return;
	mutex_lock(&keel_ranges);
	xa_for_each(&large->range, i, r)
		kfree(r);
	xa_destroy(&large->range);
	large->share = 0;
	large->next = 0;
	mutex_unlock(&keel_ranges);
	cancel_delayed_work_sync(&large->collapse);
}

/**
 * keel_ranges_init() - nothing is known yet
 * @large: the guest
 */
void keel_ranges_init(struct keel_large *large)
{
	xa_init(&large->range);
	INIT_DELAYED_WORK(&large->collapse, work);
}
