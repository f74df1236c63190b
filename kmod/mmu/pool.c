// SPDX-License-Identifier: GPL-2.0
/*
 * Root's pages, and the epochs after which a page that was the host's can be
 * used.
 *
 * World: root.  Under the lock of struct keel_root, but for the epoch, which
 * every CPU reads.
 *
 * Root sends no interrupts and waits for nobody.  Taking a page from the host
 * bumps the epoch and marks every CPU's @pending word: the CPU flushes before it
 * enters its host again, and notes the epoch that it has passed.  The host kicks
 * the CPUs (any exit will do); the page is free once all have passed.
 */
#include <linux/stddef.h>
#include <linux/types.h>

#include "pool.h"

/**
 * keel_root_lock() - try to get the lock
 * @root: root
 *
 * Return: false when another CPU has it.
 */
bool keel_root_lock(struct keel_root *root)
{
	if (__atomic_exchange_n(&root->lock, 1, __ATOMIC_ACQUIRE))
		return false;
	root->ept.pages = &keel_root_pages;
	root->frames.tree.pages = &keel_root_pages;
	root->vms.pages = &keel_root_pages;
	return true;
}

/**
 * keel_root_unlock() - release the lock
 * @root: root
 */
void keel_root_unlock(struct keel_root *root)
{
	__atomic_store_n(&root->lock, 0, __ATOMIC_RELEASE);
}

/**
 * keel_pool_init() - an empty pool
 * @pool: the pool
 */
void keel_pool_init(struct keel_pool *pool)
{
	*pool = (struct keel_pool) { .head = KEEL_NO_FRAME, .tail = KEEL_NO_FRAME };
}

/**
 * keel_pool_put() - add a frame of root's to a pool
 * @root: root
 * @pool: the pool
 * @pfn: the frame; it has an entry in the frame table
 */
void keel_pool_put(struct keel_root *root, struct keel_pool *pool, u64 pfn)
{
	keel_pool_push(pool, pfn, keel_frame_at(&root->frames, pfn));
}

/**
 * keel_pool_take() - take a frame out of a pool, zeroed
 * @root: root
 * @pool: the pool
 * @pfn: its number
 *
 * Return: its entry, root's and held once; NULL when the pool is empty.
 */
struct keel_frame *keel_pool_take(struct keel_root *root, struct keel_pool *pool, u64 *pfn)
{
	struct keel_frame *frame;

	if (!pool->nr)
		return NULL;
	*pfn = pool->head;
	frame = keel_frame_at(&root->frames, *pfn);
	pool->head = frame->count;
	pool->nr--;
	keel_frame_write(frame, 1, frame->owner, frame->flags & ~KEEL_FRAME_FREE);
	keel_zero(keel_phys(*pfn << 12));
	return frame;
}

static u64 *pool_alloc(void *arg, u64 *pa)
{
	struct keel_root *root = keel_root_state();
	u64 pfn;

	if (!keel_pool_take(root, root->stock.nr ? &root->stock : &root->free, &pfn))
		return NULL;
	*pa = pfn << 12;
	return keel_phys(*pa);
}

static u64 *phys_at(void *arg, u64 pa)
{
	return keel_phys(pa);
}

/* Tables from root's pool */
const struct keel_pages keel_root_pages = {
	.alloc = pool_alloc,
	.at = phys_at,
};

/**
 * keel_epoch_bump() - a right was taken away: every CPU has to flush
 * @root: root, with the EPT changed already
 */
void keel_epoch_bump(struct keel_root *root)
{
	u32 i;

	__atomic_add_fetch(&root->epoch, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < root->nr_cpus; i++)
		__atomic_or_fetch(&keel_root_cpu_at(root, i)->pending, KEEL_LATCH_FLUSH,
				  __ATOMIC_SEQ_CST);
}

/**
 * keel_epoch_pass() - flush this CPU, on its way back to its host
 * @cpu: the CPU
 */
void keel_epoch_pass(struct keel_root_cpu *cpu)
{
	struct keel_root *root = keel_root_state();
	u64 epoch = __atomic_load_n(&root->epoch, __ATOMIC_SEQ_CST);

	keel_flush();
	__atomic_store_n(&cpu->epoch, epoch, __ATOMIC_RELEASE);
}

/**
 * keel_epoch_passed() - has every CPU flushed since?
 * @root: root; its lock is not needed
 * @epoch: since when
 *
 * Return: true when no CPU can have a translation from before that epoch.
 */
bool keel_epoch_passed(const struct keel_root *root, u64 epoch)
{
	const struct keel_root_cpu *cpu;
	u32 i;

	for (i = 0; i < root->nr_cpus; i++) {
		cpu = keel_root_cpu_at(root, i);
		if (__atomic_load_n(&cpu->active, __ATOMIC_ACQUIRE) &&
		    __atomic_load_n(&cpu->epoch, __ATOMIC_ACQUIRE) < epoch)
			return false;
	}
	return true;
}

/**
 * keel_pool_join() - move all frames of a pool to another one
 * @root: root
 * @to: the pool that they join
 * @from: the pool that they come from, empty afterwards
 */
void keel_pool_join(struct keel_root *root, struct keel_pool *to, struct keel_pool *from)
{
	struct keel_frame *last;

	if (!from->nr)
		return;
	last = keel_frame_at(&root->frames, from->tail);
	keel_frame_write(last, to->head, last->owner, last->flags);
	if (!to->nr)
		to->tail = from->tail;
	to->head = from->head;
	to->nr += from->nr;
	keel_pool_init(from);
}

/**
 * keel_pool_settle() - donated pages that no CPU can reach any more become free
 * @root: root
 */
void keel_pool_settle(struct keel_root *root)
{
	if (root->cooling.nr && keel_epoch_passed(root, root->cooling_epoch))
		keel_pool_join(root, &root->free, &root->cooling);
}
