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

#include "../../uapi/machine.h"
#include "../abi.h"
#include "hostmap.h"
#include "pool.h"
#include "table.h"

/* Guests' ids are below this; the owner of a guest's frames is KEEL_OWNER_VM + id. */
#define KEEL_GUEST_IDS	0xff00

/* Where memory stops, and where it goes on, in frames */
#define KEEL_GFN_HOLE		(KEEL_MACHINE_HOLE >> 12)
#define KEEL_GFN_HOLE_END	(KEEL_MACHINE_HOLE_END >> 12)

/* Frames of memory that a guest's EPT of four levels has room for */
#define KEEL_GUEST_FRAMES_MAX	(BIT_ULL(36) - (KEEL_GFN_HOLE_END - KEEL_GFN_HOLE))

/* How a guest's own memory is mapped, and the zero frame */
#define KEEL_LEAF_OWN	(KEEL_EPT_RWX | KEEL_EPT_TYPE(KEEL_MT_WB) | KEEL_EPT_IPAT)
#define KEEL_LEAF_ZERO	(KEEL_LEAF_OWN & ~KEEL_EPT_WRITE)

/* A large page of its own, of KEEL_BLOCK_NR frames: no other is ever mapped at that level */
#define KEEL_LEAF_LARGE	(KEEL_LEAF_OWN | KEEL_TABLE_LARGE)

/* A frame that others map as well; the bit is the walker's own to ignore (SDM 28.3.2) */
#define KEEL_LEAF_IS_SHARED	BIT_ULL(53)
#define KEEL_LEAF_SHARED	(KEEL_LEAF_ZERO | KEEL_LEAF_IS_SHARED)

/* How an entry leads to a table that other guests hold as well: nothing below it is written to */
#define KEEL_LEADS_SHARED	(KEEL_EPT_RWX & ~KEEL_EPT_WRITE)

/* The page was hashed, and not written to since: while it is not dirty; likewise */
#define KEEL_LEAF_HASHED	BIT_ULL(52)

/*
 * An entry without rights: the frame that the page had, the zero frame or a shared one, or
 * a table that others hold as well; and from which epoch of the guest's on nobody has a
 * translation to it any more, as many bits of that as there is room for
 */
#define KEEL_LEAF_PENDING(pa, epoch)	((pa) | (epoch) << 44)
#define KEEL_LEAF_EPOCH(entry)		((entry) >> 44)
#define KEEL_LEAF_EPOCH_MASK		(BIT_ULL(20) - 1)

/* The frame of an entry that is not empty: its number has 32 bits */
#define KEEL_LEAF_PA(entry)		((entry) & 0x00000ffffffff000ULL)

/**
 * struct keel_said - what a guest has said by its serial port, and Linux has not taken yet
 * @lock: held while @byte and @nr change; nobody waits for it
 * @nr: how many bytes
 * @port: KEEL_PORT_SENDS() while the port does no more than send, else 0
 * @asked: the guest has looked at the line since the last byte
 * @byte: the bytes
 */
struct keel_said {
	u32 lock;
	u32 nr;
	u32 port;
	bool asked;
	u8 byte[KEEL_SAID_NR];
};

/**
 * struct keel_next - what a guest's next page is expected to be equal to
 * @run: so many pages in a row before it were equal to others in a row
 * @gfn: the page
 * @hint: KEEL_HINT() of the other one, or KEEL_HINT_ZERO
 * @most: so often a frame may be mapped
 */
struct keel_next {
	u64 run;
	u64 gfn;
	u64 hint;
	u32 most;
};

/**
 * struct keel_blocks - frames that wait to become large pages
 * @pfn: the first one of each block; blocks that can be used come first
 * @nr: how many blocks
 * @ready: so many of them no CPU has a host's translation for any more
 * @asks: there is reason to ask the host for more
 */
struct keel_blocks {
	u32 pfn[KEEL_BLOCKS_MAX];
	u32 nr;
	u32 ready;
	bool asks;
};

/**
 * struct keel_collapse - a table that is to become a large page
 * @at: the entry that leads to it, without the right to write meanwhile, or that maps the
 *      large page already, likewise; NULL when there is none, or a write has come between
 * @gfn: the first page
 * @epoch: the guest's epoch that its vCPUs have to pass before it goes on
 * @pfn: the first frame of the block that the pages are copied to; KEEL_NO_FRAME for none
 * @nr: so many were
 */
struct keel_collapse {
	u64 *at;
	u64 gfn;
	u64 epoch;
	u32 pfn;
	u32 nr;
};

/**
 * struct keel_guest - a guest; a page of root's
 * @lock: 1 while a CPU works on its memory
 * @id: its id
 * @owner: KEEL_OWNER_VM + @id
 * @dead: it never runs again
 * @source: frames of its own can be in tables that its clones hold
 * @bound: it shares pages in a way that @stat does not say: it stays in its domain
 * @unwritten: since it was cloned, there is nothing that it could write to (clone.c)
 * @pages: where the tables of @ept come from: @pool
 * @ept: its EPT
 * @frames: how much memory it has: see keel_gfn_ok()
 * @epoch: counts the times that a right was taken away from its vCPUs
 * @ready_epoch: the epoch of struct keel_root that every CPU has to pass before a
 *               vCPU may run: frames came right from the host; 0 for none
 * @dead_epoch: the epoch after which nobody that has not seen @dead looks at it
 * @pool: frames for first touches and tables
 * @cooling: frames that a CPU may still have a host's translation for
 * @cooling_epoch: the epoch that every CPU has to pass before they join @pool, and blocks are
 *                 ready
 * @used: other frames of root's for it, linked as in a pool
 * @spare: frames that were its memory and are not any more, with what was in them
 * @spare_epoch: its epoch that its vCPUs have to pass before these are anybody else's
 * @blocks: for large pages; none but for guests that the host has given one
 * @collapse: of small pages to a large one
 * @domain: guests of the same one, if not 0, share pages with it
 * @protect_epoch: its epoch at which a page was write-protected last
 * @harvest_epoch: its epoch at which a dirty bit was cleared last
 * @scan_epoch: @harvest_epoch when its first page was scanned last
 * @next: in the pass that is under way
 * @stat: what it counts; @stat.pool, @stat.tables, @stat.spare, @stat.reserve, @stat.kept and
 *        @stat.blocks are derived when they are asked for
 * @cursor: how far keel_guest_drain() is, or before that keel_clone_give()
 * @said: by its serial port
 * @tsc_start: the machine's TSC when it was made
 * @wall_start: the time of day at that moment, ns since 1970
 * @tsc_split: a vCPU has moved its TSC away from the others'
 * @nr_vcpus: vCPUs that there are
 * @vcpu: the frames of their struct keel_vcpu, KEEL_NO_FRAME for none
 */
struct keel_guest {
	u32 lock;
	u16 id;
	u16 owner;
	bool dead;
	bool source;
	bool bound;
	bool unwritten;
	struct keel_pages pages;
	struct keel_table ept;
	u64 frames;
	u64 epoch;
	u64 ready_epoch;
	u64 dead_epoch;
	struct keel_pool pool;
	struct keel_pool cooling;
	u64 cooling_epoch;
	struct keel_pool used;
	struct keel_pool spare;
	u64 spare_epoch;
	struct keel_blocks blocks;
	struct keel_collapse collapse;
	u64 domain;
	u64 protect_epoch;
	u64 harvest_epoch;
	u64 scan_epoch;
	struct keel_next next;
	struct keel_vm_stat stat;
	u64 cursor;
	struct keel_said said;
	u64 tsc_start;
	u64 wall_start;
	bool tsc_split;
	u32 nr_vcpus;
	u32 vcpu[KEEL_VCPUS_MAX];
};

/**
 * enum keel_fault - what became of an EPT violation
 * @KEEL_FAULT_DONE: the access will work now; the vCPU first has to flush if the
 *                   guest's epoch is no longer the one that it has flushed for
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

/* Is there memory at @gfn, when there are @frames of it?  None is in the hole. */
static inline bool keel_gfn_ok(u64 frames, u64 gfn)
{
	if (gfn >= KEEL_GFN_HOLE) {
		if (gfn < KEEL_GFN_HOLE_END)
			return false;
		gfn -= KEEL_GFN_HOLE_END - KEEL_GFN_HOLE;
	}
	return gfn < frames;
}

/* Likewise, for @nr frames from @gfn on, all of them on one side of the hole; 0 is one. */
static inline bool keel_gfns_ok(u64 frames, u64 gfn, u64 nr)
{
	u64 last = gfn + nr - !!nr;

	return last >= gfn && keel_gfn_ok(frames, gfn) && keel_gfn_ok(frames, last) &&
	       (gfn < KEEL_GFN_HOLE) == (last < KEEL_GFN_HOLE);
}

/* Behind the last one */
static inline u64 keel_gfn_end(u64 frames)
{
	return frames <= KEEL_GFN_HOLE ? frames : frames + KEEL_GFN_HOLE_END - KEEL_GFN_HOLE;
}

/* Try to get the lock, before the guest's memory is looked at; never wait for it. */
static inline bool keel_guest_lock(struct keel_guest *guest)
{
	return !__atomic_exchange_n(&guest->lock, 1, __ATOMIC_ACQUIRE);
}

/* A right was taken away from the guest's vCPUs, by a change of its EPT: from which epoch on */
static inline u64 keel_guest_bump(struct keel_guest *guest)
{
	u64 epoch = guest->epoch + 1;

	__atomic_store_n(&guest->epoch, epoch, __ATOMIC_SEQ_CST);
	return epoch;
}

static inline void keel_guest_unlock(struct keel_guest *guest)
{
	__atomic_store_n(&guest->lock, 0, __ATOMIC_RELEASE);
}

/* Is there memory at this address? */
static inline bool keel_guest_inside(const struct keel_guest *guest, u64 gpa)
{
	return keel_gfn_ok(guest->frames, gpa >> 12);
}

/* guest.c */
struct keel_guest *keel_guest_at(struct keel_root *root, u64 id);
struct keel_guest *keel_guest_alive(struct keel_root *root, u64 id);
s64 keel_guest_hold(struct keel_root *root, u64 id, struct keel_guest **guest);
s64 keel_guest_new(struct keel_root *root, u64 id, u64 frames);
s64 keel_guest_kill(struct keel_root *root, u64 id);
s64 keel_guest_stat(struct keel_root *root, u64 id, struct keel_vm_stat *stat);
bool keel_guest_ready(const struct keel_root *root, struct keel_guest *guest);

/* supply.c: frames from the host */
s64 keel_guest_fill(struct keel_root *root, u64 id, const u64 *batch, u64 nr);
s64 keel_guest_map(struct keel_root *root, u64 id, const u64 *batch, u64 nr, u64 gfn);

/* drain.c: and back */
s64 keel_guest_drain(struct keel_root *root, u64 id, u64 *batch);

/* gpool.c: frames of the guest's pool; under the guest's lock */
void keel_guest_settle(struct keel_root *root, struct keel_guest *guest);
bool keel_guest_has(struct keel_root *root, struct keel_guest *guest, u64 nr);
struct keel_frame *keel_guest_take(struct keel_root *root, struct keel_guest *guest, u64 *pfn);
void *keel_guest_page(struct keel_root *root, struct keel_guest *guest, u64 *pfn);
u64 *keel_guest_walk(struct keel_guest *guest, u64 gpa, unsigned int *level, u64 *rights);
u64 *keel_guest_tables(struct keel_root *root, struct keel_guest *guest, u64 gpa,
		       unsigned int to);

/* The entry alone */
static inline u64 *keel_guest_leaf(struct keel_guest *guest, u64 gpa, unsigned int *level)
{
	u64 rights;

	return keel_guest_walk(guest, gpa, level, &rights);
}

/*
 * What a guest's EPT pointer has beside the address, of @bits that it can have.  With accessed
 * and dirty flags a CPU's walks of the guest's page tables count as writes (SDM 28.3.5): while
 * the guest has nothing to write to it goes without, so that to read takes nothing.
 */
static inline u64 keel_guest_eptp(const struct keel_guest *guest, u64 bits)
{
	bool unwritten = __atomic_load_n(&guest->unwritten, __ATOMIC_SEQ_CST);

	return guest->ept.root | (unwritten ? bits & ~KEEL_EPTP_AD : bits);
}

/* Is this an entry of a large page, as keel_guest_walk() comes to it? */
static inline bool keel_leaf_large(unsigned int level, u64 entry)
{
	return level == KEEL_LEVEL_2M && entry & KEEL_TABLE_LARGE;
}

/* The frame that a page has, by the entry that keel_guest_walk() came to: not an empty one */
static inline u64 keel_leaf_pa(unsigned int level, u64 entry, u64 gpa)
{
	return KEEL_LEAF_PA(entry) + (gpa & (keel_level_size(level) - KEEL_PAGE_SIZE));
}

/* block.c: under the lock of struct keel_root */
s64 keel_guest_block(struct keel_root *root, u64 id, u64 pfn);
s64 keel_guest_no_block(struct keel_root *root, u64 id, bool use);
/* under the guest's lock */
bool keel_block_ready(struct keel_root *root, struct keel_guest *guest);
struct keel_frame *keel_block_take(struct keel_root *root, struct keel_guest *guest, u64 *pfn);
void keel_block_free(struct keel_root *root, struct keel_pool *pool, u64 pfn);
void keel_block_drop(struct keel_root *root, struct keel_guest *guest);
u16 keel_block_wants(const struct keel_guest *guest);

/* large.c: under the guest's lock */
enum keel_fault keel_large_touch(struct keel_root *root, struct keel_guest *guest, u64 gpa,
				 bool write);
void keel_large_release(struct keel_root *root, struct keel_guest *guest, u64 *entry);
/* under no lock */
s64 keel_guest_split(struct keel_root *root, u64 id, u64 gfn);

/* collapse.c: under no lock */
s64 keel_guest_collapse(struct keel_root *root, u64 id, u64 gfn);
/* under the guest's lock */
void keel_collapse_give_up(struct keel_guest *guest);
void keel_collapse_drop(struct keel_root *root, struct keel_guest *guest);

/* clone.c: under the locks of struct keel_root and of no guest */
s64 keel_guest_clone(struct keel_root *root, u64 from, u64 to);
/* under the guest's lock */
enum keel_fault keel_clone_own(struct keel_root *root, struct keel_guest *guest, u64 gpa,
			       const void *self);
void keel_clone_written(struct keel_guest *guest);
bool keel_clone_give(struct keel_root *root, struct keel_guest *guest, unsigned int *work);
bool keel_clone_leave(struct keel_root *root, struct keel_guest *guest, u64 *entry,
		      unsigned int level);

/* cow.c: under the guest's lock */
enum keel_fault keel_cow_break(struct keel_root *root, struct keel_guest *guest, u64 *entry,
			       const void *self);
bool keel_cow_drop(struct keel_root *root, struct keel_frame *frame);
void keel_cow_spare(struct keel_guest *guest, u64 pfn, struct keel_frame *frame);
u64 keel_cow_reserve(const struct keel_guest *guest);
u64 keel_cow_lacks(const struct keel_guest *guest);
/* under the lock of struct keel_root */
s64 keel_guest_trim(struct keel_root *root, u64 id, u64 *batch);

/* merge.c: under no lock */
s64 keel_merge(struct keel_root *root, u64 *batch, u64 nr, u64 most);
s64 keel_guest_domain(struct keel_root *root, u64 id, u64 domain);
/* under the guest's lock */
u64 keel_merge_next(struct keel_root *root, struct keel_guest *guest, u64 gfn);

/* scan.c: under no lock */
s64 keel_guest_scan(struct keel_root *root, u64 id, u64 gfn, u64 seed, struct keel_scan *scan);

/* fault.c: under the guest's lock */
bool keel_guest_retire(struct keel_guest *guest, u64 *entry, const void *self);
/* under no lock */
enum keel_fault keel_guest_fault(struct keel_root *root, struct keel_guest *guest, u64 gpa,
				 bool write, const void *self);

/* gmem.c: the same */
enum keel_fault keel_gmem_at(struct keel_root *root, struct keel_guest *guest, u64 gpa,
			     const void *self, void **at);
enum keel_fault keel_gmem_read(struct keel_root *root, struct keel_guest *guest, u64 gpa,
			       void *buf, u64 size);
enum keel_fault keel_gmem_write(struct keel_root *root, struct keel_guest *guest, u64 gpa,
				const void *buf, u64 size, const void *self);

/* every vCPU but @self that is in the guest has flushed since @epoch; vmx/vcpu.c */
bool keel_guest_passed(const struct keel_guest *guest, u64 epoch, const void *self);
/* none of its vCPUs is in the guest, or has its VMCS active on a CPU; vmx/vcpu.c */
bool keel_guest_parked(const struct keel_guest *guest);

#endif /* KEEL_MMU_GUEST_H */
