/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all CPUs' root shares: the frame table, the host's EPT, root's pool of
 * pages, and the epoch that says which translations are stale.
 *
 * World: root; the host fills it once, before launch.  @lock guards all but
 * @epoch; who finds it taken goes back to the host, which tries again, so that
 * root never waits.
 */
#ifndef KEEL_MMU_POOL_H
#define KEEL_MMU_POOL_H

#include <linux/types.h>

#include "../abi.h"
#include "../vmx/root.h"
#include "frame.h"
#include "table.h"

#define KEEL_CPUS_MAX	512
#define KEEL_RAM_MAX	32

/*
 * Pages that a donation can take: frame table, two splits of the EPT.  Whatever else
 * takes pages leaves so many, so that there can be further donations.
 */
#define KEEL_STOCK_MIN	(KEEL_FRAME_PAGES_MAX + 2)

/* End of a list of frames */
#define KEEL_NO_FRAME	(~0U)

/**
 * struct keel_pool - a list of root's frames, linked by keel_frame.count
 * @head: the first, KEEL_NO_FRAME when it is empty
 * @tail: the last
 * @nr: how many
 */
struct keel_pool {
	u32 head;
	u32 tail;
	u64 nr;
};

/**
 * struct keel_audit - what an audit has counted so far
 * @moved: root's @moved when it began
 * @turns: root's @turns when it began
 * @owned: frames that are not the host's
 * @memory: frames that are guests' memory
 * @shared: frames that are shared
 * @holds: how often these are mapped, as they say
 * @held: how often tables of several guests are led to, as they say
 * @mix: what these frames and their owners make up (keel_audit_mix())
 * @leaves: the same, of the leaves of guests' EPTs
 * @links: how often tables of several guests are led to
 * @lent: frames of one guest's in tables of several
 * @before: memory of all guests, as they say, when it began
 * @after: the same, when it comes to its end
 * @guest: the guest that it is at: what that said when it came to it
 * @mapped: leaves of its EPT that are its own memory
 * @huge: those of them that are in large pages
 * @zero: leaves that are the zero frame
 * @sharing: leaves that are shared frames
 * @all_sharing: the same, of all guests
 * @tables: tables of its own
 * @cloned: leaves in tables of several guests'
 * @cloned_tables: these tables
 * @fresh: by level, on the way to where it is: no other guest has led here before
 */
struct keel_audit {
	u64 moved;
	u64 turns;
	u64 owned;
	u64 memory;
	u64 shared;
	u64 holds;
	u64 held;
	u64 mix;
	u64 leaves;
	u64 links;
	u64 lent;
	u64 before;
	u64 after;
	struct keel_vm_stat guest;
	u64 mapped;
	u64 huge;
	u64 zero;
	u64 sharing;
	u64 all_sharing;
	u64 tables;
	u64 cloned;
	u64 cloned_tables;
	u32 fresh;
};

/**
 * struct keel_root - see above
 * @lock: 1 while a CPU works on the rest
 * @nr_cpus: entries of @cpu
 * @epoch: counts the times that a right was taken away
 * @frames: the frame table
 * @ept: the host's EPT
 * @zero_pa: the page of zeros that stands for hidden ones
 * @stock: pages that came with the load, for tables
 * @free: pages that the host has donated and no CPU can reach any more
 * @cooling: donated pages that a CPU may still have a translation for
 * @cooling_epoch: the epoch that every CPU has to pass before they are free
 * @owned: frames that are not the host's
 * @moved: how often a frame has come from the host or gone back to it
 * @shared: frames that are shared; changed without the lock, as the next one
 * @turns: how often a page of a guest has come to map a shared frame or ceased to, or given
 *         up a frame of its own
 * @vms: pages of struct keel_guest, as if the one of guest id were mapped at id pages
 * @audit: of the audit that is under way
 * @guest: what guests run with
 * @nr_ram: entries of @ram
 * @ram: where memory is, from frame to frame, the last not included
 * @cpu: CPUs that have a slot
 */
struct keel_root {
	u32 lock;
	u32 nr_cpus;
	u64 epoch;
	struct keel_frames frames;
	struct keel_table ept;
	u64 zero_pa;
	struct keel_pool stock;
	struct keel_pool free;
	struct keel_pool cooling;
	u64 cooling_epoch;
	u64 owned;
	u64 moved;
	u64 shared;
	u64 turns;
	struct keel_table vms;
	struct keel_audit audit;
	struct keel_guest_setup guest;
	u32 nr_ram;
	struct {
		u64 start;
		u64 end;
	} ram[KEEL_RAM_MAX];
	u16 cpu[KEEL_CPUS_MAX];
};

/* pool.c */
extern const struct keel_pages keel_root_pages;
void keel_pool_put(struct keel_root *root, struct keel_pool *pool, u64 pfn);
struct keel_frame *keel_pool_take(struct keel_root *root, struct keel_pool *pool, u64 *pfn);
void keel_pool_init(struct keel_pool *pool);
void keel_pool_join(struct keel_root *root, struct keel_pool *to, struct keel_pool *from);
void keel_pool_settle(struct keel_root *root);
void keel_epoch_bump(struct keel_root *root);
void keel_epoch_pass(struct keel_root_cpu *cpu);
bool keel_epoch_passed(const struct keel_root *root, u64 epoch);
bool keel_root_lock(struct keel_root *root);
void keel_root_unlock(struct keel_root *root);

/* Root's address of memory */
#ifdef KEEL_ROOT
static inline void *keel_phys(u64 pa)
{
	return (void *)(KEEL_ROOT_PHYS + pa);
}
#else
void *keel_phys(u64 pa);
#endif

/* phys.c */
struct keel_root *keel_root_state(void);
void keel_flush(void);
struct keel_root_cpu *keel_root_cpu_at(const struct keel_root *root, u32 i);

static inline void keel_zero(void *page)
{
	u64 nr = KEEL_TABLE_NR;

	asm volatile("rep stosq" : "+D" (page), "+c" (nr) : "a" (0ULL) : "memory");
}

static inline void keel_copy(void *to, const void *from)
{
	u64 nr = KEEL_TABLE_NR;

	asm volatile("rep movsq" : "+D" (to), "+S" (from), "+c" (nr) : : "memory");
}

/* Add a frame of root's to a pool. */
static inline void keel_pool_push(struct keel_pool *pool, u64 pfn, struct keel_frame *frame)
{
	keel_frame_write(frame, pool->head, frame->owner, frame->flags | KEEL_FRAME_FREE);
	if (!pool->nr++)
		pool->tail = pfn;
	pool->head = pfn;
}

/* donate.c */
s64 keel_seize(struct keel_root *root, u64 pfn, u64 spare, struct keel_frame **frame);
s64 keel_seize_block(struct keel_root *root, u64 pfn, u64 spare, struct keel_frame **frame);
void keel_hand_back(struct keel_root *root, u64 pfn, struct keel_frame *frame);
s64 keel_donate(struct keel_root *root, u64 pfn);
s64 keel_reclaim(struct keel_root *root);

/* mend.c */
s64 keel_hostmap_mend(struct keel_root *root, u64 pa);

/* audit.c */
s64 keel_audit(struct keel_root_cpu *cpu, u64 pfn);

#endif /* KEEL_MMU_POOL_H */
