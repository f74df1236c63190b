// SPDX-License-Identifier: GPL-2.0
/*
 * Memory for large pages: blocks of 2 MiB from Linux to root, ahead of a guest's first touches.
 *
 * World: host.  Called from the guest's vCPU threads, or with its lock held.
 *
 * Linux looks for a block as it does for a process that has asked for such pages: it may move
 * pages out of the way, and no more.  Where it has none, root is told so, and the guest goes
 * on with single frames; Linux is asked again after a while, when the guest comes by for
 * something else.
 */
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "call.h"
#include "compat.h"
#include "keel.h"
#include "large.h"
#include "vm.h"

#define BLOCK_ORDER	9
#define GFP_BLOCK	(GFP_KERNEL_ACCOUNT | __GFP_NORETRY | __GFP_NOWARN | __GFP_ZERO)

/* How long Linux is left alone when it had none */
#define RETRY_MS	1000

static_assert(1 << BLOCK_ORDER == KEEL_BLOCK_NR);

/* A block, whose frames are freed one by one later on */
static struct page *get_block(struct keel_vm *vm)
{
	struct mem_cgroup *old = keel_charge_to(vm->memcg);
	struct page *page = keel_vm_step_fails() ? NULL : alloc_pages(GFP_BLOCK, BLOCK_ORDER);

	keel_charge_to(old);
	if (page)
		split_page(page, BLOCK_ORDER);
	return page;
}

static int give(struct keel_vm *vm)
{
	struct page *page = get_block(vm);
	unsigned int i;
	s64 ret;

	if (!page)
		return -ENOMEM;
	ret = keel_call_growing(KEEL_HC_VM_BLOCK, vm->slot, page_to_pfn(page), 0, NULL);
	if (!ret)
		return 0;
	for (i = 0; i < KEEL_BLOCK_NR; i++)
		__free_page(page + i);
	/* Another thread was faster. */
	return ret == -ENOSPC ? 0 : ret;
}

/**
 * keel_large_fill() - blocks for a guest
 * @vm: the guest, which has large pages
 * @nr: how many
 *
 * They can be used once every CPU has been through root: keel_kick().
 *
 * Return: 0; -ENOMEM, or what root says to it, and root does not ask for more then.
 */
int keel_large_fill(struct keel_vm *vm, unsigned int nr)
{
	struct keel_large *large = vm->large;
	int err = 0;

	mutex_lock(&vm->fill_lock);
	for (; nr && !err; nr--)
		err = give(vm);
	large->none = err;
	if (err) {
		large->retry = jiffies + msecs_to_jiffies(RETRY_MS);
		keel_call(KEEL_HC_VM_NO_BLOCK, vm->slot, 0, 0, NULL);
	}
	mutex_unlock(&vm->fill_lock);
	return err;
}

/**
 * keel_large_low() - give a guest that has come by the blocks that it may need next
 * @vm: the guest
 * @run: with what it has come
 */
void keel_large_low(struct keel_vm *vm, const struct keel_run *run)
{
	struct keel_large *large = vm->large;

	if (!large)
		return;
	if (run->blocks)
		keel_large_fill(vm, run->blocks);
	else if (READ_ONCE(large->none) && time_after(jiffies, READ_ONCE(large->retry)))
		keel_large_fill(vm, 1);
	else
		return;
	keel_kick();
}

/**
 * keel_large_use() - let a block that waits be single frames, as there are no others
 * @vm: the guest
 *
 * Return: true when there was one.
 */
bool keel_large_use(struct keel_vm *vm)
{
	return vm->large && keel_call(KEEL_HC_VM_NO_BLOCK, vm->slot, 1, 0, NULL) > 0;
}

/**
 * keel_large_open() - a guest is to have large pages, if it was made to
 * @vm: the guest
 *
 * Return: false when there is no memory for it.
 */
bool keel_large_open(struct keel_vm *vm)
{
	if (!vm->config.huge)
		return true;
	vm->large = keel_vm_step_fails() ? NULL : kzalloc(sizeof(*vm->large), GFP_KERNEL);
	if (!vm->large)
		return false;
	vm->large->vm = vm;
	keel_ranges_init(vm->large);
	return true;
}

/**
 * keel_large_close() - the end of a guest
 * @vm: the guest, which is not in root
 */
void keel_large_close(struct keel_vm *vm)
{
	if (!vm->large)
		return;
	keel_large_forget(vm);
	kfree(vm->large);
}
