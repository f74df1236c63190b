// SPDX-License-Identifier: GPL-2.0
/*
 * The reserve: frames that a guest's pool is to have for writes to pages that it shares.
 *
 * World: host.  Each guest's lock is taken here, unless it is busy: the next pass comes soon.
 *
 * A guest that gives up frames by merging keeps the first of them (mmu/cow.c), and root
 * says how many it is to have.  Once writes have used them up, Linux has to make the
 * reserve whole.  When it has no memory for that, it is told once: from then on a write can
 * find the pool empty, and if there is no memory then either, the guest pauses.
 */
#include <linux/sched.h>

#include "keel.h"
#include "share.h"
#include "supply.h"
#include "vm.h"

static void make_whole(struct keel_vm *vm)
{
	struct keel_vm_stat stat;
	bool was = vm->is_short;

	keel_supply_stat(vm, &stat);
	vm->is_short = stat.pool < stat.reserve &&
		       keel_supply_fill(vm, stat.reserve - stat.pool);
	if (!vm->is_short || was)
		return;
	vm->shortages++;
	keel_notify_vm(vm, KEEL_VM_EVENT_RESERVE);
}

/**
 * keel_share_reserve() - make the reserves of all guests whole
 * @pass: the scanner's that has ended: guests whose reserve it has found whole are left alone
 *
 * Return: of how many they are short.
 */
u32 keel_share_reserve(u64 pass)
{
	struct keel_vm *vm;
	u32 id, nr = 0;

	for (id = 1; id && (vm = keel_vm_next(id)); keel_vm_put(vm)) {
		id = vm->id + 1;
		if (mutex_trylock(&vm->lock)) {
			if ((vm->sharer && READ_ONCE(vm->sharer->whole) == pass) ||
			    (vm->state != KEEL_VM_STATE_RUNNING &&
			     vm->state != KEEL_VM_STATE_PAUSED))
				vm->is_short = false;
			else
				make_whole(vm);
			mutex_unlock(&vm->lock);
		}
		nr += vm->is_short;
		cond_resched();
	}
	return nr;
}
