// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that changes hands: root's own at load, then pages that the host donates
 * and gets back, and the audit over all of it.
 *
 * World: host.  keel_seal() runs before anybody is demoted; from then on root
 * decides (mmu/donate.c), and @lock here only keeps the host from asking several
 * things at once.
 */
#define pr_fmt(fmt) "keel: " fmt

#include <linux/cpu.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include "keel.h"

/* Pages of root's for its tables, to begin with */
#define STOCK		12

/* Pages are donated by so many at once, if there are any side by side. */
#define BLOCK_ORDER	4

/* How often a call is made again while another CPU has root's lock */
#define TRIES		100000

static DEFINE_MUTEX(lock);

static int add_ram(struct resource *res, void *arg)
{
	struct keel_root *root = arg;
	u64 start = PFN_UP(res->start), end = PFN_DOWN(res->end + 1);

	/* Memory that does not fit in here cannot be donated, that is all. */
	if (start >= end || root->nr_ram == KEEL_RAM_MAX)
		return 0;
	root->ram[root->nr_ram].start = start;
	root->ram[root->nr_ram].end = end;
	root->nr_ram++;
	root->frames.nr = max(root->frames.nr, end);
	return 0;
}

/* A page of root's: hidden from the host, and known to be root's. */
static int seal_page(struct keel *keel, u64 pfn)
{
	struct keel_frame *frame;
	int err;

	err = keel_hostmap_hide(&keel->ept, pfn << PAGE_SHIFT, keel->root->zero_pa);
	if (err)
		return err;
	frame = keel_frame_make(&keel->root->frames, pfn);
	if (!frame)
		return -ENOMEM;
	return keel_frame_take(frame, KEEL_OWNER_ROOT);
}

static void init_pool(struct keel_pool *pool)
{
	pool->head = KEEL_NO_FRAME;
	pool->nr = 0;
}

/**
 * keel_seal() - take root's memory out of the host's reach, and account for it
 * @keel: Keel, with everything allocated, not launched yet
 *
 * What this takes for tables comes from the arena as well, at the end of the
 * list, and so is sealed in the same walk.
 *
 * Return: 0 or -ENOMEM.
 */
int keel_seal(struct keel *keel)
{
	struct keel_root *root = keel->root;
	void *zero = keel_arena_page(&keel->arena), *stock[STOCK];
	struct page *page;
	unsigned long i;
	int err;

	for (i = 0; i < STOCK; i++) {
		stock[i] = keel_arena_page(&keel->arena);
		if (!stock[i])
			return -ENOMEM;
	}
	if (!zero)
		return -ENOMEM;
	root->zero_pa = virt_to_phys(zero);
	keel_frames_init(&root->frames, &keel->arena_pages, 0);
	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0, -1,
			    root, add_ram);
	list_for_each_entry(page, &keel->arena.blocks, lru) {
		for (i = 0; i < 1UL << page_private(page); i++) {
			err = seal_page(keel, page_to_pfn(page) + i);
			if (err)
				return err;
		}
	}
	root->owned = keel->arena.nr;
	root->ept = keel->ept;
	init_pool(&root->stock);
	init_pool(&root->free);
	init_pool(&root->cooling);
	for (i = 0; i < STOCK; i++)
		keel_pool_put(root, &root->stock, virt_to_phys(stock[i]) >> PAGE_SHIFT);
	return 0;
}

struct call {
	u64 nr;
	u64 arg;
	s64 ret;
};

static void call_here(void *arg)
{
	struct call *c = arg;

	c->ret = keel_hypercall(c->nr, c->arg);
}

/* On this CPU, or, if root has given it back, on any that is demoted. */
static s64 call_once(u64 nr, u64 arg)
{
	struct call c = { .nr = nr, .arg = arg };
	unsigned int cpu;

	call_here(&c);
	for_each_online_cpu(cpu) {
		if (c.ret != -ENODEV)
			break;
		smp_call_function_single(cpu, call_here, &c, 1);
	}
	return c.ret;
}

static s64 call(u64 nr, u64 arg)
{
	unsigned int tries;
	s64 ret = -EAGAIN;

	for (tries = 0; ret == -EAGAIN && tries < TRIES; tries++) {
		ret = call_once(nr, arg);
		if (ret == -EAGAIN)
			cond_resched();
	}
	return ret;
}

static void ping(void *unused)
{
	keel_hypercall(KEEL_HC_PING, 0);
}

/**
 * keel_kick() - an exit to root on every CPU
 *
 * They flush, and what was donated can be used; guests come back to Linux.
 */
void keel_kick(void)
{
	on_each_cpu(ping, NULL, 1);
}

static int donate_page(struct keel *keel, struct page *page)
{
	s64 ret = call(KEEL_HC_DONATE, page_to_pfn(page));

	if (ret == -ENOMEM) {
		keel_kick();
		ret = call(KEEL_HC_DONATE, page_to_pfn(page));
	}
	if (ret) {
		__free_page(page);
		return ret;
	}
	list_add(&page->lru, &keel->donated);
	keel->nr_donated++;
	return 0;
}

/*
 * Side by side, as far as there are such: the first page of a large page of the host's
 * EPT costs root tables, up to KEEL_STOCK_MIN of them, the others cost nothing.  From
 * pages that lie all over memory root would not gain any.
 */
static struct page *get_block(unsigned int *order)
{
	struct page *page;

	for (; *order; --*order) {
		page = alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, *order);
		if (page) {
			split_page(page, *order);
			return page;
		}
	}
	/* With none left the request is refused: nobody is killed for it. */
	return alloc_page(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
}

/* How many pages were donated, 1 to @most, or an errno */
static int donate_block(struct keel *keel, unsigned int most)
{
	unsigned int order = min_t(unsigned int, ilog2(most), BLOCK_ORDER), i;
	struct page *page = get_block(&order);
	int err = 0, done = 0;

	if (!page)
		return -ENOMEM;
	for (i = 0; i < 1U << order; i++) {
		if (err) {
			__free_page(page + i);
			continue;
		}
		err = donate_page(keel, page + i);
		done += !err;
	}
	return done ?: err;
}

/**
 * keel_reserve() - donate pages to root
 * @keel: Keel, demoted
 * @nr: how many
 *
 * Return: 0; -ENOMEM, or what root says to it.  What was donated stays so.
 */
int keel_reserve(struct keel *keel, unsigned int nr)
{
	int done = 0;

	mutex_lock(&lock);
	for (; nr && done >= 0; nr -= max(done, 0))
		done = donate_block(keel, nr);
	keel_kick();
	mutex_unlock(&lock);
	return min(done, 0);
}

/* A page that root does not use comes back. */
static bool take_back(struct keel *keel)
{
	struct page *page;
	s64 pfn = call(KEEL_HC_RECLAIM, 0);

	if (pfn < 0)
		return false;
	page = pfn_to_page(pfn);
	list_del(&page->lru);
	keel->nr_donated--;
	__free_page(page);
	return true;
}

/**
 * keel_unreserve() - get the donated pages back that root does not use
 * @keel: Keel, demoted
 */
void keel_unreserve(struct keel *keel)
{
	mutex_lock(&lock);
	keel_kick();
	while (keel->nr_donated && take_back(keel))
		;
	mutex_unlock(&lock);
}

/**
 * keel_mend() - what guests have left in pieces becomes whole again
 * @keel: Keel, demoted; the last guest has gone
 * @keep: donated pages that stay root's
 * @guests: how many guests there are; when one has come meanwhile nothing is done,
 *	    since it may have donated what it is about to use
 *
 * Large pages of the host's EPT, and the pages that root had for its tables.
 */
void keel_mend(struct keel *keel, unsigned int keep, unsigned int (*guests)(void))
{
	s64 at = 0;

	mutex_lock(&lock);
	if (guests()) {
		mutex_unlock(&lock);
		return;
	}
	do {
		at = call(KEEL_HC_MEND, at);
	} while (at > 0);
	keel_kick();
	while (keel->nr_donated > keep && take_back(keel))
		;
	mutex_unlock(&lock);
}

/**
 * keel_drop_donated() - free what root kept to the end
 * @keel: Keel, on no CPU any more
 */
void keel_drop_donated(struct keel *keel)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &keel->donated, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
	keel->nr_donated = 0;
}

/**
 * keel_audit_all() - let root check all that it knows of memory
 * @keel: Keel, demoted
 *
 * Return: 0; -EUCLEAN when something is wrong, which root tells in the log;
 * -ENODEV when no CPU is demoted any more.
 */
int keel_audit_all(struct keel *keel)
{
	s64 at = 0;

	mutex_lock(&lock);
	do {
		at = call(KEEL_HC_AUDIT, at);
	} while (at > 0);
	mutex_unlock(&lock);
	return at;
}
