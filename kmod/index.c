// SPDX-License-Identifier: GPL-2.0
/*
 * The index of pages by their contents: which other page has had the same hash?
 *
 * World: host, under the lock of share.c.
 *
 * A page that was hashed has an entry, in an array of its guest's: 24 bytes a page, and a
 * few more for the table, which grows with them.  A guest none of whose pages was costs
 * next to nothing.  Where there is no memory for that, the page is not in the index, and is
 * not merged: nothing else comes of it.  An entry is a guess; one that was wrong is taken
 * out.  While its page is not written to, it says, too, whether it could not be merged since
 * others were merged so often.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/hash.h>
#include <linux/list.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "call.h"
#include "pure.h"
#include "share.h"

/* A chunk is a page. */
#define CHUNK	170

/* Of the table, when there is anything in it */
#define BITS_MIN	10

/* In the low bits of an entry's hash: its place in its chunk, and whether it is capped */
#define PLACE_BITS	8
#define PLACE_MASK	(BIT_ULL(PLACE_BITS) - 1)
#define CAPPED		BIT_ULL(PLACE_BITS)
#define LOW_BITS	(PLACE_BITS + 1)
#define LOW_MASK	(BIT_ULL(LOW_BITS) - 1)

/**
 * struct entry - a page
 * @node: in the table, unhashed when the page is not in there
 * @hash: of the page, but for the low bits
 */
struct entry {
	struct hlist_node node;
	u64 hash;
};

/**
 * struct keel_chunk - some of a guest's pages
 * @sharer: whose
 * @first: number of the first one
 * @entry: each of them
 */
struct keel_chunk {
	struct keel_sharer *sharer;
	u64 first;
	struct entry entry[CHUNK];
};

static_assert(sizeof(struct keel_chunk) == PAGE_SIZE && CHUNK <= BIT(PLACE_BITS));

static struct hlist_head *table;
static unsigned int bits;
static u64 entries, chunks;

/* Memory without the hole, and back */
static u64 number_of(u64 gfn)
{
	return gfn < KEEL_GFN_HOLE ? gfn : gfn - (KEEL_GFN_HOLE_END - KEEL_GFN_HOLE);
}

static u64 gfn_of(u64 number)
{
	return number < KEEL_GFN_HOLE ? number : number + KEEL_GFN_HOLE_END - KEEL_GFN_HOLE;
}

static struct keel_chunk *chunk_of(struct entry *e)
{
	e -= e->hash & PLACE_MASK;
	return container_of(e, struct keel_chunk, entry[0]);
}

static struct hlist_head *bucket(u64 hash)
{
	return &table[hash_64(hash >> LOW_BITS, bits)];
}

/* Twice as large, if there is memory for it */
static bool grow(void)
{
	unsigned int i, more = table ? bits + 1 : BITS_MIN, was = table ? 1U << bits : 0;
	struct hlist_head *old = table, *new;
	struct hlist_node *next;
	struct entry *e;

	new = keel_vm_step_fails() ? NULL :
	      kvcalloc(1UL << more, sizeof(*new), GFP_KERNEL | __GFP_NOWARN);
	if (!new)
		return table;
	table = new;
	bits = more;
	for (i = 0; i < was; i++) {
		hlist_for_each_entry_safe(e, next, &old[i], node) {
			hlist_del(&e->node);
			hlist_add_head(&e->node, bucket(e->hash));
		}
	}
	kvfree(old);
	return true;
}

static struct entry *entry_of(struct keel_sharer *s, u64 gfn)
{
	u64 number = number_of(gfn);
	bool within = s->chunk && number / CHUNK < s->nr;
	struct keel_chunk *chunk = within ? s->chunk[number / CHUNK] : NULL;

	return chunk ? &chunk->entry[number % CHUNK] : NULL;
}

static struct entry *entry_make(struct keel_sharer *s, u64 gfn)
{
	u64 number = number_of(gfn), i = number / CHUNK;

	if (!s->chunk && !keel_vm_step_fails())
		s->chunk = kvcalloc(s->nr, sizeof(*s->chunk), GFP_KERNEL | __GFP_NOWARN);
	if (s->chunk && i < s->nr && !s->chunk[i] && !keel_vm_step_fails()) {
		s->chunk[i] = (void *)get_zeroed_page(GFP_KERNEL | __GFP_NOWARN);
		if (s->chunk[i]) {
			s->chunk[i]->sharer = s;
			s->chunk[i]->first = i * CHUNK;
			chunks++;
		}
	}
	return entry_of(s, gfn);
}

static void set_cap(struct entry *e, bool on)
{
	if (on == !!(e->hash & CAPPED))
		return;
	e->hash ^= CAPPED;
	chunk_of(e)->sharer->capped += on ? 1 : -1;
}

static void take_out(struct entry *e)
{
	if (hlist_unhashed(&e->node))
		return;
	set_cap(e, false);
	hlist_del_init(&e->node);
	entries--;
}

static bool together(const struct keel_sharer *a, const struct keel_sharer *b)
{
	return a == b || (a->domain && a->domain == b->domain);
}

/* Another page with the hash of @mine */
static bool find(struct entry *mine, struct keel_sharer **other, u64 *at)
{
	struct keel_sharer *s = chunk_of(mine)->sharer;
	struct keel_chunk *chunk;
	struct entry *e;

	hlist_for_each_entry(e, bucket(mine->hash), node) {
		if ((e->hash ^ mine->hash) & ~LOW_MASK || e == mine)
			continue;
		chunk = chunk_of(e);
		if (!together(s, chunk->sharer))
			continue;
		*other = chunk->sharer;
		*at = gfn_of(chunk->first + (e->hash & PLACE_MASK));
		return true;
	}
	return false;
}

/**
 * keel_index_put() - a page was hashed
 * @s: its guest
 * @gfn: where in that
 * @hash: its hash
 * @other: set to the guest of another page that had this hash
 * @at: and where in that
 *
 * Return: 1 when there is one, else 0; -ENOMEM when there was no memory for the page in the
 * index, and it is not in there.
 */
int keel_index_put(struct keel_sharer *s, u64 gfn, u64 hash, struct keel_sharer **other, u64 *at)
{
	struct entry *e = entry_make(s, gfn);
	bool found;

	if (!e || ((!table || entries >> bits) && !grow()))
		return -ENOMEM;
	take_out(e);
	e->hash = (hash & ~LOW_MASK) | (number_of(gfn) % CHUNK);
	found = find(e, other, at);
	hlist_add_head(&e->node, bucket(e->hash));
	entries++;
	return found;
}

/**
 * keel_index_copy() - a page is equal to another one
 * @s: its guest
 * @gfn: where in that
 * @from: the guest of the other one
 * @at: and where in that; if it has a hash, both have
 */
void keel_index_copy(struct keel_sharer *s, u64 gfn, struct keel_sharer *from, u64 at)
{
	struct entry *e = entry_of(from, at);
	struct keel_sharer *other;
	u64 where;

	if (e && !hlist_unhashed(&e->node))
		keel_index_put(s, gfn, e->hash, &other, &where);
}

/**
 * keel_index_find() - another page that could be equal
 * @s: a guest
 * @gfn: a page of it
 * @other: set to the guest of another page that had this hash
 * @at: and where in that
 *
 * Return: true when there is one.
 */
bool keel_index_find(struct keel_sharer *s, u64 gfn, struct keel_sharer **other, u64 *at)
{
	struct entry *e = entry_of(s, gfn);

	return e && !hlist_unhashed(&e->node) && find(e, other, at);
}

/**
 * keel_index_drop() - an entry was wrong
 * @s: the guest
 * @gfn: the page
 */
void keel_index_drop(struct keel_sharer *s, u64 gfn)
{
	struct entry *e = entry_of(s, gfn);

	if (e)
		take_out(e);
}

/**
 * keel_index_cap() - say whether a page is equal to a frame that is mapped as often as may be
 * @s: the guest
 * @gfn: the page, which need not be in the index
 * @on: it is
 */
void keel_index_cap(struct keel_sharer *s, u64 gfn, bool on)
{
	struct entry *e = entry_of(s, gfn);

	if (e && !hlist_unhashed(&e->node))
		set_cap(e, on);
}

/**
 * keel_index_open() - a guest shares from now on
 * @frames: of its memory
 *
 * Return: what it is to the index, or NULL.
 */
struct keel_sharer *keel_index_open(u64 frames)
{
	u64 nr = DIV_ROUND_UP(frames, CHUNK);
	struct keel_sharer *s = NULL;

	/* The kernel has no such things of 2 GiB, and complains of who asks for one. */
	if (!keel_vm_step_fails() && !(nr * sizeof(*s->chunk) >> 31))
		s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (s)
		s->nr = nr;
	return s;
}

/**
 * keel_index_forget() - none of a guest's pages is what it was
 * @s: the guest
 */
void keel_index_forget(struct keel_sharer *s)
{
	unsigned int j;
	u64 i;

	for (i = 0; s->chunk && i < s->nr; i++) {
		if (!s->chunk[i])
			continue;
		for (j = 0; j < CHUNK; j++)
			take_out(&s->chunk[i]->entry[j]);
		free_page((unsigned long)s->chunk[i]);
		s->chunk[i] = NULL;
		chunks--;
	}
}

/**
 * keel_index_close() - a guest shares no more
 * @s: the guest
 */
void keel_index_close(struct keel_sharer *s)
{
	keel_index_forget(s);
	kvfree(s->chunk);
	kfree(s);
}

/**
 * keel_index_bytes() - how much memory the index takes
 *
 * Return: bytes.
 */
u64 keel_index_bytes(void)
{
	return chunks * PAGE_SIZE + (table ? sizeof(*table) << bits : 0);
}

/**
 * keel_index_entries() - how many pages are in the index
 *
 * Return: the number.
 */
u64 keel_index_entries(void)
{
	return entries;
}

/**
 * keel_index_exit() - the end: no guest shares any more
 */
void keel_index_exit(void)
{
	kvfree(table);
	table = NULL;
	bits = 0;
}
