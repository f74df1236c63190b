// SPDX-License-Identifier: GPL-2.0
/*
 * Guests, as far as they are memory: how they come, how they are found, and how they
 * are told to end.
 *
 * World: root and KUnit, under the lock of struct keel_root, but for finding.
 *
 * A guest is found without any lock, on any CPU, by a host that may do anything at the
 * same time.  So a page of struct keel_guest is not used again before every CPU has
 * gone back to its host since it could last be found; and what a guest has goes back
 * to the host only when every CPU has done so since it was marked dead.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "guest.h"
#include "walk.h"

_Static_assert(sizeof(struct keel_guest) <= KEEL_PAGE_SIZE, "one page a guest");

/* Tables on the way to a guest */
#define LEVELS	2

/**
 * keel_guest_at() - find a guest
 * @root: root; its lock is not needed
 * @id: its id, any number
 *
 * Return: the guest, dead or alive, which can be looked at until this CPU goes back to
 * its host, and longer only by who has taken a vCPU of it and then not seen @dead;
 * NULL when there is none.
 */
struct keel_guest *keel_guest_at(struct keel_root *root, u64 id)
{
	u64 pa = __atomic_load_n(&root->vms.root, __ATOMIC_ACQUIRE);
	unsigned int level;

	if (id >= KEEL_GUEST_IDS || !pa)
		return NULL;
	for (level = LEVELS; level; level--) {
		pa = __atomic_load_n((u64 *)keel_phys(pa) + keel_table_index(id << 12, level),
				     __ATOMIC_ACQUIRE);
		if (!(pa & 1))
			return NULL;
		pa &= KEEL_TABLE_ADDR;
	}
	return keel_phys(pa);
}

/**
 * keel_guest_alive() - find a guest that was not killed
 * @root: root; its lock is not needed
 * @id: its id, any number
 *
 * Return: the guest, as keel_guest_at() has it; NULL when there is none, or a dead one.
 */
struct keel_guest *keel_guest_alive(struct keel_root *root, u64 id)
{
	struct keel_guest *guest = keel_guest_at(root, id);

	return guest && !__atomic_load_n(&guest->dead, __ATOMIC_SEQ_CST) ? guest : NULL;
}

/**
 * keel_guest_hold() - find a guest that was not killed, and lock it
 * @root: root
 * @id: its id, any number
 * @guest: set to the guest
 *
 * Return: 0; -ENOENT when there is no such guest, -ESHUTDOWN when it is dead, -EAGAIN when a
 * CPU works on its memory.
 */
s64 keel_guest_hold(struct keel_root *root, u64 id, struct keel_guest **guest)
{
	*guest = keel_guest_at(root, id);
	if (!*guest)
		return -ENOENT;
	if ((*guest)->dead)
		return -ESHUTDOWN;
	return keel_guest_lock(*guest) ? 0 : -EAGAIN;
}

static u64 *table_alloc(void *arg, u64 *pa)
{
	struct keel_guest *guest = arg;
	struct keel_frame *frame;
	u64 pfn;

	frame = keel_guest_take(keel_root_state(), guest, &pfn);
	if (!frame)
		return NULL;
	*pa = pfn << 12;
	keel_zero(keel_phys(*pa));
	return keel_phys(*pa);
}

static u64 *table_at(void *arg, u64 pa)
{
	return keel_phys(pa);
}

static void init(struct keel_guest *guest, u64 id, u64 frames)
{
	unsigned int i;

	guest->id = id;
	guest->owner = KEEL_OWNER_VM + id;
	guest->frames = frames;
	guest->pages.alloc = table_alloc;
	guest->pages.at = table_at;
	guest->pages.arg = guest;
	keel_ept_init(&guest->ept, &guest->pages);
	keel_pool_init(&guest->pool);
	keel_pool_init(&guest->cooling);
	keel_pool_init(&guest->used);
	keel_pool_init(&guest->spare);
	guest->collapse.pfn = KEEL_NO_FRAME;
	for (i = 0; i < KEEL_VCPUS_MAX; i++)
		guest->vcpu[i] = KEEL_NO_FRAME;
}

/**
 * keel_guest_new() - make a guest, without any memory yet
 * @root: root
 * @id: its id, free and below KEEL_GUEST_IDS
 * @frames: how many frames of memory it can have, at most KEEL_GUEST_FRAMES_MAX
 *
 * Return: 0; -EINVAL for a bad id or number, -EEXIST when there is a guest of that id,
 * -ENOMEM when root lacks pages: it wants donations.
 */
s64 keel_guest_new(struct keel_root *root, u64 id, u64 frames)
{
	u64 pa;

	if (id >= KEEL_GUEST_IDS || !frames || frames > KEEL_GUEST_FRAMES_MAX)
		return -EINVAL;
	if (keel_guest_at(root, id))
		return -EEXIST;
	keel_pool_settle(root);
	if (root->stock.nr + root->free.nr < KEEL_STOCK_MIN + LEVELS + 1)
		return -ENOMEM;
	root->vms.levels = LEVELS;
	root->vms.inner = 1;
	root->vms.present = 1;
	if (!keel_root_pages.alloc(keel_root_pages.arg, &pa))
		return -ENOMEM;
	init(keel_phys(pa), id, frames);
	/* There are pages for the tables, and nothing is there: it cannot fail. */
	return keel_table_map(&root->vms, id << 12, pa, KEEL_LEVEL_4K, 1);
}

/**
 * keel_guest_kill() - let a guest never run again
 * @root: root
 * @id: its id
 *
 * Who looks at @dead from now on leaves it alone.  Who has looked before has not been
 * back in its host since: the epoch tells when it has.
 *
 * Return: 0, also when it is dead already; -ENOENT when there is none.
 */
s64 keel_guest_kill(struct keel_root *root, u64 id)
{
	struct keel_guest *guest = keel_guest_at(root, id);

	if (!guest)
		return -ENOENT;
	if (guest->dead)
		return 0;
	__atomic_store_n(&guest->dead, true, __ATOMIC_SEQ_CST);
	keel_epoch_bump(root);
	guest->dead_epoch = root->epoch;
	return 0;
}

/**
 * keel_guest_stat() - what a guest's memory is
 * @root: root
 * @id: its id
 * @stat: where it goes
 *
 * The guest's lock is not taken: while it runs, the numbers can be a step apart.
 *
 * Return: 0, or -ENOENT when there is none.
 */
s64 keel_guest_stat(struct keel_root *root, u64 id, struct keel_vm_stat *stat)
{
	const struct keel_guest *guest = keel_guest_at(root, id);

	if (!guest)
		return -ENOENT;
	*stat = guest->stat;
	stat->tables = guest->ept.tables;
	stat->pool = guest->pool.nr + guest->cooling.nr;
	stat->spare = guest->spare.nr;
	stat->reserve = keel_cow_reserve(guest);
	stat->kept = guest->used.nr;
	stat->blocks = guest->blocks.nr * KEEL_BLOCK_NR;
	return 0;
}

/**
 * keel_guest_ready() - may a vCPU go into the guest, as far as its memory goes?
 * @root: root; its lock is not needed
 * @guest: the guest
 *
 * A CPU could still write by its host's translation to a frame that was mapped for the
 * guest right away.  Who asks has marked the vCPU as in the guest before: either this
 * sees that frames are being mapped, or keel_guest_map() sees the vCPU.
 *
 * Return: true when every CPU has flushed since.
 */
bool keel_guest_ready(const struct keel_root *root, struct keel_guest *guest)
{
	u64 epoch = __atomic_load_n(&guest->ready_epoch, __ATOMIC_SEQ_CST);

	if (!epoch)
		return true;
	if (!keel_epoch_passed(root, epoch))
		return false;
	/* No need to look again, unless more was mapped meanwhile. */
	__atomic_compare_exchange_n(&guest->ready_epoch, &epoch, 0, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_RELAXED);
	return true;
}
