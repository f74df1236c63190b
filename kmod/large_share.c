// SPDX-License-Identifier: GPL-2.0
/*
 * Equal pages in large ones: whether it is worth to split them.
 *
 * World: host, under the lock of share.c.
 *
 * Pages of a large page are hashed as others are, but pairs with them are only counted: of
 * each range it is remembered which pages have another one with the same hash.  Behind each
 * pass over a guest's memory, the ranges where so many of these could be merged are split, and
 * with them those large pages that the others are in, if they have as many.  Then the pairs
 * are proposed.  What is known is a guess, as all of that: a split in vain is undone.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>

#include "keel.h"
#include "large.h"
#include "share.h"
#include "supply.h"
#include "vm.h"

/*
 * A large page is split when so many of its pages could be merged.  A split costs a table, and
 * the guest's CPUs find 2 MiB by 512 translations instead of one: for a quarter of a megabyte
 * that is cheap, for a page or two it is not.
 */
#define SPLIT_MIN	64

/* One of the pairs of a range; @to is NULL for the zero frame, @whole: it is in a large page */
struct found {
	u64 gfn;
	struct keel_sharer *to;
	u64 to_gfn;
	bool whole;
};

static unsigned int weight(const struct keel_range *r)
{
	return bitmap_weight(r->hit, KEEL_BLOCK_NR) + bitmap_weight(r->zero, KEEL_BLOCK_NR);
}

/**
 * keel_large_hit() - a page was found to be equal to another one, but is in a large page
 * @s: its guest, which need not have large pages
 * @gfn: where in that
 * @zero: the other one is the zero frame
 */
void keel_large_hit(struct keel_sharer *s, u64 gfn, bool zero)
{
	struct keel_range *r;

	if (!s->vm->large)
		return;
	mutex_lock(&keel_ranges);
	r = keel_range_make(s->vm->large, gfn);
	if (r)
		__set_bit(gfn % KEEL_BLOCK_NR, zero ? r->zero : r->hit);
	mutex_unlock(&keel_ranges);
}

/**
 * keel_large_seen() - pages were scanned
 * @s: their guest
 * @gfn: the first one
 * @next: where the scan goes on; 0 at the guest's end
 * @scan: how they were found: in a large page, and there alone, or in none
 */
void keel_large_seen(struct keel_sharer *s, u64 gfn, u64 next, const struct keel_scan *scan)
{
	unsigned long at, last = (next - 1) / KEEL_BLOCK_NR;
	struct keel_range *r;

	if (!s->vm->large)
		return;
	mutex_lock(&keel_ranges);
	xa_for_each_range(&s->vm->large->range, at, r, gfn / KEEL_BLOCK_NR, last) {
		r->whole = scan->large;
		if (scan->large && scan->dirty) {
			bitmap_zero(r->hit, KEEL_BLOCK_NR);
			bitmap_zero(r->zero, KEEL_BLOCK_NR);
		}
	}
	mutex_unlock(&keel_ranges);
}

/*
 * Is another page a small one, or in a large page that it is worth to split, or in @mine?
 * @whole: in a large page, as far as is known
 */
static bool worth_it(struct keel_sharer *to, u64 gfn, const struct keel_range *mine, bool *whole)
{
	struct keel_range *r;

	*whole = false;
	if (!to->vm->large)
		return true;
	r = keel_range_make(to->vm->large, gfn);
	if (!r)
		return false;
	__set_bit(gfn % KEEL_BLOCK_NR, r->hit);
	*whole = r->whole && r != mine;
	return !*whole || weight(r) >= SPLIT_MIN;
}

/* How many pages of a range could be merged */
static unsigned int count(struct keel_sharer *s, struct keel_range *r, u64 first)
{
	unsigned int nr = bitmap_weight(r->zero, KEEL_BLOCK_NR), i;
	struct keel_sharer *to;
	bool whole;
	u64 gfn;

	for_each_set_bit(i, r->hit, KEEL_BLOCK_NR) {
		if (!keel_index_find(s, first + i, &to, &gfn))
			__clear_bit(i, r->hit);
		else
			nr += worth_it(to, gfn, r, &whole);
	}
	return nr;
}

/* Some pairs of a range, which are taken out of it; how many pages there were */
static unsigned int collect(struct keel_sharer *s, struct keel_range *r, u64 first,
			    struct found *found, unsigned int *nr)
{
	unsigned int seen = 0, i;

	for_each_set_bit(i, r->zero, KEEL_BLOCK_NR) {
		if (seen++ == KEEL_MERGE_NR)
			return seen;
		__clear_bit(i, r->zero);
		found[(*nr)++] = (struct found){ .gfn = first + i };
	}
	for_each_set_bit(i, r->hit, KEEL_BLOCK_NR) {
		struct found *f = &found[*nr];

		if (seen++ == KEEL_MERGE_NR)
			return seen;
		__clear_bit(i, r->hit);
		f->gfn = first + i;
		*nr += keel_index_find(s, f->gfn, &f->to, &f->to_gfn) &&
		       worth_it(f->to, f->to_gfn, r, &f->whole);
	}
	return seen;
}

/* The next range where there is something to do; NULL at the end */
static struct keel_range *next(struct keel_large *large)
{
	struct keel_range *r;

	xa_for_each_start(&large->range, large->share, r, large->share)
		if (r->merging || (r->whole && weight(r) >= SPLIT_MIN))
			return r;
	large->share = 0;
	return NULL;
}

/* Afterwards there are small pages, which were found to be clean and are to be merged. */
static void split(struct keel_sharer *s, u64 gfn)
{
	s64 ret = keel_large_split(s->vm, gfn);
	struct keel_range *r;

	if (ret > 0)
		s->found.clean += KEEL_BLOCK_NR;
	mutex_lock(&keel_ranges);
	r = keel_range_at(s->vm->large, gfn);
	if (r) {
		r->whole = false;
		r->merging = ret >= 0;
	}
	mutex_unlock(&keel_ranges);
}

static void merge(struct keel_sharer *s, const struct found *found, unsigned int nr,
		  struct keel_share_stat *stat)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (found[i].to && found[i].whole)
			split(found[i].to, found[i].to_gfn);
		keel_pairs_add(s, found[i].gfn, found[i].to, found[i].to_gfn);
	}
	keel_pairs_merge(stat);
}

/**
 * keel_large_share() - behind a pass over a guest: split a large page, or merge some pairs
 * @s: the guest
 * @stat: what has become of the pairs is counted there
 *
 * Return: true when it has to be called again.
 */
bool keel_large_share(struct keel_sharer *s, struct keel_share_stat *stat)
{
	struct keel_large *large = s->vm->large;
	struct found found[KEEL_MERGE_NR];
	bool more, ready = false;
	struct keel_range *r;
	unsigned int nr = 0;
	u64 first;

	if (!large)
		return false;
	mutex_lock(&keel_ranges);
	r = next(large);
	more = r;
	first = (u64)large->share * KEEL_BLOCK_NR;
	if (more && r->merging)
		r->merging = collect(s, r, first, found, &nr);
	else if (more)
		ready = count(s, r, first) >= SPLIT_MIN;
	/* One that was merged, or is left as it is */
	if (more && !r->merging && !ready)
		large->share++;
	mutex_unlock(&keel_ranges);
	if (ready)
		split(s, first);
	merge(s, found, nr, stat);
	return more;
}
