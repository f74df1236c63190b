// SPDX-License-Identifier: GPL-2.0
/*
 * keel-large-random: guests with large pages that are split, merged, broken, collapsed and
 * cloned in any order, while vCPUs read and write by translations of their own: against what
 * each page has to hold.
 *
 * World: KUnit.  No locks.
 */
#include "large_kit.h"

#define GUESTS	3
#define VCPUS	2
#define PAGES	9
#define RANGES	4

/* Where they are: in three ranges, of four */
static const u16 gfns[PAGES] = { 0, 1, 2, 511, 512, 700, 1023, 1024, 1500 };

/* Contents of a page: so few that many are equal; 0 is a page of zeros */
#define CONTENTS	3

enum op {
	DO_WRITE, DO_DIRECT, DO_READ, DO_MERGE, DO_SCAN, DO_SPLIT, DO_COLLAPSE, DO_WHOLE, DO_BLOCK,
	DO_NO_BLOCK, DO_ENTER, DO_LEAVE, DO_FLUSH, DO_FILL, DO_TRIM, DO_PASS, DO_CLONE, DO_END,
	DO_OPS
};

static const u8 often[DO_OPS] = {
	[DO_WRITE] = 20, [DO_DIRECT] = 20, [DO_READ] = 12, [DO_MERGE] = 30, [DO_SCAN] = 4,
	[DO_SPLIT] = 6, [DO_COLLAPSE] = 20, [DO_WHOLE] = 20, [DO_BLOCK] = 8, [DO_NO_BLOCK] = 1,
	[DO_ENTER] = 12, [DO_LEAVE] = 5, [DO_FLUSH] = 16, [DO_FILL] = 10, [DO_TRIM] = 10,
	[DO_PASS] = 8, [DO_CLONE] = 1, [DO_END] = 2,
};

/**
 * struct sees - what a vCPU in the guest has a translation of, until it flushes
 * @pfn: the frame, 0 for none
 * @writes: it can write to it
 */
struct sees {
	u64 pfn;
	bool writes;
};

/**
 * struct model - what there is
 * @rnd: where steps come from
 * @val: what each page holds
 * @sees: by what a vCPU reads and writes
 * @held: frames that root has
 * @done: steps that have come to something
 * @whole: ranges that were collapsed
 * @vain: those that were written to before they were
 */
struct model {
	struct rnd_state rnd;
	u64 val[GUESTS][PAGES];
	struct sees sees[GUESTS][VCPUS][PAGES];
	bool held[FAKE_END];
	unsigned int done[DO_OPS];
	unsigned int whole;
	unsigned int vain;
};

static u32 below(struct model *m, u32 n)
{
	return kit_below(&m->rnd, n);
}

static struct keel_guest *guest_at(unsigned int g)
{
	return keel_guest_at(&fake->root, g + 1);
}

static struct keel_vcpu *vcpu_at(unsigned int g, unsigned int v)
{
	return fake_vcpu(guest_at(g), v);
}

static void fill(struct kunit *test, struct model *m, unsigned int g, unsigned int nr)
{
	u64 batch[KEEL_BATCH_NR];
	unsigned int at, got = 0;
	s64 ret;

	for (at = 1; at < FAKE_RAM_END && got < nr; at++) {
		if (at == FAKE_HOLE || m->held[at])
			continue;
		memset(fake->page[at], 0, 4096);
		batch[got++] = at;
	}
	ret = keel_guest_fill(&fake->root, g + 1, batch, got);
	KUNIT_ASSERT_TRUE(test, ret >= 0 || ret == -ENOMEM);
	for (at = 0; (s64)at < ret; at++)
		m->held[batch[at]] = true;
}

static void block(struct kunit *test, struct model *m, unsigned int g)
{
	unsigned int i = 0, tries, first = 0;
	s64 ret;

	for (tries = 0; tries < 8 && i < KEEL_BLOCK_NR; tries++) {
		first = BLOCK(below(m, 8));
		for (i = 0; i < KEEL_BLOCK_NR && !m->held[first + i]; i++)
			;
	}
	if (i < KEEL_BLOCK_NR)
		return;
	for (i = 0; i < KEEL_BLOCK_NR; i++)
		memset(fake->page[first + i], 0, 4096);
	ret = keel_guest_block(&fake->root, g + 1, first);
	KUNIT_ASSERT_TRUE(test, !ret || ret == -ENOMEM || ret == -ENOSPC);
	for (i = 0; !ret && i < KEEL_BLOCK_NR; i++)
		m->held[first + i] = true;
	m->done[DO_BLOCK] += !ret;
}

/* the host has frames again: zeroed, and nobody in a guest can read them */
static void give_back(struct kunit *test, struct model *m, const u64 *batch, s64 nr)
{
	const struct sees *s = &m->sees[0][0][0];
	unsigned int k;
	s64 i;

	for (i = 0; i < nr; i++) {
		KUNIT_ASSERT_TRUE(test, batch[i] < FAKE_END && m->held[batch[i]]);
		KUNIT_ASSERT_TRUE(test, !memchr_inv(fake->page[batch[i]], 0, 4096));
		m->held[batch[i]] = false;
		for (k = 0; k < GUESTS * VCPUS * PAGES; k++)
			KUNIT_ASSERT_NE(test, s[k].pfn, batch[i]);
	}
}

/* root has some over for the tables that it takes to hide frames */
static void stock(struct kunit *test, struct model *m)
{
	u64 pfn = FAKE_RAM_END;

	while (fake->root.stock.nr + fake->root.free.nr < 2 * KEEL_STOCK_MIN) {
		do {
			pfn--;
		} while (m->held[pfn] || pfn == FAKE_HOLE);
		KUNIT_ASSERT_EQ(test, keel_donate(&fake->root, pfn), 0LL);
		m->held[pfn] = true;
		fake_pass_all();
		keel_pool_settle(&fake->root);
	}
}

static void forget(struct model *m, unsigned int g, unsigned int v)
{
	memset(m->sees[g][v], 0, sizeof(m->sees[g][v]));
}

static void begin(struct kunit *test, struct model *m, unsigned int g)
{
	unsigned int v;

	stock(test, m);
	KUNIT_ASSERT_EQ(test, keel_guest_new(&fake->root, g + 1, MERGE_FRAMES), 0LL);
	fill(test, m, g, 16);
	block(test, m, g);
	fake_pass_all();
	keel_guest_settle(&fake->root, guest_at(g));
	KUNIT_ASSERT_EQ(test, keel_guest_domain(&fake->root, g + 1, 7), 0LL);
	for (v = 0; v < VCPUS; v++) {
		KUNIT_ASSERT_NOT_NULL(test, vcpu_at(g, v));
		forget(m, g, v);
	}
	memset(m->val[g], 0, sizeof(m->val[g]));
}

static void leave(struct model *m, unsigned int g, unsigned int v)
{
	vcpu_at(g, v)->running = 0;
	vcpu_at(g, v)->epoch = 0;
	forget(m, g, v);
}

static void end(struct kunit *test, struct model *m, unsigned int g)
{
	u64 batch[KEEL_BATCH_NR];
	unsigned int v;
	s64 ret;

	for (v = 0; v < VCPUS; v++)
		leave(m, g, v);
	KUNIT_ASSERT_EQ(test, keel_guest_kill(&fake->root, g + 1), 0LL);
	fake_pass_all();
	do {
		ret = keel_guest_drain(&fake->root, g + 1, batch);
		KUNIT_ASSERT_GE(test, ret, 0LL);
		give_back(test, m, batch, ret);
	} while (ret);
	KUNIT_ASSERT_EQ(test, fake_audit(), 0LL);
	fake_pass_all();
	keel_pool_settle(&fake->root);
}

static void flush(struct model *m, unsigned int g, unsigned int v)
{
	struct keel_vcpu *vcpu = vcpu_at(g, v);

	if (vcpu->epoch != guest_at(g)->epoch)
		forget(m, g, v);
	vcpu->epoch = guest_at(g)->epoch;
}

/* by a translation that the vCPU has, or finds */
static void read(struct kunit *test, struct model *m, unsigned int g, unsigned int v,
		 unsigned int p)
{
	struct sees *s = &m->sees[g][v][p];
	u64 gpa = (u64)gfns[p] << 12, rights, entry, *leaf;
	unsigned int level;

	if (!vcpu_at(g, v)->running)
		return;
	if (!s->pfn) {
		leaf = keel_guest_walk(guest_at(g), gpa, &level, &rights);
		entry = level <= KEEL_LEVEL_2M ? *leaf : 0;
		if (!(entry & rights & KEEL_EPT_READ))
			return;
		s->pfn = keel_leaf_pa(level, entry, gpa) >> 12;
		s->writes = entry & rights & KEEL_EPT_WRITE;
		if (s->writes)
			*leaf |= KEEL_TABLE_AD;
	}
	KUNIT_ASSERT_EQ_MSG(test, fake->page[s->pfn][17], m->val[g][p], "guest %u page %u, %llu", g,
			    p, s->pfn);
	m->done[DO_READ]++;
}

/* without root: nothing keeps a vCPU from it that has not flushed */
static void direct(struct kunit *test, struct model *m, unsigned int g, unsigned int v,
		   unsigned int p)
{
	struct sees *s = &m->sees[g][v][p];

	read(test, m, g, v, p);
	if (!s->writes)
		return;
	m->val[g][p] = below(m, CONTENTS);
	fake->page[s->pfn][17] = m->val[g][p];
	m->done[DO_DIRECT]++;
}

static bool write(struct kunit *test, struct model *m, unsigned int g, unsigned int v,
		  unsigned int p)
{
	enum keel_fault ret;
	void *at;

	if (!vcpu_at(g, v)->running)
		return false;
	ret = keel_gmem_at(&fake->root, guest_at(g), (u64)gfns[p] << 12, vcpu_at(g, v), &at);
	if (ret == KEEL_FAULT_KICK || ret == KEEL_FAULT_FILL)
		return false;
	KUNIT_ASSERT_EQ(test, ret, KEEL_FAULT_DONE);
	KUNIT_ASSERT_EQ(test, ((u64 *)at)[17], m->val[g][p]);
	flush(m, g, v);
	m->val[g][p] = below(m, CONTENTS);
	((u64 *)at)[17] = m->val[g][p];
	m->done[DO_WRITE]++;
	return true;
}

static void flush_all(struct model *m, unsigned int g)
{
	unsigned int v;

	for (v = 0; v < VCPUS; v++)
		flush(m, g, v);
}

/* equal pages, proposed again when all have flushed, or any two */
static void merge(struct kunit *test, struct model *m, unsigned int g, unsigned int h,
		  unsigned int p)
{
	unsigned int q = below(m, PAGES), i;
	enum keel_merge ret;
	u64 want, to;

	for (i = 0; i < PAGES && m->val[h][q] != m->val[g][p]; i++)
		q = (q + 1) % PAGES;
	want = below(m, 3) ? m->val[h][q] : 0;
	to = want ? KEEL_HINT(h + 1, gfns[q]) : KEEL_HINT_ZERO;
	for (i = 0; i < 2; i++) {
		ret = merge_pair(to, KEEL_HINT(g + 1, gfns[p]), 4);
		KUNIT_ASSERT_NE(test, ret, KEEL_MERGE_RESULTS);
		if (ret == KEEL_MERGE_DONE) {
			KUNIT_ASSERT_EQ(test, m->val[g][p], want);
			m->done[DO_MERGE]++;
		}
		if (ret != KEEL_MERGE_WAIT || below(m, 4) == 0)
			break;
		flush_all(m, g);
		flush_all(m, h);
	}
}

static void step_collapse(struct kunit *test, struct model *m, unsigned int g, unsigned int range)
{
	u64 huge = guest_at(g)->stat.collapses;
	s64 ret = keel_guest_collapse(&fake->root, g + 1, range * KEEL_BLOCK_NR);

	KUNIT_ASSERT_TRUE(test, ret == 0 || ret == 1 || ret == -ENOENT || ret == -ENOSPC ||
			  ret == -EBUSY || ret == -ECANCELED);
	m->whole += guest_at(g)->stat.collapses - huge;
	m->vain += ret == -ECANCELED;
	m->done[DO_COLLAPSE] += ret >= 0;
}

/* as a host that does it right, and guests that do something meanwhile, or not */
static void whole(struct kunit *test, struct model *m, unsigned int g, unsigned int range)
{
	unsigned int p, i;
	bool quiet = below(m, 2);

	for (p = 0; p < PAGES; p++) {
		if (gfns[p] / KEEL_BLOCK_NR != range)
			continue;
		vcpu_at(g, 0)->running = 1;
		flush(m, g, 0);
		write(test, m, g, 0, p);
		flush_all(m, g);
		write(test, m, g, 0, p);
	}
	for (i = 0; i < 14; i++) {
		step_collapse(test, m, g, range);
		if (below(m, 3))
			flush_all(m, g);
		p = below(m, PAGES);
		read(test, m, g, below(m, VCPUS), p);
		if (!quiet && !below(m, 8))
			direct(test, m, g, below(m, VCPUS), p);
		if (!quiet && !below(m, 12))
			write(test, m, g, below(m, VCPUS), p);
	}
	m->done[DO_WHOLE]++;
}

/* @h ends, and begins as a clone of @g, without large pages */
static void clone(struct kunit *test, struct model *m, unsigned int g, unsigned int h)
{
	unsigned int i;
	u64 huge;
	s64 ret;

	if (g == h)
		return;
	end(test, m, h);
	begin(test, m, h);
	for (i = 0; i < VCPUS; i++)
		leave(m, g, i);
	huge = guest_at(g)->stat.huge;
	for (i = 0; i < RANGES && below(m, 8); i++)
		keel_guest_split(&fake->root, g + 1, i * KEEL_BLOCK_NR);
	huge = guest_at(g)->stat.huge;
	ret = keel_guest_clone(&fake->root, g + 1, h + 1);
	KUNIT_ASSERT_EQ(test, ret, huge ? -E2BIG : 0LL);
	if (ret)
		return;
	memcpy(m->val[h], m->val[g], sizeof(m->val[h]));
	m->done[DO_CLONE]++;
}

static void step(struct kunit *test, struct model *m, enum op op)
{
	unsigned int g = below(m, GUESTS), h = below(m, GUESTS), v = below(m, VCPUS);
	unsigned int p = below(m, PAGES), range = below(m, RANGES);
	u64 batch[KEEL_BATCH_NR];
	struct keel_scan scan;
	s64 ret;

	switch (op) {
	case DO_WRITE:
		write(test, m, g, v, p);
		break;
	case DO_DIRECT:
		direct(test, m, g, v, p);
		break;
	case DO_READ:
		read(test, m, g, v, p);
		break;
	case DO_MERGE:
		merge(test, m, g, h, p);
		break;
	case DO_SCAN:
		ret = keel_guest_scan(&fake->root, g + 1, range * KEEL_BLOCK_NR, 1, &scan);
		KUNIT_ASSERT_TRUE(test, ret >= 0 || ret == -EBUSY);
		m->done[op] += ret > 0;
		break;
	case DO_SPLIT:
		ret = keel_guest_split(&fake->root, g + 1, range * KEEL_BLOCK_NR + 5);
		KUNIT_ASSERT_TRUE(test, ret >= 0 || ret == -EBUSY || ret == -ENOSPC);
		m->done[op] += ret > 0;
		break;
	case DO_COLLAPSE:
		step_collapse(test, m, g, range);
		break;
	case DO_WHOLE:
		whole(test, m, g, range);
		break;
	case DO_BLOCK:
		stock(test, m);
		block(test, m, g);
		break;
	case DO_NO_BLOCK:
		keel_guest_no_block(&fake->root, g + 1, !below(m, 8));
		m->done[op]++;
		break;
	case DO_ENTER:
		vcpu_at(g, v)->running = 1;
		flush(m, g, v);
		m->done[op]++;
		break;
	case DO_LEAVE:
		leave(m, g, v);
		m->done[op]++;
		break;
	case DO_FLUSH:
		flush(m, g, v);
		m->done[op]++;
		break;
	case DO_FILL:
		stock(test, m);
		if (guest_at(g)->pool.nr + guest_at(g)->cooling.nr < 20)
			fill(test, m, g, below(m, 8));
		m->done[op]++;
		break;
	case DO_TRIM:
		ret = keel_guest_trim(&fake->root, g + 1, batch);
		KUNIT_ASSERT_TRUE(test, ret >= 0 || ret == -EBUSY);
		give_back(test, m, batch, ret);
		m->done[op] += ret > 0;
		break;
	case DO_CLONE:
		clone(test, m, g, h);
		break;
	case DO_END:
		end(test, m, g);
		begin(test, m, g);
		m->done[op]++;
		break;
	default:
		fake_pass_all();
		m->done[op]++;
	}
}

static void check(struct kunit *test, struct model *m)
{
	unsigned int g, p;

	KUNIT_ASSERT_EQ(test, fake_audit(), 0LL);
	KUNIT_ASSERT_FALSE(test, fake->wild);
	for (g = 0; g < GUESTS; g++)
		for (p = 0; p < PAGES; p++)
			KUNIT_ASSERT_EQ_MSG(test, merge_read(guest_at(g), gfns[p]), m->val[g][p],
					    "guest %u page %u", g, p);
}

static enum op choose(struct model *m)
{
	unsigned int sum = 0, op;

	for (op = 0; op < DO_OPS; op++)
		sum += often[op];
	sum = below(m, sum);
	for (op = 0; sum >= often[op]; op++)
		sum -= often[op];
	return op;
}

static void large_random(struct kunit *test)
{
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	unsigned int i, g;

	KUNIT_ASSERT_NOT_NULL(test, m);
	fake_machine_large(test);
	prandom_seed_state(&m->rnd, 29);
	for (g = 0; g < GUESTS; g++)
		begin(test, m, g);
	for (i = 0; i < 60000; i++) {
		step(test, m, choose(m));
		if (i % 50 == 49)
			check(test, m);
	}
	for (g = 0; g < GUESTS; g++)
		end(test, m, g);
	KUNIT_EXPECT_EQ(test, fake->root.shared, 0ULL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	/* all of it has been tried */
	for (i = 0; i < DO_OPS; i++)
		KUNIT_EXPECT_GT_MSG(test, m->done[i], 20U, "operation %u", i);
	KUNIT_EXPECT_GT(test, m->whole, 50U);
	KUNIT_EXPECT_GT(test, m->vain, 20U);
}

static struct kunit_case large_random_cases[] = {
	KUNIT_CASE(large_random),
	{}
};

static struct kunit_suite large_random_suite = {
	.name = "keel-large-random",
	.test_cases = large_random_cases,
};

kunit_test_suites(&large_random_suite);
