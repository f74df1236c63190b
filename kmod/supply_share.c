// SPDX-License-Identifier: GPL-2.0
/*
 * The calls to root by which guests' equal pages become one.
 *
 * World: host.  Called with the lock of share.c held, or the guest's.
 */
#include <linux/errno.h>
#include <linux/sched.h>

#include "call.h"
#include "keel.h"
#include "supply.h"
#include "vm.h"

/**
 * keel_supply_domain() - say with whom a guest shares pages
 * @vm: the guest, which is in root
 * @domain: guests of the same one share; 0 for itself alone
 *
 * Return: 0, or -EBUSY when it shares pages already.
 */
int keel_supply_domain(struct keel_vm *vm, u32 domain)
{
	return keel_call(KEEL_HC_VM_DOMAIN, vm->slot, domain, 0, NULL);
}

/**
 * keel_supply_scan() - look for pages of a guest's that have not changed
 * @vm: the guest
 * @gfn: where to go on, 0 at first
 * @seed: of the hashes
 * @scan: filled
 *
 * CPUs that have to flush before are sent through root.
 *
 * Return: where to go on, 0 at the end, or an errno; -ENOENT when it is not in root.
 */
s64 keel_supply_scan(struct keel_vm *vm, u64 gfn, u64 seed, struct keel_scan *scan)
{
	const struct keel_with *with = KEEL_WITH(scan, .out = scan, .size = sizeof(*scan));
	s64 ret = keel_call(KEEL_HC_VM_SCAN, vm->slot, gfn, seed, with);

	if (ret != -EBUSY)
		return ret;
	keel_kick();
	return keel_call(KEEL_HC_VM_SCAN, vm->slot, gfn, seed, with);
}

/**
 * keel_supply_merge() - propose pairs of pages to root
 * @batch: pairs, as keel_merge() takes them; what has become of each afterwards
 * @nr: how many pairs, at most KEEL_MERGE_NR
 * @most: so often a frame may be mapped
 *
 * Return: how many were merged, or an errno.
 */
s64 keel_supply_merge(u64 *batch, unsigned int nr, u32 most)
{
	return keel_call_once(KEEL_HC_MERGE, nr, most, 0,
			      KEEL_WITH(batch, .in = batch, .out = batch,
					.size = 2 * nr * sizeof(*batch)));
}

/**
 * keel_supply_trim() - free what merging has made superfluous
 * @vm: the guest; it does nothing to one that is not in root
 *
 * Return: true when a CPU was in the way, and some is left.
 */
bool keel_supply_trim(struct keel_vm *vm)
{
	u64 batch[KEEL_BATCH_NR];
	s64 nr;

	do {
		nr = keel_call(KEEL_HC_VM_TRIM, vm->slot, 0, 0,
			       KEEL_WITH(batch, .out = batch, .size = sizeof(batch)));
		if (nr > 0)
			keel_supply_put(batch, nr);
		cond_resched();
	} while (nr > 0);
	return nr == -EBUSY || nr == -EAGAIN;
}
