/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest's memory, as root keeps it: its EPT and the pool that its frames come
 * from.
 *
 * World: root and KUnit.  @lock is the guest's own; who finds it taken lets the
 * guest, or the host, try again.  Under struct keel_root's lock: making, killing,
 * filling and draining.
 */
#ifndef KEEL_MMU_GUEST_H
#define KEEL_MMU_GUEST_H

#include <linux/types.h>

#include "../abi.h"
#include "pool.h"
#include "table.h"

/* Guests' ids are below this; the owner of a guest's frames is KEEL_OWNER_VM + id. */
#define KEEL_GUEST_IDS	0xff00

/**
 * struct keel_guest - a guest; a page of root's
 * @lock: 1 while a CPU works on its memory
 * @id: its id
 * @owner: KEEL_OWNER_VM + @id
 * @dead: it never runs again
 * @ept: its EPT
 * @frames: its memory: gfns below this
 * @epoch: counts the times that a right was taken away from its vCPUs
 * @ready_epoch: the epoch of struct keel_root that every CPU has to pass before a
 *               vCPU may run: frames came right from the host
 * @pool: frames for first touches and tables
 * @cooling: frames that a CPU may still have a host's translation for
 * @cooling_epoch: the epoch that every CPU has to pass before they join @pool
 * @stat: what it counts; @stat.pool is derived when it is asked for
 * @cursor: how far keel_guest_drain() is
 * @nr_vcpus: vCPUs that there are
 * @vcpu: the frames of their struct keel_vcpu, KEEL_NO_FRAME for none
 */
struct keel_guest {
	u32 lock;
	u16 id;
	u16 owner;
	bool dead;
	struct keel_table ept;
	u64 frames;
	u64 epoch;
	u64 ready_epoch;
	struct keel_pool pool;
	struct keel_pool cooling;
	u64 cooling_epoch;
	struct keel_vm_stat stat;
	u64 cursor;
	u32 nr_vcpus;
	u32 vcpu[KEEL_VCPUS_MAX];
};

/**
 * enum keel_fault - what became of an EPT violation
 * @KEEL_FAULT_DONE: the access will work now
 * @KEEL_FAULT_BUSY: another CPU works on the guest's memory: try again
 * @KEEL_FAULT_FILL: the pool is empty
 * @KEEL_FAULT_KICK: the other vCPUs have to flush first
 * @KEEL_FAULT_OUTSIDE: no memory there
 */
enum keel_fault {
	KEEL_FAULT_DONE,
	KEEL_FAULT_BUSY,
	KEEL_FAULT_FILL,
	KEEL_FAULT_KICK,
	KEEL_FAULT_OUTSIDE,
};

/* guest.c */
struct keel_guest *keel_guest_at(struct keel_root *root, u64 id);
bool keel_guest_lock(struct keel_guest *guest);
void keel_guest_unlock(struct keel_guest *guest);
s64 keel_guest_new(struct keel_root *root, u64 id, u64 frames);
s64 keel_guest_fill(struct keel_root *root, u64 id, const u64 *batch, u64 nr);
s64 keel_guest_map(struct keel_root *root, u64 id, const u64 *batch, u64 nr, u64 gfn);
s64 keel_guest_kill(struct keel_root *root, u64 id);
s64 keel_guest_drain(struct keel_root *root, u64 id, u64 *batch);
s64 keel_guest_stat(struct keel_root *root, u64 id, struct keel_vm_stat *stat);

/* Root's own pages for a guest, from its pool and zeroed; under the guest's lock */
void *keel_guest_page(struct keel_root *root, struct keel_guest *guest, u64 *pfn);

/* fault.c: under no lock */
enum keel_fault keel_guest_fault(struct keel_root *root, struct keel_guest *guest, u64 gpa,
				 bool write, const void *self);
/* every vCPU but @self that is in the guest has flushed since @epoch; vmx/vcpu.c */
bool keel_guest_passed(const struct keel_guest *guest, u64 epoch, const void *self);
/* none of its vCPUs is in the guest, or has its VMCS active on a CPU; vmx/vcpu.c */
bool keel_guest_parked(const struct keel_guest *guest);

#endif /* KEEL_MMU_GUEST_H */
