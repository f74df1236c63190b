/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Large pages of guests that are to have them, and what is known of each 2 MiB of their memory.
 *
 * World: host.
 */
#ifndef KEEL_LARGE_H
#define KEEL_LARGE_H

#include <linux/bitmap.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "abi.h"

struct keel_share_stat;
struct keel_sharer;
struct keel_vm;

/**
 * struct keel_range - 512 pages side by side
 * @was_split: they were a large page that was split, and not collapsed since
 * @whole: they were a large page when the scanner saw them last, or it has not
 * @merging: it was split just now, and the pages in @hit and @zero are being merged
 * @hit: pages that had another one with the same hash
 * @zero: pages that had that of zeros
 */
struct keel_range {
	bool was_split;
	bool whole;
	bool merging;
	DECLARE_BITMAP(hit, KEEL_BLOCK_NR);
	DECLARE_BITMAP(zero, KEEL_BLOCK_NR);
};

/**
 * struct keel_large - a guest that takes its memory in large pages, where it can
 * @vm: the guest
 * @range: those of which there is something to know, by their number, under keel_ranges
 * @share: where keel_large_share() is
 * @next: where @collapse goes on
 * @collapse: makes large pages of ranges that were split
 * @period: jiffies until the next time, longer while there is no memory
 * @none: Linux had no block, and is asked again after @retry
 * @retry: jiffies
 */
struct keel_large {
	struct keel_vm *vm;
	struct xarray range;
	unsigned long share;
	unsigned long next;
	struct delayed_work collapse;
	unsigned long period;
	bool none;
	unsigned long retry;
};

extern struct mutex keel_ranges;

/* large.c: nothing happens to a guest that has no large pages */
bool keel_large_open(struct keel_vm *vm);
void keel_large_close(struct keel_vm *vm);
int keel_large_fill(struct keel_vm *vm, unsigned int nr);
void keel_large_low(struct keel_vm *vm, const struct keel_run *run);
bool keel_large_use(struct keel_vm *vm);

/* ranges.c */
struct keel_range *keel_range_at(struct keel_large *large, u64 gfn);
struct keel_range *keel_range_make(struct keel_large *large, u64 gfn);
s64 keel_large_split(struct keel_vm *vm, u64 gfn);
int keel_large_split_all(struct keel_vm *vm);
void keel_large_forget(struct keel_vm *vm);
void keel_ranges_init(struct keel_large *large);

/* large_share.c: under the lock of share.c */
void keel_large_hit(struct keel_sharer *s, u64 gfn, bool zero);
void keel_large_seen(struct keel_sharer *s, u64 gfn, u64 next, const struct keel_scan *scan);
bool keel_large_share(struct keel_sharer *s, struct keel_share_stat *stat);

#endif /* KEEL_LARGE_H */
