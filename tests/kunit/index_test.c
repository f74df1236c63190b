// SPDX-License-Identifier: GPL-2.0
/*
 * keel-index: pages by their hashes, of many guests in several domains, against a model;
 * a table that grows; and no memory for it, at every step.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/kernel.h>

#include "../../kmod/call.h"
#include "../../kmod/share.h"
#include "../../uapi/machine.h"
#include "kit.h"

#define GUESTS	12
#define PAGES	400

/* So few hashes that many are equal; the index does not look at the lowest bits. */
#define HASHES	600
#define LOW	0x1ffULL

/* Of the index: entries of a chunk, and of the first table */
#define CHUNK	170
#define FIRST	1024

/* The step that fails, as fail_guest_step has it */
static unsigned int fail_step;

bool keel_vm_step_fails(void)
{
	return fail_step && !--fail_step;
}

/**
 * struct model - what is in the index
 * @rnd: where steps come from
 * @guest: who shares, NULL for who does not
 * @in: a page is in there
 * @capped: and is capped
 * @hash: the number of its hash
 * @with: how many pages of a guest's have this hash
 * @nr: so many are in there
 */
struct model {
	struct rnd_state rnd;
	struct keel_sharer *guest[GUESTS];
	bool in[GUESTS][PAGES];
	bool capped[GUESTS][PAGES];
	u16 hash[GUESTS][PAGES];
	u16 with[GUESTS][HASHES];
	u64 nr;
};

static u64 hash_nr(u32 i)
{
	return i * 0x9e3779b97f4a7c15ULL;
}

static struct model *model(struct kunit *test)
{
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, m);
	prandom_seed_state(&m->rnd, 47);
	fail_step = 0;
	KUNIT_ASSERT_EQ(test, keel_index_entries(), 0ULL);
	KUNIT_ASSERT_EQ(test, keel_index_bytes(), 0ULL);
	return m;
}

static bool together(const struct model *m, unsigned int g, unsigned int h)
{
	return m->guest[g] && m->guest[h] &&
	       (g == h || (m->guest[g]->domain && m->guest[g]->domain == m->guest[h]->domain));
}

/* is there another page that may be told for this one? */
static bool has_other(const struct model *m, unsigned int g, unsigned int p)
{
	unsigned int h, nr = 0;

	for (h = 0; h < GUESTS; h++)
		if (together(m, g, h))
			nr += m->with[h][m->hash[g][p]];
	return nr > 1;
}

/* what was told of another page */
static void check_other(struct kunit *test, struct model *m, unsigned int g, unsigned int p,
			int found, const struct keel_sharer *other, u64 at)
{
	unsigned int h;

	KUNIT_ASSERT_EQ_MSG(test, found, (int)has_other(m, g, p), "guest %u page %u", g, p);
	if (!found)
		return;
	for (h = 0; h < GUESTS && m->guest[h] != other; h++)
		;
	KUNIT_ASSERT_LT(test, h, (unsigned int)GUESTS);
	KUNIT_ASSERT_LT(test, at, (u64)PAGES);
	KUNIT_ASSERT_TRUE(test, together(m, g, h));
	KUNIT_ASSERT_TRUE(test, m->in[h][at] && (h != g || at != p));
	KUNIT_ASSERT_EQ(test, m->hash[h][at], m->hash[g][p]);
}

static void put_out(struct model *m, unsigned int g, unsigned int p)
{
	m->nr -= m->in[g][p];
	m->with[g][m->hash[g][p]] -= m->in[g][p];
	m->in[g][p] = false;
	m->capped[g][p] = false;
}

static int put(struct kunit *test, struct model *m, unsigned int g, unsigned int p)
{
	u32 nr = kit_below(&m->rnd, HASHES);
	u64 hash = (hash_nr(nr) & ~LOW) | kit_below(&m->rnd, LOW + 1), at = ~0ULL;
	struct keel_sharer *other = NULL;
	int ret = keel_index_put(m->guest[g], p, hash, &other, &at);

	if (ret < 0)
		return ret;
	put_out(m, g, p);
	m->in[g][p] = true;
	m->hash[g][p] = nr;
	m->with[g][nr]++;
	m->nr++;
	check_other(test, m, g, p, ret, other, at);
	return ret;
}

static void find(struct kunit *test, struct model *m, unsigned int g, unsigned int p)
{
	struct keel_sharer *other = NULL;
	u64 at = ~0ULL;
	bool found = keel_index_find(m->guest[g], p, &other, &at);

	if (m->in[g][p])
		check_other(test, m, g, p, found, other, at);
	else
		KUNIT_ASSERT_FALSE(test, found);
}

static void forget(struct model *m, unsigned int g)
{
	unsigned int p;

	for (p = 0; p < PAGES; p++)
		put_out(m, g, p);
}

static bool begin(struct model *m, unsigned int g)
{
	m->guest[g] = keel_index_open(PAGES);
	if (m->guest[g])
		m->guest[g]->domain = kit_below(&m->rnd, 4);
	return m->guest[g];
}

static void end(struct model *m, unsigned int g)
{
	keel_index_close(m->guest[g]);
	m->guest[g] = NULL;
	forget(m, g);
}

/* one step of any kind; false when there was no memory for it */
static bool step(struct kunit *test, struct model *m)
{
	unsigned int g = kit_below(&m->rnd, GUESTS), p = kit_below(&m->rnd, PAGES);
	unsigned int what = kit_below(&m->rnd, 1000);
	bool on = what & 1;

	if (!m->guest[g])
		return begin(m, g);
	if (what < 700)
		return put(test, m, g, p) != -ENOMEM;
	if (what < 800) {
		find(test, m, g, p);
	} else if (what < 900) {
		keel_index_cap(m->guest[g], p, on);
		m->capped[g][p] = m->in[g][p] && on;
	} else if (what < 990) {
		keel_index_drop(m->guest[g], p);
		put_out(m, g, p);
	} else if (what < 998) {
		m->guest[g]->domain = kit_below(&m->rnd, 4);
	} else if (what < 999) {
		keel_index_forget(m->guest[g]);
		forget(m, g);
	} else {
		end(m, g);
	}
	return true;
}

/* the sums: entries, capped ones, and memory */
static void check(struct kunit *test, struct model *m)
{
	unsigned int g, p;
	u64 nr, capped;

	KUNIT_ASSERT_EQ(test, keel_index_entries(), m->nr);
	for (g = 0; g < GUESTS; g++) {
		for (nr = 0, capped = 0, p = 0; p < PAGES; p++) {
			nr += m->in[g][p];
			capped += m->capped[g][p];
		}
		if (m->guest[g])
			KUNIT_ASSERT_EQ(test, m->guest[g]->capped, capped);
		else
			KUNIT_ASSERT_EQ(test, nr, 0ULL);
	}
}

static void finish(struct kunit *test, struct model *m)
{
	unsigned int g;

	for (g = 0; g < GUESTS; g++)
		if (m->guest[g])
			end(m, g);
	check(test, m);
	keel_index_exit();
	KUNIT_EXPECT_EQ(test, keel_index_bytes(), 0ULL);
}

static void index_random(struct kunit *test)
{
	struct model *m = model(test);
	unsigned int i;

	for (i = 0; i < 40000; i++) {
		KUNIT_ASSERT_TRUE(test, step(test, m));
		if (i % 200 == 0)
			check(test, m);
	}
	KUNIT_EXPECT_GT(test, m->nr, 1000ULL);
	finish(test, m);
}

/* a table is as large as it has entries, up to twice; all of them are found in each */
static void index_growth(struct kunit *test)
{
	const u64 nr = 5 * FIRST;
	struct keel_sharer *a, *b, *other;
	u64 i, at;

	model(test);
	a = keel_index_open(nr);
	b = keel_index_open(nr);
	KUNIT_ASSERT_NOT_NULL(test, a);
	KUNIT_ASSERT_NOT_NULL(test, b);
	a->domain = 9;
	b->domain = 9;
	/* nothing is taken before the first page */
	KUNIT_EXPECT_EQ(test, keel_index_bytes(), 0ULL);
	for (i = 0; i < nr; i++) {
		KUNIT_ASSERT_EQ(test, keel_index_put(a, i, hash_nr(i + 1), &other, &at), 0);
		if (i == FIRST - 1)
			KUNIT_EXPECT_EQ(test, keel_index_bytes(),
					DIV_ROUND_UP(FIRST, CHUNK) * PAGE_SIZE + FIRST * 8ULL);
	}
	KUNIT_EXPECT_EQ(test, keel_index_entries(), nr);
	KUNIT_EXPECT_EQ(test, keel_index_bytes(),
			DIV_ROUND_UP(nr, CHUNK) * PAGE_SIZE + 8 * FIRST * 8ULL);
	for (i = 0; i < nr; i++) {
		KUNIT_ASSERT_EQ(test, keel_index_put(b, nr - 1 - i, hash_nr(i + 1), &other, &at),
				1);
		KUNIT_ASSERT_PTR_EQ(test, other, a);
		KUNIT_ASSERT_EQ(test, at, i);
	}
	/* nor can a guest of any size share */
	KUNIT_EXPECT_NULL(test, keel_index_open(1ULL << 36));
	/* beyond its end there is no room for a page */
	KUNIT_EXPECT_EQ(test, keel_index_put(a, nr + CHUNK, 1, &other, &at), -ENOMEM);
	KUNIT_EXPECT_FALSE(test, keel_index_find(a, nr + CHUNK, &other, &at));
	keel_index_close(a);
	KUNIT_EXPECT_EQ(test, keel_index_entries(), nr);
	keel_index_close(b);
	KUNIT_EXPECT_EQ(test, keel_index_entries(), 0ULL);
	keel_index_exit();
	KUNIT_EXPECT_EQ(test, keel_index_bytes(), 0ULL);
}

/* memory goes on behind the hole, and so do frame numbers, on both sides of a chunk */
static void index_hole(struct kunit *test)
{
	const u64 hole = KEEL_MACHINE_HOLE >> 12, end = KEEL_MACHINE_HOLE_END >> 12;
	static const int at[] = { -171, -2, -1, 0, 1, 169, 170 };
	struct keel_sharer *s, *other;
	u64 gfn, got;
	unsigned int i;

	model(test);
	s = keel_index_open(hole + 1000);
	KUNIT_ASSERT_NOT_NULL(test, s);
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		gfn = (at[i] < 0 ? hole : end) + at[i];
		KUNIT_EXPECT_EQ(test, keel_index_put(s, gfn, hash_nr(i + 1), &other, &got), 0);
	}
	KUNIT_EXPECT_EQ(test, keel_index_entries(), (u64)ARRAY_SIZE(at));
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		gfn = (at[i] < 0 ? hole : end) + at[i];
		KUNIT_EXPECT_EQ(test, keel_index_put(s, 7, hash_nr(i + 1), &other, &got), 1);
		KUNIT_EXPECT_EQ_MSG(test, got, gfn, "row %u", i);
		keel_index_drop(s, 7);
	}
	keel_index_close(s);
	keel_index_exit();
}

/* each allocation fails once: what has failed is not in there, all else is */
static void index_memory(struct kunit *test)
{
	unsigned int n, i, lost, failures = 0;
	struct model *m = model(test);

	for (n = 1; ; n++) {
		prandom_seed_state(&m->rnd, 5);
		fail_step = n;
		lost = 0;
		for (i = 0; i < 3500; i++)
			lost += !step(test, m);
		check(test, m);
		/* where a table that is there cannot grow, it has to do */
		KUNIT_ASSERT_LE(test, lost, 1U);
		failures += lost;
		for (i = 0; i < GUESTS; i++)
			if (m->guest[i])
				end(m, i);
		keel_index_exit();
		KUNIT_ASSERT_EQ(test, keel_index_bytes(), 0ULL);
		if (fail_step)
			break;
	}
	fail_step = 0;
	/* guests, their chunks, the first table */
	KUNIT_EXPECT_GT(test, failures, 3U * GUESTS);
	KUNIT_EXPECT_GT(test, n, failures + 1);
}

static struct kunit_case index_cases[] = {
	KUNIT_CASE(index_random),
	KUNIT_CASE(index_growth),
	KUNIT_CASE(index_hole),
	KUNIT_CASE(index_memory),
	{}
};

static struct kunit_suite index_suite = {
	.name = "keel-index",
	.test_cases = index_cases,
};

kunit_test_suites(&index_suite);
