// SPDX-License-Identifier: GPL-2.0
/*
 * keel-frame: every step between owners, allowed and forbidden, against a table
 * of what has to come of it; the table of frames itself; and random steps against
 * the invariants.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../../kmod/mmu/frame.h"
#include "kit.h"

#define HOST	KEEL_OWNER_HOST
#define ROOT	KEEL_OWNER_ROOT
#define SHARED	KEEL_OWNER_SHARED
#define TABLE	KEEL_OWNER_TABLE
#define VM	(KEEL_OWNER_VM + 3)
#define OTHER	(KEEL_OWNER_VM + 4)
#define DIRTY	KEEL_FRAME_DIRTY
#define FREE	KEEL_FRAME_FREE
#define USED	KEEL_FRAME_USED
#define LOCKED	KEEL_FRAME_LOCKED
#define SEEN	KEEL_FRAME_SEEN
#define KEPT	(KEEL_FRAME_DONATED | KEEL_FRAME_TYPE(6))

enum op {
	TAKE, GIVE, SHARE, GET, PUT, ADOPT, ASSIGN, RELEASE, LEND, T_SHARE, T_LEND, T_PUT, T_OWN,
	CLEAN
};

/* how often GET lets a frame be mapped */
#define MOST(owner)	((owner) ? (owner) : ~0U)

/**
 * struct step - one step from one state
 * @op: which
 * @owner: its argument
 * @from: the frame before
 * @want: what the step returns
 * @to: the frame after, when it succeeds; it is unchanged when not
 */
struct step {
	enum op op;
	u16 owner;
	struct keel_frame from;
	int want;
	struct keel_frame to;
};

static const struct step steps[] = {
	{ TAKE, ROOT, { 0, HOST }, 0, { 1, ROOT } },
	{ TAKE, VM, { 0, HOST }, 0, { 1, VM } },
	{ TAKE, HOST, { 0, HOST }, -EINVAL },
	{ TAKE, SHARED, { 0, HOST }, -EINVAL },
	{ TAKE, 3, { 0, HOST }, -EINVAL },
	{ TAKE, ROOT, { 1, ROOT }, -EPERM },
	{ TAKE, VM, { 1, ROOT }, -EPERM },
	{ TAKE, ROOT, { 1, VM }, -EPERM },
	{ TAKE, VM, { 1, VM }, -EPERM },
	{ TAKE, OTHER, { 1, VM }, -EPERM },
	{ TAKE, VM, { 2, SHARED }, -EPERM },
	{ TAKE, ROOT, { 1, SHARED }, -EPERM },

	{ GIVE, ROOT, { 1, ROOT }, 0, { 0, HOST } },
	{ GIVE, ROOT, { 1, ROOT, KEEL_FRAME_TYPE(6) }, 0, { 0, HOST } },
	{ GIVE, VM, { 1, VM }, 0, { 0, HOST } },
	{ GIVE, HOST, { 0, HOST }, -EPERM },
	{ GIVE, ROOT, { 0, HOST }, -EPERM },
	{ GIVE, VM, { 0, HOST }, -EPERM },
	{ GIVE, ROOT, { 1, VM }, -EPERM },
	{ GIVE, VM, { 1, ROOT }, -EPERM },
	{ GIVE, OTHER, { 1, VM }, -EPERM },
	{ GIVE, SHARED, { 1, SHARED }, -EPERM },
	{ GIVE, VM, { 1, SHARED }, -EPERM },
	{ GIVE, ROOT, { 1, SHARED }, -EPERM },
	{ GIVE, VM, { 2, VM }, -EBUSY },
	{ GIVE, VM, { 0, VM }, -EBUSY },
	{ GIVE, ROOT, { 1, ROOT, FREE }, -EBUSY },
	{ GIVE, ROOT, { 1, ROOT, USED }, -EBUSY },
	{ GIVE, ROOT, { 1, ROOT, KEPT }, 0, { 0, HOST } },
	{ GIVE, ROOT, { 1, ROOT, DIRTY }, -EUCLEAN },
	{ GIVE, VM, { 1, VM, DIRTY }, -EUCLEAN },

	{ SHARE, VM, { 1, VM }, 0, { 1, SHARED } },
	{ SHARE, VM, { 1, VM, DIRTY }, 0, { 1, SHARED, DIRTY } },
	{ SHARE, VM, { 2, VM }, -EBUSY },
	{ SHARE, VM, { 1, OTHER }, -EPERM },
	{ SHARE, VM, { 0, HOST }, -EPERM },
	{ SHARE, VM, { 1, ROOT }, -EPERM },
	{ SHARE, VM, { 1, SHARED }, -EPERM },
	{ SHARE, ROOT, { 1, ROOT }, -EPERM },
	{ SHARE, HOST, { 0, HOST }, -EPERM },
	{ SHARE, SHARED, { 1, SHARED }, -EPERM },

	{ GET, 0, { 1, SHARED }, 0, { 2, SHARED } },
	{ GET, 0, { ~0U - 1, SHARED }, 0, { ~0U, SHARED } },
	{ GET, 0, { ~0U, SHARED }, -EOVERFLOW },
	{ GET, 7, { 6, SHARED, DIRTY }, 0, { 7, SHARED, DIRTY } },
	{ GET, 7, { 7, SHARED }, -EOVERFLOW },
	{ GET, 7, { 8, SHARED }, -EOVERFLOW },
	{ GET, 0, { 0, HOST }, -EPERM },
	{ GET, 0, { 1, ROOT }, -EPERM },
	{ GET, 0, { 1, VM }, -EPERM },

	{ PUT, 0, { 2, SHARED }, 0, { 1, SHARED } },
	{ PUT, 0, { 1, SHARED }, 1, { 1, ROOT, DIRTY } },
	{ PUT, 0, { 1, SHARED, KEEL_FRAME_TYPE(6) }, 1, { 1, ROOT, DIRTY | KEEL_FRAME_TYPE(6) } },
	{ PUT, 0, { 0, HOST }, -EPERM },
	{ PUT, 0, { 1, ROOT }, -EPERM },
	{ PUT, 0, { 1, VM }, -EPERM },

	{ ADOPT, VM, { 1, SHARED, DIRTY | KEPT }, 0, { 1, VM, DIRTY | KEPT } },
	{ ADOPT, VM, { 2, SHARED, DIRTY }, -EBUSY },
	{ ADOPT, VM, { 1, VM, DIRTY }, -EPERM },
	{ ADOPT, VM, { 1, OTHER, DIRTY }, -EPERM },
	{ ADOPT, VM, { 1, ROOT }, -EPERM },
	{ ADOPT, VM, { 0, HOST }, -EPERM },
	{ ADOPT, ROOT, { 1, SHARED }, -EINVAL },
	{ ADOPT, HOST, { 1, SHARED }, -EINVAL },
	{ ADOPT, SHARED, { 1, SHARED }, -EINVAL },

	{ ASSIGN, VM, { 1, ROOT }, 0, { 1, VM, DIRTY } },
	{ ASSIGN, VM, { 1, ROOT, KEPT | DIRTY }, 0, { 1, VM, KEPT | DIRTY } },
	{ ASSIGN, VM, { 7, ROOT, FREE }, -EBUSY },
	{ ASSIGN, VM, { 1, ROOT, FREE }, -EBUSY },
	{ ASSIGN, VM, { 1, ROOT, USED }, -EBUSY },
	{ ASSIGN, VM, { 2, ROOT }, -EBUSY },
	{ ASSIGN, HOST, { 1, ROOT }, -EINVAL },
	{ ASSIGN, ROOT, { 1, ROOT }, -EINVAL },
	{ ASSIGN, SHARED, { 1, ROOT }, -EINVAL },
	{ ASSIGN, 15, { 1, ROOT }, -EINVAL },
	{ ASSIGN, VM, { 0, HOST }, -EPERM },
	{ ASSIGN, VM, { 1, VM }, -EPERM },
	{ ASSIGN, OTHER, { 1, VM }, -EPERM },
	{ ASSIGN, VM, { 1, SHARED }, -EPERM },

	{ RELEASE, VM, { 1, VM, DIRTY }, 0, { 1, ROOT, DIRTY } },
	{ RELEASE, VM, { 1, VM }, 0, { 1, ROOT, DIRTY } },
	{ RELEASE, VM, { 1, VM, KEPT }, 0, { 1, ROOT, KEPT | DIRTY } },
	{ RELEASE, OTHER, { 1, VM }, -EPERM },
	{ RELEASE, ROOT, { 1, ROOT }, -EPERM },
	{ RELEASE, HOST, { 0, HOST }, -EPERM },
	{ RELEASE, SHARED, { 1, SHARED }, -EPERM },
	{ RELEASE, VM, { 1, SHARED }, -EPERM },
	{ RELEASE, VM, { 0, HOST }, -EPERM },
	{ RELEASE, VM, { 1, ROOT }, -EPERM },

	{ LEND, 0, { 1, VM, DIRTY | KEPT }, 1, { 2, SHARED, DIRTY | KEPT } },
	{ LEND, 0, { 1, SHARED, DIRTY }, 0, { 2, SHARED, DIRTY } },
	{ LEND, 0, { 7, SHARED }, 0, { 8, SHARED } },
	{ LEND, 0, { ~0U, SHARED }, -EOVERFLOW },
	{ LEND, 0, { 0, HOST }, -EPERM },
	{ LEND, 0, { 1, ROOT }, -EPERM },
	{ LEND, 0, { 1, TABLE }, -EPERM },

	{ T_SHARE, 0, { 1, ROOT, KEPT | LOCKED }, 0, { 1, TABLE, KEPT | LOCKED } },
	{ T_SHARE, 0, { 7, TABLE, SEEN }, 0, { 7, TABLE, SEEN } },
	{ T_SHARE, 0, { 1, ROOT, USED }, -EBUSY },
	{ T_SHARE, 0, { 1, ROOT, FREE }, -EBUSY },
	{ T_SHARE, 0, { 1, VM }, -EPERM },
	{ T_SHARE, 0, { 1, SHARED }, -EPERM },
	{ T_SHARE, 0, { 0, HOST }, -EPERM },

	{ T_LEND, 0, { 1, TABLE, LOCKED }, 0, { 2, TABLE, LOCKED } },
	{ T_LEND, 0, { 7, TABLE, SEEN | KEPT }, 0, { 8, TABLE, SEEN | KEPT } },
	{ T_LEND, 0, { 1, ROOT, LOCKED | KEPT }, 0, { 2, TABLE, LOCKED | KEPT } },
	{ T_LEND, 0, { ~0U, TABLE }, -EBUSY },
	{ T_LEND, 0, { ~0U, ROOT }, -EBUSY },
	{ T_LEND, 0, { 1, ROOT, USED }, -EBUSY },
	{ T_LEND, 0, { 1, ROOT, FREE }, -EBUSY },
	{ T_LEND, 0, { 1, VM }, -EPERM },
	{ T_LEND, 0, { 1, SHARED }, -EPERM },
	{ T_LEND, 0, { 0, HOST }, -EPERM },

	{ T_PUT, 0, { 2, TABLE, LOCKED | SEEN }, 0, { 1, TABLE, LOCKED | SEEN } },
	{ T_PUT, 0, { 1, TABLE }, -EBUSY },
	{ T_PUT, 0, { 2, SHARED }, -EPERM },
	{ T_PUT, 0, { 1, ROOT }, -EPERM },

	{ T_OWN, 0, { 1, TABLE, LOCKED | SEEN | KEPT }, 0, { 1, ROOT, LOCKED | KEPT } },
	{ T_OWN, 0, { 2, TABLE }, -EBUSY },
	{ T_OWN, 0, { 1, SHARED }, -EPERM },
	{ T_OWN, 0, { 1, ROOT }, -EPERM },

	{ GIVE, TABLE, { 1, TABLE }, -EPERM },
	{ GIVE, ROOT, { 1, TABLE }, -EPERM },
	{ SHARE, TABLE, { 1, TABLE }, -EPERM },
	{ GET, 0, { 1, TABLE }, -EPERM },
	{ PUT, 0, { 1, TABLE }, -EPERM },
	{ ADOPT, VM, { 1, TABLE }, -EPERM },
	{ ASSIGN, VM, { 1, TABLE }, -EPERM },
	{ RELEASE, TABLE, { 1, TABLE }, -EPERM },
	{ CLEAN, 0, { 1, TABLE, DIRTY }, -EPERM },

	{ CLEAN, 0, { 1, ROOT, DIRTY | KEPT }, 0, { 1, ROOT, KEPT } },
	{ CLEAN, 0, { 9, ROOT, DIRTY | FREE }, 0, { 9, ROOT, FREE } },
	{ CLEAN, 0, { 1, VM, DIRTY }, -EPERM },
	{ CLEAN, 0, { 1, SHARED, DIRTY }, -EPERM },
	{ CLEAN, 0, { 0, HOST }, -EPERM },
};

static int do_step(enum op op, struct keel_frame *frame, u16 owner)
{
	switch (op) {
	case TAKE:
		return keel_frame_take(frame, owner);
	case GIVE:
		return keel_frame_give(frame, owner);
	case SHARE:
		return keel_frame_share(frame, owner);
	case GET:
		return keel_frame_get(frame, MOST(owner));
	case PUT:
		return keel_frame_put(frame);
	case ADOPT:
		return keel_frame_adopt(frame, owner);
	case ASSIGN:
		return keel_frame_assign(frame, owner);
	case RELEASE:
		return keel_frame_release(frame, owner);
	case LEND:
		return keel_frame_lend(frame);
	case T_SHARE:
		return keel_frame_table_share(frame);
	case T_LEND:
		return keel_frame_table_lend(frame);
	case T_PUT:
		return keel_frame_table_put(frame);
	case T_OWN:
		return keel_frame_table_own(frame);
	default:
		return keel_frame_clean(frame);
	}
}

static void frame_steps(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		const struct step *s = &steps[i];
		const struct keel_frame *want = s->want < 0 ? &s->from : &s->to;
		struct keel_frame f = s->from;

		KUNIT_EXPECT_EQ_MSG(test, do_step(s->op, &f, s->owner), s->want, "step %u", i);
		KUNIT_EXPECT_EQ_MSG(test, f.count, want->count, "step %u", i);
		KUNIT_EXPECT_EQ_MSG(test, f.owner, want->owner, "step %u", i);
		KUNIT_EXPECT_EQ_MSG(test, f.flags, want->flags, "step %u", i);
	}
}

static void frame_writable(struct kunit *test)
{
	static const u16 owners[] = { HOST, ROOT, SHARED, TABLE, VM, OTHER };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(owners); i++) {
		for (j = 0; j < ARRAY_SIZE(owners); j++) {
			struct keel_frame f = { .count = 1, .owner = owners[i] };
			bool own = i == j && (owners[i] == HOST || owners[i] >= VM);

			KUNIT_EXPECT_EQ_MSG(test, keel_frame_writable(&f, owners[j]), own,
					    "owner %u, for %u", owners[i], owners[j]);
		}
	}
}

static void frame_sound(struct kunit *test)
{
	static const struct {
		struct keel_frame f;
		bool sound;
	} rows[] = {
		{ { 0, HOST }, true }, { { 1, HOST }, false }, { { 0, HOST, DIRTY }, false },
		{ { 1, ROOT }, true }, { { 0, ROOT }, false }, { { 2, ROOT }, false },
		{ { 77, ROOT, FREE }, true }, { { 1, ROOT, DIRTY }, true },
		{ { 1, SHARED }, true }, { { 9, SHARED, DIRTY }, true }, { { 0, SHARED }, false },
		{ { 1, SHARED, FREE }, false }, { { 1, VM }, true }, { { 2, VM }, false },
		{ { 1, VM, FREE }, false }, { { 0, VM }, false }, { { 1, 4 }, false },
		{ { 1, TABLE }, true }, { { 9, TABLE, SEEN | LOCKED }, true },
		{ { 0, TABLE }, false }, { { 1, TABLE, FREE }, false },
		{ { 77, ROOT, USED }, true }, { { 1, VM, USED }, false },
		{ { 1, SHARED, USED }, false }, { { 0, HOST, KEPT }, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		KUNIT_EXPECT_EQ_MSG(test, keel_frame_sound(&rows[i].f), rows[i].sound, "row %u", i);
}

/* whatever is tried, in whatever order, no frame comes to break the invariants */
static void frame_random(struct kunit *test)
{
	static const u16 owners[] = { HOST, ROOT, SHARED, TABLE, VM, OTHER, 4, 0xffff };
	struct keel_frame f = { 0 };
	struct rnd_state rnd;
	unsigned int i, done[CLEAN + 1] = { 0 };

	prandom_seed_state(&rnd, 21);
	for (i = 0; i < 400000; i++) {
		enum op op = kit_below(&rnd, CLEAN + 1);
		struct keel_frame before = f;
		int err;

		/* what only came to be held more often would never become anything else */
		if (f.count > 3)
			op = f.owner == TABLE ? T_PUT : PUT;
		err = do_step(op, &f, owners[kit_below(&rnd, ARRAY_SIZE(owners))]);
		if (err < 0)
			KUNIT_ASSERT_EQ(test, memcmp(&f, &before, sizeof(f)), 0);
		else
			done[op]++;
		KUNIT_ASSERT_TRUE(test, keel_frame_sound(&f));
		/* root zeroes what it gives */
		if (f.owner == ROOT)
			f.flags &= ~DIRTY;
	}
	for (i = 0; i < ARRAY_SIZE(done); i++)
		KUNIT_EXPECT_GT(test, done[i], 100U);
}

static void frame_table(struct kunit *test)
{
	const u64 nr = 5 * KEEL_FRAMES_A_PAGE - 7;
	struct keel_frames frames;
	struct keel_frame *f;

	/* four of the tree, and two for frames */
	keel_frames_init(&frames, kit_pool(test, 6), nr);
	KUNIT_EXPECT_NULL(test, keel_frame_at(&frames, 0));
	KUNIT_EXPECT_EQ(test, keel_frame_owner(&frames, 0), (u16)HOST);
	KUNIT_EXPECT_EQ(test, keel_frame_owner(&frames, nr), (u16)HOST);
	KUNIT_EXPECT_NULL(test, keel_frame_make(&frames, nr));
	KUNIT_EXPECT_NULL(test, keel_frame_make(&frames, ~0ULL));

	f = keel_frame_make(&frames, nr - 1);
	KUNIT_ASSERT_NOT_NULL(test, f);
	KUNIT_EXPECT_EQ(test, keel_frame_take(f, VM), 0);
	KUNIT_EXPECT_EQ(test, keel_frame_owner(&frames, nr - 1), (u16)VM);
	KUNIT_EXPECT_EQ(test, keel_frame_owner(&frames, nr - 2), (u16)HOST);
	KUNIT_EXPECT_PTR_EQ(test, keel_frame_at(&frames, nr - 1), f);
	KUNIT_EXPECT_PTR_EQ(test, keel_frame_make(&frames, nr - 2), f - 1);

	KUNIT_EXPECT_NOT_NULL(test, keel_frame_make(&frames, KEEL_FRAMES_A_PAGE - 1));
	/* no third page to be had */
	KUNIT_EXPECT_NULL(test, keel_frame_make(&frames, KEEL_FRAMES_A_PAGE));
	KUNIT_EXPECT_NULL(test, keel_frame_at(&frames, KEEL_FRAMES_A_PAGE));
}

static struct kunit_case frame_cases[] = {
	KUNIT_CASE(frame_steps),
	KUNIT_CASE(frame_writable),
	KUNIT_CASE(frame_sound),
	KUNIT_CASE(frame_random),
	KUNIT_CASE(frame_table),
	{}
};

static struct kunit_suite frame_suite = {
	.name = "keel-frame",
	.test_cases = frame_cases,
};

kunit_test_suites(&frame_suite);
