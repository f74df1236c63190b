/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The frame table: who owns each page of physical memory.
 *
 * World: root, host (before launch) and KUnit.
 */
#ifndef KEEL_MMU_FRAME_H
#define KEEL_MMU_FRAME_H

#include <linux/bits.h>
#include <linux/types.h>

#include "table.h"

/* Owners; a VM's is KEEL_OWNER_VM plus its id. */
#define KEEL_OWNER_HOST		0
#define KEEL_OWNER_ROOT		1
#define KEEL_OWNER_SHARED	2
#define KEEL_OWNER_TABLE	3	/* a table of several guests' EPTs */
#define KEEL_OWNER_VM		16

/* Flags */
#define KEEL_FRAME_DIRTY	BIT(0)	/* holds what the host must not see */
#define KEEL_FRAME_FREE		BIT(1)	/* root's, in a pool; @count is the next one */
#define KEEL_FRAME_USED		BIT(2)	/* root's, for a guest; @count is the next one of its */
#define KEEL_FRAME_DONATED	BIT(3)	/* the host has given it, and can have it back */
#define KEEL_FRAME_LOCKED	BIT(4)	/* a table that somebody works on: keel_frame_lock() */
#define KEEL_FRAME_SEEN		BIT(5)	/* the audit has come by a table of several guests' */
#define KEEL_FRAME_TYPE(mt)	((mt) << 8)	/* memory type it had in the host's EPT */
#define KEEL_FRAME_TYPE_OF(flags) ((flags) >> 8 & 7)

/**
 * struct keel_frame - a page of physical memory
 * @count: how often it is mapped or held; the host's frames are not counted
 * @owner: KEEL_OWNER_...
 * @flags: KEEL_FRAME_...
 *
 * All zero, a frame is the host's: so parts of the table where nothing else is
 * need not exist.
 */
struct keel_frame {
	u32 count;
	u16 owner;
	u16 flags;
} __attribute__((aligned(8)));

/* An entry is written at once, so that who reads it (keel_frame_read()) finds it whole. */
static inline void keel_frame_write(struct keel_frame *frame, u32 count, u16 owner, u16 flags)
{
	__atomic_store_n((u64 *)frame, count | (u64)owner << 32 | (u64)flags << 48,
			 __ATOMIC_RELEASE);
}

static inline struct keel_frame keel_frame_read(const struct keel_frame *frame)
{
	u64 val = __atomic_load_n((const u64 *)frame, __ATOMIC_ACQUIRE);

	return (struct keel_frame) { .count = val, .owner = val >> 32, .flags = val >> 48 };
}

/* A flag that comes and goes by itself, beside a count that others change */
#define KEEL_FRAME_BIT(flag)	((u64)(flag) << 48)

/* Try to get the lock of a table that several guests hold; never wait for it. */
static inline bool keel_frame_lock(struct keel_frame *frame)
{
	return !(__atomic_fetch_or((u64 *)frame, KEEL_FRAME_BIT(KEEL_FRAME_LOCKED),
				   __ATOMIC_ACQUIRE) & KEEL_FRAME_BIT(KEEL_FRAME_LOCKED));
}

static inline void keel_frame_unlock(struct keel_frame *frame)
{
	__atomic_fetch_and((u64 *)frame, ~KEEL_FRAME_BIT(KEEL_FRAME_LOCKED), __ATOMIC_RELEASE);
}

#define KEEL_FRAMES_A_PAGE	(4096 / sizeof(struct keel_frame))

/**
 * struct keel_frames - the table
 * @tree: its pages, each for 2 MiB of memory, as if they were mapped one behind
 *        the other from address 0 on
 * @nr: frames that there are; beyond them is no memory
 */
struct keel_frames {
	struct keel_table tree;
	u64 nr;
};

/* keel_frame_make() takes at most so many pages. */
#define KEEL_FRAME_PAGES_MAX	4

void keel_frames_init(struct keel_frames *frames, const struct keel_pages *pages, u64 nr);

struct keel_frame *keel_frame_at(const struct keel_frames *frames, u64 pfn);
struct keel_frame *keel_frame_make(struct keel_frames *frames, u64 pfn);
u16 keel_frame_owner(const struct keel_frames *frames, u64 pfn);

int keel_frame_take(struct keel_frame *frame, u16 owner);
int keel_frame_give(struct keel_frame *frame, u16 owner);
int keel_frame_assign(struct keel_frame *frame, u16 owner);
int keel_frame_release(struct keel_frame *frame, u16 owner);
int keel_frame_clean(struct keel_frame *frame);
int keel_frame_share(struct keel_frame *frame, u16 owner);
int keel_frame_get(struct keel_frame *frame, u32 most);
int keel_frame_put(struct keel_frame *frame);
int keel_frame_adopt(struct keel_frame *frame, u16 owner);
int keel_frame_lend(struct keel_frame *frame);
int keel_frame_table_share(struct keel_frame *frame);
int keel_frame_table_lend(struct keel_frame *frame);
int keel_frame_table_put(struct keel_frame *frame);
int keel_frame_table_own(struct keel_frame *frame);
bool keel_frame_writable(const struct keel_frame *frame, u16 owner);
bool keel_frame_sound(const struct keel_frame *frame);

#endif /* KEEL_MMU_FRAME_H */
