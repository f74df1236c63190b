/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sharing equal pages: the scanner, its index, and what is set and told of it.
 *
 * World: host.
 */
#ifndef KEEL_SHARE_H
#define KEEL_SHARE_H

#include <linux/list.h>
#include <linux/types.h>

#include "abi.h"

struct keel_chunk;
struct keel_sharer;
struct keel_vm;
struct netlink_ext_ack;

/* What can be set for all guests together */
#define KEEL_SHARE_BUDGET	20	/* percent of one CPU, to begin with */
#define KEEL_SHARE_CAP		(~0U)	/* so often a frame may be mapped */

/**
 * struct keel_share_stat - what sharing has done
 * @frames: frames that are shared
 * @sharing: pages that would have frames of their own otherwise
 * @unshared: pages in the index that are like no other one
 * @dirty: pages that were written to in the last pass
 * @passes: full passes
 * @merged: pairs that were merged
 * @failed: hints that were wrong
 * @hashed: pages that were hashed
 * @overhead: bytes of the index
 * @cpu_time: ns of the scanner's
 * @budget: percent of one CPU
 * @pace: the same, of which it may take so many now
 * @rate: pages a second, 0 for no limit
 * @is_short: guests whose reserve is short
 * @cap: so often a frame may be mapped
 * @asked: how often keel_share_settle() was called
 * @done: how many of these are done
 */
struct keel_share_stat {
	u64 frames;
	u64 sharing;
	u64 unshared;
	u64 dirty;
	u64 passes;
	u64 merged;
	u64 failed;
	u64 hashed;
	u64 overhead;
	u64 cpu_time;
	u32 budget;
	u32 pace;
	u32 rate;
	u32 is_short;
	u32 cap;
	u32 asked;
	u32 done;
};

/**
 * struct keel_share_pages - what is known of a guest's pages
 * @on: it shares
 * @young: it was started only just now
 * @seen: a pass has gone through it
 * @domain: with whom it shares, 0 for itself alone
 * @clean: pages of its own that were not written to between the last two passes
 * @unindexed: those among them for which there was no memory in the index
 * @capped: those that are equal to a frame that is mapped as often as may be
 */
struct keel_share_pages {
	bool on;
	bool young;
	bool seen;
	u32 domain;
	u64 clean;
	u64 unindexed;
	u64 capped;
};

/* share.c */
int keel_share_init(void);
void keel_share_exit(void);
/* with @vm's lock */
int keel_share_on(struct keel_vm *vm, bool on, struct netlink_ext_ack *extack);
int keel_share_domain(struct keel_vm *vm, u32 domain, bool lives, struct netlink_ext_ack *extack);
void keel_share_forget(struct keel_vm *vm);
void keel_share_set(const u32 *budget, const u32 *cap, const u32 *rate);
void keel_share_settle(void);
void keel_share_stat(struct keel_share_stat *stat);
void keel_share_pages(struct keel_vm *vm, struct keel_share_pages *pages);

/* pairs.c: under the lock of share.c */
void keel_pairs_add(struct keel_sharer *from, u64 from_gfn, struct keel_sharer *to, u64 to_gfn);
void keel_pairs_forget(struct keel_sharer *from, u64 from_gfn);
void keel_pairs_merge(struct keel_share_stat *stat);

/* reserve.c: under no lock */
u32 keel_share_reserve(u64 pass);

/* index.c: under the lock of share.c */
struct keel_sharer *keel_index_open(u64 frames);
void keel_index_close(struct keel_sharer *sharer);
void keel_index_forget(struct keel_sharer *sharer);
int keel_index_put(struct keel_sharer *sharer, u64 gfn, u64 hash, struct keel_sharer **other,
		   u64 *at);
void keel_index_copy(struct keel_sharer *sharer, u64 gfn, struct keel_sharer *from, u64 at);
bool keel_index_find(struct keel_sharer *sharer, u64 gfn, struct keel_sharer **other, u64 *at);
void keel_index_drop(struct keel_sharer *sharer, u64 gfn);
void keel_index_cap(struct keel_sharer *sharer, u64 gfn, bool on);
u64 keel_index_bytes(void);
u64 keel_index_entries(void);
void keel_index_exit(void);

/**
 * struct keel_sharer - a guest that shares
 * @vm: the guest
 * @node: in the scanner's list
 * @domain: with whom, 0 for itself alone
 * @found: what the pass that is under way has found
 * @last: what the last one has
 * @whole: the pass that has found its reserve whole
 * @capped: its pages that are so by keel_index_cap()
 * @nr: entries of @chunk
 * @chunk: its pages in the index, NULL before the first one; a chunk is there once one of its
 *         pages is
 */
struct keel_sharer {
	struct keel_vm *vm;
	struct list_head node;
	u32 domain;
	struct keel_share_pages found;
	struct keel_share_pages last;
	u64 whole;
	u64 capped;
	u64 nr;
	struct keel_chunk **chunk;
};

#endif /* KEEL_SHARE_H */
