// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that lives from load to unload, and the switch that makes it run out.
 *
 * World: host.  Called from load alone, which is single-threaded; only
 * keel_step_fails() is also called with interrupts off on all CPUs at once.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "keel.h"

static unsigned int fail_step;
module_param(fail_step, uint, 0444);
MODULE_PARM_DESC(fail_step, "for tests: let the n-th step of loading that can fail, fail");

static atomic_t steps = ATOMIC_INIT(0);

/**
 * keel_step_fails() - is this the step that the parameter fail_step names?
 *
 * Every allocation of the load and every step of each CPU's launch asks.
 *
 * Return: true when the step has to fail.
 */
bool keel_step_fails(void)
{
	return fail_step && atomic_inc_return(&steps) == fail_step;
}

/**
 * keel_arena_init() - an empty arena
 * @arena: the arena
 */
void keel_arena_init(struct keel_arena *arena)
{
	INIT_LIST_HEAD(&arena->blocks);
	arena->nr = 0;
	arena->next = NULL;
	arena->left = 0;
}

/* Smaller blocks will do where memory is fragmented. */
static struct page *alloc_block(unsigned int *order)
{
	struct page *page;

	for (*order = KEEL_BLOCK_ORDER; ; --*order) {
		page = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN |
				   (*order ? __GFP_NORETRY : 0), *order);
		if (page || !*order)
			return page;
	}
}

static bool add_block(struct keel_arena *arena)
{
	unsigned int order;
	struct page *page = alloc_block(&order);

	if (!page)
		return false;
	set_page_private(page, order);
	/* At the end: who walks the list to seal the blocks comes by here too. */
	list_add_tail(&page->lru, &arena->blocks);
	arena->nr += 1UL << order;
	arena->next = page_address(page);
	arena->left = 1UL << order;
	return true;
}

/**
 * keel_arena_page() - a zeroed page of root's
 * @arena: who keeps it
 *
 * Return: its address in the kernel's direct map, or NULL.
 */
void *keel_arena_page(struct keel_arena *arena)
{
	void *page;

	if (keel_step_fails() || (!arena->left && !add_block(arena)))
		return NULL;
	page = arena->next;
	arena->next += PAGE_SIZE;
	arena->left--;
	return page;
}

/**
 * keel_arena_free() - give all of an arena's pages back
 * @arena: the arena, empty afterwards; hidden from no CPU any more
 */
void keel_arena_free(struct keel_arena *arena)
{
	struct page *page, *next;
	unsigned int order;

	list_for_each_entry_safe(page, next, &arena->blocks, lru) {
		order = page_private(page);
		set_page_private(page, 0);
		list_del(&page->lru);
		__free_pages(page, order);
	}
	keel_arena_init(arena);
}

static u64 *table_alloc(void *arg, u64 *pa)
{
	u64 *table = keel_arena_page(arg);

	if (table)
		*pa = virt_to_phys(table);
	return table;
}

static u64 *table_at(void *arg, u64 pa)
{
	return phys_to_virt(pa);
}

/* Tables from an arena; @arg is the arena. */
const struct keel_pages keel_arena_pages = {
	.alloc = table_alloc,
	.at = table_at,
};
